//! Steps by gradients: Adam, its schedules of rates, and its state as a file.

pub(crate) mod exact;
mod schedule;

use serde::{Deserialize, Serialize};

use crate::Error;
use schedule::Progress;

pub use schedule::Schedule;

/// How weights are kept small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Decay {
    /// They are not.
    #[default]
    None,
    /// This many times the weights is added to the gradient: L2 regularisation, the
    /// `weight_decay` of `torch.optim.Adam`.
    Gradient(f64),
    /// Weights shrink by rate times this each step, apart from the gradient: AdamW,
    /// Loshchilov and Hutter 2019, "Decoupled weight decay regularization".
    Weights(f64),
}

/// Settings of Adam: Kingma and Ba 2015, "Adam: a method for stochastic optimization".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Step size at its highest, in units of weight.
    pub rate: f64,
    /// How much of the mean gradient and of the mean squared gradient is kept each step.
    pub betas: [f64; 2],
    /// Added to the root of the mean square it is divided by.
    pub epsilon: f64,
    /// How weights are kept small.
    pub decay: Decay,
    /// The longest gradient, by its Euclidean norm; longer ones are scaled to it.
    pub clip: Option<f64>,
    /// Steps in which the rate rises in a line from near 0 to what the schedule says.
    pub warm_up: u64,
    /// How the rate changes.
    pub schedule: Schedule,
}

impl Default for Options {
    /// PyTorch's defaults for Adam, at a constant rate.
    fn default() -> Self {
        Self {
            rate: 1e-3,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            decay: Decay::None,
            clip: None,
            warm_up: 0,
            schedule: Schedule::Constant,
        }
    }
}

impl Options {
    /// The default of the official NAM trainer, version 0.13: Adam of rate 0.004 and
    /// weight decay 3.17e−7, whose rate falls by a factor of 0.994 each epoch.
    pub fn nam() -> Self {
        Self {
            rate: 0.004,
            decay: Decay::Gradient(3.17e-7),
            schedule: Schedule::Exponential { gamma: 0.994 },
            ..Self::default()
        }
    }

    fn check(&self) -> Result<(), Error> {
        let positive = |what: &str, x: f64| {
            let right = x > 0.0 && x.is_finite();
            if right { Ok(()) } else { Err(Error::setting(what, "a number above 0", x)) }
        };
        positive("optimiser rate", self.rate)?;
        positive("optimiser epsilon", self.epsilon)?;
        if let Some(clip) = self.clip {
            positive("optimiser clip", clip)?;
        }
        if let Some(beta) = self.betas.iter().find(|b| !(0.0..1.0).contains(*b)) {
            return Err(Error::setting("optimiser betas", "0 up to but not 1", beta));
        }
        if let Decay::Gradient(decay) | Decay::Weights(decay) = self.decay
            && !(decay >= 0.0 && decay.is_finite())
        {
            return Err(Error::setting("optimiser decay", "a number from 0 up", decay));
        }
        self.schedule.check()
    }
}

/// Adam with its state. Serialised and read back it goes on bit by bit as if it had not
/// been interrupted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Optimiser {
    options: Options,
    progress: Progress,
    /// Mean gradient of each weight.
    #[serde(with = "exact")]
    mean: Vec<f32>,
    /// Mean squared gradient of each weight.
    #[serde(with = "exact")]
    square: Vec<f32>,
}

impl Optimiser {
    /// For so many weights.
    ///
    /// # Errors
    /// For settings that make no sense.
    pub fn new(options: &Options, weights: usize) -> Result<Self, Error> {
        options.check()?;
        let zeros = || vec![0.0; weights];
        let (mean, square) = (zeros(), zeros());
        Ok(Self { options: options.clone(), progress: Progress::default(), mean, square })
    }

    /// The settings it was made with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The rate of the next step.
    pub fn rate(&self) -> f64 {
        let warm = match self.options.warm_up {
            0 => 1.0,
            steps => ((self.progress.steps + 1) as f64 / steps as f64).min(1.0),
        };
        warm * self.options.rate * self.options.schedule.factor(&self.progress, self.options.rate)
    }

    /// Weights it has a state for.
    pub fn weights(&self) -> usize {
        self.mean.len()
    }

    /// Steps taken.
    pub fn steps(&self) -> u64 {
        self.progress.steps
    }

    /// Epochs ended.
    pub fn epochs(&self) -> u64 {
        self.progress.epochs
    }

    /// Says that an epoch is over, and how large the loss on held-out sound was then.
    pub fn end_epoch(&mut self, validation: f64) {
        self.options.schedule.end_epoch(&mut self.progress, validation, self.options.rate);
    }

    /// Moves `weights` against `gradient`; returns the norm of that before it was clipped.
    /// A gradient that is not finite, or a slice of another length than the state, changes
    /// nothing and returns a norm that is not finite either.
    pub fn step(&mut self, weights: &mut [f32], gradient: &[f32]) -> f64 {
        if [weights.len(), gradient.len()] != [self.mean.len(); 2] {
            return f64::NAN;
        }
        let norm = gradient.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
        if !norm.is_finite() {
            return norm;
        }
        let scale = match self.options.clip {
            // The 1e-6 is PyTorch's, against division by zero.
            Some(clip) => (clip / (norm + 1e-6)).min(1.0),
            None => 1.0,
        };
        let rate = self.rate();
        self.progress.steps += 1;
        self.update(weights, gradient, rate, scale as f32);
        norm
    }

    /// One step in the order of operations of `torch.optim.Adam`, in `f32` as there.
    fn update(&mut self, weights: &mut [f32], gradient: &[f32], rate: f64, scale: f32) {
        let [beta1, beta2] = self.options.betas;
        // Beyond 2³¹ steps both corrections have long been 1.
        let steps = i32::try_from(self.progress.steps).unwrap_or(i32::MAX);
        let [unbias1, unbias2] = [beta1, beta2].map(|beta| 1.0 - beta.powi(steps));
        let (step, root) = ((rate / unbias1) as f32, unbias2.sqrt() as f32);
        let (shrink, pull) = match self.options.decay {
            Decay::None => (1.0, 0.0),
            Decay::Gradient(decay) => (1.0, decay as f32),
            Decay::Weights(decay) => ((1.0 - rate * decay) as f32, 0.0),
        };
        let epsilon = self.options.epsilon as f32;
        let (new1, keep2, new2) = ((1.0 - beta1) as f32, beta2 as f32, (1.0 - beta2) as f32);
        let state = self.mean.iter_mut().zip(&mut self.square);
        for ((w, g), (mean, square)) in weights.iter_mut().zip(gradient).zip(state) {
            let g = g * scale + pull * *w;
            *w *= shrink;
            *mean += new1 * (g - *mean);
            *square = keep2 * *square + new2 * g * g;
            *w -= step * *mean / (square.sqrt() / root + epsilon);
        }
    }
}

/// What a file says, not yet believed.
#[derive(Deserialize)]
struct Unchecked {
    options: Options,
    progress: Progress,
    #[serde(with = "exact")]
    mean: Vec<f32>,
    #[serde(with = "exact")]
    square: Vec<f32>,
}

impl TryFrom<Unchecked> for Optimiser {
    type Error = Error;

    fn try_from(file: Unchecked) -> Result<Self, Error> {
        let Unchecked { options, progress, mean, square } = file;
        options.check()?;
        if mean.len() != square.len() {
            let expected = format!("{} mean squares, one for each mean", mean.len());
            return Err(Error::setting("optimiser state", expected, square.len()));
        }
        if !mean.iter().all(|m| m.is_finite()) || !square.iter().all(|s| (0.0..).contains(s)) {
            let expected = "finite means and mean squares from 0 up";
            return Err(Error::setting("optimiser state", expected, "others"));
        }
        Ok(Self { options, progress, mean, square })
    }
}

#[cfg(test)]
mod tests;
