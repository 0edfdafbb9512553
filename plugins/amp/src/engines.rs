//! What a file at a place holds, and how it becomes sound: all that depends on
//! what `fx` takes.

use std::sync::Arc;

use fx::resample::RATES;
use fx::swap::Voice;
use fx::{Amp, Cabinet, Impulse, Loader, Pair, Setup};
use nn::Watch;

use crate::places::Place;

/// What a file holds, checked and inert.
pub enum Content {
    /// A network.
    Model(Box<nn::Model>),
    /// An impulse response.
    Cabinet(Box<Impulse>),
}

/// Something that plays, on its way to the audio thread.
pub(crate) enum Engine {
    Pair(Box<Pair>),
    Cabinet(Cabinet),
}

/// The same, and what is to be known of it.
pub(crate) struct Built {
    pub(crate) engine: Engine,
    /// Samples for which it sounds on after its input ends.
    pub(crate) tail: u32,
    /// Tell how a model does that works beside the audio thread.
    pub(crate) watches: Vec<Arc<dyn Watch>>,
}

impl Content {
    /// Reads a file for `place`.
    ///
    /// # Errors
    /// Says what was expected and found.
    pub fn read(place: Place, bytes: &[u8]) -> Result<Self, String> {
        match place {
            Place::Model(_) => Ok(Self::Model(Box::new(model(bytes)?))),
            Place::Cabinet(_) => {
                let impulse = Impulse::load(bytes).map_err(|error| error.to_string())?;
                Ok(Self::Cabinet(Box::new(impulse)))
            }
        }
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        let samples = match self {
            Self::Model(model) => model.weights(),
            Self::Cabinet(impulse) => impulse.channels().map(<[f32]>::len).sum(),
        };
        samples * size_of::<f32>()
    }

    /// Builds what plays it.
    pub(crate) fn build(&self, setup: Setup) -> Result<Built, String> {
        Ok(match self {
            Self::Model(model) => {
                let pair = pair(model, setup).map_err(|error| error.to_string())?;
                // Longer memories than a second hold nothing that is heard.
                let tail = pair.warm_up().min(setup.sample_rate as usize) as u32;
                let watches = pair.watches().to_vec();
                Built { engine: Engine::Pair(Box::new(pair)), tail, watches }
            }
            Self::Cabinet(impulse) => {
                let tail = (impulse.seconds() * setup.sample_rate) as u32;
                let cabinet = Cabinet::build(impulse, setup.sample_rate);
                Built { engine: Engine::Cabinet(cabinet), tail, watches: Vec::new() }
            }
        })
    }
}

/// Reads a model that can be played at any rate of a host's, and not only at its own.
///
/// # Errors
/// Says what was expected and found.
pub(crate) fn model(bytes: &[u8]) -> Result<nn::Model, String> {
    playable(onnx::open(bytes).map_err(|error| error.to_string())?)
}

/// The same, if it is one of those.
pub(crate) fn playable(model: nn::Model) -> Result<nn::Model, String> {
    match model.sample_rate() {
        Some(found) if !RATES.contains(&found) => {
            Err(fx::Error::SampleRate { of: "model", expected: RATES, found }.to_string())
        }
        _ => Ok(model),
    }
}

/// Where oversampling would be for nothing, and is refused for that, there is none.
fn pair(model: &nn::Model, setup: Setup) -> Result<Pair, fx::Error> {
    match Pair::build(model, setup) {
        Err(fx::Error::NoHarmonics { .. }) => {
            Pair::build(model, Setup { oversampling: fx::Oversampling::X1, ..setup })
        }
        built => built,
    }
}

/// Where a place's engines go.
pub enum Outlet {
    /// A slot for models.
    Model(Loader<Pair>),
    /// A slot for impulse responses.
    Cabinet(Loader<Cabinet>),
}

impl Outlet {
    /// Plays `engine`, or nothing.
    pub(crate) fn offer(&self, engine: Option<Engine>) {
        match (self, engine) {
            (Self::Model(loader), Some(Engine::Pair(pair))) => loader.offer(*pair),
            (Self::Model(loader), _) => loader.offer(Pair::none()),
            (Self::Cabinet(loader), Some(Engine::Cabinet(cabinet))) => loader.offer(cabinet),
            (Self::Cabinet(loader), _) => loader.offer(Cabinet::none()),
        }
    }

    /// Frees what was replaced last, if it waits for that.
    pub(crate) fn collect(&self) {
        match self {
            Self::Model(loader) => loader.collect(),
            Self::Cabinet(loader) => loader.collect(),
        }
    }
}

/// The effect, and where engines for its places go, in the order of [`Place::ALL`].
pub fn chain(sample_rate: f32) -> ([Outlet; 4], Amp) {
    let (loaders, amp) = Amp::new(sample_rate);
    let [a, b] = loaders.models.map(Outlet::Model);
    let [c, d] = loaders.cabinets.map(Outlet::Cabinet);
    ([a, b, c, d], amp)
}
