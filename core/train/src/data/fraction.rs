//! Moving a recording by a part of a sample.

/// Taps on each side of the middle.
const REACH: i64 = 32;

/// The shape of the Kaiser window: ripples below −90 dB (Kaiser, "Nonrecursive digital
/// filter design using the I0-sinh window function", ISCAS 1974).
const BETA: f64 = 9.0;

/// `samples` read `ahead` samples later, 0 to 1: what came so much too late comes in time.
/// The ends are read as if silence surrounded them.
pub(super) fn advance(samples: &[f32], ahead: f64) -> Vec<f32> {
    let taps = taps(ahead);
    let reach = REACH as usize;
    let mut padded = vec![0.0; samples.len() + 2 * reach];
    padded[reach..reach + samples.len()].copy_from_slice(samples);
    // The first window begins one sample nearer than its reach, see `taps`.
    (padded[1..].windows(2 * reach).take(samples.len()))
        .map(|around| taps.iter().zip(around).map(|(t, x)| t * x).sum())
        .collect()
}

/// A sinc of unit sum at the distances of the samples around `ahead`, in a Kaiser window.
fn taps(ahead: f64) -> Vec<f32> {
    let ahead = ahead.clamp(0.0, 1.0);
    let raw: Vec<f64> = (1 - REACH..=REACH)
        .map(|k| {
            let x = k as f64 - ahead;
            let phase = std::f64::consts::PI * x;
            let sinc = if x.abs() < 1e-12 { 1.0 } else { phase.sin() / phase };
            sinc * bessel(BETA * (1.0 - (x / REACH as f64).powi(2)).max(0.0).sqrt())
        })
        .collect();
    let sum: f64 = raw.iter().sum();
    raw.into_iter().map(|tap| (tap / sum) as f32).collect()
}

/// The modified Bessel function of the first kind, of order zero, by its series.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..60 {
        term *= (x / (2.0 * f64::from(k))).powi(2);
        sum += term;
    }
    sum
}
