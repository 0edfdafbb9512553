//! A file that is followed, end to end: what a trainer sends is played, kept and answered,
//! in each of the two slots.

mod host;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kiln_amp::KilnAmp;
use kiln_amp::places::{Place, Task};
use kiln_amp::seat::Status;
use live::{Ack, Verdict, acknowledged};
use nice_plug::prelude::*;

const SLOTS: [Place; 2] = [Place::Model(0), Place::Model(1)];

/// A model as a trainer's revision.
fn revision(number: u64, gain: f32) -> String {
    let more = format!("\"training\": {{\"revision\": {number}}}, \"name\"");
    host::wavenet("Sent", gain).replacen("\"name\"", &more, 1)
}

/// Replaces the file at once and whole.
fn publish(path: &Path, text: &str) {
    shell::disk::write(path, text.as_bytes()).expect("to write");
}

/// A plugin of which both slots follow a file, where revision 1 lies.
fn following(test: &str) -> (KilnAmp, [PathBuf; 2]) {
    let folder = host::scratch(test);
    let mut plugin = KilnAmp::default();
    host::activate(&mut plugin, 2, 2);
    let paths = ["a.nam", "b.nam"].map(|name| host::write(&folder, name, &revision(1, 0.5)));
    for (place, path) in SLOTS.into_iter().zip(&paths) {
        plugin.places().run(Task::Open(place, path.clone()));
        plugin.places().run(Task::Follow(place, true));
        taken(&plugin, place, 1);
    }
    (plugin, paths)
}

/// What is said once `done` is.
fn until(plugin: &KilnAmp, place: Place, done: impl Fn(&Status) -> bool) -> Status {
    for _ in 0..6000 {
        let status = plugin.places().status(place);
        if done(&status) {
            return status;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it never came to that: {:?}", plugin.places().status(place).error);
}

/// Waits until that revision was taken.
fn taken(plugin: &KilnAmp, place: Place, revision: u64) {
    until(plugin, place, |s| {
        s.following.as_ref().is_some_and(|live| live.revision == Some(revision))
    });
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

fn restore(plugin: &KilnAmp, fields: &BTreeMap<String, String>) {
    let mut state =
        PluginState { version: String::new(), params: BTreeMap::new(), fields: fields.clone() };
    KilnAmp::filter_state(&mut state);
    plugin.params().deserialize_fields(&state.fields);
}

/// What a tone sounds like once everything has settled.
fn settled(plugin: &mut KilnAmp) -> Vec<f32> {
    let tone = |i: usize| 0.3 * (i as f32 * std::f32::consts::TAU / 96.0).sin();
    host::process(plugin, &mut vec![vec![0.0; 28_800]; 2]);
    plugin.reset();
    let mut io = vec![(0..9600).map(tone).collect::<Vec<_>>(); 2];
    host::process(plugin, &mut io);
    io.swap_remove(0)
}

/// The same of a plugin into which the files were loaded as any others.
fn fresh(paths: &[PathBuf; 2]) -> Vec<f32> {
    let mut plugin = KilnAmp::default();
    host::activate(&mut plugin, 2, 2);
    for (place, path) in SLOTS.into_iter().zip(paths) {
        plugin.places().run(Task::Open(place, path.clone()));
    }
    settled(&mut plugin)
}

#[test]
fn what_is_sent_is_heard_and_answered_in_both_slots() {
    let (mut plugin, paths) = following("live_heard");
    let mut heard = settled(&mut plugin);
    assert!(heard == fresh(&paths));
    for (number, slot, gain) in [(2, 0, 0.8), (2, 1, 0.7), (5, 1, 0.3), (9, 0, 0.4)] {
        publish(&paths[slot], &revision(number, gain));
        let ack = answer(&paths[slot], |ack| ack.revision == Some(number) && ack.playing);
        assert_eq!((ack.verdict, ack.error), (Some(Verdict::Playing), None));
        assert_eq!(ack.hash, Some(live::hash(&fs::read(&paths[slot]).expect("a file"))));
        let now = settled(&mut plugin);
        assert!(now != heard && now == fresh(&paths), "revision {number} of slot {slot}");
        heard = now;
    }
    // What is wrong is refused, and what played goes on.
    let (half, slow) = (revision(10, 0.9), revision(11, 0.9).replace("48000", "4000"));
    for (text, words) in [
        (&half[..half.len() / 2], "not a model file"),
        (&revision(9, 0.9)[..], "revision: expected one above 9"),
        (&slow[..], "4000"),
        (&half.replace("WaveNet", "Brain")[..], "Brain"),
    ] {
        publish(&paths[0], text);
        let ack = answer(&paths[0], |ack| ack.error.as_ref().is_some_and(|e| e.contains(words)));
        assert_eq!((ack.verdict, ack.playing), (Some(Verdict::Refused), false));
        let error = plugin.places().status(SLOTS[0]).error.unwrap_or_default();
        assert!(error.contains(words), "{error}");
        assert!(settled(&mut plugin) == heard, "after {words}");
    }
    publish(&paths[0], &revision(12, 0.6));
    taken(&plugin, SLOTS[0], 12);
    assert_eq!(plugin.places().status(SLOTS[0]).error, None);
    assert!(settled(&mut plugin) == fresh(&paths));
}

#[test]
fn following_is_one_choice_which_ends_with_another() {
    let (plugin, [path, other]) = following("live_choice");
    let seat = plugin.places().seat(SLOTS[0]);
    let before = seat.held();
    publish(&path, &revision(2, 0.6));
    taken(&plugin, SLOTS[0], 2);
    assert!(seat.held() == before, "a revision is no step to undo");
    plugin.places().run(Task::Follow(SLOTS[0], false));
    assert!(seat.held() != before);
    publish(&path, &revision(3, 0.7));
    std::thread::sleep(Duration::from_millis(100));
    let status = plugin.places().status(SLOTS[0]);
    assert!(status.following.is_none());
    let plays = status.playing.as_ref().and_then(|playing| playing.model()?.metadata().revision);
    assert_eq!(plays, Some(2), "nothing is followed");
    // The other slot goes on.
    publish(&other, &revision(2, 0.7));
    taken(&plugin, SLOTS[1], 2);
    // As an undo does: it is followed again, on a new thread.
    let number = seat.ask();
    plugin.places().run(Task::Put(SLOTS[0], before, number));
    taken(&plugin, SLOTS[0], 3);
    plugin.places().run(Task::Factory(SLOTS[0], "kiln-crunch"));
    assert!(plugin.places().status(SLOTS[0]).following.is_none());
    // What is built in is in no file that could be, and cabinets are not trained.
    plugin.places().run(Task::Follow(SLOTS[0], true));
    plugin.places().run(Task::Follow(Place::Cabinet(0), true));
    for place in [SLOTS[0], Place::Cabinet(0)] {
        assert!(plugin.places().status(place).following.is_none());
    }
}

#[test]
fn a_project_keeps_the_newest_and_goes_on_following() {
    let (mut plugin, [path, other]) = following("live_project");
    publish(&path, &revision(2, 0.8));
    answer(&path, |ack| ack.revision == Some(2) && ack.playing);
    let heard = settled(&mut plugin);
    let fields = plugin.params().serialize_fields();
    drop(plugin);
    fs::remove_file(&path).expect("to remove");
    let mut later = KilnAmp::default();
    restore(&later, &fields);
    host::activate(&mut later, 2, 2);
    assert!(settled(&mut later) == heard, "the copy plays");
    let error = until(&later, SLOTS[0], |s| s.error.is_some()).error.unwrap_or_default();
    assert!(error.contains("a.nam") && error.contains("found none"), "{error}");
    assert_eq!(later.params().serialize_fields()["model"], fields["model"]);
    // The same bytes are there again: they play already.
    publish(&path, &revision(2, 0.8));
    until(&later, SLOTS[0], |s| s.error.is_none());
    publish(&path, &revision(3, 0.4));
    taken(&later, SLOTS[0], 3);
    publish(&other, &revision(4, 0.4));
    taken(&later, SLOTS[1], 4);
    assert!(settled(&mut later) == fresh(&[path, other]));
    // One from before there was a switch does not follow.
    let old = fields["model"].replace(",\"follow\":true", "");
    assert_ne!(old, fields["model"]);
    restore(&later, &[("model".to_owned(), old)].into());
    assert!(SLOTS.iter().all(|place| later.places().status(*place).following.is_none()));
}

#[test]
fn a_render_follows_nothing() {
    let (plugin, [path, _]) = following("live_render");
    plugin.places().set_calls(fx::Calls::OFFLINE);
    publish(&path, &revision(2, 0.8));
    std::thread::sleep(Duration::from_millis(100));
    let live = plugin.places().status(SLOTS[0]).following;
    assert_eq!(live.and_then(|live| live.revision), Some(1));
    plugin.places().set_calls(fx::Calls { offline: false, ..fx::Calls::OFFLINE });
    taken(&plugin, SLOTS[0], 2);
}
