//! The change between the network and what is heard in its place.

/// Samples of a fade: 1.3 ms at 48 kHz.
pub(crate) const FADE: usize = 64;

/// Fades between the network's output, as far as there is any, and a stand-in.
///
/// The gain is linear, for the two mostly correlate. Where the output ends without
/// warning there is nothing left to fade from, so it is taken to keep its last distance
/// from the stand-in: what is heard goes on without a step, and the more alike the two
/// are the less is heard of it. A fade away is finished before one back begins, since the
/// output that returns need not be where that guess is.
#[derive(Default)]
pub(crate) struct Fader {
    /// Steps towards the stand-in, of [`FADE`].
    away: usize,
    /// On its way there.
    leaving: bool,
    /// The last of each: of the network, or the guess at it, and of the stand-in.
    last: [f32; 2],
}

impl Fader {
    /// Writes what is heard where the network gives `wet`, as long as `io` and `dry`.
    pub(crate) fn present(&mut self, io: &mut [f32], wet: &[f32], dry: &[f32]) {
        for (io, (&wet, &dry)) in io.iter_mut().zip(wet.iter().zip(dry)) {
            if self.leaving {
                *io = self.guess(dry);
                continue;
            }
            self.away = self.away.saturating_sub(1);
            self.last = [wet, dry];
            *io = self.mix(wet, dry);
        }
    }

    /// Writes what is heard where it gives nothing.
    pub(crate) fn missing(&mut self, io: &mut [f32], dry: &[f32]) {
        self.leaving = self.away < FADE;
        for (io, &dry) in io.iter_mut().zip(dry) {
            *io = self.guess(dry);
        }
    }

    /// Whether the network is all that is heard.
    pub(crate) fn is_here(&self) -> bool {
        self.away == 0
    }

    /// Hears the network at once, from silence.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// A step further away.
    fn guess(&mut self, dry: f32) -> f32 {
        let [wet_before, dry_before] = self.last;
        // Two signals of opposite sign could otherwise add up to thrice full scale.
        let most = wet_before.abs().max(dry.abs()).max(dry_before.abs());
        let wet = (dry + (wet_before - dry_before)).clamp(-most, most);
        self.away = (self.away + 1).min(FADE);
        self.leaving = self.away < FADE;
        self.last = [wet, dry];
        self.mix(wet, dry)
    }

    fn mix(&self, wet: f32, dry: f32) -> f32 {
        match self.away {
            // To the bit, whatever the other is.
            0 => wet,
            FADE => dry,
            away => wet + (dry - wet) * (away as f32 / FADE as f32),
        }
    }
}

/// Delays by a fixed number of samples.
pub(crate) struct Delay {
    line: Vec<f32>,
    at: usize,
}

impl Delay {
    pub(crate) fn new(samples: usize) -> Self {
        Self { line: vec![0.0; samples], at: 0 }
    }

    pub(crate) fn samples(&self) -> usize {
        self.line.len()
    }

    /// Takes `io` and writes what came earlier to `to`, equally long. What is no number
    /// is heard as silence.
    pub(crate) fn run(&mut self, io: &[f32], to: &mut [f32]) {
        for (to, &x) in to.iter_mut().zip(io) {
            let x = if x.is_finite() { x } else { 0.0 };
            let Some(slot) = self.line.get_mut(self.at) else {
                *to = x;
                continue;
            };
            *to = std::mem::replace(slot, x);
            self.at = if self.at + 1 == self.line.len() { 0 } else { self.at + 1 };
        }
    }

    pub(crate) fn reset(&mut self) {
        self.line.fill(0.0);
        self.at = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;

    use super::*;

    fn steps(heard: &[f32]) -> f32 {
        heard.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max)
    }

    fn sine(hz: f32, length: usize) -> Vec<f32> {
        (0..length).map(|n| (TAU * hz / 48_000.0 * n as f32).sin()).collect()
    }

    /// The network is there but in these parts.
    fn play(wet: &[f32], dry: &[f32], gaps: &[std::ops::Range<usize>]) -> Vec<f32> {
        let mut fader = Fader::default();
        let mut heard = vec![0.0; wet.len()];
        for n in 0..wet.len() {
            let io = &mut heard[n..=n];
            if gaps.iter().any(|gap| gap.contains(&n)) {
                fader.missing(io, &dry[n..=n]);
            } else {
                fader.present(io, &wet[n..=n], &dry[n..=n]);
            }
        }
        heard
    }

    #[test]
    fn nothing_is_heard_of_a_gap_where_both_are_alike() {
        let wet = sine(220.0, 4000);
        let heard = play(&wet, &wet, &[100..101, 500..530, 900..2000]);
        for (n, (x, y)) in heard.iter().zip(&wet).enumerate() {
            assert!((x - y).abs() < 1e-5, "{n}: {x} {y}");
        }
    }

    #[test]
    fn there_is_no_step_between_opposites() {
        let dry = sine(220.0, 6000);
        let wet: Vec<f32> = dry.iter().map(|x| -x).collect();
        for start in 1000..1300 {
            let gaps = [start..start + 1, start + 40..start + 60, start + 400..start + 3000];
            let heard = play(&wet, &dry, &gaps);
            // A full change of 2 within a fade, besides the sine's own.
            assert!(steps(&heard) < 2.0 / FADE as f32 + 2.0 * 0.0289, "{start}");
            assert!(heard.iter().all(|x| x.abs() <= 1.0), "{start}");
        }
    }

    #[test]
    fn it_ends_exactly_at_either() {
        let dry = sine(300.0, 1000);
        let wet = sine(500.0, 1000);
        let heard = play(&wet, &dry, std::slice::from_ref(&(200..400)));
        assert_eq!(heard[..200], wet[..200]);
        assert_eq!(heard[200 + FADE..400], dry[200 + FADE..400]);
        assert_eq!(heard[400 + FADE..], wet[400 + FADE..]);
        assert_ne!(heard[400], wet[400]);
    }

    #[test]
    fn a_delay_is_exact_and_forgets() {
        for samples in [0, 1, 7] {
            let mut delay = Delay::new(samples);
            let mut to = [9.0; 10];
            let input = [1.0, 2.0, 3.0, f32::NAN, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0];
            delay.run(&input, &mut to);
            let expected: Vec<f32> = (0..10)
                .map(|n: usize| n.checked_sub(samples).map_or(0.0, |n| input[n]))
                .map(|x| if x.is_nan() { 0.0 } else { x })
                .collect();
            assert_eq!(to[..], expected);
            delay.reset();
            delay.run(&[0.0; 10], &mut to);
            assert_eq!(to, [0.0; 10]);
        }
    }
}
