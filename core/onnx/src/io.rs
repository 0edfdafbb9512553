//! Which of a graph's inputs and outputs is what.

use crate::Error;
use crate::file::{Dim, Element, File, Port};
use crate::limits::{MAX_CONTEXT, MAX_HOP};
use crate::tensor::{Data, Tensor};
use crate::told::{Told, constant, zeros};

/// Names that sound has had in files.
const SOUND_IN: &[&str] = &[
    "audio",
    "audio_in",
    "in_audio",
    "input_audio",
    "waveform",
    "wave",
    "wav",
    "signal",
    "input",
    "x",
    "in",
];
const SOUND_OUT: &[&str] = &[
    "audio",
    "audio_out",
    "out_audio",
    "output_audio",
    "waveform",
    "wave",
    "wav",
    "signal",
    "output",
    "y",
    "out",
];

/// How the name of a state that comes out follows from the one that goes in:
/// affixes of the one and of the other.
const PAIRS: &[([&str; 2], [&str; 2])] = &[
    (["", "_in"], ["", "_out"]),
    (["in_", ""], ["out_", ""]),
    (["", "_input"], ["", "_output"]),
    (["input_", ""], ["output_", ""]),
    (["past", ""], ["present", ""]),
    (["prev_", ""], ["next_", ""]),
    (["old_", ""], ["new_", ""]),
    (["", "_prev"], ["", "_next"]),
    (["", "_old"], ["", "_new"]),
    (["", "0"], ["", "n"]),
    (["", "_0"], ["", "_n"]),
    (["", ""], ["", "n"]),
    (["", ""], ["", "_n"]),
    (["", ""], ["", "N"]),
    (["", ""], ["", "_out"]),
    (["", ""], ["out_", ""]),
    (["", ""], ["new_", ""]),
    (["", ""], ["next_", ""]),
    (["", ""], ["", "_new"]),
    (["", ""], ["", "_next"]),
    (["", ""], ["", "_1"]),
];

/// Sound that goes in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sound {
    pub(crate) port: usize,
    /// Lengths, that of time as in the file if it is fixed there.
    pub(crate) shape: Vec<usize>,
    pub(crate) time: usize,
    /// Whether the length of time is ours to choose.
    pub(crate) free: bool,
}

/// What remains from one inference to the next.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct State {
    pub(crate) input: usize,
    pub(crate) output: usize,
    pub(crate) zero: Tensor,
    /// Whether the file leaves a length of it open, which the first run then tells.
    pub(crate) open: bool,
}

/// What everything is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Io {
    /// None for a graph that makes sound out of its controls alone.
    pub(crate) audio_in: Option<Sound>,
    pub(crate) audio_out: usize,
    pub(crate) states: Vec<State>,
    pub(crate) constants: Vec<(usize, Tensor)>,
    pub(crate) hop: Option<usize>,
    pub(crate) context: Option<usize>,
    pub(crate) latency: Option<usize>,
    pub(crate) memory: Option<usize>,
    pub(crate) sample_rate: Option<f64>,
    /// What a player should know: a sentence each.
    pub(crate) notices: Vec<String>,
}

impl Io {
    /// # Errors
    /// If it cannot be told from names and shapes, or if what the file tells is wrong.
    pub(crate) fn of(file: &File) -> Result<Self, Error> {
        let told = Told::of(file)?;
        let audio_out = audio_out(file, &told)?;
        let audio_in = audio_in(file, &told)?;
        let states = states(file, &told, audio_in, audio_out)?;
        let mut notices = Vec::new();
        let mut constants = Vec::new();
        for (place, port) in file.inputs.iter().enumerate() {
            let taken = audio_in == Some(place) || states.iter().any(|s| s.input == place);
            if !taken {
                let value = constant(port, &told, &mut notices)?;
                constants.push((place, value));
            }
        }
        let unknown = told.controls.keys().find(|name| place(&file.inputs, name).is_none());
        if let Some(name) = unknown {
            return Err(no_such("kiln.io.controls", &file.inputs, name));
        }
        let audio_in = audio_in.map(|port| Sound::of(port, &file.inputs[port])).transpose()?;
        let Told { hop, context, latency, memory, sample_rate, .. } = told;
        Ok(Self {
            audio_in,
            audio_out,
            states,
            constants,
            hop,
            context,
            latency,
            memory,
            sample_rate,
            notices,
        })
    }
}

fn place(ports: &[Port], name: &str) -> Option<usize> {
    ports.iter().position(|port| port.name == name)
}

fn no_such(what: &str, ports: &[Port], name: &str) -> Error {
    let names: Vec<&str> = ports.iter().map(|port| port.name.as_str()).collect();
    Error::invalid(what, format!("one of {}", names.join(", ")), format!("{name:?}"))
}

fn list(ports: &[Port]) -> String {
    let names: Vec<String> = ports.iter().map(ToString::to_string).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Whether it may be one channel of sound.
fn is_sound(port: &Port) -> bool {
    let one = |shape: &[Dim]| {
        let longer = |d: &&Dim| matches!(d, Dim::Fixed(n) if *n > 1);
        (1..=3).contains(&shape.len()) && shape.iter().filter(longer).count() <= 1
    };
    port.element == Element::F32 && port.shape.as_deref().is_none_or(one)
}

/// The first of the names that a port of sound has.
fn by_name(ports: &[Port], names: &[&str]) -> Option<usize> {
    let find = |name: &&str| {
        ports.iter().position(|port| port.name.eq_ignore_ascii_case(name) && is_sound(port))
    };
    names.iter().find_map(find)
}

fn audio_out(file: &File, told: &Told) -> Result<usize, Error> {
    if let Some(name) = &told.audio_out {
        let found = place(&file.outputs, name);
        return found.ok_or_else(|| no_such("kiln.io.audio_out", &file.outputs, name));
    }
    // By custom the first, unless a name says otherwise.
    let found = by_name(&file.outputs, SOUND_OUT)
        .or_else(|| file.outputs.iter().position(is_sound))
        .filter(|_| !file.outputs.is_empty());
    let expected = "one channel of sound, as [1, 1, time], [1, time] or [time]";
    found.ok_or_else(|| Error::unsupported("outputs", expected, list(&file.outputs)))
}

fn audio_in(file: &File, told: &Told) -> Result<Option<usize>, Error> {
    if let Some(name) = &told.audio_in {
        let found = place(&file.inputs, name);
        return found.map(Some).ok_or_else(|| no_such("kiln.io.audio_in", &file.inputs, name));
    }
    let is_told = |i: usize| {
        let name = &file.inputs[i].name;
        told.controls.contains_key(name) || told.states.iter().flatten().any(|s| s.0 == *name)
    };
    let others = || (0..file.inputs.len()).filter(|&i| is_sound(&file.inputs[i]) && !is_told(i));
    let found = by_name(&file.inputs, SOUND_IN)
        .filter(|&i| !is_told(i))
        // No state by its name, unless there is nothing else.
        .or_else(|| others().find(|&i| partner(file, told, i).is_none()))
        .or_else(|| others().next().filter(|_| file.inputs.len() == 1));
    let told_all = file.inputs.iter().enumerate().all(|(i, port)| {
        told.controls.contains_key(&port.name) || partner(file, told, i).is_some()
    });
    match found {
        None if !told_all || told.controls.is_empty() => {
            let expected = "one channel of sound, as [1, 1, time], [1, time], [time] or \
                            [1, time, 1], or metadata that tells all controls";
            Err(Error::unsupported("inputs", expected, list(&file.inputs)))
        }
        found => Ok(found),
    }
}

impl Sound {
    fn of(port: usize, info: &Port) -> Result<Self, Error> {
        let refuse = || {
            let expected = "one channel of sound, as [1, 1, time], [1, time], [time] or \
                            [1, time, 1]";
            Error::unsupported("audio input", expected, info)
        };
        if !is_sound(info) {
            return Err(refuse());
        }
        let Some(dims) = &info.shape else {
            return Ok(Self { port, shape: vec![1, 1, 0], time: 2, free: true });
        };
        let longer = dims.iter().position(|d| matches!(d, Dim::Fixed(n) if *n > 1));
        // Of several that are open the first is the batch, unless a name says otherwise.
        let open: Vec<usize> =
            (0..dims.len()).filter(|&i| matches!(dims[i], Dim::Free(_))).collect();
        let named = open.iter().copied().find(|&i| {
            let Dim::Free(name) = &dims[i] else { return false };
            let name = name.to_ascii_lowercase();
            ["time", "samples", "length", "seq", "frames", "block"].iter().any(|w| name.contains(w))
                || name == "t"
        });
        let batch_first = dims.len() > 1 && open.first() == Some(&0);
        let second = open.get(usize::from(batch_first)).copied();
        let time = longer.or(named).or(second).unwrap_or(dims.len() - 1);
        let free = matches!(dims[time], Dim::Free(_));
        let shape = dims.iter().map(|d| if let Dim::Fixed(n) = d { *n } else { 1 }).collect();
        let sound = Self { port, shape, time, free };
        Error::cap("samples in an inference", MAX_HOP + MAX_CONTEXT, sound.shape[time])?;
        Ok(sound)
    }

    /// The samples as the graph takes them.
    pub(crate) fn tensor(&self, samples: &[f32]) -> Tensor {
        let mut shape = self.shape.clone();
        if let Some(time) = shape.get_mut(self.time) {
            *time = samples.len();
        }
        Tensor { shape, data: Data::Float(samples.to_vec()) }
    }
}

/// The output that an input is fed from, by its name.
fn partner(file: &File, told: &Told, input: usize) -> Option<usize> {
    let name = file.inputs[input].name.as_str();
    if let Some(states) = &told.states {
        let (_, to) = states.iter().find(|(from, _)| from == name)?;
        return place(&file.outputs, to);
    }
    PAIRS.iter().find_map(|([prefix, suffix], [before, after])| {
        let stem = name.strip_prefix(prefix)?.strip_suffix(suffix)?;
        let wanted = format!("{before}{stem}{after}");
        place(&file.outputs, &wanted).filter(|_| wanted != name)
    })
}

fn states(
    file: &File,
    told: &Told,
    audio_in: Option<usize>,
    audio_out: usize,
) -> Result<Vec<State>, Error> {
    for (from, to) in told.states.iter().flatten() {
        if place(&file.inputs, from).is_none() {
            return Err(no_such("kiln.io.states", &file.inputs, from));
        }
        if place(&file.outputs, to).is_none() {
            return Err(no_such("kiln.io.states", &file.outputs, to));
        }
    }
    let others =
        |i: &usize| Some(*i) != audio_in && !told.controls.contains_key(&file.inputs[*i].name);
    let mut pairs: Vec<(usize, usize)> = (0..file.inputs.len())
        .filter(others)
        .filter_map(|i| Some((i, partner(file, told, i).filter(|&o| o != audio_out)?)))
        .collect();
    // One of each that is left and of one shape belongs together.
    if told.states.is_none() {
        let left = |i: &usize| !pairs.iter().any(|p| p.0 == *i);
        let inputs: Vec<usize> = (0..file.inputs.len()).filter(others).filter(left).collect();
        let left = |o: &usize| *o != audio_out && !pairs.iter().any(|p| p.1 == *o);
        let outputs: Vec<usize> = (0..file.outputs.len()).filter(left).collect();
        if let (&[i], &[o]) = (&inputs[..], &outputs[..])
            && file.inputs[i].shape == file.outputs[o].shape
            && file.inputs[i].element == file.outputs[o].element
        {
            pairs.push((i, o));
        }
    }
    for (n, (_, output)) in pairs.iter().enumerate() {
        if pairs[..n].iter().any(|p| p.1 == *output) {
            let name = &file.outputs[*output].name;
            return Err(Error::invalid("states", "an output for each", format!("{name} for two")));
        }
    }
    let state = |&(input, output): &(usize, usize)| {
        let port = &file.inputs[input];
        let zero = zeros(port)?;
        let open = port.shape.iter().flatten().any(|d| matches!(d, Dim::Free(_)));
        Ok(State { input, output, zero, open: open || port.shape.is_none() })
    };
    pairs.iter().map(state).collect()
}

#[cfg(test)]
#[path = "io_tests.rs"]
mod tests;
