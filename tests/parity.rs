//! What the official trainer answers, in float64, is what we answer.

mod kit;

use std::path::{Path, PathBuf};

use serde_json::Value;

/// 20 log10 of the error's RMS relative to the signal's.
fn relative_db(found: &[f32], wanted: &[f32]) -> f64 {
    let power = |x: f64| x * x;
    let error: f64 =
        found.iter().zip(wanted).map(|(a, b)| power(f64::from(*a) - f64::from(*b))).sum();
    let signal: f64 = wanted.iter().map(|b| power(f64::from(*b))).sum();
    10.0 * (error / signal).max(1e-30).log10()
}

fn floats(path: &Path) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

/// How far from the trainer an architecture may be, in dB. Where its own
/// float32 is no nearer to its float64 than that, as near as it but for 6 dB.
fn bound(architecture: &str, float32: Option<f64>) -> f64 {
    let bound = if architecture == "LSTM" { -105.0 } else { -118.0 };
    float32.map_or(bound, |db| bound.max(db + 6.0))
}

/// One comparison: a model, the trainer's answer, and how far from it the
/// trainer's own float32 is, in dB.
struct Case<'a> {
    model: &'a Path,
    quality: Option<f32>,
    wanted: &'a [f32],
    float32: Option<f64>,
}

/// Compares on every instruction set; returns what is wrong.
fn compare(case: &Case<'_>, input: &[f32]) -> Vec<String> {
    let Case { model, quality, wanted, float32 } = *case;
    let name = model.display();
    let bytes = std::fs::read(model).unwrap_or_else(|e| panic!("{name}: {e}"));
    let loaded = match nn::Model::load(&bytes) {
        Ok(loaded) => loaded,
        Err(e) => return vec![format!("{name}: {e}")],
    };
    let mut wrong = Vec::new();
    for isa in nn::Isa::available() {
        let mut engine = loaded.engine_on(isa);
        if let Some(q) = quality {
            engine.set_quality(q);
        }
        let mut io = input.to_vec();
        engine.process(&mut io);
        let db = relative_db(&io, wanted);
        println!("{db:7.1} dB  {isa:?}  {name} {quality:?}");
        if db > bound(loaded.architecture(), float32) || db.is_nan() {
            wrong.push(format!("{name} {quality:?} {isa:?}: {db:.1} dB"));
        }
    }
    wrong
}

#[test]
fn fixtures_of_ours() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/nam");
    let index = std::fs::read(folder.join("index.json")).expect("the fixtures' index");
    let index: Vec<Value> = serde_json::from_slice(&index).expect("a list");
    let input = floats(&folder.join("input.f32"));
    let text = |v: &Value| v.as_str().expect("a file name").to_owned();
    let wrong: Vec<String> = index
        .iter()
        .flat_map(|entry| {
            let model = folder.join(text(&entry["model"]));
            let wanted = floats(&folder.join(text(&entry["output"])));
            let case = Case {
                model: &model,
                quality: entry["quality"].as_f64().map(|q| q as f32),
                wanted: &wanted,
                float32: entry["float32_db"].as_f64(),
            };
            compare(&case, &input)
        })
        .collect();
    assert!(index.len() > 20, "the fixtures are there");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// We warn of each file that the official player refuses or answers otherwise,
/// and of no other.
#[test]
fn says_where_the_official_player_differs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/nam");
    let index = std::fs::read(folder.join("index.json")).expect("the fixtures' index");
    let index: Vec<Value> = serde_json::from_slice(&index).expect("a list");
    let mut wrong = Vec::new();
    for entry in &index {
        let name = entry["model"].as_str().expect("a file name");
        let bytes = std::fs::read(folder.join(name)).expect("a model");
        let said = nn::Model::load(&bytes).expect("a valid model").differences().to_vec();
        if entry["core_differs"] != !said.is_empty() {
            wrong.push(format!("{name}: {said:?}, the player: {}", entry["reason"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Reference data that may lie beside the repository: models and the answers
/// of their PyTorch originals as `x.nam.torch.f32` or `x.torch.f32`.
#[test]
fn reference_data_beside_the_repository() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/nam");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        return println!("skipped: no {}", folder.display());
    };
    let input = floats(&folder.join("input.f32"));
    let mut answers: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    answers.retain(|p| p.to_string_lossy().ends_with(".torch.f32"));
    answers.sort();
    let mut wrong = Vec::new();
    for answer in &answers {
        let model = answer.to_string_lossy().replace(".torch.f32", ".nam");
        let wanted = floats(answer);
        let case = Case { model: Path::new(&model), quality: None, wanted: &wanted, float32: None };
        wrong.extend(compare(&case, &input));
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), answers.len(), wrong.join("\n"));
}
