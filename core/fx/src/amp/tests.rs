use nn::Engine;

use super::*;
use crate::pair::Pair;

/// A soft clipper with feedback that a single NaN or infinity would poison for good.
struct Toy(f32);

impl Engine for Toy {
    fn process(&mut self, io: &mut [f32]) {
        for x in io {
            self.0 = 0.5 * self.0 + 0.5 * *x;
            *x = self.0 / (1.0 + self.0.abs());
        }
    }

    fn reset(&mut self) {
        self.0 = 0.0;
    }

    fn receptive_field(&self) -> usize {
        64
    }
}

fn toys() -> Pair {
    Pair::new(Box::new(Toy(0.0)), Box::new(Toy(0.0)))
}

/// An amplifier with a model, at 48 kHz.
fn amp() -> Amp {
    let (loader, amp) = Amp::new(48_000.0);
    loader.offer(toys());
    amp
}

fn sine(n: usize) -> Vec<f32> {
    (0..n).map(|i| 0.5 * (i as f32 * 0.03).sin()).collect()
}

fn with(input_gain: f32, output_gain: f32, bypass: bool) -> Params {
    Params { input_gain, output_gain, bypass, ..Params::default() }
}

fn mono(amp: &mut Amp, io: &mut [f32], params: &Params) {
    amp.process(&mut [io], 1, params);
}

fn steepest(io: &[f32]) -> f32 {
    io.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max)
}

#[test]
fn without_a_model_audio_passes_through_both_gains() {
    let (_loader, mut amp) = Amp::new(48_000.0);
    let mut io = sine(500);
    mono(&mut amp, &mut io, &with(20.0, -20.0, false));
    assert!(io.iter().zip(sine(500)).all(|(y, x)| (y - x).abs() < 1e-6));
}

#[test]
fn a_gain_jump_is_smoothed() {
    let mut amp = amp();
    let mut io = sine(4000);
    let (before, after) = io.split_at_mut(2000);
    mono(&mut amp, before, &with(-20.0, -40.0, false));
    mono(&mut amp, after, &with(-20.0, 20.0, false));
    // At +20 dB the signal itself climbs 0.015 a sample; the ramp adds 10/960 of a peak of 0.05.
    assert!(steepest(&io) < 0.02, "a step of {}", steepest(&io));
    assert!(io[3000..].iter().any(|x| x.abs() > 0.4));
}

#[test]
fn the_first_parameters_hold_from_the_first_sample() {
    let mut amp = amp();
    for (db, factor) in [(20.0, 10.0), (-40.0, 0.01)] {
        let mut io = [0.5; 1];
        mono(&mut amp, &mut io, &with(0.0, db, false));
        assert!((io[0] / (0.25 / 1.25 * factor) - 1.0).abs() < 1e-6, "{db} dB gave {}", io[0]);
        amp.reset();
    }
}

#[test]
fn bad_input_counts_as_the_nearest_good_one() {
    let good = [(f32::NAN, 0.0), (f32::INFINITY, 0.0), (f32::MAX, CEILING), (-1e30, -CEILING)];
    for (bad, good) in good {
        let [mut a, mut b] = [bad, good].map(|x| {
            let mut io = sine(300);
            io[100] = x;
            io
        });
        mono(&mut amp(), &mut a, &Params::default());
        mono(&mut amp(), &mut b, &Params::default());
        assert_eq!(a, b, "{bad:e} is not heard as {good}");
    }
}

#[test]
fn what_is_far_below_hearing_is_silence() {
    for bypass in [false, true] {
        let mut io = [1e-32; 64];
        mono(&mut amp(), &mut io, &with(0.0, 0.0, bypass));
        assert_eq!(io, [0.0; 64]);
    }
}

#[test]
fn cutting_changes_nothing_while_everything_moves() {
    let run = |cut: usize| {
        let mut amp = amp();
        let (mut left, mut right) = (sine(3000), sine(3001)[1..].to_vec());
        let phases = [with(0.0, 0.0, false), with(12.0, -6.0, false), with(-3.0, 6.0, true)];
        for (i, params) in phases.iter().enumerate() {
            let phase = i * 1000..(i + 1) * 1000;
            let (l, r) = (&mut left[phase.clone()], &mut right[phase]);
            for (l, r) in l.chunks_mut(cut).zip(r.chunks_mut(cut)) {
                amp.process(&mut [l, r], 2, params);
            }
        }
        (left, right)
    };
    let whole = run(1000);
    for cut in [1, 3, 64, 65, 333] {
        assert!(run(cut) == whole, "cut into {cut}s");
    }
}

#[test]
fn bypass_is_exact_and_enters_without_a_step() {
    let mut amp = amp();
    let mut io = sine(6000);
    for (i, part) in io.chunks_mut(2000).enumerate() {
        mono(&mut amp, part, &with(0.0, 0.0, i == 1));
    }
    assert_eq!(io[3000..4000], sine(6000)[3000..4000], "bypassed");
    assert!(steepest(&io) < 0.02, "a step of {}", steepest(&io));
}

#[test]
fn what_is_not_finite_does_not_stay() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, 1e-40] {
        for bypass in [false, true] {
            let params = with(20.0, 40.0, bypass);
            let mut amp = amp();
            let mut io = sine(4000);
            io[100..170].fill(bad);
            mono(&mut amp, &mut io, &params);
            for (i, y) in io.iter().enumerate() {
                assert!(y.is_finite() && !y.is_subnormal(), "{bad:e}: sample {i} is {y:e}");
            }
            let mut clean = sine(4000);
            mono(&mut self::amp(), &mut clean, &params);
            let off = io[2000..].iter().zip(&clean[2000..]).map(|(a, b)| (a - b).abs());
            assert!(off.fold(0.0, f32::max) < 1e-4, "{bad:e} was still heard");
        }
    }
}

#[test]
fn parameters_that_are_not_numbers_do_no_harm() {
    let nan = Params { input_gain: f32::NAN, output_gain: f32::NAN, ..Params::default() };
    let mut amp = amp();
    let (mut io, mut usual) = (sine(200), sine(200));
    mono(&mut amp, &mut io, &nan);
    mono(&mut self::amp(), &mut usual, &Params::default());
    assert_eq!(io, usual);
}

#[test]
fn mono_into_stereo_sounds_on_both_sides() {
    let mut amp = amp();
    let (mut left, mut right) = (sine(300), vec![9.0; 300]);
    amp.process(&mut [&mut left, &mut right], 1, &Params::default());
    let mut alone = sine(300);
    mono(&mut self::amp(), &mut alone, &Params::default());
    assert_eq!((&left, &right), (&alone, &alone));
}

#[test]
fn a_channel_the_host_left_out_is_no_reason_to_panic() {
    let mut amp = amp();
    amp.process(&mut [], 0, &Params::default());
    amp.process(&mut [&mut [0.1; 32], &mut []], 2, &Params::default());
    amp.process(&mut [&mut [0.1; 32], &mut []], 1, &Params::default());
}

#[test]
fn peaks_are_those_since_the_last_look() {
    let (_loader, mut amp) = Amp::new(48_000.0);
    let params = with(20.0, -20.0, false);
    amp.process(&mut [&mut [0.1, -0.2], &mut [0.3, 0.0]], 2, &params);
    let peaks = amp.take_peaks();
    assert_eq!(peaks.input, [2.0, 3.0]);
    assert!((peaks.output[0] - 0.2).abs() < 1e-6 && (peaks.output[1] - 0.3).abs() < 1e-6);
    assert_eq!(amp.take_peaks(), Peaks::default());
}

#[test]
fn a_change_of_sample_rate_keeps_the_model() {
    let mut amp = amp();
    mono(&mut amp, &mut [0.0; 10], &Params::default());
    amp.set_sample_rate(96_000.0);
    amp.reset();
    let mut io = [0.5; 1];
    mono(&mut amp, &mut io, &Params::default());
    assert_eq!(io[0], 0.2);
}
