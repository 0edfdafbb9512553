//! A minute in which a host moves every parameter at random samples and puts other
//! projects back, without a step above the sound's own.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

mod heap;

use hosts::clap::{Change, Parameter, Plugin};
use hosts::files::asset;
use hosts::project::{PLACES, Project};
use hosts::signal::Random;
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
    let tone = |phase: f32| {
        let sine = |i: usize| 0.01 * (i as f32 * 0.01 + phase).sin();
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

/// The largest step of each span, as a share of the peak around it.
fn steps(io: &[f32]) -> Vec<f32> {
    const CELL: usize = 500;
    let peak = |part: &[f32]| part.iter().fold(1e-4_f32, |peak, x| peak.max(x.abs()));
    let peaks: Vec<f32> = io.chunks(CELL).map(peak).collect();
    // The loud parts of a fade are in reach of its quiet ones.
    let around = |cell: usize| {
        let near = &peaks[cell.saturating_sub(2)..(cell + 3).min(peaks.len())];
        near.iter().fold(0.0, |a: f32, b| a.max(*b))
    };
    let cell = |(i, cell): (usize, &[f32])| {
        let mut before = if i == 0 { cell[0] } else { io[i * CELL - 1] };
        let step = |x: &f32| (x - std::mem::replace(&mut before, *x)).abs();
        cell.iter().map(step).fold(0.0, f32::max) / around(i)
    };
    let cells: Vec<f32> = io.chunks(CELL).enumerate().map(cell).collect();
    cells.chunks(SPAN / CELL).map(|span| span.iter().fold(0.0, |a: f32, b| a.max(*b))).collect()
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn a_minute_of_random_automation_makes_no_step() {
    let mut random = Random::new(41);
    let mut plugin = clap_amp().open().expect("an instance");
    let parameters: Vec<_> = plugin.parameters().into_iter().filter(|p| p.automatable).collect();
    let mut player = plugin.activate([2, 2], RATE, 512).expect("to activate");
    heap::watch(&mut player);
    let spans = 60 * RATE as usize / SPAN;
    let (mut heard, mut own, mut done) = (vec![Vec::new(); 2], 0.0_f32, Vec::new());
    for span in 0..spans {
        if span % PROJECT == 0 {
            plugin.restore(&project(&mut random).bytes()).expect("our state");
        }
        let changes = changes(&mut plugin, &parameters, &mut random);
        let output = player.render(&note(span * SPAN), &[64, 17, 512], &changes);
        assert_eq!(heap::calls(), 0, "heap calls in `process`, {span} spans in");
        plugin.idle();
        for (heard, output) in heard.iter_mut().zip(&output) {
            // The same sound standing still, once all fades are over.
            own = steps(&output[SPAN - 2000..]).into_iter().fold(own, f32::max);
            heard.extend_from_slice(output);
        }
        done.push(changes);
    }
    plugin.deactivate(player);
    let name = |id| &parameters.iter().find(|p| p.id == id).expect("a parameter").name;
    let mut most = 0.0_f32;
    for channel in &heard {
        assert!(channel.iter().all(|x| x.is_finite() && !x.is_subnormal()));
        for (span, step) in steps(channel).into_iter().enumerate() {
            most = most.max(step);
            let changes = done[span].iter().map(|c| (name(c.parameter), c.value, c.at));
            let changes: Vec<_> = changes.collect();
            assert!(
                step <= 1.5 * own,
                "a step of {step} of the peak where the sound's own is {own}, in span {span} \
                 ({} after a project), at {changes:?}",
                span % PROJECT,
            );
        }
    }
    println!("largest step {most:.3} of the peak, the sound's own {own:.3}");
}
