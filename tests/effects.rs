//! The contract with the audio thread, over whole effects.

mod kit;

use fx::amp::{self, Amp, Params};
use fx::resample::{Oversampling, Plan, Setup};
use fx::{Cabinet, Pair, Voice};
use nn::Engine;

/// A soft clipper with a memory.
struct Toy(f32);

impl Engine for Toy {
    fn process(&mut self, io: &mut [f32]) {
        for x in io {
            self.0 = 0.9 * self.0 + 0.1 * *x;
            *x = self.0 / (1.0 + self.0.abs());
        }
    }

    fn reset(&mut self) {
        self.0 = 0.0;
    }

    fn receptive_field(&self) -> usize {
        200
    }
}

fn toys() -> Pair {
    Pair::new(Box::new(Toy(0.0)), Box::new(Toy(0.0)))
}

fn params() -> Params {
    Params {
        input_gain: 6.0,
        output_gain: -3.0,
        mix: 0.9,
        gate: amp::Gate { on: true, threshold: -40.0, ..amp::Gate::default() },
        tone: amp::Tone { bass: 7.0, presence: 3.0, ..amp::Tone::default() },
        cabinet: amp::Cabinet { low_cut: 80.0, high_cut: 6000.0, ..amp::Cabinet::default() },
        ..Params::default()
    }
}

#[test]
fn amp() {
    kit::conforms(
        "amp",
        || {
            let (loaders, amp) = Amp::new(48_000.0);
            loaders.models.iter().for_each(|loader| loader.offer(toys()));
            amp
        },
        |amp, io| amp.process(&mut [io], 1, &params()),
        Amp::reset,
    );
}

/// A click after a WAV header, then `taps` of a decay.
fn response(taps: usize, channels: u16) -> fx::Impulse {
    let spec = hound::WavSpec {
        channels,
        sample_rate: 48_000,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).expect("a writer");
    for i in 0..taps * usize::from(channels) {
        let x = (-3.0 * i as f32 / taps as f32).exp() * (0.7 * i as f32).cos();
        writer.write_sample(0.1 * x).expect("written");
    }
    writer.finalize().expect("written");
    fx::Impulse::load(bytes.get_ref()).expect("a valid file")
}

#[test]
fn cabinet() {
    let settings = fx::cabinet::Settings { normalize: true };
    for (taps, channels) in [(1, 1), (200, 2), (2000, 1), (9600, 2)] {
        let impulse = response(taps, channels);
        kit::conforms(
            &format!("cabinet of {taps} taps, {channels} channels"),
            || Cabinet::build(&impulse, 48_000.0),
            |cabinet, io| {
                let mut right = [0.0; nn::BLOCK];
                for left in io.chunks_mut(nn::BLOCK) {
                    let right = &mut right[..left.len()];
                    right.copy_from_slice(left);
                    cabinet.run(&mut [left, right], &settings);
                }
            },
            |cabinet| cabinet.reset(),
        );
        kit::conforms(
            &format!("cabinet of {taps} taps, {channels} channels, one of them heard"),
            || Cabinet::build(&impulse, 48_000.0),
            |cabinet, io| {
                io.chunks_mut(nn::BLOCK).for_each(|io| cabinet.run(&mut [io], &settings));
            },
            |cabinet| cabinet.reset(),
        );
    }
}

/// What a header promises is not believed.
#[test]
fn impulses_take_little_memory() {
    let mut bytes = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0\x80\xbb\0\0".to_vec();
    bytes.extend(b"\0\x77\x01\0\x02\0\x10\0");
    for name in [b"data", b"LIST", b"fact", b"junk"] {
        for length in [0xff, 0x7f] {
            let mut bytes = bytes.clone();
            bytes.extend(name);
            bytes.extend([0xfe, 0xff, 0xff, length]);
            bytes.extend(b"INFOINAM\xf0\xff\xff\x7f and so on");
            let peak = kit::peak_bytes(|| drop(fx::Impulse::load(&bytes)));
            assert!(peak < 8 << 20, "{peak} bytes for {name:?}");
        }
    }
    // As many titles as there is room for.
    bytes.extend(b"LIST\xff\xff\xff\x7fINFO");
    (0..100_000).for_each(|_| bytes.extend(b"INAM\x02\0\0\0ab"));
    let peak = kit::peak_bytes(|| drop(fx::Impulse::load(&bytes)));
    assert!(peak < 16 * bytes.len() + (8 << 20), "{peak} bytes for many titles");
}

#[test]
fn swapping_and_moving_parameters_use_no_heap() {
    let (loaders, mut amp) = Amp::new(48_000.0);
    let (mut left, mut right) = (kit::signal(512), kit::signal(512));
    for round in 0..40 {
        if round % 3 == 0 {
            loaders.models[round / 3 % 2].offer(toys());
        }
        let params = Params {
            bypass: round % 7 == 0,
            input_gain: round as f32 - 20.0,
            routing: [amp::Routing::Series, amp::Routing::Parallel][round / 4 % 2],
            channels: [amp::Channels::Stereo, amp::Channels::Mono][round / 8 % 2],
            ..params()
        };
        let calls = kit::heap_calls(|| {
            amp.process(&mut [&mut left, &mut right], 2, &params);
            amp.take_peaks();
            if round % 11 == 0 {
                amp.reset();
            }
        });
        assert_eq!(calls, 0, "round {round}");
    }
}

#[test]
fn models_at_other_rates() {
    let names = ["a1_nano", "a2", "convnet_tanh", "lstm_1x3"];
    for (sample_rate, oversampling) in [
        (44_100.0, Oversampling::X1),
        (44_100.0, Oversampling::X4),
        (48_000.0, Oversampling::X2),
        (96_000.0, Oversampling::X1),
        (96_000.0, Oversampling::X2),
        (8_000.0, Oversampling::X4),
        (768_000.0, Oversampling::X1),
    ] {
        for name in names {
            let files = kit::fixtures();
            let path = files.iter().find(|path| path.file_stem().is_some_and(|stem| stem == name));
            let bytes = std::fs::read(path.expect("the fixture")).expect("its bytes");
            let model = nn::Model::load(&bytes).expect("a model");
            let plan =
                Plan::new(&model, Setup { sample_rate, oversampling, calls: fx::Calls::OFFLINE })
                    .expect("a plan");
            kit::conforms(
                &format!("{name} at {sample_rate}, {oversampling:?}"),
                || plan.engine(),
                |engine, io| engine.process(io),
                |engine| engine.reset(),
            );
        }
    }
}

/// A network with a knob, and one with a rate of its own.
fn pedal_models() -> Vec<nn::Model> {
    let files = kit::small();
    let named = |name: &&std::path::PathBuf| {
        ["kiln_drive", "guitarml_gru_drive", "rtneural_curve"]
            .iter()
            .any(|stem| name.file_stem().is_some_and(|s| s == *stem))
    };
    let read = |path: &std::path::PathBuf| std::fs::read(path).expect("its bytes");
    files.iter().filter(named).map(|p| nn::Model::load(&read(p)).expect("a model")).collect()
}

#[test]
fn drive() {
    use fx::drive::{Cut, Drive, Oversampling, Params, Pedal, Phase, Quality, Setup};

    let params = Params {
        input_gain: 6.0,
        drive: 0.7,
        before: Cut { low: 70.0, high: 9000.0 },
        tilt: 2.0,
        mix: 0.8,
        auto_gain: true,
        ..Params::default()
    };
    for model in &pedal_models() {
        for (oversampling, phase, antiderivative) in [
            (Oversampling::X1, Phase::Minimum, true),
            (Oversampling::X8, Phase::Minimum, false),
            (Oversampling::X2, Phase::Linear, true),
        ] {
            let quality = Quality { oversampling, phase, antiderivative };
            let setup = Setup { sample_rate: 44_100.0, quality, calls: fx::Calls::OFFLINE };
            kit::conforms(
                &format!("drive with {}, {quality:?}", model.format()),
                || {
                    let (loader, drive) = Drive::new(44_100.0);
                    loader.offer(Pedal::build(model, setup).expect("a pedal"));
                    drive
                },
                |drive, io| drive.process(&mut [io], 1, &params),
                Drive::reset,
            );
        }
    }
}

#[test]
fn swapping_pedals_and_moving_parameters_use_no_heap() {
    use fx::drive::{Channels, Drive, Oversampling, Params, Pedal, Phase, Quality, Setup};

    let models = pedal_models();
    let (loader, mut drive) = Drive::new(48_000.0);
    let (mut left, mut right) = (kit::signal(512), kit::signal(512));
    for round in 0..40 {
        if round % 5 == 0 {
            let oversampling = Oversampling::ALL[round / 5 % 4];
            let phase = [Phase::Minimum, Phase::Linear][round / 5 % 2];
            let quality = Quality { oversampling, phase, antiderivative: round % 2 == 0 };
            let setup = Setup { sample_rate: 48_000.0, quality, calls: fx::Calls::OFFLINE };
            loader.offer(Pedal::build(&models[round % models.len()], setup).expect("a pedal"));
        }
        let params = Params {
            bypass: round % 7 == 0,
            input_gain: round as f32 - 20.0,
            drive: round as f32 / 40.0,
            auto_gain: round % 3 == 0,
            channels: [Channels::Stereo, Channels::Mono, Channels::MidSide][round / 4 % 3],
            ..Params::default()
        };
        let calls = kit::heap_calls(|| {
            drive.process(&mut [&mut left, &mut right], 2, &params);
            drive.take_peaks();
            std::hint::black_box(drive.trace());
            if round % 11 == 0 {
                drive.reset();
            }
        });
        assert_eq!(calls, 0, "round {round}");
    }
}
