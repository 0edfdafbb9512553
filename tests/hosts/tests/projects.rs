//! What a project keeps of the four places, in both formats.

mod vst;

use std::path::{Path, PathBuf};

use fx::Pair;
use fx::amp::{Amp, OutputLevel, Params};
use hosts::clap::Plugin;
use hosts::files::{self, asset, clipper, quieter, scratch};
use hosts::project::{PLACES, Project, framed, state_with};
use hosts::signal::{difference, guitar, rms};
use hosts::{clap_amp, parameter};

const RATE: f64 = 48_000.0;

fn input() -> Vec<f32> {
    guitar(RATE, 0.4)[..19_200 / 256 * 256].to_vec()
}

/// Files for all four places, none of them built in.
fn four_files(test: &str) -> [PathBuf; 4] {
    let folder = scratch(env!("CARGO_TARGET_TMPDIR"), &format!("projects-{test}"));
    let ir = |gain: f32, late: usize| {
        let path = folder.join(format!("{late}.wav"));
        let (sample_format, bits_per_sample) = (hound::SampleFormat::Float, 32);
        let spec =
            hound::WavSpec { channels: 1, sample_rate: 48_000, bits_per_sample, sample_format };
        let mut writer = hound::WavWriter::create(&path, spec).expect("a file");
        for i in 0..400 {
            let sample = if i == 0 {
                gain
            } else if i == late {
                -0.5 * gain
            } else {
                0.0
            };
            writer.write_sample(sample).expect("to write");
        }
        writer.finalize().expect("to write");
        path
    };
    [
        files::write(&folder, "a.nam", quieter(0.7)),
        files::write(&folder, "b.nam", clipper(44_100.0, 2.0)),
        ir(0.8, 90),
        ir(0.5, 33),
    ]
}

/// Each place is heard.
fn project(paths: &[PathBuf; 4]) -> Project {
    let set = Project::default().set("input", 3.5).set("routing", "parallel").set("blend", 0.3);
    let set = set.set("cab_blend", 0.4).set("level", "normalized").set("bass", 6.5).oversampled(1);
    PLACES.iter().zip(paths).fold(set, |project, (place, path)| project.file(place, path))
}

/// The left channel of a fresh start.
fn play(plugin: &mut Plugin) -> Vec<f32> {
    let mut player = plugin.activate([2, 2], RATE, 256).expect("to activate");
    let output = player.render(&[input(), input()], &[256], &[]).swap_remove(0);
    plugin.deactivate(player);
    output
}

fn play_vst3(state: &[u8]) -> (Vec<f32>, Vec<u8>) {
    let (_host, mut plugin) = vst::open(RATE, 256);
    plugin.load_state(state).expect("our state");
    plugin.start_processing().expect("to start");
    let output = vst::play(&mut plugin, RATE, 256, &input());
    (output, plugin.save_state().expect("a state"))
}

type Fate = fn(&Path);

/// What becomes of the files after a project was saved.
const FATES: [(&str, Fate); 3] = [
    ("moved", |path| std::fs::rename(path, path.with_extension("old")).expect("to move it")),
    ("deleted", |path| std::fs::remove_file(path).expect("to delete it")),
    ("overwritten", |path| std::fs::write(path, "something else").expect("to write")),
];

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn a_project_brings_all_its_files_along() {
    let bundle = clap_amp();
    for (fate, befall) in FATES {
        let paths = four_files(fate);
        let mut plugin = bundle.open().expect("an instance");
        plugin.restore(&project(&paths).bytes()).expect("our state");
        let expected = play(&mut plugin);
        let saved = plugin.save().expect("a state");
        assert!(rms(&expected) > 1e-3, "silent");

        paths.iter().for_each(|path| befall(path));
        let mut other = bundle.open().expect("an instance");
        other.restore(&saved).expect("its own state");
        assert!(play(&mut other) == expected, "it sounds another when files are {fate}");
        assert!(other.save().expect("a state") == saved, "saving changed it when {fate}");
        for id in ["input", "blend", "bass", "routing", "level"].map(parameter) {
            assert_eq!(other.value(id), plugin.value(id), "when {fate}");
        }
        // The formats hold the same, but for the length in front.
        let (output, _) = play_vst3(&saved[8..]);
        assert!(output == expected, "VST3 plays a CLAP project as another when {fate}");
    }
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn a_vst3_project_brings_all_its_files_along() {
    for (fate, befall) in FATES {
        let paths = four_files(&format!("vst3-{fate}"));
        let (expected, saved) = play_vst3(&project(&paths).json());
        paths.iter().for_each(|path| befall(path));
        let (output, again) = play_vst3(&saved);
        assert!(output == expected, "it sounds another when files are {fate}");
        assert!(again == saved, "saving changed it when {fate}");
    }
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn each_place_is_heard_and_can_be_empty() {
    let paths = four_files("places");
    let mut plugin = clap_amp().open().expect("an instance");
    let mut heard = vec![];
    for place in [None].into_iter().chain(PLACES.map(Some)) {
        let whole = project(&paths);
        let project = place.map_or(whole.clone(), |place| whole.empty(place));
        plugin.restore(&project.bytes()).expect("our state");
        let saved = plugin.save().expect("a state");
        let output = play(&mut plugin);
        assert!(!heard.contains(&output), "it makes no difference that {place:?} is empty");
        let mut other = clap_amp().open().expect("an instance");
        other.restore(&saved).expect("its own state");
        assert!(play(&mut other) == output, "{place:?} is empty no more");
        heard.push(output);
    }
}

/// The effect itself, as projects were before it had more than a model and two gains.
fn as_it_was(model: &Path, input_gain: f32, output_gain: f32) -> Vec<f32> {
    let model = nn::Model::load(&std::fs::read(model).expect("a file")).expect("a model");
    let (loaders, mut amp) = Amp::new(RATE as f32);
    loaders.models[0].offer(Pair::of(&model));
    let mut params = Params { input_gain, output_gain, ..Params::default() };
    params.levels.output = OutputLevel::Raw;
    let (mut left, mut right) = (input(), input());
    amp.process(&mut [&mut left, &mut right], 2, &params);
    left
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn projects_from_before_sound_as_they_did() {
    let path = asset("kiln-crunch.nam");
    let expected = as_it_was(&path, 4.0, -2.5);
    let state = state_with(&path, 4.0, -2.5);
    let mut plugin = clap_amp().open().expect("an instance");
    // Whatever played before is no part of it.
    plugin.restore(&project(&four_files("before")).bytes()).expect("our state");
    play(&mut plugin);
    let mut fresh = clap_amp().open().expect("an instance");
    fresh.restore(&state).expect("an old state");
    let output = play(&mut fresh);
    assert!(output == expected, "off by {}", difference(&output, &expected));
    let (output, saved) = play_vst3(&state[8..]);
    assert!(output == expected, "in VST3 off by {}", difference(&output, &expected));
    let (output, _) = play_vst3(&saved);
    assert!(output == expected, "after it was saved again");

    // One that never chose a model plays the factory's.
    let none = br#"{"version":"0.1.0","params":{"input":{"f32":4.0},"output":{"f32":-2.5},
        "quality":{"f32":1.0},"bypass":{"bool":false}},"fields":{"model":"{}"}}"#;
    let mut plugin = clap_amp().open().expect("an instance");
    plugin.restore(&framed(none)).expect("an old state");
    assert!(play(&mut plugin) == expected, "without a model's path");
}
