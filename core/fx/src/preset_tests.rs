use serde_json::json;

use super::*;

fn whole() -> Preset {
    let mut preset = Preset {
        name: "Edge".into(),
        author: "Someone".into(),
        category: "Crunch".into(),
        notes: "Bright.\nTwo lines.".into(),
        oversampling: 2,
        models: [
            Some(Asset::factory("kiln-crunch")),
            Some(Asset::file("Pedal", Some(Path::new("/a/pedal.nam")), b"a model")),
        ],
        cabinets: [None, Some(Asset::file("Box", None, b"a sound"))],
        ..Preset::default()
    };
    preset.params.gate.threshold = -50.5;
    preset.params.slots[1].trim = 3.0;
    preset
}

fn refused(json: Value) -> String {
    Preset::load(json.to_string().as_bytes()).expect_err("it was read").to_string()
}

fn alike(a: &Preset, b: &Preset) -> bool {
    Preset { params_read: Map::new(), ..a.clone() }
        == Preset { params_read: Map::new(), ..b.clone() }
}

#[test]
fn a_preset_survives_its_file() {
    let preset = whole();
    let read = Preset::load(preset.to_json().as_bytes()).expect("a preset");
    assert!(alike(&read, &preset), "{read:#?}");
    assert_eq!(read.models[1].as_ref().expect("a model").bytes().as_deref(), Ok(&b"a model"[..]));
    assert!(read.models[0].as_ref().expect("a model").bytes().is_ok_and(|b| b.len() > 1000));
    assert_eq!(read.models[0].as_ref().and_then(Asset::name), Some("Kiln Crunch"));
    assert_eq!(read.to_json(), preset.to_json());
}

#[test]
fn what_is_left_out_is_the_default() {
    let json = json!({"format": FORMAT, "version": 1});
    let preset = Preset::load(json.to_string().as_bytes()).expect("a preset");
    assert!(alike(&preset, &Preset::default()));
}

#[test]
fn what_a_newer_version_added_survives() {
    let json = json!({
        "format": FORMAT, "version": 1, "name": "N", "reverb": {"size": 3},
        "params": {"input_gain": 2.5, "width": 0.5, "gate": {"lookahead": 2.0},
            "slots": [{"pan": 0.25}, {}]},
        "models": [{"factory": "kiln-crunch", "since": 9}, null],
    });
    let mut preset = Preset::load(json.to_string().as_bytes()).expect("a preset");
    preset.params.input_gain = 4.0;
    let saved: Value = serde_json::from_str(&preset.to_json()).expect("JSON");
    assert_eq!(saved["reverb"], json!({"size": 3}));
    assert_eq!(saved["params"]["input_gain"], 4.0, "what was set wins");
    assert_eq!(saved["params"]["width"], 0.5);
    assert_eq!(saved["params"]["gate"]["lookahead"], 2.0);
    assert_eq!(saved["params"]["slots"][0]["pan"], 0.25);
    assert_eq!(saved["models"][0]["since"], 9);
}

#[test]
fn foreign_files_are_refused_in_words() {
    let load = |bytes: &[u8]| Preset::load(bytes).expect_err("it was read").to_string();
    for bytes in [&b""[..], b"[]", b"{", b"\xff\xfe", b"null", "[".repeat(100_000).as_bytes()] {
        assert!(load(bytes).contains("not a preset file"), "{}", load(bytes));
    }
    assert!(refused(json!({})).contains("found none"));
    assert!(refused(json!({"format": "other", "version": 1})).contains("found \"other\""));
    assert!(refused(json!({"format": FORMAT})).contains("expected a version"));
    assert!(refused(json!({"format": FORMAT, "version": 0})).contains("expected a version"));
    let newer = refused(json!({"format": FORMAT, "version": 2}));
    assert!(newer.contains("version 2, made by a newer Kiln Amp"), "{newer}");
    let damaged = refused(json!({"format": FORMAT, "version": 1, "params": {"mix": "x"}}));
    assert!(damaged.contains("damaged"), "{damaged}");
    let three = refused(json!({"format": FORMAT, "version": 1, "oversampling": 3}));
    assert!(three.contains("found 3"), "{three}");
    let huge = vec![b' '; MAX_BYTES + 1];
    assert!(load(&huge).contains("larger than"));
}

#[test]
fn more_values_than_any_preset_has_are_refused_unparsed() {
    let mut hostile = format!(r#"{{"format":"{FORMAT}","version":1,"x":[0"#);
    hostile.push_str(&",0".repeat(MAX_VALUES));
    // Cut off, which whoever parses it would say.
    let error = Preset::load(hostile.as_bytes()).expect_err("it was read").to_string();
    assert!(error.contains("expected at most 100000 values"), "{error}");
    let file: Vec<u8> = (0..1_000_000u32).map(|i| (i.wrapping_mul(i) >> 7) as u8).collect();
    let large = Preset { models: [Some(Asset::file("Large", None, &file)), None], ..whole() };
    assert!(Preset::load(large.to_json().as_bytes()).is_ok());
}

#[test]
fn hostile_values_are_made_harmless() {
    let json = json!({
        "format": FORMAT, "version": 1, "name": "x".repeat(100_000),
        "params": {"input_gain": 1e30, "mix": -1e30},
    });
    let preset = Preset::load(json.to_string().as_bytes()).expect("a preset");
    assert_eq!((preset.params.input_gain, preset.params.mix), (20.0, 0.0));
    assert_eq!(preset.name.len(), MAX_TEXT);
    for (asset, words) in [
        (json!({}), "found none"),
        (json!({"factory": "nope"}), "no factory file \"nope\""),
        (json!({"copy": "!"}), "damaged"),
        (json!({"path": "/gone"}), "not there"),
        (json!({"path": "/"}), "not a file"),
    ] {
        let asset: Asset = serde_json::from_value(asset).expect("an asset");
        let error = asset.bytes().expect_err("it was read").to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_file_survives_packing() {
    let file: Vec<u8> = (0..100_000u32).map(|i| (i.wrapping_mul(i) >> 7) as u8).collect();
    assert_eq!(unpack(&pack(&file)).as_deref(), Ok(&file[..]));
}

#[test]
fn a_bomb_is_refused() {
    let bomb = pack(&vec![0; MAX_FILE_BYTES + 1]);
    assert!(bomb.len() < 100_000);
    assert!(unpack(&bomb).is_err());
}

#[test]
fn damage_is_said() {
    for bad in ["", "!", "AAAA", &pack(b"whole")[..8]] {
        assert!(unpack(bad).unwrap_err().to_string().contains("damaged"), "{bad:?}");
    }
}
