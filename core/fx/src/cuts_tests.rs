use super::*;
use crate::probe::{
    CUTS, RATES, Random, audible, bits, cookbook, deviation, impulse, product, response, sine,
    steepest,
};

const OFF: (f32, f32) = (20.0, 20_000.0);

/// Plays one channel; `automation` is asked every 1000 samples.
fn play(
    cuts: &mut Cuts,
    io: &mut [f32],
    cut: usize,
    mut automation: impl FnMut(usize) -> (f32, f32),
) {
    for (i, part) in io.chunks_mut(1000).enumerate() {
        let (low, high) = automation(i);
        part.chunks_mut(cut).for_each(|part| cuts.process(&mut [part], low, high));
    }
}

#[test]
fn responses_are_as_documented() {
    let settings = [
        (20.01, 20_000.0),
        (80.0, 20_000.0),
        (800.0, 20_000.0),
        (20.0, 1000.0),
        (20.0, 8000.0),
        (20.0, 19_999.0),
        (120.0, 5000.0),
    ];
    for (rate, (low, high)) in RATES.iter().flat_map(|rate| settings.map(|s| (*rate, s))) {
        let mut taps = impulse(rate as usize / 3);
        Cuts::new(rate).process(&mut [&mut taps], low, high);
        for hz in audible() {
            let of = |kind, edge: f32| cookbook(kind, rate, f64::from(edge), BUTTERWORTH, 0.0, hz);
            let ought = product(
                [(Kind::HighPass, low), (Kind::LowPass, high)]
                    .into_iter()
                    .filter(|&(_, edge)| edge != OFF.0 && edge != OFF.1)
                    .map(|(kind, edge)| of(kind, edge)),
            );
            let off = deviation(response(&taps, rate, hz), ought);
            assert!(off < 1e-3, "{low} to {high} Hz at {hz} Hz, {rate}: {off:e}");
        }
    }
}

#[test]
fn off_changes_no_bit() {
    let signal = sine(5000, 48_000.0, 50.0, 0.9);
    for (low, high) in [OFF, (f32::NAN, f32::NAN), (-5.0, 1e9)] {
        let mut io = signal.clone();
        play(&mut Cuts::new(48_000.0), &mut io, 64, |_| (low, high));
        assert_eq!(bits(&io), bits(&signal));
    }
    // Nor does it after it was on, 20 ms and two points of the grid later.
    let mut io = signal.clone();
    play(&mut Cuts::new(48_000.0), &mut io, 64, |i| if i == 0 { (300.0, 2000.0) } else { OFF });
    assert_ne!(bits(&io[..1960]), bits(&signal[..1960]));
    assert_eq!(bits(&io[1992..]), bits(&signal[1992..]));
}

#[test]
fn cutting_changes_nothing() {
    let run = |cut: usize| {
        let mut random = Random(9);
        let mut io = sine(20_000, 48_000.0, 333.0, 0.5);
        play(&mut Cuts::new(48_000.0), &mut io, cut, |_| {
            let mut pick = |range: RangeInclusive<f32>| match random.below(3) {
                0 => f32::NAN,
                _ => random.hostile(*range.start(), *range.end()),
            };
            (pick(LOW_CUT), pick(HIGH_CUT))
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
    let on = [(800.0, 20_000.0), (20.0, 1000.0), (800.0, 1000.0), (21.0, 19_000.0)];
    let ways = on.into_iter().flat_map(|on| [(OFF, on), (on, OFF), (on, (100.0, 5000.0))]);
    for (before, after) in ways {
        let mut io = sine(5000, 48_000.0, 100.0, 0.5);
        play(&mut Cuts::new(48_000.0), &mut io, 64, |i| if i < 2 { before } else { after });
        let io = &io[1000..];
        // A sine's own slope, that of a fade in 20 ms, and that of a phase turned by
        // the moving edge meanwhile.
        let slope = 0.5 * (std::f32::consts::TAU * 100.0 / 48_000.0);
        let ramp = 0.5 * (1.0 + std::f32::consts::PI) / 960.0;
        let most = steepest(io);
        assert!(most < slope + ramp, "{before:?} to {after:?}: {most} of {slope} + {ramp}");
        // The sharpest corner is where a fade begins or ends.
        let slopes: Vec<_> = io.windows(2).map(|w| w[1] - w[0]).collect();
        let corner = steepest(&slopes);
        assert!(corner < ramp, "{before:?} to {after:?}: {corner} of {ramp}");
    }
}

#[test]
fn the_first_parameters_after_a_reset_hold_at_once() {
    let signal = sine(1500, 48_000.0, 80.0, 0.1);
    let mut cuts = Cuts::new(48_000.0);
    let mut first = signal.clone();
    cuts.process(&mut [&mut first], 200.0, 3000.0);
    cuts.process(&mut [&mut signal.clone()[..77]], 20.0, 9000.0);
    cuts.reset();
    let mut again = signal.clone();
    cuts.process(&mut [&mut again], 200.0, 3000.0);
    assert_eq!(bits(&first), bits(&again));
}

#[test]
fn hostile_automation_leaves_it_sane() {
    for rate in [8_000.0, 44_100.0, 192_000.0, 384_000.0] {
        let mut random = Random(rate as u32);
        let mut cuts = Cuts::new(rate);
        let mut left = 10 * rate as usize;
        while left > 0 {
            let n = left.min(1 + random.below(2 * rate as usize / 100));
            let mut io: Vec<_> = (0..n).map(|_| 1000.0 * random.signed()).collect();
            let low = random.hostile(*LOW_CUT.start(), *LOW_CUT.end());
            let high = random.hostile(*HIGH_CUT.start(), *HIGH_CUT.end());
            cuts.process(&mut [&mut io], low, high);
            let peak = io.iter().fold(0f32, |peak, x| peak.max(x.abs()));
            assert!(io.iter().all(|x| x.is_finite()) && peak < 1e4, "{peak} at {rate}");
            left -= n;
        }
    }
}
