//! The neural distortion: a small network, oversampled, with all that a pedal needs
//! around it.
//!
//! ```text
//!       ┌──────────────── dry, through the same filters ─────────────────────┐
//! input ┴─ channels ─ input gain ─ cuts ─ drive ─ network ─ make-up ─┐       mix ─ output gain
//!                                                DC block ───────────┘        │
//!                                                └─ tilt ─ cuts ─ channels ───┘
//! ```
//!
//! The network, its drive, the oversampling and the make-up gain come as one
//! [`Pedal`] from a loader, dry signal included, so that another one is faded to as
//! a whole, whatever its latency.

use nn::BLOCK;

use crate::bank::Bank;
use crate::cuts::Cuts;
use crate::delay::{Delay, MAX_LATENCY};
use crate::denormal::{FlushDenormals, scrub};
use crate::filter::DcBlock;
use crate::peaks::largest;
use crate::rest::Rest;
use crate::smooth::{Smooth, fade_samples, gain};
use crate::swap::{self, Loader, Slot};

mod loudness;
pub mod measure;
mod network;
mod oversample;
mod params;
mod pedal;
pub mod preset;
mod quality;
mod ranges;
mod stage;
mod tilt;
mod trace;

pub use crate::peaks::Peaks;
pub use params::{Channels, Cut, KNOBS, Params};
pub use pedal::{DRIVE_SPAN, Pedal, Settings};
pub use quality::{Oversampling, Phase, Quality, Setup};
pub use ranges::{RANGES, range};
pub use trace::PAIRS;

use stage::Matrix;
use tilt::Tilt;
use trace::Trace;

/// 60 dB over full scale, so that no gain makes an infinity of it.
const CEILING: f32 = 1000.0;

/// What the dry signal is held to, so that no filter makes an infinity of it.
const LARGEST: f32 = 1e9;

/// 180 dB below full scale: silence, so that what follows may rest.
const FLOOR: f32 = 1e-9;

/// The whole effect. Without a model, audio passes where it would be.
pub struct Drive {
    sample_rate: f32,
    /// Samples of a fade.
    fade: usize,
    matrix: Matrix,
    input_gain: Smooth,
    output_gain: Smooth,
    mix: Smooth,
    /// 0 processed, 1 bypassed.
    bypass: Smooth,
    before: Cuts,
    slot: Slot<Pedal>,
    dc: DcBlock,
    tilt: Bank<Tilt, 1>,
    after: Cuts,
    /// Of all between the input gain and the mix.
    sleep: Rest,
    /// What a bypass lets out.
    around: [Delay; 2],
    /// What the network is shown, as late as what it gives.
    shown: Delay,
    trace: Trace,
    /// The first parameters after a reset hold at once.
    fresh: bool,
    peaks: Peaks,
}

impl Drive {
    /// A distortion without a model, and the loader that gives it one. `sample_rate`
    /// is in Hz.
    pub fn new(sample_rate: f32) -> (Loader<Pedal>, Self) {
        let fade = fade_samples(sample_rate);
        let (loader, slot) = swap::slot(fade);
        let drive = Self {
            sample_rate,
            fade,
            matrix: Matrix::new(fade),
            input_gain: Smooth::new(1.0, fade),
            output_gain: Smooth::new(1.0, fade),
            mix: Smooth::new(1.0, fade),
            bypass: Smooth::new(0.0, fade),
            before: Cuts::new(sample_rate),
            slot,
            dc: DcBlock::new(sample_rate),
            tilt: Bank::new([Tilt::new(sample_rate)]),
            after: Cuts::new(sample_rate),
            sleep: Rest::new(0),
            around: [(); 2].map(|()| Delay::new(MAX_LATENCY)),
            shown: Delay::new(MAX_LATENCY),
            trace: Trace::new(sample_rate),
            fresh: true,
            peaks: Peaks::default(),
        };
        (loader, drive)
    }

    /// Sets the rate of the signal, in Hz, and forgets all sound. The pedal stays as
    /// it was built; the loader brings another.
    pub fn set_sample_rate(&mut self, sample_rate: f32) {
        let fade = fade_samples(sample_rate);
        (self.sample_rate, self.fade) = (sample_rate, fade);
        for smooth in self.smooths() {
            smooth.set_length(fade);
        }
        self.matrix = Matrix::new(fade);
        self.slot.set_fade(fade);
        self.before.set_sample_rate(sample_rate);
        self.after.set_sample_rate(sample_rate);
        self.dc.set_sample_rate(sample_rate);
        self.tilt = Bank::new([Tilt::new(sample_rate)]);
        self.trace = Trace::new(sample_rate);
        self.reset();
    }

    /// Samples by which the output trails the input, with the pedal that plays now.
    /// Changes only when the pedal does.
    pub fn latency(&self) -> usize {
        self.slot.voice().map_or(0, Pedal::latency).min(MAX_LATENCY)
    }

    /// Processes one or two channels of any equal length in place. The first
    /// `inputs` of them hold the input; with one input and two channels it is the
    /// input of both. Further channels are left as they are.
    ///
    /// Real-time safe. Input that is not finite counts as 0; the output is finite
    /// and free of subnormal numbers.
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

    /// Forgets all sound. The parameters of the next block hold from its first
    /// sample, and so does a pedal offered before it. Real-time safe.
    pub fn reset(&mut self) {
        let _flush = FlushDenormals::enter();
        self.before.reset();
        self.slot.reset();
        self.dc.reset();
        self.after.reset();
        self.sleep.wake();
        self.around.iter_mut().chain([&mut self.shown]).for_each(Delay::reset);
        self.trace.clear();
        self.fresh = true;
        self.peaks = Peaks::default();
    }

    /// The peaks since the last call.
    pub fn take_peaks(&mut self) -> Peaks {
        std::mem::take(&mut self.peaks)
    }

    /// The latest inputs of the network beside what it made of them, the oldest
    /// first: the left channel's, after all gains before it and before those after it,
    /// over about 20 ms.
    pub fn trace(&self) -> [[f32; 2]; PAIRS] {
        self.trace.pairs()
    }

    fn smooths(&mut self) -> [&mut Smooth; 4] {
        [&mut self.input_gain, &mut self.output_gain, &mut self.mix, &mut self.bypass]
    }

    fn follow(&mut self, params: &Params) {
        let targets = [
            gain(params.input_gain),
            gain(params.output_gain),
            params.mix,
            if params.bypass { 1.0 } else { 0.0 },
        ];
        let fresh = std::mem::take(&mut self.fresh);
        for (smooth, target) in self.smooths().into_iter().zip(targets) {
            if fresh {
                smooth.snap(target);
            }
            smooth.set(target);
        }
        self.matrix.set(params.channels, fresh);
        self.tilt.shapes().for_each(|tilt| tilt.set(params.tilt));
        if fresh {
            self.tilt.snap();
        }
    }

    fn run<const N: usize>(&mut self, mut io: [&mut [f32]; N], params: &Params) {
        if io[0].is_empty() {
            return;
        }
        self.follow(params);
        let mut at = 0;
        while at < io[0].len() {
            let end = io[0].len().min(at + self.slot.span());
            self.block(io.each_mut().map(|io| &mut io[at..end]), params);
            at = end;
        }
    }

    /// At most a block of one or two channels, in which no pedal changes.
    fn block<const N: usize>(&mut self, mut io: [&mut [f32]; N], params: &Params) {
        let n = io[0].len();
        let mut buffers = [[0.0; BLOCK]; 4];
        for (c, io) in io.iter_mut().enumerate() {
            for (x, buffer) in io.iter_mut().zip(&mut buffers[c]) {
                *x = if x.is_finite() { *x } else { 0.0 };
                *buffer = x.clamp(-LARGEST, LARGEST);
            }
        }
        if N == 1 {
            buffers[1] = buffers[0];
        }
        let [left, right, dry_left, dry_right] = &mut buffers;
        (*dry_left, *dry_right) = (*left, *right);
        let mut four = [left, right, dry_left, dry_right].map(|buffer| &mut buffer[..n]);
        let mut bypass = [0.0; BLOCK];
        let bypass = &mut bypass[..n];
        self.bypass.fill(bypass);
        self.enter::<N>(&mut four, bypass);
        let latency = self.latency();
        self.unless_asleep(&mut four, params, latency);
        self.leave(&mut io, &four, bypass, latency);
    }

    /// What becomes of the channels, and the input gain. Beside a bypass silence goes
    /// in, so that networks may rest.
    fn enter<const N: usize>(&mut self, four: &mut [&mut [f32]; 4], bypass: &[f32]) {
        let [left, right, ..] = four;
        self.input_gain.apply(&mut [left, right]);
        for (io, peak) in [&*left, &*right].into_iter().take(N).zip(&mut self.peaks.input) {
            *peak = peak.max(largest(io));
        }
        self.matrix.encode(left, right);
        for io in [left, right] {
            for x in io.iter_mut() {
                let y = x.clamp(-CEILING, CEILING);
                *x = if y.abs() > FLOOR { y } else { 0.0 };
            }
        }
        if bypass.iter().all(|bypass| *bypass == 0.0) {
            return;
        }
        for io in four {
            // No edge where the bypass begins and ends, which networks would repeat.
            let feed = |bypass: f32| (4.0 * (1.0 - bypass)).min(1.0);
            io.iter_mut().zip(bypass).for_each(|(x, bypass)| *x *= feed(*bypass));
        }
    }

    /// All between the input gain and the mix, but in a silence that has passed
    /// through everything: then nothing is computed and the output is silence as well.
    fn unless_asleep(&mut self, four: &mut [&mut [f32]; 4], params: &Params, latency: usize) {
        // Seconds after which filters have nothing left to say, and rest.
        let filters = 3 * self.sample_rate as usize;
        self.sleep.set_memory(self.slot.memory() + latency + filters);
        if !self.slot.is_still() {
            self.sleep.wake();
        }
        let n = four[0].len();
        let mut at = 0;
        while at < n {
            let silent = |i: &usize| four.iter().all(|io| io[*i] == 0.0);
            let span = self.sleep.next(at, n, silent);
            let part = at..at + span.samples;
            at = part.end;
            if span.woken {
                self.refresh();
            }
            if span.resting {
                self.matrix.skip(span.samples);
            } else {
                self.chain(four.each_mut().map(|io| &mut io[part.clone()]), params, latency);
            }
        }
    }

    /// What was changed in silence is heard from the first sound on.
    fn refresh(&mut self) {
        self.before.reset();
        self.slot.voice_mut().into_iter().for_each(Pedal::refresh);
        self.tilt.snap();
        self.after.reset();
    }

    fn chain(&mut self, mut four: [&mut [f32]; 4], params: &Params, latency: usize) {
        let n = four[0].len();
        let [left, right, ..] = &mut four;
        self.before.process(&mut [left, right], params.before.low, params.before.high);
        let mut shown = [0.0; BLOCK];
        shown[..n].copy_from_slice(left);
        self.shown.set(latency, 1);
        self.shown.process(&mut shown[..n]);
        self.slot.process_all(four.each_mut().map(|io| &mut **io), &Settings::from(params));
        let gains = self.slot.voice().map_or([1.0, 1.0, 0.0], Pedal::gains);
        self.trace.push(&shown[..n], four[0], gains);
        let [left, right, ..] = &mut four;
        self.dc.process(&mut [left, right]);
        for io in [&mut *left, &mut *right] {
            io.iter_mut().for_each(|x| *x = if x.abs() > FLOOR { *x } else { 0.0 });
        }
        self.tilt.process(&mut [left, right]);
        self.after.process(&mut [left, right], params.after.low, params.after.high);
        self.matrix.decode(left, right);
    }

    /// The mix with the dry signal, the output gain and the bypass.
    fn leave<const N: usize>(
        &mut self,
        io: &mut [&mut [f32]; N],
        four: &[&mut [f32]; 4],
        bypass: &[f32],
        latency: usize,
    ) {
        let n = io[0].len();
        let [mut mix, mut output] = [[0.0; BLOCK]; 2];
        self.mix.fill(&mut mix[..n]);
        self.output_gain.fill(&mut output[..n]);
        for (c, (io, around)) in io.iter_mut().zip(&mut self.around).enumerate() {
            around.set(latency, self.fade);
            around.process(io);
            let (wet, dry) = (&four[c], &four[c + 2]);
            for (i, x) in io.iter_mut().enumerate() {
                // Sums of products, so that at either end it is exactly one of the two.
                let mixed = wet[i] * mix[i] + dry[i] * (1.0 - mix[i]);
                *x = scrub(mixed * (output[i] * (1.0 - bypass[i])) + *x * bypass[i]);
            }
            self.peaks.output[c] = self.peaks.output[c].max(largest(io));
        }
    }
}

#[cfg(test)]
mod tests;
