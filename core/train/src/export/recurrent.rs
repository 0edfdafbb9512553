//! A recurrent layer before a linear one, in neutral form.

use super::weights;
use crate::Error;

/// Samples of a self-test, as AIDA-X has them.
pub(super) const TESTED: usize = 2048;

/// One LSTM or GRU layer before a linear one of one output. Gates are in PyTorch's order,
/// `hidden` rows each: input, forget, candidate, output of an LSTM; reset, update,
/// candidate of a GRU, which resets after its matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Recurrent {
    /// Whether it is a GRU; else it is an LSTM.
    pub gru: bool,
    /// Inputs: the sound, then knobs.
    pub inputs: usize,
    /// Units.
    pub hidden: usize,
    /// \[gates · hidden × inputs\].
    pub input: Vec<f32>,
    /// \[gates · hidden × hidden\].
    pub own: Vec<f32>,
    /// \[gates · hidden\], beside the input.
    pub bias: Vec<f32>,
    /// \[gates · hidden\], beside what the layer remembers.
    pub own_bias: Vec<f32>,
    /// \[hidden\].
    pub head: Vec<f32>,
    /// Added after the head.
    pub head_bias: f32,
    /// Whether the dry signal is added to the output.
    pub skip: bool,
}

/// What a network remembers, in `f64`.
pub(super) struct State {
    pub(super) h: Vec<f64>,
    pub(super) c: Vec<f64>,
}

impl Recurrent {
    /// Gates of the layer.
    pub fn gates(&self) -> usize {
        if self.gru { 3 } else { 4 }
    }

    /// # Errors
    /// Where sizes contradict each other or a weight is not finite.
    pub fn check(&self) -> Result<(), Error> {
        const MOST: usize = 4096;
        for (what, n) in [("inputs", self.inputs), ("hidden", self.hidden)] {
            if !(1..=MOST).contains(&n) {
                return Err(Error::setting(what, format!("1 to {MOST}"), n));
            }
        }
        let rows = self.gates() * self.hidden;
        weights("input", Some(rows * self.inputs), &self.input)?;
        weights("own", Some(rows * self.hidden), &self.own)?;
        weights("bias", Some(rows), &self.bias)?;
        weights("own_bias", Some(rows), &self.own_bias)?;
        weights("head", Some(self.hidden), &self.head)?;
        weights("head_bias", Some(1), &[self.head_bias])
    }

    /// Both biases in one, for formats that know but one.
    pub(super) fn biases(&self) -> Vec<f32> {
        self.bias.iter().zip(&self.own_bias).map(|(a, b)| a + b).collect()
    }

    pub(super) fn zeros(&self) -> State {
        State { h: vec![0.0; self.hidden], c: vec![0.0; self.hidden] }
    }

    /// What a second of silence leads to, or less where the state repeats.
    pub(super) fn settled(&self, rate: f64) -> State {
        let mut state = self.zeros();
        let silence = vec![0.0; self.inputs];
        for _ in 0..rate as usize {
            let before = state.h.clone();
            self.advance(&silence, &mut state);
            if state.h == before {
                break;
            }
        }
        state
    }

    /// Replaces `io` with the answer from zero states, with knobs where they stand.
    pub(super) fn play(&self, knobs: &[f32], io: &mut [f32]) {
        let mut state = self.zeros();
        let mut x: Vec<f64> = vec![0.0; self.inputs];
        x.iter_mut().skip(1).zip(knobs).for_each(|(x, knob)| *x = f64::from(*knob));
        for io in io {
            x[0] = f64::from(*io);
            self.advance(&x, &mut state);
            let sum: f64 = self.head.iter().zip(&state.h).map(|(w, h)| f64::from(*w) * h).sum();
            let dry = if self.skip { x[0] } else { 0.0 };
            *io = (sum + f64::from(self.head_bias) + dry) as f32;
        }
    }

    fn advance(&self, x: &[f64], state: &mut State) {
        let sums = |matrix: &[f32], bias: &[f32], x: &[f64]| -> Vec<f64> {
            let rows = matrix.chunks_exact(x.len()).zip(bias);
            let dot = |w: &[f32]| w.iter().zip(x).map(|(w, x)| f64::from(*w) * x).sum::<f64>();
            rows.map(|(w, b)| dot(w) + f64::from(*b)).collect()
        };
        let driven = sums(&self.input, &self.bias, x);
        let own = sums(&self.own, &self.own_bias, &state.h);
        let sigmoid = |z: f64| 1.0 / (1.0 + (-z).exp());
        for k in 0..self.hidden {
            let gate = |g: usize| driven[g * self.hidden + k] + own[g * self.hidden + k];
            if self.gru {
                let at = 2 * self.hidden + k;
                let candidate = (driven[at] + sigmoid(gate(0)) * own[at]).tanh();
                let keep = sigmoid(gate(1));
                state.h[k] = keep * state.h[k] + (1.0 - keep) * candidate;
            } else {
                let kept = sigmoid(gate(1)) * state.c[k];
                state.c[k] = kept + sigmoid(gate(0)) * gate(2).tanh();
                state.h[k] = sigmoid(gate(3)) * state.c[k].tanh();
            }
        }
    }
}
