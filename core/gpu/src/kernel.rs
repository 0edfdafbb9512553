//! What a network becomes on a card: the text of its shader, and its weights.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use nn::program::{Op, Program};
use nn::{Activation, Model};

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

/// Kernels for blocks of one length, which share their shaders where networks are of one
/// shape: to write one takes as long as to render a second of sound.
pub(crate) struct Kernels {
    /// A power of two.
    block: usize,
    form: Form,
    shaders: HashMap<String, Arc<Shader>>,
}

impl Kernels {
    pub(crate) fn new(block: usize, form: Form) -> Self {
        Self { block, form, shaders: HashMap::new() }
    }

    /// The kernel of a model, of the size that `quality` chooses.
    pub(crate) fn of(&mut self, model: &Model, quality: f32) -> Result<Kernel, Error> {
        if let Some(program) = model.program(quality) {
            return self.feed_forward(&program);
        }
        match model.recurrent(quality) {
            Some(net) => {
                let shape = format!("LSTM {} {}", net.hidden, net.layers.len());
                let mut kernel = recurrent::kernel(&net, self.block)?;
                let shader = self.shaders.entry(shape).or_insert(kernel.shader);
                kernel.shader = shader.clone();
                Ok(kernel)
            }
            None => {
                let found = format!("{} {}", model.format(), model.architecture());
                Err(Error::unsupported("model", "a NAM WaveNet, ConvNet or LSTM", found))
            }
        }
    }

    fn feed_forward(&mut self, program: &Arc<Program>) -> Result<Kernel, Error> {
        let widest = program.buffers.iter().map(|b| b.rows).max().unwrap_or(0);
        if widest > MAX_ROWS {
            return Err(Error::unsupported("model", "at most 128 channels", widest));
        }
        if program.macs() > MAX_MACS {
            let expected = "at most 200000 multiply-adds a sample";
            return Err(Error::unsupported("model", expected, program.macs()));
        }
        let (block, mut form) = (self.block, self.form);
        let plan = Plan::new(program, block);
        let packed = Packed::new(program, &plan);
        form.frames = source::frames(program).min(form.frames);
        let past = plan.rings.iter().flatten().filter(|ring| ring.past);
        let shader = self
            .shaders
            .entry(shape(program))
            .or_insert_with(|| source::shader(program, &plan, &packed, form).into());
        Ok(Kernel {
            shader: shader.clone(),
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

/// All that a shader depends on: the program without its numbers.
fn shape(program: &Program) -> String {
    let none = |activation: &mut Activation| {
        if let Activation::PReLU { slopes } = activation {
            *slopes = Arc::new([]);
        }
    };
    let mut shape = format!("{:?} {:?} {:?}", program.input, program.output, program.buffers);
    for op in &program.ops {
        let mut op = op.clone();
        match &mut op {
            Op::Mac(mac) => {
                mac.weights.clear();
                mac.bias.clear();
            }
            Op::Activate { activation, .. } => none(activation),
            Op::Pair { primary, secondary, .. } => {
                none(primary);
                none(secondary);
            }
            Op::Film { .. } | Op::Softmax { .. } | Op::Add { .. } => {}
        }
        let _ = write!(shape, "{op:?}");
    }
    shape
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
