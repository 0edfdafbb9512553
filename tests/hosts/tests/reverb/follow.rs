//! A trainer replaces the file that it follows.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hosts::clap::Change;
use hosts::files::{scratch, write};
use hosts::live::{answer, answered, publish};
use hosts::parameter;
use hosts::signal::{Random, guitar};

use super::*;

/// The hall as a trainer's revision, all sound out of it turned by `gain`.
fn revision(number: u64, gain: f64) -> String {
    let mut graph = graph("medium-hall");
    graph["revision"] = number.into();
    let root = graph["root"].take();
    let turn = json!({ "type": "gain", "name": "turn", "inputs": 2, "outputs": 2,
        "gains": [gain, gain] });
    graph["root"] = json!({ "type": "series", "name": "all", "inputs": 2, "outputs": 2,
        "children": [root, turn] });
    graph.to_string()
}

/// An instance that follows a file of the hall.
fn following(name: &str) -> (Plugin, PathBuf) {
    let folder = scratch(env!("CARGO_TARGET_TMPDIR"), name);
    let file = write(&folder, "live.json", revision(1, 1.0));
    let mut plugin = reverb().open().expect("an instance");
    let record = json!({ "path": file, "follow": true });
    plugin.restore(&project::reverb(&record, &wet())).expect("our state");
    (plugin, file)
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn revisions_are_heard_and_answered() {
    let (mut plugin, file) = following("reverb-follow");
    let mut player = activate(&mut plugin);
    let level = |player: &mut Player| {
        play(player, &vec![0.0; 8 * RATE as usize], &[512], &[]);
        player.reset();
        energy(&play(player, &click(2.0), &[512], &[]))
    };
    let first = level(&mut player);
    for (number, gain) in [(2, 0.5), (3, 0.25), (10, 2.0)] {
        publish(&file, &revision(number, gain));
        let said = answered(&mut player, &file, |said| {
            said["revision"] == number && said["playing"] == true && !said["verdict"].is_null()
        });
        assert_eq!(
            (&said["verdict"], &said["unstable_poles"]),
            (&"certified-stable".into(), &0.into())
        );
        let heard = (level(&mut player) / first).sqrt();
        assert!((heard / gain - 1.0).abs() < 0.01, "revision {number}: {heard} of {gain}");
    }
    // What is wrong is answered, and what played goes on.
    let before = level(&mut player);
    for (content, word) in [("{", ""), (&revision(4, 1.0)[..], "revision"), ("[1]", "")] {
        publish(&file, content);
        let said = answered(&mut player, &file, |said| !said["error"].is_null());
        assert!(said["error"].as_str().is_some_and(|e| e.contains(word)), "{said}");
        assert_eq!(said["playing"], false);
        assert_eq!(level(&mut player), before, "after {said}");
        publish(&file, &revision(10, 2.0));
        std::thread::sleep(Duration::from_millis(100));
    }
    plugin.deactivate(player);
}

/// As a host has it in a long session: twenty a second, everything moving, no heap.
#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn twenty_revisions_a_second_reach_the_sound_without_the_heap() {
    let (mut plugin, file) = following("reverb-many");
    let parameters: Vec<_> = plugin.parameters().into_iter().filter(|p| p.automatable).collect();
    let mut player = activate(&mut plugin);
    let (input, mut random) = (guitar(RATE, 0.05), Random::new(4));
    play(&mut player, &input, &[512], &[]);
    heap::watch(&mut player);
    let rounds = 200;
    let mut next = Instant::now();
    for round in 0..rounds {
        publish(&file, &revision(2 + round, 1.0 + 0.01 * (round % 7) as f64));
        let changes: Vec<Change> = (0..40)
            .map(|_| {
                let p = random.pick(&parameters);
                let value = p.range[0] + (p.range[2] - p.range[0]) * random.share();
                let value = if p.stepped { value.round() } else { value };
                Change { at: random.below(input.len()), parameter: p.id, value }
            })
            .collect();
        let output = play(&mut player, &input, &[64, 512, 17], &changes);
        assert!(output.iter().flatten().all(|x| x.is_finite() && !x.is_subnormal()));
        assert_eq!(heap::calls(), 0, "heap calls in `process`, round {round}");
        plugin.idle();
        next += Duration::from_millis(50);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    let last = 1 + rounds;
    let said =
        answered(&mut player, &file, |said| said["revision"] == last && said["playing"] == true);
    assert_eq!(said["error"], Value::Null);
    // The first time a thread wakes the framework's worker, the loader gives it the
    // library's thread-local storage; after that there is nothing to take.
    assert!(heap::calls() <= 1);
    let off = Change { at: 0, parameter: parameter("bypass"), value: 0.0 };
    play(&mut player, &input, &[512], &[off]);
    plugin.deactivate(player);
}

/// The example of `python/` trains with FLAMO, a headless host plays what it sends, and
/// each is heard by the other.
#[test]
#[ignore = "needs the bundles and FLAMO: cargo xtask flamo"]
fn the_example_trains_and_is_heard() {
    let Some(python) = std::env::var_os("KILN_FLAMO_PYTHON") else {
        println!("skipped: KILN_FLAMO_PYTHON names no Python that has FLAMO");
        return;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = scratch(env!("CARGO_TARGET_TMPDIR"), "reverb-trainer");
    let file = folder.join("colourless.json");
    let words = ["--lines", "8", "--nfft", "8192", "--steps", "60", "--every", "5", "--out"];
    let mut trainer = std::process::Command::new(python)
        .arg(root.join("python/examples/colourless.py"))
        .args(words)
        .arg(&file)
        .env("OMP_NUM_THREADS", "1")
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("the trainer starts");
    let began = Instant::now();
    while !file.exists() {
        assert!(began.elapsed() < Duration::from_secs(120), "nothing is published");
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut plugin = reverb().open().expect("an instance");
    let mut params = wet();
    params.extend([("as_trained", json!(false)), ("rt60", json!(1.0))]);
    let record = json!({ "path": file, "follow": true });
    plugin.restore(&project::reverb(&record, &params)).expect("our state");
    let mut player = activate(&mut plugin);
    heap::watch(&mut player);
    let (mut heard, mut responses): (Vec<u64>, Vec<Vec<f32>>) = (Vec::new(), Vec::new());
    while trainer.try_wait().expect("the trainer runs").is_none() || responses.len() < 3 {
        assert!(began.elapsed() < Duration::from_secs(300), "heard {heard:?}");
        let output = play(&mut player, &click(0.25), &[512], &[]);
        assert!(output.iter().flatten().all(|x| x.is_finite()));
        assert_eq!(heap::calls(), 0, "heap calls in `process`");
        let Some(said) = answer(&file).filter(|said| said["playing"] == true) else { continue };
        let revision = said["revision"].as_u64().expect("a revision");
        if heard.last() != Some(&revision) {
            heard.push(revision);
            responses.push(output[0].clone());
        }
    }
    let told = std::io::read_to_string(trainer.stdout.take().expect("its words")).expect("text");
    println!("{told}\nheard {heard:?}");
    assert!(heard.windows(2).all(|w| w[0] < w[1]), "{heard:?}");
    assert!(heard.len() >= 3, "{heard:?}");
    // The trainer heard of it too, and what is played changed as it learned.
    assert!(told.contains("stable"), "{told}");
    assert!(responses.windows(2).all(|w| w[0] != w[1]));
    let last = told.lines().last().expect("a last line");
    let saved = graph_of(&file);
    assert!(last.contains(&format!("revision {}", saved["revision"])), "{last}");
    answered(&mut player, &file, |said| said["revision"] == saved["revision"]);
    plugin.deactivate(player);
}

fn graph_of(file: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(file).expect("a file")).expect("JSON")
}
