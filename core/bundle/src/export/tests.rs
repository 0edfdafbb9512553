use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::{Bundles, export, replaceable};
use crate::own::RESOURCE;
use crate::{Error, Identity};

const PLIST: &str = r#"<?xml version="1.0" encoding="UTF-8"?>

<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist>
  <dict>
    <key>CFBundleExecutable</key>
    <string>Kiln Reverb</string>
    <key>CFBundleIdentifier</key>
    <string>com.nice-plug.kiln-reverb</string>
    <key>CFBundleName</key>
    <string>Kiln Reverb</string>
    <key>CFBundlePackageType</key>
    <string>BNDL</string>
    <key>NSHighResolutionCapable</key>
    <true/>
  </dict>
</plist>
"#;

fn put(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(path, content).expect("written");
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Everything below a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let files = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter();
    let files = files.map(|entry| entry.expect("an entry")).filter(|e| !e.file_type().is_dir());
    let inside = |e: walkdir::DirEntry| {
        let inside = e.path().strip_prefix(folder).expect("inside").to_owned();
        inside.to_str().expect("text").replace('\\', "/")
    };
    files.map(inside).collect()
}

/// Kiln Reverb as it is built for Linux, in a folder of its own.
fn linux() -> (TempDir, Bundles) {
    let folder = tempfile::tempdir().expect("a folder");
    let clap = folder.path().join("Kiln Reverb.clap");
    let vst3 = folder.path().join("Kiln Reverb.vst3");
    put(&clap, "a library");
    put(&vst3.join("Contents/x86_64-linux/Kiln Reverb.so"), "a library");
    (folder, Bundles { clap, vst3 })
}

fn identity(name: &str) -> Identity {
    Identity::new(name, "Ann & Bob", "1.2.3", "{\"name\":\"g\"}".into()).expect("an identity")
}

fn refusal<T: std::fmt::Debug>(found: Result<T, Error>) -> String {
    found.expect_err("it is refused").to_string()
}

#[test]
fn linux_bundles_carry_what_they_were_given() {
    let (folder, source) = linux();
    let before = names(folder.path());
    let out = folder.path().join("made/for/it");
    let hall = identity("My Hall");
    let written = export(&source, &hall, &out).expect("exported");
    let paths: Vec<_> = written.iter().map(|e| e.path.clone()).collect();
    assert_eq!(paths, [out.join("My Hall.clap"), out.join("My Hall.vst3")]);
    assert!(written.iter().all(|e| e.note.is_none()), "{written:?}");
    assert_eq!(
        names(&out),
        [
            "My Hall.clap",
            "My Hall.vst3/Contents/Resources/kiln-reverb.json",
            "My Hall.vst3/Contents/x86_64-linux/My Hall.so"
        ]
    );
    let library = out.join("My Hall.vst3/Contents/x86_64-linux/My Hall.so");
    for path in [&out.join("My Hall.clap"), &library] {
        assert_eq!(Identity::carried_by(path).expect("no damage"), Some(hall.clone()));
    }
    assert_eq!(read(&library), "a library");
    // The library comes first, as it was.
    let clap = fs::read(out.join("My Hall.clap")).expect("a file");
    assert!(clap.starts_with(b"a library"));
    // What was copied is as it was.
    assert_eq!(read(&source.clap), "a library");
    fs::remove_dir_all(folder.path().join("made")).expect("removed");
    assert_eq!(names(folder.path()), before);
}

#[test]
fn windows_bundles_are_made_anywhere() {
    let (folder, mut source) = linux();
    source.vst3 = folder.path().join("for windows/Kiln Reverb.vst3");
    put(&source.vst3.join("Contents/x86_64-win/Kiln Reverb.vst3"), "x64");
    put(&source.vst3.join("Contents/arm_64-win/Kiln Reverb.vst3"), "arm");
    put(&source.vst3.join("desktop.ini"), "[.ShellClassInfo]\r\nInfoTip=Kiln Reverb\r\n");
    put(&source.vst3.join("Plugin.ico"), "Kiln Reverb");
    let out = folder.path().join("out");
    export(&source, &identity("My Hall"), &out).expect("exported");
    let bundle = out.join("My Hall.vst3");
    assert_eq!(
        names(&bundle),
        [
            "Contents/Resources/kiln-reverb.json",
            "Contents/arm_64-win/My Hall.vst3",
            "Contents/x86_64-win/My Hall.vst3",
            "Plugin.ico",
            "desktop.ini"
        ]
    );
    assert_eq!(read(&bundle.join("desktop.ini")), "[.ShellClassInfo]\r\nInfoTip=My Hall\r\n");
    assert_eq!(read(&bundle.join("Plugin.ico")), "Kiln Reverb");
    let library = bundle.join("Contents/arm_64-win/My Hall.vst3");
    assert_eq!(Identity::carried_by(&library).expect("fine"), Some(identity("My Hall")));
}

#[test]
fn macos_bundles_are_made_anywhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let [clap, vst3] = ["clap", "vst3"].map(|kind| {
        let bundle = folder.path().join(format!("Kiln Reverb.{kind}"));
        put(&bundle.join("Contents/MacOS/Kiln Reverb"), "a library");
        put(&bundle.join("Contents/Info.plist"), PLIST);
        put(&bundle.join("Contents/PkgInfo"), "BNDL????");
        put(&bundle.join("Contents/_CodeSignature/CodeResources"), "signed");
        put(&bundle.join("Contents/Resources/moduleinfo.json"), "{\"Name\":\"Kiln Reverb\"}");
        bundle
    });
    let out = folder.path().join("out");
    let hall = identity("My & Hall");
    let hall = hall.with_clap_id("org.ann_bob.hall").expect("an id");
    let written = export(&Bundles { clap, vst3 }, &hall, &out).expect("exported");
    for (kind, exported) in ["clap", "vst3"].into_iter().zip(&written) {
        let bundle = out.join(format!("My & Hall.{kind}"));
        assert_eq!(exported.path, bundle);
        let executable = "Contents/MacOS/My & Hall";
        let mut found = names(&bundle);
        // Signing adds to it.
        found.retain(|name| !name.starts_with("Contents/_CodeSignature"));
        let expected = ["Contents/Info.plist", executable, "Contents/PkgInfo", RESOURCE];
        assert_eq!(found, expected);
        assert!(!bundle.join("Contents/_CodeSignature").exists() || cfg!(target_os = "macos"));
        assert_eq!(read(&bundle.join("Contents/PkgInfo")), "BNDL????");
        let list = plist::Value::from_file(bundle.join("Contents/Info.plist")).expect("a list");
        let list = list.as_dictionary().expect("a dictionary");
        for (key, value) in [
            ("CFBundleExecutable", "My & Hall"),
            ("CFBundleName", "My & Hall"),
            ("CFBundleDisplayName", "My & Hall"),
            ("CFBundleIdentifier", &format!("org.ann-bob.hall.{kind}")),
            ("CFBundleVersion", "1.2.3"),
            ("CFBundleShortVersionString", "1.2.3"),
            ("CFBundlePackageType", "BNDL"),
        ] {
            assert_eq!(list.get(key).and_then(plist::Value::as_string), Some(value), "{key}");
        }
        assert_eq!(list.get("NSHighResolutionCapable").and_then(|v| v.as_boolean()), Some(true));
        let carried = Identity::carried_by(&bundle.join(executable)).expect("no damage");
        assert_eq!(carried.as_ref(), Some(&hall));
        if !cfg!(target_os = "macos") {
            let note = exported.note.as_deref().expect("a word on its signature");
            assert!(note.contains("codesign") && note.contains(&format!("{kind}\"")), "{note}");
        }
    }
}

#[test]
fn an_earlier_export_is_replaced_and_nothing_else() {
    let (folder, source) = linux();
    let out = folder.path().join("out");
    let again = |identity: &Identity| export(&source, identity, &out);
    again(&identity("My Hall")).expect("exported");
    put(&out.join("My Hall.vst3/Contents/left over"), "from before");
    let newer = Identity::new("My Hall", "Ann", "2", "[]".into()).expect("an identity");
    again(&newer).expect("replaced");
    for kind in ["clap", "vst3"] {
        let bundle = out.join(format!("My Hall.{kind}"));
        assert_eq!(Identity::of_bundle(&bundle).expect("fine"), Some(newer.clone()));
    }
    let after = names(&out);
    assert_eq!(after.len(), 3, "{after:?}");

    // Another's, of either kind, and what is damaged.
    for (name, kind) in [("Other", "clap"), ("Other", "vst3")] {
        let theirs = out.join(format!("{name}.{kind}"));
        put(&theirs, "another's");
        let words = refusal(again(&identity(name)));
        let place = theirs.display();
        assert!(words.starts_with(&format!("{place}: expected nothing, or an earlier")), "{words}");
        assert_eq!(read(&theirs), "another's");
        assert_eq!(names(&out).len(), 4, "{:?}", names(&out));
        fs::remove_file(theirs).expect("removed");
    }
    fs::create_dir(out.join("Empty.clap")).expect("a folder");
    assert!(refusal(again(&identity("Empty"))).contains("found something else"));
    fs::rename(out.join("My Hall.clap"), out.join("Renamed.clap")).expect("renamed");
    assert!(refusal(again(&identity("Renamed"))).ends_with("found My Hall"));
    let mut damaged = fs::read(out.join("Renamed.clap")).expect("a file");
    damaged[10] ^= 1;
    fs::write(out.join("My Hall.clap"), damaged).expect("written");
    assert!(refusal(again(&newer)).contains("found damaged ones"));
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let (folder, source) = linux();
    let out = folder.path().join("out");
    let hall = identity("My Hall");
    export(&source, &hall, &out).expect("exported");
    let aside = folder.path().join("aside.clap");
    fs::rename(out.join("My Hall.clap"), &aside).expect("renamed");
    std::os::unix::fs::symlink(&aside, out.join("My Hall.clap")).expect("a link");
    assert!(refusal(replaceable(&hall, &out)).contains("found something else"));
    // Nor out of a bundle.
    std::os::unix::fs::symlink("/etc/hostname", source.vst3.join("Contents/link")).expect("a link");
    let words = refusal(export(&source, &identity("Other"), &out));
    assert!(words.contains("expected a file or folder, found a link"), "{words}");
    assert_eq!(names(&out).len(), 3, "{:?}", names(&out));
}

#[test]
fn only_what_was_built_is_a_source() {
    let (folder, source) = linux();
    let out = folder.path().join("out");
    export(&source, &identity("My Hall"), &out).expect("exported");
    for (clap, vst3) in
        [("out/My Hall.clap", "Kiln Reverb.vst3"), ("Kiln Reverb.clap", "out/My Hall.vst3")]
    {
        let source = Bundles { clap: folder.path().join(clap), vst3: folder.path().join(vst3) };
        let words = refusal(export(&source, &identity("Other"), &out));
        assert!(words.contains("expected a plugin as it was built, found an export"), "{words}");
    }
    let missing = Bundles { clap: folder.path().join("missing.clap"), ..source.clone() };
    let words = refusal(export(&missing, &identity("Other"), &out));
    assert!(words.contains("missing.clap: expected a file, found none"), "{words}");
    fs::rename(&source.vst3, folder.path().join("Called otherwise.vst3")).expect("renamed");
    let renamed = Bundles { vst3: folder.path().join("Called otherwise.vst3"), ..source };
    let words = refusal(export(&renamed, &identity("Other"), &out));
    assert!(
        words.contains("expected a library Contents/…/Called otherwise, found none"),
        "{words}"
    );
    // Nothing half done lies about.
    assert!(names(&out).iter().all(|name| name.starts_with("My Hall")), "{:?}", names(&out));
}

#[cfg(unix)]
#[test]
fn a_library_stays_executable_and_may_be_read_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, source) = linux();
    let library = source.vst3.join("Contents/x86_64-linux/Kiln Reverb.so");
    for path in [&source.clap, &library] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o555)).expect("set");
    }
    let out = folder.path().join("out");
    for _twice in 0..2 {
        export(&source, &identity("My Hall"), &out).expect("exported");
    }
    for path in ["My Hall.clap", "My Hall.vst3/Contents/x86_64-linux/My Hall.so"] {
        let mode = fs::metadata(out.join(path)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o555, "{path}");
    }
}
