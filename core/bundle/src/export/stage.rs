//! One bundle, copied.

use std::fs;
use std::path::{Component, Path, PathBuf};

use walkdir::WalkDir;

use crate::own::RESOURCE;
use crate::{Error, Identity, trailer};

/// What a copy does without: a signature that is no longer one, and VST3's optional
/// summary of what the library says of itself, which would be another plugin's.
const LEFT_OUT: [&str; 4] = [
    "Contents/_CodeSignature",
    "Contents/CodeResources",
    "Contents/Resources/moduleinfo.json",
    "Contents/moduleinfo.json",
];

/// Copies the bundle `from` to `to`, which is not there yet, and gives it an identity.
pub(super) fn bundle(from: &Path, to: &Path, identity: &Identity) -> Result<(), Error> {
    if Identity::of_bundle(from)?.is_some() {
        let expected = "a plugin as it was built";
        return Err(Error::invalid(from.display(), expected, "an export of one"));
    }
    if from.is_dir() { folder(from, to, identity) } else { file(from, to, identity) }
}

fn file(from: &Path, to: &Path, identity: &Identity) -> Result<(), Error> {
    let mut library = fs::read(from).map_err(Error::file(from))?;
    library.extend(trailer::around(identity.to_json()?.as_bytes()));
    let modes = fs::metadata(from).map_err(Error::file(from))?.permissions();
    let written = fs::write(to, library).and_then(|()| fs::set_permissions(to, modes));
    written.map_err(Error::file(to))
}

fn folder(from: &Path, to: &Path, identity: &Identity) -> Result<(), Error> {
    let old = from.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let mut libraries = 0;
    let mut entries = WalkDir::new(from).into_iter();
    while let Some(entry) = entries.next() {
        let entry = entry.map_err(|e| unreadable(from, e))?;
        let inside = entry.path().strip_prefix(from).unwrap_or(entry.path());
        if LEFT_OUT.iter().any(|path| Path::new(path) == inside) {
            if entry.file_type().is_dir() {
                entries.skip_current_dir();
            }
            continue;
        }
        let renamed = library(inside, old, identity.name());
        libraries += usize::from(renamed.is_some());
        let place = to.join(renamed.as_deref().unwrap_or(inside));
        if entry.file_type().is_dir() {
            fs::create_dir_all(&place).map_err(Error::file(&place))?;
        } else if entry.file_type().is_file() {
            copy(entry.path(), inside, &place, [old, identity.name()], identity)?;
        } else {
            let path = entry.path().display();
            return Err(Error::invalid(path, "a file or folder", "a link or device"));
        }
    }
    if libraries == 0 {
        let expected = format!("a library Contents/…/{old}");
        return Err(Error::invalid(from.display(), expected, "none"));
    }
    let place = to.join(RESOURCE);
    let parent = place.parent().unwrap_or(to);
    let written = fs::create_dir_all(parent).map_err(Error::file(parent));
    let json = identity.to_json()?;
    written.and_then(|()| fs::write(&place, json).map_err(Error::file(&place)))
}

/// Where a library goes that is called like its bundle, as VST3 and macOS want it.
fn library(inside: &Path, old: &str, new: &str) -> Option<PathBuf> {
    let parts: Vec<&str> = inside.components().filter_map(text).collect();
    let ["Contents", architecture, file] = parts[..] else { return None };
    let ending = file.strip_prefix(old).filter(|rest| rest.is_empty() || rest.starts_with('.'))?;
    let folder = Path::new("Contents").join(architecture);
    (architecture != "Resources").then(|| folder.join(format!("{new}{ending}")))
}

fn text(part: Component<'_>) -> Option<&str> {
    part.as_os_str().to_str()
}

/// Copies a file; what has the plugin's name in it gets the new one.
fn copy(
    from: &Path,
    inside: &Path,
    to: &Path,
    [old, new]: [&str; 2],
    identity: &Identity,
) -> Result<(), Error> {
    let is = |path: &str| inside == Path::new(path);
    if is("Contents/Info.plist") {
        return super::plist::rename(from, to, identity);
    }
    if is("desktop.ini") || is("Desktop.ini") {
        let ini = fs::read(from).map_err(Error::file(from))?;
        // In any other encoding it is left as it is: it says what the folder looks like.
        let ini = String::from_utf8(ini).map(|text| text.replace(old, new).into_bytes());
        let ini = ini.unwrap_or_else(|error| error.into_bytes());
        return fs::write(to, ini).map_err(Error::file(to));
    }
    fs::copy(from, to).map(drop).map_err(Error::file(from))
}

fn unreadable(from: &Path, error: walkdir::Error) -> Error {
    let path = error.path().unwrap_or(from).to_owned();
    let error = error.into_io_error().unwrap_or_else(|| std::io::ErrorKind::Other.into());
    Error::File { path, error }
}
