//! `kiln drive --preset` renders what the plugin plays, bit for bit.

use std::path::{Path, PathBuf};
use std::process::Command;

use fx::drive::preset::Preset;
use hosts::files::scratch;
use hosts::project::DRIVE_PARAMS;
use hosts::signal::guitar;

use super::*;

/// The command, which `cargo test --workspace` and `cargo build` put beside the tests.
fn kiln() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let folder = test.parent().and_then(Path::parent).expect("deps lies in a folder");
    let path = folder.join(format!("kiln{}", std::env::consts::EXE_SUFFIX));
    assert!(path.is_file(), "{} is missing: `cargo build -p kiln` builds it", path.display());
    path
}

/// What the command makes of `input`, with what rings on after it.
fn rendered(folder: &Path, preset: &Preset, rate: u32, input: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let [from, to] = ["in.wav", "out.wav"].map(|name| folder.join(name));
    let (sample_format, bits_per_sample) = (hound::SampleFormat::Float, 32);
    let spec = hound::WavSpec { channels: 2, sample_rate: rate, bits_per_sample, sample_format };
    let mut writer = hound::WavWriter::create(&from, spec).expect("a file");
    for i in 0..input[0].len() {
        input.iter().for_each(|x| writer.write_sample(x[i]).expect("to write"));
    }
    writer.finalize().expect("to write");
    let mut command = Command::new(kiln());
    command.args(["drive", "--preset", &format!("factory:{}", preset.name)]);
    let run = command.args([&from, &to]).output().expect("the command runs");
    assert!(run.status.success(), "{}: {}", preset.name, String::from_utf8_lossy(&run.stderr));
    let samples = hound::WavReader::open(to).expect("a file").into_samples::<f32>();
    let samples: Vec<f32> = samples.map(|x| x.expect("a sample")).collect();
    let channel = |c: usize| samples.iter().skip(c).step_by(2).copied().collect();
    vec![channel(0), channel(1)]
}

/// A preset as the parameters of a project.
fn params(preset: &Preset) -> Vec<(&'static str, Value)> {
    let json = serde_json::to_value(preset.params).expect("JSON");
    let value = |key: &str| json.pointer(&format!("/{}", key.replace('.', "/"))).cloned();
    let mut all: Vec<_> = DRIVE_PARAMS
        .iter()
        .map(|(key, id)| (*id, value(key).unwrap_or_else(|| panic!("no {key}"))))
        .collect();
    let quality = |quality: fx::drive::Quality, ids: [&'static str; 3]| {
        let json = serde_json::to_value(quality).expect("JSON");
        let times = format!("{}x", quality.oversampling.factor());
        let [oversampling, phase, antiderivative] = ids;
        [
            (oversampling, times.into()),
            (phase, json["phase"].clone()),
            (antiderivative, quality.antiderivative.into()),
        ]
    };
    all.extend(quality(preset.quality, ["oversampling", "phase", "antiderivative"]));
    all.push(("render_own", preset.render_quality.is_some().into()));
    let ids = ["render_oversampling", "render_phase", "render_antiderivative"];
    all.extend(preset.render_quality.map(|render| quality(render, ids)).into_iter().flatten());
    all
}

/// What the plugin makes of it, rendering, as late as the input is.
fn played(preset: &Preset, rate: u32, input: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let model = preset.model.as_ref().and_then(|model| model.factory.clone());
    let mut plugin = drive().open().expect("an instance");
    let record = json!({ "factory": model.expect("a model of the factory") });
    restore(&mut plugin, &record, &params(preset));
    plugin.render_offline().expect("a render");
    let mut player = plugin.activate([2, 2], rate.into(), 512).expect("to activate");
    let (length, late) = (input[0].len(), plugin.latency() as usize);
    let padded: Vec<Vec<f32>> = input
        .iter()
        .map(|channel| channel.iter().copied().chain(vec![0.0; late]).collect())
        .collect();
    let output = player.render(&padded, &[512, 64, 333], &[]);
    plugin.deactivate(player);
    output.iter().map(|channel| channel[late..late + length].to_vec()).collect()
}

#[test]
#[ignore = "needs the bundles and the command: cargo xtask test"]
fn the_factory_presets_sound_alike() {
    let folder = scratch(env!("CARGO_TARGET_TMPDIR"), "drive-command_line");
    let presets = fx::factory::drive_presets();
    assert!(!presets.is_empty());
    for (preset, rate) in presets.iter().zip([48_000, 44_100, 96_000].iter().cycle()) {
        let left = guitar(f64::from(*rate), 0.7);
        let right = left.iter().rev().map(|x| 0.6 * x).collect();
        let input = [left, right];
        let (a, b) = (rendered(&folder, preset, *rate, &input), played(preset, *rate, &input));
        for (a, b) in a.iter().zip(&b) {
            assert!(a.len() >= b.len(), "{} is cut short", preset.name);
            let other = (0..b.len()).find(|i| a[*i].to_bits() != b[*i].to_bits());
            let shown = other.map(|i| (i, a[i], b[i]));
            assert_eq!(shown, None, "{} at {rate} Hz", preset.name);
            assert!(b.iter().any(|x| x.abs() > 1e-3), "{} is silent", preset.name);
        }
    }
}
