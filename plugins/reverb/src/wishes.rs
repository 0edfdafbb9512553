//! How wishes are fulfilled: the player's, a project's and a trainer's.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use crate::engine::{Held, Wish};
use crate::inner::{Inner, Number, Refused, State};
use crate::prepared::Prepared;
use crate::saved::{Record, Saved};
use crate::source::{self, Content, Loaded, Source};
use crate::status::Live;

impl Inner {
    /// Announces a wish, which is void once another is announced.
    pub(crate) fn announce(&self, name: &str) -> Number {
        let mut state = self.state();
        state.wishes += 1;
        state.status.loading = Some(name.into());
        let number = Number(state.wishes);
        drop(state);
        self.repaint();
        number
    }

    /// Ends a wish; `record` is the project's, where a project made it.
    pub(crate) fn fulfil(
        &self,
        number: Number,
        name: &str,
        loaded: Result<Loaded, String>,
        record: Option<Arc<Record>>,
    ) {
        let setup = self.setup();
        let kept = loaded.as_ref().ok().cloned();
        let built = loaded.map_err(Refused::from).and_then(|loaded| {
            let built = match setup {
                Some(setup) => {
                    Some(self.build(&loaded.content, setup, loaded.record.allowed(), None)?)
                }
                None => None,
            };
            Ok((loaded, built))
        });
        let mut state = self.state();
        if state.wishes != number.0 {
            return;
        }
        state.status.loading = None;
        state.status.notice = None;
        state.status.insistable = false;
        state.refused = None;
        match built {
            Ok((loaded, built)) => {
                self.take(&mut state, loaded);
                self.offer_fitting(&mut state, built);
            }
            Err(refused) => {
                state.status.error = Some(not_loaded(name, &refused.why));
                state.status.insistable = refused.insistable;
                state.refused = kept.filter(|_| refused.insistable);
                state.unplayed = record.or(state.unplayed.take());
            }
        }
        drop(state);
        self.repaint();
        // The host may have changed its rate meanwhile.
        self.prepare();
    }

    /// Says that `loaded` plays.
    fn take(&self, state: &mut State, loaded: Loaded) {
        let Loaded { content, record } = loaded;
        state.status.error = None;
        let follows = match &*record {
            Record::Whole(Saved { follow: true, path: Some(path), .. }) => Some(path.path()),
            _ => None,
        };
        let same = |live: &Live| Some(&live.path) == follows.as_ref();
        if !state.status.following.as_ref().is_some_and(same) {
            let live =
                |path| Live { path, revision: content.graph.revision, reloads: 0, latest: None };
            state.status.following = follows.map(live);
        }
        state.unchecked =
            matches!(content.source, Source::Project(Some(_))) && state.status.following.is_none();
        state.status.content = Some(content);
        state.record = record;
        (state.unplayed, state.failed) = (None, None);
        state.decided = true;
    }

    /// Takes what a trainer sent, unless something else was asked for since `number`.
    pub(crate) fn take_live(
        &self,
        number: Number,
        loaded: Loaded,
        built: Option<(Arc<Prepared>, bool)>,
    ) -> bool {
        let mut state = self.state();
        if state.wishes != number.0 {
            return false;
        }
        let revision = loaded.content.graph.revision;
        self.take(&mut state, loaded);
        state.count(revision);
        state.status.notice = None;
        state.status.insistable = false;
        state.refused = None;
        self.offer_fitting(&mut state, built);
        drop(state);
        self.repaint();
        // The host may have begun to play, or changed its rate, meanwhile.
        self.prepare();
        true
    }

    /// What plays, if it came in a file at `path` whose hash is `key`: it counts as taken
    /// from there once more.
    pub(crate) fn adopt_live(&self, path: &Path, key: &str) -> Option<Arc<Content>> {
        let mut state = self.state();
        let is = |content: &&Arc<Content>| {
            content.key == key && matches!(&content.source, Source::Live(from) if from == path)
        };
        let content = state.status.content.as_ref().filter(is)?.clone();
        state.count(content.graph.revision);
        drop(state);
        self.repaint();
        Some(content)
    }

    /// Says why what a trainer sent is not played, unless something else was asked for
    /// since `number`.
    pub(crate) fn refuse_live(&self, number: Number, why: &str, refused: Option<Loaded>) -> bool {
        let mut state = self.state();
        let in_time = state.wishes == number.0;
        if in_time {
            state.status.error = Some(why.into());
            state.status.insistable = refused.is_some();
            state.refused = refused;
        }
        drop(state);
        self.repaint();
        in_time
    }

    /// Whether the player insisted on what is followed.
    pub(crate) fn is_allowed(&self) -> bool {
        self.state().record.allowed()
    }

    /// Plays what a project saved.
    pub(crate) fn restore(&self, record: Record) {
        let name = record.name();
        let number = self.announce(&name);
        let loaded = source::from_record(&record, self.own.as_ref());
        self.fulfil(number, &name, loaded, Some(Arc::new(record)));
    }

    /// Does what was asked under `number`, on this thread.
    pub(crate) fn run(&self, number: Number, wish: Wish) {
        match wish {
            Wish::Open(path) => {
                let name = source::file_name(&path);
                if self.begin(number, &name) {
                    self.fulfil(number, &name, source::from_file(&path), None);
                }
            }
            Wish::Factory(id) => {
                if self.begin(number, id) {
                    self.fulfil(number, id, source::from_factory(id), None);
                }
            }
            Wish::Follow(path) => self.follow(number, Some(path)),
            Wish::StopFollowing => self.follow(number, None),
            Wish::Insist => {
                let refused = self.state().refused.clone();
                match refused {
                    Some(refused) => {
                        let name = refused.content.name.clone();
                        self.fulfil(number, &name, Ok(allowed(refused)), None);
                    }
                    None => self.end(number),
                }
            }
            Wish::Put(held, put) => {
                let plays = self.held() == held;
                match held {
                    Held { content: Some(content), record } if !plays => {
                        let name = content.name.clone();
                        self.fulfil(number, &name, Ok(Loaded { content, record }), None);
                    }
                    _ => self.end(number),
                }
                let mut state = self.state();
                state.put = state.put.max(put);
            }
            Wish::Check => self.check(number),
        }
    }

    /// Says what is being loaded, unless that is void by now.
    fn begin(&self, number: Number, name: &str) -> bool {
        let mut state = self.state();
        if state.wishes != number.0 {
            return false;
        }
        state.status.loading = Some(name.into());
        drop(state);
        self.repaint();
        true
    }

    /// Ends a wish there was nothing to do for: what was being loaded before is void.
    fn end(&self, number: Number) {
        let mut state = self.state();
        if state.wishes == number.0 {
            state.status.loading = None;
        }
        drop(state);
        self.repaint();
        // The host may have begun to play meanwhile, and waited for what was void.
        self.prepare();
    }

    fn held(&self) -> Held {
        let state = self.state();
        Held { content: state.status.content.clone(), record: state.record.clone() }
    }

    /// Follows a file from now on, or none. What plays goes on until there is something
    /// in it.
    fn follow(&self, number: Number, path: Option<PathBuf>) {
        let held = self.held();
        let mut state = self.state();
        if state.wishes != number.0 {
            return;
        }
        let mut record = held.record();
        if let Record::Whole(saved) = &mut record {
            saved.follow = false;
            if let Some(path) = &path {
                // The graph of the project, and where its successors will come from.
                let copy = saved.copy.take().or_else(|| {
                    let content = held.content.as_ref()?;
                    Some(fx::preset::pack(content.graph.to_json().as_bytes()))
                });
                *saved = Saved {
                    path: Some(path.as_path().into()),
                    copy,
                    name: held.content.as_ref().map(|content| content.name.clone()),
                    follow: true,
                    ..Saved::default()
                };
            }
        }
        if path.is_none()
            && let Some(Source::Live(from)) = state.status.source().cloned()
            && let Some(content) = &mut state.status.content
        {
            // What was sent last is the project's from now on.
            let source = Source::Project(Some(from));
            *content = Arc::new(Content { source, ..(**content).clone() });
        }
        state.record = Arc::new(record);
        (state.unplayed, state.decided) = (None, true);
        (state.status.error, state.status.loading) = (None, None);
        let live = |path| Live { path, revision: None, reloads: 0, latest: None };
        state.status.following = path.map(live);
        drop(state);
        self.news.notify_all();
        self.repaint();
    }

    /// Says so where the file of a restored project is gone or another by now.
    fn check(&self, number: Number) {
        let record = self.state().record.clone();
        let Record::Whole(Saved { path: Some(path), copy: Some(copy), follow: false, .. }) =
            &*record
        else {
            return;
        };
        let path = path.path();
        let shown = path.display();
        let notice = match fx::preset::read_file(&path) {
            Err(why) => {
                Some(format!("{shown} cannot be read: {why}. Playing the copy in the project."))
            }
            Ok(bytes) if fx::preset::unpack(copy).is_ok_and(|copy| copy == bytes) => None,
            Ok(_) => Some(format!("{shown} has changed. Playing the copy in the project.")),
        };
        let mut state = self.state();
        if state.wishes == number.0 {
            state.status.notice = notice;
        }
        drop(state);
        self.repaint();
    }
}

impl State {
    /// Counts what was taken from the file that is followed.
    fn count(&mut self, revision: Option<u64>) {
        if let Some(live) = &mut self.status.following {
            (live.revision, live.latest) = (revision, Some(Instant::now()));
            live.reloads += 1;
        }
    }
}

/// The same, though it is not proven.
fn allowed(loaded: Loaded) -> Loaded {
    let mut record = (*loaded.record).clone();
    if let Record::Whole(saved) = &mut record {
        saved.allow = true;
    }
    Loaded { record: Arc::new(record), ..loaded }
}

/// Why nothing came of `name`.
pub(crate) fn not_loaded(name: &str, why: &str) -> String {
    format!("{name} was not loaded: {why}.")
}
