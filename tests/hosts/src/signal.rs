//! Sounds to test with, and ways to look at what comes back.

/// Something like a plucked string: a decaying, slightly bent sum of partials,
/// plucked again four times a second.
pub fn guitar(rate: f64, seconds: f64) -> Vec<f32> {
    let samples = (rate * seconds) as usize;
    let partial = |t: f64, k: f64| (std::f64::consts::TAU * 110.0 * k * t).sin() / k;
    let sample = |i: usize| {
        let t = i as f64 / rate;
        let since = t % 0.25;
        let tone: f64 = (1..6).map(|k| partial(t, f64::from(k) * 1.0005)).sum();
        (0.2 * tone * (-since * 6.0).exp()) as f32
    };
    (0..samples).map(sample).collect()
}

/// A steady sine.
pub fn sine(rate: f64, seconds: f64, frequency: f64, level: f64) -> Vec<f32> {
    let step = std::f64::consts::TAU * frequency / rate;
    (0..(rate * seconds) as usize).map(|i| (level * (step * i as f64).sin()) as f32).collect()
}

/// The largest difference between two signals of one length.
///
/// # Panics
/// When the lengths differ.
pub fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len(), "signals of different lengths");
    // A NaN on either side must count as a difference, which `max` would hide.
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, |m, d| if d > m || d.is_nan() { d } else { m })
}

/// The largest step from one sample to the next.
pub fn largest_step(signal: &[f32]) -> f32 {
    signal.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
}

/// The root mean square.
pub fn rms(signal: &[f32]) -> f32 {
    let sum: f64 = signal.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    (sum / signal.len().max(1) as f64).sqrt() as f32
}
