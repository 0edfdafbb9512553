//! Listening for a note while the tuner is open. It is measured on this thread,
//! from what the audio thread left in a ring.

use std::sync::atomic::Ordering::Relaxed;

use egui::{Rect, Ui};
use ui::tuner::{Note, face};

use crate::meters::{Meters, RING};
use crate::pitch::Detector;

/// What A4 is tuned to, in Hz.
const REFERENCE: f32 = 440.0;

/// Seconds between two readings.
const PERIOD: f64 = 0.03;
/// Seconds a reading stays once the string is silent.
const LINGER: f64 = 1.5;

/// What was heard last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reading {
    note: Option<Note>,
    /// When it was heard, and when it was last looked for, by egui's clock.
    heard: f64,
    looked: f64,
    now: f64,
}

/// A tuner that listens while it is open.
#[derive(Default)]
pub(super) struct Tuner {
    detector: Option<Detector>,
    samples: Vec<f32>,
    /// Samples ever written at the last look.
    written: usize,
    pub(super) reading: Reading,
}

impl Tuner {
    /// Opens or closes its ear.
    pub(super) fn listen(&mut self, meters: &Meters, open: bool) {
        meters.tuner.wanted.store(open, Relaxed);
        if !open {
            self.reading = Reading::default();
        }
    }

    /// Looks for a note, now and then. `rate` is the host's, in Hz; `now` egui's time.
    pub(super) fn update(&mut self, meters: &Meters, rate: f32, now: f64) {
        self.reading.now = now;
        if now - self.reading.looked < PERIOD {
            return;
        }
        self.reading.looked = now;
        let rate = if rate > 0.0 { rate } else { 48_000.0 };
        let detector = match &mut self.detector {
            Some(detector) if detector.sample_rate() == rate => detector,
            detector => detector.insert(Detector::new(rate)),
        };
        self.samples.resize(detector.window().min(RING), 0.0);
        let written = meters.tuner.read(&mut self.samples);
        // A host that stopped leaves the last note ringing in the ring.
        let fresh = written != self.written;
        self.written = written;
        if let Some(pitch) = fresh.then(|| detector.detect(&self.samples)).flatten() {
            self.reading.hear(pitch.hz, now);
        } else if now - self.reading.heard > LINGER {
            self.reading.note = None;
        }
    }
}

impl Reading {
    /// Takes in a frequency: a little of the one before stays while it is the
    /// same string, which steadies the needle.
    fn hear(&mut self, hz: f32, now: f64) {
        let near = self.note.filter(|note| (hz / note.hz).log2().abs() < 0.02);
        let hz = near.map_or(hz, |note| note.hz + (hz - note.hz) * 0.4);
        self.note = Some(Note::of(hz, REFERENCE));
        self.heard = now;
    }

    fn strength(&self) -> f32 {
        1.0 - ((self.now - self.heard - 0.2) / LINGER).clamp(0.0, 1.0) as f32
    }
}

/// Draws it in `rect`.
pub(super) fn show(ui: &Ui, rect: Rect, reading: &Reading) {
    let note = reading.note;
    let words = note.map_or("Tuner: no note".into(), |note| {
        format!("Tuner: {}{} {:+.1} cents", note.name(), note.octave(), note.cents)
    });
    let response = ui.interact(rect, ui.scope_id().with("tuner"), egui::Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, words.as_str()));
    face(ui, rect, note, reading.strength());
}
