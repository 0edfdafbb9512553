//! Courses by least squares.

use std::ops::ControlFlow;

use super::{Class, End, Lessons, Net, Outcome, Progress, Settings, Trained};
use crate::Error;
use crate::hammerstein::{self, Budget, Design, Sound};
use crate::report::Point;

/// Seconds after which a fit has gained what there is to gain.
const SECONDS: f64 = 120.0;

pub(super) fn teach(
    lessons: &Lessons,
    settings: &Settings,
    observer: &mut dyn FnMut(&Progress<'_>) -> ControlFlow<()>,
) -> Result<Outcome, Error> {
    let design = design(lessons, settings)?;
    let budget = Budget {
        seconds: settings.seconds.unwrap_or(SECONDS),
        iterations: usize::try_from(settings.epochs).unwrap_or(usize::MAX),
    };
    let mut watch = Watch {
        observer,
        epochs: settings.epochs,
        history: Vec::new(),
        best: None,
        seconds: 0.0,
        learning: 0.0,
        stopped: false,
    };
    let sounds = sounds(lessons);
    let tell = &mut |progress: &hammerstein::Progress<'_>| watch.tell(progress);
    let fitted = hammerstein::fit(&design, &sounds, lessons.rate(), &budget, tell)?;
    let Watch { mut history, seconds, learning, stopped, .. } = watch;
    let net = Net::Pedal(fitted.network);
    // As a player is heard, in single precision.
    let esr = net.esr(lessons)?;
    if history.last().is_none_or(|last| last.esr.is_none_or(|last| last > esr)) {
        let step = fitted.iterations as u64;
        history.push(Point { step, seconds, loss: learning, esr: Some(esr) });
    }
    let end = match () {
        () if stopped => End::Stopped,
        () if seconds >= budget.seconds => End::Time,
        () => End::Done,
    };
    Ok(Outcome { trained: Trained { net, esr }, history, seconds, end })
}

fn design(lessons: &Lessons, settings: &Settings) -> Result<Design, Error> {
    let knobs = lessons.knobs.clone();
    let (hidden, design) = match &settings.class {
        Class::Curve { hidden } => (*hidden, Design::curve(knobs)),
        Class::Pedal { hidden } => (*hidden, Design::pedal(knobs)),
        other => return Err(Error::setting("class", "curve or pedal", other)),
    };
    Ok(Design { hidden, seed: settings.seed, ..design })
}

fn sounds(lessons: &Lessons) -> Vec<Sound<'_>> {
    let pairs = lessons.pairs.iter();
    pairs
        .map(|(pair, knobs)| Sound {
            dry: &pair.dry,
            wet: &pair.wet,
            knobs: knobs.clone(),
            train: pair.train.clone(),
            held_out: pair.held_out.clone(),
        })
        .collect()
}

/// Passes on how far a fit is.
struct Watch<'a> {
    observer: &'a mut dyn FnMut(&Progress<'_>) -> ControlFlow<()>,
    epochs: u64,
    history: Vec<Point>,
    best: Option<Trained>,
    seconds: f64,
    learning: f64,
    stopped: bool,
}

impl Watch<'_> {
    fn tell(&mut self, progress: &hammerstein::Progress<'_>) -> ControlFlow<()> {
        (self.seconds, self.learning) = (progress.seconds, progress.learning);
        let (step, seconds) = (progress.iteration as u64, progress.seconds);
        let better =
            |new: &&hammerstein::Fitted| self.best.as_ref().is_none_or(|best| new.esr < best.esr);
        let improved = progress.best.filter(better);
        if let Some(new) = improved {
            self.best = Some(Trained { net: Net::Pedal(new.network.clone()), esr: new.esr });
            self.history.push(Point { step, seconds, loss: progress.learning, esr: Some(new.esr) });
        }
        let told = (self.observer)(&Progress {
            epochs: [step, self.epochs],
            steps: [step, self.epochs],
            seconds,
            loss: progress.learning,
            best: self.best.as_ref(),
            improved: improved.is_some(),
        });
        self.stopped = told.is_break();
        told
    }
}
