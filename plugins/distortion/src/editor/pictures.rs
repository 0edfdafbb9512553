//! What is found out about a model for the screens, on threads of their own.

use std::sync::Arc;
use std::time::Duration;

use fx::drive::measure::{self, Measured};
use fx::drive::{Channels, DRIVE_SPAN, KNOBS, Params, Setup};
use nn::Model;
use shell::newest::{Newest, Wanted};

/// The largest input that is drawn: full scale.
pub(super) const REACH: f32 = 1.0;
/// Pairs of a curve.
const POINTS: usize = 481;

/// The sine of the spectrum, in Hz, and its peak before the input gain, −6 dBFS: always
/// the same, so that pictures can be compared.
const SINE: f32 = 1250.0;
const PEAK: f32 = 0.5;
/// The highest frequency that is drawn, in Hz.
const TOP: f32 = 20_000.0;
/// Harmonics below this are not drawn, in dB: a symmetrical curve has every other one there.
const LEAST: f32 = -140.0;
/// Less than is ever measured, in dB.
const NOTHING: f32 = -239.0;

/// What a model makes of each input, where its knobs are.
#[derive(Clone)]
pub(super) struct Curve {
    pub(super) model: Arc<Model>,
    pub(super) drive: f32,
    pub(super) knobs: [f32; KNOBS],
}

impl PartialEq for Curve {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.model, &other.model)
            && (self.drive, self.knobs) == (other.drive, other.knobs)
    }
}

impl Wanted for Curve {
    type Found = Vec<[f32; 2]>;
    const THREAD: &'static str = "kiln-curve";
    // It takes less than a frame, and moves with the knob.
    const QUIET: Duration = Duration::ZERO;

    fn find(&self, _void: &dyn Fn() -> bool) -> Option<Vec<[f32; 2]>> {
        let Self { model, drive, knobs } = self;
        let mut curve = measure::curve(model, *drive, *knobs, REACH, POINTS);
        // A line begins at the least input; a path does not, and is closed.
        if let Some(first) = curve.first().copied().filter(|first| first[0] > -0.99 * REACH) {
            curve.push(first);
        }
        (!curve.is_empty()).then_some(curve)
    }
}

/// What becomes of a sine in a fresh pedal that is set as the one that plays.
#[derive(Clone)]
pub(super) struct Sine {
    model: Arc<Model>,
    setup: Setup,
    params: Params,
}

impl Sine {
    /// Without what only changes the level of everything, or has no say in one channel.
    pub(super) fn new(model: Arc<Model>, setup: Setup, params: Params) -> Self {
        let channels = Channels::default();
        let params = Params { output_gain: 0.0, bypass: false, channels, ..params };
        Self { model, setup, params }
    }
}

impl PartialEq for Sine {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.model, &other.model)
            && (self.setup, self.params) == (other.setup, other.params)
    }
}

/// A spectrum, taken apart.
#[derive(Debug, PartialEq)]
pub(super) struct Spectrum {
    /// The frequency that was measured, in Hz.
    pub(super) hz: f32,
    /// In Hz and dB of full scale.
    pub(super) harmonics: Vec<[f32; 2]>,
    /// All else, in dB at equal steps from 0 Hz to `top`.
    pub(super) rest: Vec<f32>,
    /// In Hz.
    pub(super) top: f32,
    /// Power of the rest by that of the harmonics, in dB; minus infinity for no rest.
    pub(super) alias: f32,
    /// Amplitude of all harmonics but the first by that of the first.
    pub(super) thd: f32,
}

impl Wanted for Sine {
    type Found = Spectrum;
    const THREAD: &'static str = "kiln-spectrum";
    const QUIET: Duration = Duration::from_millis(80);

    fn find(&self, void: &dyn Fn() -> bool) -> Option<Spectrum> {
        if void() {
            return None;
        }
        let Self { model, setup, params } = self;
        let measured = measure::alias_to_signal(model, *setup, params, SINE, PEAK).ok()?;
        Some(Spectrum::of(&measured))
    }
}

impl Spectrum {
    fn of(measured: &Measured) -> Self {
        let Measured { hz, step, spectrum_db, harmonics, alias_db, thd } = measured;
        let top = TOP.min(step * spectrum_db.len().saturating_sub(1) as f32);
        let count = (top / step) as usize + 1;
        let mut rest: Vec<f32> = spectrum_db.iter().copied().take(count).collect();
        let period = ((hz / step).round() as usize).max(1);
        // The constant part is no alias either, and was left out of the sum.
        rest.iter_mut().step_by(period).for_each(|db| *db = f32::NEG_INFINITY);
        let harmonics = harmonics.iter().enumerate().map(|(i, db)| [(i + 1) as f32 * hz, *db]);
        Self {
            hz: *hz,
            harmonics: harmonics.filter(|harmonic| harmonic[1] > LEAST).collect(),
            rest,
            top,
            alias: if *alias_db > NOTHING { *alias_db } else { f32::NEG_INFINITY },
            thd: *thd,
        }
    }
}

/// What is found for the screens while a window is open. A clone is another handle.
#[derive(Clone, Default)]
pub(super) struct Pictures {
    pub(super) curve: Newest<Curve>,
    pub(super) sine: Newest<Sine>,
}

impl Pictures {
    /// Starts looking; `tell` is called where something was found.
    /// Returns the numbers of their runs.
    pub(super) fn start(&self, tell: impl Fn() + Clone + Send + 'static) -> [u64; 2] {
        [self.curve.start(tell.clone()), self.sine.start(tell)]
    }

    /// Ends what is under way, unless it was started again since.
    pub(super) fn stop_runs(&self, runs: [u64; 2]) {
        self.curve.stop_run(runs[0]);
        self.sine.stop_run(runs[1]);
    }

    /// Ends what is under way.
    pub(super) fn stop(&self) {
        self.curve.stop();
        self.sine.stop();
    }
}

/// The factor by which a network without knobs is driven: what the effect shows of its
/// sound went through that already, and a curve did not.
pub(super) fn driven(model: Option<&Model>, drive: f32) -> f32 {
    match model {
        Some(model) if model.knobs().is_empty() => 10f32.powf(DRIVE_SPAN * (drive - 0.5) / 20.0),
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use fx::drive::{Drive, Pedal, Quality};

    use super::*;

    /// A hyperbolic tangent, with a skip of nothing and no knobs.
    fn tanh() -> Arc<Model> {
        let json = r#"{"format": "kiln-drive", "version": 1, "layers": [
            {"type": "dense", "weights": [[1.0]], "bias": [0.0]}, {"type": "tanh"},
            {"type": "dense", "weights": [[1.0]], "bias": [0.0]}]}"#;
        Arc::new(Model::load(json.as_bytes()).expect("a model"))
    }

    fn setup() -> Setup {
        Setup { sample_rate: 48_000.0, quality: Quality::default(), calls: fx::Calls::OFFLINE }
    }

    #[test]
    fn a_spectrum_is_taken_apart() {
        let sine = Sine::new(tanh(), setup(), Params { drive: 0.8, ..Params::default() });
        let spectrum = sine.find(&|| false).expect("a spectrum");
        assert!((spectrum.hz - 1250.0).abs() < 2.0);
        assert!((spectrum.harmonics[0][0] - spectrum.hz).abs() < 0.1);
        for [hz, db] in &spectrum.harmonics {
            let order = (hz / spectrum.hz).round() as usize;
            assert!(order % 2 == 1 || *db < -100.0, "it is odd: {db} dB at {hz} Hz");
        }
        assert!(spectrum.harmonics.iter().filter(|harmonic| harmonic[1] > -100.0).count() > 4);
        let loudest = spectrum.rest.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        assert!(loudest < -60.0, "no harmonic is left in what is none: {loudest}");
        assert!(spectrum.alias < -60.0 && spectrum.thd > 0.1);
        assert!(sine.find(&|| true).is_none());
    }

    #[test]
    fn a_path_is_closed_and_a_line_is_not() {
        let json = r#"{"format": "kiln-drive", "version": 1, "layers": [
            {"type": "dense", "weights": [[1.0]], "bias": [0.0]}, {"type": "tanh"}],
            "post": [{"kind": "high_pass_1", "hz": 300.0}]}"#;
        let remembers = Arc::new(Model::load(json.as_bytes()).expect("a model"));
        for (model, closed) in [(remembers, true), (tanh(), false)] {
            let curve = Curve { model, drive: 0.5, knobs: [0.5; KNOBS] };
            let found = curve.find(&|| false).expect("a curve");
            assert_eq!(found.first() == found.last(), closed);
            let ends = found.iter().map(|pair| pair[0].abs()).fold(0.0, f32::max);
            assert!((ends - REACH).abs() < 1e-3);
        }
    }

    #[test]
    fn the_sound_lies_on_the_curve() {
        let (model, drive) = (tanh(), 0.7);
        let params = Params { drive, ..Params::default() };
        let (loader, mut effect) = Drive::new(48_000.0);
        loader.offer(Pedal::build(&model, setup()).expect("a pedal"));
        let wave = |i: usize| 0.3 * (std::f32::consts::TAU * i as f32 / 480.0).sin();
        let mut io: Vec<f32> = (0..48_000).map(wave).collect();
        effect.process(&mut [&mut io], 1, &params);
        let curve = Curve { model: model.clone(), drive, knobs: params.knobs };
        let curve = curve.find(&|| false).expect("a curve");
        let gain = driven(Some(&model), drive);
        for [x, y] in effect.trace() {
            let x = x / gain;
            let near = |point: &&[f32; 2]| (point[0] - x).abs();
            let nearest = curve.iter().min_by(|a, b| near(a).total_cmp(&near(b)));
            let found = nearest.expect("points")[1];
            assert!((found - y).abs() < 0.02, "{x}: {y} beside {found}");
        }
        let swing = effect.trace().iter().map(|pair| pair[0] / gain).fold(0.0, f32::max);
        assert!((swing - 0.3).abs() < 0.01, "{swing}");
    }
}
