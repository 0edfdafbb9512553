//! Kiln Reverb in hosts: what it says of itself, what is heard, what projects keep, and
//! how it follows a trainer.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

mod command_line;
mod follow;
#[path = "../heap/mod.rs"]
mod heap;
mod moves;
mod projects;
mod says;
mod vst3;

use hosts::clap::{Bundle, Change, Player, Plugin};
use hosts::files::asset;
use hosts::project;
use serde_json::{Value, json};

/// The plugin, or one that was made of it where `KILN_REVERB` names that.
const NAME: &str = "Kiln Reverb";
const RATE: f64 = 48_000.0;

fn name() -> String {
    std::env::var("KILN_REVERB").unwrap_or_else(|_| NAME.into())
}

fn reverb() -> Bundle {
    hosts::clap(&name())
}

/// All wet, as the graph was trained.
fn wet() -> Vec<(&'static str, Value)> {
    vec![("mix", json!(1.0)), ("as_trained", json!(true)), ("bypass", json!(false))]
}

/// An instance that plays a graph of the factory, all wet.
fn hall() -> Plugin {
    let mut plugin = reverb().open().expect("an instance");
    plugin
        .restore(&project::reverb(&json!({ "factory": "medium-hall" }), &wet()))
        .expect("our state");
    plugin
}

fn activate(plugin: &mut Plugin) -> Player {
    plugin.activate([2, 2], RATE, 4096).expect("to activate")
}

/// Both channels of a stereo run of one signal.
fn play(player: &mut Player, input: &[f32], cuts: &[usize], changes: &[Change]) -> Vec<Vec<f32>> {
    player.render(&[input.to_vec(), input.to_vec()], cuts, changes)
}

/// A graph of the factory as a file.
fn graph(id: &str) -> Value {
    let file = std::fs::read(asset(&format!("reverbs/{id}.json"))).expect("an asset");
    serde_json::from_slice(&file).expect("JSON")
}

/// A click, and silence after it.
fn click(seconds: f64) -> Vec<f32> {
    let mut click = vec![0.0; (seconds * RATE) as usize];
    click[0] = 1.0;
    click
}

fn energy(output: &[Vec<f32>]) -> f64 {
    output.iter().flatten().map(|x| f64::from(*x).powi(2)).sum()
}
