//! Recurrent networks in a course: sequences side by side, each heard in order.
//!
//! All sound is cut into strips. A batch takes as many strips as it has sequences and
//! hears them from their beginning to their end, a step at a time, keeping what it
//! remembers from step to step; derivatives reach back to the beginning of a step. So what
//! a network remembers comes from what it heard, as when it is played.

use rayon::prelude::*;

use super::feed::{Student, enough};
use super::{Class, Lessons, Net, Settings};
use crate::Error;
use crate::export;
use crate::loss::Loss;
use crate::recurrent::{Cell, Recurrent, Unrolled};

/// Sequences that one thread runs at a time; fixed, so that the number of threads changes
/// nothing.
const GROUP: usize = 16;

/// Steps of a strip, at most.
const STRIP: usize = 16;

pub(super) struct Recall<'a> {
    lessons: &'a Lessons,
    network: Recurrent,
    groups: Vec<Group>,
    pool: rayon::ThreadPool,
    batch: usize,
    length: usize,
    /// Steps of a strip.
    strip: usize,
    /// Pair and first sample of each.
    strips: Vec<(usize, usize)>,
    /// A row of each knob for each pair.
    knobs: Vec<Vec<Vec<f32>>>,
}

/// Sequences that share a memory.
struct Group {
    memory: Unrolled,
    loss: Loss,
    errors: Vec<f32>,
    gradient: Vec<f32>,
    heard: f64,
}

impl<'a> Recall<'a> {
    pub(super) fn new(lessons: &'a Lessons, settings: &Settings) -> Result<Self, Error> {
        let (cell, hidden) = match settings.class {
            Class::Lstm { hidden } => (Cell::Lstm, hidden),
            Class::Gru { hidden } => (Cell::Gru, hidden),
            ref other => return Err(Error::setting("class", "lstm or gru", other)),
        };
        let (batch, length) = (settings.batch, settings.length);
        if length == 0 || batch == 0 {
            return Err(Error::setting("batch", "at least one sequence of a sample", "less"));
        }
        let network = Recurrent::new(cell, 1 + lessons.knobs.len(), hidden, settings.skip)?;
        let ranges = || lessons.pairs.iter().flat_map(|(pair, _)| &pair.train);
        let windows: usize = ranges().map(|range| range.len() / length).sum();
        enough(windows, batch, length)?;
        let strip = (windows / batch / 4).clamp(1, STRIP);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(settings.threads.max(1)).build();
        let pool =
            pool.map_err(|error| Error::setting("threads", "as many as can be had", error))?;
        let group = |first: usize| {
            let lanes = GROUP.min(batch - first);
            Ok::<_, Error>(Group {
                memory: Unrolled::new(&network, length, lanes)?,
                loss: Loss::new(&settings.loss, lessons.rate(), length)?,
                errors: vec![0.0; lanes * length],
                gradient: vec![0.0; network.weights()],
                heard: 0.0,
            })
        };
        let groups = (0..batch).step_by(GROUP).map(group).collect::<Result<_, _>>()?;
        let constant =
            |knobs: &Vec<f32>| knobs.iter().map(|knob| vec![*knob; length]).collect::<Vec<_>>();
        let knobs = lessons.pairs.iter().map(|(_, knobs)| constant(knobs)).collect();
        let strips = Vec::new();
        let mut all = Self { lessons, network, groups, pool, batch, length, strip, strips, knobs };
        all.cut(0);
        enough(all.strips.len(), batch, strip * length)?;
        Ok(all)
    }

    /// Cuts all sound anew, the first strip of each passage `late` samples later.
    fn cut(&mut self, late: usize) {
        let each = self.strip * self.length;
        self.strips.clear();
        for (i, (pair, _)) in self.lessons.pairs.iter().enumerate() {
            for range in &pair.train {
                let spare = range.len() % each;
                let first = range.start + late.min(spare);
                let starts = (first..range.end).step_by(each);
                let whole = starts.filter(|start| start + each <= range.end);
                self.strips.extend(whole.map(|start| (i, start)));
            }
        }
    }
}

impl Student for Recall<'_> {
    fn begin(&self, seed: u64) -> Vec<f32> {
        self.network.init(seed)
    }

    fn steps(&self) -> usize {
        self.strips.len() / self.batch * self.strip
    }

    fn epoch(&mut self, seed: u64, epoch: u64) {
        let mut random = fastrand::Rng::with_seed(seed ^ epoch.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        self.cut(random.usize(..self.length));
        random.shuffle(&mut self.strips);
    }

    fn step(&mut self, step: usize, weights: &[f32], gradient: &mut [f32]) -> f64 {
        self.network.set(weights);
        let Self { lessons, network, groups, pool, batch, length, strip, strips, knobs } = self;
        let (at, length) = (step % *strip, *length);
        let strips = &strips[step / *strip * *batch..][..*batch];
        let rows = |strips: &[(usize, usize)], from: isize| -> Vec<&[f32]> {
            let sequence = |(pair, start): &(usize, usize)| {
                let sound = &lessons.pairs[*pair].0.dry;
                let from = start.saturating_add_signed(from).min(sound.len());
                let sound = &sound[from..(from + length).min(sound.len())];
                std::iter::once(sound).chain(knobs[*pair].iter().map(Vec::as_slice))
            };
            strips.iter().flat_map(sequence).collect()
        };
        let work = |(group, strips): (&mut Group, &[(usize, usize)])| {
            if at == 0 {
                // What came before a strip, for the network to remember.
                group.memory.reset();
                group.memory.forward(network, &rows(strips, -(length as isize)));
            }
            group.hear(
                network,
                lessons,
                strips,
                at * length,
                &rows(strips, (at * length) as isize),
            );
        };
        pool.install(|| groups.par_iter_mut().zip(strips.par_chunks(GROUP)).for_each(work));
        gradient.fill(0.0);
        let each = 1.0 / *batch as f32;
        for group in &*groups {
            gradient.iter_mut().zip(&group.gradient).for_each(|(sum, g)| *sum += each * g);
        }
        groups.iter().map(|group| group.heard).sum::<f64>() / *batch as f64
    }

    fn net(&self, weights: &[f32]) -> Net {
        let (inputs, hidden) = (self.network.inputs(), self.network.hidden());
        let gru = self.network.cell() == Cell::Gru;
        let rows = hidden * if gru { 3 } else { 4 };
        let mut rest = weights;
        let mut take = |n: usize| {
            let (part, others) = rest.split_at(n.min(rest.len()));
            rest = others;
            part.to_vec()
        };
        let [input, own] = [rows * inputs, rows * hidden].map(&mut take);
        let [bias, own_bias] = [rows; 2].map(&mut take);
        let (head, head_bias) = (take(hidden), take(1).first().copied().unwrap_or(0.0));
        let skip = self.network.skips();
        Net::Recurrent(export::Recurrent {
            gru,
            inputs,
            hidden,
            input,
            own,
            bias,
            own_bias,
            head,
            head_bias,
            skip,
        })
    }
}

impl Group {
    /// One step of its sequences, `late` samples into their strips.
    fn hear(
        &mut self,
        network: &Recurrent,
        lessons: &Lessons,
        strips: &[(usize, usize)],
        late: usize,
        rows: &[&[f32]],
    ) {
        let Self { memory, loss, errors, gradient, heard } = self;
        let length = loss.length();
        let answers = memory.forward(network, rows);
        *heard = 0.0;
        let sequences = answers.chunks_exact(length).zip(errors.chunks_exact_mut(length));
        for ((answer, errors), (pair, start)) in sequences.zip(strips) {
            let target = &lessons.pairs[*pair].0.wet[start + late..][..length];
            *heard += loss.evaluate(answer, target, errors);
        }
        gradient.fill(0.0);
        memory.backward(network, errors, gradient);
    }
}
