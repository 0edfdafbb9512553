//! The order of work: several beginnings, of which the best goes on.

use std::ops::{ControlFlow, Range};
use std::time::Instant;

use rayon::prelude::*;

use super::lessons::{self, Choice};
use super::problem::{Problem, Segment};
use super::shape::Shape;
use super::{About, Budget, Design, Fitted, Place, Progress, Sound, start};
use crate::Error;
use crate::least_squares::{self, Iteration, Options};

/// Beginnings, and steps of each, of the heats they have to survive.
const HEATS: [(usize, usize); 3] = [(10, 8), (4, 12), (2, 24)];

/// Steps between two draws of what to learn from.
const ROUND: usize = 24;

/// The same for curves, of which a few thousand instants say nearly all.
const CURVE_ROUND: usize = 144;

/// Damping of the step that finds the weights in the output of a beginning, and of the
/// first after it.
const DAMPING: [f64; 2] = [1e-6, 1e-2];

/// The same for curves, which begin where they are nearly linear in their parameters.
const CURVE_DAMPING: [f64; 2] = [1e-5, 1e-3];

/// Ends when so many rounds in a row lower the error by less than this share of it.
const PATIENCE: usize = 8;
const BETTER: f64 = 0.01;

/// Samples of a curve that are judged at a time.
const PART: usize = 8192;

/// Parameters that are too many for the method.
const MOST: usize = 1500;

/// What a weight costs, in proportion to the signals on both of its sides: enough to
/// decide what nothing else does, and to keep sums within single precision.
const STIFFNESS: [f64; 2] = [1e-13, 1e-12];

/// Fits what `design` says to `sounds` at `rate` Hz.
///
/// `progress` is told of every step and may end the fit. The result is the best model
/// found on what was held out. With a budget of iterations it is the same for the same
/// seed, on machines of the same instruction set, whatever the number of threads.
///
/// # Errors
/// If the design makes no sense, or there is too little to learn from.
pub fn fit(
    design: &Design,
    sounds: &[Sound<'_>],
    rate: f64,
    budget: &Budget,
    progress: &mut dyn FnMut(&Progress<'_>) -> ControlFlow<()>,
) -> Result<Fitted, Error> {
    check(design, sounds, rate)?;
    let kinds = |row: &Vec<Place>| row.iter().map(|place| place.kind).collect::<Vec<_>>();
    let shape = Shape {
        hidden: design.hidden,
        pre: kinds(&design.pre),
        branches: design.branches.iter().map(kinds).collect(),
        post: kinds(&design.post),
        knobs: design.knobs.clone(),
        rate,
    };
    if shape.parameters() > MOST {
        return Err(Error::setting("parameters", format!("at most {MOST}"), shape.parameters()));
    }
    let mut fit = Fit {
        rng: fastrand::Rng::with_seed(design.seed),
        begun: Instant::now(),
        iterations: 0,
        over: false,
        best: None,
        design,
        sounds,
        shape,
        budget,
        progress,
    };
    let (parameters, damping) = fit.begin()?;
    fit.go_on(parameters, damping)
}

/// One fit on its way.
struct Fit<'a> {
    design: &'a Design,
    sounds: &'a [Sound<'a>],
    shape: Shape,
    budget: &'a Budget,
    progress: &'a mut dyn FnMut(&Progress<'_>) -> ControlFlow<()>,
    rng: fastrand::Rng,
    begun: Instant,
    iterations: usize,
    over: bool,
    best: Option<Fitted>,
}

impl Fit<'_> {
    /// Other segments to learn from.
    fn draw(&mut self, segments: usize, length: usize) -> Result<Vec<Segment>, Error> {
        let choice = Choice { segments, length, quiet: self.design.quiet };
        let draw = if self.design.is_curve() { lessons::instants } else { lessons::stretches };
        let found = draw(self.sounds, &self.shape, &choice, &mut self.rng);
        if found.is_empty() {
            return Err(Error::Recording {
                what: "wet".to_owned(),
                expected: "some sound to learn from".to_owned(),
                found: "silence, or next to nothing".to_owned(),
                advice: "record a few minutes of playing".to_owned(),
            });
        }
        Ok(found)
    }

    /// The best of several beginnings.
    fn begin(&mut self) -> Result<(Vec<f64>, f64), Error> {
        let segments = match self.design.is_curve() {
            true => self.draw(3, 1024)?,
            false => self.draw(6.max(2 * self.sounds.len()).min(24), 2048)?,
        };
        let shape = self.shape.clone();
        let problem = Problem { shape: &shape, segments: &segments, stiffness: self.stiffness() };
        let [linear, damping] = if self.design.is_curve() { CURVE_DAMPING } else { DAMPING };
        let mut all = Vec::new();
        for (count, steps) in HEATS {
            while all.is_empty() || !self.over && all.len() < count && count == HEATS[0].0 {
                let start = match self.design.is_curve() {
                    true => start::curve(&shape, &segments, &mut self.rng),
                    false => start::pedal(self.design, &problem, &mut self.rng),
                };
                // From weights of zero in the output, a step finds the best ones.
                let (_, start, _) = self.improve(&problem, start, 1, linear);
                all.push(self.improve(&problem, start, steps, damping));
            }
            if count < HEATS[0].0 {
                all.truncate(count);
                for one in &mut all {
                    if !self.over {
                        *one = self.improve(&problem, std::mem::take(&mut one.1), steps, one.2);
                    }
                }
            }
            all.sort_by(|a: &(f64, Vec<f64>, f64), b| a.0.total_cmp(&b.0));
            self.judge(&all[0].1);
        }
        let (_, parameters, damping) = all.swap_remove(0);
        Ok((parameters, damping))
    }

    /// Rounds of steps on ever other parts of the recordings.
    fn go_on(mut self, mut parameters: Vec<f64>, mut damping: f64) -> Result<Fitted, Error> {
        let (mut idle, shape) = (0, self.shape.clone());
        let steps = if self.design.is_curve() { CURVE_ROUND } else { ROUND };
        while !self.over && idle < PATIENCE {
            let segments = match self.design.is_curve() {
                true => self.draw(3, 1024)?,
                false => self.draw(12.max(2 * self.sounds.len()).min(32), 4096)?,
            };
            let stiffness = self.stiffness();
            let problem = Problem { shape: &shape, segments: &segments, stiffness };
            (_, parameters, damping) = self.improve(&problem, parameters, steps, damping);
            damping = damping.clamp(1e-8, 1e-2);
            idle = if self.judge(&parameters) { 0 } else { idle + 1 };
        }
        self.best
            .ok_or_else(|| Error::setting("fit", "a model that single precision can play", "none"))
    }

    /// So many steps; cost, parameters and damping after them.
    fn improve(
        &mut self,
        problem: &Problem<'_>,
        start: Vec<f64>,
        steps: usize,
        damping: f64,
    ) -> (f64, Vec<f64>, f64) {
        let options = Options { iterations: steps, damping, ..Options::default() };
        let found = least_squares::minimise(problem, start, &options, &mut |step| self.step(step));
        (found.cost, found.parameters, found.damping)
    }

    /// Reports a step.
    fn step(&mut self, step: &Iteration<'_>) -> ControlFlow<()> {
        self.iterations += 1;
        let seconds = self.begun.elapsed().as_secs_f64();
        let now = Progress {
            iteration: self.iterations,
            seconds,
            learning: 2.0 * step.cost,
            best: self.best.as_ref(),
        };
        self.over |= (self.progress)(&now).is_break()
            || seconds >= self.budget.seconds
            || self.iterations >= self.budget.iterations;
        if self.over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Keeps a model if it is the best so far; whether it is better by much.
    fn judge(&mut self, parameters: &[f64]) -> bool {
        let network = self.shape.network(parameters);
        let esr = self.esr(&network);
        let before = self.best.as_ref().map_or(f64::INFINITY, |best| best.esr);
        // What single precision cannot play is no model.
        if esr < before && network.model(&About::default()).is_ok() {
            self.best = Some(Fitted { network, esr, iterations: self.iterations });
        }
        esr < (1.0 - BETTER) * before
    }

    /// Error-to-signal ratio over all that is held out, or else over all.
    fn esr(&self, network: &super::Network) -> f64 {
        let none = self.sounds.iter().all(|sound| sound.held_out.is_empty());
        let (mut parts, rate) = (Vec::new(), self.shape.rate);
        for sound in self.sounds {
            let held_out = std::slice::from_ref(&sound.held_out);
            for range in if none { &sound.train[..] } else { held_out } {
                // What has no memory can be judged part by part.
                let part = if self.design.is_curve() { PART } else { range.len().max(1) };
                let to = |from| range.end.min(from + part);
                parts.extend(range.clone().step_by(part).map(|from| (sound, from..to(from))));
            }
        }
        let sums: Vec<[f64; 2]> =
            parts.par_iter().map(|(sound, part)| squares(network, sound, part, rate)).collect();
        let [error, signal] = sums.iter().fold([0.0; 2], |[e, s], sum| [e + sum[0], s + sum[1]]);
        error / signal.max(f64::MIN_POSITIVE)
    }

    fn stiffness(&self) -> Vec<f64> {
        let shape = &self.shape;
        let (mut dry, mut wet, mut n) = (0.0, 0.0, 0.0);
        for sound in self.sounds {
            for i in sound.train.iter().cloned().flatten().step_by(16) {
                dry += f64::from(sound.dry[i]).powi(2);
                wet += f64::from(sound.wet[i]).powi(2);
                n += 1.0;
            }
        }
        let [dry, wet] = [dry, wet].map(|sum: f64| (sum / f64::max(n, 1.0)).max(1e-12));
        let mut all = vec![0.0; shape.parameters()];
        all[..shape.weights(shape.branches.len()).start].fill(STIFFNESS[0] * dry);
        all[shape.weights(shape.branches.len()).start..shape.biases().end].fill(STIFFNESS[0]);
        all[shape.outputs()].fill(STIFFNESS[1] / wet);
        all
    }
}

/// Sums of squares over a part of a sound: of the error of `network`, and of the sound.
fn squares(
    network: &super::Network,
    sound: &Sound<'_>,
    part: &Range<usize>,
    rate: f64,
) -> [f64; 2] {
    let lead = if network.is_curve() { 0 } else { part.start.min((0.5 * rate) as usize) };
    let found = network.answer(&sound.dry[part.start - lead..part.end], &sound.knobs, rate);
    let mut sums = [0.0; 2];
    for (y, wet) in found[lead..].iter().zip(&sound.wet[part.clone()]) {
        let wet = f64::from(*wet);
        sums[0] += (y - wet) * (y - wet);
        sums[1] += wet * wet;
    }
    sums
}

/// Refuses what makes no sense.
fn check(design: &Design, sounds: &[Sound<'_>], rate: f64) -> Result<(), Error> {
    if !(8000.0..=768_000.0).contains(&rate) {
        return Err(Error::setting("rate", "8000 to 768000 Hz", rate));
    }
    if design.hidden == 0 || design.branches.is_empty() {
        let found = format!("{} and {}", design.hidden, design.branches.len());
        return Err(Error::setting("design", "hidden units and branches, one at least", found));
    }
    if !(0.0..=1.0).contains(&design.quiet) {
        return Err(Error::setting("design.quiet", "0 to 1", design.quiet));
    }
    let places = design.pre.iter().chain(design.branches.iter().flatten()).chain(&design.post);
    for Place { hz: [low, high], .. } in places {
        if !(1.0 <= *low && low <= high && *high <= 100_000.0) {
            let found = format!("{low} and {high}");
            return Err(Error::setting("design: hz", "two from 1 to 100000, in order", found));
        }
    }
    for knob in &design.knobs {
        if !(knob.min < knob.max && knob.min.is_finite() && knob.max.is_finite()) {
            let found = format!("{} and {}", knob.min, knob.max);
            return Err(Error::setting(format!("knob {}", knob.name), "min below max", found));
        }
    }
    if sounds.is_empty() {
        return Err(Error::setting("sounds", "one at least", "none"));
    }
    sounds.iter().enumerate().try_for_each(|(i, sound)| check_sound(design, i, sound))
}

fn check_sound(design: &Design, i: usize, sound: &Sound<'_>) -> Result<(), Error> {
    let at = |what: &str| format!("sounds[{i}].{what}");
    let n = sound.dry.len();
    if sound.wet.len() != n {
        return Err(Error::setting(at("wet"), format!("{n} samples"), sound.wet.len()));
    }
    if !sound.dry.iter().chain(sound.wet).all(|x| x.is_finite()) {
        return Err(Error::setting(at("dry and wet"), "numbers", "infinities, or no numbers"));
    }
    if sound.knobs.len() != design.knobs.len() || !sound.knobs.iter().all(|k| k.is_finite()) {
        let expected = format!("{} numbers", design.knobs.len());
        return Err(Error::setting(at("knobs"), expected, format!("{:?}", sound.knobs)));
    }
    for range in sound.train.iter().chain([&sound.held_out]) {
        if range.start > range.end || range.end > n {
            let found = format!("{range:?}");
            return Err(Error::setting(at("ranges"), format!("within 0..{n}"), found));
        }
    }
    Ok(())
}
