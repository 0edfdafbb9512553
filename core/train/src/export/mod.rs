//! Model files as players read them.
//!
//! Each format has a module whose functions turn plain weights into the bytes of a file.
//! Every file is read back by [`nn::Model`] before it is handed out, so what is written
//! plays.

pub mod aida;
pub mod chain;
pub mod drive;
pub mod guitarml;
mod keras;
pub mod nam;
pub mod recurrent;

use serde::Serialize;

use crate::Error;

pub use chain::{Activation, Chain, Layer};
pub use recurrent::Recurrent;

/// What a file says of its model beside the weights.
#[derive(Clone, Debug)]
pub struct About<'a> {
    /// The rate it was trained at, in Hz.
    pub sample_rate: f64,
    /// Names, levels and measurements; of [`nn::Metadata`] each format writes what it has
    /// words for.
    pub metadata: &'a nn::Metadata,
    /// The inputs after the sound, in order.
    pub knobs: &'a [nn::Knob],
    /// What the trainer says of its work: its name, version and settings, as an object.
    /// Only `.nam` files have a place for it.
    pub training: Option<&'a serde_json::Value>,
}

impl About<'_> {
    fn check(&self) -> Result<(), Error> {
        if !(1000.0..=1_000_000.0).contains(&self.sample_rate) {
            let found = self.sample_rate;
            return Err(Error::setting("sample rate", "1000 to 1000000 Hz", found));
        }
        Ok(())
    }

    /// Refuses knobs that are not those of a network of so many inputs.
    fn turns(&self, inputs: usize) -> Result<(), Error> {
        if self.knobs.len() + 1 == inputs {
            return Ok(());
        }
        let expected = format!("{}, one for each input after the sound", inputs - 1);
        Err(Error::setting("knobs", expected, self.knobs.len()))
    }

    /// The same for a format whose knobs all go from 0 to 1.
    fn turns_in_parts(&self, format: &str, inputs: usize) -> Result<(), Error> {
        self.turns(inputs)?;
        match self.knobs.iter().find(|k| (k.min, k.max) != (0.0, 1.0)) {
            None => Ok(()),
            Some(knob) => {
                let holds = "knobs from 0 to 1; train with such, or write kiln-drive";
                let found = format!("{} from {} to {}", knob.name, knob.min, knob.max);
                refused(format, holds, &found)
            }
        }
    }
}

/// The JSON of `file`, after a look whether it plays as it says.
fn written(file: &impl Serialize) -> Result<Vec<u8>, Error> {
    let bytes = serde_json::to_vec(file).map_err(nn::Error::from)?;
    let model = nn::Model::load(&bytes)?;
    match model.differences().first() {
        None => Ok(bytes),
        Some(found) => Err(Error::setting("model", "one that sounds alike in all players", found)),
    }
}

/// Refuses weights that are not finite or not as many as the sizes say.
fn weights(at: &str, expected: Option<usize>, found: &[f32]) -> Result<(), Error> {
    if expected != Some(found.len()) {
        let expected = expected.map_or("fewer".to_owned(), |n| n.to_string());
        return Err(Error::setting(at, format!("{expected} weights"), found.len()));
    }
    match found.iter().find(|w| !w.is_finite()) {
        None => Ok(()),
        Some(w) => Err(Error::setting(at, "finite weights", w)),
    }
}

/// Refuses a class of network that a format cannot hold, with what can be done instead.
fn refused<T>(format: &str, holds: &str, found: &str) -> Result<T, Error> {
    Err(Error::setting(format!("{format} file"), holds, found))
}

/// The rows of a matrix of so many columns.
fn rows(matrix: &[f32], columns: usize) -> Vec<&[f32]> {
    matrix.chunks_exact(columns.max(1)).collect()
}

/// `columns` lists of a matrix given row by row.
fn transposed(matrix: &[f32], columns: usize) -> Vec<Vec<f32>> {
    (0..columns).map(|c| matrix.iter().skip(c).step_by(columns).copied().collect()).collect()
}

/// A question for self-tests: a decaying sweep with silence at its end, which says whether
/// a network remembers right.
fn question(rate: f64) -> Vec<f32> {
    (0..recurrent::TESTED)
        .map(|n| {
            let t = n as f64;
            let angle = 0.02 * t + 1e-4 * t * t;
            let level = if n < 1536 { 0.8 * (-t * 200.0 / rate).exp() } else { 0.0 };
            (level * angle.sin()) as f32
        })
        .collect()
}

#[cfg(test)]
mod nam_tests;
#[cfg(test)]
mod tests;
