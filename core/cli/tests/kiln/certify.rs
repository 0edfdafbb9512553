//! `kiln certify`: what is proven, and the status that says so.

use serde_json::{Value, json};

use crate::{Folder, done, kiln, stderr};

/// y = x delayed, plus `gain` of y delayed.
pub(crate) fn comb(samples: f64, gain: f64) -> String {
    let node = |kind: &str| json!({ "type": kind, "name": kind, "inputs": 1, "outputs": 1 });
    let mut line = node("delay");
    line["samples"] = json!([samples]);
    line["interpolation"] = if samples.fract() == 0.0 { "none" } else { "sinc" }.into();
    let mut back = node("gain");
    back["gains"] = json!([gain]);
    let mut root = node("recursion");
    (root["forward"], root["backward"]) = (line, back);
    let file = json!({ "format": "kiln-fdn", "version": 1, "name": "comb", "sample_rate": 48_000,
        "root": root });
    file.to_string()
}

/// The status and what is printed.
fn certified(args: &[&str]) -> (Option<i32>, Value) {
    let output = kiln(&[&["certify"], args].concat());
    let told = serde_json::from_slice(&output.stdout);
    (output.status.code(), told.unwrap_or_else(|e| panic!("{args:?}: {e}: {}", stderr(&output))))
}

#[test]
fn the_status_is_what_is_proven() {
    let folder = Folder::new("certify-status");
    for (name, samples, gain, status, verdict, poles) in [
        ("stable", 100.0, 0.5, 0, "certified-stable", json!(0)),
        ("lossless", 100.0, -1.0, 0, "marginally-stable", json!(null)),
        ("runs_away", 100.0, 1.02, 2, "unstable", json!(100)),
        // Poles of a fraction of a sample are not counted.
        ("unknown", 100.5, 1.02, 3, "not-certified", json!(null)),
        ("no_solution", 0.0, 1.0, 3, "indeterminate", json!(null)),
    ] {
        let graph = folder.put(&format!("{name}.json"), &comb(samples, gain));
        let (code, told) = certified(&[&graph]);
        assert_eq!(code, Some(status), "{name}");
        assert_eq!(
            (&told["verdict"], &told["unstable_poles"]),
            (&json!(verdict), &poles),
            "{name}"
        );
        assert_eq!((&told["file"], &told["sample_rate"]), (&json!(graph), &json!(48_000.0)));
        let one = &told["loops"][0];
        assert_eq!(
            (told["loops"].as_array().map(Vec::len), &one["verdict"]),
            (Some(1), &json!(verdict))
        );
        for key in
            ["proof", "ops", "lines", "shortest", "longest", "bound", "slew", "rt60", "notes"]
        {
            assert!(one.get(key).is_some(), "{key} is not in {one}");
        }
        for key in ["max_pole_modulus", "unstable_poles", "on_circle"] {
            assert!(told["filters"].get(key).is_some(), "{key} is not in {told}");
        }
    }
    let (_, told) = certified(&[&folder.at("stable.json")]);
    let one = &told["loops"][0];
    assert_eq!((&one["proof"], &one["longest"]), (&json!("bound"), &json!(100.0)));
    assert!(one["bound"].as_f64().is_some_and(|b| (0.5..0.5001).contains(&b)), "{one}");
    // 60 dB at 6.02 dB for each hundred samples.
    assert!(one["rt60"].as_f64().is_some_and(|t| (0.0207..0.0217).contains(&t)), "{one}");
}

#[test]
fn several_rates_are_certified_at_once() {
    let folder = Folder::new("certify-rates");
    let graph = folder.put("stable.json", &comb(100.0, 0.5));
    let (code, told) = certified(&[&graph, "--rate", "44100", "--rate", "96000"]);
    assert_eq!((code, &told["verdict"]), (Some(0), &json!("certified-stable")));
    assert_eq!(told["file"], json!(graph));
    let each = told["certificates"].as_array().expect("certificates");
    let rates: Vec<_> = each.iter().map(|c| c["sample_rate"].as_f64()).collect();
    assert_eq!(rates, [Some(44_100.0), Some(96_000.0)]);
    let longest: Vec<_> = each.iter().map(|c| c["loops"][0]["longest"].as_f64()).collect();
    assert_eq!(longest[1], Some(200.0), "{longest:?}");
    assert!(longest[0].is_some_and(|m| (m - 91.875).abs() < 1.0), "{longest:?}");
    // One rate is told as no rate is.
    let (code, told) = certified(&[&graph, "--rate", "96000"]);
    assert_eq!((code, &told["sample_rate"]), (Some(0), &json!(96_000.0)));
    // The worst decides.
    let graph = folder.put("runs_away.json", &comb(100.0, 1.02));
    let (code, told) = certified(&[&graph, "--rate", "44100", "--rate", "48000"]);
    assert_eq!((code, &told["verdict"]), (Some(2), &json!("unstable")));
}

/// 2 means that a network is unstable, and nothing else does.
#[test]
fn what_cannot_be_examined_is_1() {
    let folder = Folder::new("certify-error");
    let graph = folder.put("stable.json", &comb(100.0, 0.5));
    let broken = folder.put("broken.json", "{\"type\": \"Recursion\", \"fF\": 3}");
    let missing = folder.at("missing.json");
    let cases: [&[&str]; 8] = [
        &[],
        &[&broken],
        &[&missing],
        &[&graph, "--rate", "0"],
        &[&graph, "--rate", "5000"],
        &[&graph, "--rate", "48000", "--rate"],
        &[&graph, &graph],
        &["--strict", &graph],
    ];
    for args in cases {
        let output = kiln(&[&["certify"], args].concat());
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{args:?}");
    }
    let help = done(&["certify", "--help"]);
    assert!(help.contains("2 if it is unstable"), "{help}");
}
