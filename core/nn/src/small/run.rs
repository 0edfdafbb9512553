//! One running channel of a small network.

use std::any::Any;
use std::sync::Arc;

use fearless_simd::{Level, Simd, dispatch, f32x4, f32x8, f32x16};

use crate::cell::{State, copy};
use crate::gates::{Units, load};
use crate::lstm::MEMORY;
use crate::run::Runner;
use crate::simd::{Line, clean};
use crate::{BLOCK, Engine, SETTLE};

use super::antiderivative::Integrating;
use super::section::Section;
use super::{Chain, Filter, Loop, Rest, Stage};

type Plane = [f32; BLOCK];

/// Magnitude of the largest number a recurrent layer is given, so that none of
/// its sums overflows, and of the largest that goes out.
const LARGEST: f32 = 1e9;

pub(super) struct Running {
    chain: Arc<Chain>,
    parts: Vec<Part>,
    planes: Vec<Plane>,
    knobs: Vec<f32>,
    filters: Filters,
    /// What the filters rest in.
    rest: Filters,
    level: Level,
}

/// All filters around a network.
#[derive(Clone)]
struct Filters {
    before: Vec<Section>,
    /// Those of each input that is sound.
    branches: Vec<Vec<Section>>,
    after: Vec<Section>,
}

/// A stage with its state.
enum Part {
    Feed(Runner),
    Loop(Looping),
    Integrating(Integrating),
}

/// A recurrent stage with its state.
struct Looping {
    net: Arc<Loop>,
    state: State,
    rest: State,
    /// The present inputs, if there are several.
    below: Vec<Line>,
    flip: bool, // whether the second `h` is the last sample's
    level: Level,
}

impl Running {
    /// Settled on silence with every knob at its default.
    pub(super) fn new(chain: Arc<Chain>, level: Level) -> Self {
        let part = |(stage, rest): (&Stage, &Rest)| match (stage, rest) {
            (Stage::Feed(program), Rest::On(inputs)) => {
                Part::Feed(Runner::at_rest_on(program.clone(), level, inputs))
            }
            (Stage::Feed(program), Rest::In(_)) => Part::Feed(Runner::new(program.clone(), level)),
            (Stage::Recurrent(net), Rest::In(state)) => {
                Part::Loop(Looping::new(net.clone(), state.clone(), level))
            }
            (Stage::Recurrent(net), Rest::On(_)) => {
                Part::Loop(Looping::new(net.clone(), net.zeros(), level))
            }
            (Stage::Integrated(net), Rest::On(inputs)) => {
                Part::Integrating(Integrating::new(net.clone(), inputs, level))
            }
            (Stage::Integrated(net), Rest::In(_)) => {
                Part::Integrating(Integrating::new(net.clone(), &[], level))
            }
        };
        let parts: Vec<Part> = chain.stages.iter().zip(&chain.rest).map(part).collect();
        let mut rest = Filters::of(&chain);
        let out = chain.resting_output(&parts);
        rest.after.iter_mut().fold(out, |x, section| section.rest(x));
        let knobs = chain.spec.knobs.iter().map(|knob| knob.default).collect();
        let planes = vec![[0.0; BLOCK]; chain.planes];
        Self { parts, planes, knobs, filters: rest.clone(), rest, level, chain }
    }

    /// Finds what every stage rests on in silence, and what comes out then.
    pub(super) fn settle(chain: &Chain) -> (Vec<Rest>, f32) {
        let knobs = chain.spec.knobs.iter().map(|knob| knob.default);
        let sounds = std::iter::repeat_n(0.0, chain.spec.sounds());
        let mut values: Vec<f32> = sounds.chain(knobs).collect();
        let mut rest = Vec::new();
        for stage in &chain.stages {
            let level = Level::new();
            match stage {
                Stage::Feed(program) => {
                    let runner = Runner::at_rest_on(program.clone(), level, &values);
                    rest.push(Rest::On(std::mem::take(&mut values)));
                    values = runner.resting().collect();
                }
                Stage::Integrated(net) => {
                    let out = net.evaluate(&values);
                    rest.push(Rest::On(std::mem::take(&mut values)));
                    values = vec![out];
                }
                Stage::Recurrent(net) => {
                    let mut looping = Looping::new(net.clone(), net.zeros(), level);
                    values = looping.settle(&values, chain.planes);
                    rest.push(Rest::In(looping.state));
                }
            }
        }
        (rest, values.first().copied().unwrap_or_default())
    }

    /// Puts every state at zero.
    pub(super) fn clear(&mut self) {
        for part in &mut self.parts {
            match part {
                Part::Feed(runner) => runner.clear(),
                Part::Loop(looping) => looping.start(&looping.net.zeros()),
                Part::Integrating(part) => part.reset(),
            }
        }
        self.filters.all().for_each(Section::clear);
    }

    /// At most a block, while the first knobs follow `turning`.
    fn block(&mut self, io: &mut [f32], turning: &[&[f32]], at: usize) {
        let Self { chain, parts, planes, knobs, filters, level, .. } = self;
        let n = io.len();
        let sounds = chain.spec.sounds();
        let [before, after] = chain.spec.gains;
        dispatch!(*level, s => s.vectorize(
            #[inline(always)]
            || io.iter_mut().for_each(|x| *x = before * clean(*x))
        ));
        filters.before.iter_mut().for_each(|section| section.process(*level, io));
        for (i, (plane, knob)) in planes[sounds..].iter_mut().zip(&mut *knobs).enumerate() {
            let values = turning.get(i).and_then(|values| values.get(at..at + n));
            // What is no number leaves a knob where it is.
            match values {
                Some(values) => plane.iter_mut().zip(values).for_each(|(to, x)| {
                    *knob = if x.is_finite() { *x } else { *knob };
                    *to = *knob;
                }),
                None => plane[..n].fill(*knob),
            }
        }
        for (plane, sections) in planes.iter_mut().zip(&mut filters.branches) {
            plane[..n].copy_from_slice(io);
            sections.iter_mut().for_each(|section| section.process(*level, &mut plane[..n]));
        }
        if filters.branches.is_empty() {
            planes[0][..n].copy_from_slice(io);
        }
        let mut wet = [0.0; BLOCK];
        let wet = &mut wet[..io.len()];
        match &chain.curve {
            Some(curve) => {
                wet.copy_from_slice(io);
                if curve.run(wet) {
                    network(parts, planes, n);
                    let all = wet.iter_mut().zip(io.iter()).zip(&planes[0]);
                    all.filter(|((_, x), _)| !curve.holds(**x)).for_each(|((y, _), z)| *y = *z);
                }
            }
            None => {
                network(parts, planes, n);
                wet.copy_from_slice(&planes[0][..io.len()]);
            }
        }
        let skip = if chain.spec.skip { 1.0 } else { 0.0 };
        dispatch!(*level, s => s.vectorize(
            #[inline(always)]
            || for (x, wet) in io.iter_mut().zip(wet.iter()) {
                let y = skip * *x + *wet;
                *x = finite(y);
            }
        ));
        filters.after.iter_mut().for_each(|section| section.process(*level, io));
        io.iter_mut().for_each(|y| *y = finite(after * *y));
    }
}

/// Leaves what the stages make of the first planes in the very first.
fn network(parts: &mut [Part], planes: &mut [Plane], n: usize) {
    for part in parts {
        match part {
            Part::Feed(runner) => runner.planes(planes, n),
            Part::Loop(looping) => looping.frames(planes, n),
            Part::Integrating(part) => part.planes(planes, n),
        }
    }
}

impl Filters {
    /// At rest on silence, which they all leave as it is.
    fn of(chain: &Chain) -> Self {
        let rate = chain.spec.rate;
        let row = |filters: &Vec<Filter>| {
            filters.iter().map(|filter| Section::new(filter.at(rate))).collect::<Vec<_>>()
        };
        let [before, after] = chain.spec.filters.each_ref().map(row);
        Self { before, branches: chain.spec.branches.iter().map(row).collect(), after }
    }

    fn all(&mut self) -> impl Iterator<Item = &mut Section> {
        let Self { before, branches, after } = self;
        before.iter_mut().chain(branches.iter_mut().flatten()).chain(after)
    }

    /// Is as `other`, those of the same network.
    fn copy(&mut self, other: &Self) {
        self.before.copy_from_slice(&other.before);
        for (to, from) in self.branches.iter_mut().zip(&other.branches) {
            to.copy_from_slice(from);
        }
        self.after.copy_from_slice(&other.after);
    }
}

impl Chain {
    /// What the last stage puts out in silence.
    fn resting_output(&self, parts: &[Part]) -> f32 {
        match parts.last() {
            Some(Part::Feed(runner)) => runner.resting().next().unwrap_or_default(),
            Some(Part::Loop(looping)) => looping.output(false, 0),
            Some(Part::Integrating(part)) => part.resting(),
            None => 0.0,
        }
    }
}

impl Looping {
    /// Starts from `state`.
    fn new(net: Arc<Loop>, state: State, level: Level) -> Self {
        let lines = if net.inputs > 1 { net.inputs.div_ceil(net.cell.lanes) } else { 0 };
        let below = vec![Line::ZERO; lines];
        Self { rest: state.clone(), state, below, flip: false, net, level }
    }

    fn start(&mut self, state: &State) {
        copy(std::slice::from_mut(&mut self.state), std::slice::from_ref(state));
        self.flip = false;
    }

    /// Runs [`MEMORY`] samples of constant inputs, or fewer if the state
    /// repeats; returns the outputs.
    fn settle(&mut self, inputs: &[f32], planes: usize) -> Vec<f32> {
        let mut planes = vec![[0.0; BLOCK]; planes];
        for _ in 0..MEMORY / BLOCK {
            let before = self.state.clone();
            planes.iter_mut().zip(inputs).for_each(|(plane, x)| plane.fill(*x));
            self.frames(&mut planes, BLOCK);
            if self.state == before {
                break;
            }
        }
        let outputs = if self.net.head.is_some() { 1 } else { self.net.hidden };
        planes[..outputs].iter().map(|plane| plane[BLOCK - 1]).collect()
    }

    /// Output `unit` of the present state, or that of the head.
    fn output(&self, flip: bool, unit: usize) -> f32 {
        let h = if flip { &self.state.h[1] } else { &self.state.h[0] };
        match &self.net.head {
            None => h[unit / self.net.cell.lanes].0[unit % self.net.cell.lanes],
            Some((weights, bias)) => {
                let dot =
                    |(w, h): (&Line, &Line)| w.0.iter().zip(&h.0).map(|(w, h)| w * h).sum::<f32>();
                bias + weights.iter().zip(h).map(dot).sum::<f32>()
            }
        }
    }

    /// Runs `n` frames in place. Apart, so that there is one copy of every kernel.
    #[inline(never)]
    fn frames(&mut self, planes: &mut [Plane], n: usize) {
        dispatch!(self.level, s => self.run(s, planes, n));
    }

    #[inline(always)]
    fn run<S: Simd>(&mut self, simd: S, planes: &mut [Plane], n: usize) {
        match self.net.cell.lanes {
            4 => self.run_in::<S, f32x4<S>, 1>(simd, planes, n),
            8 => self.run_in::<S, f32x8<S>, 2>(simd, planes, n),
            _ => self.run_in::<S, f32x16<S>, 4>(simd, planes, n),
        }
    }

    #[inline(always)]
    fn run_in<S: Simd, V: Units<S, R>, const R: usize>(
        &mut self,
        simd: S,
        planes: &mut [Plane],
        n: usize,
    ) {
        let Self { net, state, below, .. } = self;
        let mut flip = self.flip;
        for t in 0..n {
            let x = finite(planes[0][t]);
            if !below.is_empty() {
                let lanes = below.iter_mut().flat_map(|line| &mut line.0[..V::LEN]);
                for (to, plane) in lanes.zip(&planes[..net.inputs]) {
                    *to = finite(plane[t]);
                }
            }
            if net.gru {
                net.cell.gru::<S, V, R>(simd, x, below, state, flip);
            } else {
                net.cell.lstm::<S, V, R>(simd, x, below, state, flip);
            }
            let h = if flip { &state.h[0] } else { &state.h[1] };
            flip = !flip;
            let Some((weights, bias)) = &net.head else {
                let units = h.iter().flat_map(|line| &line.0[..V::LEN]);
                planes[..net.hidden].iter_mut().zip(units).for_each(|(to, h)| to[t] = *h);
                continue;
            };
            let mut sum = V::splat(simd, 0.0);
            for (w, h) in weights.iter().zip(h) {
                sum = load::<S, V>(simd, w).mul_add(load::<S, V>(simd, h), sum);
            }
            planes[0][t] = bias + sum.reduce_sum();
        }
        self.flip = flip;
    }
}

#[inline(always)]
fn finite(x: f32) -> f32 {
    if x.is_finite() { x.clamp(-LARGEST, LARGEST) } else { 0.0 }
}

impl Engine for Running {
    /// Input that is not finite is read as silence; output is always finite.
    fn process(&mut self, io: &mut [f32]) {
        io.chunks_mut(BLOCK).for_each(|io| self.block(io, &[], 0));
    }

    fn process_turning(&mut self, io: &mut [f32], knobs: &[&[f32]]) {
        for (i, io) in io.chunks_mut(BLOCK).enumerate() {
            self.block(io, knobs, i * BLOCK);
        }
    }

    /// Knobs stay where they are; what settles is what it was at their defaults.
    fn reset(&mut self) {
        for part in &mut self.parts {
            match part {
                Part::Feed(runner) => runner.reset(),
                Part::Integrating(part) => part.reset(),
                Part::Loop(looping) => {
                    copy(
                        std::slice::from_mut(&mut looping.state),
                        std::slice::from_ref(&looping.rest),
                    );
                    looping.flip = false;
                }
            }
        }
        self.filters.copy(&self.rest);
    }

    fn receptive_field(&self) -> usize {
        self.chain.receptive_field()
    }

    fn take_over(&mut self, other: &dyn Engine) -> bool {
        let Some(other) = (other as &dyn Any).downcast_ref::<Self>() else { return false };
        if !Arc::ptr_eq(&self.chain, &other.chain) {
            return false;
        }
        for (to, from) in self.parts.iter_mut().zip(&other.parts) {
            match (to, from) {
                (Part::Feed(to), Part::Feed(from)) => {
                    to.take_over(from);
                }
                (Part::Integrating(to), Part::Integrating(from)) => to.take_over(from),
                (Part::Loop(to), Part::Loop(from)) => {
                    to.start(&from.state);
                    to.flip = from.flip;
                }
                _ => return false,
            }
        }
        self.knobs.copy_from_slice(&other.knobs);
        self.filters.copy(&other.filters);
        true
    }

    fn settle(&mut self) {
        let Self { chain, parts, planes, knobs, filters, .. } = self;
        filters.all().for_each(Section::clear);
        let fields = parts.iter().map(|part| match part {
            Part::Feed(runner) => runner.receptive_field(),
            Part::Integrating(_) => 2,
            Part::Loop(_) => SETTLE,
        });
        let sounds = chain.spec.sounds();
        for _ in 0..fields.sum::<usize>().min(2 * SETTLE).div_ceil(BLOCK) {
            planes[..sounds].iter_mut().for_each(|plane| plane.fill(0.0));
            planes[sounds..].iter_mut().zip(&*knobs).for_each(|(plane, knob)| plane.fill(*knob));
            network(parts, planes, BLOCK);
        }
        let out = finite(planes[0][BLOCK - 1]);
        filters.after.iter_mut().fold(out, |x, section| section.rest(x));
    }

    fn set_knob(&mut self, index: usize, value: f32) {
        if let Some(knob) = self.knobs.get_mut(index).filter(|_| value.is_finite()) {
            *knob = value;
        }
    }
}
