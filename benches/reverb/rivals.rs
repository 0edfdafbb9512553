//! Networks by `fundsp`, as its users write them: its combinator mixes by its own
//! Hadamard transform, so only the lines, their filters and the size are the same.

use fundsp::prelude32::*;
use fundsp::typenum::{U2, U4, U8, U16, U32, U64, U128};

use super::networks::{Canonical, RATE};
use super::turns::{Turn, stereo};

/// A network of the lines and one-poles of `network`, stereo spread over them.
macro_rules! lines {
    ($network:expr, $lines:ty, $branches:ty) => {{
        let (delays, sections) = (&$network.delays, &$network.absorption);
        let line = |i: u64| {
            let (samples, section) = (delays[i as usize].samples, sections[i as usize][0]);
            // y = (1 − p)x + p·y₋₁, p = e^(−2πf/fs): the same but for a gain.
            let p = -section.a[0];
            let f = -p.ln() * RATE / std::f64::consts::TAU;
            let gain = (section.b[0] / (1.0 - p)) as f32;
            delay((samples / RATE) as f32) >> lowpole_hz(f as f32) * gain
        };
        let network = fdn::<$lines, _>(stacki::<$lines, _, _>(line));
        play(Box::new(multisplit::<U2, $branches>() >> network >> multijoin::<U2, $branches>()))
    }};
}

/// A network of as many lines as `network` and its one-poles.
pub(crate) fn fdn_of(network: &Canonical) -> Option<Turn> {
    Some(match network.delays.len() {
        4 => lines!(network, U4, U2),
        8 => lines!(network, U8, U4),
        16 => lines!(network, U16, U8),
        32 => lines!(network, U32, U16),
        64 => lines!(network, U64, U32),
        128 => lines!(network, U128, U64),
        _ => return None,
    })
}

/// Its stock reverb of 32 lines.
pub(crate) fn reverb() -> Turn {
    play(Box::new(reverb_stereo(10.0, 1.5, 0.5)))
}

fn play(mut unit: Box<dyn AudioUnit>) -> Turn {
    unit.set_sample_rate(RATE);
    unit.allocate();
    let mut unit = BigBlockAdapter::new(unit);
    stereo(move |x, y| unit.process_big(x[0].len(), x, y))
}
