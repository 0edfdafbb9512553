//! `kiln reverb --watch`, as whoever trains a network runs it.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use fdn::Verdict;
use fdn::live::{Ack, acknowledged, acknowledgement};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::{Folder, kiln, samples, stderr, write};

/// A running command, which a test that fails does not leave behind.
struct Watch(Child);

impl Watch {
    fn new(args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kiln"));
        command.args(["reverb", "--watch"]).args(args);
        Self(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("kiln runs"))
    }

    /// The first acknowledgement of `graph` that is as it should be.
    fn acknowledges(&mut self, graph: &str, right: impl Fn(&Ack) -> bool) -> Ack {
        let mut last = None;
        for _ in 0..12_000 {
            match acknowledged(Path::new(graph)) {
                Ok(ack) if right(&ack) => return ack,
                ack => last = Some(ack),
            }
            let ended = self.0.try_wait().expect("a child");
            assert!(ended.is_none(), "{ended:?} after {last:?}");
            thread::sleep(Duration::from_millis(5));
        }
        panic!("nothing but {last:?}");
    }

    /// Interrupts it; what it said on both streams.
    fn interrupt(mut self) -> [String; 2] {
        kill_process(Pid::from_child(&self.0), Signal::INT).expect("it is there");
        assert_eq!(self.0.wait().expect("a child").code(), Some(0));
        let mut said = [String::new(), String::new()];
        let (out, err) = (self.0.stdout.take(), self.0.stderr.take());
        out.expect("piped").read_to_string(&mut said[0]).expect("text");
        err.expect("piped").read_to_string(&mut said[1]).expect("text");
        said
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _status = self.0.wait();
    }
}

/// A gain, which `pole` feeds back after a sample.
fn graph(revision: u64, gain: f64, pole: f64) -> String {
    json!({ "format": "kiln-fdn", "version": 1, "name": "n", "sample_rate": 48_000,
        "revision": revision,
        "root": { "type": "filter", "name": "f", "inputs": 1, "outputs": 1,
            "sections": [[[gain, 0, 0, -pole, 0]]] } })
    .to_string()
}

/// Whether this is the last word on `revision`.
fn proven(ack: &Ack, revision: u64) -> bool {
    ack.revision == Some(revision) && ack.verdict.is_some()
}

/// Replaces `path` at once and whole.
fn publish(path: &str, text: &str) {
    let beside = format!("{path}.new");
    fs::write(&beside, text).expect("written");
    fs::rename(&beside, path).expect("renamed");
}

#[test]
fn a_file_is_rendered_through_every_revision() {
    let folder = Folder::new("live-revisions");
    let (path, input, out) = (folder.at("g.json"), folder.at("in.wav"), folder.at("out.wav"));
    write(&input, 48_000, &[&[1.0, 0.0, 0.0]]);
    // It may be there before its trainer is.
    let mut watch = Watch::new(&["--tail", "0", "--graph", &path, &input, &out]);
    let ack = watch.acknowledges(&path, |ack| ack.error.is_some());
    assert!(ack.error.is_some_and(|e| e.contains("expected a file, found none")));
    assert!(!Path::new(&out).exists());

    publish(&path, &graph(1, 0.5, 0.5));
    let ack = watch.acknowledges(&path, |ack| proven(ack, 1));
    assert_eq!((ack.error.as_deref(), ack.playing), (None, true));
    assert_eq!((ack.verdict, ack.unstable_poles), (Some(Verdict::CertifiedStable), Some(0)));
    assert_eq!((ack.rt60, ack.pid), (None, watch.0.id()));
    assert_eq!(ack.hash.map(|h| h.len()), Some(64));
    assert_eq!(samples(&out), [0.5, 0.25, 0.125]);

    // Broken, and older: the sound that was there stays.
    for (revision, broken, words) in [
        (2, graph(2, 1e300, 0.5), "f: expected finite numbers"),
        (0, graph(0, 0.7, 0.5), "revision: expected one above 1, found 0"),
    ] {
        publish(&path, &broken);
        let ack = watch.acknowledges(&path, |ack| ack.revision == Some(revision));
        assert!(ack.error.as_ref().is_some_and(|e| e.contains(words)), "{ack:?}");
        assert_eq!((ack.playing, ack.verdict), (false, None));
        assert_eq!(samples(&out), [0.5, 0.25, 0.125]);
    }

    publish(&path, &graph(3, 0.5, 2.0));
    let ack = watch.acknowledges(&path, |ack| proven(ack, 3));
    assert_eq!((ack.verdict, ack.unstable_poles), (Some(Verdict::Unstable), Some(1)));
    assert!(ack.playing);
    assert_eq!(samples(&out), [0.5, 1.0, 2.0]);

    // Two inputs, for which the file has too many channels or too few.
    let wide = graph(4, 1.0, 0.0).replace(
        "\"inputs\":1,\"name\":\"f\",\"outputs\":1",
        "\"inputs\":2,\"name\":\"f\",\"outputs\":2",
    );
    let wide = wide.replace("]]]", "]],[]]");
    write(&input, 48_000, &[&[1.0], &[0.0], &[0.5]]);
    publish(&path, &wide);
    let ack = watch.acknowledges(&path, |ack| ack.revision == Some(4));
    let words = "expected 1 or 2 channels, found 3";
    assert!(ack.error.as_ref().is_some_and(|e| e.contains(words)), "{ack:?}");

    let [said, complaints] = watch.interrupt();
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 6, "{said}");
    let begins = [
        "",
        "revision 1: certified-stable, ",
        "revision 2: f: expected finite numbers",
        "revision 0: revision: expected one above 1",
        "revision 3: unstable, ",
        "revision 4: ",
    ];
    for (line, begin) in lines.iter().zip(begins) {
        assert!(line.starts_with(begin), "{line}, not {begin}");
    }
    assert!(lines[1].ends_with(" ms") && lines[4].ends_with(" ms"), "{said}");
    assert_eq!(complaints, "");
    assert_eq!(folder.names(), ["g.json", "g.json.ack.json", "in.wav", "out.wav"]);
}

/// Whatever it is doing, it leaves whole files, or none.
#[test]
fn it_can_be_interrupted_at_any_time() {
    let folder = Folder::new("live-interrupted");
    let (path, input, out) = (folder.at("g.json"), folder.at("in.wav"), folder.at("out.wav"));
    write(&input, 48_000, &[&[1.0; 48_000]]);
    publish(&path, &graph(1, 0.5, 0.5));
    let watch = Watch::new(&["--tail", "60", "--graph", &path, &input, &out]);
    // Its first file is on its way, or there already.
    while !folder.names().iter().any(|name| name.contains("out.wav")) {
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(watch.interrupt()[1], "");
    let (made, told) = (Path::new(&out).exists(), acknowledged(Path::new(&path)));
    assert_eq!(made, told.is_ok_and(|ack| ack.playing));
    let rest: Vec<_> = folder.names().into_iter().filter(|n| !n.starts_with("out")).collect();
    let expected = ["g.json", "g.json.ack.json", "in.wav"];
    let expected: Vec<_> = expected.into_iter().filter(|n| made || !n.contains("ack")).collect();
    assert_eq!(rest, expected);
    if made {
        assert_eq!(samples(&out).len(), 61 * 48_000);
    }
}

#[test]
fn controls_are_set_at_every_revision() {
    let folder = Folder::new("live-controls");
    let (path, input, out) = (folder.at("g.json"), folder.at("in.wav"), folder.at("out.wav"));
    write(&input, 48_000, &[&[0.0; 400]]);
    let echo = |revision: u64, gain: f64| {
        let leaf = |kind: &str, key: &str, x: f64| json!({ "type": kind, "name": kind, "inputs": 1, "outputs": 1, key: [x] });
        json!({ "format": "kiln-fdn", "version": 1, "name": "n", "sample_rate": 48_000,
            "revision": revision, "root": { "type": "recursion", "name": "r", "inputs": 1,
                "outputs": 1, "forward": leaf("delay", "samples", 100.0),
                "backward": leaf("gain", "gains", gain) } })
        .to_string()
    };
    publish(&path, &echo(1, 0.5));
    let options = ["--tail", "0", "--rt60", "0.4", "--mix", "0"];
    let mut watch = Watch::new(&[&options[..], &["--graph", &path, &input, &out]].concat());
    let ack = watch.acknowledges(&path, |ack| proven(ack, 1));
    assert_eq!((ack.rt60, ack.verdict), (Some(0.4), Some(Verdict::CertifiedStable)));
    publish(&path, &echo(2, 1.0));
    let ack = watch.acknowledges(&path, |ack| proven(ack, 2));
    assert_eq!((ack.rt60, ack.verdict), (Some(0.4), Some(Verdict::MarginallyStable)));
    assert_eq!(watch.interrupt()[1], "");
}

#[test]
fn nothing_that_is_read_is_written() {
    let folder = Folder::new("live-refused");
    let (path, input, out) = (folder.at("g.json"), folder.at("in.wav"), folder.at("out.wav"));
    write(&input, 48_000, &[&[1.0]]);
    let ack = acknowledgement(Path::new(&path)).display().to_string();
    let folder_itself = folder.0.display().to_string();
    let missing = folder.at("missing.wav");
    for [input, output] in [
        [&input, &input],
        [&input, &path],
        [&input, &ack],
        [&ack, &out],
        [&input, &folder_itself],
        [&missing, &out],
    ] {
        let failed = kiln(&["reverb", "--watch", "--graph", &path, input, output]);
        assert_eq!(failed.status.code(), Some(1), "{input} {output}");
        assert!(stderr(&failed).starts_with("kiln: "), "{}", stderr(&failed));
    }
    assert_eq!(folder.names(), ["in.wav"]);
}
