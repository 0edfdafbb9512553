//! A loaded model: checked, inert, shareable between threads and channels.

mod form;
mod loaded;

use std::sync::Arc;

use loaded::Loaded;

use crate::foreign::{About, Foreign, Place};
use crate::ladder::{Ladder, Rung};
use crate::linear::Linear;
use crate::lstm::Lstm;
use crate::metadata::Metadata;
use crate::nam::File;
use crate::program::Program;
use crate::run::Runner;
use crate::small::Small;
use crate::{Engine, Error, Knob, formats};
use cpu::Isa;

/// The rate of files that state none, in Hz.
const USUAL_RATE: f64 = 48_000.0;

/// The most sizes a slimmable model may have.
pub(crate) const MAX_SIZES: usize = 16;

/// A checked network and what its file says about it. Weights are shared, so a
/// clone is cheap and every engine of a model reads the same ones.
#[derive(Clone)]
pub struct Model {
    net: Net,
    format: &'static str,
    architecture: &'static str,
    weights: usize,
    differences: Vec<String>,
    sample_rate: Option<f64>,
    metadata: Metadata,
}

/// What runs; each variant holds its weights by `Arc`.
#[derive(Clone)]
enum Net {
    FeedForward(Arc<Program>),
    Lstm(Lstm),
    Linear(Linear),
    Small(Small),
    /// Smallest first, each for qualities below its bound.
    Sizes(Vec<(f32, Net)>),
    Foreign(Arc<dyn Foreign>),
}

impl Model {
    /// Bytes of the largest file we open. The largest official model is a
    /// fiftieth of it.
    pub const MAX_BYTES: usize = 32 << 20;

    /// Reads a `.nam` file of any architecture and of format version 0.5.0 to
    /// 0.7.x, or a small network as RTNeural, AIDA-X, GuitarML (Proteus,
    /// NeuralPi), PyTorch (a `state_dict`) or Kiln Drive write them in JSON.
    /// Whatever would not sound as trained is refused.
    ///
    /// # Errors
    /// Says what was expected and what was found; see [`Error`].
    pub fn load(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > Self::MAX_BYTES {
            let (limit, found) = (Self::MAX_BYTES, bytes.len());
            return Err(Error::TooLarge { what: "bytes", limit, found });
        }
        if let Some(loaded) = formats::load(&serde_json::from_slice(bytes)?)? {
            return Ok(Self::small(loaded));
        }
        let file = File::read(bytes)?;
        let Loaded { architecture, net, weights, differences, sample_rate } = Loaded::read(&file)?;
        Ok(Self {
            net,
            format: "NAM",
            architecture,
            differences,
            weights,
            sample_rate,
            metadata: file.metadata.map(Metadata::read).unwrap_or_default(),
        })
    }

    fn small(loaded: formats::Loaded) -> Self {
        Self {
            architecture: "Chain",
            format: loaded.format,
            weights: loaded.net.weights(),
            differences: loaded.notices,
            sample_rate: loaded.sample_rate,
            metadata: loaded.metadata,
            net: Net::Small(loaded.net),
        }
    }

    /// A model that another runtime runs.
    pub fn foreign(about: About) -> Self {
        let About { format, architecture, sample_rate, metadata, notices, network } = about;
        Self {
            format,
            architecture,
            weights: network.weights(),
            differences: notices,
            sample_rate,
            metadata,
            net: Net::Foreign(network),
        }
    }

    /// The same model for a signal of `rate` Hz, where it can be had without
    /// loss: one that [`follows`](Self::follows_rate) the rate. Others are
    /// returned as they are.
    ///
    /// # Errors
    /// If `rate` is no rate of sound.
    pub fn at_rate(&self, rate: f64) -> Result<Self, Error> {
        // Sixteen times the fastest converter, for those who oversample.
        if !(1000.0..=16.0 * 768_000.0).contains(&rate) {
            return Err(Error::invalid("rate", "1000 to 12288000 Hz", rate));
        }
        match &self.net {
            Net::Small(net) if self.follows_rate() => {
                Ok(Self { net: Net::Small(net.at_rate(rate)?), ..self.clone() })
            }
            _ => Ok(self.clone()),
        }
    }

    /// Whether it sounds the same at any rate, its filters derived by
    /// [`Model::at_rate`]: no rate is stated, and the network has no memory.
    pub fn follows_rate(&self) -> bool {
        matches!(&self.net, Net::Small(net) if self.sample_rate.is_none() && net.is_memoryless())
    }

    /// The same model with first-order antiderivative antialiasing: its engines answer
    /// with the mean of the network between two samples instead of its value at one,
    /// which folds less back into the band. They trail by half a sample of their
    /// rate more, and lose what a mean of two loses, 3.9 dB at half the rate. `None`
    /// for all but networks of one hidden layer of tanh, for which the mean is known
    /// exactly. Formula: J. D. Parker, V. Zavalishin and E. Le Bivic, "Reducing the
    /// aliasing of nonlinear waveshaping using continuous-time convolution", DAFx 2016.
    pub fn antiderivative(&self) -> Option<Self> {
        let Net::Small(net) = &self.net else { return None };
        // What ran without it runs with it.
        let net = Net::Small(net.antiderivative()?.ok()?);
        Some(Self { net, ..self.clone() })
    }

    /// What can be turned, in the order of [`Engine::set_knob`].
    pub fn knobs(&self) -> &[Knob] {
        match &self.net {
            Net::Small(net) => net.knobs(),
            _ => &[],
        }
    }

    /// Whose file it is: `NAM`, `RTNeural`, `AIDA-X`, `GuitarML`, `PyTorch` or
    /// `Kiln Drive`; `ONNX` for one that another runtime runs.
    pub fn format(&self) -> &'static str {
        self.format
    }

    /// One running mono channel, settled on silence: its output equals the
    /// trainer's on a zero-padded signal from the first sample. A network that works
    /// beside the audio thread is built to render offline; see [`Model::engine_in`].
    pub fn engine(&self) -> Box<dyn Engine> {
        self.engine_on(Isa::best())
    }

    /// [`Model::engine`] for a place. Only a network that works beside the audio thread
    /// makes a difference of it; all others play everywhere at once.
    pub fn engine_in(&self, place: &Place) -> Box<dyn Engine> {
        self.net.engine(Isa::best(), place)
    }

    /// Whether it works beside the audio thread, so that it depends on the place how
    /// late it is.
    pub fn is_foreign(&self) -> bool {
        matches!(self.net, Net::Foreign(_))
    }

    /// Samples by which the output of [`Model::engine_in`] trails the input, without
    /// building an engine. None for all but networks that work beside the audio thread.
    pub fn foreign_latency(&self, place: &Place) -> Option<usize> {
        match &self.net {
            Net::Foreign(network) => Some(network.latency(place)),
            _ => None,
        }
    }

    /// Samples of input, the present one included, after which such a network has
    /// forgotten what came before, but for what cannot be heard. None where it never is
    /// known to forget, and for all but networks that work beside the audio thread.
    pub fn foreign_memory(&self) -> Option<usize> {
        match &self.net {
            Net::Foreign(network) => network.memory(),
            _ => None,
        }
    }

    /// [`Model::engine`] on an instruction set of choice, to measure or to
    /// compare; the best one if this machine lacks `isa`.
    pub fn engine_on(&self, isa: Isa) -> Box<dyn Engine> {
        self.net.engine(isa, &Place::offline(self.sample_rate.unwrap_or(USUAL_RATE)))
    }

    /// Replaces `io` with what a small network's trainer gets: every state is zero at
    /// first, where an engine begins settled on silence, and `knobs` stand still in
    /// their own units. The files of all other networks say how they begin, so they
    /// play as their engines do.
    pub fn unsettled(&self, knobs: &[f32], io: &mut [f32]) {
        match &self.net {
            Net::Small(net) => net.unsettled(Isa::best(), knobs, io),
            _ => self.engine().process(io),
        }
    }

    /// `WaveNet`, `LSTM`, `ConvNet`, `Linear` or `SlimmableContainer`; `Chain` for
    /// all of the small networks.
    pub fn architecture(&self) -> &'static str {
        self.architecture
    }

    /// The number of weights, of all sizes of a slimmable model together.
    pub fn weights(&self) -> usize {
        self.weights
    }

    /// Multiply-adds a sample costs at the best quality.
    pub fn macs(&self) -> usize {
        self.net.macs()
    }

    /// The rate it was trained at, in Hz. Files without one were made at 48 000.
    pub fn sample_rate(&self) -> Option<f64> {
        self.sample_rate
    }

    /// What the file says of the gear and its levels.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Samples of input, the present one included, after which an engine stands to the
    /// bit where it would stand had it heard all that came before. `None` where no number
    /// of samples is enough: in recurrent networks and filters; in responses so long that
    /// they are transformed in parts, which are counted from the start; and in networks
    /// that another runtime runs, which take sound in hops counted from the start; see
    /// [`Model::foreign_memory`]. That of a slimmable model holds while its quality
    /// stands still.
    pub fn memory(&self) -> Option<usize> {
        self.net.memory()
    }

    /// For a slimmable model the quality values at which its sizes end,
    /// ascending: `n` sizes have `n − 1` of them. Empty for a model of one size.
    pub fn qualities(&self) -> Vec<f32> {
        match &self.net {
            Net::Sizes(sizes) => sizes[..sizes.len() - 1].iter().map(|(until, _)| *until).collect(),
            _ => Vec::new(),
        }
    }

    /// Where the official player is known to sound different from the trainer,
    /// which we follow, and where a file fails its own self-test: a sentence each.
    pub fn differences(&self) -> &[String] {
        &self.differences
    }
}

impl Net {
    /// Sizes of one network, smallest first, each for an equal share of the
    /// quality, as the trainer divides it.
    fn programs(programs: Vec<Program>) -> Self {
        let n = programs.len() as f32;
        let mut sizes: Vec<_> = programs
            .into_iter()
            .enumerate()
            .map(|(i, p)| ((i + 1) as f32 / n, Net::FeedForward(Arc::new(p))))
            .collect();
        match sizes.len() {
            1 => sizes.remove(0).1,
            _ => Net::Sizes(sizes),
        }
    }

    fn engine(&self, isa: Isa, place: &Place) -> Box<dyn Engine> {
        match self {
            Net::Foreign(network) => network.engine(place),
            Net::FeedForward(program) => Box::new(Runner::new(program.clone(), isa.level())),
            Net::Lstm(net) => net.engine(isa.level()),
            Net::Linear(net) => net.engine(isa.level()),
            Net::Small(net) => net.engine(isa),
            Net::Sizes(sizes) => {
                let rung = |(until, net): &(f32, Net)| Rung {
                    until: *until,
                    engine: net.engine(isa, place),
                };
                Box::new(Ladder::new(sizes.iter().map(rung).collect()))
            }
        }
    }

    /// Refuses a network whose silence is not a number, as weights beyond
    /// reason can make it.
    fn settles(&self) -> Result<(), Error> {
        match self {
            Net::FeedForward(program)
                if !Runner::new(program.clone(), Isa::best().level()).is_finite() =>
            {
                Err(Error::invalid("weights", "a network at rest on silence", "infinities"))
            }
            _ => Ok(()),
        }
    }

    /// See [`Model::memory`].
    fn memory(&self) -> Option<usize> {
        match self {
            Net::FeedForward(program) => Some(program.receptive_field),
            Net::Linear(net) => net.memory(),
            Net::Small(net) => net.memory(),
            Net::Sizes(sizes) => {
                let most = sizes.iter().map(|(_, net)| net.memory());
                most.collect::<Option<Vec<_>>>()?.into_iter().max()
            }
            Net::Lstm(_) | Net::Foreign(_) => None,
        }
    }

    fn macs(&self) -> usize {
        match self {
            Net::FeedForward(program) => program.macs(),
            Net::Lstm(net) => net.macs(),
            Net::Linear(net) => net.macs(),
            Net::Small(net) => net.macs(),
            Net::Sizes(sizes) => sizes.last().map_or(0, |(_, net)| net.macs()),
            Net::Foreign(network) => network.macs(),
        }
    }
}
