//! A reverberation time on top of what was trained.

use ndarray::{Array1, Array2};

use crate::error::Error;
use crate::network::{Network, Op, OpKind, Signal};

/// The longest and shortest reverberation times, in seconds.
const LIMITS: [f64; 2] = [1e-3, 1e6];

impl Network {
    /// The same network with a gain of 10^(−3·m/(fs·`seconds`)) after every delay
    /// of m samples in the forward path of a recursion, as ADAC's `rt60` has it: a
    /// lossless loop decays by 60 dB in `seconds`, a trained one in less, the rates
    /// of decay adding up.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] unless `seconds` is from a thousandth to a million.
    pub fn with_rt60(&self, seconds: f64) -> Result<Network, Error> {
        if !(LIMITS[0]..=LIMITS[1]).contains(&seconds) {
            let expected = format!("{} to {} seconds", LIMITS[0], LIMITS[1]);
            return Err(Error::invalid("rt60", expected, seconds));
        }
        let mut network = self.clone();
        let mut added = Vec::new();
        for op in &mut network.ops {
            let OpKind::Delay { lines, forward: true } = &op.kind else { continue };
            let exponent = -3.0 / (self.sample_rate * seconds);
            let gains: Array1<f64> =
                lines.iter().map(|d| 10f64.powf(exponent * d.samples)).collect();
            // What the delay made is now made by the gains.
            let first = network.signals;
            network.signals += op.outputs.len();
            let bare: Vec<_> = (first..network.signals).map(|s| Signal(s as u32)).collect();
            let outputs = std::mem::replace(&mut op.outputs, bare.clone());
            let kind = OpKind::Matrix(Array2::from_diag(&gains));
            added.push(Op { name: format!("{}/rt60", op.name), kind, inputs: bare, outputs });
        }
        network.ops.extend(added);
        Ok(network)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use crate::graph::{Controls, Delay, Graph, Module, Node};
    use crate::network::{Network, OpKind};

    #[test]
    fn acts_on_forward_delays_only() {
        let delay = |samples: f64| {
            let line = Delay { samples, interpolated: false };
            Node::module("d", Module::Delay(vec![line])).unwrap()
        };
        let gain = Node::module("g", Module::Matrix(array![[1.0]])).unwrap();
        let backward = Node::series("b", 1, vec![delay(100.0), gain]).unwrap();
        let root = Node::recursion("r", delay(4800.0), backward).unwrap();
        let (name, controls) = (String::new(), Controls::default());
        let network = Network::new(&Graph { name, sample_rate: 48_000.0, root, controls });
        let damped = network.with_rt60(0.5).unwrap();
        assert_eq!(damped.ops.len(), network.ops.len() + 1);
        assert_eq!(damped.outputs, network.outputs);
        let OpKind::Matrix(gains) = &damped.ops.last().unwrap().kind else { panic!() };
        // A tenth of a second of half a second: a fifth of 60 dB.
        assert!((20.0 * gains[(0, 0)].log10() + 12.0).abs() < 1e-9);
        crate::faust(&damped, "damped").unwrap();
        assert!(network.with_rt60(0.0).is_err());
        assert!(network.with_rt60(f64::NAN).is_err());
    }
}
