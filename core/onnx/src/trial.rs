//! Runs a graph before anybody hears it: whether it runs, how long it remembers, how
//! far it looks ahead, and that it comes back in time.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use stream::Network;

use crate::io::Io;
use crate::limits::{MAX_CONTEXT, MAX_HOP};
use crate::network::{Plan, Streaming, mono};
use crate::session::{Runtime, Session, caught};

/// New samples of an inference where the file leaves them open: with states, and for a
/// graph that hears its past again every time.
const HOP: usize = 256;
const HOP_AGAIN: usize = 512;

/// Samples of the least hop.
const LEAST_HOP: usize = 64;

/// The shortest window in which we look for the end of a memory.
const SHORTEST: usize = 2048;

/// What counts as forgotten, against the peak: −100 dB.
const FORGOTTEN: f32 = 1e-5;

/// Hops to play.
const HOPS: usize = 4;

/// Runs a graph on a thread of its own, which is left behind if it does not come back:
/// one hop may take `longest`, anything on the way there `patience`, and all of it until
/// `deadline`. A thread that is left behind ends with the inference that it is in.
///
/// # Errors
/// In words of its own or of the runtime.
pub(crate) fn run(
    runtime: &Arc<dyn Runtime>,
    io: &Io,
    longest: Duration,
    patience: Duration,
    deadline: Instant,
) -> Result<Arc<Plan>, String> {
    let (steps, seen) = mpsc::channel();
    let (runtime, io) = (runtime.clone(), io.clone());
    let work = move || {
        let mut result = Err("it did not run".to_owned());
        let mut inside = || {
            let trial = |session| Trial { session, steps: steps.clone() }.run(&io, longest);
            result = caught(|| runtime.session().and_then(trial));
        };
        let hosted = caught(|| {
            runtime.host(&mut inside);
            Ok(())
        });
        // Nobody may be waiting any more.
        let _ = steps.send(Some(hosted.and(result)));
    };
    let thread = std::thread::Builder::new().name("onnx trial".to_owned());
    thread.spawn(work).map_err(|e| e.to_string())?;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match seen.recv_timeout(patience.min(left)) {
            Ok(Some(result)) => return result,
            Ok(None) => {}
            Err(RecvTimeoutError::Timeout) if left < patience => {
                return Err("trial: expected it to be over in time, found it under way".to_owned());
            }
            Err(RecvTimeoutError::Timeout) => {
                let limit = patience.as_secs_f64();
                return Err(format!("trial: expected an inference within {limit} s, found none"));
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err("trial: expected it to end, found that it broke off".to_owned());
            }
        }
    }
}

type Steps = Sender<Option<Result<Arc<Plan>, String>>>;

struct Trial {
    session: Box<dyn Session>,
    steps: Steps,
}

/// Which input belongs to which output, in samples.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Reach {
    past: usize,
    ahead: usize,
    shift: usize,
}

impl Trial {
    fn run(mut self, io: &Io, longest: Duration) -> Result<Arc<Plan>, String> {
        self.step()?;
        let plan = if io.states.is_empty() && io.audio_in.is_some() {
            self.plain(io)?
        } else {
            self.stateful(io)?
        };
        let plan = Arc::new(plan);
        let mut network = Streaming::new(self.session, plan.clone());
        let mut noise = Noise::default();
        for _ in 0..HOPS {
            let mut sound = noise.samples(network.hop(), 0.1);
            let begin = Instant::now();
            network.run(&mut sound)?;
            let took = begin.elapsed();
            // Nobody may be waiting any more.
            let _ = self.steps.send(None);
            if took > longest {
                let (most, took) = (longest.as_secs_f64(), took.as_secs_f64());
                return Err(format!(
                    "inference: expected at most {most} s for {} samples, found {took:.1} s",
                    sound.len()
                ));
            }
            if sound.iter().any(|x| !x.is_finite()) {
                return Err("output: expected numbers, found infinities".to_owned());
            }
        }
        Ok(plan)
    }

    /// Tells that it goes on. An error where nobody waits any more.
    fn step(&self) -> Result<(), String> {
        self.steps.send(None).map_err(|_| "it was given up".to_owned())
    }

    /// One that carries its past in states, or needs none as it takes no sound.
    fn stateful(&mut self, io: &Io) -> Result<Plan, String> {
        if io.context.is_some_and(|n| n > 0) {
            return Err("kiln.io.context: expected none beside states, found one".to_owned());
        }
        let mut io = io.clone();
        let fixed = io.audio_in.as_ref().filter(|s| !s.free).map(|s| s.shape[s.time]);
        if let (Some(fixed), Some(hop)) = (fixed, io.hop.filter(|_| fixed != io.hop)) {
            return Err(format!("kiln.io.hop: expected {fixed} as in the graph, found {hop}"));
        }
        let chunk = fixed.or(io.hop).unwrap_or(HOP);
        let mut length = 0;
        // The first run tells the lengths that the file leaves open.
        for _ in 0..3 {
            let plan = self.plan(&io, chunk, Reach { past: 0, ahead: 0, shift: 0 });
            let (sound, shapes) = self.infer(plan)?;
            length = sound;
            let open = io.states.iter_mut().zip(shapes).filter(|(s, to)| s.zero.shape != *to);
            let mut changed = false;
            for (state, shape) in open {
                if !state.open || shape.contains(&0) {
                    let from = &state.zero.shape;
                    return Err(format!("state: expected lengths {from:?}, found {shape:?}"));
                }
                state.zero = state.zero.nought(&shape);
                changed = true;
            }
            if !changed {
                break;
            }
        }
        let chunk = if io.audio_in.is_some() { chunk } else { length };
        if length != chunk || !(1..=MAX_HOP).contains(&length) {
            return Err(format!(
                "output: expected {chunk} samples as at the input, found {length}"
            ));
        }
        let ahead = io.latency.unwrap_or(0);
        let mut plan = self.plan(&io, chunk, Reach { past: 0, ahead: 0, shift: 0 });
        plan.latency = ahead;
        Ok(plan)
    }

    /// One that hears its past again every time.
    fn plain(&mut self, io: &Io) -> Result<Plan, String> {
        let sound = io.audio_in.clone().ok_or("no audio input")?;
        if !sound.free {
            return self.fixed(io, sound.shape[sound.time]);
        }
        let hop = io.hop.unwrap_or(HOP_AGAIN);
        let (mut reach, grid) = match io.context {
            Some(past) => {
                let ahead = io.latency.unwrap_or(0);
                let shift = self.shift(io, past + ahead + hop)?;
                (Reach { past, ahead, shift }, 1)
            }
            None => (self.reach(io, hop)?, self.grid(io, hop)?),
        };
        reach.past = reach.past.next_multiple_of(grid);
        reach.ahead = reach.ahead.next_multiple_of(grid);
        Ok(self.plan(io, hop, reach))
    }

    fn plan(&self, io: &Io, chunk: usize, reach: Reach) -> Plan {
        let Reach { past, ahead, shift } = reach;
        let hears_again = io.states.is_empty() && io.audio_in.is_some();
        Plan {
            chunk,
            repeat: LEAST_HOP.div_ceil(chunk.max(1)),
            context: past + ahead,
            shift,
            latency: ahead,
            memory: io.memory.or(hears_again.then_some(past + chunk)),
            io: io.clone(),
        }
    }

    /// Samples out of one inference of silence, and the lengths of the states after it.
    fn infer(&mut self, plan: Plan) -> Result<(usize, Vec<Vec<usize>>), String> {
        let outputs: Vec<usize> = std::iter::once(plan.io.audio_out)
            .chain(plan.io.states.iter().map(|s| s.output))
            .collect();
        let silence = vec![0.0; plan.chunk];
        let mut inputs: Vec<_> =
            plan.io.audio_in.iter().map(|sound| (sound.port, sound.tensor(&silence))).collect();
        inputs.extend(plan.io.states.iter().map(|s| (s.input, s.zero.clone())));
        inputs.extend(plan.io.constants.iter().cloned());
        let mut results = self.session.run(inputs, &outputs)?.into_iter();
        self.step()?;
        let sound = mono(results.next().ok_or("it gave no output")?)?;
        Ok((sound.len(), results.map(|t| t.shape).collect()))
    }

    /// The graph's answer to `sound`, not longer than it.
    fn answer(&mut self, io: &Io, sound: &[f32]) -> Result<Vec<f32>, String> {
        let input = io.audio_in.as_ref().ok_or("no audio input")?;
        let mut inputs = vec![(input.port, input.tensor(sound))];
        inputs.extend(io.constants.iter().cloned());
        let answer = self.session.run(inputs, &[io.audio_out])?;
        self.step()?;
        let mut answer = mono(answer.into_iter().next().ok_or("it gave no output")?)?;
        // What a convolution adds behind the end belongs to a later input.
        answer.truncate(sound.len());
        Ok(answer)
    }

    /// Samples that a window loses in a convolution without padding.
    fn shift(&mut self, io: &Io, window: usize) -> Result<usize, String> {
        let found = self.answer(io, &vec![0.0; window])?.len();
        if found == 0 {
            return Err(format!("output: expected sound from {window} samples, found none"));
        }
        Ok(window - found)
    }

    /// What windows must be multiples of: one, or the hop if the graph changes rates.
    fn grid(&mut self, io: &Io, hop: usize) -> Result<usize, String> {
        let window = 4 * SHORTEST.max(hop);
        let even = self.answer(io, &vec![0.0; window])?.len();
        let odd = self.answer(io, &vec![0.0; window + 1]).map(|answer| answer.len());
        Ok(if odd == Ok(even + 1) { 1 } else { hop })
    }

    /// Compares the answer to a window with the answer to each of its halves: where that
    /// to the later half differs the past is missing, and at the end of the earlier one
    /// what comes after it.
    fn reach(&mut self, io: &Io, hop: usize) -> Result<Reach, String> {
        let mut half = SHORTEST.next_multiple_of(hop) / 2;
        while half <= MAX_CONTEXT {
            half *= 2;
            let mut reach = Reach { past: 0, ahead: 0, shift: 0 };
            for level in [0.5, 0.01] {
                let sound = Noise::default().samples(2 * half, level);
                let all = self.answer(io, &sound)?;
                let (early, late) =
                    (self.answer(io, &sound[..half])?, self.answer(io, &sound[half..])?);
                let shift = 2 * half - all.len();
                if [early.len(), late.len()].iter().any(|n| n + shift != half) {
                    // Too short for a convolution without padding, or no such thing.
                    reach.past = half;
                    break;
                }
                let differs = tolerance(&all);
                // Outputs that both have, by their place in the half.
                let past = (0..late.len()).rev().find(|&i| differs(late[i], all[half + i]));
                let ahead = (0..early.len()).find(|&i| differs(early[i], all[i]));
                let ahead = ahead.map_or(0, |i| half - shift - i);
                reach.past = reach.past.max(past.map_or(shift, |i| i + 1 + shift));
                reach.ahead = reach.ahead.max(ahead);
                reach.shift = shift;
            }
            let settled = reach.past <= half - half / 4 && reach.ahead <= half / 4;
            if settled && reach.past + reach.ahead <= MAX_CONTEXT {
                if io.latency.is_some() {
                    reach.ahead = io.latency.unwrap_or(0);
                }
                return Ok(reach);
            }
        }
        Err(format!(
            "memory: expected one of at most {MAX_CONTEXT} samples or states as inputs and \
             outputs, found one that does not end"
        ))
    }

    /// One that takes windows of a fixed length.
    fn fixed(&mut self, io: &Io, window: usize) -> Result<Plan, String> {
        let shift = self.shift(io, window)?;
        let reach = match io.context {
            Some(past) => Reach { past, ahead: io.latency.unwrap_or(0), shift },
            None => self.reach_within(io, window, shift)?,
        };
        let Reach { past, ahead, .. } = reach;
        let hop = window.checked_sub(past + ahead).filter(|&hop| hop > 0 && 16 * hop >= window);
        let hop = hop.ok_or_else(|| {
            format!(
                "audio input: expected windows longer than the {past} samples of memory and \
                 {ahead} ahead, found {window}"
            )
        })?;
        if let Some(told) = io.hop.filter(|&told| told != hop) {
            return Err(format!("kiln.io.hop: expected {hop} as in the graph, found {told}"));
        }
        Ok(self.plan(io, hop, reach))
    }

    /// Changes the beginning and the end of a window and looks how far that is heard.
    fn reach_within(&mut self, io: &Io, window: usize, shift: usize) -> Result<Reach, String> {
        let mut reach = Reach { past: shift, ahead: 0, shift };
        for level in [0.5, 0.01] {
            let mut noise = Noise::default();
            let sound = noise.samples(window, level);
            let other = noise.samples(window, level);
            let answer = self.answer(io, &sound)?;
            let differs = tolerance(&answer);
            for part in [window / 2, window / 4, window / 8, window / 16] {
                let mut changed = sound.clone();
                changed[..part].copy_from_slice(&other[..part]);
                let begun = self.answer(io, &changed)?;
                let last = (0..answer.len()).rev().find(|&i| differs(answer[i], begun[i]));
                let last = last.map_or(0, |i| i + 1 + shift);
                if last < window || part < 2 {
                    reach.past = reach.past.max(last.saturating_sub(part.max(1)));
                    break;
                }
                reach.past = window;
            }
            let part = window / 2;
            let mut changed = sound.clone();
            changed[window - part..].copy_from_slice(&other[window - part..]);
            let ended = self.answer(io, &changed)?;
            let first = (0..answer.len()).find(|&i| differs(answer[i], ended[i]));
            let first = first.map_or(window, |i| i + shift);
            reach.ahead = reach.ahead.max((window - part).saturating_sub(first));
        }
        Ok(reach)
    }
}

/// Whether two samples differ, where `sound` says how loud it is.
fn tolerance(sound: &[f32]) -> impl Fn(f32, f32) -> bool + use<> {
    let peak = sound.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
    let most = FORGOTTEN * peak + 1e-9;
    // What is no number differs from all.
    move |a, b| (a - b).abs().partial_cmp(&most).is_none_or(std::cmp::Ordering::is_gt)
}

/// The same noise every time.
struct Noise(u32);

impl Default for Noise {
    fn default() -> Self {
        Self(1)
    }
}

impl Noise {
    /// Evenly spread over ±`level`. Generator: Numerical Recipes, 3rd ed., 7.1.
    fn samples(&mut self, len: usize, level: f32) -> Vec<f32> {
        let mut next = || {
            self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            self.0 as f32 / u32::MAX as f32 * 2.0 - 1.0
        };
        (0..len).map(|_| level * next()).collect()
    }
}

#[cfg(test)]
#[path = "trial_tests.rs"]
mod tests;
