//! Replacing a running model without a click, a lock, or a free.
//!
//! Two one-place mailboxes join the threads that load and the thread that
//! plays. A [`Loader`] posts a built [`Pair`] into `inbox` and drops, on its own
//! thread, whatever it displaced there. The [`Slot`] takes it, runs it unheard on
//! the playing signal until it has warmed up, cross-fades to it and posts the old
//! one into `outbox` for a loader to drop. A pair the outbox cannot take yet is
//! kept; while it is kept no new one is accepted. So nothing is ever freed on the
//! audio thread, nothing leaks, and the newest offer wins.

use std::ops::Range;
use std::sync::Arc;

use crossbeam_utils::atomic::AtomicCell;
use nn::{BLOCK, Engine};

/// The longest warm-up, in samples: half a second at 48 kHz. A network that
/// remembers longer enters with what little of the start it still holds.
pub const WARM_UP_LIMIT: usize = 24_000;

/// The engines of the left and the right channel, which change in one sample.
pub struct Pair([Box<dyn Engine>; 2]);

impl Pair {
    /// Two engines of one model, or of two.
    pub fn new(left: Box<dyn Engine>, right: Box<dyn Engine>) -> Self {
        Self([left, right])
    }

    /// Two engines of `model`, sharing its weights.
    pub fn of(model: &nn::Model) -> Self {
        Self([model.engine(), model.engine()])
    }

    fn warm_up(&self) -> usize {
        self.0.iter().map(|e| e.receptive_field()).max().unwrap_or(0).min(WARM_UP_LIMIT)
    }

    fn set_quality(&mut self, quality: f32) {
        self.0.iter_mut().for_each(|e| e.set_quality(quality));
    }

    fn reset(&mut self) {
        self.0.iter_mut().for_each(|e| e.reset());
    }

    /// Runs one channel. Where a network leaves the finite numbers there is silence;
    /// it is not reset, for its memory is finite or bounded and a reset may be costly.
    fn run(&mut self, channel: usize, io: &mut [f32]) {
        self.0[channel].process(io);
        io.iter_mut().filter(|x| !x.is_finite()).for_each(|x| *x = 0.0);
    }
}

type Parcel = Box<Pair>; // thin, so that the cell is lock-free

const _: () = assert!(AtomicCell::<Option<Parcel>>::is_lock_free());

#[derive(Default)]
struct Mail {
    inbox: AtomicCell<Option<Parcel>>,
    outbox: AtomicCell<Option<Parcel>>,
}

/// The end that builds engines. May allocate; never waits.
#[derive(Clone)]
pub struct Loader(Arc<Mail>);

impl Loader {
    /// Offers a pair; the slot takes it at its next block.
    pub fn offer(&self, pair: Pair) {
        drop(self.0.inbox.swap(Some(Box::new(pair))));
        self.collect();
    }

    /// Drops a retired pair, if one waits.
    pub fn collect(&self) {
        drop(self.0.outbox.take());
    }
}

/// The end that runs them.
pub struct Slot {
    mail: Arc<Mail>,
    live: Option<Parcel>,
    next: Option<Parcel>,
    old: Option<Parcel>,
    /// Nothing was heard since construction or reset, so there is nothing to fade from.
    fresh: bool,
    /// Samples that `next` must still run unheard.
    cold: usize,
    faded: usize,
    fade: usize,
    quality: f32,
}

/// An empty slot, which passes audio through, and its loader. `fade` is in samples.
pub fn slot(fade: usize) -> (Loader, Slot) {
    let mail = Arc::new(Mail::default());
    let slot = Slot {
        mail: mail.clone(),
        live: None,
        next: None,
        old: None,
        fresh: true,
        cold: 0,
        faded: 0,
        fade: fade.max(1),
        quality: 1.0,
    };
    (Loader(mail), slot)
}

impl Slot {
    /// Runs the model over one or two channels of equal length, in place.
    /// Further channels are left as they are. Real-time safe.
    pub fn process(&mut self, channels: &mut [&mut [f32]]) {
        let length = channels.iter().take(2).map(|c| c.len()).min().unwrap_or(0);
        let mut at = 0;
        while at < length {
            self.exchange();
            let end = length.min(at + self.span());
            self.run(channels, at..end);
            at = end;
        }
    }

    /// Returns the model to silence and ends a swap under way. What is offered
    /// before the next sample plays from that sample on, without a fade.
    /// Real-time safe.
    pub fn reset(&mut self) {
        if self.next.is_some() {
            self.promote();
        }
        if let Some(live) = &mut self.live {
            live.reset();
        }
        self.fresh = true;
    }

    /// Passes on the wish of [`Engine::set_quality`]. Real-time safe.
    pub fn set_quality(&mut self, quality: f32) {
        if quality == self.quality {
            return;
        }
        self.quality = quality;
        for pair in [&mut self.live, &mut self.next].into_iter().flatten() {
            pair.set_quality(quality);
        }
    }

    /// Sets the length of the cross-fade, in samples, for the swaps to come.
    pub fn set_fade(&mut self, fade: usize) {
        self.fade = fade.max(1);
        self.faded = self.faded.min(self.fade - 1);
    }

    /// Posts what has retired and takes what is offered, at most one of each.
    fn exchange(&mut self) {
        if self.old.is_some() {
            self.old = self.mail.outbox.swap(self.old.take());
        }
        if self.old.is_some() || self.next.is_some() {
            return;
        }
        let Some(mut pair) = self.mail.inbox.take() else { return };
        pair.set_quality(self.quality);
        self.cold = pair.warm_up();
        self.next = Some(pair);
        if self.fresh {
            self.promote();
        }
    }

    /// Makes `next` the live one. `old` is empty whenever there is a `next`.
    fn promote(&mut self) {
        self.old = std::mem::replace(&mut self.live, self.next.take());
        self.cold = 0;
        self.faded = 0;
    }

    /// Samples until the swap under way enters its next phase, at most a block.
    fn span(&self) -> usize {
        match (&self.next, self.cold) {
            (None, _) => BLOCK,
            (Some(_), 0) => BLOCK.min(self.fade - self.faded),
            (Some(_), cold) => BLOCK.min(cold),
        }
    }

    /// Runs a part that lies in one phase of a swap.
    fn run(&mut self, channels: &mut [&mut [f32]], part: Range<usize>) {
        let mut scratch = [0.0; BLOCK];
        for (index, channel) in channels.iter_mut().take(2).enumerate() {
            let io = &mut channel[part.clone()];
            let wet = &mut scratch[..io.len()];
            wet.copy_from_slice(io);
            if let Some(live) = &mut self.live {
                live.run(index, io);
            }
            let Some(next) = &mut self.next else { continue };
            next.run(index, wet);
            if self.cold == 0 {
                cross_fade(io, wet, self.faded, self.fade);
            }
        }
        self.advance(part.len());
    }

    fn advance(&mut self, samples: usize) {
        self.fresh = false;
        if self.next.is_none() {
            return;
        }
        if self.cold > 0 {
            self.cold -= samples;
            return;
        }
        self.faded += samples;
        if self.faded == self.fade {
            self.promote();
        }
    }
}

/// Fades `io` to `wet`; `faded` of `fade` samples lie behind. Linear, because
/// two models of one guitar correlate and a power-law fade would swell.
fn cross_fade(io: &mut [f32], wet: &[f32], faded: usize, fade: usize) {
    for (i, (x, y)) in io.iter_mut().zip(wet).enumerate() {
        let t = (faded + i + 1) as f32 / fade as f32;
        *x += t * (*y - *x);
    }
}

#[cfg(test)]
#[path = "swap_tests.rs"]
mod tests;
