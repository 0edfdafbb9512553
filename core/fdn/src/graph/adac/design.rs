//! Filters by what they should do, as people write them by hand.
//!
//! They sound as ADAC's code does, which calls FAUST's library (`filters.lib`,
//! version of FAUST 2.54); its formulas are given below.

use std::f64::consts::{PI, TAU};

use ndarray::Array2;
use num_complex::Complex64;

use super::Reader;
use crate::error::Error;
use crate::graph::json::Field;
use crate::graph::special::diagonal;
use crate::graph::{Delay, MOST_CHANNELS, MOST_DELAY, MOST_SECTIONS, Module, Node, Section};

/// A filter of one channel; of as many as it says it has, a parallelFilter.
pub(super) fn read(
    reader: &mut Reader,
    field: &Field<'_>,
    name: String,
    kind: &Field<'_>,
    params: &Field<'_>,
) -> Result<Node, Error> {
    let parallel = kind.text()? == "parallelFilter";
    let inner = if parallel { params.get("filter_type") } else { Some(kind.clone()) };
    let channels = match field.get("output_channels") {
        Some(count) if parallel => count.whole(1, MOST_CHANNELS as u64)? as usize,
        _ => 1,
    };
    let shape = match &inner {
        Some(kind) => kind.text()?,
        None => "lowpass",
    };
    if shape == "allpassComb" {
        return allpass_comb(reader, field, name, params, channels);
    }
    let Some(cascade) = cascade(shape, params, reader.rate)? else {
        let known = "a class of module that ADAC knows, such as \"parallelDelay\", \"Gain\", \"parallelSOSFilter\", \"SVF\" or \"lowpass\"";
        return Err(inner.as_ref().unwrap_or(kind).expected(known));
    };
    reader.made(Node::module(name, Module::Filter(vec![cascade; channels])), field)
}

/// The biquads of a filter, unless there is none of that name.
fn cascade(kind: &str, params: &Field<'_>, rate: f64) -> Result<Option<Vec<Section>>, Error> {
    let get = |key, default: f64| params.get(key).map_or(Ok(default), |v| v.number());
    // At half the rate and above, the bilinear transform has no such frequency.
    let frequency = |key, default: f64| match params.get(key) {
        Some(f) if f.number()? > 0.0 && f.number()? < rate / 2.0 => f.number(),
        Some(f) => Err(f.expected(format!("a frequency above 0 and below {} Hz", rate / 2.0))),
        None => Ok(default),
    };
    let order = |most: usize| match params.get("order") {
        Some(n) => n.whole(0, most as u64).map(|n| n as usize),
        None => Ok(2),
    };
    Ok(Some(match kind {
        "Biquad" => vec![biquad(params)?],
        "SVF" => vec![svf(params, frequency("fc", 1000.0)? / rate, get("q", 0.707)?)?],
        "lowpass" => butterworth(order(2 * MOST_SECTIONS)?, frequency("fc", 1000.0)? / rate, false),
        "highpass" => butterworth(order(2 * MOST_SECTIONS)?, frequency("fc", 1000.0)? / rate, true),
        "bandpass" => {
            let (low, high) = (frequency("fl", 100.0)? / rate, frequency("fh", 1000.0)? / rate);
            if low >= high {
                let found = format!("{} and {} Hz", low * rate, high * rate);
                return Err(Error::invalid(&params.path, "\"fl\" below \"fh\"", found));
            }
            bandpass(order(MOST_SECTIONS)?, low, high)
        }
        "PEQ" | "peakEQ" => {
            let width = get("bandwidth", 100.0)? / rate;
            vec![peak(get("gain_db", 0.0)?, frequency("fc", 1000.0)? / rate, width)]
        }
        // fi.pole: y = x + p·y₋₁.
        "onePole" => vec![Section { b: [1.0, 0.0, 0.0], a: [-get("pole", 0.9)?, 0.0] }],
        // fi.dcblocker: y = x − x₋₁ + 0.995·y₋₁.
        "dcBlocker" => vec![Section { b: [1.0, -1.0, 0.0], a: [-0.995, 0.0] }],
        _ => return Ok(None),
    }))
}

/// fi.tf2 of a list, or of keys of which those left out make a wire.
fn biquad(params: &Field<'_>) -> Result<Section, Error> {
    if let Some(coeffs) = params.get("coeffs") {
        let &[b0, b1, b2, a1, a2] = coeffs.numbers()? else {
            return Err(coeffs.expected("a list of 5: b0, b1, b2, a1, a2"));
        };
        return Ok(Section { b: [b0, b1, b2], a: [a1, a2] });
    }
    let get = |key, default| params.get(key).map_or(Ok(default), |v| v.number());
    let b = [get("b0", 1.0)?, get("b1", 0.0)?, get("b2", 0.0)?];
    Ok(Section { b, a: [get("a1", 0.0)?, get("a2", 0.0)?] })
}

/// fi.svf: A. Simper's trapezoidal state variable filter, g = tan(π·f), k = 1/Q.
fn svf(params: &Field<'_>, f: f64, q: f64) -> Result<Section, Error> {
    let (g, k) = ((PI * f).tan(), 1.0 / q);
    let (one, two) = (1.0 - g * k + g * g, 2.0 * (g * g - 1.0));
    let whole = 1.0 + g * k + g * g;
    let mode = params.get("mode");
    let b = match mode.as_ref().map_or(Ok("lowpass"), Field::text)? {
        "lowpass" => [g * g, 2.0 * g * g, g * g],
        "highpass" => [1.0, -2.0, 1.0],
        "bandpass" => [g, 0.0, -g],
        "notch" => [1.0 + g * g, two, 1.0 + g * g],
        "allpass" => [one, two, whole],
        _ => {
            let known = "\"lowpass\", \"highpass\", \"bandpass\", \"notch\" or \"allpass\"";
            return Err(params.need("mode")?.expected(known));
        }
    };
    Ok(Section { b: b.map(|b| b / whole), a: [two / whole, one / whole] })
}

/// fi.lowpass and fi.highpass: Butterworth, by the bilinear transform that keeps
/// the cutoff `f`, a fraction of the rate.
fn butterworth(order: usize, f: f64, high: bool) -> Vec<Section> {
    let c = 1.0 / (PI * f).tan();
    let gain = if high { c } else { 1.0 };
    let sign = if high { -1.0 } else { 1.0 };
    let first = (order % 2 == 1).then(|| {
        let d = 1.0 + c;
        Section { b: [gain / d, sign * gain / d, 0.0], a: [(1.0 - c) / d, 0.0] }
    });
    let second = prototype(order).map(|pole| {
        let (width, square) = (-2.0 * pole.re * c, c * c);
        let d = 1.0 + width + square;
        let b = [1.0, 2.0 * sign, 1.0].map(|b| b * gain * gain / d);
        Section { b, a: [2.0 * (1.0 - square) / d, (1.0 - width + square) / d] }
    });
    first.into_iter().chain(second).collect()
}

/// The poles of the Butterworth lowpass of cutoff 1, those above the real axis.
fn prototype(order: usize) -> impl Iterator<Item = Complex64> {
    let angle = move |k: usize| PI / 2.0 + PI * (2 * k + 1) as f64 / (2 * order) as f64;
    (0..order / 2).map(move |k| Complex64::cis(angle(k)))
}

/// fi.bandpass: the Butterworth lowpass of `order` moved to a band between `low`
/// and `high`, fractions of the rate: twice as many poles.
fn bandpass(order: usize, low: f64, high: f64) -> Vec<Section> {
    // Analog edges, in units of twice the rate.
    let (low, high) = ((PI * low).tan(), (PI * high).tan());
    let (square, width) = (low * high, high - low);
    // s → (s² + square) / (width·s) makes two poles of one; z = (1 + s) / (1 − s).
    let split = |pole: Complex64| {
        let middle = pole * width / 2.0;
        let apart = (middle * middle - square).sqrt();
        [middle + apart, middle - apart]
    };
    let section = |gain: f64, s: Complex64| {
        let z = (1.0 + s) / (1.0 - s);
        Section { b: [gain, 0.0, -gain], a: [-2.0 * z.re, z.norm_sqr()] }
    };
    let first = (order % 2 == 1).then(|| {
        let whole = 1.0 + width + square;
        let gain = width / whole;
        let a = [2.0 * (square - 1.0) / whole, (1.0 - width + square) / whole];
        Section { b: [gain, 0.0, -gain], a }
    });
    let second = prototype(order).flat_map(|pole| {
        let [s, t] = split(pole);
        // Of each half, what the numerator width·s becomes over |1 − s|².
        [s, t].map(|s| section(width / (1.0 - s).norm_sqr(), s))
    });
    first.into_iter().chain(second).collect()
}

/// fi.peak_eq: a second-order peak of `level` dB at `f`, `width` wide, both
/// fractions of the rate.
fn peak(level: f64, f: f64, width: f64) -> Section {
    let narrow = PI * width / (TAU * f).sin();
    let wide = narrow * 10f64.powf(level.abs() / 20.0);
    let (above, below) = if level > 0.0 { (wide, narrow) } else { (narrow, wide) };
    let c = 1.0 / (PI * f).tan();
    let d = 1.0 + below * c + c * c;
    let middle = 2.0 * (1.0 - c * c) / d;
    let b = [(1.0 + above * c + c * c) / d, middle, (1.0 - above * c + c * c) / d];
    Section { b, a: [middle, (1.0 - below * c + c * c) / d] }
}

/// fi.allpass_comb: H = (a + z⁻ᴺ) / (1 + a·z⁻ᴺ), a Schroeder allpass, on each of
/// `channels`. With v = x − a·v₋ₙ, the output is a·v + v₋ₙ.
fn allpass_comb(
    reader: &mut Reader,
    field: &Field<'_>,
    name: String,
    params: &Field<'_>,
    channels: usize,
) -> Result<Node, Error> {
    let samples = match params.get("delay") {
        Some(delay) => delay.whole(1, MOST_DELAY as u64)? as f64,
        None => 100.0,
    };
    let a = params.get("feedback").map_or(Ok(0.5), |f| f.number())?;
    reader.budget.spend(14 * channels * channels, &field.path)?;
    let unit = |gain| diagonal(&vec![gain; channels]);
    let beside = |x: &Array2<f64>, y: &Array2<f64>, axis| {
        ndarray::concatenate(ndarray::Axis(axis), &[x.view(), y.view()])
            .map_err(|_| field.expected("channels"))
    };
    let (one, none) = (unit(1.0), unit(0.0));
    let matrix = |name: &str, m| Node::module(name, Module::Matrix(m));
    // The delay stands in the way back: ADAC's decay control leaves it alone.
    let line = Delay { samples, interpolated: false };
    let back = vec![
        matrix("state", beside(&one, &none, 1)?)?,
        Node::module("delay", Module::Delay(vec![line; channels]))?,
        matrix("feedback", beside(&unit(-a), &one, 0)?)?,
    ];
    let whole = matrix("unit", Array2::eye(2 * channels));
    let chain = vec![
        matrix("in", beside(&one, &none, 0)?)?,
        Node::recursion("loop", whole?, Node::series("back", 2 * channels, back)?)?,
        matrix("out", beside(&unit(a), &one, 1)?)?,
    ];
    reader.made(Node::series(name, channels, chain), field)
}
