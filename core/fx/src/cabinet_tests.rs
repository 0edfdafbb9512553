use super::*;

const RAW: Settings = Settings { normalize: false };
const EVEN: Settings = Settings { normalize: true };

/// Uniform in ±1, the same for the same seed.
fn noise(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..n).map(next).collect()
}

fn cabinet(responses: &[&[f32]]) -> Cabinet {
    let impulse = Impulse::of(responses.iter().map(|x| x.to_vec()).collect(), 48_000);
    Cabinet::build(&impulse, 48_000.0)
}

/// Runs `io` in calls of `cut`.
fn run<const N: usize>(
    cabinet: &mut Cabinet,
    mut io: [Vec<f32>; N],
    cut: usize,
    settings: &Settings,
) -> [Vec<f32>; N] {
    let mut at = 0;
    while at < io[0].len() {
        let end = io[0].len().min(at + cut);
        let mut channels = io.each_mut().map(|io| &mut io[at..end]);
        cabinet.run(&mut channels, settings);
        at = end;
    }
    io
}

/// The difference from the definition, in float64, in dB of its power.
fn error_db(impulse: &[f32], input: &[f32], output: &[f32]) -> f64 {
    let (mut power, mut error) = (0.0, 0.0);
    let step = 1 + input.len() * impulse.len() / 30_000_000;
    for at in (0..input.len()).step_by(step) {
        let taps = impulse.iter().zip(input[..=at].iter().rev());
        let exact: f64 = taps.map(|(h, x)| f64::from(*h) * f64::from(*x)).sum();
        power += exact.powi(2);
        error += (exact - f64::from(output[at])).powi(2);
    }
    10.0 * (error / power).log10()
}

#[test]
fn equals_the_definition() {
    for taps in [1, 2, 63, 64, 65, 5000, 48_000, 70_000] {
        let (l, r) = (noise(taps, 1), noise(taps, 2));
        let (x, y) = (noise(taps + 6000, 3), noise(taps + 6000, 4));
        let mut stereo = cabinet(&[&l, &r]);
        assert_eq!(stereo.warm_up(), taps);
        let [a, b] = run(&mut stereo, [x.clone(), y.clone()], 64, &RAW);
        stereo.reset();
        let [mid] = run(&mut stereo, [x.clone()], 64, &RAW);
        let [c, d] = run(&mut cabinet(&[&l]), [x.clone(), y.clone()], 64, &RAW);
        let mean: Vec<f32> = l.iter().zip(&r).map(|(l, r)| 0.5 * (l + r)).collect();
        for (name, h, input, output) in [
            ("left", &l, &x, &a),
            ("right", &r, &y, &b),
            ("mean", &mean, &x, &mid),
            ("one for both, left", &l, &x, &c),
            ("one for both, right", &l, &y, &d),
        ] {
            let db = error_db(h, input, output);
            assert!(db < -120.0, "{taps} taps, {name}: {db:.1} dB");
        }
    }
}

#[test]
fn cuts_and_resets_change_no_bit() {
    for taps in [1, 100, 1000, 5000, 9600] {
        let mut cabinet = cabinet(&[&noise(taps, 5), &noise(taps, 6)]);
        // Sound, a rest, sound, with different silences on both sides.
        let mut x = [noise(40_000, 7), noise(40_000, 8)];
        x[0][3001..3001 + taps + 7777].fill(0.0);
        x[1][3000..30_123].fill(0.0);
        let whole = run(&mut cabinet, x.clone(), 64, &EVEN);
        for cut in [1, 7, 16, 17, 63] {
            cabinet.reset();
            assert!(run(&mut cabinet, x.clone(), cut, &EVEN) == whole, "{taps} taps in {cut}s");
        }
    }
}

#[test]
fn resting_changes_no_number_and_is_silent() {
    for taps in [1, 100, 1000, 5000, 9600, 70_000] {
        let h = noise(taps, 9);
        for wait in [1, 64, 4096, 5000, 12_345] {
            let mut x = noise(500, 10);
            x.resize(500 + taps + 4 * 2048 + 4096 + wait, 0.0);
            let pause = x.len();
            x.extend(noise(5000 + taps, 11));
            let mut awake = x.clone();
            Convolver::new(&h).process(&mut awake);
            let mut cabinet = cabinet(&[&h]);
            let [rested] = run(&mut cabinet, [x], 64, &RAW);
            // Scrubbed as the cabinet does.
            awake.iter_mut().for_each(|y| *y = scrub(*y));
            let differs = rested.iter().zip(&awake).position(|(a, b)| a != b);
            assert_eq!(differs, None, "{taps} taps, a pause of {wait} more");
            assert!(rested[pause - wait..pause].iter().all(|y| *y == 0.0), "{taps} taps: sound");
        }
    }
}

#[test]
fn rests_on_silence_only() {
    let mut cabinet = cabinet(&[&noise(1000, 12)]);
    let resting = |cabinet: &Cabinet| {
        let running = cabinet.0.as_ref().expect("a response");
        running.sides[0].quiet >= running.sides[0].convolver.memory()
    };
    assert!(resting(&cabinet), "silent from the start");
    run(&mut cabinet, [noise(100, 13)], 64, &RAW);
    assert!(!resting(&cabinet));
    run(&mut cabinet, [vec![f32::NAN; 1000 + 4 * 64 + 64]], 64, &RAW);
    assert!(resting(&cabinet), "what is not a number is silence");
    let [y] = run(&mut cabinet, [vec![f32::INFINITY; 64]], 64, &RAW);
    assert_eq!(y, [0.0; 64]);
    run(&mut cabinet, [vec![1e-30]], 64, &RAW);
    assert!(!resting(&cabinet), "a sound, however soft");
}

#[test]
fn normalizing_is_smooth_but_for_the_first_block() {
    let mut cabinet = cabinet(&[&[0.25]]);
    let ones = || [vec![1.0; 2000]];
    let [y] = run(&mut cabinet, ones(), 64, &EVEN);
    assert!(y.iter().all(|y| (y - 1.0).abs() < 1e-5), "at once: {}", y[0]);
    let [y] = run(&mut cabinet, ones(), 64, &RAW);
    assert!(y.windows(2).all(|w| (w[1] - w[0]).abs() < 0.8 / 960.0), "a step");
    assert!(y[958] > 0.25 && y[959..].iter().all(|y| *y == 0.25), "in 20 ms: {}", y[959]);
    cabinet.reset();
    let [y] = run(&mut cabinet, ones(), 64, &EVEN);
    assert!((y[0] - 1.0).abs() < 1e-5, "at once after a reset");
}

#[test]
fn another_number_of_channels_starts_from_silence() {
    let (l, r) = (noise(3000, 14), noise(3000, 15));
    let loud = || noise(1000, 16);
    for (mut cabinet, name) in [(cabinet(&[&l, &r]), "two"), (cabinet(&[&l]), "one")] {
        run(&mut cabinet, [loud(), loud()], 64, &RAW);
        run(&mut cabinet, [loud()], 64, &RAW);
        let [_, right] = run(&mut cabinet, [vec![0.0; 1000], vec![0.0; 1000]], 64, &RAW);
        assert!(right.iter().all(|y| *y == 0.0), "{name}: the right side holds old sound");
    }
}

#[test]
fn none_passes_all() {
    let mut cabinet = Cabinet::none();
    assert!(!cabinet.is_some());
    let x = [noise(100, 17), noise(100, 18)];
    assert_eq!(run(&mut cabinet, x.clone(), 64, &EVEN), x);
}

#[test]
fn ten_seconds_at_another_rate() {
    let h: Vec<f32> = (0..441_000).map(|i| (-(i as f32) / 2e5).exp()).collect();
    let impulse = Impulse::of(vec![h.clone(), h], 44_100);
    let mut cabinet = Cabinet::build(&impulse, 48_000.0);
    assert!(cabinet.warm_up() >= 480_000, "{} taps", cabinet.warm_up());
    let [l, r] = run(&mut cabinet, [noise(9000, 19), vec![1000.0; 9000]], 64, &EVEN);
    assert!(l.iter().chain(&r).all(|y| y.is_finite()), "finite");
}
