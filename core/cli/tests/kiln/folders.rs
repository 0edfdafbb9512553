//! Many files at once.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use serde_json::Value;

use crate::{Folder, done, kiln, riff, samples, stderr, write};

/// Twelve files in folders within `in`, of which each sounds different.
fn twelve(folder: &Folder) -> String {
    for i in 0..12 {
        let path = format!("in/{}/{i}.{}", ["a", "b/c", "."][i % 3], ["wav", "WAV"][i % 2]);
        let path = folder.at(&path);
        fs::create_dir_all(Path::new(&path).parent().expect("a folder")).expect("made");
        let riff: Vec<f32> = riff()[..20_000].iter().map(|x| x / (i + 1) as f32).collect();
        write(&path, 48_000, &[&riff]);
    }
    fs::write(folder.at("in/notes.txt"), "not a sound").expect("written");
    fs::write(folder.at("in/a/._0.wav"), "what a system leaves").expect("written");
    folder.at("in")
}

/// Every file within, by its name there, and when it was written.
fn tree(folder: &str) -> BTreeMap<String, (Vec<u8>, SystemTime)> {
    let (mut found, mut todo) = (BTreeMap::new(), vec![Path::new(folder).to_owned()]);
    while let Some(path) = todo.pop() {
        for entry in fs::read_dir(path).expect("a folder") {
            let entry = entry.expect("an entry");
            if entry.file_type().expect("a type").is_dir() {
                todo.push(entry.path());
                continue;
            }
            let path = entry.path();
            let name = path.strip_prefix(folder).expect("within").display().to_string();
            let when = entry.metadata().expect("there").modified().expect("a time");
            found.insert(name, (fs::read(path).expect("read"), when));
        }
    }
    found.remove(".kiln-amp.jsonl").expect("a log");
    found
}

/// What became of the files.
fn counts(json: &str) -> [usize; 3] {
    let json: Value = serde_json::from_str(json).expect("JSON");
    let files = json["files"].as_array().expect("a list");
    ["rendered", "unchanged", "failed"]
        .map(|status| files.iter().filter(|file| file["status"] == status).count())
}

#[test]
fn many_at_once_equal_one_after_another() {
    let folder = Folder::new("jobs");
    let (model, input) = (folder.lstm(), twelve(&folder));
    let (serial, parallel) = (folder.at("serial"), folder.at("parallel/deep"));
    done(&["amp", "-m", &model, "--jobs", "1", &input, &serial]);
    done(&["amp", "-m", &model, "--jobs", "5", &input, "-o", &parallel]);
    let bytes = |folder: &str| {
        tree(folder).into_iter().map(|(name, (bytes, _))| (name, bytes)).collect::<Vec<_>>()
    };
    let serial = bytes(&serial);
    assert_eq!(serial.len(), 12);
    assert!(serial.iter().any(|(name, _)| name == "b/c/1.WAV"));
    assert!(serial == bytes(&parallel));
    let one = folder.at("one.wav");
    done(&["amp", "-m", &model, &folder.at("in/a/0.wav"), &one]);
    assert_eq!(samples(&one), samples(&folder.at("serial/a/0.wav")));
}

#[test]
fn makes_again_only_what_would_differ() {
    let folder = Folder::new("resume");
    let (model, input, out) = (folder.lstm(), twelve(&folder), folder.at("out"));
    let run = |more: &[&str]| {
        counts(&done(&[&["amp", "-m", &model, "--json", &input, "-o", &out][..], more].concat()))
    };
    assert_eq!(run(&[]), [12, 0, 0]);
    let before = tree(&out);
    assert_eq!(run(&[]), [0, 12, 0]);
    assert!(before == tree(&out), "an unchanged file was touched");

    fs::remove_file(folder.at("out/a/0.wav")).expect("removed");
    assert_eq!(run(&[]), [1, 11, 0]);
    assert_eq!(tree(&out)["a/0.wav"].0, before["a/0.wav"].0);

    // Another input, an output of someone else's, a log torn in its last line.
    write(&folder.at("in/b/c/1.WAV"), 48_000, &[&[0.5; 100]]);
    fs::write(folder.at("out/a/3.WAV"), "edited").expect("written");
    assert_eq!(run(&[]), [2, 10, 0]);
    assert_eq!(samples(&folder.at("out/b/c/1.WAV")).len(), 100);
    let log = folder.at("out/.kiln-amp.jsonl");
    let text = fs::read_to_string(&log).expect("read");
    fs::write(&log, &text[..text.len() - 9]).expect("written");
    assert_eq!(run(&[]), [1, 11, 0]);
    assert_eq!(run(&[]), [0, 12, 0]);

    // Whatever shapes the sound makes all anew.
    assert_eq!(run(&["--set", "output_gain=-1"]), [12, 0, 0]);
    assert_eq!(run(&["--output-gain", "-1"]), [0, 12, 0]);
    assert_eq!(run(&["--bits", "16"]), [12, 0, 0]);
    assert_eq!(run(&["--bits", "16", "--force"]), [12, 0, 0]);
    assert_eq!(run(&["--bits", "16", "--jobs", "1"]), [0, 12, 0]);
    assert_eq!(run(&["--bits", "16", "--block", "64"]), [0, 12, 0]);
    let text = fs::read_to_string(&model).expect("read");
    fs::write(&model, text.replace("0.99", "0.98")).expect("written");
    assert_eq!(run(&["--bits", "16"]), [12, 0, 0]);
}

#[test]
fn a_bad_file_stops_no_other() {
    let folder = Folder::new("broken");
    let (model, input, out) = (folder.lstm(), twelve(&folder), folder.at("out"));
    let whole = fs::read(folder.at("in/a/6.wav")).expect("read");
    fs::write(folder.at("in/a/6.wav"), &whole[..whole.len() / 2]).expect("written");
    fs::write(folder.at("in/a/text.wav"), "not a sound").expect("written");
    let output = kiln(&["amp", "-m", &model, "--json", &input, "-o", &out]);
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    for part in ["a/6.wav: ", "a/text.wav: ", "kiln: 13 files: 11 rendered, 2 failed"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert_eq!(counts(&String::from_utf8_lossy(&output.stdout)), [11, 0, 2]);
    let made = tree(&out);
    assert_eq!(made.len(), 11, "{:?}", made.keys());
    assert!(!made.contains_key("a/6.wav"));

    // Mended, only it remains to be done.
    fs::write(folder.at("in/a/6.wav"), &whole).expect("written");
    fs::remove_file(folder.at("in/a/text.wav")).expect("removed");
    assert_eq!(counts(&done(&["amp", "-m", &model, "--json", &input, "-o", &out])), [1, 11, 0]);
}

#[test]
fn several_files_go_into_one_folder() {
    let folder = Folder::new("several");
    let (model, input) = (folder.lstm(), twelve(&folder));
    let (first, second) = (folder.at("in/a/0.wav"), folder.at("in/5.WAV"));
    let out = folder.at("out");
    let text = kiln(&["amp", "-m", &model, "-o", &out, &first, &second]);
    assert_eq!(stderr(&text), "kiln: 2 files: 2 rendered\n");
    assert_eq!(tree(&out).into_keys().collect::<Vec<_>>(), ["0.wav", "5.WAV"]);
    // One file, into a folder that is there, and to a name.
    done(&["amp", "-m", &model, "-o", &out, &folder.at("in/a/3.WAV")]);
    assert!(tree(&out).contains_key("3.WAV"));
    let name = folder.at("name.wav");
    done(&["amp", "-m", &model, "-o", &name, &first]);
    assert_eq!(samples(&name), samples(&folder.at("out/0.wav")));
    let _unused = input;
}

#[test]
fn harms_no_input() {
    let folder = Folder::new("harm");
    let (model, input) = (folder.lstm(), twelve(&folder));
    let first = folder.at("in/a/0.wav");
    fs::create_dir_all(folder.at("in/d")).expect("made");
    fs::copy(&first, folder.at("in/d/0.wav")).expect("copied");
    let before = fs::read(&first).expect("read");
    for (args, words) in [
        (&[&input, &input][..], "expected a folder outside of the input's"),
        (&[&input, &folder.at("in/new/out")], "expected a folder outside of the input's"),
        (
            &[&first, &folder.at("in/5.WAV"), &folder.at("in/a/")],
            "expected another file than the input",
        ),
        (&[&first, &folder.at("in/d/0.wav"), &folder.at("out")], "expected one file of this name"),
        (&[&folder.at("none"), &first, &folder.at("out")], "none: "),
    ] {
        let (out, inputs) = args.split_last().expect("an output");
        let inputs: Vec<&str> = inputs.iter().map(|input| input.as_str()).collect();
        let output = kiln(&[&["amp", "-m", &model, "-o", out][..], &inputs].concat());
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(stderr(&output).contains(words), "{words} is not in {}", stderr(&output));
        assert_eq!(fs::read(&first).expect("read"), before);
    }
}

#[cfg(unix)]
#[test]
fn an_interruption_leaves_whole_files_only() {
    let folder = Folder::new("interrupt");
    let (model, input) = (folder.lstm(), folder.at("in"));
    fs::create_dir_all(&input).expect("made");
    // Seconds of work, at a sample a block.
    let long: Vec<f32> = riff().repeat(60);
    (0..3).for_each(|i| write(&folder.at(&format!("in/{i}.wav")), 48_000, &[&long]));
    let out = folder.at("out");
    let mut kiln = std::process::Command::new(env!("CARGO_BIN_EXE_kiln"))
        .args(["amp", "-m", &model, &input, "-o", &out, "--block", "1"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("kiln runs");
    let begun = || {
        fs::read_dir(&out).is_ok_and(|mut all| {
            all.any(|e| e.is_ok_and(|e| e.file_name().to_string_lossy().ends_with(".tmp")))
        })
    };
    while !begun() && kiln.try_wait().expect("a child").is_none() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let pid = rustix::process::Pid::from_child(&kiln);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("sent");
    let output = kiln.wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("left by the interruption"), "{}", stderr(&output));
    assert!(tree(&out).keys().all(|name| name.ends_with(".wav") && !name.starts_with('.')));
}

#[test]
fn shares_of_several_machines_are_the_whole() {
    let folder = Folder::new("shares");
    let (model, input) = (folder.lstm(), twelve(&folder));
    let (whole, parts) = (folder.at("whole"), folder.at("parts"));
    done(&["amp", "-m", &model, &input, "-o", &whole]);
    let mut rendered = 0;
    for shard in ["1/5", "2/5", "3/5", "4/5", "5/5"] {
        let run = || done(&["amp", "-m", &model, "--json", "--shard", shard, &input, "-o", &parts]);
        let [made, again, failed] = counts(&run());
        assert_eq!((again, failed), (0, 0), "{shard}");
        assert!((2..=3).contains(&made), "{shard}: {made}");
        assert_eq!(counts(&run()), [0, made, 0], "{shard} a second time");
        rendered += made;
    }
    assert_eq!(rendered, 12);
    let sounds = |folder: &str| {
        let mut names: Vec<_> = walkdir::WalkDir::new(folder)
            .into_iter()
            .map(|entry| entry.expect("an entry").into_path())
            .filter(|path| path.extension().is_some_and(|end| end.eq_ignore_ascii_case("wav")))
            .map(|path| (path.strip_prefix(folder).expect("within").to_owned(), fs::read(&path)))
            .map(|(name, bytes)| (name, bytes.expect("read")))
            .collect();
        names.sort();
        names
    };
    assert_eq!(sounds(&whole).len(), 12);
    assert!(sounds(&whole) == sounds(&parts));
    let one = kiln(&[
        "amp",
        "-m",
        &model,
        "--shard",
        "1/2",
        &folder.at("in/a/0.wav"),
        &folder.at("x.wav"),
    ]);
    assert_eq!(one.status.code(), Some(2));
}
