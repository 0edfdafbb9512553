//! Second-order filters around a network, given by frequency so that they sound
//! alike at any rate. Formulas: R. Bristow-Johnson, "Cookbook formulae for audio
//! EQ biquad filter coefficients".

use std::f64::consts::TAU;

use serde::Deserialize;

use crate::Error;

/// Below it a state is nothing: lest it decays through denormal numbers.
const NOTHING: f64 = 1e-25;

/// As a file gives it.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    kind: Kind,
    /// Corner or centre.
    hz: f64,
    /// Of the resonance; a half of the square root of two has none.
    #[serde(default = "flat")]
    q: f64,
    /// Of shelves and peaks, in dB.
    #[serde(default)]
    gain: f64,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Kind {
    LowPass,
    HighPass,
    LowShelf,
    HighShelf,
    Peak,
}

fn flat() -> f64 {
    std::f64::consts::FRAC_1_SQRT_2
}

impl Filter {
    /// Refuses what no filter has.
    pub(crate) fn check(&self, at: &str) -> Result<(), Error> {
        let within = |what: &str, x: f64, low: f64, high: f64| {
            if (low..=high).contains(&x) {
                return Ok(());
            }
            Err(Error::invalid(format!("{at}.{what}"), format!("{low} to {high}"), x))
        };
        within("hz", self.hz, 1.0, 100_000.0)?;
        within("q", self.q, 0.1, 20.0)?;
        within("gain", self.gain, -60.0, 60.0)
    }

    /// Coefficients at `rate`. A frequency beyond its reach is brought into it.
    pub(crate) fn at(&self, rate: f64) -> Biquad {
        let w = TAU * self.hz.min(0.49 * rate) / rate;
        let (cos, alpha) = (w.cos(), w.sin() / (2.0 * self.q));
        let a = 10f64.powf(self.gain / 40.0);
        let slope = 2.0 * a.sqrt() * alpha;
        let (up, down) = (a + 1.0, a - 1.0);
        let (b, a) = match self.kind {
            Kind::LowPass => {
                let b = (1.0 - cos) / 2.0;
                ([b, 2.0 * b, b], [1.0 + alpha, -2.0 * cos, 1.0 - alpha])
            }
            Kind::HighPass => {
                let b = (1.0 + cos) / 2.0;
                ([b, -2.0 * b, b], [1.0 + alpha, -2.0 * cos, 1.0 - alpha])
            }
            Kind::Peak => (
                [1.0 + alpha * a, -2.0 * cos, 1.0 - alpha * a],
                [1.0 + alpha / a, -2.0 * cos, 1.0 - alpha / a],
            ),
            Kind::LowShelf => (
                [
                    a * (up - down * cos + slope),
                    2.0 * a * (down - up * cos),
                    a * (up - down * cos - slope),
                ],
                [up + down * cos + slope, -2.0 * (down + up * cos), up + down * cos - slope],
            ),
            Kind::HighShelf => (
                [
                    a * (up + down * cos + slope),
                    -2.0 * a * (down + up * cos),
                    a * (up + down * cos - slope),
                ],
                [up - down * cos + slope, 2.0 * (down - up * cos), up - down * cos - slope],
            ),
        };
        Biquad { b: b.map(|b| b / a[0]), a: [a[1] / a[0], a[2] / a[0]], state: [0.0; 2] }
    }
}

/// A running filter, in transposed direct form II.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Biquad {
    b: [f64; 3],
    a: [f64; 2],
    state: [f64; 2],
}

impl Biquad {
    pub(crate) fn process(&mut self, io: &mut [f32]) {
        let ([b0, b1, b2], [a1, a2], [mut s1, mut s2]) = (self.b, self.a, self.state);
        for io in io {
            let x = f64::from(*io);
            let y = b0 * x + s1;
            s1 = b1 * x - a1 * y + s2;
            s2 = b2 * x - a2 * y;
            *io = if y.abs() < NOTHING { 0.0 } else { y as f32 };
        }
        let kept = |s: f64| if s.abs() < NOTHING { 0.0 } else { s };
        self.state = [kept(s1), kept(s2)];
    }

    /// Comes to rest on a constant input; returns the constant output.
    pub(crate) fn rest(&mut self, x: f32) -> f32 {
        let ([b0, b1, b2], [a1, a2], x) = (self.b, self.a, f64::from(x));
        let y = x * (b0 + b1 + b2) / (1.0 + a1 + a2);
        let s2 = b2 * x - a2 * y;
        self.state = [b1 * x - a1 * y + s2, s2];
        y as f32
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.state = [0.0; 2];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The gain in dB of a sine of `hz` after the transient, by correlation.
    fn gain(filter: Filter, rate: f64, hz: f64) -> f64 {
        let n = rate as usize;
        let mut io: Vec<f32> =
            (0..2 * n).map(|i| (TAU * hz * i as f64 / rate).sin() as f32).collect();
        let mut biquad = filter.at(rate);
        io.chunks_mut(77).for_each(|io| biquad.process(io));
        let (mut re, mut im) = (0.0, 0.0);
        for (i, y) in io.iter().enumerate().skip(n) {
            let phase = TAU * hz * i as f64 / rate;
            re += f64::from(*y) * phase.cos();
            im += f64::from(*y) * phase.sin();
        }
        20.0 * (2.0 * re.hypot(im) / n as f64).log10()
    }

    fn filter(kind: Kind, hz: f64, gain: f64) -> Filter {
        Filter { kind, hz, q: flat(), gain }
    }

    #[test]
    fn gains_at_known_frequencies() {
        for rate in [44_100.0, 96_000.0] {
            for (kind, db, hz, expected) in [
                (Kind::LowPass, 0.0, 50.0, 0.0),
                (Kind::LowPass, 0.0, 1000.0, -3.0103),
                (Kind::HighPass, 0.0, 10_000.0, 0.0),
                (Kind::HighPass, 0.0, 1000.0, -3.0103),
                (Kind::Peak, 6.0, 1000.0, 6.0),
                (Kind::Peak, -9.0, 20.0, 0.0),
                (Kind::LowShelf, 6.0, 20.0, 6.0),
                (Kind::LowShelf, 6.0, 1000.0, 3.0),
                (Kind::HighShelf, -8.0, 20.0, 0.0),
                (Kind::HighShelf, -8.0, 1000.0, -4.0),
            ] {
                let found = gain(filter(kind, 1000.0, db), rate, hz);
                assert!((found - expected).abs() < 0.02, "{kind:?} {hz} Hz at {rate}: {found}");
            }
        }
    }

    #[test]
    fn rest_is_where_a_constant_leads() {
        let mut long = filter(Kind::LowShelf, 300.0, 5.0).at(48_000.0);
        let mut rested = long;
        let mut io = vec![0.25; 100_000];
        long.process(&mut io);
        assert!((rested.rest(0.25) - io[99_999]).abs() < 1e-6);
        let (mut a, mut b) = ([0.25, 0.5, -1.0], [0.25, 0.5, -1.0]);
        long.process(&mut a);
        rested.process(&mut b);
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-6), "{a:?} {b:?}");
    }
}
