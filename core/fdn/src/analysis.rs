//! How an impulse response decays.
//!
//! After M. R. Schroeder, "New method of measuring reverberation time", J. Acoust.
//! Soc. Am. 37 (1965), and ISO 3382-1: the energy still to come, and the slope of
//! its logarithm from −5 to −35 dB.

mod echo;

use std::f64::consts::PI;

use num_complex::Complex64;
use realfft::RealFftPlanner;

pub use echo::EchoDensity;

/// Where the line that gives the reverberation time begins and ends, in dB.
const SPAN: [f64; 2] = [-5.0, -35.0];
/// The same of the early decay time, which is about what is heard while music plays.
const EARLY: [f64; 2] = [0.0, -10.0];
/// By how many dB the decay must go on after the line, in what is given, for
/// what is missing to change the time by less than one in a hundred.
const BEYOND: f64 = 10.0;

/// The reverberation time in a band.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// Its middle, in Hz.
    pub centre: f64,
    /// Seconds for a decay by 60 dB, as [`t60`] finds them.
    pub t60: Option<f64>,
}

/// Schroeder's energy decay curve: the energy from each sample on, in dB
/// relative to all of it. The curve of silence is −∞ throughout.
pub fn energy_decay(response: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    let mut curve: Vec<f64> = response
        .iter()
        .rev()
        .map(|x| -> f64 {
            sum += x * x;
            sum
        })
        .collect();
    curve.reverse();
    let all = curve.first().copied().unwrap_or_default();
    let db = |e: f64| if e > 0.0 { 10.0 * (e / all).log10() } else { f64::NEG_INFINITY };
    curve.into_iter().map(db).collect()
}

/// The reverberation time in seconds, from an energy decay curve in dB of samples
/// at `rate` Hz: twice what a decay from −5 to −35 dB takes, by the line of least
/// squares. None if the curve does not decay so far, or what was cut off its end
/// would matter.
pub fn t60(decay: &[f64], rate: f64) -> Option<f64> {
    time(decay, rate, SPAN)
}

/// The early decay time in seconds, after ISO 3382-1: six times what a decay from 0 to
/// −10 dB takes. As [`t60`] otherwise.
pub fn early_decay(decay: &[f64], rate: f64) -> Option<f64> {
    time(decay, rate, EARLY)
}

/// Seconds until −60 dB, by the line of least squares over a `span` in dB.
fn time(decay: &[f64], rate: f64, span: [f64; 2]) -> Option<f64> {
    let near_end = decay.get(decay.len() * 9 / 10)?;
    if *near_end > span[1] - BEYOND {
        return None;
    }
    let [from, to] = span.map(|db| decay.partition_point(|x| *x > db));
    let slope = slope(decay.get(from..to)?)?;
    let time = -60.0 / slope / rate;
    (time.is_finite() && time > 0.0).then_some(time)
}

/// By how much a line of least squares rises from one point to the next.
fn slope(line: &[f64]) -> Option<f64> {
    let n = line.len() as f64;
    let (middle, mean) = ((n - 1.0) / 2.0, line.iter().sum::<f64>() / n);
    let (mut over, mut under) = (0.0, 0.0);
    for (i, db) in line.iter().enumerate() {
        let t = i as f64 - middle;
        over += t * (db - mean);
        under += t * t;
    }
    (line.len() > 2).then(|| over / under)
}

/// The reverberation times of octave bands, or of thirds, from 31.5 Hz to the
/// highest below the Nyquist frequency.
///
/// The middles are those of IEC 61260-1, of base ten. The filters have no phase,
/// are power complementary and reach to the middles of their neighbours.
pub fn bands(response: &[f64], rate: f64, thirds: bool) -> Vec<Band> {
    bands_of(&[response], rate, thirds, &|| false).unwrap_or_default()
}

/// The same of the energies of several responses together; none if `cancelled` says
/// so in the meantime.
pub(crate) fn bands_of(
    responses: &[&[f64]],
    rate: f64,
    thirds: bool,
    cancelled: &dyn Fn() -> bool,
) -> Option<Vec<Band>> {
    let width = if thirds { 0.1 } else { 0.3 };
    let transforms: Vec<Filtered> = responses.iter().map(|x| Filtered::new(x)).collect();
    let first = (31.0f64 / 1000.0).log10() / width;
    let centres = (first.round() as i32..).map(|k| 1000.0 * 10f64.powf(f64::from(k) * width));
    let mut found = Vec::new();
    for centre in centres.take_while(|c| c * 10f64.powf(width) < rate / 2.0) {
        if cancelled() {
            return None;
        }
        let parts: Vec<_> = transforms.iter().map(|t| t.band(centre / rate, width)).collect();
        found.push(Band { centre, t60: t60(&energy_decay(&together(&parts)), rate) });
    }
    Some(found)
}

/// A response with the energy of all.
pub(crate) fn together<T: AsRef<[f64]>>(responses: &[T]) -> Vec<f64> {
    let length = responses.iter().map(|y| y.as_ref().len()).max().unwrap_or(0);
    let mut energy = vec![0.0; length];
    for y in responses {
        energy.iter_mut().zip(y.as_ref()).for_each(|(e, y): (&mut f64, _)| *e += y * y);
    }
    energy.iter_mut().for_each(|e| *e = e.sqrt());
    energy
}

/// The spectrum of a response, to be filtered.
struct Filtered {
    spectrum: Vec<Complex64>,
    /// Of the response, in samples; the transform is at least twice as long, so
    /// that what a filter without phase sends before the start does not come
    /// around to the end.
    length: usize,
    turn: usize,
}

impl Filtered {
    fn new(response: &[f64]) -> Self {
        let turn = (2 * response.len()).next_power_of_two().max(2);
        let mut time = response.to_vec();
        time.resize(turn, 0.0);
        let forward = RealFftPlanner::new().plan_fft_forward(turn);
        let mut spectrum = forward.make_output_vec();
        // Only lengths can be wrong.
        let _lengths_fit = forward.process(&mut time, &mut spectrum);
        Self { spectrum, length: response.len(), turn }
    }

    /// The part around `centre`, in cycles a sample, `width` decades wide.
    fn band(&self, centre: f64, width: f64) -> Vec<f64> {
        let gain = |k: usize| {
            let away = ((k as f64 / self.turn as f64 / centre).log10() / width).abs();
            if away >= 1.0 { 0.0 } else { (PI / 2.0 * away).cos() }
        };
        let mut part: Vec<_> =
            self.spectrum.iter().enumerate().map(|(k, x)| x * gain(k) / self.turn as f64).collect();
        let mut time = vec![0.0; self.turn];
        let inverse = RealFftPlanner::new().plan_fft_inverse(self.turn);
        if let Some(last) = part.last_mut() {
            last.im = 0.0;
        }
        let _lengths_fit = inverse.process(&mut part, &mut time);
        time.truncate(self.length);
        time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: f64 = 48_000.0;

    /// Sines that decay by 60 dB in their time.
    fn decays(sines: &[(f64, f64)], seconds: f64) -> Vec<f64> {
        let at = |n: usize| {
            let t = n as f64 / RATE;
            let one =
                |(hz, t60): &(f64, f64)| (2.0 * PI * hz * t).sin() * 10f64.powf(-3.0 * t / t60);
            sines.iter().map(one).sum()
        };
        (0..(seconds * RATE) as usize).map(at).collect()
    }

    fn close(found: Option<f64>, expected: f64) {
        let found = found.unwrap();
        assert!((found / expected - 1.0).abs() < 0.01, "{found} s instead of {expected} s");
    }

    #[test]
    fn finds_the_time_of_a_decay() {
        for t60 in [0.1, 0.5, 2.0] {
            close(super::t60(&energy_decay(&decays(&[(997.0, t60)], 1.5 * t60)), RATE), t60);
        }
    }

    #[test]
    fn early_decay_is_of_the_first_ten_decibels() {
        // Two slopes: the first is all there is down to −10 dB, nearly.
        let two = |n: i32| {
            let t = f64::from(n) / RATE;
            10f64.powf(-3.0 * t / 0.3) + 0.01 * 10f64.powf(-3.0 * t / 3.0)
        };
        let curve = energy_decay(&(0..240_000).map(two).collect::<Vec<_>>());
        let early = early_decay(&curve, RATE).unwrap();
        assert!((0.3..0.33).contains(&early), "{early}");
        assert!(t60(&curve, RATE).unwrap() > early);
        assert_eq!(early_decay(&[0.0; 100], RATE), None);
    }

    #[test]
    fn finds_the_time_of_noise() {
        let mut state = 1u64;
        let mut random = || {
            // A linear congruential generator, after Knuth.
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 40) as f64 / f64::from(1 << 23) - 1.0
        };
        let fall = |n: i32| 10f64.powf(-3.0 * f64::from(n) / RATE / 1.2);
        let noise: Vec<f64> = (0..96_000).map(|n| random() * fall(n)).collect();
        close(t60(&energy_decay(&noise), RATE), 1.2);
    }

    #[test]
    fn says_nothing_of_a_decay_that_is_cut() {
        let cut = decays(&[(997.0, 1.0)], 0.6);
        assert_eq!(t60(&energy_decay(&cut), RATE), None);
        assert_eq!(t60(&energy_decay(&[0.0; 100]), RATE), None);
        assert_eq!(t60(&[], RATE), None);
        assert_eq!(t60(&energy_decay(&[1.0, 0.0, 0.0, 0.0]), RATE), None);
        assert!(bands(&[], RATE, false).iter().all(|b| b.t60.is_none()));
    }

    #[test]
    fn curves_begin_at_none_and_end_with_the_last_sample() {
        let curve = energy_decay(&[3.0, 0.0, 4.0]);
        assert_eq!(curve[0], 0.0);
        assert!((curve[2] - 10.0 * (16.0f64 / 25.0).log10()).abs() < 1e-12);
    }

    #[test]
    fn tells_bands_apart() {
        let centre = |k: i32| 1000.0 * 10f64.powf(0.3 * f64::from(k));
        let times = [2.5, 2.0, 1.6, 1.3, 1.0, 0.8, 0.5];
        let sines: Vec<_> = (-3..).map(centre).zip(times).collect();
        let found = bands(&decays(&sines, 4.0), RATE, false);
        for (hz, time) in sines {
            let band = found.iter().find(|b| (b.centre / hz - 1.0).abs() < 1e-9).unwrap();
            close(band.t60, time);
        }
        let found = bands(&decays(&[(250.0, 1.0), (4000.0, 0.4)], 2.0), RATE, true);
        let near = |hz: f64| found.iter().min_by_key(|b| (b.centre - hz).abs() as u64).unwrap().t60;
        close(near(250.0), 1.0);
        close(near(4000.0), 0.4);
    }
}
