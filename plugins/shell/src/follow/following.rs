//! One look after the other at a file that is followed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use live::{Ack, Event, Follower, Verdict};

use super::{Models, Sent};
use crate::instance::Holding;

/// Between two looks.
pub const LOOK: Duration = Duration::from_millis(10);

/// What plays a model that may be followed. None of it is for the audio thread.
pub trait Player {
    /// What plays, and what is saved of it.
    type Held: Holding;

    /// The file that is to be followed by now. None while there is none, and in an offline
    /// render, which is to be the same each time.
    fn followed(&self) -> Option<PathBuf>;

    /// Counts what was asked for: what was begun before something else was is void.
    fn wishes(&self) -> u64;

    /// What it holds.
    fn held(&self) -> Self::Held;

    /// Counts `sent` as taken from the file once more, if its bytes are what plays: those
    /// with this `hash`.
    fn adopt(&self, sent: &Sent, hash: &str) -> bool;

    /// Plays what came in the file at `path`, and returns what it holds from then on; none
    /// if something was asked for since `wishes`.
    ///
    /// # Errors
    /// Says why it cannot be played. What played before goes on.
    fn take(
        &self,
        wishes: u64,
        path: &Path,
        sent: Sent,
        hash: &str,
    ) -> Result<Option<Self::Held>, String>;

    /// Shows why what came last in the file at `path` is not played. Returns whether nothing
    /// was asked for since `wishes`.
    fn refuse(&self, wishes: u64, path: &Path, why: &str) -> bool;

    /// Whether what it holds is being played: the host may not have begun yet.
    fn plays(&self) -> bool;
}

/// A file that is followed, and what is known of it.
pub struct Following<H> {
    follower: Follower<Models>,
    /// What was held when it was decided here: where it is something else by now, others
    /// decided, and the file is news again.
    known: H,
    /// Whether something was found in the file while something else was asked for, and
    /// nothing came of it.
    lost: bool,
    /// What was acknowledged of what plays.
    sent: Option<Ack>,
}

/// Looks at the file that `player` follows by now, and plays what is new in it.
pub fn look<P: Player>(following: &mut Option<Following<P::Held>>, player: &P) {
    let path = player.followed();
    let is_other = |f: &Following<P::Held>| {
        Some(f.follower.path()) != path.as_deref() || f.is_outdated(player)
    };
    if following.as_ref().is_some_and(is_other) {
        *following = None;
    }
    if let Some(path) = path {
        following.get_or_insert_with(|| Following::new(player.held(), path)).poll(player);
    }
}

impl<H: Holding> Following<H> {
    fn new(known: H, path: PathBuf) -> Self {
        Self { follower: Follower::new(path), known, lost: false, sent: None }
    }

    /// Whether what is in the file has to be looked at as if it were new.
    fn is_outdated(&self, player: &impl Player<Held = H>) -> bool {
        // What `known` holds stays where it is, so that nothing else can lie there.
        let place = |held: &H| held.shared().map(|(address, _)| address);
        self.lost || place(&self.known) != place(&player.held())
    }

    /// Takes what is new in the file, and says what becomes of it.
    fn poll(&mut self, player: &impl Player<Held = H>) {
        let wishes = player.wishes();
        match self.follower.poll() {
            Some(Event::Loaded { content, revision, bytes_hash }) => {
                let ack = self.answer(revision, Some(&bytes_hash));
                if player.adopt(&content, &bytes_hash) {
                    return self.say(ack, player);
                }
                match player.take(wishes, self.follower.path(), content, &bytes_hash) {
                    Ok(Some(held)) => {
                        self.known = held;
                        self.say(ack, player);
                    }
                    Ok(None) => self.lost = true,
                    Err(why) => self.refuse(wishes, player, ack, why),
                }
            }
            Some(Event::Failed { error, revision, bytes_hash }) => {
                let ack = self.answer(revision, bytes_hash.as_deref());
                self.refuse(wishes, player, ack, error.to_string());
            }
            // Nothing is new, but for what became of what was.
            _ => self.complete(player),
        }
    }

    /// What is the same in every answer.
    fn answer(&self, revision: Option<u64>, hash: Option<&str>) -> Ack {
        let pid = std::process::id();
        Ack { revision, hash: hash.map(str::to_owned), pid, ..Ack::default() }
    }

    fn refuse(&mut self, wishes: u64, player: &impl Player<Held = H>, mut ack: Ack, why: String) {
        self.lost = !player.refuse(wishes, self.follower.path(), &why);
        (ack.verdict, ack.error) = (Some(Verdict::Refused), Some(why));
        self.acknowledge(&ack);
        self.sent = None;
    }

    /// Acknowledges that something was taken, and from now on whether it plays.
    fn say(&mut self, mut ack: Ack, player: &impl Player<Held = H>) {
        ack.playing = player.plays();
        ack.verdict = ack.playing.then_some(Verdict::Playing);
        self.acknowledge(&ack);
        self.sent = Some(ack);
    }

    /// Says so once it plays, or does no longer.
    fn complete(&mut self, player: &impl Player<Held = H>) {
        if let Some(ack) = self.sent.take_if(|ack| ack.playing != player.plays()) {
            self.say(ack, player);
        }
    }

    /// Without it only the trainer knows less.
    fn acknowledge(&self, ack: &Ack) {
        if let Err(error) = live::acknowledge(self.follower.path(), ack) {
            nice_plug::nice_log!("{error}");
        }
    }
}
