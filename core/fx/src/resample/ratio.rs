//! The ratio of two sample rates in small whole numbers.

/// The largest number in a [`Ratio`]; it bounds the tables of the filters.
pub(super) const LIMIT: usize = 1024;

/// `p` samples of one signal last as long as `q` of another. Reduced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ratio {
    pub(super) p: usize,
    pub(super) q: usize,
}

impl Ratio {
    /// Of equal rates.
    pub(super) const ONE: Self = Self { p: 1, q: 1 };

    /// The nearest to `x`, which lies between 1 / [`LIMIT`] and [`LIMIT`]: exact
    /// for the usual rates from 44.1 kHz up, else off by less than a part in
    /// [`LIMIT`] (Dirichlet's approximation theorem).
    pub(super) fn nearest(x: f64) -> Self {
        let mut best = Self { p: 1, q: 1 };
        let mut least = f64::INFINITY;
        for q in 1..=LIMIT {
            let p = (x * q as f64).round().clamp(1.0, LIMIT as f64);
            let error = (p / (x * q as f64) - 1.0).abs();
            // By more than a rounding, so that the reduced form wins over its multiples.
            if error + 1e-12 < least {
                (best, least) = (Self { p: p as usize, q }, error);
            }
        }
        best
    }

    pub(super) fn is_one(self) -> bool {
        self.p == self.q
    }

    pub(super) fn value(self) -> f64 {
        self.p as f64 / self.q as f64
    }

    pub(super) fn inverse(self) -> Self {
        Self { p: self.q, q: self.p }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_ratios_in_use() {
        for (to, from, p, q) in [
            (48_000.0, 44_100.0, 160, 147),
            (192_000.0, 44_100.0, 640, 147),
            (48_000.0, 88_200.0, 80, 147),
            (48_000.0, 192_000.0, 1, 4),
            (192_000.0, 8_000.0, 24, 1),
            (48_000.0, 768_000.0, 1, 16),
            (44_100.0, 48_000.0, 147, 160),
            (48_000.0, 47_999.0, 1, 1),
            (3_072_000.0, 8_000.0, 384, 1),
        ] {
            assert_eq!(Ratio::nearest(to / from), Ratio { p, q }, "{to} / {from}");
        }
    }

    #[test]
    fn is_close_and_reduced_for_any_rates() {
        let mut seed = 1_u32;
        for _ in 0..2000 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let x = (f64::from(seed) / f64::from(u32::MAX) * 9.0 - 4.5).exp();
            let ratio = Ratio::nearest(x);
            assert!((ratio.value() / x - 1.0).abs() < 1.0 / LIMIT as f64, "{x}: {ratio:?}");
            assert!(
                (2..=LIMIT).all(|d| !ratio.p.is_multiple_of(d) || !ratio.q.is_multiple_of(d)),
                "{ratio:?}"
            );
        }
    }
}
