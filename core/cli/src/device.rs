//! Where networks compute when nobody waits for the sound: one place for the parts of a
//! long file and for many models alike.

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
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Device {
    /// The threads of the present pool.
    #[default]
    Cpu,
}

impl Device {
    /// Plays every job, as many at once as there are threads, and gives `finished` the
    /// place of each among them with its output, as long as its signal, in any order.
    /// Each begins on silence; subnormal numbers count as zero.
    pub(crate) fn render_each(self, jobs: &[Job<'_>], finished: &(dyn Fn(usize, Vec<f32>) + Sync)) {
        match self {
            Self::Cpu => {
                let jobs = jobs.par_iter().with_max_len(1).enumerate();
                jobs.for_each(|(at, job)| finished(at, job.play()));
            }
        }
    }

    /// The outputs of all jobs, in their order.
    pub(crate) fn render_all(self, jobs: &[Job<'_>]) -> Vec<Vec<f32>> {
        match self {
            Self::Cpu => jobs.par_iter().with_max_len(1).map(Job::play).collect(),
        }
    }
}

impl Job<'_> {
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
