//! What there is to say of a graph, in words for people.

use std::path::Path;
use std::sync::Arc;

use fdn::{Certificate, Verdict};
use ui::badge;
use ui::light;

use crate::source::Source;
use crate::status::{Proof, Status};

/// What stands between facts on a line.
pub(super) const DOT: &str = " · ";

/// A badge's colour, its words, its facts, and the rest.
pub(super) struct Verdicts {
    pub(super) state: badge::State,
    pub(super) words: &'static str,
    pub(super) facts: String,
    pub(super) details: String,
}

/// What is proven of what plays.
pub(super) fn verdict(status: &Status) -> Verdicts {
    let lines = lines(status.lines());
    let (state, words, first) = match &status.proof {
        Proof::None => (badge::State::Unknown, "Not examined", "nothing plays yet".into()),
        Proof::Checking => (badge::State::Checking, "Being proven…", "it cannot grow".into()),
        Proof::Done(certificate) => of(certificate),
    };
    let guard = if status.guarded { "Played behind a limiter, for it may grow.\n" } else { "" };
    let details = match &status.proof {
        Proof::None => "What plays is examined once the host has said at what rate it runs.".into(),
        Proof::Checking => {
            "Nothing in its loops adds energy. The whole proof is on its way.".to_owned()
        }
        Proof::Done(certificate) => format!("{guard}{}", details(certificate)),
    };
    let second = if status.guarded { "limited".into() } else { lines };
    Verdicts { state, words, facts: format!("{first}{DOT}{second}"), details }
}

fn of(certificate: &Arc<Certificate>) -> (badge::State, &'static str, String) {
    let poles = match certificate.unstable_poles {
        Some(1) => "1 pole outside".to_owned(),
        Some(n) => format!("{n} poles outside"),
        None => "poles not counted".to_owned(),
    };
    match certificate.verdict {
        Verdict::CertifiedStable => (badge::State::Good, "Certified stable", poles),
        Verdict::MarginallyStable => (badge::State::Marginal, "At the limit", poles),
        Verdict::Unstable => (badge::State::Bad, "Unstable", poles),
        Verdict::Indeterminate => (badge::State::Bad, "No solution", poles),
        _ => (badge::State::Unknown, "Not proven", poles),
    }
}

fn details(certificate: &Certificate) -> String {
    let says = match certificate.verdict {
        Verdict::CertifiedStable => "All poles lie inside the unit circle: proven.",
        Verdict::MarginallyStable => {
            "No loop returns more than it is sent: it rings for ever, or decays. Proven."
        }
        Verdict::Unstable => "Some bounded input makes an unbounded output: proven.",
        Verdict::Indeterminate => "A delay-free loop has no solution.",
        _ => "Neither stability nor its absence is proven.",
    };
    let loops = match certificate.loops.len() {
        1 => "1 loop".to_owned(),
        n => format!("{n} loops"),
    };
    let rate = certificate.sample_rate;
    let mut text = format!("{says}\n{loops}, at {rate:.0} Hz.");
    for note in certificate.notes.iter().take(4) {
        text.push('\n');
        text.push_str(note);
    }
    text
}

/// Lines that feed back, in words.
pub(super) fn lines(count: usize) -> String {
    match count {
        1 => "1 line".into(),
        n => format!("{n} lines"),
    }
}

/// The line below the name: what becomes of it, or where it came from.
pub(super) fn origin(status: &Status) -> String {
    if let Some(name) = &status.loading {
        return format!("Loading {name}…");
    }
    let from = match status.source() {
        None => "nothing plays".into(),
        Some(Source::Factory(_)) => "built in".into(),
        Some(Source::Own) => "this plugin's own".into(),
        Some(Source::Live(path) | Source::File(path)) => place(path),
        Some(Source::Project(Some(path))) => format!("kept in the project, from {}", place(path)),
        Some(Source::Project(None)) => "kept in the project".into(),
    };
    let times = match (status.is_calibrated(), status.span(), status.model.is_some()) {
        (_, _, false) => String::new(),
        (false, ..) => format!("{DOT}times being measured"),
        (true, Some([least, most]), _) => {
            format!("{DOT}{} to {}", seconds(least), seconds(most))
        }
        (true, None, _) => format!("{DOT}its time is fixed"),
    };
    format!("{from}{times}")
}

/// The name of a file, and its folder's.
fn place(path: &Path) -> String {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match path.parent().map(name).filter(|folder| !folder.is_empty()) {
        Some(folder) => format!("{} in {folder}", name(path)),
        None => name(path),
    }
}

/// What is most pressing to tell of the graph and the presets, and whether it is an error.
pub(super) fn message(status: &Status, presets: Option<&str>) -> Option<(String, bool)> {
    let error = status.error.as_deref().or(presets);
    let words = error.or(status.notice.as_deref())?;
    Some((words.to_owned(), error.is_some()))
}

/// Seconds in words.
pub(super) fn seconds(seconds: f64) -> String {
    ui::curves::seconds(seconds as f32)
}

/// The light of what is followed: its state, its words, and the rest.
pub(super) fn live(status: &Status) -> (light::State, String, String) {
    let Some(live) = &status.following else {
        let details = "A file that is followed plays anew each time a trainer writes it.";
        return (light::State::Idle, "Not following".into(), details.into());
    };
    let followed = light::Followed {
        path: &live.path,
        revision: live.revision,
        score: None,
        reloads: live.reloads,
        since: live.latest.map(|latest| latest.elapsed().as_secs_f32()),
        error: None,
    };
    let state = match status.error {
        Some(_) => light::State::Error,
        None => followed.state(),
    };
    (state, followed.words(), followed.details())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Live;

    #[test]
    fn a_file_that_is_followed() {
        let mut status = Status::default();
        assert_eq!(live(&status).0, light::State::Idle);
        let path = std::path::PathBuf::from("/x/hall.json");
        let mut is = Live { path, revision: None, reloads: 0, latest: None };
        status.following = Some(is.clone());
        assert_eq!(live(&status).1, "waiting for hall.json");
        (is.reloads, is.latest) = (3, Some(std::time::Instant::now()));
        status.following = Some(is.clone());
        assert_eq!(live(&status).1, "#3 · hall.json");
        assert!(live(&status).0.moves());
        is.revision = Some(17);
        (status.following, status.error) = (Some(is), Some("no graph".into()));
        let (state, words, details) = live(&status);
        assert_eq!((state, words.as_str()), (light::State::Error, "r17 · hall.json"));
        assert!(details.contains("/x/hall.json") && details.contains("3 times"));
    }

    #[test]
    fn what_is_not_proven_is_said() {
        let mut status = Status::default();
        assert_eq!(verdict(&status).state, badge::State::Unknown);
        status.proof = Proof::Checking;
        assert_eq!(verdict(&status).state, badge::State::Checking);
        assert_eq!(origin(&status), "nothing plays");
    }
}
