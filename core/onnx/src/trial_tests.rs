//! Runtimes that misbehave, and what graphs give away of themselves.

use super::*;
use crate::file::File;
use crate::load::tests::data;
use crate::tensor::Tensor;

const LONG: Duration = Duration::from_secs(600);

/// A runtime whose graph is a function of its inputs.
struct Fake(fn(Vec<(usize, Tensor)>) -> Vec<Tensor>);

struct FakeSession(fn(Vec<(usize, Tensor)>) -> Vec<Tensor>);

impl Runtime for Fake {
    fn session(&self) -> Result<Box<dyn Session>, String> {
        Ok(Box::new(FakeSession(self.0)))
    }

    fn engine(&self) -> String {
        "fake".to_owned()
    }
}

impl Session for FakeSession {
    fn run(&mut self, inputs: Vec<(usize, Tensor)>, _: &[usize]) -> Result<Vec<Tensor>, String> {
        Ok((self.0)(inputs))
    }
}

/// A trial of a graph of sound in and out, and of one state where `file` has it.
fn trial(
    file: &str,
    patience: Duration,
    graph: fn(Vec<(usize, Tensor)>) -> Vec<Tensor>,
) -> Result<Arc<Plan>, String> {
    let io = Io::of(&File::read(&data(file)).unwrap()).unwrap();
    let runtime: Arc<dyn Runtime> = Arc::new(Fake(graph));
    run(&runtime, &io, LONG, patience, Instant::now() + LONG)
}

fn first(inputs: Vec<(usize, Tensor)>) -> Tensor {
    inputs.into_iter().next().unwrap().1
}

#[test]
fn what_never_comes_back_is_left_behind() {
    let error = trial("valid.onnx", Duration::from_millis(50), |_| {
        loop {
            std::thread::park();
        }
    });
    let expected = "trial: expected an inference within 0.05 s, found none";
    assert_eq!(error.unwrap_err(), expected);
}

#[test]
fn what_is_never_done_is_given_up() {
    // Each inference comes back, and there would be dozens.
    let io = Io::of(&File::read(&data("wavenet_plain.onnx")).unwrap()).unwrap();
    let runtime: Arc<dyn Runtime> = Arc::new(Fake(|inputs| {
        std::thread::sleep(Duration::from_millis(100));
        vec![first(inputs)]
    }));
    let deadline = Instant::now() + Duration::from_millis(250);
    let error = run(&runtime, &io, LONG, LONG, deadline).unwrap_err();
    assert_eq!(error, "trial: expected it to be over in time, found it under way");
}

#[test]
fn a_panic_is_an_error() {
    let error = trial("valid.onnx", LONG, |_| panic!("out of pins"));
    assert_eq!(error.unwrap_err(), "out of pins");
}

#[test]
fn what_is_no_number_is_refused() {
    let error = trial("lstm.onnx", LONG, |inputs| {
        let mut all: Vec<Tensor> = inputs.into_iter().map(|(_, tensor)| tensor).collect();
        all[0] = Tensor::floats(&all[0].shape, vec![f32::NAN]);
        all
    });
    assert_eq!(error.unwrap_err(), "output: expected numbers, found infinities");
}

#[test]
fn outputs_of_another_length_or_width_are_refused() {
    let error = trial("lstm.onnx", LONG, |inputs| {
        let mut all: Vec<Tensor> = inputs.into_iter().map(|(_, tensor)| tensor).collect();
        all[0] = Tensor::floats(&[1, 1, 63], vec![]);
        all
    });
    let expected = "output: expected 64 samples as at the input, found 63";
    assert_eq!(error.unwrap_err(), expected);
    let error = trial("valid.onnx", LONG, |_| vec![Tensor::floats(&[1, 2, 64], vec![])]);
    assert_eq!(error.unwrap_err(), "output: expected one channel of sound, found [1, 2, 64]");
    let error = trial("valid.onnx", LONG, |_| vec![Tensor::ints(&[1, 64], vec![])]);
    let expected = "output: expected sound in floating point, found integers";
    assert_eq!(error.unwrap_err(), expected);
    let error = trial("valid.onnx", LONG, |_| Vec::new());
    assert_eq!(error.unwrap_err(), "it gave no output");
}

#[test]
fn states_that_change_their_lengths_are_refused() {
    let error = trial("lstm.onnx", LONG, |inputs| {
        let mut all: Vec<Tensor> = inputs.into_iter().map(|(_, tensor)| tensor).collect();
        all[1] = Tensor::floats(&[1, 1, 21], vec![]);
        all
    });
    let expected = "state: expected lengths [1, 1, 20], found [1, 1, 21]";
    assert_eq!(error.unwrap_err(), expected);
}

#[test]
fn what_a_graph_adds_behind_the_end_is_dropped() {
    // A full convolution: each output is the mean of an input and the 100th before it.
    let plan = trial("valid.onnx", LONG, |inputs| {
        let Tensor { data: crate::Data::Float(x), .. } = first(inputs) else { return Vec::new() };
        let at = |i: usize| x.get(i).copied().unwrap_or(0.0);
        let y: Vec<f32> = (0..x.len() + 100)
            .map(|i| 0.5 * (at(i) + i.checked_sub(100).map_or(0.0, at)))
            .collect();
        vec![Tensor::floats(&[1, 1, y.len()], y)]
    });
    let plan = plan.unwrap();
    assert_eq!((plan.context, plan.shift, plan.latency), (100, 0, 0));
}

#[test]
fn graphs_that_change_rates_get_windows_of_whole_hops() {
    // Holds every 512th sample.
    let plan = trial("valid.onnx", LONG, |inputs| {
        let Tensor { data: crate::Data::Float(x), .. } = first(inputs) else { return Vec::new() };
        let whole = x.len() / 512 * 512;
        let y: Vec<f32> = (0..whole).map(|i| x[i / 512 * 512]).collect();
        vec![Tensor::floats(&[1, 1, y.len()], y)]
    });
    let plan = plan.unwrap();
    assert_eq!((plan.chunk, plan.context % 512), (512, 0));
}

#[test]
fn small_inferences_are_taken_together() {
    let io = Io::of(&File::read(&data("lstm.onnx")).unwrap()).unwrap();
    let mut io = Io { states: Vec::new(), ..io };
    let sound = io.audio_in.as_mut().unwrap();
    sound.shape[sound.time] = 3;
    let runtime: Arc<dyn Runtime> = Arc::new(Fake(|inputs| vec![first(inputs)]));
    let plan = run(&runtime, &io, LONG, LONG, Instant::now() + LONG).unwrap();
    assert_eq!((plan.chunk, plan.repeat, plan.context), (3, 22, 0));
}
