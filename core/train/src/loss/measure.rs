//! Numbers for people: how near an answer came.

/// Error-to-signal ratio: Σ (predicted − target)² / Σ target², over the samples that both
/// have. Of a silent target it is 0 where the prediction is silent too, else infinite.
pub fn esr(predicted: &[f32], target: &[f32]) -> f64 {
    let square = |x: f64| x * x;
    let pairs = predicted.iter().zip(target).map(|(p, t)| (f64::from(*p), f64::from(*t)));
    let (error, energy) =
        pairs.fold((0.0, 0.0), |(e, s), (p, t)| (e + square(p - t), s + square(t)));
    if error == 0.0 { 0.0 } else { error / energy }
}

/// What is left in dB of the target when the prediction is subtracted from it:
/// 10 log₁₀ of [`esr`]. The lower the better; −∞ for equal signals.
pub fn null_depth_db(predicted: &[f32], target: &[f32]) -> f64 {
    10.0 * esr(predicted, target).log10()
}
