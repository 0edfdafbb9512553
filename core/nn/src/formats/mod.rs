//! The files small networks come in, one module each, and how a file is
//! recognised.

mod drive;
mod guitarml;
mod keras;
mod parts;
mod pytorch;

use std::collections::BTreeMap;

use cpu::Isa;
use serde_json::value::RawValue;

use crate::small::{Small, Spec};
use crate::{Error, Metadata};

/// The entries of a file, not yet read.
pub(crate) type Entries<'a> = BTreeMap<String, &'a RawValue>;

/// A small network with what its file says beside it.
pub(crate) struct Loaded {
    pub(crate) format: &'static str,
    pub(crate) net: Small,
    pub(crate) sample_rate: Option<f64>,
    pub(crate) metadata: Metadata,
    /// Where the file contradicts itself, though it plays.
    pub(crate) notices: Vec<String>,
}

/// Samples of a self-test that are run, and how near they must be.
const TESTED: usize = 2048;
const NEAR: f32 = 1e-5;

/// Reads a small network by the keys its format is known by. `None` if they are
/// those of a `.nam` file.
///
/// # Errors
/// What was expected and found, also where the keys are of no format.
pub(crate) fn load(entries: &Entries<'_>) -> Result<Option<Loaded>, Error> {
    let has = |key: &str| entries.contains_key(key);
    if has("architecture") || has("version") && has("weights") {
        return Ok(None);
    }
    if has("format") {
        return drive::load(entries).map(Some);
    }
    if has("model_data") {
        return guitarml::load(entries).map(Some);
    }
    if has("in_shape") || has("layers") && !has("state_dict") {
        return keras::load(entries).map(Some);
    }
    if has("state_dict") || entries.keys().any(|key| key.contains(".weight")) {
        return pytorch::load(entries).map(Some);
    }
    let found: Vec<&str> = entries.keys().take(4).map(String::as_str).collect();
    let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
    let expected = "a model: .nam, Kiln Drive, RTNeural, AIDA-X, GuitarML or PyTorch state_dict";
    Err(Error::unsupported("the file", expected, format!("an object of the keys {found}")))
}

impl Loaded {
    fn new(format: &'static str, spec: Spec) -> Result<Self, Error> {
        let net = Small::new(spec)?;
        Ok(Self {
            format,
            net,
            sample_rate: None,
            metadata: Metadata::default(),
            notices: Vec::new(),
        })
    }

    /// How far the network, begun with zeros, is from what its own file says
    /// that it answers; `None` if near enough. An error too large to tell is
    /// infinite.
    fn misses(&self, knobs: &[f32], input: &[f32], output: &[f32]) -> Option<f32> {
        let mut io = input[..input.len().min(TESTED)].to_vec();
        self.net.unsettled(Isa::best(), knobs, &mut io);
        let peak = output.iter().fold(1.0_f32, |peak, y| peak.max(y.abs()));
        let far = |(a, b): (&f32, &f32)| {
            let far = (a - b).abs();
            if far.is_finite() { far } else { f32::INFINITY }
        };
        let worst = io.iter().zip(output).map(far).fold(0.0, f32::max);
        (worst > NEAR * peak).then_some(worst)
    }
}

/// Refuses a rate no sound has.
fn rate(at: &str, rate: f64) -> Result<f64, Error> {
    if (1000.0..=1_000_000.0).contains(&rate) {
        return Ok(rate);
    }
    Err(Error::invalid(at, "1000 to 1000000 Hz", rate))
}

/// A gain in dB as a factor.
fn gain(at: &str, db: f64) -> Result<f32, Error> {
    if (-120.0..=120.0).contains(&db) {
        return Ok(10f64.powf(db / 20.0) as f32);
    }
    Err(Error::invalid(at, "-120 to 120 dB", db))
}
