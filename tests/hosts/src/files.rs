//! Files to test with: those in `assets/`, and small ones made here.

use std::path::{Path, PathBuf};

/// The file of that name in `assets/`.
///
/// # Panics
/// When it is not there.
pub fn asset(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets").join(name);
    path.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A model without memory that leaves small signals as they are and clips large
/// ones softly, made at `rate`. `drive` is how early it clips.
pub fn clipper(rate: f64, drive: f64) -> String {
    let scale = 1.0 / drive;
    serde_json::json!({
        "version": "0.5.4", "architecture": "WaveNet", "sample_rate": rate,
        "metadata": { "name": "Clipper" },
        "config": { "head": null, "head_scale": scale, "layers": [{
            "input_size": 1, "condition_size": 1, "head_size": 1, "channels": 1,
            "kernel_size": 2, "dilations": [1], "activation": "Tanh", "gated": false,
            "head_bias": false,
        }] },
        "weights": [1.0, 0.0, drive, 0.0, 0.0, 1.0, 0.0, 1.0, scale],
    })
    .to_string()
}

/// The factory model made quieter by `factor`, so that what is heard tells which one
/// plays. A WaveNet ends in a plain factor, which its weights repeat at their end.
///
/// # Panics
/// When the factory model is not one of that kind.
pub fn quieter(factor: f64) -> String {
    let factory = std::fs::read(asset("kiln-crunch.nam")).expect("the factory model");
    let mut model: serde_json::Value = serde_json::from_slice(&factory).expect("JSON");
    let last = model["weights"].as_array_mut().and_then(|w| w.last_mut()).expect("weights");
    *last = (last.as_f64().expect("a number") * factor).into();
    model["config"]["head_scale"] = last.clone();
    model.to_string()
}

/// An empty folder of this name.
///
/// # Panics
/// When there can be none.
pub fn scratch(root: &str, name: &str) -> PathBuf {
    let folder = Path::new(root).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder to write in");
    folder
}

/// Writes a file, and returns its path.
///
/// # Panics
/// When it cannot.
pub fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).expect("to write a file");
    path
}
