use super::align::{Course, align};
use super::gear::*;
use super::strings::Random;

fn latency(dry: &[f32], wet: &[f32]) -> f64 {
    let found = align(dry, wet, RATE).expect("a lag");
    assert!(matches!(found.course, Course::Steady), "{:?}", found.course);
    assert_eq!(found.inverted, Some(false));
    found.latency
}

/// The truth is the delay that was added: all filters of this gear are of least phase.
#[test]
fn latency_is_the_delay_and_not_that_of_filters() {
    let dry = full(RATE);
    for (gear, name) in [(overdrive as fn(&[f32], f64) -> _, "overdrive"), (fuzz, "fuzz")] {
        let wet = gear(&dry, RATE);
        for late in [0.0, 0.5, 333.0, 1000.25, -700.6] {
            let error = latency(&dry, &delay(&wet, late)) - late;
            assert!(error.abs() < 0.05, "{name} {late}: {error}");
        }
    }
}

/// Without treble in the dry, what filters do there can only be guessed: the truth is still
/// the delay that was added, and the guess must not be late, for then the wet would lead.
#[test]
fn a_guitar_alone_gives_nearly_the_latency_and_not_more() {
    let dry = guitar(RATE);
    for (gear, name) in [(overdrive as fn(&[f32], f64) -> _, "overdrive"), (fuzz, "fuzz")] {
        let wet = gear(&dry, RATE);
        for late in [0.0, 470.5] {
            let error = latency(&dry, &delay(&wet, late)) - late;
            assert!((-1.5..0.05).contains(&error), "{name} {late}: {error}");
        }
    }
}

#[test]
fn any_shift_within_a_second_is_found() {
    let dry = full(RATE);
    let wet = overdrive(&dry, RATE);
    let mut random = Random(5);
    for _ in 0..12 {
        let late = RATE * random.next();
        let error = latency(&dry, &delay(&wet, late)) - late;
        assert!(error.abs() < 0.06, "{late}: {error}");
    }
    for late in [RATE, -RATE] {
        let error = latency(&dry, &delay(&wet, late)) - late;
        assert!(error.abs() < 0.06, "{late}: {error}");
    }
}

#[test]
fn polarity_is_found_and_does_not_matter() {
    for dry in [full(RATE), guitar(RATE)] {
        let wet = delay(&overdrive(&dry, RATE), 100.0);
        let upside_down: Vec<f32> = wet.iter().map(|x| -x).collect();
        let found = align(&dry, &upside_down, RATE).expect("a lag");
        assert_eq!(found.inverted, Some(true));
        assert!((found.latency - latency(&dry, &wet)).abs() < 1e-3);
    }
}

/// A rectifier's output has nothing linear of its input, but its loudness follows.
#[test]
fn a_rectifier_is_aligned_by_loudness() {
    for dry in [full(RATE), guitar(RATE)] {
        let size: Vec<f32> = dry.iter().map(|x| x.abs()).collect();
        let wet = high_pass(&delay(&size, 500.0), 50.0, RATE);
        let found = align(&dry, &wet, RATE).expect("a lag");
        assert_eq!(found.inverted, None);
        assert!((found.latency - 500.0).abs() <= 2.0, "{}", found.latency);
    }
}

/// A loudspeaker's response with linear phase begins long before its middle.
#[test]
fn a_response_of_linear_phase_is_not_cut() {
    let dry = full(RATE);
    let reach = 40;
    let taps: Vec<f32> = (-reach..=reach)
        .map(|k| {
            let x = f64::from(k) * 0.25;
            let window = (std::f64::consts::PI * f64::from(k) / 82.0).cos().powi(2);
            let sinc = if k == 0 {
                1.0
            } else {
                (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x)
            };
            (0.25 * sinc * window) as f32
        })
        .collect();
    let padded = [vec![0.0; taps.len() - 1], dry.clone()].concat();
    let wet: Vec<f32> = (padded.windows(taps.len()))
        .map(|w| w.iter().zip(&taps).map(|(x, t)| x * t).sum())
        .collect();
    // Its energy begins a main lobe, 4 samples, before the middle at 40; nothing of that may
    // be cut. The zeros of its stop band lie on the unit circle, so least phase explains most
    // of its delay, and that much stays. Every other lobe of the stop band is upside down,
    // so it is not asked for a polarity.
    let found = align(&dry, &wet, RATE).expect("a lag").latency;
    assert!((-0.5..36.0).contains(&found), "{found}");
}

#[test]
fn another_clock_is_told_by_its_speed() {
    for dry in [full(RATE), guitar(RATE)] {
        for gear in [overdrive as fn(&[f32], f64) -> Vec<f32>, fuzz] {
            let wet = gear(&dry, RATE);
            for ppm in [50.0, -20.0, 10.0] {
                let found = align(&dry, &other_clock(&wet, ppm), RATE).expect("a lag");
                let Course::Drift(slope) = found.course else { panic!("{:?}", found.course) };
                // Samples come sooner on the slower clock.
                assert!((-1e6 * slope - ppm).abs() < 0.15 * ppm.abs(), "{ppm}: {slope}");
            }
        }
    }
}

#[test]
fn dropped_samples_are_told_from_drift() {
    let dry = full(RATE);
    let mut wet = overdrive(&dry, RATE);
    wet.drain(300_000..300_064);
    let course = align(&dry, &wet, RATE).expect("a lag").course;
    let Course::Jump(by, at) = course else { panic!("{course:?}") };
    assert!((by + 64.0).abs() < 1.5, "{by}");
    assert!((200_000..400_000).contains(&at), "{at}");
}

#[test]
fn strangers_have_no_lag() {
    let (a, b) = (full(RATE), guitar(RATE));
    assert!(align(&a, &overdrive(&b, RATE), RATE).is_none());
    assert!(align(&b, &overdrive(&a, RATE), RATE).is_none());
    assert!(align(&a, &vec![0.0; a.len()], RATE).is_none());
    assert!(align(&[], &a, RATE).is_none());
    assert!(align(&a, &[], RATE).is_none());
}
