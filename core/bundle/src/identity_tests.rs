use crate::{Error, Identity, MOST_BYTES};

const GRAPH: &str = r#"{"format":"kiln-fdn","name":"\u0000 \" ü"}"#;

fn named(name: &str) -> Result<Identity, Error> {
    Identity::new(name, "Kiln", "1.0.0", GRAPH.into())
}

fn refusal<T: std::fmt::Debug>(found: Result<T, Error>) -> String {
    found.expect_err("it is refused").to_string()
}

#[test]
fn json_gives_the_same_back() {
    let identity = Identity::new("My Hall ü", "Ann & <Bob> \"é\"", "2.0.1-beta", GRAPH.into());
    let identity = identity.and_then(|i| i.with_clap_id("org.Ann-Bob.my_hall"));
    let identity = identity.and_then(|i| i.with_vst3_id("000102030405060708090A0b0c0d0e0f"));
    let identity = identity.expect("an identity");
    assert_eq!(identity.vst3_id(), std::array::from_fn(|i| i as u8));
    let json = identity.to_json().expect("JSON");
    assert_eq!(Identity::from_json(json.as_bytes()).expect("what was written"), identity);
    // The graph is in it as it is, not as a text.
    let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(value["graph"], serde_json::from_str::<serde_json::Value>(GRAPH).expect("JSON"));
    assert_eq!(value["vst3_id"], "000102030405060708090a0b0c0d0e0f");
}

/// Projects refer to these.
#[test]
fn ids_follow_from_name_and_vendor() {
    let hall = named("My Hall").expect("an identity");
    // As sha256sum gives it for "kiln-reverb-plugin\0clap\0Kiln\0My Hall".
    assert_eq!(hall.clap_id(), "audio.kiln.reverb.xfc8b56dbb112cefe4f1226b14504a7ae");
    assert_eq!(hall.vst3_hex(), "79a7c14f8d190eca2c4732adec4fadbf");
    let other = Identity::new("My Hall", "Kiln", "9.9", "[]".into()).expect("an identity");
    assert_eq!((other.clap_id(), other.vst3_id()), (hall.clap_id(), hall.vst3_id()));
    for (name, vendor) in [("My hall", "Kiln"), ("My Hall", "kiln"), ("Kiln", "My Hall")] {
        let other = Identity::new(name, vendor, "1.0.0", GRAPH.into()).expect("an identity");
        assert_ne!(other.clap_id(), hall.clap_id(), "{name} by {vendor}");
        assert_ne!(other.vst3_id(), hall.vst3_id(), "{name} by {vendor}");
    }
    assert_ne!(hall.clap_id().get(19..), Some(hall.vst3_hex().as_str()));
}

#[test]
fn a_name_is_one_a_file_can_have_everywhere() {
    let longest = "x".repeat(63);
    for name in ["H", "My Hall", "Hall 2.1", "Großer Saal", "大ホール", "CONCERT", "COM", &longest]
    {
        named(name).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
    let too_long = "ü".repeat(32);
    for name in [
        "",
        " ",
        "a/b",
        "a\\b",
        "a:b",
        "a*b",
        "a?b",
        "a\"b",
        "a<b",
        "a>b",
        "a|b",
        "a\nb",
        "a\0b",
        "a\u{7f}b",
        "a\u{85}b",
        " a",
        "a ",
        "a.",
        ".a",
        ".",
        "..",
        "con",
        "Aux.x",
        "com1",
        "LPT¹",
        "NUL .txt",
        "CONIN$",
        "Kiln Reverb",
        "KILN reverb",
        &too_long,
    ] {
        let words = refusal(named(name));
        assert!(words.starts_with("name: expected "), "{name:?}: {words}");
        // What a person reads is text.
        assert!(!words.contains(|c: char| c.is_control()), "{words:?}");
    }
    assert_eq!(refusal(named(&too_long)), "name: expected 1 to 63 bytes of text, found 64 bytes");
}

#[test]
fn what_is_no_text_id_or_graph_is_refused() {
    let made = |vendor: &str, version: &str, graph: &str| {
        Identity::new("My Hall", vendor, version, graph.into())
    };
    assert!(refusal(made("", "1", "{}")).starts_with("vendor: expected"));
    assert!(refusal(made("Kiln", "1\u{1b}", "{}")).starts_with("version: expected no control"));
    for graph in ["", "{", "{} {}", "nonsense", "\u{feff}{}"] {
        assert!(refusal(made("Kiln", "1", graph)).starts_with("graph: expected JSON"), "{graph}");
    }
    let hall = || named("My Hall").expect("an identity");
    let too_long = "a".repeat(128);
    for id in [
        "",
        "a b",
        "a/b",
        "ü",
        "a\0",
        ".a",
        "a.",
        "a..b",
        "audio.kiln.reverb",
        "Audio.Kiln.Reverb",
        "audio.kiln.amp",
        &too_long,
    ] {
        assert!(refusal(hall().with_clap_id(id)).starts_with("CLAP id: expected"), "{id:?}");
    }
    // Kiln Reverb's own, and what is not 32 digits though it may be as many bytes.
    for id in [
        "4b696c6e417564696f52657665726231",
        "00000000000000000000000000000000",
        "",
        "+00102030405060708090a0b0c0d0e0f",
        "0001",
        "üüüüüüüüüüüüüüüü",
        "000102030405060708090a0b0c0d0e0f00",
    ] {
        assert!(refusal(hall().with_vst3_id(id)).starts_with("VST3 id: expected"), "{id:?}");
    }
}

#[test]
fn a_graph_may_be_as_long_as_one_that_loads() {
    let long = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    let made = |bytes| Identity::new("My Hall", "Kiln", "1", long(bytes));
    let most = made(MOST_BYTES).expect("the longest");
    let json = most.to_json().expect("JSON");
    assert_eq!(Identity::from_json(json.as_bytes()).expect("the same").graph().len(), MOST_BYTES);
    assert!(refusal(made(MOST_BYTES + 1)).starts_with("graph: expected at most 134217728"));
    let padded = json + &" ".repeat(1 << 16);
    assert!(refusal(Identity::from_json(padded.as_bytes())).contains("at most"));
}

#[test]
fn other_json_is_refused_in_words() {
    let json = named("My Hall").and_then(|i| i.to_json()).expect("JSON");
    let changed = |from: &str, to: &str| {
        let other = json.replacen(from, to, 1);
        assert_ne!(other, json, "{from} is not in it");
        refusal(Identity::from_json(other.as_bytes()))
    };
    assert_eq!(
        changed("\"version\":1", "\"version\":2"),
        "identity: expected \"kiln-reverb-plugin\" version 1, found \"kiln-reverb-plugin\" version 2"
    );
    assert!(changed("reverb-plugin", "other").contains("found \"kiln-other\" version 1"));
    assert!(changed("My Hall", "a/b").starts_with("name: expected"));
    assert!(changed("audio.kiln.reverb.x", "audio kiln").starts_with("CLAP id: expected"));
    assert!(changed("\"graph\":", "\"grape\":").contains("missing field `graph`"));
    for end in 0..json.len() {
        refusal(Identity::from_json(&json.as_bytes()[..end]));
    }
    // Ten thousand deep, where a graph may be anything.
    let deep = json.replacen(GRAPH, &("[".repeat(10_000) + &"]".repeat(10_000)), 1);
    assert_ne!(deep, json);
    let _either_way = Identity::from_json(deep.as_bytes());
}
