//! The reverb that plays.

use std::sync::Arc;

use cpu::denormal::FlushDenormals;

use super::ramp::{Ramp, grids};
use super::wait::Wait;
use super::{Model, Params};
use crate::plan::FRAMES;
use crate::run::Reverb;

/// What a sample may be, as in the network: beyond it something has gone wrong.
const LOUDEST: f32 = 1e8;

/// A running reverb with its macro-controls.
///
/// How a signal is cut into blocks changes no bit of the result; a change of the
/// controls holds from the next multiple of 64 frames on. It moves there over 20
/// milliseconds, but for the first one, before anything was heard.
pub struct Effect {
    model: Arc<Model>,
    reverb: Reverb,
    wait: Wait,
    params: Params,
    decay: Ramp,
    wet: Ramp,
    dry: Ramp,
    /// What the network hears: inputs × [`FRAMES`]; and what was given, as far as
    /// it is sound.
    heard: Vec<f32>,
    given: Vec<f32>,
    /// Whether nothing was heard yet.
    fresh: bool,
}

impl Effect {
    /// Allocates all it will need, at rest, its controls where the graph lets them
    /// begin.
    pub fn new(model: &Arc<Model>) -> Self {
        let plan = model.plan();
        let grids = grids(plan.sample_rate());
        let inputs = plan.inputs();
        let mut effect = Self {
            reverb: Reverb::new(plan),
            wait: Wait::new(inputs, model.longest_wait(), grids),
            params: model.start(),
            decay: Ramp::new(0.0, grids),
            wet: Ramp::new(1.0, grids),
            dry: Ramp::new(0.0, grids),
            heard: vec![0.0; inputs * FRAMES],
            given: vec![0.0; inputs * FRAMES],
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
        self.params = Params {
            rt60: if params.rt60.is_some_and(f64::is_nan) { self.params.rt60 } else { params.rt60 },
            mix: keep(params.mix, self.params.mix),
            pre_delay: keep(params.pre_delay, self.params.pre_delay),
        };
    }

    /// Forgets what was heard; its controls are where they were told to be at
    /// once. Real-time safe.
    pub fn reset(&mut self) {
        self.settle();
        self.fresh = true;
    }

    /// Puts all where the controls are.
    fn settle(&mut self) {
        let [wet, dry] = self.model.gains(self.params.mix);
        self.decay.snap(self.model.decay(self.params.rt60));
        self.wet.snap(wet);
        self.dry.snap(dry);
        self.wait.reset(self.model.wait(self.params.pre_delay));
        self.reverb.decay_to(self.decay.end());
        self.reverb.reset();
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
            let n = self.reverb.rest().min(frames - done);
            let frame = FRAMES - self.reverb.rest();
            if frame == 0 {
                self.advance();
            }
            self.hear(inputs, done, frame, n);
            let heard = &self.heard;
            self.reverb.piece(|i| heard.get(i * FRAMES..)?.get(..n), outputs, done, n);
            self.mix(outputs, done, frame, n);
            done += n;
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
        self.reverb.decay_to(self.decay.end());
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
        }
        self.wait.pass(n);
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
