//! What knobs do, and why some do nothing for the graph that plays.

use std::sync::atomic::Ordering::Relaxed;

use super::words::seconds;
use crate::choices::Division;
use crate::meters::Meters;
use crate::params::ReverbParams;
use crate::status::Status;

/// What a control does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hint {
    pub(super) words: String,
    /// Whether it does nothing now.
    pub(super) idle: bool,
}

impl From<&str> for Hint {
    fn from(words: &str) -> Self {
        Self { words: words.into(), idle: false }
    }
}

impl Hint {
    /// What it does and, if it is `idle`, why it does not.
    pub(super) fn unless(idle: bool, about: &str, why: &str) -> Self {
        let words = if idle { format!("{about}\n{why}") } else { about.into() };
        Self { words, idle }
    }
}

/// Of the reverberation time.
pub(super) fn rt60(status: &Status, as_trained: bool) -> Hint {
    let about = "Seconds until the reverberation has fallen by 60 dB.";
    if as_trained {
        return Hint::unless(true, about, "It decays as it was trained.");
    }
    match status.span() {
        Some([least, most]) => {
            let range = format!("This graph can do {} to {}.", seconds(least), seconds(most));
            Hint { words: format!("{about}\n{range}"), idle: false }
        }
        None if status.is_calibrated() => {
            Hint::unless(true, about, "This graph has no time that could be set.")
        }
        None => Hint::unless(true, about, "This graph's times are not known yet."),
    }
}

/// Of the switch that leaves the time as it was trained.
pub(super) fn as_trained(status: &Status) -> Hint {
    let trained = match status.trained() {
        Some(trained) => format!("Leaves the decay as it was trained: {}.", seconds(trained)),
        None => "Leaves the decay as it was trained.".into(),
    };
    let fixed = status.is_calibrated() && status.span().is_none();
    Hint::unless(fixed, &trained, "This graph has no other.")
}

/// Of the switch that holds the sound.
pub(super) fn freeze(status: &Status) -> Hint {
    let idle = status.model.is_some() && !status.freezes();
    let why = "This graph's loops are not lossless without what damps them, so it cannot be held.";
    Hint::unless(idle, "Holds what rings, and lets nothing more in.", why)
}

/// Of what sets bands apart.
pub(super) fn bands(status: &Status, about: &str) -> Hint {
    let why = "This graph's loops may add energy, so its bands cannot be set apart safely.";
    Hint::unless(status.model.is_some() && !status.is_passive(), about, why)
}

/// Of what moves its lines.
pub(super) fn motion(status: &Status, about: &str) -> Hint {
    let why = "This graph's loops may add energy, so its lines cannot be moved safely.";
    Hint::unless(status.model.is_some() && !status.is_passive(), about, why)
}

/// Of how fast they move.
pub(super) fn rate(status: &Status, depth: f32) -> Hint {
    let hint = motion(status, "How fast they are turned to and fro.");
    let still = depth == 0.0 && !hint.idle;
    if still { Hint::unless(true, &hint.words, "Nothing moves: the depth is 0.") } else { hint }
}

/// Of the pre-delay, which may be in time with the host.
pub(super) fn pre_delay(params: &ReverbParams, meters: &Meters) -> Hint {
    let about = "Time before the reverberation begins.";
    let division = params.sync.value();
    let now = meters.pre_delay.load(Relaxed);
    let why = format!("It is in time with the host, now {now:.0} ms.");
    Hint::unless(division != Division::Off, about, &why)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn status(id: &str) -> Status {
        let item = fx::factory::reverb(id).expect("it is built in");
        let graph = fdn::Graph::load(item.bytes).expect("a graph");
        let model = fx::reverb::model(&graph, 48_000.0, 1.0).expect("a network");
        model.estimate();
        Status { model: Some(Arc::new(model)), ..Status::default() }
    }

    #[test]
    fn what_a_graph_cannot_do_is_dimmed_and_said() {
        let hall = status("medium-hall");
        assert!(!rt60(&hall, false).idle && rt60(&hall, true).idle);
        assert!(rt60(&hall, false).words.contains("This graph can do"));
        for item in fx::factory::REVERBS {
            let status = status(item.id);
            assert_eq!(freeze(&status).idle, !status.freezes(), "{}", item.id);
            assert_eq!(bands(&status, "x").idle, !status.is_passive(), "{}", item.id);
            assert_eq!(motion(&status, "x").words.lines().count() == 2, !status.is_passive());
        }
        // Before there is a network nobody knows.
        assert!(!freeze(&Status::default()).idle && rt60(&Status::default(), false).idle);
        assert!(rate(&hall, 0.0).idle && !rate(&hall, 0.5).idle);
    }
}
