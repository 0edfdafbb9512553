//! Finding the models that come nearest to a tone.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::{Folder, done, kiln, samples, stderr, write};

const RATE: u32 = 48_000;

/// The amplifiers that are built in.
const NAMES: [&str; 6] = ["clean", "edge", "crunch", "high-gain", "overdrive", "bass"];

/// Plucked chords at irregular moments: a performance for each seed.
fn performance(seed: u64, seconds: usize) -> Vec<f32> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut samples = vec![0.0f32; RATE as usize * seconds];
    let mut at = 0.05;
    while at < seconds as f64 - 0.3 {
        let root = 82.0 * 2f64.powf(f64::from(rng.u32(0..15)) / 12.0);
        let start = (at * f64::from(RATE)) as usize;
        let strength = 0.12 + 0.2 * rng.f64();
        for (i, x) in samples[start..].iter_mut().take(2 * RATE as usize).enumerate() {
            let t = i as f64 / f64::from(RATE);
            let string = |hz: f64| {
                let partial = |k: f64| {
                    (-(1.5 + 0.7 * k) * t).exp() * (std::f64::consts::TAU * k * hz * t).sin() / k
                };
                (1..9).map(|k| partial(f64::from(k))).sum::<f64>()
            };
            *x += (strength * (string(root) + 0.7 * string(1.5 * root))) as f32;
        }
        at += 0.12 + 0.5 * rng.f64() * rng.f64();
    }
    samples
}

/// The built-in amplifiers, each with some whose weights are shaken: `count` of them.
fn models(folder: &Folder, count: usize) -> String {
    fs::create_dir_all(folder.at("models/deep")).expect("a folder");
    for i in 0..count {
        let name = NAMES[i % NAMES.len()];
        let path = format!("{}/../../assets/kiln-{name}.nam", env!("CARGO_MANIFEST_DIR"));
        let mut file: Value = serde_json::from_slice(&fs::read(path).expect("read")).expect("JSON");
        let mut rng = fastrand::Rng::with_seed(i as u64);
        let shaken = if i < NAMES.len() { 0.0 } else { 0.3 };
        for weight in file["weights"].as_array_mut().expect("weights") {
            let w = weight.as_f64().expect("a number");
            *weight = (w * (1.0 + shaken * (2.0 * rng.f64() - 1.0))).into();
        }
        let deep = if i.is_multiple_of(2) { "" } else { "deep/" };
        fs::write(folder.at(&format!("models/{deep}{i:03}.nam")), file.to_string())
            .expect("written");
    }
    folder.at("models")
}

/// What model `i` makes of a performance, hotter, through an equaliser and with noise.
fn tone(folder: &Folder, i: usize, dry: &[f32]) -> String {
    let deep = if i.is_multiple_of(2) { "" } else { "deep/" };
    let (input, wet, out) = (folder.at("dry.wav"), folder.at("wet.wav"), folder.at("tone.wav"));
    write(&input, RATE, &[dry]);
    let model = folder.at(&format!("models/{deep}{i:03}.nam"));
    done(&["amp", "--raw", "-m", &model, &input, &wet]);
    let mut rng = fastrand::Rng::with_seed(9);
    let (mut low, mut last) = (0.0, 0.0);
    let tone: Vec<f32> = samples(&wet)
        .iter()
        .map(|x| {
            // Brighter, and less of it: a shelf and a dip.
            low += 0.1 * (x - low);
            let y = 0.3 * (x - 0.6 * low + 0.4 * (x - last));
            last = *x;
            y + 0.001 * (rng.f32() - 0.5)
        })
        .collect();
    write(&out, RATE, &[&tone]);
    out
}

fn results(path: &str) -> Value {
    serde_json::from_slice(&fs::read(path).expect("results")).expect("JSON")
}

fn ranking(results: &Value) -> Vec<String> {
    let name = |entry: &Value| {
        let file = entry["file"].as_str().expect("a file");
        Path::new(file).file_stem().expect("a name").to_string_lossy().into_owned()
    };
    results["entries"].as_array().expect("entries").iter().map(name).collect()
}

#[test]
fn finds_the_model_of_a_tone_by_this_performance_and_by_another() {
    let folder = Folder::new("match");
    let models = models(&folder, 30);
    let di = folder.at("di.wav");
    write(&di, RATE, &[&performance(1, 8)]);
    for (seed, aligned) in [(1, true), (2, false)] {
        for wanted in [3, 14] {
            let target = tone(&folder, wanted, &performance(seed, 8));
            let out = folder.at(&format!("out-{seed}-{wanted}"));
            done(&[
                "match",
                "--di",
                &di,
                "--target",
                &target,
                "--seconds",
                "4",
                &models,
                "-o",
                &out,
            ]);
            let found = results(&format!("{out}/results.json"));
            assert_eq!(found["question"]["aligned"].is_array(), aligned, "{}", found["question"]);
            let ranking = ranking(&found);
            assert_eq!(ranking.len(), 30);
            let near: Vec<_> = found["entries"].as_array().expect("entries")[..3]
                .iter()
                .map(|e| &e["matched"])
                .collect();
            if aligned {
                assert_eq!(ranking[0], format!("{wanted:03}"), "{near:?}");
            } else {
                // By another riff the amplifier is told, if not from its own shaken copies.
                let first: usize = ranking[0].parse().expect("a number");
                assert_eq!(first % NAMES.len(), wanted % NAMES.len(), "{ranking:?}: {near:?}");
            }
            page_plays_what_is_there(&out);
        }
    }
}

#[test]
fn finds_an_amplifier_behind_a_cabinet_at_its_own_gain() {
    let folder = Folder::new("match-miked");
    let models = models(&folder, 18);
    let [di, target, out] = ["di.wav", "target.wav", "out"].map(|name| folder.at(name));
    write(&di, RATE, &[&performance(5, 6)]);
    let cabinet = format!("{}/../../assets/kiln-112-open.wav", env!("CARGO_MANIFEST_DIR"));
    for wanted in [2, 10, 15] {
        let deep = if wanted % 2 == 0 { "" } else { "deep/" };
        let model = folder.at(&format!("models/{deep}{wanted:03}.nam"));
        done(&["amp", "-m", &model, "--cabinet", &cabinet, &di, &target]);
        let ask = ["match", "--di", &di, "--target", &target, "--seconds", "3", &models];
        done(&[&ask[..], &["-o", &out]].concat());
        let found = results(&format!("{out}/results.json"));
        let best = &found["entries"][0];
        let number = |name: &str| best[name].as_f64().expect("a number");
        assert_eq!(ranking(&found)[0], format!("{wanted:03}"));
        // The cabinet is a response to find, not a distance.
        assert!(number("matched") < 1.0 && number("distance") > 2.0, "{best}");
        assert_eq!(number("input_gain"), 0.0, "{best}");
    }
}

fn page_plays_what_is_there(out: &str) {
    let page = fs::read_to_string(format!("{out}/index.html")).expect("a page");
    let parsed = page.matches("<audio").count();
    assert_eq!(parsed, 12, "ten, the target and the DI");
    for part in page.split("src=\"").skip(1) {
        let name = part.split('"').next().expect("a name");
        assert!(samples(&format!("{out}/{name}")).iter().any(|x| *x != 0.0), "{name}");
    }
    assert!(!page.contains("<script") && !page.contains("http://localhost"));
}

#[test]
fn proposes_what_kiln_amp_then_plays() {
    let folder = Folder::new("match-proposal");
    let models = models(&folder, 3);
    let di = folder.at("di.wav");
    write(&di, RATE, &[&performance(1, 4)]);
    let target = tone(&folder, 1, &performance(1, 4));
    let out = folder.at("out");
    done(&["match", "--di", &di, "--target", &target, &models, "-o", &out]);
    let best = &results(&format!("{out}/results.json"))["entries"][0];
    let made = &best["made"];
    let command = made["command"].as_str().expect("a command");
    let again = folder.at("again.wav");
    let heard = format!("{out}/{}", made["sound"].as_str().expect("a file"));
    let dry = format!("{out}/di.wav");
    let args: Vec<&str> = command.split(' ').skip(1).collect();
    let args: Vec<&str> = args
        .into_iter()
        .map(|arg| match arg {
            "INPUT.wav" => &dry,
            "OUTPUT.wav" => &again,
            arg => arg,
        })
        .collect();
    done(&args);
    let (heard, again) = (samples(&heard), samples(&again));
    assert_eq!(heard.len(), again.len());
    // Gains are rounded to tenths in the command, and the amplifier blocks DC.
    let energy = |x: &[f32]| x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
    let far: Vec<f32> = heard.iter().zip(&again).map(|(a, b)| a - b).collect();
    let share = energy(&far[4800..]) / energy(&heard[4800..]);
    assert!(share < 0.01, "{share} of the energy differs");
}

#[test]
fn shares_put_together_are_the_whole() {
    let folder = Folder::new("match-shards");
    let models = models(&folder, 7);
    fs::write(folder.at("models/broken.nam"), "{ \"version\": \"0.5.4\" }").expect("written");
    fs::write(folder.at("models/deep/note.json"), "[1, 2]").expect("written");
    let di = folder.at("di.wav");
    write(&di, RATE, &[&performance(1, 4)]);
    let target = tone(&folder, 4, &performance(3, 4));
    let (whole, parts, merged) = (folder.at("whole"), folder.at("parts"), folder.at("merged"));
    let ask = ["match", "--di", &di, "--target", &target, "--seconds", "2", &models];
    let all = kiln(&[&ask[..], &["-o", &whole, "--json"]].concat());
    assert_eq!(all.status.code(), Some(0), "{}", stderr(&all));
    for part in ["broken.nam", "note.json", "7 models compared, 2 files skipped"] {
        assert!(stderr(&all).contains(part), "{part} is not in {}", stderr(&all));
    }
    let mut files = Vec::new();
    for shard in ["1/3", "2/3", "3/3"] {
        done(&[&ask[..], &["-o", &parts, "--shard", shard]].concat());
        files.push(format!("{parts}/results-{}.json", shard.replace('/', "-of-")));
    }
    let names: Vec<&str> = files.iter().map(String::as_str).collect();
    done(&[&["match", "--merge", &merged][..], &names].concat());
    let [whole_results, merged_results] =
        [&whole, &merged].map(|folder| results(&format!("{folder}/results.json")));
    assert_eq!(ranking(&whole_results), ranking(&merged_results));
    for (a, b) in [("question", "question"), ("failed", "failed"), ("complete", "complete")] {
        assert_eq!(whole_results[a], merged_results[b], "{a}");
    }
    let numbers = |results: &Value| -> Vec<Value> {
        let entries = results["entries"].as_array().expect("entries");
        entries
            .iter()
            .flat_map(|e| [&e["matched"], &e["input_gain"], &e["output_gain"]].map(Value::clone))
            .collect()
    };
    assert_eq!(numbers(&whole_results), numbers(&merged_results));
    for name in ["best-01.wav", "best-01-ir.wav", "target.wav", "di.wav"] {
        let [a, b] =
            [&whole, &merged].map(|folder| fs::read(format!("{folder}/{name}")).expect(name));
        assert!(a == b, "{name}");
    }
    // Another question is no part of it.
    let other = folder.at("other");
    done(&["match", "--di", &target, "--target", &di, &models, "--shard", "1/9", "-o", &other]);
    let stranger = format!("{other}/results-1-of-9.json");
    let refused = kiln(&["match", "--merge", &merged, &files[0], &stranger]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("expected results of the same DI"), "{}", stderr(&refused));
}

#[test]
fn goes_on_where_it_was_left() {
    let folder = Folder::new("match-resume");
    let models = models(&folder, 4);
    let di = folder.at("di.wav");
    write(&di, RATE, &[&performance(1, 3)]);
    let target = tone(&folder, 1, &performance(1, 3));
    let out = folder.at("out");
    let ask = ["match", "--di", &di, "--target", &target, &models, "-o", &out];
    done(&ask);
    let before = results(&format!("{out}/results.json"));
    let log = format!("{out}/.kiln-match.jsonl");
    let text = fs::read_to_string(&log).expect("a log");
    assert_eq!(text.lines().count(), 4);
    // Half a line is none, and a distance in the log is believed.
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines[3].truncate(40);
    fs::write(&log, lines.join("\n")).expect("written");
    done(&ask);
    assert_eq!(before, results(&format!("{out}/results.json")));
    assert_eq!(fs::read_to_string(&log).expect("a log").lines().count(), 5);
    // A model that has changed is compared anew.
    fs::copy(folder.at("models/000.nam"), folder.at("models/002.nam")).expect("copied");
    done(&ask);
    assert_eq!(fs::read_to_string(&log).expect("a log").lines().count(), 6);
}

#[test]
fn refuses_what_cannot_be_compared() {
    let folder = Folder::new("match-refusals");
    let models = models(&folder, 1);
    let [di, silence, out] = ["di.wav", "silence.wav", "out"].map(|name| folder.at(name));
    write(&di, RATE, &[&performance(1, 2)]);
    write(&silence, RATE, &[&[0.0; 96_000]]);
    fs::create_dir_all(folder.at("empty")).expect("a folder");
    for (di, target, models, words) in [
        (&silence, &di, &models, "silence.wav: expected at least 0.4 s of sound, found silence"),
        (&di, &silence, &models, "silence.wav: expected at least 0.4 s of sound, found silence"),
        (&di, &di, &folder.at("empty"), "expected .nam or .json files of models, found none"),
        (&di, &di, &folder.at("nowhere"), "expected .nam or .json files of models, found none"),
        (&di, &folder.at("none.wav"), &models, "none.wav: "),
    ] {
        let refused = kiln(&["match", "--di", di, "--target", target, models, "-o", &out]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(stderr(&refused).contains(words), "{words} is not in {}", stderr(&refused));
    }
    for args in [
        &["match", &models, "-o", &out][..],
        &["match", "--di", &di, "--target", &di, &models],
        &["match", "--di", &di, "--target", &di, &models, "-o", &out, "--shard", "3/2"],
        &["match", "--merge", &out],
    ] {
        assert_eq!(kiln(args).status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn a_cabinet_that_is_given_is_heard_and_nothing_else_is_matched() {
    let folder = Folder::new("match-cabinet");
    let models = models(&folder, 2);
    let di = folder.at("di.wav");
    write(&di, 44_100, &[&performance(1, 3)]);
    let cabinet = format!("{}/../../assets/kiln-412-closed.wav", env!("CARGO_MANIFEST_DIR"));
    let target = tone(&folder, 1, &performance(2, 3));
    let out = folder.at("out");
    done(&["match", "--di", &di, "--target", &target, "--cabinet", &cabinet, &models, "-o", &out]);
    let found = results(&format!("{out}/results.json"));
    let entries = found["entries"].as_array().expect("entries");
    let distances: Vec<f64> =
        entries.iter().map(|e| e["distance"].as_f64().expect("a number")).collect();
    assert!(distances.is_sorted(), "{distances:?}");
    assert!(entries[0]["made"]["response"].is_null());
    assert!(entries[0]["made"]["command"].as_str().expect("one").contains("kiln-412-closed.wav"));
    assert!(!Path::new(&format!("{out}/best-01-ir.wav")).exists());
}

/// Prints how long two hundred standard models take at five seconds each.
#[test]
#[ignore = "a measurement, which takes seconds of all cores"]
fn two_hundred_standard_models() {
    let folder = Folder::new("match-many");
    let path = format!("{}/../../tests/data/nam/a1_standard.nam", env!("CARGO_MANIFEST_DIR"));
    let standard: Value = serde_json::from_slice(&fs::read(path).expect("read")).expect("JSON");
    fs::create_dir_all(folder.at("models")).expect("a folder");
    for i in 0..200 {
        let mut file = standard.clone();
        let mut rng = fastrand::Rng::with_seed(i);
        for weight in file["weights"].as_array_mut().expect("weights") {
            let w = weight.as_f64().expect("a number");
            *weight = (w * (1.0 + 0.05 * (2.0 * rng.f64() - 1.0))).into();
        }
        fs::write(folder.at(&format!("models/{i:03}.nam")), file.to_string()).expect("written");
    }
    let [di, target, out] = ["di.wav", "target.wav", "out"].map(|name| folder.at(name));
    write(&di, RATE, &[&performance(1, 8)]);
    write(&target, RATE, &[&performance(2, 8)]);
    let ask = ["match", "--di", &di, "--target", &target, "--report", &folder.at("models")];
    let text = done(&[&ask[..], &["-o", &out]].concat());
    println!("{text}");
    let share = done(&[&ask[..], &["-o", &folder.at("share"), "--shard", "1/1"]].concat());
    println!("compared only: {share}");
    assert_eq!(ranking(&results(&format!("{out}/results.json"))).len(), 200);
}
