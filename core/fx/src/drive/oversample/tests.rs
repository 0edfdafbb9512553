use nn::Isa;
use realfft::RealFftPlanner;

use super::*;

/// Host samples of the responses.
const LENGTH: usize = 4096;

/// 20 kHz at 44.1.
const EDGE: f64 = 20.0 / 44.1;

/// All ways up but none.
fn qualities() -> Vec<Quality> {
    let phases = [Phase::Minimum, Phase::Linear];
    let all = phases.map(|phase| {
        let quality = |oversampling| Quality { oversampling, phase, antiderivative: false };
        Oversampling::ALL[1..].iter().copied().map(quality).collect::<Vec<_>>()
    });
    all.concat()
}

/// Runs `signals` through, with what `middle` makes of the wet ones at the highest
/// rate, cut into `cut`s.
fn run(
    quality: Quality,
    isa: Isa,
    mut signals: [Vec<f32>; 4],
    cut: usize,
    mut middle: impl FnMut(usize, [&mut [f32]; 2]),
) -> [Vec<f32>; 4] {
    let mut chain = Chain::new(quality, false, isa);
    let length = signals[0].len();
    for at in (0..length).step_by(cut) {
        let end = length.min(at + cut);
        chain.up(signals.each_mut().map(|x| &mut x[at..end]));
        middle(at * chain.factor, chain.wet((end - at) * quality.oversampling.factor()));
        chain.down(signals.each_mut().map(|x| &mut x[at..end]));
    }
    signals
}

fn impulse() -> Vec<f32> {
    let mut x = vec![0.0; LENGTH];
    x[0] = 1.0;
    x
}

/// Magnitudes of the response in dB, from 0 to half of its rate.
fn response(samples: &[f32]) -> Vec<f64> {
    let fft = RealFftPlanner::<f64>::new().plan_fft_forward(samples.len());
    let mut input: Vec<f64> = samples.iter().map(|x| f64::from(*x)).collect();
    let mut output = fft.make_output_vec();
    fft.process(&mut input, &mut output).expect("lengths agree");
    output.iter().map(|x| 20.0 * (x.norm() + 1e-12).log10()).collect()
}

/// Asserts that a response at the highest rate passes what the host holds up to 20
/// kHz at 44.1, and stops all that is mirrored from there.
fn check(samples: &[f32], factor: usize, gain: f64, what: &str) {
    let response = response(samples);
    // Of the host's rate.
    let share = |i: usize| i as f64 / (LENGTH as f64);
    let (mut pass, mut stop) = (0.0_f64, -300.0_f64);
    for (i, db) in response.iter().enumerate() {
        let from_multiple = (share(i) - share(i).round()).abs();
        if share(i) <= EDGE {
            pass = pass.max((db - 20.0 * gain.log10()).abs());
        } else if share(i) > 0.5 && from_multiple <= EDGE {
            stop = stop.max(db - 20.0 * gain.log10());
        }
    }
    assert!(pass < 0.005, "{what}, {factor} times: {pass} dB in the pass band");
    assert!(stop < -120.0, "{what}, {factor} times: {stop} dB in the stop band");
}

#[test]
fn passes_the_band_and_stops_its_images() {
    for quality in qualities() {
        let factor = quality.oversampling.factor();
        let mut high = vec![0.0; factor * LENGTH];
        let silence = || vec![0.0; LENGTH];
        run(quality, Isa::best(), [impulse(), silence(), silence(), silence()], 64, |at, wet| {
            high[at..at + wet[0].len()].copy_from_slice(wet[0]);
        });
        check(&high, factor, factor as f64, &format!("{:?} up", quality.phase));
        // Backwards: what each of the samples at the highest rate leaves below.
        let mut high = vec![0.0; factor * LENGTH];
        for phase in 0..factor {
            let silent = [(); 4].map(|()| silence());
            let [low, ..] = run(quality, Isa::best(), silent, 64, |at, [left, _]| {
                left[phase] = if at == 0 { 1.0 } else { left[phase] };
            });
            // The impulse response in reverse order of phases.
            low.iter().enumerate().for_each(|(i, y)| {
                let place = (i * factor + factor - 1 - phase).min(factor * LENGTH - 1);
                high[place] = *y;
            });
        }
        check(&high, factor, 1.0, &format!("{:?} down", quality.phase));
    }
}

#[test]
fn comes_late_by_what_it_says_and_both_ways_alike() {
    for quality in qualities() {
        // A low note, whose delay is that of its phase.
        let w = 0.002;
        let sine: Vec<f32> = (0..8192).map(|i| (w * f64::from(i)).sin() as f32).collect();
        let [left, right, dry, _] =
            run(quality, Isa::best(), [(); 4].map(|()| sine.clone()), 64, |_, _| {});
        assert!(left == right);
        let late = Chain::new(quality, false, Isa::best()).latency();
        for (y, what) in [(&left, "wet"), (&dry, "dry")] {
            let error = y[4096..].iter().zip(&sine[4096 - late..]);
            let error = error.map(|(y, x)| (y - x).abs()).fold(0.0, f32::max);
            // A thousandth of a sample.
            assert!(error < 3e-6, "{quality:?}, {what}, {late} samples: {error}");
        }
    }
}

#[test]
fn no_cut_of_the_signal_shows_on_any_instruction_set() {
    let mut seed = fastrand();
    let noise: [Vec<f32>; 4] = [(); 4].map(|()| (0..700).map(|_| seed()).collect());
    for quality in qualities() {
        let mut first: Option<[Vec<f32>; 4]> = None;
        for isa in Isa::available() {
            let bend = |_: usize, wet: [&mut [f32]; 2]| {
                wet.into_iter().flatten().for_each(|x| *x *= x.abs());
            };
            let whole = run(quality, isa, noise.clone(), 64, bend);
            for cut in [1, 7, 33] {
                assert!(run(quality, isa, noise.clone(), cut, bend) == whole, "{quality:?} {cut}");
            }
            let reference = first.get_or_insert_with(|| whole.clone());
            for (a, b) in reference.iter().flatten().zip(whole.iter().flatten()) {
                assert!(
                    (a - b).abs() < 2e-6 * a.abs().max(1.0),
                    "{quality:?} on {isa:?}: {a} and {b}"
                );
            }
        }
    }
}

/// Noise of ±½.
fn fastrand() -> impl FnMut() -> f32 {
    let mut seed = 7_u32;
    move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / (1 << 24) as f32 - 0.5
    }
}

#[test]
fn a_reset_forgets_everything() {
    let mut noise = fastrand();
    for quality in qualities() {
        let mut chain = Chain::new(quality, true, Isa::best());
        let play = |chain: &mut Chain, x: f32| {
            let mut io = [[x; 64]; 4];
            chain.up(io.each_mut().map(|io| &mut io[..]));
            chain.down(io.each_mut().map(|io| &mut io[..]));
            io
        };
        let first = play(&mut chain, 0.3);
        play(&mut chain, noise());
        chain.reset();
        assert_eq!(play(&mut chain, 0.3), first, "{quality:?}");
    }
}

/// The mean of two samples at each rate, and what makes up for it.
#[test]
fn makes_up_for_what_a_mean_of_two_samples_loses() {
    for oversampling in Oversampling::ALL {
        let factor = oversampling.factor();
        let mut droop = Droop::new(oversampling, Isa::best().level());
        let mut io = vec![0.0; 64 * factor];
        (io[0], io[1]) = (0.5, 0.5);
        droop.process(&mut io);
        io.resize(factor * LENGTH, 0.0);
        let late = Droop::delay(oversampling);
        assert!((0..late).all(|i| (io[late - i] - io[late + i]).abs() < 1e-6), "{oversampling:?}");
        let response = response(&io);
        let worst = |khz: f64| {
            let band = &response[..(khz / 44.1 * LENGTH as f64) as usize];
            band.iter().fold(0.0_f64, |most, db| most.max(db.abs()))
        };
        let whole = if factor == 1 { 12.0 } else { 20.0 };
        assert!(worst(whole) < 0.01, "{factor} times: {} dB", worst(whole));
        // Without oversampling the highest frequencies fall, and none rises.
        let top = response[..LENGTH / 2].iter().fold(-300.0_f64, |most, db| most.max(*db));
        assert!(factor > 1 || top < 0.01, "{top} dB");
    }
}
