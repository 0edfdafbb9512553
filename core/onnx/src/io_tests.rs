//! What is found from names and shapes, and what a file may tell.

use super::*;
use crate::load::tests::data;

fn port(name: &str, element: Element, shape: &[Dim]) -> Port {
    Port { name: name.to_owned(), element, shape: Some(shape.to_vec()) }
}

fn open(name: &str) -> Dim {
    Dim::Free(name.to_owned())
}

/// A file with these ports and metadata; its graph is another's.
fn file(inputs: Vec<Port>, outputs: Vec<Port>, metadata: &[(&str, &str)]) -> File {
    let metadata = metadata.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    File { inputs, outputs, metadata, ..File::read(&data("valid.onnx")).unwrap() }
}

fn sound(name: &str) -> Port {
    port(name, Element::F32, &[Dim::Fixed(1), Dim::Fixed(1), open("time")])
}

fn state(name: &str) -> Port {
    port(name, Element::F32, &[Dim::Fixed(1), Dim::Fixed(3)])
}

fn words(file: &File) -> String {
    Io::of(file).unwrap_err().to_string()
}

#[test]
fn time_is_found_in_every_shape() {
    let one = || Dim::Fixed(1);
    let cases: &[(&[Dim], usize, bool)] = &[
        (&[one(), one(), open("t")], 2, true),
        (&[one(), open("t")], 1, true),
        (&[open("t")], 0, true),
        (&[one(), open("t"), one()], 1, true),
        (&[one(), one(), Dim::Fixed(64)], 2, false),
        (&[one(), Dim::Fixed(64), one()], 1, false),
        (&[Dim::Fixed(64)], 0, false),
        (&[open("batch"), Dim::Fixed(64), one()], 1, false),
        (&[open("batch"), open("time"), one()], 1, true),
        (&[open("batch"), one(), open("")], 2, true),
        (&[open("N"), open(""), open("samples")], 2, true),
        (&[one(), one(), one()], 2, false),
    ];
    for (shape, time, free) in cases {
        let found = Sound::of(0, &port("x", Element::F32, shape)).unwrap();
        assert_eq!((found.time, found.free), (*time, *free), "{shape:?}");
    }
    let unknown = Port { shape: None, ..sound("x") };
    assert_eq!(Sound::of(0, &unknown).unwrap().tensor(&[0.0; 5]).shape, [1, 1, 5]);
}

#[test]
fn stereo_and_integers_are_refused() {
    let stereo = port("x", Element::F32, &[Dim::Fixed(1), Dim::Fixed(2), Dim::Fixed(64)]);
    let error = words(&file(vec![stereo], vec![sound("y")], &[]));
    assert!(error.contains("expected one channel of sound"), "{error}");
    assert!(error.ends_with("found x [1, 2, 64]"), "{error}");
    let integers = port("x", Element::I64, &[Dim::Fixed(1), open("t")]);
    let error = words(&file(vec![integers], vec![sound("y")], &[]));
    assert!(error.ends_with("found x of 64-bit integers [1, t]"), "{error}");
    assert!(words(&file(vec![sound("x")], vec![], &[])).ends_with("found none"));
}

#[test]
fn states_are_paired_by_name() {
    let pairs = [
        ("h_in", "h_out"),
        ("in_h", "out_h"),
        ("state_in", "state_out"),
        ("h", "hn"),
        ("h0", "hn"),
        ("h_0", "h_n"),
        ("past_3", "present_3"),
        ("past.key", "present.key"),
        ("state", "stateN"),
        ("h", "new_h"),
        ("prev_h", "next_h"),
        ("hidden", "hidden_out"),
    ];
    for (from, to) in pairs {
        // Another state on each side, so that it is not what is left.
        let inputs = vec![sound("x"), state("a_in"), state(from), state("b_in")];
        let outputs = vec![sound("y"), state("b_out"), state("a_out"), state(to)];
        let io = Io::of(&file(inputs, outputs, &[])).unwrap();
        let found: Vec<_> = io.states.iter().map(|s| (s.input, s.output)).collect();
        assert_eq!(found, [(1, 2), (2, 3), (3, 1)], "{from} and {to}");
        assert_eq!((io.audio_in.unwrap().port, io.audio_out), (0, 0));
        assert!(io.constants.is_empty() && io.notices.is_empty());
    }
}

#[test]
fn sound_is_not_a_state() {
    let inputs = vec![sound("audio_in"), sound("cache_in")];
    let outputs = vec![sound("cache_out"), sound("audio_out")];
    let io = Io::of(&file(inputs, outputs, &[])).unwrap();
    assert_eq!((io.audio_in.unwrap().port, io.audio_out), (0, 1));
    assert_eq!((io.states[0].input, io.states[0].output), (1, 0));
    assert!(io.states[0].open);
}

#[test]
fn the_last_of_each_belong_together() {
    let inputs = vec![sound("x"), state("memory")];
    let io = Io::of(&file(inputs.clone(), vec![sound("y"), state("afterwards")], &[])).unwrap();
    assert_eq!((io.states[0].input, io.states[0].output), (1, 1));
    // Of another shape it is a control.
    let other = port("afterwards", Element::F32, &[Dim::Fixed(7)]);
    let io = Io::of(&file(inputs, vec![sound("y"), other], &[])).unwrap();
    assert!(io.states.is_empty());
    assert_eq!(io.notices, ["memory stands at nought: the file tells no value"]);
}

#[test]
fn controls_stand_where_the_file_says() {
    let control = |json: &str| {
        let inputs = vec![sound("x"), state("knobs")];
        let told = format!("{{\"controls\": {{\"knobs\": {json}}}}}");
        Io::of(&file(inputs, vec![sound("y")], &[("kiln.io", &told)]))
    };
    let value = |json| control(json).unwrap().constants.remove(0);
    assert_eq!(value("0.5"), (1, Tensor::floats(&[1, 3], vec![0.5; 3])));
    assert_eq!(value("[1, 2, 3]"), (1, Tensor::floats(&[1, 3], vec![1.0, 2.0, 3.0])));
    let shaped = r#"{"shape": [1, 2], "values": [1, 2]}"#;
    assert_eq!(value(shaped), (1, Tensor::floats(&[1, 2], vec![1.0, 2.0])));
    let error = control("[1, 2]").unwrap_err().to_string();
    assert_eq!(error, "kiln.io.controls.knobs: expected 3 finite numbers, found 2 of them");
    let huge = r#"{"shape": [1000000, 1000000], "values": []}"#;
    assert!(control(huge).unwrap_err().to_string().contains("too large"));
}

#[test]
fn integers_must_be_told() {
    let inputs = || vec![sound("x"), port("sr", Element::I64, &[])];
    let error = words(&file(inputs(), vec![sound("y")], &[]));
    assert!(error.contains("input sr is not supported: expected metadata"), "{error}");
    let rate = [("sample_rate", "16000")];
    let io = Io::of(&file(inputs(), vec![sound("y")], &rate)).unwrap();
    assert_eq!(io.constants, [(1, Tensor::ints(&[], vec![16_000]))]);
    assert_eq!(io.sample_rate, Some(16_000.0));
    let told = [("kiln.io", r#"{"controls": {"sr": 8000}, "sample_rate": 8000}"#)];
    let io = Io::of(&file(inputs(), vec![sound("y")], &told)).unwrap();
    assert_eq!(io.constants, [(1, Tensor::ints(&[], vec![8000]))]);
}

#[test]
fn what_the_file_tells_goes_first() {
    let told = r#"{"audio_in": "b", "audio_out": "d", "states": [["a", "c"]], "hop": 32,
                   "memory": 9, "latency": 3}"#;
    let inputs = vec![sound("a"), sound("b")];
    let outputs = vec![sound("c"), sound("d")];
    let io = Io::of(&file(inputs, outputs, &[("kiln.io", told)])).unwrap();
    assert_eq!((io.audio_in.unwrap().port, io.audio_out), (1, 1));
    assert_eq!((io.states[0].input, io.states[0].output), (0, 0));
    assert_eq!((io.hop, io.memory, io.latency, io.context), (Some(32), Some(9), Some(3), None));
}

#[test]
fn wrong_metadata_is_refused() {
    let cases = [
        (r#"{"hop": 0}"#, "kiln.io.hop: expected 1 to 65536 samples, found 0"),
        (r#"{"context": 65537}"#, "kiln.io.context: expected at most 65536 samples"),
        (r#"{"memory": 67108865}"#, "kiln.io.memory: expected at most 67108864 samples"),
        (r#"{"memory": 18446744073709551615}"#, "kiln.io.memory: expected at most 67108864"),
        (r#"{"sample_rate": 1e9}"#, "kiln.io.sample_rate: expected 1000 to 768000 Hz"),
        (r#"{"audio_in": "z"}"#, "kiln.io.audio_in: expected one of x, found \"z\""),
        (r#"{"audio_out": "z"}"#, "kiln.io.audio_out: expected one of y, found \"z\""),
        (r#"{"states": [["z", "y"]]}"#, "kiln.io.states: expected one of x, found \"z\""),
        (r#"{"controls": {"z": 1}}"#, "kiln.io.controls: expected one of x, found \"z\""),
        (r#"{"tempo": 120}"#, "kiln.io: expected its JSON as documented, found unknown field"),
        ("[", "kiln.io: expected its JSON as documented, found"),
    ];
    for (json, expected) in cases {
        let error = words(&file(vec![sound("x")], vec![sound("y")], &[("kiln.io", json)]));
        assert!(error.starts_with(expected), "{json}: {error}");
    }
    let rate = [("sample_rate", "fast")];
    let error = words(&file(vec![sound("x")], vec![sound("y")], &rate));
    assert_eq!(error, "sample_rate: expected a number, found \"fast\"");
}
