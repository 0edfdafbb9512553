//! Turns: all that is compared plays a few milliseconds in turn, many rounds long.

use std::sync::Arc;
use std::time::Duration;

use fdn::{Decay, Isa, Network, Plan, Reverb};

use super::common::{signal, thread_time};
use super::networks::Canonical;

/// Frames of a block.
pub(crate) const BLOCK: usize = 512;
/// What a turn lasts, about, in nanoseconds.
const TURN: f64 = 3e6;

/// Plays so many frames and tells the processor time of a frame, in nanoseconds.
pub(crate) type Turn = Box<dyn FnMut(usize) -> f64>;

/// Nanoseconds a frame of each: the tenth percentile of `rounds`, which other
/// programs do not reach.
pub(crate) fn measure(turns: &mut [Turn], rounds: usize) -> Vec<f64> {
    let frames: Vec<usize> = turns
        .iter_mut()
        .map(|turn| {
            // The first turn meets cold caches and tells nothing.
            turn(BLOCK);
            let wanted = TURN / turn(BLOCK).max(0.1);
            if rounds > 1 { (wanted as usize).clamp(4 * BLOCK, 1 << 20) } else { BLOCK }
        })
        .map(|frames| frames.next_multiple_of(BLOCK))
        .collect();
    let mut times = vec![Vec::with_capacity(rounds); turns.len()];
    for _ in 0..rounds {
        for ((turn, frames), times) in turns.iter_mut().zip(&frames).zip(&mut times) {
            times.push(turn(*frames));
        }
    }
    times.into_iter().map(tenth).collect()
}

/// The tenth percentile.
pub(crate) fn tenth(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 10]
}

/// Nanoseconds of this thread.
pub(crate) fn time(run: impl FnOnce()) -> f64 {
    let before = thread_time();
    run();
    Duration::as_nanos(&(thread_time() - before)) as f64
}

/// A turn of what plays a block, from stereo to stereo.
pub(crate) fn stereo(mut process: impl FnMut(&[&[f32]], &mut [&mut [f32]]) + 'static) -> Turn {
    let left = signal(BLOCK);
    let right: Vec<f32> = left.iter().rev().copied().collect();
    let mut y = [vec![0.0; BLOCK], vec![0.0; BLOCK]];
    Box::new(move |frames| {
        let [a, b] = &mut y;
        let time = time(|| {
            for _ in 0..frames / BLOCK {
                process(&[&left, &right], &mut [a, b]);
            }
        });
        time / frames as f64
    })
}

/// Ours.
pub(crate) fn ours(network: &Canonical, isa: Isa) -> Turn {
    let mut reverb = Reverb::new_on(&plan(network), isa);
    stereo(move |x, y| reverb.process(x, y))
}

/// Made ready to run.
pub(crate) fn plan(network: &Canonical) -> Arc<Plan> {
    let plan = Plan::compile(&Network::new(&network.graph()), Decay::None);
    Arc::new(plan.expect("a network with a plan"))
}
