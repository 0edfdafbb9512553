//! Kiln Drive in hosts: what it says of itself, what is heard and how late, what projects
//! keep, and how it follows a trainer.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

mod command_line;
#[path = "../follow/mod.rs"]
mod follow;
#[path = "../heap/mod.rs"]
mod heap;
mod latency;
mod moves;
mod projects;
mod says;
mod trainer;
mod vst3;

use hosts::clap::{Bundle, Change, Player, Plugin};
use hosts::project::{self, framed};
use serde_json::{Value, json};

const NAME: &str = "Kiln Drive";
const RATE: f64 = 48_000.0;

fn drive() -> Bundle {
    hosts::clap(NAME)
}

/// A network without memory as a file: a clipper that leaves small signals `gain` times
/// as large as they are; at any rate, or at its own.
fn clipper(gain: f64, rate: Option<u32>) -> String {
    let model = json!({
        "format": "kiln-drive", "version": 1, "name": "Clipper", "sample_rate": rate,
        "layers": [
            { "type": "dense", "weights": [[0.1]], "bias": [0.0] }, { "type": "tanh" },
            { "type": "dense", "weights": [[10.0 * gain]], "bias": [0.0] },
        ],
    });
    model.to_string()
}

/// An instance that plays what is built in under `id`, and has all else as it begins.
fn playing(id: &str) -> Plugin {
    let mut plugin = drive().open().expect("an instance");
    restore(&mut plugin, &json!({ "factory": id }), &[]);
    plugin
}

fn restore(plugin: &mut Plugin, model: &Value, params: &[(&str, Value)]) {
    plugin.restore(&framed(&project::drive(model, params))).expect("our state");
}

fn activate(plugin: &mut Plugin) -> Player {
    plugin.activate([2, 2], RATE, 4096).expect("to activate")
}

/// Both channels of a stereo run of one signal.
fn play(player: &mut Player, input: &[f32], cuts: &[usize], changes: &[Change]) -> Vec<Vec<f32>> {
    player.render(&[input.to_vec(), input.to_vec()], cuts, changes)
}
