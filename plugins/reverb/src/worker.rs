//! The threads of an engine: one that loads, builds and follows a file, and one that
//! proves and measures what plays, for which a trainer is not to wait.

use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use fdn::live::{self, Ack, Event, Follower};

use crate::engine::Wish;
use crate::inner::{Inner, Measured, Number, Refused, State};
use crate::prepared::Prepared;
use crate::saved::Record;
use crate::source::{Content, Loaded, from_live};
use crate::status::{Live, Proof};

/// Between looks at the knobs while the host plays, and at a file that is followed.
const LOOK: Duration = Duration::from_millis(40);
const LOOK_AT_FILE: Duration = Duration::from_millis(10);
/// Between two sizes that are built.
const RESIZE: Duration = Duration::from_millis(60);
/// How long what plays must have played before it is worth a proof, while a file is
/// followed: a trainer in full flight is not to be slowed down.
const QUIET: Duration = Duration::from_millis(250);
/// How often times are measured all the same: what is assumed of them gets stale.
const MEASURE: Duration = Duration::from_secs(5);

/// The threads.
pub(crate) struct Worker {
    threads: [Option<JoinHandle<()>>; 2],
}

impl Worker {
    /// Starts them; none if the system has none to give.
    pub(crate) fn start(inner: &Arc<Inner>) -> Option<Self> {
        let spawn = |name: &str, run: fn(&Inner)| {
            let inner = inner.clone();
            thread::Builder::new().name(name.into()).spawn(move || run(&inner)).ok()
        };
        let load = spawn("kiln-reverb", load)?;
        Some(Self { threads: [Some(load), spawn("kiln-proof", prove)] })
    }

    /// Waits for their end, which they must have been told of.
    pub(crate) fn join(self) {
        for thread in self.threads.into_iter().flatten() {
            // A thread that panicked has said so.
            let _ended = thread.join();
        }
    }
}

/// What the loading thread follows.
struct Following {
    follower: Follower,
    /// What plays and is saved, as far as it was decided here: where it is something
    /// else by now, others decided, and the file is news again.
    known: (Option<Arc<Content>>, Arc<Record>),
    /// Whether something was found in the file while something else was asked for, and
    /// nothing came of it.
    lost: bool,
    /// Whether nothing was found in the file yet.
    fresh: bool,
    /// What was acknowledged of what plays, and that.
    sent: Option<(Ack, Arc<Content>)>,
    /// The one before, of whose times the next can make use, and its lines.
    last: Option<(usize, Arc<Prepared>)>,
}

fn load(inner: &Inner) {
    let mut following: Option<Following> = None;
    let mut resized = None;
    loop {
        let Some((job, file)) = wait(inner, following.is_some()) else { return };
        if let Some((number, wish)) = job {
            inner.run(number, wish);
            continue;
        }
        inner.collect();
        let offline = inner.offline.load(Relaxed);
        let another = |f: &Following| {
            let path = file.as_ref().map(|live| &*live.path);
            path != Some(f.follower.path()) || f.is_outdated(inner)
        };
        if following.as_ref().is_some_and(another) {
            following = None;
        }
        if let Some(Live { path, .. }) = file.filter(|_| !offline) {
            following.get_or_insert_with(|| Following::new(inner, path)).look(inner);
        }
        // A render's sizes are built where it is.
        let due = resized.is_none_or(|last: Instant| last.elapsed() >= RESIZE);
        if !offline && due && inner.is_due() {
            inner.resize();
            resized = Some(Instant::now());
        }
    }
}

type Job = (Number, Wish);

/// Waits for something to do: a wish, or a look at the knobs and at the file that is
/// followed, if one is. None at the end.
fn wait(inner: &Inner, follows: bool) -> Option<(Option<Job>, Option<Live>)> {
    let mut state = inner.state();
    let mut looked = false;
    loop {
        if state.stop {
            return None;
        }
        if let Some(job) = state.queue.pop_front() {
            return Some((Some(job), None));
        }
        if looked || (follows && state.status.following.is_none()) {
            return Some((None, state.status.following.clone()));
        }
        if !state.is_active() && state.status.following.is_none() {
            // Nothing to do before there is news.
            state = inner.news.wait(state).unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        let pause = if state.status.following.is_some() { LOOK_AT_FILE } else { LOOK };
        let waited = inner.news.wait_timeout(state, pause);
        let (next, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        (state, looked) = (next, timeout.timed_out());
    }
}

impl Following {
    fn new(inner: &Inner, path: PathBuf) -> Self {
        let mut state = inner.state();
        state.measured = None;
        let known = (state.status.content.clone(), state.record.clone());
        let follower = Follower::new(path);
        Self { follower, known, lost: false, fresh: true, sent: None, last: None }
    }

    /// Whether what is in the file has to be looked at as if it were new.
    fn is_outdated(&self, inner: &Inner) -> bool {
        let state = inner.state();
        let same_content = match (&self.known.0, &state.status.content) {
            (Some(known), Some(now)) => Arc::ptr_eq(known, now),
            (known, now) => known.is_none() && now.is_none(),
        };
        self.lost || !same_content || !Arc::ptr_eq(&self.known.1, &state.record)
    }

    /// Takes what is new in the file, and says what becomes of it.
    fn look(&mut self, inner: &Inner) {
        let number = Number(inner.state().wishes);
        match self.follower.poll() {
            Some(Event::Loaded { content: graph, revision, bytes_hash }) => {
                let path = self.follower.path();
                let plays = if self.fresh { inner.adopt_live(path, &bytes_hash) } else { None };
                let allow = inner.is_allowed();
                let loaded = from_live(path, graph, bytes_hash.clone(), allow);
                let ack = Ack {
                    revision,
                    hash: Some(bytes_hash),
                    pid: std::process::id(),
                    ..Ack::default()
                };
                self.fresh = false;
                match plays {
                    Some(content) => self.say(inner, ack, content),
                    None => self.play(inner, number, loaded, ack),
                }
            }
            Some(Event::Failed { error, revision, bytes_hash }) => {
                let why = error.to_string();
                (self.fresh, self.sent) = (false, None);
                self.lost = !inner.refuse_live(number, &format!("{}: {why}.", self.shown()), None);
                self.acknowledge(&Ack {
                    revision,
                    hash: bytes_hash,
                    error: Some(why),
                    pid: std::process::id(),
                    ..Ack::default()
                });
            }
            Some(_) => {}
            None => self.complete(inner),
        }
    }

    fn shown(&self) -> String {
        self.follower.path().display().to_string()
    }

    fn play(&mut self, inner: &Inner, number: Number, loaded: Loaded, mut ack: Ack) {
        self.sent = None;
        let (allow, lines) = (loaded.record.allowed(), loaded.content.lines());
        let built = inner.setup().map(|setup| {
            let before = self.relative(inner, lines);
            inner.build(&loaded.content, setup, allow, before.as_ref())
        });
        match built.transpose() {
            Ok(built) => {
                let prepared = built.as_ref().map(|(prepared, _)| prepared.clone());
                let (content, record) = (loaded.content.clone(), loaded.record.clone());
                self.lost = !inner.take_live(number, loaded, built);
                if self.lost {
                    return;
                }
                self.known = (Some(content.clone()), record);
                self.last = prepared.map(|prepared| (lines, prepared)).or(self.last.take());
                self.say(inner, ack, content);
            }
            Err(Refused { why, insistable, proven }) => {
                let words = format!("{}: {why}.", self.shown());
                self.lost = !inner.refuse_live(number, &words, insistable.then_some(loaded));
                if let Some(proven) = proven {
                    (ack.verdict, ack.unstable_poles) =
                        (Some(proven.verdict), proven.unstable_poles);
                }
                ack.error = Some(why);
                self.acknowledge(&ack);
            }
        }
    }

    /// What was sent before and had as many lines: the one that was measured last, if
    /// one was.
    fn relative(&self, inner: &Inner, lines: usize) -> Option<Arc<Prepared>> {
        let (_, last) = self.last.as_ref().filter(|(before, _)| *before == lines)?;
        let measured = inner.state().measured.clone();
        let same = |(_, before, _): &Measured| *before == lines;
        Some(measured.filter(same).map_or_else(|| last.clone(), |(prepared, ..)| prepared))
    }

    /// Acknowledges that `content` was taken, and from now on what becomes of it.
    fn say(&mut self, inner: &Inner, mut ack: Ack, content: Arc<Content>) {
        let rt60 = inner.rt60.load(Relaxed);
        ack.rt60 = (rt60 > 0.0).then_some(f64::from(rt60));
        inner.update(&mut ack, &content);
        self.acknowledge(&ack);
        self.sent = Some((ack, content));
    }

    /// Acknowledges what has become of what was taken last, if it is news.
    fn complete(&mut self, inner: &Inner) {
        let Some((before, content)) = &self.sent else { return };
        let mut ack = before.clone();
        inner.update(&mut ack, content);
        if ack != *before {
            self.acknowledge(&ack);
            self.sent = Some((ack, content.clone()));
        }
    }

    /// Without it only the trainer knows less.
    fn acknowledge(&self, ack: &Ack) {
        if let Err(error) = live::acknowledge(self.follower.path(), ack) {
            nice_plug::nice_log!("{error}");
        }
    }
}

impl State {
    /// Whether what is known of the times of what is followed is too old.
    fn is_measuring_due(&self) -> bool {
        let follows = self.status.following.is_some();
        follows && self.measured.as_ref().is_none_or(|(.., at)| at.elapsed() >= MEASURE)
    }
}

/// Proves and measures what plays, when nothing newer does.
fn prove(inner: &Inner) {
    let mut done: Option<Arc<Prepared>> = None;
    loop {
        let Some(prepared) = next_to_prove(inner, done.as_ref()) else { return };
        prepared.certify(&|| inner.state().stop);
        inner.tell_proof(&prepared);
        let newer = || {
            let state = inner.state();
            let playing = state.playing.as_ref();
            let is_other = !playing.is_some_and(|playing| Arc::ptr_eq(playing, &prepared));
            // Times are not to change in the middle of a render.
            let offline = inner.offline.load(Relaxed);
            state.stop || offline || (is_other && !state.is_measuring_due())
        };
        prepared.model.calibrate_unless(&newer);
        if prepared.model.is_calibrated() {
            let mut state = inner.state();
            let lines = state.status.lines();
            state.measured = Some((prepared.clone(), lines, Instant::now()));
        }
        inner.repaint();
        done = Some(prepared);
    }
}

/// What plays now and is not `done`, once it has played for a moment.
fn next_to_prove(inner: &Inner, done: Option<&Arc<Prepared>>) -> Option<Arc<Prepared>> {
    let mut state = inner.state();
    let mut seen: Option<Arc<Prepared>> = None;
    loop {
        if state.stop {
            return None;
        }
        let same =
            |a: Option<&Arc<Prepared>>, b: &Arc<Prepared>| a.is_some_and(|a| Arc::ptr_eq(a, b));
        let offline = inner.offline.load(Relaxed);
        let playing = state.playing.clone().filter(|playing| !same(done, playing) && !offline);
        let Some(playing) = playing else {
            seen = None;
            state = inner.news.wait(state).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        let quiet = same(seen.as_ref(), &playing) || state.status.following.is_none();
        if quiet || state.is_measuring_due() {
            return Some(playing);
        }
        seen = Some(playing);
        let waited = inner.news.wait_timeout(state, QUIET);
        let (next, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        state = next;
        if !timeout.timed_out() {
            // Something happened: it may play only now.
            seen = None;
        }
    }
}

impl Inner {
    /// Brings up to date what is said of `content`, if it is what plays: at whatever size
    /// and rate by now. A verdict holds until there is another.
    fn update(&self, ack: &mut Ack, content: &Arc<Content>) {
        let state = self.state();
        if !state.status.content.as_ref().is_some_and(|now| Arc::ptr_eq(now, content)) {
            return;
        }
        ack.playing = state.playing.is_some();
        if let Some(proven) = state.playing.as_ref().and_then(|playing| playing.proven()) {
            (ack.verdict, ack.unstable_poles) = (Some(proven.verdict), proven.unstable_poles);
        }
    }

    /// Says what was proven, if it still plays.
    fn tell_proof(&self, prepared: &Arc<Prepared>) {
        let mut state = self.state();
        if state.playing.as_ref().is_some_and(|playing| Arc::ptr_eq(playing, prepared))
            && let Some(proven) = prepared.proven()
        {
            state.status.proof = Proof::Done(proven.clone());
        }
        drop(state);
        self.repaint();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inner_tests::{inner, sent};

    #[test]
    fn a_file_is_read_again_if_nothing_came_of_it() {
        let inner = inner();
        let mut following = Following::new(&inner, "nowhere.json".into());
        assert!(!following.is_outdated(&inner));
        // Something was asked for while it was being built.
        inner.state().wishes += 1;
        following.play(&inner, Number(0), sent("void"), Ack::default());
        assert!(following.is_outdated(&inner) && inner.state().status.content.is_none());
        // What plays was decided elsewhere.
        let following = Following::new(&inner, "nowhere.json".into());
        inner.prepare();
        assert!(following.is_outdated(&inner));
    }
}
