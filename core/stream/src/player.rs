//! What the audio thread does.

use std::sync::Arc;

use crossbeam_utils::atomic::AtomicCell;
use nn::BLOCK;

use crate::fade::{Delay, Fader};
use crate::link::{Found, Link};
use crate::monitor::{Monitor, Pause};
use crate::shared::{FOREVER, Phase};

/// Underruns in a second that are put up with; at one more the network is too slow.
const UNDERRUNS: usize = 8;

/// Boxed, so that the cell is lock-free.
type Parcel = AtomicCell<Option<Box<Link>>>;

const _: () = assert!(Parcel::is_lock_free());

/// One-place mailboxes between a player and the one who provides its links.
#[derive(Default)]
pub(crate) struct Mail {
    /// Links to workers, the newest of which wins.
    pub(crate) inbox: Parcel,
    /// Links that have retired, to be dropped elsewhere than on the audio thread.
    pub(crate) outbox: Parcel,
}

/// How a player is to play.
pub(crate) struct Plan {
    /// Samples by which the output of a worker trails.
    pub(crate) lead: usize,
    /// By which that of the network does.
    pub(crate) ahead: usize,
    /// Samples of a callback, where all are equal, or else 1.
    pub(crate) callback: usize,
    /// Samples in a second.
    pub(crate) second: usize,
    /// Whether silence stands in for the network, or else the input.
    pub(crate) silent: bool,
    /// To wait for what is due.
    pub(crate) offline: bool,
}

/// Whether the network is given what is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Not before there is one.
    Waiting,
    Playing,
    /// It was too slow: not for so many samples yet.
    Paused(usize),
}

/// The audio thread's part of a host.
pub(crate) struct Player {
    mail: Arc<Mail>,
    link: Option<Box<Link>>,
    /// A link that retired and finds no room in the outbox.
    old: Option<Box<Link>>,
    monitor: Arc<Monitor>,
    plan: Plan,
    delay: Delay,
    fader: Fader,
    mode: Mode,
    /// Samples since construction or reset.
    clock: u64,
    /// Samples of its first callback that had passed before, for all we know.
    shift: u64,
    /// Samples for which a start was put off until a callback begins.
    put_off: usize,
    /// Samples since an underrun began that is under way, at least 1, or 0.
    late: usize,
    /// When the latest underruns began, by the clock; the oldest at `oldest`.
    underruns: [Option<u64>; UNDERRUNS],
    oldest: usize,
}

impl Player {
    pub(crate) fn new(mail: Arc<Mail>, monitor: Arc<Monitor>, plan: Plan) -> Self {
        Self {
            mail,
            link: None,
            old: None,
            monitor,
            delay: Delay::new(plan.lead + plan.ahead),
            plan,
            fader: Fader::default(),
            mode: Mode::Waiting,
            clock: 0,
            shift: 0,
            put_off: 0,
            late: 0,
            underruns: [None; UNDERRUNS],
            oldest: 0,
        }
    }

    /// Samples by which what is heard trails the input, whatever is heard.
    pub(crate) fn latency(&self) -> usize {
        self.delay.samples()
    }

    /// Replaces the input with what is heard. Real-time safe, unless offline.
    pub(crate) fn process(&mut self, io: &mut [f32]) {
        io.chunks_mut(BLOCK).for_each(|piece| self.piece(piece));
    }

    /// Goes on as if nothing had been heard before. Real-time safe.
    pub(crate) fn reset(&mut self) {
        self.delay.reset();
        self.fader.reset();
        (self.clock, self.shift, self.put_off, self.late) = (0, 0, 0, 0);
        self.underruns = [None; UNDERRUNS];
        self.monitor.metrics.clear();
        self.monitor.pause(Pause::None);
        self.mode = Mode::Waiting;
        if self.is_running() {
            self.begin(false);
        }
    }

    fn piece(&mut self, io: &mut [f32]) {
        self.exchange();
        self.turn(io.len());
        self.feed(io);
        let mut dry = [0.0; BLOCK];
        let dry = &mut dry[..io.len()];
        self.delay.run(io, dry);
        if self.plan.silent {
            dry.fill(0.0);
        }
        self.hear(io, dry);
        self.clock += io.len() as u64;
    }

    /// Posts what has retired and takes what is offered, at most one of each.
    fn exchange(&mut self) {
        if self.old.is_some() {
            self.old = self.mail.outbox.swap(self.old.take());
        }
        if self.old.is_some() {
            return;
        }
        let Some(link) = self.mail.inbox.take() else { return };
        self.old = self.link.replace(link);
        let lost = self.old.as_ref().map_or(0, |old| old.waiting());
        self.monitor.metrics.lost.add(lost as u64);
        self.mode = Mode::Waiting;
        self.monitor.pause(Pause::None);
    }

    fn is_running(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.shared.phase() == Phase::Running)
    }

    /// Changes the mode where it is time to, before the next `samples`.
    fn turn(&mut self, samples: usize) {
        if let Some(link) = self.link.as_ref().filter(|_| self.plan.offline) {
            link.shared.await_built(FOREVER);
        }
        let running = self.is_running();
        match &mut self.mode {
            Mode::Playing if running => {}
            Mode::Playing => self.mode = Mode::Waiting,
            Mode::Paused(left) if *left > 0 => *left = left.saturating_sub(samples),
            Mode::Paused(_) | Mode::Waiting if running => self.begin_in_step(samples),
            Mode::Paused(_) | Mode::Waiting => {}
        }
    }

    /// Begins with a callback, which the latency for fixed blocks relies on; or at some
    /// point, if the host keeps none.
    fn begin_in_step(&mut self, samples: usize) {
        let in_step = (self.clock + self.shift).is_multiple_of(self.plan.callback as u64);
        if in_step || self.put_off >= self.plan.second {
            self.begin(true);
        } else {
            self.put_off += samples;
        }
    }

    fn begin(&mut self, loss: bool) {
        if let Some(link) = &mut self.link {
            link.begin(loss);
            self.mode = Mode::Playing;
        }
        (self.put_off, self.late) = (0, 0);
        self.monitor.pause(Pause::None);
    }

    /// Leaves the network alone for a second. What waits for it is lost.
    fn pause(&mut self, why: Pause) {
        if let Some(link) = &mut self.link {
            link.begin(true);
        }
        self.mode = Mode::Paused(self.plan.second);
        self.underruns = [None; UNDERRUNS];
        self.monitor.pause(why);
    }

    /// Passes input on to the worker.
    fn feed(&mut self, input: &[f32]) {
        if self.mode == Mode::Playing {
            if self.link.as_mut().is_some_and(|link| link.write(input)) {
                return;
            }
            self.pause(Pause::Full);
        }
        self.monitor.metrics.lost.add(input.len() as u64);
    }

    /// Writes what is heard, where `dry` is what is heard in place of the network.
    fn hear(&mut self, io: &mut [f32], dry: &[f32]) {
        let mut scratch = [0.0; BLOCK];
        let mut at = 0;
        while at < io.len() {
            let wet = &mut scratch[..io.len() - at];
            let (found, count) = match &mut self.link {
                Some(link) if self.mode == Mode::Playing => {
                    if self.plan.offline {
                        link.await_next();
                    }
                    link.next(wet)
                }
                _ => (Found::Failed, wet.len()),
            };
            let (io, dry) = (&mut io[at..at + count], &dry[at..at + count]);
            match found {
                Found::Wet => self.fader.present(io, &wet[..count], dry),
                // The stream has begun with silence on all sides.
                Found::Early if self.fader.is_here() => io.fill(0.0),
                Found::Early | Found::Failed | Found::Late => self.fader.missing(io, dry),
            }
            self.note(found, at, count);
            at += count;
        }
    }

    /// Counts an underrun where one begins, `at` samples into the piece and `count` long.
    fn note(&mut self, found: Found, at: usize, count: usize) {
        if found != Found::Late {
            self.late = 0;
            return;
        }
        let begins = self.late == 0;
        self.late += count;
        // A worker that is behind and just fast enough to stay there.
        let stays = self.late >= self.plan.second;
        if stays {
            self.pause(Pause::Late);
        } else if begins && self.begins_often(self.clock + at as u64) {
            self.pause(Pause::Late);
            // A network that keeps its time is late again and again where it began in the
            // midst of a callback: perhaps a piece later is right.
            if self.monitor.metrics.keeps_budget() {
                self.shift += BLOCK as u64;
            }
        }
    }

    /// Notes that an underrun begins `now`. Whether many have within a second.
    fn begins_often(&mut self, now: u64) -> bool {
        self.monitor.metrics.underruns.add(1);
        let earlier = self.underruns[self.oldest].replace(now);
        self.oldest = (self.oldest + 1) % UNDERRUNS;
        earlier.is_some_and(|earlier| now - earlier <= self.plan.second as u64)
    }
}

#[cfg(test)]
#[path = "player_tests.rs"]
mod tests;
