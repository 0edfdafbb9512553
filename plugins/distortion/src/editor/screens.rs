//! The two screens: what the model makes of each input, and of a sine.

use egui::{Rect, Ui};
use ui::curves::{self, Shown, Spectrum, Transfer};
use ui::theme;

use super::desk::Desk;
use super::pictures::REACH;

/// Draws them in `rect`, side by side.
pub(super) fn show(ui: &mut Ui, rect: Rect, desk: &Desk<'_>) {
    let gap = 8.0 * theme::unit(ui);
    let (left, right) = rect.split_left_right_at_fraction(0.5);
    transfer(ui, left.with_max_x(left.right() - gap * 0.5), desk);
    spectrum(ui, right.with_min_x(right.left() + gap * 0.5), desk);
}

fn transfer(ui: &mut Ui, rect: Rect, desk: &Desk<'_>) {
    let curve = desk.curve.found.as_deref();
    let data = curve.map(|curve| Transfer { curve, moving: desk.moving, reach: REACH });
    let about = "What comes out for what goes in, where the knobs are now. Of a model with \
                 filters it is the path of a sine of 500 Hz and full scale, with their delay \
                 taken out. The glow is the last 20 ms of the sound, in loops where filters \
                 delay it; the broken line is what would change nothing.";
    curves::transfer(ui, rect, &Shown { data: data.as_ref(), busy: desk.curve.busy })
        .on_hover_text(about);
}

fn spectrum(ui: &mut Ui, rect: Rect, desk: &Desk<'_>) {
    let found = desk.sine.found.as_deref();
    let data = found.map(|found| Spectrum {
        harmonics: &found.harmonics,
        rest: &found.rest,
        top: found.top,
        alias: found.alias,
    });
    let shown = Shown { data: data.as_ref(), busy: desk.sine.busy };
    curves::spectrum(ui, rect, &shown).on_hover_ui(|ui| {
        let hz = found.map_or(1250.0, |found| found.hz);
        ui.label(format!(
            "What a fresh pedal, set as this one, makes of a sine of {hz:.0} Hz that comes in at \
             −6 dBFS whatever plays, so that settings can be compared. Grey is what is no \
             harmonic: aliases, which more oversampling takes away."
        ));
        if let Some(found) = found {
            let thd = format!("Harmonic distortion: {:.1} %", 100.0 * found.thd);
            ui.colored_label(theme::FLAME, thd);
        }
    });
}
