//! One built plugin, many plugins: a copy of Kiln Reverb's bundles that carries a
//! name, ids and a graph of its own, made without a toolchain.
//!
//! What a copy carries is its [`Identity`]. It lies where the library that runs
//! finds it without being told:
//!
//! * Of a library in `X/Contents/<architecture>/`, in
//!   `X/Contents/Resources/kiln-reverb.json`. VST3 bundles are like that
//!   everywhere, CLAP bundles on macOS.
//! * Of a library that is a file of its own, as CLAP has it on Linux and Windows,
//!   behind the library: a payload, its length in bytes as a little-endian u64, its
//!   SHA-256, and 16 bytes that say what this is. Loaders read a library by the
//!   tables at its beginning, so they take no notice of it. Whatever is put behind
//!   it later, such as a signature of Windows, hides it.
//!
//! Both are the JSON of [`Identity::to_json`].

mod error;
mod identity;
mod names;
mod own;
mod trailer;

#[cfg(feature = "export")]
mod export;

#[cfg(test)]
mod identity_tests;
#[cfg(test)]
mod own_tests;

pub use error::Error;
#[cfg(feature = "export")]
pub use export::{Bundles, Exported, export, replaceable};
pub use identity::{Identity, MOST_BYTES};
pub use names::{MOST_NAME, NAME};
