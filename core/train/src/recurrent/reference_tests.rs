//! Outputs and gradients as PyTorch finds them, by `python/train_recurrent_fixtures.py`.

use cpu::Isa;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct File {
    steps: usize,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    cell: String,
    inputs: usize,
    hidden: usize,
    skip: bool,
    weights: Vec<f32>,
    input: Vec<f32>,
    output: Vec<f32>,
    errors: Vec<f32>,
    gradient: Vec<f32>,
}

/// The largest difference as a share of the largest number.
fn misses(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0.0f32, |a, x| a.max(x.abs()));
    let worst = found.iter().zip(expected).fold(0.0f32, |a, (x, y)| a.max((x - y).abs()));
    worst / largest
}

#[test]
fn gradients_are_those_of_pytorch() {
    let file: File = serde_json::from_str(include_str!("pytorch.json")).expect("the fixtures");
    let cells: Vec<&str> = file.cases.iter().map(|case| &case.cell[..]).collect();
    assert_eq!(cells, ["lstm", "gru"]);
    for case in &file.cases {
        let cell = if case.cell == "lstm" { Cell::Lstm } else { Cell::Gru };
        let network = Recurrent::new(cell, case.inputs, case.hidden, case.skip);
        let mut network = network.expect("a network");
        assert_eq!(network.weights(), case.weights.len());
        network.set(&case.weights);
        let input: Vec<&[f32]> = case.input.chunks(file.steps).collect();
        let lanes = input.len() / case.inputs;
        for isa in Isa::available() {
            let mut unrolled = Unrolled::on(&network, file.steps, lanes, isa).expect("memory");
            let output = unrolled.forward(&network, &input);
            assert!(misses(output, &case.output) < 2e-6, "{isa:?} {}", case.cell);
            let mut gradient = vec![0.0; case.gradient.len()];
            unrolled.backward(&network, &case.errors, &mut gradient);
            // Each part by itself, for some are larger than others.
            let rows = case.hidden * if cell == Cell::Lstm { 4 } else { 3 };
            let sizes = [rows * case.inputs, rows * case.hidden, rows, rows, case.hidden, 1];
            let (mut found, mut expected) = (&gradient[..], &case.gradient[..]);
            for (part, size) in sizes.into_iter().enumerate() {
                let (of_found, of_expected) = (found.split_at(size), expected.split_at(size));
                (found, expected) = (of_found.1, of_expected.1);
                let worst = misses(of_found.0, of_expected.0);
                assert!(worst < 1e-5, "{isa:?} {} part {part}: {worst:e}", case.cell);
            }
        }
    }
}
