//! What a project keeps: it brings its sound back whatever became of the file, and what
//! cannot be played is neither heard nor lost.

mod host;

use std::collections::BTreeMap;
use std::fs;

use host::{clipped, clipper, clipping, close, error, playing, settled, tone};
use kiln_drive::Wish;
use kiln_drive::source::{FIRST, Source};
use nice_plug::prelude::Plugin;

#[test]
fn a_project_brings_its_model_back_whatever_became_of_the_file() {
    let (mut plugin, path) = clipping("moved", 0.7);
    let fields = plugin.params().serialize_fields();
    assert!(close(settled(&mut plugin), clipped(0.7, 0.5)));
    for (change, words) in [(None, "is not there"), (Some(clipper("Other", 0.2)), "has changed")] {
        match &change {
            None => fs::remove_file(&path).expect("to remove"),
            Some(other) => fs::write(&path, other).expect("to write"),
        }
        let mut later = host::plugin();
        host::restore(&later, &fields);
        host::activate(&mut later);
        let status = later.engine().status();
        assert_eq!(status.source(), Some(&Source::Project(Some(path.clone()))));
        assert_eq!((status.name(), status.error.as_deref()), ("Tone", None));
        assert!(later.engine().take_unchecked() && !later.engine().take_unchecked());
        later.engine().ask(Wish::Check);
        let notice = host::until(&later, |s| s.notice.is_some()).notice.unwrap_or_default();
        assert!(notice.contains(words), "{notice}");
        assert!(close(settled(&mut later), clipped(0.7, 0.5)), "the project's own copy plays on");
        assert_eq!(later.params().serialize_fields(), fields, "and is saved again");
    }
}

#[test]
fn a_state_restored_before_the_first_sample_is_heard_in_it() {
    let (plugin, _) = clipping("first_sample", 0.7);
    let fields = plugin.params().serialize_fields();
    let render = |restore_first: bool| {
        let mut later = host::plugin();
        if restore_first {
            host::restore(&later, &fields);
            host::activate(&mut later);
        } else {
            host::activate(&mut later);
            host::restore(&later, &fields);
            later.reset();
        }
        let mut io = tone(2400, 0.5);
        host::block(&mut later, &mut io);
        io
    };
    let (before, after) = (render(true), render(false));
    assert!(close(host::rms(&before[0][1440..]), clipped(0.7, 0.5)));
    assert!(before == after, "it depends on the order");
}

#[test]
fn what_is_built_in_is_not_copied_into_projects() {
    let plugin = playing();
    plugin.engine().ask(Wish::Factory("fuzz"));
    host::until(&plugin, |s| s.source() == Some(&Source::Factory("fuzz")));
    let fields = plugin.params().serialize_fields();
    assert_eq!(fields["model"], r#"{"factory":"fuzz"}"#);
    host::restore(&plugin, &BTreeMap::new());
    assert_eq!(plugin.engine().status().source(), Some(&Source::Factory(FIRST)));
    host::restore(&plugin, &fields);
    assert_eq!(plugin.engine().status().source(), Some(&Source::Factory("fuzz")));
    assert_eq!(error(&plugin), "");
}

#[test]
fn hostile_states_say_what_is_wrong_and_the_sound_goes_on() {
    let (mut plugin, path) = clipping("hostile", 0.7);
    let bomb = fx::preset::pack(&vec![b' '; fx::preset::MAX_FILE_BYTES + 1]);
    let no_model = fx::preset::pack(b"{}");
    let nested = "[".repeat(100_000);
    let states = [
        ("", "damaged"),
        ("{", "damaged"),
        ("null", "damaged"),
        (nested.as_str(), "damaged"),
        (r#"{"copy": 5}"#, "damaged"),
        (r#"{"copy": "AAAA"}"#, "damaged"),
        (&format!(r#"{{"copy": "{bomb}"}}"#), "damaged"),
        (&format!(r#"{{"copy": "{no_model}"}}"#), "was not loaded"),
        (r#"{"path": "/gone.json"}"#, "not there"),
        (r#"{"path": "/dev/zero"}"#, "not a file"),
        (r#"{"factory": "no such"}"#, "no factory drive"),
    ];
    for (state, words) in states {
        let shown: String = state.chars().take(60).collect();
        host::restore(&plugin, &BTreeMap::from([("model".to_owned(), state.to_owned())]));
        assert!(error(&plugin).contains(words), "{shown}: {:?}", error(&plugin));
        let status = plugin.engine().status();
        assert_eq!(status.source(), Some(&Source::File(path.clone())), "{shown}");
        assert!(close(settled(&mut plugin), clipped(0.7, 0.5)), "{shown}: the sound changed");
    }
}

#[test]
fn a_record_that_cannot_be_played_is_saved_as_it_was() {
    let newer = fx::preset::pack(br#"{"format":"kiln-drive","version":9,"layers":[]}"#);
    let same = [
        r#"{"path":"/gone.json"}"#.to_owned(),
        r#"{"path":"/gone.json","copy":"AAAA","since":"9.0.0"}"#.to_owned(),
        format!(r#"{{"copy":"{newer}"}}"#),
        r#"{"copy":{"zstd":"KLUv/Q=="}}"#.to_owned(),
    ];
    let mut records: Vec<_> = same.into_iter().map(|text| (text.clone(), text)).collect();
    records.push((r#"{"path":"/gone"#.to_owned(), r#""{\"path\":\"/gone""#.to_owned()));
    let path = host::write(&host::scratch("unplayed"), "tone.json", &clipper("Tone", 0.7));
    for (record, saved) in records {
        let fields = BTreeMap::from([("model".to_owned(), record)]);
        let mut early = host::plugin();
        host::restore(&early, &fields);
        host::activate(&mut early);
        let late = playing();
        host::restore(&late, &fields);
        for plugin in [early, late] {
            assert!(!error(&plugin).is_empty(), "{saved}: nothing is said");
            assert!(plugin.engine().status().setup.is_some(), "{saved}: nothing plays");
            plugin.engine().dismiss();
            plugin.engine().ask(Wish::Open("/gone/too.json".into()));
            host::until(&plugin, |s| s.error.is_some());
            assert_eq!(plugin.params().serialize_fields()["model"], saved);
            host::restore(&plugin, &plugin.params().serialize_fields());
            assert_eq!(plugin.params().serialize_fields()["model"], saved, "the second time");
            host::open(&plugin, &path);
            assert!(!plugin.params().serialize_fields()["model"].contains("gone"), "{saved}");
        }
    }
}

#[test]
fn what_a_newer_plugin_added_survives() {
    let (plugin, _) = clipping("newer", 0.7);
    let copy = fx::preset::pack(clipper("Tone", 0.4).as_bytes());
    for record in [
        format!(r#"{{"copy":"{copy}","name":"Old","stage":{{"on":true}}}}"#),
        r#"{"factory":"tube","since":9}"#.to_owned(),
    ] {
        host::restore(&plugin, &BTreeMap::from([("model".to_owned(), record.clone())]));
        assert_eq!(error(&plugin), "");
        assert_eq!(plugin.params().serialize_fields()["model"], record);
    }
}

#[test]
fn a_damaged_copy_is_replaced_by_its_file() {
    let (plugin, path) = clipping("damaged_copy", 0.7);
    let record = format!(r#"{{"path":{:?},"copy":"AAAA","since":9}}"#, path.display().to_string());
    host::restore(&plugin, &BTreeMap::from([("model".to_owned(), record)]));
    assert_eq!(error(&plugin), "");
    assert_eq!(plugin.engine().status().source(), Some(&Source::File(path)));
    let saved = plugin.params().serialize_fields()["model"].clone();
    assert!(saved.contains("since") && !saved.contains("AAAA\""), "{saved}");
}
