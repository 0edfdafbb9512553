//! Whether a network stays bounded: what can be proven of it, and nothing else.
//!
//! What is certified is the network in exact arithmetic, its delays at the lengths it
//! names, its fractional delays passing no frequency louder than it came. A bound must
//! stay below one by what rounding matrices to single precision may add to it, or
//! nothing is certified.

mod bound;
mod components;
mod count;
mod filter;
mod loops;
mod lossless;
mod passive;
mod scaling;
mod slowest;
mod solve;

use serde::{Deserialize, Serialize};

use crate::graph::Section;
use crate::latch::latched;
use crate::network::{Network, OpKind};
use bound::{Bound, TIGHT, bound, constant_bound};
use loops::{Loop, loops};
pub(crate) use lossless::lossless;
pub(crate) use passive::passivity;
use slowest::slowest_decay;

/// Under which conditions a network is to be certified.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conditions {
    /// What each delay in a loop multiplies by for each of its samples. More than one
    /// makes it ring longer than designed.
    pub decay: f64,
    /// The longest the `rt60` control may be set to, in seconds: each delay of m
    /// samples in the forward path of a recursion then multiplies by 10^(-3m/(fs·T)).
    /// What is stable at the longest is so at all shorter ones.
    pub rt60: Option<f64>,
    /// How many multiplications may be spent on each loop, roughly. 10¹⁰ are some
    /// seconds.
    pub effort: f64,
}

/// What is proven of a network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Certificate {
    /// The worst of what is proven of its parts.
    pub verdict: Verdict,
    /// How many poles the network has outside the unit circle; none if it is not
    /// proven.
    pub unstable_poles: Option<usize>,
    /// Hz.
    pub sample_rate: f64,
    /// Everything that feeds itself.
    pub loops: Vec<LoopCertificate>,
    /// All filters, wherever they are.
    pub filters: FilterCertificate,
    /// What else is to be known.
    pub notes: Vec<String>,
}

/// What is proven, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// All poles are inside the unit circle: proven.
    CertifiedStable,
    /// Nothing a loop returns is louder than what went into it by more than rounding to
    /// single precision may make it: it decays, rings forever, or grows no faster than
    /// its certificate says. A lossless network is at best this.
    MarginallyStable,
    /// Neither stability nor its absence is proven.
    NotCertified,
    /// Poles outside the unit circle, or on it in a filter outside loops: proven.
    /// Some bounded input makes an unbounded output.
    Unstable,
    /// A delay-free loop has no solution, or conditions make no sense: there is
    /// nothing to certify.
    Indeterminate,
}

/// How stability was proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Proof {
    /// The loop returns less than it is sent, in some measure at each frequency: it is
    /// stable at any lengths of its delays.
    Bound,
    /// Its poles were counted: for its delays as they are.
    Count,
}

/// What is proven of one loop: a strongly connected part of the network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LoopCertificate {
    /// What is proven.
    pub verdict: Verdict,
    /// How, if it is stable.
    pub proof: Option<Proof>,
    /// How many poles it has outside the unit circle; none if it is not proven.
    pub unstable_poles: Option<usize>,
    /// The names of the operations it is made of.
    pub ops: Vec<String>,
    /// The names of its delay lines, with the filters that are theirs alone.
    pub lines: Vec<String>,
    /// The shortest delay, in samples.
    pub shortest: f64,
    /// The longest delay, in samples.
    pub longest: f64,
    /// The most it returns of what it is sent, by its diagonally scaled norm: proven if
    /// the verdict is certified or marginal; else what it is at `worst_frequency`.
    pub bound: Option<f64>,
    /// Where the bound is reached, in Hz.
    pub worst_frequency: Option<f64>,
    /// If one scaling serves all frequencies: how much delays may change, in samples
    /// per sample, with the loop still stable, 1 − bound² (an ideal moving delay that
    /// changes by v < 1 has energy gain 1 / (1 − v)).
    pub slew: Option<f64>,
    /// For a marginal loop of fixed gains: the fastest its sound can grow, in dB/s.
    pub growth: Option<f64>,
    /// All of its modes decay by 60 dB in this time, in seconds: proven, for a loop that
    /// is proven by its bound and interpolates no delays.
    pub rt60: Option<f64>,
    /// What else is to be known.
    pub notes: Vec<String>,
}

/// What is known of the filters of a network, in loops and outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct FilterCertificate {
    /// The modulus of the outermost pole.
    pub max_pole_modulus: f64,
    /// How many poles are outside the unit circle, loops taken as open.
    pub unstable_poles: usize,
    /// How many biquads have a pole on it.
    pub on_circle: usize,
}

impl Default for Conditions {
    /// As designed.
    fn default() -> Self {
        Self { decay: 1.0, rt60: None, effort: 1e10 }
    }
}

impl Conditions {
    fn make_sense(&self) -> bool {
        let positive = |x: f64| x > 0.0 && x.is_finite();
        positive(self.decay) && self.rt60.is_none_or(positive) && self.effort >= 0.0
    }

    /// What a delay of `samples` in a loop multiplies by.
    fn gain(&self, samples: f64, forward: bool, sample_rate: f64) -> f64 {
        let decay = self.decay.powf(samples);
        match self.rt60 {
            Some(t) if forward => decay * 10.0_f64.powf(-3.0 * samples / (sample_rate * t)),
            _ => decay,
        }
    }
}

/// Proves what it can of `network`. Never fails: what cannot be proven is not.
pub fn certify(network: &Network, conditions: &Conditions) -> Certificate {
    prove(network, conditions, &|| false)
}

/// [`certify`], given up soon after `stop` says so: none is returned then.
pub fn certify_unless(
    network: &Network,
    conditions: &Conditions,
    stop: &dyn Fn() -> bool,
) -> Option<Certificate> {
    let stop = latched(stop);
    let certificate = prove(network, conditions, &stop);
    // Asked at the end too: something may have been left out.
    (!stop()).then_some(certificate)
}

/// Proves less once `stop` says so, which it must not take back.
fn prove(network: &Network, conditions: &Conditions, stop: &dyn Fn() -> bool) -> Certificate {
    let mut certificate = Certificate {
        verdict: Verdict::CertifiedStable,
        unstable_poles: Some(0),
        sample_rate: network.sample_rate,
        loops: Vec::new(),
        filters: filters(network),
        notes: Vec::new(),
    };
    let wrong = match network.check() {
        _ if !conditions.make_sense() => Some("expected positive conditions".to_owned()),
        checked => checked.err().map(|e| e.to_string()),
    };
    if let Some(wrong) = wrong {
        certificate.verdict = Verdict::Indeterminate;
        certificate.unstable_poles = None;
        certificate.notes.push(wrong);
        return certificate;
    }
    let mut looped = FilterCertificate::default();
    for each in loops(network, conditions) {
        let one = match each {
            Ok(one) => {
                one.sections().for_each(|s| looped.add(s));
                certify_loop(&one, network.sample_rate, conditions, stop)
            }
            Err(unsolvable) => LoopCertificate {
                verdict: Verdict::Indeterminate,
                ops: unsolvable.ops,
                notes: vec!["a delay-free loop in it has no solution".to_owned()],
                ..LoopCertificate::nothing()
            },
        };
        certificate.verdict = certificate.verdict.max(one.verdict);
        certificate.unstable_poles =
            certificate.unstable_poles.zip(one.unstable_poles).map(|(a, b)| a + b);
        certificate.loops.push(one);
    }
    let outside = certificate.filters.unstable_poles.saturating_sub(looped.unstable_poles);
    let on_circle = certificate.filters.on_circle.saturating_sub(looped.on_circle);
    certificate.unstable_poles = certificate.unstable_poles.map(|n| n + outside);
    if outside + on_circle > 0 {
        certificate.verdict = certificate.verdict.max(Verdict::Unstable);
        certificate.notes.push(format!(
            "filters outside loops have {outside} poles outside the unit circle, {on_circle} on it"
        ));
    }
    certificate
}

impl FilterCertificate {
    fn add(&mut self, section: &Section) {
        self.max_pole_modulus = self.max_pole_modulus.max(section.pole_modulus());
        match section.outside() {
            Some(n) => self.unstable_poles += n,
            None => {
                self.on_circle += 1;
                // The other of the two may be outside all the same.
                self.unstable_poles += usize::from(section.a[1].abs() > 1.0);
            }
        }
    }
}

fn filters(network: &Network) -> FilterCertificate {
    let mut filters = FilterCertificate::default();
    for op in &network.ops {
        if let OpKind::Filter(cascades) = &op.kind {
            cascades.iter().flatten().for_each(|s| filters.add(s));
        }
    }
    filters
}

/// Whether every filter has its poles within the unit circle.
pub(crate) fn sound(network: &Network) -> bool {
    let FilterCertificate { unstable_poles, on_circle, .. } = filters(network);
    unstable_poles == 0 && on_circle == 0
}

impl LoopCertificate {
    fn nothing() -> Self {
        Self {
            verdict: Verdict::NotCertified,
            proof: None,
            unstable_poles: None,
            ops: Vec::new(),
            lines: Vec::new(),
            shortest: 0.0,
            longest: 0.0,
            bound: None,
            worst_frequency: None,
            slew: None,
            growth: None,
            rt60: None,
            notes: Vec::new(),
        }
    }
}

/// What rounding the matrix of `lines` to single precision may add to a norm near one:
/// each entry is off by at most 2⁻²⁴ of itself, and rows are no longer than one.
fn margin(lines: usize) -> f64 {
    (1.0 + (lines as f64).sqrt()) / f64::from(1 << 24)
}

fn certify_loop(
    of: &Loop,
    sample_rate: f64,
    conditions: &Conditions,
    stop: &dyn Fn() -> bool,
) -> LoopCertificate {
    let delays = || of.lines.iter().map(|l| l.delay);
    let mut one = LoopCertificate {
        ops: of.ops.clone(),
        lines: of.lines.iter().map(|l| l.name.clone()).collect(),
        shortest: delays().reduce(f64::min).unwrap_or(0.0),
        longest: delays().fold(0.0, f64::max),
        ..LoopCertificate::nothing()
    };
    if of.lines.is_empty() {
        one.verdict = Verdict::CertifiedStable;
        one.proof = Some(Proof::Bound);
        one.unstable_poles = Some(0);
        one.notes.push("a delay-free loop of gains, solved".to_owned());
        return one;
    }
    if of.at_once() < 1e-12 {
        one.verdict = Verdict::Indeterminate;
        one.notes.push("a delay-free loop in it has no solution".to_owned());
        return one;
    }
    let size = of.lines.len();
    let work = (conditions.effort / (50.0 * (size as f64).powi(3))).min(16384.0) as usize;
    let margin = margin(size);
    let bound = bound(of, margin, work, TIGHT, stop);
    one.bound = Some(bound.most).filter(|b| b.is_finite());
    one.worst_frequency = Some(bound.at * sample_rate / std::f64::consts::TAU);
    let open = of.open_poles();
    if bound.proven && open == Some(0) {
        proven(&mut one, of, &bound, sample_rate, stop);
        return one;
    }
    let count = |open| count::count(of, &bound, open, conditions.effort, stop);
    one.unstable_poles = open.and_then(count);
    match one.unstable_poles {
        Some(0) => {
            one.verdict = Verdict::CertifiedStable;
            one.proof = Some(Proof::Count);
        }
        Some(_) => one.verdict = Verdict::Unstable,
        None if of.lines.iter().any(|l| !l.whole) => {
            one.notes.push("poles are not counted where delays are interpolated".to_owned());
        }
        None => one.notes.push("its poles could not be counted with this effort".to_owned()),
    }
    one
}

/// Completes the certificate of a loop that is stable, or marginal, by its bound.
fn proven(
    one: &mut LoopCertificate,
    of: &Loop,
    bound: &Bound,
    sample_rate: f64,
    stop: &dyn Fn() -> bool,
) {
    let margin = margin(of.lines.len());
    if bound.most > 1.0 - margin {
        one.verdict = Verdict::MarginallyStable;
        // With fixed gains the bound holds outside the circle too, times r^-shortest.
        if of.is_constant()
            && of.has_no_filters()
            && of.lines.iter().all(|l| l.whole)
            && one.shortest >= 1.0
        {
            let per_pass = 20.0 * bound.most.max(1.0).log10();
            one.growth = Some(per_pass * sample_rate / one.shortest);
        }
        return;
    }
    one.verdict = Verdict::CertifiedStable;
    one.proof = Some(Proof::Bound);
    one.unstable_poles = Some(0);
    one.slew = constant_bound(of, bound, margin, stop).map(|b| 1.0 - b * b);
    one.rt60 = slowest_decay(of, bound, sample_rate, stop);
}

#[cfg(test)]
mod certify_tests;
#[cfg(test)]
mod topology_tests;
