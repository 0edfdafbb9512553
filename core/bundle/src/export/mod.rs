//! Copies of Kiln Reverb's bundles, with an identity of their own.

mod plist;
mod sign;
mod stage;

#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Error, Identity};

/// Kiln Reverb as it was built, for whatever platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundles {
    /// A file or, for macOS, a folder.
    pub clap: PathBuf,
    /// A folder.
    pub vst3: PathBuf,
}

/// A bundle that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Where it lies.
    pub path: PathBuf,
    /// What is left to be done with it, as a sentence for people.
    pub note: Option<String>,
}

/// Writes `NAME.clap` and `NAME.vst3` into the folder `out`, which is made if there is
/// none; bundles of that name that were exported before are replaced.
///
/// Nothing but data is copied and written, so that it need not be the platform of the
/// bundles that this runs on. Signing is an exception: macOS loads no bundle whose
/// signature is not that of its contents, so it is done where `codesign` is, and else
/// [`Exported::note`] says what to do.
///
/// # Errors
///
/// [`Error::File`] for what cannot be read or written; [`Error::Invalid`] for a
/// source that is no bundle of Kiln Reverb's, and for anything else of that name
/// in `out`. Bundles are put in place when both are complete.
pub fn export(source: &Bundles, identity: &Identity, out: &Path) -> Result<Vec<Exported>, Error> {
    let sources = [&source.clap, &source.vst3];
    let places = replaceable(identity, out)?;
    fs::create_dir_all(out).map_err(Error::file(out))?;
    // Beside their places, for nothing but renaming puts a folder there in one step.
    let draft = tempfile::Builder::new().prefix(".kiln-").tempdir_in(out);
    let draft = draft.map_err(Error::file(out))?;
    let mut exported = Vec::new();
    for (source, place) in sources.into_iter().zip(&places) {
        let staged = draft.path().join(place.file_name().unwrap_or_default());
        stage::bundle(source, &staged, identity)?;
        let note = sign::ad_hoc(&staged, place)?;
        exported.push((staged, Exported { path: place.clone(), note }));
    }
    for (staged, bundle) in &exported {
        put(staged, &bundle.path)?;
    }
    Ok(exported.into_iter().map(|(_, bundle)| bundle).collect())
}

/// Where [`export`] would write: CLAP, then VST3.
///
/// # Errors
///
/// [`Error::Invalid`] if something lies there that is not an earlier export of the
/// same name, and the errors of reading what does.
pub fn replaceable(identity: &Identity, out: &Path) -> Result<[PathBuf; 2], Error> {
    let places = ["clap", "vst3"].map(|kind| out.join(format!("{}.{kind}", identity.name())));
    for place in &places {
        // Not following links: what they point to is another's.
        let Ok(there) = fs::symlink_metadata(place) else { continue };
        let expected = || format!("nothing, or an earlier export called \"{}\"", identity.name());
        let earlier = if there.is_symlink() { None } else { Identity::of_bundle(place)? };
        match earlier.as_ref().map(Identity::name) {
            Some(name) if name == identity.name() => {}
            Some(name) => return Err(Error::invalid(place.display(), expected(), name)),
            None => return Err(Error::invalid(place.display(), expected(), "something else")),
        }
    }
    Ok(places)
}

/// Renames; what was there goes to where `staged` was, with the draft.
fn put(staged: &Path, place: &Path) -> Result<(), Error> {
    let mut old = std::ffi::OsString::from("old ");
    old.push(staged.file_name().unwrap_or_default());
    let old = staged.with_file_name(old);
    let was = fs::symlink_metadata(place).is_ok();
    let mut moved = if was { fs::rename(place, &old) } else { Ok(()) };
    if moved.is_ok() {
        moved = fs::rename(staged, place);
        if moved.is_err() && was {
            // The first error is the one to tell of.
            let _as_it_was = fs::rename(&old, place);
        }
    }
    moved.map_err(Error::file(place))
}
