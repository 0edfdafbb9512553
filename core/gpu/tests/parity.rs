//! What a card answers is what the processor answers.

mod kit;

use gpu::{Job, Renderer};
use kit::{card, models, processor, sound, worst};

/// Of full scale.
const CLOSE: f32 = 1e-5;

#[test]
fn every_model_there_is() {
    let Some(device) = card() else { return };
    let input = sound(2048);
    let (mut wrong, mut ran) = (Vec::new(), 0);
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
            if error.is_nan() || error > CLOSE {
                wrong.push(format!("{name} at {quality}: {error:e}"));
            }
        }
    }
    assert!(ran > 40, "the models are there: {ran}");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
