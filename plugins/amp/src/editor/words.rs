//! What there is to say of a file, in words for people.

use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;

use crate::meters::Meters;
use crate::seat::Status;
use crate::source::{Playing, Source};

/// The rate of a model whose file does not say, in Hz.
const USUAL_RATE: f64 = 48_000.0;

/// What stands between facts on a line.
pub(super) const DOT: &str = "  ·  ";

fn known(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// The gear a model is of, and its kind, as far as the file says.
pub(super) fn gear(model: &nn::Model) -> Option<String> {
    let metadata = model.metadata();
    let parts = [known(metadata.gear_make.as_ref()), known(metadata.gear_model.as_ref())];
    let gear = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let kind = known(metadata.gear_type.as_ref()).map(|kind| kind.replace('_', " "));
    match (gear.is_empty(), kind) {
        (true, kind) => kind,
        (false, None) => Some(gear),
        (false, Some(kind)) => Some(format!("{gear}{DOT}{kind}")),
    }
}

/// The kind of tone a model has, as far as the file says.
pub(super) fn tone(model: &nn::Model) -> Option<String> {
    known(model.metadata().tone_type.as_ref()).map(|tone| tone.replace('_', " "))
}

/// Who made a model, as far as the file says.
pub(super) fn author(model: &nn::Model) -> Option<&str> {
    known(model.metadata().modeled_by.as_ref())
}

/// Where the file of `playing` lies or lay: its name and its folder's.
pub(super) fn origin(playing: &Playing) -> String {
    let Some(path) = playing.source.path() else {
        return match playing.source {
            Source::Factory(_) => "built in".into(),
            _ => "kept in the project".into(),
        };
    };
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match path.parent().map(name).filter(|folder| !folder.is_empty()) {
        Some(folder) => format!("{} in {folder}", name(path)),
        None => name(path),
    }
}

/// The whole path, for those who want to know.
pub(super) fn path(playing: &Playing) -> String {
    match playing.source.path() {
        Some(path) => path.display().to_string(),
        None => origin(playing),
    }
}

/// The network in numbers.
pub(super) fn network(playing: &Playing, model: &nn::Model) -> String {
    let mut parts =
        vec![model.architecture().to_owned(), format!("{} weights", thousands(model.weights()))];
    let sizes = model.qualities().len();
    if sizes > 0 {
        parts.push(format!("{} sizes", sizes + 1));
    }
    let rate = model.sample_rate().unwrap_or(USUAL_RATE);
    let samples = playing.receptive_field;
    parts.push(match samples as f64 / rate * 1000.0 {
        short if short < 10.0 => format!("{samples} samples of memory"),
        long if long > 600_000.0 => "memory without end".into(),
        long => format!("{long:.0} ms of memory"),
    });
    parts.join(DOT)
}

/// What a model costs and the rate it was made at.
pub(super) fn cost(model: &nn::Model) -> String {
    let work = match model.macs() {
        small if small < 10_000 => thousands(small),
        large => format!("{} k", thousands(large / 1000)),
    };
    let rate = match model.follows_rate() {
        true => "plays at any rate".into(),
        false => format!("made at {}", khz(model.sample_rate().unwrap_or(USUAL_RATE))),
    };
    format!("{work} multiply-adds a sample{DOT}{rate}")
}

/// One level as a number with its unit, or that the file does not say.
pub(super) fn level(level: Option<f64>, unit: &str) -> String {
    level.map_or("unknown".into(), |level| format!("{level:.1} {unit}"))
}

/// What is known of an impulse response.
pub(super) fn impulse(playing: &Playing) -> String {
    let Some(impulse) = playing.impulse() else { return String::new() };
    let channels = if impulse.channels().len() == 1 { "mono" } else { "stereo" };
    let length = impulse.seconds() * 1000.0;
    let rate = khz(f64::from(impulse.sample_rate()));
    format!("{length:.0} ms{DOT}{rate}{DOT}{channels}")
}

/// Something to tell, and whether it is an error.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Message {
    pub(super) words: String,
    pub(super) error: bool,
    /// The place it is about, in the order of all places; the presets without.
    pub(super) place: Option<usize>,
}

/// The most pressing thing to tell of the places and the presets.
pub(super) fn message(status: &[Status; 4], presets: Option<&String>) -> Option<Message> {
    let said = |error: bool| {
        let mut all = status.iter().enumerate();
        all.find_map(move |(place, status)| {
            let text = if error { &status.error } else { &status.notice };
            let mut words = text.clone()?;
            if let (true, Some(playing)) = (error, &status.playing) {
                words = format!("{words} {} plays on.", playing.name);
            }
            Some(Message { words, error, place: Some(place) })
        })
    };
    let presets =
        || presets.map(|words| Message { words: words.clone(), error: true, place: None });
    said(true).or_else(presets).or_else(|| said(false))
}

/// By how much the output is late.
pub(super) fn latency(samples: usize, rate: f32) -> String {
    match (samples, rate > 0.0) {
        (0, _) => "no latency".into(),
        (_, true) => format!("{:.1} ms late", samples as f32 / rate * 1000.0),
        (_, false) => format!("{samples} samples late"),
    }
}

/// How the sound is computed, a sentence each.
pub(super) fn engine(status: &[Status; 4], meters: &Meters, rate: f32) -> Vec<String> {
    let mut words = vec![match rate > 0.0 {
        true => format!("The host runs at {}.", khz(f64::from(rate))),
        false => "The host does not run yet.".into(),
    }];
    words.push(match meters.latency.load(Relaxed) {
        0 => "The output is not late: no latency is added.".into(),
        samples => format!("The output is {samples} samples late, which the host makes up for."),
    });
    for (letter, status) in ["A", "B"].into_iter().zip(status) {
        let made = status.playing.as_ref().and_then(|playing| playing.model()?.sample_rate());
        if let Some(made) = made.filter(|made| rate > 0.0 && (made - f64::from(rate)).abs() > 0.5) {
            words.push(format!("Model {letter} was made at {}, and is resampled.", khz(made)));
        }
    }
    words.push(
        "Oversampling takes away what folds back below 20 kHz, and costs as many times more."
            .into(),
    );
    words
}

/// A rate in kHz.
pub(super) fn khz(rate: f64) -> String {
    let khz = format!("{:.3}", rate / 1000.0);
    format!("{} kHz", khz.trim_end_matches('0').trim_end_matches('.'))
}

/// A number with room between its thousands.
pub(super) fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        assert_eq!(khz(44_100.0), "44.1 kHz");
        assert_eq!(khz(48_000.0), "48 kHz");
        assert_eq!(thousands(13_802), "13 802");
        assert_eq!(thousands(999), "999");
        assert_eq!(level(Some(-18.04), "dB"), "-18.0 dB");
        assert_eq!(level(None, "dBu"), "unknown");
    }

    #[test]
    fn an_error_comes_before_a_notice() {
        let mut status: [Status; 4] = Default::default();
        assert_eq!(message(&status, None), None);
        status[0].notice = Some("It moved.".into());
        assert!(message(&status, None).is_some_and(|m| !m.error && m.place == Some(0)));
        status[2].error = Some("It is gone.".into());
        let message = message(&status, None).expect("a message");
        assert_eq!(
            (message.words.as_str(), message.error, message.place),
            ("It is gone.", true, Some(2))
        );
    }
}
