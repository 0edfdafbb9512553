//! How the rate changes from step to step and epoch to epoch.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::Error;

/// By how much a loss must fall, in parts of the best, to be better: PyTorch's threshold.
const BETTER: f64 = 1e-4;

/// How the rate changes. Each equals PyTorch's schedule of the name given.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Schedule {
    /// It does not.
    Constant,
    /// Times `gamma` after each epoch (`ExponentialLR`).
    Exponential {
        /// Above 0 and up to 1.
        gamma: f64,
    },
    /// Half a cosine down to `floor` within so many epochs, where it stays
    /// (`CosineAnnealingLR`).
    Cosine {
        /// At least 1.
        epochs: u64,
        /// The last rate.
        floor: f64,
    },
    /// Times `factor` when the validation loss was not better by a ten-thousandth for more
    /// than `patience` epochs in a row (`ReduceLROnPlateau`).
    Plateau {
        /// Between 0 and 1.
        factor: f64,
        /// Epochs that may be bad.
        patience: u64,
        /// Epochs after a fall that are not counted.
        cooldown: u64,
        /// The least rate.
        floor: f64,
    },
    /// Over so many steps: up a cosine from a 25th of the rate in their first 0.3, down one
    /// to a ten-thousandth of that 25th, where it stays (`OneCycleLR`, of whose betas this
    /// leaves the hands; Smith and Topin 2018, "Super-convergence").
    OneCycle {
        /// At least 4.
        steps: u64,
    },
}

/// How far training has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Progress {
    pub(super) steps: u64,
    pub(super) epochs: u64,
    plateau: Option<Plateau>,
}

/// What a plateau is told by.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Plateau {
    factor: f64,
    /// The least validation loss; none before a finite one.
    best: Option<f64>,
    bad: u64,
    cooling: u64,
}

impl Schedule {
    pub(super) fn check(&self) -> Result<(), Error> {
        let factor = |what: &str, x: f64, most: f64| {
            let right = x > 0.0 && x <= most;
            if right { Ok(()) } else { Err(Error::setting(what, "a factor from 0 to 1", x)) }
        };
        let floor = |x: f64| {
            let right = x >= 0.0 && x.is_finite();
            if right {
                Ok(())
            } else {
                Err(Error::setting("schedule floor", "a rate from 0 up", x))
            }
        };
        match *self {
            Schedule::Constant => Ok(()),
            Schedule::Exponential { gamma } => factor("schedule gamma", gamma, 1.0),
            Schedule::Cosine { epochs: 0, .. } => {
                Err(Error::setting("schedule epochs", "at least 1", 0))
            }
            Schedule::Cosine { floor: least, .. } => floor(least),
            Schedule::Plateau { factor: by, floor: least, .. } => {
                factor("schedule factor", by, 1.0)?;
                floor(least)
            }
            Schedule::OneCycle { steps: 0..4 } => {
                Err(Error::setting("schedule steps", "at least 4", "fewer"))
            }
            Schedule::OneCycle { .. } => Ok(()),
        }
    }

    /// What the rate is multiplied by at the next step.
    pub(super) fn factor(&self, now: &Progress, rate: f64) -> f64 {
        let cosine =
            |from: f64, to: f64, part: f64| to + (from - to) * 0.5 * (1.0 + (PI * part).cos());
        match *self {
            Schedule::Constant => 1.0,
            Schedule::Exponential { gamma } => gamma.powf(now.epochs as f64),
            Schedule::Cosine { epochs, floor } => {
                cosine(1.0, floor / rate, (now.epochs as f64 / epochs as f64).min(1.0))
            }
            Schedule::Plateau { .. } => now.plateau.map_or(1.0, |p| p.factor),
            Schedule::OneCycle { steps } => {
                let up = 0.3 * steps as f64 - 1.0;
                let last = (steps - 1) as f64;
                let at = (now.steps as f64).min(last);
                if at <= up {
                    cosine(1.0 / 25.0, 1.0, at / up)
                } else {
                    cosine(1.0, 1.0 / 25e4, (at - up) / (last - up))
                }
            }
        }
    }

    pub(super) fn end_epoch(&self, now: &mut Progress, validation: f64, rate: f64) {
        now.epochs += 1;
        let Schedule::Plateau { factor, patience, cooldown, floor } = *self else { return };
        let start = Plateau { factor: 1.0, best: None, bad: 0, cooling: 0 };
        let plateau = now.plateau.get_or_insert(start);
        let better = validation.is_finite()
            && plateau.best.is_none_or(|best| validation < best * (1.0 - BETTER));
        if better {
            plateau.best = Some(validation);
            plateau.bad = 0;
        } else {
            plateau.bad += 1;
        }
        if plateau.cooling > 0 {
            plateau.cooling -= 1;
            plateau.bad = 0;
        }
        if plateau.bad > patience {
            // A floor above the rate lifts nothing.
            let least = (floor / rate).min(plateau.factor);
            plateau.factor = (plateau.factor * factor).max(least);
            plateau.cooling = cooldown;
            plateau.bad = 0;
        }
    }
}
