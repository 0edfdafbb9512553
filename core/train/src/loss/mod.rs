//! How wrong an answer is, and in which direction.
//!
//! A [`Loss`] is a weighted sum of [`Term`]s, each of which hears both signals through a
//! filter of its own. It gives the value and, by hand-written differentiation, the
//! gradient with respect to every predicted sample.

mod filter;
mod measure;
mod stft;

use serde::{Deserialize, Serialize};

use crate::Error;
use filter::Weighting;
use stft::Stft;

pub use measure::{esr, null_depth_db};

/// Added to the mean square of the target where an error is divided by it, so that
/// silence does not make the quotient explode. A signal of −50 dB RMS has as much.
/// The value of Wright's own training code.
pub const EPSILON: f64 = 1e-5;

/// What a term measures. `e` is predicted − target, `t` the target, both filtered; means
/// are over the samples of one sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// Mean square error: mean e².
    Mse,
    /// Error-to-signal ratio: mean e² / (mean t² + [`EPSILON`]). Wright et al. 2020,
    /// "Real-time guitar amplifier emulation with deep learning", equation 10.
    Esr,
    /// Offset: (mean e)² / (mean t² + [`EPSILON`]), equation 12 there.
    Dc,
    /// Multi-resolution STFT: the mean over three resolutions (FFT of 1024, 2048 and 512
    /// samples, hop 120, 240 and 50, periodic Hann window of 600, 1200 and 240) of
    /// spectral convergence ‖|T| − |P|‖ / ‖|T|‖ and of the mean of |ln|P| − ln|T||, with
    /// powers raised to 1e−8. Yamamoto et al. 2020, "Parallel WaveGAN", equations 4 to 7;
    /// frames are centred on samples reflected at the ends. Over one sequence: trainers
    /// that take a batch as one signal weigh loud sequences more in the convergence.
    Stft,
}

/// What both signals pass before a term hears them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Filter {
    /// Nothing.
    None,
    /// y\[n\] = x\[n\] − a x\[n − 1\], without the first sample, whose neighbour is not
    /// known. `a` is from 0 to 1: 0.95 in Wright et al. 2020, 0.85 in Wright and Välimäki
    /// 2020, "Perceptual loss function for neural modeling of audio systems".
    PreEmphasis(f64),
    /// The A curve of IEC 61672-1, 0 dB at 1 kHz, from rest.
    AWeighting,
}

/// One part of the sum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// What it measures.
    pub kind: Kind,
    /// How much it counts; at least 0.
    pub weight: f64,
    /// Through which filter.
    pub filter: Filter,
}

/// Which terms a loss has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// The terms, of which there is at least one.
    pub terms: Vec<Term>,
}

impl Options {
    /// The default of the official NAM trainer, version 0.13: MSE of weight 1 and
    /// multi-resolution STFT of weight 5e−4, neither filtered.
    pub fn nam() -> Self {
        Self::of(&[(Kind::Mse, 1.0, Filter::None), (Kind::Stft, 5e-4, Filter::None)])
    }

    /// As the trainers of GuitarML and AIDA-X do: ESR of weight 0.75 through `filter`,
    /// and the offset, of weight 0.25, unfiltered: the filters leave little of it.
    pub fn guitarml(filter: Filter) -> Self {
        Self::of(&[(Kind::Esr, 0.75, filter), (Kind::Dc, 0.25, Filter::None)])
    }

    /// Terms by kind, weight and filter.
    pub fn of(terms: &[(Kind, f64, Filter)]) -> Self {
        let term = |&(kind, weight, filter): &(Kind, f64, Filter)| Term { kind, weight, filter };
        Self { terms: terms.iter().map(term).collect() }
    }
}

/// A loss for sequences of one length, with all that it needs to be evaluated without
/// allocating. Each thread has its own.
pub struct Loss {
    length: usize,
    groups: Vec<Group>,
}

/// The terms that hear through the same filter.
struct Group {
    weighting: Weighting,
    /// Weights of MSE, ESR and DC.
    plain: [f64; 3],
    stft: Option<(f64, Stft)>,
    predicted: Vec<f64>,
    target: Vec<f64>,
    gradient: Vec<f64>,
}

impl Loss {
    /// A loss for sequences of `length` samples at `rate` Hz.
    ///
    /// # Errors
    /// Without terms, for weights below 0 or not finite, a pre-emphasis outside 0 to 1, a
    /// rate that no sound has, or a sequence too short for a term.
    pub fn new(options: &Options, rate: f64, length: usize) -> Result<Self, Error> {
        if options.terms.is_empty() {
            return Err(Error::setting("loss", "at least one term", "none"));
        }
        if !(1000.0..=1_000_000.0).contains(&rate) {
            return Err(Error::setting("loss rate", "1000 to 1000000 Hz", rate));
        }
        if length < 2 {
            return Err(Error::setting("loss length", "at least 2 samples", length));
        }
        let mut kept: Vec<(Filter, Group)> = Vec::new();
        for term in &options.terms {
            if !(term.weight >= 0.0 && term.weight.is_finite()) {
                let at = format!("loss weight of {:?}", term.kind);
                return Err(Error::setting(at, "a number from 0 up", term.weight));
            }
            let known = kept.iter().position(|(filter, _)| *filter == term.filter);
            let at = known.unwrap_or(kept.len());
            if known.is_none() {
                kept.push((term.filter, Group::new(term.filter, rate, length)?));
            }
            kept[at].1.add(term)?;
        }
        Ok(Self { length, groups: kept.into_iter().map(|(_, group)| group).collect() })
    }

    /// Samples of a sequence.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The loss of one sequence, and in `gradient` its derivative by every sample of
    /// `predicted`. NaN, with a gradient of zeros, if a slice is not as long as
    /// [`Loss::length`] says or a sample is not finite.
    pub fn evaluate(&mut self, predicted: &[f32], target: &[f32], gradient: &mut [f32]) -> f64 {
        gradient.fill(0.0);
        if [predicted.len(), target.len(), gradient.len()] != [self.length; 3] {
            return f64::NAN;
        }
        let sum: f64 = self.groups.iter_mut().map(|g| g.evaluate(predicted, target)).sum();
        if !sum.is_finite() {
            return f64::NAN;
        }
        for (n, out) in gradient.iter_mut().enumerate() {
            *out = self.groups.iter().map(|g| g.gradient[n]).sum::<f64>() as f32;
        }
        sum
    }
}

impl Group {
    fn new(filter: Filter, rate: f64, length: usize) -> Result<Self, Error> {
        let zeros = || vec![0.0; length];
        let (predicted, target, gradient) = (zeros(), zeros(), zeros());
        let weighting = Weighting::new(filter, rate)?;
        Ok(Self { weighting, plain: [0.0; 3], stft: None, predicted, target, gradient })
    }

    fn add(&mut self, term: &Term) -> Result<(), Error> {
        match term.kind {
            Kind::Mse => self.plain[0] += term.weight,
            Kind::Esr => self.plain[1] += term.weight,
            Kind::Dc => self.plain[2] += term.weight,
            Kind::Stft => match &mut self.stft {
                Some((weight, _)) => *weight += term.weight,
                None => {
                    let heard = self.target.len() - self.weighting.cut();
                    self.stft = Some((term.weight, Stft::new(heard)?));
                }
            },
        }
        Ok(())
    }

    /// The weighted sum of the terms; leaves its derivatives in `gradient`.
    fn evaluate(&mut self, predicted: &[f32], target: &[f32]) -> f64 {
        let cut = self.weighting.cut();
        for (kept, signal) in [(&mut self.predicted, predicted), (&mut self.target, target)] {
            kept.iter_mut().zip(signal).for_each(|(k, x)| *k = f64::from(*x));
            self.weighting.forward(kept);
        }
        let (p, t, g) = (&self.predicted[cut..], &self.target[cut..], &mut self.gradient[cut..]);
        let mut sum = plain(self.plain, p, t, g);
        if let Some((weight, stft)) = &mut self.stft {
            sum += stft.evaluate(*weight, p, t, g);
        }
        // What was cut was not heard, so nothing depends on it but through the others.
        self.gradient[..cut].fill(0.0);
        self.weighting.adjoint(&mut self.gradient);
        sum
    }
}

/// MSE, ESR and DC by their weights; overwrites the gradient `g`.
fn plain([mse, esr, dc]: [f64; 3], p: &[f64], t: &[f64], g: &mut [f64]) -> f64 {
    let n = p.len() as f64;
    let (mut square, mut offset, mut energy) = (0.0, 0.0, 0.0);
    for (p, t) in p.iter().zip(t) {
        let e = p - t;
        square += e * e;
        offset += e;
        energy += t * t;
    }
    let (square, offset, energy) = (square / n, offset / n, energy / n + EPSILON);
    let by_error = 2.0 / n * (mse + esr / energy);
    let by_offset = 2.0 / n * offset * dc / energy;
    for ((g, p), t) in g.iter_mut().zip(p).zip(t) {
        *g = by_error * (p - t) + by_offset;
    }
    mse * square + esr * square / energy + dc * offset * offset / energy
}

#[cfg(test)]
mod tests;
