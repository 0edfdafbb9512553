//! The plugin as its host calls it: no heap in the audio thread, what is heard, and the
//! wishes of its player.
#![allow(unsafe_code, reason = "a counting allocator cannot be written without it")]

mod host;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;

use host::{clipped, clipper, clipping, close, playing, settled, tone};
use kiln_drive::Wish;
use kiln_drive::choices::{Channels, Oversampling, Phase};
use kiln_drive::source::{FIRST, Source};
use nice_plug::prelude::{Plugin, ProcessMode};

struct Counting;
thread_local!(static CALLS: Cell<usize> = const { Cell::new(0) });

// SAFETY: forwards to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.with(|c| c.set(c.get() + 1));
        // SAFETY: as promised by our caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        CALLS.with(|c| c.set(c.get() + 1));
        // SAFETY: as promised by our caller.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOC: Counting = Counting;

fn calls(f: impl FnOnce()) -> usize {
    let before = CALLS.with(Cell::get);
    f();
    CALLS.with(Cell::get) - before
}

#[test]
fn process_uses_no_heap_while_models_and_qualities_change() {
    let folder = host::scratch("no_heap");
    let models = [
        host::write(&folder, "a.json", &clipper("A", 0.5)),
        host::write(&folder, "b.json", &host::rated("B", 44_100)),
        host::write(&folder, "c.json", &host::knobbed("C", &[("Drive", 1.0), ("Bias", 0.2)])),
    ];
    let mut plugin = playing();
    let params = plugin.kept();
    // As while an editor is open.
    plugin.meters().watched.store(true, Relaxed);
    let (mut io, mut swaps, mut rebuilds) = (tone(480, 0.6), 0, 0);
    for round in 0..240usize {
        match round % 12 {
            0 => plugin.engine().ask(Wish::Open(models[round / 12 % 3].clone())),
            2 => host::set(&params.oversampling, Oversampling::X2),
            3 => host::set(&params.drive, 0.01 * (round % 100) as f32),
            4 => host::set(&params.channels, [Channels::MidSide, Channels::Mono][round % 2]),
            5 => host::set(&params.phase, [Phase::Linear, Phase::Minimum][round / 12 % 2]),
            6 => host::set(&params.knob2, 0.3),
            7 => host::set(&params.oversampling, Oversampling::X8),
            8 => host::set(&params.before_low, 20.0 + round as f32),
            9 => host::set(&params.auto_gain, round % 24 == 9),
            10 => host::set(&params.mix, 0.004 * round as f32),
            _ => std::thread::sleep(std::time::Duration::from_millis(20)),
        }
        let before = plugin.engine().status().setup;
        // Building the host's own buffer takes the heap, as much as a block without sound.
        let mut done = host::Done::default();
        let empty = calls(|| done = host::block(&mut plugin, &mut [vec![], vec![]]));
        rebuilds += done.rebuilds;
        let full = calls(|| done = host::block(&mut plugin, &mut io));
        rebuilds += done.rebuilds;
        assert!(full <= empty, "round {round}: {full} heap calls, {empty} are the test's");
        if round % 20 == 19 {
            assert_eq!(calls(|| plugin.reset()), 0);
        }
        params.run(kiln_drive::Task::Rebuild);
        swaps += usize::from(plugin.engine().status().setup != before);
        io = tone(480, 0.6);
    }
    println!("{swaps} pedals were swapped while the host looked on, {rebuilds} asked for");
    let status = host::until(&plugin, |s| s.setup.is_some() && s.loading.is_none());
    assert!(models.iter().any(|path| status.source().and_then(Source::path) == Some(path)));
}

#[test]
fn the_first_model_plays_from_the_first_sample() {
    let mut plugin = playing();
    let status = plugin.engine().status();
    assert_eq!((status.source(), &status.error), (Some(&Source::Factory(FIRST)), &None));
    assert!(!plugin.engine().status().knobs().is_empty(), "its drive can be turned");
    let mut io = tone(4800, 0.5);
    host::block(&mut plugin, &mut io);
    assert!(host::rms(&io[0]) > 0.01);
    assert_ne!(io[0], tone(4800, 0.5)[0], "passed dry");
}

#[test]
fn a_model_is_heard_in_every_layout() {
    let folder = host::scratch("layouts");
    let path = host::write(&folder, "tone.json", &clipper("Tone", 0.7));
    for channels in [[2, 2], [1, 1], [1, 2]] {
        let mut plugin = host::plugin();
        host::activate_as(&mut plugin, channels, 48_000.0, ProcessMode::Realtime);
        host::open(&plugin, &path);
        let mut io = tone(28_800, 0.5);
        io.truncate(channels[1] as usize);
        if channels == [1, 2] {
            io[1].fill(0.0);
        }
        host::process(&mut plugin, &mut io);
        for channel in &io {
            let heard = host::rms(&channel[28_800 - 960..]);
            assert!(close(heard, clipped(0.7, 0.5)), "{channels:?}: {heard}");
        }
    }
}

#[test]
fn a_status_tells_all_of_a_model() {
    let folder = host::scratch("status");
    let path = host::write(&folder, "k.json", &host::knobbed("K", &[("Gain", 1.0), ("Bias", 0.1)]));
    let plugin = playing();
    host::open(&plugin, &path);
    let status = plugin.engine().status();
    assert_eq!((status.name(), status.format()), ("K", "Kiln Drive"));
    let knobs: Vec<_> = status.knobs().iter().map(|k| (k.name.as_str(), k.min, k.max)).collect();
    assert_eq!(knobs, [("Gain", 0.0, 1.0), ("Bias", 0.0, 1.0)]);
    assert!(status.follows_rate() && status.is_integrable() && status.differences().is_empty());
    let setup = status.setup.expect("it plays");
    assert_eq!((setup.sample_rate, setup.quality), (48_000.0, plugin.kept().quality(false)));
    assert_eq!(status.model().map(|model| model.knobs().len()), Some(2));

    let path = host::write(&folder, "r.json", &host::rated("R", 44_100));
    host::open(&plugin, &path);
    assert!(!plugin.engine().status().follows_rate());
}

#[test]
fn files_that_cannot_be_had_are_refused_in_words() {
    let (mut plugin, path) = clipping("refused", 0.7);
    let folder = path.parent().expect("a folder");
    let huge = folder.join("huge.nam");
    let file = fs::File::create(&huge).expect("a file");
    file.set_len(fx::preset::MAX_FILE_BYTES as u64 + 1).expect("a hole");
    let broken = host::write(folder, "broken.json", "{\"version\": ");
    let slow = host::write(folder, "slow.json", &host::rated("Slow", 4000));
    for (path, words) in [
        (huge.as_path(), "larger than 32 MiB"),
        (&broken, "was not loaded"),
        (&slow, "4000"),
        (folder, "not a file"),
        (Path::new("/gone/x.nam"), "not there"),
    ] {
        plugin.engine().dismiss();
        plugin.engine().ask(Wish::Open(path.to_owned()));
        let error = host::until(&plugin, |s| s.error.is_some()).error.unwrap_or_default();
        assert!(error.contains(words) && error.contains(" was not loaded: "), "{error}");
    }
    assert!(close(settled(&mut plugin), clipped(0.7, 0.5)));
}

#[test]
fn steps_go_through_the_folder_and_past_what_does_not_load() {
    let folder = host::scratch("steps");
    for (name, gain) in [("a 2.json", 0.2), ("a 10.json", 0.3), ("c.json", 0.4)] {
        host::write(&folder, name, &clipper("", gain));
    }
    host::write(&folder, "b.json", "[]");
    host::write(&folder, "note.txt", "no model");
    let plugin = playing();
    host::open(&plugin, &folder.join("a 2.json"));
    for (step, name) in [(1, "a 10"), (1, "c"), (1, "a 2"), (-1, "c"), (-1, "a 10")] {
        plugin.engine().ask(Wish::Step(step));
        host::until(&plugin, |s| s.name() == name && s.loading.is_none());
    }
    plugin.engine().ask(Wish::Factory("tube"));
    host::until(&plugin, |s| s.source() == Some(&Source::Factory("tube")));
    plugin.engine().ask(Wish::Step(1));
    host::until(&plugin, |s| {
        matches!(s.source(), Some(Source::Factory(id)) if *id != "tube") && s.error.is_none()
    });
}

#[test]
fn the_newest_wish_wins() {
    let folder = host::scratch("newest");
    let paths: Vec<_> = (0..20)
        .map(|i| host::write(&folder, &format!("{i}.json"), &clipper(&format!("N{i}"), 0.5)))
        .collect();
    let plugin = playing();
    for path in &paths {
        plugin.engine().ask(Wish::Open(path.clone()));
    }
    host::until(&plugin, |s| s.name() == "N19" && s.loading.is_none());
    std::thread::sleep(std::time::Duration::from_millis(50));
    assert_eq!(plugin.engine().status().name(), "N19");
}

#[test]
fn nothing_a_host_sends_makes_the_output_a_nan_for_good() {
    let (mut plugin, _) = clipping("nan", 0.7);
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, 1e-42] {
        let mut io = vec![vec![bad; 128]; 2];
        host::process(&mut plugin, &mut io);
        assert!(io.iter().flatten().all(|x| x.is_finite() && !x.is_subnormal()), "{bad:e}");
    }
    // What the huge constant left in the filter that takes constants away has to pass.
    let heard = [settled(&mut plugin), settled(&mut plugin)];
    assert!(close(heard[1], clipped(0.7, 0.5)), "{heard:?}, not {}", clipped(0.7, 0.5));
}

#[test]
fn the_editor_is_shown_levels_and_a_trace() {
    let (mut plugin, _) = clipping("meters", 0.7);
    let meters = plugin.meters().clone();
    settled(&mut plugin);
    let mut trace = [[0.0; 2]; kiln_drive::meters::PAIRS];
    assert!(meters.trace.read(&mut trace) && trace.iter().flatten().all(|x| *x == 0.0));
    meters.watched.store(true, Relaxed);
    for _ in 0..20 {
        host::process(&mut plugin, &mut tone(480, 0.5));
    }
    let peaks = [meters.input[0].load(Relaxed), meters.output[1].load(Relaxed)];
    assert!((peaks[0] - 0.5).abs() < 0.01 && (peaks[1] - 0.7 * 0.5f32.tanh()).abs() < 0.03);
    assert!(meters.trace.read(&mut trace));
    let most = trace.iter().fold(0.0f32, |most, pair| most.max(pair[0].abs()));
    assert!((most - 0.5).abs() < 0.02, "{most}");
    for [input, output] in trace {
        assert!((output - 0.7 * input.tanh()).abs() < 0.02, "{input} became {output}");
    }
}
