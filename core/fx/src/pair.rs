//! The engines of the left and the right channel of one model.

use nn::Engine;

use crate::swap::Voice;

/// Two engines that change in one sample.
pub struct Pair([Box<dyn Engine>; 2]);

impl Pair {
    /// Two engines of one model, or of two.
    pub fn new(left: Box<dyn Engine>, right: Box<dyn Engine>) -> Self {
        Self([left, right])
    }

    /// Two engines of `model`, sharing its weights.
    pub fn of(model: &nn::Model) -> Self {
        Self([model.engine(), model.engine()])
    }
}

/// What the player may change about a model while it plays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// See [`nn::Engine::set_quality`].
    pub quality: f32,
}

impl Voice for Pair {
    type Settings = Settings;

    fn run(&mut self, channels: &mut [&mut [f32]], settings: &Settings) {
        for (engine, io) in self.0.iter_mut().zip(channels) {
            engine.set_quality(settings.quality);
            engine.process(io);
            // Where a network leaves the finite numbers there is silence; it is not
            // reset, for its memory is finite or bounded and a reset may be costly.
            io.iter_mut().filter(|x| !x.is_finite()).for_each(|x| *x = 0.0);
        }
    }

    fn reset(&mut self) {
        self.0.iter_mut().for_each(|e| e.reset());
    }

    fn warm_up(&self) -> usize {
        self.0.iter().map(|e| e.receptive_field()).max().unwrap_or(0)
    }
}
