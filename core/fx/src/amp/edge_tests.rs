//! No edges go into a network where it is switched on or off, for it would repeat
//! them, by the length of its memory later, when it is heard already.

use std::collections::VecDeque;

use nn::Engine;

use super::*;

const RATE: f32 = 48_000.0;

/// A network that hears nothing but the past.
struct Echo(VecDeque<f32>);

impl Echo {
    fn boxed() -> Box<dyn Engine> {
        Box::new(Self([0.0; 256].into()))
    }
}

impl Engine for Echo {
    fn process(&mut self, io: &mut [f32]) {
        for x in io {
            self.0.push_back(*x);
            *x = self.0.pop_front().unwrap_or(0.0);
        }
    }

    fn reset(&mut self) {
        self.0.iter_mut().for_each(|x| *x = 0.0);
    }

    fn receptive_field(&self) -> usize {
        257
    }
}

/// The largest step of what is heard while `switch` turns something on or off.
fn largest_step(switch: fn(&mut Params, bool)) -> f32 {
    let (loaders, mut amp) = Amp::new(RATE);
    loaders.models[0].offer(Pair::new(Echo::boxed(), Echo::boxed()));
    let mut params = Params::default();
    params.levels.output = OutputLevel::Raw;
    let (mut heard, mut at) = (Vec::new(), 0);
    for round in 0..8 {
        switch(&mut params, round % 2 == 0);
        // Which is no whole number of periods, so that it happens anywhere in one.
        for _ in 0..50 {
            let mut io: Vec<f32> = (at..at + 63).map(|i| (i as f32 * 0.01).sin()).collect();
            amp.process(&mut [&mut io], 1, &params);
            heard.extend(io);
            at += 63;
        }
    }
    heard.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
}

#[test]
fn a_slot_is_switched_without_an_echo() {
    let step = largest_step(|params, on| params.slots[0].on = on);
    assert!(step < 0.02, "a step of {step}");
}

#[test]
fn the_bypass_is_switched_without_an_echo() {
    let step = largest_step(|params, on| params.bypass = on);
    assert!(step < 0.02, "a step of {step}");
}
