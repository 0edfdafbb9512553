//! Renders recordings through many models at once.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use nn::Model;
use nn::simd::clean;

use crate::bank::{Bank, Lane, Size};
use crate::kernel::{Grid, Kernel, Kernels, Shader};
use crate::{Device, Error};

/// Frames of a block: long enough that a thousand of them fill the largest card, short
/// enough that the memory of a lane stays small.
const BLOCK: usize = 1024;
/// Lanes that fill a card; a processor is filled by one.
const LANES: usize = 512;
/// How much longer than what it hears in advance a part of a recording must be.
const WORTH: usize = 4;
/// Multiply-adds of a pass, on a card and on a processor that plays one.
const PASS: usize = 1 << 37;
const PASS_SOFTWARE: usize = 1 << 31;
/// Multiply-adds of a block of all lanes, which are submitted together at least: a tenth
/// of a second at 200 GMAC/s, of which the smallest cards are capable.
const BLOCK_MACS: usize = 20_000_000_000;
/// The most lanes every card takes at once.
const MAX_LANES: usize = 65_535;

/// A recording and the model it is to be heard through.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The number of the model among the renderer's.
    pub model: usize,
    /// At the model's rate, in full scale. What is not finite counts as 0. Jobs on the
    /// same slice share it on the card, too.
    pub input: &'a [f32],
}

/// Models on a card.
pub struct Renderer {
    device: Device,
    kernels: Vec<Kernel>, // by model
    lanes: usize,
    peak: u64,
}

/// A part of a job.
#[derive(Clone, Debug, PartialEq)]
struct Part {
    job: usize,
    /// Frames it hears.
    heard: Range<usize>,
    /// The first frame whose output counts.
    from: usize,
}

impl Renderer {
    /// `quality` chooses among the sizes of slimmable models, 0 to 1, as
    /// [`nn::Engine::set_quality`] does.
    ///
    /// # Errors
    /// If there is a model among them that only the processor runs.
    pub fn new(device: &Device, models: &[Model], quality: f32) -> Result<Self, Error> {
        let mut shared = Kernels::new(BLOCK, device.form);
        let kernels = models
            .iter()
            .enumerate()
            .map(|(i, model)| {
                shared.of(model, quality).map_err(|e| match e {
                    Error::Unsupported { at, expected, found } => {
                        Error::Unsupported { at: format!("model {i}: {at}"), expected, found }
                    }
                    other => other,
                })
            })
            .collect::<Result<_, _>>()?;
        let lanes = if device.description().software { 1 } else { LANES };
        Ok(Self { device: device.clone(), kernels, lanes, peak: 0 })
    }

    /// Into how many parts work is cut at least, as far as that is worth it: by
    /// default as many as fill the card. What comes out does not depend on it.
    pub fn set_lanes(&mut self, lanes: usize) {
        self.lanes = lanes.clamp(1, MAX_LANES);
    }

    /// Multiply-adds a sample of a model. `None` if there is no such model.
    pub fn macs(&self, model: usize) -> Option<usize> {
        self.kernels.get(model).map(|kernel| kernel.macs)
    }

    /// The most bytes of the card's memory that a call of [`Self::render`] has taken.
    pub fn peak_memory(&self) -> u64 {
        self.peak
    }

    /// The output of every job, as long as its input: what an engine of the model
    /// answers that was settled on silence.
    ///
    /// # Errors
    /// If a job names no model, or the card fails, is full, or does not answer. The
    /// processor can render instead; see [`Error::notice`].
    pub fn render(&mut self, jobs: &[Job<'_>]) -> Result<Vec<Vec<f32>>, Error> {
        let mut groups: HashMap<*const Shader, Vec<usize>> = HashMap::new();
        for (i, job) in jobs.iter().enumerate() {
            let Some(kernel) = self.kernels.get(job.model) else {
                let expected = format!("one of {} models", self.kernels.len());
                return Err(Error::invalid("job", expected, job.model));
            };
            groups.entry(Arc::as_ptr(&kernel.shader)).or_default().push(i);
        }
        let mut groups: Vec<Vec<usize>> = groups.into_values().collect();
        groups.sort();
        let mut out: Vec<Vec<f32>> = jobs.iter().map(|job| vec![0.0; job.input.len()]).collect();
        for group in groups {
            self.group(jobs, &group, &mut out)?;
        }
        Ok(out)
    }

    /// Jobs of one kernel, wave after wave of what the card's memory holds.
    fn group(
        &mut self,
        jobs: &[Job<'_>],
        group: &[usize],
        out: &mut [Vec<f32>],
    ) -> Result<(), Error> {
        let kernel = self.kernels[jobs[group[0]].model].clone();
        let mut parts: Vec<Part> = group
            .iter()
            .flat_map(|&job| self.parts(&kernel, job, jobs[job].input.len(), group.len()))
            .collect();
        // The longest first, so that those still running are always the first lanes.
        parts.sort_by_key(|part| std::cmp::Reverse(part.heard.len()));
        let mut most = MAX_LANES;
        let mut left = &parts[..];
        while !left.is_empty() {
            let (wave, size) = self.wave(&kernel, jobs, left, most)?;
            let n = size.lanes;
            match self.run(&kernel, jobs, &wave, size, &left[..n], out) {
                // The card has less left than we were allowed.
                Err(Error::Memory { .. }) if n > 1 => most = n / 2,
                Err(e) => return Err(e),
                Ok(()) => left = &left[n..],
            }
        }
        Ok(())
    }

    /// Cuts a job into parts that can be rendered at once, each warmed up by what its
    /// receptive field covers of what lies before.
    fn parts(&self, kernel: &Kernel, job: usize, frames: usize, jobs: usize) -> Vec<Part> {
        let warm = kernel.receptive_field.map(|field| field.saturating_sub(1));
        let wanted = self.lanes.div_ceil(jobs.max(1));
        let hop = match warm {
            None => frames,
            Some(warm) => frames.div_ceil(wanted).max(WORTH * warm),
        };
        let hop = hop.max(BLOCK).next_multiple_of(BLOCK);
        let warm = warm.unwrap_or(0);
        (0..frames)
            .step_by(hop)
            .map(|from| Part {
                job,
                heard: from.saturating_sub(warm)..(from + hop).min(frames),
                from,
            })
            .collect()
    }

    /// As many of the parts as fit into memory at once.
    fn wave(
        &self,
        kernel: &Kernel,
        jobs: &[Job<'_>],
        parts: &[Part],
        most: usize,
    ) -> Result<(Wave, Size), Error> {
        let limits = &self.device.limits;
        let groups = limits.max_compute_workgroups_per_dimension as usize;
        let mut most = most.min(groups).min(parts.len()).max(1);
        if let Grid::Frames(_) = kernel.grid {
            most = most.min((BLOCK_MACS / (kernel.macs.max(1) * kernel.block)).max(1));
        }
        loop {
            let wave = Wave::new(jobs, &parts[..most]);
            let longest = parts.first().map_or(0, |part| part.heard.len());
            let size = self.size(kernel, &wave, most, longest);
            let (largest, all) = size.bytes(kernel);
            if largest <= self.device.largest() && all <= self.device.memory() {
                return Ok((wave, size));
            }
            if most == 1 {
                let (expected, found) = (self.device.largest(), largest.max(all).to_string());
                return Err(Error::Memory { at: "one instance", expected, found });
            }
            most = most.div_ceil(2);
        }
    }

    fn size(&self, kernel: &Kernel, wave: &Wave, lanes: usize, longest: usize) -> Size {
        let pass = if self.device.description().software { PASS_SOFTWARE } else { PASS };
        let quarter = (self.device.memory() / 64) as usize;
        let frames = (pass / kernel.macs.max(1)).min(quarter) / lanes;
        let blocks = (frames / kernel.block).clamp(1, longest.div_ceil(kernel.block).max(1));
        let span = blocks * kernel.block;
        Size { lanes, models: wave.models.len(), inputs: wave.inputs.len(), span }
    }

    fn run(
        &mut self,
        kernel: &Kernel,
        jobs: &[Job<'_>],
        wave: &Wave,
        size: Size,
        parts: &[Part],
        out: &mut [Vec<f32>],
    ) -> Result<(), Error> {
        let weights: Vec<&[f32]> = wave.models.iter().map(|m| &*self.kernels[*m].weights).collect();
        let mut bank = Bank::new(&self.device, kernel, &weights, &wave.lanes, size)?;
        self.peak = self.peak.max(size.bytes(kernel).1);
        let span = bank.span();
        let longest = parts.first().map_or(0, |part| part.heard.len());
        let mut staged = vec![0.0; size.inputs * span];
        let mut read = 0;
        for start in (0..longest).step_by(span) {
            for (line, input) in staged.chunks_exact_mut(span).zip(&wave.inputs) {
                let from = &jobs[input.job].input[input.heard.clone()];
                let from = from.get(start..).unwrap_or(&[]);
                line.fill(0.0);
                line.iter_mut().zip(from).for_each(|(x, from)| *x = clean(*from));
            }
            if bank.is_full() {
                bank.collect(|y, n| deliver(parts, y, read..read + n, span, out))?;
                read += span;
            }
            let running = parts.partition_point(|part| part.heard.len() > start);
            bank.submit(&staged, span.min(longest - start), running)?;
        }
        while bank.collect(|y, n| deliver(parts, y, read..read + n, span, out))?.is_some() {
            read += span;
        }
        Ok(())
    }
}

/// Hands what a pass over some frames of every part brought to the jobs.
fn deliver(parts: &[Part], y: &[f32], frames: Range<usize>, span: usize, out: &mut [Vec<f32>]) {
    for (part, y) in parts.iter().zip(y.chunks_exact(span)) {
        let at = part.heard.start;
        let first = (at + frames.start).max(part.from);
        let end = (at + frames.end).min(part.heard.end);
        if first < end {
            let from = &y[first - at - frames.start..end - at - frames.start];
            out[part.job][first..end].copy_from_slice(from);
        }
    }
}

/// What lanes share.
struct Wave {
    lanes: Vec<Lane>,
    /// Models, by their number among the renderer's.
    models: Vec<usize>,
    /// Parts whose input is heard, one for all that hear the same.
    inputs: Vec<Part>,
}

impl Wave {
    fn new(jobs: &[Job<'_>], parts: &[Part]) -> Self {
        let mut models = HashMap::new();
        let mut inputs = HashMap::new();
        let mut wave = Self { lanes: Vec::new(), models: Vec::new(), inputs: Vec::new() };
        for part in parts {
            let Job { model, input } = jobs[part.job];
            let model = *models.entry(model).or_insert_with(|| {
                wave.models.push(model);
                wave.models.len() - 1
            });
            let heard = &input[part.heard.clone()];
            let input = *inputs.entry((heard.as_ptr(), heard.len())).or_insert_with(|| {
                wave.inputs.push(part.clone());
                wave.inputs.len() - 1
            });
            wave.lanes.push(Lane { model, input });
        }
        wave
    }
}
