//! How wishes are fulfilled: the player's, and a project's.

use std::path::Path;
use std::sync::Arc;

use fx::{factory, preset};
use shell::files;
use shell::follow::Live;
use shell::path::PathText;

use crate::engine::{Held, Wish};
use crate::files::folder;
use crate::inner::{Inner, Number, State};
use crate::saved::{Record, Saved};
use crate::source::{self, Loaded, Source};

/// Files that do not load which a step passes over at once.
const MOST_STEPS: usize = 8;

impl Inner {
    /// Announces a wish, which is void once another is announced.
    fn announce(&self, name: &str) -> Number {
        let mut state = self.state();
        state.wishes += 1;
        state.status.loading = Some(name.into());
        let number = Number(state.wishes);
        drop(state);
        self.repaint();
        number
    }

    /// Ends a wish; `record` is the project's, where a project made it.
    fn fulfil(
        &self,
        number: Number,
        name: &str,
        loaded: Result<Loaded, String>,
        record: Option<Arc<Record>>,
    ) {
        let setup = self.setup();
        let built = loaded.and_then(|loaded| {
            let built = match (setup, &loaded.content) {
                (Some(setup), Some(content)) => Some(Self::build(content, setup)?),
                _ => None,
            };
            Ok((loaded, built))
        });
        let mut state = self.state();
        if state.wishes != number.0 {
            return;
        }
        state.status.loading = None;
        state.status.notice = None;
        match built {
            Ok((loaded, built)) => {
                state.take(loaded);
                self.offer_fitting(&mut state, built);
            }
            Err(why) => {
                state.status.error = Some(not_loaded(name, &why));
                state.unplayed = record.or(state.unplayed.take());
            }
        }
        drop(state);
        self.repaint();
        // The host may have changed its rate meanwhile.
        self.prepare();
    }

    /// Plays what a project saved.
    pub(crate) fn restore(&self, record: Record) {
        let name = record.name();
        let number = self.announce(&name);
        let loaded = source::from_record(&record);
        self.fulfil(number, &name, loaded, Some(Arc::new(record)));
    }

    /// Does what was asked under `number`, on this thread.
    pub(crate) fn run(&self, number: Number, wish: Wish) {
        match wish {
            Wish::Open(path) => self.open(number, &path),
            Wish::Factory(id) => self.factory(number, id),
            Wish::Clear => {
                if self.begin(number, "nothing") {
                    self.fulfil(number, "nothing", Ok(Loaded::nothing()), None);
                }
            }
            Wish::Step(step) => self.step(number, step),
            Wish::Follow(on) => self.follow(number, on),
            Wish::Put(held, put) => {
                self.put(number, held);
                let mut state = self.state();
                state.put = state.put.max(put);
            }
            Wish::Check => self.check(number),
        }
    }

    fn open(&self, number: Number, path: &Path) {
        let name = source::file_name(path);
        if self.begin(number, &name) {
            self.fulfil(number, &name, source::from_file(path), None);
        }
    }

    fn factory(&self, number: Number, id: &str) {
        if self.begin(number, id) {
            self.fulfil(number, id, source::from_factory(id), None);
        }
    }

    fn put(&self, number: Number, held: Held) {
        let same = {
            let state = self.state();
            let now = Held { content: state.status.content.clone(), record: state.record.clone() };
            now == held
        };
        let Held { content, record } = held;
        // What was held before anything was decided is nothing that could be put back.
        if same || content.is_none() && !record.is_empty() {
            return self.end(number);
        }
        let name = content.as_ref().map_or("nothing".into(), |content| content.name.clone());
        self.fulfil(number, &name, Ok(Loaded { content, record }), None);
    }

    /// Goes to another file of the folder, past what does not load, or one would be stuck
    /// before it; or to another that is built in.
    fn step(&self, number: Number, step: isize) {
        let source = self.state().status.source().cloned();
        let path = match &source {
            Some(Source::Factory(id)) => {
                let ids: Vec<&'static str> = factory::DRIVES.iter().map(|item| item.id).collect();
                return match files::step(&ids, Some(id), step) {
                    Some(id) => self.factory(number, id),
                    None => self.end(number),
                };
            }
            source => source.as_ref().and_then(Source::path),
        };
        let Some((path, parent)) = path.and_then(|path| Some((path, path.parent()?))) else {
            return self.end(number);
        };
        let found = folder(parent);
        let mut name = source::file_name(path);
        for _ in 0..MOST_STEPS {
            let Some(next) = files::step(&found.files, Some(&name), step) else {
                return self
                    .complain(number, format!("There are no models in {}.", parent.display()));
            };
            name = next.to_owned();
            let path = parent.join(next);
            self.open(number, &path);
            let state = self.state();
            if state.wishes != number.0
                || state.status.source().and_then(Source::path) == Some(&path)
            {
                return;
            }
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
    pub(crate) fn end(&self, number: Number) {
        let mut state = self.state();
        if state.wishes == number.0 {
            state.status.loading = None;
        }
        drop(state);
        self.repaint();
        // The host may have begun to play meanwhile, and waited for what was void.
        self.prepare();
    }

    /// Ends a wish that came to nothing.
    fn complain(&self, number: Number, why: String) {
        let mut state = self.state();
        if state.wishes == number.0 {
            state.status.error = Some(why);
        }
        drop(state);
        self.end(number);
    }

    /// Says so where the file of a restored project is gone or another by now.
    fn check(&self, number: Number) {
        let record = self.state().record.clone();
        let Record::Whole(Saved { path: Some(path), copy: Some(copy), follow: false, .. }) =
            &*record
        else {
            return;
        };
        let notice = noticed(path, copy);
        let mut state = self.state();
        if state.wishes == number.0 {
            state.status.notice = notice;
        }
        drop(state);
        self.repaint();
    }
}

/// What there is to say of the file that a project's copy was made from.
fn noticed(path: &PathText, copy: &str) -> Option<String> {
    let path = path.path();
    let shown = path.display();
    match preset::read_file(&path) {
        Err(why) => {
            Some(format!("{shown} cannot be read: {why}. Playing the copy in the project."))
        }
        Ok(bytes) if preset::unpack(copy).is_ok_and(|copy| copy == bytes) => None,
        Ok(_) => Some(format!("{shown} has changed. Playing the copy in the project.")),
    }
}

impl State {
    /// Says that `loaded` plays.
    pub(crate) fn take(&mut self, loaded: Loaded) {
        let Loaded { content, record } = loaded;
        self.status.error = None;
        self.status.following = Live::keep(self.status.following.take(), record.follows());
        let source = content.as_ref().map(|content| &content.source);
        self.unchecked =
            matches!(source, Some(Source::Project(Some(_)))) && self.status.following.is_none();
        self.status.content = content;
        self.record = record;
        (self.unplayed, self.failed) = (None, None);
        self.decided = true;
    }
}

/// Why nothing came of `name`.
pub(crate) fn not_loaded(name: &str, why: &str) -> String {
    format!("{name} was not loaded: {why}.")
}
