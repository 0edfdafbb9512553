//! The reverb that plays.

use std::sync::Arc;

use cpu::Isa;
use cpu::denormal::FlushDenormals;

use super::ramp::{Ramp, grids};
use super::wait::Wait;
use super::{Bands, Model, Modulation, Params};
use crate::plan::FRAMES;
use crate::run::{Reverb, Shelving, Turning};

/// What a sample may be, as in the network: beyond it something has gone wrong.
const LOUDEST: f32 = 1e8;

/// A running reverb with its controls.
///
/// How a signal is cut into blocks changes no bit of the result; a change of the
/// controls holds from the next multiple of 64 frames on. It moves there over 20
/// milliseconds, but for the first one, before anything was heard.
pub struct Effect {
    model: Arc<Model>,
    reverb: Reverb,
    /// What holds the sound, and how much of it is heard.
    closed: Option<Reverb>,
    held: Ramp,
    /// How much of the input is heard.
    fed: Ramp,
    wait: Wait,
    params: Params,
    decay: Ramp,
    /// What shelves lose, low and high, and where they are; how far lines are turned.
    shelving: [Ramp; 4],
    depth: Ramp,
    wet: Ramp,
    dry: Ramp,
    /// What the network hears: inputs × [`FRAMES`]; what was given, as far as it is
    /// sound; and what is held, outputs × [`FRAMES`].
    heard: Vec<f32>,
    given: Vec<f32>,
    holding: Vec<f32>,
    /// Whether nothing was heard yet.
    fresh: bool,
}

impl Effect {
    /// Allocates all it will need, at rest, its controls where the graph lets them
    /// begin.
    pub fn new(model: &Arc<Model>) -> Self {
        Self::new_on(model, Isa::best())
    }

    /// The same on an instruction set of choice; the best, if this machine lacks it.
    pub fn new_on(model: &Arc<Model>, isa: Isa) -> Self {
        let plan = model.plan();
        let grids = grids(plan.sample_rate());
        let (inputs, outputs) = (plan.inputs(), plan.outputs());
        let still = Ramp::new(0.0, grids);
        let mut effect = Self {
            reverb: Reverb::new_on(plan, isa),
            closed: model.closed.as_ref().map(|plan| Reverb::new_on(plan, isa)),
            held: still,
            fed: Ramp::new(1.0, grids),
            wait: Wait::new(inputs, model.longest_wait(), grids),
            params: model.start(),
            decay: still,
            shelving: [still; 4],
            depth: still,
            wet: Ramp::new(1.0, grids),
            dry: still,
            heard: vec![0.0; inputs * FRAMES],
            given: vec![0.0; inputs * FRAMES],
            holding: vec![0.0; outputs * FRAMES],
            fresh: true,
            model: model.clone(),
        };
        effect.reset();
        effect
    }

    /// What it runs.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// Where its controls are, or are on their way to.
    pub fn params(&self) -> Params {
        self.params
    }

    /// Moves its controls, within their ranges; what is not a number changes
    /// nothing. Real-time safe.
    pub fn set(&mut self, params: &Params) {
        let keep = |new: f64, old: f64| if new.is_nan() { old } else { new };
        let old = self.params;
        let [a, b] = [0, 1].map(|i| keep(params.bands.crossovers[i], old.bands.crossovers[i]));
        self.params = Params {
            rt60: if params.rt60.is_some_and(f64::is_nan) { old.rt60 } else { params.rt60 },
            mix: keep(params.mix, old.mix),
            pre_delay: keep(params.pre_delay, old.pre_delay),
            bands: Bands {
                low: keep(params.bands.low, old.bands.low),
                high: keep(params.bands.high, old.bands.high),
                crossovers: [a, b],
            },
            modulation: Modulation {
                depth: keep(params.modulation.depth, old.modulation.depth),
                rate: keep(params.modulation.rate, old.modulation.rate),
            },
            freeze: params.freeze && self.closed.is_some(),
        };
    }

    /// Forgets what was heard; its controls are where they were told to be at
    /// once. Real-time safe.
    pub fn reset(&mut self) {
        self.settle();
        self.fresh = true;
    }

    /// Goes on with what rings in `other`, whose lines have the same names, and from
    /// where its controls are. Returns whether it has all lines of `other` and no more.
    /// Real-time safe.
    pub fn adopt(&mut self, other: &Self) -> bool {
        self.settle();
        let mut same = self.reverb.adopt(&other.reverb);
        if let (Some(closed), Some(others)) = (&mut self.closed, &other.closed)
            && other.held.end() > 0.0
        {
            same &= closed.adopt(others);
            self.held = other.held;
        }
        let freezes = self.closed.is_some();
        self.params = Params { freeze: other.params.freeze && freezes, ..other.params };
        if freezes {
            self.fed = other.fed;
        }
        (self.decay, self.shelving, self.depth) = (other.decay, other.shelving, other.depth);
        (self.wet, self.dry) = (other.wet, other.dry);
        self.wait.adopt(&other.wait);
        self.fresh = other.fresh;
        same
    }

    /// Puts all where the controls are.
    fn settle(&mut self) {
        let [wet, dry] = self.model.gains(self.params.mix);
        self.decay.snap(self.model.decay(self.params.rt60));
        let targets = self.targets();
        self.shelving.iter_mut().zip(targets).for_each(|(ramp, to)| ramp.snap(to));
        self.depth.snap(self.model.turning(&self.params.modulation).depth);
        self.wet.snap(wet);
        self.dry.snap(dry);
        // Held is only what rang before.
        self.held.snap(0.0);
        self.fed.snap(if self.params.freeze { 0.0 } else { 1.0 });
        self.wait.reset(self.model.wait(self.params.pre_delay));
        self.aim();
        self.reverb.reset();
        if let Some(closed) = &mut self.closed {
            closed.reset();
        }
    }

    /// Where shelves should be.
    fn targets(&self) -> [f64; 4] {
        let Shelving { low, high, at: [a, b] } =
            self.model.shelving(&self.params, self.decay.end());
        [low, high, a, b]
    }

    /// Tells the network where its controls are as the grid ends.
    fn aim(&mut self) {
        let [low, high, a, b] = self.shelving.map(|ramp| ramp.end());
        let depth = self.depth.end();
        let turning = Turning { depth, ..self.model.turning(&self.params.modulation) };
        self.reverb.decay_to(self.decay.end());
        self.reverb.shelve_to(&Shelving { low, high, at: [a, b] });
        self.reverb.turn_to(&turning);
        if let Some(closed) = &mut self.closed {
            closed.turn_to(&turning);
        }
    }

    /// Runs all inputs, one slice a channel, into all outputs. Frames beyond
    /// the shortest slice are left alone; a missing input is silence.
    ///
    /// Input that is not a number, or beyond ±10⁸, is taken as silence. Real-time
    /// safe.
    pub fn process(&mut self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let _normal = FlushDenormals::enter();
        let lengths = inputs.iter().map(|x| x.len()).chain(outputs.iter().map(|y| y.len()));
        let frames = lengths.min().unwrap_or(0);
        let mut done = 0;
        while done < frames {
            let rest = self.rest();
            let (n, frame) = (rest.min(frames - done), FRAMES - rest);
            if frame == 0 {
                self.advance();
            }
            self.hear(inputs, done, frame, n);
            self.ring(outputs, done, frame, n);
            self.mix(outputs, done, frame, n);
            done += n;
        }
    }

    /// Frames to the end of the grid.
    fn rest(&self) -> usize {
        match &self.closed {
            Some(closed) if self.held.settled() == Some(1.0) => closed.rest(),
            _ => self.reverb.rest(),
        }
    }

    /// Begins a grid.
    fn advance(&mut self) {
        if self.fresh {
            self.settle();
            self.fresh = false;
            return;
        }
        let [wet, dry] = self.model.gains(self.params.mix);
        self.wet.advance(wet);
        self.dry.advance(dry);
        self.wait.advance(self.model.wait(self.params.pre_delay));
        self.decay.advance(self.model.decay(self.params.rt60));
        let targets = self.targets();
        self.shelving.iter_mut().zip(targets).for_each(|(ramp, to)| ramp.advance(to));
        self.depth.advance(self.model.turning(&self.params.modulation).depth);
        self.hold();
        self.aim();
    }

    /// Hands what rings over to what holds it, or back, and fades there; one fade ends
    /// before another begins. The input fades out before and in after, or it would be
    /// held with an edge.
    fn hold(&mut self) {
        let Some(closed) = &mut self.closed else { return };
        let freeze = self.params.freeze;
        let mut to = self.held.target();
        if self.held.settled().is_none() {
            // What was just played of the fade.
            let held = self.held;
            if to == 1.0 {
                closed.lean(&self.reverb, |frame| held.at(frame));
            } else {
                self.reverb.lean(closed, |frame| 1.0 - held.at(frame));
            }
        }
        if freeze && self.held.end() == 0.0 && self.fed.end() == 0.0 {
            closed.adopt(&self.reverb);
            to = 1.0;
        } else if !freeze && self.held.end() == 1.0 {
            self.reverb.adopt(closed);
            to = 0.0;
        }
        self.held.advance(to);
        self.fed.advance(if freeze || to == 1.0 { 0.0 } else { 1.0 });
    }

    /// Hears `n` frames of the inputs, which are frames `frame` and on of the grid.
    fn hear(&mut self, inputs: &[&[f32]], from: usize, frame: usize, n: usize) {
        let rows = self.heard.chunks_exact_mut(FRAMES).zip(self.given.chunks_exact_mut(FRAMES));
        for (i, (heard, given)) in rows.enumerate() {
            match inputs.get(i) {
                Some(x) => {
                    for (y, x) in given.iter_mut().zip(&x[from..from + n]) {
                        *y = if x.abs() <= LOUDEST { *x } else { 0.0 };
                    }
                }
                None => given[..n].fill(0.0),
            }
            self.wait.hear(i, frame, &given[..n], &mut heard[..n]);
            if self.fed.settled() != Some(1.0) {
                let heard = heard[..n].iter_mut().enumerate();
                heard.for_each(|(k, x)| *x *= self.fed.at(frame + k));
            }
        }
        self.wait.pass(n);
    }

    /// Reverberates `n` frames into those of the outputs from `from` on.
    fn ring(&mut self, outputs: &mut [&mut [f32]], from: usize, frame: usize, n: usize) {
        let all = self.held.settled() == Some(1.0);
        if !all {
            let heard = &self.heard;
            let heard = |i: usize| heard.get(i * FRAMES..)?.get(..n);
            let pieces = outputs.iter_mut().map(|y| &mut y[from..from + n]);
            if !self.reverb.piece(heard, pieces, n) {
                outputs.iter_mut().for_each(|y| y[from..from + n].fill(0.0));
            }
        }
        if self.held.settled() == Some(0.0) {
            return;
        }
        let Some(closed) = &mut self.closed else { return };
        let pieces = self.holding.chunks_exact_mut(FRAMES).map(|y| &mut y[..n]);
        if !closed.piece(|_| None, pieces, n) {
            self.holding.fill(0.0);
        }
        for (y, held) in outputs.iter_mut().zip(self.holding.chunks_exact(FRAMES)) {
            let y = &mut y[from..from + n];
            if all {
                y.copy_from_slice(&held[..n]);
                continue;
            }
            for (i, (y, held)) in y.iter_mut().zip(held).enumerate() {
                *y = (held - *y).mul_add(self.held.at(frame + i), *y);
            }
        }
    }

    /// Mixes what was given into `n` frames of the outputs.
    fn mix(&mut self, outputs: &mut [&mut [f32]], from: usize, frame: usize, n: usize) {
        if self.wet.settled() == Some(1.0) && self.dry.settled() == Some(0.0) {
            return;
        }
        let alone = self.model.plan().inputs() == 1;
        for (o, y) in outputs.iter_mut().take(self.model.plan().outputs()).enumerate() {
            let dry = &self.given[if alone { 0 } else { o * FRAMES }..];
            for (i, (y, x)) in y[from..from + n].iter_mut().zip(dry).enumerate() {
                let (wet, dry) = (self.wet.at(frame + i), self.dry.at(frame + i));
                *y = wet.mul_add(*y, dry * x);
            }
        }
    }
}
