//! What several tests measure with.

use std::f64::consts::TAU;

use crate::filter::Kind;

/// Cuts of a signal that meet all ways a block can lie on a grid.
pub(crate) const CUTS: [usize; 5] = [1, 3, 64, 65, 333];

pub(crate) const RATES: [f32; 4] = [44_100.0, 48_000.0, 96_000.0, 192_000.0];

/// A complex number.
pub(crate) type Complex = [f64; 2];

fn mul(a: Complex, b: Complex) -> Complex {
    [a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]]
}

fn div(a: Complex, b: Complex) -> Complex {
    let norm = b[0] * b[0] + b[1] * b[1];
    mul(a, [b[0] / norm, -b[1] / norm])
}

/// How far `a` lies from `b`, relative to `b`: 0.01 dB or 0.07 degrees are 0.00115.
pub(crate) fn deviation(a: Complex, b: Complex) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1]) / b[0].hypot(b[1])
}

pub(crate) fn product(factors: impl IntoIterator<Item = Complex>) -> Complex {
    factors.into_iter().fold([1.0, 0.0], mul)
}

/// The response at `hz` of a filter with the impulse response `taps`.
pub(crate) fn response(taps: &[f32], rate: f32, hz: f64) -> Complex {
    let omega = TAU * hz / f64::from(rate);
    let step = [omega.cos(), -omega.sin()];
    let mut turn = [1.0, 0.0];
    let mut sum = [0.0, 0.0];
    for &tap in taps {
        sum = [sum[0] + f64::from(tap) * turn[0], sum[1] + f64::from(tap) * turn[1]];
        turn = mul(turn, step);
    }
    sum
}

/// The response at `hz` of a biquad of R. Bristow-Johnson's *Audio EQ Cookbook*
/// with its edge at `edge` Hz, from its formulas alone.
pub(crate) fn cookbook(kind: Kind, rate: f32, edge: f64, q: f64, db: f64, hz: f64) -> Complex {
    let w0 = TAU * edge / f64::from(rate);
    let (cos, alpha) = (w0.cos(), w0.sin() / (2.0 * q));
    let a = 10f64.powf(db / 40.0);
    let root = 2.0 * a.sqrt() * alpha;
    let (up, down) = (a + 1.0, a - 1.0);
    let (b, a) = match kind {
        Kind::LowPass => (
            [(1.0 - cos) / 2.0, 1.0 - cos, (1.0 - cos) / 2.0],
            [1.0 + alpha, -2.0 * cos, 1.0 - alpha],
        ),
        Kind::HighPass => (
            [(1.0 + cos) / 2.0, -(1.0 + cos), (1.0 + cos) / 2.0],
            [1.0 + alpha, -2.0 * cos, 1.0 - alpha],
        ),
        Kind::Peak => (
            [1.0 + alpha * a, -2.0 * cos, 1.0 - alpha * a],
            [1.0 + alpha / a, -2.0 * cos, 1.0 - alpha / a],
        ),
        Kind::LowShelf => (
            [
                a * (up - down * cos + root),
                2.0 * a * (down - up * cos),
                a * (up - down * cos - root),
            ],
            [up + down * cos + root, -2.0 * (down + up * cos), up + down * cos - root],
        ),
        Kind::HighShelf => (
            [
                a * (up + down * cos + root),
                -2.0 * a * (down + up * cos),
                a * (up + down * cos - root),
            ],
            [up - down * cos + root, 2.0 * (down - up * cos), up - down * cos - root],
        ),
    };
    let omega = TAU * hz / f64::from(rate);
    let z = |n: f64| [(n * omega).cos(), -(n * omega).sin()];
    let at = |c: [f64; 3]| {
        [0, 1].map(|part| c[0] * z(0.0)[part] + c[1] * z(1.0)[part] + c[2] * z(2.0)[part])
    };
    div(at(b), at(a))
}

/// 20 Hz to 20 kHz, eight to a decade.
pub(crate) fn audible() -> impl Iterator<Item = f64> {
    (0..=24).map(|i| 20.0 * 10f64.powf(f64::from(i) / 8.0))
}

/// An impulse and the silence after it.
pub(crate) fn impulse(length: usize) -> Vec<f32> {
    let mut taps = vec![0.0; length];
    taps[0] = 1.0;
    taps
}

pub(crate) fn sine(length: usize, rate: f32, hz: f64, peak: f64) -> Vec<f32> {
    let omega = TAU * hz / f64::from(rate);
    (0..length).map(|i| (peak * (omega * i as f64).sin()) as f32).collect()
}

/// The largest step from one sample to the next.
pub(crate) fn steepest(signal: &[f32]) -> f32 {
    signal.windows(2).fold(0.0, |most, w| f32::max(most, (w[1] - w[0]).abs()))
}

pub(crate) fn bits(signal: &[f32]) -> Vec<u32> {
    signal.iter().map(|x| x.to_bits()).collect()
}

/// Marsaglia's xorshift32: enough to surprise a filter.
pub(crate) struct Random(pub(crate) u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// −1 to 1.
    pub(crate) fn signed(&mut self) -> f32 {
        self.next() as f32 / (u32::MAX / 2) as f32 - 1.0
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.next() as usize % end
    }

    /// What a broken host might send: numbers in the range, at its ends, far outside
    /// it, and none at all.
    pub(crate) fn hostile(&mut self, low: f32, high: f32) -> f32 {
        match self.below(8) {
            0 => f32::NAN,
            1 => f32::INFINITY,
            2 => f32::NEG_INFINITY,
            3 => 1e30 * self.signed(),
            4 => low,
            5 => high,
            _ => low + (high - low) * (0.5 + 0.5 * self.signed()),
        }
    }
}
