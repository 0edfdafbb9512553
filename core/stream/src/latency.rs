//! How late a network's output must be so that it is never late by surprise.
//!
//! A worker takes hops of `N` samples, each needs at most `I` samples of time, and the
//! audio thread calls every `B` samples. A hop starts once the callback has come that
//! completes it, and what is ready when a callback begins can be heard in it. That a
//! callback is passed on in pieces, one right after the other, changes nothing: the
//! worker has no time between them. Look-ahead of the network itself comes on top.
//!
//! The closed form for fixed blocks is the one that the latency calculator of anira
//! (<https://github.com/anira-project/anira>, 2.1) comes to; that for any blocks, and what
//! is added where hops queue, follow from the bounds given here and are held to a
//! simulation of every callback in the tests.

use nn::Blocks;

/// The longest hop, in samples: 87 s at 48 kHz.
pub const MAX_HOP: usize = 1 << 22;

/// The longest time for an inference that is counted with, in samples.
pub const MAX_BUDGET: usize = 1 << 22;

/// The longest block that is counted with, in samples.
pub const MAX_BLOCK: usize = 1 << 18;

/// The most that is asked for, in samples. It falls short only where an inference takes
/// many times as long as its hop, which no latency cures.
pub const MAX_LATENCY: usize = 1 << 23;

/// Samples by which the output of a worker must trail: of a network with hops of `hop`
/// samples, each computed within `budget` samples of time, for a host that calls with
/// `blocks`. Values outside of what is sensible count as the nearest that is.
pub fn latency(hop: usize, budget: usize, blocks: Blocks) -> usize {
    let least = match blocks {
        Blocks::Fixed(block) => fixed(hop, budget, block),
        Blocks::UpTo(longest) => any(hop, budget, longest),
    };
    least.min(MAX_LATENCY)
}

/// As [`latency`], for callbacks of always `block` samples, the first of which begins
/// with the first sample of a hop: the least at which nothing is missing.
///
/// `L = N + m B - gcd(N, B)`, `m = ceil(p I / B)` and at least 1, where `p` hops at most
/// are completed by one callback. That counts on a worker that is free when a callback
/// comes. Where inferences take up to a whole hop, hops that follow each other faster
/// than that queue for a while, and where one callback completes several, the first of
/// them is done before the last. So one period of callbacks and hops is played through.
/// A network slower than its hops never catches up; the closed form then says what a
/// single callback needs.
pub fn fixed(hop: usize, budget: usize, block: usize) -> usize {
    let (hop, budget, block) = sensible(hop, budget, block);
    if budget > hop { closed_form(hop, budget, block) } else { played(hop, budget, block) }
}

/// As [`latency`], for callbacks of any number of samples up to `longest`, in any order:
/// `L = N + I + Bmax - 2`.
///
/// The worst callback completes a hop with its first sample, and another of the full
/// length comes one sample before the inference is done. Where `I` exceeds `N` and
/// `p` hops may be completed by one callback, the last of them is done `p I` after it
/// but heard `(p - 1) N` later. It is the least for `1 <= I <= N`.
pub fn any(hop: usize, budget: usize, longest: usize) -> usize {
    let (hop, budget, longest) = sensible(hop, budget, longest);
    let behind = (longest - 1) / hop;
    // At a hop of one sample, with no time and one sample at a time, nothing is late.
    (hop + budget + behind * budget.saturating_sub(hop) + longest).saturating_sub(2)
}

fn sensible(hop: usize, budget: usize, block: usize) -> (usize, usize, usize) {
    (hop.clamp(1, MAX_HOP), budget.min(MAX_BUDGET), block.clamp(1, MAX_BLOCK))
}

fn closed_form(hop: usize, budget: usize, block: usize) -> usize {
    let gcd = gcd(hop, block);
    let at_once = ((block + hop - gcd) / hop).max(1);
    hop + (at_once * budget).div_ceil(block).max(1) * block - gcd
}

/// The least latency, by the queue of one worker that is at most just busy all the time.
fn played(hop: usize, budget: usize, block: usize) -> usize {
    let period = block / gcd(hop, block);
    let (mut free, mut latency) = (0, 0);
    // Twice, so that the second time begins with the queue that the first one left.
    for index in 0..2 * period {
        // Time counts from the start of the stream; a callback comes at its end.
        let comes = ((index + 1) * hop).div_ceil(block) * block;
        free = free.max(comes) + budget;
        let heard_from = free.div_ceil(block).max(comes / block + 1) * block;
        // The callback before, which ends a block earlier, must still do without.
        latency = latency.max(heard_from - block - index * hop);
    }
    latency
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
#[path = "latency_tests.rs"]
mod tests;
