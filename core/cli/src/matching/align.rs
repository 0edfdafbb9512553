//! Whether two recordings are one performance, and how far apart in time.
//!
//! Compared are curves of novelty: how much the levels of bands rise, which a distortion
//! leaves where they were (M. Müller, "Fundamentals of Music Processing", 2nd ed. 2021,
//! section 6.1.2, with logarithmic compression). Their normalised cross-correlation has
//! a peak for one performance that stands far above all others, and none for two. A high
//! gain lowers it, so what counts is how far it stands out of the rest as well.

use anyhow::{Context as _, Result};
use realfft::RealFftPlanner;

use super::bands::Analyser;
use super::signals::Signal;

/// Seconds from one value of a curve to the next.
pub(super) const STEP: f64 = 0.002;
/// Values over which a level must rise: a hundredth of a second.
const RISE: usize = 5;
/// What is this far below the loudest frame is silence, in dB.
const FLOOR: f32 = 50.0;
/// Standard deviation of the bell that a curve is smoothed with, in values, for a
/// distortion moves onsets by milliseconds; and values to each side of its middle.
const BELL: f32 = 3.0;
const REACH: usize = 9;
/// Seconds of the recordings that are compared.
const MOST: f64 = 120.0;
/// The least correlation of one performance, and the least number of standard deviations
/// by which it is above those at lags that differ by more than a tenth of a second.
const ENOUGH: f64 = 0.45;
const CLEAR: f64 = 9.5;
const NEAR: usize = 50;

/// Where one recording lies in another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Alignment {
    /// Seconds by which the target is later.
    pub(super) lag: f64,
    /// −1 to 1.
    pub(super) correlation: f64,
}

/// Where `di` and `target` are the same performance, if they are.
pub(super) fn align(di: &Signal, target: &Signal) -> Result<Option<Alignment>> {
    let all = correlations(&novelty(di), &novelty(target))?;
    let highest = all.iter().enumerate().max_by(|a, b| a.1.1.total_cmp(&b.1.1));
    let Some((at, (lag, correlation))) = highest else { return Ok(None) };
    let far = all.iter().enumerate().filter(|(i, _)| i.abs_diff(at) > NEAR);
    let far: Vec<f64> = far.map(|(_, (_, correlation))| *correlation).collect();
    let count = far.len().max(1) as f64;
    let mean = far.iter().sum::<f64>() / count;
    let spread = (far.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / count).sqrt();
    let one = *correlation >= ENOUGH && correlation - mean >= CLEAR * spread;
    Ok(one.then_some(Alignment { lag: *lag as f64 * STEP, correlation: *correlation }))
}

fn novelty(signal: &Signal) -> Vec<f32> {
    let signal = signal.part(0.0, MOST);
    let Some(grid) = Analyser::shared(signal.rate).fine(&signal.samples, STEP) else {
        return Vec::new();
    };
    let floor = grid.totals.iter().copied().fold(f32::MIN, f32::max) - FLOOR;
    let rise = |i: usize| -> f32 {
        let pairs = grid.frame(i).iter().zip(grid.frame(i - RISE));
        pairs.map(|(now, before)| (now.max(floor) - before.max(floor)).max(0.0)).sum()
    };
    let rises: Vec<f32> = (RISE..grid.totals.len()).map(rise).collect();
    let mean = rises.iter().sum::<f32>() / rises.len().max(1) as f32;
    let bell = |k: i32| (-0.5 * (k as f32 / BELL).powi(2)).exp();
    let reach = REACH as i32;
    let around = |i: usize| {
        let near = |k: i32| rises.get(i.checked_add_signed(k as isize)?);
        (-reach..=reach).filter_map(|k| Some(bell(k) * (near(k)? - mean))).sum()
    };
    (0..rises.len()).map(around).collect()
}

/// Correlations at every lag at which both overlap enough, in order.
fn correlations(a: &[f32], b: &[f32]) -> Result<Vec<(i64, f64)>> {
    let length = (a.len() + b.len()).next_multiple_of(2);
    if a.is_empty() || b.is_empty() {
        return Ok(Vec::new());
    }
    let products = correlate(a, b, length)?;
    let energies = [a, b].map(|x| {
        let mut sums = vec![0.0f64];
        x.iter().for_each(|x| sums.push(sums[sums.len() - 1] + f64::from(*x).powi(2)));
        sums
    });
    // In a short overlap a high correlation is chance.
    let least = (a.len().min(b.len()) / 2).max(1);
    let mut all = Vec::new();
    for lag in -(a.len() as i64) + 1..b.len() as i64 {
        // b[i + lag] belongs to a[i].
        let from = (-lag).max(0) as usize;
        let to = a.len().min((b.len() as i64 - lag) as usize);
        if to < from + least {
            continue;
        }
        let moved = |i: usize| (i as i64 + lag) as usize;
        let energy = (energies[0][to] - energies[0][from])
            * (energies[1][moved(to)] - energies[1][moved(from)]);
        if energy <= 0.0 {
            continue;
        }
        let product = products[lag.rem_euclid(length as i64) as usize];
        all.push((lag, f64::from(product) / energy.sqrt()));
    }
    Ok(all)
}

/// Σ a[i] · b[i + lag] at every lag, negative ones from the end on.
fn correlate(a: &[f32], b: &[f32], length: usize) -> Result<Vec<f32>> {
    let mut planner = RealFftPlanner::<f32>::new();
    let (forward, inverse) = (planner.plan_fft_forward(length), planner.plan_fft_inverse(length));
    let transform = |x: &[f32]| {
        let (mut time, mut bins) = (forward.make_input_vec(), forward.make_output_vec());
        time[..x.len()].copy_from_slice(x);
        forward.process(&mut time, &mut bins).context("a correlation")?;
        Ok::<_, anyhow::Error>(bins)
    };
    let (a, mut b) = (transform(a)?, transform(b)?);
    b.iter_mut().zip(&a).for_each(|(b, a)| *b *= a.conj());
    // Rounding leaves something where a real signal has nothing.
    for end in [0, b.len() - 1] {
        b[end].im = 0.0;
    }
    let mut time = inverse.make_output_vec();
    inverse.process(&mut b, &mut time).context("a correlation")?;
    time.iter_mut().for_each(|x| *x /= length as f32);
    Ok(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plucked notes at irregular moments.
    fn riff(seed: u64, rate: u32, seconds: usize) -> Signal {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut samples = vec![0.0f32; rate as usize * seconds];
        let mut at = 0.0;
        while at < seconds as f64 - 0.5 {
            let hz = 82.0 * 2f64.powf(f64::from(rng.u32(0..24)) / 12.0);
            let start = (at * f64::from(rate)) as usize;
            for (i, x) in samples[start..].iter_mut().enumerate() {
                let t = i as f64 / f64::from(rate);
                let wave = |k: f64| (std::f64::consts::TAU * k * hz * t).sin() / k;
                *x += (0.3 * (-4.0 * t).exp() * (wave(1.0) + wave(2.0) + wave(5.0))) as f32;
            }
            at += 0.15 + 0.5 * rng.f64();
        }
        Signal { samples, rate }
    }

    #[test]
    fn one_performance_is_found_through_distortion_at_any_lag_and_rate() {
        for (rate, lag) in [(48_000, 0.0), (48_000, 1.3), (44_100, -0.7)] {
            let di = riff(1, 48_000, 8);
            let late = riff(1, rate, 8);
            let moved = (f64::abs(lag) * f64::from(rate)) as usize;
            let samples = match lag < 0.0 {
                true => late.samples[moved..].to_vec(),
                false => [vec![0.0; moved], late.samples].concat(),
            };
            let wet = samples.iter().map(|x| (30.0 * x).tanh()).collect();
            let found = align(&di, &Signal { samples: wet, rate }).expect("compared");
            let found = found.expect("one performance");
            assert!((found.lag - lag).abs() < 0.006, "{found:?}, not {lag}");
        }
    }

    #[test]
    fn two_performances_are_not_one() {
        for seed in 2..6 {
            let wet = riff(seed, 48_000, 8).samples.iter().map(|x| (30.0 * x).tanh()).collect();
            let found = align(&riff(1, 48_000, 8), &Signal { samples: wet, rate: 48_000 });
            assert_eq!(found.expect("compared"), None, "performance {seed}");
        }
        let silence = Signal { samples: vec![0.0; 48_000], rate: 48_000 };
        assert_eq!(align(&riff(1, 48_000, 2), &silence).expect("compared"), None);
    }
}
