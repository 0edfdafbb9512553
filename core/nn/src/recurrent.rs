//! A recurrent network as data, for crates that run it in ways of their own.

/// An LSTM of one input and one output. Gates are in PyTorch's order, input,
/// forget, candidate and output; its recurrence is that of `torch.nn.LSTM`, a linear
/// layer after it.
#[derive(Clone, Debug)]
pub struct Recurrent {
    /// Units of every layer.
    pub hidden: usize,
    /// From the input to the output.
    pub layers: Vec<RecurrentLayer>,
    /// Weights of the output: // hidden
    pub head: Vec<f32>,
    /// Added to the output.
    pub bias: f32,
}

/// One layer of a [`Recurrent`].
#[derive(Clone, Debug)]
pub struct RecurrentLayer {
    /// Values that come from below: one sample, or the units of the layer below.
    pub inputs: usize,
    /// Row by row, what weighs the inputs before what weighs the units:
    /// // 4 · hidden × (inputs + hidden)
    pub matrix: Vec<f32>,
    /// Both biases, summed: // 4 · hidden
    pub bias: Vec<f32>,
    /// Outputs of the units once silence has lasted: // hidden
    pub h: Vec<f32>,
    /// Cells of the units once silence has lasted: // hidden
    pub c: Vec<f32>,
}

impl Recurrent {
    /// Where a cell stops growing: float32 no longer counts in ones there.
    pub const MAX_CELL: f32 = crate::cell::MAX_CELL;

    /// Multiply-adds a sample costs.
    pub fn macs(&self) -> usize {
        self.layers.iter().map(|layer| layer.matrix.len()).sum::<usize>() + self.hidden
    }
}
