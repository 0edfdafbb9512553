//! What an impulse response looks like: over time, and over frequency.

use realfft::RealFftPlanner;

/// Stretches of time a waveform is drawn from.
const STRETCHES: usize = 400;
/// Points of a response, evenly spread over the octaves from 20 Hz to 20 kHz.
const POINTS: usize = 240;
/// The longest part that is looked at, in samples: finer than 1 Hz shows nothing.
const LONGEST: usize = 1 << 16;

/// What an impulse response looks like.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// The smallest and the largest sample of each stretch, over the largest of all.
    pub wave: Vec<(f32, f32)>,
    /// Seconds that `wave` lasts.
    pub seconds: f32,
    /// Frequency in Hz and level in dB; the loudest is 0.
    pub curve: Vec<(f32, f32)>,
}

impl Picture {
    /// Draws `samples` of `rate` Hz.
    pub fn of(samples: &[f32], rate: f32) -> Self {
        let samples = &samples[..samples.len().min(LONGEST)];
        if samples.is_empty() || rate <= 0.0 {
            return Self::default();
        }
        let (wave, shown) = wave(samples);
        Self { wave, seconds: shown as f32 / rate, curve: curve(samples, rate) }
    }
}

/// The stretches, and how many samples they span.
fn wave(samples: &[f32]) -> (Vec<(f32, f32)>, usize) {
    let loudest = samples.iter().fold(0.0f32, |most, x| most.max(x.abs())).max(1e-9);
    // What is quieter than 60 dB below the loudest cannot be seen.
    let heard = samples.iter().rposition(|x| x.abs() > loudest * 1e-3).map_or(1, |at| at + 1);
    let heard = &samples[..heard.max(STRETCHES).min(samples.len())];
    let count = STRETCHES.min(heard.len());
    let stretches = (0..count)
        .map(|i| {
            let stretch = &heard[i * heard.len() / count..(i + 1) * heard.len() / count];
            let bounds =
                stretch.iter().fold((0.0f32, 0.0f32), |(low, high), &x| (low.min(x), high.max(x)));
            (bounds.0 / loudest, bounds.1 / loudest)
        })
        .collect();
    (stretches, heard.len())
}

fn curve(samples: &[f32], rate: f32) -> Vec<(f32, f32)> {
    let length = samples.len().next_power_of_two().max(8192);
    let transform = RealFftPlanner::new().plan_fft_forward(length);
    let (mut padded, mut spectrum) = (transform.make_input_vec(), transform.make_output_vec());
    padded[..samples.len()].copy_from_slice(samples);
    if transform.process(&mut padded, &mut spectrum).is_err() {
        return Vec::new();
    }
    let power: Vec<f32> = spectrum.iter().map(|bin| bin.norm_sqr()).collect();
    let hz_of_bin = rate / length as f32;
    let mut points: Vec<(f32, f32)> = (0..POINTS)
        .map(|i| 20.0 * 1000f32.powf(i as f32 / (POINTS - 1) as f32))
        .filter(|&hz| hz < 0.5 * rate)
        .map(|hz| (hz, 10.0 * smoothed(&power, hz / hz_of_bin).max(1e-14).log10()))
        .collect();
    let reference = points.iter().map(|point| point.1).fold(-140.0, f32::max);
    points.iter_mut().for_each(|point| point.1 -= reference);
    points
}

/// The mean power in a twelfth of an octave around `bin`, or between two bins
/// where that is narrower than one.
fn smoothed(power: &[f32], bin: f32) -> f32 {
    const EDGE: f32 = 1.0293; // 2^(1/24)
    let last = power.len() - 1;
    let (from, to) = ((bin / EDGE).round() as usize, (bin * EDGE).round() as usize);
    if to > from {
        let band = &power[from.min(last)..=to.min(last)];
        return band.iter().sum::<f32>() / band.len() as f32;
    }
    let below = (bin as usize).min(last);
    let above = (below + 1).min(last);
    power[below] + (power[above] - power[below]) * (bin - bin.floor())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_click_is_flat() {
        let mut click = vec![0.0; 2000];
        click[0] = 0.5;
        let picture = Picture::of(&click, 48_000.0);
        assert!(picture.curve.iter().all(|(_, db)| db.abs() < 0.01));
        assert_eq!(picture.curve.len(), POINTS);
        assert_eq!(picture.wave[0], (0.0, 1.0));
    }

    #[test]
    fn a_low_pass_falls() {
        let response: Vec<f32> = (0..4000).map(|i| 0.98f32.powi(i)).collect();
        let picture = Picture::of(&response, 48_000.0);
        let at = |hz: f32| picture.curve.iter().find(|point| point.0 >= hz).expect("a point").1;
        assert!((at(1000.0) - at(2000.0) - 6.0).abs() < 0.5);
        assert!(at(40.0) > at(1000.0) + 10.0);
    }

    #[test]
    fn nothing_has_no_picture() {
        assert_eq!(Picture::of(&[], 48_000.0), Picture::default());
        let silent = Picture::of(&[0.0; 100], 48_000.0);
        assert!(silent.curve.iter().all(|point| point.1.is_finite()));
    }
}
