//! The model library: models that others publish, kept so that a player knows what it has.
//!
//! A publisher writes a [`Manifest`]: which models there are, where, of how many bytes and
//! of which SHA-256, under which licence, trained on what. The manifest is signed, so that
//! one key vouches for all of them and the server that holds the files need not be trusted.
//!
//! - **Network.** Nothing asks a server for anything but [`Library::get`] of one model and
//!   [`Published::fetch`] of one manifest. `https` only, and `http` on this machine.
//!   Redirects are refused: they lead where the manifest does not say. Proxies are those of
//!   the environment (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`).
//! - **Signature.** A detached one of minisign beside the manifest. The key that a list is
//!   added with is pinned: later revisions must be signed by it, and their revision must be
//!   higher. An unsigned manifest is taken only on the user's word.
//! - **Files.** A file gets its name only when all of it is there and its digest is right.
//!   What is interrupted is gone on with the next time; what is wrong is removed. Processes
//!   wait for one another by locks that end with them.
//! - **Licences.** What asks for it is not fetched before its licence is accepted, and
//!   when that was is remembered.
//!
//! ```text
//! library.json                lists with their keys, and what is installed
//! manifests/SHA256.json       copies of the manifests, and .minisig of each signed one
//! models/ID/FILE              the models
//! partial/SHA256.part         what has arrived of a file, and .json: where it came from
//! ```

mod address;
mod client;
mod disk;
mod download;
mod error;
mod library;
mod lists;
mod manifest;
mod names;
mod signature;
mod state;

#[cfg(test)]
mod case;
#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod library_tests;
#[cfg(test)]
mod manifest_tests;
#[cfg(test)]
mod network_tests;
#[cfg(test)]
mod server;

pub use client::{Patience, Transfer};
pub use error::Error;
pub use library::{Added, BuiltIn, Got, Library, Problem};
pub use lists::{List, Published, Trust};
pub use manifest::{BUILT_IN, Entry, MOST_BYTES, MOST_FILE_BYTES, MOST_MODELS, Manifest, VERSION};
pub use names::{MOST_FILE, MOST_ID};
pub use signature::{Key, MOST_SIGNATURE};
pub use state::Installed;
