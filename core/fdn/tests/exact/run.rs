//! Runs FAUST source, where there are a FAUST and a C++ compiler.

use std::path::Path;
use std::process::Command;

/// Where the tools are missing.
pub(crate) fn missing() -> bool {
    let found = |tool: &str| Command::new(tool).arg("--version").output().is_ok();
    let missing = !(found("faust") && found("c++"));
    if missing {
        println!("skipped: needs faust and c++");
    }
    missing
}

fn run(command: &mut Command) {
    let done = command.output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {said}");
}

/// The impulse responses of `source`, `frames` long: input, then output, then sample.
pub(crate) fn impulse_responses(
    label: &str,
    source: &str,
    (inputs, outputs): (usize, usize),
    frames: usize,
) -> Vec<Vec<Vec<f64>>> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = |end: &str| folder.join(format!("faust-{label}{end}"));
    let architecture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exact/arch.cpp");
    std::fs::write(path(".dsp"), source).unwrap();
    let mut faust = Command::new("faust");
    run(faust
        .args(["-lang", "cpp", "-a"])
        .args([&architecture, &path(".dsp")])
        .arg("-o")
        .arg(path(".cpp")));
    run(Command::new("c++").args(["-O1", "-o"]).args([path(""), path(".cpp")]));
    run(Command::new(path("")).arg(path(".raw")).arg(frames.to_string()));
    let bytes = std::fs::read(path(".raw")).unwrap();
    let samples =
        bytes.chunks_exact(4).map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap())));
    let samples: Vec<f64> = samples.collect();
    assert_eq!(samples.len(), inputs * outputs * frames, "inputs and outputs of {label}");
    let input = |all: &[f64]| all.chunks(frames).map(<[f64]>::to_vec).collect();
    samples.chunks(outputs * frames).map(input).collect()
}
