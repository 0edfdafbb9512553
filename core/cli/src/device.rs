//! Where networks compute when nobody waits for the sound: one place for the parts of a
//! long file and for many models alike.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use fx::denormal::FlushDenormals;
use nn::Model;
use rayon::prelude::*;

/// A signal for a network to play.
pub(crate) struct Job<'a> {
    pub(crate) model: &'a Model,
    /// The size of a slimmable model: 0 smallest, 1 best.
    pub(crate) quality: f32,
    /// What was played before, which is not heard again.
    pub(crate) past: &'a [f32],
    pub(crate) signal: &'a [f32],
}

/// What computes.
#[derive(Clone, Default)]
pub(crate) enum Device {
    /// The threads of the present pool.
    #[default]
    Cpu,
    /// A graphics card; the threads where it cannot.
    Card(Arc<Card>),
}

/// A graphics card that is used until it fails.
pub(crate) struct Card {
    /// Used by one thread at a time, so that each meets its own failures.
    device: Mutex<gpu::Device>,
    failed: AtomicBool,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Wanted {
    /// The cores of the processor
    #[default]
    Cpu,
    /// A graphics card, if there is one
    Gpu,
    /// A graphics card, or the processor that plays one: slow, to test with
    GpuSoftware,
}

/// Samples of output that are held at a time, of all jobs together: half a gigabyte.
const MOST: usize = 1 << 27;

impl Device {
    /// Opens what is wanted, and says what that is, or why it is the processor.
    pub(crate) fn open(wanted: Wanted) -> Self {
        if wanted == Wanted::Cpu {
            return Self::Cpu;
        }
        let allow_software = wanted == Wanted::GpuSoftware;
        match gpu::Device::open(&gpu::Options { allow_software, ..gpu::Options::default() }) {
            Ok(device) => {
                crate::tell(&format!("networks run on {}", device.description()));
                let (device, failed) = (Mutex::new(device), AtomicBool::new(false));
                Self::Card(Arc::new(Card { device, failed }))
            }
            Err(error) => {
                crate::tell(&error.notice());
                Self::Cpu
            }
        }
    }

    /// Whether outputs may differ from the processor's in their last digits.
    pub(crate) fn is_card(&self) -> bool {
        matches!(self, Self::Card(_))
    }

    /// Plays every job, as many at once as there are threads or as fit on the card, and
    /// gives `finished` the place of each among them with its output, as long as its
    /// signal, in any order. Each begins on silence; subnormal numbers count as zero.
    pub(crate) fn render_each(
        &self,
        jobs: &[Job<'_>],
        finished: &(dyn Fn(usize, Vec<f32>) + Sync),
    ) {
        let mut left: Vec<usize> = (0..jobs.len()).collect();
        if let Self::Card(card) = self {
            left = card.render_each(jobs, finished);
        }
        let left = left.par_iter().with_max_len(1);
        left.for_each(|at| finished(*at, jobs[*at].play()));
    }

    /// The outputs of all jobs, in their order.
    pub(crate) fn render_all(&self, jobs: &[Job<'_>]) -> Vec<Vec<f32>> {
        let outputs: Vec<_> = jobs.iter().map(|_| Mutex::new(Vec::new())).collect();
        self.render_each(jobs, &|at, output| {
            *outputs[at].lock().unwrap_or_else(PoisonError::into_inner) = output;
        });
        let into = |output: Mutex<_>| output.into_inner().unwrap_or_else(PoisonError::into_inner);
        outputs.into_iter().map(into).collect()
    }
}

impl Card {
    /// As [`Device::render_each`]; the jobs that are left for the processor.
    fn render_each(
        &self,
        jobs: &[Job<'_>],
        finished: &(dyn Fn(usize, Vec<f32>) + Sync),
    ) -> Vec<usize> {
        let mut left = Vec::new();
        let mut rest: Vec<usize> = (0..jobs.len()).collect();
        while !rest.is_empty() {
            // One size of slimmable models, and as many jobs as are held at a time.
            let quality = jobs[rest[0]].quality;
            let mut samples = 0;
            let (batch, later): (Vec<_>, Vec<_>) = rest.iter().partition(|at| {
                let job = &jobs[**at];
                samples += job.past.len() + job.signal.len();
                job.quality == quality && (samples <= MOST || **at == rest[0])
            });
            rest = later;
            if self.failed.load(Ordering::Relaxed) {
                left.extend(batch);
                continue;
            }
            match self.render(jobs, &batch, quality) {
                Ok((outputs, refused)) => {
                    let outputs = outputs.into_par_iter().with_max_len(1);
                    outputs.for_each(|(at, output)| finished(at, output));
                    left.extend(refused);
                }
                Err(error) => {
                    self.failed.store(true, Ordering::Relaxed);
                    crate::tell(&error.notice());
                    left.extend(batch);
                }
            }
        }
        left
    }

    /// The outputs of those of `batch` that a card runs, with their places, and the
    /// places of the others.
    #[expect(clippy::type_complexity, reason = "two lists, each used once")]
    fn render(
        &self,
        jobs: &[Job<'_>],
        batch: &[usize],
        quality: f32,
    ) -> Result<(Vec<(usize, Vec<f32>)>, Vec<usize>), gpu::Error> {
        let device = self.device.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut models, mut numbers) = (Vec::new(), HashMap::new());
        let (mut places, mut refused) = (Vec::new(), Vec::new());
        for at in batch {
            let model = jobs[*at].model;
            let number = *numbers.entry(std::ptr::from_ref(model)).or_insert_with(|| {
                let one = std::slice::from_ref(model);
                gpu::Renderer::new(&device, one, quality).is_ok().then(|| {
                    models.push(model.clone());
                    models.len() - 1
                })
            });
            match number {
                Some(number) => places.push((*at, number)),
                None => refused.push(*at),
            }
        }
        if places.is_empty() {
            return Ok((Vec::new(), refused));
        }
        // Jobs on the same signal share it on the card.
        let joined: Vec<_> = places.iter().map(|(at, _)| jobs[*at].joined()).collect();
        let wanted: Vec<_> = places
            .iter()
            .zip(&joined)
            .map(|((_, model), input)| gpu::Job { model: *model, input })
            .collect();
        let outputs = gpu::Renderer::new(&device, &models, quality)?.render(&wanted)?;
        let cut = |((at, _), mut output): ((usize, _), Vec<f32>)| {
            drop(output.drain(..jobs[at].past.len()));
            (at, output)
        };
        Ok((places.into_iter().zip(outputs).map(cut).collect(), refused))
    }
}

impl<'a> Job<'a> {
    /// The past and the signal as one.
    fn joined(&self) -> Cow<'a, [f32]> {
        match self.past {
            [] => Cow::Borrowed(self.signal),
            past => Cow::Owned([past, self.signal].concat()),
        }
    }

    fn play(&self) -> Vec<f32> {
        let _flush = FlushDenormals::enter();
        let mut engine = self.model.engine();
        engine.set_quality(self.quality);
        engine.process(&mut self.past.to_vec());
        let mut output = self.signal.to_vec();
        engine.process(&mut output);
        output
    }
}
