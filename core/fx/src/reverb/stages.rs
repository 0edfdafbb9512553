//! What is done around the network, stage by stage.

use std::f32::consts::FRAC_PI_2;

use nn::BLOCK;

use crate::smooth::Smooth;

/// Gains of the dry and the wet signal, whose powers add up to one; where one is alone
/// it is exact.
pub(super) fn law(mix: f32) -> [f32; 2] {
    if mix == 0.0 || mix == 1.0 {
        return [1.0 - mix, mix];
    }
    [(FRAC_PI_2 * mix).cos(), (FRAC_PI_2 * mix).sin()]
}

/// Adds `share` of `part`.
pub(super) fn add(wet: &mut [&mut [f32]], part: &[[f32; BLOCK]; 2], share: &[f32]) {
    for (wet, part) in wet.iter_mut().zip(part) {
        for ((y, x), share) in wet.iter_mut().zip(part).zip(share) {
            *y += share * x;
        }
    }
}

/// Brings each of two channels to the other side.
pub(super) fn cross(cross: &mut Smooth, io: &mut [&mut [f32]]) {
    let [left, right] = io else { return cross.skip(io.first().map_or(0, |io| io.len())) };
    if cross.settled() == Some(0.0) {
        return;
    }
    let mut shares = [0.0; BLOCK];
    cross.fill(&mut shares[..left.len()]);
    for ((l, r), share) in left.iter_mut().zip(right.iter_mut()).zip(shares) {
        let away = share * (*r - *l);
        (*l, *r) = (*l + away, *r - away);
    }
}

/// Makes the difference of two channels larger or smaller.
pub(super) fn widen(width: &mut Smooth, io: &mut [&mut [f32]]) {
    let [left, right] = io else { return width.skip(io.first().map_or(0, |io| io.len())) };
    if width.settled() == Some(1.0) {
        return;
    }
    let mut widths = [0.0; BLOCK];
    width.fill(&mut widths[..left.len()]);
    for ((l, r), width) in left.iter_mut().zip(right.iter_mut()).zip(widths) {
        let (mean, away) = (0.5 * (*l + *r), 0.5 * width * (*l - *r));
        (*l, *r) = (mean + away, mean - away);
    }
}
