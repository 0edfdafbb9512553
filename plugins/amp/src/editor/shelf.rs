//! What the browser chooses from: the folder last read, and the library.

use std::sync::Arc;

use super::rows::Item;
use crate::files::Listing;
use crate::places::{Place, Task};

/// A part of what there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Scope {
    /// One folder.
    #[default]
    Folder,
    /// All that was found in all folders.
    Library,
    /// What has a star.
    Favourites,
    /// What is built in.
    Factory,
}

/// What there is to choose from, as of this frame.
#[derive(Clone, Default)]
pub(super) struct Shelf {
    pub(super) listing: Arc<Listing>,
}

impl Shelf {
    /// A number that changes when the rows of `scope` do.
    pub(super) fn revision(&self, scope: Scope, place: Place) -> u64 {
        let listing = Arc::as_ptr(&self.listing) as u64;
        listing.wrapping_mul(31) ^ (scope as u64) << 2 ^ place.index() as u64
    }

    /// What the library holds for `place`.
    pub(super) fn items(&self, _place: Place) -> impl Iterator<Item = &Item> {
        std::iter::empty()
    }

    /// The files of the folder for `place`, with what the library knows of them.
    pub(super) fn folder_items(&self, place: Place) -> impl Iterator<Item = Item> {
        let listing = &self.listing;
        listing.names(place).iter().map(|name| Item::plain(listing.folder.join(name)))
    }
}

/// Gives a star, or takes it.
pub(super) fn favourite(item: &Item) -> Task {
    Task::List(item.path.parent().map(Into::into).unwrap_or_default())
}
