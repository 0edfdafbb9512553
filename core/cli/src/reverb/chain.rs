//! What a file goes through: a reverb, its controls where they were asked to be.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use fdn::{Effect, Graph, Law, Model, Params, Range};

use super::Render;

/// A reverb for a file, or one for each of its channels.
pub(super) struct Chain {
    effects: Vec<Effect>,
    /// Of the file.
    channels: usize,
    /// Where all controls are, within their ranges.
    params: Params,
}

impl Chain {
    /// Makes `graph`, of the file `path` and at the rate of the sound, ready for
    /// `channels`; what the options leave out is as the graph asks. Says on standard
    /// error what cannot be as it was asked.
    pub(super) fn new(args: &Render, path: &Path, graph: &Graph, channels: usize) -> Result<Self> {
        let named = || path.display().to_string();
        let model = Arc::new(Model::new(graph, args.law()).with_context(named)?);
        let (inputs, outputs) = (model.plan().inputs(), model.plan().outputs());
        // What hears and gives one channel hears each by itself.
        let count = if (inputs, outputs) == (1, 1) { channels } else { 1 };
        if count * inputs != channels && channels != 1 {
            bail!("{}: expected 1 or {inputs} channels, found {channels}", named());
        }
        let params = params(args, &model, graph, path)?;
        let effects = (0..count).map(|_| {
            let mut effect = Effect::new(&model);
            effect.set(&params);
            effect
        });
        Ok(Self { effects: effects.collect(), channels, params })
    }

    pub(super) fn outputs(&self) -> usize {
        self.effects.iter().map(|e| e.model().plan().outputs()).sum()
    }

    /// Where its controls are.
    pub(super) fn params(&self) -> &Params {
        &self.params
    }

    /// A block, of as many frames as it is given.
    pub(super) fn process(&mut self, dry: &[Vec<f32>]) -> Vec<Vec<f32>> {
        let frames = dry.first().map_or(0, Vec::len);
        let mut heard = vec![vec![0.0; frames]; self.outputs()];
        let mut rest = heard.as_mut_slice();
        for (i, effect) in self.effects.iter_mut().enumerate() {
            let (inputs, outputs) =
                (effect.model().plan().inputs(), effect.model().plan().outputs());
            let (own, others) = rest.split_at_mut(outputs);
            rest = others;
            // A channel is heard by every input, or several by one each.
            let given = (0..inputs).map(|k| (i + k).min(self.channels - 1));
            let given: Vec<&[f32]> = given.map(|c| dry[c].as_slice()).collect();
            let mut own: Vec<&mut [f32]> = own.iter_mut().map(Vec::as_mut_slice).collect();
            effect.process(&given, &mut own);
        }
        heard
    }
}

/// Where the controls are to be, as far as their ranges go. `graph` is what `model` is
/// made of.
fn params(args: &Render, model: &Model, graph: &Graph, path: &Path) -> Result<Params> {
    let asked = graph.controls;
    let rt60 = args.rt60.or(asked.rt60.map(|r| r.init));
    // It takes a while, so only for those who want it.
    if rt60.is_some() {
        model.calibrate();
    }
    let ranges = model.ranges();
    let rt60 = match (rt60, ranges.rt60) {
        (Some(seconds), Some(range)) => Some(within(path, "rt60", " s", seconds, range)),
        (Some(seconds), None) => {
            let expected = "a network whose time can be set";
            left_out(path, "rt60", expected, &format!("{seconds} s for another"));
            None
        }
        (None, _) => None,
    };
    let mix = mix(args, model, path)?;
    let wait = args.pre_delay.or(asked.pre_delay.map(|r| r.init)).unwrap_or(0.0);
    let limited = |range| within(path, "pre-delay", " ms", wait, range);
    let pre_delay = ranges.pre_delay.map_or(wait, limited);
    Ok(Params { rt60, mix, pre_delay, ..Params::default() })
}

/// The mix, if inputs belong to outputs. Where they do not, what is heard is wet.
fn mix(args: &Render, model: &Model, path: &Path) -> Result<f64> {
    let start = model.start().mix;
    let asked = args.mix.unwrap_or(start);
    if let Some(range) = model.ranges().dry_wet {
        return Ok(within(path, "mix", "", asked, range));
    }
    if asked < 1.0 {
        let (inputs, outputs) = (model.plan().inputs(), model.plan().outputs());
        let expected = format!("a mix of 1, for {inputs} channels become {outputs}");
        if args.mix.is_some() {
            bail!("{}: expected {expected}; found {asked}", path.display());
        }
        left_out(path, "mix", &expected, &asked.to_string());
    }
    Ok(1.0)
}

/// `asked`, or what of it is within `range`, which is then said.
fn within(path: &Path, what: &str, unit: &str, asked: f64, range: Range) -> f64 {
    let Range { min, max, .. } = range;
    let found = asked.clamp(min, max);
    // The ends of a range may be measured, and no one hears a thousandth.
    if (found - asked).abs() > 1e-3 * asked {
        let (path, [min, max]) = (path.display(), [min, max].map(|x| (x * 1e4).round() / 1e4));
        let expected = format!("{min} to {max}{unit}");
        crate::tell(&format!(
            "{path}: {what}: expected {expected}, found {asked}, which is limited"
        ));
    }
    found
}

/// Says that what a graph or the user asks for is not done.
fn left_out(path: &Path, what: &str, expected: &str, found: &str) {
    let path = path.display();
    crate::tell(&format!("{path}: {what}: expected {expected}, found {found}, which is left out"));
}

impl Render {
    /// What the controls mean.
    pub(super) fn law(&self) -> Law {
        if self.adac { Law::Adac } else { Law::Calibrated }
    }
}
