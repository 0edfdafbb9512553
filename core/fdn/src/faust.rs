//! A network as source of FAUST, <https://faustdoc.grame.fr>.
//!
//! FAUST's loop `f ~ g` delays what comes back by a sample. So every delay of a
//! loop is taken out of it: `f` hears what the lines give, writes into them with
//! a sample less of delay, and the loop adds that sample. What is left has no
//! loops and is a list of definitions of single signals.
//!
//! FAUST computes in single precision unless told otherwise. A biquad with poles
//! near z = 1 loses some 50 dB there as a direct form, for its coefficients lie
//! within rounding of −2 and 1. So biquads with stable poles become state
//! variable filters by the trapezoidal rule (Zavalishin, The Art of VA Filter
//! Design, 2.1, chapters 3 and 4), whose gains at 0 Hz and the Nyquist frequency
//! are coefficients of their own; others take the transposed direct form II.

use std::fmt::Write as _;

use crate::error::Error;
use crate::graph::Section;
use crate::network::Network;
use crate::scalar::{Scalar, Scalars};

/// The most taps of all FIRs together: FAUST writes a line of code for each.
const MOST_TAPS: usize = 1 << 14;
/// Terms of a sum on one line.
const TERMS: usize = 8;

/// FAUST source of `network`, called `name`, for FAUST 2.30 and later; it
/// imports nothing. The result has as many inputs and outputs as the network.
///
/// Delays of a fraction of a sample are at most 32 taps of an FIR.
///
/// # Errors
///
/// [`Error::NoSolution`] for a loop without delay that has none,
/// [`Error::TooLarge`] for long impulse responses, [`Error::Invalid`] for a
/// network that contradicts itself.
pub fn faust(network: &Network, name: &str) -> Result<String, Error> {
    let scalars = Scalars::new(network)?;
    let taps = |x: &usize| match &scalars.made[*x] {
        Scalar::Fir(_, taps) => taps.iter().filter(|t| **t != 0.0).count(),
        _ => 0,
    };
    let found = scalars.order.iter().map(taps).sum();
    if found > MOST_TAPS {
        let what = "taps of FIRs in FAUST".to_owned();
        return Err(Error::TooLarge { what, limit: MOST_TAPS, found });
    }
    Ok(head(network, name) + FILTERS + &Writer { network, scalars: &scalars }.body())
}

/// What the file is, for people and for `declare`.
fn head(network: &Network, name: &str) -> String {
    let rate = network.sample_rate;
    format!(
        "// {}: a feedback delay network, written by Kiln.\n\
         // Designed for {rate} Hz. At another rate its pitch, size and decay differ: export it\n\
         // again for that rate.\n\
         // {} inputs, {} outputs.\n\
         declare name \"{}\";\n\
         declare sample_rate \"{rate}\";\n\n",
        comment(name),
        network.inputs.len(),
        network.outputs.len(),
        quoted(name),
    )
}

/// The filters, by their coefficients.
const FILTERS: &str = "\
// A state variable filter by the trapezoidal rule; ch, cb and cl are the gains of its high-,
// band- and low-pass. States change by small steps, which keep their digits.
svf(b, c, g, h, k, ch, cb, cl) = (tick ~ (_, _)) : (!, !, _) with {
  tick(s1, s2, x) = s1 + 2.0*e, s2 + h*v1, ch*(x - k*v1 - v2) + cb*v1 + cl*v2 with {
    e = b*(x - s2) - c*s1;
    v1 = s1 + e;
    v2 = s2 + g*v1;
  };
};
// The same of first order.
svf1(g, ch, cl) = (tick ~ _) : (!, _) with {
  tick(s, x) = s + 2.0*v, ch*(x - y) + cl*y with {
    v = g*(x - s);
    y = v + s;
  };
};
// A biquad in the transposed direct form II.
tdf2(b0, b1, b2, a1, a2) = (tick ~ (_, _)) : (!, !, _) with {
  tick(s1, s2, x) = b1*x - a1*y + s2, b2*x - a2*y, y with {
    y = b0*x + s1;
  };
};

";

struct Writer<'a> {
    network: &'a Network,
    scalars: &'a Scalars,
}

impl Writer<'_> {
    fn body(&self) -> String {
        let Scalars { made, outputs, lines, .. } = self.scalars;
        let lengths = lines.iter().filter_map(|l| match made[*l] {
            // The loop adds the other sample.
            Scalar::Delay(x, samples) => Some(format!("{}@({})", signal(made, x), samples - 1)),
            _ => None,
        });
        let outputs = outputs.iter().map(|x| signal(made, *x));
        let results = list(lengths.chain(outputs));
        let inputs = (0..self.network.inputs.len()).map(|i| format!("x{i}"));
        let parameters = list(lines.iter().map(|l| format!("s{l}")).chain(inputs));
        let (k, out) = (lines.len(), self.network.outputs.len());
        let loops = if k == 0 {
            "process = f;\n".to_owned()
        } else {
            format!("process = (f ~ par(i, {k}, _)) : (par(i, {k}, !), par(i, {out}, _));\n")
        };
        let definitions = self.definitions();
        format!(
            "// Of what {k} delays within loops give and the inputs: what is written into them,\n\
             // and the outputs.\n\
             f({parameters}) =\n  {results}\nwith {{\n{definitions}}};\n\n{loops}"
        )
    }

    /// Every signal but inputs and lines, under the names of the operations.
    fn definitions(&self) -> String {
        let Scalars { made, origin, lines, .. } = self.scalars;
        // FAUST asks for no order, people for that of the graph.
        let mut order = self.scalars.order.clone();
        order.sort_unstable_by_key(|x| (origin[*x], *x));
        let mut text = String::new();
        let mut last = None;
        for x in &order {
            if matches!(made[*x], Scalar::Input(_)) || lines.binary_search(x).is_ok() {
                continue;
            }
            if origin[*x] != last {
                last = origin[*x];
                let path = crate::scalar::path(self.network, last);
                let _infallible = writeln!(text, "  // {}", comment(&path));
            }
            let _infallible = writeln!(text, "  s{x} = {};", self.expression(*x));
        }
        text
    }

    fn expression(&self, x: usize) -> String {
        let made = &self.scalars.made;
        match &made[x] {
            Scalar::Sum(terms) => sum(terms.iter().map(|(gain, x)| (*gain, signal(made, *x)))),
            Scalar::Delay(x, samples) => format!("{}@({samples})", signal(made, *x)),
            Scalar::Section(x, s) => section(s, &signal(made, *x)),
            Scalar::Fir(x, taps) => {
                let x = signal(made, *x);
                let taps = taps.iter().enumerate().filter(|(_, t)| **t != 0.0);
                sum(taps.map(|(n, t)| (*t, format!("{x}@({n})"))))
            }
            Scalar::Input(i) => format!("x{i}"),
        }
    }
}

/// What a signal is called: never after the graph, whose names FAUST may reserve.
fn signal(made: &[Scalar], x: usize) -> String {
    match made[x] {
        Scalar::Input(i) => format!("x{i}"),
        _ => format!("s{x}"),
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<_> = items.collect();
    let lines: Vec<_> = items.chunks(TERMS).map(|line| line.join(", ")).collect();
    lines.join(",\n  ")
}

fn sum(terms: impl Iterator<Item = (f64, String)>) -> String {
    let mut text = String::new();
    for (i, (gain, x)) in terms.enumerate() {
        if i > 0 && i % TERMS == 0 {
            text += "\n   ";
        }
        let sign = match (i, gain < 0.0) {
            (0, true) => "-",
            (0, false) => "",
            (_, true) => " - ",
            (_, false) => " + ",
        };
        text += sign;
        match (i, gain.abs()) {
            // A sign alone before a name is an operation FAUST lacks.
            (0, 1.0) if gain < 0.0 => text += &format!("1.0*{x}"),
            (_, 1.0) => text += &x,
            (_, gain) => text += &format!("{}*{x}", number(gain)),
        }
    }
    if text.is_empty() { "0.0".to_owned() } else { text }
}

/// A number with the digits that tell it from every other, at most seventeen.
fn number(x: f64) -> String {
    format!("{x:?}")
}

/// Numbers as arguments; negative ones in brackets.
fn arguments<const N: usize>(numbers: [f64; N]) -> String {
    let texts = numbers.map(|x| if x < 0.0 { format!("({x:?})") } else { number(x) });
    texts.join(", ")
}

/// A biquad of the signal called `x`, in the form that keeps most of it.
fn section(section: &Section, x: &str) -> String {
    let Section { b: [b0, b1, b2], a: [a1, a2] } = *section;
    if a1 == 0.0 && a2 == 0.0 {
        let taps = [(b0, x.to_owned()), (b1, format!("{x}@(1)")), (b2, format!("{x}@(2)"))];
        return sum(taps.into_iter().filter(|(gain, _)| *gain != 0.0));
    }
    // In s = (z − 1)/(z + 1), both sides times (1 + s)².
    let denominator = [1.0 + a1 + a2, 2.0 * (1.0 - a2), 1.0 - a1 + a2];
    let numerator = [b0 + b1 + b2, 2.0 * (b0 - b2), b0 - b1 + b2];
    if a2 == 0.0 && b2 == 0.0 && denominator[0] > 0.0 && denominator[2] > 0.0 {
        let g = denominator[0] / denominator[2];
        let [low, high] = [numerator[0] / denominator[0], numerator[2] / denominator[2]];
        return format!("{x} : svf1({})", arguments([g / (1.0 + g), high, low]));
    }
    if denominator.iter().any(|d| *d <= 0.0) {
        return format!("{x} : tdf2({})", arguments([b0, b1, b2, a1, a2]));
    }
    let g = (denominator[0] / denominator[2]).sqrt();
    let k = denominator[1] / (denominator[0] * denominator[2]).sqrt();
    let a = 1.0 / (1.0 + g * (g + k));
    let (b, c) = (a * g, a * g * (g + k));
    let high = numerator[2] / denominator[2];
    let band = numerator[1] / (denominator[0] * denominator[2]).sqrt();
    let low = numerator[0] / denominator[0];
    format!("{x} : svf({})", arguments([b, c, g, 2.0 * g, k, high, band, low]))
}

/// `text` on the rest of a line.
fn comment(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// `text` between quotes. FAUST copies it into code and comments of other
/// languages, so only what means nothing there is left.
fn quoted(text: &str) -> String {
    let harmless = |c: char| c.is_alphanumeric() || " -_.,".contains(c);
    text.chars().map(|c| if harmless(c) { c } else { '_' }).collect()
}
