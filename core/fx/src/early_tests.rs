use super::*;
use crate::probe::{CUTS, Random, bits, sine, steepest};

const RATE: f32 = 48_000.0;

/// What one or two channels of `input` become, cut into blocks of `cut`.
fn run(early: &mut Early, input: &[&[f32]], cut: usize) -> [Vec<f32>; 2] {
    let mut all = [vec![], vec![]];
    let mut at = 0;
    while at < input[0].len() {
        let n = cut.min(BLOCK).min(input[0].len() - at);
        let parts: Vec<&[f32]> = input.iter().map(|x| &x[at..at + n]).collect();
        let mut heard = [[0.0; BLOCK]; 2];
        early.process(&parts, Some(&mut heard));
        all.iter_mut().zip(&heard).for_each(|(all, heard)| all.extend(&heard[..n]));
        at += n;
    }
    all
}

fn impulse() -> Vec<f32> {
    crate::probe::impulse(48_000)
}

#[test]
fn reflections_come_when_and_as_loud_as_their_ways_say() {
    // The floor's image of the left source in the right ear's room: by hand.
    let silence = vec![0.0; 48_000];
    let [left, right] = run(&mut Early::new(RATE), &[&impulse(), &silence], 64);
    let (direct, floor) = (
        distance([3.5 + SOURCE, 1.1, 1.3], [3.5 + EAR, 3.7, 1.55]),
        distance([3.5 + SOURCE, 1.1, -1.3], [3.5 + EAR, 3.7, 1.55]),
    );
    let first = (48_000.0 * (floor - direct) / 343.0).round() as usize;
    assert_eq!(left.iter().position(|x| *x != 0.0), Some(first));
    assert_eq!(left.iter().filter(|x| **x != 0.0).count(), IMAGES);
    let energy: f32 = left.iter().chain(&right).map(|x| x * x).sum();
    assert!((energy - 1.0).abs() < 1e-4, "{energy}");
    let walls = || images([1.0, 2.0, 1.5]).map(|(_, walls)| walls);
    assert_eq!([1, 2].map(|n| walls().filter(|w| *w == n).count()), [6, 18]);
}

#[test]
fn left_is_to_right_as_right_to_left() {
    let silence = vec![0.0; 48_000];
    let [a, b] = run(&mut Early::new(RATE), &[&impulse(), &silence], 64);
    let [c, d] = run(&mut Early::new(RATE), &[&silence, &impulse()], 64);
    assert_eq!((bits(&a), bits(&b)), (bits(&d), bits(&c)));
    assert_ne!(bits(&a), bits(&b));
}

#[test]
fn a_larger_room_answers_as_much_later() {
    let last = |size: f32| {
        let mut early = Early::new(RATE);
        early.set(size);
        let [y, _] = run(&mut early, &[&impulse()], 64);
        y.iter().rposition(|x| *x != 0.0).unwrap() as f32
    };
    for size in [0.25, 2.0, 4.0] {
        assert!((last(size) / last(1.0) / size - 1.0).abs() < 0.01, "{size}");
    }
}

#[test]
fn cuts_and_sizes_make_no_difference_and_no_click() {
    let x = sine(9000, RATE, 300.0, 0.5);
    let play = |cut: usize| {
        let mut early = Early::new(RATE);
        let mut random = Random(7);
        let mut all = Vec::new();
        for part in x.chunks(1500) {
            early.set(2.0 + 2.0 * random.signed());
            let [left, _] = run(&mut early, &[part, part], cut);
            all.extend(left);
        }
        all
    };
    let whole = play(64);
    for cut in CUTS {
        assert_eq!(bits(&play(cut)), bits(&whole), "cut into {cut}s");
    }
    // From the first sound on everywhere: the sine's own edge is none of ours.
    let settled = &whole[4000..];
    assert!(steepest(settled) < 0.12, "{}", steepest(settled));
}
