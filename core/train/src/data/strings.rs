//! Plucked strings, by which a test signal plays as a guitar or a bass does.
//!
//! Each is a delay line of one period with losses in its loop (Karplus & Strong, "Digital
//! synthesis of plucked-string and drum timbres", Computer Music Journal 7, 1983; Jaffe &
//! Smith, "Extensions of the Karplus-Strong plucked-string algorithm", same volume).

use std::f64::consts::TAU;

/// One string, plucked once.
#[derive(Clone, Copy)]
pub(super) struct Pluck {
    /// When, in seconds from the start of its part.
    pub(super) at: f64,
    /// For how long, in seconds; then a finger lies on it.
    pub(super) long: f64,
    /// MIDI note number, 69 for 440 Hz.
    pub(super) note: f64,
    /// How hard, 0 to 1.
    pub(super) hard: f64,
    /// Whether the palm lies on the bridge.
    pub(super) mute: bool,
    /// By how many semitones it is bent, or slides, in the middle of its time.
    pub(super) bend: f64,
}

impl Pluck {
    /// An open note.
    pub(super) fn new(at: f64, long: f64, note: f64, hard: f64) -> Self {
        Self { at, long, note, hard, mute: false, bend: 0.0 }
    }
}

/// Random numbers, the same on every machine (Steele, Lea & Flood, "Fast splittable
/// pseudorandom number generators", OOPSLA 2014: SplitMix64).
pub(super) struct Random(pub(super) u64);

impl Random {
    /// Uniform from −1 to 1.
    pub(super) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

/// All of `score`, through a pickup, so that the loudest sample is `peak`.
pub(super) fn play(score: &[Pluck], seconds: f64, rate: f64, peak: f64) -> Vec<f32> {
    let mut out = vec![0.0; (seconds * rate).round() as usize];
    let mut random = Random(0x6b69_6c6e);
    for pluck in score {
        let start = ((pluck.at * rate).round() as usize).min(out.len());
        string(pluck, rate, &mut random, &mut out[start..]);
    }
    pickup(&mut out, rate);
    let loudest = out.iter().fold(0.0, |a: f64, x| a.max(x.abs())).max(f64::MIN_POSITIVE);
    // Nothing may go on into the silence that follows.
    let fade = (0.02 * rate) as usize;
    let length = out.len();
    (out.iter().enumerate())
        .map(|(n, x)| {
            let end = ((length - n) as f64 / fade as f64).min(1.0);
            (x * end * peak / loudest) as f32
        })
        .collect()
}

/// Adds one string to `out`.
fn string(pluck: &Pluck, rate: f64, random: &mut Random, out: &mut [f64]) {
    let pitch = |bent: f64| 440.0 * 2f64.powf((pluck.note + bent - 69.0) / 12.0);
    let low = pitch(pluck.bend.min(0.0));
    let size = (rate / low).ceil() as usize + 8;
    let mut line = vec![0.0; size];
    let period = (rate / pitch(0.0)) as usize;
    excite(&mut line, period, pluck.hard, rate, random);
    // A string under the palm loses its top at once and the rest soon; low ones ring longer.
    let (decay, dull) = if pluck.mute { (0.25, 0.5) } else { (700.0 / (low + 60.0), 0.25) };
    let count = ((pluck.long * rate) as usize).min(out.len());
    let release = (0.025 * rate) as usize;
    let mut last = 0.0;
    for (n, out) in out[..count].iter_mut().enumerate() {
        let through = n as f64 / count as f64;
        // Up from a quarter of the time to the half, then held.
        let bent = pluck.bend * ((through - 0.25) * 4.0).clamp(0.0, 1.0);
        let pitch = pitch(bent);
        let at = period + n;
        let x = read(&line, at, rate / pitch - dull);
        let keep = 10f64.powf(-3.0 / (pitch * decay));
        let y = keep * ((1.0 - dull) * x + dull * last);
        last = x;
        line[at % size] = y;
        *out += y * ((count - n) as f64 / release as f64).min(1.0);
    }
}

/// Fills the first `period` with what the pick leaves: brighter the harder.
fn excite(line: &mut [f64], period: usize, hard: f64, rate: f64, random: &mut Random) {
    let cutoff = 1000.0 + 7000.0 * hard;
    let smooth = (-TAU * cutoff / rate).exp();
    let mut state = 0.0;
    for x in &mut line[..period] {
        state = smooth * state + (1.0 - smooth) * random.next();
        *x = state;
    }
    let raw = line[..period].to_vec();
    let mean = raw.iter().sum::<f64>() / period.max(1) as f64;
    // Picked at an eighth of the string, whose eighth harmonics are missing.
    let pick = (period / 8).max(1);
    let mut power = 0.0;
    for (n, x) in line[..period].iter_mut().enumerate() {
        *x = (raw[n] - mean) - 0.9 * (raw[(n + period - pick) % period] - mean);
        power += *x * *x;
    }
    let scale = hard * (period as f64 / power.max(f64::MIN_POSITIVE)).sqrt();
    line[..period].iter_mut().for_each(|x| *x *= scale);
}

/// The line `delay` samples before `at`, by the cubic through the four nearest samples.
fn read(line: &[f64], at: usize, delay: f64) -> f64 {
    let delay = delay.clamp(2.0, line.len() as f64 - 3.0);
    let whole = delay.floor();
    let t = delay - whole;
    let tap = |back: usize| line[(at + 2 * line.len() - whole as usize - back) % line.len()];
    // Lagrange's weights for samples 1 newer to 2 older.
    let newer = line[(at + 2 * line.len() + 1 - whole as usize) % line.len()];
    -t * (t - 1.0) * (t - 2.0) / 6.0 * newer + (t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0 * tap(0)
        - (t + 1.0) * t * (t - 2.0) / 2.0 * tap(1)
        + (t + 1.0) * t * (t - 1.0) / 6.0 * tap(2)
}

/// A magnetic pickup on its cable: a resonant low-pass at 3.8 kHz, and no DC. Filters as in
/// R. Bristow-Johnson, "Cookbook formulae for audio EQ biquad filter coefficients".
fn pickup(samples: &mut [f64], rate: f64) {
    let turn = TAU * 3800f64.min(0.4 * rate) / rate;
    let alpha = turn.sin() / (2.0 * 1.5);
    let (b, a0) = ((1.0 - turn.cos()) / 2.0, 1.0 + alpha);
    let (a1, a2) = (-2.0 * turn.cos() / a0, (1.0 - alpha) / a0);
    let keep = (-TAU * 25.0 / rate).exp();
    let (mut x1, mut x2, mut y1, mut y2, mut slow) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for s in samples {
        slow = keep * slow + (1.0 - keep) * *s;
        let x = *s - slow;
        let y = b / a0 * (x + 2.0 * x1 + x2) - a1 * y1 - a2 * y2;
        (x2, x1, y2, y1) = (x1, x, y1, y);
        *s = y;
    }
}
