//! Models that are no effects, against what ONNX Runtime answered.

use serde::Deserialize;

use super::*;
use crate::load::tests::{data, floats};

#[derive(Deserialize)]
struct Told {
    inputs: Vec<Named>,
    outputs: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    shape: Vec<usize>,
    #[serde(default)]
    int: bool,
}

/// Input tensors and expected outputs by name.
pub(crate) type Case = (Vec<(String, Tensor)>, Vec<(String, Tensor)>);

/// What stands beside a fixture.
pub(crate) fn case(name: &str) -> Case {
    let told: Told = serde_json::from_slice(&data(&format!("{name}.json"))).unwrap();
    let mut numbers = floats(&format!("{name}.f32")).into_iter();
    let mut take = |named: Vec<Named>| {
        let tensor = |n: Named| {
            let count = crate::tensor::elements(&n.shape);
            let values: Vec<f32> = numbers.by_ref().take(count).collect();
            assert_eq!(values.len(), count);
            let ints = || values.iter().map(|&x| x as i64).collect();
            let whole = n.int.then(|| Tensor::ints(&n.shape, ints()));
            (n.name, whole.unwrap_or_else(|| Tensor::floats(&n.shape, values)))
        };
        named.into_iter().map(tensor).collect::<Vec<_>>()
    };
    (take(told.inputs), take(told.outputs))
}

/// Runs a fixture and returns the largest difference of each output.
fn differences(name: &str, options: &Options) -> Vec<f32> {
    let mut graph = Graph::load(&data(&format!("{name}.onnx")), options).unwrap();
    let (inputs, expected) = case(name);
    let inputs = inputs.iter().map(|(name, t)| (name.as_str(), t.clone())).collect();
    let names: Vec<&str> = expected.iter().map(|(name, _)| name.as_str()).collect();
    let found = graph.run(inputs, &names).unwrap();
    let difference = |((name, expected), found): (&(String, Tensor), &Tensor)| {
        assert_eq!(found.shape, expected.shape, "{name}");
        let (a, b) = (found.as_floats().unwrap(), expected.as_floats().unwrap());
        assert!(b.iter().any(|x| *x != 0.0), "{name}: noughts");
        a.iter().zip(b).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()))
    };
    expected.iter().zip(&found).map(difference).collect()
}

#[test]
fn transposed_convolutions_give_what_they_gave() {
    for name in ["transposed_1", "transposed_2", "transposed_3", "transposed_crop"] {
        assert!(differences(name, &Options::default()).iter().all(|d| *d < 2e-6), "{name}");
    }
}

#[test]
fn swift_f0_finds_the_same_pitch() {
    let found = differences("swift_f0", &Options::default());
    // Hz, and a probability.
    assert!(found[0] < 1e-2 && found[1] < 1e-4, "{found:?}");
}

#[test]
fn basic_pitch_finds_the_same_notes() {
    let found = differences("basic_pitch", &Options::default());
    assert!(found[0] < 1e-4, "{found:?}");
}

#[test]
#[ignore = "needs KILN_SILERO, the folder that python/onnx/fixtures.py put silero-vad into"]
fn silero_hears_the_same() {
    let folder = std::env::var("KILN_SILERO").expect("KILN_SILERO");
    let found = differences(&format!("{folder}/silero_vad"), &Options::default());
    // A probability and a state; whether the runtime takes branches is shown as well.
    assert!(found.iter().all(|d| *d < 1e-4), "{found:?}");
}

#[test]
fn what_is_not_there_is_told() {
    let mut graph = Graph::load(&data("swift_f0.onnx"), &Options::default()).unwrap();
    let error = graph.run(vec![], &["tempo"]).unwrap_err().to_string();
    assert_eq!(error, "output: expected one of pitch, confidence, found tempo");
    let error = graph.run(vec![("tempo", Tensor::floats(&[], vec![1.0]))], &["pitch"]);
    let error = error.unwrap_err().to_string();
    assert_eq!(error, "input: expected one of audio, fmin, fmax, found tempo");
    // What the runtime says is passed on.
    let error = graph.run(vec![], &["pitch"]).unwrap_err().to_string();
    assert!(error.starts_with("rten 0.27: expected a graph it runs, found: "), "{error}");
}

/// Set to the path of libonnxruntime, the tests that need it run.
const LIBRARY: &str = "KILN_ONNXRUNTIME";

/// ONNX Runtime, where it is to be tested.
fn library() -> Option<std::path::PathBuf> {
    std::env::var_os(LIBRARY).map(Into::into)
}

#[test]
#[ignore = "needs KILN_ONNXRUNTIME, the path of libonnxruntime"]
fn onnx_runtime_runs_where_it_is_named() {
    use crate::Provider::{Cpu, Cuda};
    let library = library().expect(LIBRARY);
    // A wrong library first: it must not stand in the way of the right one.
    let wrong = Options { library: Some("/nowhere/libonnxruntime.so".into()), ..<_>::default() };
    let graph = Graph::load(&data("transposed_2.onnx"), &wrong).unwrap();
    assert_eq!(graph.engine(), "rten 0.27 on CPU");
    assert!(graph.notices()[0].contains("/nowhere/"), "{:?}", graph.notices());
    let relative = Options { library: Some("libonnxruntime.so".into()), ..<_>::default() };
    let graph = Graph::load(&data("transposed_2.onnx"), &relative).unwrap();
    assert!(graph.notices()[0].contains("absolute path"), "{:?}", graph.notices());
    let other = Options { library: std::env::current_exe().ok(), ..Options::default() };
    let graph = Graph::load(&data("transposed_2.onnx"), &other).unwrap();
    assert_eq!((graph.engine().as_str(), graph.notices().len()), ("rten 0.27 on CPU", 1));
    // One built for the CPU is asked for a card.
    let options = Options { library: Some(library), providers: vec![Cuda, Cpu], ..<_>::default() };
    for name in ["transposed_2", "swift_f0", "basic_pitch"] {
        assert!(differences(name, &options).iter().all(|d| *d < 1e-5), "{name}");
        let graph = Graph::load(&data(&format!("{name}.onnx")), &options).unwrap();
        assert!(graph.engine().starts_with("ONNX Runtime"), "{}", graph.engine());
        assert!(graph.engine().ends_with(" on CPU"), "{}", graph.engine());
        let notices = graph.notices();
        assert!(notices.len() == 1 && notices[0].contains("Cuda"), "{notices:?}");
    }
    let graph = Graph::load(&data("transposed_2.onnx"), &other).unwrap();
    assert_eq!(graph.engine(), "rten 0.27 on CPU");
    assert!(graph.notices()[0].contains("has loaded"), "{:?}", graph.notices());
    let none = Options { providers: vec![Cuda], ..options };
    let graph = Graph::load(&data("transposed_2.onnx"), &none).unwrap();
    assert_eq!(graph.engine(), "rten 0.27 on CPU");
}
