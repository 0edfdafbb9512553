//! A course on the terminal.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use train::course::Progress;

/// How often a line is written where there is no terminal.
const EVERY: Duration = Duration::from_secs(15);

/// Shows how far a course is: a bar, or lines where nobody watches.
pub(super) struct Show {
    bar: ProgressBar,
    lines: bool,
    last: Option<Instant>,
    /// Seconds that there are.
    limit: Option<f64>,
}

impl Show {
    pub(super) fn new(quiet: bool, limit: Option<f64>) -> Result<Self> {
        let terminal = std::io::stderr().is_terminal();
        let bar = ProgressBar::new(1);
        bar.set_draw_target(match quiet || !terminal {
            true => ProgressDrawTarget::hidden(),
            false => ProgressDrawTarget::stderr_with_hz(8),
        });
        bar.set_style(ProgressStyle::with_template("{wide_bar} {msg}")?);
        Ok(Self { bar, lines: !quiet && !terminal, last: None, limit })
    }

    pub(super) fn tell(&mut self, progress: &Progress<'_>) {
        let [step, steps] = progress.steps;
        let done = step as f64 / steps.max(1) as f64;
        let spent = self.limit.map_or(0.0, |limit| progress.seconds / limit);
        let share = done.max(spent).clamp(1e-6, 1.0);
        let left = progress.seconds * (1.0 - share) / share;
        let text = words(progress, left);
        self.bar.set_length(1000);
        self.bar.set_position((1000.0 * share) as u64);
        self.bar.set_message(text.clone());
        if self.lines && self.last.is_none_or(|last| last.elapsed() >= EVERY) {
            self.last = Some(Instant::now());
            crate::tell(&text);
        }
    }

    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

fn words(progress: &Progress<'_>, left: f64) -> String {
    let [epoch, epochs] = progress.epochs;
    let best = match progress.best {
        None => "no model yet".to_owned(),
        Some(best) => format!("ESR {:.2e} ({:.1} dB)", best.esr, 10.0 * best.esr.log10()),
    };
    let loss = format!("loss {:.2e}", progress.loss);
    format!("{best}, {loss}, {epoch} of {epochs}, {} left", time(left))
}

/// Minutes and seconds.
pub(super) fn time(seconds: f64) -> String {
    let whole = seconds.clamp(0.0, 360_000.0).round() as u64;
    format!("{}:{:02}", whole / 60, whole % 60)
}
