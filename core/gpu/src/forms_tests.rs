//! Shaders for cards, which tests elsewhere do not compile where there is none.

use std::sync::Arc;

use nn::Model;

use crate::kernel::Kernels;
use crate::source::Form;
use crate::{Device, Job, Options, Renderer};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/nam/");
const ASSETS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/");

fn load(path: &str) -> Model {
    Model::load(&std::fs::read(path).expect("a fixture")).expect("a model")
}

fn fixture(name: &str) -> Model {
    load(&(FIXTURES.to_owned() + name))
}

/// What is shared is what would have been written; and what can be is.
#[test]
fn networks_of_one_shape_share_a_shader() {
    let form = Form { frames: 4, compact: false };
    let mut shared = Kernels::new(256, form);
    let mut ran = 0;
    for entry in std::fs::read_dir(FIXTURES).expect("the fixtures") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|e| e != "nam") {
            continue;
        }
        let model = load(&path.to_string_lossy());
        let Ok(alone) = Kernels::new(256, form).of(&model, 1.0) else { continue };
        let kernel = shared.of(&model, 1.0).expect("a kernel");
        assert!(kernel.shader == alone.shader, "{}", path.display());
        ran += 1;
    }
    assert!(ran > 40, "the fixtures are there: {ran}");
    let [a, b] = ["kiln-clean.nam", "kiln-crunch.nam"]
        .map(|name| shared.of(&load(&(ASSETS.to_owned() + name)), 1.0).expect("a kernel"));
    assert!(Arc::ptr_eq(&a.shader, &b.shader) && a.weights != b.weights);
}

/// All forms answer alike: what a thread computes for one frame depends on no other.
#[test]
fn frames_of_a_thread_do_not_matter() {
    let options = Options { allow_software: true, ..Options::default() };
    let mut device = match Device::open(&options) {
        Ok(device) => device,
        Err(e) => {
            let ci = cfg!(target_os = "linux") && std::env::var_os("CI").is_some();
            assert!(!ci, "CI brings a driver: {e}");
            return println!("skipped: {e}");
        }
    };
    let input: Vec<f32> = (0..1500).map(|i| (i as f32 * 0.05).sin()).collect();
    for name in ["a1_channels_5.nam", "groups_gated.nam", "gated_other.nam"] {
        let models = [fixture(name)];
        let mut wanted = input.clone();
        models[0].engine().process(&mut wanted);
        for (frames, compact) in [(1, false), (2, false), (4, false)] {
            device.form = Form { frames, compact };
            let mut renderer = Renderer::new(&device, &models, 1.0).expect("a renderer");
            let found = renderer.render(&[Job { model: 0, input: &input }]).expect("a render");
            let differences = found[0].iter().zip(&wanted).map(|(a, b)| (a - b).abs());
            let worst = differences.fold(0.0_f32, |a, b| if b.is_nan() { b } else { a.max(b) });
            assert!(worst <= 1e-5, "{name}, {frames} frames, {compact}: {worst:e}");
        }
    }
}
