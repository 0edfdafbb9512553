//! Finding what a library carries.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::identity::MOST_FILE;
use crate::{Error, Identity, trailer};

/// Where a bundle that is a folder carries its identity.
pub(crate) const RESOURCE: &str = "Contents/Resources/kiln-reverb.json";

impl Identity {
    /// What the library that this code runs in carries; nothing if that is Kiln
    /// Reverb itself, or a program.
    ///
    /// To be called as soon as the library is loaded: what is known of its place may
    /// be relative to the folder that the host works in.
    ///
    /// # Errors
    ///
    /// [`Error::Nowhere`] if the library's place is not known, and those of
    /// [`carried_by`](Self::carried_by).
    pub fn own() -> Result<Option<Self>, Error> {
        let path = process_path::get_dylib_path().ok_or(Error::Nowhere)?;
        let path = std::path::absolute(path).map_err(|_| Error::Nowhere)?;
        // A program may be known by the word it was called with.
        if !path.is_file() {
            return Err(Error::Nowhere);
        }
        Self::carried_by(&path)
    }

    /// What the library at `path` carries.
    ///
    /// # Errors
    ///
    /// [`Error::File`] if there are data that cannot be read; [`Error::Invalid`] and
    /// [`Error::Json`] if they are damaged.
    pub fn carried_by(path: &Path) -> Result<Option<Self>, Error> {
        match folder(path) {
            Some(bundle) => Self::in_folder(&bundle),
            None => trailer::read(path)?.map(|data| named(path, &data)).transpose(),
        }
    }

    /// What a bundle carries, be it a file or a folder.
    ///
    /// # Errors
    ///
    /// Those of [`carried_by`](Self::carried_by).
    pub fn of_bundle(path: &Path) -> Result<Option<Self>, Error> {
        if path.is_dir() { Self::in_folder(path) } else { Self::carried_by(path) }
    }

    fn in_folder(bundle: &Path) -> Result<Option<Self>, Error> {
        let path = bundle.join(RESOURCE);
        let file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file.map_err(Error::file(&path))?,
        };
        let mut data = Vec::new();
        // One more than may be, for what is too long to be told from what is not.
        let most = MOST_FILE as u64 + 1;
        file.take(most).read_to_end(&mut data).map_err(Error::file(&path))?;
        named(&path, &data).map(Some)
    }
}

/// The bundle that is a folder and that the library at `path` belongs to. A file that is
/// a plugin by its name is one, wherever it lies.
fn folder(path: &Path) -> Option<PathBuf> {
    if path.extension() == Some(OsStr::new("clap")) {
        return None;
    }
    let contents = path.parent()?.parent()?;
    (contents.file_name() == Some(OsStr::new("Contents"))).then_some(())?;
    Some(contents.parent()?.into())
}

/// An error that says where the data lie.
fn named(path: &Path, data: &[u8]) -> Result<Identity, Error> {
    Identity::from_json(data).map_err(|error| match error {
        Error::Json { what, error } => {
            Error::Json { what: format!("{}: {what}", path.display()), error }
        }
        Error::Invalid { what, expected, found } => {
            Error::Invalid { what: format!("{}: {what}", path.display()), expected, found }
        }
        other => other,
    })
}
