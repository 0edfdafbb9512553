//! Runs a network and its way back over one sequence.

use cpu::Isa;
use cpu::denormal::FlushDenormals;
use fearless_simd::Level;
use nn::kernel::Memory;
use nn::program::{Buffer, Id};

use super::back::Step;
use super::network::{Network, first};
use crate::kernel::{self, Correlation, Frames, Planes};

/// Frames of a chunk on the way there and on the way back: few enough for the signals of
/// several layers to stay in the nearest caches.
const CHUNK: usize = 256;
/// Floats of a cache line, and frames of the widest vector.
const LINE: usize = 16;

/// The signals of one network over one sequence, and the errors by them. One thread's.
pub struct Tape {
    level: Level,
    frames: usize,
    outputs: usize,
    signals: Store,
    errors: Store,
    /// Gradients by the numbers of the program, operation by operation.
    numbers: Vec<f32>,
}

/// Signals in planes, and where the inputs of operations over them lie.
struct Store {
    /// Begins `skip` floats before the margin, which lies on a cache line.
    data: Vec<f32>,
    skip: usize,
    buffers: Vec<Buffer>,
    at: Vec<usize>,
    inputs: Vec<u32>,
}

impl Store {
    /// `rows`, with `margin` floats before them and room for `frames` in each.
    fn new(buffers: impl Iterator<Item = (usize, usize)>, margin: usize) -> Self {
        let mut end = margin.next_multiple_of(LINE);
        let mut lay_out = |(rows, frames): (usize, usize)| {
            // An odd number of lines, so that the rows of a signal spread over the cache.
            let stride = ((frames.div_ceil(LINE) + 2) | 1) * LINE;
            let offset = end + LINE;
            end += rows * stride;
            Buffer { rows, offset, stride, frames, ..Buffer::default() }
        };
        let buffers: Vec<Buffer> = buffers.map(&mut lay_out).collect();
        let data = vec![0.0f32; end + 3 * LINE];
        let skip = data.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
        let at = vec![0; buffers.len()];
        Self { data, skip, buffers, at, inputs: Vec::new() }
    }

    /// Adds the inputs that an operation reads from a buffer, `frames` later.
    fn read(&mut self, from: usize, frames: isize) {
        let Buffer { rows, offset, stride, .. } = self.buffers[from];
        let first = offset as isize + frames;
        self.inputs.extend((0..rows).map(|row| (first + (row * stride) as isize) as u32));
    }

    /// The memory from frame `t` on.
    fn memory(&mut self, t: usize) -> Memory<'_> {
        let Self { data, skip, buffers, at, inputs } = self;
        Memory { data: &mut data[*skip + t..], buffers, at, inputs }
    }

    fn planes(&self, id: usize, t: usize) -> Planes {
        let Buffer { rows, offset, stride, .. } = self.buffers[id];
        Planes { base: self.skip + offset + t, stride, rows }
    }

    fn row(&mut self, id: usize, row: usize) -> &mut [f32] {
        let Planes { base, stride, .. } = self.planes(id, 0);
        &mut self.data[base + row * stride..][..self.buffers[id].frames]
    }
}

impl Tape {
    /// For sequences of `outputs` samples that count, each after one sample less than
    /// the receptive field, on the best instruction set there is.
    pub fn new(network: &Network, outputs: usize) -> Self {
        Self::on(network, outputs, Isa::best())
    }

    /// [`Tape::new`] on an instruction set of choice.
    pub fn on(network: &Network, outputs: usize, isa: Isa) -> Self {
        let frames = outputs + network.receptive_field() - 1;
        let whole = frames.next_multiple_of(LINE);
        let taps = network.steps.iter().flat_map(|step| &step.mac.taps);
        let margin = taps.map(|tap| tap.delay).max().unwrap_or(0);
        let rows = network.signals.iter().map(|signal| (signal.rows, whole));
        let mut signals = Store::new(rows, margin + LINE);
        for tap in network.steps.iter().flat_map(|step| &step.mac.taps) {
            signals.read(tap.from.0, -(tap.delay as isize));
        }
        let errors = network.back.errors.iter().map(|e| (e.rows, CHUNK + e.reach));
        let mut errors = Store::new(errors, 0);
        for gather in network.back.steps.iter().flat_map(|step| &step.gathers) {
            gather.reads.iter().for_each(|ahead| errors.read(ahead.errors, ahead.frames as isize));
        }
        let numbers = network.steps.iter().map(|s| s.mac.weights.len() + s.mac.bias.len()).sum();
        debug_assert_eq!(signals.inputs.len(), network.reads);
        debug_assert_eq!(errors.inputs.len(), network.back.reads);
        Self { level: isa.level(), frames, outputs, signals, errors, numbers: vec![0.0; numbers] }
    }

    /// Samples that a sequence must have: those that count and what they need before.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// Runs the network over a sequence, a slice of [`Tape::frames`] for each row of its
    /// input, shorter ones ending in silence; returns the outputs that count.
    pub fn forward(&mut self, network: &Network, input: &[&[f32]]) -> &[f32] {
        for (r, input) in input.iter().enumerate().take(network.inputs()) {
            let row = self.signals.row(network.input.0, r);
            let n = input.len().min(row.len());
            row[..n].copy_from_slice(&input[..n]);
            row[n..].fill(0.0);
        }
        let _flush = FlushDenormals::enter();
        for t in (0..self.frames).step_by(CHUNK) {
            let end = (t + CHUNK).min(self.frames);
            for step in &network.steps {
                let t = t.max(first(&step.mac, &network.signals) & !(LINE - 1));
                if t < end {
                    nn::kernel::run(self.level, &step.mac, &mut self.signals.memory(t), end - t);
                }
            }
        }
        let (from, to) = (self.frames - self.outputs, self.frames);
        &self.signals.row(network.output.0, 0)[from..to]
    }

    /// Adds to `gradient` the derivatives by the weights of a loss whose derivatives by
    /// the outputs of the last [`Tape::forward`] are `errors`.
    pub fn backward(&mut self, network: &Network, errors: &[f32], gradient: &mut [f32]) {
        let _flush = FlushDenormals::enter();
        self.errors.data.fill(0.0);
        self.numbers.fill(0.0);
        let mut end = self.frames.next_multiple_of(LINE);
        while end > 0 {
            let start = end.saturating_sub(CHUNK);
            self.begin(network, errors, start, end);
            let mut numbers = std::mem::take(&mut self.numbers);
            let mut rest = &mut numbers[..];
            for step in &network.back.steps {
                let mac = &network.steps[step.of].mac;
                let (now, others) = rest.split_at_mut(mac.weights.len() + mac.bias.len());
                rest = others;
                self.step(network, step, start, end, now);
            }
            self.numbers = numbers;
            self.advance(network);
            end = start;
        }
        let mut numbers = &self.numbers[..];
        for step in &network.back.steps {
            let step = &network.steps[step.of];
            let (weights, rest) = numbers.split_at(step.mac.weights.len());
            let (bias, rest) = rest.split_at(step.mac.bias.len());
            step.weights.collect(weights, gradient);
            step.bias.collect(bias, gradient);
            numbers = rest;
        }
    }

    /// Puts the errors by the output into a chunk.
    fn begin(&mut self, network: &Network, errors: &[f32], start: usize, end: usize) {
        let before = self.frames - self.outputs;
        let row = &mut self.errors.row(network.back.output, 0)[CHUNK - (end - start)..CHUNK];
        for (t, to) in (start..end).zip(row) {
            *to = t.checked_sub(before).and_then(|t| errors.get(t)).copied().unwrap_or(0.0);
        }
    }

    /// Undoes one operation over a chunk and adds up the gradients by its numbers.
    fn step(
        &mut self,
        network: &Network,
        step: &Step,
        start: usize,
        end: usize,
        numbers: &mut [f32],
    ) {
        // Where a frame of the chunk lies in the memory of the errors.
        let column = |t: usize| t + CHUNK - end;
        let from = |frame: usize| start.max(frame & !(LINE - 1));
        for gather in &step.gathers {
            let t = from(network.signals[gather.signal.0].first);
            let to = gather.mac.mac.to.map_or(0, |Id(id)| id);
            if t > start {
                let until = column(t.min(end));
                let rows = network.back.errors[to].rows;
                (0..rows).for_each(|r| self.errors.row(to, r)[column(start)..until].fill(0.0));
            }
            if t < end {
                let memory = &mut self.errors.memory(column(t));
                nn::kernel::run(self.level, &gather.mac.mac, memory, end - t);
            }
        }
        let mac = &network.steps[step.of].mac;
        let t = from(first(mac, &network.signals));
        if t >= end {
            return;
        }
        let outputs = self.errors.planes(step.errors, column(t));
        if let Some((finish, Id(signal))) = step.derive {
            let values = (&self.signals.data[..], self.signals.planes(signal, t));
            kernel::derive(self.level, finish, (&mut self.errors.data, outputs), values, end - t);
        }
        let correlation = Correlation {
            errors: &self.errors.data,
            outputs,
            data: &self.signals.data,
            inputs: &self.signals.inputs[mac.first..mac.first + mac.inputs],
            shift: self.signals.skip + t,
            frames: Frames { n: end - t, blocks: 1, steps: [0; 2] },
        };
        let (weights, bias) = numbers.split_at_mut(mac.weights.len());
        correlation.add(self.level, weights, mac.bias.len());
        correlation.add_bias(self.level, bias);
    }

    /// Makes what was the chunk the future of the one before it.
    fn advance(&mut self, network: &Network) {
        for (id, errors) in network.back.errors.iter().enumerate() {
            for r in 0..if errors.reach > 0 { errors.rows } else { 0 } {
                self.errors.row(id, r).copy_within(..errors.reach, CHUNK);
            }
        }
    }
}
