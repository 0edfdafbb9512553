//! Our own format: exact, and what its schema says.

use ndarray::{Array2, array};
use serde_json::{Value, json};

use super::response_tests::{fixture, graphs, shared};
use super::{Controls, Delay, Graph, Module, Node, Range, Section};

fn schema() -> jsonschema::Validator {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/kiln-fdn.schema.json");
    let text = std::fs::read_to_string(path).expect("the schema");
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    jsonschema::meta::validate(&schema).expect("a schema by its own schema");
    jsonschema::draft202012::new(&schema).expect("a schema")
}

fn value(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("JSON")
}

fn check(schema: &jsonschema::Validator, name: &str, graph: &Graph) {
    let written = graph.to_json();
    let errors: Vec<_> =
        schema.iter_errors(&value(written.as_bytes())).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{name}: {}", errors.join("; "));
    let again = Graph::load(written.as_bytes()).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(graph, &again, "{name}");
    assert_eq!(written, again.to_json(), "{name}");
}

#[test]
fn every_graph_comes_back_and_is_of_the_schema() {
    let schema = schema();
    for (name, bytes) in graphs() {
        check(&schema, &name, &Graph::load(&bytes).unwrap_or_else(|e| panic!("{name}: {e}")));
    }
    let own = value(&fixture("every.json"));
    let graph = Graph::load(own.to_string().as_bytes()).expect("every kind");
    assert_eq!(
        (graph.revision, graph.at_rate(44_100.0).expect("another rate").revision),
        (Some(7), Some(7))
    );
    assert!(schema.is_valid(&own), "{:?}", schema.iter_errors(&own).map(|e| e.to_string()).next());
    for name in ["n64_hadamard_onepole", "n8_orthogonal_frac", "ctl_all"] {
        let Some(bytes) = shared(&format!("{name}.json")) else { return };
        check(&schema, name, &Graph::load(&bytes).expect(name));
    }
}

/// The schema is no narrower than the loader, and of what it can say, as narrow.
#[test]
fn the_schema_refuses_what_the_loader_refuses() {
    let schema = schema();
    let whole = value(&fixture("every.json"));
    let cases = [
        ("", "extra", json!(1)),
        ("", "version", json!(2)),
        ("", "name", json!(null)),
        ("", "sample_rate", json!(-48000)),
        ("", "sample_rate", json!("48000")),
        ("", "revision", json!(-1)),
        ("", "revision", json!(1.5)),
        ("", "meta", json!([])),
        ("", "controls", json!({ "size": true })),
        ("", "controls", json!({ "rt60": false })),
        ("", "controls", json!({ "rt60": { "step": 1 } })),
        ("", "controls", json!({ "dry_wet": { "max": 2 } })),
        ("/root", "type", json!("tree")),
        ("/root", "sum", json!("yes")),
        ("/root", "children", json!([])),
        ("/root", "flamo", json!({})),
        ("/root", "inputs", json!(0)),
        ("/root", "outputs", json!(1.5)),
        ("/root", "name", json!("x".repeat(257))),
        ("/root/children/0/children/0", "matrix", json!([[1, 0.5], [0]])),
        ("/root/children/0/children/0", "matrix", json!([1, 2])),
        ("/root/children/0/children/0", "matrix", json!([[1e39]])),
        ("/root/children/0/children/0", "gains", json!([1])),
        ("/root/children/0/children/1", "forward", json!(null)),
        ("/root/children/0/children/1/forward/children/0", "samples", json!([3, 5, 7, 11.5])),
        ("/root/children/0/children/1/forward/children/0", "samples", json!([3, 5, 7, -1])),
        ("/root/children/0/children/1/forward/children/0", "samples", json!([3, 5, 7, 1e9])),
        ("/root/children/0/children/1/forward/children/0", "interpolation", json!("cubic")),
        (
            "/root/children/0/children/1/forward/children/1",
            "sections",
            json!([[[1, 0, 0, 0]], [], [], []]),
        ),
        ("/root/children/0/children/1/forward/children/2", "gains", json!([])),
        ("/root/children/0/children/1/backward/children/0", "matrix", json!([[1]])),
        ("/root/children/0/children/1/backward/children/1", "vector", json!([1, 2, 3, "4"])),
        ("/root/children/0/children/2", "taps", json!([1, 2, 3, 4])),
    ];
    // What only the loader sees: that rows are as long as each other.
    let unseen = 1;
    let mut seen = 0;
    for (path, key, wrong) in &cases {
        let mut graph = whole.clone();
        graph.pointer_mut(path).expect("a node")[key] = wrong.clone();
        let error = Graph::load(graph.to_string().as_bytes());
        assert!(error.is_err(), "{path} {key} {wrong} was taken");
        seen += usize::from(!schema.is_valid(&graph));
    }
    assert_eq!(seen, cases.len() - unseen);
    for key in ["name", "sample_rate", "root"] {
        let mut graph = whole.clone();
        graph.as_object_mut().expect("an object").remove(key);
        assert!(
            Graph::load(graph.to_string().as_bytes()).is_err() && !schema.is_valid(&graph),
            "{key}"
        );
    }
    for key in ["type", "name", "inputs", "outputs", "sum", "children"] {
        let mut graph = whole.clone();
        graph["root"].as_object_mut().expect("an object").remove(key);
        assert!(
            Graph::load(graph.to_string().as_bytes()).is_err() && !schema.is_valid(&graph),
            "{key}"
        );
    }
}

/// The schema refuses nothing that loads, whatever value is replaced by another.
#[test]
fn what_loads_is_of_the_schema() {
    let (schema, whole) = (schema(), value(&fixture("every.json")));
    let odd = [
        json!(0),
        json!(1),
        json!(0.5),
        json!(-2.0),
        json!(true),
        json!({}),
        json!([]),
        json!("none"),
        json!("sinc"),
        json!([[1]]),
    ];
    let mut loaded = 0;
    let mut paths = Vec::new();
    super::hostile_tests::pointers(&whole, String::new(), &mut paths);
    for path in &paths {
        for value in &odd {
            let mut graph = whole.clone();
            *graph.pointer_mut(path).expect("a value") = value.clone();
            if Graph::load(graph.to_string().as_bytes()).is_ok() {
                loaded += 1;
                assert!(schema.is_valid(&graph), "{path} {value} loads");
            }
        }
    }
    assert!(loaded > 100, "{loaded}");
}

#[test]
fn arities_and_names_are_checked_by_path() {
    let whole = value(&fixture("every.json"));
    let loop_ = "/root/children/0/children/1";
    let cases = [
        ("/root/inputs", json!(3), "sum: expected 2 inputs and 3 outputs, found 3 and 3"),
        ("/root/children/1/name", json!("wet"), "name: expected a name unlike"),
        (
            "/root/children/0/children/0/matrix",
            json!([[1, 2]]),
            "sum/wet/in: expected 2 inputs and 1 outputs",
        ),
        (&format!("{loop_}/backward/name"), json!("forward"), "a name unlike"),
        (
            &format!("{loop_}/backward/children/0/inputs"),
            json!(3),
            "expected a power of two, found 3",
        ),
        (&format!("{loop_}/backward/children/1/vector"), json!([0, 0, 0, 0]), "not zero"),
        (
            &format!("{loop_}/forward/children/0/samples/2"),
            json!(7.5),
            "sum/wet/loop/forward/lines: expected a delay",
        ),
        (
            &format!("{loop_}/forward/children/2/gains"),
            json!([1, 2]),
            "expected 2 inputs and 2 outputs",
        ),
        (
            "/root/children/0/children/3/children/0/samples",
            json!([[1, 2]]),
            "1 rows of 4, found 1 of 2",
        ),
        ("/controls/rt60/init", json!(20), "min below max"),
        ("/root/inputs", json!(1e12), "sum.inputs: expected a whole number"),
    ];
    for (path, wrong, words) in cases {
        let mut graph = whole.clone();
        *graph.pointer_mut(path).expect("a value") = wrong;
        let error = Graph::load(graph.to_string().as_bytes()).expect_err(path).to_string();
        assert!(error.contains(words), "{path}: {error}");
    }
}

/// Numbers that a shorter or careless way of writing would change.
#[test]
fn every_number_comes_back() {
    let mut random = fastrand::Rng::with_seed(7);
    let mut number = || loop {
        let x = f64::from_bits(random.u64(..));
        if x.abs() <= f64::from(f32::MAX) {
            return x;
        }
    };
    let odd = [0.1 + 0.2, -0.0, 5e-324, f64::from(f32::MAX), 9_007_199_254_740_993.0, 1.0 / 3.0];
    let values: Vec<f64> = odd.into_iter().chain((0..2994).map(|_| number())).collect();
    let matrix = Array2::from_shape_vec((60, 50), values).expect("a matrix");
    let section = Section { b: [number(), number(), number()], a: [number(), number()] };
    let line = |samples| Delay { samples, interpolated: true };
    let leaf = |name: &str, m| Node::module(name, m).expect("a leaf");
    let chain = vec![
        leaf("a \"name\"\n\u{1f3b6}", Module::Matrix(matrix)),
        leaf("out", Module::Matrix(Array2::from_elem((1, 60), -0.0))),
        leaf("pairs", Module::DelayMatrix(array![[(0.1, line(1.7))], [(-0.3, line(1e-9))]])),
        leaf("taps", Module::Fir(vec![vec![number(); 3], Vec::new()])),
        leaf("cascades", Module::FilterMatrix(array![[vec![section; 2], Vec::new()]])),
        leaf("diagonal", Module::Matrix(array![[-0.0]])),
    ];
    let range = |init| Some(Range { init, min: 0.1, max: 0.7 });
    let controls = Controls { rt60: range(0.3), dry_wet: None, pre_delay: range(0.1 + 0.2) };
    let root = Node::series("root", 50, chain).expect("a series");
    let graph = Graph {
        name: "\u{0}\\".into(),
        sample_rate: 44_100.1,
        root,
        controls,
        revision: Some(1 << 53),
    };
    check(&schema(), "numbers", &graph);
    // Equality takes zeros of either sign for the same.
    let again = Graph::load(graph.to_json().as_bytes()).expect("our own");
    assert_eq!(format!("{graph:?}"), format!("{again:?}"));
}

#[test]
fn siblings_of_one_name_are_written_apart() {
    let gain = || Node::module("g", Module::Matrix(array![[2.0]])).expect("a gain");
    let root = Node::recursion("g", gain(), gain()).expect("a loop");
    let root = Node::series("s", 1, vec![root, gain()]).expect("a series");
    let controls = Controls::default();
    let graph = Graph { name: String::new(), sample_rate: 48000.0, root, controls, revision: None };
    let again = Graph::load(graph.to_json().as_bytes()).expect("our own");
    assert_eq!(again, Graph::load(again.to_json().as_bytes()).expect("our own"));
}
