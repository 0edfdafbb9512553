//! `kiln amp` renders what the plugin plays, bit for bit.

use std::path::{Path, PathBuf};
use std::process::Command;

use fx::amp::Params;
use fx::preset::Preset;
use hosts::clap_amp;
use hosts::files::{self, asset, scratch};
use hosts::project::{PLACES, Project};
use hosts::signal::{Random, guitar};
use serde_json::Value;

/// The command, which `cargo test --workspace` and `cargo build` put beside the tests.
fn kiln() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let folder = test.parent().and_then(Path::parent).expect("deps lies in a folder");
    let path = folder.join(format!("kiln{}", std::env::consts::EXE_SUFFIX));
    assert!(
        path.is_file(),
        "{} is missing: `cargo build --package kiln` builds it",
        path.display()
    );
    path
}

/// Two channels that differ, of no length in particular.
fn input(rate: u32) -> [Vec<f32>; 2] {
    let left = guitar(rate.into(), 0.7013);
    let mut random = Random::new(3);
    let right = left.iter().rev().map(|x| 0.6 * x + 0.001 * random.share() as f32).collect();
    [left, right]
}

fn write(path: &Path, rate: u32, channels: &[Vec<f32>; 2]) {
    let (sample_format, bits_per_sample) = (hound::SampleFormat::Float, 32);
    let spec = hound::WavSpec { channels: 2, sample_rate: rate, bits_per_sample, sample_format };
    let mut writer = hound::WavWriter::create(path, spec).expect("a file");
    for (l, r) in channels[0].iter().zip(&channels[1]) {
        writer.write_sample(*l).expect("to write");
        writer.write_sample(*r).expect("to write");
    }
    writer.finalize().expect("to write");
}

fn read(path: &Path) -> [Vec<f32>; 2] {
    let samples = hound::WavReader::open(path).expect("a file").into_samples::<f32>();
    let samples: Vec<f32> = samples.map(|x| x.expect("a sample")).collect();
    [0, 1].map(|channel| samples.iter().skip(channel).step_by(2).copied().collect())
}

/// A setting, as both know it.
struct Setting {
    name: String,
    args: Vec<String>,
    project: Project,
}

/// What the command makes of `input`.
fn rendered(
    folder: &Path,
    setting: &Setting,
    rate: u32,
    block: usize,
    input: &[Vec<f32>; 2],
) -> [Vec<f32>; 2] {
    let [from, to] = ["in.wav", "out.wav"].map(|name| folder.join(name));
    write(&from, rate, input);
    let run = Command::new(kiln())
        .arg("amp")
        .args(&setting.args)
        .args(["--block", &block.to_string()])
        .args([&from, &to])
        .output()
        .expect("the command runs");
    assert!(run.status.success(), "{}: {}", setting.name, String::from_utf8_lossy(&run.stderr));
    read(&to)
}

/// What the plugin makes of `input`, as late as the input is.
fn played(setting: &Setting, rate: u32, block: usize, input: &[Vec<f32>; 2]) -> [Vec<f32>; 2] {
    let mut plugin = clap_amp().open().expect("an instance");
    plugin.restore(&setting.project.bytes()).expect("our state");
    let mut player = plugin.activate([2, 2], rate.into(), block as u32).expect("to activate");
    let (length, late) = (input[0].len(), plugin.latency() as usize);
    let whole = (length + late).next_multiple_of(block);
    let padded = input.each_ref().map(|channel| {
        let mut channel = channel.clone();
        channel.resize(whole, 0.0);
        channel
    });
    let output = player.render(&padded, &[block], &[]);
    plugin.deactivate(player);
    [0, 1].map(|channel| output[channel][late..late + length].to_vec())
}

fn assert_alike(folder: &Path, setting: &Setting, rate: u32, block: usize) {
    let (input, name) = (input(rate), &setting.name);
    let played = played(setting, rate, block, &input);
    let rendered = rendered(folder, setting, rate, block, &input);
    for (channel, (a, b)) in rendered.iter().zip(&played).enumerate() {
        assert!(a.iter().any(|x| x.abs() > 1e-3), "{name} at {rate} Hz is silent");
        assert_eq!(a.len(), b.len());
        let other = (0..a.len()).find(|&i| a[i].to_bits() != b[i].to_bits());
        let Some(i) = other else { continue };
        let (a, b) = (a[i], b[i]);
        panic!("{name} at {rate} Hz in blocks of {block}: {a} and {b} at {i} in channel {channel}");
    }
}

fn json(params: &Params) -> Value {
    serde_json::to_value(params).expect("JSON")
}

/// A preset of the factory.
fn preset(preset: &Preset, oversampling: u32) -> Setting {
    let mut project = Project::with(&json(&preset.params)).oversampled(oversampling);
    for (place, file) in PLACES.iter().zip(preset.models.iter().chain(&preset.cabinets)) {
        if let Some(id) = file.as_ref().and_then(|file| file.factory.as_deref()) {
            project = project.factory(place, id);
        }
    }
    let args = ["--preset", &preset.name, "--oversampling", &oversampling.to_string()];
    let name = format!("{}, {oversampling} times", preset.name);
    Setting { name, args: args.map(String::from).into(), project }
}

/// Everything elsewhere than where it begins, and all places taken by files.
fn unusual() -> Setting {
    let mut params = Params::default();
    let mut args = Vec::new();
    let mut set = |key: &str, value: &str| args.extend(["--set".into(), format!("{key}={value}")]);
    for (i, range) in fx::amp::RANGES.iter().enumerate() {
        // Not at an end, where some of them are off, and nothing too loud or too quiet.
        let share = 0.3 + 0.4 * ((i * 7 % 10) as f32 / 10.0);
        range.set(&mut params, range.min + share * (range.max - range.min));
    }
    params.output_gain = -3.0;
    params.mix = 0.8;
    params.gate.on = true;
    params.gate.threshold = -50.0;
    params.routing = fx::amp::Routing::Parallel;
    params.invert = true;
    params.tone.before = true;
    params.levels.calibrate_input = true;
    for range in fx::amp::RANGES {
        set(range.key, &range.get(&params).to_string());
    }
    for (key, value) in [("gate.on", "true"), ("routing", "parallel"), ("invert", "true")] {
        set(key, value);
    }
    set("tone.before", "true");
    set("levels.calibrate_input", "true");
    let files = [
        ("--model", asset("kiln-overdrive.nam")),
        ("--model-b", asset("kiln-edge.nam")),
        ("--cabinet", asset("kiln-412-closed.wav")),
        ("--cabinet-b", asset("kiln-112-open.wav")),
    ];
    let mut project = Project::with(&json(&params)).oversampled(1);
    for (place, (flag, path)) in PLACES.iter().zip(&files) {
        args.extend([(*flag).to_owned(), path.display().to_string()]);
        project = project.file(place, path);
    }
    Setting { name: "all unusual".into(), args, project }
}

/// A model made for another rate, in mono and half dry, without a cabinet.
fn foreign(folder: &Path) -> Setting {
    let path = files::write(folder, "foreign.nam", files::clipper(44_100.0, 3.0));
    let mut params = Params { mix: 0.5, channels: fx::amp::Channels::Mono, ..Params::default() };
    params.levels.output = fx::amp::OutputLevel::Raw;
    let project = Project::with(&json(&params)).oversampled(4).file("model", &path);
    let path = path.display().to_string();
    let args = ["-m", &path, "--mix", "0.5", "--mono", "--level", "raw", "--oversampling", "4"];
    Setting { name: "foreign".into(), args: args.map(String::from).into(), project }
}

#[test]
#[ignore = "needs the bundles and the command: cargo xtask test"]
fn the_factory_presets_sound_alike() {
    let folder = scratch(env!("CARGO_TARGET_TMPDIR"), "command_line-presets");
    for (i, factory) in fx::factory::presets().iter().enumerate() {
        for rate in [44_100, 48_000] {
            assert_alike(&folder, &preset(factory, 1), rate, [64, 333, 1024][i % 3]);
        }
    }
    for (factory, rate) in fx::factory::presets().iter().zip([44_100, 48_000].into_iter().cycle()) {
        assert_alike(&folder, &preset(factory, 2), rate, 256);
    }
}

#[test]
#[ignore = "needs the bundles and the command: cargo xtask test"]
fn other_settings_sound_alike() {
    let folder = scratch(env!("CARGO_TARGET_TMPDIR"), "command_line-settings");
    for setting in [unusual(), foreign(&folder)] {
        for rate in [44_100, 48_000] {
            for block in [1, 17, 512] {
                assert_alike(&folder, &setting, rate, block);
            }
        }
    }
}
