//! The library: found in the background, remembered, searched and marked.

mod host;

use std::path::Path;
use std::time::{Duration, Instant};

use kiln_amp::disk::Folders;
use kiln_amp::library::{Catalogue, Library, Order, Query};

/// Waits for a scan to end.
fn done(library: &Library) -> Catalogue {
    let began = Instant::now();
    loop {
        let catalogue = library.catalogue();
        if !catalogue.scanning {
            return (*catalogue).clone();
        }
        assert!(began.elapsed() < Duration::from_secs(60), "it does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn scanned(library: &Library, folder: &Path) -> Catalogue {
    library.scan(folder.to_owned());
    done(library)
}

fn names(catalogue: &Catalogue, query: &Query) -> Vec<String> {
    query.find(catalogue).iter().map(|entry| entry.name.clone()).collect()
}

fn words(words: &str) -> Query {
    Query { words: words.into(), ..Query::default() }
}

/// A silent sound file.
fn wav() -> Vec<u8> {
    let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0".to_vec();
    bytes.extend([1, 0, 1, 0, 0x80, 0xbb, 0, 0, 0, 0, 0, 0, 2, 0, 16, 0]);
    bytes.extend(b"data\xc0\x5d\0\0");
    bytes.extend([0; 24_000]);
    bytes
}

/// Small networks are JSON, as is much else that lies about.
#[test]
fn pedals_are_found_among_other_files_of_their_ending() {
    let root = host::scratch("library_pedals");
    let folder = root.join("tree");
    std::fs::create_dir_all(&folder).expect("a folder");
    let pedal = include_str!("../../../tests/data/drive/kiln_branches.json");
    host::write(&folder, "pedal.json", pedal);
    host::write(&folder, "package.json", r#"{"name": "something else"}"#);
    host::write(&folder, "broken.aidax", "{}");
    let catalogue = scanned(&Library::new(Folders::under(&root)), &folder);
    let mut found: Vec<(String, bool)> = Query { models: true, ..Query::default() }
        .find(&catalogue)
        .iter()
        .map(|entry| {
            (
                entry.path.file_name().expect("a name").to_string_lossy().into_owned(),
                entry.error.is_none(),
            )
        })
        .collect();
    found.sort();
    assert_eq!(found, [("broken.aidax".into(), false), ("pedal.json".into(), true)]);
    assert!(Query { models: false, ..Query::default() }.find(&catalogue).is_empty());
}

#[test]
fn five_hundred_files_are_found_without_waiting_for_them() {
    let root = host::scratch("library_500");
    for i in 0..500 {
        let folder = root.join("tree").join(format!("{}", i % 20));
        std::fs::create_dir_all(&folder).expect("a folder");
        host::write(&folder, &format!("amp {i}.nam"), &host::wavenet(&format!("Amp {i}"), 0.5));
    }
    let library = Library::new(Folders::under(&root));
    let began = Instant::now();
    library.scan(root.join("tree"));
    assert!(library.catalogue().scanning);
    assert!(began.elapsed() < Duration::from_millis(100), "{:?}", began.elapsed());
    let catalogue = done(&library);
    assert_eq!((catalogue.found, catalogue.read, catalogue.entries.len()), (500, 500, 500));
    assert_eq!((catalogue.entries[2].name.as_str(), &catalogue.error), ("amp 2", &None));
    assert!(catalogue.entries.iter().all(|entry| entry.cost.is_some_and(|cost| cost > 0.0)));

    drop(library);
    assert!(root.join("cache").join("library.json").is_file());
    let library = Library::new(Folders::under(&root));
    assert_eq!(library.catalogue().folder, root.join("tree"), "the last folder");
    library.ensure();
    let again = done(&library);
    assert_eq!(again.entries, catalogue.entries, "from the cache");

    library.scan(root.join("tree"));
    library.scan(root.join("tree").join("7"));
    let one = done(&library);
    assert_eq!((one.entries.len(), one.entries[0].folder.as_str()), (25, ""));
}

#[test]
fn every_text_is_searched_and_facts_are_told() {
    let root = host::scratch("library_search");
    let tree = root.join("tree");
    std::fs::create_dir_all(tree.join("Boutique")).expect("a folder");
    host::write(&tree, "a.nam", &host::wavenet("Bright one", 0.5));
    host::write(&tree.join("Boutique"), "b.nam", &host::container("Slim"));
    host::write(&tree, "broken.nam", "{");
    host::write(&tree, "slow.nam", &host::wavenet("Slow", 0.5).replace("48000", "4000"));
    std::fs::write(tree.join("4x12.wav"), wav()).expect("to write");
    std::fs::write(tree.join("cut.wav"), &wav()[..30]).expect("to write");
    let library = Library::new(Folders::under(&root));
    let catalogue = scanned(&library, &tree);

    assert_eq!(names(&catalogue, &words("")), ["a", "b", "broken", "slow"]);
    assert_eq!(names(&catalogue, &words("bright EMBER crunch kiln")), ["a"]);
    assert_eq!(names(&catalogue, &words("boutique")), ["b"]);
    assert_eq!(names(&catalogue, &words("wavenet")), ["a"]);
    assert_eq!(names(&catalogue, &words("ember jazz")), [""; 0]);
    assert_eq!(names(&catalogue, &Query { playable: true, ..words("") }), ["a", "b"]);
    let cabinets = Query { models: false, ..words("") };
    assert_eq!(names(&catalogue, &cabinets), ["4x12", "cut"]);
    let tone = |tone: &str| Query { tone: Some(tone.into()), ..words("") };
    assert_eq!(names(&catalogue, &tone("Crunch")), ["a"]);
    assert_eq!(names(&catalogue, &tone("clean")), [""; 0]);
    assert_eq!(names(&catalogue, &Query { calibrated: true, ..words("") }), [""; 0]);
    assert_eq!(names(&catalogue, &Query { order: Order::Cost, ..words("") }).len(), 4);

    let entry = |name: &str| catalogue.entries.iter().find(|e| e.name == name).expect(name);
    let facts = entry("a").model().expect("a model");
    assert_eq!((facts.gear.as_deref(), facts.sizes), (Some("Acme Ember 50"), 1));
    assert_eq!((facts.author.as_deref(), facts.sample_rate), (Some("Kiln"), Some(48_000.0)));
    assert_eq!(entry("b").model().expect("a model").sizes, 2);
    assert!(entry("a").load(48_000.0).is_some_and(|load| load > 0.0 && load < 1.0));
    assert!(entry("broken").error.as_ref().is_some_and(|e| e.contains("not a model file")));
    let shape = entry("4x12").cabinet().expect("a sound");
    assert_eq!((shape.seconds(), shape.channels, shape.sample_rate), (0.25, 1, 48_000));
    assert!(entry("cut").error.is_some() && entry("cut").cabinet().is_none());
}

#[test]
fn what_changed_is_read_anew() {
    let root = host::scratch("library_changes");
    let tree = root.join("tree");
    std::fs::create_dir_all(&tree).expect("a folder");
    host::write(&tree, "a.nam", "{");
    host::write(&tree, "gone.nam", &host::wavenet("Gone", 0.5));
    let library = Library::new(Folders::under(&root));
    assert!(scanned(&library, &tree).entries[0].error.is_some());
    host::write(&tree, "a.nam", &host::wavenet("Mended", 0.5));
    std::fs::remove_file(tree.join("gone.nam")).expect("to remove it");
    library.rescan();
    let catalogue = done(&library);
    assert_eq!((catalogue.entries.len(), &catalogue.entries[0].error), (1, &None));

    std::fs::write(root.join("cache").join("library.json"), "[".repeat(1000)).expect("to write");
    let library = Library::new(Folders::under(&root));
    assert_eq!(scanned(&library, &tree).entries.len(), 1, "a damaged cache is no harm");
    let missing = scanned(&library, &root.join("nowhere"));
    assert!(missing.error.is_some_and(|error| error.contains("cannot be read")));
    assert!(missing.entries.is_empty());
}

#[test]
fn favourites_last() {
    let root = host::scratch("library_favourites");
    let tree = root.join("tree");
    std::fs::create_dir_all(&tree).expect("a folder");
    let path = host::write(&tree, "a.nam", &host::wavenet("A", 0.5));
    host::write(&tree, "b.nam", &host::wavenet("B", 0.5));
    let library = Library::new(Folders::under(&root));
    scanned(&library, &tree);
    library.set_favourite(&path, true);
    let query = Query { favourites: true, ..words("") };
    assert_eq!(names(&library.catalogue(), &query), ["a"]);
    drop(library);

    let later = Library::new(Folders::under(&root));
    later.ensure();
    assert_eq!(names(&done(&later), &query), ["a"]);
    later.set_favourite(&path, false);
    assert_eq!(names(&later.catalogue(), &query), [""; 0]);
}

#[test]
#[cfg(unix)]
fn a_path_that_is_not_unicode_loses_nothing_but_itself() {
    use std::os::unix::ffi::OsStrExt;
    let root = host::scratch("library_not_unicode");
    let tree = root.join("tree");
    std::fs::create_dir_all(&tree).expect("a folder");
    let good = host::write(&tree, "a.nam", &host::wavenet("A", 0.5));
    let bad = tree.join(std::ffi::OsStr::from_bytes(b"\xff.nam"));
    std::fs::copy(&good, &bad).expect("a file system that takes any name");
    let library = Library::new(Folders::under(&root));
    assert_eq!(scanned(&library, &tree).entries.len(), 2);
    library.set_favourite(&bad, true);
    library.set_favourite(&good, true);
    drop(library);

    let kept = std::fs::read_to_string(root.join("cache").join("library.json"));
    assert!(kept.expect("a cache").contains("a.nam"));
    let later = Library::new(Folders::under(&root));
    assert!(later.catalogue().is_favourite(&good));
    assert!(!later.catalogue().is_favourite(&bad));
}

#[test]
#[cfg(unix)]
fn links_do_not_lead_in_circles_and_depth_is_bounded() {
    let root = host::scratch("library_links");
    let tree = root.join("tree");
    std::fs::create_dir_all(tree.join("a").join("b")).expect("a folder");
    host::write(&tree.join("a"), "m.nam", &host::wavenet("M", 0.5));
    std::os::unix::fs::symlink(&tree, tree.join("a").join("b").join("up")).expect("a link");
    std::os::unix::fs::symlink(tree.join("a"), tree.join("z")).expect("a link");
    let mut deep = tree.clone();
    for i in 0..40 {
        deep.push(i.to_string());
    }
    std::fs::create_dir_all(&deep).expect("folders");
    host::write(&deep, "deep.nam", &host::wavenet("Deep", 0.5));
    let library = Library::new(Folders::under(&root));
    assert_eq!(scanned(&library, &tree).entries.len(), 1);
}

#[test]
fn the_last_handle_ends_the_thread_in_the_midst_of_a_scan() {
    let root = host::scratch("library_drop");
    let tree = root.join("tree");
    std::fs::create_dir_all(&tree).expect("a folder");
    for i in 0..200 {
        host::write(&tree, &format!("{i}.nam"), &host::wavenet("M", 0.5));
    }
    let library = Library::new(Folders::under(&root));
    library.scan(tree);
    let other = library.clone();
    drop(library);
    assert!(other.catalogue().folder.ends_with("tree"));
    let began = Instant::now();
    drop(other);
    assert!(began.elapsed() < Duration::from_secs(2));
}
