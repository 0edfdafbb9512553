//! `kiln reverb compile`: what it makes of bundles, and what it does not make.

use std::fs;
use std::path::Path;

use bundle::Identity;
use serde_json::{Value, json};

use crate::certify::comb;
use crate::{Folder, done, kiln, stderr};

impl Folder {
    /// Bundles as Kiln Reverb's, of which nothing runs.
    fn reverb(&self) -> String {
        let folder = self.0.join("built");
        let library = folder.join("Kiln Reverb.vst3/Contents/x86_64-linux/Kiln Reverb.so");
        fs::create_dir_all(library.parent().expect("a folder")).expect("a folder");
        fs::write(library, "vst3").expect("written");
        fs::write(folder.join("Kiln Reverb.clap"), "clap").expect("written");
        folder.display().to_string()
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON")
}

#[test]
fn a_graph_becomes_a_plugin_with_a_certificate_beside_it() {
    let folder = Folder::new("compile");
    let controls = json!({ "rt60": { "init": 2.5, "min": 0.5, "max": 4.0 } });
    let mut graph: Value = serde_json::from_str(&comb(100.0, 0.5)).expect("JSON");
    graph["controls"] = controls.clone();
    graph["name"] = "two\nlines".into();
    let graph = folder.put("g.json", &serde_json::to_string_pretty(&graph).expect("JSON"));
    let (built, out) = (folder.reverb(), folder.0.join("out"));
    let to = out.display().to_string();
    let words = ["reverb", "compile", &graph, "--name", "My Hall", "-o", &to, "--plugin", &built];
    let at = |name: &str| out.join(name);
    let wrote = ["My Hall.clap", "My Hall.vst3", "My Hall.certificate.json"];
    let expected: String = wrote.map(|name| format!("{}\n", at(name).display())).concat();
    // Twice: the second takes the place of the first.
    for _again in 0..2 {
        assert_eq!(done(&words), expected);
    }
    let mut there: Vec<_> = fs::read_dir(&out)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .collect();
    there.sort();
    assert_eq!(there, ["My Hall.certificate.json", "My Hall.clap", "My Hall.vst3"]);

    let library = "My Hall.vst3/Contents/x86_64-linux/My Hall.so";
    let [clap, vst3] = ["My Hall.clap", library].map(|library| {
        let carried = Identity::carried_by(&at(library)).expect("no damage");
        carried.unwrap_or_else(|| panic!("{library} carries nothing"))
    });
    assert_eq!(clap, vst3);
    let own = (clap.name(), clap.vendor(), clap.version());
    assert_eq!(own, ("My Hall", "Kiln", "1.0.0"));
    assert!(!clap.graph().contains('\n'), "{}", clap.graph());
    let carried: Value = serde_json::from_str(clap.graph()).expect("JSON");
    let given = json(Path::new(&graph));
    assert_eq!((&carried["controls"], &carried["name"]), (&controls, &given["name"]));
    let load = |json: &str| fdn::Graph::load(json.as_bytes()).expect("a graph");
    assert_eq!(load(clap.graph()), load(&given.to_string()));

    let proof = json(&at("My Hall.certificate.json"));
    assert_eq!((&proof["verdict"], &proof["file"]), (&json!("certified-stable"), &json!(graph)));
    let each = proof["certificates"].as_array().expect("certificates");
    let rates: Vec<_> = each.iter().filter_map(|one| one["sample_rate"].as_f64()).collect();
    assert_eq!(rates, [44_100.0, 48_000.0, 88_200.0, 96_000.0, 192_000.0]);
    assert_eq!(
        proof["plugin"],
        json!({ "name": "My Hall", "vendor": "Kiln", "version": "1.0.0",
            "clap_id": clap.clap_id(), "vst3_id": clap.vst3_hex() })
    );
}

#[test]
fn ids_may_be_chosen() {
    let folder = Folder::new("compile-ids");
    let graph = folder.put("g.json", &comb(100.0, 0.5));
    let (built, out) = (folder.reverb(), folder.at("out"));
    done(&[
        "reverb",
        "compile",
        &graph,
        "--name",
        "My Hall",
        "-o",
        &out,
        "--plugin",
        &built,
        "--vendor",
        "Ann",
        "--plugin-version",
        "3.1",
        "--clap-id",
        "org.ann.hall",
        "--vst3-id",
        "0102030405060708090a0b0c0d0e0f10",
    ]);
    let own = Identity::of_bundle(&folder.0.join("out/My Hall.vst3")).expect("no damage");
    let own = own.expect("an identity");
    assert_eq!((own.vendor(), own.version(), own.clap_id()), ("Ann", "3.1", "org.ann.hall"));
    assert_eq!(own.vst3_id(), std::array::from_fn(|i| i as u8 + 1));
}

#[test]
fn what_is_not_proven_stable_is_refused_unless_told() {
    let folder = Folder::new("compile-unstable");
    let (built, out) = (folder.reverb(), folder.at("out"));
    for (name, samples, gain, verdict) in
        [("runs_away", 100.0, 1.02, "unstable"), ("unknown", 100.5, 1.02, "not-certified")]
    {
        let graph = folder.put(&format!("{name}.json"), &comb(samples, gain));
        let words = ["reverb", "compile", &graph, "--name", name, "-o", &out, "--plugin", &built];
        let output = kiln(&words);
        assert_eq!(output.status.code(), Some(1), "{name}");
        let told = stderr(&output);
        assert!(told.contains(verdict) && told.contains("48000"), "{told}");
        assert!(told.contains("--allow-unstable"), "{told}");
        assert!(output.stdout.is_empty() && !Path::new(&out).join(name).exists());

        let output = kiln(&[&words[..], &["--allow-unstable"]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        // It is said all the same, here and in the certificate.
        assert!(stderr(&output).contains(verdict), "{}", stderr(&output));
        let proof = json(&Path::new(&out).join(format!("{name}.certificate.json")));
        assert_ne!(proof["verdict"], "certified-stable");
        fs::remove_dir_all(&out).expect("removed");
    }
    // Lossless is as stable as an endless reverberation can be.
    let graph = folder.put("lossless.json", &comb(100.0, -1.0));
    done(&["reverb", "compile", &graph, "--name", "Endless", "-o", &out, "--plugin", &built]);
}

#[test]
fn what_cannot_be_made_leaves_nothing_behind() {
    let folder = Folder::new("compile-refused");
    let graph = folder.put("g.json", &comb(100.0, 0.5));
    let (built, out) = (folder.reverb(), folder.at("out"));
    fs::create_dir_all(&out).expect("a folder");
    fs::create_dir(folder.0.join("out/Taken.vst3")).expect("a folder");
    fs::write(folder.0.join("out/Proven.certificate.json"), "{\"mine\":1}").expect("written");
    let missing = folder.at("missing.json");
    for (graph, name, more, word) in [
        (&graph, "a/b", &[][..], "name: expected"),
        (&graph, "Kiln Reverb", &[], "a name of its own"),
        (&graph, "Hall", &["--clap-id", "audio.kiln.reverb"], "CLAP id: expected"),
        (&graph, "Hall", &["--vst3-id", "12"], "VST3 id: expected"),
        (&graph, "Taken", &[], "Taken.vst3: expected nothing"),
        (&graph, "Proven", &[], "Proven.certificate.json: expected nothing"),
        (&missing, "Hall", &[], "missing.json"),
    ] {
        let words = ["reverb", "compile", graph, "--name", name, "-o", &out, "--plugin", &built];
        let output = kiln(&[&words[..], more].concat());
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(stderr(&output).contains(word), "{name}: {}", stderr(&output));
        let mut there: Vec<_> = fs::read_dir(&out).expect("a folder").flatten().collect();
        there.sort_by_key(fs::DirEntry::file_name);
        assert_eq!(there.len(), 2, "{name}: {there:?}");
    }
    let kept = fs::read_to_string(folder.0.join("out/Proven.certificate.json"));
    assert_eq!(kept.expect("as it was"), "{\"mine\":1}");
}

#[test]
fn bundles_that_are_not_there_are_named() {
    let folder = Folder::new("compile-missing");
    let graph = folder.put("g.json", &comb(100.0, 0.5));
    let (empty, out) = (folder.at("empty"), folder.at("out"));
    let words = ["reverb", "compile", &graph, "--name", "My Hall", "-o", &out];
    let output = kiln(&[&words[..], &["--plugin", &empty]].concat());
    assert_eq!(output.status.code(), Some(1));
    let told = stderr(&output);
    assert!(told.contains(&empty) && told.contains("Kiln Reverb.clap"), "{told}");
    assert!(!Path::new(&out).exists());
}

/// A program with nothing near it.
#[cfg(unix)]
#[test]
fn all_places_where_bundles_may_be_are_named() {
    let folder = Folder::new("compile-places");
    let graph = folder.put("g.json", &comb(100.0, 0.5));
    let (program, home) = (folder.0.join("bin/kiln"), folder.at("home"));
    fs::create_dir_all(folder.0.join("bin")).expect("a folder");
    fs::copy(env!("CARGO_BIN_EXE_kiln"), &program).expect("copied");
    let run = || {
        let mut run = std::process::Command::new(&program);
        run.env("HOME", &home).args(["reverb", "compile", &graph, "--name", "My Hall", "-o"]);
        run.arg(folder.at("out")).output().expect("kiln runs")
    };
    let output = run();
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    let clap = if cfg!(target_os = "macos") { "Library/Audio/Plug-Ins/CLAP" } else { ".clap" };
    let users = format!("{home}/{clap}");
    for place in [&folder.at("bin"), &folder.at("lib/kiln"), &folder.at("bundled"), &users] {
        assert!(told.contains(place.as_str()), "{place} is not in {told}");
    }
    // Each place is looked in, nearest first.
    let built = folder.reverb();
    for place in ["bundled", "lib/kiln", "bin"] {
        let place = folder.0.join(place);
        fs::create_dir_all(&place).expect("a folder");
        for kind in ["clap", "vst3"] {
            let (from, to) = (Path::new(&built), format!("Kiln Reverb.{kind}"));
            let mut made = std::process::Command::new("cp");
            made.arg("-r").arg(from.join(&to)).arg(&place);
            assert!(made.status().expect("cp runs").success());
        }
        fs::write(place.join("Kiln Reverb.clap"), place.display().to_string()).expect("written");
        let output = run();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let clap = fs::read(folder.0.join("out/My Hall.clap")).expect("a file");
        assert!(clap.starts_with(place.display().to_string().as_bytes()), "{}", place.display());
    }
}
