//! A library with one model that some server has, for tests.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde_json::json;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::server::{Server, field, send};
use crate::{Error, Got, Library, Patience, Published, Transfer, Trust, disk};

/// Larger than any buffer on the way.
pub(crate) fn model() -> Vec<u8> {
    (0..150_000_u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

/// A library with one model, `oak`, of that content by its manifest.
pub(crate) struct Case {
    pub(crate) folder: TempDir,
    pub(crate) sha256: String,
    pub(crate) cancel: AtomicBool,
    pub(crate) patience: Patience,
}

impl Case {
    pub(crate) fn new(url: &str, content: &[u8]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let sha256 = disk::hex(Sha256::new_with_prefix(content));
        let manifest = json!({ "version": 1, "name": "trees", "revision": 1, "models": [{
            "id": "oak", "name": "Oak", "kind": "amp", "file": "oak.nam", "url": url,
            "sha256": sha256, "bytes": content.len(), "licence": "CC-BY-4.0",
            "attribution": "", "source": "", "training_data": "", "accept_required": false }] });
        let manifest = manifest.to_string().into_bytes();
        let published = Published { manifest, signature: None, origin: String::new() };
        let mut library = Library::open(folder.path(), None).expect("a library");
        library.add(&published, &Trust::Unsigned).expect("added");
        // Long enough for any machine, and short enough for those who never answer.
        let patience =
            Patience { connect: Duration::from_secs(20), stall: Duration::from_secs(20) };
        Self { folder, sha256, cancel: AtomicBool::new(false), patience }
    }

    pub(crate) fn library(&self) -> Library {
        Library::open(self.folder.path(), None).expect("a library")
    }

    pub(crate) fn get(&self) -> Result<Got, Error> {
        self.watched(&mut |_, _| {})
    }

    pub(crate) fn watched(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Got, Error> {
        let mut transfer = Transfer { patience: self.patience, cancel: &self.cancel, progress };
        self.library().get("oak", false, &mut transfer)
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("models").join("oak").join("oak.nam")
    }

    /// The length of what has arrived, if anything is kept.
    pub(crate) fn part(&self) -> Option<u64> {
        let path = self.folder.path().join("partial").join(format!("{}.part", self.sha256));
        path.metadata().ok().map(|about| about.len())
    }

    /// Fails to get it, and leaves nothing under its name.
    #[track_caller]
    pub(crate) fn fails(&self) -> Error {
        let error = self.get().expect_err("an error");
        assert!(!self.file().exists(), "a file in spite of: {error}");
        assert!(self.library().installed().expect("an index").is_empty());
        error
    }

    /// Gets it, whole and right.
    #[track_caller]
    pub(crate) fn succeeds(&self, content: &[u8]) {
        assert_eq!(self.get().expect("installed"), Got::Installed(self.file()));
        assert!(fs::read(self.file()).expect("a file") == content);
        assert_eq!(self.part(), None);
    }
}

/// Sends a third of `content` at a time, from where it is asked to, with that mark.
pub(crate) fn in_thirds(content: Vec<u8>, etag: &'static str) -> Server {
    Server::new(move |head, stream| {
        let from =
            field(head, "range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
        let from: usize = from.map_or(0, |from| from.parse().expect("a number"));
        let same = field(head, "if-range").is_none_or(|mark| mark == etag);
        let from = if same { from } else { 0 };
        let (whole, left) = (content.len(), content.len() - from);
        let status = if from > 0 {
            format!("206 Partial Content\r\nContent-Range: bytes {from}-{}/{whole}", whole - 1)
        } else {
            "200 OK".to_owned()
        };
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {left}\r\nETag: {etag}\r\n\r\n");
        send(stream, head.as_bytes());
        send(stream, &content[from..whole.min(from + whole.div_ceil(3))]);
    })
}

/// As if `part` had arrived from `url`.
pub(crate) fn begun(case: &Case, url: &str, part: &[u8]) {
    let folder = case.folder.path().join("partial");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join(format!("{}.part", case.sha256)), part).expect("written");
    let note = json!({ "url": url, "etag": null }).to_string();
    fs::write(folder.join(format!("{}.json", case.sha256)), note).expect("written");
}
