//! How the file of what plays is followed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use shell::follow::{Live, Player, Sent};

use crate::engine::Held;
use crate::inner::{Inner, Number};
use crate::saved::{Record, Saved};
use crate::source::from_live;

impl Inner {
    /// Follows the file of what plays from now on, or no longer. What plays goes on until
    /// there is something else in the file.
    pub(crate) fn follow(&self, number: Number, on: bool) {
        let mut state = self.state();
        if state.wishes == number.0
            && let Record::Whole(saved) = &*state.record
            && let Some(path) = saved.path.as_ref().filter(|_| saved.follow != on)
        {
            let live = Live::new(path.path());
            let record = Record::Whole(Saved { follow: on, ..saved.clone() });
            state.record = Arc::new(record);
            state.status.following = on.then_some(live);
            (state.status.error, state.status.notice) = (None, None);
        }
        drop(state);
        self.end(number);
    }
}

impl Player for Inner {
    type Held = Held;

    fn followed(&self) -> Option<PathBuf> {
        let path = self.state().status.following.as_ref().map(|live| live.path.clone());
        path.filter(|_| !self.offline.load(Relaxed))
    }

    fn wishes(&self) -> u64 {
        self.state().wishes
    }

    fn held(&self) -> Held {
        let state = self.state();
        Held { content: state.status.content.clone(), record: state.record.clone() }
    }

    fn adopt(&self, sent: &Sent, hash: &str) -> bool {
        let mut state = self.state();
        let status = &mut state.status;
        let plays = status.content.as_ref().and_then(|content| content.hash.as_deref());
        if plays != Some(hash) || !status.shown().adopt(&sent.model) {
            return false;
        }
        drop(state);
        self.repaint();
        true
    }

    fn take(
        &self,
        wishes: u64,
        path: &Path,
        sent: Sent,
        hash: &str,
    ) -> Result<Option<Held>, String> {
        let loaded = from_live(path, sent, hash.to_owned());
        let built = match (self.setup(), &loaded.content) {
            (Some(setup), Some(content)) => Some(Self::build(content, setup)?),
            _ => None,
        };
        let mut state = self.state();
        if state.wishes != wishes {
            return Ok(None);
        }
        let held = Held { content: loaded.content.clone(), record: loaded.record.clone() };
        state.take(loaded);
        if let (Some(live), Some(content)) = (&mut state.status.following, &held.content) {
            live.take(&content.model);
        }
        state.status.notice = None;
        self.offer_fitting(&mut state, built);
        drop(state);
        self.repaint();
        // The host may have begun to play, or changed its rate, meanwhile.
        self.prepare();
        Ok(Some(held))
    }

    fn refuse(&self, wishes: u64, path: &Path, why: &str) -> bool {
        let mut state = self.state();
        let in_time = state.wishes == wishes;
        if in_time {
            state.status.shown().refuse(path, why);
        }
        drop(state);
        self.repaint();
        in_time
    }

    fn plays(&self) -> bool {
        let state = self.state();
        state.rate.is_some() && state.status.setup.is_some()
    }
}
