//! Blocks of a single sample: one frame through the whole network, channels
//! across lanes.
//!
//! Here latency and bookkeeping are all. So sums over the past, which wait for
//! nothing, are begun while the layer before is finished; what needs no past
//! lies frame by frame, where a vector of channels is one load or store; and
//! every place is worked out at load, up to where the present lies.
//!
//! Each output is summed in the order of the planar kernel (tap by tap,
//! input by input, the bias last), so both agree to the bit.

use fearless_simd::{Simd, f32x4, f32x8, f32x16};

use crate::kernel::{Fused, Identity, Leaky, PreciseTanh, Tanh};
use crate::program::{Buffer, Finish, Id, Mac, Op};
use crate::simd::{Vector, clean};

/// A program of ungrouped multiply-accumulates, laid out for single frames.
#[derive(Clone, Debug)]
pub(crate) struct Short {
    steps: Vec<Step>,
    input: Spot,
    output: Spot,
}

/// Where a signal lies: channel `r` at `offset + at[buffer] + r · stride`.
#[derive(Clone, Copy, Debug)]
struct Spot {
    buffer: usize,
    offset: usize,
    stride: usize,
}

impl Spot {
    fn new(buffers: &[Buffer], id: Id) -> Self {
        let b = &buffers[id.0];
        // What needs no past lies channel by channel.
        let stride = if b.reach > 0 { b.stride } else { 1 };
        Self { buffer: id.0, offset: b.offset, stride }
    }

    #[inline(always)]
    fn frame(&self, at: &[usize]) -> usize {
        self.offset + at[self.buffer]
    }
}

#[derive(Clone, Debug)]
struct Step {
    bias: Vec<f32>, // padded outputs
    outputs: usize,
    taps: Vec<Tap>,
    /// The first taps that wait for no other step of the same frame.
    early: usize,
    /// Where in the memory their sum is kept until the step's turn.
    begun: usize,
    finish: Finish,
    sum: Option<(Spot, bool)>,
    residual: Option<Spot>,
    to: Option<Spot>,
}

#[derive(Clone, Debug)]
struct Tap {
    from: Spot,
    delay: usize,
    inputs: usize,
    /// Strip by strip, so that each reads straight on: // strips × inputs × lanes
    weights: Vec<f32>,
}

impl Short {
    /// Lays out `ops`, if they are all of the one kind; takes memory from `floats` on.
    pub(crate) fn new(
        ops: &[Op],
        buffers: &[Buffer],
        input: Id,
        output: Id,
        floats: &mut usize,
    ) -> Option<Self> {
        let spot = |id| Spot::new(buffers, id);
        let step = |op: &Op| match op {
            Op::Mac(mac) if mac.run == mac.outputs => {
                let begun = *floats;
                *floats += mac.bias.len();
                Some(Step::new(mac, spot, input, begun))
            }
            _ => None,
        };
        let steps = ops.iter().map(step).collect::<Option<_>>()?;
        Some(Self { steps, input: spot(input), output: spot(output) })
    }

    /// Runs the network over one sample.
    #[inline(always)]
    pub(crate) fn run<S: Simd>(&self, s: S, data: &mut [f32], at: &[usize], io: &mut f32) {
        let m = &mut Frame { data, at };
        m.data[self.input.frame(at)] = clean(*io);
        let mut next = self.steps.iter();
        if let Some(first) = next.next() {
            first.begin(s, m);
        }
        for step in &self.steps {
            if let Some(next) = next.next() {
                next.begin(s, m);
            }
            match step.finish {
                Finish::Identity => step.finish(s, m, Identity),
                Finish::Tanh => step.finish(s, m, Tanh),
                Finish::PreciseTanh => step.finish(s, m, PreciseTanh),
                Finish::Leaky(slope) => step.finish(s, m, Leaky(slope)),
            }
        }
        *io = m.data[self.output.frame(at)];
    }
}

/// The memory, and where the present lies in it.
struct Frame<'a> {
    data: &'a mut [f32],
    at: &'a [usize],
}

impl Step {
    fn new(mac: &Mac, spot: impl Fn(Id) -> Spot, input: Id, begun: usize) -> Self {
        let pad = mac.bias.len();
        let tap = |tap: &crate::program::Tap| Tap {
            from: spot(tap.from),
            delay: tap.delay,
            inputs: tap.inputs,
            weights: strips(&mac.weights[tap.weights..tap.weights + tap.inputs * pad], pad),
        };
        let known = |tap: &&crate::program::Tap| tap.delay > 0 || tap.from == input;
        Self {
            bias: mac.bias.clone(),
            outputs: mac.outputs,
            taps: mac.taps.iter().map(tap).collect(),
            early: mac.taps.iter().take_while(known).count(),
            begun,
            finish: mac.finish,
            sum: mac.sum.map(|(id, first)| (spot(id), first)),
            residual: mac.residual.map(&spot),
            to: mac.to.map(&spot),
        }
    }

    /// Begins the sums with what is known before any layer has run.
    #[inline(always)]
    fn begin<S: Simd>(&self, s: S, m: &mut Frame<'_>) {
        let mut o = 0;
        while o < self.bias.len() {
            o += match lanes(self.bias.len() - o) {
                16 => self.begin_strip::<S, f32x16<S>>(s, m, o),
                8 => self.begin_strip::<S, f32x8<S>>(s, m, o),
                _ => self.begin_strip::<S, f32x4<S>>(s, m, o),
            };
        }
    }

    #[inline(always)]
    fn begin_strip<S: Simd, V: Vector<S>>(&self, s: S, m: &mut Frame<'_>, o: usize) -> usize {
        let sum = self.accumulate(s, V::splat(s, 0.0), &self.taps[..self.early], m, o);
        sum.store_slice(&mut m.data[self.begun + o..][..V::LEN]);
        V::LEN
    }

    #[inline(always)]
    fn finish<S: Simd, F: Fused>(&self, s: S, m: &mut Frame<'_>, f: F) {
        let mut o = 0;
        while o < self.bias.len() {
            o += match lanes(self.bias.len() - o) {
                16 => self.finish_strip::<S, F, f32x16<S>>(s, m, o, f),
                8 => self.finish_strip::<S, F, f32x8<S>>(s, m, o, f),
                _ => self.finish_strip::<S, F, f32x4<S>>(s, m, o, f),
            };
        }
    }

    #[inline(always)]
    fn finish_strip<S: Simd, F: Fused, V: Vector<S>>(
        &self,
        s: S,
        m: &mut Frame<'_>,
        o: usize,
        f: F,
    ) -> usize {
        let begun = V::from_slice(s, &m.data[self.begun + o..][..V::LEN]);
        let sum = self.accumulate(s, begun, &self.taps[self.early..], m, o);
        let [y] = f.apply(s, [sum + V::from_slice(s, &self.bias[o..o + V::LEN])]);
        let used = V::LEN.min(self.outputs - o);
        if let Some((into, first)) = self.sum {
            m.put(s, y, into, (!first).then_some(into), o, used);
        }
        if let Some(to) = self.to {
            m.put(s, y, to, self.residual, o, used);
        }
        V::LEN
    }

    /// Adds `taps` to the sums of outputs `o..`.
    #[inline(always)]
    fn accumulate<S: Simd, V: Vector<S>>(
        &self,
        s: S,
        mut sum: V,
        taps: &[Tap],
        m: &Frame<'_>,
        o: usize,
    ) -> V {
        for tap in taps {
            let weights = &tap.weights[o * tap.inputs..][..tap.inputs * V::LEN];
            let x = tap.from.frame(m.at) - tap.delay;
            let mut row = Row { data: m.data, weights, x, stride: tap.from.stride };
            let mut left = tap.inputs;
            // Without loops where there are few inputs: their ends are guessed
            // wrong too often.
            while left >= 16 {
                sum = row.add::<S, V, 16>(s, sum);
                left -= 16;
            }
            if left & 8 != 0 {
                sum = row.add::<S, V, 8>(s, sum);
            }
            if left & 4 != 0 {
                sum = row.add::<S, V, 4>(s, sum);
            }
            if left & 2 != 0 {
                sum = row.add::<S, V, 2>(s, sum);
            }
            if left & 1 != 0 {
                sum = row.add::<S, V, 1>(s, sum);
            }
        }
        sum
    }
}

/// Inputs yet to be added, and their weights.
struct Row<'a> {
    data: &'a [f32],
    weights: &'a [f32],
    x: usize,
    stride: usize,
}

impl Row<'_> {
    /// Adds the next `N` inputs.
    #[inline(always)]
    fn add<S: Simd, V: Vector<S>, const N: usize>(&mut self, s: S, mut sum: V) -> V {
        let (weights, rest) = self.weights.split_at(N * V::LEN);
        self.weights = rest;
        for k in 0..N {
            let w = V::from_slice(s, &weights[k * V::LEN..(k + 1) * V::LEN]);
            sum = w.mul_add(V::splat(s, self.data[self.x]), sum);
            self.x += self.stride;
        }
        sum
    }
}

/// Lanes of the strip that begins `left` outputs before the padded end.
#[inline(always)]
fn lanes(left: usize) -> usize {
    match left {
        16.. => 16,
        8.. => 8,
        _ => 4,
    }
}

/// Reorders `inputs × pad` weights so that those of a strip follow each other.
fn strips(weights: &[f32], pad: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(weights.len());
    let mut o = 0;
    while o < pad {
        let n = lanes(pad - o);
        weights.chunks_exact(pad).for_each(|row| out.extend_from_slice(&row[o..o + n]));
        o += n;
    }
    out
}

impl Frame<'_> {
    /// Stores `used` channels from `o` on, with those of `plus` added. Rows are
    /// read and written one by one: a vector put together in memory would have
    /// to wait until its parts have left the store queue.
    #[inline(always)]
    fn put<S: Simd, V: Vector<S>>(
        &mut self,
        s: S,
        y: V,
        to: Spot,
        plus: Option<Spot>,
        o: usize,
        used: usize,
    ) {
        let first = to.frame(self.at) + o * to.stride;
        if to.stride == 1 && plus.is_none_or(|from| from.stride == 1) {
            let from = plus.map(|from| from.frame(self.at) + o);
            let before = from.map(|from| V::from_slice(s, &self.data[from..from + V::LEN]));
            let y = before.map_or(y, |before| before + y);
            return y.store_slice(&mut self.data[first..first + V::LEN]);
        }
        let mut ys = [0.0; 16];
        y.store_slice(&mut ys[..V::LEN]);
        let Some(from) = plus else {
            let mut x = first;
            for y in &ys[..used] {
                self.data[x] = *y;
                x += to.stride;
            }
            return;
        };
        let (mut x, mut before) = (first, from.frame(self.at) + o * from.stride);
        for y in &ys[..used] {
            self.data[x] = *y + self.data[before];
            (x, before) = (x + to.stride, before + from.stride);
        }
    }
}
