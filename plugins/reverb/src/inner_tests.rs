//! Threads that finish at the wrong moment, one step at a time.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use nice_plug_egui::RepaintNotifier;

use crate::engine::{Held, Wish};
use crate::inner::{Inner, Number, Replaced};
use crate::prepared::{Prepared, Setup};
use crate::source::{Loaded, from_live};

const HERE: Setup = Setup { rate: 48_000.0, size: 1.0 };

pub(crate) fn inner() -> Inner {
    let (loader, _reverb) = fx::Reverb::new(HERE.rate);
    Inner::new(loader, None, RepaintNotifier::new())
}

/// Two lines in a loop, as a trainer sends them in a file whose hash is `key`.
pub(crate) fn sent(key: &str) -> Loaded {
    let matrix = |name: &str, values: &str| {
        format!(r#"{{"type":"matrix","name":"{name}","inputs":2,"outputs":2,"matrix":{values}}}"#)
    };
    let back = matrix("back", "[[0.6,0.6],[0.6,-0.6]]");
    let out = matrix("out", "[[1,0],[0,1]]");
    let json = format!(
        r#"{{"format":"kiln-fdn","version":1,"name":"Sent","sample_rate":48000,
        "root":{{"type":"series","name":"all","inputs":2,"outputs":2,"children":[
        {{"type":"recursion","name":"loop","inputs":2,"outputs":2,"backward":{back},"forward":
        {{"type":"delay","name":"lines","inputs":2,"outputs":2,"samples":[503,691]}}}},{out}]}}}}"#
    );
    let graph = fdn::Graph::load(json.as_bytes()).expect("a graph");
    from_live(Path::new("live.json"), graph, key.into(), false)
}

/// The rate of what plays.
fn rate(inner: &Inner) -> Option<f32> {
    inner.state().playing.as_ref().map(|playing| playing.setup.rate)
}

#[test]
fn what_was_built_before_a_graph_was_sent_does_not_replace_it() {
    let inner = inner();
    inner.state().rate = Some(HERE.rate);
    inner.prepare();
    let before = inner.state().status.content.clone().expect("it plays");
    let built = inner.build(&before, HERE, false, None);
    let loaded = sent("new");
    let newer = inner.build(&loaded.content, HERE, false, None).ok();
    let (prepared, _) = newer.clone().expect("it is stable");
    assert!(inner.take_live(Number(0), loaded, newer));
    assert_eq!(inner.replace(&before, 0, HERE, built), Replaced::Outdated);
    let playing = inner.state().playing.clone().expect("it plays");
    assert!(Arc::ptr_eq(&playing, &prepared), "what was sent later is gone");
}

#[test]
fn what_a_trainer_sends_plays_at_the_rate_of_the_host() {
    let inner = inner();
    let build = |loaded: &Loaded, rate| {
        let setup = Setup { rate, ..HERE };
        inner.build(&loaded.content, setup, false, None).ok().expect("it is stable")
    };
    // Built before the host changed its rate, and before it said one.
    for (host, built) in [(44_100.0, Some(HERE.rate)), (48_000.0, None)] {
        inner.state().rate = Some(host);
        let loaded = sent("new");
        let built = built.map(|rate| build(&loaded, rate));
        assert!(inner.take_live(Number(0), loaded, built));
        assert_eq!(rate(&inner), Some(host));
    }
    // The host stopped meanwhile, and goes on at another rate.
    let loaded = sent("new");
    let built = build(&loaded, 48_000.0);
    inner.state().rate = None;
    assert!(inner.take_live(Number(0), loaded, Some(built)));
    assert_eq!(rate(&inner), None);
    inner.state().rate = Some(96_000.0);
    inner.prepare();
    assert_eq!(rate(&inner), Some(96_000.0));
}

#[test]
fn a_render_begins_with_times_that_are_found() {
    let inner = inner();
    inner.state().rate = Some(HERE.rate);
    // What others of this process measured is shared by its key.
    assert!(inner.take_live(Number(0), sent("never measured"), None));
    let model = inner.state().playing.as_ref().map(|playing| playing.model.clone());
    let model = model.expect("it plays");
    assert!(!model.is_calibrated(), "nothing is left to find");
    inner.offline.store(true, Relaxed);
    inner.prepare();
    assert!(model.is_calibrated());
    let playing = inner.state().playing.as_ref().map(|playing| playing.model.clone());
    assert!(playing.is_some_and(|playing| Arc::ptr_eq(&playing, &model)), "it was built anew");
}

#[test]
fn a_size_that_cannot_be_had_leaves_what_plays() {
    let inner = inner();
    let turn = |size: f32| inner.size.store(size, Relaxed);
    let playing = || inner.state().playing.as_ref().map(|playing| playing.setup);
    inner.state().rate = Some(HERE.rate);
    assert!(inner.take_live(Number(0), sent("sizes"), None));
    turn(20.0);
    assert!(inner.is_due());
    for _ in 0..2 {
        inner.resize();
        inner.prepare();
        let error = inner.state().status.error.clone().unwrap_or_default();
        assert!(error.starts_with("At this size Sent is not played: "), "{error}");
        assert_eq!((playing(), inner.is_due()), (Some(HERE), false));
    }
    turn(1.0);
    assert!(!inner.is_due() && inner.state().status.error.is_none());

    // Not to be had where the host begins at another rate, either: silence, until it is.
    turn(20.0);
    inner.state().rate = Some(44_100.0);
    inner.prepare();
    assert!(inner.state().status.error.is_some());
    assert_eq!((playing(), inner.is_due()), (None, false));
    turn(2.0);
    assert!(inner.is_due());
    inner.resize();
    assert_eq!(playing(), Some(Setup { rate: 44_100.0, size: 2.0 }));
    assert!(!inner.is_due() && inner.state().status.error.is_none());
}

#[test]
fn who_ends_waits_for_no_proof() {
    let content = sent("unproven").content;
    let prepared = Prepared::new(&content, HERE).expect("it can be built");
    assert!(prepared.certify(&|| true).is_none() && prepared.proven().is_none());
    assert!(prepared.refusal().contains("time"));
    assert!(prepared.certify(&|| false).is_some() && prepared.proven().is_some());
}

#[test]
fn nothing_is_said_to_be_loaded_for_ever() {
    let inner = inner();
    let loading = || inner.state().status.loading.clone();
    // What is void already is not begun.
    let void = inner.announce("one");
    let restored = inner.announce("two");
    inner.run(void, Wish::Factory("spring"));
    assert_eq!(loading().as_deref(), Some("two"));
    // Nor is it over before what came after it.
    inner.run(void, Wish::Insist);
    assert_eq!(loading().as_deref(), Some("two"));
    inner.state().rate = Some(HERE.rate);
    // Nothing was refused, so there is nothing to do; the first may play now.
    inner.run(restored, Wish::Insist);
    assert_eq!((loading(), rate(&inner)), (None, Some(HERE.rate)));
    let state = inner.state();
    let plays = Held { content: state.status.content.clone(), record: state.record.clone() };
    drop(state);
    let number = inner.announce("three");
    inner.run(number, Wish::Put(plays, 7));
    assert_eq!((loading(), inner.state().put), (None, 7));
}
