//! Kiln Amp in a VST3 host.

mod vst;

use hosts::parameter;
use hosts::signal::guitar;
use vst::{open, play};
#[cfg(target_os = "linux")]
use vst3_host::Plugin;

const RATE: f64 = 48_000.0;

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn parameters_are_the_ones_of_clap() {
    let (_host, plugin) = open(RATE, 512);
    assert_eq!(plugin.info().name, "Kiln Amp");
    let parameters = plugin.get_parameters().expect("parameters");
    for name in ["input", "output", "quality", "bypass"] {
        assert!(parameters.iter().any(|p| p.id == parameter(name)), "no '{name}'");
    }
    let input = parameter("input");
    // 20 dB either way: the middle is none, three quarters are 10.
    assert_eq!(plugin.get_parameter(input).expect("a value"), 0.5);
    assert!(plugin.format_parameter(input, 0.75).expect("words").contains("10"));
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn rates_and_blocks() {
    for rate in [44_100.0, 48_000.0, 96_000.0] {
        let input = guitar(rate, 0.25);
        let mut heard: Vec<Vec<f32>> = Vec::new();
        for block in [1024, 64, 333] {
            let (_host, mut plugin) = open(rate, block);
            plugin.start_processing().expect("to start");
            let output = play(&mut plugin, rate, block, &input);
            assert!(output.iter().all(|x| x.is_finite()), "{rate} Hz, blocks of {block}");
            assert!(output.iter().any(|x| x.abs() > 1e-3), "silent at {rate} Hz");
            plugin.stop_processing().expect("to stop");
            heard.push(output);
        }
        let common = heard.iter().map(Vec::len).min().unwrap_or(0);
        assert_eq!(heard[0][..common], heard[1][..common], "blocks of 64 differ at {rate} Hz");
        assert_eq!(heard[0][..common], heard[2][..common], "blocks of 333 differ at {rate} Hz");
    }
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn a_project_sounds_the_same_when_opened_again() {
    let input = guitar(RATE, 0.3);
    let (_host, mut plugin) = open(RATE, 256);
    plugin.set_parameter(parameter("input"), 0.7).expect("to set");
    plugin.set_parameter(parameter("output"), 0.4).expect("to set");
    plugin.start_processing().expect("to start");
    play(&mut plugin, RATE, 256, &input);
    let saved = plugin.save_state().expect("a state");

    let (_host, mut other) = open(RATE, 256);
    other.load_state(&saved).expect("its own state");
    let value = other.get_parameter(parameter("input")).expect("a value");
    assert!((value - 0.7).abs() < 1e-6, "restored {value}");
    other.start_processing().expect("to start");
    plugin.stop_processing().expect("to stop");
    plugin.start_processing().expect("to start again");
    let expected = play(&mut plugin, RATE, 256, &input);
    assert_eq!(play(&mut other, RATE, 256, &input), expected);

    for damaged in [&saved[..saved.len() / 2], &[], b"nonsense"] {
        let _ = other.load_state(damaged);
        let output = play(&mut other, RATE, 256, &input);
        assert!(output.iter().all(|x| x.is_finite()), "after a damaged state");
    }
}

/// Opens and closes the editor while another thread automates. With nice-plug as
/// published, its worker panics sooner or later, and closing the plugin then aborts
/// the host; every opening also leaves two descriptors behind.
#[test]
#[cfg(target_os = "linux")]
#[ignore = "needs the bundles and a display: cargo xtask test"]
fn the_editor_comes_and_goes_under_automation() {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Mutex, PoisonError};
    use std::time::Duration;

    let rounds = std::env::var("KILN_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(25);
    let (_host, mut plugin) = open(RATE, 64);
    plugin.start_processing().expect("to start");
    let window = hosts::window::Window::open(1200, 900).expect("a window");
    let threads = hosts::window::Threads::now();
    let (plugin, done) = (Mutex::new(plugin), AtomicBool::new(false));
    let lock = || plugin.lock().unwrap_or_else(PoisonError::into_inner);
    let mut descriptors = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let input = guitar(RATE, 0.02);
            for i in (0u32..).take_while(|_| !done.load(Ordering::Relaxed)) {
                let mut plugin = lock();
                for name in ["input", "output"] {
                    let value = f64::from(i % 100) / 100.0;
                    plugin.set_parameter(parameter(name), value).expect("to set");
                }
                play(&mut plugin, RATE, 64, &input);
                drop(plugin);
                std::thread::sleep(Duration::from_micros(100));
            }
        });
        for _ in 0..rounds {
            open_editor(&mut lock(), &window);
            for _ in 0..10 {
                lock().service_run_loop();
                std::thread::sleep(Duration::from_millis(3));
            }
            lock().close_editor().expect("the editor closes");
            descriptors.push(std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count));
            std::thread::sleep(Duration::from_millis(5));
        }
        done.store(true, Ordering::Relaxed);
    });
    threads.outlast_others();
    // Threads close theirs in their own time, so what counts is whether the most ever grows.
    let (early, late) = descriptors.split_at(rounds / 2);
    assert!(
        late.iter().max() <= early.iter().max().map(|most| most + 4).as_ref(),
        "{descriptors:?}"
    );
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "the plugin keeps the raw window id")]
fn open_editor(plugin: &mut Plugin, window: &hosts::window::Window) {
    let id = std::ptr::without_provenance_mut(window.id() as usize);
    // SAFETY: the window outlives the editor, which the caller closes first.
    let handle = unsafe { vst3_host::WindowHandle::from_raw(id) };
    plugin.open_editor(handle).expect("the editor opens");
}
