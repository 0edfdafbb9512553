//! A trained network, and the files that can hold it.

use serde_json::{Value, json};

use super::{Class, Lessons};
use crate::export::{self, About, Activation, Chain, nam};
use crate::{Error, hammerstein, loss};

/// A network with what it learnt.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The network.
    pub net: Net,
    /// Error-to-signal ratio on held-out sound.
    pub esr: f64,
}

/// Weights in the form of their class.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Net {
    /// A curve, or filters around one.
    Pedal(hammerstein::Network),
    /// Layers without feedback.
    Chain(Chain),
    /// An LSTM or a GRU.
    Recurrent(export::Recurrent),
    /// As `.nam` files have it.
    WaveNet {
        /// The configuration.
        config: Value,
        /// In the order of the file.
        weights: Vec<f32>,
    },
}

/// A format of model files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Kiln Drive's own.
    Drive,
    /// Neural Amp Modeler's.
    Nam,
    /// RTNeural's.
    RtNeural,
    /// AIDA-X's.
    Aida,
    /// That of GuitarML's Proteus.
    GuitarMl,
}

impl Net {
    /// The format that holds all of it.
    pub fn format(&self) -> Format {
        match self {
            Net::WaveNet { .. } => Format::Nam,
            _ => Format::Drive,
        }
    }

    /// Writes it as a file of `format`.
    ///
    /// # Errors
    /// If the format cannot hold it, with one that can.
    pub fn file(&self, format: Format, about: &About<'_>) -> Result<Vec<u8>, Error> {
        match (self, format) {
            (Net::Pedal(net), Format::Drive) => pedal(net, about),
            (Net::Chain(net), Format::Drive) => export::drive::chain(net, about),
            (Net::Chain(net), Format::RtNeural) => export::chain::rtneural(net, about),
            (Net::Recurrent(net), Format::Drive) => export::drive::recurrent(net, about),
            (Net::Recurrent(net), Format::Nam) => nam::recurrent(net, about),
            (Net::Recurrent(net), Format::RtNeural) => {
                export::chain::rtneural_recurrent(net, about)
            }
            (Net::Recurrent(net), Format::Aida) => export::aida::recurrent(net, about),
            (Net::Recurrent(net), Format::GuitarMl) => export::guitarml::recurrent(net, about),
            (Net::WaveNet { config, weights }, Format::Nam) => {
                nam::file(nam::Architecture::WaveNet, config, weights, about)
            }
            (Net::Pedal(net), Format::RtNeural) if net.is_curve() => {
                export::chain::rtneural(&curve(net), about)
            }
            (net, format) => {
                let holds = match net {
                    Net::Pedal(net) if net.is_curve() => "kiln-drive or RTNeural",
                    Net::Pedal(_) => "kiln-drive",
                    Net::Chain(_) => "kiln-drive or RTNeural",
                    Net::Recurrent(_) => "kiln-drive, RTNeural, AIDA-X, GuitarML or .nam",
                    Net::WaveNet { .. } => ".nam",
                };
                Err(Error::setting("format for this class", holds, format.name()))
            }
        }
    }

    /// Its answers to what was held out, pair by pair, as a player gives them.
    ///
    /// # Errors
    /// If no player would play it.
    pub fn answers(&self, lessons: &Lessons) -> Result<Vec<Vec<f32>>, Error> {
        let about = About {
            sample_rate: lessons.rate(),
            metadata: &nn::Metadata::default(),
            knobs: &lessons.knobs,
            training: None,
        };
        let model = nn::Model::load(&self.file(self.format(), &about)?)?;
        let model = model.at_rate(lessons.rate())?;
        let answer = |(pair, knobs): &(crate::data::Pair, Vec<f32>)| {
            let mut engine = model.engine();
            knobs.iter().enumerate().for_each(|(i, knob)| engine.set_knob(i, *knob));
            engine.settle();
            let before = engine.receptive_field().min(pair.held_out.start);
            let mut io = pair.dry[pair.held_out.start - before..pair.held_out.end].to_vec();
            engine.process(&mut io);
            io.split_off(before)
        };
        Ok(lessons.pairs.iter().map(answer).collect())
    }

    /// Error-to-signal ratio on all that was held out.
    ///
    /// # Errors
    /// As [`Net::answers`].
    pub fn esr(&self, lessons: &Lessons) -> Result<f64, Error> {
        let pairs = lessons.pairs.iter();
        let wanted = pairs.flat_map(|(pair, _)| &pair.wet[pair.held_out.clone()]);
        let wanted: Vec<f32> = wanted.copied().collect();
        Ok(loss::esr(&self.answers(lessons)?.concat(), &wanted))
    }
}

impl Format {
    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Format::Drive => "kiln-drive",
            Format::Nam => ".nam",
            Format::RtNeural => "RTNeural",
            Format::Aida => "AIDA-X",
            Format::GuitarMl => "GuitarML",
        }
    }
}

fn pedal(net: &hammerstein::Network, about: &About<'_>) -> Result<Vec<u8>, Error> {
    let said = about.metadata;
    let text = |text: &'_ Option<String>| text.clone().unwrap_or_default();
    let (name, author, description) =
        (text(&said.name), text(&said.modeled_by), text(&said.description));
    let words = hammerstein::About {
        name: &name,
        author: &author,
        description: &description,
        esr: said.esr,
    };
    let mut json = net.json(&words);
    if let (Some(revision), Some(all)) = (said.revision, json.as_object_mut()) {
        all.insert("revision".to_owned(), json!(revision));
    }
    Ok(serde_json::to_vec(&json).map_err(nn::Error::from)?)
}

/// A curve as layers.
fn curve(net: &hammerstein::Network) -> Chain {
    let inputs = net.weights.first().map_or(1, Vec::len);
    let single = |all: &[f64]| all.iter().map(|w| *w as f32).collect::<Vec<_>>();
    let dense = |inputs, outputs, weights, bias, activation| export::Layer {
        inputs,
        outputs,
        taps: 1,
        dilation: 1,
        groups: 1,
        weights,
        bias,
        activation,
    };
    let (hidden, weights) = (net.biases.len(), net.weights.concat());
    let first = dense(inputs, hidden, single(&weights), single(&net.biases), Activation::Tanh);
    let (weights, bias) = (single(&net.output), vec![net.offset as f32]);
    Chain { layers: vec![first, dense(hidden, 1, weights, bias, Activation::Linear)] }
}

impl Class {
    /// What it is called in sentences.
    pub fn words(&self) -> String {
        match self {
            Class::Curve { hidden } => format!("a curve of {hidden} units"),
            Class::Pedal { hidden } => format!("filters around {hidden} units"),
            Class::Taps { hidden, taps } => format!("{hidden} units over {taps} samples"),
            Class::Lstm { hidden } => format!("an LSTM of {hidden} units"),
            Class::Gru { hidden } => format!("a GRU of {hidden} units"),
            Class::WaveNet(size) => format!("WaveNet {size}"),
        }
    }
}
