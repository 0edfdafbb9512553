//! What a `.nam` file says of its gear and its sound.

use serde_json::{Map, Value, json};

use super::super::About;

/// The file's `metadata`: what is known of it. Numbers that are not finite are left out.
pub(super) fn metadata(about: &About<'_>) -> Value {
    let said = about.metadata;
    let mut all = Map::new();
    if let Some(d) = said.date {
        let date = json!({ "year": d.year, "month": d.month, "day": d.day,
            "hour": d.hour, "minute": d.minute, "second": d.second });
        all.insert("date".to_owned(), date);
    }
    for (key, number) in [
        ("loudness", said.loudness),
        ("gain", said.gain),
        ("input_level_dbu", said.input_level_dbu),
        ("output_level_dbu", said.output_level_dbu),
    ] {
        if let Some(number) = number.filter(|x| x.is_finite()) {
            all.insert(key.to_owned(), json!(number));
        }
    }
    for (key, text) in [
        ("name", &said.name),
        ("modeled_by", &said.modeled_by),
        ("gear_type", &said.gear_type),
        ("gear_make", &said.gear_make),
        ("gear_model", &said.gear_model),
        ("tone_type", &said.tone_type),
    ] {
        if let Some(text) = text {
            all.insert(key.to_owned(), json!(text));
        }
    }
    let mut training = match about.training {
        Some(Value::Object(training)) => training.clone(),
        _ => Map::new(),
    };
    if let Some(esr) = said.esr.filter(|x| x.is_finite()) {
        training.insert("validation_esr".to_owned(), json!(esr));
    }
    if let Some(revision) = said.revision {
        training.insert("revision".to_owned(), json!(revision));
    }
    if !training.is_empty() {
        all.insert("training".to_owned(), Value::Object(training));
    }
    Value::Object(all)
}

/// The output's RMS for `input`, in full scale, where that is `gain` times as loud.
fn level(model: &nn::Model, input: &[f32], gain: f32) -> f64 {
    let mut io: Vec<f32> = input.iter().map(|x| gain * x).collect();
    model.engine().process(&mut io);
    let sum: f64 = io.iter().map(|y| f64::from(*y).powi(2)).sum();
    (sum / io.len().max(1) as f64).sqrt()
}

/// The metadata's `loudness`: 20 log₁₀ of the output's RMS, in dB, for a standard input.
/// −∞ for a silent model. The official trainer's input is a second of guitar that comes
/// with it; levels compare only between models that heard the same.
pub fn loudness(model: &nn::Model, input: &[f32]) -> f64 {
    20.0 * level(model, input, 1.0).log10()
}

/// The metadata's `gain`: how much a model compresses, 0 for none to 1, by the official
/// trainer's formula. Of the output's RMS at eleven levels of `input` from silence to full,
/// the sum is compared to that of a constant (1) and of a straight line (0).
pub fn gain(model: &nn::Model, input: &[f32]) -> f64 {
    const LEVELS: usize = 11;
    let at = |i: usize| level(model, input, i as f32 / (LEVELS - 1) as f32);
    let levels: Vec<f64> = (0..LEVELS).map(at).collect();
    let most = levels[LEVELS - 1] * LEVELS as f64;
    let sum: f64 = levels.iter().sum();
    let part = (sum - 0.5 * most) / (0.5 * most);
    // A silent model compresses nothing.
    if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.0 }
}
