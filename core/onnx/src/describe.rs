//! What a file says of itself, without running anything.

use crate::Error;
use crate::file::File;
use crate::io::Io;

/// What kind of graph plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// It carries its past in states.
    States,
    /// Without states, of any length of time: it hears its past again.
    Open,
    /// Without states, of one length of time.
    Window,
    /// It takes no sound and plays by itself.
    Generator,
}

/// What a browser shows of a file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Description {
    /// As its metadata names it.
    pub name: Option<String>,
    /// What its metadata says besides.
    pub description: Option<String>,
    /// The number of weights.
    pub weights: usize,
    /// The rate it plays at, in Hz, if it says so.
    pub sample_rate: Option<f64>,
    /// What kind of graph it is.
    pub kind: Kind,
}

/// Reads what an `.onnx` file says of itself. That takes no longer than reading it, as
/// nothing of it is run; so it may still be refused by [`load`](crate::load).
///
/// # Errors
/// Says what was expected and what was found; see [`Error`].
pub fn describe(bytes: &[u8]) -> Result<Description, Error> {
    let file = File::read(bytes)?;
    let io = Io::of(&file)?;
    let kind = match &io.audio_in {
        None => Kind::Generator,
        Some(_) if !io.states.is_empty() => Kind::States,
        Some(sound) if sound.free => Kind::Open,
        Some(_) => Kind::Window,
    };
    Ok(Description {
        name: file.metadata.get("name").cloned(),
        description: file.metadata.get("description").cloned(),
        weights: file.weights,
        sample_rate: io.sample_rate,
        kind,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::tests::data;

    #[test]
    fn kinds_rates_and_weights_are_told_without_running() {
        for (name, kind, rate) in [
            ("lstm", Kind::States, 48_000.0),
            ("wavenet_plain", Kind::Open, 48_000.0),
            ("window", Kind::Window, 48_000.0),
            ("decoder_latent", Kind::Generator, 44_100.0),
        ] {
            let found = describe(&data(&format!("{name}.onnx"))).unwrap();
            assert_eq!((found.kind, found.sample_rate), (kind, Some(rate)), "{name}");
            assert!(found.weights > 0, "{name}");
        }
    }

    #[test]
    fn what_is_no_file_is_refused() {
        assert!(describe(b"no protobuf").is_err());
        assert!(describe(&[]).is_err());
    }
}
