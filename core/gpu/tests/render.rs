//! Many jobs, parts of jobs, streams, and what goes wrong.

mod kit;

use std::process::Command;

use gpu::{Device, Error, Job, Live, Options, Renderer, Stream, devices};
use kit::{card, model, processor, sound, worst};
use stream::Source;

const CLOSE: f32 = 1e-5;

/// Two of one shape, one of another, and an LSTM.
const MIXED: [&str; 4] =
    ["a1_two_arrays.nam", "a1_two_arrays.nam", "convnet_tanh.nam", "lstm_2x8.nam"];

#[test]
fn jobs_of_any_length_and_model() {
    let Some(device) = card() else { return };
    let models = MIXED.map(model);
    let mut renderer = Renderer::new(&device, &models, 1.0).expect("a renderer");
    let input = sound(3000);
    let lengths = [(0, 3000), (1, 0), (2, 1), (3, 1500), (0, 1025), (2, 3000), (3, 33)];
    let jobs = lengths.map(|(model, n)| Job { model, input: &input[..n] });
    let found = renderer.render(&jobs).expect("a render");
    assert_eq!(found.len(), jobs.len());
    for (job, found) in jobs.iter().zip(&found) {
        let error = worst(found, &processor(&models[job.model], 1.0, job.input));
        assert!(error <= CLOSE, "model {} over {}: {error:e}", job.model, job.input.len());
    }
    assert!(renderer.peak_memory() > 0);
}

#[test]
fn parts_of_a_recording_are_the_whole() {
    let Some(device) = card() else { return };
    let models = [model("a1_two_arrays.nam")];
    let input = sound(9000);
    let jobs = [Job { model: 0, input: &input }];
    let mut renderer = Renderer::new(&device, &models, 1.0).expect("a renderer");
    renderer.set_lanes(1);
    let whole = renderer.render(&jobs).expect("a render");
    for lanes in [2, 7, 500] {
        renderer.set_lanes(lanes);
        assert!(renderer.render(&jobs).expect("a render") == whole, "{lanes} lanes");
    }
}

#[test]
fn little_memory_takes_several_waves() {
    let Some(_) = card() else { return };
    let models = [model("a1_two_arrays.nam")];
    let input = sound(2500);
    let inputs: Vec<Vec<f32>> =
        (1..6).map(|k| input.iter().map(|x| x / k as f32).collect()).collect();
    let jobs: Vec<Job<'_>> = inputs.iter().map(|input| Job { model: 0, input }).collect();
    let render = |memory| {
        let options = Options { allow_software: true, memory: Some(memory), ..Options::default() };
        let device = Device::open(&options).expect("a device");
        let mut renderer = Renderer::new(&device, &models, 1.0).expect("a renderer");
        renderer.render(&jobs).map(|found| (found, renderer.peak_memory()))
    };
    let (found, wide) = render(1 << 30).expect("a render");
    let (again, narrow) = render(wide / 2).expect("a render");
    assert!(narrow <= wide / 2, "{narrow} of {wide} bytes");
    assert!(found == again, "the same in waves");
    let refused = render(1000);
    assert!(matches!(refused, Err(Error::Memory { .. })), "{refused:?}");
}

#[test]
fn streams_are_cut_as_one_likes() {
    let Some(device) = card() else { return };
    let models = MIXED.map(model);
    let input = sound(700);
    let play = |cuts: &[usize]| {
        let mut stream = Stream::new(&device, &models, 1.0, 100).expect("a stream");
        // Played once in vain: a reset must forget it.
        let mut io = vec![input.clone(); models.len()];
        let mut views: Vec<&mut [f32]> = io.iter_mut().map(Vec::as_mut_slice).collect();
        stream.process(&mut views).expect("a block");
        stream.reset().expect("a reset");
        let mut io = vec![input.clone(); models.len()];
        let mut at = 0;
        for n in cuts.iter().cycle() {
            let end = (at + n).min(input.len());
            let mut views: Vec<&mut [f32]> = io.iter_mut().map(|io| &mut io[at..end]).collect();
            stream.process(&mut views).expect("a block");
            at = end;
            if at == input.len() {
                return io;
            }
        }
        io
    };
    let whole = play(&[700]);
    assert!(play(&[1, 63, 128, 7]) == whole, "the same bits");
    for (model, found) in models.iter().zip(&whole) {
        let error = worst(found, &processor(model, 1.0, &input));
        assert!(error <= CLOSE, "{error:e}");
    }
}

#[test]
fn a_stream_is_a_source_of_networks() {
    let Some(device) = card() else { return };
    let model = model("a1_two_arrays.nam");
    let live = Live::new(&device, &model, 1.0, 64).expect("a source");
    let mut network = live.build().expect("a network");
    assert_eq!((live.hop(), network.hop(), network.latency()), (64, 64, 0));
    let input = sound(192);
    for _ in 0..2 {
        let mut io = input.clone();
        io.chunks_mut(64).for_each(|io| network.run(io).expect("a hop"));
        assert!(worst(&io, &processor(&model, 1.0, &input)) <= CLOSE);
        network.reset();
    }
}

#[test]
fn numbers_that_are_none_are_silence() {
    let Some(device) = card() else { return };
    for name in ["a1_two_arrays.nam", "lstm_2x8.nam"] {
        let models = [model(name)];
        let mut input = sound(400);
        (input[10], input[50], input[90], input[200]) =
            (f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30);
        let mut renderer = Renderer::new(&device, &models, 1.0).expect("a renderer");
        let found = renderer.render(&[Job { model: 0, input: &input }]).expect("a render");
        let wanted = processor(&models[0], 1.0, &input);
        let loud = wanted.iter().fold(1.0_f32, |loud, y| loud.max(y.abs()));
        let error = worst(&found[0], &wanted);
        assert!(error <= CLOSE * loud, "{name}: {error:e} of {loud}");
    }
}

#[test]
fn what_cannot_be_is_refused_in_words() {
    let Some(device) = card() else { return };
    let says = |e: Error, words: &[&str]| {
        let said = e.to_string();
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
        assert!(e.notice().contains(&said), "{}", e.notice());
    };
    let linear = [model("a1_two_arrays.nam"), model("linear_16_bias.nam")];
    let refused = Renderer::new(&device, &linear, 1.0).err().expect("a refusal");
    says(refused, &["model 1", "expected a NAM WaveNet, ConvNet or LSTM", "found NAM Linear"]);
    let mut renderer = Renderer::new(&device, &linear[..1], 1.0).expect("a renderer");
    let refused = renderer.render(&[Job { model: 1, input: &[] }]).expect_err("a refusal");
    says(refused, &["expected one of 1 models", "found 1"]);
    assert!(renderer.render(&[]).expect("nothing").is_empty());
    let mut stream = Stream::new(&device, &linear[..1], 1.0, 64).expect("a stream");
    let (mut a, mut b) = ([0.0; 8], [0.0; 7]);
    let refused = stream.process(&mut [&mut a, &mut b]).expect_err("a refusal");
    says(refused, &["expected 1 signals", "found 2"]);
    for block in [0, usize::MAX] {
        let refused = Stream::new(&device, &linear[..1], 1.0, block).err().expect("a refusal");
        says(refused, &["1 to 65536 frames"]);
    }
    let name = Some("no such card".to_owned());
    let options = Options { allow_software: true, name, ..Options::default() };
    says(Device::open(&options).expect_err("a refusal"), &["named \"no such card\"", "found"]);
}

#[test]
fn a_processor_is_no_card_unless_asked_for() {
    let Some(device) = card() else { return };
    if device.description().software {
        assert!(devices().iter().all(|d| d.software), "cards come first");
        let refused = Device::open(&Options::default()).expect_err("a refusal").to_string();
        assert!(refused.contains("expected a graphics card, found"), "{refused}");
    }
}

/// Run by the test below where there is no driver.
#[test]
fn the_cards_there_are() {
    println!("{} devices", devices().len());
    if std::env::var_os("KILN_NO_DRIVER").is_some() {
        assert!(devices().is_empty());
        let e = Device::open(&Options { allow_software: true, ..Options::default() });
        let e = e.expect_err("a refusal");
        assert!(e.to_string().contains("expected a device, found none"), "{e}");
        assert!(e.notice().starts_with("The processor computes instead"), "{}", e.notice());
    }
}

/// Elsewhere than on Linux the system itself brings a driver.
#[test]
#[cfg(target_os = "linux")]
fn without_a_driver_there_is_no_card() {
    let me = std::env::current_exe().expect("this program");
    let output = Command::new(me)
        .args(["--exact", "the_cards_there_are", "--nocapture"])
        .env("KILN_NO_DRIVER", "1")
        .env("VK_DRIVER_FILES", "/nonexistent")
        .env("VK_ICD_FILENAMES", "/nonexistent")
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("0 devices"), "{said}");
}
