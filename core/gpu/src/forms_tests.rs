//! Shaders for cards, which tests elsewhere do not compile where there is none.

use nn::Model;

use crate::source::Form;
use crate::{Device, Job, Options, Renderer};

fn fixture(name: &str) -> Model {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/nam/");
    let bytes = std::fs::read(folder.to_owned() + name).expect("a fixture");
    Model::load(&bytes).expect("a model")
}

/// All forms answer alike: what a thread computes for one frame depends on no other.
#[test]
fn frames_of_a_thread_do_not_matter() {
    let options = Options { allow_software: true, ..Options::default() };
    let mut device = match Device::open(&options) {
        Ok(device) => device,
        Err(e) => {
            assert!(std::env::var_os("CI").is_none(), "CI brings a driver: {e}");
            return println!("skipped: {e}");
        }
    };
    let input: Vec<f32> = (0..1500).map(|i| (i as f32 * 0.05).sin()).collect();
    for name in ["a1_channels_5.nam", "everything.nam", "groups_gated.nam", "convnet_relu_bn.nam"] {
        let models = [fixture(name)];
        let mut wanted = input.clone();
        models[0].engine().process(&mut wanted);
        for (frames, compact) in [(1, true), (1, false), (2, false), (4, false)] {
            device.form = Form { frames, compact };
            let mut renderer = Renderer::new(&device, &models, 1.0).expect("a renderer");
            let found = renderer.render(&[Job { model: 0, input: &input }]).expect("a render");
            let differences = found[0].iter().zip(&wanted).map(|(a, b)| (a - b).abs());
            let worst = differences.fold(0.0_f32, |a, b| if b.is_nan() { b } else { a.max(b) });
            assert!(worst <= 1e-5, "{name}, {frames} frames, {compact}: {worst:e}");
        }
    }
}
