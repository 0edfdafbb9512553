//! Models that work beside the audio thread: however late they are, the effects say so to
//! the sample and keep the dry signal beside them.

use std::f32::consts::TAU;
use std::sync::Arc;

use nn::foreign::{About, Foreign};
use nn::{Blocks, Engine, Metadata, Model, Place, Report, Watch};

use super::{Amp, Params};
use crate::delay::Delay;
use crate::drive::{self, Drive, Pedal, Quality};
use crate::{Calls, Error, Oversampling, Pair, Setup};

/// Gives back what it hears, a hop and a block of the host late.
struct Echo {
    hop: usize,
}

struct Late {
    delay: Delay,
}

impl Foreign for Echo {
    fn engine(&self, place: &Place) -> Box<dyn Engine> {
        let late = self.latency(place);
        let mut delay = Delay::new(late);
        delay.set(late, 1);
        Box::new(Late { delay })
    }

    fn latency(&self, place: &Place) -> usize {
        self.hop + place.blocks.longest()
    }

    fn weights(&self) -> usize {
        0
    }

    fn macs(&self) -> usize {
        0
    }
}

impl Engine for Late {
    fn process(&mut self, io: &mut [f32]) {
        self.delay.process(io);
    }

    fn reset(&mut self) {
        self.delay.reset();
    }

    fn receptive_field(&self) -> usize {
        self.latency() + 1
    }

    fn latency(&self) -> usize {
        self.delay.delay()
    }

    fn watch(&self) -> Option<Arc<dyn Watch>> {
        Some(Arc::new(Nothing))
    }
}

struct Nothing;

impl Watch for Nothing {
    fn report(&self) -> Report {
        Report::default()
    }
}

fn model(hop: usize) -> Model {
    Model::foreign(About {
        format: "ONNX",
        architecture: "Echo",
        sample_rate: Some(48_000.0),
        metadata: Metadata::default(),
        notices: Vec::new(),
        network: Arc::new(Echo { hop }),
    })
}

fn calls(longest: usize) -> Calls {
    Calls { blocks: Blocks::UpTo(longest), offline: false }
}

fn sine(rate: f32) -> Vec<f32> {
    (0..24_000).map(|i| 0.5 * (TAU * 997.0 * i as f32 / rate).sin()).collect()
}

/// The largest difference from the input `late` samples earlier, once all has settled.
fn off(input: &[f32], output: &[f32], late: usize) -> f32 {
    let pairs = input.iter().zip(&output[late..]).skip(6000);
    pairs.map(|(x, y)| (x - y).abs()).fold(0.0, f32::max)
}

#[test]
fn the_amplifier_reports_them_to_the_sample() {
    for rate in [44_100.0, 48_000.0, 88_200.0, 96_000.0, 22_050.0] {
        for oversampling in [Oversampling::X1, Oversampling::X2] {
            for (hop, longest) in [(64, 1), (512, 256), (777, 333)] {
                let setup = Setup { sample_rate: rate, oversampling, calls: calls(longest) };
                let pair = Pair::build(&model(hop), setup).expect("a pair");
                assert_eq!(pair.watches().len(), 2);
                let late = pair.latency();
                let (loaders, mut amp) = Amp::new(rate);
                loaders.models[0].offer(pair);
                let input = sine(rate);
                let mut output = input.clone();
                // Half of it dry: were it not beside the wet, both would cancel in part.
                let params = Params { mix: 0.5, ..Params::default() };
                output.chunks_mut(100).for_each(|io| amp.process(&mut [io], 1, &params));
                assert_eq!(amp.latency(), late);
                let off = off(&input, &output, late);
                assert!(off < 2e-3, "{rate} Hz, {oversampling:?}, {hop}, {longest}: {off}");
            }
        }
    }
}

#[test]
fn the_distortion_runs_them_once() {
    let quality = Quality { oversampling: drive::Oversampling::X8, ..Quality::default() };
    for rate in [44_100.0, 48_000.0] {
        let setup = drive::Setup { sample_rate: rate, quality, calls: calls(128) };
        let pedal = Pedal::build(&model(256), setup).expect("a pedal");
        assert_eq!(pedal.watches().len(), 2);
        let late = pedal.latency();
        let (loader, mut drive) = Drive::new(rate);
        loader.offer(pedal);
        let input = sine(rate);
        let mut output = input.clone();
        let params = drive::Params { drive: 0.5, auto_gain: false, ..Default::default() };
        output.chunks_mut(100).for_each(|io| drive.process(&mut [io], 1, &params));
        assert_eq!(drive.latency(), late);
        let off = off(&input, &output, late);
        assert!(off < 5e-3, "{rate} Hz: {off}");
    }
}

#[test]
fn what_is_too_late_is_refused() {
    let setup = |longest| Setup {
        sample_rate: 48_000.0,
        oversampling: Oversampling::X1,
        calls: calls(longest),
    };
    assert!(Pair::build(&model(512), setup(8192)).is_ok());
    let refused = Pair::build(&model(512), setup(65_536)).err();
    assert_eq!(refused, Some(Error::Latency { limit: 16_384, found: 66_048 }));
}

#[test]
fn only_they_depend_on_how_the_host_calls() {
    let setup = |longest| Setup {
        sample_rate: 48_000.0,
        oversampling: Oversampling::X1,
        calls: calls(longest),
    };
    let model = model(64);
    assert!(setup(64).serves(setup(128), None));
    assert!(!setup(64).serves(setup(128), Some(&model)));
    assert!(setup(64).serves(setup(64), Some(&model)));
}
