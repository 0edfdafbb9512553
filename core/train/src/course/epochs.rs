//! Courses by gradients.

use std::ops::ControlFlow;
use std::time::Instant;

use super::checkpoint::{self, Best, Checkpoint};
use super::feed::{Feed, Student};
use super::recall::Recall;
use super::{Class, End, Lessons, Net, Outcome, Progress, Settings, Trained};
use crate::Error;
use crate::optimiser::Optimiser;
use crate::report::Point;

type Observer<'a> = dyn FnMut(&Progress<'_>) -> ControlFlow<()> + 'a;

pub(super) fn teach(
    lessons: &Lessons,
    settings: &Settings,
    observer: &mut Observer<'_>,
) -> Result<Outcome, Error> {
    Course::new(lessons, settings, student(lessons, settings)?)?.run(observer)
}

fn student<'a>(lessons: &'a Lessons, settings: &Settings) -> Result<Box<dyn Student + 'a>, Error> {
    Ok(match &settings.class {
        Class::Lstm { .. } | Class::Gru { .. } => Box::new(Recall::new(lessons, settings)?),
        _ => Box::new(Feed::new(lessons, settings)?),
    })
}

pub(super) fn untaught(lessons: &Lessons, settings: &Settings) -> Result<Net, Error> {
    let student = student(lessons, settings)?;
    Ok(student.net(&student.begin(settings.seed)))
}

/// One course on its way.
struct Course<'a> {
    lessons: &'a Lessons,
    settings: &'a Settings,
    student: Box<dyn Student + 'a>,
    state: Checkpoint,
    best: Option<Trained>,
    /// Seconds before the interruption, and since.
    earlier: f64,
    begun: Instant,
    /// Of this epoch.
    losses: f64,
    improved: bool,
}

impl<'a> Course<'a> {
    fn new(
        lessons: &'a Lessons,
        settings: &'a Settings,
        student: Box<dyn Student + 'a>,
    ) -> Result<Self, Error> {
        let course = checkpoint::course(lessons, settings);
        let kept = settings.checkpoint.as_deref();
        let kept = kept.map(|path| Checkpoint::read(path, &course)).transpose()?.flatten();
        let state = match kept {
            Some(state) => state,
            None => {
                let weights = student.begin(settings.seed);
                Checkpoint {
                    course,
                    epoch: 0,
                    seconds: 0.0,
                    optimiser: Optimiser::new(&settings.optimiser, weights.len())?,
                    weights,
                    best: None,
                    history: Vec::new(),
                }
            }
        };
        let trained = |best: &Best| Trained { net: student.net(&best.weights), esr: best.esr };
        let (best, earlier) = (state.best.as_ref().map(trained), state.seconds);
        let begun = Instant::now();
        let (losses, improved) = (0.0, best.is_some());
        Ok(Self { lessons, settings, student, state, best, earlier, begun, losses, improved })
    }

    fn run(mut self, observer: &mut Observer<'_>) -> Result<Outcome, Error> {
        let end = loop {
            if let Some(end) = self.end() {
                break end;
            }
            if let Some(end) = self.epoch(observer)? {
                break end;
            }
        };
        let seconds = self.seconds();
        let nothing = || {
            let expected = "an epoch heard to its end, with an error that is a number";
            Error::setting("training", expected, "none; nothing is written")
        };
        let trained = self.best.ok_or_else(nothing)?;
        Ok(Outcome { trained, history: self.state.history, seconds, end })
    }

    /// Why there should be no further epoch.
    fn end(&self) -> Option<End> {
        let since = |best: &Best| self.state.epoch - best.epoch.min(self.state.epoch);
        if self.state.epoch >= self.settings.epochs {
            Some(End::Done)
        } else if self.late() {
            Some(End::Time)
        } else if self.state.best.as_ref().is_some_and(|b| since(b) >= self.settings.patience) {
            Some(End::Patience)
        } else {
            None
        }
    }

    fn seconds(&self) -> f64 {
        self.earlier + self.begun.elapsed().as_secs_f64()
    }

    fn late(&self) -> bool {
        self.settings.seconds.is_some_and(|most| self.seconds() >= most)
    }

    /// One epoch, after which its result is kept. What the end of the time leaves of it is
    /// judged, too, but not kept: who goes on goes on from whole epochs.
    fn epoch(&mut self, observer: &mut Observer<'_>) -> Result<Option<End>, Error> {
        let steps = self.student.steps();
        self.student.epoch(self.settings.seed, self.state.epoch);
        let mut gradient = vec![0.0; self.state.weights.len()];
        self.losses = 0.0;
        for step in 0..steps {
            let loss = self.student.step(step, &self.state.weights, &mut gradient);
            let norm = self.state.optimiser.step(&mut self.state.weights, &gradient);
            self.student.hold(&mut self.state.weights);
            if let Some(found) = [loss, norm].into_iter().find(|x| !x.is_finite()) {
                let expected = "a loss and a gradient that are numbers; try a lower learning rate";
                return Err(Error::setting("training", expected, found));
            }
            self.losses += loss;
            let mean = self.losses / (step + 1) as f64;
            let told = self.tell(observer, (step + 1) as u64, steps as u64, mean);
            match told {
                // Whoever stops in the middle gets the best of what was heard whole.
                ControlFlow::Break(()) => return Ok(Some(End::Stopped)),
                ControlFlow::Continue(()) if self.late() => {
                    self.judge(mean)?;
                    return Ok(Some(End::Time));
                }
                ControlFlow::Continue(()) => {}
            }
        }
        let esr = self.judge(self.losses / steps as f64)?;
        self.state.optimiser.end_epoch(esr);
        self.state.epoch += 1;
        self.state.seconds = self.seconds();
        if let Some(path) = &self.settings.checkpoint {
            self.state.write(path)?;
        }
        Ok(None)
    }

    fn tell(
        &mut self,
        observer: &mut Observer<'_>,
        step: u64,
        steps: u64,
        loss: f64,
    ) -> ControlFlow<()> {
        let (epoch, epochs) = (self.state.epoch, self.settings.epochs);
        observer(&Progress {
            epochs: [epoch, epochs],
            steps: [epoch * steps + step, epochs * steps],
            seconds: self.seconds(),
            loss,
            best: self.best.as_ref(),
            improved: std::mem::take(&mut self.improved),
        })
    }

    /// Listens to what was held out.
    fn judge(&mut self, loss: f64) -> Result<f64, Error> {
        let net = self.student.net(&self.state.weights);
        let esr = net.esr(self.lessons)?;
        let (step, seconds) = (self.state.optimiser.steps(), self.seconds());
        let known = Some(esr).filter(|esr| esr.is_finite());
        self.state.history.push(Point { step, seconds, loss, esr: known });
        if known.is_none() {
            return Ok(esr);
        }
        if self.best.as_ref().is_none_or(|best| esr < best.esr) {
            let (weights, epoch) = (self.state.weights.clone(), self.state.epoch + 1);
            self.state.best = Some(Best { weights, esr, epoch });
            self.best = Some(Trained { net, esr });
            self.improved = true;
        }
        Ok(esr)
    }
}
