use std::fs;
use std::path::{Path, PathBuf};

use crate::own::RESOURCE;
use crate::{Identity, trailer};

const LIBRARY: &[u8] = b"\x7fELF, and so on";

fn identity() -> Identity {
    Identity::new("My Hall", "Kiln", "1.0.0", "{\"a\":[1,2.5]}".into()).expect("an identity")
}

fn json() -> Vec<u8> {
    identity().to_json().expect("JSON").into_bytes()
}

/// A library with these bytes behind it.
fn library(folder: &tempfile::TempDir, behind: &[u8]) -> PathBuf {
    let path = folder.path().join("My Hall.clap");
    fs::write(&path, [LIBRARY, behind].concat()).expect("written");
    path
}

fn refusal(path: &Path) -> String {
    Identity::carried_by(path).expect_err("it is refused").to_string()
}

#[test]
fn a_single_file_carries_it_behind_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    for nothing in [&[][..], b"short", &[0; 56], &[0xff; 200]] {
        let path = library(&folder, nothing);
        assert_eq!(Identity::carried_by(&path).expect("no damage"), None);
    }
    let path = library(&folder, &trailer::around(&json()));
    assert_eq!(Identity::carried_by(&path).expect("no damage"), Some(identity()));
    assert_eq!(Identity::of_bundle(&path).expect("no damage"), Some(identity()));
    // With another's data behind, only the last count.
    let twice = [trailer::around(b"{}"), trailer::around(&json())].concat();
    assert_eq!(Identity::carried_by(&library(&folder, &twice)).expect("fine"), Some(identity()));
    let missing = folder.path().join("missing.clap");
    assert_eq!(refusal(&missing), format!("{}: expected a file, found none", missing.display()));
}

#[test]
fn a_library_in_a_folder_finds_it_in_the_resources() {
    let folder = tempfile::tempdir().expect("a folder");
    let bundle = folder.path().join("My Hall.vst3");
    let path = bundle.join("Contents/x86_64-linux/My Hall.so");
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    // What is behind such a library does not count: a signature of macOS covers it.
    fs::write(&path, [LIBRARY, &trailer::around(&json())].concat()).expect("written");
    assert_eq!(Identity::carried_by(&path).expect("no damage"), None);
    assert_eq!(Identity::of_bundle(&bundle).expect("no damage"), None);

    let data = bundle.join(RESOURCE);
    fs::create_dir_all(data.parent().expect("a folder")).expect("made");
    fs::write(&data, json()).expect("written");
    assert_eq!(Identity::carried_by(&path).expect("no damage"), Some(identity()));
    assert_eq!(Identity::of_bundle(&bundle).expect("no damage"), Some(identity()));
    for end in [0, 1, json().len() - 1] {
        fs::write(&data, &json()[..end]).expect("written");
        let words = refusal(&path);
        assert!(words.starts_with(&format!("{}: identity: expected", data.display())), "{words}");
    }
    fs::File::create(&data).and_then(|file| file.set_len(1 << 40)).expect("a sparse file");
    assert!(refusal(&path).contains("expected at most"), "{}", refusal(&path));
}

#[test]
fn damage_is_told_and_never_taken_for_an_identity() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = trailer::around(&json());
    // Each byte in turn: the payload, its length, its sum. Without the last sixteen it
    // is a library with nothing to it that we know.
    for i in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[i] ^= 0x10;
        let path = library(&folder, &damaged);
        if i < whole.len() - 16 {
            let words = refusal(&path);
            assert!(words.contains("behind the library"), "byte {i}: {words}");
        } else {
            assert_eq!(Identity::carried_by(&path).expect("no damage"), None, "byte {i}");
        }
    }
    // Cut anywhere from its beginning, with what ends it still there.
    for start in 1..whole.len() - 56 {
        let path = folder.path().join("My Hall.clap");
        fs::write(&path, &whole[start..]).expect("written");
        assert!(refusal(&path).contains("expected at most"), "cut at {start}");
    }
}

#[test]
fn a_length_is_not_believed() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = trailer::around(&json());
    let at = whole.len() - 56;
    for length in [u64::MAX, u64::MAX - 55, 1 << 63, 1 << 40, (whole.len() + LIBRARY.len()) as u64]
    {
        let mut hostile = whole.clone();
        hostile[at..at + 8].copy_from_slice(&length.to_le_bytes());
        let words = refusal(&library(&folder, &hostile));
        assert!(words.contains(&format!("found {length}")), "{words}");
    }
    // Nor in a file that has as much, before as much was read.
    let path = folder.path().join("huge.clap");
    let mut file = fs::File::create(&path).expect("a file");
    file.set_len(1 << 40).expect("a sparse file");
    std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0)).expect("its end");
    let mut end = whole[at..].to_vec();
    end[..8].copy_from_slice(&(1_u64 << 39).to_le_bytes());
    std::io::Write::write_all(&mut file, &end).expect("written");
    assert!(refusal(&path).contains("at most 134283264 bytes"), "{}", refusal(&path));
}

#[test]
fn random_data_are_no_identity() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..200 {
        let payload: Vec<u8> = (0..random.usize(0..300)).map(|_| random.u8(..)).collect();
        let words = refusal(&library(&folder, &trailer::around(&payload)));
        assert!(words.contains("identity: expected"), "{words}");
    }
}

#[test]
fn a_program_carries_nothing() {
    assert_eq!(Identity::own().expect("a program is known by its path"), None);
}
