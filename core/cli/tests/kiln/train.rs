//! `kiln train`, as a player with a pedal and an interface runs it.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::{Folder, kiln, samples, stderr, write};

const RATE: usize = 48_000;

/// So many seconds of plucked notes with pauses between phrases, as 24 bits hold them.
fn dry(seconds: usize) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(11);
    let mut line = vec![0.0_f32; 400];
    let mut at = 0;
    let sample = |n: usize| {
        if n.is_multiple_of(RATE / 4) && n / RATE % 4 != 3 {
            let period = 100 + random.usize(..250);
            line = (0..period).map(|_| random.f32() - 0.5).collect();
            at = 0;
        }
        if n.is_multiple_of(RATE) && n / RATE % 4 == 3 {
            line.fill(0.0);
        }
        let next = (at + 1) % line.len();
        let x = line[at];
        line[at] = 0.498 * (x + line[next]);
        at = next;
        (x * 8_388_608.0).round() / 8_388_608.0
    };
    (0..seconds * RATE).map(sample).collect()
}

/// A pedal: a high-pass, a bent curve, a low-pass, so many samples late.
fn wet(dry: &[f32], late: usize) -> Vec<f32> {
    let (mut slow, mut low) = (0.0, 0.0);
    let mut out = vec![0.0; late];
    out.extend(dry.iter().map(|x| {
        slow += 0.01 * (x - slow);
        low += 0.5 * ((5.0 * (x - slow) + 0.1).tanh() - 0.1_f32.tanh() - low);
        0.6 * low
    }));
    out
}

/// A folder with a good take.
fn take(test: &str) -> Folder {
    let folder = Folder::new(test);
    let dry = dry(16);
    write(&folder.at("dry.wav"), RATE as u32, &[&dry]);
    write(&folder.at("wet.wav"), RATE as u32, &[&wet(&dry, 150)]);
    folder
}

fn teach(folder: &Folder, output: &str, more: &[&str]) -> std::process::Output {
    let (dry, wet, output) = (folder.at("dry.wav"), folder.at("wet.wav"), folder.at(output));
    kiln(&[&["train", "--dry", &dry, "--wet", &wet, "-o", &output][..], more].concat())
}

fn json(folder: &Folder, name: &str) -> Value {
    let bytes = fs::read(folder.0.join(name)).expect("a file");
    serde_json::from_slice(&bytes).expect("JSON")
}

#[test]
fn a_pedal_becomes_a_model_and_a_page() {
    let folder = take("train-pedal");
    let done = teach(&folder, "pedal.json", &["--class", "pedal-8", "--epochs", "60", "--json"]);
    assert!(done.status.success(), "{}", stderr(&done));
    let said: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    assert!(said["esr"].as_f64().is_some_and(|esr| esr < 0.01), "{said}");
    assert_eq!(folder.names(), ["dry.wav", "pedal.html", "pedal.json", "wet.wav"]);
    assert!(stderr(&done).contains("150.00 removed"), "{}", stderr(&done));
    let page = fs::read_to_string(folder.0.join("pedal.html")).expect("a page");
    assert!(page.contains("<svg") && page.contains("filters around 8 units"));
    let info = kiln(&["info", &folder.at("pedal.json")]);
    assert!(info.status.success(), "{}", stderr(&info));
    // What it plays is what was held out.
    let heard = folder.at("heard.wav");
    let played =
        kiln(&["drive", "--raw", "-m", &folder.at("pedal.json"), &folder.at("dry.wav"), &heard]);
    assert!(played.status.success(), "{}", stderr(&played));
    let (heard, wanted) = (samples(&heard), wet(&dry(16), 0));
    let both = heard.iter().zip(&wanted).skip(RATE);
    let error: f32 = both.clone().map(|(y, t)| (y - t).powi(2)).sum();
    let signal: f32 = both.map(|(_, t)| t.powi(2)).sum();
    assert!(error < 0.03 * signal, "{}", error / signal);
}

#[test]
fn a_nam_file_says_what_it_is_of() {
    let folder = take("train-nam");
    let gear = ["--gear-make", "Nobody", "--gear-type", "pedal", "--input-level", "12.5"];
    let options = ["--class", "nano", "--epochs", "1", "--batch", "4", "--by", "Me", "--no-report"];
    let done = teach(&folder, "it.nam", &[&options[..], &gear].concat());
    assert!(done.status.success(), "{}", stderr(&done));
    let file = json(&folder, "it.nam");
    let said = &file["metadata"];
    assert_eq!((&said["name"], &said["gear_make"]), (&Value::from("it"), &Value::from("Nobody")));
    assert_eq!(said["input_level_dbu"], 12.5);
    assert!(said["loudness"].is_number() && said["gain"].is_number(), "{said}");
    assert!(said["training"]["validation_esr"].is_number(), "{said}");
    assert_eq!(folder.names(), ["dry.wav", "it.nam", "wet.wav"]);
}

#[test]
fn knobs_are_turned_by_pairs() {
    let folder = Folder::new("train-knobs");
    let clean = dry(12);
    write(&folder.at("dry.wav"), RATE as u32, &[&clean]);
    let mut args = vec!["train".to_owned(), "--knob".to_owned(), "tone=0:10".to_owned()];
    for (at, gain) in [("0", 0.5), ("5", 1.0), ("10", 2.0)] {
        let loud: Vec<f32> = clean.iter().map(|x| gain * x).collect();
        write(&folder.at(&format!("{at}.wav")), RATE as u32, &[&wet(&loud, 0)]);
        let pair = format!("{at}={},{}", folder.at("dry.wav"), folder.at(&format!("{at}.wav")));
        args.extend(["--pair".to_owned(), pair]);
    }
    let end = ["--class", "pedal-8", "--epochs", "40", "--no-report", "-q", "-o"];
    args.extend(end.map(str::to_owned));
    args.push(folder.at("it.json"));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = kiln(&args);
    assert!(done.status.success(), "{}", stderr(&done));
    let file = json(&folder, "it.json");
    let knob = &file["knobs"][0];
    assert_eq!((&knob["name"], knob["max"].as_f64()), (&Value::from("tone"), Some(10.0)));
    assert!(file["esr"].as_f64().is_some_and(|esr| esr < 0.1), "{}", file["esr"]);
}

#[test]
fn bad_takes_are_refused_with_advice() {
    let folder = take("train-bad");
    let good = dry(16);
    let bent = wet(&good, 0);
    let hum = |n: usize| 0.05 * (n as f32 * 50.0 * std::f32::consts::TAU / RATE as f32).sin();
    let clipped = bent.iter().map(|x| (4.0 * x).clamp(-1.0, 1.0)).collect();
    let humming = bent.iter().enumerate().map(|(n, x)| x + hum(n)).collect();
    let mut random = fastrand::Rng::with_seed(1);
    let strange = (0..good.len()).map(|_| 0.3 * (random.f32() - 0.5)).collect();
    for (word, rate, sound) in [
        ("flat tops", RATE, clipped),
        ("hum", RATE, humming),
        ("sil", RATE, vec![0.0; good.len()]),
        ("rate", 44_100, bent.clone()),
        ("", RATE, strange),
        ("at least 10 s", RATE, bent[..4 * RATE].to_vec()),
    ] {
        let sound: Vec<f32> = sound;
        write(&folder.at("wet.wav"), rate as u32, &[&sound]);
        let refused = teach(&folder, "it.json", &["--class", "curve", "--epochs", "3"]);
        let said = stderr(&refused).to_lowercase();
        assert_eq!(refused.status.code(), Some(1), "{word}: {said}");
        assert!(said.contains(word) && said.contains("expected"), "{word}: {said}");
        assert!(said.contains("wet.wav"), "{word}: {said}");
        assert!(!folder.names().contains(&"it.json".to_owned()), "{word}");
    }
    // A shifted one is no bad one.
    write(&folder.at("wet.wav"), RATE as u32, &[&wet(&good, 20_000)]);
    let (dry, wet) = (folder.at("dry.wav"), folder.at("wet.wav"));
    let checked = kiln(&["train", "check", "--dry", &dry, "--wet", &wet, "--json"]);
    let found: Value = serde_json::from_slice(&checked.stdout).expect("JSON");
    let latency = found[0]["latency"].as_f64().expect("a number");
    assert!((latency - 20_000.0).abs() < 2.0, "{latency}");
}

#[test]
fn what_cannot_be_is_said_at_once() {
    let folder = take("train-early");
    for (output, more, word) in [
        ("it.txt", &[][..], ".json, .nam or .aidax"),
        ("it.nam", &["--class", "gru"], "gru"),
        ("it.json", &["--class", "nano"], "kiln-drive"),
        ("it.json", &["--class", "huge"], "standard"),
        ("it.json", &["--class", "lstm-4", "--publish", "x.nam"], ".json"),
        ("it.json", &["--minutes", "0"], "minutes"),
        ("it.json", &["--knob", "drive"], "--pair"),
        ("it.json", &["--batch", "4"], "fitted"),
        ("wet.wav", &["--format", "kiln-drive"], "wet recording"),
        ("it.html", &["--format", "kiln-drive"], "output"),
        ("it.json", &["--class", "lstm", "--checkpoint", "no/such/folder"], "folder"),
        ("it.aidax", &["--class", "lstm-10"], "units"),
    ] {
        let refused = teach(&folder, output, more);
        assert!(!refused.status.success(), "{output} {more:?}");
        assert!(stderr(&refused).contains(word), "{output} {more:?}: {}", stderr(&refused));
    }
}

#[test]
fn the_signal_is_a_take_of_itself() {
    let folder = Folder::new("train-signal");
    let signal = folder.at("signal.wav");
    let done = kiln(&["train", "signal", "--rate", "44100", "--bits", "32f", &signal]);
    assert!(done.status.success(), "{}", stderr(&done));
    let sound = samples(&signal);
    assert!((150 * 44_100..240 * 44_100).contains(&sound.len()), "{}", sound.len());
    write(&folder.at("wet.wav"), 44_100, &[&wet(&sound, 77)]);
    let checked =
        kiln(&["train", "check", "--dry", &signal, "--wet", &folder.at("wet.wav"), "--json"]);
    let found: Value = serde_json::from_slice(&checked.stdout).expect("JSON");
    assert!(found[0]["layout"].is_string(), "{found}");
    let latency = found[0]["latency"].as_f64().expect("a number");
    assert!((latency - 77.0).abs() < 0.1, "{latency}");
}

/// A course that a test that fails does not leave behind.
struct Course(Child);

impl Course {
    fn begin(folder: &Folder, more: &[&str]) -> Self {
        let (dry, wet, output) = (folder.at("dry.wav"), folder.at("wet.wav"), folder.at("it.json"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_kiln"));
        command.args(["train", "--dry", &dry, "--wet", &wet, "-o", &output]).args(more);
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("kiln runs"))
    }

    /// Waits until `right`.
    fn until(&mut self, right: impl Fn() -> bool) {
        for _ in 0..24_000 {
            if right() {
                return;
            }
            let ended = self.0.try_wait().expect("a child");
            assert!(ended.is_none(), "{ended:?}");
            thread::sleep(Duration::from_millis(5));
        }
        panic!("it never came");
    }
}

impl Drop for Course {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _status = self.0.wait();
    }
}

#[test]
fn a_killed_run_resumes() {
    let folder = take("train-killed");
    let options =
        ["--class", "lstm-8", "--epochs", "30", "--batch", "8", "--length", "512", "--no-report"];
    let mut first = Course::begin(&folder, &options);
    let kept = folder.0.join("it.json.checkpoint.json");
    let epoch = || {
        let bytes = fs::read(&kept).ok()?;
        serde_json::from_slice::<Value>(&bytes).ok()?["epoch"].as_u64()
    };
    first.until(|| epoch() >= Some(3));
    // A kill, which leaves it no moment to put anything in order.
    first.0.kill().expect("it is there");
    first.0.wait().expect("a child");
    let begun = epoch().expect("a checkpoint");
    assert!((3..30).contains(&begun) && !folder.names().contains(&"it.json".to_owned()));
    let rest = teach(&folder, "it.json", &options);
    assert!(rest.status.success(), "{}", stderr(&rest));
    assert!(!kept.exists());
    let resumed = json(&folder, "it.json");
    let whole = teach(&folder, "it.json", &[&options[..], &["--fresh"]].concat());
    assert!(whole.status.success(), "{}", stderr(&whole));
    let whole = json(&folder, "it.json");
    assert_eq!((&resumed["layers"], &resumed["esr"]), (&whole["layers"], &whole["esr"]));
    // Another course does not go on from it.
    let mut other = Course::begin(&folder, &options);
    other.until(|| epoch() >= Some(1));
    drop(other);
    let refused = teach(&folder, "it.json", &[&options[..], &["--seed", "3"]].concat());
    assert!(stderr(&refused).contains("remove it"), "{}", stderr(&refused));
}

#[test]
fn players_are_told_of_every_better_model() {
    let folder = take("train-publish");
    let published = folder.0.join("live.json");
    let options = ["--class", "lstm-8", "--epochs", "100000", "--batch", "8", "--length", "512"];
    let live = folder.at("live.json");
    let mut course =
        Course::begin(&folder, &[&options[..], &["--no-report", "--publish", &live]].concat());
    let revision = || {
        let bytes = fs::read(&published).ok()?;
        let file: Value = serde_json::from_slice(&bytes).expect("never half a file");
        Some((file["revision"].as_u64()?, file["esr"].as_f64()?))
    };
    course.until(|| revision().is_some_and(|(n, _)| n >= 2));
    let (first, esr) = revision().expect("a model");
    course.until(|| revision().is_some_and(|(n, _)| n > first));
    let (later, better) = revision().expect("a model");
    assert!(later > first && better < esr, "{first} {later} {esr} {better}");
    drop(course);
    // Whoever begins anew goes on from what players have heard.
    let mut course =
        Course::begin(&folder, &[&options[..], &["--fresh", "--publish", &live]].concat());
    course.until(|| revision().is_some_and(|(n, _)| n > later));
}
