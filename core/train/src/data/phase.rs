//! What two recordings have in common, by frequency: the best linear stand-in for the gear,
//! and the pure delay in it.
//!
//! Cross-spectra are averaged over windowed segments (Welch, "The use of fast Fourier
//! transform for the estimation of power spectra", IEEE Trans. Audio Electroacoust. 15,
//! 1967). The delay is what remains of the phase when the least phase that the magnitude
//! allows has been taken off (Oppenheim & Schafer, "Discrete-Time Signal Processing",
//! chapter 13: the cepstrum folded to its causal half), because filters of the gear belong
//! to its sound and only what nothing but time can explain is latency.

use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

/// How finely the peak of a correlation is looked for between samples.
const FINER: usize = 16;

/// Bins that agree less than this say nothing about the gear.
const AGREEING: f64 = 0.3;

/// Averages of the spectra of a dry recording and of what became of it.
pub(super) struct Spectra {
    /// Samples a segment.
    size: usize,
    rate: f64,
    dry: Vec<f64>,
    wet: Vec<f64>,
    cross: Vec<Complex<f64>>,
}

/// A delay that the phase speaks of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delay {
    /// In samples, with their fraction.
    pub(super) samples: f64,
    /// Whether what arrives is upside down.
    pub(super) inverted: bool,
}

impl Spectra {
    /// Averages over as much of both as there is; `wet` starts where `dry` does, nearly.
    /// `None` where there is not one segment, or nothing sounds.
    pub(super) fn new(dry: &[f32], wet: &[f32], rate: f64) -> Option<Self> {
        // Long enough for a high-pass at the lowest note of a bass to settle.
        let size = ((rate * 0.08) as usize).next_power_of_two().clamp(256, 1 << 15);
        let mut planner = RealFftPlanner::<f32>::new();
        let fft = planner.plan_fft_forward(size);
        let window: Vec<f32> = (0..size)
            .map(|i| {
                let turn = std::f64::consts::TAU * (i as f64 + 0.5) / size as f64;
                (0.5 - 0.5 * turn.cos()) as f32
            })
            .collect();
        let bins = size / 2 + 1;
        let mut all = Self {
            size,
            rate,
            dry: vec![0.0; bins],
            wet: vec![0.0; bins],
            cross: vec![Complex::default(); bins],
        };
        let mut buffer = fft.make_input_vec();
        let mut scratch = fft.make_scratch_vec();
        let mut spectra = [fft.make_output_vec(), fft.make_output_vec()];
        let common = dry.len().min(wet.len());
        for start in (0..(common + 1).saturating_sub(size)).step_by(size / 2) {
            for (signal, spectrum) in [dry, wet].into_iter().zip(&mut spectra) {
                let segment = &signal[start..start + size];
                for ((to, x), w) in buffer.iter_mut().zip(segment).zip(&window) {
                    *to = x * w;
                }
                // Only lengths can be wrong, and they come from the plan.
                fft.process_with_scratch(&mut buffer, spectrum, &mut scratch).ok()?;
            }
            for (k, (x, y)) in spectra[0].iter().zip(&spectra[1]).enumerate() {
                let (x, y) = (wide(x), wide(y));
                all.dry[k] += x.norm_sqr();
                all.wet[k] += y.norm_sqr();
                all.cross[k] += x.conj() * y;
            }
        }
        (all.dry.iter().sum::<f64>() > 0.0 && all.wet.iter().sum::<f64>() > 0.0).then_some(all)
    }

    /// How well the wet follows from the dry by a linear filter, 0 to 1, by bin: the
    /// magnitude-squared coherence.
    fn coherence(&self) -> Vec<f64> {
        let loudest = self.dry.iter().fold(0.0, |a: f64, &b| a.max(b));
        (self.cross.iter().zip(&self.dry).zip(&self.wet))
            .map(|((c, &x), &y)| {
                // Where the dry has nothing but rounding, agreement would be by chance.
                if x > loudest * 1e-7 && y > 0.0 { c.norm_sqr() / (x * y) } else { 0.0 }
            })
            .collect()
    }

    /// The share of all frequencies at which the coherence is more than `least`.
    fn known(&self, least: f64) -> f64 {
        let count = self.coherence().iter().filter(|g| **g > least).count();
        count as f64 / self.cross.len() as f64
    }

    /// Whether the recordings have treble enough to tell what filters do from time.
    pub(super) fn is_broad(&self) -> bool {
        self.known(AGREEING) > 0.5
    }

    /// What each bin is worth for a delay: nothing below 50 Hz, where phase says little
    /// about time, and no more for the best than ten times what half agreement is worth.
    fn weights(&self) -> Vec<f64> {
        let lowest = (50.0 * self.size as f64 / self.rate) as usize;
        (self.coherence().iter().enumerate())
            .map(|(k, &g)| {
                let is_mute = k <= lowest || g < AGREEING;
                if is_mute { 0.0 } else { (g / (1.0 - g + 1e-9)).min(10.0) }
            })
            .collect()
    }

    /// The linear stand-in of the gear, by bin.
    fn response(&self) -> Vec<Complex<f64>> {
        let none = Complex::default();
        (self.cross.iter().zip(&self.dry))
            .map(|(c, &x)| if x > 0.0 { c / x } else { none })
            .collect()
    }

    /// The delay of the wet that filters do not explain. `None` if nothing agrees.
    pub(super) fn excess(&self) -> Option<Delay> {
        let weights = self.weights();
        let response = self.response();
        let least = least_phase(&response, &weights)?;
        let bins: Vec<_> = (response.iter().zip(&least).zip(&weights))
            .map(|((h, phase), &w)| direction(h) * Complex::from_polar(w, -phase))
            .collect();
        peak(&bins)
    }

    /// How much later this one's wet is than the other's, whatever the gear.
    pub(super) fn later_than(&self, other: &Self) -> Option<f64> {
        let weights = self.weights().into_iter().zip(other.weights());
        let bins: Vec<_> = (self.cross.iter().zip(&other.cross).zip(weights))
            .map(|((a, b), (v, w))| direction(a) * direction(b).conj() * v.min(w))
            .collect();
        Some(peak(&bins)?.samples)
    }

    /// How many samples before `delay` the gear's answer already begins: more than a
    /// share of a thirtieth of its energy. That happens where its filters are not of
    /// least phase, as those of a loudspeaker's response with linear phase.
    /// Tonal recordings know too few frequencies to tell, and are believed to be causal.
    pub(super) fn lead(&self, delay: f64) -> Option<f64> {
        if self.known(0.5) < 0.5 {
            return Some(0.0);
        }
        let last = (self.cross.len() - 1) as f64;
        let step = std::f64::consts::TAU / self.size as f64;
        // Fading towards the top keeps the fraction of the delay from ringing ahead.
        let bins: Vec<_> = (self.response().iter().zip(self.coherence()).enumerate())
            .map(|(k, (h, g))| {
                let fade = (std::f64::consts::FRAC_PI_2 * k as f64 / last).cos().powi(2);
                h * Complex::from_polar(fade * g, step * k as f64 * delay)
            })
            .collect();
        let answer = time(&bins, 1)?;
        let power: Vec<f64> = answer.iter().map(|x| x * x).collect();
        // The middle of the circle is farthest from any answer, so it holds chance alone.
        let (eighth, half) = (self.size / 8, self.size / 2);
        let floor = power[half - eighth..half + eighth].iter().sum::<f64>() / (2 * eighth) as f64;
        let total: f64 = power.iter().map(|p| p - floor).sum();
        let mut sum = 0.0;
        for t in (1..=eighth).rev() {
            sum += power[self.size - t] - floor;
            if sum > total / 30.0 {
                return Some(t as f64);
            }
        }
        Some(0.0)
    }
}

fn wide(x: &Complex<f32>) -> Complex<f64> {
    Complex::new(f64::from(x.re), f64::from(x.im))
}

fn direction(x: &Complex<f64>) -> Complex<f64> {
    let size = x.norm();
    if size > 0.0 { x / size } else { Complex::default() }
}

/// From half a spectrum to time, `finer` times as fine; `None` never happens for the
/// lengths made here.
fn time(bins: &[Complex<f64>], finer: usize) -> Option<Vec<f64>> {
    let size = 2 * (bins.len() - 1) * finer;
    let inverse = RealFftPlanner::<f64>::new().plan_fft_inverse(size);
    let mut spectrum = inverse.make_input_vec();
    spectrum[..bins.len()].copy_from_slice(bins);
    // A real signal's first and last bins are real.
    spectrum[0].im = 0.0;
    if let Some(last) = spectrum.last_mut() {
        last.im = 0.0;
    }
    let mut out = inverse.make_output_vec();
    inverse.process(&mut spectrum, &mut out).ok()?;
    Some(out)
}

/// The delay at which all bins point the same way.
fn peak(bins: &[Complex<f64>]) -> Option<Delay> {
    let out = time(bins, FINER)?;
    let at = (0..out.len()).max_by(|&a, &b| out[a].abs().total_cmp(&out[b].abs()))?;
    if out[at] == 0.0 {
        return None;
    }
    let turn = |i: usize| out[i % out.len()] * out[at].signum();
    let between = vertex(turn(at + out.len() - 1), turn(at), turn(at + 1));
    let half = out.len() / 2;
    let whole = if at > half { at as f64 - out.len() as f64 } else { at as f64 };
    Some(Delay { samples: (whole + between) / FINER as f64, inverted: out[at] < 0.0 })
}

/// Where the parabola through three equidistant values has its vertex, from the middle one.
pub(super) fn vertex(before: f64, middle: f64, after: f64) -> f64 {
    let bend = before - 2.0 * middle + after;
    if bend < 0.0 { (0.5 * (before - after) / bend).clamp(-0.5, 0.5) } else { 0.0 }
}

/// The least phase, in radians by bin, that a causal stable filter with the magnitude of
/// `response` can have. Bins without weight are filled from their neighbours.
fn least_phase(response: &[Complex<f64>], weights: &[f64]) -> Option<Vec<f64>> {
    let known: Vec<(usize, f64)> = (response.iter().zip(weights).enumerate())
        .filter(|(_, (h, w))| **w > 0.0 && h.norm() > 0.0)
        .map(|(k, (h, _))| (k, h.norm().ln()))
        .collect();
    let (first, last) = (*known.first()?, *known.last()?);
    let mut logs = vec![first.1; response.len()];
    for pair in known.windows(2) {
        let ((a, low), (b, high)) = (pair[0], pair[1]);
        for (k, log) in logs.iter_mut().enumerate().take(b + 1).skip(a) {
            *log = low + (high - low) * (k - a) as f64 / (b - a) as f64;
        }
    }
    // Above, it goes on falling as it did over the last octave.
    let fall = fall(&known);
    for (k, log) in logs.iter_mut().enumerate().skip(last.0) {
        *log = last.1 + fall * (k as f64 / last.0 as f64).ln();
    }
    let bins: Vec<_> = logs.iter().map(|&log| Complex::new(log, 0.0)).collect();
    let mut cepstrum = time(&bins, 1)?;
    let half = cepstrum.len() / 2;
    cepstrum[1..half].iter_mut().for_each(|c| *c *= 2.0);
    cepstrum[half + 1..].fill(0.0);
    let scale = 1.0 / cepstrum.len() as f64;
    let forward = RealFftPlanner::<f64>::new().plan_fft_forward(cepstrum.len());
    let mut out = forward.make_output_vec();
    forward.process(&mut cepstrum, &mut out).ok()?;
    Some(out.iter().map(|c| c.im * scale).collect())
}

/// The slope of the highest known octave against the logarithm of the frequency, from that
/// of four poles to level.
fn fall(known: &[(usize, f64)]) -> f64 {
    let last = known.last().map_or(0, |k| k.0);
    let octave: Vec<(f64, f64)> = (known.iter())
        .filter(|(k, _)| 2 * k > last)
        .map(|(k, log)| ((*k as f64).ln(), *log))
        .collect();
    let count = octave.len() as f64;
    let (x, y) = octave.iter().fold((0.0, 0.0), |(x, y), p| (x + p.0 / count, y + p.1 / count));
    let square: f64 = octave.iter().map(|p| (p.0 - x).powi(2)).sum();
    let product: f64 = octave.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    if square > 0.0 { (product / square).clamp(-4.0, 0.0) } else { 0.0 }
}
