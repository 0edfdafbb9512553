//! Files from anybody: cut short, mutated, or made to hurt.

use std::path::PathBuf;

use rten_onnx::onnx::{AttributeProto, AttributeType, StringStringEntryProto};

use super::*;
use crate::load::tests::{data, refused};
use crate::{Graph, Options, load, open};

/// A small graph with one operator changed.
fn changed(change: impl FnOnce(&mut GraphProto)) -> Vec<u8> {
    let mut model = ModelProto::parse_buf(&data("valid.onnx")).unwrap();
    change(model.graph.as_mut().unwrap());
    write(&model).unwrap()
}

fn shape(numbers: &[i64]) -> TensorProto {
    TensorProto {
        dims: vec![numbers.len() as i64],
        data_type: Some(DataType::INT64),
        int64_data: numbers.to_vec(),
        name: Some("sizes".to_owned()),
        ..TensorProto::default()
    }
}

#[test]
fn no_file_is_told_from_a_broken_one() {
    assert!(refused(b"").contains("graph: expected one"));
    assert!(refused(b"{\"a\": 1}").starts_with("file: expected"));
    assert!(refused(&[0xff; 64]).starts_with("file: expected"));
    let too_long = vec![0; MAX_BYTES + 1];
    assert_eq!(refused(&too_long), "too large: expected at most 67108864 bytes, found 67108865");
}

#[test]
fn every_beginning_of_a_file_is_refused_or_runs() {
    let whole = data("valid.onnx");
    for end in 0..whole.len() {
        // The last fields can be missed.
        let _ = File::read(&whole[..end]).map(|file| file.bytes());
    }
    assert!(refused(&whole[..whole.len() / 2]).contains("ends within a field"));
}

#[test]
fn mutated_files_are_refused_or_run() {
    let mut random = fastrand::Rng::with_seed(5);
    let (mut ran, mut refusals) = (0, 0);
    for name in ["valid.onnx", "shaper.onnx", "lstm.onnx", "transposed_crop.onnx", "window.onnx"] {
        let whole = data(name);
        // Weights are most of a file, and all the same to a parser.
        let interesting: Vec<usize> =
            (0..whole.len().min(160)).chain(whole.len().saturating_sub(400)..whole.len()).collect();
        for _ in 0..400 {
            let mut bytes = whole.clone();
            for _ in 0..random.usize(1..4) {
                let at = interesting[random.usize(..interesting.len())];
                match random.u8(..3) {
                    0 => bytes[at] = random.u8(..),
                    1 => bytes[at] ^= 1 << random.u8(..8),
                    _ => bytes.truncate(at.max(whole.len() / 2)),
                }
                bytes.resize(whole.len().min(bytes.len().max(1)), 0);
                if bytes.len() < whole.len() {
                    break;
                }
            }
            match Graph::load(&bytes, &Options::default()) {
                Ok(_) => ran += 1,
                Err(e) => {
                    assert!(e.to_string().contains("expected"), "{e}");
                    refusals += 1;
                }
            }
        }
    }
    assert!(ran > 100 && refusals > 100, "{ran} ran, {refusals} refused");
}

#[test]
fn data_beside_the_file_is_refused() {
    let entry = |key: &str, value: &str| StringStringEntryProto {
        key: Some(key.to_owned()),
        value: Some(value.to_owned()),
    };
    for location in [Some(DataLocation::EXTERNAL), None] {
        let bytes = changed(|graph| {
            let weights = &mut graph.initializer[0];
            weights.data_location = location;
            weights.external_data.push(entry("location", "/etc/passwd"));
        });
        let error = refused(&bytes);
        assert!(error.contains("expected its data in the file"), "{error}");
    }
}

#[test]
fn loops_are_refused_however_deep() {
    let bytes = changed(|graph| {
        let inner = NodeProto { op_type: Some("Loop".to_owned()), ..NodeProto::default() };
        let branch = GraphProto { node: vec![inner], ..GraphProto::default() };
        let attribute = AttributeProto {
            name: Some("then_branch".to_owned()),
            g: Some(branch),
            r#type: Some(AttributeType::GRAPH),
            ..AttributeProto::default()
        };
        graph.node.push(NodeProto {
            op_type: Some("If".to_owned()),
            attribute: vec![attribute],
            ..NodeProto::default()
        });
    });
    assert_eq!(refused(&bytes), "operator is not supported: expected no loops, found Loop");
}

#[test]
fn graphs_within_graphs_end() {
    // Built by hand: a parser that recursed here would end the process.
    let mut bytes = Vec::new();
    for _ in 0..2000 {
        for field in [6, 5, 1] {
            let mut outer = vec![field << 3 | 2];
            let mut n = bytes.len();
            while n > 127 {
                outer.push(n as u8 | 0x80);
                n >>= 7;
            }
            outer.push(n as u8);
            outer.append(&mut bytes);
            bytes = outer;
        }
    }
    let mut model = vec![7 << 3 | 2];
    let mut n = bytes.len();
    while n > 127 {
        model.push(n as u8 | 0x80);
        n >>= 7;
    }
    model.push(n as u8);
    model.append(&mut bytes);
    assert!(refused(&model).contains("messages in each other"));
}

#[test]
fn many_of_anything_are_refused() {
    let node = || NodeProto { op_type: Some("Relu".to_owned()), ..NodeProto::default() };
    let bytes = changed(|graph| graph.node.extend((0..=MAX_NODES).map(|_| node())));
    assert!(refused(&bytes).contains("at most 20000 operators, found 20003"));
    // Two bytes each, and a hundred once parsed.
    let bytes: Vec<u8> = [0x72, 0].repeat(crate::limits::MAX_FIELDS + 1);
    assert!(refused(&bytes).contains("fields"));
    let port = |i| ValueInfoProto { name: Some(format!("p{i}")), r#type: None };
    let bytes = changed(|graph| graph.input.extend((0..=MAX_PORTS).map(port)));
    assert!(refused(&bytes).contains("at most 1024 inputs or outputs"));
}

#[test]
fn large_tensors_are_refused() {
    for dims in [vec![1 << 13, 1 << 13], vec![i64::MAX, i64::MAX, 4]] {
        let bytes = changed(|graph| graph.initializer[0].dims = dims);
        assert!(refused(&bytes).contains("elements in a tensor"));
    }
    let bytes = changed(|graph| graph.initializer[0].dims = vec![-1, 1, 33]);
    assert!(refused(&bytes).contains("not negative"));
}

#[test]
fn operators_that_make_much_out_of_little_are_refused() {
    for (op, place) in [("ConstantOfShape", 0), ("Expand", 1), ("Tile", 1), ("Pad", 1)] {
        let bytes = changed(|graph| {
            graph.initializer.push(shape(&[1 << 20, 1 << 20]));
            let mut input = vec!["x".to_owned(); place];
            input.push("sizes".to_owned());
            graph.node.push(NodeProto {
                op_type: Some(op.to_owned()),
                input,
                output: vec!["made".to_owned()],
                ..NodeProto::default()
            });
        });
        // A sum for what adds, a product for what multiplies: one of these is too much.
        let file = File::read(&bytes).map(|_| ());
        let sum = op == "Pad";
        assert_eq!(file.is_ok(), sum, "{op}: {file:?}");
    }
}

#[test]
fn other_dialects_are_refused() {
    let bytes = changed(|graph| graph.node[0].domain = Some("com.example".to_owned()));
    assert!(refused(&bytes).contains("expected one of the ONNX standard, found Conv of com.ex"));
    let bytes = changed(|graph| graph.node[0].op_type = Some("Telepathy".to_owned()));
    let error = refused(&bytes);
    assert!(error.starts_with("rten 0.27: ") && error.contains("Telepathy"), "{error}");
}

#[test]
fn ports_of_one_name_are_refused() {
    let bytes = changed(|graph| {
        let again = graph.input[0].clone();
        graph.input.push(again);
    });
    assert!(refused(&bytes).contains("one of its own each"));
}

#[test]
fn a_graph_that_takes_too_long_is_refused() {
    let options = Options { longest: std::time::Duration::ZERO, ..Options::default() };
    let error = load(&data("valid.onnx"), &options).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("inference: expected at most 0 s for 512 samples, found"), "{error}");
}

#[test]
fn files_are_told_apart_by_their_first_bytes() {
    assert_eq!(open(&data("valid.onnx")).unwrap().format(), "ONNX");
    let linear = r#"
        { "version": "0.5.4", "architecture": "Linear", "sample_rate": 48000,
          "config": { "receptive_field": 2, "bias": false }, "weights": [0.0, 0.5] }"#;
    assert_eq!(open(linear.as_bytes()).unwrap().format(), "NAM");
    for bytes in [&b""[..], b"{", b"[1]", b"hello"] {
        assert!(matches!(open(bytes), Err(Error::Model(_))), "{bytes:?}");
    }
}

#[test]
fn a_library_that_is_none_is_told() {
    // The test itself is a file, and no library.
    let library = std::env::current_exe().ok();
    let nowhere = Some(PathBuf::from("/nowhere/at/all"));
    for library in [library, nowhere] {
        let options = Options { library, ..Options::default() };
        let graph = Graph::load(&data("valid.onnx"), &options).unwrap();
        assert_eq!(graph.engine(), "rten 0.27 on CPU");
        let notices = graph.notices();
        assert!(notices.len() == 1 && notices[0].contains("expected"), "{notices:?}");
    }
}
