//! A minute in which a host moves every parameter at random samples and puts other
//! projects back, without a step above the sound's own.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

mod heap;

use hosts::clap::{Change, Parameter, Plugin};
use hosts::files::asset;
use hosts::project::{PLACES, Project};
use hosts::signal::{Random, jumps, steps};
use hosts::{clap_amp, parameter};

const RATE: f64 = 48_000.0;
/// Samples between two changes.
const SPAN: usize = 6000;
/// Samples in which the parameters of a span change.
const BUSY: usize = 512;
/// Spans between two projects: three seconds.
const PROJECT: usize = 24;

/// A low note, for which every step that is not the sound's own stands out.
fn note(from: usize) -> Vec<Vec<f32>> {
    // In double precision: after a minute, single would step in time.
    let tone = |phase: f64| {
        let sine = |i: usize| 0.01 * (i as f64 * 0.01 + phase).sin() as f32;
        (from..from + SPAN).map(sine).collect()
    };
    vec![tone(0.0), tone(0.5)]
}

/// Any values, but no gate that is asked to be abrupt.
fn changes(plugin: &mut Plugin, parameters: &[Parameter], random: &mut Random) -> Vec<Change> {
    let least = [("gate_attack", "10 ms"), ("gate_release", "20 ms")]
        .map(|(id, text)| (parameter(id), plugin.parse(parameter(id), text).expect("a value")));
    let rare = ["bypass", "a_on", "b_on"].map(parameter);
    let mut all = Vec::new();
    for Parameter { id, range: [low, default, high], stepped, .. } in parameters {
        let value = match *id {
            // What silences or bypasses too often would leave little to hear.
            id if rare.contains(&id) && random.below(6) > 0 => *default,
            // Raw or normalized: how loud a calibrated model is depends on too much.
            id if id == parameter("level") => random.below(2) as f64,
            _ => low + (high - low) * random.share(),
        };
        let value = if *stepped { value.round() } else { value };
        let value =
            least.iter().filter(|(of, _)| of == id).fold(value, |v, (_, least)| v.max(*least));
        all.push(Change { at: random.below(BUSY), parameter: *id, value });
    }
    // Not always all of them.
    let some = 1 + random.below(all.len());
    for i in 0..all.len() {
        let other = i + random.below(all.len() - i);
        all.swap(i, other);
    }
    all.truncate(some.max(8));
    all
}

/// A preset of the factory, or any files of `assets/`.
fn project(random: &mut Random) -> Project {
    if random.below(2) == 0 {
        let preset = random.pick(fx::factory::presets());
        let mut params = preset.params;
        params.gate.attack = params.gate.attack.max(10.0);
        let mut project = Project::with(&serde_json::to_value(params).expect("JSON"));
        for (place, file) in PLACES.iter().zip(preset.models.iter().chain(&preset.cabinets)) {
            if let Some(id) = file.as_ref().and_then(|file| file.factory.as_deref()) {
                project = project.factory(place, id);
            }
        }
        return project;
    }
    let models = ["kiln-overdrive.nam", "kiln-edge.nam", "kiln-crunch.nam"];
    let cabinets = ["kiln-112-open.wav", "kiln-412-closed.wav"];
    PLACES.iter().enumerate().fold(Project::default(), |project, (i, place)| {
        let files = if i < 2 { &models[..] } else { &cabinets[..] };
        match random.below(4) {
            0 => project.empty(place),
            _ => project.file(place, &asset(random.pick::<&str>(files))),
        }
    })
}

/// A minute: both channels, the largest step of a sound standing still, and what changed.
struct Minute {
    heard: Vec<Vec<f32>>,
    own: f32,
    changes: Vec<Vec<(String, f64, usize)>>,
}

fn minute(seed: u64) -> Minute {
    let mut random = Random::new(seed);
    let mut plugin = clap_amp().open().expect("an instance");
    let parameters: Vec<_> = plugin.parameters().into_iter().filter(|p| p.automatable).collect();
    let name = |id| parameters.iter().find(|p| p.id == id).expect("a parameter").name.clone();
    let mut player = plugin.activate([2, 2], RATE, 512).expect("to activate");
    heap::watch(&mut player);
    let mut minute = Minute { heard: vec![Vec::new(); 2], own: 0.0, changes: Vec::new() };
    for span in 0..60 * RATE as usize / SPAN {
        if span % PROJECT == 0 {
            plugin.restore(&project(&mut random).bytes()).expect("our state");
        }
        let changes = changes(&mut plugin, &parameters, &mut random);
        let output = player.render(&note(span * SPAN), &[64, 17, 512], &changes);
        assert_eq!(heap::calls(), 0, "heap calls in `process`, {span} spans in");
        plugin.idle();
        for (heard, output) in minute.heard.iter_mut().zip(&output) {
            assert!(output.iter().all(|x| x.is_finite() && !x.is_subnormal()), "{span} spans in");
            // The same sound standing still, once all fades are over.
            let still = steps(&output[SPAN - 2000..], SPAN).into_iter().fold(0.0, f32::max);
            minute.own = minute.own.max(still);
            heard.extend_from_slice(output);
        }
        minute.changes.push(changes.iter().map(|c| (name(c.parameter), c.value, c.at)).collect());
    }
    plugin.deactivate(player);
    minute
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn a_minute_of_random_automation_makes_no_step() {
    // In the last, models once repeated the edge with which they were switched on.
    for seed in [1, 11, 13] {
        let Minute { heard, own, changes } = minute(seed);
        let mut most = 0.0_f32;
        for channel in &heard {
            let jumps: Vec<_> = jumps(channel).iter().map(|i| (i / SPAN, i % SPAN)).collect();
            let told: Vec<_> = jumps.iter().map(|(span, _)| &changes[*span]).collect();
            assert!(jumps.is_empty(), "minute {seed}: jumps at {jumps:?} with {told:?}");
            // No fade's own combination of settings need stand still anywhere, so some
            // are steeper than all that do.
            for (span, step) in steps(channel, SPAN).into_iter().enumerate() {
                most = most.max(step);
                let told = &changes[span];
                assert!(
                    step <= 2.5 * own,
                    "minute {seed}: a step of {step} of the peak where the sound's own is {own}, \
                     in span {span} with {told:?}",
                );
            }
        }
        println!("minute {seed}: the largest step is {most:.3} of the peak, its own {own:.3}");
    }
}
