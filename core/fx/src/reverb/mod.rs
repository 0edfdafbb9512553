//! The reverb: a feedback delay network and what is around it.
//!
//! ```text
//!       ┌──────────────────────────── dry ────────────────────────────────┐
//! input ┴─ cross ─ pre-delay ─┬─ early ─┬─ send ─┐                         mix ─ output gain
//!                             │         └────── level ─┐                   │
//!                             └───────── + ── network ─ + ─ width ─ cuts ─ × ─┘
//! input ─ gate, duck ──────────────────────────────────────────────────────┘
//! ```
//!
//! The network comes from a loader. One that has the same lines as the one before it
//! goes on with what rings; others are cross-faded to.

use nn::BLOCK;

use crate::cuts::Cuts;
use crate::delay::Delay;
use crate::denormal::{FlushDenormals, scrub};
use crate::duck::Ducker;
use crate::early::Early;
use crate::gate;
use crate::peaks::largest;
use crate::smooth::{Smooth, fade_samples, gain};
use crate::swap::{self, Loader, Slot};

mod division;
mod params;
pub mod preset;
mod ranges;
mod stages;
mod tail;

pub use crate::peaks::Peaks;
pub use division::Division;
pub use params::{Bands, Duck, Early as EarlyParams, Modulation, Params};
pub use ranges::{RANGES, range};
pub use tail::{MOST_CHANNELS, Tail, model};

use stages::{add, cross, law, widen};

/// 60 dB over full scale: no instrument.
const CEILING: f32 = 1000.0;

/// 140 dB below full scale: what is as quiet for long enough is over.
const SILENCE: f32 = 1e-7;

/// Seconds in which another network is faded to.
const CHANGE: f32 = 0.25;

/// The longest delay before the reverberation, in seconds.
const MOST_PRE_DELAY: f32 = 0.5;

/// Seconds in which filters have nothing left to say.
const FILTERS: f32 = 1.0;

/// The whole effect. It adds no latency. Without a network its wet sound is silence.
pub struct Reverb {
    sample_rate: f32,
    /// Samples of a fade.
    fade: usize,
    /// What becomes of the input: 0 cut, 1 heard.
    feed: Smooth,
    cross: Smooth,
    send: Smooth,
    level: Smooth,
    width: Smooth,
    mix: Smooth,
    output_gain: Smooth,
    /// 0 processed, 1 bypassed.
    bypass: Smooth,
    pre_delay: [Delay; 2],
    early: Early,
    slot: Slot<Tail>,
    cuts: Cuts,
    duck: Ducker,
    gate: gate::Gate,
    /// Samples for which nothing came in and nothing was heard.
    quiet: usize,
    /// Of the wet signal at the end of what was processed last.
    wet_gain: f32,
    /// The first parameters after a reset hold at once.
    fresh: bool,
    peaks: Peaks,
}

impl Reverb {
    /// A reverb without a network, and the loader that gives it one. `sample_rate` is
    /// in Hz.
    pub fn new(sample_rate: f32) -> (Loader<Tail>, Self) {
        let fade = fade_samples(sample_rate);
        let (loader, slot) = swap::slot((CHANGE * sample_rate) as usize);
        loader.offer(Tail::silent());
        let still = |value: f32| Smooth::new(value, fade);
        let reverb = Self {
            sample_rate,
            fade,
            feed: still(1.0),
            cross: still(0.0),
            send: still(0.0),
            level: still(0.0),
            width: still(1.0),
            mix: still(1.0),
            output_gain: still(1.0),
            bypass: still(0.0),
            pre_delay: pre_delay(sample_rate),
            early: Early::new(sample_rate),
            slot,
            cuts: Cuts::new(sample_rate),
            duck: Ducker::new(sample_rate),
            gate: gate::Gate::new(sample_rate),
            quiet: 0,
            wet_gain: 1.0,
            fresh: true,
            peaks: Peaks::default(),
        };
        (loader, reverb)
    }

    /// Sets the rate of the signal, in Hz, and forgets all sound. The network stays as
    /// it was built; a loader brings another. Not for the audio thread.
    pub fn set_sample_rate(&mut self, sample_rate: f32) {
        (self.sample_rate, self.fade) = (sample_rate, fade_samples(sample_rate));
        let fade = self.fade;
        self.smooths().into_iter().for_each(|smooth| smooth.set_length(fade));
        self.slot.set_fade((CHANGE * sample_rate) as usize);
        self.pre_delay = pre_delay(sample_rate);
        self.early.set_sample_rate(sample_rate);
        self.cuts.set_sample_rate(sample_rate);
        self.duck.set_sample_rate(sample_rate);
        self.gate.set_sample_rate(sample_rate);
        self.reset();
    }

    /// Processes one or two channels of any equal length in place. The first `inputs`
    /// of them hold the input; with one input and two channels it is the input of both.
    /// Further channels are left as they are.
    ///
    /// Real-time safe. Input that is not finite counts as 0; the output is finite and
    /// free of subnormal numbers.
    pub fn process(&mut self, channels: &mut [&mut [f32]], inputs: usize, params: &Params) {
        let _flush = FlushDenormals::enter();
        let params = &params.sane();
        match channels {
            [] => {}
            [mono] => self.run([mono], params),
            [left, right, ..] => {
                let length = left.len().min(right.len());
                let (left, right) = (&mut left[..length], &mut right[..length]);
                if inputs < 2 {
                    right.copy_from_slice(left);
                }
                self.run([left, right], params);
            }
        }
    }

    /// Forgets all sound. The parameters of the next block hold from its first sample,
    /// and so does a network offered before it. Real-time safe.
    pub fn reset(&mut self) {
        let _flush = FlushDenormals::enter();
        self.pre_delay.iter_mut().for_each(Delay::reset);
        self.early.reset();
        self.slot.reset();
        self.cuts.reset();
        self.duck.reset();
        self.gate.reset();
        (self.quiet, self.fresh, self.peaks) = (0, true, Peaks::default());
    }

    /// The peaks since the last call.
    pub fn take_peaks(&mut self) -> Peaks {
        std::mem::take(&mut self.peaks)
    }

    /// What the gate and the ducking left of the wet signal at the end of what was
    /// processed last: 1 all.
    pub fn wet_gain(&self) -> f32 {
        self.wet_gain
    }

    /// Whether something may still be heard without further input.
    pub fn rings(&self) -> bool {
        self.quiet < self.memory()
    }

    /// Samples of quiet after which nothing can come any more.
    fn memory(&self) -> usize {
        let network = self.slot.voice().map_or(0, Tail::memory);
        let around = self.early.memory() + (FILTERS * self.sample_rate) as usize;
        network + around + self.pre_delay[0].delay()
    }

    fn smooths(&mut self) -> [&mut Smooth; 8] {
        [
            &mut self.feed,
            &mut self.cross,
            &mut self.send,
            &mut self.level,
            &mut self.width,
            &mut self.mix,
            &mut self.output_gain,
            &mut self.bypass,
        ]
    }

    fn follow(&mut self, params: &Params) {
        let share = |full: bool| if full { 1.0 } else { 0.0 };
        let level = params.early.level;
        let targets = [
            share(!params.bypass && !params.freeze),
            params.cross,
            params.early.send,
            if level > -60.0 { gain(level) } else { 0.0 },
            params.width,
            params.mix,
            gain(params.output_gain),
            share(params.bypass),
        ];
        let fresh = std::mem::take(&mut self.fresh);
        for (smooth, target) in self.smooths().into_iter().zip(targets) {
            if fresh {
                smooth.snap(target);
            }
            smooth.set(target);
        }
        let wait = (params.pre_delay * 1e-3 * self.sample_rate).round() as usize;
        let fade = self.fade;
        self.pre_delay.iter_mut().for_each(|delay| delay.set(wait, fade));
        self.early.set(params.early.size);
    }

    fn run<const N: usize>(&mut self, mut io: [&mut [f32]; N], params: &Params) {
        if io[0].is_empty() {
            return;
        }
        self.follow(params);
        let settings = params.network();
        let mut at = 0;
        while at < io[0].len() {
            let mut span = BLOCK.min(self.slot.span());
            if !self.slot.is_still() {
                self.quiet = 0;
            }
            // Where a rest begins is the same for any cut of the signal.
            span = match self.memory().saturating_sub(self.quiet) {
                0 => span,
                left => span.min(left),
            };
            let end = io[0].len().min(at + span);
            at += self.block(io.each_mut().map(|io| &mut io[at..end]), params, &settings);
        }
    }

    /// At most a block in which no network changes; returns how much of it was done.
    fn block<const N: usize>(
        &mut self,
        mut io: [&mut [f32]; N],
        params: &Params,
        settings: &fdn::Params,
    ) -> usize {
        let resting = !self.rings();
        let silent = |i: usize| io.iter().all(|io| io[i] == 0.0 || !io[i].is_finite());
        let mut n = io[0].len();
        if resting {
            let lead = (0..n).take_while(|i| silent(*i)).count();
            n = if lead > 0 { lead } else { n };
            if lead == 0 {
                self.quiet = 0;
            }
        }
        let mut io = io.each_mut().map(|io| &mut io[..n]);
        for (io, peak) in io.iter_mut().zip(&mut self.peaks.input) {
            for x in io.iter_mut() {
                *x = if x.is_finite() { x.clamp(-CEILING, CEILING) } else { 0.0 };
            }
            *peak = peak.max(largest(io));
        }
        let mut gains = [1.0; BLOCK];
        let gains = &mut gains[..n];
        let key = io.each_ref().map(|io| &**io);
        self.gate.run(&key, gains, &params.gate);
        self.duck.run(&key, gains, &params.duck);
        self.wet_gain = gains.last().copied().unwrap_or(1.0);
        let mut wet = [[0.0; BLOCK]; N];
        let mut wet = wet.each_mut().map(|wet| &mut wet[..n]);
        wet.iter_mut().zip(&io).for_each(|(wet, io)| wet.copy_from_slice(io));
        if resting && self.quiet > 0 {
            self.feed.skip(n);
        } else {
            self.reverberate(&io, &mut wet, params, settings);
        }
        self.leave(&mut io, &wet, gains);
        n
    }

    /// Counts how long it has been quiet.
    fn listen(&mut self, io: &[&mut [f32]], wet: &[&mut [f32]]) {
        let n = io.first().map_or(0, |io| io.len());
        let sounds = |i: &usize| {
            io.iter().any(|io| io[*i] != 0.0) || wet.iter().any(|wet| wet[*i].abs() > SILENCE)
        };
        self.quiet = match (0..n).rev().find(sounds) {
            Some(last) => n - 1 - last,
            None => self.quiet + n,
        };
    }

    /// Makes the wet sound of what comes in.
    fn reverberate<const N: usize>(
        &mut self,
        io: &[&mut [f32]; N],
        wet: &mut [&mut [f32]; N],
        params: &Params,
        settings: &fdn::Params,
    ) {
        let n = wet[0].len();
        self.feed.apply(wet);
        cross(&mut self.cross, wet);
        for (wet, delay) in wet.iter_mut().zip(&mut self.pre_delay) {
            delay.process(wet);
        }
        let heard = [&self.send, &self.level].iter().any(|s| s.settled() != Some(0.0));
        let mut early = [[0.0; BLOCK]; 2];
        self.early.process(&wet.each_ref().map(|wet| &**wet), heard.then_some(&mut early));
        if heard {
            let mut send = [0.0; BLOCK];
            self.send.fill(&mut send[..n]);
            add(wet, &early, &send[..n]);
        }
        self.slot.process(wet, settings);
        if heard {
            let mut level = [0.0; BLOCK];
            self.level.fill(&mut level[..n]);
            add(wet, &early, &level[..n]);
        }
        // Before what may hide it, for it would come out with the next note.
        self.listen(io, wet);
        widen(&mut self.width, wet);
        self.cuts.process(wet, params.low_cut, params.high_cut);
    }

    /// The mix with the dry signal, the output gain and the bypass.
    fn leave<const N: usize>(
        &mut self,
        io: &mut [&mut [f32]; N],
        wet: &[&mut [f32]; N],
        gains: &[f32],
    ) {
        let n = io[0].len();
        let [mut mix, mut output, mut bypass] = [[0.0; BLOCK]; 3];
        let steady = self.mix.settled().map(law);
        self.mix.fill(&mut mix[..n]);
        self.output_gain.fill(&mut output[..n]);
        self.bypass.fill(&mut bypass[..n]);
        for i in 0..n {
            let [dry, wetness] = steady.unwrap_or_else(|| law(mix[i]));
            let processed = output[i] * (1.0 - bypass[i]);
            let (dry, wetness) = (dry * processed + bypass[i], wetness * processed * gains[i]);
            for (io, wet) in io.iter_mut().zip(wet) {
                io[i] = scrub(io[i] * dry + wet[i] * wetness);
            }
        }
        for (io, peak) in io.iter().zip(&mut self.peaks.output) {
            *peak = peak.max(largest(io));
        }
    }
}

fn pre_delay(sample_rate: f32) -> [Delay; 2] {
    let most = (MOST_PRE_DELAY * sample_rate).ceil() as usize;
    [(); 2].map(|()| Delay::new(most))
}

#[cfg(test)]
mod tests;
