//! The noise gate, as a gain for each frame: where it is applied is the caller's
//! business.

use nn::BLOCK;

use crate::amp;
use crate::smooth::{FADE, Smooth};

/// Seconds over which the detector takes the largest magnitude. Half a period of
/// 50 Hz, so that a steady tone above that reads as its peak without ripple.
pub const WINDOW: f32 = 0.01;

/// A noise gate.
///
/// The level is the largest magnitude of the last 10 ms ([`WINDOW`]) in any
/// channel of the key, so of a steady sine its peak: 0 dB where that is full
/// scale. It rises with the sample that is larger, so that no pick attack is lost
/// to a detector that must charge first, and falls 10 ms after the last one that
/// large.
///
/// At the first sample at `threshold` or above the gate begins to open. Once the
/// level has been less than `threshold - hysteresis` for `hold`, it begins to
/// close. From end to end that takes `attack` and `release` exactly, to the
/// sample, along r + (1 - r)(3p² - 2p³) with r the gain of `range` and p the share
/// of the time gone; turned around on the way it goes back the same path.
#[derive(Clone, Debug)]
pub struct Gate {
    sample_rate: f32,
    params: amp::Gate,
    law: Law,
    /// The first parameters after a reset hold at once.
    fresh: bool,
    /// Whether it is or gets open.
    opening: bool,
    /// Samples since the last that kept it open.
    quiet: usize,
    /// How far it is open: 0 closed, 1 open.
    position: f64,
    /// Gain when closed.
    floor: f32,
    floors: Smooth,
    /// The one value of all gains of the last run, where they had one.
    uniform: Option<f32>,
}

/// The parameters in units of samples and gains. Off is a gate that silence opens.
#[derive(Clone, Copy, Debug)]
struct Law {
    on: bool,
    /// Magnitude that opens.
    open: f32,
    /// Magnitude that keeps open.
    close: f32,
    /// Samples below `close` after which it begins to close.
    limit: usize,
    /// What a sample adds to the position, and takes from it.
    rise: f64,
    fall: f64,
    /// Gain when closed.
    floor: f32,
}

impl Law {
    fn new(params: &amp::Gate, sample_rate: f32) -> Self {
        let standard = amp::Gate::default();
        let within = |value: f32, low: f32, high: f32, standard: f32| {
            if value.is_nan() { standard } else { value.clamp(low, high) }
        };
        let samples = |ms: f32| (f64::from(ms) * 1e-3 * f64::from(sample_rate)).round();
        let step = |ms: f32| 1.0 / samples(ms).max(1.0);
        let gain = |db: f32| 10f32.powf(db / 20.0);

        let threshold = within(params.threshold, -100.0, 0.0, standard.threshold);
        let hysteresis = within(params.hysteresis, 0.0, 24.0, standard.hysteresis);
        let hold = within(params.hold, 0.0, 500.0, standard.hold);
        let range = within(params.range, -100.0, 0.0, standard.range);
        let rise = if params.on {
            step(within(params.attack, 0.1, 50.0, standard.attack))
        } else {
            step(1e3 * FADE)
        };
        Self {
            on: params.on,
            open: if params.on { gain(threshold) } else { 0.0 },
            close: if params.on { gain(threshold - hysteresis) } else { 0.0 },
            limit: (samples(1e3 * WINDOW) + samples(hold)).max(1.0) as usize,
            rise,
            fall: step(within(params.release, 5.0, 1000.0, standard.release)),
            floor: if range > -100.0 { gain(range) } else { 0.0 },
        }
    }
}

impl Gate {
    /// A gate that has heard nothing. `sample_rate` is in Hz.
    pub fn new(sample_rate: f32) -> Self {
        let params = amp::Gate::default();
        Self {
            sample_rate,
            params,
            law: Law::new(&params, sample_rate),
            fresh: true,
            opening: false,
            quiet: 0,
            position: 0.0,
            floor: 0.0,
            floors: Smooth::new(0.0, (FADE * sample_rate) as usize),
            uniform: None,
        }
    }

    /// Sets the rate of the key, in Hz, and forgets it. Real-time safe.
    pub fn set_sample_rate(&mut self, sample_rate: f32) {
        *self = Self::new(sample_rate);
    }

    /// Forgets the key. The next parameters hold at once, and the gate is closed if
    /// they switch it on. Real-time safe.
    pub fn reset(&mut self) {
        self.fresh = true;
        self.uniform = None;
    }

    /// Whether all gains of the last run were exactly 0.
    pub fn closed(&self) -> bool {
        self.uniform == Some(0.0)
    }

    /// Whether all gains of the last run were exactly 1.
    pub fn open(&self) -> bool {
        self.uniform == Some(1.0)
    }

    /// Writes the gain of each frame. `key` is what it listens to, in one or two
    /// channels, the louder one counting; past its end it is silent. Real-time safe.
    pub fn run(&mut self, key: &[&[f32]], gains: &mut [f32], params: &amp::Gate) {
        self.follow(params);
        if !self.law.on && self.position == 1.0 {
            gains.fill(1.0);
            self.uniform = Some(1.0);
            return;
        }
        let mut loudness = [0.0; BLOCK];
        let mut uniform = None;
        for (i, gains) in gains.chunks_mut(BLOCK).enumerate() {
            let loudness = &mut loudness[..gains.len()];
            measure(key, i * BLOCK, loudness);
            let value = self.chunk(loudness, gains);
            uniform = if i == 0 || uniform == value { value } else { None };
        }
        self.uniform = uniform;
    }

    fn follow(&mut self, params: &amp::Gate) {
        if *params != self.params {
            self.params = *params;
            self.law = Law::new(params, self.sample_rate);
        }
        if std::mem::take(&mut self.fresh) {
            self.opening = !self.law.on;
            self.position = if self.law.on { 0.0 } else { 1.0 };
            self.quiet = 0;
            self.arrive();
        }
        if self.position == 1.0 {
            self.arrive();
        }
        self.floors.set(self.law.floor);
    }

    /// Where the gate is open, nobody hears a new range arrive at once.
    fn arrive(&mut self) {
        self.floor = self.law.floor;
        self.floors.snap(self.floor);
    }

    /// At most a block; returns the one value of all gains, where they have one.
    fn chunk(&mut self, loudness: &[f32], gains: &mut [f32]) -> Option<f32> {
        if let Some(gain) = self.rest(loudness) {
            gains.fill(gain);
            return Some(gain);
        }
        for (loudness, gain) in loudness.iter().zip(gains.iter_mut()) {
            *gain = self.step(*loudness);
        }
        let first = gains[0];
        // Not `all`, which would stop early and so be compiled to a loop of branches.
        let same = gains.iter().fold(true, |same, gain| same & (*gain == first));
        same.then_some(first)
    }

    /// If the gate rests closed or open through the whole chunk, notes what it
    /// heard and returns the gain. All else would be the same by single steps.
    fn rest(&mut self, loudness: &[f32]) -> Option<f32> {
        if self.opening && self.position == 1.0 && self.quiet + loudness.len() < self.law.limit {
            let last = loudness.iter().rposition(|&x| x >= self.law.close);
            self.quiet = match last {
                Some(last) => loudness.len() - 1 - last,
                None => self.quiet + loudness.len(),
            };
            return Some(1.0);
        }
        let settled = self.position == 0.0 && self.floor == self.law.floor;
        let woken = || loudness.iter().fold(false, |any, &x| any | (x >= self.law.open));
        (!self.opening && settled && !woken()).then_some(self.floor)
    }

    #[inline]
    fn step(&mut self, loudness: f32) -> f32 {
        self.listen(loudness);
        if self.floor != self.law.floor {
            self.floors.fill(std::slice::from_mut(&mut self.floor));
        }
        let Law { rise, fall, .. } = self.law;
        if self.opening && self.position < 1.0 {
            self.position += rise;
            // The end is set, not summed, so that it is exact and on time.
            if self.position > 1.0 - 0.5 * rise {
                self.position = 1.0;
                self.arrive();
            }
        } else if !self.opening && self.position > 0.0 {
            self.position -= fall;
            if self.position < 0.5 * fall {
                self.position = 0.0;
            }
        }
        match self.position {
            0.0 => self.floor,
            1.0 => 1.0,
            p => self.floor + (1.0 - self.floor) * (p * p * (3.0 - 2.0 * p)) as f32,
        }
    }

    #[inline]
    fn listen(&mut self, loudness: f32) {
        if self.opening {
            self.quiet = if loudness >= self.law.close { 0 } else { self.quiet + 1 };
            self.opening = self.quiet < self.law.limit;
        }
        if !self.opening && loudness >= self.law.open {
            self.opening = true;
            self.quiet = 0;
        }
    }
}

/// The magnitude of each frame of the key from `at` on; that of NaN is 0.
fn measure(key: &[&[f32]], at: usize, loudness: &mut [f32]) {
    loudness.fill(0.0);
    for channel in key.iter().take(2) {
        let part = channel.get(at..).unwrap_or_default();
        for (loudness, x) in loudness.iter_mut().zip(part) {
            let x = x.abs();
            *loudness = if x > *loudness { x } else { *loudness };
        }
    }
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
