//! Plays instances block after block, their state on the card.

use std::collections::HashMap;
use std::sync::Arc;

use ::stream::{Network, Source};
use nn::Model;
use nn::simd::clean;

use crate::bank::{Bank, Lane, Size};
use crate::kernel::{Kernel, Kernels, Shader};
use crate::{Device, Error};

/// Instances that run side by side, one of each model given. Every block is sent to
/// the card and waited for, so this is for many instances, or for networks that a
/// processor cannot keep up with; a few of the usual ones are faster there.
pub struct Stream {
    banks: Vec<Members>,
    instances: usize,
    block: usize,
}

/// The instances of one kernel.
struct Members {
    bank: Bank,
    /// Their numbers.
    instances: Vec<usize>,
    staged: Vec<f32>,
}

impl Stream {
    /// For blocks of up to `block` frames, the quickest; longer ones are cut. The same
    /// model may be given several times, and then shares its weights if it is a clone.
    ///
    /// # Errors
    /// If there is a model among them that only the processor runs, or the card has no
    /// room for all.
    pub fn new(
        device: &Device,
        models: &[Model],
        quality: f32,
        block: usize,
    ) -> Result<Self, Error> {
        if !(1..=1 << 16).contains(&block) {
            return Err(Error::invalid("block", "1 to 65536 frames", block));
        }
        let block = block.next_power_of_two();
        let mut shared = Kernels::new(block, device.form);
        let mut groups: HashMap<*const Shader, Vec<(usize, Kernel)>> = HashMap::new();
        for (i, model) in models.iter().enumerate() {
            let kernel = shared.of(model, quality)?;
            groups.entry(Arc::as_ptr(&kernel.shader)).or_default().push((i, kernel));
        }
        let mut groups: Vec<_> = groups.into_values().collect();
        groups.sort_by_key(|group| group.first().map(|(i, _)| *i));
        let banks = groups
            .iter()
            .map(|group| Members::new(device, group, block))
            .collect::<Result<_, _>>()?;
        Ok(Self { banks, instances: models.len(), block })
    }

    /// Replaces a signal for each instance, all as long, with the instances' outputs.
    /// What comes out does not depend on how the signals are cut into calls.
    ///
    /// # Errors
    /// If the signals do not fit the instances, or the card fails or does not answer.
    /// Then the state of the instances is not known: reset, or go on without the card.
    pub fn process(&mut self, io: &mut [&mut [f32]]) -> Result<(), Error> {
        if io.len() != self.instances {
            let expected = format!("{} signals", self.instances);
            return Err(Error::invalid("block", expected, io.len()));
        }
        let frames = io.first().map_or(0, |io| io.len());
        if let Some(other) = io.iter().find(|io| io.len() != frames) {
            let expected = format!("{frames} frames of every signal");
            return Err(Error::invalid("block", expected, other.len()));
        }
        for start in (0..frames).step_by(self.block) {
            let part = start..(start + self.block).min(frames);
            for members in &mut self.banks {
                members.submit(io, part.clone())?;
            }
            for members in &mut self.banks {
                members.collect(io, part.start)?;
            }
        }
        Ok(())
    }

    /// Lets all instances be settled on silence, as they were when new.
    ///
    /// # Errors
    /// If the card fails.
    pub fn reset(&mut self) -> Result<(), Error> {
        self.banks.iter_mut().try_for_each(|members| members.bank.rest())
    }
}

impl Members {
    fn new(device: &Device, group: &[(usize, Kernel)], block: usize) -> Result<Self, Error> {
        let Some((_, kernel)) = group.first() else {
            return Err(Error::invalid("models", "at least 1", 0));
        };
        let n = group.len();
        let size = Size { lanes: n, models: n, inputs: n, span: block };
        let (largest, all) = size.bytes(kernel);
        let most = device.limits.max_compute_workgroups_per_dimension as usize;
        if n > most {
            return Err(Error::invalid("models", format!("at most {most} of a shape"), n));
        }
        if largest > device.largest() || all > device.memory() {
            let (expected, found) = (device.largest(), largest.max(all).to_string());
            return Err(Error::Memory { at: "instances", expected, found });
        }
        let weights: Vec<&[f32]> = group.iter().map(|(_, kernel)| &*kernel.weights).collect();
        let lanes: Vec<Lane> = (0..n).map(|i| Lane { model: i, input: i }).collect();
        Ok(Self {
            bank: Bank::new(device, kernel, &weights, &lanes, size)?,
            instances: group.iter().map(|(i, _)| *i).collect(),
            staged: vec![0.0; n * block],
        })
    }

    fn submit(&mut self, io: &[&mut [f32]], part: std::ops::Range<usize>) -> Result<(), Error> {
        let span = self.bank.span();
        for (line, i) in self.staged.chunks_exact_mut(span).zip(&self.instances) {
            line.iter_mut().zip(&io[*i][part.clone()]).for_each(|(x, from)| *x = clean(*from));
        }
        self.bank.submit(&self.staged, part.len(), self.instances.len())
    }

    fn collect(&mut self, io: &mut [&mut [f32]], start: usize) -> Result<(), Error> {
        let (span, instances) = (self.bank.span(), &self.instances);
        self.bank.collect(|y, n| {
            for (i, y) in instances.iter().zip(y.chunks_exact(span)) {
                io[*i][start..start + n].copy_from_slice(&y[..n]);
            }
        })?;
        Ok(())
    }
}

/// One model as what a worker runs beside the audio thread.
pub struct Live {
    device: Device,
    model: Model,
    quality: f32,
    hop: usize,
}

impl Live {
    /// Inferences of `hop` frames.
    ///
    /// # Errors
    /// If only the processor runs the model, or the card fails.
    pub fn new(device: &Device, model: &Model, quality: f32, hop: usize) -> Result<Self, Error> {
        // Built once in vain, so that what can fail does so here, and building again is
        // quick: the shaders are compiled.
        Stream::new(device, std::slice::from_ref(model), quality, hop)?;
        Ok(Self { device: device.clone(), model: model.clone(), quality, hop })
    }
}

impl Source for Live {
    fn build(&self) -> Result<Box<dyn Network>, String> {
        let models = std::slice::from_ref(&self.model);
        let stream = Stream::new(&self.device, models, self.quality, self.hop);
        let stream = stream.map_err(|e| e.to_string())?;
        Ok(Box::new(Instance { stream, hop: self.hop, failed: None }))
    }

    fn hop(&self) -> usize {
        self.hop
    }

    fn memory(&self) -> usize {
        self.model.engine().receptive_field()
    }

    fn engine(&self) -> String {
        concat!("Kiln gpu ", env!("CARGO_PKG_VERSION")).to_owned()
    }

    fn device(&self) -> String {
        self.device.description().to_string()
    }
}

/// A stream of one instance.
struct Instance {
    stream: Stream,
    hop: usize,
    /// Why it could not be reset.
    failed: Option<String>,
}

impl Network for Instance {
    fn hop(&self) -> usize {
        self.hop
    }

    fn run(&mut self, io: &mut [f32]) -> Result<(), String> {
        if let Some(why) = &self.failed {
            return Err(why.clone());
        }
        self.stream.process(&mut [io]).map_err(|e| e.to_string())
    }

    fn reset(&mut self) {
        self.failed = self.stream.reset().err().map(|e| e.to_string());
    }
}
