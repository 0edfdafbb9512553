//! The plugin as its host calls it: no heap in the audio thread, and a project
//! that brings its tone back whatever became of the file.

#[path = "../../../tests/kit/heap.rs"]
mod heap;
mod host;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;

use heap::heap_calls as calls;
use kiln_amp::KilnAmp;
use kiln_amp::choices::Oversampling;
use kiln_amp::places::{Place, Task};
use kiln_amp::seat::Status;
use kiln_amp::source::Source;
use nice_plug::prelude::{Plugin, PluginState};

const A: Place = Place::Model(0);

/// A square wave of 6 kHz: no constant gets through, but this nearly does.
fn square(samples: usize) -> Vec<Vec<f32>> {
    vec![(0..samples).map(|i| if i % 8 < 4 { 1.0 } else { -1.0 }).collect(); 2]
}

/// How far a period of a wave goes from its middle.
fn reach(period: &[f32]) -> f32 {
    let (least, most) = period.iter().fold((0f32, 0f32), |(a, b), &x| (a.min(x), b.max(x)));
    0.5 * (most - least)
}

/// What a square wave becomes once all has settled.
fn settled(plugin: &mut KilnAmp) -> f32 {
    let mut io = square(9600);
    host::process(plugin, &mut io);
    assert_eq!(io[0][9592..], io[1][9592..]);
    reach(&io[0][9592..])
}

/// What the model of [`host::wavenet`] makes of it.
fn level(gain: f32) -> f32 {
    gain * 1f32.tanh()
}

fn close(a: f32, b: f32) -> bool {
    (a - b).abs() < 0.005 * b.abs().max(1.0)
}

/// A plugin at work, without the cabinet that would hide what its model does.
fn playing() -> KilnAmp {
    let mut plugin = KilnAmp::default();
    host::activate(&mut plugin, 2, 2);
    plugin.places().run(Task::Clear(Place::Cabinet(0)));
    plugin
}

fn restore(plugin: &KilnAmp, fields: &BTreeMap<String, String>) {
    let mut state =
        PluginState { version: String::new(), params: BTreeMap::new(), fields: fields.clone() };
    KilnAmp::filter_state(&mut state);
    plugin.params().deserialize_fields(&state.fields);
}

fn source(status: &Status) -> Option<Source> {
    status.playing.as_ref().map(|playing| playing.source.clone())
}

fn error(plugin: &KilnAmp) -> String {
    plugin.places().status(A).error.unwrap_or_default()
}

#[test]
fn process_uses_no_heap_while_models_come_and_go() {
    let folder = host::scratch("no_heap");
    let paths = [0.5, 0.8]
        .map(|gain| host::write(&folder, &format!("{gain}.nam"), &host::wavenet("A model", gain)));
    let slim = host::write(&folder, "slim.nam", &host::container("Slim"));
    let mut plugin = playing();
    // As while an editor with its tuner is open.
    plugin.meters().watched.store(true, Relaxed);
    plugin.meters().tuner.wanted.store(true, Relaxed);
    let mut channels = vec![vec![0.3; 480]; 2];
    for round in 0..60 {
        match round % 10 {
            0 => plugin.places().run(Task::Open(A, paths[0].clone())),
            1 => plugin.places().run(Task::Factory(Place::Cabinet(0), "kiln-412-closed")),
            2 => plugin.places().run(Task::Factory(Place::Model(1), "kiln-overdrive")),
            4 => plugin.places().activate(48_000.0, Oversampling::X2),
            5 => plugin.places().run(Task::Clear(Place::Cabinet(0))),
            7 => plugin.places().run(Task::Clear(Place::Model(1))),
            8 => plugin.places().activate(48_000.0, Oversampling::X1),
            3 => plugin.places().run(Task::Open(A, paths[1].clone())),
            6 => plugin.places().run(Task::Open(A, slim.clone())),
            _ => {}
        }
        // Building the host's own buffer takes the heap, as much as a block without sound.
        let empty = calls(|| drop(host::process(&mut plugin, &mut [vec![], vec![]])));
        let full = calls(|| drop(host::process(&mut plugin, &mut channels)));
        assert!(full <= empty, "round {round}: {full} heap calls, {empty} are the test's");
        if round % 20 == 19 {
            assert_eq!(calls(|| plugin.reset()), 0);
        }
    }
}

#[test]
fn the_factory_model_plays_from_the_first_sample() {
    let mut plugin = playing();
    let mut io = vec![vec![0.1; 64]; 2];
    host::process(&mut plugin, &mut io);
    assert_ne!(io[0], vec![0.1; 64], "passed dry");
    let status = plugin.places().status(A);
    assert_eq!(source(&status), Some(Source::Factory("kiln-crunch")));
}

#[test]
fn a_mono_input_reaches_both_outputs() {
    let mut plugin = KilnAmp::default();
    host::activate(&mut plugin, 1, 2);
    let mut io = vec![vec![0.2; 256], vec![0.0; 256]];
    host::process(&mut plugin, &mut io);
    assert_eq!(io[0], io[1]);
    assert!(io[0].iter().any(|&x| x != 0.0));
}

#[test]
fn a_project_keeps_its_tone_when_the_file_is_gone() {
    let folder = host::scratch("moved");
    let path = host::write(&folder, "tone.nam", &host::wavenet("Tone", 0.7));
    let mut plugin = playing();
    plugin.places().run(Task::Open(A, path.clone()));
    let fields = plugin.params().serialize_fields();
    assert!(close(settled(&mut plugin), level(0.7)));

    std::fs::remove_file(&path).expect("to remove it");
    let mut later = playing();
    restore(&later, &fields);
    assert!(close(settled(&mut later), level(0.7)));
    later.places().run(Task::Check(A));
    let status = later.places().status(A);
    assert_eq!(
        status.playing.map(|p| (p.name.clone(), p.source.clone())),
        Some(("Tone".into(), Source::Project(Some(path.clone()))))
    );
    assert!(status.notice.is_some_and(|words| words.contains("is not there")));
    assert_eq!(later.params().serialize_fields(), fields, "and saves it again");

    host::write(&folder, "tone.nam", &host::wavenet("Tone", 0.2));
    later.places().run(Task::Check(A));
    assert!(later.places().status(A).notice.is_some_and(|words| words.contains("has changed")));
    assert!(close(settled(&mut later), level(0.7)), "the project's own copy plays on");

    std::fs::remove_file(&path).expect("to remove it");
    std::fs::create_dir(&path).expect("a folder in its place");
    later.places().run(Task::Check(A));
    assert!(later.places().status(A).notice.is_some_and(|words| words.contains("not a file")));
}

#[test]
fn a_state_restored_before_the_first_sample_is_heard_in_it() {
    let folder = host::scratch("first_sample");
    let path = host::write(&folder, "tone.nam", &host::wavenet("Tone", 0.7));
    let plugin = playing();
    plugin.places().run(Task::Open(A, path));
    let fields = plugin.params().serialize_fields();

    for order in 0..2 {
        let mut later = KilnAmp::default();
        if order == 0 {
            restore(&later, &fields);
            host::activate(&mut later, 2, 2);
        } else {
            host::activate(&mut later, 2, 2);
            restore(&later, &fields);
        }
        let mut io = square(8);
        host::process(&mut later, &mut io);
        assert!(close(io[0][1], level(0.7)), "order {order}: {:?}", io[0]);
    }
}

#[test]
fn a_state_restored_while_playing_fades_in() {
    let folder = host::scratch("while_playing");
    let [quiet, loud] = [0.2, 0.7]
        .map(|gain| host::write(&folder, &format!("{gain}.nam"), &host::wavenet("Tone", gain)));
    let mut plugin = playing();
    plugin.places().run(Task::Open(A, loud));
    let fields = plugin.params().serialize_fields();
    plugin.places().run(Task::Open(A, quiet));
    let mut last = settled(&mut plugin);
    assert!(close(last, level(0.2)));
    restore(&plugin, &fields);
    for _ in 0..20 {
        let mut io = square(128);
        host::process(&mut plugin, &mut io);
        for period in io[0].chunks(8) {
            let now = reach(period);
            assert!((now - last).abs() < 0.01, "a step from {last} to {now}");
            last = now;
        }
    }
    assert!(close(last, level(0.7)));
}

#[test]
fn the_factory_model_is_not_copied_into_projects() {
    let plugin = playing();
    let fields = plugin.params().serialize_fields();
    assert!(fields["model"].len() < 200, "{}", fields["model"]);

    let folder = host::scratch("back_to_factory");
    let path = host::write(&folder, "tone.nam", &host::wavenet("Tone", 0.7));
    plugin.places().run(Task::Open(A, path));
    restore(&plugin, &fields);
    let source = source(&plugin.places().status(A));
    assert_eq!(source, Some(Source::Factory("kiln-crunch")));
    restore(&plugin, &BTreeMap::new());
    assert_eq!(error(&plugin), "");
}

#[test]
fn hostile_states_say_what_is_wrong_and_the_sound_goes_on() {
    let folder = host::scratch("hostile");
    let path = host::write(&folder, "tone.nam", &host::wavenet("Tone", 0.7));
    let mut plugin = playing();
    plugin.places().run(Task::Open(A, path));
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
        (&format!(r#"{{"copy": "{no_model}"}}"#), "expected a model"),
        (r#"{"path": "/gone.nam"}"#, "not there"),
        (r#"{"path": "/dev/zero"}"#, "not a file"),
    ];
    for (state, words) in states {
        let shown: String = state.chars().take(60).collect();
        restore(&plugin, &BTreeMap::from([("model".to_owned(), state.to_owned())]));
        assert!(error(&plugin).contains(words), "{shown}: {:?}", error(&plugin));
        assert!(close(settled(&mut plugin), level(0.7)), "{shown}: the sound changed");
    }
}

/// Records that cannot be played, and what is then saved.
fn unplayable() -> Vec<(String, String)> {
    let newer = fx::preset::pack(br#"{"version": "9.0.0", "architecture": "Kiln"}"#);
    let unchanged = [
        r#"{"path":"/gone.nam","copy":null,"folder":"/"}"#.to_owned(),
        r#"{"path":"/gone.nam","copy":"AAAA","folder":null,"since":"9.0.0"}"#.to_owned(),
        format!(r#"{{"path":"/gone.nam","copy":"{newer}","folder":null}}"#),
        r#"{"copy":{"zstd":"KLUv/Q=="}}"#.to_owned(),
    ];
    let mut records: Vec<_> = unchanged.into_iter().map(|text| (text.clone(), text)).collect();
    records.push((r#"{"path":"/gone"#.to_owned(), r#""{\"path\":\"/gone""#.to_owned()));
    records
}

#[test]
fn a_record_that_cannot_be_played_is_saved_as_it_was() {
    for (record, saved) in unplayable() {
        let fields = BTreeMap::from([("model".to_owned(), record)]);
        let mut early = KilnAmp::default();
        restore(&early, &fields);
        host::activate(&mut early, 2, 2);
        let late = playing();
        restore(&late, &fields);
        for mut plugin in [early, late] {
            assert!(!error(&plugin).is_empty(), "{saved}: nothing is said");
            let mut io = vec![vec![0.1; 64]; 2];
            host::process(&mut plugin, &mut io);
            assert_ne!(io[0], vec![0.1; 64], "{saved}: passed dry");
            plugin.places().seat(A).dismiss();
            plugin.places().run(Task::Open(A, "/gone/too.nam".into()));
            assert_eq!(plugin.params().serialize_fields()["model"], saved);

            restore(&plugin, &plugin.params().serialize_fields());
            assert_eq!(plugin.params().serialize_fields()["model"], saved, "the second time");
            plugin.places().run(Task::Factory(A, "kiln-crunch"));
            assert!(!plugin.params().serialize_fields()["model"].contains("gone"), "{saved}");
        }
    }
}

#[test]
fn what_a_newer_plugin_added_survives() {
    let plugin = playing();
    let record = r#"{"path":null,"copy":null,"folder":null,"cabinet":{"on":true}}"#;
    restore(&plugin, &BTreeMap::from([("model".to_owned(), record.to_owned())]));
    assert_eq!(error(&plugin), "");
    assert_eq!(plugin.params().serialize_fields()["model"], record);
}

#[test]
fn a_model_that_fails_before_the_first_leaves_no_silence() {
    let mut plugin = KilnAmp::default();
    plugin.places().activate(48_000.0, kiln_amp::choices::Oversampling::X1);
    plugin.places().run(Task::Open(A, "/gone.nam".into()));
    let status = plugin.places().status(A);
    assert_eq!(source(&status), Some(Source::Factory("kiln-crunch")));
    assert!(status.error.is_some());
    host::activate(&mut plugin, 2, 2);
}

#[test]
fn files_that_cannot_be_had_are_refused_in_words() {
    let folder = host::scratch("refused");
    let huge = folder.join("huge.nam");
    let file = std::fs::File::create(&huge).expect("a file");
    file.set_len(fx::preset::MAX_FILE_BYTES as u64 + 1).expect("a hole");
    let broken = host::write(&folder, "broken.nam", "{\"version\": ");
    let slow = host::wavenet("Slow", 0.5).replace("48000", "4000");
    let slow = host::write(&folder, "slow.nam", &slow);
    let mut plugin = playing();
    let before = settled(&mut plugin);
    for (path, words) in [
        (huge.as_path(), "larger than 32 MiB"),
        (&broken, "not a model file"),
        (&slow, "expected 8000 to 768000 Hz, found 4000"),
        (&folder, "not a file"),
        (Path::new("/gone/x.nam"), "not there"),
    ] {
        plugin.places().run(Task::Open(A, path.to_owned()));
        assert!(error(&plugin).contains(words), "{:?}", error(&plugin));
        assert!(error(&plugin).contains(" was not loaded: "));
    }
    assert!(close(settled(&mut plugin), before));
    plugin.places().run(Task::Step(A, 1));
    assert!(!error(&plugin).is_empty());
}

#[test]
fn nothing_a_host_sends_makes_the_output_a_nan_for_good() {
    let mut plugin = playing();
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, 1e-42] {
        let mut io = vec![vec![bad; 128]; 2];
        host::process(&mut plugin, &mut io);
        assert!(io.iter().flatten().all(|x| x.is_finite() && !x.is_subnormal()), "{bad:e}");
    }
    let clean = settled(&mut plugin);
    assert!(close(clean, settled(&mut playing())));
}
