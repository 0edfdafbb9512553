//! The half-band filters, as numbers.
//!
//! All doublings but the first have room: the first's stopband ends where a band as
//! wide as the host's begins again, so that theirs may begin far above the middle.

use std::sync::OnceLock;

use halfband::{fir, iir};

/// All-pass sections of one branch of the first doubling, and of the others.
pub(super) const FIRST: usize = 5;
pub(super) const OTHER: usize = 3;

/// Samples of the lower rate, in halves, by which low frequencies come late through
/// one of these doublings and its halving.
pub(super) const FIRST_DELAY: usize = 8;
pub(super) const OTHER_DELAY: usize = 7;

/// Coefficients of the branches of one filter of `M` sections each.
pub(super) type Branches<const M: usize> = [[f32; M]; 2];

/// The first doubling: from 20.1 kHz at 44.1 kHz to where that is mirrored, −128 dB.
pub(super) fn first() -> &'static Branches<FIRST> {
    static FIRST_BRANCHES: OnceLock<Branches<FIRST>> = OnceLock::new();
    FIRST_BRANCHES.get_or_init(|| whole(0.03..0.06, FIRST_DELAY))
}

/// The others: −144 dB where the mirror of those 20 kHz lies.
pub(super) fn other() -> &'static Branches<OTHER> {
    static OTHER_BRANCHES: OnceLock<Branches<OTHER>> = OnceLock::new();
    OTHER_BRANCHES.get_or_init(|| whole(0.25..0.35, OTHER_DELAY))
}

/// The elliptic filter whose transition, within `widths`, makes it late by whole
/// halves of a sample. The wider, the later.
fn whole<const M: usize>(widths: std::ops::Range<f64>, halves: usize) -> Branches<M> {
    let (mut low, mut high) = (widths.start, widths.end);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        let late = delay(&iir::design::coefs_transition(2 * M, middle));
        if late < halves as f64 / 2.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    let coefs = iir::design::coefs_transition(2 * M, high);
    std::array::from_fn(|branch| std::array::from_fn(|k| coefs[2 * k + branch]))
}

/// Of low frequencies, in samples of the lower rate, there and back: that of all
/// sections in a row, (1 − a) / (1 + a) each.
fn delay(coefs: &[f32]) -> f64 {
    let section = |a: &f32| (1.0 - f64::from(*a)) / (1.0 + f64::from(*a));
    coefs.iter().map(section).sum()
}

/// Of a linear-phase doubling, by its number: the outer half of the taps that are not
/// zero but the middle one, for a gain of 1 over both phases. A windowed sine
/// cardinal; J. F. Kaiser, *Nonrecursive Digital Filter Design Using the I₀-sinh
/// Window Function* (1974).
pub(super) fn linear(stage: usize) -> Vec<f32> {
    let (taps, attenuation) = [(48, 134.0), (9, 141.0), (7, 145.0), (6, 146.0)][stage.min(3)];
    fir::design::kaiser_attenuation(taps, attenuation)
}
