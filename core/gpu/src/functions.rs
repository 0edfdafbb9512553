//! Activations in WGSL, by the formulas that `nn` computes them with.

use nn::Activation;
use nn::simd::{TANH_BOTTOM, TANH_END, TANH_TOP};

/// A literal of exactly this value.
pub(crate) fn literal(x: f32) -> String {
    format!("V({x:?}f)")
}

/// tanh, in two forms as `nn` has it, for the type that `V` stands for. WGSL's own is
/// infinity over infinity for large inputs on some cards, hence NaN.
pub(crate) fn library() -> String {
    let loss: Vec<f32> = (1..5).map(|k| TANH_BOTTOM[k] - TANH_TOP.get(k).unwrap_or(&0.0)).collect();
    let [top, bottom, loss] = [&TANH_TOP[..], &TANH_BOTTOM[..], &loss[..]].map(horner);
    let end = literal(TANH_END);
    let one = literal(1.0);
    format!(
        "// x less what tanh loses of it: exact where a quiet signal lives.
fn tanh_quick(a: V) -> V {{
    let x = clamp(a, -{end}, {end});
    let y = x * x;
    return fma(-x, y * ({loss}) / ({bottom}), x);
}}
fn tanh_precise(a: V) -> V {{
    let x = clamp(a, -{end}, {end});
    let y = x * x;
    return clamp(x * ({top}) / ({bottom}), -{one}, {one});
}}
"
    )
}

/// The activations themselves.
pub(crate) fn activations() -> String {
    let c = literal;
    let (zero, half, one) = (c(0.0), c(0.5), c(1.0));
    let (three, sixth, six) = (c(3.0), c(1.0 / 6.0), c(6.0));
    // NAM Core's `fast_tanh`, NAM/activations.h.
    let [a, b, d, e, g] =
        [0.821_226_67, 0.893_229_85, 2.455_507_5, 2.445_066_3, 0.814_642_7].map(c);
    format!(
        "fn tanh_fast(x: V) -> V {{
    let ax = abs(x);
    let x2 = x * x;
    let top = x * (fma(ax, {d}, {d}) + fma(ax, {a}, {b}) * x2);
    return top / ({e} + ({e} + x2) * abs(fma(x * ax, {g}, x)));
}}
fn sigmoid(x: V) -> V {{ return fma(tanh_quick(x * {half}), {half}, {half}); }}
fn sigmoid_precise(x: V) -> V {{ return fma(tanh_precise(x * {half}), {half}, {half}); }}
fn exp_below_zero(x: V) -> V {{
    let t = tanh_precise(x * {half});
    return ({one} + t) / ({one} - t);
}}
fn elu(x: V) -> V {{
    let t = tanh_precise(min(x, {zero}) * {half});
    return max(x, {zero}) + (t + t) / ({one} - t);
}}
fn silu(x: V) -> V {{ return x * sigmoid(x); }}
fn hardswish(x: V) -> V {{ return x * min(max(x + {three}, {zero}), {six}) * {sixth}; }}
fn softsign(x: V) -> V {{ return x / ({one} + abs(x)); }}
fn softsigmoid(x: V) -> V {{ return fma(x / ({one} + abs(x)), {half}, {half}); }}
fn leaky(x: V, slope: V) -> V {{ return fma(min(x, {zero}), slope, max(x, {zero})); }}
fn hard(x: V, low: V, high: V, below: V, above: V) -> V {{
    let inside = min(max(x, low), high);
    return inside + min(x - low, {zero}) * below + max(x - high, {zero}) * above;
}}
"
    )
}

/// The call that applies an activation to `x`, a row whose slope is `slope`.
pub(crate) fn call(activation: &Activation, x: &str, slope: impl Fn() -> String) -> String {
    let name = match activation {
        Activation::Identity => return x.to_owned(),
        Activation::Tanh => "tanh_quick",
        Activation::FastTanh => "tanh_fast",
        Activation::Sigmoid => "sigmoid",
        Activation::PreciseTanh => "tanh_precise",
        Activation::PreciseSigmoid => "sigmoid_precise",
        Activation::Elu => "elu",
        Activation::SiLU => "silu",
        Activation::Hardswish => "hardswish",
        Activation::Softsign => "softsign",
        Activation::Softsigmoid => "softsigmoid",
        Activation::Leaky { slope } => return format!("leaky({x}, {})", literal(*slope)),
        Activation::PReLU { .. } => return format!("leaky({x}, V({}))", slope()),
        Activation::LeakyHardtanh { min, max, min_slope, max_slope } => {
            let [min, max, below, above] = [*min, *max, *min_slope, *max_slope].map(literal);
            return format!("hard({x}, {min}, {max}, {below}, {above})");
        }
    };
    format!("{name}({x})")
}

/// A polynomial in `y`, lowest power first.
fn horner(coefficients: &[f32]) -> String {
    let mut terms = coefficients.iter().rev().map(|c| literal(*c));
    let last = terms.next().unwrap_or_else(|| literal(0.0));
    terms.fold(last, |sum, c| format!("fma({sum}, y, {c})"))
}
