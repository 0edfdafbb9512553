//! Files made to hurt: each is a graph or an error in words.

use serde_json::{Value, json};

use super::Graph;
use super::response_tests::graphs;
use crate::error::Error;

fn survive(bytes: &[u8]) -> Result<Graph, String> {
    Graph::load(bytes).map_err(|e| {
        let words = e.to_string();
        assert!(!words.is_empty() && words.len() < 2000, "{words}");
        words
    })
}

fn refused(json: &str) -> String {
    match survive(json.as_bytes()) {
        Err(words) => words,
        Ok(_) => panic!("taken: {json}"),
    }
}

fn leaf(class: &str, params: &str) -> String {
    format!("{{\"name\":\"x\",\"module_type\":\"{class}\",\"params\":{params}}}")
}

#[test]
fn cut_at_every_byte() {
    for (name, bytes) in graphs() {
        let whole = bytes.trim_ascii_end();
        for end in 0..whole.len() {
            assert!(survive(&whole[..end]).is_err(), "{name} cut short at {end} was taken");
        }
    }
}

/// Bytes flipped, cut out, repeated; digits and words replaced.
#[test]
fn mutated() {
    let graphs = graphs();
    let mut random = fastrand::Rng::with_seed(0x6b69_6c6e);
    let words: [&[u8]; 12] = [
        b"null",
        b"-1",
        b"0.5",
        b"1e308",
        b"1e999",
        b"[]",
        b"{}",
        b"\"\"",
        b"true",
        b"9007199254740993",
        b"[[1,2],[3]]",
        b"-0.0",
    ];
    let mut taken = 0;
    for _ in 0..6000 {
        let mut bytes = random.choice(&graphs).expect("a graph").1.clone();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(..bytes.len());
            let end = (at + random.usize(1..40)).min(bytes.len());
            match random.u8(..5) {
                0 => bytes[at] ^= 1 << random.u8(..8),
                1 => drop(bytes.drain(at..end)),
                2 => bytes[at] = b"0123456789-.e[]{},:\""[random.usize(..20)],
                3 => {
                    let piece = bytes[at..end].to_vec();
                    bytes.splice(at..at, piece);
                }
                // A whole value: from one comma or bracket to the next.
                _ => {
                    let edge = |b: &u8| b",:[]{}".contains(b);
                    let from = bytes[at..].iter().position(edge).map_or(at, |n| at + n + 1);
                    let to = bytes[from..].iter().position(edge).map_or(from, |n| from + n);
                    bytes.splice(from..to, random.choice(words).expect("a word").iter().copied());
                }
            }
            if bytes.is_empty() {
                bytes.push(b'{');
            }
        }
        if let Ok(graph) = survive(&bytes) {
            taken += 1;
            let again = Graph::load(graph.to_json().as_bytes());
            assert_eq!(graph, again.expect("what was loaded can be written and loaded"));
        }
    }
    println!("{taken} of 6000 mutants load");
    assert!((100..5000).contains(&taken), "{taken} mutants taken");
}

/// Every value of every graph replaced by every odd one: nothing panics, and what
/// loads can be written and loaded.
#[test]
fn every_value_replaced() {
    let odd = [
        json!(null),
        json!(-1),
        json!(0),
        json!(2.5),
        json!(1e300),
        json!("x"),
        json!([]),
        json!([1]),
        json!([[1, 2], [3]]),
        json!({}),
        json!(false),
        json!(4_000_000_000u64),
    ];
    for (name, bytes) in graphs() {
        let graph: Value = serde_json::from_slice(&bytes).expect("JSON");
        let mut paths = Vec::new();
        pointers(&graph, String::new(), &mut paths);
        // Of long lists, one in some is as good as each.
        let step = paths.len() / 150 + 1;
        for path in paths.iter().step_by(step) {
            for value in &odd {
                let mut graph = graph.clone();
                *graph.pointer_mut(path).expect("a value") = value.clone();
                if let Ok(loaded) = survive(graph.to_string().as_bytes()) {
                    let again = Graph::load(loaded.to_json().as_bytes());
                    assert_eq!(loaded, again.expect("our own"), "{name} {path} {value}");
                }
            }
        }
    }
}

pub(super) fn pointers(value: &Value, at: String, all: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, v)| pointers(v, format!("{at}/{i}"), all));
        }
        Value::Object(map) => map.iter().for_each(|(k, v)| pointers(v, format!("{at}/{k}"), all)),
        _ => {}
    }
    all.push(at);
}

#[test]
fn nested_without_end() {
    for (open, close) in [
        ("[", "]"),
        ("{\"children\":[", "]}"),
        ("{\"type\":\"Series\",\"children\":[", "]}"),
        ("{\"type\":\"Recursion\",\"fF\":", "}"),
    ] {
        for depth in [60, 70, 130, 100_000] {
            survive(format!("{}{}", open.repeat(depth), close.repeat(depth)).as_bytes()).ok();
            refused(&open.repeat(depth));
        }
    }
    let deep = |n| {
        let gain = leaf("parallelGain", "{\"gains\":[1]}");
        format!("{}{gain}{}", "{\"type\":\"Recursion\",\"fF\":".repeat(n), "}".repeat(n))
    };
    assert!(survive(deep(60).as_bytes()).is_ok());
    let words = refused(&deep(70));
    assert!(words.contains("64 nodes within each other"), "{words}");
}

#[test]
fn sizes_out_of_all_bounds() {
    let gains = format!("{{\"gains\":[{}1]}}", "1,".repeat(5000));
    assert!(refused(&leaf("parallelGain", &gains)).contains("1024 channels"));
    let kiln = |node: &str| {
        format!(
            "{{\"format\":\"kiln-fdn\",\"version\":1,\"name\":\"\",\"sample_rate\":48000,\"root\":{node}}}"
        )
    };
    let hadamard = |n: &str| {
        format!("{{\"type\":\"hadamard\",\"name\":\"h\",\"inputs\":{n},\"outputs\":{n}}}")
    };
    for n in ["1e9", "4294967296", "-4", "2.5", "0", "3", "\"4\"", "1e30"] {
        let words = refused(&kiln(&hadamard(n)));
        assert!(words.starts_with("h"), "{words}");
    }
    assert!(survive(kiln(&hadamard("4")).as_bytes()).is_ok());
    // Thirty-three of them would be 264 MiB.
    let child = |i| hadamard("1024").replace("\"h\"", &format!("\"h{i}\""));
    let many: Vec<_> = (0..40).map(child).collect();
    let series = format!(
        "{{\"type\":\"series\",\"name\":\"s\",\"inputs\":1024,\"outputs\":1024,\"children\":[{}]}}",
        many.join(",")
    );
    assert!(refused(&kiln(&series)).contains("entries of matrices"));
    for (class, params) in [
        ("Delay", "{\"samples\":[1e9]}"),
        ("Delay", "{\"samples\":[-1]}"),
        ("Delay", "{\"samples\":[0.5]}"),
        ("Delay", "{\"samples\":[]}"),
        ("lowpass", "{\"order\":1000000000}"),
        ("lowpass", "{\"order\":2.5}"),
        ("lowpass", "{\"fc\":24000}"),
        ("lowpass", "{\"fc\":-1}"),
        ("bandpass", "{\"fl\":500,\"fh\":400}"),
        ("allpassComb", "{\"delay\":0}"),
        ("allpassComb", "{\"delay\":1e18}"),
        ("onePole", "{\"pole\":1e300}"),
        ("SVF", "{\"q\":0}"),
        ("SVF", "{\"mode\":\"comb\"}"),
        ("Biquad", "{\"coeffs\":[1,2,3]}"),
        ("Gain", "{\"matrix\":[[1,2],[3]]}"),
        ("Gain", "{\"matrix\":[[],[]]}"),
        ("Gain", "{\"matrix\":[1,2]}"),
        ("Gain", "{\"matrix\":[[\"1\"]]}"),
        ("Gain", "{}"),
        ("parallelSOSFilter", "{\"sos\":[[[1,0,0,0]]]}"),
        ("parallelSOSFilter", "{\"sos\":[]}"),
        ("Unheard", "{}"),
    ] {
        let words = refused(&leaf(class, params));
        assert!(words.starts_with('x') && words.contains("expected"), "{class} {params}: {words}");
    }
}

/// A billion claimed costs what it says, which is nothing.
#[test]
fn channels_that_are_not_there() {
    let many = "{\"module_type\":\"parallelFilter\",\"output_channels\":1000000000,\"params\":{}}";
    assert!(refused(many).contains("output_channels"));
    let two = "{\"module_type\":\"parallelGain\",\"input_channels\":2,\"params\":{\"gains\":[1]}}";
    assert!(refused(two).contains("input_channels"));
    let parts = format!(
        "{{\"type\":\"Parallel\",\"sum_output\":true,\"children\":[{},{}]}}",
        leaf("parallelGain", "{\"gains\":[1,2]}"),
        leaf("parallelGain", "{\"gains\":[1,2,3]}"),
    );
    let words = refused(&parts);
    assert!(words.contains("untitled/x 2") && words.contains("2 inputs"), "{words}");
}

#[test]
fn no_numbers_and_keys_given_twice() {
    for number in ["NaN", "Infinity", "-Infinity", "1e999", "01", "0x10", "+1"] {
        let bytes = leaf("Gain", &format!("{{\"gains\":[{number}]}}"));
        assert!(matches!(Graph::load(bytes.as_bytes()), Err(Error::Json(_))), "{number}");
    }
    assert!(refused(&leaf("Gain", "{\"gains\":[1e300]}")).contains("finite"));
    let twice = refused(&leaf("Gain", "{\"gains\":[1],\"gains\":[2]}"));
    assert!(twice.contains("\"gains\" is there twice"), "{twice}");
}

#[test]
fn other_formats_are_named() {
    for (json, found) in [
        ("[]", "a list of 0"),
        ("3", "found 3"),
        ("{}", "no \"format\""),
        ("{\"format\":\"kiln-fdn\",\"version\":2}", "\"kiln-fdn\" version 2"),
        ("{\"format\":\"pyfdn-fdn-build\"}", "version none"),
        ("{\"format\":7,\"version\":1}", "\"\" version 1"),
    ] {
        let error = Graph::load(json.as_bytes()).expect_err(json);
        assert!(matches!(error, Error::Version { .. }), "{json}");
        assert!(error.to_string().contains(found), "{error}");
    }
    let marked = format!("\u{feff}{}", leaf("Gain", "{\"gains\":[1]}"));
    assert!(Graph::load(marked.as_bytes()).is_ok());
    assert!(refused("{\"type\":\"Tree\"}").contains("\"Tree\""));
    assert!(
        refused("{\"type\":\"Leaf\",\"fs\":0,\"module_type\":\"Gain\",\"params\":{}}")
            .contains("fs")
    );
}
