//! What a model costs on this machine, measured briefly.

use std::time::{Duration, Instant};

use nn::BLOCK;

/// How long a measurement may take, but for one block.
const PATIENCE: Duration = Duration::from_millis(6);

/// Measurements at most: the least of them was disturbed the least.
const TRIES: usize = 24;

/// Nanoseconds a sample at the best quality, in blocks as the effect runs them.
pub(super) fn measure(model: &nn::Model) -> f32 {
    let mut engine = model.engine();
    engine.set_quality(1.0);
    let mut block = [0.0; BLOCK];
    let mut seed = 1u32;
    let mut least = Duration::MAX;
    let began = Instant::now();
    for _ in 0..TRIES {
        for sample in &mut block {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *sample = seed as f32 / u32::MAX as f32 - 0.5;
        }
        let start = Instant::now();
        engine.process(&mut block);
        least = least.min(start.elapsed());
        if began.elapsed() > PATIENCE {
            break;
        }
    }
    std::hint::black_box(&block);
    least.as_nanos() as f32 / BLOCK as f32
}
