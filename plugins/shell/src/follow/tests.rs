//! A player that is only told of, and files as trainers leave them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use live::{Ack, Verdict, acknowledged};

use super::*;
use crate::instance::Holding;

#[derive(Clone)]
struct Held(Arc<f64>);

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Holding for Held {
    fn shared(&self) -> [(usize, usize); 2] {
        [(Arc::as_ptr(&self.0).addr(), 8), (0, 0)]
    }
}

struct State {
    held: Held,
    hash: String,
    wishes: u64,
    live: Option<Live>,
    error: Option<String>,
    host_plays: bool,
    /// Another wish comes in the middle of the next model.
    interrupted: bool,
}

/// Plays models of at most 4 weights.
struct Deck(Mutex<State>);

impl Deck {
    fn new(path: &Path) -> Self {
        Self(Mutex::new(State {
            held: Held(Arc::new(0.0)),
            hash: String::new(),
            wishes: 0,
            live: Some(Live::new(path.to_owned())),
            error: None,
            host_plays: true,
            interrupted: false,
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl State {
    fn shown(&mut self) -> Shown<'_> {
        Shown { live: &mut self.live, error: &mut self.error }
    }
}

impl Player for Deck {
    type Held = Held;

    fn followed(&self) -> Option<PathBuf> {
        self.state().live.as_ref().map(|live| live.path.clone())
    }

    fn wishes(&self) -> u64 {
        self.state().wishes
    }

    fn held(&self) -> Held {
        self.state().held.clone()
    }

    fn adopt(&self, sent: &Sent, hash: &str) -> bool {
        let mut state = self.state();
        state.hash == hash && state.shown().adopt(&sent.model)
    }

    fn take(
        &self,
        wishes: u64,
        _path: &Path,
        sent: Sent,
        hash: &str,
    ) -> Result<Option<Held>, String> {
        if sent.model.weights() > 4 {
            return Err("expected at most 4 weights".into());
        }
        let mut state = self.state();
        if std::mem::take(&mut state.interrupted) {
            state.wishes += 1;
        }
        if state.wishes != wishes {
            return Ok(None);
        }
        state.held = Held(Arc::new(sent.model.metadata().esr.unwrap_or(1.0)));
        state.hash = hash.into();
        state.error = None;
        state.live.as_mut().unwrap().take(&sent.model);
        Ok(Some(state.held.clone()))
    }

    fn refuse(&self, wishes: u64, path: &Path, why: &str) -> bool {
        let mut state = self.state();
        state.shown().refuse(path, why);
        state.wishes == wishes
    }

    fn plays(&self) -> bool {
        self.state().host_plays
    }
}

fn model(more: &str, weight: f64) -> String {
    format!(
        r#"{{"format": "kiln-drive", "version": 1, {more} "layers": [
            {{"type": "dense", "weights": [[{weight}]], "bias": [0.0]}}, {{"type": "tanh"}}]}}"#
    )
}

fn publish(path: &Path, text: &str) {
    crate::disk::write(path, text.as_bytes()).expect("to write");
}

fn file(test: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("kiln-follow-{}-{test}", std::process::id()));
    let _none_yet = fs::remove_dir_all(&folder);
    folder.join("pedal.json")
}

/// Looks until the answer is what `is` waits for.
fn until(
    following: &mut Option<Following<Held>>,
    deck: &Deck,
    path: &Path,
    is: impl Fn(&Ack) -> bool,
) -> Ack {
    let began = Instant::now();
    loop {
        look(following, deck);
        match acknowledged(path) {
            Ok(ack) if is(&ack) => return ack,
            other => assert!(began.elapsed() < Duration::from_secs(60), "{other:?}"),
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn each_file_is_played_or_refused_and_answered() {
    let path = file("answers");
    let deck = Deck::new(&path);
    let mut following = None;
    let text = model(r#""revision": 1, "esr": 0.25,"#, 0.5);
    publish(&path, &text);
    let ack = until(&mut following, &deck, &path, |ack| ack.revision == Some(1));
    let expected = Ack {
        revision: Some(1),
        hash: Some(hash(text.as_bytes())),
        verdict: Some(Verdict::Playing),
        playing: true,
        pid: std::process::id(),
        ..Ack::default()
    };
    assert_eq!(ack, expected);
    let live = deck.state().live.clone().unwrap();
    assert_eq!((live.revision, live.esr, live.reloads), (Some(1), Some(0.25), 1));
    // What does not play, for one reason or another; what played goes on.
    let nam = r#"{"architecture": "X", "version": "0.5.4", "config": {}, "weights": [],
        "metadata": {"training": {"revision": 4}}}"#;
    for (text, revision, words) in [
        (model(r#""revision": 1,"#, 0.6), Some(1), "revision: expected one above 1, found 1"),
        (text[..60].to_owned(), None, "not a model file"),
        (r#"{"revision": 9, "format": "other"}"#.to_owned(), Some(9), "format"),
        (nam.to_owned(), Some(4), "architecture"),
    ] {
        publish(&path, &text);
        let hash = hash(text.as_bytes());
        let ack = until(&mut following, &deck, &path, |a| a.hash.as_ref() == Some(&hash));
        let why = ack.error.expect("an error");
        assert!(why.contains(words), "{why}");
        assert_eq!((ack.verdict, ack.playing), (Some(Verdict::Refused), false));
        assert_eq!(ack.revision, revision, "{text}");
        let state = deck.state();
        assert!(state.error.as_ref().is_some_and(|e| e.contains(&why) && e.contains("pedal.json")));
        assert_eq!(state.live.as_ref().unwrap().error, Some(why));
        assert_eq!((state.live.as_ref().unwrap().revision, *state.held.0), (Some(1), 0.25));
    }
    // What plays comes back: nothing is built anew, and nothing is wrong any more.
    let held = deck.held();
    publish(&path, &text);
    until(&mut following, &deck, &path, |ack| ack.playing);
    assert!(deck.held() == held && deck.state().error.is_none());
    assert_eq!(deck.state().live.as_ref().unwrap().error, None);
    // Nor does what is read, but cannot be played.
    let large = r#"{"format": "kiln-drive", "version": 1, "revision": 3, "layers": [
        {"type": "dense", "weights": [[1], [2]], "bias": [0, 0]},
        {"type": "dense", "weights": [[1, 2]], "bias": [0]}]}"#;
    publish(&path, large);
    let ack = until(&mut following, &deck, &path, |ack| ack.revision == Some(3));
    assert_eq!((ack.verdict, ack.playing), (Some(Verdict::Refused), false));
    assert_eq!(ack.error.as_deref(), Some("expected at most 4 weights"));
    assert!(deck.held() == held);
    // A file without a revision always plays.
    publish(&path, &model("", 0.7));
    let ack = until(&mut following, &deck, &path, |ack| ack.playing && ack.revision.is_none());
    assert_eq!(ack.verdict, Some(Verdict::Playing));
    assert_eq!(deck.state().live.as_ref().unwrap().esr, None);
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
}

#[test]
fn what_is_taken_plays_once_the_host_does() {
    let path = file("host");
    let deck = Deck::new(&path);
    deck.state().host_plays = false;
    let mut following = None;
    publish(&path, &model("", 0.5));
    let ack = until(&mut following, &deck, &path, |_| true);
    assert_eq!((ack.verdict, ack.playing, ack.error), (None, false, None));
    deck.state().host_plays = true;
    let ack = until(&mut following, &deck, &path, |ack| ack.playing);
    assert_eq!(ack.verdict, Some(Verdict::Playing));
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
}

#[test]
fn a_file_is_news_again_where_something_else_was_decided() {
    let path = file("again");
    let deck = Deck::new(&path);
    let mut following = None;
    let taken = |following: &mut _, times: u64| {
        let began = Instant::now();
        while deck.state().live.as_ref().is_none_or(|live| live.reloads < times) {
            look(following, &deck);
            assert!(began.elapsed() < Duration::from_secs(60));
        }
    };
    // Something was asked for while it was being built.
    publish(&path, &model(r#""revision": 5, "esr": 0.5,"#, 0.5));
    deck.state().interrupted = true;
    look(&mut following, &deck);
    assert_eq!((*deck.held().0, acknowledged::<Verdict>(&path).is_err()), (0.0, true));
    taken(&mut following, 1);
    assert_eq!(*deck.held().0, 0.5);
    // Something else plays, as after an undo: that the revision is no higher is no matter.
    {
        let mut state = deck.state();
        (state.held, state.hash) = (Held(Arc::new(0.125)), String::new());
    }
    taken(&mut following, 2);
    assert_eq!(*deck.held().0, 0.5);
    // Nothing is followed any more, and nothing comes of what is new.
    let live = deck.state().live.take();
    publish(&path, &model(r#""revision": 6, "esr": 0.25,"#, 0.5));
    look(&mut following, &deck);
    assert!(following.is_none() && *deck.held().0 == 0.5);
    deck.state().live = live;
    taken(&mut following, 3);
    assert_eq!(*deck.held().0, 0.25);
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
}

#[test]
fn what_is_shown_stays_with_its_file() {
    let path = Path::new("/x/pedal.json");
    let mut live = Live::new(path.to_owned());
    live.take(&nn::Model::load(model(r#""esr": 0.0213,"#, 1.0).as_bytes()).unwrap());
    assert_eq!(live.followed().words(), "#1 · ESR 2.1 %");
    let kept = Live::keep(Some(live.clone()), Some(path.to_owned()));
    assert_eq!(kept, Some(live.clone()));
    let other = PathBuf::from("/x/other.json");
    assert_eq!(Live::keep(Some(live.clone()), Some(other.clone())), Some(Live::new(other)));
    assert_eq!(Live::keep(Some(live), None), None);
    let mut shown = (None, Some("read me".to_owned()));
    Shown { live: &mut shown.0, error: &mut shown.1 }.refuse(path, "late");
    assert_eq!(shown, (None, Some("read me".to_owned())));
}
