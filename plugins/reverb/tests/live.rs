//! A file that is followed, end to end: what a trainer sends is played and answered.

mod host;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use fdn::live::{Ack, acknowledged};
use host::{energy, graph, impulse};
use kiln_reverb::source::Source;
use kiln_reverb::{KilnReverb, Wish};
use nice_plug::prelude::Plugin;

/// A plugin that follows `path`, where revision 1 of eight lines lies.
fn following(path: &Path) -> KilnReverb {
    host::replace(path, &graph(8, 0.9, Some(1)));
    let mut plugin = host::plugin();
    host::activate(&mut plugin);
    plugin.engine().ask(Wish::Follow(path.into()));
    host::until(&plugin, |s| s.source() == Some(&Source::Live(path.into())));
    plugin
}

/// What is acknowledged, once `done` is.
fn answer(path: &Path, done: impl Fn(&Ack) -> bool) -> Ack {
    for _ in 0..3000 {
        if let Ok(ack) = acknowledged(path)
            && done(&ack)
        {
            return ack;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it was never acknowledged: {:?}", acknowledged(path));
}

#[test]
fn every_file_is_answered() {
    let path = host::scratch("answers").join("live.json");
    let plugin = following(&path);
    let ack = answer(&path, |ack| ack.revision == Some(1) && ack.verdict.is_some());
    assert!(ack.playing && ack.error.is_none() && ack.hash.is_some());
    assert_eq!(ack.verdict, Some(fdn::Verdict::CertifiedStable));
    assert_eq!((ack.unstable_poles, ack.pid), (Some(0), std::process::id()));
    assert!(ack.rt60.is_some_and(|t| (t - 2.0).abs() < 1e-3), "{:?}", ack.rt60);

    host::replace(&path, &graph(8, 0.88, Some(2)));
    let status =
        host::until(&plugin, |s| s.following.as_ref().is_some_and(|live| live.revision == Some(2)));
    let live = status.following.expect("it follows");
    assert_eq!((live.reloads, live.latest.is_some()), (2, true));

    // What grows is refused, and what played goes on.
    host::replace(&path, &graph(8, 1.2, Some(3)));
    let ack = answer(&path, |ack| ack.revision == Some(3));
    assert!(!ack.playing && ack.error.is_some_and(|why| why.contains("unstable")));
    assert_eq!(ack.verdict, Some(fdn::Verdict::Unstable));
    let status = plugin.engine().status();
    assert!(status.insistable && status.error.is_some());
    assert_eq!(status.content.expect("it plays").graph.revision, Some(2));

    // A revision from before, and what is no graph.
    for (json, words) in [(graph(8, 0.5, Some(1)), "revision"), ("{\"a\":1}".into(), "format")] {
        host::replace(&path, &json);
        let ack = answer(&path, |ack| ack.error.as_ref().is_some_and(|e| e.contains(words)));
        assert!(!ack.playing);
    }
    host::replace(&path, &graph(8, 0.86, Some(4)));
    host::until(&plugin, |s| {
        s.error.is_none() && s.following.as_ref().is_some_and(|l| l.reloads == 3)
    });
}

#[test]
fn what_the_player_insists_on_is_acknowledged() {
    let path = host::scratch("insists").join("live.json");
    let plugin = following(&path);
    host::replace(&path, &graph(8, 1.05, Some(2)));
    answer(&path, |ack| ack.revision == Some(2) && ack.error.is_some());
    host::until(&plugin, |s| s.insistable);
    plugin.engine().ask(Wish::Insist);
    let ack = answer(&path, |ack| ack.playing && ack.revision == Some(2));
    assert_eq!((ack.error, ack.verdict), (None, Some(fdn::Verdict::Unstable)));
    assert!(host::until(&plugin, |s| s.guarded).error.is_none());
}

#[test]
fn a_verdict_comes_whatever_the_knobs_and_the_host_do_meanwhile() {
    let path = host::scratch("verdicts").join("live.json");
    host::replace(&path, &graph(8, 0.87, Some(1)));
    let mut plugin = host::plugin();
    plugin.engine().ask(Wish::Follow(path.clone()));
    // Nothing plays before the host does.
    let ack = answer(&path, |ack| ack.revision == Some(1));
    assert!(!ack.playing && ack.error.is_none());
    host::activate(&mut plugin);
    let ack = answer(&path, |ack| ack.playing && ack.verdict.is_some());
    assert_eq!(ack.verdict, Some(fdn::Verdict::CertifiedStable));
    // Another size before the proof.
    host::replace(&path, &graph(8, 0.86, Some(2)));
    host::until(&plugin, |s| s.following.as_ref().is_some_and(|l| l.revision == Some(2)));
    host::set(&plugin.kept().size, 1.7);
    host::process(&mut plugin, &mut vec![vec![0.0; 64]; 2]);
    answer(&path, |ack| ack.revision == Some(2) && ack.verdict.is_some());
    host::until(&plugin, |s| (s.size - 1.7).abs() < 1e-4);
}

#[test]
fn a_project_that_is_restored_has_what_was_sent_since() {
    let path = host::scratch("restored").join("live.json");
    let mut plugin = following(&path);
    let fields = plugin.params().serialize_fields();
    host::replace(&path, &graph(6, 0.88, Some(2)));
    host::until(&plugin, |s| s.lines() == 6);
    host::restore(&plugin, &fields);
    host::until(&plugin, |s| s.lines() == 6);
    // A choice that fails, and the same file again, change nothing that is heard.
    plugin.engine().ask(Wish::Open("/gone.json".into()));
    let error = host::until(&plugin, |s| s.error.is_some()).error;
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(plugin.engine().status().error, error, "nobody had the time to read it");
    plugin.engine().ask(Wish::Follow(path.clone()));
    host::until(&plugin, |s| {
        s.following.as_ref().is_some_and(|l| (l.revision, l.reloads) == (Some(2), 1))
    });
    host::replace(&path, &graph(5, 0.88, Some(3)));
    host::until(&plugin, |s| s.lines() == 5);
    answer(&path, |ack| ack.revision == Some(3) && ack.playing);
    host::process(&mut plugin, &mut impulse(64));
}

#[test]
fn the_tail_goes_on_where_lines_are_the_same() {
    let path = host::scratch("tails").join("live.json");
    let mut plugin = following(&path);
    host::set(&plugin.kept().mix, 1.0);
    host::set(&plugin.kept().as_trained, true);
    let run = |plugin: &mut KilnReverb, io: &mut Vec<Vec<f32>>| {
        host::process(plugin, io);
        energy(io)
    };
    // Let what came before fade to it.
    run(&mut plugin, &mut vec![vec![0.0; 24_000]; 2]);
    run(&mut plugin, &mut impulse(9600));
    let before = run(&mut plugin, &mut vec![vec![0.0; 2400]; 2]);
    host::replace(&path, &graph(8, 0.899, Some(2)));
    host::until(&plugin, |s| s.following.as_ref().is_some_and(|l| l.revision == Some(2)));
    let after = run(&mut plugin, &mut vec![vec![0.0; 2400]; 2]);
    assert!(after > 0.05 * before, "the tail was cut off: {before} before, {after} after");
    assert!(after < 2.0 * before, "it grew: {before} before, {after} after");
}

#[test]
fn twenty_revisions_a_second_are_played() {
    let path = host::scratch("fast").join("live.json");
    let mut plugin = following(&path);
    let (began, mut shown) = (Instant::now(), 0);
    for revision in 2..42 {
        host::replace(&path, &graph(32, 0.7 + 0.001 * revision as f64, Some(revision)));
        let due = Duration::from_millis(50) * (revision as u32 - 1);
        std::thread::sleep(due.saturating_sub(began.elapsed()));
        host::process(&mut plugin, &mut vec![vec![0.1; 480]; 2]);
        shown = plugin.engine().status().following.map_or(0, |l| l.reloads);
    }
    host::until(&plugin, |s| s.following.as_ref().is_some_and(|l| l.revision == Some(41)));
    println!("{shown} of 40 revisions were played in {:?}", began.elapsed());
    assert!(shown > 4, "{shown} of 40 revisions were played");
    // Once it is quiet the last of them is proven.
    let ack = answer(&path, |ack| ack.revision == Some(41) && ack.verdict.is_some());
    assert_eq!(ack.verdict, Some(fdn::Verdict::CertifiedStable));
}

#[test]
fn a_project_goes_on_following_and_has_the_last_graph() {
    let path = host::scratch("projects").join("live.json");
    let plugin = following(&path);
    let fields = plugin.params().serialize_fields();
    drop(plugin);
    fs::remove_file(&path).expect("to remove");
    let mut later = host::plugin();
    host::restore(&later, &fields);
    host::activate(&mut later);
    let status = later.engine().status();
    assert_eq!((status.name(), status.lines()), ("Test 8", 8));
    assert!(status.following.is_some_and(|live| live.path == path));
    let mut io = impulse(9600);
    host::process(&mut later, &mut io);
    assert!(energy(&io) > 0.01);
    let error = host::until(&later, |s| s.error.is_some()).error.unwrap_or_default();
    assert!(error.contains("live.json"), "{error}");
    assert_eq!(later.params().serialize_fields()["graph"], fields["graph"]);
    host::replace(&path, &graph(4, 0.5, Some(1)));
    host::until(&later, |s| s.lines() == 4 && s.error.is_none());
    later.engine().ask(Wish::StopFollowing);
    host::until(&later, |s| s.following.is_none());
    host::replace(&path, &graph(6, 0.5, Some(2)));
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(later.engine().status().lines(), 4);
    let mut last = host::plugin();
    host::restore(&last, &later.params().serialize_fields());
    host::activate(&mut last);
    assert_eq!(last.engine().status().lines(), 4);
}
