//! Files as trainers, editors and accidents leave them. Time is told, not waited for.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::file::Stamp;
use crate::{
    Ack, Error, Event, Follower, Format, Verdict, acknowledge, acknowledged, acknowledgement,
    revision,
};

/// A folder that is gone after the test.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("kiln-live-{}-{test}", std::process::id()));
        let _none_yet = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _leaves_only_a_folder = fs::remove_dir_all(&self.0);
    }
}

/// The smallest format: one gain, which is to be at most 1.
#[derive(Debug, Deserialize)]
struct Gain {
    gain: f64,
    revision: Option<u64>,
}

#[derive(Debug)]
enum Wrong {
    Json(serde_json::Error),
    Loud(f64),
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Json(e) => write!(f, "not the JSON of a gain: {e}"),
            Self::Loud(found) => write!(f, "gain: expected at most 1, found {found}"),
        }
    }
}

impl std::error::Error for Wrong {}

impl Format for Gain {
    type Content = Self;
    type Error = Wrong;

    const MOST_BYTES: usize = 1 << 20;

    fn load(bytes: &[u8]) -> Result<Self, Wrong> {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let gain: Self = serde_json::from_slice(bytes).map_err(Wrong::Json)?;
        if gain.gain <= 1.0 { Ok(gain) } else { Err(Wrong::Loud(gain.gain)) }
    }

    fn is_unfinished(error: &Wrong) -> bool {
        matches!(error, Wrong::Json(_))
    }

    fn revision(content: &Self) -> Option<u64> {
        content.revision
    }
}

fn gain(revision: Option<u64>, gain: f64) -> String {
    let revision = revision.map_or(String::new(), |r| format!("\"revision\":{r},"));
    format!("{{\"name\":\"of a gain that is long enough\",{revision}\"gain\":{gain}}}")
}

/// Replaces `path` at once and whole.
fn publish(path: &Path, text: &str) {
    let beside = path.with_extension("tmp");
    fs::write(&beside, text).unwrap();
    fs::rename(&beside, path).unwrap();
}

/// A follower whose time passes when it is told to.
struct Clock {
    follower: Follower<Gain>,
    now: Instant,
}

impl Clock {
    fn new(path: &Path) -> Self {
        Self { follower: Follower::new(path), now: Instant::now() }
    }

    /// What is told in the next `ms` milliseconds, in short, polled every ten.
    fn pass(&mut self, ms: u64) -> Vec<String> {
        let polls = (0..=ms / 10).filter_map(|i| {
            let at = self.now + Duration::from_millis(10 * i);
            self.follower.poll_at(at).map(told)
        });
        let all = polls.collect();
        self.now += Duration::from_millis(ms);
        all
    }
}

fn told(event: Event<Gain>) -> String {
    let number = |r: Option<u64>| r.map_or("none".to_owned(), |r| r.to_string());
    match event {
        Event::Loaded { content, revision, bytes_hash } => {
            assert_eq!((content.revision, bytes_hash.len()), (revision, 64));
            format!("loaded {}", number(revision))
        }
        Event::Failed { error, revision, .. } => format!("failed {}: {error}", number(revision)),
    }
}

fn one_with(told: &[String], words: &[&str]) {
    let right = |told: &String| words.iter().all(|word| told.contains(word));
    assert!(told.len() == 1 && right(&told[0]), "{told:?}, not once {words:?}");
}

#[test]
fn what_is_replaced_is_loaded_once() {
    let folder = Folder::new("replaced");
    let path = folder.at("g.json");
    let mut clock = Clock::new(&path);
    for revision in 1..5 {
        publish(&path, &gain(Some(revision), 0.5));
        assert_eq!(clock.pass(4000), [format!("loaded {revision}")]);
    }
    for _ in 0..3 {
        publish(&path, &gain(Some(4), 0.5));
        assert_eq!(clock.pass(4000), [""; 0], "the same bytes in a new file");
        fs::write(&path, gain(Some(4), 0.5)).unwrap();
        assert_eq!(clock.pass(4000), [""; 0], "the same bytes in the same file");
    }
    publish(&path, &gain(Some(5), 0.5));
    publish(&path, &gain(Some(9), 0.5));
    assert_eq!(clock.pass(10), ["loaded 9"]);
}

#[test]
fn revisions_only_rise() {
    let folder = Folder::new("revisions");
    let path = folder.at("g.json");
    let mut clock = Clock::new(&path);
    let mut see = |text: &str| {
        publish(&path, text);
        clock.pass(4000)
    };
    assert_eq!(see(&gain(Some(5), 0.5)), ["loaded 5"]);
    let refused = "revision: expected one above 5, found";
    assert_eq!(see(&gain(Some(4), 0.5)), [format!("failed 4: {refused} 4")]);
    assert_eq!(see(&gain(Some(5), 0.6)), [format!("failed 5: {refused} 5")]);
    // What plays is no step back; that it is there again puts an end to the error.
    assert_eq!(see(&gain(Some(5), 0.5)), ["loaded 5"]);
    assert_eq!(see(&gain(None, 0.5)), ["loaded none"]);
    assert_eq!(see(&gain(None, 0.6)), ["loaded none"]);
    assert_eq!(see(&gain(Some(5), 0.5)), [format!("failed 5: {refused} 5")]);
    assert_eq!(see(&gain(Some(6), 0.5)), ["loaded 6"]);
    // A revision that failed was not accepted.
    one_with(&see(&gain(Some(20), 1e300)), &["failed 20: gain: expected at most 1, found 1"]);
    assert_eq!(see(&gain(Some(7), 0.5)), ["loaded 7"]);
}

#[test]
fn half_a_file_is_waited_for() {
    let folder = Folder::new("half");
    let path = folder.at("g.json");
    let mut clock = Clock::new(&path);
    let whole = gain(Some(1), 0.5);
    for end in (0..whole.len()).step_by(20) {
        fs::write(&path, &whole[..end]).unwrap();
        assert_eq!(clock.pass(100), [""; 0], "{end} bytes");
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(clock.pass(4000), ["loaded 1"]);
    // Of one that stays so, once.
    fs::write(&path, &whole[..40]).unwrap();
    assert_eq!(clock.pass(200), [""; 0]);
    one_with(&clock.pass(8000), &["failed none: not the JSON of a gain: EOF"]);
    fs::write(&path, &whole).unwrap();
    assert_eq!(clock.pass(4000), ["loaded 1"]);
    // Of one that never stops, some time.
    let mut events = Vec::new();
    for i in 0..50 {
        fs::write(&path, format!("{}{}", &whole[..40], "x".repeat(i))).unwrap();
        events.extend(clock.pass(100));
    }
    one_with(&events, &["failed none: not the JSON"]);
}

#[test]
fn what_vanishes_is_told_once() {
    let folder = Folder::new("vanished");
    let path = folder.at("g.json");
    let mut clock = Clock::new(&path);
    one_with(&clock.pass(9000), &["failed none: ", "g.json: expected a file, found none"]);
    publish(&path, &gain(Some(5), 0.5));
    assert_eq!(clock.pass(4000), ["loaded 5"]);
    // Some save by removing first.
    fs::remove_file(&path).unwrap();
    assert_eq!(clock.pass(100), [""; 0]);
    publish(&path, &gain(Some(5), 0.5));
    assert_eq!(clock.pass(4000), [""; 0]);
    fs::remove_file(&path).unwrap();
    one_with(&clock.pass(9000), &["failed none: ", "found none"]);
    publish(&path, &gain(Some(5), 0.5));
    assert_eq!(clock.pass(4000), ["loaded 5"]);
    // A trainer may begin anew.
    fs::remove_file(&path).unwrap();
    one_with(&clock.pass(1000), &["found none"]);
    publish(&path, &gain(Some(0), 0.5));
    assert_eq!(clock.pass(4000), ["loaded 0"]);
}

#[test]
fn no_file_is_too_strange() {
    let folder = Folder::new("strange");
    let path = folder.at("g.json");
    let mut clock = Clock::new(&path);
    // Sparse: it takes no room, and would take all memory.
    for bytes in [Gain::MOST_BYTES as u64 + 1, 1 << 40] {
        fs::File::create(&path).unwrap().set_len(bytes).unwrap();
        one_with(&clock.pass(4000), &["expected at most", &format!("found {bytes}")]);
    }
    for text in ["[".repeat(100_000), "\u{0}".repeat(4096), "{\"revision\":1e400}".into()] {
        publish(&path, &text);
        one_with(&clock.pass(4000), &["failed none: not the JSON of a gain"]);
    }
    publish(&path, "{\"revision\": 3}");
    one_with(&clock.pass(4000), &["failed 3: not the JSON of a gain: missing field"]);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    one_with(&clock.pass(4000), &["expected a file, found a folder"]);
    fs::remove_dir(&path).unwrap();
    publish(&path, &format!("\u{feff}{}", gain(Some(1), 0.5)));
    assert_eq!(clock.pass(4000), ["loaded 1"]);
}

/// Two writes of as many bytes within a tick of the file system's clock.
#[test]
fn what_metadata_do_not_tell_is_read_anyway() {
    let folder = Folder::new("tick");
    let path = folder.at("g.json");
    let mut clock = Clock::new(&path);
    for (revision, after) in [(1, 10), (2, 90), (3, 450), (4, 2400)] {
        publish(&path, &gain(Some(10 + 2 * revision), 0.5));
        clock.pass(0);
        clock.pass(after);
        fs::write(&path, gain(Some(11 + 2 * revision), 0.5)).unwrap();
        clock.follower.stamp = Some(Stamp::of(&path).unwrap());
        assert_eq!(clock.pass(3000), [format!("loaded {}", 11 + 2 * revision)], "{after} ms");
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new("links");
    let [path, first, second] = ["g.json", "first.json", "second.json"].map(|n| folder.at(n));
    publish(&first, &gain(Some(1), 0.5));
    publish(&second, &gain(Some(2), 0.5));
    symlink(&first, &path).unwrap();
    let mut clock = Clock::new(&path);
    assert_eq!(clock.pass(4000), ["loaded 1"]);
    symlink(&second, folder.at("next")).unwrap();
    fs::rename(folder.at("next"), &path).unwrap();
    assert_eq!(clock.pass(4000), ["loaded 2"]);
    publish(&second, &gain(Some(3), 0.5));
    assert_eq!(clock.pass(4000), ["loaded 3"]);
    fs::remove_file(&second).unwrap();
    one_with(&clock.pass(4000), &["g.json: expected a file, found none"]);
    acknowledge(&path, &Ack::<Verdict>::default()).unwrap();
    assert!(folder.at("g.json.ack.json").exists());
    // What never ends is no file.
    fs::remove_file(&path).unwrap();
    symlink("/dev/zero", &path).unwrap();
    one_with(&clock.pass(4000), &["found a folder or device"]);
}

/// With a trainer that is faster than its player.
#[test]
fn nothing_is_ever_half_read() {
    let folder = Folder::new("race");
    let path = folder.at("g.json");
    let last = 300;
    std::thread::scope(|scope| {
        scope.spawn(|| (1..=last).for_each(|r| publish(&path, &gain(Some(r), 0.5))));
        let mut follower = Follower::<Gain>::new(&path);
        let mut seen = 0;
        while seen < last {
            match follower.poll() {
                Some(Event::Loaded { revision: Some(r), .. }) if r > seen => seen = r,
                // A slow machine may take its time to publish the first.
                Some(Event::Failed { error: Error::File { .. }, .. }) if seen == 0 => {}
                None => std::thread::yield_now(),
                other => panic!("{other:?} after {seen}"),
            }
        }
    });
}

#[test]
fn acknowledgements_come_back() {
    let folder = Folder::new("ack");
    let path = folder.at("g.json");
    assert!(matches!(acknowledged::<Verdict>(&path), Err(Error::File { .. })));
    let played = Ack {
        revision: Some(1 << 53),
        hash: Some("ab".repeat(32)),
        verdict: Some(Verdict::Playing),
        playing: true,
        pid: 7,
        ..Ack::default()
    };
    let verdict = Some(Verdict::Refused);
    let failed = Ack { error: Some("root: \"no\"\n".into()), verdict, ..Ack::default() };
    for ack in [&played, &failed, &played] {
        acknowledge(&path, ack).unwrap();
        assert_eq!(&acknowledged(&path).unwrap(), ack);
    }
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(acknowledgement(&path)).unwrap()).unwrap();
    let expected = serde_json::json!({ "kiln-ack": 1, "revision": 1_u64 << 53,
        "hash": "ab".repeat(32), "verdict": "playing", "unstable_poles": null,
        "rt60": null, "error": null, "playing": true, "pid": 7 });
    assert_eq!(json, expected);
    assert_eq!(serde_json::to_value(verdict).unwrap(), "refused");
    // Players that share a file, in one process.
    std::thread::scope(|scope| {
        for pid in 0..4 {
            let (path, ack) = (&path, Ack { pid, ..played.clone() });
            scope.spawn(move || (0..50).for_each(|_| acknowledge(path, &ack).unwrap()));
        }
        (0..200).for_each(|_| assert!(acknowledged::<Verdict>(&path).unwrap().pid <= 7));
    });
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1, "something is left beside it");
    let refused = |json: &str| {
        fs::write(acknowledgement(&path), json).unwrap();
        acknowledged::<Verdict>(&path).unwrap_err().to_string()
    };
    let newer = refused("{\"kiln-ack\": 2, \"playing\": true, \"pid\": 1}");
    assert_eq!(newer, "kiln-ack: expected 1, found 2");
    let none = refused("{\"kiln-ack\": 1}");
    assert!(none.starts_with("not the JSON of an acknowledgement: missing field"), "{none}");
    let missing = folder.at("nowhere/g.json");
    assert!(matches!(acknowledge(&missing, &played), Err(Error::File { .. })));
}

#[test]
fn a_revision_is_read_from_any_object() {
    assert_eq!(revision(b"\xEF\xBB\xBF{\"revision\": 3, \"more\": []}"), Some(3));
    for none in ["{}", "{\"revision\": -1}", "{\"revision\": \"3\"}", "3", "{\"revision\": 3"] {
        assert_eq!(revision(none.as_bytes()), None, "{none}");
    }
    assert_eq!(crate::hash(b"abc")[..16], *"ba7816bf8f01cfea");
}
