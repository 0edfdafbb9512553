//! What a project keeps of Kiln Amp, and what happens when another one is put back.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use hosts::clap::{Change, Player, Plugin};
use hosts::project::{framed, state_with};
use hosts::signal::{guitar, sine};
use hosts::{clap_amp, files, parameter};

const RATE: f64 = 48_000.0;
const INPUT: u32 = parameter("input");
const OUTPUT: u32 = parameter("output");

/// A model file of its own for each call, for tests run side by side and one of them
/// removes its file.
fn quieter(factor: f64) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("{}.nam", COUNT.fetch_add(1, Ordering::Relaxed));
    files::write(Path::new(env!("CARGO_TARGET_TMPDIR")), &name, files::quieter(factor))
}

fn activate(plugin: &mut Plugin) -> Player {
    plugin.activate([2, 2], RATE, 4096).expect("to activate")
}

/// The left channel of a stereo run.
fn play(player: &mut Player, input: &[f32], changes: &[Change]) -> Vec<f32> {
    player.render(&[input.to_vec(), input.to_vec()], &[256], changes).swap_remove(0)
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn a_project_sounds_the_same_when_opened_again() {
    let bundle = clap_amp();
    let input = guitar(RATE, 0.3);
    for model in [None, Some(0.5)] {
        let mut plugin = bundle.open().expect("an instance");
        let file = model.map(quieter);
        if let Some(path) = &file {
            plugin.restore(&state_with(path, 0.0, 0.0)).expect("our state");
        }
        let mut player = activate(&mut plugin);
        let set = [(INPUT, "5.5 dB"), (OUTPUT, "-3 dB")]
            .map(|(parameter, text)| (parameter, plugin.parse(parameter, text).expect("a value")));
        let changes = set.map(|(parameter, value)| Change { at: 0, parameter, value });
        play(&mut player, &input, &changes);
        let saved = plugin.save().expect("a state");
        player.reset();
        let expected = play(&mut player, &input, &[]);

        // The state brings the model along, wherever its file went.
        if let Some(path) = file {
            std::fs::remove_file(path).expect("the model's file was there");
        }
        let mut other = bundle.open().expect("an instance");
        other.restore(&saved).expect("its own state");
        assert_eq!(set.map(|(p, _)| other.value(p)), set.map(|(_, v)| Some(v)), "{model:?}");
        let mut other_player = activate(&mut other);
        assert_eq!(play(&mut other_player, &input, &[]), expected, "{model:?}");
        assert_eq!(other.save().expect("a state"), saved, "saving changed the state");
        plugin.deactivate(player);
        other.deactivate(other_player);
    }
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn damaged_states_are_survived() {
    let bundle = clap_amp();
    let mut plugin = bundle.open().expect("an instance");
    plugin.restore(&state_with(&quieter(0.25), 0.0, 0.0)).expect("our state");
    let whole = plugin.save().expect("a state");
    let mut player = activate(&mut plugin);
    let input = guitar(RATE, 0.05);
    let expected = play(&mut player, &input, &[]);

    let mut length_lies = whole.clone();
    length_lies[..8].fill(0xff);
    let refused =
        [vec![], b"x".to_vec(), length_lies, framed(b"{}"), framed(b"[1,2"), framed(b"\xff")];
    let cut = [7, 8, 9, whole.len() / 2, whole.len() - 1].map(|n| whole[..n].to_vec());
    for bytes in refused.iter().chain(&cut) {
        assert!(plugin.restore(bytes).is_err(), "{} bytes of damage were taken", bytes.len());
        player.reset();
        assert_eq!(play(&mut player, &input, &[]), expected, "a refused state was heard");
    }
    // Valid around the edges, nonsense inside: whatever is made of it, sound goes on.
    let text = String::from_utf8(whole[8..].to_vec()).expect("the state is text");
    let odd = ["\"copy\":\\\"!", "null", "[]", "1e999", "{\"f32\":-1e30}"].map(|odd| {
        let at = text.find("fields").expect("fields");
        format!("{}{}", &text[..at], text[at..].replacen("\\\"", odd, 1))
    });
    for text in &odd {
        let _ = plugin.restore(&framed(text.as_bytes()));
    }
    for i in (8..whole.len()).step_by(whole.len() / 40 + 1) {
        let mut flipped = whole.clone();
        flipped[i] ^= 0x15;
        let _ = plugin.restore(&flipped);
        let output = play(&mut player, &input, &[]);
        assert!(output.iter().all(|x| x.is_finite()), "with byte {i} flipped");
    }
    plugin.deactivate(player);
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn models_change_under_a_running_sound() {
    let models = [quieter(1.0), quieter(0.5)];
    let input = sine(RATE, 0.1, 100.0, 0.3);
    let mut plugin = clap_amp().open().expect("an instance");
    plugin.restore(&state_with(&models[0], 0.0, 0.0)).expect("our state");
    let mut player = activate(&mut plugin);
    // Whole periods: from the second time on, the louder model answers the same.
    play(&mut player, &input, &[]);
    let loud = play(&mut player, &input, &[]);
    let done = AtomicBool::new(false);
    let (player, heard) = std::thread::scope(|scope| {
        let audio = scope.spawn(|| {
            let (mut player, mut heard) = (player, Vec::new());
            while !done.load(Ordering::Relaxed) {
                heard.push(play(&mut player, &input, &[]));
                std::thread::sleep(Duration::from_millis(2));
            }
            (player, heard)
        });
        for i in 0..60 {
            let state = state_with(&models[(i + 1) % 2], 0.0, 0.0);
            plugin.restore(&state).expect("our state");
            plugin.idle();
            std::thread::sleep(Duration::from_millis([3, 0, 40][i % 3]));
        }
        done.store(true, Ordering::Relaxed);
        audio.join().expect("the audio thread")
    });
    plugin.deactivate(player);

    // At every sample the sound is one model, the other, or something between them,
    // and gets from one to the other in small steps; but that each has an offset of its
    // own, which takes a while to be gone from the sound.
    let (mut last, mut fades, mut side) = (1.0f32, 0, true);
    for output in &heard {
        for (x, y) in loud.iter().zip(output).filter(|(x, _)| x.abs() > 0.1) {
            let gain = y / x;
            assert!((0.47..1.03).contains(&gain), "a gain of {gain} is neither model");
            assert!((gain - last).abs() < 0.2, "the gain jumps from {last} to {gain}");
            last = gain;
            if (gain > 0.75) != side {
                side = !side;
                fades += 1;
            }
        }
    }
    assert!(fades >= 4, "of 60 changes, {fades} were heard in {} blocks", heard.len());
}
