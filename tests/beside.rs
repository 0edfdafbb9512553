//! Effects whose networks work beside the audio thread: whatever becomes of the worker,
//! every sample comes, in its place, and the audio thread touches no heap.

mod kit;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use fx::amp::{Amp, Params};
use fx::delay::Delay;
use fx::drive::{self, Drive, Pedal, Quality};
use fx::{Calls, Oversampling, Pair, Setup};
use nn::foreign::{About, Foreign, State};
use nn::{Blocks, Engine, Metadata, Model, Place, Report};
use stream::{Host, Network, Options, Source};

const RATE: f32 = 48_000.0;
const HOP: usize = 128;
/// What the host passes at once, at most.
const LONGEST: usize = 256;
const CALLS: Calls = Calls { blocks: Blocks::UpTo(LONGEST), offline: false };

/// Passes sound on, or misbehaves, by a count that all of its networks share.
#[derive(Default)]
struct Moody {
    runs: AtomicUsize,
    builds: AtomicUsize,
    hung: AtomicUsize,
    /// No moods yet.
    calm: AtomicBool,
}

#[derive(Clone)]
struct Moods(Arc<Moody>);

struct Echo(Arc<Moody>);

impl Network for Echo {
    fn hop(&self) -> usize {
        HOP
    }

    fn run(&mut self, io: &mut [f32]) -> Result<(), String> {
        if self.0.calm.load(SeqCst) {
            return Ok(());
        }
        match self.0.runs.fetch_add(1, SeqCst) {
            run if run % 40 == 39 => thread::sleep(Duration::from_millis(60)),
            // Slower than the sound for a while.
            run if (100..130).contains(&run) => thread::sleep(Duration::from_millis(6)),
            // Never comes back.
            150 => loop {
                self.0.hung.store(1, SeqCst);
                thread::sleep(Duration::from_secs(3600));
            },
            run if run % 61 == 60 => io.fill(f32::NAN),
            200..203 => panic!("a test wants it"),
            230 => return Err("it would not".into()),
            _ => {}
        }
        Ok(())
    }

    fn reset(&mut self) {}
}

impl Source for Moods {
    fn build(&self) -> Result<Box<dyn Network>, String> {
        if self.0.calm.load(SeqCst) {
            return Ok(Box::new(Echo(self.0.clone())));
        }
        match self.0.builds.fetch_add(1, SeqCst) {
            2 | 3 => Err("the file is gone".into()),
            _ => Ok(Box::new(Echo(self.0.clone()))),
        }
    }

    fn hop(&self) -> usize {
        HOP
    }

    fn memory(&self) -> usize {
        1
    }

    fn engine(&self) -> String {
        "test 1".into()
    }

    fn device(&self) -> String {
        "CPU".into()
    }
}

/// Runs on a worker, or, to compare with, is a mere delay as long.
struct Player(Option<Moods>);

struct Late(Delay);

impl Engine for Late {
    fn process(&mut self, io: &mut [f32]) {
        self.0.process(io);
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn receptive_field(&self) -> usize {
        self.latency() + 1
    }

    fn latency(&self) -> usize {
        self.0.delay()
    }
}

fn options() -> Options {
    Options {
        budget: Duration::from_millis(2),
        urgent: false,
        patience: Duration::from_millis(300),
        pause: Duration::from_millis(1),
        ..Options::default()
    }
}

impl Foreign for Player {
    fn engine(&self, place: &Place) -> Box<dyn Engine> {
        if let Some(moods) = &self.0 {
            return Box::new(Host::new(Arc::new(moods.clone()), place, &options()));
        }
        let host = Host::new(Arc::new(Moods(Arc::default())), place, &options());
        let mut delay = Delay::new(host.latency());
        delay.set(host.latency(), 1);
        Box::new(Late(delay))
    }

    fn latency(&self, place: &Place) -> usize {
        Host::latency_at(&Moods(Arc::default()), place, &options())
    }

    fn weights(&self) -> usize {
        0
    }

    fn macs(&self) -> usize {
        0
    }
}

fn model(moods: Option<Moods>) -> Model {
    Model::foreign(About {
        format: "ONNX",
        architecture: "Echo",
        sample_rate: Some(f64::from(RATE)),
        metadata: Metadata::default(),
        notices: Vec::new(),
        network: Arc::new(Player(moods)),
    })
}

/// Plays a tone until the worker has been through all of its moods and is heard again;
/// `play` gets blocks for the effect with the worker and for the one with the delay.
fn endure(
    moods: &Moods,
    report: impl Fn() -> Report,
    mut play: impl FnMut([&mut [f32]; 2]) -> usize,
) {
    let built = moods.0.builds.load(SeqCst);
    let (mut phase, mut blocks, mut well) = (0_usize, 0, 0);
    while well < 200 {
        let n = 1 + (blocks * 37) % LONGEST;
        let tone = |i: usize| 0.5 * (i as f32 * 0.029).sin();
        let mut worker: Vec<f32> = (phase..phase + n).map(tone).collect();
        let mut delay = worker.clone();
        phase += n;
        assert_eq!(play([&mut worker, &mut delay]), 0, "heap calls in block {blocks}");
        for (i, (x, y)) in worker.iter().zip(&delay).enumerate() {
            assert!((x - y).abs() < 1e-4, "block {blocks}, sample {i}: {x} instead of {y}");
        }
        // Somewhat faster than real time, so that waits are on the way as well.
        thread::sleep(Duration::from_micros(10 * n as u64));
        blocks += 1;
        assert!(blocks < 60_000, "it is not heard again: {:?}", report());
        let through = moods.0.runs.load(SeqCst) > 300;
        well = if through && report().state == State::Running { well + 1 } else { 0 };
    }
    let report = report();
    assert!(report.errors > 0 && report.underruns > 0, "{report:?}");
    assert_eq!(moods.0.hung.load(SeqCst), 1);
    // For the one that hung, and the one that panicked too often.
    assert!(moods.0.builds.load(SeqCst) >= built + 2, "it was not built again");
}

#[test]
fn the_amplifier_endures_any_worker() {
    let moods = Moods(Arc::default());
    let amp = |moods| {
        let (loaders, amp) = Amp::new(RATE);
        let oversampling = Oversampling::X1;
        let setup = Setup { sample_rate: RATE, oversampling, calls: CALLS };
        let pair = Pair::build(&model(moods), setup).expect("a pair");
        let watches = pair.watches().to_vec();
        loaders.models[0].offer(pair);
        (loaders, amp, watches)
    };
    let (_loaders, mut worker, watches) = amp(Some(moods.clone()));
    let (_others, mut delay, _) = amp(None);
    let params = Params { mix: 0.7, ..Params::default() };
    endure(
        &moods,
        || watches[0].report(),
        |[x, y]| {
            let calls = kit::heap_calls(|| worker.process(&mut [x], 1, &params));
            delay.process(&mut [y], 1, &params);
            calls
        },
    );
    assert_eq!(worker.latency(), delay.latency());
}

#[test]
fn the_distortion_endures_any_worker() {
    let moods = Moods(Arc::default());
    let drive = |moods| {
        let (loader, drive) = Drive::new(RATE);
        let setup = drive::Setup { sample_rate: RATE, quality: Quality::default(), calls: CALLS };
        let pedal = Pedal::build(&model(moods), setup).expect("a pedal");
        let watches = pedal.watches().to_vec();
        loader.offer(pedal);
        (loader, drive, watches)
    };
    // Its loudness is measured through a network of its own first.
    moods.0.calm.store(true, SeqCst);
    let (_loader, mut worker, watches) = drive(Some(moods.clone()));
    let (_other, mut delay, _) = drive(None);
    moods.0.calm.store(false, SeqCst);
    let params = drive::Params { auto_gain: false, ..Default::default() };
    endure(
        &moods,
        || watches[0].report(),
        |[x, y]| {
            let calls = kit::heap_calls(|| worker.process(&mut [x], 1, &params));
            delay.process(&mut [y], 1, &params);
            calls
        },
    );
    assert_eq!(worker.latency(), delay.latency());
}

#[test]
fn a_render_of_a_graph_is_what_is_played() {
    for name in ["shaper", "lstm", "wavenet_cached", "wavenet_plain", "decoder"] {
        let path = format!("{}/core/onnx/tests/data/{name}.onnx", env!("CARGO_MANIFEST_DIR"));
        let bytes = std::fs::read(path).expect("a fixture");
        let model = onnx::load(&bytes, &onnx::Options::default()).expect("a model");
        for rate in [44_100.0, 48_000.0] {
            let render = |block: usize| {
                let (loaders, mut amp) = Amp::new(rate);
                let calls = Calls { offline: true, ..CALLS };
                let oversampling = Oversampling::X1;
                let setup = Setup { sample_rate: rate, oversampling, calls };
                loaders.models[0].offer(Pair::build(&model, setup).expect("a pair"));
                let [mut left, mut right] = [kit::signal(9000), kit::signal(9000)];
                right.reverse();
                for (l, r) in left.chunks_mut(block).zip(right.chunks_mut(block)) {
                    amp.process(&mut [l, r], 2, &Params::default());
                }
                assert!(amp.latency() >= HOP.min(LONGEST) - 1, "{name}");
                (left, right)
            };
            let whole = render(9000);
            assert!(whole.0.iter().any(|y| y.abs() > 1e-3), "{name} is silent");
            assert_eq!(whole, render(61), "{name} at {rate} Hz");
            assert_eq!(whole, render(LONGEST), "{name} at {rate} Hz");
            let heard = (1..10).find_map(|pause| heard(&model, rate, pause));
            assert_eq!(Some(whole), heard, "{name} at {rate} Hz");
        }
    }
}

/// What is heard of the same in real time, with pauses of so many blocks; nothing where the
/// machine was too slow.
fn heard(model: &Model, rate: f32, pause: u32) -> Option<(Vec<f32>, Vec<f32>)> {
    let (loaders, mut amp) = Amp::new(rate);
    let setup = Setup { sample_rate: rate, oversampling: Oversampling::X1, calls: CALLS };
    let pair = Pair::build(model, setup).expect("a pair");
    let watches = pair.watches().to_vec();
    loaders.models[0].offer(pair);
    let [mut left, mut right] = [kit::signal(9000), kit::signal(9000)];
    right.reverse();
    for (l, r) in left.chunks_mut(LONGEST).zip(right.chunks_mut(LONGEST)) {
        amp.process(&mut [l, r], 2, &Params::default());
        thread::sleep(pause * Duration::from_millis(6));
    }
    let report = Report::of(&watches).expect("two workers");
    (report.underruns == 0 && report.errors == 0).then_some((left, right))
}
