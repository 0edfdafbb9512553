//! Latency as the host hears of it, and renders that come out the same each time.

mod host;

use std::path::{Path, PathBuf};

use host::{clipper, settled, tone};
use kiln_drive::KilnDrive;
use kiln_drive::choices::{Oversampling, Phase};
use nice_plug::prelude::{Enum as _, ProcessMode};

const CHOICES: [Oversampling; 5] =
    [Oversampling::X1, Oversampling::X2, Oversampling::X4, Oversampling::X8, Oversampling::X16];

/// A linear model, so that what comes out is what went in, only later, and one that is
/// made for another rate.
fn models(test: &str) -> [PathBuf; 2] {
    let folder = host::scratch(test);
    let small = |name: &str| clipper(name, 100.0).replacen("[[1.0]]", "[[0.01]]", 1);
    let rated = small("R").replacen("\"layers\"", "\"sample_rate\": 44100, \"layers\"", 1);
    [host::write(&folder, "any.json", &small("Any")), host::write(&folder, "r.json", &rated)]
}

/// Slow enough that every filter passes it, and never the same twice.
fn sweep(samples: usize) -> Vec<f32> {
    let at = |i: usize| {
        let t = i as f32 / 48_000.0;
        0.1 * (std::f32::consts::TAU * (200.0 + 2000.0 * t) * t).sin()
    };
    (0..samples).map(at).collect()
}

/// By how many samples `output` is most like `input`.
fn lag(input: &[f32], output: &[f32]) -> usize {
    let alike = |late: usize| -> f64 {
        let pairs = output[late..].iter().zip(input).skip(2000).take(8000);
        pairs.map(|(y, x)| f64::from(*y) * f64::from(*x)).sum()
    };
    (0..1500).max_by(|a, b| alike(*a).total_cmp(&alike(*b))).expect("some")
}

fn of(path: &Path, rate: f32, set: impl Fn(&KilnDrive)) -> (KilnDrive, u32) {
    let mut plugin = host::plugin();
    set(&plugin);
    host::activate_as(&mut plugin, [2, 2], rate, ProcessMode::Realtime);
    host::open(&plugin, path);
    let latency = host::activate_as(&mut plugin, [2, 2], rate, ProcessMode::Realtime);
    (plugin, latency)
}

#[test]
fn the_latency_is_as_told() {
    let input = sweep(12_000);
    for path in models("told") {
        for rate in [44_100.0, 48_000.0, 96_000.0] {
            for oversampling in CHOICES {
                for phase in [Phase::Minimum, Phase::Linear] {
                    let set = |plugin: &KilnDrive| {
                        host::set(&plugin.kept().oversampling, oversampling);
                        host::set(&plugin.kept().phase, phase);
                    };
                    let (mut plugin, told) = of(&path, rate, set);
                    let mut io = vec![input.clone(); 2];
                    host::process(&mut plugin, &mut io);
                    let found = lag(&input, &io[0]);
                    let what = (oversampling.to_index(), phase.to_index());
                    assert_eq!(found, told as usize, "{rate} Hz, {what:?}, {}", path.display());
                    assert_eq!(plugin.engine().status().latency, told as usize);
                }
            }
        }
    }
}

#[test]
fn the_host_hears_of_another_latency_while_it_plays() {
    let [path, rated] = models("changes");
    let (mut plugin, first) = of(&path, 48_000.0, |_| {});
    assert_eq!(host::process(&mut plugin, &mut tone(512, 0.1)), host::Done::default());
    host::set(&plugin.kept().phase, Phase::Linear);
    assert_eq!(host::process(&mut plugin, &mut tone(512, 0.1)).rebuilds, 1);
    let goal = host::until(&plugin, |s| {
        s.setup.is_some_and(|s| s.quality.phase == fx::drive::Phase::Linear)
    });
    assert_ne!(goal.latency as u32, first);
    let told = heard(&mut plugin);
    assert_eq!(told, Some(goal.latency as u32));
    host::open(&plugin, &rated);
    let goal = plugin.engine().status().latency as u32;
    assert_eq!(heard(&mut plugin), Some(goal), "of another model");
    assert_eq!(heard(&mut plugin), None, "once is enough");
}

/// What the host is told in the course of half a second.
fn heard(plugin: &mut KilnDrive) -> Option<u32> {
    (0..50).fold(None, |told, _| host::process(plugin, &mut tone(512, 0.1)).latency.or(told))
}

/// A render of a second; the player changes the quality in the middle of it.
fn rendered(path: &Path, render: Option<Oversampling>) -> Vec<Vec<f32>> {
    let mut plugin = host::plugin();
    let params = plugin.kept();
    host::set(&params.oversampling, Oversampling::X2);
    if let Some(render) = render {
        host::set(&params.render_own, true);
        host::set(&params.render_oversampling, render);
    }
    host::activate(&mut plugin);
    host::open(&plugin, path);
    host::activate_as(&mut plugin, [2, 2], 48_000.0, ProcessMode::Offline);
    let mut all = vec![Vec::new(); 2];
    for (i, block) in tone(48_000, 0.9)[0].chunks(500).enumerate() {
        host::set(&params.drive, 0.3 + 0.005 * i as f32);
        if i == 40 {
            host::set(&params.phase, Phase::Linear);
            host::set(&params.render_phase, Phase::Linear);
        }
        let mut io = vec![block.to_vec(); 2];
        // No task is to be waited for.
        let done = host::block(&mut plugin, &mut io);
        assert_eq!(done.rebuilds, 0, "block {i}");
        all.iter_mut().zip(io).for_each(|(all, io)| all.extend(io));
    }
    all
}

#[test]
fn an_offline_render_is_repeatable_to_the_last_bit() {
    let [path, rated] = models("repeats");
    for path in [&path, &rated] {
        let first = rendered(path, None);
        for _ in 0..3 {
            assert!(first == rendered(path, None), "{}", path.display());
        }
    }
}

#[test]
fn a_render_has_the_quality_that_is_asked_of_renders() {
    let folder = host::scratch("render_quality");
    let path = host::write(&folder, "a.json", &clipper("A", 0.7));
    let as_live = rendered(&path, None);
    assert!(as_live == rendered(&path, Some(Oversampling::X2)), "as live");
    assert!(as_live != rendered(&path, Some(Oversampling::X16)), "its own makes no difference");

    let mut plugin = host::plugin();
    let params = plugin.kept();
    host::set(&params.render_own, true);
    host::set(&params.render_oversampling, Oversampling::X16);
    host::activate(&mut plugin);
    host::open(&plugin, &path);
    let factor = |plugin: &KilnDrive| {
        plugin.engine().status().setup.map(|setup| setup.quality.oversampling.factor())
    };
    assert_eq!(factor(&plugin), Some(8));
    host::activate_as(&mut plugin, [2, 2], 48_000.0, ProcessMode::Offline);
    assert_eq!(factor(&plugin), Some(16));
    host::activate(&mut plugin);
    assert_eq!(factor(&plugin), Some(8));
    let loud = settled(&mut plugin);
    assert!((loud - host::clipped(0.7, 0.5)).abs() < 0.003);
}
