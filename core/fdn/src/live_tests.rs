//! Graphs as trainers send them; how files come and go is tested where they are followed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::*;

/// A folder that is gone after the test.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("kiln-graphs-{}-{test}", std::process::id()));
        let _none_yet = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _leaves_only_a_folder = fs::remove_dir_all(&self.0);
    }
}

/// A graph of one gain.
fn graph(revision: Option<u64>, gain: f64) -> String {
    let revision = revision.map_or(String::new(), |r| format!("\"revision\":{r},"));
    format!(
        "{{\"format\":\"kiln-fdn\",\"version\":1,\"name\":\"n\",\"sample_rate\":48000,{revision}\
         \"root\":{{\"type\":\"gain\",\"name\":\"g\",\"inputs\":1,\"outputs\":1,\"gains\":[{gain}]}}}}"
    )
}

/// What becomes of `text` at `path`, in short; what may yet come right is waited for.
fn seen(follower: &mut Follower, path: &Path, text: &str) -> String {
    let beside = path.with_extension("tmp");
    fs::write(&beside, text).unwrap();
    fs::rename(&beside, path).unwrap();
    let began = Instant::now();
    let event = loop {
        match follower.poll() {
            Some(event) => break event,
            None => assert!(began.elapsed() < Duration::from_secs(60), "nothing of {text}"),
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    match event {
        Event::Loaded { content, revision, .. } => {
            assert_eq!(content.revision, revision);
            format!("loaded {revision:?}")
        }
        Event::Failed { error, revision, .. } => format!("failed {revision:?}: {error}"),
        _ => panic!("another event"),
    }
}

#[test]
fn graphs_carry_revisions_and_are_judged_by_their_loader() {
    let folder = Folder::new("judged");
    let path = folder.0.join("g.json");
    let mut follower = Follower::new(&path);
    let mut see = |text: &str| seen(&mut follower, &path, text);
    assert_eq!(see(&graph(Some(5), 0.5)), "loaded Some(5)");
    let refused = "failed Some(5): revision: expected one above 5, found 5";
    assert_eq!(see(&graph(Some(5), 0.6)), refused);
    assert_eq!(see(&graph(None, 0.5)), "loaded None");
    // A revision that failed was not accepted.
    let infinite = see(&graph(Some(20), 1e300));
    assert!(infinite.starts_with("failed Some(20): g: expected finite numbers"), "{infinite}");
    let slow = see(&graph(Some(7), 0.5).replace("48000", "4"));
    assert!(slow.starts_with("failed Some(7): ") && slow.contains("sample_rate: expected"));
    assert!(see("{\"revision\": 3}").starts_with("failed Some(3): expected a graph of ADAC"));
    let half = see(&graph(Some(8), 0.5)[..40]);
    assert!(half.starts_with("failed None: not the JSON of a graph: EOF"), "{half}");
    assert_eq!(see(&graph(Some(7), 0.5)), "loaded Some(7)");
}

#[test]
fn answers_tell_what_is_proven() {
    let folder = Folder::new("answers");
    let path = folder.0.join("g.json");
    assert!(matches!(acknowledged(&path), Err(Error::File { .. })));
    let played = Ack {
        revision: Some(1 << 53),
        hash: Some("ab".repeat(32)),
        verdict: Some(Verdict::CertifiedStable),
        unstable_poles: Some(0),
        rt60: Some(0.1 + 0.2),
        error: None,
        playing: true,
        pid: 7,
    };
    acknowledge(&path, &played).unwrap();
    assert_eq!(acknowledged(&path).unwrap(), played);
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(acknowledgement(&path)).unwrap()).unwrap();
    let expected = serde_json::json!({ "kiln-ack": 1, "revision": 1_u64 << 53,
        "hash": "ab".repeat(32), "verdict": "certified-stable", "unstable_poles": 0,
        "rt60": 0.1 + 0.2, "error": null, "playing": true, "pid": 7 });
    assert_eq!(json, expected);
}
