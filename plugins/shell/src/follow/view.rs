//! The switch that follows a file, and the light of what came last.

use std::time::Duration;

use egui::{Rect, Ui};
use ui::{control, light, theme};

use super::Live;

/// Width of the switch, in units, and of the gap behind it.
const SWITCH: f32 = 78.0;
const GAP: f32 = 6.0;

/// What is drawn where.
pub struct Place<'a> {
    /// Its room; the light has what the switch leaves.
    pub rect: Rect,
    /// What is followed, for those who do not see it, such as "model A".
    pub noun: &'a str,
    /// Whether there is a file that could be.
    pub able: bool,
}

/// Draws them. Returns whether the switch was clicked, and the file is to be followed from
/// now on, or no longer.
pub fn show(ui: &mut Ui, place: &Place<'_>, live: Option<&Live>) -> bool {
    let unit = theme::unit(ui);
    let (lever, lamp) = place.rect.split_left_right_at_x(place.rect.left() + SWITCH * unit);
    let label = format!("Follow {}", place.noun);
    let clicked = ui.scope(|ui| {
        if !place.able && live.is_none() {
            ui.disable();
            ui.set_opacity(0.45);
        }
        let clicked = control::switch(ui, lever, &label, "Follow", live.is_some());
        let about = match place.able {
            true => "Plays the file anew each time a trainer writes it.",
            false => "Only what came in a file can be followed.",
        };
        let id = ui.scope_id().with(("about", &label));
        ui.interact(lever, id, egui::Sense::hover()).on_hover_text(about);
        clicked
    });
    let Some(live) = live else { return clicked.inner };
    let followed = live.followed();
    let state = followed.state();
    let lamp = lamp.with_min_x(lamp.left() + GAP * unit);
    ui.push_id(&label, |ui| light::show(ui, lamp, state, &followed.words(), &followed.details()));
    if state.moves() {
        ui.ctx().request_repaint_after(Duration::from_millis(33));
    }
    clicked.inner
}
