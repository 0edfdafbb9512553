//! Filters as FLAMO stores them, where the map from parameters to coefficients is
//! part of the class and the file holds all that it depends on.
//!
//! The formulas are those of FLAMO 0.2.20 (`flamo.processor.dsp`); of [`biquad`],
//! the Audio EQ Cookbook's.

use std::f64::consts::{LN_2, PI, SQRT_2};

use ndarray::{Array2, ArrayD, Ix3, Ix4};

use super::leaf::lost;
use crate::error::Error;
use crate::graph::json::Field;
use crate::graph::{Module, Section};

/// `sos`, sections × channels × [b₀, b₁, b₂, a₁, a₂]; or `raw`, the parameter of
/// FLAMO's SOSFilter, sections × [b₀, b₁, b₂, a₀, a₁, a₂] × outputs × inputs,
/// which ADAC gives the other's name and leaves as it is.
pub(super) fn sections(field: &Field<'_>, params: &Field<'_>) -> Result<Module, Error> {
    if let Some(raw) = params.get("raw") {
        let values = parameter(field, &raw, 4, [None, Some(6)])?;
        return bank(&raw, values, |p| quotient([p[0], p[1], p[2]], [p[3], p[4], p[5]]));
    }
    let sos = params.need("sos")?;
    let values = three(&sos, sos.tensor(3)?)?;
    let (count, channels, coefficients) = values.dim();
    if coefficients != 5 {
        let expected = "5 coefficients a section: b0, b1, b2, a1, a2";
        return Err(Error::invalid(&sos.path, expected, coefficients));
    }
    let section = |k, c| {
        let [b0, b1, b2, a1, a2] = [0, 1, 2, 3, 4].map(|i| values[(k, c, i)]);
        Section { b: [b0, b1, b2], a: [a1, a2] }
    };
    let cascade = |c| (0..count).map(|k| section(k, c)).collect();
    Ok(Module::Filter((0..channels).map(cascade).collect()))
}

/// FLAMO's Biquad, sections × parameters × outputs × inputs, or parallelBiquad,
/// sections × parameters × channels: cutoff over half the rate, or two, then gain.
pub(super) fn biquad(field: &Field<'_>, params: &Field<'_>) -> Result<Module, Error> {
    let raw = params.need("raw")?;
    let Some(kind) = meta(field, "filter_type") else {
        return Err(lost(field, "\"filter_type\" is missing"));
    };
    let kind = kind.text()?;
    let count = match kind {
        "lowpass" | "highpass" => 2,
        "bandpass" => 3,
        _ => {
            let kinds = "\"lowpass\", \"highpass\" or \"bandpass\"";
            return Err(Error::invalid(format!("{}.flamo.filter_type", field.path), kinds, kind));
        }
    };
    let values = parameter(field, &raw, rank(field)?, [None, Some(count)])?;
    // A band's edges are clamped a rounding step of the trainer's precision from
    // the ends, and that precision is not in the file.
    let step = f64::from(f32::EPSILON);
    let mut edges = values.axis_iter(ndarray::Axis(1)).take(2).flatten();
    if kind == "bandpass" && !edges.all(|x| (step..=1.0 - step).contains(x)) {
        let missing = "a band ends at 0 or half the rate, where FLAMO clamps it by the precision it was trained in, which ADAC does not write";
        return Err(lost(field, missing));
    }
    bank(&raw, values, |p| match kind {
        "bandpass" => bandpass(p[0] * PI, p[1] * PI, p[2]),
        _ => {
            let (sin, cos) = (p[0].clamp(0.0, 1.0) * PI).sin_cos();
            let edge = if kind == "lowpass" { 1.0 - cos } else { 1.0 + cos };
            let middle = if kind == "lowpass" { edge } else { -edge };
            let alpha = sin / SQRT_2;
            let b = [edge / 2.0, middle, edge / 2.0].map(|b| b * gain(p[1]));
            quotient(b, [1.0 + alpha, -2.0 * cos, 1.0 - alpha])
        }
    })
}

fn bandpass(low: f64, high: f64, parameter: f64) -> Option<Section> {
    let centre = (low + high) / 2.0;
    let octaves = (high / low).log2();
    let alpha = centre.sin() * (LN_2 / 2.0 * octaves * centre / centre.sin()).sinh();
    let b = [alpha, 0.0, -alpha].map(|b| b * gain(parameter));
    quotient(b, [1.0 + alpha, -2.0 * centre.cos(), 1.0 - alpha])
}

/// The magnitude of the parameter, kept within ±60 dB.
fn gain(parameter: f64) -> f64 {
    parameter.abs().clamp(1e-3, 1e3)
}

/// FLAMO's SVF, parameters × sections × outputs × inputs, or parallelSVF,
/// parameters × sections × channels: frequency, resonance, three of the mix.
pub(super) fn svf(field: &Field<'_>, params: &Field<'_>) -> Result<Module, Error> {
    let raw = params.need("raw")?;
    // ADAC leaves the type out where FLAMO has none, which mixes freely; in a file
    // that ADAC wrote, the number of sections is there.
    let kind = match (meta(field, "filter_type"), meta(field, "n_sections")) {
        (Some(kind), _) => kind.text()?,
        (None, Some(_)) => "",
        (None, None) => return Err(lost(field, "\"filter_type\" is missing")),
    };
    let known =
        ["lowpass", "highpass", "bandpass", "lowshelf", "highshelf", "peaking", "notch", ""];
    if !known.contains(&kind) {
        let what = format!("{}.flamo.filter_type", field.path);
        return Err(Error::invalid(what, known[..7].join(", "), kind));
    }
    let mut values = parameter(field, &raw, rank(field)?, [Some(5), None])?;
    values.swap_axes(0, 1);
    bank(&raw, values, |p| state_variable(kind, [p[0], p[1], p[2], p[3], p[4]]))
}

fn state_variable(kind: &str, [f, r, lp, bp, hp]: [f64; 5]) -> Option<Section> {
    let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
    let f = (PI * 0.5 / (1.0 + (-f).exp())).tan();
    let trained = softplus(r) / LN_2;
    // FLAMO inverts the resonance of a peak, and mixes by it as it was.
    let (damping, r) = match kind {
        "lowshelf" | "highshelf" => (1.0, 1.0),
        "peaking" => (1.0 / trained, trained),
        _ => (trained, trained),
    };
    let g = 10f64.powf(-softplus(lp));
    let middle = 2.0 * r * g.sqrt();
    let [lp, bp, hp] = match kind {
        "lowpass" => [1.0, 0.0, 0.0],
        "highpass" => [0.0, 0.0, 1.0],
        "bandpass" => [0.0, 1.0, 0.0],
        "lowshelf" => [1.0, middle, g],
        "highshelf" => [g, middle, 1.0],
        "peaking" | "notch" => [1.0, middle, 1.0],
        _ => [lp + 1.0, bp + 2.0, hp + 1.0],
    };
    let (square, band) = (f * f, f * bp);
    let b = [square * lp + band + hp, 2.0 * (square * lp - hp), square * lp - band + hp];
    let width = 2.0 * damping * f;
    quotient(b, [square + width + 1.0, 2.0 * (square - 1.0), square - width + 1.0])
}

/// b over a, divided by a₀. FLAMO steps around an a₀ that is nearly zero by the
/// precision it was trained in; we do not follow it there.
fn quotient(b: [f64; 3], [a0, a1, a2]: [f64; 3]) -> Option<Section> {
    let whole = a0.abs() > f64::from(f32::EPSILON);
    whole.then(|| Section { b: b.map(|b| b / a0), a: [a1 / a0, a2 / a0] })
}

fn meta<'a>(field: &Field<'a>, key: &str) -> Option<Field<'a>> {
    field.get("flamo").and_then(|m| m.get(key))
}

/// Three axes for a class that works on each channel by itself, four for pairs.
fn rank(field: &Field<'_>) -> Result<usize, Error> {
    let parallel = field.need("module_type")?.text()?.starts_with("parallel");
    Ok(if parallel { 3 } else { 4 })
}

/// The parameter of a class, its shape checked against what the class needs of
/// its first axes and what the file says of itself.
fn parameter(
    field: &Field<'_>,
    raw: &Field<'_>,
    rank: usize,
    first: [Option<usize>; 2],
) -> Result<ArrayD<f64>, Error> {
    let values = raw.tensor(rank)?;
    let sections = meta(field, "n_sections").map(|n| n.whole(1, u32::MAX.into())).transpose()?;
    for (found, expected) in values.shape().iter().zip(first) {
        let expected = expected.map(|e| e as u64).or(sections);
        if expected.is_some_and(|e| e != *found as u64) {
            let expected = format!("axes of {first:?} first, where sections are {sections:?}");
            return Err(Error::invalid(&raw.path, expected, format!("{:?}", values.shape())));
        }
    }
    if let Some(size) = meta(field, "size") {
        let same = values.shape().iter().map(|n| *n as f64).eq(size.numbers()?.iter().copied());
        if !same {
            let found = format!("{:?}", values.shape());
            return Err(Error::invalid(
                &raw.path,
                format!("the shape {:?}", size.numbers()?),
                found,
            ));
        }
    }
    Ok(values)
}

fn three(field: &Field<'_>, values: ArrayD<f64>) -> Result<ndarray::Array3<f64>, Error> {
    values.into_dimensionality::<Ix3>().map_err(|_| field.expected("three axes"))
}

/// Cascades of what `make` makes of the parameters of each section; `values` are
/// sections × parameters × channels, or × outputs × inputs.
fn bank(
    raw: &Field<'_>,
    values: ArrayD<f64>,
    make: impl Fn(&[f64]) -> Option<Section>,
) -> Result<Module, Error> {
    let made = |parameters: Vec<f64>| {
        let degenerate =
            || Error::invalid(&raw.path, "filters whose a0 is not zero", "one where it is");
        make(&parameters).ok_or_else(degenerate)
    };
    if values.ndim() == 3 {
        let values = three(raw, values)?;
        let (sections, count, channels) = values.dim();
        let cascade = |c| {
            let one = |k| made((0..count).map(|p| values[(k, p, c)]).collect());
            (0..sections).map(one).collect()
        };
        return Ok(Module::Filter((0..channels).map(cascade).collect::<Result<_, _>>()?));
    }
    let values = values.into_dimensionality::<Ix4>().map_err(|_| raw.expected("four axes"))?;
    let (sections, count, outputs, inputs) = values.dim();
    let cascade = |(o, i)| {
        let one = |k| made((0..count).map(|p| values[(k, p, o, i)]).collect());
        (0..sections).map(one).collect::<Result<Vec<_>, Error>>()
    };
    let pairs = (0..outputs).flat_map(|o| (0..inputs).map(move |i| (o, i)));
    let cascades = pairs.map(cascade).collect::<Result<Vec<_>, _>>()?;
    let matrix = Array2::from_shape_vec((outputs, inputs), cascades);
    Ok(Module::FilterMatrix(matrix.map_err(|_| raw.expected("outputs and inputs"))?))
}
