//! Runs a recurrent network over a batch of sequences, and back.

use cpu::Isa;
use cpu::denormal::FlushDenormals;
use fearless_simd::Level;
use nn::kernel::{self, Memory};
use nn::program::Buffer;

use super::gates::{self, Gru, Handed, Lstm, Returned};
use super::network::{Cell, Numbers, Recurrent, Shape};
use crate::Error;
use crate::kernel::{Correlation, Frames, Planes};

/// Steps between visits of sequences, whose samples lie apart.
const GATHER: usize = 16;
/// Steps of the way back whose errors are kept, until the gradients of the weights are
/// summed over them: as many as leave them in a cache.
const CHUNK: usize = 16;
/// Floats of a cache line, and lanes of the widest vector.
const LINE: usize = 16;
/// Floats of the largest memory: 2 GiB.
const MAX_FLOATS: usize = 1 << 29;

/// The memory of one network over a batch of sequences, one to a lane. One thread's.
///
/// What it computes depends on no other: a batch that is split among several of these
/// gives the same gradient in whatever order they run, if it is added up in one order.
pub struct Unrolled {
    level: Level,
    layout: Layout,
    /// Sequences, of which there may be fewer than the layout has lanes.
    lanes: usize,
    capacity: usize,
    /// Steps of the last run.
    steps: usize,
    /// A block for each step, and one more for the state after the last.
    signals: Blocks,
    /// The state, and the cell of an LSTM, that the next run begins with.
    carried: Vec<f32>, // (1 or 2) × hidden × lanes
    /// What steps hand back: a block for each of a chunk, and one more for those that
    /// the chunk itself was handed.
    returned: Blocks,
    /// Derivatives by the outputs. // steps × lanes
    errors: Vec<f32>,
    numbers: Numbers,
    outputs: Vec<f32>, // lanes × steps
}

/// Rows of a block of signals, in floats from its beginning: input, state before, four
/// gates, then of an LSTM cell before and tanh of the cell, at last the output.
#[derive(Clone, Copy)]
struct Layout {
    shape: Shape,
    /// Floats of a row.
    lanes: usize,
    state: usize,
    gates: usize,
    cell: usize,
    squashed: usize,
    output: usize,
    block: usize,
}

impl Layout {
    fn new(shape: Shape, lanes: usize) -> Self {
        let Shape { cell, inputs, hidden } = shape;
        let unit = hidden * lanes;
        let state = inputs * lanes;
        let gates = state + unit;
        let cells = if cell == Cell::Lstm { unit } else { 0 };
        let squashed = gates + 4 * unit + cells;
        let output = squashed + cells;
        let (cell, block) = (gates + 4 * unit, output + lanes);
        Self { shape, lanes, state, gates, cell, squashed, output, block }
    }

    /// Floats of all units of one kind.
    fn unit(&self) -> usize {
        self.shape.hidden * self.lanes
    }

    /// Where the results of a step lie, and its input: see [`super::network`].
    fn buffers(&self) -> Vec<Buffer> {
        let candidate = self.gates + 3 * self.unit();
        let offsets = [self.gates, candidate, self.output, 0];
        offsets.map(|offset| self.buffer(offset)).into()
    }

    fn buffer(&self, offset: usize) -> Buffer {
        Buffer { offset, stride: self.lanes, ..Buffer::default() }
    }

    /// Where `rows` rows from `offset` on begin.
    fn rows(&self, offset: usize, rows: usize) -> impl Iterator<Item = u32> {
        (0..rows).map(move |row| (offset + row * self.lanes) as u32)
    }
}

/// Memory of steps, a block each, and where in a block operations read and write.
struct Blocks {
    /// Begins `skip` floats before the first block, which lies on a cache line.
    data: Vec<f32>,
    skip: usize,
    block: usize,
    buffers: Vec<Buffer>,
    inputs: Vec<u32>,
}

impl Blocks {
    fn new(count: usize, block: usize, buffers: Vec<Buffer>, inputs: Vec<u32>) -> Self {
        let data = vec![0.0f32; count * block + LINE];
        let skip = data.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
        Self { data, skip, block, buffers, inputs }
    }

    fn at(&self, step: usize) -> usize {
        self.skip + step * self.block
    }

    /// The memory from a step on, for an operation that reads inputs from `first` on.
    fn memory(&mut self, step: usize, first: usize) -> Memory<'_> {
        let at = self.at(step);
        let Self { data, buffers, inputs, .. } = self;
        Memory { data: &mut data[at..], buffers, at: &[0; 4], inputs: &inputs[first..] }
    }

    /// A step, and all after it.
    fn split(&mut self, step: usize) -> (&mut [f32], &mut [f32]) {
        let at = self.at(step);
        self.data[at..].split_at_mut(self.block)
    }
}

impl Unrolled {
    /// For runs of at most `steps` samples over `lanes` sequences, on the best
    /// instruction set there is. Lanes are computed in groups of 16.
    ///
    /// # Errors
    /// If that takes more memory than any machine should spend on it, or none.
    pub fn new(network: &Recurrent, steps: usize, lanes: usize) -> Result<Self, Error> {
        Self::on(network, steps, lanes, Isa::best())
    }

    /// [`Unrolled::new`] on an instruction set of choice.
    ///
    /// # Errors
    /// As [`Unrolled::new`].
    pub fn on(network: &Recurrent, steps: usize, lanes: usize, isa: Isa) -> Result<Self, Error> {
        if !(1..=MAX_FLOATS).contains(&steps) || !(1..=1 << 10).contains(&lanes) {
            let found = format!("{steps} of {lanes}");
            return Err(Error::setting("steps and lanes", "some, and at most 1024 lanes", found));
        }
        let shape = network.shape;
        let layout = Layout::new(shape, lanes.next_multiple_of(LINE));
        let floats = layout.block.saturating_mul(steps + 1);
        if floats > MAX_FLOATS {
            let expected = format!("at most {MAX_FLOATS} floats of memory");
            return Err(Error::setting("steps and lanes", expected, floats));
        }
        let Layout { state, block, .. } = layout;
        let Shape { inputs, hidden, .. } = shape;
        let reads = layout.rows(0, inputs).chain(layout.rows(state, hidden));
        let reads = reads.chain(layout.rows(block + state, hidden)).collect();
        let unit = layout.unit();
        let back = [4 * unit, 5 * unit].map(|offset| layout.buffer(offset)).into();
        let sums = layout.rows(0, 4 * hidden).collect();
        Ok(Self {
            level: isa.level(),
            layout,
            lanes,
            capacity: steps,
            steps: 0,
            signals: Blocks::new(steps + 1, block, layout.buffers(), reads),
            carried: vec![0.0; unit + (layout.squashed - layout.cell)],
            returned: Blocks::new(CHUNK + 1, 6 * unit, back, sums),
            errors: vec![0.0; steps * layout.lanes],
            numbers: Numbers::new(network),
            outputs: vec![0.0; steps * lanes],
        })
    }

    /// Sequences it runs side by side.
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    /// Samples of the longest run.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Begins all sequences anew, with every state at zero.
    pub fn reset(&mut self) {
        self.carried.fill(0.0);
    }

    /// Begins one sequence anew.
    pub fn reset_lane(&mut self, lane: usize) {
        let lanes = self.layout.lanes;
        self.carried.iter_mut().skip(lane).step_by(lanes).for_each(|state| *state = 0.0);
    }

    /// Runs the network over the next samples of every sequence, from where the last run
    /// ended: `inputs` has a slice for each row of input of the first sequence, then of
    /// the second, and so on. The longest says how many samples are run, as far as there
    /// is room; what is missing is silence.
    ///
    /// Returns as many outputs of the first sequence, then of the second, and so on; none
    /// if the network is not of the shape this was made for.
    pub fn forward(&mut self, network: &Recurrent, inputs: &[&[f32]]) -> &[f32] {
        if network.shape != self.layout.shape {
            self.steps = 0;
            return &[];
        }
        let inputs = &inputs[..inputs.len().min(self.lanes * self.layout.shape.inputs)];
        let longest = inputs.iter().map(|input| input.len()).max().unwrap_or(0);
        self.steps = longest.min(self.capacity);
        let _flush = FlushDenormals::enter();
        self.begin();
        for start in (0..self.steps).step_by(GATHER) {
            let end = (start + GATHER).min(self.steps);
            self.gather(inputs, start, end);
            (start..end).for_each(|t| self.step(network, t));
            self.scatter(start, end);
        }
        self.end();
        &self.outputs[..self.steps * self.lanes]
    }

    /// [`Unrolled::forward`] over any number of samples for the sake of the state alone.
    pub fn warm_up(&mut self, network: &Recurrent, inputs: &[&[f32]]) {
        let longest = inputs.iter().map(|input| input.len()).max().unwrap_or(0);
        for start in (0..longest).step_by(self.capacity) {
            let end = (start + self.capacity).min(longest);
            let part = |input: &&'_ [f32]| start.min(input.len())..end.min(input.len());
            let parts: Vec<&[f32]> = inputs.iter().map(|input| &input[part(input)]).collect();
            self.forward(network, &parts);
        }
    }

    /// Puts the state that was carried before the first step.
    fn begin(&mut self) {
        let Layout { state, cell, .. } = self.layout;
        let (h, c) = self.carried.split_at(self.layout.unit());
        let (first, _) = self.signals.split(0);
        first[state..][..h.len()].copy_from_slice(h);
        first[cell..][..c.len()].copy_from_slice(c);
    }

    /// Keeps the state after the last step.
    fn end(&mut self) {
        let Layout { state, cell, .. } = self.layout;
        let (h, c) = self.carried.split_at_mut(self.layout.unit());
        let (last, _) = self.signals.split(self.steps);
        h.copy_from_slice(&last[state..][..h.len()]);
        c.copy_from_slice(&last[cell..][..c.len()]);
    }

    /// Samples of all sequences into their lanes.
    fn gather(&mut self, inputs: &[&[f32]], start: usize, end: usize) {
        let Layout { lanes, block, shape, .. } = self.layout;
        let at = self.signals.at(start);
        let data = &mut self.signals.data[at..];
        for (i, input) in inputs.iter().enumerate() {
            let (lane, row) = (i / shape.inputs, i % shape.inputs);
            let to = data[row * lanes + lane..].iter_mut().step_by(block);
            let samples = input.iter().skip(start).copied().chain(std::iter::repeat(0.0));
            to.zip(samples).take(end - start).for_each(|(to, x)| *to = x);
        }
    }

    /// Outputs out of the lanes.
    fn scatter(&mut self, start: usize, end: usize) {
        let Layout { output, block, .. } = self.layout;
        let at = self.signals.at(start) + output;
        let sequences = self.outputs.chunks_exact_mut(self.steps.max(1));
        for (lane, sequence) in sequences.enumerate().take(self.lanes) {
            let from = self.signals.data[at + lane..].iter().step_by(block);
            sequence[start..end].iter_mut().zip(from).for_each(|(to, y)| *to = *y);
        }
    }

    fn step(&mut self, network: &Recurrent, t: usize) {
        let Layout { lanes, shape, .. } = self.layout;
        let (level, signals) = (self.level, &mut self.signals);
        for sum in &network.sums {
            kernel::run(level, sum, &mut signals.memory(t, 0), lanes);
        }
        match shape.cell {
            Cell::Lstm => gates::lstm(level, &mut lstm(&self.layout, signals, t)),
            Cell::Gru => gates::gru(level, &mut gru(&self.layout, signals, t)),
        }
        let memory = &mut signals.memory(t, shape.inputs + shape.hidden);
        kernel::run(level, &network.head, memory, lanes);
    }

    /// Adds to `gradient` the derivatives by the weights of a loss whose derivatives by
    /// the outputs of the last [`Unrolled::forward`] are `errors`, in the same order. The
    /// state that run began with counts as given.
    pub fn backward(&mut self, network: &Recurrent, errors: &[f32], gradient: &mut [f32]) {
        if network.shape != self.layout.shape || self.steps == 0 {
            return;
        }
        let _flush = FlushDenormals::enter();
        let lanes = self.layout.lanes;
        self.errors.fill(0.0);
        for (lane, errors) in errors.chunks(self.steps).enumerate().take(self.lanes) {
            let to = self.errors.iter_mut().skip(lane).step_by(lanes);
            to.zip(errors).for_each(|(to, error)| *to = *error);
        }
        self.numbers.clear();
        self.returned.split(CHUNK).0.fill(0.0);
        let mut end = self.steps;
        while end > 0 {
            let start = end.saturating_sub(CHUNK);
            (start..end).rev().for_each(|t| self.step_back(network, t, t + CHUNK - end));
            self.correlate(network, start, end);
            // What the chunk hands back is what the one before it is handed.
            let (from, to) = (self.returned.at(CHUNK - (end - start)), self.returned.at(CHUNK));
            self.returned.data.copy_within(from..from + self.returned.block, to);
            end = start;
        }
        network.collect(&self.numbers, gradient);
    }

    /// Undoes step `t`, as step `to` of the chunk.
    fn step_back(&mut self, network: &Recurrent, t: usize, to: usize) {
        let Layout { lanes, shape, .. } = self.layout;
        let unit = self.layout.unit();
        let (now, later) = self.returned.split(to);
        let (sums, kept) = now.split_at_mut(5 * unit);
        let mut handed = Handed { sums, kept };
        let back = Returned {
            errors: &self.errors[t * lanes..][..lanes],
            head: &network.shares,
            later: &later[4 * unit..][..unit],
            kept: &later[5 * unit..][..unit],
        };
        let (level, signals) = (self.level, &mut self.signals);
        match shape.cell {
            Cell::Lstm => {
                gates::lstm_back(level, &lstm(&self.layout, signals, t), &back, &mut handed);
            }
            Cell::Gru => {
                gates::gru_back(level, &gru(&self.layout, signals, t), &back, &mut handed);
            }
        }
        kernel::run(level, &network.back, &mut self.returned.memory(to, 0), lanes);
    }

    /// Sums the gradients by all numbers over a chunk.
    fn correlate(&mut self, network: &Recurrent, start: usize, end: usize) {
        let Layout { lanes, block, shape: Shape { inputs, hidden, .. }, .. } = self.layout;
        let Self { level, signals, returned, numbers, .. } = self;
        let frames = |step| Frames { n: lanes, blocks: end - start, steps: [step, block] };
        let mut base = returned.at(CHUNK - (end - start));
        let shift = signals.at(start);
        for (sum, (weights, bias)) in network.sums.iter().zip(&mut numbers.0) {
            let correlation = Correlation {
                errors: &returned.data,
                outputs: Planes { base, stride: lanes, rows: sum.outputs },
                data: &signals.data,
                inputs: &signals.inputs[..sum.inputs],
                shift,
                frames: frames(returned.block),
            };
            correlation.add(*level, weights, sum.bias.len());
            correlation.add_bias(*level, bias);
            base += sum.outputs * lanes;
        }
        if let Some((weights, bias)) = numbers.0.last_mut() {
            let correlation = Correlation {
                errors: &self.errors,
                outputs: Planes { base: start * lanes, stride: lanes, rows: 1 },
                data: &signals.data,
                inputs: &signals.inputs[inputs + hidden..],
                shift,
                frames: frames(lanes),
            };
            correlation.add(*level, weights, network.head.bias.len());
            correlation.add_bias(*level, bias);
        }
    }
}

/// The rows of a step.
fn lstm<'a>(layout: &Layout, signals: &'a mut Blocks, t: usize) -> Lstm<'a> {
    let unit = layout.unit();
    let (now, next) = signals.split(t);
    let (_, now) = now.split_at_mut(layout.gates);
    let (gates, now) = now.split_at_mut(4 * unit);
    let (before, squashed) = now.split_at_mut(unit);
    let (state, cell) = next.split_at_mut(layout.gates);
    Lstm {
        gates,
        before,
        cell: &mut cell[4 * unit..][..unit],
        squashed: &mut squashed[..unit],
        state: &mut state[layout.state..],
    }
}

fn gru<'a>(layout: &Layout, signals: &'a mut Blocks, t: usize) -> Gru<'a> {
    let (now, next) = signals.split(t);
    let (before, gates) = now.split_at_mut(layout.gates);
    Gru {
        gates: &mut gates[..4 * layout.unit()],
        before: &before[layout.state..],
        state: &mut next[layout.state..layout.gates],
    }
}
