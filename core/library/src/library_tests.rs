//! Lists and whom to believe, and what is installed without a network.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use tempfile::TempDir;

use crate::{BuiltIn, Error, Got, Key, Library, Patience, Published, Transfer, Trust};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("data").join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(data(name)).expect(name)
}

/// A manifest of the test data, with a signature of the test data.
fn signed(manifest: &str, signature: &str) -> Published {
    Published {
        manifest: fs::read(data(manifest)).expect(manifest),
        signature: Some(text(signature)),
        origin: manifest.to_owned(),
    }
}

fn key(name: &str) -> Trust {
    Trust::Key(Key::parse(&text(name)).expect(name))
}

fn open(folder: &TempDir) -> Library {
    Library::open(folder.path(), None).expect("a library")
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Fails with a signature that is not as expected.
#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(error @ Error::Signature { .. }) => error.to_string(),
        other => panic!("expected a refusal, found {other:?}"),
    }
}

#[test]
fn a_signed_list_is_added_and_its_key_pinned() {
    let folder = folder();
    let mut library = open(&folder);
    let first = signed("oak-1.json", "oak-1.json.minisig");
    let added = library.add(&first, &key("oak.pub")).expect("added");
    assert_eq!((added.name.as_str(), added.revision, added.models), ("oak", 1, 1));
    // Another process finds it, and the pinned key is enough for the next revision.
    let mut library = open(&folder);
    assert_eq!(library.entry("oak-lead").expect("listed").1.name, "Oak Lead");
    let second = signed("oak-2.json", "oak-2.json.minisig");
    assert_eq!(library.add(&second, &Trust::Pinned).expect("added").revision, 2);
    assert_eq!(library.entry("oak-lead").expect("listed").1.name, "Oak Lead II");
    assert_eq!(library.lists().len(), 1);
    // Nothing of the first stays.
    assert_eq!(fs::read_dir(folder.path().join("manifests")).expect("copies").count(), 2);
    // The same again is no change, an older one is refused.
    library.add(&second, &Trust::Pinned).expect("the same");
    let error = library.add(&first, &key("oak.pub")).expect_err("old").to_string();
    assert_eq!(error, "revision: expected oak's to be above 2, found 1");
    assert_eq!(library.entry("oak-lead").expect("listed").1.name, "Oak Lead II");
    assert!(open(&folder).problems().is_empty());
}

#[test]
fn signatures_of_the_program_itself_are_read() {
    let mut library = open(&folder());
    let published = signed("oak-1.json", "oak-1.program.minisig");
    library.add(&published, &key("program.pub")).expect("added");
}

#[test]
fn what_nobody_vouches_for_is_refused() {
    let folder = folder();
    let mut library = open(&folder);
    let good = signed("oak-1.json", "oak-1.json.minisig");
    // By another key, of another file, of the old kind, not at all.
    let by_other = signed("oak-1.json", "oak-1.other.minisig");
    assert!(refused(library.add(&by_other, &key("oak.pub"))).contains("another key"));
    assert!(refused(library.add(&good, &key("other.pub"))).contains("another key"));
    let of_other = signed("oak-2.json", "oak-1.json.minisig");
    assert!(refused(library.add(&of_other, &key("oak.pub"))).contains("does not fit"));
    let old = signed("oak-1.json", "oak-1.old.minisig");
    assert!(refused(library.add(&old, &key("oak.pub"))).contains("old kind"));
    let bare = Published { signature: None, ..good.clone() };
    refused(library.add(&bare, &key("oak.pub")));
    refused(library.add(&good, &Trust::Pinned));
    // The signature, the comment that it vouches for, and the signature of both.
    for (part, other) in
        [("RUQHBwcHBwcHB1", "RUQHBwcHBwcHB2"), ("17000", "18000"), ("UBwV9", "UBwV8")]
    {
        let right = text("oak-1.json.minisig");
        assert_eq!(right.matches(part).count(), 1);
        let bad = Published { signature: Some(right.replace(part, other)), ..good.clone() };
        assert!(refused(library.add(&bad, &key("oak.pub"))).contains("does not fit"));
    }
    // Less than the padding may be missing.
    for length in (0..text("oak-1.json.minisig").len() - 3).step_by(3) {
        let cut = text("oak-1.json.minisig")[..length].to_owned();
        let bad = Published { signature: Some(cut), ..good.clone() };
        refused(library.add(&bad, &key("oak.pub")));
    }
    // Tampered with anywhere.
    for at in (0..good.manifest.len()).step_by(23) {
        let mut bad = good.clone();
        bad.manifest[at] ^= 1;
        refused(library.add(&bad, &key("oak.pub")));
    }
    assert!(library.lists().is_empty());
    assert!(!folder.path().join("library.json").exists());
    assert!(!folder.path().join("manifests").exists());
}

#[test]
fn trust_is_never_lowered_on_the_way() {
    let folder = folder();
    let mut library = open(&folder);
    let first = signed("oak-1.json", "oak-1.json.minisig");
    let second = signed("oak-2.json", "oak-2.json.minisig");
    library.add(&first, &Trust::Unsigned).expect("on the user's word");
    refused(library.add(&second, &Trust::Pinned));
    library.add(&first, &key("oak.pub")).expect("signed from now on");
    refused(library.add(&second, &Trust::Unsigned));
    let by_program = signed("oak-1.json", "oak-1.program.minisig");
    refused(library.add(&by_program, &key("program.pub")));
    // Whoever wants another key forgets the list first.
    library.forget("oak").expect("forgotten");
    assert!(library.lists().is_empty() && library.forget("oak").is_err());
    library.add(&by_program, &key("program.pub")).expect("added");
}

#[test]
fn keys_are_read_or_refused() {
    let two_lines = Key::parse(&text("oak.pub")).expect("a file");
    assert_eq!(Key::parse(two_lines.as_str()).expect("a line").as_str(), two_lines.as_str());
    for bad in ["", "RWQ", "not base64!", &"A".repeat(56), &"A".repeat(10_000), "é", "\n\n"] {
        refused(Key::parse(bad));
    }
    for length in 0..two_lines.as_str().len() {
        refused(Key::parse(&two_lines.as_str()[..length]));
    }
}

#[test]
fn a_list_changed_behind_our_back_is_left_out() {
    let folder = folder();
    let mut library = open(&folder);
    let first = signed("oak-1.json", "oak-1.json.minisig");
    library.add(&first, &key("oak.pub")).expect("added");
    for entry in fs::read_dir(folder.path().join("manifests")).expect("copies").flatten() {
        if entry.path().extension().is_some_and(|e| e == "json") {
            let text = fs::read_to_string(entry.path()).expect("text");
            fs::write(entry.path(), text.replace("example.org", "example.com")).expect("written");
        }
    }
    let mut library = open(&folder);
    assert!(library.lists().is_empty() && library.entry("oak-lead").is_err());
    assert!(matches!(library.problems(), [(name, Error::Hash { .. })] if name == "oak"));
    // It can be repaired, and its revision is still known.
    library.add(&first, &Trust::Pinned).expect("added again");
    assert!(library.problems().is_empty() && library.entry("oak-lead").is_ok());
}

#[test]
fn lists_do_not_take_names_of_others() {
    let folder = folder();
    let mut library = Library::open(folder.path(), Some(BUILT_IN)).expect("a library");
    let with = |name: &str, id: &str| Published {
        manifest: text("oak-1.json")
            .replace("\"oak\"", &format!("{name:?}"))
            .replace("\"oak-lead\"", &format!("{id:?}"))
            .into_bytes(),
        signature: None,
        origin: "here".to_owned(),
    };
    assert!(library.add(&with("own", "a"), &Trust::Unsigned).is_err(), "the name of what is ours");
    assert!(library.add(&with("oak", "own-clean"), &Trust::Unsigned).is_err(), "an id of ours");
    library.add(&with("oak", "a"), &Trust::Unsigned).expect("added");
    assert!(library.add(&with("elm", "a"), &Trust::Unsigned).is_err(), "an id of another");
    library.add(&with("elm", "b"), &Trust::Unsigned).expect("added");
    assert_eq!(library.lists().len(), 3);
}

/// `own-clean` is right, `own-wrong` has other bytes than the manifest says.
const BUILT_IN: BuiltIn = BuiltIn {
    manifest: br#"{ "version": 1, "name": "own", "revision": 1, "models": [
        { "id": "own-clean", "name": "Clean", "kind": "amp", "file": "clean.nam", "url": "builtin",
          "sha256": "df877645404747cb797334b8055b51fc081856d44f5f59a4107f3cdd495c7a0e", "bytes": 3,
          "licence": "MIT", "attribution": "", "source": "", "training_data": "",
          "accept_required": true },
        { "id": "own-wrong", "name": "Wrong", "kind": "amp", "file": "wrong.nam", "url": "builtin",
          "sha256": "df877645404747cb797334b8055b51fc081856d44f5f59a4107f3cdd495c7a0e", "bytes": 3,
          "licence": "MIT", "attribution": "", "source": "", "training_data": "",
          "accept_required": false }] }"#,
    file: |id| match id {
        "own-clean" => Some(b"oak"),
        "own-wrong" => Some(b"elm"),
        _ => None,
    },
};

fn get(library: &Library, id: &str, accepted: bool) -> Result<Got, Error> {
    let cancel = AtomicBool::new(false);
    let patience = Patience::default();
    let mut transfer = Transfer { patience, cancel: &cancel, progress: &mut |_, _| {} };
    library.get(id, accepted, &mut transfer)
}

#[test]
fn what_is_built_in_is_written_out_once_its_licence_is_accepted() {
    let (folder, never) = (folder(), AtomicBool::new(false));
    let library = Library::open(folder.path(), Some(BUILT_IN)).expect("a library");
    let entry = library.entry("own-clean").expect("listed").1.clone();
    assert!(library.must_accept(&entry).expect("known"));
    assert!(matches!(get(&library, "own-clean", false), Err(Error::NotAccepted { .. })));
    assert!(!folder.path().join("models").exists());
    let path = folder.path().join("models").join("own-clean").join("clean.nam");
    let got = get(&library, "own-clean", true).expect("installed");
    assert_eq!(got, Got::Installed(path.clone()));
    assert_eq!(fs::read(&path).expect("a file"), b"oak");
    // Accepted once, it may be had again.
    assert!(!library.must_accept(&entry).expect("known"));
    assert_eq!(get(&library, "own-clean", false).expect("there"), Got::There(path.clone()));
    let (id, model) = library.installed().expect("an index").remove(0);
    assert_eq!(
        (id.as_str(), model.licence.as_str(), model.list.as_str()),
        ("own-clean", "MIT", "own")
    );
    assert!(model.accepted.is_some_and(|when| when >= 1_700_000_000));
    assert_eq!(library.read_model("own-clean", 10).expect("bytes").0, b"oak");
    assert!(library.read_model("own-clean", 2).is_err(), "larger than wanted");

    for changed in [&b"elm"[..], b"oaks", b""] {
        fs::write(&path, changed).expect("written");
        assert!(library.verify("own-clean", &never).is_err());
        assert!(library.read_model("own-clean", 10).is_err());
        assert!(matches!(get(&library, "own-clean", false), Ok(Got::Installed(_))), "repaired");
        library.verify("own-clean", &never).expect("right again");
    }
    library.remove("own-clean").expect("removed");
    assert!(!path.exists() && !folder.path().join("models").join("own-clean").exists());
    assert!(matches!(library.remove("own-clean"), Err(Error::NotInstalled { .. })));
    assert!(matches!(library.remove("nothing"), Err(Error::Unknown { .. })));
    assert!(matches!(library.verify("own-clean", &never), Err(Error::NotInstalled { .. })));
    assert!(matches!(library.read_model("nothing", 1), Err(Error::Unknown { .. })));
}

#[test]
fn what_is_built_in_is_checked_as_well() {
    let folder = folder();
    let library = Library::open(folder.path(), Some(BUILT_IN)).expect("a library");
    assert!(matches!(get(&library, "own-wrong", true), Err(Error::Hash { .. })));
    assert!(!folder.path().join("models").exists());
}

#[test]
fn looking_writes_nothing() {
    let folder = folder();
    let library = Library::open(&folder.path().join("none"), Some(BUILT_IN)).expect("a library");
    assert!(library.installed().expect("an index").is_empty());
    assert!(library.verify("own-clean", &AtomicBool::new(false)).is_err());
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn an_index_that_is_not_ours_is_refused_and_kept() {
    for bad in [
        "",
        "{",
        r#"{ "version": 2, "lists": {}, "installed": {} }"#,
        r#"{ "version": 1, "lists": {}, "installed": {}, "more": 1 }"#,
        r#"{ "version": 1, "lists": { "../a": { "sha256": "a", "revision": 1, "key": null,
             "origin": "" } }, "installed": {} }"#,
        r#"{ "version": 1, "lists": {}, "installed": { "a": { "file": "../../b", "sha256": "",
             "bytes": 18446744073709551615, "licence": "", "attribution": "", "list": "",
             "accepted": null, "installed": 0 } } }"#,
    ] {
        let folder = folder();
        let path = folder.path().join("library.json");
        fs::write(&path, bad).expect("written");
        let error = Library::open(folder.path(), None).expect_err("refused").to_string();
        assert!(error.contains("library.json: expected"), "{error}");
        assert_eq!(fs::read_to_string(&path).expect("kept"), bad);
    }
}
