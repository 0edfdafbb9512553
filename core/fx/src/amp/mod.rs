//! The amplifier: gate, two models, tone stack, cabinet.
//!
//! ```text
//! input gain ─┬─ tone ─ models ─ DC block ─ × ─ tone ─ cabinet ─ mix ─ output gain
//!             └─ gate ──────────────────────┘
//! ```
//!
//! The gate listens before the models and closes after them. The DC block
//! comes before it and not last, where the sound would be the same but for a
//! thump of the models' offset at each turn of the gate. The dry signal and
//! the gate's gain are as late as the models are.

use nn::BLOCK;

use crate::delay::{Delay, MAX_LATENCY};
use crate::denormal::{FlushDenormals, scrub};
use crate::filter::DcBlock;
use crate::gate;
use crate::pair::Pair;
use crate::peaks::largest;
use crate::rest::Rest;
use crate::smooth::{Smooth, fade_samples, gain};
use crate::swap::Loader;

mod params;
mod rack;
mod ranges;
mod speaker;
mod stage;
mod toned;

pub use crate::peaks::Peaks;
pub use params::{
    Cabinet, Channels, Gate, Levels, OutputLevel, Params, Routing, Slot as SlotParams, Tone,
};
pub use ranges::{RANGES, range};

use rack::Rack;
use speaker::Speaker;
use toned::Toned;

/// 60 dB over full scale: no guitar, but no network turns it into infinity either.
const CEILING: f32 = 1000.0;

/// 180 dB below full scale: silence, so that what follows may rest.
const FLOOR: f32 = 1e-9;

/// What gives an [`Amp`] its models and impulse responses, from any thread.
#[derive(Clone)]
pub struct Loaders {
    /// Of the two models.
    pub models: [Loader<Pair>; 2],
    /// Of the two impulse responses.
    pub cabinets: [Loader<crate::Cabinet>; 2],
}

/// The whole effect. Without a model, audio passes where it would be.
pub struct Amp {
    sample_rate: f32,
    /// Samples of a fade.
    fade: usize,
    /// 0 mono, 1 stereo.
    width: Smooth,
    input_gain: Smooth,
    output_gain: Smooth,
    mix: Smooth,
    /// 0 processed, 1 bypassed.
    bypass: Smooth,
    gate: gate::Gate,
    /// Of the gate's gain.
    late: Delay,
    before: Toned,
    rack: Rack,
    dc: DcBlock,
    after: Toned,
    speaker: Speaker,
    /// Of all between the gate's two ends.
    sleep: Rest,
    dry: [Delay; 2],
    /// The first parameters after a reset hold at once.
    fresh: bool,
    peaks: Peaks,
    gate_gain: f32,
}

impl Amp {
    /// An amplifier without a model, and the loaders that give it some.
    /// `sample_rate` is in Hz.
    pub fn new(sample_rate: f32) -> (Loaders, Self) {
        let fade = fade_samples(sample_rate);
        let (models, rack) = Rack::new(sample_rate);
        let (cabinets, speaker) = Speaker::new(sample_rate);
        let amp = Self {
            sample_rate,
            fade,
            width: Smooth::new(1.0, fade),
            input_gain: Smooth::new(1.0, fade),
            output_gain: Smooth::new(1.0, fade),
            mix: Smooth::new(1.0, fade),
            bypass: Smooth::new(0.0, fade),
            gate: gate::Gate::new(sample_rate),
            late: Delay::new(MAX_LATENCY),
            before: Toned::new(sample_rate),
            rack,
            dc: DcBlock::new(sample_rate),
            after: Toned::new(sample_rate),
            speaker,
            sleep: Rest::new(0),
            dry: [(); 2].map(|()| Delay::new(MAX_LATENCY)),
            fresh: true,
            peaks: Peaks::default(),
            gate_gain: 1.0,
        };
        (Loaders { models, cabinets }, amp)
    }

    /// Sets the rate of the signal, in Hz, and forgets all sound. Models and
    /// impulse responses stay as they were built; a loader brings others.
    pub fn set_sample_rate(&mut self, sample_rate: f32) {
        let fade = fade_samples(sample_rate);
        (self.sample_rate, self.fade) = (sample_rate, fade);
        for smooth in self.smooths() {
            smooth.set_length(fade);
        }
        self.gate.set_sample_rate(sample_rate);
        self.before = Toned::new(sample_rate);
        self.after = Toned::new(sample_rate);
        self.dc = DcBlock::new(sample_rate);
        self.rack.set_sample_rate(sample_rate);
        self.speaker.set_sample_rate(sample_rate);
        self.reset();
    }

    /// Samples by which the output trails the input, with the models that play
    /// now. Changes only when a model does.
    pub fn latency(&self) -> usize {
        self.rack.latency().min(MAX_LATENCY)
    }

    /// Processes one or two channels of any equal length in place. The first
    /// `inputs` of them hold the input; with one input and two channels it is
    /// the input of both. Further channels are left as they are.
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
    /// sample, and so does a model offered before it. Real-time safe.
    pub fn reset(&mut self) {
        let _flush = FlushDenormals::enter();
        self.gate.reset();
        self.before.reset();
        self.rack.reset();
        self.dc.reset();
        self.after.reset();
        self.speaker.reset();
        self.sleep.wake();
        self.dry.iter_mut().chain([&mut self.late]).for_each(Delay::reset);
        self.fresh = true;
        self.peaks = Peaks::default();
    }

    /// The peaks since the last call.
    pub fn take_peaks(&mut self) -> Peaks {
        std::mem::take(&mut self.peaks)
    }

    /// The gate's gain at the end of what was processed last: 1 open.
    pub fn gate_gain(&self) -> f32 {
        self.gate_gain
    }

    fn smooths(&mut self) -> [&mut Smooth; 5] {
        [
            &mut self.width,
            &mut self.input_gain,
            &mut self.output_gain,
            &mut self.mix,
            &mut self.bypass,
        ]
    }

    fn follow(&mut self, params: &Params) {
        let share = |full: bool| if full { 1.0 } else { 0.0 };
        let targets = [
            share(params.channels == Channels::Stereo),
            gain(params.input_gain),
            gain(params.output_gain),
            params.mix,
            share(params.bypass),
        ];
        let fresh = std::mem::take(&mut self.fresh);
        for (smooth, target) in self.smooths().into_iter().zip(targets) {
            if fresh {
                smooth.snap(target);
            }
            smooth.set(target);
        }
    }

    fn run<const N: usize>(&mut self, mut io: [&mut [f32]; N], params: &Params) {
        self.follow(params);
        let mut at = 0;
        while at < io[0].len() {
            let span = BLOCK.min(self.rack.span()).min(self.speaker.span());
            let end = io[0].len().min(at + span);
            self.block(io.each_mut().map(|io| &mut io[at..end]), params);
            at = end;
        }
    }

    /// At most a block of one or two channels, in which no model changes.
    fn block<const N: usize>(&mut self, mut io: [&mut [f32]; N], params: &Params) {
        let n = io[0].len();
        let mut dry = [[0.0; BLOCK]; N];
        for (io, dry) in io.iter_mut().zip(&mut dry) {
            for (x, dry) in io.iter_mut().zip(dry) {
                *x = if x.is_finite() { *x } else { 0.0 };
                *dry = *x;
            }
        }
        self.enter(&mut io);
        let [mut gains, mut bypass] = [[0.0; BLOCK]; 2];
        let (gains, bypass) = (&mut gains[..n], &mut bypass[..n]);
        self.bypass.fill(bypass);
        self.listen(&mut io, gains, bypass, params);
        let latency = self.latency();
        self.unless_asleep(&mut io, gains, params, latency);
        self.leave(&mut io, &mut dry, bypass, latency);
    }

    /// All between the gate's two ends, but in a silence that has passed through
    /// everything: then nothing is computed and the output is silence as well.
    fn unless_asleep<const N: usize>(
        &mut self,
        io: &mut [&mut [f32]; N],
        gains: &mut [f32],
        params: &Params,
        latency: usize,
    ) {
        let (models, cabinets) = (self.rack.stillness(), self.speaker.stillness());
        // Seconds after which filters have nothing left to say, and rest.
        let filters = 3 * self.sample_rate as usize;
        self.sleep.set_memory(models.1 + cabinets.1 + filters);
        if !(models.0 && cabinets.0) {
            self.sleep.wake();
        }
        if self.sleep.resting() && io.iter().all(|io| largest(io) == 0.0) {
            return self.speaker.skip(gains.len());
        }
        let mut at = 0;
        while at < gains.len() {
            let silent = |i: &usize| io.iter().all(|io| io[*i] == 0.0);
            let span = self.sleep.next(at, gains.len(), silent);
            let part = at..at + span.samples;
            at = part.end;
            if span.woken {
                // What was changed in the meantime is heard from the first note on.
                self.before.reset();
                self.rack.refresh();
                self.after.reset();
                self.speaker.refresh();
            }
            if span.resting {
                self.speaker.skip(span.samples);
            } else {
                let mut io = io.each_mut().map(|io| &mut io[part.clone()]);
                self.chain(&mut io, &mut gains[part.clone()], params, latency);
            }
        }
    }

    fn chain<const N: usize>(
        &mut self,
        io: &mut [&mut [f32]; N],
        gains: &mut [f32],
        params: &Params,
        latency: usize,
    ) {
        self.before.process(io, &params.tone, params.tone.before);
        self.rack.process(io, params);
        self.dc.process(io);
        self.late.set(latency, self.fade);
        self.late.process(gains);
        for io in &mut *io {
            for (x, gain) in io.iter_mut().zip(&*gains) {
                let y = *x * gain;
                *x = if y.abs() > FLOOR { y } else { 0.0 };
            }
        }
        self.after.process(io, &params.tone, !params.tone.before);
        self.speaker.process(io, &params.cabinet);
    }

    /// Mono or stereo, and the input gain.
    fn enter(&mut self, io: &mut [&mut [f32]]) {
        if let ([left, right], false) = (&mut *io, self.width.settled() == Some(1.0)) {
            let mut width = [0.0; BLOCK];
            self.width.fill(&mut width[..left.len()]);
            for ((l, r), width) in left.iter_mut().zip(right.iter_mut()).zip(width) {
                // Exact at both ends, where it is known to be one or the other.
                let mean = 0.5 * (*l + *r);
                (*l, *r) = match width {
                    0.0 => (mean, mean),
                    1.0 => (*l, *r),
                    width => (mean + width * (*l - mean), mean + width * (*r - mean)),
                };
            }
        }
        self.input_gain.apply(io);
        for (io, peak) in io.iter_mut().zip(&mut self.peaks.input) {
            for x in io.iter_mut() {
                let y = x.clamp(-CEILING, CEILING);
                *x = if y.abs() > FLOOR { y } else { 0.0 };
            }
            *peak = peak.max(largest(io));
        }
    }

    /// Writes the gate's gain, and silences what it or the bypass will not let
    /// out, so that networks may rest.
    fn listen<const N: usize>(
        &mut self,
        io: &mut [&mut [f32]; N],
        gains: &mut [f32],
        bypass: &[f32],
        params: &Params,
    ) {
        self.gate.run(&io.each_ref().map(|io| &**io), gains, &params.gate);
        self.gate_gain = gains.last().copied().unwrap_or(self.gate_gain);
        if self.gate.open() && bypass.iter().all(|bypass| *bypass == 0.0) {
            return;
        }
        for io in io {
            for ((x, gain), bypass) in io.iter_mut().zip(&*gains).zip(bypass) {
                // No edge where the bypass begins and ends, which networks would repeat.
                *x = if *gain == 0.0 { 0.0 } else { *x * feed(1.0 - bypass) };
            }
        }
    }

    /// The mix with the dry signal, the output gain and the bypass.
    fn leave<const N: usize>(
        &mut self,
        io: &mut [&mut [f32]; N],
        dry: &mut [[f32; BLOCK]; N],
        bypass: &mut [f32],
        latency: usize,
    ) {
        let n = io[0].len();
        let [mut mix, mut output] = [[0.0; BLOCK]; 2];
        self.mix.fill(&mut mix[..n]);
        self.output_gain.fill(&mut output[..n]);
        // Sums of products, so that at either end it is exactly one of the two.
        for i in 0..n {
            let processed = output[i] * (1.0 - bypass[i]);
            bypass[i] += processed * (1.0 - mix[i]);
            mix[i] *= processed;
        }
        let fade = self.fade;
        let peaks = &mut self.peaks.output;
        for (((io, dry), delay), peak) in io.iter_mut().zip(dry).zip(&mut self.dry).zip(peaks) {
            delay.set(latency, fade);
            delay.process(&mut dry[..n]);
            for (i, x) in io.iter_mut().enumerate() {
                *x = scrub(*x * mix[i] + dry[i] * bypass[i]);
            }
            *peak = peak.max(largest(io));
        }
    }
}

/// How much of a signal goes into what is heard by `share`: soon all of it, but
/// without an edge.
fn feed(share: f32) -> f32 {
    (4.0 * share).min(1.0)
}

#[cfg(test)]
mod edge_tests;
#[cfg(test)]
mod foreign_tests;
#[cfg(test)]
mod tests;
