//! A file that is followed, end to end: what a trainer sends is played, kept and answered.

mod host;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use host::{clipped, clipper, close, process, settled, tone, until};
use kiln_drive::{KilnDrive, Wish};
use live::{Ack, Verdict, acknowledged};
use nice_plug::prelude::*;

/// A clipper of `gain` as a trainer's revision.
fn revision(number: u64, gain: f32) -> String {
    let more = format!("\"revision\": {number}, \"esr\": 0.25, \"layers\"");
    clipper("Tone", gain).replacen("\"layers\"", &more, 1)
}

/// Replaces the file at once and whole.
fn publish(path: &Path, text: &str) {
    shell::disk::write(path, text.as_bytes()).expect("to write");
}

/// A plugin that follows a file of a clipper of 0.5, which is revision 1.
fn following(test: &str) -> (KilnDrive, PathBuf) {
    let (plugin, path) = host::clipping(test, 0.25);
    publish(&path, &revision(1, 0.5));
    plugin.engine().ask(Wish::Follow(true));
    taken(&plugin, 1);
    (plugin, path)
}

/// Waits until that revision was taken.
fn taken(plugin: &KilnDrive, revision: u64) {
    until(plugin, |s| s.following.as_ref().is_some_and(|live| live.revision == Some(revision)));
}

/// What is acknowledged, once `done` is.
fn answer(path: &Path, done: impl Fn(&Ack) -> bool) -> Ack {
    for _ in 0..6000 {
        if let Ok(ack) = acknowledged(path)
            && done(&ack)
        {
            return ack;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it was never acknowledged: {:?}", acknowledged::<Verdict>(path));
}

#[test]
fn what_is_sent_is_heard_and_answered() {
    let (mut plugin, path) = following("live_heard");
    host::set(&plugin.kept().auto_gain, false);
    let drive = plugin.kept().drive.value();
    for (number, gain) in [(1, 0.5), (2, 0.8), (7, 0.3)] {
        publish(&path, &revision(number, gain));
        let ack = answer(&path, |ack| ack.revision == Some(number) && ack.playing);
        assert_eq!((ack.verdict, ack.error), (Some(Verdict::Playing), None));
        assert_eq!(ack.hash, Some(live::hash(&fs::read(&path).expect("a file"))));
        assert!(close(settled(&mut plugin), clipped(gain, 0.5)), "revision {number}");
        let live = plugin.engine().status().following.expect("it follows");
        assert_eq!((live.revision, live.esr, live.error), (Some(number), Some(0.25), None));
    }
    // What is wrong is refused, and what played goes on.
    let half = revision(9, 0.9);
    for (text, words) in [
        (&half[..half.len() / 2], "not a model file"),
        (&revision(7, 0.9), "revision: expected one above 7"),
        (&half.replace("\"bias\": [0.0]", "\"bias\": [0.0, 1.0]"), "layers[0]"),
    ] {
        publish(&path, text);
        let ack = answer(&path, |ack| ack.error.as_ref().is_some_and(|e| e.contains(words)));
        assert_eq!((ack.verdict, ack.playing), (Some(Verdict::Refused), false));
        assert!(host::error(&plugin).contains(words), "{}", host::error(&plugin));
        assert!(close(settled(&mut plugin), clipped(0.3, 0.5)), "after {words}");
    }
    publish(&path, &revision(8, 0.6));
    taken(&plugin, 8);
    assert!(close(settled(&mut plugin), clipped(0.6, 0.5)));
    assert_eq!(host::error(&plugin), "");
    assert_eq!(plugin.kept().drive.value(), drive, "knobs stay where they are");
}

#[test]
fn following_is_one_choice_which_ends_with_another() {
    let (plugin, path) = following("live_choice");
    let before = plugin.engine().held();
    publish(&path, &revision(2, 0.6));
    taken(&plugin, 2);
    assert!(plugin.engine().held() == before, "a revision is no step to undo");
    // What was held before it was followed is, and comes back without.
    plugin.engine().ask(Wish::Follow(false));
    until(&plugin, |s| s.following.is_none());
    assert!(plugin.engine().held() != before);
    publish(&path, &revision(3, 0.7));
    std::thread::sleep(Duration::from_millis(100));
    let plays = plugin.engine().status().model().and_then(|model| model.metadata().revision);
    assert_eq!(plays, Some(2), "nothing is followed");
    let number = plugin.engine().ask_number();
    plugin.engine().ask(Wish::Put(before, number));
    taken(&plugin, 3);
    plugin.engine().ask(Wish::Factory("fuzz"));
    until(&plugin, |s| s.following.is_none() && s.loading.is_none());
    // What is built in is in no file that could be.
    plugin.engine().ask(Wish::Follow(true));
    std::thread::sleep(Duration::from_millis(50));
    assert!(plugin.engine().status().following.is_none());
}

#[test]
fn a_project_keeps_the_newest_and_goes_on_following() {
    let (plugin, path) = following("live_project");
    publish(&path, &revision(2, 0.8));
    answer(&path, |ack| ack.revision == Some(2) && ack.playing);
    let fields = plugin.params().serialize_fields();
    drop(plugin);
    fs::remove_file(&path).expect("to remove");
    let mut later = host::plugin();
    host::restore(&later, &fields);
    host::activate(&mut later);
    host::set(&later.kept().auto_gain, false);
    assert!(close(settled(&mut later), clipped(0.8, 0.5)), "the copy plays");
    let error = until(&later, |s| s.error.is_some()).error.unwrap_or_default();
    assert!(error.contains("tone.json") && error.contains("found none"), "{error}");
    assert_eq!(later.params().serialize_fields()["model"], fields["model"]);
    // The same bytes are there again: they play already.
    publish(&path, &revision(2, 0.8));
    until(&later, |s| s.error.is_none());
    publish(&path, &revision(3, 0.4));
    taken(&later, 3);
    assert!(close(settled(&mut later), clipped(0.4, 0.5)));
    // One from before there was a switch does not follow.
    let old = fields["model"].replace(",\"follow\":true", "");
    assert_ne!(old, fields["model"]);
    host::restore(&later, &[("model".to_owned(), old)].into());
    assert!(later.engine().status().following.is_none());
}

#[test]
fn a_render_follows_nothing() {
    let (mut plugin, path) = following("live_render");
    host::activate_as(&mut plugin, [2, 2], 48_000.0, ProcessMode::Offline);
    publish(&path, &revision(2, 0.8));
    std::thread::sleep(Duration::from_millis(100));
    let plays = |plugin: &KilnDrive| plugin.engine().status().following.and_then(|l| l.revision);
    assert_eq!(plays(&plugin), Some(1));
    host::activate(&mut plugin);
    taken(&plugin, 2);
}

#[test]
fn twenty_revisions_a_second_are_played() {
    let (mut plugin, path) = following("live_fast");
    host::set(&plugin.kept().auto_gain, false);
    for number in 2..52 {
        publish(&path, &revision(number, 0.5 + 0.005 * number as f32));
        let mut io = tone(2400, 0.5);
        process(&mut plugin, &mut io);
        assert!(io.iter().flatten().all(|x| x.is_finite()));
        std::thread::sleep(Duration::from_millis(50));
    }
    let ack = answer(&path, |ack| ack.revision == Some(51) && ack.playing);
    assert_eq!(ack.error, None);
    assert!(close(settled(&mut plugin), clipped(0.755, 0.5)));
    let mut fresh = host::playing();
    host::set(&fresh.kept().auto_gain, false);
    host::open(&fresh, &path);
    let [mut a, mut b] = [&mut plugin, &mut fresh].map(|plugin| {
        let mut settling = vec![vec![0.0; 28_800]; 2];
        process(plugin, &mut settling);
        plugin.reset();
        let mut io = tone(4800, 0.5);
        process(plugin, &mut io);
        io
    });
    assert!(a.remove(0) == b.remove(0), "a fresh load of the last file sounds the same");
}
