use cpu::Isa;
use nn::Model;
use serde_json::json;

use super::*;

fn noise(n: usize, seed: u64) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..n).map(|_| random.f32() - 0.5).collect()
}

/// Rows of input for each of some sequences.
fn sequences(network: &Recurrent, lanes: usize, steps: usize) -> Vec<Vec<f32>> {
    (0..(lanes * network.inputs()) as u64).map(|seed| noise(steps, 100 + seed)).collect()
}

fn slices(rows: &[Vec<f32>]) -> Vec<&[f32]> {
    rows.iter().map(Vec::as_slice).collect()
}

fn network(cell: Cell, inputs: usize, hidden: usize, skip: bool) -> (Recurrent, Vec<f32>) {
    let mut network = Recurrent::new(cell, inputs, hidden, skip).expect("a network");
    let weights: Vec<f32> = network.init(3).iter().map(|w| 1.5 * w).collect();
    network.set(&weights);
    (network, weights)
}

const SHAPES: [(Cell, usize, usize, bool); 6] = [
    (Cell::Lstm, 1, 7, false),
    (Cell::Lstm, 3, 20, true),
    (Cell::Lstm, 1, 1, true),
    (Cell::Gru, 1, 20, true),
    (Cell::Gru, 3, 7, false),
    (Cell::Gru, 2, 1, false),
];

/// The file that players read, by the documented order of the weights.
fn file(network: &Recurrent, weights: &[f32]) -> serde_json::Value {
    let (inputs, hidden) = (network.inputs(), network.hidden());
    let rows = hidden * if network.cell() == Cell::Lstm { 4 } else { 3 };
    let mut rest = weights;
    let mut take = |n: usize| {
        let (part, others) = rest.split_at(n);
        rest = others;
        part
    };
    let input: Vec<&[f32]> = take(rows * inputs).chunks(inputs).collect();
    let own: Vec<&[f32]> = take(rows * hidden).chunks(hidden).collect();
    let (bias, own_bias) = (take(rows), take(rows));
    let (head, head_bias) = (take(hidden), take(1));
    assert_eq!(rest.len(), 0);
    let layer = match network.cell() {
        Cell::Lstm => {
            let bias: Vec<f32> = bias.iter().zip(own_bias).map(|(a, b)| a + b).collect();
            json!({ "type": "lstm", "input": input, "own": own, "bias": bias })
        }
        Cell::Gru => json!({ "type": "gru", "input": input, "own": own, "bias": bias,
            "own_bias": own_bias }),
    };
    let knob = |i: usize| json!({ "name": format!("k{i}"), "min": -1, "max": 1, "default": 0 });
    json!({ "format": "kiln-drive", "version": 1, "skip": network.skips(),
        "knobs": (1..inputs).map(knob).collect::<Vec<_>>(),
        "layers": [layer, { "type": "dense", "weights": [head], "bias": head_bias }] })
}

#[test]
fn forward_is_what_players_play() {
    for (cell, inputs, hidden, skip) in SHAPES {
        let (network, weights) = network(cell, inputs, hidden, skip);
        let file = file(&network, &weights).to_string();
        let model = Model::load(file.as_bytes()).expect("a model");
        let (steps, lanes) = (300, 19);
        let knobs = [0.5, -0.25];
        let mut rows = sequences(&network, lanes, steps);
        for row in rows.chunks_exact_mut(inputs) {
            row[1..].iter_mut().zip(knobs).for_each(|(row, knob)| row.fill(knob));
        }
        for isa in Isa::available() {
            let mut unrolled = Unrolled::on(&network, steps, lanes, isa).expect("memory");
            let found = unrolled.forward(&network, &slices(&rows));
            assert_eq!(found.len(), steps * lanes);
            for (found, rows) in found.chunks(steps).zip(rows.chunks(inputs)) {
                let mut heard = rows[0].clone();
                model.unsettled(&knobs[..inputs - 1], &mut heard);
                for (a, b) in found.iter().zip(&heard) {
                    assert!((a - b).abs() < 1e-5, "{isa:?} {cell:?} of {hidden}: {a} {b}");
                }
            }
        }
    }
}

/// The derivative by every weight against central differences of a loss in float64.
fn check(isa: Isa, (cell, inputs, hidden, skip): (Cell, usize, usize, bool)) {
    // More steps than one chunk of the way back, and lanes that are not a vector.
    let (steps, lanes) = (43, 17);
    let (mut network, weights) = network(cell, inputs, hidden, skip);
    let rows = sequences(&network, lanes, steps);
    let wanted = noise(steps * lanes, 9);
    let mut unrolled = Unrolled::on(&network, steps, lanes, isa).expect("memory");
    let mut run = |network: &mut Recurrent, weights: &[f32], gradient: Option<&mut [f32]>| {
        network.set(weights);
        unrolled.reset();
        let found = unrolled.forward(network, &slices(&rows));
        let errors: Vec<f32> = found.iter().zip(&wanted).map(|(y, w)| y - w).collect();
        if let Some(gradient) = gradient {
            unrolled.backward(network, &errors, gradient);
        }
        errors.iter().map(|e| 0.5 * f64::from(*e).powi(2)).sum::<f64>()
    };
    let mut gradient = vec![0.0; weights.len()];
    run(&mut network, &weights, Some(&mut gradient));
    let largest = gradient.iter().fold(0.0f32, |a, g| a.max(g.abs()));
    assert!(largest > 0.1, "{isa:?}: {largest}");
    let every = (weights.len() / 250).max(1);
    for i in (0..weights.len()).step_by(every).chain(weights.len() - 8..weights.len()) {
        let mut moved = weights.clone();
        let mut at = |by: f32| {
            moved[i] = weights[i] + by;
            (run(&mut network, &moved, None), f64::from(moved[i]))
        };
        let ((high, above), (low, below)) = (at(3e-3), at(-3e-3));
        let slope = (high - low) / (above - below);
        let error = (slope - f64::from(gradient[i])).abs();
        let bound = 1e-3 * slope.abs() + 1e-4 * f64::from(largest);
        assert!(error < bound, "{isa:?} {cell:?} weight {i}: {} not {slope}", gradient[i]);
    }
}

#[test]
fn derivatives_are_slopes_of_the_loss() {
    for isa in Isa::available() {
        SHAPES.iter().for_each(|shape| check(isa, *shape));
    }
}

#[test]
fn a_state_is_carried_from_run_to_run() {
    for (cell, inputs, hidden, skip) in SHAPES {
        let (network, _) = network(cell, inputs, hidden, skip);
        let (steps, lanes) = (100, 5);
        let rows = sequences(&network, lanes, steps);
        let mut long = Unrolled::new(&network, steps, lanes).expect("memory");
        let expected = long.forward(&network, &slices(&rows)).to_vec();
        let mut short = Unrolled::new(&network, 64, lanes).expect("memory");
        let part = |range: std::ops::Range<usize>| -> Vec<&[f32]> {
            rows.iter().map(|row| &row[range.clone()]).collect()
        };
        for again in 0..2 {
            let first = short.forward(&network, &part(0..37)).to_vec();
            let second = short.forward(&network, &part(37..100)).to_vec();
            let pieces = first.chunks(37).zip(second.chunks(63));
            for ((a, b), whole) in pieces.zip(expected.chunks(steps)) {
                assert_eq!((a, b), whole.split_at(37), "{cell:?} time {again}");
            }
            short.reset();
        }
        short.warm_up(&network, &part(0..90));
        let last = short.forward(&network, &part(90..100)).to_vec();
        for (found, whole) in last.chunks(10).zip(expected.chunks(steps)) {
            assert_eq!(found, &whole[90..], "{cell:?} after a run of two pieces");
        }
        // One that begins anew among others that go on.
        short.reset();
        short.forward(&network, &part(0..37));
        short.reset_lane(3);
        let mut mixed = part(37..100);
        mixed[3 * inputs..4 * inputs].copy_from_slice(&part(0..63)[3 * inputs..4 * inputs]);
        let mixed = short.forward(&network, &mixed);
        for (lane, (found, whole)) in mixed.chunks(63).zip(expected.chunks(steps)).enumerate() {
            let expected = if lane == 3 { &whole[..63] } else { &whole[37..] };
            assert_eq!(found, expected, "{cell:?} lane {lane}");
        }
    }
}

#[test]
fn a_carried_state_counts_as_given() {
    let (network, weights) = network(Cell::Lstm, 1, 7, false);
    let rows = sequences(&network, 16, 60);
    let errors = noise(16 * 20, 4);
    let mut gradients = [vec![0.0; weights.len()], vec![0.0; weights.len()]];
    for (gradient, warm) in gradients.iter_mut().zip([true, false]) {
        let mut unrolled = Unrolled::new(&network, 60, 16).expect("memory");
        let before: Vec<&[f32]> = rows.iter().map(|row| &row[..40]).collect();
        if warm {
            unrolled.warm_up(&network, &before);
        } else {
            unrolled.forward(&network, &before);
        }
        let after: Vec<&[f32]> = rows.iter().map(|row| &row[40..]).collect();
        unrolled.forward(&network, &after);
        unrolled.backward(&network, &errors, gradient);
        // Twice adds twice.
        let once = gradient.clone();
        unrolled.backward(&network, &errors, gradient);
        assert!(once.iter().zip(&*gradient).all(|(a, b)| 2.0 * a == *b));
    }
    assert_eq!(gradients[0], gradients[1]);
}

#[test]
fn a_batch_may_be_split() {
    for (cell, inputs, hidden, skip) in SHAPES {
        let (network, weights) = network(cell, inputs, hidden, skip);
        let (steps, lanes) = (70, 32);
        let rows = sequences(&network, lanes, steps);
        let errors = noise(steps * lanes, 5);
        let mut whole = Unrolled::new(&network, steps, lanes).expect("memory");
        let outputs = whole.forward(&network, &slices(&rows)).to_vec();
        let mut expected = vec![0.0; weights.len()];
        whole.backward(&network, &errors, &mut expected);
        let mut found = vec![0.0; weights.len()];
        for half in 0..2 {
            let mut part = Unrolled::new(&network, steps, 16).expect("memory");
            let rows = slices(&rows[half * 16 * inputs..][..16 * inputs]);
            let range = half * 16 * steps..(half + 1) * 16 * steps;
            assert_eq!(part.forward(&network, &rows), &outputs[range.clone()]);
            part.backward(&network, &errors[range], &mut found);
        }
        let largest = expected.iter().fold(0.0f32, |a, g| a.max(g.abs()));
        for (a, b) in expected.iter().zip(&found) {
            assert!((a - b).abs() < 3e-6 * largest, "{cell:?}: {a} {b}");
        }
    }
}

#[test]
fn odd_calls_do_no_harm() {
    let (small, weights) = network(Cell::Gru, 2, 5, false);
    let (other, _) = network(Cell::Gru, 2, 6, false);
    let mut unrolled = Unrolled::new(&small, 8, 3).expect("memory");
    let mut gradient = vec![0.0; weights.len()];
    unrolled.backward(&small, &[1.0; 24], &mut gradient);
    assert!(unrolled.forward(&other, &[&[1.0]]).is_empty());
    unrolled.backward(&small, &[1.0; 24], &mut gradient);
    unrolled.backward(&other, &[1.0; 24], &mut gradient);
    assert!(unrolled.forward(&small, &[]).is_empty());
    assert!(gradient.iter().all(|g| *g == 0.0));
    unrolled.reset_lane(70);
    // Too many sequences, too many samples, some missing, too few errors, a short gradient.
    let long = noise(20, 1);
    let found = unrolled.forward(&small, &[&long, &[], &long[..3]]);
    assert!(found.len() == 24 && found.iter().all(|y| y.is_finite()));
    unrolled.reset();
    let whole = unrolled.forward(&small, &[&long[..8]; 40]).to_vec();
    assert_eq!(whole.len(), 24);
    unrolled.backward(&small, &[1.0; 5], &mut gradient[..7]);
    assert!(gradient[..7].iter().any(|g| *g != 0.0) && gradient[7..].iter().all(|g| *g == 0.0));
    unrolled.forward(&small, &[&[f32::NAN, f32::INFINITY]]);
    unrolled.backward(&small, &[f32::NAN; 99], &mut gradient);
    for (inputs, hidden) in [(0, 4), (1, 0), (1, usize::MAX), (usize::MAX, 8)] {
        assert!(Recurrent::new(Cell::Lstm, inputs, hidden, true).is_err());
    }
    for (steps, lanes) in [(0, 1), (1, 0), (usize::MAX, 1), (1, usize::MAX), (1 << 28, 1024)] {
        assert!(Unrolled::new(&small, steps, lanes).is_err());
    }
}

/// Steps of Adam on the squared error of an LSTM of 8 units against another's answers.
#[test]
fn an_lstm_learns_to_imitate_another() {
    let (teacher, _) = network(Cell::Lstm, 1, 8, false);
    let mut pupil = Recurrent::new(Cell::Lstm, 1, 8, false).expect("a network");
    let mut weights = pupil.init(11);
    let (steps, lanes) = (64, 16);
    let mut memory = [&teacher, &pupil].map(|n| Unrolled::new(n, steps, lanes).expect("memory"));
    let mut moments = vec![[0.0f32; 2]; weights.len()];
    let mut losses = Vec::new();
    for step in 1..=1500i32 {
        let rows: Vec<Vec<f32>> = (0..lanes as u64)
            .map(|lane| noise(steps, 16 * step as u64 + lane).iter().map(|x| 4.0 * x).collect())
            .collect();
        let [asked, asking] = &mut memory;
        let wanted = asked.forward(&teacher, &slices(&rows));
        pupil.set(&weights);
        let found = asking.forward(&pupil, &slices(&rows));
        let errors: Vec<f32> = found.iter().zip(wanted).map(|(y, w)| y - w).collect();
        let square: f32 = errors.iter().map(|e| e * e).sum();
        losses.push(square / errors.len() as f32);
        let mut gradient = vec![0.0; weights.len()];
        asking.backward(&pupil, &errors, &mut gradient);
        let rate = 0.01 / (1.0 + step as f32 / 300.0);
        let ends = [1.0 - 0.9f32.powi(step), 1.0 - 0.999f32.powi(step)];
        for ((w, g), [m, v]) in weights.iter_mut().zip(&gradient).zip(&mut moments) {
            *m += 0.1 * (g - *m);
            *v += 0.001 * (g * g - *v);
            *w -= rate * (*m / ends[0]) / ((*v / ends[1]).sqrt() + 1e-8);
        }
    }
    let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
    let (first, last) = (losses[0], mean(&losses[losses.len() - 20..]));
    println!("mean squared error {first:e} at first, {last:e} at last");
    assert!(last < first / 1000.0, "{first:e} to {last:e}");
}
