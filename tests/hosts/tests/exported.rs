//! Plugins made of Kiln Reverb for one graph each, beside it in one process.

mod vst;

use std::fs;
use std::path::{Path, PathBuf};

use bundle::{Bundles, Identity, NAME, export};
use hosts::bundle as built;
use hosts::clap::Bundle;
use hosts::files::scratch;
use serde_json::json;
use vst3_host::{Plugin, Vst3Host};

const RATE: f64 = 48_000.0;
const BLOCK: usize = 512;

/// When the two graphs first answer, in samples.
const HALLS: [(&str, usize); 2] = [("Near Hall", 4_800), ("Far Höhle", 9_600)];

/// Two combs that answer after `samples` for the first time, and loudest.
fn combs(samples: usize) -> String {
    let node = |kind: &str| json!({ "type": kind, "name": kind, "inputs": 2, "outputs": 2 });
    let (mut line, mut back, mut root) = (node("delay"), node("gain"), node("recursion"));
    line["samples"] = json!([samples, samples]);
    back["gains"] = json!([0.3, 0.3]);
    (root["forward"], root["backward"]) = (line, back);
    let wet = json!({ "dry_wet": { "init": 1.0, "min": 0.0, "max": 1.0 } });
    json!({ "format": "kiln-fdn", "version": 1, "name": "combs", "sample_rate": RATE,
        "controls": wet, "root": root })
    .to_string()
}

fn identity(name: &str, samples: usize) -> Identity {
    Identity::new(name, "Ann & Bob", "1.2.3", combs(samples)).expect("an identity")
}

/// Both formats of Kiln Reverb.
fn source() -> Bundles {
    Bundles { clap: built(&format!("{NAME}.clap")), vst3: built(&format!("{NAME}.vst3")) }
}

/// Exports into a folder of the test's own.
fn exported(identity: &Identity, folder: &Path) -> [PathBuf; 2] {
    let written = export(&source(), identity, folder).expect("exported");
    let paths: Vec<_> = written.into_iter().map(|bundle| bundle.path).collect();
    paths.try_into().expect("CLAP and VST3")
}

fn library(bundle: &Path) -> PathBuf {
    let inside = bundle.join("Contents/MacOS").join(bundle.file_stem().unwrap_or_default());
    if bundle.is_dir() { inside } else { bundle.into() }
}

fn clap(bundle: &Path) -> Bundle {
    Bundle::load(&library(bundle)).expect("the bundle loads")
}

fn vst3(bundle: &Path) -> (Vst3Host, Plugin) {
    let host = Vst3Host::builder().sample_rate(RATE).block_size(BLOCK).build();
    let mut host = host.expect("a host");
    let plugin = host.load_plugin(bundle).expect("the plugin loads");
    (host, plugin)
}

/// 32 hexadecimal digits, however the host groups them.
fn digits(uid: &str) -> String {
    uid.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_ascii_lowercase()
}

/// A click and silence after it.
fn click() -> Vec<f32> {
    let mut click = vec![0.0; 24 * BLOCK];
    click[0] = 1.0;
    click
}

/// Where it is loudest, apart from what comes at once.
fn answer(output: &[f32]) -> usize {
    let later = output.iter().enumerate().skip(64);
    let loudest = later.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
    let (at, level) = loudest.expect("something is heard");
    assert!(level.abs() > 0.05, "the loudest is {level}");
    at
}

fn answer_of_clap(bundle: &Bundle) -> usize {
    let mut plugin = bundle.open().expect("an instance");
    let mut player = plugin.activate([2, 2], RATE, BLOCK as u32).expect("to activate");
    let output = player.render(&vec![click(); 2], &[BLOCK], &[]);
    plugin.deactivate(player);
    answer(&output[0])
}

fn answer_of_vst3(plugin: &mut Plugin) -> usize {
    plugin.start_processing().expect("to start");
    let output = vst::play(plugin, RATE, BLOCK, &click());
    plugin.stop_processing().expect("to stop");
    answer(&output)
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn each_is_itself_beside_the_others() {
    let folder = scratch(env!("CARGO_TARGET_TMPDIR"), "exported");
    let identities = HALLS.map(|(name, samples)| identity(name, samples));
    let paths = identities.each_ref().map(|identity| exported(identity, &folder));
    // All of them at once, and the one they were made of first.
    let own = source();
    let (reverb, halls) = (clap(&own.clap), paths.each_ref().map(|[path, _]| clap(path)));
    let (_host, reverb_vst3) = vst3(&own.vst3);
    let mut halls_vst3 = paths.each_ref().map(|[_, path]| vst3(path));

    assert_eq!((reverb.id.as_str(), reverb.names[0].as_str()), ("audio.kiln.reverb", NAME));
    let uid: String = b"KilnAudioReverb1".iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(reverb_vst3.info().name, NAME);
    assert_eq!(digits(&reverb_vst3.info().uid), uid);
    assert_eq!(reverb.open().expect("an instance").id().as_deref(), Some("audio.kiln.reverb"));
    for ((identity, hall), (_host, hall_vst3)) in identities.iter().zip(&halls).zip(&halls_vst3) {
        let names = [identity.name(), identity.vendor(), identity.version()];
        assert_eq!(
            (hall.id.as_str(), hall.names.each_ref().map(String::as_str)),
            (identity.clap_id(), names)
        );
        assert_eq!(hall.features, reverb.features);
        let instance = hall.open().expect("an instance");
        assert_eq!(instance.id().as_deref(), Some(identity.clap_id()));
        let info = hall_vst3.info();
        assert_eq!([&info.name, &info.vendor, &info.version], names);
        assert_eq!(digits(&info.uid), identity.vst3_hex());
    }
    // Each plays its own graph, and goes on doing so after the other has played.
    for _again in 0..2 {
        for ((_, samples), hall) in HALLS.iter().zip(&halls) {
            assert_eq!(answer_of_clap(hall), *samples);
        }
        for ((_, samples), (_host, hall)) in HALLS.iter().zip(&mut halls_vst3) {
            assert_eq!(answer_of_vst3(hall), *samples);
        }
    }
}

/// States name parameters, not plugins: those of one are those of the other.
#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn a_project_is_saved_and_opened_as_kiln_reverbs_is() {
    let folder = scratch(env!("CARGO_TARGET_TMPDIR"), "exported-state");
    let [path, _] = exported(&identity(HALLS[0].0, HALLS[0].1), &folder);
    let (reverb, hall) = (clap(&source().clap), clap(&path));
    let mut instance = hall.open().expect("an instance");
    let saved = instance.save().expect("a state");
    instance.restore(&saved).expect("its own state");
    let known = |bundle: &Bundle| bundle.open().expect("an instance").parameters().len();
    assert_eq!(known(&hall), known(&reverb));
    for word in [hall.id.as_bytes(), hall.names[0].as_bytes()] {
        assert!(!saved.windows(word.len()).any(|part| part == word), "a name in the state");
    }
    drop(instance);
    assert_eq!(answer_of_clap(&hall), HALLS[0].1);
}

/// The dynamic loader then knows the library by that path.
#[cfg(unix)]
#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn a_path_may_be_relative() {
    let folder = scratch(env!("CARGO_TARGET_TMPDIR"), "exported-relative");
    let hall = identity("Relative Hall", 4_800);
    let [path, _] = exported(&hall, &folder);
    let here = std::env::current_dir().expect("a folder");
    let up: PathBuf = here.components().skip(1).map(|_| "..").collect();
    let relative = up.join(path.strip_prefix("/").expect("absolute"));
    assert!(relative.is_relative() && relative.exists());
    assert_eq!(clap(&relative).id, hall.clap_id());
}

/// By Kiln Reverb's ids, it would play something else in its place.
#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn what_is_damaged_offers_no_plugin() {
    let folder = scratch(env!("CARGO_TARGET_TMPDIR"), "exported-damaged");
    let hall = identity("Damaged Hall", 4_800);
    let [clap, vst3] = exported(&hall, &folder);
    let data = vst3.join("Contents/Resources/kiln-reverb.json");
    let length = fs::metadata(&data).expect("the data").len();
    fs::File::options().write(true).open(&data).and_then(|f| f.set_len(length / 2)).expect("cut");
    let damaged = if clap.is_dir() {
        fs::copy(&data, clap.join("Contents/Resources/kiln-reverb.json")).map(drop)
    } else {
        let mut file = fs::read(&clap).expect("the library");
        let last = file.len() - 100;
        file[last] ^= 1;
        fs::write(&clap, file)
    };
    damaged.expect("written");
    assert!(Bundle::load(&library(&clap)).is_err());
    let mut host = Vst3Host::builder().build().expect("a host");
    assert!(host.load_plugin(&vst3).is_err());
    // Elsewhere and whole, they load: nothing else was wrong.
    let whole = folder.join("whole");
    let [clap, vst3] = exported(&hall, &whole);
    assert_eq!(self::clap(&clap).id, hall.clap_id());
    assert_eq!(host.load_plugin(&vst3).expect("the plugin loads").info().name, hall.name());
}
