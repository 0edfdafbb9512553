use super::*;
use crate::probe::{CUTS, Random, bits, sine, steepest};

fn noise(length: usize) -> Vec<f32> {
    let mut random = Random(5);
    (0..length).map(|_| random.signed()).collect()
}

#[test]
fn delays_by_whole_samples() {
    let input = noise(3000);
    for delay in [0, 1, 63, 64, 65, 1000] {
        for cut in CUTS {
            let mut line = Delay::new(1000);
            line.set(delay, 100);
            let mut io = input.clone();
            io.chunks_mut(cut).for_each(|part| line.process(part));
            assert_eq!(io[..delay], vec![0.0; delay], "before {delay}");
            assert_eq!(io[delay..], input[..3000 - delay], "by {delay} in {cut}s");
        }
    }
}

#[test]
fn a_change_fades_and_is_exact_afterwards() {
    let input = sine(4000, 48_000.0, 100.0, 1.0);
    let slope = steepest(&input);
    for (old, new) in [(0, 100), (100, 0), (37, 512), (512, 1)] {
        let mut line = Delay::new(512);
        line.set(old, 1);
        let mut io = input.clone();
        line.process(&mut io[..1000]);
        line.set(new, 960);
        assert_eq!(line.delay(), new);
        line.process(&mut io[1000..]);
        assert_eq!(io[old..1000], input[..1000 - old]);
        assert_eq!(io[1959..], input[1959 - new..4000 - new]);
        // The signal's own slope and a fade over at most twice its height.
        let most = steepest(&io[old..]);
        assert!(most < slope + 2.0 / 960.0, "{old} to {new}: {most} of {slope}");
    }
}

#[test]
fn the_last_of_several_changes_wins_after_the_fade_under_way() {
    let input = noise(1000);
    let mut line = Delay::new(64);
    let mut io = input.clone();
    line.process(&mut io[..100]);
    line.set(10, 50);
    line.process(&mut io[100..120]);
    line.set(20, 50);
    line.set(30, 70);
    line.process(&mut io[120..130]);
    line.set(30, 70);
    line.process(&mut io[130..]);
    assert_eq!(io[149], input[139], "the first fade did not end first");
    assert_eq!(io[219..], input[189..1000 - 30]);
    let t = 35.0 / 70.0;
    assert!((io[184] - (input[174] * (1.0 - t) + input[154] * t)).abs() < 1e-6);
}

#[test]
fn cutting_changes_nothing() {
    let run = |cut: usize| {
        let mut random = Random(11);
        let mut line = Delay::new(700);
        let mut io = noise(20_000);
        for part in io.chunks_mut(500) {
            let (delay, fade) = (random.below(800), random.below(900));
            for part in part.chunks_mut(cut) {
                line.set(delay, fade);
                line.process(part);
            }
        }
        bits(&io)
    };
    let whole = run(500);
    for cut in CUTS {
        assert!(run(cut) == whole, "cut into {cut}s");
    }
}

#[test]
fn capacity_and_reset() {
    let mut line = Delay::new(5);
    line.set(1000, 10);
    assert_eq!(line.delay(), 5);
    let mut io = noise(100);
    line.process(&mut io);
    line.set(2, 1000);
    line.process(&mut io);
    line.reset();
    let mut fresh = [1.0, 2.0, 3.0, 4.0];
    line.process(&mut fresh);
    assert_eq!(fresh, [0.0, 0.0, 1.0, 2.0]);

    let mut none = Delay::new(0);
    none.set(1, 1);
    let mut io = [1.0, 2.0];
    none.process(&mut io);
    none.process(&mut []);
    assert_eq!(io, [1.0, 2.0]);
}
