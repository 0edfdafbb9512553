//! What the network does to the sound of this moment, for the eye.

/// How many pairs [`Drive::trace`](super::Drive::trace) gives.
pub const PAIRS: usize = 256;

/// Seconds they span.
const SPAN: f32 = 0.02;

/// The latest inputs of a network beside its outputs to them.
#[derive(Clone, Debug)]
pub(super) struct Trace {
    pairs: [[f32; 2]; PAIRS],
    next: usize,
    /// Samples from one pair to the next.
    stride: usize,
    /// Samples since the last pair.
    phase: usize,
}

impl Trace {
    /// All zero. `sample_rate` is in Hz.
    pub(super) fn new(sample_rate: f32) -> Self {
        let stride = ((SPAN * sample_rate / PAIRS as f32).round() as usize).max(1);
        Self { pairs: [[0.0; 2]; PAIRS], next: 0, stride, phase: 0 }
    }

    /// Takes every `stride`th pair. The inputs have a gain still to come, the outputs
    /// one behind them, and before that something was taken from them.
    pub(super) fn push(
        &mut self,
        inputs: &[f32],
        outputs: &[f32],
        [before, after, offset]: [f32; 3],
    ) {
        let first = (self.stride - self.phase) % self.stride;
        self.phase = (self.phase + inputs.len()) % self.stride;
        for (x, y) in inputs.iter().zip(outputs).skip(first).step_by(self.stride) {
            self.pairs[self.next] = [x * before, y / after + offset];
            self.next = (self.next + 1) % PAIRS;
        }
    }

    /// Silence.
    pub(super) fn clear(&mut self) {
        self.pairs = [[0.0; 2]; PAIRS];
        (self.next, self.phase) = (0, 0);
    }

    /// The oldest first.
    pub(super) fn pairs(&self) -> [[f32; 2]; PAIRS] {
        let mut pairs = self.pairs;
        pairs.rotate_left(self.next);
        pairs
    }
}
