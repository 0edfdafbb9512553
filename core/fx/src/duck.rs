//! A compressor of one signal that listens to another, as a gain for each frame.

use crate::reverb::Duck as Params;

/// How far above the threshold the gain is all the way down, in dB.
const KNEE: f32 = 12.0;

/// What a factor of two is in dB: powers of two are the cheaper ones.
const OCTAVE: f32 = 20.0 * std::f32::consts::LOG10_2;

/// Below this nothing is turned down that anyone could hear, in dB.
const NOTHING: f32 = 1e-3;

/// Turns a signal down while a key is loud.
///
/// What it heads for follows the key's magnitude at each sample: nothing up to the
/// threshold, all of the depth 12 dB above it, in dB a straight line between. It gets
/// there like a capacitor: the attack and the release are the times in which 63 % of
/// the way are gone.
#[derive(Clone, Debug)]
pub struct Ducker {
    sample_rate: f32,
    params: Params,
    /// The share of the way that is gone in a sample.
    attack: f32,
    release: f32,
    /// By how much it is turned down now, in dB.
    reduction: f32,
}

impl Ducker {
    /// At rest. `sample_rate` is in Hz.
    pub fn new(sample_rate: f32) -> Self {
        let params = Params::default();
        let mut ducker = Self { sample_rate, params, attack: 1.0, release: 1.0, reduction: 0.0 };
        ducker.follow();
        ducker
    }

    /// Sets the rate of the key, in Hz, and forgets it. Real-time safe.
    pub fn set_sample_rate(&mut self, sample_rate: f32) {
        *self = Self { params: self.params, ..Self::new(sample_rate) };
        self.follow();
    }

    /// Forgets the key. Real-time safe.
    pub fn reset(&mut self) {
        self.reduction = 0.0;
    }

    /// Multiplies each of `gains` by what the key leaves. `key` is one or two channels
    /// of finite numbers, as long as `gains`; the louder one counts. The parameters are
    /// within their ranges. Real-time safe.
    pub fn run(&mut self, key: &[&[f32]], gains: &mut [f32], params: &Params) {
        if *params != self.params {
            self.params = *params;
            self.follow();
        }
        if params.depth == 0.0 && self.reduction == 0.0 {
            return;
        }
        for (i, gain) in gains.iter_mut().enumerate() {
            if params.depth == 0.0 && self.reduction < NOTHING {
                // At the same sample, however the signal is cut.
                self.reduction = 0.0;
                return;
            }
            let peak = key.iter().fold(0.0_f32, |most, x| most.max(x[i].abs()));
            // No lower than a threshold can be.
            let level = OCTAVE * peak.max(1e-4).log2();
            let share = ((level - params.threshold) / KNEE).clamp(0.0, 1.0);
            let away = share * params.depth - self.reduction;
            self.reduction += away * if away > 0.0 { self.attack } else { self.release };
            *gain *= (self.reduction / -OCTAVE).exp2();
        }
    }

    fn follow(&mut self) {
        let share = |ms: f32| 1.0 - (-1e3 / (ms.max(0.01) * self.sample_rate)).exp();
        (self.attack, self.release) = (share(self.params.attack), share(self.params.release));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: f32 = 48_000.0;

    /// The gains for a key that is at `db` throughout.
    fn gains(ducker: &mut Ducker, db: f32, seconds: f32, params: &Params) -> Vec<f32> {
        let key = vec![10f32.powf(db / 20.0); (seconds * RATE) as usize];
        let mut gains = vec![1.0; key.len()];
        ducker.run(&[&key], &mut gains, params);
        gains
    }

    fn db(gain: f32) -> f32 {
        20.0 * gain.log10()
    }

    #[test]
    fn it_is_turned_down_as_far_as_the_key_is_above_the_threshold() {
        let params = Params { depth: 18.0, threshold: -30.0, ..Params::default() };
        for (key, expected) in
            [(-60.0, 0.0), (-30.0, 0.0), (-24.0, -9.0), (-18.0, -18.0), (0.0, -18.0)]
        {
            let last = *gains(&mut Ducker::new(RATE), key, 0.5, &params).last().unwrap();
            assert!((db(last) - expected).abs() < 0.01, "{key} dB: {} dB", db(last));
        }
    }

    #[test]
    fn it_takes_its_time_both_ways() {
        let params = Params { depth: 20.0, attack: 10.0, release: 200.0, ..Params::default() };
        let mut ducker = Ducker::new(RATE);
        let down = gains(&mut ducker, 0.0, 1.0, &params);
        let up = gains(&mut ducker, -90.0, 1.0, &params);
        let way = 1.0 - (-1.0_f32).exp();
        assert!((db(down[479]) + 20.0 * way).abs() < 0.05, "{}", db(down[479]));
        assert!((db(up[9599]) + 20.0 * (1.0 - way)).abs() < 0.05, "{}", db(up[9599]));
    }

    #[test]
    fn off_it_changes_no_bit_and_switching_makes_no_step() {
        let mut ducker = Ducker::new(RATE);
        assert!(gains(&mut ducker, 0.0, 0.1, &Params::default()).iter().all(|g| *g == 1.0));
        let on = Params { depth: 40.0, threshold: -60.0, ..Params::default() };
        let mut all = gains(&mut ducker, 0.0, 0.5, &on);
        all.extend(gains(&mut ducker, 0.0, 5.0, &Params::default()));
        let step = all.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
        assert!(step < 0.02, "{step}");
        assert_eq!(all.last(), Some(&1.0));
    }
}
