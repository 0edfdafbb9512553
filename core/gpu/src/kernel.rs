//! What a network becomes on a card: the text of its shader, and its weights.

use std::sync::Arc;

use nn::Model;
use nn::program::Program;

use crate::Error;
use crate::pack::Packed;
use crate::plan::Plan;
use crate::source::Form;
use crate::{recurrent, source};

/// The widest signal we write a shader for; its rows are variables of a thread.
const MAX_ROWS: usize = 128;
/// The most multiply-adds a sample we write a shader for: ten times what the largest
/// network in use takes.
const MAX_MACS: usize = 200_000;

/// The text of a kernel. Networks of one shape have the same, and share pipelines by it.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shader {
    /// What all entry points begin with.
    pub(crate) head: String,
    /// The entry point `rest`, which fills the memory of a lane.
    pub(crate) rest: String,
    /// Entry points called `step`, in the order in which they run over a block. Each is
    /// a module of its own, for compilers take longer than in proportion to a module.
    pub(crate) steps: Vec<String>,
}

/// How threads share the work of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Grid {
    /// A group takes so many frames of one lane.
    Frames(usize),
    /// A group takes all frames of so many lanes.
    Lanes(usize),
}

/// A network for blocks of up to some length. A lane is one instance of it.
#[derive(Clone)]
pub(crate) struct Kernel {
    pub(crate) shader: Arc<Shader>,
    pub(crate) grid: Grid,
    /// Threads a lane of `rest`, in groups of [`GROUP`].
    pub(crate) resting: usize,
    /// Floats of memory of a lane.
    pub(crate) state: usize,
    pub(crate) weights: Arc<[f32]>,
    pub(crate) block: usize,
    /// Multiply-adds a sample.
    pub(crate) macs: usize,
    /// Samples that shape an output, if there is an end to them.
    pub(crate) receptive_field: Option<usize>,
}

/// Threads of a group.
pub(crate) const GROUP: usize = 64;

impl Kernel {
    /// `block` is a power of two.
    pub(crate) fn new(
        model: &Model,
        quality: f32,
        block: usize,
        form: Form,
    ) -> Result<Self, Error> {
        if let Some(program) = model.program(quality) {
            return Self::feed_forward(&program, block, form);
        }
        match model.recurrent(quality) {
            Some(net) => recurrent::kernel(&net, block),
            None => {
                let found = format!("{} {}", model.format(), model.architecture());
                Err(Error::unsupported("model", "a NAM WaveNet, ConvNet or LSTM", found))
            }
        }
    }

    fn feed_forward(program: &Arc<Program>, block: usize, mut form: Form) -> Result<Self, Error> {
        let widest = program.buffers.iter().map(|b| b.rows).max().unwrap_or(0);
        if widest > MAX_ROWS {
            return Err(Error::unsupported("model", "at most 128 channels", widest));
        }
        if program.macs() > MAX_MACS {
            let expected = "at most 200000 multiply-adds a sample";
            return Err(Error::unsupported("model", expected, program.macs()));
        }
        let plan = Plan::new(program, block);
        let packed = Packed::new(program, &plan);
        form.frames = source::frames(program).min(form.frames);
        let past = plan.rings.iter().flatten().filter(|ring| ring.past);
        Ok(Self {
            shader: source::shader(program, &plan, &packed, form).into(),
            grid: Grid::Frames(form.frames * GROUP),
            resting: past.map(|ring| ring.frames).max().unwrap_or(1),
            state: plan.floats.max(1),
            weights: packed.floats.into(),
            block,
            macs: program.macs(),
            receptive_field: Some(program.receptive_field),
        })
    }
}

/// What every shader begins with: what is bound to it, and the present block.
pub(crate) const BINDINGS: &str = "
struct Lane { weights: u32, input: u32 }
struct Block { now: u32, frames: u32, start: u32, stride: u32, lanes: u32, one: u32 }
@group(0) @binding(0) var<storage, read_write> S: array<f32>;
@group(0) @binding(1) var<storage, read> W: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> X: array<f32>;
@group(0) @binding(3) var<storage, read_write> Y: array<f32>;
@group(0) @binding(4) var<storage, read> L: array<Lane>;
@group(0) @binding(5) var<uniform> B: Block;
";
