//! The `Info.plist` of a macOS bundle.

use std::path::Path;

use plist::Value;

use crate::{Error, Identity};

/// Writes the property list `from` to `to`, with the names and the version of
/// `identity`, and an identifier that follows from its CLAP id and the kind of bundle.
pub(super) fn rename(from: &Path, to: &Path, identity: &Identity) -> Result<(), Error> {
    let wrong = |found: &dyn ToString| {
        Error::invalid(from.display(), "a property list with a dictionary", found.to_string())
    };
    let list = Value::from_file(from).map_err(|error| wrong(&error))?;
    let mut list = list.into_dictionary().ok_or_else(|| wrong(&"none"))?;
    let bundle = to.ancestors().nth(2).and_then(Path::extension).unwrap_or_default();
    let identifier = format!("{}.{}", identity.clap_id(), bundle.to_string_lossy());
    for (key, value) in [
        ("CFBundleExecutable", identity.name()),
        ("CFBundleName", identity.name()),
        ("CFBundleDisplayName", identity.name()),
        ("CFBundleShortVersionString", identity.version()),
        ("CFBundleVersion", identity.version()),
        // Apple allows letters, digits, hyphens and dots.
        ("CFBundleIdentifier", &identifier.replace('_', "-")),
    ] {
        list.insert(key.into(), value.into());
    }
    let written = Value::Dictionary(list).to_file_xml(to);
    written.map_err(|error| Error::File { path: to.into(), error: std::io::Error::other(error) })
}
