//! The macro-controls against ADAC's: the committed fixtures, and what FAUST makes of
//! them beside the repository where there is anything.

mod npy;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fdn::{Effect, Graph, Law, Model};
use npy::{difference, npy};

/// What is played for an impulse, the controls where the file lets them begin.
fn play(json: &Path, samples: usize) -> Vec<f64> {
    let graph = Graph::load(&fs::read(json).unwrap()).unwrap();
    let model = Arc::new(Model::new(&graph, Law::Adac).unwrap());
    let mut x = vec![0.0_f32; samples];
    x[0] = 1.0;
    let mut y = vec![0.0_f32; samples];
    Effect::new(&model).process(&[&x], &mut [&mut y]);
    y.into_iter().map(f64::from).collect()
}

fn compare(json: &Path, reference: &Path) -> f64 {
    let meant = npy(reference);
    assert_eq!(meant.shape[..2], [1, 1]);
    let error = difference(&play(json, meant.shape[2]), &meant.values);
    println!("{}: {error:.1} dB", reference.display());
    error
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn they_are_what_adac_says() {
    let folder = root().join("tests/data/fdn/controls");
    for name in ["rt60", "all"] {
        let at = |suffix: &str| folder.join(format!("{name}.{suffix}"));
        let error = compare(&at("json"), &at("npy"));
        assert!(error < -130.0, "{name}: {error:.1} dB");
    }
}

#[test]
fn they_are_what_faust_plays() {
    let folder = root().join("../shared/data/fdn");
    if !folder.is_dir() {
        println!("skipped: no reference data beside the repository");
        return;
    }
    // FAUST's sliders never quite arrive, which is all that is between.
    for (name, settled) in [("ctl_rt60_0p5", -90.0), ("ctl_all", -75.0)] {
        let at = |suffix: &str| folder.join(format!("{name}.{suffix}"));
        let error = compare(&at("json"), &at("td64.npy"));
        assert!(error < -130.0, "{name}: {error:.1} dB");
        let error = compare(&at("json"), &at("faust_settled.npy"));
        assert!(error < settled, "{name} of FAUST: {error:.1} dB");
    }
}
