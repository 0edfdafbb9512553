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
    let mut design = match &settings.class {
        Class::Curve { hidden } => {
            Design { hidden: *hidden, ..Design::curve(lessons.knobs.clone()) }
        }
        Class::Pedal { hidden } => {
            Design { hidden: *hidden, ..Design::pedal(lessons.knobs.clone()) }
        }
        other => return Err(Error::setting("class", "curve or pedal", other)),
    };
    design.seed = settings.seed;
    let pairs = lessons.pairs.iter();
    let sounds: Vec<Sound<'_>> = pairs
        .map(|(pair, knobs)| Sound {
            dry: &pair.dry,
            wet: &pair.wet,
            knobs: knobs.clone(),
            train: pair.train.clone(),
            held_out: pair.held_out.clone(),
        })
        .collect();
    let seconds = settings.seconds.unwrap_or(SECONDS);
    let budget = Budget { seconds, iterations: settings.epochs as usize };
    let mut history: Vec<Point> = Vec::new();
    let (mut spent, mut learning, mut stopped) = (0.0, 0.0, false);
    let mut best: Option<Trained> = None;
    let fitted = hammerstein::fit(&design, &sounds, lessons.rate(), &budget, &mut |progress| {
        (spent, learning) = (progress.seconds, progress.learning);
        let improved =
            progress.best.is_some_and(|new| best.as_ref().is_none_or(|b| new.esr < b.esr));
        if let Some(new) = progress.best.filter(|_| improved) {
            best = Some(Trained { net: Net::Pedal(new.network.clone()), esr: new.esr });
        }
        let esr = best.as_ref().map(|best| best.esr);
        let step = progress.iteration as u64;
        if improved {
            history.push(Point { step, seconds: spent, loss: progress.learning, esr });
        }
        let told = observer(&Progress {
            epochs: [step, settings.epochs],
            steps: [step, settings.epochs],
            seconds: spent,
            loss: progress.learning,
            best: best.as_ref(),
            improved,
        });
        stopped = told.is_break();
        told
    })?;
    let end = match () {
        () if stopped => End::Stopped,
        () if spent >= seconds => End::Time,
        () => End::Done,
    };
    let net = Net::Pedal(fitted.network);
    // As a player is heard, in single precision.
    let esr = net.esr(lessons)?;
    if history.last().is_none_or(|last| last.esr.is_none_or(|last| last > esr)) {
        let step = fitted.iterations as u64;
        history.push(Point { step, seconds: spent, loss: learning, esr: Some(esr) });
    }
    let trained = Trained { net, esr };
    Ok(Outcome { trained, history, seconds: spent, end })
}
