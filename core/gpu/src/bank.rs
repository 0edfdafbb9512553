//! Lanes of one kernel in the memory of a card, and the passes that run them.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Instant;

use crate::Error;
use crate::device::Device;
use crate::kernel::{GROUP, Grid, Kernel, Shader};

/// What one lane runs, and on what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Lane {
    /// Which of the bank's weights.
    pub(crate) model: usize,
    /// Which of the bank's inputs.
    pub(crate) input: usize,
}

/// Bytes between the parameters of two blocks, the most any card asks for.
const STRIDE: usize = 256;
/// Seconds a submission should take: a tenth of what makes a desktop think that a card
/// has hung, and long enough that the way there does not count.
const SUBMISSION: f64 = 0.1;
/// Passes under way at once: one computes while another is read.
const DEPTH: usize = 2;

/// The pipelines of one shader.
pub(crate) struct Pipelines {
    layout: wgpu::BindGroupLayout,
    rest: wgpu::ComputePipeline,
    steps: Vec<wgpu::ComputePipeline>,
}

impl Pipelines {
    /// Compiles on several threads: a driver takes tenths of a second for each.
    fn build(device: &Device, shader: &Shader) -> Result<Self, Error> {
        let at = "compiling a shader";
        let layout = device.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: None,
            entries: &std::array::from_fn::<_, 6, _>(entry),
        });
        let whole = device.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: None,
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let compile = |name: &str, text: &str| {
            let source = wgpu::ShaderSource::Wgsl((shader.head.clone() + text).into());
            let descriptor = wgpu::ShaderModuleDescriptor { label: None, source };
            let module = device.device.create_shader_module(descriptor);
            device.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: None,
                layout: Some(&whole),
                module: &module,
                entry_point: Some(name),
                compilation_options: Default::default(),
                cache: None,
            })
        };
        let rest = compile("rest", &shader.rest);
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(8));
        let share = shader.steps.len().div_ceil(threads).max(1);
        let steps = std::thread::scope(|scope| {
            let all = |part: &[String]| -> Vec<_> {
                part.iter().map(|text| compile("step", text)).collect()
            };
            let parts = shader.steps.chunks(share);
            let parts: Vec<_> = parts.map(|part| scope.spawn(move || all(part))).collect();
            parts.into_iter().map(|part| part.join()).collect::<Result<Vec<_>, _>>()
        });
        device.check(at)?;
        let steps = steps.map_err(|_| Error::Device { at, found: "a panic".to_owned() })?;
        Ok(Self { layout, rest, steps: steps.into_iter().flatten().collect() })
    }
}

/// What the shader has at each binding.
fn entry(binding: usize) -> wgpu::BindGroupLayoutEntry {
    let ty = match binding {
        0 | 3 => wgpu::BufferBindingType::Storage { read_only: false },
        5 => wgpu::BufferBindingType::Uniform,
        _ => wgpu::BufferBindingType::Storage { read_only: true },
    };
    wgpu::BindGroupLayoutEntry {
        binding: binding as u32,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer {
            ty,
            has_dynamic_offset: binding == 5,
            min_binding_size: None,
        },
        count: None,
    }
}

/// How much a bank holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Size {
    pub(crate) lanes: usize,
    pub(crate) models: usize,
    pub(crate) inputs: usize,
    /// Frames of the longest pass; whole blocks.
    pub(crate) span: usize,
}

impl Size {
    /// Bytes of its largest buffer, and of all.
    pub(crate) fn bytes(&self, kernel: &Kernel) -> (u64, u64) {
        let floats = |n: usize, each: usize| 4 * n as u64 * each as u64;
        let state = floats(self.lanes, kernel.state);
        let weights = floats(self.models, kernel.weights.len());
        let (x, y) = (floats(self.inputs, self.span), floats(self.lanes, self.span));
        let largest = state.max(weights).max(x).max(y);
        (largest, state + weights + x + y * (1 + DEPTH as u64))
    }
}

/// The buffers of a bank, in the order of their bindings; then those that are read.
struct Buffers {
    state: wgpu::Buffer,
    w: wgpu::Buffer,
    x: wgpu::Buffer,
    y: wgpu::Buffer,
    l: wgpu::Buffer,
    blocks: wgpu::Buffer,
    read: Vec<wgpu::Buffer>,
}

impl Buffers {
    fn new(device: &Device, kernel: &Kernel, size: Size) -> Self {
        use wgpu::BufferUsages as Usages;
        let buffer = |floats: usize, usage: Usages| {
            device.device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                // A binding of nothing is not allowed.
                size: 4 * floats.next_multiple_of(4).max(4) as u64,
                usage: usage | Usages::COPY_DST,
                mapped_at_creation: false,
            })
        };
        let out = size.lanes * size.span;
        Self {
            state: buffer(size.lanes * kernel.state, Usages::STORAGE),
            w: buffer(size.models * kernel.weights.len(), Usages::STORAGE),
            x: buffer(size.inputs * size.span, Usages::STORAGE),
            y: buffer(out, Usages::STORAGE | Usages::COPY_SRC),
            l: buffer(2 * size.lanes, Usages::STORAGE),
            blocks: buffer(size.span / kernel.block * STRIDE / 4, Usages::UNIFORM),
            read: (0..DEPTH).map(|_| buffer(out, Usages::MAP_READ)).collect(),
        }
    }
}

/// A pass whose output has not been read.
struct Pending {
    slot: usize,
    until: wgpu::SubmissionIndex,
    frames: usize,
    lanes: usize,
    blocks: usize,
    since: Instant,
}

/// Lanes and their memory.
pub(crate) struct Bank {
    device: Device,
    pipelines: Arc<Pipelines>,
    grid: Grid,
    resting: usize,
    block: usize,
    size: Size,
    bound: wgpu::BindGroup,
    x: wgpu::Buffer,
    y: wgpu::Buffer,
    blocks: wgpu::Buffer,
    read: Vec<wgpu::Buffer>,
    pending: std::collections::VecDeque<Pending>,
    /// The number of the next frame, which wraps around as rings do.
    now: u32,
    passes: usize,
    /// Seconds a block takes, once known.
    pace: Option<f64>,
    done: Option<Instant>,
}

impl Bank {
    /// `weights` all have the length of the kernel's own.
    pub(crate) fn new(
        device: &Device,
        kernel: &Kernel,
        weights: &[&[f32]],
        lanes: &[Lane],
        size: Size,
    ) -> Result<Self, Error> {
        let at = "filling the card's memory";
        let pipelines =
            device.pipelines(&kernel.shader, || Pipelines::build(device, &kernel.shader))?;
        let Buffers { state, w, x, y, l, blocks, read } = Buffers::new(device, kernel, size);
        device.check(at)?;
        let each = kernel.weights.len();
        for (i, weights) in weights.iter().enumerate() {
            device.queue.write_buffer(&w, (4 * i * each) as u64, bytemuck::cast_slice(weights));
        }
        let table: Vec<[u32; 2]> =
            lanes.iter().map(|l| [(l.model * each / 4) as u32, l.input as u32]).collect();
        device.queue.write_buffer(&l, 0, bytemuck::cast_slice(&table));
        let bound = bind(device, &pipelines, [&state, &w, &x, &y, &l, &blocks]);
        device.check(at)?;
        let mut bank = Self {
            device: device.clone(),
            pipelines,
            grid: kernel.grid,
            resting: kernel.resting,
            block: kernel.block,
            size,
            bound,
            x,
            y,
            blocks,
            read,
            pending: Default::default(),
            now: 0,
            passes: 0,
            pace: None,
            done: None,
        };
        bank.rest()?;
        Ok(bank)
    }

    /// Lets all lanes be at rest on silence.
    pub(crate) fn rest(&mut self) -> Result<(), Error> {
        for pass in self.pending.drain(..) {
            self.read[pass.slot].unmap();
        }
        let mut encoder = self.device.device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            pass.set_bind_group(0, &self.bound, &[0]);
            pass.set_pipeline(&self.pipelines.rest);
            let groups = self.resting.div_ceil(GROUP) as u32;
            pass.dispatch_workgroups(groups, self.size.lanes as u32, 1);
        }
        self.device.queue.submit([encoder.finish()]);
        self.device.check("resting")
    }

    /// Frames of the longest pass.
    pub(crate) fn span(&self) -> usize {
        self.size.span
    }

    /// Begins a pass of the first `lanes` lanes over some frames. `input` holds every
    /// input's, a span apart. Not more than two passes are under way at once.
    pub(crate) fn submit(
        &mut self,
        input: &[f32],
        frames: usize,
        lanes: usize,
    ) -> Result<(), Error> {
        let at = "rendering";
        let since = Instant::now();
        self.device.queue.write_buffer(&self.x, 0, bytemuck::cast_slice(input));
        let blocks = frames.div_ceil(self.block);
        let mut parameters = vec![0u32; blocks * STRIDE / 4];
        for (i, p) in parameters.chunks_exact_mut(STRIDE / 4).enumerate() {
            let start = i * self.block;
            let n = (frames - start).min(self.block);
            let words = [start, n, start, self.size.span, lanes, 1];
            p[..6].copy_from_slice(&words.map(|word| word as u32));
            p[0] = p[0].wrapping_add(self.now);
        }
        self.device.queue.write_buffer(&self.blocks, 0, bytemuck::cast_slice(&parameters));
        let most = self.pace.map_or(1.0, |pace| (SUBMISSION / pace).clamp(1.0, 1e6)) as usize;
        let slot = self.passes % DEPTH;
        let mut until = None;
        for first in (0..blocks).step_by(most) {
            let last = (first + most).min(blocks);
            let mut encoder = self.device.device.create_command_encoder(&Default::default());
            self.encode(&mut encoder, first..last, frames, lanes);
            if last == blocks {
                let bytes = 4 * (lanes * self.size.span) as u64;
                encoder.copy_buffer_to_buffer(&self.y, 0, &self.read[slot], 0, bytes);
            }
            until = Some(self.device.queue.submit([encoder.finish()]));
            self.device.check(at)?;
        }
        // What went wrong with the mapping shows when its bytes are asked for.
        self.read[slot].slice(..).map_async(wgpu::MapMode::Read, |_| {});
        self.now = self.now.wrapping_add(frames as u32);
        self.passes += 1;
        if let Some(until) = until {
            self.pending.push_back(Pending { slot, until, frames, lanes, blocks, since });
        }
        self.device.check(at)
    }

    fn encode(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        blocks: std::ops::Range<usize>,
        frames: usize,
        lanes: usize,
    ) {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        for i in blocks {
            pass.set_bind_group(0, &self.bound, &[(i * STRIDE) as u32]);
            let n = (frames - i * self.block).min(self.block);
            let (x, y) = match self.grid {
                Grid::Frames(group) => (n.div_ceil(group), lanes),
                Grid::Lanes(group) => (lanes.div_ceil(group), 1),
            };
            for step in &self.pipelines.steps {
                pass.set_pipeline(step);
                pass.dispatch_workgroups(x as u32, y as u32, 1);
            }
        }
    }

    /// Whether another pass must be [collected](Self::collect) before one is begun.
    pub(crate) fn is_full(&self) -> bool {
        self.pending.len() >= DEPTH
    }

    /// Waits for the oldest pass and hands over what came out: lane by lane a span
    /// apart, and how many frames of it count. `None` if none is under way.
    pub(crate) fn collect<T>(
        &mut self,
        take: impl FnOnce(&[f32], usize) -> T,
    ) -> Result<Option<T>, Error> {
        let at = "reading back";
        let Some(pass) = self.pending.pop_front() else { return Ok(None) };
        self.device.wait(pass.until, at)?;
        let now = Instant::now();
        let since = self.done.map_or(pass.since, |done| done.max(pass.since));
        let seconds = now.duration_since(since).as_secs_f64();
        self.pace = Some((seconds / pass.blocks.max(1) as f64).max(1e-7));
        self.done = Some(now);
        let buffer = &self.read[pass.slot];
        let bytes = 4 * (pass.lanes * self.size.span) as u64;
        let view = buffer
            .slice(..bytes)
            .get_mapped_range()
            .map_err(|e| Error::Device { at, found: e.to_string() })?;
        let taken = take(bytemuck::cast_slice(&view), pass.frames);
        drop(view);
        buffer.unmap();
        self.device.check(at)?;
        Ok(Some(taken))
    }
}

fn bind(device: &Device, pipelines: &Pipelines, buffers: [&wgpu::Buffer; 6]) -> wgpu::BindGroup {
    let entries: Vec<_> = buffers
        .into_iter()
        .enumerate()
        .map(|(i, buffer)| {
            // One block's parameters are seen at a time.
            let size = if i == 5 { NonZeroU64::new(32) } else { None };
            let binding = wgpu::BufferBinding { buffer, offset: 0, size };
            let resource = wgpu::BindingResource::Buffer(binding);
            wgpu::BindGroupEntry { binding: i as u32, resource }
        })
        .collect();
    device.device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &pipelines.layout,
        entries: &entries,
    })
}
