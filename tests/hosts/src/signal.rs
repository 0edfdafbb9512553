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

/// Numbers that look random and are the same each time.
pub struct Random(u64);

impl Random {
    /// Another sequence for each `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// From 0 to below 1.
    pub fn share(&mut self) -> f64 {
        // Xorshift, whose lowest bits are its worst.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// From 0 to below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.share() * n as f64) as usize
    }

    /// One of them.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// Noise without what is above `edge`, in Hz.
pub fn noise(rate: f64, seconds: f64, edge: f64, level: f64) -> Vec<f32> {
    let mut random = Random::new(1);
    let half = (4.0 * rate / edge) as usize;
    let length = (rate * seconds) as usize;
    let white: Vec<f64> = (0..length + 2 * half).map(|_| 2.0 * random.share() - 1.0).collect();
    let tap = |i: usize| {
        let (x, window) = (i as f64 - half as f64, (i as f64 + 0.5) / (2 * half + 1) as f64);
        let phase = std::f64::consts::TAU * edge / rate * x;
        let sinc = if x == 0.0 { 1.0 } else { phase.sin() / phase };
        2.0 * edge / rate * sinc * (std::f64::consts::PI * window).sin().powi(2)
    };
    let taps: Vec<f64> = (0..2 * half + 1).map(tap).collect();
    let sum = |part: &[f64]| part.iter().zip(&taps).map(|(x, tap)| x * tap).sum::<f64>();
    let scale = level * (rate / (2.0 * edge)).sqrt() * 3.0f64.sqrt();
    white.windows(taps.len()).take(length).map(|part| (scale * sum(part)) as f32).collect()
}

/// By how many samples `output` trails `input`, to a part of a sample, where their
/// correlation is greatest; and how much of one is in the other there.
///
/// # Panics
/// When they are not long enough for lags of up to `most`.
pub fn lag(input: &[f32], output: &[f32], most: usize) -> (f64, f64) {
    let n = input.len().min(output.len()) - most - 1;
    let energy: f64 = input[..n].iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    let at = |lag: usize| {
        let pairs = input[..n].iter().zip(&output[lag..lag + n]);
        pairs.map(|(&x, &y)| f64::from(x) * f64::from(y)).sum::<f64>() / energy
    };
    let all: Vec<f64> = (0..=most + 1).map(at).collect();
    let best = (0..=most).max_by(|&a, &b| all[a].total_cmp(&all[b])).expect("a lag");
    // Before the first sample it is as after it, for what is not delayed.
    let (before, here, after) = (all[best.abs_diff(1)], all[best], all[best + 1]);
    let bend = before - 2.0 * here + after;
    let offset = if bend == 0.0 { 0.0 } else { 0.5 * (before - after) / bend };
    (best as f64 + offset, here)
}

/// The largest step of each `span` of samples, as a share of the peak around it.
pub fn steps(io: &[f32], span: usize) -> Vec<f32> {
    const CELL: usize = 500;
    let peak = |part: &[f32]| part.iter().fold(1e-4_f32, |peak, x| peak.max(x.abs()));
    let peaks: Vec<f32> = io.chunks(CELL).map(peak).collect();
    // The loud parts of a fade are in reach of its quiet ones.
    let around = |cell: usize| {
        let near = &peaks[cell.saturating_sub(2)..(cell + 3).min(peaks.len())];
        near.iter().fold(0.0, |a: f32, b| a.max(*b))
    };
    let cell = |(i, cell): (usize, &[f32])| {
        let mut before = if i == 0 { cell[0] } else { io[i * CELL - 1] };
        let step = |x: &f32| (x - std::mem::replace(&mut before, *x)).abs();
        cell.iter().map(step).fold(0.0, f32::max) / around(i)
    };
    let cells: Vec<f32> = io.chunks(CELL).enumerate().map(cell).collect();
    cells.chunks(span / CELL).map(|span| span.iter().fold(0.0, |a: f32, b| a.max(*b))).collect()
}

/// Samples at which a step stands out from those on either side, as nothing that went
/// through a model or a filter does.
pub fn jumps(io: &[f32]) -> Vec<usize> {
    let step = |i: usize| (io[i] - io[i - 1]).abs();
    let most = |range: std::ops::Range<usize>| range.map(step).fold(0.0, f32::max);
    let loud: Vec<f32> =
        io.chunks(1000).map(|part| part.iter().fold(1e-3_f32, |m, x| m.max(x.abs()))).collect();
    let stands_out = |&i: &usize| {
        let step = step(i);
        step > 0.02 * loud[i / 1000] && step > 3.0 * most(i - 3..i).max(most(i + 1..i + 4))
    };
    (4..io.len() - 4).filter(stands_out).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lags_are_found() {
        let input = noise(48_000.0, 0.1, 5000.0, 0.1);
        assert!((0.08..0.12).contains(&rms(&input)), "{}", rms(&input));
        for late in [0, 1, 77] {
            let output: Vec<f32> = (0..input.len())
                .map(|i| if i < late { 0.0 } else { 0.5 * input[i - late] })
                .collect();
            let (found, gain) = lag(&input, &output, 200);
            assert!((found - late as f64).abs() < 0.1, "{found} for {late}");
            assert!((gain - 0.5).abs() < 1e-3, "{gain}");
        }
    }
}
