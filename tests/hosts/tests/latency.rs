//! What the plugin says of its latency is what it has, and the host hears when it changes.

mod vst;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use hosts::clap::{Change, Player, Plugin};
use hosts::files::{self, clipper};
use hosts::project::Project;
use hosts::signal::{lag, noise};
use hosts::{clap_amp, parameter};

const RATES: [f64; 5] = [44_100.0, 48_000.0, 88_200.0, 96_000.0, 192_000.0];
/// Samples of the longest latency that is looked for.
const MOST: usize = 1500;

/// Models for 48 and for 44.1 kHz that leave small signals as they are.
fn models(test: &str) -> [PathBuf; 2] {
    let folder = files::scratch(env!("CARGO_TARGET_TMPDIR"), &format!("latency-{test}"));
    [48_000.0, 44_100.0]
        .map(|rate| files::write(&folder, &format!("{rate}.nam"), clipper(rate, 0.1)))
}

/// Two models and nothing else that could delay or color the sound.
fn clean([a, b]: &[PathBuf; 2], routing: &str, oversampling: u32) -> Project {
    let project = Project::default().file("model", a).file("model2", b);
    project
        .set("routing", routing)
        .set("level", "raw")
        .set("tone_on", false)
        .oversampled(oversampling)
}

fn test_signal(rate: f64) -> Vec<f32> {
    noise(rate, 0.15, 5000.0, 0.03)
}

/// The left channel.
fn play(player: &mut Player, input: &[f32], changes: &[Change]) -> Vec<f32> {
    player.render(&[input.to_vec(), input.to_vec()], &[256], changes).swap_remove(0)
}

/// What a setting renders from a fresh start, and the latency the plugin tells.
fn render(plugin: &mut Plugin, rate: f64, project: &Project, input: &[f32]) -> (Vec<f32>, usize) {
    plugin.restore(&project.bytes()).expect("our state");
    let mut player = plugin.activate([2, 2], rate, 256).expect("to activate");
    let told = plugin.latency() as usize;
    let output = play(&mut player, input, &[]);
    assert_eq!(plugin.latency() as usize, told, "it changed while nothing did");
    plugin.deactivate(player);
    (output, told)
}

/// `output` is `input`, so many samples later, to the bit.
fn assert_delayed(input: &[f32], output: &[f32], late: usize, what: &str) {
    assert!(output[..late].iter().all(|x| *x == 0.0), "{what}: sound before its time");
    assert!(output[late..] == input[..input.len() - late], "{what}: not the input {late} later");
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn the_latency_is_as_told_in_clap() {
    let (models, bundle) = (models("clap"), clap_amp());
    for rate in RATES {
        let (input, mut told_before) = (test_signal(rate), None);
        for (oversampling, routing) in
            [1, 2, 4].into_iter().flat_map(|x| [(x, "series"), (x, "parallel")])
        {
            let mut plugin = bundle.open().expect("an instance");
            let what = format!("{rate} Hz, {oversampling} times, {routing}");
            let wet = clean(&models, routing, oversampling);
            let (output, told) = render(&mut plugin, rate, &wet, &input);
            let (found, gain) = lag(&input, &output, MOST);
            println!("{what}: {told} told, {found:.3} found");
            assert!((found - told as f64).abs() < 0.1, "{what}: {told} told, {found} found");
            // Two models side by side that were not in time would cancel in part.
            assert!((gain - 1.0).abs() < 0.03, "{what}: a gain of {gain}");

            let (output, late) = render(&mut plugin, rate, &wet.clone().set("mix", 0.0), &input);
            assert_eq!(late, told, "{what}: dry is told another");
            assert_delayed(&input, &output, told, &format!("{what}, dry"));
            let bypassed = wet.set("mix", 1.0).set("bypass", true);
            let (output, late) = render(&mut plugin, rate, &bypassed, &input);
            assert_eq!(late, told, "{what}: bypassed is told another");
            assert_delayed(&input, &output, told, &format!("{what}, bypassed"));
            match routing {
                "series" => told_before = Some(told),
                _ => assert!(told_before.is_some_and(|series| told <= series), "{what}"),
            }
        }
    }
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn models_that_are_off_keep_their_time() {
    let (models, mut plugin) = (models("off"), clap_amp().open().expect("an instance"));
    let input = test_signal(44_100.0);
    for off in ["a_on", "b_on"] {
        let project =
            clean(&models, "series", 1).set("a_on", true).set("b_on", true).set(off, false);
        let (output, told) = render(&mut plugin, 44_100.0, &project, &input);
        let (found, gain) = lag(&input, &output, MOST);
        assert!((found - told as f64).abs() < 0.1, "{off}: {told} told, {found} found");
        assert!((gain - 1.0).abs() < 0.03, "{off}: a gain of {gain}");
    }
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn activation_tells_its_latency_and_asks_for_no_other() {
    let mut plugin = clap_amp().open().expect("an instance");
    for (rate, changes) in [(44_100.0, 1), (44_100.0, 1), (48_000.0, 2), (96_000.0, 3)] {
        let player = plugin.activate([2, 2], rate, 256).expect("to activate");
        plugin.idle();
        assert!(!plugin.wants_restart(), "at {rate} Hz it wants to be activated anew");
        assert_eq!(plugin.latency_changes(), changes, "at {rate} Hz");
        plugin.deactivate(player);
    }
}

/// Settings that differ in their latency at 48 kHz, each from the one before it.
fn changes(models: &[PathBuf; 2]) -> [Project; 5] {
    let [own, other] = models;
    let two = |times| clean(&[other.clone(), other.clone()], "series", times);
    [
        clean(models, "series", 2),
        Project::default().file("model", own).oversampled(1),
        Project::default().file("model", other),
        two(1),
        two(2),
    ]
}

/// The latency of a setting in an instance that never played another.
fn latency_of(project: &Project, rate: f64) -> u32 {
    let mut plugin = clap_amp().open().expect("an instance");
    render(&mut plugin, rate, project, &test_signal(rate)).1 as u32
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn a_clap_host_hears_of_each_change() {
    let (models, mut plugin) = (models("clap_changes"), clap_amp().open().expect("an instance"));
    let input = test_signal(48_000.0);
    let mut player = plugin.activate([2, 2], 48_000.0, 256).expect("to activate");
    play(&mut player, &input, &[]);
    plugin.idle();
    assert!(!plugin.wants_restart(), "before anything changed");
    for (i, project) in changes(&models).iter().enumerate() {
        let (goal, told, limit) = (latency_of(project, 48_000.0), plugin.latency(), limit());
        assert_ne!(goal, told, "change {i} is none");
        plugin.restore(&project.bytes()).expect("our state");
        let mut restarts = 0;
        // Engines are built in the background where the oversampling changes.
        while restarts == 0 || plugin.latency() != goal {
            assert!(Instant::now() < limit, "change {i} does not arrive");
            play(&mut player, &input[..2560], &[]);
            plugin.idle();
            if plugin.wants_restart() {
                // As the format demands: the host hears of it while it activates anew.
                let before = plugin.latency_changes();
                plugin.deactivate(player);
                player = plugin.activate([2, 2], 48_000.0, 256).expect("to activate");
                assert!(plugin.latency_changes() > before, "change {i}: not told in time");
                restarts += 1;
            }
        }
        let output = play(&mut player, &input, &[]);
        let (found, _) = lag(&input, &output, MOST);
        assert!((found - f64::from(goal)).abs() < 0.1, "change {i}: {goal} told, {found} found");
        // One for each thing that changed: a model, another, the oversampling of both.
        assert!(restarts <= 4, "change {i} takes {restarts} restarts");
    }
    plugin.idle();
    plugin.deactivate(player);
}

fn limit() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn the_latency_is_as_told_in_vst3() {
    let models = models("vst3");
    for rate in RATES {
        let input = test_signal(rate);
        for (oversampling, routing) in
            [1, 2, 4].into_iter().flat_map(|x| [(x, "series"), (x, "parallel")])
        {
            let what = format!("{rate} Hz, {oversampling} times, {routing}");
            let wet = clean(&models, routing, oversampling);
            for (project, exact) in [
                (wet.clone(), false),
                (wet.clone().set("mix", 0.0), true),
                (wet.set("bypass", true), true),
            ] {
                let (_host, mut plugin) = vst::open(rate, 256);
                plugin.load_state(&project.json()).expect("our state");
                vst::start(&mut plugin);
                let told = plugin.latency_samples() as usize;
                let output = vst::play(&mut plugin, rate, 256, &input);
                let (found, _) = lag(&input, &output, MOST);
                assert!((found - told as f64).abs() < 0.1, "{what}: {told} told, {found} found");
                if exact {
                    assert_delayed(&input[..output.len()], &output, told, &what);
                }
            }
        }
    }
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn a_vst3_host_hears_of_each_change() {
    let models = models("vst3_changes");
    let (_host, mut plugin) = vst::open(48_000.0, 256);
    let input = test_signal(48_000.0);
    vst::start(&mut plugin);
    for (i, project) in changes(&models).iter().enumerate() {
        let (goal, told, limit) =
            (latency_of(project, 48_000.0), plugin.latency_samples(), limit());
        assert_ne!(goal, told, "change {i} is none");
        plugin.load_state(&project.json()).expect("our state");
        let mut heard = false;
        while !heard || plugin.latency_samples() != goal {
            assert!(Instant::now() < limit, "change {i} does not arrive");
            vst::play(&mut plugin, 48_000.0, 256, &input[..2560]);
            plugin.service_run_loop();
            heard |= plugin.service_host_requests().expect("to restart").latency_changed();
        }
        let output = vst::play(&mut plugin, 48_000.0, 256, &input);
        let (found, _) = lag(&input, &output, MOST);
        assert!((found - f64::from(goal)).abs() < 0.1, "change {i}: {goal} told, {found} found");
    }
}

/// Latency means that what comes in comes out later, not that some of it is lost.
#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn the_bypass_is_switched_in_time() {
    let (models, mut plugin) = (models("bypass"), clap_amp().open().expect("an instance"));
    let input = test_signal(44_100.0);
    plugin.restore(&clean(&models, "series", 1).bytes()).expect("our state");
    let mut player = plugin.activate([2, 2], 44_100.0, 256).expect("to activate");
    let late = plugin.latency() as usize;
    let bypass = parameter("bypass");
    let changes =
        [(1500, 1.0), (4000, 0.0)].map(|(at, value)| Change { at, parameter: bypass, value });
    let output = play(&mut player, &input, &changes);
    // Wet and dry are the same here but for the ripple of the filters, and that models are
    // led to the sound with care: if they were not in time, the fades would show it.
    let error = input.iter().zip(&output[late..]).skip(200).map(|(x, y)| (x - y).abs());
    let error = error.fold(0.0, f32::max);
    assert!(error < 0.01, "off by {error}");
    plugin.deactivate(player);
}
