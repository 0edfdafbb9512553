//! What becomes of two channels before a network and after it.

use super::Channels;
use crate::smooth::Smooth;

/// Stereo, mono, or middle and sides, with fades between them.
#[derive(Clone, Debug)]
pub(super) struct Matrix {
    /// Shares of the two that are not stereo.
    mono: Smooth,
    sides: Smooth,
    /// The share of the sides on the way out.
    back: Smooth,
}

impl Matrix {
    pub(super) fn new(fade: usize) -> Self {
        let off = Smooth::new(0.0, fade);
        Self { mono: off.clone(), sides: off.clone(), back: off }
    }

    /// Heads for `channels`, or is there at once.
    pub(super) fn set(&mut self, channels: Channels, at_once: bool) {
        let share = |of: Channels| if channels == of { 1.0 } else { 0.0 };
        let (mono, sides) = (share(Channels::Mono), share(Channels::MidSide));
        let all = [(&mut self.mono, mono), (&mut self.sides, sides), (&mut self.back, sides)];
        for (smooth, share) in all {
            if at_once {
                smooth.snap(share);
            }
            smooth.set(share);
        }
    }

    /// Lets as many samples of silence come out.
    pub(super) fn skip(&mut self, samples: usize) {
        self.back.skip(samples);
    }

    /// Before the network.
    pub(super) fn encode(&mut self, left: &mut [f32], right: &mut [f32]) {
        if self.mono.settled() == Some(0.0) && self.sides.settled() == Some(0.0) {
            return;
        }
        let (mut mono, mut sides) = ([0.0], [0.0]);
        for (l, r) in left.iter_mut().zip(right) {
            self.mono.fill(&mut mono);
            self.sides.fill(&mut sides);
            let (middle, side) = (0.5 * (*l + *r), 0.5 * (*l - *r));
            // Exact where it is known to be one of them.
            (*l, *r) = match (mono[0], sides[0]) {
                (1.0, _) => (middle, middle),
                (_, 1.0) => (middle, side),
                (mono, sides) => {
                    let rest = 1.0 - mono - sides;
                    let both = (mono + sides) * middle;
                    (rest * *l + both, rest * *r + mono * middle + sides * side)
                }
            };
        }
    }

    /// After it.
    pub(super) fn decode(&mut self, left: &mut [f32], right: &mut [f32]) {
        if self.back.settled() == Some(0.0) {
            return;
        }
        let mut sides = [0.0];
        for (l, r) in left.iter_mut().zip(right) {
            self.back.fill(&mut sides);
            let [share] = sides;
            let (a, b) = (*l + *r, *l - *r);
            (*l, *r) = match share {
                1.0 => (a, b),
                share => (*l + share * (a - *l), *r + share * (b - *r)),
            };
        }
    }
}
