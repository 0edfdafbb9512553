//! Replacing a running model without a click, a lock, or a free.
//!
//! Two one-place mailboxes join the threads that load and the thread that
//! plays. A [`Loader`] posts a built [`Voice`] into `inbox` and drops, on its own
//! thread, whatever it displaced there. The [`Slot`] takes it, runs it unheard on
//! the playing signal until it has warmed up, cross-fades to it and posts the old
//! one into `outbox` for a loader to drop. A voice the outbox cannot take yet is
//! kept; while it is kept no new one is accepted. So nothing is ever freed on the
//! audio thread, nothing leaks, and the newest offer wins.

use std::sync::Arc;

use crossbeam_utils::atomic::AtomicCell;
use nn::BLOCK;

/// The longest warm-up, in samples: half a second at 48 kHz. A network that
/// remembers longer enters with what little of the start it still holds.
pub const WARM_UP_LIMIT: usize = 24_000;

/// What a slot runs: something that changes some channels, for most voices one or two.
pub trait Voice: Send {
    /// What the player may change about it while it plays.
    type Settings;

    /// Changes as many channels as its slot is given, of equal length, at most
    /// [`BLOCK`], in place.
    /// The settings of the first call after construction or reset hold at once.
    /// Real-time safe; what it writes is finite.
    fn run(&mut self, channels: &mut [&mut [f32]], settings: &Self::Settings);

    /// Returns to silence. Real-time safe.
    fn reset(&mut self);

    /// Samples it must hear before it sounds as if it had always played.
    fn warm_up(&self) -> usize;

    /// Takes over what it can use of the voice it is going to replace. Returns the
    /// samples to fade in, if others than the slot's. Real-time safe.
    fn inherit(&mut self, _old: &Self) -> Option<usize> {
        None
    }
}

/// Boxed, so that the cell is lock-free.
type Parcel<V> = AtomicCell<Option<Box<V>>>;

const _: () = assert!(Parcel::<[u64; 8]>::is_lock_free());

struct Mail<V> {
    inbox: Parcel<V>,
    outbox: Parcel<V>,
}

/// The end that builds voices. May allocate; never waits.
pub struct Loader<V>(Arc<Mail<V>>);

impl<V> Clone for Loader<V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<V> Loader<V> {
    /// Offers a voice; the slot takes it at its next block.
    pub fn offer(&self, voice: V) {
        drop(self.0.inbox.swap(Some(Box::new(voice))));
        self.collect();
    }

    /// Drops a retired voice, if one waits.
    pub fn collect(&self) {
        drop(self.0.outbox.take());
    }
}

/// The end that runs them.
pub struct Slot<V> {
    mail: Arc<Mail<V>>,
    live: Option<Box<V>>,
    next: Option<Box<V>>,
    old: Option<Box<V>>,
    /// Nothing was heard since construction or reset, so there is nothing to fade from.
    fresh: bool,
    /// Samples that `next` must still run unheard.
    cold: usize,
    faded: usize,
    /// Samples of the fade under way.
    length: usize,
    /// Samples of a fade, where the voice does not know better.
    fade: usize,
}

/// An empty slot, which passes audio through, and its loader. `fade` is in samples.
pub fn slot<V: Voice>(fade: usize) -> (Loader<V>, Slot<V>) {
    let mail = Arc::new(Mail { inbox: Parcel::default(), outbox: Parcel::default() });
    let slot = Slot {
        mail: mail.clone(),
        live: None,
        next: None,
        old: None,
        fresh: true,
        cold: 0,
        faded: 0,
        length: fade.max(1),
        fade: fade.max(1),
    };
    (Loader(mail), slot)
}

impl<V: Voice> Slot<V> {
    /// Runs the voice over one or two channels of equal length, in place.
    /// Further channels are left as they are. Real-time safe.
    pub fn process(&mut self, channels: &mut [&mut [f32]], settings: &V::Settings) {
        match channels {
            [] => {}
            [mono] => self.process_all([mono], settings),
            [left, right, ..] => self.process_all([left, right], settings),
        }
    }

    /// Runs the voice over `N` channels, the shortest one's length of them, in place.
    /// Real-time safe.
    pub(crate) fn process_all<const N: usize>(
        &mut self,
        mut channels: [&mut [f32]; N],
        settings: &V::Settings,
    ) {
        let length = channels.iter().map(|c| c.len()).min().unwrap_or(0);
        let mut at = 0;
        while at < length {
            let end = length.min(at + self.span());
            self.phase(channels.each_mut().map(|c| &mut c[at..end]), settings);
            self.advance(end - at);
            at = end;
        }
    }

    /// Takes what is offered; how many samples may follow before another voice is
    /// heard or a fade begins, at most a block. Real-time safe.
    pub(crate) fn span(&mut self) -> usize {
        self.exchange();
        self.left()
    }

    /// The voice that is about to be heard, if another is.
    pub(crate) fn coming(&self) -> Option<&V> {
        self.next.as_deref()
    }

    /// Whether no other voice is on its way.
    pub(crate) fn is_still(&self) -> bool {
        self.next.is_none()
    }

    /// Samples the voice that is heard remembers.
    pub(crate) fn memory(&self) -> usize {
        self.live.as_ref().map_or(0, |live| live.warm_up())
    }

    /// Returns the voice to silence and ends a swap under way. What is offered
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

    /// The voice that is heard, or fades away.
    pub fn voice(&self) -> Option<&V> {
        self.live.as_deref()
    }

    /// The voice that is heard.
    pub(crate) fn voice_mut(&mut self) -> Option<&mut V> {
        self.live.as_deref_mut()
    }

    /// Sets the length of the cross-fade, in samples, for the swaps to come.
    pub fn set_fade(&mut self, fade: usize) {
        self.fade = fade.max(1);
        self.length = self.fade;
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
        let Some(mut voice) = self.mail.inbox.take() else { return };
        self.cold = voice.warm_up().min(WARM_UP_LIMIT);
        if !self.fresh {
            let known = self.live.as_ref().and_then(|live| voice.inherit(live));
            self.length = known.unwrap_or(self.fade).max(1);
        }
        self.next = Some(voice);
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
    fn left(&self) -> usize {
        match (&self.next, self.cold) {
            (None, _) => BLOCK,
            (Some(_), 0) => BLOCK.min(self.length - self.faded),
            (Some(_), cold) => BLOCK.min(cold),
        }
    }

    /// Runs a part that lies in one phase of a swap.
    fn phase<const N: usize>(&mut self, mut io: [&mut [f32]; N], settings: &V::Settings) {
        let Some(next) = &mut self.next else {
            self.live.iter_mut().for_each(|live| live.run(&mut io, settings));
            return;
        };
        let mut scratch = [[0.0; BLOCK]; N];
        let mut scratch = scratch.each_mut();
        let mut wet = scratch.each_mut().map(|wet| &mut wet[..io[0].len()]);
        wet.iter_mut().zip(&io).for_each(|(wet, io)| wet.copy_from_slice(io));
        self.live.iter_mut().for_each(|live| live.run(&mut io, settings));
        next.run(&mut wet, settings);
        if self.cold == 0 {
            for (io, wet) in io.iter_mut().zip(wet) {
                cross_fade(io, wet, self.faded, self.length);
            }
        }
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
        if self.faded == self.length {
            self.promote();
        }
    }
}

/// Fades `io` to `wet`; `faded` of `fade` samples lie behind. Linear, because two
/// models of one guitar correlate, as do two networks that ring with the same sound,
/// and a power-law fade would swell.
fn cross_fade(io: &mut [f32], wet: &[f32], faded: usize, fade: usize) {
    for (i, (x, y)) in io.iter_mut().zip(wet).enumerate() {
        let t = (faded + i + 1) as f32 / fade as f32;
        *x += t * (*y - *x);
    }
}

#[cfg(test)]
#[path = "swap_tests.rs"]
mod tests;
