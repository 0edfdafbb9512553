//! Plugin hosts small enough to test with: they load the bundles that are shipped,
//! the way a DAW does, and look at sound, state and the editor's pixels.
//!
//! A package of its own, beside the workspace's other tests, because nothing else
//! should have to build a host, and because the demo runs one too.

pub mod clap;
pub mod files;
pub mod live;
pub mod picture;
pub mod project;
pub mod signal;
#[cfg(target_os = "linux")]
pub mod window;

use std::path::PathBuf;

/// Where `cargo xtask test` says the bundle with this file name is.
///
/// # Panics
/// Without such a bundle there is nothing to test, and that must not look like success.
pub fn bundle(file_name: &str) -> PathBuf {
    let folder =
        std::env::var_os("KILN_BUNDLES").map_or("../../target/bundled".into(), PathBuf::from);
    let path = folder.join(file_name);
    assert!(path.exists(), "{} is missing: `cargo xtask test` builds it first", path.display());
    path
}

/// The plugin of that name as a CLAP host finds it.
///
/// # Panics
/// When it is not there or does not load.
pub fn clap(name: &str) -> clap::Bundle {
    let bundle = bundle(&format!("{name}.clap"));
    let inside = bundle.join("Contents/MacOS").join(name);
    clap::Bundle::load(if bundle.is_dir() { &inside } else { &bundle }).expect("the bundle loads")
}

/// The amplifier.
///
/// # Panics
/// See [`clap()`].
pub fn clap_amp() -> clap::Bundle {
    clap("Kiln Amp")
}

/// The number both plugin formats know a parameter by. Projects refer to it, so the
/// tests work it out for themselves from the parameter's name in the source.
pub const fn parameter(name: &str) -> u32 {
    let (bytes, mut hash, mut i) = (name.as_bytes(), 0u32, 0);
    while i < bytes.len() {
        hash = hash.wrapping_mul(31).wrapping_add(bytes[i] as u32);
        i += 1;
    }
    // VST3 keeps the highest bit for itself.
    hash & 0x7fff_ffff
}
