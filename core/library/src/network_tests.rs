//! Downloads from servers of this machine, good, bad and malicious. In none of the bad
//! cases is there a file under the final name.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::server::{Server, field, send};
use crate::{Error, Got, Library, MOST_BYTES, Patience, Published, Transfer, Trust, disk};

/// Larger than any buffer on the way.
fn model() -> Vec<u8> {
    (0..150_000_u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

/// A library with one model, `oak`, of that content by its manifest.
struct Case {
    folder: TempDir,
    sha256: String,
    cancel: AtomicBool,
    patience: Patience,
}

impl Case {
    fn new(url: &str, content: &[u8]) -> Self {
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

    fn library(&self) -> Library {
        Library::open(self.folder.path(), None).expect("a library")
    }

    fn get(&self) -> Result<Got, Error> {
        self.watched(&mut |_, _| {})
    }

    fn watched(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Got, Error> {
        let mut transfer = Transfer { patience: self.patience, cancel: &self.cancel, progress };
        self.library().get("oak", false, &mut transfer)
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("models").join("oak").join("oak.nam")
    }

    /// The length of what has arrived, if anything is kept.
    fn part(&self) -> Option<u64> {
        let path = self.folder.path().join("partial").join(format!("{}.part", self.sha256));
        path.metadata().ok().map(|about| about.len())
    }

    /// Fails to get it, and leaves nothing under its name.
    #[track_caller]
    fn fails(&self) -> Error {
        let error = self.get().expect_err("an error");
        assert!(!self.file().exists(), "a file in spite of: {error}");
        assert!(self.library().installed().expect("an index").is_empty());
        error
    }

    /// Gets it, whole and right.
    #[track_caller]
    fn succeeds(&self, content: &[u8]) {
        assert_eq!(self.get().expect("installed"), Got::Installed(self.file()));
        assert!(fs::read(self.file()).expect("a file") == content);
        assert_eq!(self.part(), None);
    }
}

#[test]
fn a_model_arrives_and_progress_is_told() {
    let content = model();
    let server = Server::with(&content);
    let case = Case::new(&server.url("oak.nam"), &content);
    let mut told = Vec::new();
    let got = case.watched(&mut |there, whole| told.push((there, whole)));
    assert_eq!(got.expect("installed"), Got::Installed(case.file()));
    assert!(fs::read(case.file()).expect("a file") == content);
    let whole = content.len() as u64;
    assert!(told.len() > 5 && told.is_sorted() && told.iter().all(|t| t.1 == whole));
    assert_eq!((told[0].0, told[told.len() - 1].0), (0, whole));
    // What is there is not fetched again, nor asked for.
    assert_eq!(case.get().expect("there"), Got::There(case.file()));
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].starts_with("get /oak.nam http/1.1"), "{}", asked[0]);
    assert_eq!(field(&asked[0], "accept-encoding"), Some("identity"));
    let names = fs::read_dir(case.folder.path().join("partial")).expect("a folder").flatten();
    let names: Vec<_> = names.map(|entry| entry.file_name()).collect();
    assert_eq!(names, [format!("{}.lock", case.sha256).as_str()]);
}

#[test]
fn chunks_and_bodies_that_end_with_the_connection_are_read() {
    let chunked = Server::saying(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"2\r\noa\r\n1\r\nk\r\n0\r\n\r\n",
    );
    Case::new(&chunked.url(""), b"oak").succeeds(b"oak");
    let open = Server::saying("HTTP/1.1 200 OK\r\n\r\n", b"oak");
    Case::new(&open.url(""), b"oak").succeeds(b"oak");
}

/// Sends a third of `content` at a time, from where it is asked to, with that mark.
fn in_thirds(content: Vec<u8>, etag: &'static str) -> Server {
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

#[test]
fn what_was_cut_off_is_gone_on_with() {
    let content = model();
    for etag in ["\"a\"", "w/\"a\""] {
        let server = in_thirds(content.clone(), etag);
        let case = Case::new(&server.url(""), &content);
        let third = content.len().div_ceil(3) as u64;
        for n in 1..=2 {
            assert!(matches!(case.fails(), Error::Network { .. }));
            assert_eq!(case.part(), Some(n * third));
        }
        let mut first = None;
        let got = case.watched(&mut |there, _| {
            first.get_or_insert(there);
        });
        assert_eq!(got.expect("installed"), Got::Installed(case.file()));
        assert_eq!(first, Some(2 * third));
        assert!(fs::read(case.file()).expect("a file") == content);
        let asked = server.asked();
        let ranges: Vec<_> = asked.iter().map(|head| field(head, "range")).collect();
        let from = |n: u64| format!("bytes={}-", n * third);
        assert_eq!(ranges, [None, Some(from(1).as_str()), Some(from(2).as_str())]);
        // A weak mark may stand for different bytes, so it is not relied on.
        let mark = Some(etag).filter(|etag| etag.starts_with('"'));
        assert_eq!(field(&asked[2], "if-range"), mark);
    }
}

#[test]
fn what_changed_meanwhile_is_begun_anew() {
    let content = model();
    let server = in_thirds(content.clone(), "\"a\"");
    let case = Case::new(&server.url(""), &content);
    case.fails();
    let note = case.folder.path().join("partial").join(format!("{}.json", case.sha256));
    let text = fs::read_to_string(&note).expect("a note");
    // By another mark the server sends all of it, as many bytes as one call brings.
    fs::write(&note, text.replace("\\\"a\\\"", "\\\"b\\\"")).expect("written");
    case.fails();
    assert_eq!(case.part(), Some(content.len().div_ceil(3) as u64));
    assert_eq!(field(&server.asked()[1], "if-range"), Some("\"b\""));
    // Nor is it gone on with when nobody knows where it is from.
    for unknown in [&b"{"[..], b"", &[0xff; 10_000]] {
        fs::write(&note, unknown).expect("written");
        case.fails();
        assert_eq!(field(server.asked().last().expect("a call"), "range"), None);
    }
}

#[test]
fn parts_that_the_server_does_not_continue_are_fetched_whole() {
    let content = model();
    let whole = content.clone();
    for odd in [
        "416 Range Not Satisfiable\r\nContent-Length: 0".to_owned(),
        format!("206 Partial Content\r\nContent-Range: bytes 7-9/{}", content.len()),
        "206 Partial Content\r\nContent-Range: bytes 200000-9999999/10000000".to_owned(),
        "206 Partial Content\r\nContent-Range: none of this".to_owned(),
        "206 Partial Content".to_owned(),
    ] {
        let content = content.clone();
        let server = Server::new(move |head, stream| {
            if field(head, "range").is_some() {
                send(stream, format!("HTTP/1.1 {odd}\r\n\r\n").as_bytes());
            } else {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", content.len());
                send(stream, head.as_bytes());
                send(stream, &content);
            }
        });
        let case = Case::new(&server.url(""), &whole);
        begun(&case, &server.url(""), &whole[..200_000]);
        case.succeeds(&whole);
        assert_eq!(server.asked().len(), 2);
    }
}

/// As if `part` had arrived from `url`.
fn begun(case: &Case, url: &str, part: &[u8]) {
    let folder = case.folder.path().join("partial");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join(format!("{}.part", case.sha256)), part).expect("written");
    let note = json!({ "url": url, "etag": null }).to_string();
    fs::write(folder.join(format!("{}.json", case.sha256)), note).expect("written");
}

#[test]
fn a_part_that_is_whole_needs_no_server() {
    let server = Server::with(b"oak");
    let case = Case::new(&server.url(""), b"oak");
    begun(&case, &server.url(""), b"oak");
    case.succeeds(b"oak");
    assert!(server.asked().is_empty());
    // A wrong one is removed, and then all is fetched.
    let case = Case::new(&server.url(""), b"oak");
    begun(&case, &server.url(""), b"elm");
    assert!(matches!(case.fails(), Error::Hash { .. }));
    assert_eq!(case.part(), None);
    case.succeeds(b"oak");
    // One that is longer, or from elsewhere, is not looked at.
    for (url, part) in [(server.url(""), &b"oaks"[..]), (server.url("elsewhere"), b"oa")] {
        let case = Case::new(&server.url(""), b"oak");
        begun(&case, &url, part);
        case.succeeds(b"oak");
    }
}

#[test]
fn wrong_bytes_are_removed() {
    let (right, wrong) = (model(), vec![0; model().len()]);
    let server = Server::with(&wrong);
    let case = Case::new(&server.url(""), &right);
    match case.fails() {
        Error::Hash { expected, found, .. } => {
            assert_eq!(expected, case.sha256);
            assert_eq!(found, disk::hex(Sha256::new_with_prefix(&wrong)));
        }
        other => panic!("expected another digest, found {other}"),
    }
    assert_eq!(case.part(), None);
    // Also when only what came first was wrong.
    let server = in_thirds(right.clone(), "\"a\"");
    let case = Case::new(&server.url(""), &right);
    begun(&case, &server.url(""), &wrong[..wrong.len() - 9]);
    assert!(matches!(case.fails(), Error::Hash { .. }));
    assert_eq!(case.part(), None);
}

#[test]
fn other_lengths_are_refused() {
    let ok = "HTTP/1.1 200 OK\r\n";
    let length = |n: u64| format!("{ok}Content-Length: {n}\r\n\r\n");
    let chunked = format!("{ok}Transfer-Encoding: chunked\r\n\r\n");
    for (head, body, found) in [
        (length(4), &b"oaks"[..], 4),
        (length(2), b"oa", 2),
        (length(u64::MAX), b"oak", u64::MAX),
        (length(0), b"", 0),
        (chunked.clone(), b"4\r\noaks\r\n0\r\n\r\n", 4),
        (chunked, b"2\r\noa\r\n0\r\n\r\n", 2),
        (format!("{ok}\r\n"), b"oaks and elms", 13),
    ] {
        let server = Server::saying(&head, body);
        let case = Case::new(&server.url(""), b"oak");
        let error = case.fails();
        let right = matches!(error, Error::Length { expected: 3, found: f, .. } if f == found);
        assert!(right, "{head}: {error}");
        assert_eq!(case.part(), None, "{head}");
    }
}

#[test]
fn one_that_never_ends_is_cut() {
    let server = Server::new(|_, stream| {
        send(stream, b"HTTP/1.1 200 OK\r\n\r\n");
        while send(stream, &[0; 4096]) {}
    });
    let case = Case::new(&server.url(""), b"oak");
    assert!(matches!(case.fails(), Error::Length { .. }));
}

#[test]
fn answers_that_are_no_file_are_refused() {
    for (status, wanted) in [("404 Not Found", 404), ("500 Oh", 500), ("206 Partial Content", 206)]
    {
        let server =
            Server::saying(&format!("HTTP/1.1 {status}\r\nContent-Length: 3\r\n\r\n"), b"oak");
        let case = Case::new(&server.url(""), b"oak");
        assert!(matches!(case.fails(), Error::Status { found, .. } if found == wanted), "{status}");
        assert_eq!(case.part(), None);
    }
    for nonsense in ["", "SSH-2.0-OpenSSH_9\r\n", "HTTP/1.1 200 OK\r\nContent-Len", "\0\0\0\0"] {
        let server = Server::saying(nonsense, b"");
        assert!(matches!(Case::new(&server.url(""), b"oak").fails(), Error::Network { .. }));
    }
    let flood = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(100_000));
    let server = Server::saying(&flood, b"oak");
    assert!(matches!(Case::new(&server.url(""), b"oak").fails(), Error::Network { .. }));
    let packed = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n";
    let server = Server::saying(packed, b"oak");
    assert!(matches!(Case::new(&server.url(""), b"oak").fails(), Error::Network { .. }));
}

#[test]
fn redirects_are_refused_wherever_they_lead() {
    let goal = Server::with(b"oak");
    for code in [301, 302, 303, 307, 308] {
        for to in [goal.url("oak"), "/again".to_owned(), "https://example.org/".to_owned()] {
            let head =
                format!("HTTP/1.1 {code} Gone\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
            let server = Server::saying(&head, b"");
            let case = Case::new(&server.url("again"), b"oak");
            assert!(matches!(case.fails(), Error::Redirect { to: found, .. } if found == to));
            assert_eq!(server.asked().len(), 1, "a redirect was followed");
        }
    }
    assert!(goal.asked().is_empty());
}

#[test]
fn servers_that_are_not_there_are_told_of() {
    let port =
        TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    let case = Case::new(&format!("http://127.0.0.1:{port}/oak"), b"oak");
    assert!(matches!(case.fails(), Error::Network { .. }));
    // Nor is one talked to that speaks no TLS where it should.
    let server = Server::with(b"oak");
    let case = Case::new(&server.url("").replace("http:", "https:"), b"oak");
    assert!(matches!(case.fails(), Error::Network { .. }));
}

#[test]
fn silence_and_trickles_are_not_waited_for() {
    let stall = Duration::from_millis(200);
    let until_gone = move |stream: &mut std::net::TcpStream, bytes: &[u8]| {
        while send(stream, bytes) {
            std::thread::sleep(stall / 20);
        }
    };
    // Answers nothing, until it is left alone.
    let silent = Server::new(|_, stream| {
        let _gone = std::io::Read::read(stream, &mut [0; 1]);
    });
    let head = Server::new(move |_, stream| {
        send(stream, b"HTTP/1.1 200 OK\r\nX: ");
        until_gone(stream, b"y");
    });
    let body = Server::new(move |_, stream| {
        send(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n");
        until_gone(stream, b"y");
    });
    let stops = Server::new(|_, stream| {
        send(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\nyyyyyyyy");
        let _gone = std::io::Read::read(stream, &mut [0; 1]);
    });
    for (server, keeps) in [(&silent, false), (&head, false), (&body, true), (&stops, true)] {
        let mut case = Case::new(&server.url(""), &vec![b'y'; 400_000]);
        case.patience.stall = stall;
        let error = case.fails();
        assert!(matches!(error, Error::Stalled { .. }), "{error}");
        assert_eq!(case.part().is_some(), keeps, "{error}");
    }
}

#[test]
fn cancelling_keeps_what_has_arrived() {
    let content = model();
    let server = Server::with(&content);
    let case = Case::new(&server.url(""), &content);
    let half = content.len() as u64 / 2;
    let got = case.watched(&mut |there, _| {
        if there > half {
            case.cancel.store(true, Ordering::Relaxed);
        }
    });
    assert!(matches!(got, Err(Error::Cancelled)), "{got:?}");
    assert!(!case.file().exists() && case.part().is_some_and(|part| part > half));
    // Cancelled before it begins, it asks nobody.
    assert!(matches!(case.fails(), Error::Cancelled));
    assert_eq!(server.asked().len(), 1);
    // What is left of it can be had rid of.
    case.library().remove("oak").expect("removed");
    assert_eq!(case.part(), None);
}

#[test]
fn cancelling_does_not_wait_for_a_silent_server() {
    let silent = Server::new(|_, stream| {
        send(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\nyyyyyyyy");
        let _gone = std::io::Read::read(stream, &mut [0; 1]);
    });
    let mut case = Case::new(&silent.url(""), &vec![b'y'; 400_000]);
    // So long that only the cancelling can end it.
    case.patience.stall = Duration::from_secs(100_000);
    let got = case.watched(&mut |there, _| case.cancel.store(there > 0, Ordering::Relaxed));
    assert!(matches!(got, Err(Error::Cancelled)), "{got:?}");
    assert_eq!((case.file().exists(), case.part()), (false, Some(8)));
}

#[test]
fn two_at_once_fetch_it_once() {
    let content = model();
    let server = Server::with(&content);
    let case = Case::new(&server.url(""), &content);
    std::thread::scope(|scope| {
        let both = [scope.spawn(|| case.get()), scope.spawn(|| case.get())];
        for one in both {
            one.join().expect("no panic").expect("installed");
        }
    });
    assert!(fs::read(case.file()).expect("a file") == content);
    assert_eq!(server.asked().len(), 1);
    case.library().verify("oak", &AtomicBool::new(false)).expect("right");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_of() {
    let server = Server::with(b"oak");
    let case = Case::new(&server.url(""), b"oak");
    let folder = case.folder.path().join("partial");
    fs::create_dir_all(&folder).expect("a folder");
    let part = folder.join(format!("{}.part", case.sha256));
    // A file that is empty and never has room.
    std::os::unix::fs::symlink("/dev/full", &part).expect("a link");
    assert!(matches!(case.fails(), Error::Full { path } if path == part));
    assert!(part.symlink_metadata().is_err(), "it is left there");
    case.succeeds(b"oak");
}

#[test]
fn folders_that_cannot_be_made_are_told_of() {
    let server = Server::with(b"oak");
    let case = Case::new(&server.url(""), b"oak");
    fs::write(case.folder.path().join("models"), b"in the way").expect("written");
    assert!(matches!(case.get(), Err(Error::Io { .. })));
    fs::remove_file(case.folder.path().join("models")).expect("removed");
    case.succeeds(b"oak");
}

#[test]
fn a_later_revision_replaces_the_file() {
    let server = Server::with(b"oak");
    let case = Case::new(&server.url(""), b"oak");
    case.succeeds(b"oak");
    let newer = Server::with(b"ash tree");
    let mut library = case.library();
    let mut manifest = json!({ "version": 1, "name": "trees", "revision": 2 });
    let mut entry = serde_json::to_value(library.entry("oak").expect("listed").1).expect("JSON");
    entry["sha256"] = json!(disk::hex(Sha256::new_with_prefix(b"ash tree")));
    (entry["bytes"], entry["url"], entry["file"]) =
        (json!(8), json!(newer.url("")), json!("ash.nam"));
    manifest["models"] = json!([entry]);
    let manifest = manifest.to_string().into_bytes();
    let published = Published { manifest, signature: None, origin: String::new() };
    library.add(&published, &Trust::Unsigned).expect("added");
    // Until it is fetched, the old one stays what it was.
    assert_eq!(library.read_model("oak", 100).expect("bytes").0, b"oak");
    case.get().expect("installed");
    assert_eq!(library.read_model("oak", 100).expect("bytes").0, b"ash tree");
    assert!(!case.file().exists(), "the file of another name is left over");
}

#[test]
fn manifests_are_fetched_with_their_signatures() {
    let signed = |name: &str| {
        let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("data");
        fs::read(data.join(name)).expect(name)
    };
    let (manifest, signature) = (signed("oak-1.json"), signed("oak-1.json.minisig"));
    let server = Server::new({
        let (manifest, signature) = (manifest.clone(), signature.clone());
        move |head, stream| {
            let body = if head.contains("/oak.json.minisig ") { &signature } else { &manifest };
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            send(stream, head.as_bytes());
            send(stream, body);
        }
    });
    let case = Case::new(&server.url(""), b"oak");
    let fetch = |url: &str, signed| {
        let (patience, cancel) = (case.patience, &case.cancel);
        Published::fetch(url, signed, &mut Transfer { patience, cancel, progress: &mut |_, _| {} })
    };
    let published = fetch(&server.url("oak.json"), true).expect("fetched");
    assert_eq!(published.manifest, manifest);
    assert_eq!(published.signature.as_deref().map(str::as_bytes), Some(&signature[..]));
    assert_eq!(published.origin, server.url("oak.json"));
    assert_eq!(fetch(&server.url("oak.json"), false).expect("fetched").signature, None);
    assert_eq!(server.asked().len(), 3);

    let absent = Server::saying("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", b"");
    assert!(matches!(fetch(&absent.url("a"), false), Err(Error::Status { found: 404, .. })));
    let large = Server::with(&vec![b' '; MOST_BYTES + 1]);
    assert!(matches!(fetch(&large.url("a"), false), Err(Error::Invalid { .. })));
    assert!(fetch("http://example.org/oak.json", false).is_err());
}
