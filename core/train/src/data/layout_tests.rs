use super::gear::*;
use super::strings::Random;
use super::{Layout, signal};

fn name(dry: &[f32], rate: f64) -> Option<&'static str> {
    Layout::recognise(dry, rate).map(|found| found.layout().name())
}

#[test]
fn our_own_signal_is_recognised_at_every_rate() {
    for rate in [44100.0, 48000.0, 96000.0] {
        let all = signal(rate);
        let found = Layout::recognise(&all, rate).expect("our own");
        assert_eq!(found.layout().name(), "Kiln's test signal");
        let seconds = |x: usize| (x as f64 / rate * 1000.0).round() / 1000.0;
        let span = |r: std::ops::Range<usize>| (seconds(r.start), seconds(r.end));
        assert_eq!(span(found.held_out()), (3.0, 13.0));
        assert_eq!(span(found.train()), (13.0, 166.0));
        let (a, b) = found.twice().expect("a replicate");
        assert_eq!(all[a], all[b]);
        for silence in found.silence() {
            assert!(all[silence].iter().all(|x| *x == 0.0));
        }
    }
}

#[test]
fn level_rounding_start_and_rate_do_not_matter() {
    let all = signal(44100.0);
    let quiet: Vec<f32> = all.iter().map(|x| (0.2 * x * 32768.0).round() / 32768.0).collect();
    assert!(name(&quiet, 44100.0).is_some());
    let late = [vec![0.0; 5000], all.clone(), vec![0.0; 90000]].concat();
    let found = Layout::recognise(&late, 44100.0).expect("a late start");
    assert_eq!(found.held_out(), 3 * 44100 + 5000..13 * 44100 + 5000);
    assert!(name(&all[8000..], 44100.0).is_some());
    // 44.1 kHz converted to 48 kHz.
    let other = other_clock(&all, (44100.0 / 48000.0 - 1.0) * 1e6);
    assert!(name(&other, 48000.0).is_some());
}

#[test]
fn other_music_has_no_layout() {
    assert_eq!(name(&full(RATE), RATE), None);
    assert_eq!(name(&guitar(RATE), RATE), None);
    assert_eq!(name(&[], RATE), None);
    assert_eq!(name(&vec![0.0; 200 * 44100], 44100.0), None);
    let mut random = Random(3);
    let noise: Vec<f32> = (0..192 * 44100).map(|_| random.next() as f32).collect();
    assert_eq!(name(&noise, 44100.0), None);
    // The head of our own without its end.
    assert_eq!(name(&signal(44100.0)[..150 * 44100], 44100.0), None);
}

/// A stand-in of so many seconds: noise but where it is silent, with clicks and a copy.
fn stand_in(
    rate: f64,
    seconds: f64,
    silent: &[(f64, f64)],
    blips: &[f64],
    copy: Option<(f64, f64)>,
) -> Vec<f32> {
    let mut random = Random(9);
    let mut all: Vec<f32> =
        (0..(seconds * rate) as usize).map(|_| 0.3 * random.next() as f32).collect();
    let at = |t: f64| (t * rate) as usize;
    for (start, end) in silent {
        all[at(*start)..at(*end)].fill(0.0);
    }
    if let Some((from, to)) = copy {
        let passage = all[at(from)..at(from + 9.0)].to_vec();
        all[at(to)..at(to) + passage.len()].copy_from_slice(&passage);
    }
    for blip in blips {
        all[at(*blip)] = 0.9;
    }
    all
}

#[test]
fn the_inputs_of_neural_amp_modeler_are_recognised() {
    let rate = 48000.0;
    let one = stand_in(rate, 120.0, &[(0.0, 1.0)], &[0.25, 0.75], None);
    let found = Layout::recognise(&one, rate).expect("version 1");
    assert!(found.layout().name().ends_with("version 1"));
    assert_eq!((found.train(), found.held_out()), (0..111 * 48000, 111 * 48000..120 * 48000));

    let ends = [(0.0, 2.0), (189.0, 191.0)];
    let two = stand_in(rate, 191.0, &ends, &[0.5, 1.5, 189.5, 190.5], Some((171.0, 180.0)));
    let found = Layout::recognise(&two, rate).expect("version 2");
    assert!(found.layout().name().ends_with("version 2"));
    assert_eq!((found.train(), found.held_out()), (0..8_208_000, 8_208_000..8_640_000));

    let three = stand_in(rate, 190.0, &[(9.0, 12.0)], &[10.5, 11.5], Some((0.0, 181.0)));
    let found = Layout::recognise(&three, rate).expect("version 3");
    assert!(found.layout().name().ends_with("version 3"));
    assert_eq!((found.train(), found.held_out()), (480_000..8_688_000, 8_688_000..9_120_000));
    // Without the replicate it is something else.
    assert_eq!(name(&stand_in(rate, 190.0, &[(9.0, 12.0)], &[10.5, 11.5], None), rate), None);
}

#[test]
fn the_capture_signal_of_proteus_is_recognised() {
    let seconds = 9_298_872.5 / 44100.0;
    let four = stand_in(44100.0, seconds, &[(0.0, 1.0)], &[0.0, 0.5], None);
    let found = Layout::recognise(&four, 44100.0).expect("version 4");
    assert!(found.layout().name().starts_with("Proteus"));
    assert_eq!(found.train(), 44100..9_298_872 - 441_000);
    assert_eq!(found.held_out(), 9_298_872 - 441_000..9_298_872);
}
