use nalgebra::{DMatrix, DVector};
use ndarray::Array3;

use crate::fractional;
use crate::graph::Section;
use crate::network::{Network, OpKind};

/// The impulse responses of `network`, outputs × inputs × time: within a sample all
/// signals are the solution of one system of linear equations, whatever the order or
/// the loops of the operations. Slow, and right by inspection. None if there is no
/// solution.
pub fn network_response(network: &Network, samples: usize) -> Option<Array3<f64>> {
    let (outputs, inputs) = (network.outputs.len(), network.inputs.len());
    let mut h = Array3::zeros((outputs, inputs, samples));
    for i in 0..inputs {
        let mut equations = Equations::new(network);
        let lu = (DMatrix::identity(network.signals, network.signals) - &equations.at_once).lu();
        if lu.u().diagonal().iter().any(|x| x.abs() < 1e-9) {
            return None;
        }
        for n in 0..samples {
            let mut u = equations.past();
            if n == 0 {
                u[network.inputs[i].0 as usize] += 1.0;
            }
            let s = lu.solve(&u)?;
            equations.advance(&s);
            for (o, signal) in network.outputs.iter().enumerate() {
                h[(o, i, n)] = s[signal.0 as usize];
            }
        }
    }
    Some(h)
}

/// Signals are `at_once` times signals, and what the channels remember.
struct Equations {
    at_once: DMatrix<f64>,
    channels: Vec<Channel>,
}

/// What one signal makes of another's past.
struct Channel {
    from: usize,
    to: usize,
    kind: Kind,
}

enum Kind {
    /// Lag and gain, and what was heard, the newest first.
    Taps(Vec<(usize, f64)>, Vec<f64>),
    /// Transposed direct form II, with its two states.
    Cascade(Vec<(Section, [f64; 2])>),
}

impl Equations {
    fn new(network: &Network) -> Self {
        let size = network.signals;
        let mut all = Self { at_once: DMatrix::zeros(size, size), channels: Vec::new() };
        for op in &network.ops {
            let pairs = op.inputs.iter().zip(&op.outputs).map(|(f, t)| (f.0, t.0)).enumerate();
            for (k, (from, to)) in pairs.clone() {
                let kind = match &op.kind {
                    OpKind::Matrix(_) => continue,
                    OpKind::Delay { lines, .. } => {
                        let (lag, taps) = fractional::delay(lines[k].samples);
                        let taps = if taps.is_empty() { vec![1.0] } else { taps };
                        taps_of(lag, &taps)
                    }
                    OpKind::Fir(taps) => taps_of(0, &taps[k]),
                    OpKind::Filter(f) => {
                        Kind::Cascade(f[k].iter().map(|s| (*s, [0.0; 2])).collect())
                    }
                };
                let channel = Channel { from: from as usize, to: to as usize, kind };
                all.at_once[(channel.to, channel.from)] += channel.kind.at_once();
                all.channels.push(channel);
            }
            if let OpKind::Matrix(m) = &op.kind {
                for ((r, c), gain) in m.indexed_iter() {
                    all.at_once[(op.outputs[r].0 as usize, op.inputs[c].0 as usize)] += gain;
                }
            }
        }
        all
    }

    /// What comes of the past alone.
    fn past(&self) -> DVector<f64> {
        let mut u = DVector::zeros(self.at_once.nrows());
        for channel in &self.channels {
            u[channel.to] += channel.kind.out(0.0);
        }
        u
    }

    fn advance(&mut self, signals: &DVector<f64>) {
        for channel in &mut self.channels {
            channel.kind.advance(signals[channel.from]);
        }
    }
}

fn taps_of(lag: usize, taps: &[f64]) -> Kind {
    let taps: Vec<_> = taps.iter().enumerate().map(|(k, t)| (lag + k, *t)).collect();
    let longest = taps.last().map_or(0, |t| t.0);
    Kind::Taps(taps, vec![0.0; longest])
}

impl Kind {
    fn at_once(&self) -> f64 {
        match self {
            Kind::Taps(taps, _) => taps.iter().filter(|t| t.0 == 0).map(|t| t.1).sum(),
            Kind::Cascade(c) => c.iter().map(|(s, _)| s.b[0]).product(),
        }
    }

    fn out(&self, x: f64) -> f64 {
        match self {
            Kind::Taps(taps, past) => {
                taps.iter().map(|(lag, t)| t * if *lag == 0 { x } else { past[lag - 1] }).sum()
            }
            Kind::Cascade(c) => c.iter().fold(x, |x, (s, state)| s.b[0] * x + state[0]),
        }
    }

    fn advance(&mut self, mut x: f64) {
        match self {
            Kind::Taps(_, past) => {
                past.insert(0, x);
                past.pop();
            }
            Kind::Cascade(c) => {
                for (Section { b, a }, state) in c {
                    let y = b[0] * x + state[0];
                    *state = [b[1] * x - a[0] * y + state[1], b[2] * x - a[1] * y];
                    x = y;
                }
            }
        }
    }
}
