//! A memoryless network in float64, to make tables from.

use crate::activation::Activation;

use super::layer::{Conv, Layer};

/// The output of a chain of one input and one output, or `None` where a layer
/// has memory or an activation that small networks do not have.
pub(super) fn evaluate(layers: &[Layer], x: f64) -> Option<f64> {
    let mut values = vec![x];
    for layer in layers {
        match layer {
            Layer::Dense(conv) => values = dense(conv, &values),
            Layer::Conv(conv) if conv.taps == 1 && conv.groups == 1 => {
                values = dense(conv, &values)
            }
            Layer::Scale { scale, shift } => {
                for ((x, a), b) in values.iter_mut().zip(scale).zip(shift) {
                    *x = *x * f64::from(*a) + f64::from(*b);
                }
            }
            Layer::Softmax => softmax(&mut values),
            Layer::Activation(activation) => activate(activation, &mut values)?,
            _ => return None,
        }
    }
    values.first().copied()
}

fn dense(conv: &Conv, x: &[f64]) -> Vec<f64> {
    let rows = conv.weights.chunks_exact(conv.inputs).zip(&conv.bias);
    let dot = |row: &[f32]| row.iter().zip(x).map(|(w, x)| f64::from(*w) * x).sum::<f64>();
    rows.map(|(row, b)| f64::from(*b) + dot(row)).collect()
}

fn softmax(values: &mut [f64]) {
    let top = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    values.iter_mut().for_each(|x| *x = (*x - top).exp());
    let sum: f64 = values.iter().sum();
    values.iter_mut().for_each(|x| *x /= sum);
}

fn activate(activation: &Activation, values: &mut [f64]) -> Option<()> {
    for (i, x) in values.iter_mut().enumerate() {
        *x = match activation {
            Activation::Identity => *x,
            Activation::PreciseTanh => x.tanh(),
            Activation::PreciseSigmoid => 0.5 + 0.5 * (0.5 * *x).tanh(),
            Activation::Elu => x.max(0.0) + x.min(0.0).exp_m1(),
            Activation::Leaky { slope } => leaky(*x, *slope),
            Activation::PReLU { slopes } => leaky(*x, *slopes.get(i)?),
            _ => return None,
        };
    }
    Some(())
}

fn leaky(x: f64, slope: f32) -> f64 {
    x.max(0.0) + f64::from(slope) * x.min(0.0)
}
