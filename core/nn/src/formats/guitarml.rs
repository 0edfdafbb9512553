//! Networks of GuitarML's Proteus and NeuralPi: one recurrent layer, one linear,
//! a skip. Where they have more inputs than one, those are knobs from 0 to 1.

use serde::Deserialize;

use crate::Error;
use crate::small::{Layer, Spec};

use super::parts::{need, unnamed_knobs};
use super::{Entries, Loaded, pytorch, rate};

/// The rate these networks are trained at where the file does not say.
const RATE: f64 = 44_100.0;

#[derive(Deserialize)]
struct Shape {
    #[serde(default)]
    model: Option<String>,
    input_size: usize,
    #[serde(default)]
    output_size: Option<usize>,
    #[serde(default)]
    skip: f64,
    unit_type: String,
    #[serde(default)]
    num_layers: Option<usize>,
    hidden_size: usize,
    #[serde(default)]
    sample_rate: Option<f64>,
}

pub(super) fn load(entries: &Entries<'_>) -> Result<Loaded, Error> {
    let shape: Shape = need(entries, "model_data", "")?;
    shape.check()?;
    let state = pytorch::state(entries)?;
    let recurrent = pytorch::recurrent(&state, "rec")?;
    let (unit, net) = match &recurrent {
        Layer::Gru(net) => ("GRU", net),
        Layer::Lstm(net) => ("LSTM", net),
        _ => return Err(Error::invalid("state_dict", "a recurrent layer", "none")),
    };
    let said = (shape.unit_type.as_str(), shape.hidden_size, shape.input_size);
    let found = (unit, net.hidden, net.inputs);
    if said != found {
        let tell = |(unit, hidden, inputs): (&str, usize, usize)| {
            format!("{unit} of {hidden} units over {inputs} inputs")
        };
        return Err(Error::invalid("state_dict", tell(said), tell(found)));
    }
    let mut knobs = unnamed_knobs("model_data.input_size", shape.input_size)?;
    if let [drive] = &mut knobs[..] {
        drive.name = "Drive".to_owned();
    }
    let mut spec = Spec::new(vec![recurrent, pytorch::linear(&state, "lin")?], knobs);
    spec.skip = shape.skip == 1.0;
    let mut loaded = Loaded::new("GuitarML", spec)?;
    loaded.sample_rate = Some(rate("model_data.sample_rate", shape.sample_rate.unwrap_or(RATE))?);
    Ok(loaded)
}

impl Shape {
    /// Refuses what these players do not run either.
    fn check(&self) -> Result<(), Error> {
        if let Some(model) = self.model.as_deref().filter(|model| *model != "SimpleRNN") {
            return Err(Error::unsupported("model_data.model", "SimpleRNN", model));
        }
        if ![0.0, 1.0].contains(&self.skip) {
            return Err(Error::unsupported("model_data.skip", "0 or 1", self.skip));
        }
        let one = |what: &str, n: Option<usize>| match n {
            None | Some(1) => Ok(()),
            Some(n) => Err(Error::unsupported(format!("model_data.{what}"), "1", n)),
        };
        one("num_layers", self.num_layers)?;
        one("output_size", self.output_size)
    }
}
