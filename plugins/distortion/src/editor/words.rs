//! What there is to say of a model, in words for people.

use std::path::Path;

use nn::{Model, Report};
use shell::beside;
use shell::text::percent;

use crate::source::Source;
use crate::status::Status;

/// What stands between facts on a line.
pub(super) const DOT: &str = " · ";

/// One thing to know of a model: what it is, in short, and in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) caption: &'static str,
    pub(super) words: String,
    pub(super) details: String,
}

/// The line below the name: what becomes of it, or where it came from.
pub(super) fn origin(status: &Status) -> String {
    if let Some(name) = &status.loading {
        return format!("Loading {name}…");
    }
    match status.source() {
        None => "only filters and gains".into(),
        Some(Source::Factory(_)) => described(status).unwrap_or("built in").into(),
        Some(Source::File(path)) => place(path),
        Some(Source::Project(Some(path))) => format!("kept in the project, from {}", place(path)),
        Some(Source::Project(None)) => "kept in the project".into(),
    }
}

/// What its file says the model is of.
pub(super) fn described(status: &Status) -> Option<&str> {
    status.model()?.metadata().description.as_deref()
}

/// The name of a file, and its folder's.
fn place(path: &Path) -> String {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match path.parent().map(name).filter(|folder| !folder.is_empty()) {
        Some(folder) => format!("{} in {folder}", name(path)),
        None => name(path),
    }
}

/// What to know of the model that plays; dashes where there is none.
pub(super) fn facts(model: Option<&Model>, report: Option<&Report>) -> [Fact; 5] {
    let fact = |caption, said: &dyn Fn(&Model) -> (String, String)| {
        let (words, details) = model.map_or_else(|| ("—".into(), String::new()), said);
        Fact { caption, words, details }
    };
    let third = match report {
        Some(report) => {
            fact("RUNS ON", &|_| (beside::short(report), beside::details(report).join("\n")))
        }
        None => fact("ESR", &error),
    };
    [
        fact("FORMAT", &|model| (model.format().into(), "The trainer whose file it is.".into())),
        fact("NETWORK", &network),
        third,
        fact("RATE", &rate),
        fact("KNOBS", &knobs),
    ]
}

fn network(model: &Model) -> (String, String) {
    let weights = match model.weights() {
        n if n < 10_000 => format!("{n} weights"),
        n => format!("{}k weights", n / 1000),
    };
    let kind = match model.architecture() {
        "Chain" => "A chain of layers",
        other => other,
    };
    let macs = model.macs();
    (weights, format!("{kind}, {macs} multiply-adds a sample."))
}

fn error(model: &Model) -> (String, String) {
    let about = "Error-to-signal ratio against the gear, on sound it was not trained with.";
    match model.metadata().esr {
        Some(esr) => (percent(esr), about.into()),
        None => ("not stated".into(), format!("{about}\nIts file does not say.")),
    }
}

fn rate(model: &Model) -> (String, String) {
    if model.follows_rate() {
        let about = "It sounds the same at any rate, with nothing resampled.";
        return ("any".into(), about.into());
    }
    let khz = model.sample_rate().unwrap_or(48_000.0) / 1000.0;
    let about = "It was trained at this rate; at any other the sound is resampled for it.";
    (format!("{khz} kHz"), about.into())
}

fn knobs(model: &Model) -> (String, String) {
    let names: Vec<&str> = model.knobs().iter().map(|knob| knob.name.as_str()).collect();
    match names.len() {
        0 => ("none".into(), "It was trained without any: Drive is a gain before it.".into()),
        1 => (names[0].into(), "It was trained with this knob.".into()),
        n => (names.join(", "), format!("It was trained with these {n} knobs.")),
    }
}

/// How late the sound is: in samples, and in time.
pub(super) fn latency(status: &Status) -> String {
    let Some(setup) = status.setup else { return "none".into() };
    let ms = 1000.0 * status.latency as f32 / setup.sample_rate;
    match status.latency {
        0 => "none".into(),
        1 => format!("1 sample{DOT}{ms:.2} ms"),
        n => format!("{n} samples{DOT}{ms:.2} ms"),
    }
}

/// What is most pressing to tell of the model and the presets, and whether it is an error.
pub(super) fn message<'a>(status: &'a Status, presets: Option<&'a str>) -> Option<(&'a str, bool)> {
    let error = status.error.as_deref().or(presets);
    Some((error.or(status.notice.as_deref())?, error.is_some()))
}

#[cfg(test)]
mod tests {
    use fx::drive::{Quality, Setup};

    use super::*;

    fn model(more: &str) -> Model {
        let json = format!(
            r#"{{"format": "kiln-drive", "version": 1, {more} "layers": [
            {{"type": "dense", "weights": [[1.0]], "bias": [0.0]}}, {{"type": "tanh"}}]}}"#
        );
        Model::load(json.as_bytes()).expect("a model")
    }

    #[test]
    fn facts_of_a_model() {
        let words = |model: &Model| facts(Some(model), None).map(|fact| fact.words);
        let first = words(&model(r#""esr": 0.00412,"#));
        assert_eq!(first, ["Kiln Drive", "2 weights", "0.41 %", "any", "none"]);
        let second = words(&model(r#""sample_rate": 44100,"#));
        assert_eq!(second[2..4], ["not stated", "44.1 kHz"]);
        assert!(facts(None, None).iter().all(|fact| fact.words == "—" && fact.details.is_empty()));
    }

    #[test]
    fn how_late_it_is() {
        let mut status = Status::default();
        assert_eq!(latency(&status), "none");
        let quality = Quality::default();
        status.setup = Some(Setup { sample_rate: 48_000.0, quality, calls: fx::Calls::OFFLINE });
        status.latency = 36;
        assert_eq!(latency(&status), "36 samples · 0.75 ms");
        assert_eq!(origin(&status), "only filters and gains");
    }
}
