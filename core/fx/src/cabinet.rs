//! A loudspeaker and a microphone, as their impulse response.

use nn::{BLOCK, Convolver};

use crate::denormal::scrub;
use crate::impulse::Impulse;
use crate::smooth::{Smooth, fade_samples};
use crate::swap::Voice;

/// What the player may change about a cabinet while it plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether it plays as loud as others do; see [`Impulse::gain_to_normalize`].
    pub normalize: bool,
}

/// Plays one or two channels through an impulse response, without latency.
///
/// A response of one channel is used for both; one of two for each its own. A
/// single channel through a response of two is what the mean of both
/// microphones would record. When the number of channels changes between
/// calls, those that were not there before start from silence.
///
/// After silence as long as the response and four partitions of its longest
/// size (see [`Convolver`]) it rests, which costs next to nothing, is exactly
/// silent, and changes no number of what follows. As the convolution does, it
/// reads what is not finite as silence and ±1000 as the loudest.
pub struct Cabinet(Option<Box<Running>>);

struct Running {
    sides: [Side; 2],
    /// For a single channel, if that is not the first of `sides`.
    mean: Option<Side>,
    channels: usize,
    taps: usize,
    normalized: f32,
    gain: Smooth,
    /// The first settings after a reset hold at once.
    fresh: bool,
}

impl Cabinet {
    /// Nothing: audio passes unchanged.
    pub fn none() -> Self {
        Self(None)
    }

    /// Whether there is a response.
    pub fn is_some(&self) -> bool {
        self.0.is_some()
    }

    /// Lets as many samples of silence pass, of which the output is silence
    /// too. Only for one that rests. Real-time safe.
    pub(crate) fn skip(&mut self, samples: usize) {
        let Some(running) = &mut self.0 else { return };
        for side in running.sides.iter_mut().chain(&mut running.mean) {
            side.convolver.skip(samples);
        }
    }

    /// The next settings hold at once.
    pub(crate) fn refresh(&mut self) {
        self.0.iter_mut().for_each(|running| running.fresh = true);
    }

    /// Of `impulse`, for a signal of `sample_rate` Hz. Allocates, and takes
    /// milliseconds for each second of the response.
    pub fn build(impulse: &Impulse, sample_rate: f32) -> Self {
        let normalized = impulse.gain_to_normalize();
        let impulse = impulse.at(sample_rate);
        let mut sides = impulse.channels().map(Side::new);
        let taps = impulse.channels().map(<[f32]>::len).max().unwrap_or(0);
        let (Some(left), right) = (sides.next(), sides.next()) else { return Self::none() };
        let mean = right.is_some().then(|| Side::new(&impulse.mean()));
        let right = right.unwrap_or_else(|| left.clone());
        Self(Some(Box::new(Running {
            sides: [left, right],
            mean,
            channels: 0,
            taps,
            normalized,
            gain: Smooth::new(1.0, fade_samples(impulse.sample_rate())),
            fresh: true,
        })))
    }
}

impl Voice for Cabinet {
    type Settings = Settings;

    fn run(&mut self, channels: &mut [&mut [f32]], settings: &Settings) {
        if let Some(running) = &mut self.0 {
            running.run(channels, settings);
        }
    }

    fn reset(&mut self) {
        if let Some(running) = &mut self.0 {
            running.reset();
        }
    }

    /// Of none, time for another response to take over before this one is heard.
    fn warm_up(&self) -> usize {
        self.0.as_ref().map_or(4096, |running| running.taps)
    }
}

impl Running {
    fn run(&mut self, channels: &mut [&mut [f32]], settings: &Settings) {
        let target = if settings.normalize { self.normalized } else { 1.0 };
        if std::mem::take(&mut self.fresh) {
            self.gain.snap(target);
        }
        self.gain.set(target);
        self.expect(channels.len());
        let mut gains = [0.0; BLOCK];
        let gains = &mut gains[..channels.first().map_or(0, |io| io.len())];
        self.gain.fill(gains);
        match (channels, &mut self.mean) {
            ([mono], Some(mean)) => mean.run(mono, gains),
            (channels, _) => {
                self.sides.iter_mut().zip(channels).for_each(|(side, io)| side.run(io, gains));
            }
        }
    }

    /// Silences what was not in use before, if the number of channels has changed.
    fn expect(&mut self, channels: usize) {
        let before = std::mem::replace(&mut self.channels, channels);
        if before == channels || before == 0 {
            return;
        }
        match (channels, &mut self.mean) {
            (1, Some(mean)) => mean.reset(),
            (1, None) => {}
            (_, Some(_)) => self.sides.iter_mut().for_each(Side::reset),
            (_, None) => self.sides[1].reset(),
        }
    }

    fn reset(&mut self) {
        self.sides.iter_mut().chain(&mut self.mean).for_each(Side::reset);
        self.channels = 0;
        self.fresh = true;
    }
}

/// One channel.
#[derive(Clone)]
struct Side {
    convolver: Convolver,
    /// Samples of silence since the last sound, as far as they matter.
    quiet: usize,
}

impl Side {
    fn new(taps: &[f32]) -> Self {
        let convolver = Convolver::new(taps);
        Self { quiet: convolver.memory(), convolver }
    }

    fn reset(&mut self) {
        self.convolver.reset();
        self.quiet = self.convolver.memory();
    }

    fn run(&mut self, io: &mut [f32], gains: &[f32]) {
        let memory = self.convolver.memory();
        let mut at = 0;
        while at < io.len() {
            let rest = &mut io[at..];
            let count =
                if self.quiet >= memory { self.rest(rest) } else { self.play(rest, memory) };
            at += count;
        }
        for (x, gain) in io.iter_mut().zip(gains) {
            *x = scrub(*x * gain);
        }
    }

    /// Passes the time until there is a sound.
    fn rest(&mut self, io: &mut [f32]) -> usize {
        let silent = io.iter().take_while(|x| is_silent(**x)).count();
        io[..silent].fill(0.0);
        self.convolver.skip(silent);
        if silent < io.len() {
            self.quiet = 0;
        }
        silent
    }

    /// Convolves until there has been silence for long enough to rest.
    fn play(&mut self, io: &mut [f32], memory: usize) -> usize {
        let mut count = 0;
        while count < io.len() && self.quiet < memory {
            self.quiet = if is_silent(io[count]) { self.quiet + 1 } else { 0 };
            count += 1;
        }
        self.convolver.process(&mut io[..count]);
        count
    }
}

/// As the convolution reads it.
fn is_silent(x: f32) -> bool {
    x == 0.0 || !x.is_finite()
}

#[cfg(test)]
#[path = "cabinet_tests.rs"]
mod tests;
