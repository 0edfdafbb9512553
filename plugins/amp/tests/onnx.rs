//! A model that works beside the audio thread, in the whole plugin: opened, reported late
//! to the host, kept in the project, heard and watched.

mod host;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use kiln_amp::KilnAmp;
use kiln_amp::places::{Place, Task};
use nice_plug::plugin::ParamValue;
use nice_plug::prelude::{Plugin, PluginState};
use nn::Report;

const SLOT: Place = Place::Model(0);

/// A copy of an LSTM of hops of 64 samples that may be deleted.
fn file(test: &str) -> PathBuf {
    let path = host::scratch(test).join("lstm.onnx");
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/../../core/onnx/tests/data/lstm.onnx");
    fs::copy(fixture, &path).expect("a fixture");
    path
}

/// Plays the graph in a file.
fn open(plugin: &KilnAmp, path: PathBuf) {
    plugin.places().run(Task::Open(SLOT, path));
    let status = plugin.places().status(SLOT);
    assert_eq!(status.error, None);
    let playing = status.playing.expect("a model");
    assert_eq!(playing.model().map(|model| model.format()), Some("ONNX"));
}

/// Plays some blocks of a tone; the largest output of the last.
fn play(plugin: &mut KilnAmp, blocks: usize) -> f32 {
    let mut loudest = 0.0;
    for block in 0..blocks {
        let tone = |i: usize| 0.3 * ((block * 512 + i) as f32 * 0.03).sin();
        let mut io = vec![(0..512).map(tone).collect::<Vec<f32>>(); 2];
        host::process(plugin, &mut io);
        assert!(io.iter().flatten().all(|y| y.is_finite()));
        loudest = io[0].iter().fold(0.0_f32, |most, y| most.max(y.abs()));
        // A block lasts 10.7 ms.
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    loudest
}

fn report(plugin: &KilnAmp) -> Report {
    Report::of(&plugin.places().status(SLOT).watches).expect("a model beside the audio thread")
}

#[test]
fn a_graph_plays_in_the_plugin() {
    let path = file("onnx_plays");
    let mut plugin = KilnAmp::default();
    host::activate(&mut plugin, 2, 2);
    open(&plugin, path);
    // The host may call with 512 samples, and hears of it at the next activation at once.
    let late = host::activate_at(&mut plugin, 48_000.0);
    assert!(late >= 64 + 512 - 2, "{late}");
    assert!(play(&mut plugin, 60) > 1e-3);
    let report = report(&plugin);
    assert!(report.inferences > 0 && report.errors == 0, "{report:?}");
    assert!(report.engine.starts_with("rten") && report.device == "CPU", "{report:?}");
    // Another rate of the host, and none of its sound is lost.
    assert!(host::activate_at(&mut plugin, 44_100.0) > late / 2);
    assert!(play(&mut plugin, 60) > 1e-3);
}

#[test]
fn a_project_keeps_the_graph() {
    let path = file("onnx_kept");
    let plugin = KilnAmp::default();
    open(&plugin, path.clone());
    let fields = plugin.params().serialize_fields();
    fs::remove_file(path).expect("to remove");
    let params: BTreeMap<String, ParamValue> = BTreeMap::new();
    let mut state = PluginState { version: String::new(), params, fields };
    let mut restored = KilnAmp::default();
    KilnAmp::filter_state(&mut state);
    restored.params().deserialize_fields(&state.fields);
    host::activate(&mut restored, 2, 2);
    let status = restored.places().status(SLOT);
    assert_eq!(status.error, None);
    assert_eq!(status.playing.expect("a model").name, "lstm");
    assert!(play(&mut restored, 60) > 1e-3);
}

#[test]
fn what_is_no_graph_is_refused_and_the_sound_goes_on() {
    let path = file("onnx_broken");
    let mut plugin = KilnAmp::default();
    host::activate(&mut plugin, 2, 2);
    open(&plugin, path.clone());
    let bytes = fs::read(&path).expect("a fixture");
    let broken = path.with_file_name("broken.onnx");
    fs::write(&broken, &bytes[..bytes.len() / 2]).expect("to write");
    plugin.places().run(Task::Open(SLOT, broken));
    let status = plugin.places().status(SLOT);
    assert!(status.error.is_some_and(|why| why.contains("broken.onnx was not loaded")));
    assert_eq!(status.playing.expect("the model before").name, "lstm");
    assert!(play(&mut plugin, 60) > 1e-3);
}
