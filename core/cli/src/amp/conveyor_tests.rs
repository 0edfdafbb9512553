use std::fs;
use std::path::{Path, PathBuf};

use fx::Impulse;
use fx::amp::{Channels, Routing};
use nn::Model;

use super::super::render::Form;
use super::*;
use crate::wav::{Depth, Format, Input, Output};

/// A pool that is shared, so that parts do meet on several threads.
const THREADS: usize = 3;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data").join(name)
}

fn fixtures(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(data(folder)).expect("a folder");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "nam" || end == "json"));
    paths.sort();
    paths
}

fn model(name: &str) -> Model {
    crate::load(&data(&format!("nam/{name}.nam"))).expect("a model")
}

/// Plucks between silences.
fn plucks(length: usize, period: usize, seed: usize) -> Vec<f32> {
    let pluck = |i: usize| {
        let t = i % period;
        if t >= period / 2 {
            return 0.0;
        }
        let decay = (-6.0 * t as f32 / period as f32).exp();
        decay * ((t as f32 * 0.031).sin() + 0.3 * (t as f32 * (0.4 + 0.01 * seed as f32)).sin())
    };
    (0..length).map(|i| 0.5 * pluck(i + 31 * seed)).collect()
}

/// Two channels that are the same at first, then apart, then long the same again.
fn meeting(length: usize, period: usize) -> [Vec<f32>; 2] {
    let (left, mut right) = (plucks(length, period, 0), plucks(length, period, 0));
    right[length / 5..length * 2 / 5].iter_mut().for_each(|x| *x *= -0.7);
    [left, right]
}

struct Case {
    rig: Rig,
    rate: u32,
    /// Of the output.
    channels: usize,
    block: usize,
    cut: Cut,
}

impl Case {
    fn of(model: &Model, raw: bool) -> Self {
        let rig = Rig::of(model, raw.then_some(1.0));
        let rate = crate::rate(model) as u32;
        let cut = Cut { window: 5000, part: 1700 };
        Self { rig, rate, channels: 1, block: 777, cut }
    }

    /// The bytes of the file that is made in one pass or in several.
    fn bytes(&self, signal: &[Vec<f32>], parted: bool) -> Vec<u8> {
        let folder = tempfile::tempdir().expect("a folder");
        let (input, output) = (folder.path().join("in.wav"), folder.path().join("out.wav"));
        let frames = signal[0].len();
        let format = |channels| Format {
            channels,
            sample_rate: self.rate,
            frames: frames as u64,
            depth: Depth::Float32,
            dither: false,
        };
        let mut file = Output::create(&input, &format(signal.len()), &[]).expect("created");
        file.write(&mut signal.to_vec()).expect("written");
        file.finish().expect("finished");
        let source = Input::open(&input).expect("a file");
        let sink = Output::create(&output, &format(self.channels), &[]).expect("created");
        let plan = Plan {
            rig: &self.rig,
            input: &input,
            sample_rate: self.rate,
            channels: self.channels,
            frames,
            block: self.block,
            natures: if parted { natures(&self.rig) } else { Vec::new() },
            cut: self.cut,
        };
        let reader = Reader::new(source, None, self.channels);
        let writer = Writer { sink, meter: None, late: 0 };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(THREADS).build().expect("a pool");
        pool.install(|| plan.run(reader, writer, &|_| ())).expect("played");
        fs::read(&output).expect("an output")
    }

    /// Both ways come out the same, and not silent.
    fn agrees(&self, name: &str, signal: &[Vec<f32>]) {
        let (whole, parted) = (self.bytes(signal, false), self.bytes(signal, true));
        assert!(whole == parted, "{name}: parts differ from the whole");
        let samples = whole.len() - signal[0].len() * self.channels * 4;
        let heard = whole[samples..].chunks_exact(4).filter(|x| *x != [0; 4]).count();
        assert!(heard > signal[0].len() / 4, "{name}: {heard} samples are not 0");
    }
}

#[test]
fn every_network_with_an_end_of_memory_plays_the_same_in_parts() {
    let mut parted = 0;
    for path in [fixtures("nam"), fixtures("drive")].concat() {
        let Ok(model) = crate::load(&path) else { continue };
        let name = path.display().to_string();
        let recurs = ["LSTM", "Linear"].contains(&model.architecture());
        let Some(memory) = model.memory() else {
            assert!(recurs || model.architecture() == "Chain", "{name} has no end of memory");
            continue;
        };
        parted += 1;
        let signal = [plucks(24_000, 9000, 1)];
        let mut case = Case::of(&model, true);
        case.cut.part = 1000 + memory / 3;
        case.agrees(&name, &signal);
        let case = Case { channels: 2, ..Case::of(&model, false) };
        case.agrees(&name, &meeting(24_000, 9000));
    }
    assert!(parted > 70, "{parted} networks");
}

#[test]
fn no_part_is_taken_from_what_never_forgets() {
    for name in ["lstm_1x16", "linear_1500"] {
        assert!(natures(&Rig::of(&model(name), None)).is_empty(), "{name}");
    }
    assert!(natures(&two("lstm_1x3")).is_empty());
    assert_eq!(natures(&two("a1_nano")).len(), 2);
}

fn two(second: &str) -> Rig {
    let mut rig = Rig::of(&model("a1_feather"), None);
    rig.models[1] = Some(model(second));
    rig
}

#[test]
fn so_does_every_way_through_the_effect() {
    let long = meeting(90_000, 30_000);
    let mut dc = plucks(90_000, 30_000, 3);
    dc.iter_mut().for_each(|x| *x += 0.1);
    let set = |rig: Rig, change: &dyn Fn(&mut Rig)| {
        let mut rig = rig;
        change(&mut rig);
        rig
    };
    let one = || Rig::of(&model("a1_feather"), None);
    let item = fx::factory::CABINETS.first().expect("a cabinet");
    let cabinet = Impulse::load(item.bytes).expect("a response");
    for (name, rig, rate, channels) in [
        ("mono", one(), 48_000, 1),
        ("one channel to two", one(), 48_000, 2),
        ("five channels", one(), 48_000, 5),
        ("series", two("convnet_tanh_bn"), 48_000, 2),
        ("parallel", set(two("a1_nano"), &|r| r.params.routing = Routing::Parallel), 48_000, 2),
        ("joined", set(one(), &|r| r.params.channels = Channels::Mono), 48_000, 2),
        ("44.1 kHz", one(), 44_100, 2),
        ("96 kHz", one(), 96_000, 2),
        ("four times", set(one(), &|r| r.oversampling = 4), 48_000, 2),
        ("twice at 44.1 kHz", set(two("a1_nano"), &|r| r.oversampling = 2), 44_100, 2),
        ("a gate", set(one(), &|r| r.params.gate.on = true), 48_000, 2),
        ("off", set(two("a1_nano"), &|r| r.params.slots[0].on = false), 48_000, 2),
        ("half dry", set(one(), &|r| r.params.mix = 0.5), 44_100, 2),
        ("a small size", set(two("slimmable"), &|r| r.params.slots[1].quality = 0.1), 48_000, 2),
        ("cabinet", set(one(), &|r| r.cabinets[0] = Some(cabinet.clone())), 48_000, 2),
    ] {
        let cut = Cut { window: 20_011, part: 6007 };
        let case = Case { rig, rate, channels, block: 4096, cut };
        match channels {
            1 => case.agrees(name, &long[..1]),
            5 => {
                let five = [&long[0], &long[1], &long[0], &dc, &long[1]].map(Vec::clone);
                case.agrees(name, &five);
            }
            _ if name == "one channel to two" => case.agrees(name, &long[..1]),
            _ => case.agrees(name, &long),
        }
    }
}

#[test]
fn nor_does_it_matter_how_it_is_cut() {
    let signal = meeting(40_000, 11_000);
    let case = |block, window, part| Case {
        channels: 2,
        block,
        cut: Cut { window, part },
        ..Case::of(&model("a1_feather"), false)
    };
    let expected = case(64, 8192, 8192).bytes(&signal, false);
    for (block, window, part) in
        [(1, 30_000, 5000), (64, 100, 64), (8192, 40_000, 40_000), (1000, 39_999, 1), (7, 5, 5)]
    {
        // A part of one sample hears thousands before it.
        let signal = if part == 1 { &signal.clone().map(|c| c[..300].to_vec()) } else { &signal };
        let found = case(block, window, part).bytes(signal, true);
        let expected = match part {
            1 => &case(64, 8192, 8192).bytes(signal, false),
            _ => &expected,
        };
        assert!(&found == expected, "blocks of {block}, windows of {window}, parts of {part}");
    }
}

#[test]
fn through_a_sleep_of_all() {
    // So long a silence that nothing is computed, and something after it.
    let mut signal = plucks(5 * 48_000, 400_000, 0);
    let silence = 20_000..4 * 48_000 + 30_000;
    signal[silence.clone()].fill(0.0);
    for (i, x) in signal.iter_mut().enumerate().skip(silence.end) {
        *x = 0.3 * (i as f32 * 0.05).sin();
    }
    let case =
        Case { cut: Cut { window: 30_000, part: 9000 }, ..Case::of(&model("a1_feather"), false) };
    case.agrees("asleep", &[signal]);
}

#[test]
fn a_job_renders_the_same_on_any_number_of_threads() {
    let folder = tempfile::tempdir().expect("a folder");
    let input = folder.path().join("in.wav");
    let format = Format {
        channels: 1,
        sample_rate: 44_100,
        frames: 300_000,
        depth: Depth::Int24,
        dither: false,
    };
    let mut file = Output::create(&input, &format, &[]).expect("created");
    file.write(&mut [plucks(300_000, 90_000, 0)]).expect("written");
    file.finish().expect("finished");
    let made = |threads: usize| {
        let job = super::super::render::Job {
            rig: Rig::of(&model("a1_feather"), None),
            form: Form { stereo: true, tail: 0.5, depth: Depth::Int16, dither: true },
            block: 8192,
            measure: true,
            threads,
        };
        let output = folder.path().join(format!("{threads}.wav"));
        let levels = job.render(&input, &output, &|_| ()).expect("rendered").expect("levels");
        (fs::read(output).expect("an output"), serde_json::to_string(&levels).expect("JSON"))
    };
    let expected = made(1);
    assert!(expected.0.len() > 4 * 322_000);
    for threads in [2, 5] {
        assert!(made(threads) == expected, "{threads} threads");
    }
}
