//! A page that shows how near a model came.
//!
//! [`Report::new`] measures a model on a held-out passage; [`Report::html`] is a page for
//! people, [`Report::summary`] lines for a terminal, and serialised it is numbers for
//! programs.

mod figures;
mod measure;
mod page;
mod plot;
mod sine;
mod spectrum;
mod words;

use nn::Model;
use serde::{Deserialize, Serialize};

use crate::Error;
use measure::{Density, Sound, Wave, Window};
use spectrum::{Band, Spectra};

pub use measure::{Bin, Numbers, Passage};
pub use sine::{Cost, Tone};
pub use words::Verdict;

/// Levels of the sines whose harmonics are shown, in dB of full scale.
const TONES_DB: [f64; 2] = [-18.0, -6.0];
/// Windows that are drawn at most.
const WINDOWS: usize = 600;
/// From where on a model's faults are worth a notice, in dB: aliases, levels.
const ALIASES_DB: f64 = -60.0;
const GAIN_DB: f64 = 0.5;
/// How much farther the axes of a density reach than the sound.
const MARGIN: f64 = 1.04;
/// Rows and columns of a drawing of density.
const CELLS: usize = 72;

/// What was learnt, from what and how. Texts may hold anything: they are escaped where
/// they are shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct About {
    /// The model's name.
    pub name: String,
    /// What kind of network it is, in words.
    pub class: String,
    /// When it was made, in words.
    pub date: String,
    /// Of the random numbers.
    pub seed: u64,
    /// Seconds that learning took.
    pub seconds: f64,
    /// Samples by which the wet recording was late, and was moved.
    pub latency: f64,
    /// Whether the gear turns the signal upside down, and so the model.
    pub inverted: bool,
    /// Factor by which the wet recording was scaled: 1 is as it was.
    pub gain: f64,
    /// Names and values of all that was set.
    pub settings: Vec<(String, String)>,
    /// What there is to say of the recordings, a sentence each.
    pub notices: Vec<String>,
}

/// A moment of the training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Steps taken.
    pub step: u64,
    /// Seconds since the first.
    pub seconds: f64,
    /// Loss on what is learnt.
    pub loss: f64,
    /// Error-to-signal ratio on the held-out passage, where it was measured.
    pub esr: Option<f64>,
}

/// How near a model came to its target, and what it costs.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// What was learnt, from what and how.
    pub about: About,
    /// How good it is.
    pub verdict: Verdict,
    /// How far it is from the target.
    pub numbers: Numbers,
    /// The same by how loud the target is, the quietest first.
    pub levels: Vec<Bin>,
    /// What it makes of sines, the quietest first.
    pub tones: Vec<Tone>,
    /// Whether it plays at any rate as at its own, so that a player can oversample it.
    pub any_rate: bool,
    /// What it costs.
    pub cost: Cost,
    /// The training, from its beginning on.
    pub history: Vec<Point>,
    #[serde(skip)]
    traces: Traces,
}

/// What is only drawn.
#[derive(Clone, Debug)]
struct Traces {
    /// The worst moment and a typical one.
    waves: Vec<Wave>,
    windows: Vec<Window>,
    bands: Vec<Band>,
    /// A little more than the largest magnitudes of the dry signal, and of the wet one and
    /// the model.
    limits: [f64; 2],
    /// Of the target and the model.
    densities: Vec<Density>,
    curve: Option<Vec<[f64; 2]>>,
}

impl Report {
    /// Measures `model`, whose answer `passage` holds, at the rate of the passage. Its
    /// knobs, if it has any, stand where they stand at first.
    ///
    /// # Errors
    /// If the signals of the passage differ in length, or their rate is no rate of sound.
    pub fn new(
        about: About,
        passage: &Passage<'_>,
        model: &Model,
        history: Vec<Point>,
    ) -> Result<Self, Error> {
        let sound = Sound::new(passage)?;
        let rate = sound.rate;
        let model = model.at_rate(rate)?;
        let spectra = Spectra::of(&sound);
        let numbers = Numbers::of(&sound, &spectra);
        let windows = measure::windows(&sound);
        let reach = [measure::reach(&[&sound.dry]), measure::reach(&[&sound.wet, &sound.model])];
        let limits = reach.map(|r| MARGIN * r);
        let density = |out: &[f32]| Density::of(&sound.dry, out, limits, CELLS);
        let traces = Traces {
            waves: measure::waves(&sound),
            windows: measure::thinned(&windows, WINDOWS),
            bands: if sound.len() == 0 { Vec::new() } else { spectra.bands() },
            limits,
            densities: vec![density(&sound.wet), density(&sound.model)],
            curve: sine::curve(&model, rate, reach[0]),
        };
        Ok(Self {
            about,
            verdict: Verdict::of(numbers.esr),
            levels: measure::levels(&windows),
            tones: TONES_DB.map(|db| Tone::of(&model, rate, db)).into(),
            any_rate: model.follows_rate(),
            cost: Cost::of(&model, rate),
            numbers,
            history,
            traces,
        })
    }

    /// One HTML file that needs no other and no script, and is well-formed XML.
    pub fn html(&self) -> String {
        page::html(self)
    }

    /// Lines for a terminal, each ended.
    pub fn summary(&self) -> String {
        words::summary(self)
    }

    /// The moment with the least held-out error, or the least loss if that was never
    /// measured.
    pub fn best(&self) -> Option<&Point> {
        let least = |of: fn(&Point) -> Option<f64>| {
            let known = self.history.iter().filter_map(|p| Some((p, of(p)?)));
            let known = known.filter(|(_, value)| value.is_finite());
            known.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(p, _)| p)
        };
        least(|p| p.esr).or_else(|| least(|p| Some(p.loss)))
    }

    /// What there is to say of the recordings and of the model.
    fn notices(&self) -> Vec<String> {
        let mut notices = self.about.notices.clone();
        let broken = self.numbers.broken;
        if broken > 0 {
            notices.push(format!(
                "{broken} samples of the held-out passage are no numbers and count as silence."
            ));
        }
        let gain = self.numbers.gain_db.unwrap_or(0.0);
        if gain.abs() > GAIN_DB {
            let (db, side) =
                (words::fixed(gain.abs(), 1), if gain > 0.0 { "loud" } else { "quiet" });
            notices.push(format!("The model is {db} dB too {side}."));
        }
        let aliases = self.tones.iter().map(|t| t.alias_db).fold(f64::MIN, f64::max);
        if aliases > ALIASES_DB && self.any_rate {
            let db = words::fixed(aliases, 0);
            notices.push(format!(
                "Aliases of a loud sine reach {db} dB. The model plays at any rate, so a player \
                 that oversamples it makes them fewer."
            ));
        }
        notices
    }
}
