//! How long and how to teach.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::ValueEnum;
use train::course::{self, Class, Lessons, Settings};
use train::loss::{self, Filter};
use train::optimiser::Schedule;

/// Steps by which the time of one is judged.
const TIMED: u64 = 6;

#[derive(clap::Args)]
#[command(next_help_heading = "How to teach")]
pub(super) struct Plan {
    /// Minutes it may take
    #[arg(long, value_name = "N")]
    minutes: Option<f64>,
    /// Times to hear everything; steps of a fit for curve and pedal
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    epochs: Option<u64>,
    /// Epochs without progress on held-out sound after which to end
    #[arg(long, value_name = "N")]
    patience: Option<u64>,
    /// Another seed gives another network
    #[arg(long, default_value = "0")]
    seed: u64,
    /// Threads; all cores by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Sequences heard before each step
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    batch: Option<u16>,
    /// Samples of a sequence
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(16..=480_000))]
    length: Option<u32>,
    /// The highest step size
    #[arg(long, value_name = "RATE")]
    learning_rate: Option<f64>,
    /// What counts as wrong
    #[arg(long, value_enum)]
    loss: Option<Loss>,
    /// Schedule, loss and all else as the official NAM trainer has them
    #[arg(long, conflicts_with_all = ["minutes", "loss", "learning_rate"])]
    official: bool,
    /// Where to keep what it takes to go on after an interruption; beside the model by
    /// default
    #[arg(long, value_name = "FILE")]
    pub(super) checkpoint: Option<PathBuf>,
    /// Begin anew even if an interrupted course could go on
    #[arg(long)]
    fresh: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Loss {
    /// Mean squared error and multi-resolution spectra, as NAM
    Nam,
    /// Mean squared error
    Mse,
    /// Error-to-signal ratio
    Esr,
    /// Error-to-signal ratio and offset behind a pre-emphasis, as GuitarML
    Guitarml,
    /// The same behind an A-weighting
    AWeighted,
    /// The same as guitarml, and multi-resolution spectra
    Spectral,
}

impl Loss {
    fn options(self) -> loss::Options {
        use loss::Kind::{Dc, Esr, Mse, Stft};
        let pre = Filter::PreEmphasis(0.85);
        match self {
            Loss::Nam => loss::Options::nam(),
            Loss::Mse => loss::Options::of(&[(Mse, 1.0, Filter::None)]),
            Loss::Esr => loss::Options::of(&[(Esr, 1.0, Filter::None)]),
            Loss::Guitarml => loss::Options::guitarml(pre),
            Loss::AWeighted => loss::Options::guitarml(Filter::AWeighting),
            Loss::Spectral => loss::Options::of(&[
                (Esr, 0.75, pre),
                (Dc, 0.25, Filter::None),
                (Stft, 0.02, Filter::None),
            ]),
        }
    }
}

impl Plan {
    /// Settings for a class and a checkpoint at a place.
    pub(super) fn settings(
        &self,
        class: Class,
        skip: bool,
        lessons: &Lessons,
        checkpoint: &Path,
    ) -> Result<Settings> {
        if self.minutes.is_some_and(|m| !(m > 0.0 && m.is_finite())) {
            bail!("--minutes: expected a number above 0");
        }
        let fitted = matches!(class, Class::Curve { .. } | Class::Pedal { .. });
        self.refuse_idle(fitted, &class)?;
        let mut settings = self.said(class);
        settings.skip = skip;
        if self.threads.is_some() {
            // For what is not told how many; it fails only if it was done before.
            rayon::ThreadPoolBuilder::new().num_threads(settings.threads).build_global()?;
        }
        if fitted {
            return Ok(settings);
        }
        if self.fresh {
            discard(checkpoint)?;
        }
        if let (Some(seconds), None) = (settings.seconds, self.epochs) {
            settings.epochs = match course::planned(checkpoint) {
                Some(epochs) => epochs,
                None => affordable(lessons, &settings, seconds)?,
            };
        }
        if let Schedule::Cosine { epochs, floor } = &mut settings.optimiser.schedule {
            (*epochs, *floor) = (settings.epochs, settings.optimiser.rate / 100.0);
        }
        settings.patience = self.patience.unwrap_or(settings.epochs);
        settings.checkpoint = Some(checkpoint.to_owned());
        Ok(settings)
    }

    /// What goes well with the class, and on top of that what was said.
    fn said(&self, class: Class) -> Settings {
        let mut settings = if self.official { class.official() } else { class.settings() };
        settings.seed = self.seed;
        settings.threads = self.threads.map_or(settings.threads, usize::from);
        settings.batch = self.batch.map_or(settings.batch, usize::from);
        settings.seconds = self.minutes.map(|minutes| 60.0 * minutes);
        settings.optimiser.rate = self.learning_rate.unwrap_or(settings.optimiser.rate);
        if let Some(loss) = self.loss {
            settings.loss = loss.options();
        }
        // Spectra need room for their longest window.
        let spectral = settings.loss.terms.iter().any(|term| term.kind == loss::Kind::Stft);
        let usual = settings.length.max(if spectral { 2048 } else { 0 });
        settings.length = self.length.map_or(usual, |length| length as usize);
        settings.epochs = self.epochs.unwrap_or(settings.epochs);
        settings
    }

    /// Refuses what would have no effect.
    fn refuse_idle(&self, fitted: bool, class: &Class) -> Result<()> {
        let said = [
            ("patience", self.patience.is_some()),
            ("batch", self.batch.is_some()),
            ("length", self.length.is_some()),
            ("learning-rate", self.learning_rate.is_some()),
            ("loss", self.loss.is_some()),
            ("official", self.official),
            ("checkpoint", self.checkpoint.is_some()),
        ];
        match said.iter().find(|(_, said)| *said && fitted) {
            Some((flag, _)) => bail!(
                "--{flag}: expected a class that is taught by gradients, found {class}, which is \
                 fitted in a minute or two"
            ),
            None => Ok(()),
        }
    }
}

/// Removes what an interrupted course left, but nothing else.
fn discard(checkpoint: &Path) -> Result<()> {
    if checkpoint.exists() && !course::is_checkpoint(checkpoint) {
        bail!(
            "{}: expected a checkpoint to begin anew from, found another file",
            checkpoint.display()
        );
    }
    match std::fs::remove_file(checkpoint) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            bail!("{}: {error}", checkpoint.display())
        }
        _ => Ok(()),
    }
}

/// How many epochs there is time for, so that the step size can come down in time.
fn affordable(lessons: &Lessons, settings: &Settings, seconds: f64) -> Result<u64> {
    let brief = Settings { checkpoint: None, epochs: TIMED, ..settings.clone() };
    let (mut epoch, mut begun, mut time) = (1, 0.0, 0.0_f64);
    let timed = course::teach(lessons, &brief, &mut |progress| {
        epoch = progress.steps[1] / progress.epochs[1].max(1);
        if progress.steps[0] == 1 {
            begun = progress.seconds;
        }
        time = (progress.seconds - begun) / (progress.steps[0].max(2) - 1) as f64;
        let enough = progress.steps[0] >= TIMED;
        if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    if time == 0.0 {
        // It did not come to a second step, and says why.
        timed?;
    }
    let each = (time * epoch as f64).max(1e-3);
    Ok(((0.93 * seconds / each) as u64).clamp(1, 100_000))
}
