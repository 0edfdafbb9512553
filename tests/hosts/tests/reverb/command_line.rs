//! `kiln reverb --preset` renders what the plugin plays, bit for bit.

use std::path::{Path, PathBuf};
use std::process::Command;

use fx::reverb::preset::Preset;
use hosts::files::scratch;
use hosts::project::REVERB_PARAMS;
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

fn spec(rate: u32) -> hound::WavSpec {
    let (sample_format, bits_per_sample) = (hound::SampleFormat::Float, 32);
    hound::WavSpec { channels: 2, sample_rate: rate, bits_per_sample, sample_format }
}

/// What the command makes of `input`.
fn rendered(folder: &Path, preset: &Preset, rate: u32, input: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let [from, to] = ["in.wav", "out.wav"].map(|name| folder.join(name));
    let mut writer = hound::WavWriter::create(&from, spec(rate)).expect("a file");
    for i in 0..input[0].len() {
        input.iter().for_each(|x| writer.write_sample(x[i]).expect("to write"));
    }
    writer.finalize().expect("to write");
    let mut command = Command::new(kiln());
    command.args(["reverb", "--tail", "0", "--preset", &format!("factory:{}", preset.name)]);
    let run = command.args([&from, &to]).output().expect("the command runs");
    assert!(run.status.success(), "{}: {}", preset.name, String::from_utf8_lossy(&run.stderr));
    let samples = hound::WavReader::open(to).expect("a file").into_samples::<f32>();
    let samples: Vec<f32> = samples.map(|x| x.expect("a sample")).collect();
    let channel = |c: usize| samples.iter().skip(c).step_by(2).copied().collect();
    vec![channel(0), channel(1)]
}

/// What the plugin makes of it, rendering.
fn played(preset: &Preset, rate: u32, input: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let params = serde_json::to_value(preset.params).expect("JSON");
    let value = |key: &str| params.pointer(&format!("/{}", key.replace('.', "/"))).cloned();
    let params: Vec<_> = REVERB_PARAMS
        .iter()
        .map(|(key, id)| (*id, value(key).unwrap_or_else(|| panic!("no {key}"))))
        .collect();
    let graph = preset.graph.as_ref().and_then(|graph| graph.factory.clone());
    let mut plugin = reverb().open().expect("an instance");
    let record = json!({ "factory": graph.expect("a graph of the factory") });
    plugin.restore(&project::reverb(&record, &params)).expect("our state");
    plugin.render_offline().expect("a render");
    let mut player = plugin.activate([2, 2], rate.into(), 512).expect("to activate");
    let output = player.render(input, &[512, 64, 333], &[]);
    plugin.deactivate(player);
    output
}

#[test]
#[ignore = "needs the bundles and the command: cargo xtask test"]
fn the_factory_presets_sound_alike() {
    let folder = scratch(env!("CARGO_TARGET_TMPDIR"), "reverb-command_line");
    for (preset, rate) in fx::factory::reverb_presets().iter().zip([48_000, 44_100].iter().cycle())
    {
        let left = guitar(f64::from(*rate), 0.7);
        let right = left.iter().rev().map(|x| 0.6 * x).collect();
        let input = [left, right];
        let (a, b) = (rendered(&folder, preset, *rate, &input), played(preset, *rate, &input));
        for (a, b) in a.iter().zip(&b) {
            assert_eq!(a.len(), b.len());
            let other = (0..a.len()).find(|i| a[*i].to_bits() != b[*i].to_bits());
            let shown = other.map(|i| (i, a[i], b[i]));
            assert_eq!(shown, None, "{} at {rate} Hz", preset.name);
            assert!(a.iter().any(|x| x.abs() > 1e-3), "{} is silent", preset.name);
        }
    }
}
