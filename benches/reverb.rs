//! `cargo bench --bench reverb -- [--isa=NAME] [FILTER]`: what feedback delay
//! networks cost, in nanoseconds of one core for each sample of stereo.

mod common;
#[path = "reverb/networks.rs"]
mod networks;

use std::sync::Arc;

use fdn::{Decay, Isa, Network, Plan, Reverb};
use networks::{Absorption, Feedback};

fn main() {
    for feedback in networks::chosen() {
        for absorption in networks::kinds() {
            print!("{feedback:?} {absorption:?}:");
            for lines in networks::sizes() {
                let graph = networks::canonical(lines, feedback, absorption);
                let plan = Plan::compile(&Network::new(&graph), Decay::None).unwrap();
                if std::env::args().any(|a| a == "--explain") && lines == 32 {
                    println!("{plan}");
                }
                let plan = Arc::new(plan);
                for isa in networks::isas() {
                    let mut reverb = Reverb::new_on(&plan, isa);
                    print!(" {:.2}", figure(&mut reverb));
                }
                print!(" |");
            }
            println!();
        }
    }
}

/// Nanoseconds of the thread a sample.
fn figure(reverb: &mut Reverb) -> f64 {
    let x: Vec<Vec<f32>> = (0..2)
        .map(|c| (0..512).map(|t| ((t * 7919 + c * 31) % 1000) as f32 * 1e-4 - 0.05).collect())
        .collect();
    let mut y = vec![vec![0.0_f32; 512]; 2];
    let mut times = Vec::new();
    let start = common::thread_time();
    while times.len() < 15 || (common::thread_time() - start).as_millis() < 60 {
        let before = common::thread_time();
        for _ in 0..16 {
            let inputs: Vec<&[f32]> = x.iter().map(|x| &x[..]).collect();
            let mut outputs: Vec<&mut [f32]> = y.iter_mut().map(|y| &mut y[..]).collect();
            reverb.process(&inputs, &mut outputs);
        }
        times.push((common::thread_time() - before).as_nanos() as f64 / (16.0 * 512.0));
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 10]
}
