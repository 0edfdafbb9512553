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
        let params = params(args, &model, path)?;
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

/// Where the controls are to be, as far as their ranges go.
fn params(args: &Render, model: &Model, path: &Path) -> Result<Params> {
    let start = model.start();
    let rt60 = args.rt60.or(start.rt60);
    // It takes a while, so only for those who want it.
    if rt60.is_some() {
        model.calibrate();
    }
    let ranges = model.ranges();
    let tell = |what: String| crate::tell(&format!("{}: {what}", path.display()));
    let within = |what: &str, unit: &str, asked: f64, range: Range| {
        let found = asked.clamp(range.min, range.max);
        // The ends of a range are measured, and no one hears a thousandth.
        if (found - asked).abs() > 1e-3 * asked {
            let Range { min, max, .. } = range;
            tell(format!(
                "{what}: expected {min:.4} to {max:.4}{unit}, found {asked}; it is {found:.4}{unit}"
            ));
        }
        found
    };
    let rt60 = match (rt60, ranges.rt60) {
        (Some(asked), Some(range)) => Some(within("rt60", " s", asked, range)),
        (Some(asked), None) => {
            tell(format!(
                "rt60: expected a network whose time can be set, found one as trained; {asked} s is left out"
            ));
            None
        }
        (None, _) => None,
    };
    let mix = match (args.mix, ranges.dry_wet) {
        (Some(asked), None) if asked < 1.0 => {
            let (inputs, outputs) = (model.plan().inputs(), model.plan().outputs());
            bail!(
                "{}: expected a mix of 1, for {inputs} channels become {outputs}; found {asked}",
                path.display()
            );
        }
        (asked, Some(range)) => within("mix", "", asked.unwrap_or(start.mix), range),
        // Where inputs belong to no outputs, what the graph asks for has no meaning.
        (_, None) => {
            if start.mix < 1.0 {
                tell(format!(
                    "dry_wet: expected inputs that belong to outputs, found others; {} is left out",
                    start.mix
                ));
            }
            1.0
        }
    };
    let pre_delay = args.pre_delay.unwrap_or(start.pre_delay);
    let pre_delay =
        ranges.pre_delay.map_or(pre_delay, |r| within("pre-delay", " ms", pre_delay, r));
    Ok(Params { rt60, mix, pre_delay })
}

impl Render {
    /// What the controls mean.
    pub(super) fn law(&self) -> Law {
        if self.adac { Law::Adac } else { Law::Calibrated }
    }
}
