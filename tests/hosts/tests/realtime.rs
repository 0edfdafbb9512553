//! The plugin's `process` never calls the heap, whatever the host does meanwhile.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

mod heap;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hosts::clap::{Change, Parameter, Player, Plugin};
use hosts::files::asset;
use hosts::project::Project;
use hosts::signal::{Random, guitar};
use hosts::{clap_amp, parameter};

const OVERSAMPLING: u32 = parameter("oversampling");

fn open() -> Plugin {
    clap_amp().open().expect("an instance")
}

/// Projects that leave no place as the one before them did.
fn projects() -> Vec<Project> {
    let none = Project::default;
    vec![
        none().file("model", &asset("kiln-crunch.nam")).factory("cabinet1", "kiln-412-closed"),
        none()
            .factory("model", "kiln-overdrive")
            .file("model2", &asset("kiln-edge.nam"))
            .file("cabinet1", &asset("kiln-112-open.wav"))
            .file("cabinet2", &asset("kiln-412-closed.wav")),
        none().file("model2", &asset("kiln-high-gain.nam")).factory("cabinet2", "kiln-112-open"),
        none(),
    ]
}

/// A change of each parameter that may be automated, to anything, every `every` samples.
fn everything(parameters: &[Parameter], random: &mut Random, every: usize) -> Vec<Change> {
    let all = parameters.iter().filter(|parameter| parameter.automatable).enumerate();
    let change = |(i, parameter): (usize, &Parameter)| {
        let [low, _, high] = parameter.range;
        let value = low + (high - low) * random.share();
        let value = if parameter.stepped { value.round() } else { value };
        Change { at: i * every, parameter: parameter.id, value }
    };
    all.map(change).collect()
}

/// How loud the last part of what is heard is, so that silence is not mistaken for success.
fn play(player: &mut Player, input: &[f32], cuts: &[usize], changes: &[Change]) {
    let output = player.render(&[input.to_vec(), input.to_vec()], cuts, changes);
    assert!(output.iter().flatten().all(|x| x.is_finite()), "not finite");
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn the_counter_sees_the_plugin() {
    let mut plugin = open();
    let mut state = Vec::with_capacity(1 << 20);
    let host_only = heap::heap_calls(|| state.push(0));
    assert_eq!(host_only, 0, "something else is counted");
    // Saving builds JSON inside the plugin; our own buffer grows by very few calls.
    let saving = heap::heap_calls(|| state = plugin.save().expect("a state"));
    assert!(saving > 20, "the plugin saved its state with {saving} heap calls");
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn process_never_calls_the_heap() {
    let (projects, mut random) = (projects(), Random::new(5));
    for [inputs, outputs] in [[1, 1], [1, 2], [2, 2]] {
        let mut plugin = open();
        plugin.select(inputs, outputs).expect("the layout");
        let parameters = plugin.parameters();
        let left_out = parameters.iter().filter(|p| !p.automatable && !p.hidden);
        assert_eq!(left_out.map(|p| p.id).collect::<Vec<_>>(), [OVERSAMPLING]);
        for rate in [44_100.0, 48_000.0, 96_000.0, 192_000.0] {
            let channels = [inputs, outputs].map(|count| count as usize);
            let mut player = plugin.activate(channels, rate, 4096).expect("to activate");
            heap::watch(&mut player);
            let cuts = [&[1][..], &[64], &[333], &[4096, 5], &[17, 2048]];
            for (i, (cuts, project)) in cuts.iter().zip(projects.iter().cycle()).enumerate() {
                // Files are replaced, faded and handed back while every parameter moves.
                plugin.restore(&project.bytes()).expect("our state");
                let input = guitar(rate, if i == 0 { 0.03 } else { 0.1 });
                let changes = everything(&parameters, &mut random, 31);
                play(&mut player, &input, cuts, &changes);
                plugin.idle();
            }
            player.reset();
            play(&mut player, &guitar(rate, 0.05), &[128], &[]);
            assert_eq!(heap::calls(), 0, "in `process` at {rate} Hz, {inputs} in, {outputs} out");
            plugin.deactivate(player);
        }
    }
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn process_never_calls_the_heap_while_another_thread_restores() {
    let (projects, mut plugin) = (projects(), open());
    let parameters = plugin.parameters();
    let mut player = plugin.activate([2, 2], 48_000.0, 256).expect("to activate");
    let done = AtomicBool::new(false);
    let player = std::thread::scope(|scope| {
        let audio = scope.spawn(|| {
            let (input, mut random) = (guitar(48_000.0, 0.05), Random::new(9));
            heap::watch(&mut player);
            while !done.load(Ordering::Relaxed) {
                let changes = everything(&parameters, &mut random, 60);
                play(&mut player, &input, &[256], &changes);
                std::thread::sleep(Duration::from_millis(1));
            }
            assert_eq!(heap::calls(), 0, "heap calls in `process`");
            player
        });
        for project in projects.iter().cycle().take(40) {
            plugin.restore(&project.bytes()).expect("our state");
            plugin.idle();
            std::thread::sleep(Duration::from_millis(5));
        }
        done.store(true, Ordering::Relaxed);
        audio.join().expect("the audio thread")
    });
    plugin.deactivate(player);
}

/// Hosts start threads as they like, and a thread knows nothing of the plugin at first.
#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn the_first_block_of_a_thread_never_calls_the_heap() {
    let mut plugin = open();
    let mut player = plugin.activate([2, 2], 48_000.0, 256).expect("to activate");
    for changes in [&[][..], &[Change { at: 100, parameter: parameter("input"), value: 0.7 }]] {
        let play = |mut player| {
            heap::watch(&mut player);
            play(&mut player, &[0.1; 256], &[256], changes);
            assert_eq!(heap::calls(), 0, "with {changes:?}");
            player
        };
        player =
            std::thread::scope(|scope| scope.spawn(|| play(player)).join()).expect("the thread");
    }
    plugin.deactivate(player);
}

/// It cannot be automated, for engines are built anew for it, but nothing keeps a host
/// from sending it with a block. That is done in the background.
#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn oversampling_may_be_sent_while_it_plays() {
    let mut plugin = open();
    let mut player = plugin.activate([2, 2], 48_000.0, 256).expect("to activate");
    heap::watch(&mut player);
    let (input, mut random) = (guitar(48_000.0, 0.05), Random::new(2));
    let send = |value: usize| Change { at: 100, parameter: OVERSAMPLING, value: value as f64 };
    assert_eq!(plugin.latency(), 0, "the model is made for this rate");
    for choice in [1, 0, 2, 0] {
        let before = plugin.latency();
        // Faster than anything can be built.
        for _ in 0..10 {
            play(&mut player, &input[..256], &[256], &[send(random.below(3))]);
        }
        play(&mut player, &input, &[256], &[send(choice)]);
        let limit = Instant::now() + Duration::from_secs(60);
        while (plugin.latency() == 0) != (choice == 0) {
            assert!(Instant::now() < limit, "choice {choice} does not arrive");
            std::thread::sleep(Duration::from_millis(1));
            play(&mut player, &input, &[256], &[]);
        }
        plugin.idle();
        assert_ne!(plugin.latency(), before, "it was another");
        assert!(plugin.wants_restart(), "the host was not told of the latency");
    }
    // The first time a thread wakes the framework's worker, the loader gives it the
    // library's thread-local storage; after that there is nothing to take.
    let calls = heap::calls();
    assert!(calls <= 1, "{calls} heap calls in `process`");
    plugin.deactivate(player);
}
