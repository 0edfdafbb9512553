//! What a file at a place holds, and how it becomes sound: all that depends on
//! what `fx` takes.

use std::sync::Arc;

use fx::{Amp, Loader, Pair};

use crate::choices::Oversampling;
use crate::places::Place;
use crate::wav;

/// What engines are built for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setup {
    /// The host's rate, in Hz.
    pub sample_rate: f32,
    /// How many times that rate the models run at.
    pub oversampling: Oversampling,
}

/// What a file holds, checked and inert. A clone shares it.
#[derive(Clone)]
pub enum Content {
    /// A network.
    Model(Box<nn::Model>),
    /// An impulse response.
    Cabinet(Arc<Impulse>),
}

/// An impulse response, as far as it is described.
#[derive(Clone, Debug, PartialEq)]
pub struct Impulse {
    /// Its length, in seconds.
    pub seconds: f64,
    /// The rate of the file, in Hz.
    pub sample_rate: u32,
    /// 1 or 2.
    pub channels: usize,
}

/// Something that plays, on its way to the audio thread.
pub(crate) enum Engine {
    Pair(Pair),
    Cabinet,
}

impl Content {
    /// Reads a file for `place`.
    ///
    /// # Errors
    /// Says what was expected and found.
    pub fn read(place: Place, bytes: &[u8]) -> Result<Self, String> {
        match place {
            Place::Model(_) => {
                let model = nn::Model::load(bytes).map_err(|error| error.to_string())?;
                Ok(Self::Model(Box::new(model)))
            }
            Place::Cabinet(_) => {
                let shape = wav::shape(bytes)?;
                Ok(Self::Cabinet(Arc::new(Impulse {
                    seconds: shape.seconds(),
                    sample_rate: shape.sample_rate,
                    channels: shape.channels,
                })))
            }
        }
    }

    /// Builds what plays it.
    pub(crate) fn engine(&self, _setup: Setup) -> Result<Engine, String> {
        Ok(match self {
            Self::Model(model) => Engine::Pair(Pair::of(model)),
            Self::Cabinet(_) => Engine::Cabinet,
        })
    }

    /// Samples, at the host's rate, for which it sounds on after its input ends.
    pub(crate) fn tail(&self, setup: Setup) -> u32 {
        match self {
            // Longer networks than this one forget nothing that is heard.
            Self::Model(model) => model.engine().receptive_field().min(48_000) as u32,
            Self::Cabinet(impulse) => (impulse.seconds * f64::from(setup.sample_rate)) as u32,
        }
    }
}

/// Where a place's engines go.
pub enum Outlet {
    /// A slot for models.
    Model(Loader<Pair>),
    /// The effect has no such place yet.
    Nowhere,
}

impl Outlet {
    /// Plays `engine`, or nothing.
    pub(crate) fn offer(&self, engine: Option<Engine>) {
        match (self, engine) {
            (Self::Model(loader), Some(Engine::Pair(pair))) => loader.offer(pair),
            (Self::Model(loader), _) => {
                loader.offer(Pair::new(Box::new(Through), Box::new(Through)))
            }
            _ => {}
        }
    }

    /// Frees what was replaced last, if it waits for that.
    pub(crate) fn collect(&self) {
        if let Self::Model(loader) = self {
            loader.collect();
        }
    }
}

/// Passes sound unchanged.
struct Through;

impl nn::Engine for Through {
    fn process(&mut self, _: &mut [f32]) {}
    fn reset(&mut self) {}
    fn receptive_field(&self) -> usize {
        0
    }
}

/// The effect, and where engines for its places go, in the order of [`Place::ALL`].
pub fn chain(sample_rate: f32) -> ([Outlet; 4], Amp) {
    let (loader, amp) = Amp::new(sample_rate);
    ([Outlet::Model(loader), Outlet::Nowhere, Outlet::Nowhere, Outlet::Nowhere], amp)
}

/// Samples by which the effect is late.
pub(crate) fn latency(_amp: &Amp) -> u32 {
    0
}

/// The gate's gain at the end of the last block, 0 closed to 1 open.
pub(crate) fn gate_gain(_amp: &Amp) -> f32 {
    1.0
}
