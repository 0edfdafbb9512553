//! How loud it is, for meters.

/// The largest magnitudes since they were last taken, left and right; 1 is full scale.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Peaks {
    /// Of the input; where there is an input gain, after it.
    pub input: [f32; 2],
    /// At the output.
    pub output: [f32; 2],
}

/// The largest magnitude of numbers.
pub(crate) fn largest(io: &[f32]) -> f32 {
    // A chain for each lane, for one alone would wait for itself at each sample.
    let mut lanes = [0.0_f32; 16];
    let mut parts = io.chunks_exact(16);
    for part in &mut parts {
        for (most, x) in lanes.iter_mut().zip(part) {
            *most = if x.abs() > *most { x.abs() } else { *most };
        }
    }
    lanes.iter().chain(parts.remainder()).fold(0.0, |most, x| most.max(x.abs()))
}
