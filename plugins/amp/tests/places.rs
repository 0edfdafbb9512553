//! The four places of a plugin as its host sees them: saved, restored, rebuilt
//! for other rates, told to the host.

mod host;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;

use kiln_amp::KilnAmp;
use kiln_amp::choices::Oversampling;
use kiln_amp::places::{Place, Task};
use kiln_amp::saved;
use kiln_amp::source::Source;
use nice_plug::plugin::ParamValue;
use nice_plug::prelude::{Plugin, PluginState};

fn playing() -> KilnAmp {
    let mut plugin = KilnAmp::default();
    host::activate(&mut plugin, 2, 2);
    plugin
}

fn restore(plugin: &KilnAmp, fields: &BTreeMap<String, String>) {
    let mut state =
        PluginState { version: String::new(), params: BTreeMap::new(), fields: fields.clone() };
    KilnAmp::filter_state(&mut state);
    plugin.params().deserialize_fields(&state.fields);
}

fn names(plugin: &KilnAmp) -> [String; 4] {
    Place::ALL.map(|place| {
        let status = plugin.places().status(place);
        assert_eq!(status.error, None, "{place:?}");
        status.playing.map_or(String::new(), |playing| playing.name.clone())
    })
}

/// A short response: a click and an echo of it.
fn wav(folder: &Path, name: &str) -> PathBuf {
    let samples: Vec<i16> = (0..480).map(|i| if i % 100 == 0 { 8000 } else { 0 }).collect();
    let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    bytes.extend(48_000u32.to_le_bytes());
    bytes.extend(96_000u32.to_le_bytes());
    bytes.extend([2, 0, 16, 0]);
    bytes.extend(b"data");
    bytes.extend((2 * samples.len() as u32).to_le_bytes());
    bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    let length = (bytes.len() - 8) as u32;
    bytes[4..8].copy_from_slice(&length.to_le_bytes());
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("to write");
    path
}

/// Files for the four places.
fn files(test: &str) -> [PathBuf; 4] {
    let folder = host::scratch(test);
    [
        host::write(&folder, "a.nam", &host::wavenet("One", 0.7)),
        host::write(&folder, "b.nam", &host::wavenet("Two", 0.5)),
        wav(&folder, "open.wav"),
        wav(&folder, "closed.wav"),
    ]
}

#[test]
fn four_files_come_back_when_they_are_gone() {
    let files = files("four_places");
    let plugin = playing();
    for (place, path) in Place::ALL.into_iter().zip(&files) {
        plugin.places().run(Task::Open(place, path.clone()));
    }
    assert_eq!(names(&plugin), ["One", "Two", "open", "closed"]);
    plugin.places().activate(48_000.0, Oversampling::X1);
    let fields = plugin.params().serialize_fields();
    files.iter().for_each(|path| std::fs::remove_file(path).expect("to remove it"));

    let later = playing();
    restore(&later, &fields);
    assert_eq!(names(&later), ["One", "Two", "open", "closed"]);
    for (place, path) in Place::ALL.into_iter().zip(&files) {
        assert!(later.places().seat(place).take_unchecked());
        later.places().run(Task::Check(place));
        let status = later.places().status(place);
        assert!(status.notice.is_some_and(|words| words.contains("is not there")));
        let source = status.playing.map(|playing| playing.source.clone());
        assert_eq!(source, Some(Source::Project(Some(path.clone()))));
    }
    assert_eq!(later.params().serialize_fields(), fields);
}

#[test]
fn a_place_stays_empty_and_what_is_built_in_is_named() {
    let plugin = playing();
    let first = names(&plugin);
    assert_eq!((first[0].as_str(), first[1].as_str(), first[3].as_str()), ("Kiln Crunch", "", ""));
    for place in Place::ALL {
        plugin.places().run(Task::Clear(place));
    }
    plugin.places().run(Task::Factory(Place::Model(1), "kiln-edge"));
    assert_eq!(names(&plugin), ["", "Kiln Edge", "", ""]);
    let fields = plugin.params().serialize_fields();
    assert!(fields.values().all(|field| field.len() < 200), "{fields:?}");
    let later = playing();
    restore(&later, &fields);
    assert_eq!(names(&later), ["", "Kiln Edge", "", ""]);
    later.places().run(Task::Factory(Place::Model(1), "nothing"));
    let error = later.places().status(Place::Model(1)).error.unwrap_or_default();
    assert_eq!(error, "nothing was not loaded: there is no factory model \"nothing\".");
}

#[test]
fn a_project_from_before_there_were_four_places_sounds_as_it_did() {
    let mut state = PluginState {
        version: "0.1.0".into(),
        params: BTreeMap::from([("input".into(), ParamValue::F32(3.0))]),
        fields: BTreeMap::from([(
            "model".into(),
            r#"{"path":null,"copy":null,"folder":null}"#.into(),
        )]),
    };
    saved::mend(&mut state);
    assert!(matches!(&state.params["level"], ParamValue::String(level) if level == "raw"));
    let plugin = playing();
    plugin.params().deserialize_fields(&state.fields);
    assert_eq!(names(&plugin), ["Kiln Crunch", "", "", ""], "no cabinet where there was none");

    state.params.insert("level".into(), ParamValue::String("normalized".into()));
    saved::mend(&mut state);
    assert!(matches!(&state.params["level"], ParamValue::String(level) if level == "normalized"));
}

#[test]
fn damaged_records_of_any_place_are_said_and_kept() {
    for place in Place::ALL {
        let plugin = playing();
        let before = plugin.places().status(place).playing.map(|playing| playing.name.clone());
        let record = r#"{"path":"/gone.bin","copy":"AAAA","folder":null}"#;
        restore(&plugin, &BTreeMap::from([(place.key().to_owned(), record.to_owned())]));
        let status = plugin.places().status(place);
        assert!(status.error.is_some_and(|error| error.contains("damaged")), "{place:?}");
        assert_eq!(status.playing.map(|playing| playing.name.clone()), before);
        assert_eq!(plugin.params().serialize_fields()[place.key()], record);
    }
}

#[test]
fn the_arrows_step_through_files_of_the_kind_that_plays() {
    let files = files("four_step");
    let plugin = playing();
    let cabinet = Place::Cabinet(1);
    plugin.places().run(Task::Open(cabinet, files[2].clone()));
    plugin.places().run(Task::Step(cabinet, 1));
    let name = plugin.places().status(cabinet).playing.map(|playing| playing.name.clone());
    assert_eq!(name.as_deref(), Some("closed"));
    plugin.places().run(Task::Open(cabinet, files[0].clone()));
    assert!(plugin.places().status(cabinet).error.is_some(), "a model is no cabinet");
}

#[test]
fn the_host_is_told_of_the_latency_as_it_changes() {
    let mut plugin = KilnAmp::default();
    let silence = || vec![vec![0.0; 256]; 2];
    assert!(host::activate_at(&mut plugin, 44_100.0) > 0, "a model at another rate is late");
    assert_eq!(host::process(&mut plugin, &mut silence()).latency, None, "and it was told");
    assert_eq!(host::activate_at(&mut plugin, 48_000.0), 0);
    assert_eq!(host::process(&mut plugin, &mut silence()).latency, None);
    let mut latest = 0;
    plugin.places().activate(48_000.0, Oversampling::X4);
    for _ in 0..400 {
        latest = host::process(&mut plugin, &mut silence()).latency.unwrap_or(latest);
    }
    assert!(latest > 0, "oversampling is late");
}

#[test]
fn what_cannot_be_built_for_a_new_rate_does_not_play_at_the_old_one() {
    let settled = |plugin: &mut KilnAmp| {
        let mut io = vec![(0..9600).map(|i| (i as f32 * 0.3).sin()).collect::<Vec<f32>>(); 2];
        host::process(plugin, &mut io);
        io[0].split_off(9000)
    };
    let (mut plugin, mut empty) = (playing(), playing());
    for place in [Place::Cabinet(0), Place::Model(0)] {
        empty.places().run(Task::Clear(place));
    }
    plugin.places().run(Task::Clear(Place::Cabinet(0)));
    settled(&mut empty);
    let dry = settled(&mut empty);
    let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-3);
    settled(&mut plugin);
    let wet = settled(&mut plugin);
    assert!(!close(&wet, &dry));

    plugin.places().activate(1_000_000.0, Oversampling::X1);
    let error = plugin.places().status(Place::Model(0)).error.unwrap_or_default();
    assert!(error.contains("sample rate of the host"), "{error}");
    settled(&mut plugin);
    assert!(close(&settled(&mut plugin), &dry), "as if nothing was there");
    plugin.places().activate(48_000.0, Oversampling::X1);
    settled(&mut plugin);
    assert!(close(&settled(&mut plugin), &wet), "as before");
}

#[test]
fn another_oversampling_is_built_in_the_background() {
    let mut plugin = playing();
    let params = plugin.kept();
    let gestures = std::sync::Arc::new(host::Gestures::default());
    let gui = host::gui(&gestures);
    params.set_oversampling(Oversampling::X2, &gui.param_setter());
    let done = host::process(&mut plugin, &mut [vec![0.0; 64], vec![0.0; 64]]);
    assert_eq!(done.tasks.len(), 1);
    for task in done.tasks {
        params.run(task);
    }
    let done = host::process(&mut plugin, &mut [vec![0.0; 64], vec![0.0; 64]]);
    assert!(done.tasks.is_empty(), "once is enough");
}

#[test]
fn the_editor_is_told_only_while_it_watches() {
    let mut plugin = playing();
    let meters = plugin.meters().clone();
    let block = || vec![vec![0.25; 480], vec![0.75; 480]];
    let mut samples = [0.0; 480];
    host::process(&mut plugin, &mut block());
    assert_eq!((meters.tuner.read(&mut samples), meters.load.load(Relaxed)), (0, 0.0));
    meters.watched.store(true, Relaxed);
    meters.tuner.wanted.store(true, Relaxed);
    host::process(&mut plugin, &mut block());
    assert_eq!(meters.tuner.read(&mut samples), 480);
    assert_eq!(samples, [0.5; 480]);
    assert!(meters.load.load(Relaxed) > 0.0);
    assert!(meters.input[1].load(Relaxed) >= 0.75);
    assert_eq!(meters.gate.load(Relaxed), 1.0);
}

#[test]
fn the_window_keeps_its_size() {
    let plugin = playing();
    assert_eq!(plugin.kept().window.size(), None);
    plugin.kept().window.set([900.0, 600.0]);
    let fields = plugin.params().serialize_fields();
    let later = playing();
    restore(&later, &fields);
    assert_eq!(later.kept().window.size(), Some([900.0, 600.0]));
    for hostile in ["", "{", "3", "[1]", "[1e30, 5]", "[-1, -1]", "null", "[0, 0]"] {
        restore(&later, &BTreeMap::from([("window".into(), hostile.into())]));
        assert_eq!(later.kept().window.size(), Some([900.0, 600.0]), "{hostile}");
    }
}

#[test]
fn the_arrows_go_on_past_what_does_not_load() {
    let folder = host::scratch("past_broken");
    let a = host::write(&folder, "a.nam", &host::wavenet("A", 0.5));
    host::write(&folder, "b.nam", "{");
    host::write(&folder, "c.nam", "{");
    host::write(&folder, "d.nam", &host::wavenet("D", 0.6));
    let plugin = playing();
    let model = Place::Model(0);
    plugin.places().run(Task::Open(model, a));
    for expected in ["D", "A"] {
        plugin.places().run(Task::Step(model, 1));
        let status = plugin.places().status(model);
        assert_eq!(status.playing.map(|playing| playing.name.clone()), Some(expected.into()));
        assert_eq!(status.error, None);
    }
}
