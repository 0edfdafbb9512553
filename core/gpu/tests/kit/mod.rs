//! Models, sound, and a card to test with.

#![allow(dead_code, reason = "every test file uses a part of it")]

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gpu::{Device, Options};
use nn::Model;
use serde_json::Value;

/// A card, or the processor in the part of one, opened once. `None` where the machine
/// has no driver at all; that is said.
pub(crate) fn card() -> Option<Device> {
    static CARD: OnceLock<Option<Device>> = OnceLock::new();
    let open = || match Device::open(&Options { allow_software: true, ..Options::default() }) {
        Ok(device) => {
            println!("on {} ({})", device.description(), device.description().driver);
            Some(device)
        }
        Err(e) => {
            let ci = cfg!(target_os = "linux") && std::env::var_os("CI").is_some();
            assert!(!ci, "CI brings a driver: {e}");
            None
        }
    };
    let device = CARD.get_or_init(open).clone();
    if device.is_none() {
        println!("skipped: this machine has no driver of a graphics card");
    }
    device
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A fixture or an asset by its file's name.
pub(crate) fn model(name: &str) -> Model {
    let folders = ["tests/data/nam", "assets"].map(|folder| root().join(folder));
    let path = folders.map(|folder| folder.join(name)).into_iter().find(|path| path.exists());
    load(&path.unwrap_or_else(|| panic!("no {name}")))
}

fn load(path: &Path) -> Model {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    Model::load(&bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// All models of the repository.
pub(crate) fn models() -> Vec<(String, Model)> {
    let mut files = Vec::new();
    for folder in ["tests/data/nam", "assets"] {
        let entries = std::fs::read_dir(root().join(folder)).expect("a folder of models");
        files.extend(entries.map(|entry| entry.expect("an entry").path()));
    }
    files.retain(|path| path.extension().is_some_and(|e| e == "nam"));
    files.sort();
    let name = |path: &PathBuf| path.file_name().expect("a name").to_string_lossy().into_owned();
    files.iter().map(|path| (name(path), load(path))).collect()
}

/// What is known of the fixtures.
pub(crate) fn index() -> Vec<Value> {
    let bytes = std::fs::read(root().join("tests/data/nam/index.json")).expect("the index");
    serde_json::from_slice(&bytes).expect("a list")
}

/// What an engine of the model answers.
pub(crate) fn processor(model: &Model, quality: f32, input: &[f32]) -> Vec<f32> {
    let mut engine = model.engine();
    engine.set_quality(quality);
    let mut io = input.to_vec();
    engine.process(&mut io);
    io
}

/// A chord with noise, fading in, louder than full scale at its end.
pub(crate) fn sound(frames: usize) -> Vec<f32> {
    let mut noise = 1_u32;
    (0..frames)
        .map(|i| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let hiss = noise as f32 / u32::MAX as f32 - 0.5;
            let t = i as f32 / 48_000.0;
            let tones = [82.4_f32, 123.5, 987.8].map(|f| (std::f32::consts::TAU * f * t).sin());
            (0.1 + 0.9 * i as f32 / frames as f32) * (0.4 * tones.iter().sum::<f32>() + 0.1 * hiss)
        })
        .collect()
}

/// The largest difference; NaN if there is one, or if lengths differ.
pub(crate) fn worst(found: &[f32], wanted: &[f32]) -> f32 {
    if found.len() != wanted.len() {
        return f32::NAN;
    }
    let differences = found.iter().zip(wanted).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, |worst, d| if d.is_nan() || d > worst { d } else { worst })
}
