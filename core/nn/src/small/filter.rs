//! Second-order filters around a network, given by frequency so that they sound
//! alike at any rate. Formulas of the second order: R. Bristow-Johnson, "Cookbook formulae for audio
//! EQ biquad filter coefficients".

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use crate::Error;

/// A filter as a `kiln-drive` file gives it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// What it does, and its order.
    pub kind: Kind,
    /// Corner or centre in Hz.
    pub hz: f64,
    /// Of the resonance; a half of the square root of two has none.
    #[serde(default = "flat")]
    pub q: f64,
    /// Of shelves and peaks, in dB.
    #[serde(default)]
    pub gain: f64,
}

/// What a [`Filter`] does, in the words of a `kiln-drive` file.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Of second order.
    LowPass,
    /// Of second order.
    HighPass,
    /// Of second order.
    LowShelf,
    /// Of second order.
    HighShelf,
    /// A bell, of second order.
    Peak,
    /// Of first order, as one resistor and one capacitor make them; `q` has no say.
    #[serde(rename = "low_pass_1")]
    LowPass1,
    /// Of first order.
    #[serde(rename = "high_pass_1")]
    HighPass1,
    /// Of first order.
    #[serde(rename = "low_shelf_1")]
    LowShelf1,
    /// Of first order.
    #[serde(rename = "high_shelf_1")]
    HighShelf1,
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

    /// Coefficients at `rate` in Hz. A frequency beyond its reach is brought into it.
    pub fn at(&self, rate: f64) -> Coefficients {
        let w = TAU * self.hz.min(0.49 * rate) / rate;
        let (b, a) = match self.kind {
            Kind::LowPass1 | Kind::HighPass1 | Kind::LowShelf1 | Kind::HighShelf1 => self.first(w),
            _ => self.second(w),
        };
        Coefficients { b: b.map(|b| b / a[0]), a: [a[1] / a[0], a[2] / a[0]] }
    }

    /// A first-order section with its corner at `w` radians a sample, by the bilinear
    /// transform. Shelves have half their gain in dB at the corner.
    fn first(&self, w: f64) -> ([f64; 3], [f64; 3]) {
        let t = (w / 2.0).tan();
        let root = 10f64.powf(self.gain / 40.0);
        // Numerator and denominator of s over the corner: constant, slope.
        let (above, below) = match self.kind {
            Kind::LowPass1 => ([1.0, 0.0], [1.0, 1.0]),
            Kind::HighPass1 => ([0.0, 1.0], [1.0, 1.0]),
            Kind::LowShelf1 => ([root, 1.0], [1.0 / root, 1.0]),
            _ => ([1.0, root], [1.0, 1.0 / root]),
        };
        let bilinear = |[one, s]: [f64; 2]| [one * t + s, one * t - s, 0.0];
        (bilinear(above), bilinear(below))
    }

    /// A section of the cookbook with its corner at `w` radians a sample.
    fn second(&self, w: f64) -> ([f64; 3], [f64; 3]) {
        let (cos, alpha) = (w.cos(), w.sin() / (2.0 * self.q));
        let a = 10f64.powf(self.gain / 40.0);
        let slope = 2.0 * a.sqrt() * alpha;
        let (up, down) = (a + 1.0, a - 1.0);
        let pass = [1.0 + alpha, -2.0 * cos, 1.0 - alpha];
        match self.kind {
            Kind::HighPass => ([0.5 * (1.0 + cos), -1.0 - cos, 0.5 * (1.0 + cos)], pass),
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
            _ => ([0.5 * (1.0 - cos), 1.0 - cos, 0.5 * (1.0 - cos)], pass),
        }
    }
}

/// A second-order section: `b` over `1, a`, in ascending powers of the delay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coefficients {
    /// Of the present input and the two before.
    pub b: [f64; 3],
    /// Of the two outputs before.
    pub a: [f64; 2],
}

/// Samples after which any filter is taken to have forgotten.
const LONGEST: f64 = 4e6;

impl Coefficients {
    /// Samples until 120 dB less is left of what was, by the slower of the poles.
    pub(super) fn memory(&self) -> usize {
        let [half, product] = [self.a[0] / 2.0, self.a[1]];
        let apart = half * half - product;
        let radius =
            if apart < 0.0 { product.sqrt() } else { half.abs() + apart.sqrt() }.clamp(0.0, 1.0);
        (1e-6_f64.ln() / radius.ln()).clamp(2.0, LONGEST).ceil() as usize
    }
}

#[cfg(test)]
mod tests {
    use cpu::Isa;

    use super::super::section::Section;
    use super::*;

    /// The gain in dB of a sine of `hz` after the transient, by correlation.
    fn gain(filter: Filter, rate: f64, hz: f64) -> f64 {
        let n = rate as usize;
        let mut io: Vec<f32> =
            (0..2 * n).map(|i| (TAU * hz * i as f64 / rate).sin() as f32).collect();
        let mut section = Section::new(filter.at(rate));
        io.chunks_mut(77).for_each(|io| section.process(Isa::best().level(), io));
        let (mut re, mut im) = (0.0, 0.0);
        for (i, y) in io.iter().enumerate().skip(n) {
            let phase = TAU * hz * i as f64 / rate;
            re += f64::from(*y) * phase.cos();
            im += f64::from(*y) * phase.sin();
        }
        20.0 * (2.0 * re.hypot(im) / n as f64).log10()
    }

    #[test]
    fn a_filter_remembers_as_long_at_any_rate() {
        for (kind, hz, q) in [
            (Kind::HighPass1, 1.0, flat()),
            (Kind::LowPass, 300.0, 10.0),
            (Kind::Peak, 40.0, 2.0),
            (Kind::LowShelf1, 5000.0, flat()),
        ] {
            for rate in [48_000.0, 768_000.0] {
                let at = Filter { kind, hz, q, gain: 6.0 }.at(rate);
                let mut section = Section::new(at);
                let mut io = vec![0.0; at.memory() + 64];
                io[0] = 1.0;
                section.process(Isa::best().level(), &mut io);
                let peak = io[1..].iter().fold(0.0_f32, |peak, y| peak.max(y.abs()));
                let left = io[at.memory()..].iter().fold(0.0_f32, |peak, y| peak.max(y.abs()));
                assert!(left <= 4e-6 * peak, "{kind:?} at {rate}: {left:e} of {peak:e}");
            }
        }
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
                (Kind::LowPass1, 0.0, 1000.0, -3.0103),
                (Kind::LowPass1, 0.0, 2000.0, -6.9897),
                (Kind::HighPass1, 0.0, 1000.0, -3.0103),
                (Kind::HighPass1, 0.0, 500.0, -6.9897),
                (Kind::LowShelf1, 12.0, 20.0, 11.99),
                (Kind::LowShelf1, 12.0, 1000.0, 6.0),
                (Kind::HighShelf1, 12.0, 20.0, 0.01),
                (Kind::HighShelf1, -12.0, 1000.0, -6.0),
            ] {
                let filter = Filter { kind, hz: 1000.0, q: flat(), gain: db };
                let found = gain(filter, rate, hz);
                assert!((found - expected).abs() < 0.05, "{kind:?} {hz} Hz at {rate}: {found}");
            }
        }
    }
}
