//! A network in double precision, a sample at a time.

use crate::error::Error;
use crate::graph::Section;
use crate::network::Network;
use crate::scalar::{Scalar, Scalars};

/// Runs a network of any topology in double precision: what faster code is held
/// to, and what measurements are made with. Nothing is optimised.
///
/// Delays of a fraction of a sample are sixteen taps of an FIR.
#[derive(Clone, Debug)]
pub struct Interpreter {
    scalars: Scalars,
    /// What each signal is now.
    values: Vec<f64>,
    /// What each signal remembers: for delays and FIRs a ring, for biquads the
    /// state of the transposed direct form II.
    states: Vec<Vec<f64>>,
    /// Samples since the start.
    now: usize,
}

impl Interpreter {
    /// Of `network`, silent.
    ///
    /// # Errors
    ///
    /// [`Error::NoSolution`] for a loop without delay that has none,
    /// [`Error::TooLarge`] for one of too many signals, [`Error::Invalid`] for a
    /// network that contradicts itself.
    pub fn new(network: &Network) -> Result<Self, Error> {
        let scalars = Scalars::new(network)?;
        let mut states = vec![Vec::new(); scalars.made.len()];
        for x in scalars.order.iter().chain(&scalars.lines) {
            let size = match &scalars.made[*x] {
                Scalar::Delay(_, samples) => *samples,
                Scalar::Section(..) => 2,
                Scalar::Fir(_, taps) => taps.len(),
                _ => 0,
            };
            states[*x] = vec![0.0; size];
        }
        Ok(Self { values: vec![0.0; states.len()], scalars, states, now: 0 })
    }

    /// A block: as many slices as there are inputs and outputs, of one length.
    /// Missing inputs are silent.
    pub fn process(&mut self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let frames = outputs.iter().map(|o| o.len()).max().unwrap_or_default();
        for n in 0..frames {
            self.step(|i| inputs.get(i).and_then(|x| x.get(n)).copied().unwrap_or_default());
            for (y, from) in outputs.iter_mut().zip(&self.scalars.outputs) {
                if let Some(y) = y.get_mut(n) {
                    *y = self.values[*from];
                }
            }
        }
    }

    fn step(&mut self, input: impl Fn(usize) -> f64) {
        let Self { scalars: Scalars { made, order, .. }, values, states, now } = self;
        // Delays give what they were given earlier, whatever the order.
        for x in order.iter() {
            if let Scalar::Delay(_, samples) = made[*x] {
                values[*x] = states[*x][*now % samples];
            }
        }
        for x in order.iter() {
            let state = &mut states[*x];
            values[*x] = match &made[*x] {
                Scalar::Delay(..) => continue,
                Scalar::Input(i) => input(*i),
                Scalar::Sum(terms) => terms.iter().map(|(gain, y)| gain * values[*y]).sum(),
                Scalar::Section(y, section) => biquad(section, state, values[*y]),
                Scalar::Fir(y, taps) => {
                    let size = taps.len();
                    state[*now % size] = values[*y];
                    let past = |k: usize| state[(*now + size - k) % size];
                    taps.iter().enumerate().map(|(k, t)| t * past(k)).sum()
                }
            };
        }
        for x in order.iter() {
            if let Scalar::Delay(y, samples) = made[*x] {
                states[*x][*now % samples] = values[y];
            }
        }
        *now += 1;
    }
}

fn biquad(section: &Section, state: &mut [f64], x: f64) -> f64 {
    let Section { b, a } = section;
    let y = b[0] * x + state[0];
    state[0] = b[1] * x - a[0] * y + state[1];
    state[1] = b[2] * x - a[1] * y;
    y
}
