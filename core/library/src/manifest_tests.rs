//! Manifests as they should be, as they should not, and as no one would write them.

use serde_json::{Value, json};

use crate::{BUILT_IN, MOST_FILE_BYTES, MOST_MODELS, Manifest};

fn good() -> Value {
    json!({ "version": 1, "name": "oak", "revision": 1, "models": [{
        "id": "oak-lead", "name": "Oak Lead", "kind": "amp", "file": "oak-lead.nam",
        "url": "https://example.org/oak-lead.nam", "sha256": "a".repeat(64), "bytes": 3,
        "licence": "CC-BY-4.0", "attribution": "Oak", "source": "", "training_data": "",
        "accept_required": false, "io": { "h_out": "h_in" } }] })
}

fn load(json: &Value) -> Result<Manifest, crate::Error> {
    Manifest::load(json.to_string().as_bytes())
}

#[test]
fn a_good_one_is_read_and_written_back() {
    let manifest = load(&good()).expect("good");
    assert_eq!(manifest.models[0].io["h_out"], "h_in");
    assert_eq!(serde_json::to_value(&manifest).expect("JSON"), good());
}

#[test]
fn every_wrong_value_is_refused_and_named() {
    let long = "x".repeat(5000);
    for (field, value) in [
        ("id", json!("../oak")),
        ("id", json!("con")),
        ("id", json!(3)),
        ("file", json!("../../oak.nam")),
        ("file", json!("/etc/passwd")),
        ("file", json!("a\\b.nam")),
        ("file", json!("nul.nam")),
        ("kind", json!("An Amp")),
        ("name", json!("")),
        ("name", json!("Oak\u{1b}[2J")),
        ("name", json!("Oak\u{202e}tsol")),
        ("attribution", json!(long)),
        ("source", json!("a\nb")),
        ("training_data", json!(long)),
        ("licence", json!("")),
        ("licence", json!("Free as in beer")),
        ("licence", json!("MIT AND")),
        ("licence", json!("((((MIT")),
        ("url", json!("http://example.org/oak.nam")),
        ("url", json!(BUILT_IN)),
        ("url", json!("file:///etc/passwd")),
        ("sha256", json!("A".repeat(64))),
        ("sha256", json!("a".repeat(63))),
        ("sha256", json!("é".repeat(32))),
        ("bytes", json!(0)),
        ("bytes", json!(MOST_FILE_BYTES + 1)),
        ("bytes", json!(-1)),
        ("accept_required", json!("no")),
        ("io", json!({ "h_out": "" })),
        ("licence_text", json!("unknown fields are refused")),
    ] {
        let mut manifest = good();
        manifest["models"][0][field] = value.clone();
        let error = load(&manifest).expect_err("refused").to_string();
        let known = matches!(value, serde_json::Value::String(_)) && field != "licence_text";
        let named = !known || error.contains(field) || error.contains("expected a boolean");
        assert!(error.contains("expected") && named, "{field} = {value}: {error}");
    }
}

#[test]
fn licences_of_spdx_pass() {
    for licence in [
        "MIT",
        "CC-BY-NC-SA-4.0",
        "MIT OR Apache-2.0",
        "GPL-3.0-or-later WITH GCC-exception-3.1",
        "LicenseRef-oak",
        "(MIT AND CC0-1.0) OR CC-BY-4.0",
    ] {
        let mut manifest = good();
        manifest["models"][0]["licence"] = json!(licence);
        assert!(load(&manifest).is_ok(), "{licence}");
    }
}

#[test]
fn the_whole_is_checked_too() {
    let change = |edit: fn(&mut Value)| {
        let mut manifest = good();
        edit(&mut manifest);
        load(&manifest).expect_err("refused").to_string()
    };
    assert!(change(|m| m["version"] = json!(2)).contains("version: expected 1, found 2"));
    assert!(change(|m| m["name"] = json!("Oak!")).contains("name"));
    assert!(change(|m| m["more"] = json!(1)).contains("more"));
    let twice = |m: &mut Value| {
        let model = m["models"][0].clone();
        m["models"].as_array_mut().expect("models").push(model);
    };
    assert!(change(twice).contains("models[1].id: expected an id once"));
    let many = |m: &mut Value| m["models"] = json!(vec![m["models"][0].clone(); MOST_MODELS + 1]);
    assert!(change(many).contains("models: expected at most 4096"));
    assert!(Manifest::load(&vec![b' '; crate::MOST_BYTES + 1]).is_err());
    let same = br#"{ "version": 1, "version": 1, "name": "oak", "revision": 1, "models": [] }"#;
    assert!(Manifest::load(same).is_err(), "a field twice");
}

#[test]
fn what_is_built_in_says_so() {
    let mut manifest = good();
    assert!(Manifest::load_built_in(manifest.to_string().as_bytes()).is_err());
    manifest["models"][0]["url"] = json!(BUILT_IN);
    let manifest = Manifest::load_built_in(manifest.to_string().as_bytes()).expect("built in");
    assert!(manifest.models[0].is_built_in());
}

#[test]
fn no_bytes_whatever_bring_it_down() {
    let whole = good().to_string().into_bytes();
    for length in 0..whole.len() {
        assert!(Manifest::load(&whole[..length]).is_err(), "cut at {length}");
        let mut other = whole.clone();
        for byte in [0, b'"', b'{', 0xff] {
            other[length] = byte;
            let _either_way = Manifest::load(&other);
        }
    }
    assert!(Manifest::load(&b"[".repeat(100_000)).is_err());
    for text in ["(", ")", "WITH", "MIT WITH", "+", "MIT+", "LicenseRef-", "DocumentRef-a:", "/"] {
        for times in [1, 2, 100] {
            let mut manifest = good();
            manifest["models"][0]["licence"] = json!(format!("{text} ").repeat(times));
            let _either_way = load(&manifest);
        }
    }
}
