//! Against `nam-rs`, an independent implementation, on models of every official
//! shape that it runs.

mod kit;

use std::path::Path;

/// Both settled on silence; nam-rs has to be told.
fn theirs(json: &str, io: &mut [f32]) -> Result<(), nam_rs::Error> {
    let file = nam_rs::NamModel::from_json_str(json)?;
    let mut model = nam_rs::Model::from_nam(&file)?;
    model.process_buffer(&mut vec![0.0; model.receptive_field().max(24_000)]);
    model.process_buffer(io);
    Ok(())
}

/// The RMS of their difference, and of the signal, in dB of full scale; `None`
/// where nam-rs cannot run the model.
fn levels(json: &str, input: &[f32]) -> Option<(f64, f64)> {
    let (mut a, mut b) = (input.to_vec(), input.to_vec());
    theirs(json, &mut a).ok()?;
    nn::Model::load(json.as_bytes()).expect("a valid model").engine().process(&mut b);
    let db = |sum: f64| 10.0 * (sum / input.len() as f64).log10();
    let square = |x: f32| f64::from(x).powi(2);
    let error: f64 = a.iter().zip(&b).map(|(a, b)| square(a - b)).sum();
    Some((db(error), db(a.iter().map(|y| square(*y)).sum())))
}

#[test]
fn sounds_like_nam_rs() {
    let mut compared = 0;
    for (name, json) in kit::models::official() {
        let Some((error, signal)) = levels(&json, &kit::signal(6000)) else { continue };
        assert!(error - signal < -100.0, "{name}: {:.1} dB from nam-rs", error - signal);
        compared += 1;
    }
    assert!(compared >= 8, "nam-rs ran {compared} of the official shapes");
}

/// Real captures and a real guitar that may lie beside the repository.
#[test]
fn real_models_beside_the_repository() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let Ok(mut guitar) = hound::WavReader::open(folder.join("guitar_di.wav")) else {
        return println!("skipped: no {}", folder.display());
    };
    let full = f64::from(1_u32 << (guitar.spec().bits_per_sample - 1));
    let samples = guitar.samples::<i32>().take(5 * 48_000);
    let input: Vec<f32> =
        samples.map(|x| (f64::from(x.expect("a sample")) / full) as f32).collect();
    for name in ["core_a1_standard", "core_a2", "plugin_hi_gain", "core_lstm"] {
        let path = folder.join(format!("nam/{name}.nam"));
        let json = std::fs::read_to_string(path).expect("a model");
        let (error, signal) = levels(&json, &input).expect("nam-rs runs it");
        println!("{error:7.1} dBFS of error, {signal:6.1} dBFS of signal  {name}");
        // Against full scale: where twentyfold gain meets a quiet guitar, PyTorch's
        // own float32 is no nearer to its float64 than this.
        assert!(error < -105.0, "{name}: {error:.1} dBFS from nam-rs");
    }
}
