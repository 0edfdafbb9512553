//! Biquads in single precision.

use crate::graph::Section;
use crate::plan::{Form, Sections};

/// The sum 1 + a₁ + a₂, some (2πf/fs)², below which the direct form would lose
/// digits that are heard: poles below a twentieth of the sample rate.
const NEAR: f64 = 0.1;

/// One section of each channel, in the cheapest form that keeps its digits.
pub(super) fn sections(channels: &[Section], width: usize) -> Sections {
    let form = channels.iter().map(form).max_by_key(|f| rank(*f)).unwrap_or(Form::OnePole);
    let form = match form {
        Form::StateVariable if channels.iter().any(|s| state_variable(s).is_none()) => Form::Direct,
        form => form,
    };
    let mut coefficients = vec![0.0; form.coefficients() * width];
    for (channel, section) in channels.iter().enumerate() {
        for (k, x) in values(form, section).iter().enumerate() {
            coefficients[k * width + channel] = *x as f32;
        }
    }
    Sections { form, coefficients }
}

/// Whether a section has no state variable form: it is kept apart from those
/// that may need it.
pub(super) fn is_direct_only(section: &Section) -> bool {
    state_variable(section).is_none()
}

fn rank(form: Form) -> usize {
    form.coefficients()
}

/// What a section needs.
fn form(section: &Section) -> Form {
    let Section { b, a } = section;
    let near = 1.0 + a[0] + a[1] < NEAR;
    match (b[1] == 0.0, b[2] == 0.0 && a[1] == 0.0) {
        // Of first order, the distance to 1 is kept down to a tenth.
        (_, true) if a[0] < -0.9 => Form::StateVariable,
        (true, true) => Form::OnePole,
        (false, true) => Form::First,
        _ if near => Form::StateVariable,
        _ => Form::Direct,
    }
}

fn values(form: Form, section: &Section) -> Vec<f64> {
    let Section { b, a } = *section;
    match form {
        Form::OnePole => vec![b[0], a[0]],
        Form::First => vec![b[0], b[1], a[0]],
        Form::Direct => vec![b[0], b[1], b[2], a[0], a[1]],
        Form::StateVariable => state_variable(section).expect("checked by the caller").to_vec(),
    }
}

/// The state variable filter of the same transfer function: with
/// s = (1 − z⁻¹)/(1 + z⁻¹), H = (B₂s² + B₁s + B₀)/(A₂s² + A₁s + A₀), its
/// frequency g² = A₀/A₂ and damping k = A₁/(A₂g), mixed of the high-, band- and
/// low-pass outputs. None if a pole is not inside the circle.
fn state_variable(section: &Section) -> Option<[f64; 6]> {
    let Section { b, a } = section;
    let (a2, a1, a0) = (1.0 - a[0] + a[1], 2.0 * (1.0 - a[1]), 1.0 + a[0] + a[1]);
    if !(a2 > 0.0 && a1 > 0.0 && a0 > 0.0) {
        return None;
    }
    let g = (a0 / a2).sqrt();
    let k = a1 / (a2 * g);
    let high = (b[0] - b[1] + b[2]) / a2;
    let band = 2.0 * (b[0] - b[2]) / (a2 * g);
    let low = (b[0] + b[1] + b[2]) / a0;
    // y = high·x + m₁·v₁ + m₂·v₂, v₁ and v₂ being the band- and low-pass outputs.
    let (m1, m2) = (band - k * high, low - high);
    let c1 = 1.0 / (1.0 + g * (g + k));
    let (c2, c3) = (g * c1, g * g * c1);
    // v₁ = s₁ + c₂e − (1 − c₁)s₁ and v₂ = s₂ + c₂s₁ + c₃e, with e = x − s₂.
    let lost = g * (g + k) * c1;
    let through = high + m1 * c2 + m2 * c3;
    let from_1 = m1 * (1.0 - lost) + m2 * c2;
    let from_2 = m2 * (1.0 - c3) - m1 * c2;
    Some([through, 2.0 * c2, 2.0 * lost, 2.0 * c3, from_1, from_2])
}
