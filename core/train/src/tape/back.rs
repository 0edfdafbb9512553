//! The way back as data: which errors are gathered from which, in what order.

use nn::program::{Finish, Id, Mac, PAD};

use super::linked::{Linked, LinkedMac};

/// The plan. Errors are derivatives of the loss by a signal, with as many rows.
#[derive(Clone, Debug)]
pub(super) struct Back {
    pub(super) steps: Vec<Step>,
    pub(super) errors: Vec<Errors>,
    /// Those by the output, which the loss tells.
    pub(super) output: usize,
    /// Inputs of all gathering operations.
    pub(super) reads: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Errors {
    pub(super) rows: usize,
    /// Frames of future that something reads.
    pub(super) reach: usize,
}

/// What undoes one operation.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// Which operation.
    pub(super) of: usize,
    /// What its targets' readers hand back.
    pub(super) gathers: Vec<Gather>,
    /// The signal whose activation is still to be differentiated.
    pub(super) derive: Option<(Finish, Id)>,
    /// Then the errors by the sums that the operation forms are here.
    pub(super) errors: usize,
}

/// The errors by one signal.
#[derive(Clone, Debug)]
pub(super) struct Gather {
    pub(super) signal: Id,
    /// Writes errors; reads those that `reads` lists, in the order of its weights.
    pub(super) mac: LinkedMac,
    pub(super) reads: Vec<Ahead>,
}

/// Errors that are read so many frames ahead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ahead {
    pub(super) errors: usize,
    pub(super) frames: usize,
}

impl Back {
    pub(super) fn fill(&mut self, weights: &[f32]) {
        let gathers = self.steps.iter_mut().flat_map(|step| &mut step.gathers);
        gathers.for_each(|gather| gather.mac.fill(weights));
    }
}

/// `None` where one signal is handed on in several ways at once, as no network in use does.
pub(super) fn plan(steps: &[LinkedMac], rows: &[usize], input: Id, output: Id) -> Option<Back> {
    let mut planner = Planner {
        steps,
        rows,
        by_signal: vec![None; rows.len()],
        by_step: vec![usize::MAX; steps.len()],
        errors: Vec::new(),
        reads: 0,
    };
    let end = planner.errors(rows[output.0]);
    planner.by_signal[output.0] = Some(end);
    let mut back = Vec::new();
    for of in (0..steps.len()).rev() {
        back.push(planner.step(of)?);
    }
    let Planner { mut errors, by_step, reads, .. } = planner;
    for (LinkedMac { mac, .. }, by_step) in steps.iter().zip(by_step) {
        for tap in mac.taps.iter().filter(|tap| tap.from != input) {
            errors[by_step].reach = errors[by_step].reach.max(tap.delay);
        }
    }
    Some(Back { steps: back, errors, output: end, reads })
}

struct Planner<'a> {
    steps: &'a [LinkedMac],
    rows: &'a [usize],
    by_signal: Vec<Option<usize>>,
    /// Those by the sums of each operation.
    by_step: Vec<usize>,
    errors: Vec<Errors>,
    reads: usize,
}

impl Planner<'_> {
    fn errors(&mut self, rows: usize) -> usize {
        self.errors.push(Errors { rows, reach: 0 });
        self.errors.len() - 1
    }

    fn step(&mut self, of: usize) -> Option<Step> {
        let mac = &self.steps[of].mac;
        let mut gathers = Vec::new();
        let sum = match mac.sum {
            Some((id, _)) => Some(self.gather(of, id, None, &mut gathers)?),
            None => None,
        };
        let errors = match mac.to {
            Some(id) => self.gather(of, id, sum, &mut gathers)?,
            None => sum?,
        };
        self.by_step[of] = errors;
        let derive = mac.to.filter(|_| mac.finish != Finish::Identity);
        Some(Step { of, gathers, derive: derive.map(|id| (mac.finish, id)), errors })
    }

    /// The errors by `signal`, which operation `of` was the last to write, and by which
    /// those of a sum it also went into are to be increased.
    fn gather(
        &mut self,
        of: usize,
        signal: Id,
        sum: Option<usize>,
        gathers: &mut Vec<Gather>,
    ) -> Option<usize> {
        if let Some(known) = self.by_signal[signal.0] {
            return sum.is_none().then_some(known);
        }
        let rows = self.rows[signal.0];
        let pad = rows.next_multiple_of(PAD);
        let mut whole = sum;
        let (mut reads, mut parts) = (Vec::new(), Vec::new());
        for (step, errors) in self.steps.iter().zip(&self.by_step).skip(of + 1) {
            let reader = &step.mac;
            if reader.residual == Some(signal) {
                let handed = reader.to.and_then(|to| self.by_signal[to.0])?;
                if whole.replace(handed).is_some() {
                    return None;
                }
            }
            for tap in reader.taps.iter().filter(|tap| tap.from == signal) {
                reads.push(Ahead { errors: *errors, frames: tap.delay });
                parts.push(transposed(step, tap.weights, rows));
            }
        }
        let to = self.errors(rows);
        self.by_signal[signal.0] = Some(to);
        let weights = Linked::joined(parts);
        let mut mac = Mac::new(rows, Finish::Identity).to(Id(to));
        mac.weights = vec![0.0; weights.len()];
        mac.inputs = weights.len() / pad;
        mac.residual = whole.map(Id);
        mac.first = self.reads;
        self.reads += mac.inputs;
        let mac = LinkedMac { mac, weights, bias: Linked::default() };
        gathers.push(Gather { signal, mac, reads });
        Some(to)
    }
}

/// The matrix of one tap, from the operation's outputs to the `rows` it reads.
fn transposed(step: &LinkedMac, at: usize, rows: usize) -> Linked {
    let (from, to) = (step.mac.bias.len(), rows.next_multiple_of(PAD));
    step.weights.rearranged(step.mac.outputs * to, |place| {
        let (output, row) = (place / to, place % to);
        (row < rows).then_some(at + row * from + output)
    })
}
