//! Loaded graphs play what their files meant.

use num_complex::Complex64;
use serde_json::{Value, json};

use super::response_tests::{fixture, graphs, npy_points, points, response, shared, worst};
use super::{Delay, Graph, Kind, Module, Range};
use crate::error::Error;

fn load(value: &Value) -> Result<Graph, Error> {
    Graph::load(value.to_string().as_bytes())
}

/// Of one leaf, the module.
fn leaf(value: &Value) -> Result<Module, Error> {
    let graph = load(value)?;
    match graph.root.kind() {
        Kind::Module(m) => Ok(m.clone()),
        other => panic!("a leaf, not {other:?}"),
    }
}

fn lost(value: &Value) -> String {
    match load(value) {
        Err(e @ Error::Lost { .. }) => e.to_string(),
        other => panic!("lost, not {other:?}"),
    }
}

/// The references were computed by FLAMO, and for the designs by FAUST from the
/// code ADAC made of them; float32 rounds both to 1e-7.
#[test]
fn graphs_play_what_their_authors_heard() {
    let exact = ["designs", "every"];
    for (name, bytes) in graphs() {
        let name = name.trim_end_matches(".json");
        let graph = Graph::load(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
        let error = worst(&graph, &points(name));
        println!("{name}: {error:.1e}");
        let most = if exact.contains(&name) { 1e-12 } else { 3e-6 };
        assert!(error < most, "{name} differs by {error:e}");
    }
}

/// Larger ones, beside the repository.
#[test]
fn shared_graphs_play_what_flamo_plays() {
    let names = [
        "graphs/03_delays_in_fB",
        "graphs/04_two_delays_in_fF",
        "graphs/06_parallel_in_fF",
        "graphs/06b_parallel_outside_loop",
        "graphs/07_nested_recursion",
        "graphs/08_two_loops_same_names",
        "graphs/10_parallelBiquad",
        "graphs/11_parallelSVF",
        "graphs/20_parallel_concat",
        "colorless_N8_d1",
        "n4_householder_onepole",
        "n8_hadamard_onepole",
        "n8_orthogonal_sos3",
        "n16_orthogonal_onepole",
        "n32_householder_onepole",
        "n64_hadamard_onepole",
        "n64_orthogonal_onepole",
    ];
    for name in names {
        let files = (shared(&format!("{name}.json")), shared(&format!("{name}.flamo.npy")));
        let (Some(json), Some(npy)) = files else { return };
        let graph = Graph::load(&json).unwrap_or_else(|e| panic!("{name}: {e}"));
        let error = worst(&graph, &npy_points(&npy));
        println!("{name}: {error:.1e}");
        assert!(error < 3e-6, "{name} differs by {error:e}");
    }
}

#[test]
fn every_shared_graph_loads_or_is_refused_in_words() {
    for folder in ["", "graphs", "cert"] {
        let Some(path) = shared("errors.json").map(|_| {
            std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../../../shared/data/fdn")
                .join(folder)
        }) else {
            return;
        };
        for entry in std::fs::read_dir(path).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|n| n.to_str()).expect("a name").to_owned();
            let other = ["errors.json", "summary.json", "faust_compile_times.json"];
            if !name.ends_with(".json") || other.contains(&name.as_str()) {
                continue;
            }
            match Graph::load(&std::fs::read(&path).expect("a file")) {
                Ok(graph) => {
                    assert_ne!(name, "18_parallelFilter_FIR.json");
                    assert_eq!(graph, Graph::load(graph.to_json().as_bytes()).expect("our own"));
                }
                Err(e) => assert!(
                    matches!(e, Error::Lost { .. }) && name == "18_parallelFilter_FIR.json",
                    "{name}: {e}"
                ),
            }
        }
    }
}

fn delays(flamo: Value, params: Value) -> Value {
    json!({ "type": "Leaf", "name": "d", "module_type": "parallelDelay", "flamo": flamo,
        "params": params })
}

#[test]
fn delays_are_divided_by_their_unit_and_rounded_to_even() {
    let params =
        json!({ "samples": [10050, 150, 250], "samples_fractional": [10050.0, 150.0, 250.0] });
    let whole = leaf(&delays(json!({ "unit": 100, "isint": true }), params.clone()));
    let line = |samples| Delay { samples, interpolated: false };
    assert_eq!(whole.expect("delays"), Module::Delay(vec![line(100.0), line(2.0), line(2.0)]));
    let fractional = leaf(&delays(json!({ "unit": 100, "isint": false }), params));
    let line = |samples| Delay { samples, interpolated: true };
    let expected = vec![line(100.5), line(1.5), line(2.5)];
    assert_eq!(fractional.expect("delays"), Module::Delay(expected));
}

#[test]
fn delays_of_unit_one_are_read_as_adac_does() {
    let params = json!({ "samples": [3], "samples_fractional": [2.75] });
    let one = |samples, interpolated| Module::Delay(vec![Delay { samples, interpolated }]);
    let read = |flamo, params: &Value| leaf(&delays(flamo, params.clone())).expect("delays");
    assert_eq!(read(json!({}), &params), one(3.0, false));
    assert_eq!(read(json!({ "isint": false, "unit": 1 }), &params), one(2.75, true));
    assert_eq!(read(json!({}), &json!({ "samples_fractional": [2.75] })), one(2.75, true));
}

#[test]
fn delays_that_lost_their_meaning_are_refused() {
    let both = json!({ "samples": [100], "samples_fractional": [100.0] });
    let trained = lost(&delays(json!({ "requires_grad": true }), both));
    assert!(
        trained.contains("softplus") && trained.contains("python -m kiln_fdn export"),
        "{trained}"
    );
    assert!(trained.starts_with("d: "), "{trained}");
    let bare = lost(&delays(json!({ "unit": 100 }), json!({ "samples": [100] })));
    assert!(bare.contains("samples_fractional"), "{bare}");
    let edited = json!({ "samples": [101], "samples_fractional": [100.0] });
    assert!(lost(&delays(json!({ "unit": 100 }), edited)).contains("disagree"));
}

#[test]
fn parameters_before_an_unknown_map_are_refused() {
    let fir = Graph::load(&fixture("lost_fir.json"));
    let fir = fir.expect_err("a map that is lost").to_string();
    assert!(fir.contains("lost_fir/f") || fir.contains("18_parallelFilter_FIR/f"), "{fir}");
    assert!(fir.contains("map") && fir.contains("export"), "{fir}");
    for class in [
        "GEQ",
        "PEQ",
        "AccurateGEQ",
        "parallelGEQ",
        "ScatteringMatrix",
        "Delay",
        "GainDelay",
        "Filter",
        "parallelFilter",
        "VelvetNoiseMatrix",
        "SomethingNew",
    ] {
        let raw = json!({ "raw": [[1.0, 0.5], [0.5, 1.0]] });
        let words = lost(&json!({ "type": "Leaf", "module_type": class, "params": raw }));
        assert!(words.contains(class) && words.contains("kiln_fdn export"), "{words}");
    }
}

#[test]
fn a_matrix_without_its_parameter_is_read_only_where_both_are_the_same() {
    let matrix = |kind: &str, matrix: Value| json!({ "module_type": "Matrix", "params": { "matrix": matrix }, "flamo": { "matrix_type": kind } });
    let turned = json!([[0.6, 0.8], [-0.8, 0.6]]);
    assert!(lost(&matrix("orthogonal", turned.clone())).contains("param_raw"));
    assert!(lost(&matrix("rotation", turned.clone())).contains("param_raw"));
    assert!(lost(&matrix("hadamard", turned.clone())).contains("param_raw"));
    assert!(load(&matrix("random", turned.clone())).is_ok());
    assert!(load(&matrix("orthogonal", json!([[1, 0], [0, 1]]))).is_ok());
    let h = 0.5f64.sqrt();
    assert!(load(&matrix("hadamard", json!([[h, h], [h, -h]]))).is_ok());
    let mut whole = matrix("orthogonal", turned);
    whole["flamo"]["param_raw"] = json!([[0, 1], [0, 0]]);
    assert!(load(&whole).is_ok());
}

#[test]
fn an_old_householder_vector_becomes_its_matrix() {
    let old = json!({ "module_type": "HouseholderMatrix", "params": { "matrix": [[1], [1]] } });
    let Module::Matrix(m) = leaf(&old).expect("a matrix") else { panic!("a matrix") };
    assert_eq!(m, ndarray::array![[0.0, -1.0], [-1.0, 0.0]]);
    let zero = json!({ "module_type": "HouseholderMatrix", "params": { "matrix": [[0], [0]] } });
    assert!(load(&zero).is_err());
}

/// FLAMO's SOSFilter, by the other's name and as it is.
#[test]
fn a_matrix_of_cascades_is_read_from_its_parameter() {
    let raw = json!([[
        [[2.0, 0.0]],
        [[1.0, 0.0]],
        [[0.0, 1.0]],
        [[2.0, 4.0]],
        [[0.5, 0.0]],
        [[0.0, 2.0]]
    ]]);
    let sos = json!({ "module_type": "parallelSOSFilter", "params": { "raw": raw },
        "flamo": { "size": [1, 6, 1, 2] } });
    let graph = load(&sos).expect("a matrix of cascades");
    let (z, w) = (Complex64::new(0.3, 1.2), Complex64::new(0.3, 1.2).inv());
    let expected = [(2.0 + w) / (2.0 + 0.5 * w), w * w / (4.0 + 2.0 * w * w)];
    for (found, expected) in response(&graph.root, z).iter().zip(expected) {
        assert!((found - expected).norm() < 1e-15);
    }
    let mut wrong = sos;
    wrong["flamo"]["size"] = json!([1, 6, 2, 1]);
    assert!(matches!(load(&wrong), Err(Error::Invalid { .. })));
}

/// By the formulas FLAMO's documentation gives, worked out here another way: from
/// the analog filter at the warped frequency.
#[test]
fn every_state_variable_filter_is_its_analog_one() {
    let raw: [f64; 5] = [0.3, -0.4, 0.7, -0.2, 0.1];
    let softplus = |x: f64| x.exp().ln_1p();
    let (f, r) = (
        (std::f64::consts::PI * 0.5 / (1.0 + (-raw[0]).exp())).tan(),
        softplus(raw[1]) / 2f64.ln(),
    );
    let g = 10f64.powf(-softplus(raw[2]));
    let z = Complex64::new(0.4, 1.1);
    let s = (1.0 - z.inv()) / (1.0 + z.inv()) / f;
    let root = g.sqrt();
    let expected = [
        (Some("lowpass"), r, [1.0, 0.0, 0.0]),
        (Some("highpass"), r, [0.0, 0.0, 1.0]),
        (Some("bandpass"), r, [0.0, 1.0, 0.0]),
        (Some("lowshelf"), 1.0, [1.0, 2.0 * root, g]),
        (Some("highshelf"), 1.0, [g, 2.0 * root, 1.0]),
        (Some("peaking"), 1.0 / r, [1.0, 2.0 * r * root, 1.0]),
        (Some("notch"), r, [1.0, 2.0 * r * root, 1.0]),
        (None, r, [raw[2] + 1.0, raw[3] + 2.0, raw[4] + 1.0]),
    ];
    for (kind, r, [low, band, high]) in expected {
        let raw: Vec<_> = raw.iter().map(|x| json!([[[x]]])).collect();
        let mut svf =
            json!({ "module_type": "SVF", "params": { "raw": raw }, "flamo": { "n_sections": 1 } });
        if let Some(kind) = kind {
            svf["flamo"]["filter_type"] = json!(kind);
        }
        let found = response(&load(&svf).expect("a filter").root, z)[(0, 0)];
        let expected = (low + band * s + high * s * s) / (1.0 + 2.0 * r * s + s * s);
        assert!((found - expected).norm() < 1e-12, "{kind:?}: {found} {expected}");
    }
    let bare = json!({ "module_type": "SVF", "params": { "raw": [[[[0]]], [[[0]]], [[[0]]], [[[0]]], [[[0]]]] } });
    assert!(lost(&bare).contains("filter_type"));
}

#[test]
fn biquads_clamp_as_flamo_does() {
    let biquad = |kind: &str, raw: Value| {
        json!({ "module_type": "Biquad", "params": { "raw": raw },
            "flamo": { "filter_type": kind, "n_sections": 1 } })
    };
    let gain = |kind: &str, raw: Value, z: f64| {
        let graph = load(&biquad(kind, raw)).unwrap_or_else(|e| panic!("{e}"));
        response(&graph.root, Complex64::new(z, 0.0))[(0, 0)].re
    };
    let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-9, "{a} {b}");
    near(gain("lowpass", json!([[[[0.2]], [[-0.5]]]]), 1.0), 0.5);
    near(gain("lowpass", json!([[[[0.2]], [[1e9]]]]), 1.0), 1e3);
    near(gain("highpass", json!([[[[0.2]], [[0.0]]]]), -1.0), 1e-3);
    // The centre of a band, in the sense of the cookbook, has the gain.
    let graph = load(&biquad("bandpass", json!([[[[0.2]], [[0.4]], [[2.0]]]]))).expect("a band");
    let centre = Complex64::cis(0.3 * std::f64::consts::PI);
    near(response(&graph.root, centre)[(0, 0)].norm(), 2.0);
    assert!(lost(&biquad("bandpass", json!([[[[0.0]], [[0.4]], [[2.0]]]]))).contains("precision"));
}

#[test]
fn controls_take_adacs_defaults() {
    let root = json!({ "type": "Leaf", "module_type": "parallelGain", "params": { "gains": [1] },
        "controls": { "rt60": true, "dry_wet": { "init": 0.6, "label": "mix" }, "pre_delay": false } });
    let controls = load(&root).expect("a graph").controls;
    assert_eq!(controls.rt60, Some(Range { init: 2.0, min: 0.1, max: 10.0 }));
    assert_eq!(controls.dry_wet, Some(Range { init: 0.6, min: 0.0, max: 1.0 }));
    assert_eq!(controls.pre_delay, None);
    for wrong in [
        json!({ "size": true }),
        json!({ "rt60": { "init": 11 } }),
        json!({ "dry_wet": { "max": 2 } }),
    ] {
        let mut root = root.clone();
        root["controls"] = wrong;
        assert!(matches!(load(&root), Err(Error::Invalid { .. })), "{root}");
    }
}

#[test]
fn wires_are_as_wide_as_their_neighbours() {
    let gain =
        json!({ "type": "Leaf", "module_type": "parallelGain", "params": { "gains": [1, 2, 3] } });
    let wire = json!({ "type": "Shell", "children": [] });
    let graphs = [
        json!({ "type": "Series", "children": [wire, gain] }),
        json!({ "type": "Parallel", "children": [wire, gain], "sum_output": true }),
        json!({ "type": "Recursion", "fF": null, "fB": gain }),
        json!({ "type": "Recursion", "fF": gain }),
        json!({ "type": "Series", "children": [gain, { "type": "Recursion" }] }),
    ];
    for graph in graphs {
        let root = load(&graph).unwrap_or_else(|e| panic!("{graph}: {e}")).root;
        assert_eq!((root.inputs(), root.outputs()), (3, 3), "{graph}");
    }
}

#[test]
fn siblings_of_one_name_are_told_apart() {
    let gain = json!({ "module_type": "parallelGain", "name": "g", "params": { "gains": [1] } });
    let root =
        load(&json!({ "type": "Series", "children": [gain, gain, gain] })).expect("a graph").root;
    let Kind::Series(children) = root.kind() else { panic!("a series") };
    let names: Vec<_> = children.iter().map(|c| c.name()).collect();
    assert_eq!(names, ["g", "g 2", "g 3"]);
}

#[test]
fn output_filters_of_pyfdn_leave_the_direct_path_alone() {
    let halves = json!([[[0.5], [0.0], [0.0], [1.0], [0.0], [0.0]]]);
    let build = json!({ "format": "pyfdn-fdn-build", "version": 1, "sample_rate": 44100.0,
        "feedback_matrix": [[0.5]], "input_matrix": [[3]], "output_matrix": [[1]],
        "direct_matrix": [[10]], "delays": [1], "absorption_filters": null, "output_filters": halves });
    let graph = load(&build).expect("a network");
    // 10 + ½·3·z⁻¹ / (1 − ½z⁻¹) at z = 2.
    let found = response(&graph.root, Complex64::new(2.0, 0.0))[(0, 0)];
    assert!((found - (10.0 + 0.5 * 3.0 * 0.5 / 0.75)).norm() < 1e-14, "{found}");
    for (key, wrong) in [
        ("delays", json!([0])),
        ("delays", json!([1, 1])),
        ("delays", json!([1.5])),
        ("direct_matrix", json!([[1, 2]])),
        ("output_filters", json!([[[1], [0], [0], [0], [0], [0]]])),
        ("version", json!(2)),
    ] {
        let mut build = build.clone();
        build[key] = wrong;
        let error = load(&build).expect_err(key);
        assert!(error.to_string().contains(key), "{error}");
    }
}
