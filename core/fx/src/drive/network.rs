//! A model at the rate it is going to play at.

use nn::{Engine, Isa, Model};

use super::Setup;
use crate::error::Error;
use crate::resample::{self, Plan, RATES};

/// A model at the rate it is going to play at.
pub(super) enum Network {
    /// One that plays at any rate; whether it is integrated from sample to sample.
    Free { model: Model, integrated: bool, isa: Isa },
    /// One of a rate of its own, and how many of it take turns.
    Tied(Plan, usize),
}

impl Network {
    pub(super) fn new(model: &Model, setup: Setup, isa: Isa) -> Result<Self, Error> {
        let factor = setup.quality.oversampling.factor();
        let host = f64::from(setup.sample_rate);
        if !model.follows_rate() {
            let oversampling = resample::Oversampling::X1;
            let Setup { sample_rate, calls, .. } = setup;
            let setup = resample::Setup { sample_rate, oversampling, calls };
            return Ok(Self::Tied(Plan::new(model, setup)?, factor));
        }
        let integrated = setup.quality.antiderivative.then(|| model.antiderivative()).flatten();
        let whole = integrated.is_some();
        // It takes any rate of a host this often; what is no rate was refused before.
        let rate = host * factor as f64;
        let free = integrated.as_ref().unwrap_or(model).at_rate(rate);
        let refused = |_| Error::SampleRate { of: "host", expected: RATES, found: host };
        Ok(Self::Free { model: free.map_err(refused)?, integrated: whole, isa })
    }

    pub(super) fn is_integrated(&self) -> bool {
        matches!(self, Self::Free { integrated: true, .. })
    }

    /// One running channel, at the multiple of the host's rate.
    pub(super) fn engine(&self) -> Box<dyn Engine> {
        match self {
            Self::Free { model, isa, .. } => model.engine_on(*isa),
            Self::Tied(plan, factor) => plan.interleaved(*factor),
        }
    }
}
