//! A network whose loops keep what is in them forever.

use nalgebra::{DMatrix, SVD};
use ndarray::Array2;

use super::Conditions;
use super::loops::{Loop, loops};
use super::scaling::{scaled, search};
use crate::graph::{Delay, Section};
use crate::network::{Network, Op, OpKind, Signal};

/// Loops whose lines last less than this share of the longest loop's are left to fade:
/// diffusers, whose sound held would be a buzz.
const SHORT: f64 = 0.25;
/// Singular values that are this near to one are one.
const CLOSE: f64 = 1e-9;

/// `network` with its longest loops closed: what is in their lines goes round by the
/// nearest lossless matrix, through no filter, and nothing comes in. Its lines have the
/// same names and lengths, rounded to samples. None if there is no loop, or one with an
/// impulse response in it.
///
/// The matrix is the unitary factor of the polar decomposition of the loop's own, in
/// the diagonal scaling that brings that closest to unitary (Fan and Hoffman, "Some
/// metric inequalities in the space of matrices", 1955: no unitary matrix is nearer).
pub(crate) fn lossless(network: &Network) -> Option<Network> {
    network.check().ok()?;
    let mut closed = without_filters(network);
    let all: Option<Vec<Loop>> =
        loops(&closed, &Conditions::default()).into_iter().map(Result::ok).collect();
    let all = all?;
    let length = |l: &Loop| l.lines.iter().map(|l| l.delay).sum::<f64>();
    let longest = all.iter().map(length).fold(0.0, f64::max);
    for each in all.iter().filter(|l| length(l) > SHORT * longest) {
        close(&mut closed, each)?;
    }
    (longest > 0.0).then_some(closed)
}

/// Replaces filters in loops by wires, and rounds delays to whole samples:
/// interpolation loses what is high.
fn without_filters(network: &Network) -> Network {
    let looped = looped(network);
    let mut bare = network.clone();
    for op in &mut bare.ops {
        let inside: Vec<bool> = op.outputs.iter().map(|s| looped[s.0 as usize]).collect();
        match &mut op.kind {
            OpKind::Filter(cascades) => {
                let inside = cascades.iter_mut().zip(inside).filter(|c| c.1);
                inside.for_each(|(c, _)| *c = vec![Section { b: [1.0, 0.0, 0.0], a: [0.0; 2] }]);
            }
            OpKind::Delay { lines, .. } => {
                for (line, _) in lines.iter_mut().zip(inside).filter(|l| l.1) {
                    *line = Delay { samples: line.samples.round(), interpolated: false };
                }
            }
            OpKind::Matrix(_) | OpKind::Fir(_) => {}
        }
    }
    bare
}

/// Whether each signal is part of a loop.
fn looped(network: &Network) -> Vec<bool> {
    let mut heard = vec![Vec::new(); network.signals];
    for op in &network.ops {
        for (channel, made) in op.outputs.iter().enumerate() {
            heard[made.0 as usize] = match &op.kind {
                OpKind::Matrix(m) => {
                    let terms = op.inputs.iter().zip(m.row(channel));
                    terms.filter(|(_, g)| **g != 0.0).map(|(s, _)| s.0 as usize).collect()
                }
                _ => vec![op.inputs[channel].0 as usize],
            };
        }
    }
    let mut looped = vec![false; network.signals];
    for group in super::components::components(&heard).groups {
        if super::components::Components::is_cycle(&group, &heard) {
            group.iter().for_each(|s| looped[*s] = true);
        }
    }
    looped
}

/// Lets the lines of `of` hear one another losslessly, and nothing else.
fn close(network: &mut Network, of: &Loop) -> Option<()> {
    let plain = of.is_constant() && of.has_no_filters() && of.lines.iter().all(|l| l.whole);
    if !plain || of.lines.iter().any(|l| l.delay < 1.0 || l.response.gain == 0.0) {
        return None;
    }
    let gains: Vec<f64> = of.lines.iter().map(|l| l.response.gain).collect();
    let still = vec![0.0; gains.len()];
    let whole = scaled(&of.direct, &still, &gains);
    let logs = if is_unitary(&whole) { still } else { search(&whole, None) };
    let near = unitary(scaled(&whole, &logs, &vec![1.0; gains.len()]))?;
    let back: Vec<f64> = logs.iter().map(|l| -l).collect();
    let matrix = scaled(&near, &back, &vec![1.0; gains.len()]);
    // Lines multiply already.
    let matrix =
        Array2::from_shape_fn((gains.len(), gains.len()), |(i, j)| matrix[(i, j)] / gains[j]);
    let first = network.signals as u32;
    network.signals += gains.len();
    let heard: Vec<Signal> = (0..gains.len() as u32).map(|i| Signal(first + i)).collect();
    for (line, signal) in of.lines.iter().zip(&heard) {
        let (op, channel) = line.head;
        network.ops[op].inputs[channel] = *signal;
    }
    network.ops.push(Op {
        name: "lossless".to_owned(),
        kind: OpKind::Matrix(matrix),
        inputs: of.lines.iter().map(|l| Signal(l.made as u32)).collect(),
        outputs: heard,
    });
    Some(())
}

fn is_unitary(m: &DMatrix<f64>) -> bool {
    let gram = m.transpose() * m;
    (gram - DMatrix::identity(m.nrows(), m.nrows())).amax() < CLOSE
}

/// The unitary factor of the polar decomposition.
fn unitary(m: DMatrix<f64>) -> Option<DMatrix<f64>> {
    if is_unitary(&m) {
        return Some(m);
    }
    let steps = 100 * m.nrows();
    let svd = SVD::try_new(m, true, true, f64::EPSILON, steps)?;
    Some(svd.u? * svd.v_t?)
}
