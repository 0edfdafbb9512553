//! What a card answers is what the processor answers.

mod kit;

use gpu::{Job, Renderer};
use kit::{card, index, models, processor, sound, worst};

/// Of full scale.
const CLOSE: f32 = 1e-5;
/// The same for a network whose own trainer is no surer of it: in float32 it answers
/// with an error of more than a hundred-thousandth.
const VAGUE: f32 = 3e-5;

/// The fixtures that are vague by the trainer's own measure.
fn vague() -> Vec<String> {
    index()
        .iter()
        .filter(|entry| entry["float32_db"].as_f64().is_some_and(|db| db > -100.0))
        .map(|entry| entry["model"].as_str().expect("a file name").to_owned())
        .collect()
}

#[test]
fn every_model_there_is() {
    let Some(device) = card() else { return };
    let input = sound(2048);
    let (mut wrong, mut ran) = (Vec::new(), 0);
    let vague = vague();
    for (name, model) in models() {
        for quality in [0.0, 1.0] {
            if quality < 1.0 && model.qualities().is_empty() {
                continue;
            }
            let renderer = Renderer::new(&device, std::slice::from_ref(&model), quality);
            let mut renderer = match renderer {
                Ok(renderer) => renderer,
                Err(e) => {
                    println!("{name}: {e}");
                    // Whatever is a program or an LSTM must run.
                    if model.program(quality).is_some() || model.recurrent(quality).is_some() {
                        wrong.push(format!("{name}: {e}"));
                    }
                    continue;
                }
            };
            let found = renderer.render(&[Job { model: 0, input: &input }]).expect("a render");
            let error = worst(&found[0], &processor(&model, quality, &input));
            println!("{error:9.2e}  {name} at {quality}");
            ran += 1;
            let bound = if vague.contains(&name) { VAGUE } else { CLOSE };
            if error.is_nan() || error > bound {
                wrong.push(format!("{name} at {quality}: {error:e}"));
            }
        }
    }
    assert!(ran > 40, "the models are there: {ran}");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
