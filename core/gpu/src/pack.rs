//! The weights of a program in the order in which its shader reads them.

use std::sync::Arc;

use nn::Activation;
use nn::program::{Op, Program};

use crate::plan::Plan;

/// Numbers that are read in fours lie on a multiple of it.
const FOUR: usize = 4;

/// The weights of one model, and where they lie in floats. Programs of one shape have
/// the same places.
pub(crate) struct Packed {
    pub(crate) floats: Vec<f32>,
    /// By operation: matrices, then biases; or slopes, then those of what gates.
    pub(crate) ops: Vec<[usize; 2]>,
    /// By buffer: what its rows hold at rest.
    pub(crate) rest: Vec<usize>,
}

impl Packed {
    pub(crate) fn new(program: &Arc<Program>, plan: &Plan) -> Self {
        let mut packed = Self { floats: Vec::new(), ops: Vec::new(), rest: Vec::new() };
        for op in &program.ops {
            let places = match op {
                Op::Mac(mac) => [packed.add(&mac.weights), packed.add(&mac.bias)],
                Op::Activate { activation, .. } => [packed.add(slopes(activation)), 0],
                Op::Pair { primary, secondary, .. } => {
                    [packed.add(slopes(primary)), packed.add(slopes(secondary))]
                }
                Op::Film { .. } | Op::Softmax { .. } | Op::Add { .. } => [0, 0],
            };
            packed.ops.push(places);
        }
        let at_rest = program.at_rest();
        let mut row = 0;
        for (buffer, ring) in program.buffers.iter().zip(&plan.rings) {
            let values = at_rest.get(row..row + buffer.rows).unwrap_or(&[]);
            row += buffer.rows;
            let kept = ring.is_some_and(|ring| ring.past);
            let place = packed.add(if kept { values } else { &[] });
            packed.rest.push(place);
        }
        packed
    }

    /// Appends numbers and says where they begin.
    fn add(&mut self, numbers: &[f32]) -> usize {
        let at = self.floats.len();
        self.floats.extend_from_slice(numbers);
        self.floats.resize(self.floats.len().next_multiple_of(FOUR), 0.0);
        at
    }
}

fn slopes(activation: &Activation) -> &[f32] {
    if let Activation::PReLU { slopes } = activation { slopes } else { &[] }
}
