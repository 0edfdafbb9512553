//! Multi-resolution STFT loss with its gradient.
//!
//! Of a bin only two numbers matter, the powers `p` and `t` of both signals. With
//! r = √(t / p) the spectral convergence has the numerator √Σ p (1 − r)², and the
//! logarithms differ by |ln r|. Their derivatives by the predicted spectrum `P` are
//! multiples of `P` itself: (1 − r) P / (numerator · denominator) and ±P / p.

use std::f64::consts::TAU;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use crate::Error;

/// FFT, hop and window of each resolution, in samples.
const RESOLUTIONS: [[usize; 3]; 3] = [[1024, 120, 600], [2048, 240, 1200], [512, 50, 240]];

/// The least power of a bin, below which it is taken to be of that power.
const FLOOR: f64 = 1e-8;

/// Above it a product of ratios is turned into its logarithm. Powers of `f32` signals stay
/// so far below the square of it that no product can overflow.
const MUCH: f64 = 1e100;

pub(super) struct Stft {
    resolutions: Vec<Resolution>,
    padded: [Vec<f64>; 2],
    work: Work,
}

/// What all resolutions share.
struct Work {
    frame: Vec<f64>,
    target: Vec<Complex<f64>>,
    /// The predicted spectra of all frames, later their gradients.
    spectra: Vec<Complex<f64>>,
    /// 1 − r of each bin.
    nears: Vec<f64>,
    /// Derivative of |ln r| by the spectrum, in multiples of that.
    slopes: Vec<f64>,
    scratch: Vec<Complex<f64>>,
    gradient: Vec<f64>,
}

struct Resolution {
    size: usize,
    hop: usize,
    frames: usize,
    /// Where the window begins in a frame.
    offset: usize,
    window: Vec<f64>,
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
}

/// The sums of one resolution.
struct Sums {
    numerator: f64,
    denominator: f64,
    logarithms: f64,
}

impl Stft {
    /// For signals of `length` samples.
    pub(super) fn new(length: usize) -> Result<Self, Error> {
        let most = RESOLUTIONS.iter().map(|r| r[0]).fold(0, usize::max);
        if length <= most / 2 {
            let expected = format!("more than {} samples for an STFT", most / 2);
            return Err(Error::setting("loss length", expected, length));
        }
        let mut planner = RealFftPlanner::new();
        let resolutions: Vec<_> =
            RESOLUTIONS.iter().map(|&sizes| Resolution::new(&mut planner, sizes, length)).collect();
        let over = |f: fn(&Resolution) -> usize| resolutions.iter().map(f).fold(0, usize::max);
        let (bins, all) = (most / 2 + 1, over(|r| r.frames * r.bins()));
        let scratch =
            over(|r| r.forward.get_scratch_len().max(r.inverse.get_scratch_len()).max(r.bins()));
        let work = Work {
            frame: vec![0.0; most],
            target: vec![Complex::default(); bins],
            spectra: vec![Complex::default(); all],
            nears: vec![0.0; all],
            slopes: vec![0.0; all],
            scratch: vec![Complex::default(); scratch],
            gradient: vec![0.0; length + most],
        };
        let padded = [vec![0.0; length + most], vec![0.0; length + most]];
        Ok(Self { resolutions, padded, work })
    }

    /// The loss times `weight`, whose gradient is added to `gradient`. NaN if a sample is
    /// not finite.
    pub(super) fn evaluate(
        &mut self,
        weight: f64,
        predicted: &[f64],
        target: &[f64],
        gradient: &mut [f64],
    ) -> f64 {
        // The FFT gives a NaN to all bins, and comparisons would then make it a clamped 0.
        if predicted.iter().chain(target).any(|x| !x.is_finite()) {
            return f64::NAN;
        }
        let share = weight / self.resolutions.len() as f64;
        let mut sum = 0.0;
        for resolution in &self.resolutions {
            let half = resolution.size / 2;
            for (padded, signal) in self.padded.iter_mut().zip([predicted, target]) {
                reflect(&mut padded[..signal.len() + resolution.size], signal, half);
            }
            let [p, t] = &self.padded;
            let sums = resolution.analyse(&mut self.work, p, t);
            sum += share * resolution.value(&sums);
            resolution.differentiate(&mut self.work, &sums, share, gradient);
        }
        sum
    }
}

/// `signal` with `half` samples before and after, mirrored at its first and last one.
fn reflect(padded: &mut [f64], signal: &[f64], half: usize) {
    let n = signal.len();
    padded[half..half + n].copy_from_slice(signal);
    for i in 0..half {
        padded[half - 1 - i] = signal[i + 1];
        padded[half + n + i] = signal[n - 2 - i];
    }
}

/// Adds the gradient by the padded signal to that by the signal.
fn fold(padded: &[f64], gradient: &mut [f64], half: usize) {
    let n = gradient.len();
    gradient.iter_mut().zip(&padded[half..]).for_each(|(g, p)| *g += p);
    for i in 0..half {
        gradient[i + 1] += padded[half - 1 - i];
        gradient[n - 2 - i] += padded[half + n + i];
    }
}

impl Resolution {
    fn new(
        planner: &mut RealFftPlanner<f64>,
        [size, hop, window]: [usize; 3],
        length: usize,
    ) -> Self {
        let hann = |n| 0.5 - 0.5 * (TAU * n as f64 / window as f64).cos();
        Self {
            size,
            hop,
            frames: 1 + length / hop,
            offset: (size - window) / 2,
            window: (0..window).map(hann).collect(),
            forward: planner.plan_fft_forward(size),
            inverse: planner.plan_fft_inverse(size),
        }
    }

    fn bins(&self) -> usize {
        self.size / 2 + 1
    }

    /// The spectrum of one frame. The plans fail only on wrong lengths, and these are not.
    fn spectrum(
        &self,
        frame: &mut [f64],
        scratch: &mut [Complex<f64>],
        signal: &[f64],
        out: &mut [Complex<f64>],
    ) {
        frame.fill(0.0);
        let windowed = frame[self.offset..].iter_mut().zip(&self.window);
        for ((y, w), x) in windowed.zip(&signal[self.offset..]) {
            *y = w * x;
        }
        let scratch = &mut scratch[..self.forward.get_scratch_len()];
        let done = self.forward.process_with_scratch(frame, out, scratch);
        debug_assert!(done.is_ok(), "lengths are those of the plan");
    }

    /// Fills `work` with spectra and what their gradients need.
    fn analyse(&self, work: &mut Work, predicted: &[f64], target: &[f64]) -> Sums {
        let Work { frame, target: theirs, spectra, nears, slopes, scratch, .. } = work;
        let (frame, theirs) = (&mut frame[..self.size], &mut theirs[..self.bins()]);
        let mut sums = Sums { numerator: 0.0, denominator: 0.0, logarithms: 0.0 };
        let mut product = 1.0;
        let rows = spectra
            .chunks_exact_mut(self.bins())
            .zip(nears.chunks_exact_mut(self.bins()).zip(slopes.chunks_exact_mut(self.bins())));
        for (i, (ours, (nears, slopes))) in rows.take(self.frames).enumerate() {
            let at = i * self.hop;
            self.spectrum(frame, scratch, &target[at..], theirs);
            self.spectrum(frame, scratch, &predicted[at..], ours);
            for k in 0..self.bins() {
                let (raw, t) = (ours[k].norm_sqr(), theirs[k].norm_sqr().max(FLOOR));
                let p = raw.max(FLOOR);
                let ratio = t / p;
                let near = 1.0 - ratio.sqrt();
                sums.numerator += p * near * near;
                sums.denominator += t;
                // A product of many ratios takes one logarithm.
                product *= if ratio > 1.0 { ratio } else { p / t };
                if product > MUCH {
                    sums.logarithms += 0.5 * product.ln();
                    product = 1.0;
                }
                // A bin below the floor does not depend on the signal.
                let heard = if raw >= FLOOR { 1.0 } else { 0.0 };
                let sign = if p == t { 0.0 } else { (p - t).signum() };
                nears[k] = heard * near;
                slopes[k] = heard * sign / p;
            }
        }
        sums.logarithms += 0.5 * product.ln();
        sums
    }

    fn value(&self, sums: &Sums) -> f64 {
        let count = (self.frames * self.bins()) as f64;
        (sums.numerator / sums.denominator).sqrt() + sums.logarithms / count
    }

    /// Adds `share` times the gradient: an inverse FFT of the gradient spectrum frame by
    /// frame, windowed, overlapped and folded.
    fn differentiate(&self, work: &mut Work, sums: &Sums, share: f64, gradient: &mut [f64]) {
        let Work { frame, spectra, nears, slopes, scratch, gradient: padded, .. } = work;
        let frame = &mut frame[..self.size];
        let padded = &mut padded[..gradient.len() + self.size];
        padded.fill(0.0);
        let norm = (sums.numerator * sums.denominator).sqrt();
        // Of equal signals the root has no slope; the smallest possible one is 0.
        let by_near = if norm > 0.0 { share / norm } else { 0.0 };
        let by_log = share / (self.frames * self.bins()) as f64;
        let scratch = &mut scratch[..self.inverse.get_scratch_len()];
        let rows = spectra
            .chunks_exact_mut(self.bins())
            .zip(nears.chunks_exact(self.bins()).zip(slopes.chunks_exact(self.bins())));
        for (i, (spectrum, (nears, slopes))) in rows.take(self.frames).enumerate() {
            for ((x, near), slope) in spectrum.iter_mut().zip(nears).zip(slopes) {
                // The transform back counts a bin and its mirror image; the loss but one.
                *x *= 0.5 * (by_near * near + by_log * slope);
            }
            for end in [0, self.bins() - 1] {
                spectrum[end] = Complex::new(2.0 * spectrum[end].re, 0.0);
            }
            let done = self.inverse.process_with_scratch(spectrum, frame, scratch);
            debug_assert!(done.is_ok(), "lengths are those of the plan");
            let at = i * self.hop + self.offset;
            let windowed = frame[self.offset..].iter().zip(&self.window);
            for (g, (y, w)) in padded[at..].iter_mut().zip(windowed) {
                *g += w * y;
            }
        }
        fold(padded, gradient, self.size / 2);
    }
}
