//! Changing the sample rate of an impulse response.

use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

/// Up to this share of the lower Nyquist frequency nothing is changed: 20 kHz
/// at 44.1 kHz. From there to the frequency itself the response is faded out,
/// for an edge would ring for long.
const FLAT: f64 = 20.0 / 22.05;

/// The share up to which a sudden beginning is kept too: 18.7 kHz at 44.1 kHz.
/// The more is left over, the better it succeeds.
const MATCHED: f64 = 0.85;

/// Samples, at the lower rate, after which ringing is below −130 dB.
const RINGING: usize = 1024;

/// Samples at the lower rate before time zero whose effect is brought behind
/// it, and samples there that take it over; of those, no more than can be
/// solved for in milliseconds.
const BEFORE: usize = 256;
const AFTER: usize = 160;
const MAX_AFTER: usize = 512;

/// How little the replacement may grow where it does not matter.
const RESTRAINT: f64 = 1e-9;

/// `x`, sampled at `from` Hz, at `to` Hz: a response with the same gain at every
/// frequency up to 0.85 times the lower Nyquist frequency, and the same time
/// zero, as the filter has no delay.
///
/// The transform of the whole is cut off or extended, which is exact
/// (band-limited interpolation), and scaled by the ratio of the rates, since a
/// filter at twice the rate sums twice as many taps.
pub(super) fn resample(x: &[f32], from: usize, to: usize) -> Vec<f32> {
    let divisor = gcd(from, to);
    let (per_in, per_out) = (from / divisor, to / divisor);
    let pad = RINGING * from.div_ceil(from.min(to));
    // Even, so that both lengths are.
    let periods = (x.len() + 2 * pad).div_ceil(per_in).next_multiple_of(2);
    let (n_in, n_out) = (periods * per_in, periods * per_out);

    let mut planner = RealFftPlanner::<f64>::new();
    let mut time = vec![0.0; n_in];
    time.iter_mut().zip(x).for_each(|(t, x)| *t = f64::from(*x));
    let forward = planner.plan_fft_forward(n_in);
    let mut bins = forward.make_output_vec();
    let done = forward.process(&mut time, &mut bins);
    debug_assert!(done.is_ok(), "the plan made these buffers");
    fade_out(&mut bins, n_in.min(n_out) / 2);
    bins.resize(n_out / 2 + 1, Complex::default());
    let inverse = planner.plan_fft_inverse(n_out);
    let mut time = vec![0.0; n_out];
    let done = inverse.process(&mut bins, &mut time);
    debug_assert!(done.is_ok(), "the plan made these buffers");

    time.iter_mut().for_each(|t| *t /= n_out as f64);
    // The transform is periodic: what rings before time zero is at the end.
    let times = to.div_ceil(from.min(to));
    let (kept, before) = time.split_at_mut(n_out - times * BEFORE);
    let band = MATCHED * from.min(to) as f64 / to as f64;
    let after = MAX_AFTER.min(times * AFTER);
    for (kept, more) in kept.iter_mut().zip(brought_behind(before, band, after)) {
        *kept += more;
    }
    let length = ((x.len() + pad) * to).div_ceil(from).min(kept.len());
    kept[..length].iter().map(|t| *t as f32).collect()
}

/// Fades `bins` out towards bin `nyquist`, with half a cosine.
fn fade_out(bins: &mut [Complex<f64>], nyquist: usize) {
    let flat = FLAT * nyquist as f64;
    for (k, bin) in bins.iter_mut().enumerate().skip(flat as usize) {
        let t = ((k as f64 - flat) / (nyquist as f64 - flat)).clamp(0.0, 1.0);
        *bin *= 0.5 + 0.5 * (std::f64::consts::PI * t).cos();
    }
}

/// The first `after` samples of a sequence that acts, up to `band` times the Nyquist frequency,
/// as `before` does, which ends at time zero.
///
/// What begins suddenly rings before it does, once band-limited, and a filter
/// without latency has no place for that; cut off, it would be missing from the
/// whole spectrum. Above the band nobody minds a difference, which leaves enough
/// freedom: this is the sequence of least squared difference inside the band,
/// found from its normal equations. They hold the inner products of delays
/// inside the band, sin(π·band·d) / (π·d).
fn brought_behind(before: &[f64], band: f64, after: usize) -> Vec<f64> {
    let product = |delay: usize| match delay {
        0 => band,
        d => (std::f64::consts::PI * band * d as f64).sin() / (std::f64::consts::PI * d as f64),
    };
    let products: Vec<f64> = (0..after + before.len()).map(product).collect();
    let mut right = vec![0.0; after];
    for (i, right) in right.iter_mut().enumerate() {
        let newest_first = before.iter().rev().zip(&products[i + 1..]);
        *right = newest_first.map(|(x, product)| x * product).sum();
    }
    solve(&products, &mut right);
    right
}

/// Solves the symmetric Toeplitz system of first row `row`, made definite by
/// [`RESTRAINT`], in place, by Cholesky's method.
fn solve(row: &[f64], x: &mut [f64]) {
    let n = x.len();
    let mut lower = vec![vec![0.0; n]; n];
    for i in 0..n {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
            lower[i][j] = match i - j {
                0 => (row[0] + RESTRAINT - dot).max(RESTRAINT).sqrt(),
                d => (row[d] - dot) / lower[j][j],
            };
        }
    }
    for i in 0..n {
        let dot: f64 = (0..i).map(|k| lower[i][k] * x[k]).sum();
        x[i] = (x[i] - dot) / lower[i][i];
    }
    for i in (0..n).rev() {
        let dot: f64 = (i + 1..n).map(|k| lower[k][i] * x[k]).sum();
        x[i] = (x[i] - dot) / lower[i][i];
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
