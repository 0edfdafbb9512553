//! The hyperbolic tangent of many numbers at once.

use cpu::Isa;
use fearless_simd::{Simd, dispatch};

/// Replaces every number with its hyperbolic tangent, to within 1e-15.
pub(super) fn tanh(io: &mut [f64]) {
    dispatch!(Isa::best().level(), s => all(s, io));
}

/// Plain arithmetic without branches, which compiles to vectors of whatever level is
/// dispatched.
#[inline(always)]
fn all<S: Simd>(_: S, io: &mut [f64]) {
    io.iter_mut().for_each(|x| *x = one(*x));
}

/// 1.5·2⁵²: a number of modest size added to it is rounded to a whole one, which is then
/// in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// The natural logarithm of two in a part of few bits and the rest, so that multiples of
/// the first are exact.
const LN_2: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];

/// Reciprocals of factorials from 13! down to 2!.
const TAYLOR: [f64; 12] = [
    1.0 / 6_227_020_800.0,
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
];

/// (1 − e)/(1 + e) with e = exp(−2|x|) = 2ᵏ exp(r), r by its Taylor series.
#[inline(always)]
fn one(x: f64) -> f64 {
    // Beyond it the tangent is 1 to double precision. NaN stays what it is.
    let t = if x.abs() > 20.0 { 20.0 } else { x.abs() };
    let shifted = -2.0 * t * std::f64::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = -2.0 * t - k * LN_2[0] - k * LN_2[1];
    let series = TAYLOR.iter().fold(0.0, |sum, c| sum * r + c);
    let exp = 1.0 + r + r * r * series;
    let power = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    let e = exp * power;
    ((1.0 - e) / (1.0 + e)).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_standard_library_has_it() {
        let mut worst = 0.0_f64;
        for i in -60_000..60_000 {
            let x = f64::from(i) * 3.7e-4;
            let mut io = [x];
            tanh(&mut io);
            worst = worst.max((io[0] - x.tanh()).abs());
        }
        assert!(worst < 1e-15, "{worst:e}");
        let mut io = [f64::INFINITY, -1e300, 0.0, f64::NAN];
        tanh(&mut io);
        assert_eq!(io[..3], [1.0, -1.0, 0.0]);
        assert!(io[3].is_nan());
    }
}
