//! Time of a step of training: forward, back, on one thread and on two.
//!
//!     cargo run --release -p train --example recurrent_speed

use std::time::Instant;

use train::recurrent::{Cell, Recurrent, Unrolled};

/// Sequences of a batch, half of them for each of two threads.
const BATCH: usize = 32;

/// Forward and back over the sequences of one group.
fn learn(network: &Recurrent, group: &mut (Unrolled, Vec<f32>), sound: &[Vec<f32>]) {
    let (unrolled, gradient) = group;
    let inputs: Vec<&[f32]> = sound.iter().map(Vec::as_slice).collect();
    let mut errors = unrolled.forward(network, &inputs).to_vec();
    for (error, x) in errors.iter_mut().zip(sound.iter().flatten()) {
        *error = 2.0 * (*error - (3.0 * x).tanh());
    }
    unrolled.backward(network, &errors, gradient);
}

/// The least time of a step in ms.
fn measure(network: &Recurrent, steps: usize, threads: usize) -> Result<f64, train::Error> {
    let mut random = fastrand::Rng::with_seed(1);
    let mut noise = || (0..steps).map(|_| 0.6 * random.f32() - 0.3).collect::<Vec<f32>>();
    let sound: Vec<Vec<f32>> = (0..BATCH).map(|_| noise()).collect();
    let lanes = BATCH / threads;
    let group = |_| Ok((Unrolled::new(network, steps, lanes)?, vec![0.0; network.weights()]));
    let mut groups = (0..threads).map(group).collect::<Result<Vec<_>, train::Error>>()?;
    let mut least = f64::INFINITY;
    for _ in 0..40_000 / steps {
        let start = Instant::now();
        if let [alone] = &mut groups[..] {
            learn(network, alone, &sound);
        } else {
            std::thread::scope(|scope| {
                for (group, sound) in groups.iter_mut().zip(sound.chunks(lanes)) {
                    scope.spawn(|| learn(network, group, sound));
                }
            });
        }
        least = least.min(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok(least)
}

fn main() -> Result<(), train::Error> {
    for cell in [Cell::Lstm, Cell::Gru] {
        for (hidden, steps) in [(20, 512), (20, 2048), (40, 2048)] {
            let mut network = Recurrent::new(cell, 1, hidden, false)?;
            network.set(&network.init(1));
            let [one, two] = [1, 2].map(|threads| measure(&network, steps, threads));
            let (one, two) = (one?, two?);
            println!("{cell:?} of {hidden}, {steps} samples × {BATCH}: {one:.2} ms, {two:.2} ms");
        }
    }
    Ok(())
}
