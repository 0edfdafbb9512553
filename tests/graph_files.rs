//! What loading a graph may hold in memory: a small multiple of the file, and
//! never more than a bound where few bytes ask for much.

mod kit;

use fdn::{Graph, Network};

/// Bytes held for each byte of a file, at most.
const MULTIPLE: usize = 24;
/// Bytes held on top, when a file asks for large matrices in few words.
const MOST: usize = 320 << 20;

fn kiln(root: &str, meta: &str) -> String {
    format!(
        "{{\"format\":\"kiln-fdn\",\"version\":1,\"name\":\"n\",\"sample_rate\":48000,\"meta\":{{\"m\":{meta}}},\"root\":{root}}}"
    )
}

/// Loads, and gives the most bytes held meanwhile, and the graph.
fn held(json: &str) -> (usize, Option<Graph>) {
    let mut graph = None;
    let held = kit::peak_bytes(|| graph = Graph::load(json.as_bytes()).ok());
    (held, graph)
}

#[test]
fn values_cost_a_small_multiple_of_the_file() {
    const GAIN: &str =
        "{\"type\":\"gain\",\"name\":\"g\",\"inputs\":1,\"outputs\":1,\"gains\":[1]}";
    let n = 300_000;
    let list = |item: &str| format!("[{}0]", format!("{item},").repeat(n));
    let keys: String = (0..n).map(|i| format!("\"{i:x}\":0,")).collect();
    let metas = [
        list("1"),
        list("[]"),
        list("[1]"),
        list("{}"),
        list("\"\""),
        list("\"a\""),
        list("{\"a\":0}"),
        list("[[[[]]]]"),
        list("0.12345678901234567"),
        format!("{{{keys}\"z\":0}}"),
        format!("\"{}\"", "x".repeat(n)),
    ];
    for meta in metas {
        let json = kiln(GAIN, &meta);
        let (held, graph) = held(&json);
        assert!(graph.is_some());
        println!("{:.1} bytes a byte of {}", held as f64 / json.len() as f64, &meta[..12]);
        assert!(held < MULTIPLE * json.len(), "{held} of {} for {}", json.len(), &meta[..12]);
    }
}

#[test]
fn nodes_cost_a_small_multiple_of_the_file() {
    let wires = "{\"type\":\"Series\"},".repeat(300_000);
    let gain = "{\"module_type\":\"parallelGain\",\"params\":{\"gains\":[1]}}";
    for (kind, end) in [("Series", ""), ("Parallel", ",\"sum_output\":true"), ("Parallel", "")] {
        let json = format!("{{\"type\":\"{kind}\",\"children\":[{wires}{gain}]{end}}}");
        let (held, graph) = held(&json);
        assert!(graph.is_none(), "300000 nodes are too many");
        assert!(held < MULTIPLE * json.len(), "{held} of {}", json.len());
    }
    let taps = format!("[{}1]", "1,".repeat(60_000));
    let taps = [taps.as_str(); 64].join(",");
    let fir = format!(
        "{{\"type\":\"fir\",\"name\":\"f\",\"inputs\":64,\"outputs\":64,\"taps\":[{taps}]}}"
    );
    let json = kiln(&fir, "0");
    let (held, graph) = held(&json);
    assert!(graph.is_some());
    assert!(held < MULTIPLE * json.len(), "{held} of {}", json.len());
}

/// Few words that ask for large matrices, in the graph or in its flat form.
#[test]
fn amplification_is_bounded() {
    let node = |kind: &str, i: usize, more: &str| {
        format!("{{\"type\":\"{kind}\",\"name\":\"{i}\",\"inputs\":1024,\"outputs\":1024{more}}}")
    };
    let many = |kind: &str, more: &str, count: usize| {
        (0..count).map(|i| node(kind, i, more)).collect::<Vec<_>>().join(",")
    };
    let within = |kind: &str, children: String| {
        node(kind, 0, &format!(",\"sum\":true,\"children\":[{children}]"))
    };
    let series = |children: String| node("series", 0, &format!(",\"children\":[{children}]"));
    let vector = format!(",\"vector\":[{}1]", "1,".repeat(1023));
    let gains = format!(",\"gains\":[{}1]", "1,".repeat(1023));
    let roots = [
        series(many("hadamard", "", 25)),
        series(many("hadamard", "", 500)),
        series(many("householder", &vector, 500)),
        series(many("gain", &gains, 500)),
        within("parallel", many("series", ",\"children\":[]", 500)),
        within("parallel", many("series", ",\"children\":[]", 25)),
        node("gain", 0, &format!(",\"gains\":[{}1]", "1,".repeat(5_000_000))),
    ];
    let mut taken = 0;
    for root in roots {
        let (held, graph) = held(&kiln(&root, "0"));
        println!("{} KiB held for {} KiB", held >> 10, root.len() >> 10);
        assert!(held < MOST + MULTIPLE * root.len(), "{held} for {} bytes", root.len());
        let Some(graph) = graph else { continue };
        taken += 1;
        let flat = kit::peak_bytes(|| drop(Network::new(&graph)));
        println!("{} KiB when flattened", flat >> 10);
        assert!(flat < 3 * MOST, "{flat}");
    }
    assert_eq!(taken, 2);
}
