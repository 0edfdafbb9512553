//! The low-pass filter between two rates: a Kaiser-windowed sinc as a function
//! of continuous time, and its values at the instants that two rates need.

use std::f64::consts::PI;

use super::ratio::Ratio;

/// Attenuation of the stopband in dB to design for. The formulas are fits: the
/// shortest of our filters reach 2 dB less.
const ATTENUATION: f64 = 108.0;

/// End of the passband in Hz, for rates that reach so far.
const PASS: f64 = 18_000.0;

/// End of the passband as a part of half the lower rate, for those that do not.
const PASS_PART: f64 = 0.816;

/// Rows are padded to a multiple of so many weights.
pub(super) const LANES: usize = 16;

/// A low-pass of even symmetry in continuous time, of unity gain at 0 Hz. The
/// unit of time is a sample of the host.
pub(super) struct Kernel {
    /// It is 0 from here on, to both sides: half of [`Kernel::length`].
    half: f64,
    /// Centre of the transition band in cycles per unit of time.
    cutoff: f64,
    beta: f64,
    /// The window at its centre, before it is scaled to 1.
    top: f64,
}

impl Kernel {
    /// The shortest that lets through what both rates, in Hz, can hold, up to
    /// 18 kHz, and stops what either cannot.
    ///
    /// Length and shape follow Kaiser (1974) as given in Oppenheim and Schafer,
    /// "Discrete-Time Signal Processing", section 7.5.3. The length is rounded
    /// up to whole samples of the host, so that two in a row delay by as many.
    pub(super) fn between(host: f64, inner: f64) -> Self {
        let stop = host.min(inner) / 2.0;
        let pass = PASS.min(PASS_PART * stop);
        let length = (ATTENUATION - 7.95) / 14.36 * host / (stop - pass);
        let beta = 0.1102 * (ATTENUATION - 8.7);
        let (half, cutoff) = (length.ceil() / 2.0, (stop + pass) / 2.0 / host);
        Self { half, cutoff, beta, top: bessel_i0(beta) }
    }

    /// Samples of the host from one end to the other.
    pub(super) fn length(&self) -> usize {
        (2.0 * self.half) as usize
    }

    /// The value `time` after its centre.
    fn at(&self, time: f64) -> f64 {
        let place = time / self.half;
        if place.abs() >= 1.0 {
            return 0.0;
        }
        let angle = 2.0 * PI * self.cutoff * time;
        let sinc = if angle == 0.0 { 1.0 } else { angle.sin() / angle };
        let window = bessel_i0(self.beta * (1.0 - place * place).sqrt()) / self.top;
        2.0 * self.cutoff * sinc * window
    }
}

/// The modified Bessel function of the first kind of order 0, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > sum * f64::EPSILON {
        term *= (x / (2.0 * k)).powi(2);
        sum += term;
        k += 1.0;
    }
    sum
}

/// The weights that make one sequence of samples of another at a fixed ratio of
/// rates: a row for every place an output can have between two inputs.
pub(super) struct Bank {
    /// Outputs over inputs; there are `p` rows.
    pub(super) ratio: Ratio,
    /// Weights to a row, oldest input first; a multiple of [`LANES`].
    pub(super) stride: usize,
    rows: Vec<f32>, // p × stride, in the order in which they are used
}

impl Bank {
    /// `unit` is what one input lasts, in samples of the host. Output `j` lies at
    /// input `j · q / p` and trails it by half the kernel.
    pub(super) fn new(kernel: &Kernel, ratio: Ratio, unit: f64) -> Self {
        let taps = (2.0 * kernel.half / unit).ceil() as usize;
        let stride = taps.next_multiple_of(LANES);
        let mut rows = vec![0.0; ratio.p * stride];
        for (j, row) in rows.chunks_exact_mut(stride).enumerate() {
            let past_newest = (j * ratio.q % ratio.p) as f64 / ratio.p as f64;
            let weight = |i| kernel.at((past_newest + i as f64) * unit - kernel.half);
            let weights: Vec<f64> = (0..taps).map(weight).collect();
            // Each row passes a constant unchanged, so that none becomes a tone.
            let sum: f64 = weights.iter().sum();
            for (to, weight) in row.iter_mut().rev().zip(weights) {
                *to = (weight / sum) as f32;
            }
        }
        Self { ratio, stride, rows }
    }

    #[inline(always)]
    pub(super) fn row(&self, j: usize) -> &[f32] {
        &self.rows[j * self.stride..][..self.stride]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Kernel {
        /// Its Fourier integral at `frequency` in cycles per host sample.
        fn response(&self, frequency: f64) -> f64 {
            let steps = 32 * self.length();
            let time = |i: usize| (i as f64 + 0.5) / steps as f64 * self.half;
            let term = |i| self.at(time(i)) * (2.0 * PI * frequency * time(i)).cos();
            (0..steps).map(term).sum::<f64>() * 2.0 * self.half / steps as f64
        }
    }

    #[test]
    fn passes_and_stops_what_it_should() {
        for (host, inner) in [
            (8_000.0, 48_000.0),
            (44_100.0, 48_000.0),
            (48_000.0, 96_000.0),
            (96_000.0, 48_000.0),
            (88_200.0, 96_000.0),
            (176_400.0, 96_000.0),
            (96_000.0, 192_000.0),
            (176_400.0, 192_000.0),
            (384_000.0, 192_000.0),
        ] {
            let kernel = Kernel::between(host, inner);
            let stop = f64::min(host, inner) / 2.0;
            let pass = f64::min(18_000.0, 0.816 * stop);
            let db = |hertz: f64| 20.0 * kernel.response(hertz / host).abs().log10();
            let ripple = (0..=30).map(|i| db(pass * f64::from(i) / 30.0).abs()).fold(0.0, f64::max);
            assert!(ripple < 3e-4, "{host} to {inner}: {ripple} dB");
            let over = (0..400).map(|i| db(stop + (stop - pass) * f64::from(i) / 50.0));
            let over = over.fold(f64::MIN, f64::max);
            assert!(over < -105.0, "{host} to {inner}: {over} dB");
        }
    }

    #[test]
    fn every_row_passes_a_constant() {
        let ratio = Ratio { p: 160, q: 147 };
        let bank = Bank::new(&Kernel::between(44_100.0, 48_000.0), ratio, 1.0);
        for j in 0..ratio.p {
            let sum: f64 = bank.row(j).iter().map(|w| f64::from(*w)).sum();
            assert!((sum - 1.0).abs() < 2e-7, "row {j}: {sum}");
        }
    }
}
