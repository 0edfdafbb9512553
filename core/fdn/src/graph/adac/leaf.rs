//! Leaves: gains, matrices, delays, and which reader reads the others.

use ndarray::Array2;

use super::{Reader, design, trained};
use crate::error::Error;
use crate::graph::json::Field;
use crate::graph::special::{diagonal, householder, sylvester};
use crate::graph::{Delay, Module, Node};

/// What helps when ADAC left something out.
const REMEDY: &str = "export the model again with `python -m kiln_fdn export`, which evaluates every map and writes what FLAMO plays";

/// The error that this leaf cannot be played as FLAMO does for want of `missing`.
pub(super) fn lost(field: &Field<'_>, missing: impl Into<String>) -> Error {
    let (what, missing) = (field.path.clone(), missing.into());
    Error::Lost { what, missing, remedy: REMEDY.into() }
}

/// The leaf `field`, called `name`.
pub(super) fn read(reader: &mut Reader, field: &Field<'_>, name: String) -> Result<Node, Error> {
    let kind = field.need("module_type")?;
    let params = field.need("params")?;
    params.object()?;
    field.get("flamo").map_or(Ok(()), |f| f.object())?;
    let module = match kind.text()? {
        "parallelDelay" => parallel_delay(field, &params)?,
        "Delay" | "variableDelay" => delay(field, &params, Some("samples"))?,
        "fractionalDelay" => delay(field, &params, None)?,
        "Gain" | "Matrix" => Module::Matrix(gain(reader, field, &params)?),
        "HouseholderMatrix" => Module::Matrix(reflection(reader, field, &params)?),
        "parallelGain" => Module::Matrix(gains(reader, &params)?),
        "parallelSOSFilter" | "SOSFilter" => trained::sections(field, &params)?,
        "Biquad" | "parallelBiquad" if params.get("raw").is_some() => {
            trained::biquad(field, &params)?
        }
        "SVF" | "parallelSVF" if params.get("raw").is_some() => trained::svf(field, &params)?,
        class => {
            if params.get("raw").is_some() {
                return Err(lost(field, unmapped(class)));
            }
            return design::read(reader, field, name, &kind, &params);
        }
    };
    reader.made(Node::module(name, module), field)
}

/// What is missing of a class that ADAC writes only the trained parameter of.
fn unmapped(class: &str) -> String {
    match class {
        "ScatteringMatrix" | "VelvetNoiseMatrix" => format!(
            "ADAC writes of a {class} its matrices before their map, and none of the delays between them"
        ),
        "GainDelay" | "parallelGainDelay" => format!(
            "ADAC writes of a {class} its parameter before its maps, and not in which `unit` the delays are"
        ),
        _ => format!(
            "ADAC writes of a {class} its parameter before FLAMO's `map`, and not which map that was"
        ),
    }
}

/// FLAMO's `parallelDelay`. ADAC counts the samples of parameter × rate, where
/// FLAMO divides by `unit`, whose default is 100, and lets trained delays pass a
/// softplus.
fn parallel_delay(field: &Field<'_>, params: &Field<'_>) -> Result<Module, Error> {
    let meta = field.get("flamo");
    let meta = |key| meta.as_ref().and_then(|m| m.get(key));
    if meta("requires_grad").map_or(Ok(false), |g| g.bool())? {
        let missing = "the delays were trained, which FLAMO does through a softplus and ADAC writes without it";
        return Err(lost(field, missing));
    }
    let unit = meta("unit").map_or(Ok(1.0), |u| u.within(f64::MIN_POSITIVE..=1e12))?;
    let whole = meta("isint").map_or(Ok(true), |i| i.bool())?;
    let exact = params.get("samples_fractional");
    if unit == 1.0 {
        let fractional = exact.is_some() && (!whole || params.get("samples").is_none());
        return delay(field, params, (!fractional).then_some("samples"));
    }
    let Some(exact) = exact else {
        let missing =
            format!("the delays are in units of {unit} s and \"samples_fractional\" is missing");
        return Err(lost(field, missing));
    };
    let exact = exact.numbers()?;
    if let Some(rounded) = params.get("samples") {
        let same = exact.iter().map(|x| x.round_ties_even());
        if !same.eq(rounded.numbers()?.iter().copied()) {
            let missing = format!(
                "\"samples\" and \"samples_fractional\" disagree, so whether `unit` {unit} still has to be divided by is lost"
            );
            return Err(lost(field, missing));
        }
    }
    let line = |x: &f64| {
        let samples = x / unit;
        let samples = if whole { samples.round_ties_even() } else { samples };
        Delay { samples, interpolated: !whole }
    };
    Ok(Module::Delay(exact.iter().map(line).collect()))
}

/// Delays in samples: whole ones under the key `whole`, or fractions.
fn delay(field: &Field<'_>, params: &Field<'_>, whole: Option<&str>) -> Result<Module, Error> {
    if params.get("raw").is_some() {
        let missing = "ADAC writes of a Delay matrix its parameter, and not in which `unit` it is nor whether FLAMO rounds it";
        return Err(lost(field, missing));
    }
    let samples = match (whole, params.get("samples_fractional")) {
        (None, Some(exact)) => exact,
        _ => params.need("samples")?,
    };
    let line = |samples: &f64| Delay { samples: *samples, interpolated: whole.is_none() };
    Ok(Module::Delay(samples.numbers()?.iter().map(line).collect()))
}

fn gains(reader: &mut Reader, params: &Field<'_>) -> Result<Array2<f64>, Error> {
    let gains = params.need("gains")?;
    let numbers = gains.numbers()?;
    reader.budget.square(numbers.len(), &gains.path)?;
    Ok(diagonal(numbers))
}

/// A matrix, or gains for each channel.
fn gain(reader: &mut Reader, field: &Field<'_>, params: &Field<'_>) -> Result<Array2<f64>, Error> {
    let matrix = match params.get("matrix") {
        Some(matrix) => matrix.matrix()?,
        None if params.get("gains").is_some() => gains(reader, params)?,
        None => return Err(params.expected("\"matrix\" or \"gains\"")),
    };
    let meta = field.get("flamo");
    let kind = meta.as_ref().and_then(|m| m.get("matrix_type"));
    let evaluated = meta.as_ref().is_some_and(|m| m.get("param_raw").is_some());
    let same = match kind.as_ref().map_or(Ok("random"), Field::text)? {
        _ if evaluated => true,
        "random" => true,
        // What FLAMO maps these to, whatever was meant by them.
        "orthogonal" => matrix == Array2::<f64>::eye(matrix.nrows()),
        "hadamard" => sylvester(matrix.nrows()).is_some_and(|h| {
            h.dim() == matrix.dim() && h.iter().zip(&matrix).all(|(a, b)| (a - b).abs() < 1e-7)
        }),
        _ => false,
    };
    if same {
        return Ok(matrix);
    }
    // ADAC writes `param_raw` wherever the map changes the parameter; before it
    // did, it wrote the parameter itself under "matrix".
    let missing = "\"param_raw\" is missing, so whether \"matrix\" is the matrix or the parameter it is made from is lost";
    Err(lost(field, missing))
}

/// A Householder matrix, or in files of old the vector it is made of.
fn reflection(
    reader: &mut Reader,
    field: &Field<'_>,
    params: &Field<'_>,
) -> Result<Array2<f64>, Error> {
    let matrix = gain(reader, field, params)?;
    let (rows, columns) = matrix.dim();
    if rows == columns && (rows > 1 || matrix[(0, 0)] == -1.0) {
        return Ok(matrix);
    }
    if columns != 1 {
        let found = format!("{rows} rows of {columns}");
        return Err(Error::invalid(&params.path, "a square matrix, or a column", found));
    }
    reader.budget.square(rows, &params.path)?;
    householder(&matrix.into_raw_vec_and_offset().0)
        .ok_or_else(|| Error::invalid(&params.path, "a finite vector that is not zero", "another"))
}
