use super::*;

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

/// The definition, in float64, at some of the samples.
fn oracle(impulse: &[f32], input: &[f32], at: usize) -> f64 {
    let past = input[..=at].iter().rev();
    impulse.iter().zip(past).map(|(h, x)| f64::from(*h) * f64::from(*x)).sum()
}

#[test]
fn equals_the_sum() {
    for taps in [1, 2, 5, 64, 65, DIRECT, DIRECT + 1, 700, 2048, 4096, 4097, 6145, 9000] {
        let (impulse, input) = (noise(taps, 1), noise(3 * 4096 + taps, 2));
        let mut output = input.clone();
        Convolver::new(&impulse).process(&mut output);
        let (mut power, mut error) = (0.0, 0.0);
        for at in (0..input.len()).step_by(11) {
            let expected = oracle(&impulse, &input, at);
            power += expected.powi(2);
            error += (expected - f64::from(output[at])).powi(2);
        }
        let db = 10.0 * (error / power).log10();
        assert!(db < -125.0, "{taps} taps: {db:.1} dB");
    }
}

#[test]
fn every_tap_is_in_its_place() {
    for taps in [300, 500, 4097, 6300] {
        let impulse = noise(taps, 3);
        let mut io = vec![0.0; taps + 5000];
        io[37] = 1.0;
        Convolver::new(&impulse).process(&mut io);
        for (at, y) in io.iter().enumerate() {
            let expected = at.checked_sub(37).and_then(|k| impulse.get(k)).unwrap_or(&0.0);
            assert!((y - expected).abs() < 2e-6, "{taps} taps, sample {at}: {y}, not {expected}");
        }
    }
}

#[test]
fn cuts_and_resets_change_no_bit() {
    for taps in [0, 3, 100, 1000, 5000] {
        let mut convolver = Convolver::new(&noise(taps, 4));
        let input = noise(9000, 5);
        let mut whole = input.clone();
        convolver.process(&mut whole);
        for cut in [1, 7, 16, 17, 63, 64, 65, 1000] {
            convolver.reset();
            let mut parts = input.clone();
            parts.chunks_mut(cut).for_each(|part| convolver.process(part));
            assert!(parts == whole, "{taps} taps in {cut}s");
        }
    }
}

#[test]
fn what_is_not_finite_is_silence() {
    for taps in [100, 1000, 5000] {
        let mut convolver = Convolver::new(&noise(taps, 6));
        let (mut bad, mut good) = (noise(9000, 7), noise(9000, 7));
        (bad[100], good[100]) = (f32::NAN, 0.0);
        (bad[200], good[200]) = (f32::INFINITY, 0.0);
        convolver.process(&mut bad);
        convolver.reset();
        convolver.process(&mut good);
        assert!(bad == good, "{taps} taps");

        let mut loud = vec![0.0; taps + 4 * LARGE + 100];
        loud[..50].fill(f32::MAX);
        convolver.process(&mut loud);
        assert!(loud[taps + 4 * LARGE..].iter().all(|y| y.abs() < 1e-3), "{taps} taps stuck");
    }
}
