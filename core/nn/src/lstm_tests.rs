use super::*;
use std::fmt::Write as _;

/// Uniform in ±1, the same for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}

fn config(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).expect("JSON")
}

fn shape(hidden: usize, layers: usize) -> Box<RawValue> {
    config(&format!(r#"{{"input_size":1,"hidden_size":{hidden},"num_layers":{layers}}}"#))
}

fn count(hidden: usize, layers: usize) -> usize {
    let layer = |inputs: usize| 4 * hidden * (inputs + hidden + 1) + 2 * hidden;
    layer(1) + (layers - 1) * layer(hidden) + hidden + 1
}

/// As PyTorch initialises: uniform in ±1/√hidden, here doubled to be lively.
fn random_weights(hidden: usize, layers: usize, seed: u64) -> Vec<f32> {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let scale = 2.0 / (hidden as f32).sqrt();
    (0..count(hidden, layers)).map(|_| scale * random.next()).collect()
}

/// The equations, in float64, straight from the order of the file, settled on
/// as much silence as these networks need.
fn oracle(hidden: usize, layers: usize, weights: &[f32], input: &[f32]) -> Vec<f64> {
    let silence = 1500;
    let settled: Vec<f32> =
        std::iter::repeat_n(0.0, silence).chain(input.iter().copied()).collect();
    unsettled(hidden, layers, weights, &settled).split_off(silence)
}

fn unsettled(hidden: usize, layers: usize, weights: &[f32], input: &[f32]) -> Vec<f64> {
    let mut rest = weights.iter().map(|w| f64::from(*w));
    let mut take = |n: usize| -> Vec<f64> { rest.by_ref().take(n).collect() };
    let mut cells: Vec<_> = (0..layers)
        .map(|l| {
            let width = hidden + if l == 0 { 1 } else { hidden };
            (take(4 * hidden * width), take(4 * hidden), take(hidden), take(hidden))
        })
        .collect();
    let (head, bias) = (take(hidden), take(1)[0]);
    let sigmoid = |z: f64| 1.0 / (1.0 + (-z).exp());
    let mut output = Vec::new();
    for x in input {
        let mut below = vec![f64::from(*x)];
        for (w, b, h, c) in &mut cells {
            let inputs: Vec<f64> = below.iter().chain(h.iter()).copied().collect();
            let dot = |row: &[f64]| row.iter().zip(&inputs).map(|(w, x)| w * x).sum::<f64>();
            let z: Vec<f64> =
                w.chunks(inputs.len()).zip(b.iter()).map(|(row, b)| b + dot(row)).collect();
            for u in 0..hidden {
                let gate = |g: usize| z[g * hidden + u];
                c[u] = sigmoid(gate(1)) * c[u] + sigmoid(gate(0)) * gate(2).tanh();
                h[u] = sigmoid(gate(3)) * c[u].tanh();
            }
            below.clone_from(h);
        }
        output.push(bias + head.iter().zip(&below).map(|(w, h)| w * h).sum::<f64>());
    }
    output
}

fn levels() -> Vec<Level> {
    let best = Level::new();
    #[cfg(target_arch = "x86_64")]
    let lower = [
        best.as_sse2().map(Level::Sse2),
        best.as_sse4_2().map(Level::Sse4_2),
        best.as_avx2().map(Level::Avx2),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let lower = [None];
    lower.into_iter().flatten().chain([best]).collect()
}

fn signal(n: usize) -> Vec<f32> {
    let mut random = Random(7);
    (0..n).map(|i| 0.6 * (i as f32 * 0.05).sin() + 0.2 * random.next()).collect()
}

#[test]
fn equals_the_equations() {
    let input = signal(4000);
    let mut worst = (f64::NEG_INFINITY, String::new());
    for (hidden, layers) in [
        (1, 1),
        (3, 1),
        (4, 2),
        (5, 1),
        (8, 1),
        (8, 2),
        (9, 3),
        (16, 1),
        (16, 2),
        (17, 1),
        (24, 1),
        (32, 2),
        (40, 1),
        (40, 3),
    ] {
        for seed in 1..4 {
            let weights = random_weights(hidden, layers, seed);
            let expected = oracle(hidden, layers, &weights, &input);
            let lstm = Lstm::load(&shape(hidden, layers), &weights).expect("valid");
            for level in levels() {
                let mut output = input.clone();
                lstm.engine(level).process(&mut output);
                let power: f64 = expected.iter().map(|y| y * y).sum();
                let error: f64 =
                    expected.iter().zip(&output).map(|(a, b)| (a - f64::from(*b)).powi(2)).sum();
                let db = 10.0 * (error / power).log10();
                if db > worst.0 {
                    worst.0 = db;
                    worst.1.clear();
                    let _ = write!(worst.1, "{layers}x{hidden} seed {seed} {level:?}");
                }
            }
        }
    }
    eprintln!("worst: {:.1} dB, {}", worst.0, worst.1);
    assert!(worst.0 < -105.0, "{worst:?}");
}

fn lstm(hidden: usize, layers: usize) -> Lstm {
    Lstm::load(&shape(hidden, layers), &random_weights(hidden, layers, 1)).expect("valid")
}

#[test]
fn cuts_and_resets_change_no_bit() {
    let input = signal(700);
    for (hidden, layers) in [(3, 2), (8, 2), (16, 1), (24, 2)] {
        for level in levels() {
            let mut engine = lstm(hidden, layers).engine(level);
            let mut whole = input.clone();
            engine.process(&mut whole);
            for cut in [1, 7, 64, 333] {
                engine.reset();
                let mut parts = input.clone();
                parts.chunks_mut(cut).for_each(|part| engine.process(part));
                assert_eq!(parts, whole, "{layers}x{hidden} in {cut}s, {level:?}");
            }
        }
    }
}

/// With a forget gate all but closed to change, the stored cell is still there
/// after half a second.
#[test]
fn settles_from_the_stored_state() {
    let forget = 18.0;
    let weights = |cell: f32| {
        let bias = [0.0, forget, 0.0, 0.0];
        let matrix = [0.0; 8];
        [&matrix[..], &bias, &[0.0, cell], &[1.0, 0.0]].concat()
    };
    for cell in [0.7, -0.3] {
        let mut engine =
            Lstm::load(&shape(1, 1), &weights(cell)).expect("valid").engine(Level::new());
        let expected = unsettled(1, 1, &weights(cell), &[0.0; MEMORY + 1])[MEMORY];
        for _ in 0..2 {
            let mut io = [0.0];
            engine.process(&mut io);
            assert!((f64::from(io[0]) - expected).abs() < 1e-3, "{io:?}, not {expected}");
            engine.reset();
        }
    }
}

#[test]
fn what_is_not_finite_is_silence() {
    for level in levels() {
        let mut engine = lstm(16, 2).engine(level);
        let mut bad = signal(300);
        let mut good = bad.clone();
        for (at, value) in [(10, f32::NAN), (20, f32::INFINITY), (21, f32::NEG_INFINITY)] {
            bad[at] = value;
            good[at] = 0.0;
        }
        engine.process(&mut bad);
        engine.reset();
        engine.process(&mut good);
        assert_eq!(bad, good, "{level:?}");
    }
}

#[test]
fn nothing_finite_overflows() {
    for level in levels() {
        for w in [nam::MAX_WEIGHT, -nam::MAX_WEIGHT] {
            let weights: Vec<f32> =
                (0..count(5, 2)).map(|i| if i % 3 == 0 { -w } else { w }).collect();
            let lstm = Lstm::load(&shape(5, 2), &weights).expect("valid");
            let mut io: Vec<f32> =
                (0..200).map(|i| if i % 2 == 0 { f32::MAX } else { f32::MIN }).collect();
            lstm.engine(level).process(&mut io);
            assert!(io.iter().all(|y| y.is_finite()), "{level:?}");
        }
    }
}

#[test]
fn refuses_what_it_cannot_run() {
    let refusal = |json: &str, weights: usize| match Lstm::load(&config(json), &vec![0.1; weights])
    {
        Ok(_) => panic!("{json} was accepted"),
        Err(error) => error.to_string(),
    };
    let with = |sizes: &str| format!(r#"{{"input_size":1,"hidden_size":3,"num_layers":1{sizes}}}"#);
    assert!(Lstm::load(&config(&with(r#","x":null,"y":false"#)), &vec![0.1; count(3, 1)]).is_ok());
    for (json, weights, reason) in [
        (with(""), 69, "expected 70 weights"),
        (with(r#","bidirectional":true"#), 70, "config.bidirectional is not supported"),
        (with(r#","out_channels":2"#), 70, "config.out_channels is not supported"),
        (r#"{"input_size":2,"hidden_size":3,"num_layers":1}"#.into(), 82, "config.input_size"),
        (r#"{"input_size":1,"hidden_size":0,"num_layers":1}"#.into(), 0, "config.hidden_size"),
        (r#"{"input_size":1,"hidden_size":3,"num_layers":0}"#.into(), 4, "config.num_layers"),
        (r#"{"input_size":1,"hidden_size":99999,"num_layers":1}"#.into(), 0, "too large"),
        (
            r#"{"input_size":1,"hidden_size":4000000000000000000,"num_layers":9}"#.into(),
            0,
            "too large",
        ),
        (r#"{"input_size":1,"hidden_size":3}"#.into(), 70, "num_layers"),
    ] {
        let found = refusal(&json, weights);
        assert!(found.contains(reason), "{json}: {found}");
    }
}
