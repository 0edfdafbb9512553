//! The top of the window, as the presets and the session have it.

use egui::{Rect, Ui};
use ui::header::{self, Entry, Header, Overview};

use crate::params::DriveParams;
use crate::presets::{Id, PresetStatus};
use crate::session::Session;

/// What was clicked.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Click {
    /// Another preset.
    Load(Id),
    /// Throw a preset away.
    Delete(Id),
    /// Anything else.
    Other(header::Click),
}

/// Draws it in `rect`.
pub(super) fn show(
    ui: &mut Ui,
    rect: Rect,
    header: &mut Header,
    presets: &PresetStatus,
    session: &Session,
    params: &DriveParams,
) -> Option<Click> {
    let entries: Vec<Entry<'_>> = (presets.list.iter())
        .map(|entry| Entry {
            name: &entry.name,
            category: &entry.category,
            own: matches!(entry.id, Id::User(_)),
        })
        .collect();
    let place = |id: &Id| presets.list.iter().position(|entry| entry.id == *id);
    let loaded = session.preset_loaded();
    let overview = Overview {
        title: ["KILN", "DRIVE"],
        presets: &entries,
        loaded: loaded.and_then(|(id, changed)| Some((place(id)?, changed))),
        is_b: session.is_b(),
        undoable: session.undoable(),
        redoable: session.redoable(),
        bypassed: params.bypass.value(),
    };
    let id = |i: usize| presets.list.get(i).map(|entry| entry.id.clone());
    match header.show(ui, rect, &overview)? {
        header::Click::Load(i) => id(i).map(Click::Load),
        header::Click::Delete(i) => id(i).map(Click::Delete),
        other => Some(Click::Other(other)),
    }
}
