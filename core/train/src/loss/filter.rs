//! Filters before the terms, and their adjoints for the gradient.

use std::f64::consts::{PI, TAU};

use super::Filter;
use crate::Error;

/// Corners of the A curve in Hz (IEC 61672-1, annex E): two high-passes at the first, one
/// at the second and the third, two low-passes at the last.
const CORNERS: [f64; 4] = [20.598_997, 107.652_65, 737.862_23, 12_194.217];

/// A linear filter from rest. Its adjoint, the transpose of its matrix, is the same filter
/// run backwards in time.
pub(super) enum Weighting {
    None,
    PreEmphasis(f64),
    /// Sections of first order in a row, and the gain that makes 1 kHz pass as it is.
    Sections([Section; 6], f64),
}

/// y\[n\] = b0 x\[n\] + b1 x\[n − 1\] − a1 y\[n − 1\].
#[derive(Clone, Copy)]
pub(super) struct Section {
    b: [f64; 2],
    a: f64,
}

impl Weighting {
    pub(super) fn new(filter: Filter, rate: f64) -> Result<Self, Error> {
        match filter {
            Filter::None => Ok(Weighting::None),
            Filter::PreEmphasis(a) if (0.0..=1.0).contains(&a) => Ok(Weighting::PreEmphasis(a)),
            Filter::PreEmphasis(a) => Err(Error::setting("pre-emphasis", "0 to 1", a)),
            Filter::AWeighting => Ok(Self::a_curve(rate)),
        }
    }

    /// Samples at the beginning that are not to be heard.
    pub(super) fn cut(&self) -> usize {
        usize::from(matches!(self, Weighting::PreEmphasis(_)))
    }

    /// The A curve by bilinear transformation, each corner prewarped.
    fn a_curve(rate: f64) -> Self {
        let [f1, f2, f3, f4] = CORNERS;
        let sections = [
            Section::high_pass(f1, rate),
            Section::high_pass(f1, rate),
            Section::high_pass(f2, rate),
            Section::high_pass(f3, rate),
            Section::low_pass(f4, rate),
            Section::low_pass(f4, rate),
        ];
        // A rate that low has no 1 kHz; what it has is then heard as loud.
        let hz = 1000.0_f64.min(0.25 * rate);
        let gain: f64 = sections.iter().map(|s| s.magnitude(TAU * hz / rate)).product();
        Weighting::Sections(sections, 1.0 / gain)
    }

    /// Filters `io` in place.
    pub(super) fn forward(&self, io: &mut [f64]) {
        match self {
            Weighting::None => {}
            Weighting::PreEmphasis(a) => {
                for n in (1..io.len()).rev() {
                    io[n] -= a * io[n - 1];
                }
            }
            Weighting::Sections(sections, gain) => {
                sections.iter().for_each(|s| s.run(io.iter_mut()));
                io.iter_mut().for_each(|x| *x *= gain);
            }
        }
    }

    /// Replaces the gradient by what is filtered with that by what went in.
    pub(super) fn adjoint(&self, io: &mut [f64]) {
        match self {
            Weighting::None => {}
            Weighting::PreEmphasis(a) => {
                for n in 1..io.len() {
                    io[n - 1] -= a * io[n];
                }
            }
            Weighting::Sections(sections, gain) => {
                sections.iter().for_each(|s| s.run(io.iter_mut().rev()));
                io.iter_mut().for_each(|x| *x *= gain);
            }
        }
    }
}

impl Section {
    /// tan of half the corner's angle, which stays under that of Nyquist.
    fn warp(hz: f64, rate: f64) -> f64 {
        (PI * (hz / rate).min(0.49)).tan()
    }

    fn high_pass(hz: f64, rate: f64) -> Self {
        let w = Self::warp(hz, rate);
        let b = 1.0 / (1.0 + w);
        Self { b: [b, -b], a: (w - 1.0) / (w + 1.0) }
    }

    fn low_pass(hz: f64, rate: f64) -> Self {
        let w = Self::warp(hz, rate);
        let b = w / (1.0 + w);
        Self { b: [b, b], a: (w - 1.0) / (w + 1.0) }
    }

    /// Gain at an angle per sample.
    fn magnitude(&self, angle: f64) -> f64 {
        let (sin, cos) = angle.sin_cos();
        let [b0, b1] = self.b;
        (b0 + b1 * cos).hypot(b1 * sin) / (1.0 + self.a * cos).hypot(self.a * sin)
    }

    fn run<'a>(&self, io: impl Iterator<Item = &'a mut f64>) {
        let (mut x1, mut y1) = (0.0, 0.0);
        for x in io {
            let y = self.b[0] * *x + self.b[1] * x1 - self.a * y1;
            (x1, y1) = (*x, y);
            *x = y;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nominal values of table 3 of IEC 61672-1 and the limits of class 1, in dB.
    const TABLE: [(f64, f64, f64, f64); 12] = [
        (31.6, -39.4, 2.0, 2.0),
        (63.1, -26.2, 1.5, 1.5),
        (125.9, -16.1, 1.5, 1.5),
        (251.2, -8.6, 1.4, 1.4),
        (501.2, -3.2, 1.4, 1.4),
        (1000.0, 0.0, 0.05, 0.05),
        (1995.3, 1.2, 1.6, 1.6),
        (3981.1, 1.0, 1.6, 1.6),
        (6309.6, -0.1, 2.0, 2.6),
        (7943.3, -1.1, 2.1, 3.1),
        (10_000.0, -2.5, 2.4, 3.6),
        (12_589.0, -4.3, 3.0, 6.0),
    ];

    #[test]
    fn is_the_a_curve_within_class_1() {
        for rate in [44_100.0, 48_000.0, 96_000.0] {
            let Weighting::Sections(sections, gain) = Weighting::a_curve(rate) else {
                panic!("an A curve of sections");
            };
            for (hz, level, above, below) in TABLE {
                let angle = TAU * hz / rate;
                let found = sections.iter().map(|s| s.magnitude(angle)).product::<f64>() * gain;
                let off = 20.0 * found.log10() - level;
                assert!((-below..=above).contains(&off), "{off:.2} dB off at {hz} Hz of {rate}");
            }
        }
    }

    /// ⟨A x, y⟩ = ⟨x, Aᵀ y⟩ for any x and y.
    #[test]
    fn adjoints_are_transposes() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut signal = || -> Vec<f64> { (0..300).map(|_| random.f64() - 0.5).collect() };
        let (x, y) = (signal(), signal());
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        for filter in [Filter::None, Filter::PreEmphasis(0.85), Filter::AWeighting] {
            let weighting = Weighting::new(filter, 48_000.0).expect("a filter");
            let (mut ax, mut ay) = (x.clone(), y.clone());
            weighting.forward(&mut ax);
            weighting.adjoint(&mut ay);
            let (left, right) = (dot(&ax, &y), dot(&x, &ay));
            assert!((left - right).abs() < 1e-10, "{filter:?}: {left} and {right}");
        }
    }

    #[test]
    fn a_rate_of_any_height_gives_a_stable_filter() {
        for rate in [1000.0, 8000.0, 22_050.0, 1_000_000.0] {
            let mut io = vec![0.0; 4000];
            io[0] = 1.0;
            Weighting::a_curve(rate).forward(&mut io);
            assert!(io.iter().all(|y| y.is_finite() && y.abs() < 10.0), "grows at {rate} Hz");
        }
    }
}
