//! What it says of itself, and what is heard.

use hosts::clap::Change;
use hosts::parameter;
use hosts::signal::{guitar, rms};

use super::*;

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn what_it_is() {
    let bundle = drive();
    assert_eq!((bundle.names[0].as_str(), bundle.id.as_str()), (NAME, "audio.kiln.drive"));
    assert!(bundle.features.iter().any(|f| f == "distortion"), "{:?}", bundle.features);
    let mut plugin = bundle.open().expect("an instance");
    let parameters = plugin.parameters();
    let find = |id: &str| parameters.iter().find(|p| p.id == parameter(id)).expect(id);
    for (_, id) in project::DRIVE_PARAMS {
        assert!(find(id).automatable, "{id}");
    }
    for id in ["oversampling", "phase", "antiderivative", "render_own", "render_oversampling"] {
        assert!(!find(id).automatable && !find(id).hidden, "{id}");
    }
    assert!(find("changes").hidden);
    assert!(parameters.iter().all(|p| !p.name.is_empty()));
    let cut = plugin.parse(parameter("after_high"), "2.5 kHz").expect("a value");
    assert_eq!(plugin.show(parameter("after_high"), cut).expect("words"), "2.50 kHz");
    let pages = plugin.pages().expect("pages");
    assert!(pages.iter().all(|(name, ids)| !name.is_empty() && ids.len() <= 8), "{pages:?}");
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn no_cut_of_the_signal_changes_a_bit_at_any_rate() {
    for (rate, id) in [44_100.0, 48_000.0, 96_000.0, 192_000.0].into_iter().zip([
        "overdrive",
        "hard-clip",
        "fuzz",
        "tube",
    ]) {
        let input = guitar(rate, 0.3);
        let run = |cuts: &[usize]| {
            let mut plugin = playing(id);
            let mut player = plugin.activate([2, 2], rate, 4096).expect("to activate");
            let output = play(&mut player, &input, cuts, &[]);
            plugin.deactivate(player);
            output
        };
        let whole = run(&[4096]);
        assert!(rms(&whole[0]) > 1e-3 && whole.iter().flatten().all(|x| x.is_finite()), "{id}");
        for cuts in [&[1][..], &[64], &[333], &[1, 4096, 7, 64, 513, 2]] {
            assert!(run(cuts) == whole, "{id} cut into {cuts:?} at {rate} Hz");
        }
    }
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn every_layout_sounds_alike() {
    let input = guitar(RATE, 0.3);
    let run = |inputs: u32, outputs: u32| {
        let mut plugin = playing("overdrive");
        plugin.select(inputs, outputs).expect("the layout");
        let channels = [inputs as usize, outputs as usize];
        let mut player = plugin.activate(channels, RATE, 512).expect("to activate");
        let output = player.render(&vec![input.clone(); channels[0]], &[256], &[]);
        plugin.deactivate(player);
        output
    };
    let (stereo, mono, between) = (run(2, 2), run(1, 1), run(1, 2));
    assert!(between == stereo && mono[0] == stereo[0] && stereo[0] == stereo[1]);
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn what_is_no_number_leaves_no_trace() {
    let clean = guitar(RATE, 0.5);
    let (mut poisoned, mut muted) = (clean.clone(), clean);
    for (i, poison) in [(1_000, f32::NAN), (3_000, f32::INFINITY), (5_000, f32::NEG_INFINITY)] {
        poisoned[i..i + 700].fill(poison);
        muted[i..i + 700].fill(0.0);
    }
    let run = |input: &[f32]| {
        let mut plugin = playing("fuzz");
        let mut player = activate(&mut plugin);
        let output = play(&mut player, input, &[480], &[]);
        plugin.deactivate(player);
        output
    };
    assert!(run(&poisoned) == run(&muted), "it is not the same as silence");
    poisoned.fill(f32::MAX);
    assert!(run(&poisoned).iter().flatten().all(|x| x.is_finite()), "huge input");
    assert!(run(&[1e-40; 9000]).iter().flatten().all(|x| !x.is_subnormal()), "tiny input");
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn the_drive_of_every_model_distorts() {
    // What a tone is made of beside itself, in dB below it.
    let rest = |output: &[f32]| {
        let n = 4800;
        let output = &output[output.len() - n..];
        let part = |k: f64| {
            let turn = |i: usize| std::f64::consts::TAU * k * i as f64 / n as f64;
            let sum = |f: fn(f64) -> f64| -> f64 {
                output.iter().enumerate().map(|(i, y)| f64::from(*y) * f(turn(i))).sum()
            };
            (sum(f64::cos).powi(2) + sum(f64::sin).powi(2)) / n as f64 * 2.0
        };
        let all: f64 = output.iter().map(|y| f64::from(*y).powi(2)).sum();
        10.0 * ((all - part(22.0)).max(1e-12) / part(22.0)).log10()
    };
    let tone: Vec<f32> = (0..24_000)
        .map(|i| 0.25 * (i as f64 * std::f64::consts::TAU * 220.0 / RATE).sin() as f32)
        .collect();
    for item in fx::factory::DRIVES {
        let mut plugin = playing(item.id);
        let mut player = activate(&mut plugin);
        let mut at = |drive: f64| {
            let change = Change { at: 0, parameter: parameter("drive"), value: drive };
            rest(&play(&mut player, &tone, &[512], &[change])[0])
        };
        let (least, most) = (at(0.0), at(1.0));
        println!("{}: {least:.1} dB at the least, {most:.1} dB at the most", item.name);
        // An octave has more of it than of the tone at any drive.
        let more = most > least + 0.5 || least > 0.0;
        assert!(most > -25.0 && more, "{}: {least} and {most}", item.name);
        plugin.deactivate(player);
    }
}
