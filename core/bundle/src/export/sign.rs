//! Signatures, which macOS asks for.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::Error;

/// Signs a macOS bundle ad hoc, as it was when it was built, where that is possible;
/// else says how to do it at its `place`. Other bundles are left alone.
pub(super) fn ad_hoc(bundle: &Path, place: &Path) -> Result<Option<String>, Error> {
    if !bundle.join("Contents/MacOS").is_dir() {
        return Ok(None);
    }
    let mut codesign = Command::new("codesign");
    codesign.args(["--force", "--sign", "-"]).arg(bundle);
    codesign.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if cfg!(target_os = "macos") && codesign.status().is_ok_and(|status| status.success()) {
        return Ok(None);
    }
    Ok(Some(format!(
        "not signed, and macOS will not load it: run codesign --force --sign - \"{}\" there",
        place.display()
    )))
}
