//! Kiln Amp in a CLAP host: what it says of itself, and what is heard.

use hosts::clap::{Change, Plugin};
use hosts::files::asset;
use hosts::project::Project;
use hosts::signal::{difference, guitar, largest_step, rms, sine};
use hosts::{clap_amp, parameter};

const INPUT: u32 = parameter("input");
const OUTPUT: u32 = parameter("output");
const BYPASS: u32 = parameter("bypass");

/// Renders from a fresh start.
fn render(
    plugin: &mut Plugin,
    rate: f64,
    channels: [usize; 2],
    input: &[f32],
    cuts: &[usize],
    changes: &[Change],
) -> Vec<Vec<f32>> {
    let mut player = plugin.activate(channels, rate, 4096).expect("to activate");
    let output = player.render(&vec![input.to_vec(); channels[0]], cuts, changes);
    plugin.deactivate(player);
    output
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn says_what_it_is() {
    let bundle = clap_amp();
    assert_eq!(bundle.id, "audio.kiln.amp");
    assert!(bundle.features.iter().any(|f| f == "audio-effect"), "{:?}", bundle.features);
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn the_cut_into_blocks_changes_nothing() {
    let mut plugin = clap_amp().open().expect("an instance");
    for rate in [44_100.0, 48_000.0, 96_000.0, 192_000.0] {
        let input = guitar(rate, 0.2);
        let whole = render(&mut plugin, rate, [2, 2], &input, &[4096], &[]);
        let all = || whole.iter().flatten();
        assert!(all().all(|x| x.is_finite()), "not finite at {rate} Hz");
        assert!(rms(&whole[0]) > 1e-3, "silent at {rate} Hz");
        assert_eq!(whole[0], whole[1], "the channels differ at {rate} Hz");
        for cuts in [&[1][..], &[16], &[64], &[333], &[1, 4096, 7, 64, 513, 2]] {
            let parts = render(&mut plugin, rate, [2, 2], &input, cuts, &[]);
            assert_eq!(parts, whole, "cut into {cuts:?} at {rate} Hz, the output differs");
        }
    }
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn every_layout_sounds_the_same() {
    let input = guitar(48_000.0, 0.3);
    let bundle = clap_amp();
    let run = |inputs: u32, outputs: u32| {
        let mut plugin = bundle.open().expect("an instance");
        plugin.select(inputs, outputs).expect("the layout");
        let channels = [inputs as usize, outputs as usize];
        render(&mut plugin, 48_000.0, channels, &input, &[256], &[])
    };
    let stereo = run(2, 2);
    assert_eq!(run(1, 1), [stereo[0].clone()], "mono");
    assert_eq!(run(1, 2), stereo, "mono to stereo");
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn the_plugin_adds_nothing_to_the_model() {
    let path = asset("kiln-crunch.nam");
    let model = nn::Model::load(&std::fs::read(&path).expect("a file")).expect("a model");
    let input = guitar(48_000.0, 2.0);
    let mut plugin = clap_amp().open().expect("an instance");
    let bare = Project::default().file("model", &path).set("level", "raw");
    plugin.restore(&bare.bytes()).expect("our state");
    let heard = render(&mut plugin, 48_000.0, [2, 2], &input, &[256], &[]);
    assert_eq!(plugin.latency(), 0, "48 kHz is the model's own rate");
    let mut expected = input;
    model.engine().process(&mut expected);
    // The plugin keeps a model's offset from the speakers.
    fx::filter::DcBlock::new(48_000.0).process(&mut [&mut expected]);
    let difference = difference(&heard[0], &expected);
    assert!(difference <= 1e-6, "the plugin and the model differ by {difference}");
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn automation_takes_effect_without_a_step() {
    let input = sine(48_000.0, 0.5, 200.0, 0.1);
    let at = 9_001; // inside a block
    let mut plugin = clap_amp().open().expect("an instance");
    let mut run = |changes: &[(usize, u32, &str)]| {
        let reset = [(0, INPUT, "0 dB"), (0, OUTPUT, "0 dB")];
        let parsed = reset.iter().chain(changes).map(|&(at, parameter, text)| Change {
            at,
            parameter,
            value: plugin.parse(parameter, text).expect("a value"),
        });
        let parsed: Vec<_> = parsed.collect();
        render(&mut plugin, 48_000.0, [2, 2], &input, &[512], &parsed).swap_remove(0)
    };
    let before = run(&[]);

    let louder = run(&[(at, OUTPUT, "12 dB")]);
    assert_eq!(louder[..at], before[..at], "something changed too early");
    let gain = |i: usize| louder[i] / before[i];
    let heard = (at..louder.len()).filter(|&i| before[i].abs() > 1e-3);
    let gains: Vec<f32> = heard.map(gain).collect();
    let target = 10f32.powf(12.0 / 20.0);
    assert!((gains[gains.len() - 1] - target).abs() < 1e-3, "12 dB do not arrive");
    let step = largest_step(&gains);
    assert!(step < 0.1, "the gain jumps by {step}");

    let driven = run(&[(at, INPUT, "12 dB")]);
    let all_driven = run(&[(0, INPUT, "12 dB")]);
    assert_eq!(driven[..at], before[..at], "something changed too early");
    assert!(difference(&driven[22_000..], &all_driven[22_000..]) < 1e-3, "12 dB do not arrive");
    let allowed = 1.1 * largest_step(&before[4_000..]).max(largest_step(&all_driven[4_000..]));
    assert!(largest_step(&driven[4_000..]) < allowed, "the input gain jumps");
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn bypass_passes_the_input_on() {
    let mut plugin = clap_amp().open().expect("an instance");
    for rate in [44_100.0, 48_000.0] {
        let input = guitar(rate, 0.5);
        let at = 5_000;
        let changes = [Change { at, parameter: BYPASS, value: 1.0 }];
        let output = render(&mut plugin, rate, [2, 2], &input, &[200], &changes).swap_remove(0);
        let restored = [Change { at: 0, parameter: BYPASS, value: 0.0 }];
        render(&mut plugin, rate, [2, 2], &input[..64], &[64], &restored);
        // What the host lines up with other tracks must stay lined up.
        let late = plugin.latency() as usize;
        let settled = at + (0.05 * rate) as usize;
        let expected = &input[settled - late..input.len() - late];
        assert_eq!(&output[settled..], expected, "bypassed at {rate} Hz");
    }
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn input_that_is_no_number_leaves_no_trace() {
    let mut plugin = clap_amp().open().expect("an instance");
    let clean = guitar(48_000.0, 0.5);
    let (mut poisoned, mut muted) = (clean.clone(), clean);
    for (i, poison) in [(1_000, f32::NAN), (3_000, f32::INFINITY), (5_000, f32::NEG_INFINITY)] {
        poisoned[i..i + 700].fill(poison);
        muted[i..i + 700].fill(0.0);
    }
    let mut run =
        |input: &[f32]| render(&mut plugin, 48_000.0, [2, 2], input, &[480], &[]).swap_remove(0);
    assert_eq!(run(&poisoned), run(&muted), "it is not the same as silence");

    poisoned[1_000..3_000].fill(f32::MAX);
    assert!(run(&poisoned[..5_000]).iter().all(|x| x.is_finite()), "huge input");
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn no_subnormal_number_comes_out() {
    let mut plugin = clap_amp().open().expect("an instance");
    let mut input = vec![1e-40f32; 24_000];
    input.iter_mut().step_by(3).for_each(|x| *x = -f32::MIN_POSITIVE / 3.0);
    for bypass in [0.0, 1.0] {
        let changes = [Change { at: 0, parameter: BYPASS, value: bypass }];
        let output = render(&mut plugin, 48_000.0, [2, 2], &input, &[128], &changes);
        let subnormal = output.iter().flatten().filter(|x| x.is_subnormal()).count();
        assert_eq!(subnormal, 0, "with bypass at {bypass}");
    }
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn a_thread_may_outlive_the_plugin() {
    // Each thread is the only user of the library, closes it, and ends after that.
    for _ in 0..3 {
        let thread = std::thread::spawn(|| {
            let bundle = clap_amp();
            let mut plugin = bundle.open().expect("an instance");
            render(&mut plugin, 48_000.0, [2, 2], &[0.1; 64], &[64], &[]);
        });
        thread.join().expect("the thread ends well");
    }
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn a_hundred_instances_come_and_go() {
    let bundle = clap_amp();
    let input = guitar(48_000.0, 0.02);
    let mut first = bundle.open().expect("the first");
    let expected = render(&mut first, 48_000.0, [2, 2], &input, &[64], &[]);
    let mut kept = Vec::new();
    for i in 0..100 {
        let mut plugin = bundle.open().unwrap_or_else(|e| panic!("instance {i}: {e:#}"));
        let output = render(&mut plugin, 48_000.0, [2, 2], &input, &[64], &[]);
        assert_eq!(output, expected, "instance {i}");
        if i % 5 == 0 {
            kept.push(plugin);
        }
    }
    drop(kept);
    assert_eq!(render(&mut first, 48_000.0, [2, 2], &input, &[64], &[]), expected, "the first");
}
