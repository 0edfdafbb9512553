//! What the browser chooses from: the folder last read, and the library.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::rows::Item;
use crate::files::Listing;
use crate::library::{Catalogue, Entry, Library};
use crate::places::Place;

/// A part of what there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Scope {
    /// One folder.
    #[default]
    Folder,
    /// All that was found below the folder of the library.
    Library,
    /// What has a star.
    Favourites,
    /// What is built in.
    Factory,
}

/// What changes when the rows do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Revision {
    scope: Scope,
    place: Place,
    listing: usize,
    entries: (usize, usize),
    favourites: (usize, usize),
    rate: u32,
}

/// What there is to choose from, as of this frame.
pub(super) struct Shelf {
    pub(super) listing: Arc<Listing>,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) library: Library,
    /// The host's rate, in Hz, on which the cost depends; 0 while unknown.
    pub(super) rate: f32,
}

impl Shelf {
    pub(super) fn revision(&self, scope: Scope, place: Place) -> Revision {
        let (entries, favourites) = (&self.catalogue.entries, &self.catalogue.favourites);
        Revision {
            scope,
            place,
            listing: Arc::as_ptr(&self.listing) as usize,
            entries: (Arc::as_ptr(entries) as usize, entries.len()),
            favourites: (Arc::as_ptr(favourites) as usize, favourites.len()),
            rate: self.rate as u32,
        }
    }

    /// What the library holds for `place`.
    pub(super) fn items(&self, place: Place) -> impl Iterator<Item = Item> {
        let models = matches!(place, Place::Model(_));
        let entries = self.catalogue.entries.iter();
        entries.filter(move |entry| entry.is_model() == models).map(|entry| self.item(entry))
    }

    /// The files of the folder for `place`, with what the library knows of them.
    pub(super) fn folder_items(&self, place: Place) -> impl Iterator<Item = Item> {
        let known: HashMap<&Path, &Arc<Entry>> =
            self.catalogue.entries.iter().map(|entry| (entry.path.as_path(), entry)).collect();
        let listing = &self.listing;
        listing.names(place).iter().map(move |name| {
            let path = listing.folder.join(name);
            match known.get(path.as_path()) {
                Some(entry) => self.item(entry),
                None => {
                    let mut item = Item::plain(path);
                    item.favourite = self.catalogue.is_favourite(&item.path);
                    item
                }
            }
        })
    }

    fn item(&self, entry: &Entry) -> Item {
        let mut item = Item::plain(entry.path.clone());
        item.favourite = self.catalogue.is_favourite(&entry.path);
        item.broken.clone_from(&entry.error);
        if let Some(facts) = entry.model() {
            let text = |text: &Option<String>| text.as_deref().unwrap_or("").replace('_', " ");
            item.gear = text(&facts.gear);
            if item.gear.is_empty() {
                item.gear = text(&facts.gear_type);
            }
            item.tone = text(&facts.tone);
            item.author = text(&facts.author);
            item.architecture.clone_from(&facts.architecture);
            item.level = facts.loudness.map_or(String::new(), |db| format!("{db:.1} dB"));
            let rate = if self.rate > 0.0 { self.rate } else { 48_000.0 };
            let load = entry.load(rate);
            item.cost = load.map_or(String::new(), |load| match load * 100.0 {
                tiny if tiny < 0.05 => "0.1 %".into(),
                percent => format!("{percent:.1} %"),
            });
        } else if let Some(shape) = entry.cabinet() {
            item.level = format!("{:.0} ms", shape.seconds() * 1000.0);
        }
        item.indexed()
    }

    /// Gives a star, or takes it.
    pub(super) fn toggle_favourite(&self, item: &Item) {
        self.library.set_favourite(&item.path, !item.favourite);
    }
}
