//! A graph that plays: hops of sound through inferences of the length it takes.

use std::sync::Arc;

use stream::{ENDLESS, Network, Source};

use crate::io::Io;
use crate::session::{Runtime, Session};
use crate::tensor::{Data, Tensor};

/// How sound is cut for a graph, found once at load.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    pub(crate) io: Io,
    /// New samples of an inference.
    pub(crate) chunk: usize,
    /// Inferences of a hop, so that graphs of few samples are not called for each.
    pub(crate) repeat: usize,
    /// Samples of an inference that it has heard before, the look-ahead among them.
    pub(crate) context: usize,
    /// Output `j` of an inference belongs to its input `j + shift`.
    pub(crate) shift: usize,
    /// Samples that the graph looks ahead, which is how late it is.
    pub(crate) latency: usize,
    /// Samples after which it has forgotten. None where it is neither measured nor told:
    /// a graph with states may hold a sound for good, and one that takes none never rests.
    pub(crate) memory: Option<usize>,
}

/// One channel of it.
pub(crate) struct Streaming {
    session: Box<dyn Session>,
    plan: Arc<Plan>,
    states: Vec<Tensor>,
    /// What an inference hears, oldest first.
    window: Vec<f32>,
    outputs: Vec<usize>,
}

impl Streaming {
    pub(crate) fn new(session: Box<dyn Session>, plan: Arc<Plan>) -> Self {
        let states = plan.io.states.iter().map(|s| s.zero.clone()).collect();
        let outputs = std::iter::once(plan.io.audio_out)
            .chain(plan.io.states.iter().map(|s| s.output))
            .collect();
        let window = vec![0.0; plan.context + plan.chunk];
        Self { session, plan, states, window, outputs }
    }

    /// All output of one inference of all that is in the window.
    pub(crate) fn infer(&mut self) -> Result<Vec<f32>, String> {
        let io = &self.plan.io;
        let mut inputs = Vec::with_capacity(1 + self.states.len() + io.constants.len());
        inputs.extend(io.audio_in.iter().map(|sound| (sound.port, sound.tensor(&self.window))));
        let states = std::mem::take(&mut self.states);
        inputs.extend(io.states.iter().map(|s| s.input).zip(states));
        inputs.extend(io.constants.iter().cloned());
        let mut outputs = self.session.run(inputs, &self.outputs)?.into_iter();
        let sound = outputs.next().ok_or("it gave no output")?;
        self.states = outputs.collect();
        mono(sound)
    }

    fn chunk(&mut self, io: &mut [f32]) -> Result<(), String> {
        let plan = self.plan.clone();
        self.window.copy_within(plan.chunk.., 0);
        self.window[plan.context..].copy_from_slice(io);
        let sound = self.infer()?;
        for (state, declared) in self.states.iter().zip(&plan.io.states) {
            if state.shape != declared.zero.shape {
                let (expected, found) = (&declared.zero.shape, &state.shape);
                return Err(format!("state: expected lengths {expected:?}, found {found:?}"));
            }
        }
        let from = (plan.context - plan.latency.min(plan.context)).saturating_sub(plan.shift);
        let new = sound.get(from..from + plan.chunk).ok_or_else(|| {
            let expected = from + plan.chunk;
            format!("output: expected {expected} samples or more, found {}", sound.len())
        })?;
        io.copy_from_slice(new);
        Ok(())
    }
}

/// The samples of what must be one channel.
pub(crate) fn mono(sound: Tensor) -> Result<Vec<f32>, String> {
    if sound.shape.iter().filter(|&&n| n != 1).count() > 1 {
        return Err(format!("output: expected one channel of sound, found {:?}", sound.shape));
    }
    match sound.data {
        Data::Float(samples) => Ok(samples),
        Data::Int(_) => Err("output: expected sound in floating point, found integers".into()),
    }
}

impl Network for Streaming {
    fn hop(&self) -> usize {
        self.plan.chunk * self.plan.repeat
    }

    fn latency(&self) -> usize {
        self.plan.latency
    }

    fn run(&mut self, io: &mut [f32]) -> Result<(), String> {
        let chunk = self.plan.chunk;
        let done = io.chunks_exact_mut(chunk).try_for_each(|io| self.chunk(io));
        // A state was lost on the way.
        done.inspect_err(|_| self.reset())
    }

    fn reset(&mut self) {
        self.states = self.plan.io.states.iter().map(|s| s.zero.clone()).collect();
        self.window.fill(0.0);
    }
}

/// A checked graph in the hands of the runtime that was found to run it.
pub(crate) struct Playable {
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) notices: Vec<String>,
}

impl Source for Playable {
    fn build(&self) -> Result<Box<dyn Network>, String> {
        Ok(Box::new(Streaming::new(self.runtime.session()?, self.plan.clone())))
    }

    fn host(&self, work: &mut (dyn FnMut() + Send)) {
        self.runtime.host(work);
    }

    fn hop(&self) -> usize {
        self.plan.chunk * self.plan.repeat
    }

    fn latency(&self) -> usize {
        self.plan.latency
    }

    fn memory(&self) -> usize {
        self.plan.memory.unwrap_or(ENDLESS)
    }

    fn engine(&self) -> String {
        self.runtime.engine()
    }

    fn device(&self) -> String {
        self.runtime.device()
    }

    fn notices(&self) -> Vec<String> {
        self.notices.clone()
    }
}
