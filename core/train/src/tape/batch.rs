//! A batch of sequences over all threads.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::{Network, Tape};

/// Tapes for as many threads, kept from step to step.
pub struct Batch {
    tapes: Vec<Tape>,
}

/// What one sequence contributes.
struct Share {
    sequence: usize,
    loss: f64,
    gradient: Vec<f32>,
}

impl Batch {
    /// For sequences of `outputs` samples that count, on so many threads.
    pub fn new(network: &Network, outputs: usize, threads: usize) -> Self {
        Self { tapes: (0..threads.max(1)).map(|_| Tape::new(network, outputs)).collect() }
    }

    /// Samples that a sequence must have; see [`Tape::frames`].
    pub fn frames(&self) -> usize {
        self.tapes.first().map_or(0, Tape::frames)
    }

    /// The mean loss of `sequences` and its derivatives by the weights, which replace
    /// what `gradient` held. `input` gives the rows of a sequence; `loss`, from its
    /// number and its outputs, its loss and the derivatives by the outputs.
    ///
    /// Neither depends on the number of threads: sequences are summed in their order.
    pub fn step<'a>(
        &mut self,
        network: &Network,
        sequences: usize,
        input: impl Fn(usize) -> Vec<&'a [f32]> + Sync,
        loss: impl Fn(usize, &[f32], &mut [f32]) -> f64 + Sync,
        gradient: &mut [f32],
    ) -> f64 {
        let next = AtomicUsize::new(0);
        let (next, input, loss) = (&next, &input, &loss);
        let work = |tape: &mut Tape| {
            let mut shares = Vec::new();
            let mut errors = Vec::new();
            loop {
                let sequence = next.fetch_add(1, Ordering::Relaxed);
                if sequence >= sequences {
                    return shares;
                }
                let outputs = tape.forward(network, &input(sequence));
                errors.clear();
                errors.resize(outputs.len(), 0.0);
                let loss = loss(sequence, outputs, &mut errors);
                let mut gradient = vec![0.0; network.weights()];
                tape.backward(network, &errors, &mut gradient);
                shares.push(Share { sequence, loss, gradient });
            }
        };
        let mut shares: Vec<Share> = match &mut self.tapes[..] {
            [tape] => work(tape),
            tapes => tapes.par_iter_mut().flat_map_iter(work).collect(),
        };
        shares.sort_unstable_by_key(|share| share.sequence);
        gradient.fill(0.0);
        let each = 1.0 / sequences.max(1) as f32;
        for share in &shares {
            gradient.iter_mut().zip(&share.gradient).for_each(|(sum, g)| *sum += each * g);
        }
        shares.iter().map(|share| share.loss).sum::<f64>() / sequences.max(1) as f64
    }
}
