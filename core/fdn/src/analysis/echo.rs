//! How soon echoes are too many to be told apart.

use std::f64::consts::PI;

/// The window in seconds.
const WINDOW: f64 = 0.02;
/// erfc(1/√2): the share of Gaussian noise beyond one standard deviation.
const GAUSSIAN: f64 = 0.317_310_507_862_914_15;
/// How finely the first dense moment is looked for, in seconds.
const STEP: f64 = 1e-4;

/// Normalised echo density, after J. S. Abel and P. Huang, "A simple, robust measure
/// of reverberation echo density", AES 121st Convention (2006): the share of samples
/// beyond one standard deviation in a window of 20 ms, over that of Gaussian noise.
/// Near 0 echoes are few; from 1 on they are as many as in noise.
#[derive(Clone, Debug)]
pub struct EchoDensity {
    rate: f64,
    /// Hann's, of an odd length; its sum is one.
    window: Vec<f64>,
}

impl EchoDensity {
    /// For responses at `rate` Hz.
    pub fn new(rate: f64) -> Self {
        let length = (WINDOW * rate).clamp(0.0, 1e6) as usize | 1;
        let phase = |i: usize| 2.0 * PI * (i + 1) as f64 / (length + 1) as f64;
        let mut window: Vec<f64> = (0..length).map(|i| 1.0 - phase(i).cos()).collect();
        let sum: f64 = window.iter().sum();
        window.iter_mut().for_each(|w| *w /= sum);
        Self { rate, window }
    }

    /// The density around sample `at`; none where the window is not full.
    pub fn at(&self, response: &[f64], at: usize) -> Option<f64> {
        let from = at.checked_sub(self.window.len() / 2)?;
        let part = response.get(from..from.checked_add(self.window.len())?)?;
        let pairs = || self.window.iter().zip(part);
        let power: f64 = pairs().map(|(w, x)| w * x * x).sum();
        let beyond = pairs().filter(|(_, x)| *x * *x > power);
        Some(beyond.map(|(w, _)| w).sum::<f64>() / GAUSSIAN)
    }

    /// Seconds until the density is first one, to a tenth of a millisecond; none if it
    /// never is.
    pub fn dense_after(&self, response: &[f64]) -> Option<f64> {
        let half = self.window.len() / 2;
        let step = ((STEP * self.rate).round() as usize).max(1);
        let mut places = (half..response.len().saturating_sub(half)).step_by(step);
        let found = places.find(|at| self.at(response, *at).is_some_and(|d| d >= 1.0))?;
        Some(found as f64 / self.rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: f64 = 48_000.0;

    /// G. E. P. Box and M. E. Muller, Ann. Math. Statist. 29 (1958).
    fn gaussian(length: usize) -> Vec<f64> {
        let mut rng = fastrand::Rng::with_seed(7);
        let mut one = || (-2.0 * (1.0 - rng.f64()).ln()).sqrt() * (2.0 * PI * rng.f64()).cos();
        (0..length).map(|_| one()).collect()
    }

    #[test]
    fn noise_is_one() {
        let (noise, density) = (gaussian(48_000), EchoDensity::new(RATE));
        let all: Vec<f64> =
            (1000..47_000).step_by(50).filter_map(|n| density.at(&noise, n)).collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        assert!((mean - 1.0).abs() < 0.02, "{mean}");
        assert!(density.dense_after(&noise).unwrap() < 0.05);
    }

    #[test]
    fn sparse_echoes_are_few() {
        let mut sparse = vec![0.0; 48_000];
        sparse.iter_mut().step_by(480).for_each(|x| *x = 1.0);
        let density = EchoDensity::new(RATE);
        let most = (481..47_500).filter_map(|n| density.at(&sparse, n)).fold(0.0, f64::max);
        assert!(most > 0.0 && most < 0.02, "{most}");
        assert_eq!(density.dense_after(&sparse), None);
    }

    #[test]
    fn says_nothing_without_a_full_window() {
        let density = EchoDensity::new(RATE);
        assert_eq!(density.at(&[0.0; 961], 480), Some(0.0));
        assert_eq!(density.at(&[0.0; 961], 479), None);
        assert_eq!(density.at(&[0.0; 961], 481), None);
        assert_eq!(density.at(&[], usize::MAX), None);
        assert_eq!(density.dense_after(&[]), None);
    }
}
