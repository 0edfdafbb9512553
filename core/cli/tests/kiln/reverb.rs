//! `kiln reverb`.

use serde_json::{Value, json};

use crate::{Folder, done, kiln, samples, stderr, write};

/// y = x₋₁₀₀ + y₋₁₀₀/2: an echo that halves every hundred samples.
fn comb(controls: Value) -> String {
    let delay = json!({ "type": "Leaf", "name": "delay", "module_type": "parallelDelay",
        "input_channels": 1, "output_channels": 1,
        "params": { "samples": [100], "samples_fractional": [100.0] },
        "flamo": { "isint": true, "unit": 1 } });
    let gain = json!({ "type": "Leaf", "name": "gain", "module_type": "Gain",
        "input_channels": 1, "output_channels": 1, "params": { "gains": [0.5] }, "flamo": {} });
    let mut graph = json!({ "type": "Recursion", "name": "comb", "fF": delay, "fB": gain,
        "fs": 48_000 });
    if !controls.is_null() {
        graph["controls"] = controls;
    }
    graph.to_string()
}

#[test]
fn the_impulse_response_is_that_of_the_graph() {
    let folder = Folder::new("reverb-ir");
    let graph = folder.put("comb.json", &comb(Value::Null));
    let out = folder.at("ir.wav");
    done(&["reverb", "ir", &graph, &out, "--seconds", "0.01"]);
    let expected = |n: usize| match n {
        100 | 200 | 300 | 400 => 0.5f32.powi(n as i32 / 100 - 1),
        _ => 0.0,
    };
    assert_eq!(samples(&out), (0..480).map(expected).collect::<Vec<_>>());
    // Of its own accord it ends when all is quiet.
    done(&["reverb", "ir", &graph, &out]);
    assert_eq!(samples(&out).len(), 24_000);
    // At twice the rate delays are twice as long.
    done(&["reverb", "ir", &graph, &out, "--seconds", "0.01", "--rate", "96000"]);
    let heard = samples(&out);
    assert_eq!((heard.len(), heard[200], heard[400]), (960, 1.0, 0.5));
    let failed = kiln(&["reverb", "ir", &graph, &out, "--input", "1"]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(stderr(&failed).contains("expected an input from 0 to 0, found 1"));
}

#[test]
fn files_are_mixed_delayed_and_go_on() {
    let folder = Folder::new("reverb-render");
    let graph = folder.put("comb.json", &comb(Value::Null));
    let (input, out) = (folder.at("in.wav"), folder.at("out.wav"));
    let left: Vec<f32> = (0..5000).map(|n| if n == 7 { 1.0 } else { 0.0 }).collect();
    let right: Vec<f32> = left.iter().map(|x| -x).collect();
    write(&input, 48_000, &[&left, &right]);
    let options = ["--adac", "--mix", "0.75", "--pre-delay", "10", "--tail", "0.1"];
    done(&[&["reverb", "--graph", &graph], &options[..], &[&input, &out]].concat());
    let heard = samples(&out);
    assert_eq!(heard.len(), 2 * (5000 + 4800));
    for (n, frame) in heard.chunks(2).enumerate() {
        let expected = match n {
            7 => 0.25,
            587.. if (n - 587) % 100 == 0 => 0.75 * 0.5f32.powi((n - 587) as i32 / 100),
            _ => 0.0,
        };
        assert_eq!(frame, [expected, -expected], "frame {n}");
    }
    // Kiln's own mix keeps the power.
    let options = ["--mix", "0.5", "--tail", "0"];
    done(&[&["reverb", "--graph", &graph], &options[..], &[&input, &out]].concat());
    let heard = samples(&out);
    assert_eq!([heard[14], heard[2 * 107 + 1]], [0.5f32.sqrt(), -(0.5f32.sqrt())]);
    // Without a tail asked for, until it has been quiet for a second.
    done(&["reverb", "--graph", &graph, &input, &out]);
    let frames = samples(&out).len() / 2;
    assert!((48_000..60_000).contains(&frames), "{frames}");
}

#[test]
fn the_time_of_adac_comes_on_top() {
    let folder = Folder::new("reverb-time");
    let asks = json!({ "rt60": { "init": 0.05, "min": 0.01, "max": 1.0 } });
    let graph = folder.put("comb.json", &comb(asks));
    let (input, out) = (folder.at("in.wav"), folder.at("out.wav"));
    write(&input, 48_000, &[&[1.0]]);
    let gain = |seconds: f64| 10f64.powf(-3.0 * 100.0 / 48_000.0 / seconds) as f32;
    let check = |options: &[&str], seconds: f64| {
        done(
            &[&["reverb", "--adac", "--graph", &graph, "--tail", "0.1"], options, &[&input, &out]]
                .concat(),
        );
        let heard = samples(&out);
        assert!((heard[100] - gain(seconds)).abs() < 1e-6, "{}", heard[100]);
        assert!((heard[200] - 0.5 * gain(seconds).powi(2)).abs() < 1e-6);
    };
    check(&[], 0.05);
    check(&["--rt60", "0.2"], 0.2);
}

/// Whatever the network was trained to.
#[test]
fn the_time_asked_for_is_the_time_measured() {
    let folder = Folder::new("reverb-measured");
    let (input, out) = (folder.at("in.wav"), folder.at("out.wav"));
    write(&input, 48_000, &[&[1.0]]);
    let asks = json!({ "rt60": { "init": 0.3, "min": 0.1, "max": 1.0 } });
    let graph = folder.put("comb.json", &comb(asks));
    // Each echo of the one before it: the comb decays evenly.
    let ratio = || {
        let heard = samples(&out);
        assert_eq!(heard[..100], [0.0; 100]);
        f64::from(heard[1100] / heard[1000])
    };
    let time = |ratio: f64| -3.0 * 100.0 / 48_000.0 / ratio.log10();
    let render = |options: &[&str]| {
        let args = [&["reverb", "--graph", &graph, "--tail", "0.1"], options, &[&input, &out]];
        let output = kiln(&args.concat());
        assert!(output.status.success(), "{}", stderr(&output));
        (time(ratio()), stderr(&output))
    };
    for (options, expected) in [(&[][..], 0.3), (&["--rt60", "0.7"], 0.7)] {
        let (found, told) = render(options);
        assert!((found / expected - 1.0).abs() < 0.03, "{options:?}: {found} s");
        assert_eq!(told, "");
    }
    // Beyond what the graph allows.
    let (found, told) = render(&["--rt60", "5"]);
    assert!((found - 1.0).abs() < 0.03, "{found} s");
    let told_of = |words: &[&str]| words.iter().all(|w| told.contains(w));
    assert!(
        told_of(&["comb.json: rt60: expected 0.1", "to 1 s, found 5, which is limited"]),
        "{told}"
    );
    assert_eq!(told.lines().count(), 1, "{told}");
    // Longer than any reverb waits.
    let late = json!({ "pre_delay": { "init": 3000, "max": 4000 } });
    let late = folder.put("late.json", &comb(late));
    let output = kiln(&["reverb", "--graph", &late, "--tail", "2.1", &input, &out]);
    assert!(stderr(&output).contains("0 to 2000 ms, found 3000"), "{}", stderr(&output));
    assert_eq!(samples(&out).iter().position(|y| *y != 0.0), Some(96_100));
    // Nothing that could take longer.
    let wire = json!({ "format": "kiln-fdn", "version": 1, "name": "wire", "sample_rate": 48_000,
        "root": { "type": "gain", "name": "wire", "inputs": 1, "outputs": 1, "gains": [1] } });
    let wire = folder.put("wire.json", &wire.to_string());
    let output = kiln(&["reverb", "--graph", &wire, "--rt60", "1", "--tail", "0", &input, &out]);
    assert!(
        stderr(&output).contains("found 1 s for another, which is left out"),
        "{}",
        stderr(&output)
    );
    assert_eq!(samples(&out), [1.0]);
}

/// Channels that belong to no input are wet.
#[test]
fn a_mix_without_dry_channels_is_refused() {
    let folder = Folder::new("reverb-channels");
    let (input, out) = (folder.at("in.wav"), folder.at("out.wav"));
    write(&input, 48_000, &[&[1.0]]);
    let graph = |inputs: usize| {
        json!({ "format": "kiln-fdn", "version": 1, "name": "n", "sample_rate": 48_000,
            "controls": { "dry_wet": { "init": 0.5 } },
            "root": { "type": "matrix", "name": "m", "inputs": inputs, "outputs": 3,
                "matrix": vec![vec![0.5; inputs]; 3] } })
        .to_string()
    };
    let (one, two) = (folder.put("one.json", &graph(1)), folder.put("two.json", &graph(2)));
    let render = |graph: &str, options: &[&str]| {
        let args = [&["reverb", "--graph", graph, "--tail", "0"], options, &[&input, &out]];
        kiln(&args.concat())
    };
    assert_eq!(stderr(&render(&one, &[])), "");
    assert_eq!(samples(&out), [1.5 * 0.5f32.sqrt(); 3]);
    let told = stderr(&render(&two, &[]));
    assert!(told.contains("found 0.5, which is left out"), "{told}");
    assert_eq!(samples(&out), [1.0; 3]);
    assert_eq!(stderr(&render(&two, &["--mix", "1"])), "");
    let refused = render(&two, &["--mix", "0.3"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("for 2 channels become 3; found 0.3"),
        "{}",
        stderr(&refused)
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let folder = Folder::new("reverb-refused");
    let graph = folder.put("comb.json", &comb(Value::Null));
    let broken = folder.put("broken.json", "{\"type\": \"Recursion\", \"fF\": 3}");
    let (input, out) = (folder.at("in.wav"), folder.at("out.wav"));
    write(&input, 48_000, &[&[1.0]]);
    for args in [
        &["reverb", "--graph", &broken, &input, &out][..],
        &["reverb", "--graph", &graph, &input, &input],
        &["reverb", "--graph", &graph, &input, &graph],
        &["reverb", "ir", &graph, &graph],
        &["reverb", "ir", &broken, &out],
        &["reverb", "faust", &graph, "-o", &graph],
        &["reverb", "plot", &graph, &graph],
        &["reverb", "plot", &broken, &out],
        &["certify", &broken],
    ] {
        let failed = kiln(args);
        assert_eq!(failed.status.code(), Some(1), "{args:?}");
        assert!(stderr(&failed).starts_with("kiln: "), "{args:?}: {}", stderr(&failed));
    }
    assert_eq!(folder.names(), ["broken.json", "comb.json", "in.wav"]);
}

#[test]
fn graphs_are_explained_exported_and_drawn() {
    let folder = Folder::new("reverb-graph");
    let graph = folder.put("comb.json", &comb(Value::Null));
    let told = done(&["reverb", "explain", &graph]);
    assert!(told.contains("delay, 100 samples, 2.08 ms"), "{told}");
    let source = done(&["reverb", "faust", &graph]);
    assert!(source.contains("@(99)") && source.contains("process = (f ~"), "{source}");
    let dsp = folder.at("comb.dsp");
    assert_eq!(done(&["reverb", "faust", &graph, "-o", &dsp]), "");
    assert_eq!(std::fs::read_to_string(dsp).expect("written"), source);
    let png = folder.at("comb.png");
    done(&["reverb", "plot", &graph, &png]);
    let bytes = std::fs::read(png).expect("written");
    assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
    // Width and height, of the header's chunk.
    assert_eq!(bytes[16..24], [0, 0, 9, 96, 0, 0, 6, 24]);
}

/// One line that names the file, whatever it is and whoever reads it.
#[test]
fn files_that_are_no_graphs_are_named_in_one_line() {
    let folder = Folder::new("reverb-hostile");
    let (input, out) = (folder.at("in.wav"), folder.at("out.wav"));
    write(&input, 48_000, &[&[1.0]]);
    let whole = comb(Value::Null);
    let named = |kind: &str| {
        json!({ "format": "kiln-fdn", "version": 1, "name": "n", "sample_rate": 48_000,
            "root": { "type": kind, "name": "\u{1b}[2Jroot\n", "inputs": 1, "outputs": 1 } })
    };
    let mut unsolvable: Value = serde_json::from_str(&whole).expect("JSON");
    unsolvable["fF"] = json!({ "type": "Leaf", "name": "gain", "module_type": "Gain",
        "input_channels": 1, "output_channels": 1, "params": { "gains": [2.0] }, "flamo": {} });
    let files = [
        ("empty", String::new()),
        ("cut", whole[..whole.len() / 2].to_owned()),
        ("nested", "[".repeat(100_000)),
        ("newer", whole.replace("Recursion", "recursion2")),
        ("control", named("\u{1b}]0;owned\u{7}\n").to_string()),
        ("list", "[1, 2]".to_owned()),
        ("unsolvable", unsolvable.to_string()),
        ("huge", whole.replace("100.0", "1e300").replace("100", "1e300")),
    ];
    for (name, text) in files {
        let file = folder.put(&format!("{name}.json"), &text);
        for args in [
            &["reverb", "--graph", &file, &input, &out][..],
            &["reverb", "ir", &file, &out],
            &["reverb", "explain", &file],
            &["reverb", "faust", &file],
            &["reverb", "plot", &file, &out],
        ] {
            let failed = kiln(args);
            assert_eq!(failed.status.code(), Some(1), "{args:?}");
            let told = stderr(&failed);
            assert!(told.starts_with(&format!("kiln: {file}: ")), "{args:?}: {told}");
            assert_eq!(told.lines().count(), 1, "{args:?}: {told}");
            assert!(told.len() < 1000 && !told.trim_end().contains(char::is_control), "{told:?}");
            assert!(failed.stdout.is_empty(), "{args:?}");
        }
    }
    assert!(!std::path::Path::new(&out).exists());
}

#[test]
fn info_tells_what_a_graph_is() {
    let folder = Folder::new("reverb-info");
    let graph = folder.put("comb.json", &comb(json!({ "rt60": true })));
    let facts: Value = serde_json::from_str(&done(&["info", "--json", &graph])).expect("JSON");
    assert_eq!((&facts["file"], &facts["plays"]), (&json!(graph), &json!(true)));
    assert_eq!((&facts["inputs"], &facts["outputs"]), (&json!(1), &json!(1)));
    assert_eq!((&facts["sample_rate"], &facts["lines"]), (&json!(48_000.0), &json!(1)));
    assert_eq!(facts["controls"]["rt60"], json!([0.1, 2.0, 10.0]));
    assert_eq!(facts["verdict"], "certified-stable");
    assert!(facts["ns_per_sample"].as_f64().is_some_and(|ns| ns > 0.0));
    let text = done(&["info", &graph]);
    for part in
        ["1, the longest 2.1 ms", "0.1 to 10.0, at first 2.0", "certified-stable", "real time"]
    {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    for (name, text) in [
        ("lost.json", comb(Value::Null).replace("samples", "sample")),
        ("newer.json", json!({ "format": "kiln-fdn", "version": 9 }).to_string()),
    ] {
        let file = folder.put(name, &text);
        let failed = kiln(&["info", "--json", &file]);
        assert_eq!(failed.status.code(), Some(1), "{name}");
        assert!(stderr(&failed).starts_with(&format!("kiln: {file}: ")), "{}", stderr(&failed));
        let facts: Value = serde_json::from_slice(&failed.stdout).expect("JSON");
        assert_eq!(facts["plays"], false);
        assert!(facts["error"].as_str().is_some_and(|e| e.contains("expected")), "{facts}");
    }
}

#[test]
fn a_preset_plays_the_whole_effect() {
    let folder = Folder::new("reverb_preset");
    let input = folder.at("in.wav");
    let tone: Vec<f32> = (0..24_000).map(|i| 0.3 * (i as f32 * 0.05).sin()).collect();
    crate::write(&input, 48_000, &[&tone]);
    let output = folder.at("out.wav");
    let render = |args: &[&str]| {
        done(&[&["reverb"], args, &[input.as_str(), output.as_str()]].concat());
        samples(&output)
    };
    let built_in = render(&["--preset", "factory:Vocal Booth", "--tail", "0.5"]);
    assert_eq!(built_in.len(), 2 * 48_000);
    assert!(built_in[2 * 25_000..].iter().any(|x| x.abs() > 1e-5), "there is no tail");
    let preset = fx::factory::reverb_presets().iter().find(|p| p.name == "Vocal Booth");
    let json = fx::preset::Stored::to_json(preset.expect("a preset"));
    let file = folder.put("booth.json", &json);
    assert_eq!(render(&["--preset", &file, "--tail", "0.5"]), built_in);
    let ended = render(&["--preset", &file]);
    assert!(ended.len() > built_in.len() / 2 && ended.len() < 2 * 48_000 * 20);

    for (args, words) in [
        (&["--preset", "factory:No Such"][..], "Vocal Booth"),
        (&["--preset", &input], "JSON"),
        (&["--preset", &file, "--rt60", "2"], "cannot be used"),
    ] {
        let output = kiln(&[&["reverb"], args, &[input.as_str(), output.as_str()]].concat());
        assert!(!output.status.success());
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
}
