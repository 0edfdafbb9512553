//! What it says of its latency is what it has, and hosts hear when it changes.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use hosts::files::{scratch, write};
use hosts::signal::{lag, noise};

use super::*;

const RATES: [f64; 4] = [44_100.0, 48_000.0, 96_000.0, 192_000.0];
/// Samples of the longest latency that is looked for.
const MOST: usize = 1500;

/// Models for any and for 44.1 kHz that leave small signals as they are.
fn models(test: &str) -> [PathBuf; 2] {
    let folder = scratch(env!("CARGO_TARGET_TMPDIR"), &format!("drive-latency-{test}"));
    [("any", None), ("44100", Some(44_100))]
        .map(|(name, rate)| write(&folder, &format!("{name}.json"), clipper(1.0, rate)))
}

fn quality(times: &str, phase: &str) -> Vec<(&'static str, Value)> {
    vec![("oversampling", json!(times)), ("phase", json!(phase)), ("bypass", json!(false))]
}

fn signal(rate: f64) -> Vec<f32> {
    noise(rate, 0.15, 5000.0, 0.03)
}

fn left(player: &mut Player, input: &[f32]) -> Vec<f32> {
    play(player, input, &[256], &[]).swap_remove(0)
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn the_latency_is_as_told() {
    let (models, bundle) = (models("told"), drive());
    for rate in RATES {
        let input = signal(rate);
        for (path, times, phase) in models.iter().flat_map(|path| {
            ["1x", "2x", "4x", "8x", "16x"]
                .into_iter()
                .flat_map(move |x| ["minimum", "linear"].map(|phase| (path, x, phase)))
        }) {
            let what = format!("{} at {rate} Hz, {times}, {phase}", path.display());
            let mut params = quality(times, phase);
            let run = |params: &[(&str, Value)]| {
                let mut plugin = bundle.open().expect("an instance");
                restore(&mut plugin, &json!({ "path": path }), params);
                let mut player = plugin.activate([2, 2], rate, 256).expect("to activate");
                let told = plugin.latency() as usize;
                let output = left(&mut player, &input);
                plugin.deactivate(player);
                (output, told)
            };
            let (output, told) = run(&params);
            let (found, gain) = lag(&input, &output, MOST);
            // The recursive filters delay low sounds by a whole number of samples, and
            // those of the noise's edge by a little more.
            let most = if phase == "linear" { 0.1 } else { 0.5 };
            assert!((found - told as f64).abs() < most, "{what}: {told} told, {found} found");
            assert!((gain - 1.0).abs() < 0.05, "{what}: a gain of {gain}");
            params.push(("bypass", json!(true)));
            let (output, late) = run(&params);
            assert_eq!(late, told, "{what}: bypassed is told another");
            assert!(output[..told].iter().all(|x| *x == 0.0), "{what}: before its time");
            assert!(output[told..] == input[..input.len() - told], "{what}: not the input");
        }
    }
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn a_host_hears_of_each_change() {
    let [any, rated] = models("changes").map(|path| json!({ "path": path }));
    let mut plugin = drive().open().expect("an instance");
    restore(&mut plugin, &any, &quality("8x", "minimum"));
    let mut player = plugin.activate([2, 2], RATE, 256).expect("to activate");
    let input = signal(RATE);
    left(&mut player, &input);
    plugin.idle();
    assert!(!plugin.wants_restart(), "before anything changed");
    let changes = [(&any, "8x", "linear"), (&rated, "8x", "linear"), (&any, "1x", "minimum")];
    for (i, (model, times, phase)) in changes.into_iter().enumerate() {
        let params = quality(times, phase);
        let goal = {
            let mut other = drive().open().expect("an instance");
            restore(&mut other, model, &params);
            let player = other.activate([2, 2], RATE, 256).expect("to activate");
            let latency = other.latency();
            other.deactivate(player);
            latency
        };
        assert_ne!(goal, plugin.latency(), "change {i} is none");
        restore(&mut plugin, model, &params);
        let (began, mut restarts) = (Instant::now(), 0);
        // Pedals are built in the background where the quality changes.
        while restarts == 0 || plugin.latency() != goal {
            assert!(began.elapsed() < Duration::from_secs(60), "change {i} does not arrive");
            left(&mut player, &input[..2560]);
            plugin.idle();
            if plugin.wants_restart() {
                let before = plugin.latency_changes();
                plugin.deactivate(player);
                player = plugin.activate([2, 2], RATE, 256).expect("to activate");
                assert!(plugin.latency_changes() > before, "change {i}: not told in time");
                restarts += 1;
            }
        }
        let (found, _) = lag(&input, &left(&mut player, &input), MOST);
        assert!((found - f64::from(goal)).abs() < 0.5, "change {i}: {goal} told, {found} found");
        assert!(restarts <= 3, "change {i} takes {restarts} restarts");
    }
    plugin.deactivate(player);
}
