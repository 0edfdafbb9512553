//! Parameter changes without zipper noise, the same for every cut of the signal.

/// A value that moves to its target in a straight line, sample by sample.
#[derive(Clone, Debug)]
pub struct Smooth {
    value: f32,
    target: f32,
    step: f32,
    left: usize,
    length: usize,
}

impl Smooth {
    /// Starts settled at `value`; a change takes `length` samples.
    pub fn new(value: f32, length: usize) -> Self {
        Self { value, target: value, step: 0.0, left: 0, length: length.max(1) }
    }

    /// Sets how many samples the changes to come take.
    pub fn set_length(&mut self, length: usize) {
        self.length = length.max(1);
    }

    /// Heads for `target`. Repeating the present target changes nothing, so it
    /// may be called once per block of any size.
    pub fn set(&mut self, target: f32) {
        if target == self.target {
            return;
        }
        self.target = target;
        self.left = self.length;
        self.step = (target - self.value) / self.length as f32;
    }

    /// Is at `target` at once.
    pub fn snap(&mut self, target: f32) {
        self.target = target;
        self.value = target;
        self.left = 0;
    }

    /// The value, where it does not move.
    pub fn settled(&self) -> Option<f32> {
        (self.left == 0).then_some(self.target)
    }

    /// Samples until it arrives.
    pub fn left(&self) -> usize {
        self.left
    }

    /// Multiplies each of `channels`, of equal length, by the next values.
    pub fn apply(&mut self, channels: &mut [&mut [f32]]) {
        if let Some(value) = self.settled() {
            if value != 1.0 {
                channels.iter_mut().flat_map(|io| io.iter_mut()).for_each(|x| *x *= value);
            }
            return;
        }
        for i in 0..channels.first().map_or(0, |io| io.len()) {
            let value = self.next();
            channels.iter_mut().for_each(|io| io[i] *= value);
        }
    }

    /// The next `values.len()` values.
    pub fn fill(&mut self, values: &mut [f32]) {
        if let Some(value) = self.settled() {
            values.fill(value);
            return;
        }
        values.iter_mut().for_each(|value| *value = self.next());
    }

    /// Lets as many values pass.
    pub fn skip(&mut self, values: usize) {
        (0..values.min(self.left)).for_each(|_| {
            self.next();
        });
    }

    fn next(&mut self) -> f32 {
        if self.left > 0 {
            self.left -= 1;
            // The end is set, not summed, so that it is exact.
            self.value = if self.left == 0 { self.target } else { self.value + self.step };
        }
        self.value
    }
}

/// Seconds in which a gain, a switch or a choice changes.
pub const FADE: f32 = 0.02;

/// [`FADE`] in samples at a rate in Hz.
pub fn fade_samples(sample_rate: f32) -> usize {
    ((FADE * sample_rate) as usize).max(1)
}

/// The factor of a level in dB.
pub fn gain(db: f32) -> f32 {
    if db == 0.0 { 1.0 } else { 10f32.powf(db / 20.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrives_exactly_and_on_time() {
        let mut smooth = Smooth::new(0.3, 100);
        smooth.set(0.9);
        let mut values = [0.0; 120];
        smooth.fill(&mut values);
        assert!(values[..99].windows(2).all(|w| w[1] > w[0] && w[1] - w[0] < 0.0061));
        assert!(values[99..].iter().all(|&v| v == 0.9), "ends at {}", values[119]);
    }

    #[test]
    fn does_not_depend_on_how_the_signal_is_cut() {
        let run = |cut: usize| {
            let mut smooth = Smooth::new(0.0, 97);
            let mut values = [0.0; 300];
            for part in values.chunks_mut(cut) {
                smooth.set(0.7);
                smooth.fill(part);
            }
            values
        };
        for cut in [1, 7, 64] {
            assert_eq!(run(cut), run(300), "cut into {cut}s");
        }
    }

    #[test]
    fn a_new_target_on_the_way_continues_from_there() {
        let mut smooth = Smooth::new(0.0, 10);
        let mut values = [0.0; 20];
        smooth.set(1.0);
        smooth.fill(&mut values[..5]);
        smooth.set(0.0);
        smooth.fill(&mut values[5..]);
        assert!(values.windows(2).all(|w| (w[1] - w[0]).abs() < 0.11), "{values:?}");
        assert_eq!(values[14..], [0.0; 6]);
    }
}
