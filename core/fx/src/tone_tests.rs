use super::*;
use crate::probe::{
    CUTS, RATES, Random, audible, bits, cookbook, deviation, impulse, product, response, sine,
    steepest,
};

const FLAT_STACK: amp::Tone =
    amp::Tone { on: true, before: false, bass: 5.0, middle: 5.0, treble: 5.0, presence: 5.0 };

fn at(bass: f32, middle: f32, treble: f32, presence: f32) -> amp::Tone {
    amp::Tone { bass, middle, treble, presence, ..FLAT_STACK }
}

/// Plays one channel; `automation` is asked every 1000 samples.
fn play(
    tone: &mut Tone,
    io: &mut [f32],
    cut: usize,
    mut automation: impl FnMut(usize) -> amp::Tone,
) {
    for (i, part) in io.chunks_mut(1000).enumerate() {
        let params = automation(i);
        part.chunks_mut(cut).for_each(|part| tone.process(&mut [part], &params));
    }
}

#[test]
fn responses_are_as_documented() {
    let settings = [
        at(0.0, 5.0, 5.0, 5.0),
        at(5.0, 0.0, 5.0, 5.0),
        at(5.0, 5.0, 0.0, 5.0),
        at(5.0, 5.0, 5.0, 0.0),
        at(10.0, 10.0, 10.0, 10.0),
        at(7.3, 4.9, 2.0, 6.1),
        at(3.0, 6.5, 9.0, 4.0),
    ];
    for (rate, params) in RATES.iter().flat_map(|rate| settings.map(|params| (*rate, params))) {
        let mut taps = impulse(rate as usize / 8);
        Tone::new(rate).process(&mut [&mut taps], &params);
        let middle = if params.middle < 5.0 { 1.5 } else { 0.7 };
        let db = |knob: f32, mark: f64| mark * (f64::from(knob) - 5.0);
        for hz in audible() {
            let ought = product([
                cookbook(Kind::LowShelf, rate, 150.0, BUTTERWORTH, db(params.bass, 4.0), hz),
                cookbook(Kind::Peak, rate, 425.0, middle, db(params.middle, 3.0), hz),
                cookbook(Kind::HighShelf, rate, 1800.0, BUTTERWORTH, db(params.treble, 2.0), hz),
                cookbook(Kind::HighShelf, rate, 4000.0, BUTTERWORTH, db(params.presence, 2.0), hz),
            ]);
            let off = deviation(response(&taps, rate, hz), ought);
            assert!(off < 1e-4, "{params:?} at {hz} Hz, {rate}: {off:e}");
        }
    }
}

#[test]
fn flat_changes_no_bit() {
    let signal = sine(5000, 48_000.0, 777.0, 0.9);
    for params in [FLAT_STACK, amp::Tone { on: false, ..at(0.0, 3.0, 8.0, 10.0) }] {
        let mut io = signal.clone();
        play(&mut Tone::new(48_000.0), &mut io, 64, |_| params);
        assert_eq!(bits(&io), bits(&signal));
    }
    // Nor does it after it was something else, 20 ms and two points of the grid later.
    let mut io = signal.clone();
    play(&mut Tone::new(48_000.0), &mut io, 64, |i| match i {
        0 => at(9.0, 1.0, 8.0, 2.0),
        _ => FLAT_STACK,
    });
    assert_ne!(bits(&io[..1960]), bits(&signal[..1960]));
    assert_eq!(bits(&io[1992..]), bits(&signal[1992..]));
}

#[test]
fn cutting_changes_nothing() {
    let run = |cut: usize| {
        let mut random = Random(7);
        let mut io = sine(20_000, 48_000.0, 333.0, 0.5);
        play(&mut Tone::new(48_000.0), &mut io, cut, |i| {
            let [a, b, c, d] = [(); 4].map(|()| 5.0 + 5.0 * random.signed());
            let c = if i % 4 == 0 { 5.0 } else { c };
            amp::Tone { on: i % 5 != 3, ..at(a, b, c, d) }
        });
        bits(&io)
    };
    let whole = run(1000);
    for cut in CUTS {
        assert!(run(cut) == whole, "cut into {cut}s");
    }
}

#[test]
fn jumps_make_no_click() {
    let low = at(0.0, 0.0, 0.0, 0.0);
    let high = at(10.0, 10.0, 10.0, 10.0);
    let out = amp::Tone { on: false, ..high };
    for (before, after) in [(low, high), (high, low), (high, out), (out, low), (FLAT_STACK, high)] {
        let mut io = sine(5000, 48_000.0, 100.0, 0.1);
        play(&mut Tone::new(48_000.0), &mut io, 64, |i| if i < 2 { before } else { after });
        let io = &io[1000..];
        let peak = io.iter().fold(0f32, |peak, x| peak.max(x.abs()));
        // A sine's own slope, and that of all four gains moving by 110 dB in 20 ms. One
        // step at each point of the grid would be 16 times that.
        let slope = peak * (std::f32::consts::TAU * 100.0 / 48_000.0);
        let ramp = peak * (110.0 * std::f32::consts::LN_10 / 20.0 / 960.0);
        let most = steepest(io);
        assert!(most < slope + ramp, "{before:?} to {after:?}: {most} of {slope} + {ramp}");
        // The sharpest corner is where the gains come to rest.
        let slopes: Vec<_> = io.windows(2).map(|w| w[1] - w[0]).collect();
        let corner = steepest(&slopes);
        assert!(corner < ramp, "{before:?} to {after:?}: {corner} of {ramp}");
    }
}

#[test]
fn the_first_parameters_after_a_reset_hold_at_once() {
    let loud = at(10.0, 5.0, 5.0, 5.0);
    let signal = sine(1500, 48_000.0, 80.0, 0.1);
    let mut tone = Tone::new(48_000.0);
    let mut first = signal.clone();
    tone.process(&mut [&mut first], &loud);
    tone.process(&mut [&mut signal.clone()[..77]], &at(1.0, 2.0, 3.0, 4.0));
    tone.reset();
    let mut again = signal.clone();
    tone.process(&mut [&mut again], &loud);
    assert_eq!(bits(&first), bits(&again));
}

#[test]
fn what_is_no_number_is_flat_and_the_rest_is_clamped() {
    let run = |params: amp::Tone| {
        let mut io = sine(500, 48_000.0, 300.0, 0.5);
        Tone::new(48_000.0).process(&mut [&mut io], &params);
        bits(&io)
    };
    let nan = f32::NAN;
    assert_eq!(run(at(nan, nan, nan, nan)), run(FLAT_STACK));
    assert_eq!(run(at(1e9, -1e9, f32::INFINITY, -0.1)), run(at(10.0, 0.0, 10.0, 0.0)));
}

#[test]
fn channels_do_not_mix() {
    let params = at(2.0, 8.0, 3.0, 9.0);
    let (left, right) = (sine(700, 48_000.0, 90.0, 0.5), sine(700, 48_000.0, 3000.0, 0.2));
    let alone = |io: &[f32]| {
        let mut io = io.to_vec();
        Tone::new(48_000.0).process(&mut [&mut io], &params);
        bits(&io)
    };
    let (mut l, mut r, mut third) = (left.clone(), right.clone(), [0.25; 3]);
    Tone::new(48_000.0).process(&mut [&mut l, &mut r, &mut third], &params);
    assert_eq!((bits(&l), bits(&r)), (alone(&left), alone(&right)));
    assert_eq!(third, [0.25; 3]);
    Tone::new(48_000.0).process(&mut [], &params);
}

#[test]
fn hostile_automation_leaves_it_sane() {
    for rate in [8_000.0, 44_100.0, 192_000.0, 384_000.0] {
        let mut random = Random(rate as u32);
        let mut tone = Tone::new(rate);
        let mut left = 10 * rate as usize;
        while left > 0 {
            let n = left.min(1 + random.below(2 * rate as usize / 100));
            let mut io: Vec<_> = (0..n).map(|_| 1000.0 * random.signed()).collect();
            let knobs = [(); 4].map(|()| random.hostile(0.0, 10.0));
            let params = at(knobs[0], knobs[1], knobs[2], knobs[3]);
            let on = random.below(4) > 0;
            tone.process(&mut [&mut io], &amp::Tone { on, ..params });
            // All four at their most are 55 dB.
            let peak = io.iter().fold(0f32, |peak, x| peak.max(x.abs()));
            assert!(io.iter().all(|x| x.is_finite()) && peak < 1e6, "{peak} at {rate}");
            left -= n;
        }
    }
}
