//! The four pictures of what plays.

use egui::{Rect, Ui, vec2};
use fdn::Portrait;
use ui::curves::{self, Band, Decay, Density, Impulse, Shown, Times};
use ui::theme;

use super::desk::Desk;
use crate::status::Status;

/// Points of the curve of what is asked for.
const POINTS: usize = 64;

/// Draws them in `rect`, two by two.
pub(super) fn show(ui: &mut Ui, rect: Rect, desk: &Desk<'_>) {
    let gap = 8.0 * theme::unit(ui);
    let size = (rect.size() - vec2(gap, gap)) * 0.5;
    let place = |column: f32, row: f32| {
        Rect::from_min_size(rect.min + vec2(column, row) * (size + vec2(gap, gap)), size)
    };
    let busy = desk.measured.busy;
    let portrait = desk.measured.found.as_deref().filter(|portrait| !portrait.is_silent());
    let impulse = portrait.map(|p| Impulse {
        seconds: p.seconds as f32,
        channels: &p.envelopes,
        peak: p.peak,
    });
    let about = "What is heard of a click through the network: left and right.";
    curves::impulse(ui, place(0.0, 0.0), &Shown { data: impulse.as_ref(), busy })
        .on_hover_text(about);
    let decay = portrait.map(|p| Decay {
        seconds: p.seconds as f32,
        levels: &p.decay,
        t60: p.t60.map(|t60| t60 as f32),
        cut: p.cut,
    });
    let about = "How the energy of the click falls; the broken line falls by 60 dB in its T60.";
    curves::decay(ui, place(1.0, 0.0), &Shown { data: decay.as_ref(), busy }).on_hover_text(about);
    let bands: Vec<Band> = portrait.map(bands).unwrap_or_default();
    let asked = asked(desk.network, desk.status);
    let times = portrait.map(|p| Times {
        bands: &bands,
        asked: &asked,
        cut: p.cut.then_some(p.seconds as f32),
    });
    let about =
        "How long each third of an octave rings; the broken line is what the knobs ask for.";
    curves::times(ui, place(0.0, 1.0), &Shown { data: times.as_ref(), busy }).on_hover_text(about);
    let density = portrait.map(|p| Density {
        points: &p.density,
        dense_after: p.dense_after.map(|after| after as f32),
    });
    let about = "How close echoes follow each other: 1 is as dense as noise.";
    curves::density(ui, place(1.0, 1.0), &Shown { data: density.as_ref(), busy })
        .on_hover_text(about);
}

fn bands(portrait: &Portrait) -> Vec<Band> {
    let band = |band: &fdn::analysis::Band| Band {
        hz: band.centre as f32,
        seconds: band.t60.map(|t60| t60 as f32),
    };
    portrait.bands.iter().map(band).collect()
}

/// The times the knobs ask for, over frequency: of three bands that meet with slopes of
/// first order, as far as this graph can go. Nothing where the knob is off.
fn asked(values: &fdn::Params, status: &Status) -> Vec<[f32; 2]> {
    let (Some(rt60), Some([least, most])) = (values.rt60, status.span()) else { return Vec::new() };
    let rt60 = rt60.clamp(least, most.max(least));
    let fdn::Bands { low, high, crossovers: [from, to] } =
        if status.is_passive() { values.bands } else { fdn::Bands::default() };
    let point = |i: usize| {
        let hz = 31.5 * (16_000.0f64 / 31.5).powf(i as f64 / (POINTS - 1) as f64);
        let below = 1.0 / (1.0 + (hz / from).powi(2));
        let above = 1.0 / (1.0 + (to / hz).powi(2));
        // What adds up are rates of decay.
        let rate = below / low + above / high + (1.0 - below - above);
        [hz as f32, (rt60 / rate.max(1e-3)) as f32]
    };
    (0..POINTS).map(point).collect()
}
