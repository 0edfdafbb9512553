use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nn::Engine;

use super::*;
use crate::pair::{Pair, Settings};

const BEST: Settings = Settings {
    quality: 1.0,
    levels: crate::amp::Levels {
        output: crate::amp::OutputLevel::Raw,
        calibrate_input: false,
        interface: 0.0,
    },
};

/// The sum of the last `taps` samples times `gain`, counting its drops.
struct Toy {
    taps: usize,
    gain: f32,
    past: Vec<f32>,
    drops: Arc<AtomicUsize>,
}

impl Engine for Toy {
    fn process(&mut self, io: &mut [f32]) {
        for x in io {
            self.past.rotate_left(1);
            self.past[self.taps - 1] = *x;
            *x = self.gain * self.past.iter().sum::<f32>();
        }
    }

    fn reset(&mut self) {
        self.past.fill(0.0);
    }

    fn receptive_field(&self) -> usize {
        self.taps
    }
}

impl Drop for Toy {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::Relaxed);
    }
}

fn toy(taps: usize, gain: f32) -> Box<dyn Engine> {
    counted(taps, gain, &Arc::default())
}

fn counted(taps: usize, gain: f32, drops: &Arc<AtomicUsize>) -> Box<dyn Engine> {
    Box::new(Toy { taps, gain, past: vec![0.0; taps], drops: drops.clone() })
}

fn pair(taps: usize, gain: f32) -> Pair {
    Pair::new(toy(taps, gain), toy(taps, gain))
}

fn sine(n: usize) -> Vec<f32> {
    (0..n).map(|i| (i as f32 * 0.05).sin()).collect()
}

fn play(slot: &mut Slot<Pair>, io: &mut [f32], cut: usize) {
    io.chunks_mut(cut).for_each(|part| slot.process(&mut [part], &BEST));
}

#[test]
fn an_empty_slot_passes_audio() {
    let mut io = sine(300);
    play(&mut slot(10).1, &mut io, 300);
    assert_eq!(io, sine(300));
}

#[test]
fn before_the_first_sample_there_is_nothing_to_fade_from() {
    let (loader, mut slot) = slot(500);
    loader.offer(pair(1, 2.0));
    let mut io = [1.0; 4];
    play(&mut slot, &mut io, 4);
    assert_eq!(io, [2.0; 4], "the first model fades in");

    slot.reset();
    loader.offer(pair(1, 3.0));
    play(&mut slot, &mut io, 4);
    assert_eq!(io, [6.0; 4], "a model offered after a reset fades in");
}

#[test]
fn a_swap_makes_no_step() {
    let (loader, mut slot) = slot(960);
    loader.offer(pair(1, 1.0));
    let mut io = sine(4000);
    let (before, after) = io.split_at_mut(1000);
    play(&mut slot, before, 64);
    loader.offer(pair(16, 0.125));
    play(&mut slot, after, 64);
    // The louder model's own steepest step is 0.1; the fade adds 3/960.
    let step = io.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
    assert!(step < 0.104, "a step of {step}");
    assert!(io[3000..].iter().any(|x| x.abs() > 1.9), "the swap never came");
}

#[test]
fn after_the_fade_the_new_model_sounds_as_if_it_had_always_run() {
    let (loader, mut slot) = slot(100);
    loader.offer(pair(1, 1.0));
    let mut io = sine(1000);
    let (before, after) = io.split_at_mut(350);
    play(&mut slot, before, 350);
    loader.offer(pair(200, 0.01));
    play(&mut slot, after, 650);

    let mut always = sine(1000);
    toy(200, 0.01).process(&mut always);
    assert_eq!(io[..550], sine(550), "heard while it warms up");
    assert_ne!(io[560], sine(1000)[560]);
    assert_eq!(io[650..], always[650..], "still carries its start");
}

#[test]
fn a_long_memory_delays_a_swap_by_the_limit_only() {
    let (loader, mut slot) = slot(1);
    loader.offer(pair(1, 1.0));
    play(&mut slot, &mut [0.0; 1], 1);
    let endless = Toy { taps: 1, gain: 2.0, past: vec![0.0], drops: Arc::default() };
    struct Endless(Toy);
    impl Engine for Endless {
        fn process(&mut self, io: &mut [f32]) {
            self.0.process(io);
        }
        fn reset(&mut self) {}
        fn receptive_field(&self) -> usize {
            usize::MAX
        }
    }
    loader.offer(Pair::new(Box::new(Endless(endless)), toy(1, 2.0)));
    let mut io = vec![1.0; WARM_UP_LIMIT + 2];
    play(&mut slot, &mut io, 512);
    assert_eq!(io[WARM_UP_LIMIT - 1..], [1.0, 2.0, 2.0]);
}

#[test]
fn both_channels_change_in_one_sample() {
    let (loader, mut slot) = slot(40);
    loader.offer(pair(1, 1.0));
    slot.process(&mut [&mut [0.0; 10], &mut [0.0; 10]], &BEST);
    loader.offer(Pair::new(toy(30, 0.1), toy(1, 3.0)));
    let (mut left, mut right) = ([1.0; 200], [1.0; 200]);
    for (l, r) in left.chunks_mut(33).zip(right.chunks_mut(33)) {
        slot.process(&mut [l, r], &BEST);
    }
    let first = |x: &[f32; 200]| x.iter().position(|&x| x != 1.0);
    assert_eq!((first(&left), first(&right)), (Some(30), Some(30)));
}

#[test]
fn cutting_changes_nothing() {
    let run = |cut: usize| {
        let (loader, mut slot) = slot(77);
        loader.offer(pair(3, 0.5));
        let mut io = sine(2000);
        let (before, after) = io.split_at_mut(130);
        play(&mut slot, before, cut);
        loader.offer(pair(101, 0.01));
        play(&mut slot, after, cut);
        io
    };
    let whole = run(2000);
    for cut in [1, 2, 3, 13, 63, 64, 65, 333] {
        assert_eq!(run(cut), whole, "cut into {cut}s");
    }
}

#[test]
fn the_newest_offer_wins_and_nothing_leaks() {
    let drops = Arc::new(AtomicUsize::new(0));
    let new = |gain| Pair::new(counted(1, gain, &drops), counted(1, gain, &drops));
    let (loader, mut slot) = slot(8);
    let mut io = [1.0; 64];
    for round in 0..10 {
        for gain in [2.0, 3.0, 4.0] {
            loader.offer(new(gain + round as f32));
        }
        io.fill(1.0);
        slot.process(&mut [&mut io], &BEST);
        assert_eq!(io[63], 4.0 + round as f32);
    }
    drop((loader, slot));
    assert_eq!(drops.load(Ordering::Relaxed), 60);
}

#[test]
fn a_loader_that_is_late_to_collect_costs_the_slot_no_free() {
    let drops = Arc::new(AtomicUsize::new(0));
    let (loader, mut slot) = slot(1);
    let mut displaced = Vec::new();
    for _ in 0..5 {
        // An `offer` preempted before it collects.
        let parcel = Box::new(Pair::new(counted(1, 1.0, &drops), counted(1, 1.0, &drops)));
        displaced.push(loader.0.inbox.swap(Some(parcel)));
        slot.process(&mut [&mut [0.0; 2 * BLOCK]], &BEST);
        slot.reset();
    }
    assert_eq!(drops.load(Ordering::Relaxed), 0);
}

#[test]
fn a_reset_ends_a_swap() {
    let (loader, mut slot) = slot(1000);
    loader.offer(pair(1, 1.0));
    play(&mut slot, &mut [1.0; 8], 8);
    loader.offer(pair(50, 0.02));
    play(&mut slot, &mut [1.0; 60], 60);
    slot.reset();
    let mut io = [1.0; 100];
    play(&mut slot, &mut io, 100);
    let mut fresh = [1.0; 100];
    toy(50, 0.02).process(&mut fresh);
    assert_eq!(io, fresh);
}

#[test]
fn a_network_beyond_all_bounds_is_held_within_them_and_comes_back() {
    let run = |cut: usize| {
        let (loader, mut slot) = slot(1);
        loader.offer(pair(5, f32::MAX));
        let mut io = [0.0; 256];
        io[10..40].fill(3.0);
        io[200] = 0.5;
        play(&mut slot, &mut io, cut);
        io
    };
    let mut expected = [0.0; 256];
    expected[200..205].fill(1000.0);
    for cut in [1, 7, 64, 256] {
        assert_eq!(run(cut), expected, "cut into {cut}s");
    }
}

/// Notes a drop on the thread it was told to stay clear of.
struct Wary(std::thread::ThreadId, Arc<AtomicUsize>);

impl Engine for Wary {
    fn process(&mut self, io: &mut [f32]) {
        io.fill(1.0);
    }

    fn reset(&mut self) {}

    fn receptive_field(&self) -> usize {
        3
    }
}

impl Drop for Wary {
    fn drop(&mut self) {
        if std::thread::current().id() == self.0 {
            self.1.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[test]
fn loaders_on_other_threads_never_make_the_audio_thread_free() {
    let wrong = Arc::new(AtomicUsize::new(0));
    let audio = std::thread::current().id();
    let (loader, mut slot) = slot(5);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (loader, wrong) = (loader.clone(), wrong.clone());
                let new = move || Box::new(Wary(audio, wrong.clone()));
                scope.spawn(move || (0..20_000).for_each(|_| loader.offer(Pair::new(new(), new()))))
            })
            .collect();
        let mut io = [0.0; 100];
        while threads.iter().any(|thread| !thread.is_finished()) {
            slot.process(&mut [&mut io], &BEST);
        }
        (0..3).for_each(|_| slot.process(&mut [&mut io], &BEST));
        assert_eq!(wrong.load(Ordering::Relaxed), 0);
        assert_eq!(io, [1.0; 100]);
    });
}
