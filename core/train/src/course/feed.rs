//! Networks without feedback in a course: which passages they hear, in which order.

use std::sync::Mutex;

use serde_json::Value;
use serde_json::value::RawValue;

use nn::program::Program;

use super::{Class, Lessons, Net, Settings, chain};
use crate::Error;
use crate::export::nam;
use crate::loss::Loss;
use crate::tape::{Batch, Network};

/// Something that learns by gradients, epoch by epoch.
pub(super) trait Student {
    /// Weights to begin with.
    fn begin(&self, seed: u64) -> Vec<f32>;

    /// Steps of an epoch.
    fn steps(&self) -> usize;

    /// Begins epoch `epoch`, whose order depends on both numbers alone.
    fn epoch(&mut self, seed: u64, epoch: u64);

    /// The loss of step `step` of the epoch, and its derivatives by the weights.
    fn step(&mut self, step: usize, weights: &[f32], gradient: &mut [f32]) -> f64;

    /// Puts back what is no weight but a constant among them, and so is not to be taught.
    fn hold(&self, weights: &mut [f32]) {
        let _all_are_taught = weights;
    }

    /// The network by these weights.
    fn net(&self, weights: &[f32]) -> Net;
}

/// A network without feedback and what it is to hear.
pub(super) struct Feed<'a> {
    lessons: &'a Lessons,
    network: Network,
    kind: Kind,
    batch: Batch,
    sequences: usize,
    length: usize,
    /// Pair and first sample that counts of every passage.
    passages: Vec<(usize, usize)>,
    losses: Mutex<Vec<Loss>>,
    /// A row of each knob for each pair.
    knobs: Vec<Vec<Vec<f32>>>,
}

enum Kind {
    WaveNet(Value),
    Taps { hidden: usize, taps: usize, inputs: usize },
}

impl<'a> Feed<'a> {
    pub(super) fn new(lessons: &'a Lessons, settings: &Settings) -> Result<Self, Error> {
        let inputs = 1 + lessons.knobs.len();
        let (kind, network) = match &settings.class {
            Class::Taps { hidden, taps } => {
                let (hidden, taps) = (*hidden, *taps);
                let network = chain::network(hidden, taps, inputs)?;
                (Kind::Taps { hidden, taps, inputs }, network)
            }
            Class::WaveNet(size) => {
                if inputs > 1 {
                    let expected = "a pedal, taps, lstm or gru for gear with knobs";
                    return Err(Error::setting("class", expected, size));
                }
                let config = nam::config(size)?;
                let network = wavenet(&config)?;
                (Kind::WaveNet(config), network)
            }
            other => return Err(Error::setting("class", "taps or a WaveNet", other)),
        };
        let (length, sequences) = (settings.length, settings.batch);
        if length == 0 || sequences == 0 {
            return Err(Error::setting("batch", "at least one sequence of a sample", "less"));
        }
        let before = network.receptive_field() - 1;
        let passages = passages(lessons, before, length);
        enough(passages.len(), sequences, length)?;
        let loss = || Loss::new(&settings.loss, lessons.rate(), length);
        let threads = settings.threads.clamp(1, sequences);
        let losses = (0..threads).map(|_| loss()).collect::<Result<_, _>>()?;
        let batch = Batch::new(&network, length, threads);
        let constant = |knobs: &Vec<f32>| {
            knobs.iter().map(|knob| vec![*knob; batch.frames()]).collect::<Vec<_>>()
        };
        let knobs = lessons.pairs.iter().map(|(_, knobs)| constant(knobs)).collect();
        let losses = Mutex::new(losses);
        Ok(Self { lessons, network, kind, batch, sequences, length, passages, losses, knobs })
    }
}

/// Refuses recordings that do not fill a batch, before anything is laid out for one.
pub(super) fn enough(found: usize, batch: usize, length: usize) -> Result<(), Error> {
    if found >= batch {
        return Ok(());
    }
    Err(Error::Recording {
        what: "recordings".to_owned(),
        expected: format!("{batch} passages of {length} samples to learn from"),
        found: found.to_string(),
        advice: "record more, or take a smaller batch or length".to_owned(),
    })
}

/// The network of a configuration whose head's scale stays as it is.
fn wavenet(config: &Value) -> Result<Network, Error> {
    let raw = RawValue::from_string(config.to_string()).map_err(nn::Error::from)?;
    let count = nam::init(config, 0)?.len();
    let scale = head_scale(config);
    Network::new(count, &[(count - 1, scale)], |weights| Program::wavenet(&raw, weights))
}

/// The factor after the head, which files have as their last weight.
fn head_scale(config: &Value) -> f32 {
    config["head_scale"].as_f64().unwrap_or(1.0) as f32
}

/// Cuts what may be learnt into passages of `length` samples, each with `before` more.
fn passages(lessons: &Lessons, before: usize, length: usize) -> Vec<(usize, usize)> {
    let mut passages = Vec::new();
    for (i, (pair, _)) in lessons.pairs.iter().enumerate() {
        for range in &pair.train {
            let starts = (range.start + before..range.end).step_by(length);
            let whole = starts.filter(|start| range.end - start >= length);
            passages.extend(whole.map(|start| (i, start)));
        }
    }
    passages
}

impl Student for Feed<'_> {
    fn begin(&self, seed: u64) -> Vec<f32> {
        match &self.kind {
            // The configuration was read before.
            Kind::WaveNet(config) => nam::init(config, seed).unwrap_or_default(),
            Kind::Taps { hidden, taps, inputs } => chain::init(*hidden, *taps, *inputs, seed),
        }
    }

    fn steps(&self) -> usize {
        self.passages.len() / self.sequences
    }

    fn epoch(&mut self, seed: u64, epoch: u64) {
        self.passages.sort_unstable();
        let mut random = fastrand::Rng::with_seed(seed ^ epoch.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        random.shuffle(&mut self.passages);
    }

    fn step(&mut self, step: usize, weights: &[f32], gradient: &mut [f32]) -> f64 {
        self.network.set(weights);
        let Self { lessons, network, batch, sequences, length, passages, losses, knobs, .. } = self;
        // Shared from here on.
        let losses = &*losses;
        let passages = &passages[step * *sequences..][..*sequences];
        let before = network.receptive_field() - 1;
        let input = |i: usize| {
            let (pair, start) = passages[i];
            let sound = &lessons.pairs[pair].0.dry[start - before..start + *length];
            let knobs = knobs[pair].iter().map(Vec::as_slice);
            std::iter::once(sound).chain(knobs).collect()
        };
        let loss = |i: usize, answer: &[f32], errors: &mut [f32]| {
            let (pair, start) = passages[i];
            let target = &lessons.pairs[pair].0.wet[start..start + *length];
            let take = || losses.lock().ok()?.pop();
            let Some(mut loss) = take() else { return f64::NAN };
            let value = loss.evaluate(answer, target, errors);
            if let Ok(mut losses) = losses.lock() {
                losses.push(loss);
            }
            value
        };
        batch.step(network, passages.len(), input, loss, gradient)
    }

    fn hold(&self, weights: &mut [f32]) {
        if let (Kind::WaveNet(config), Some(last)) = (&self.kind, weights.last_mut()) {
            *last = head_scale(config);
        }
    }

    fn net(&self, weights: &[f32]) -> Net {
        match &self.kind {
            Kind::WaveNet(config) => {
                Net::WaveNet { config: config.clone(), weights: weights.to_vec() }
            }
            Kind::Taps { hidden, taps, inputs } => {
                Net::Chain(chain::layers(*hidden, *taps, *inputs, weights))
            }
        }
    }
}
