//! Editors in a real window, on whatever display there is.
#![cfg(target_os = "linux")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hosts::clap::{Change, Player};
use hosts::clap_amp;
use hosts::parameter;
use hosts::signal::guitar;
use hosts::window::Editor;

/// Windows lie on top of each other, and a picture shows the topmost.
static SCREEN: Mutex<()> = Mutex::new(());

/// Automates both gains until told to stop, as fast as it can without starving the rest.
fn automate(player: &mut Player, done: &AtomicBool) {
    let input = guitar(48_000.0, 0.01);
    for i in (0u32..).take_while(|_| !done.load(Ordering::Relaxed)) {
        let changes = ["input", "output"].map(|name| {
            let value = f64::from(i % 100) / 100.0;
            Change { at: 7, parameter: parameter(name), value }
        });
        player.render(&[input.clone(), input.clone()], &[64], &changes);
        std::thread::sleep(Duration::from_micros(200));
    }
}

#[test]
#[ignore = "needs the bundles and a display: cargo xtask test"]
fn it_comes_and_goes_under_automation() {
    let _screen = SCREEN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut plugin = clap_amp().open().expect("an instance");
    let mut player = plugin.activate([2, 2], 48_000.0, 512).expect("to activate");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| automate(&mut player, &done));
        for _ in 0..25 {
            let mut editor = Editor::open(&mut plugin).expect("the editor opens");
            editor.serve(&mut plugin, Duration::from_millis(40)).expect("the editor lives");
            editor.close(&mut plugin).expect("the editor closes");
        }
        done.store(true, Ordering::Relaxed);
    });
    plugin.deactivate(player);
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

#[test]
#[ignore = "needs the bundles and a display: cargo xtask test"]
fn it_paints_each_time_it_is_opened() {
    let _screen = SCREEN.lock().unwrap_or_else(PoisonError::into_inner);
    for name in ["Kiln Amp", "Kiln Drive", "Kiln Reverb"] {
        let mut plugin = hosts::clap(name).open().expect("an instance");
        let mut open = Vec::new();
        for i in 0..10 {
            let mut editor = Editor::open(&mut plugin).expect("the editor opens");
            let picture = editor.painted(&mut plugin).expect("the editor paints");
            assert!(picture.width >= 300 && picture.height >= 200, "{name} {i}: too small");
            editor.close(&mut plugin).expect("the editor closes");
            open.push(descriptors());
        }
        // The graphics driver keeps some of its own, but not more with each opening.
        assert!(open[9] < open[0] + 10, "{name}: descriptors leak: {open:?}");
    }
}

#[test]
#[ignore = "needs the bundles and a display: cargo xtask test"]
fn it_follows_the_host_while_sound_runs() {
    let _screen = SCREEN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut plugin = clap_amp().open().expect("an instance");
    let mut player = plugin.activate([2, 2], 48_000.0, 512).expect("to activate");
    let mut editor = Editor::open(&mut plugin).expect("the editor opens");
    let before = editor.painted(&mut plugin).expect("the editor paints");
    let input = guitar(48_000.0, 0.2);
    let change = Change { at: 5, parameter: parameter("input"), value: 20.0 };
    player.render(&[input.clone(), input.clone()], &[512], &[change]);
    editor.serve(&mut plugin, Duration::from_millis(500)).expect("the editor lives");
    let after = editor.window.picture().expect("a picture");
    assert!(before != after, "the knob does not show what the host set");
    editor.close(&mut plugin).expect("the editor closes");
    let output = player.render(&[input.clone(), input], &[512], &[]);
    assert!(output.iter().flatten().all(|x| x.is_finite()), "no sound without the editor");
    plugin.deactivate(player);
}
