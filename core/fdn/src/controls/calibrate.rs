//! What the lines of a network must lose for it to ring as long as it is told to.

use std::sync::Arc;

use super::probe::Probe;
use crate::certify::{Conditions, Verdict, certify};
use crate::graph::Range;
use crate::network::Network;
use crate::plan::Plan;

/// The longest time that is looked for, in seconds.
const MOST: f64 = 60.0;
/// Where the search begins: the time of a lossless network, in seconds. One that
/// was trained to decay takes less, by what it decays itself.
const BEGIN: f64 = 0.5;
/// From one time that is measured to the next, about.
const STEP: f64 = 1.5;
/// Steps at most, up and down each, and how often one is halved that went too far.
const STEPS: usize = 60;
const HALVINGS: usize = 5;
/// From one time to the next at most, where they are shorter than [`ROUGH`] seconds.
const FINE: f64 = 1.15;
const ROUGH: f64 = 0.6;
/// The share of a rate by which a line may be off, and from one time to the next at
/// least.
const BEND: f64 = 0.005;
const FINEST: f64 = 1.05;
/// Points that are enough.
const POINTS: usize = 100;
/// The longest time that a few measurements look for, in seconds.
const ROUGH_MOST: f64 = 6.0;
/// Multiplications for each proof, roughly.
const EFFORT: f64 = 2e9;
/// Proofs that look for how long a network may ring.
const PROOFS: usize = 7;

/// What −60 dB in a second is for each sample, as a power of two.
pub(super) fn fade(rate: f64) -> f64 {
    3.0 * std::f64::consts::LOG2_10 / rate
}

/// How the reverberation time of a network depends on what its lines lose.
///
/// If every delay of m samples in a loop multiplies by 2^(d·m), all modes decay
/// faster by −d octaves a sample, so that all rates of decay move by as much. The
/// time that Schroeder's method measures of them together, from −5 to −35 dB,
/// follows from no formula unless they are alike, so it is measured: on the energy
/// that all outputs make of an impulse in each input, the direct sound left out.
/// Between times that were measured d is interpolated over 1/T, of which it is a
/// straight line where all modes decay alike.
///
/// What makes modes decay slower than they were trained to could make them grow.
/// So d is above zero only as far as the network is proven stable, or marginal,
/// with it ([`certify`]); no network that is not proven as it was trained is made
/// to ring longer.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// d and 1/T: d rises, 1/T falls.
    points: Vec<[f64; 2]>,
}

impl Calibration {
    /// Finds what is needed for the times of `range`, or as many as there are; none
    /// if no time can be found.
    /// Up to `safe`, no proof is needed. Once `stop` says so, what was found so far is
    /// of no use.
    pub(super) fn new(
        network: &Network,
        plan: &Arc<Plan>,
        range: Range,
        safe: f64,
        stop: &dyn Fn() -> bool,
    ) -> Option<Self> {
        if plan.decaying.is_empty() {
            return None;
        }
        let most = range.max.min(MOST);
        let mut search = Search {
            probe: Probe::new(plan, 2.0 * most),
            fade: fade(plan.sample_rate()),
            points: Vec::new(),
            stop,
        };
        search.run(range.min, most);
        let mut found = Self { points: search.points };
        if found.span()[1] > most {
            found.cut(found.decay(most));
        }
        found.limit(network, safe, stop);
        (found.points.len() > 1).then_some(found)
    }

    /// What a few measurements say: it is right where all modes decay alike, and
    /// nowhere longer than `safe` makes it. None if no time can be found.
    pub(super) fn rough(plan: &Arc<Plan>, range: Range, safe: f64) -> Option<Self> {
        if plan.decaying.is_empty() {
            return None;
        }
        let (fade, most) = (fade(plan.sample_rate()), range.max.min(MOST));
        let mut probe = Probe::new(plan, 2.0 * ROUGH_MOST);
        let start = -fade / BEGIN;
        let rate = 1.0 / probe.t60(start, 1.2 * BEGIN)?;
        let mut points = vec![[start, rate]];
        // Further on by what would be if all decayed alike.
        for share in [0.3, 0.0] {
            let guess = rate - (1.0 - share) / BEGIN;
            if guess * ROUGH_MOST > 1.0
                && let Some(found) = probe.t60(share * start, 1.2 / guess)
            {
                points.push([share * start, 1.0 / found]);
            }
        }
        let mut points = falling(&points);
        let &[[first, fastest], ..] = &points[..] else { return None };
        let least = 1.0 / range.min;
        if fastest < least {
            points.insert(0, [first - fade * (least - fastest), least]);
        }
        let (slope, longest) = (line_slope(&points, fade), 1.0 / most);
        let &[last, slowest] = points.last()?;
        if slowest > longest {
            points.push([last + slope * (slowest - longest), longest]);
        }
        Self { points }.safe(safe)
    }

    /// The same, but for what is longer than `safe` makes it; none if nothing is left.
    pub(super) fn safe(mut self, safe: f64) -> Option<Self> {
        if self.points.last()?[0] > safe {
            self.cut(safe);
        }
        (self.points.len() > 1).then_some(self)
    }

    /// What it would be if every delay were `size` times as long: as much is lost each
    /// time round, which takes as many times longer.
    pub(super) fn resized(&self, size: f64) -> Self {
        Self { points: self.points.iter().map(|p| p.map(|x| x / size)).collect() }
    }

    /// Seconds until −60 dB as it was trained; none if that is longer than what was
    /// looked for, or forever.
    pub fn trained(&self) -> Option<f64> {
        (self.points.last()?[0] > 0.0).then(|| 1.0 / self.rate(0.0))
    }

    /// The shortest and the longest time there is, in seconds.
    pub fn span(&self) -> [f64; 2] {
        match self.points[..] {
            [first, .., last] => [1.0 / first[1], 1.0 / last[1]],
            _ => [0.0; 2],
        }
    }

    /// d of a time in seconds, or of the nearest there is.
    pub(super) fn decay(&self, seconds: f64) -> f64 {
        let [least, most] = self.span();
        let rate = 1.0 / seconds.clamp(least, most);
        let after = self.points.partition_point(|p| p[1] > rate);
        line(&self.points, after, 1, rate)
    }

    /// 1/T of a d.
    fn rate(&self, decay: f64) -> f64 {
        let after = self.points.partition_point(|p| p[0] < decay);
        line(&self.points, after, 0, decay)
    }

    /// What there is of `range`.
    pub(super) fn within(&self, range: Range) -> Option<Range> {
        let [least, most] = self.span();
        let (min, max) = (range.min.max(least), range.max.min(most));
        (min < max).then(|| Range { init: range.init.clamp(min, max), min, max })
    }

    /// Leaves nothing longer than what is proven.
    fn limit(&mut self, network: &Network, safe: f64, stop: &dyn Fn() -> bool) {
        let Some(&[top, _]) = self.points.last() else { return };
        if top <= safe || stop() || stable(network, top) {
            return;
        }
        let (mut proven, mut not) = (safe, top);
        if safe > 0.0 || stable(network, 0.0) {
            for _ in 0..PROOFS {
                if stop() {
                    return;
                }
                let middle = 0.5 * (proven + not);
                if stable(network, middle) {
                    proven = middle;
                } else {
                    not = middle;
                }
            }
        }
        self.cut(proven);
    }

    /// Leaves nothing longer than `decay` makes it.
    fn cut(&mut self, decay: f64) {
        let last = [decay, self.rate(decay)];
        self.points.retain(|p| p[0] < decay);
        self.points.push(last);
    }
}

/// The other coordinate where coordinate `by` is `at`, on the line that ends with
/// point `after`, or the nearest there is.
fn line(points: &[[f64; 2]], after: usize, by: usize, at: f64) -> f64 {
    let after = after.clamp(1, points.len().max(2) - 1);
    let (Some(a), Some(b)) = (points.get(after - 1), points.get(after)) else { return 0.0 };
    let share = (at - a[by]) / (b[by] - a[by]);
    (b[1 - by] - a[1 - by]).mul_add(share, a[1 - by])
}

/// How much d rises for what 1/T falls where `points` end; `alike` if that is not to be
/// seen.
fn line_slope(points: &[[f64; 2]], alike: f64) -> f64 {
    match points {
        [.., a, b] if b[1] < a[1] => (b[0] - a[0]) / (a[1] - b[1]),
        _ => alike,
    }
}

/// The nearest to `points` whose second coordinates fall: those that do not are
/// pooled with their neighbours (M. Ayer et al., Ann. Math. Statist. 26, 1955).
fn falling(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    // Sums, and of how many.
    let mut pools: Vec<([f64; 2], f64)> = Vec::new();
    for point in points {
        let mut pool = (*point, 1.0);
        while let Some((sum, count)) = pools.pop_if(|(s, n)| s[1] / *n <= pool.0[1] / pool.1) {
            pool = ([0, 1].map(|i| sum[i] + pool.0[i]), count + pool.1);
        }
        pools.push(pool);
    }
    pools.into_iter().map(|(sum, count)| sum.map(|s| s / count)).collect()
}

/// Whether `network` is proven not to grow if its lines fade by `decay`.
fn stable(network: &Network, decay: f64) -> bool {
    let conditions = Conditions { decay: decay.exp2(), effort: EFFORT, ..Conditions::default() };
    certify(network, &conditions).verdict <= Verdict::MarginallyStable
}

/// Looks for times.
struct Search<'a> {
    probe: Probe,
    fade: f64,
    /// d and 1/T, d rising.
    points: Vec<[f64; 2]>,
    /// Whether nobody wants to know any more.
    stop: &'a dyn Fn() -> bool,
}

impl Search<'_> {
    /// Finds points from `least` seconds to `most`, as far as there are.
    fn run(&mut self, least: f64, most: f64) {
        let start = -self.fade / BEGIN;
        let Some(first) = self.probe.t60(start, 1.2 * BEGIN) else { return };
        self.points.push([start, 1.0 / first]);
        for _ in 0..STEPS {
            let Some(&[decay, rate]) = self.points.first() else { return };
            let next = decay - self.fade * rate * (STEP - 1.0);
            if 1.0 / rate <= least || (self.stop)() {
                break;
            }
            let Some(found) = self.probe.t60(next, 1.2 / rate) else { break };
            self.points.insert(0, [next, 1.0 / found]);
        }
        for _ in 0..STEPS {
            let Some(&[_, rate]) = self.points.last() else { return };
            if 1.0 / rate >= most || (self.stop)() || !self.up() {
                break;
            }
        }
        self.refine();
        self.points = falling(&self.points);
    }

    /// Adds a point above the last one, about a step longer.
    fn up(&mut self) -> bool {
        let Some(&[decay, rate]) = self.points.last() else { return false };
        // As the last two go on: where few modes are left the time grows fast.
        let alike = -self.fade;
        let slope = match self.points[..] {
            [.., a, b] if b[1] < a[1] => (b[0] - a[0]) / (b[1] - a[1]),
            _ => alike,
        };
        let mut step = slope.clamp(2.0 * alike, 0.1 * alike) * rate * (1.0 / STEP - 1.0);
        for _ in 0..HALVINGS {
            if let Some(found) = self.probe.t60(decay + step, 1.2 * STEP / rate) {
                self.points.push([decay + step, 1.0 / found]);
                return true;
            }
            step *= 0.5;
        }
        false
    }

    /// Adds points in the middle of lines that are no good.
    fn refine(&mut self) {
        let (mut i, mut lost) = (1, 0);
        while i < self.points.len() && lost < HALVINGS && !(self.stop)() {
            let ([from, rate], [to, _]) = (self.points[i - 1], self.points[i]);
            let middle = 0.5 * (from + to);
            let poor = self.points.len() < POINTS && middle > from && middle < to && self.poor(i);
            match if poor { self.probe.t60(middle, 1.2 / rate) } else { None } {
                Some(found) => {
                    self.points.insert(i, [middle, 1.0 / found]);
                    // The line before may bend too, it turns out.
                    i = i.saturating_sub(1).max(1);
                }
                None => {
                    i += 1;
                    lost += usize::from(poor);
                }
            }
        }
    }

    /// Whether the line that ends with point `i` is too long, or too far from the
    /// curve: where slopes change by s over a line of length h, it is s·h/8 off.
    fn poor(&self, i: usize) -> bool {
        let slope = |i: usize| {
            let (a, b) = (self.points.get(i.checked_sub(1)?)?, self.points.get(i)?);
            Some((b[1] - a[1]) / (b[0] - a[0]))
        };
        let (a, b) = (self.points[i - 1], self.points[i]);
        let Some(own) = slope(i).filter(|_| a[1] > FINEST * b[1]) else { return false };
        let change = |s: Option<f64>| s.map_or(0.0, |s| (s - own).abs());
        let bend = change(slope(i - 1)).max(change(slope(i + 1)));
        // Short responses are of few echoes, and no smooth matter.
        let rough = a[1] > 1.0 / ROUGH && a[1] > FINE * b[1];
        rough || bend * (b[0] - a[0]) / 8.0 > BEND * b[1]
    }
}
