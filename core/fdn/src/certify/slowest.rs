//! How slowly a loop can decay.

use super::bound::{Bound, bound};
use super::loops::Loop;
use super::margin;

/// A time in which all modes of a stable loop decay by 60 dB: if it is stable with z/γ
/// for z, its poles are within 1/γ.
pub(super) fn slowest_decay(
    of: &Loop,
    found: &Bound,
    sample_rate: f64,
    stop: &dyn Fn() -> bool,
) -> Option<f64> {
    let margin = margin(of.lines.len());
    let longest = of.lines.iter().map(|l| l.delay).fold(0.0, f64::max);
    if longest == 0.0 || found.most == 0.0 || of.lines.iter().any(|l| !l.whole) {
        return None;
    }
    let holds = |seconds: f64| {
        let inside = of.within(10.0_f64.powf(3.0 / (sample_rate * seconds)));
        inside.open_poles() == Some(0)
            && bound(&inside, margin, 128, f64::INFINITY, stop).proven_below
    };
    // What it is if only the longest line and no filter did anything; then by octaves
    // to where it just holds, then closer.
    let mut seconds = 3.0 * longest / (sample_rate * -found.most.log10());
    let mut octaves = 0;
    while !holds(seconds) {
        seconds *= 2.0;
        octaves += 1;
        if octaves == 8 {
            return None;
        }
    }
    if octaves == 0 {
        while octaves < 12 && holds(0.5 * seconds) {
            seconds *= 0.5;
            octaves += 1;
        }
    }
    let mut factor = 2.0_f64;
    for _ in 0..5 {
        factor = factor.sqrt();
        if holds(seconds / factor) {
            seconds /= factor;
        }
    }
    Some(seconds)
}
