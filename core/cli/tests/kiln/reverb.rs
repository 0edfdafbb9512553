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
    let options = ["--mix", "0.75", "--pre-delay", "10", "--tail", "0.1"];
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
    // Without a tail asked for, until it has been quiet for a second.
    done(&["reverb", "--graph", &graph, &input, &out]);
    let frames = samples(&out).len() / 2;
    assert!((48_000..60_000).contains(&frames), "{frames}");
}

#[test]
fn the_time_asked_for_comes_on_top() {
    let folder = Folder::new("reverb-time");
    let asks = json!({ "rt60": { "init": 0.05, "min": 0.01, "max": 1.0 } });
    let graph = folder.put("comb.json", &comb(asks));
    let (input, out) = (folder.at("in.wav"), folder.at("out.wav"));
    write(&input, 48_000, &[&[1.0]]);
    let gain = |seconds: f64| 10f64.powf(-3.0 * 100.0 / 48_000.0 / seconds) as f32;
    let check = |options: &[&str], seconds: f64| {
        done(&[&["reverb", "--graph", &graph, "--tail", "0.1"], options, &[&input, &out]].concat());
        let heard = samples(&out);
        assert!((heard[100] - gain(seconds)).abs() < 1e-6, "{}", heard[100]);
        assert!((heard[200] - 0.5 * gain(seconds).powi(2)).abs() < 1e-6);
    };
    check(&[], 0.05);
    check(&["--rt60", "0.2"], 0.2);
}

#[test]
fn what_does_not_fit_is_refused() {
    let folder = Folder::new("reverb-refused");
    let graph = folder.put("comb.json", &comb(Value::Null));
    let broken = folder.put("broken.json", "{\"type\": \"Recursion\"}");
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
