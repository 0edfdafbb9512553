//! How much later the wet recording is than the dry one, and whether that holds throughout.
//!
//! First to a sample or so, over seconds, by a whitened cross-correlation (the smoothed
//! coherence transform; Carter, Nuttall & Cable, Proc. IEEE 61, 1973), whose peak survives
//! distortion and filters; then to a fraction of a sample by phase, see [`super::phase`].

use std::ops::Range;

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use super::phase::Spectra;

/// How far apart the recordings may be, in seconds.
pub(super) const FARTHEST: f64 = 2.0;

/// How many times its root mean square a correlation's peak is at least, if recordings
/// have anything in common. Chance among all lags reaches 5 to 6.
const FOUND: f64 = 9.0;

/// Places at which the take is looked at.
const PLACES: usize = 16;

/// How the wet lies in time.
#[derive(Debug)]
pub(super) struct Alignment {
    /// How much later the wet is, in samples with their fraction.
    pub(super) latency: f64,
    /// Whether it is upside down; `None` if the gear forgets polarity, as a rectifier does.
    pub(super) inverted: Option<bool>,
    /// Whether the lag is one and the same throughout.
    pub(super) course: Course,
}

/// How the lag goes on through a take.
#[derive(Clone, Copy, Debug)]
pub(super) enum Course {
    /// It stays.
    Steady,
    /// It grows by so many samples a sample: another clock.
    Drift(f64),
    /// It jumps by so many samples, about so many samples into the take.
    Jump(f64, usize),
}

/// `None` if the recordings have nothing in common.
pub(super) fn align(dry: &[f32], wet: &[f32], rate: f64) -> Option<Alignment> {
    let search = Search::new(rate, dry.len())?;
    let places = search.places(dry);
    let found = search.lags(dry, wet, &places)?;
    let Some(lag) = found.agreed() else {
        // A rectifier has no linear part, but is loud when the dry is.
        let size = |x: &[f32]| x.iter().map(|x| x.abs()).collect::<Vec<f32>>();
        let lag = search.lags(&size(dry), &size(wet), &places)?.agreed()?;
        return Some(Alignment { latency: lag as f64, inverted: None, course: Course::Steady });
    };
    let course = found.course(dry, wet, rate, search.block);
    let (latency, inverted) = fine(dry, wet, rate, lag)?;
    Some(Alignment { latency, inverted: Some(inverted), course })
}

/// The parts of both from where both sound, the wet `lag` samples later.
pub(super) fn overlap<'a>(dry: &'a [f32], wet: &'a [f32], lag: i64) -> (&'a [f32], &'a [f32]) {
    let dry = dry.get((-lag).max(0) as usize..).unwrap_or_default();
    let wet = wet.get(lag.max(0) as usize..).unwrap_or_default();
    let common = dry.len().min(wet.len());
    (&dry[..common], &wet[..common])
}

/// The latency to a fraction of a sample and the polarity, from a lag that nearly fits.
fn fine(dry: &[f32], wet: &[f32], rate: f64, lag: i64) -> Option<(f64, bool)> {
    let spectra = |lag| {
        let (dry, wet) = overlap(dry, wet, lag);
        Spectra::new(dry, wet, rate)
    };
    let mut lag = lag;
    let mut common = spectra(lag)?;
    let mut delay = common.excess()?;
    if delay.samples.abs() > 8.0 {
        // Segments that lie closer agree better.
        lag += delay.samples.round() as i64;
        common = spectra(lag)?;
        delay = common.excess()?;
    }
    // Two samples ahead are what a converter's filters and this estimate may take. Where
    // treble had to be guessed, the guess may be late by one.
    let guess = if common.is_broad() { 0.0 } else { 1.0 };
    let lead = (common.lead(delay.samples)? - 2.0).max(guess);
    Some((lag as f64 + delay.samples - lead, delay.inverted))
}

/// The lags found in a take.
struct Lags {
    whole: Peak,
    /// Where a block starts in the dry, and its own.
    each: Vec<(usize, Peak)>,
    /// Lags nearer than this are one, but for a drift: 5 ms.
    near: i64,
}

#[derive(Clone, Copy)]
struct Peak {
    lag: i64,
    strength: f64,
}

impl Lags {
    fn certain(&self) -> impl Iterator<Item = (usize, i64)> {
        let clear = |p: &Peak| p.strength > FOUND;
        self.each.iter().filter(move |(_, p)| clear(p)).map(|(at, p)| (*at, p.lag))
    }

    /// The lag of the take if at least half of its places, each by itself, give nearly the
    /// same. Harmonics of a sweep look like an early sweep, but at no other place.
    fn agreed(&self) -> Option<i64> {
        let agree = |lag: i64| self.certain().filter(|(_, l)| (l - lag).abs() < self.near).count();
        let candidates = std::iter::once(self.whole.lag).chain(self.certain().map(|c| c.1));
        // The first among equals is that of the whole take.
        let best = candidates.fold(None, |best: Option<i64>, lag| match best {
            Some(best) if agree(best) >= agree(lag) => Some(best),
            _ => Some(lag),
        })?;
        (2 * agree(best) >= self.each.len()).then_some(best)
    }

    fn course(&self, dry: &[f32], wet: &[f32], rate: f64, block: usize) -> Course {
        let mut places = Vec::new();
        let mut first: Option<(i64, Spectra)> = None;
        for (at, lag) in self.certain() {
            let dry = &dry[at..(at + block).min(dry.len())];
            let (dry, wet) = overlap(dry, wet, at as i64 + lag);
            let Some(here) = Spectra::new(dry, wet, rate) else { continue };
            let Some((from, there)) = &first else {
                places.push((at as f64, 0.0));
                first = Some((lag, here));
                continue;
            };
            let later = here.later_than(there).unwrap_or(0.0);
            // A peak that far off is another one than that of the lag.
            let later = if later.abs() < 100.0 { later } else { 0.0 };
            places.push((at as f64, (lag - from) as f64 + later));
        }
        course(&places, dry.len() as f64)
    }
}

/// The kind of course that the lags at most of the places lie on.
fn course(places: &[(f64, f64)], length: f64) -> Course {
    let off = |part: &[(f64, f64)], line: &dyn Fn(f64) -> f64| {
        median(part.iter().map(|(at, lag)| (lag - line(*at)).abs()))
    };
    if places.len() < 3 {
        return Course::Steady;
    }
    let middle = median(places.iter().map(|p| p.1));
    let unsteady = off(places, &|_| middle);
    // The median of the slopes between all pairs (Theil 1950, Sen 1968) heeds no outlier.
    let slope = median(
        places
            .iter()
            .enumerate()
            .flat_map(|(i, a)| places[i + 1..].iter().map(move |b| (b.1 - a.1) / (b.0 - a.0))),
    );
    let start = median(places.iter().map(|(at, lag)| lag - slope * at));
    let jump = jump(places);
    let uneven = off(places, &|at| start + slope * at);
    if let Some((by, at, rest)) = jump
        && rest < 0.5 * uneven.max(3.0)
    {
        return Course::Jump(by, at);
    }
    if (slope * length).abs() > 1.0 && uneven < 0.4 * unsteady {
        return Course::Drift(slope);
    }
    Course::Steady
}

/// The step of more than three samples that fits best, where it is, and by how much the
/// lags differ from it.
fn jump(places: &[(f64, f64)]) -> Option<(f64, usize, f64)> {
    let fits = (2..places.len().saturating_sub(1)).map(|split| {
        let (before, after) = places.split_at(split);
        let levels = [before, after].map(|part| median(part.iter().map(|p| p.1)));
        let off = |part: &[(f64, f64)], level: f64| {
            part.iter().map(|p| (p.1 - level).abs()).fold(0.0, f64::max)
        };
        let rest = off(before, levels[0]).max(off(after, levels[1]));
        (levels[1] - levels[0], after[0].0 as usize, rest)
    });
    let best = fits.min_by(|a, b| a.2.total_cmp(&b.2))?;
    (best.0.abs() > 3.0 && best.2 < 1.5 && best.2 < 0.3 * best.0.abs()).then_some(best)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// Correlates blocks of the dry with what lies around them in the wet.
struct Search {
    /// Samples of the dry at a time.
    block: usize,
    /// The farthest lag, in samples.
    reach: usize,
    /// The bin at 20 Hz, below which there is no sound.
    lowest: usize,
    forward: std::sync::Arc<dyn RealToComplex<f32>>,
    inverse: std::sync::Arc<dyn ComplexToReal<f32>>,
}

impl Search {
    /// For recordings at `rate`, the dry of `length` samples; `None` where it has none.
    fn new(rate: f64, length: usize) -> Option<Self> {
        let block = ((2.5 * rate) as usize).min(length);
        let reach = (FARTHEST * rate) as usize;
        if block == 0 {
            return None;
        }
        let size = (block + 2 * reach).next_power_of_two();
        let mut planner = RealFftPlanner::new();
        let forward = planner.plan_fft_forward(size);
        let inverse = planner.plan_fft_inverse(size);
        let lowest = (20.0 * size as f64 / rate) as usize;
        Some(Self { block, reach, lowest, forward, inverse })
    }

    /// Where to look: evenly spread, and not where the dry is silent.
    fn places(&self, dry: &[f32]) -> Vec<Range<usize>> {
        let count = (dry.len() / self.block).clamp(1, PLACES);
        let last = dry.len() - self.block;
        let all: Vec<_> = (0..count)
            .map(|i| if count > 1 { last * i / (count - 1) } else { 0 })
            .map(|start| start..start + self.block)
            .collect();
        let power = |r: &Range<usize>| dry[r.clone()].iter().map(|x| x * x).sum::<f32>();
        let loudest = all.iter().map(power).fold(0.0, f32::max);
        // 50 dB below the loudest, the noise of the gear may be louder than what it plays.
        all.into_iter().filter(|r| power(r) > 1e-5 * loudest).collect()
    }

    fn lags(&self, dry: &[f32], wet: &[f32], places: &[Range<usize>]) -> Option<Lags> {
        let bins = self.forward.complex_len();
        let mut cross = vec![Complex::default(); bins];
        let (mut dry_power, mut wet_power) = (vec![0.0; bins], vec![0.0; bins]);
        let mut each = Vec::new();
        for place in places {
            let x = self.spectrum(dry, place.start as i64, self.block)?;
            let around = self.block + 2 * self.reach;
            let y = self.spectrum(wet, place.start as i64 - self.reach as i64, around)?;
            let here: Vec<_> = x.iter().zip(&y).map(|(x, y)| x.conj() * y).collect();
            let size: Vec<f32> = here.iter().map(|c| c.norm()).collect();
            each.push((place.start, self.peak(&here, &size)?));
            for k in 0..bins {
                cross[k] += here[k];
                dry_power[k] += x[k].norm_sqr();
                wet_power[k] += y[k].norm_sqr();
            }
        }
        let size: Vec<f32> =
            dry_power.iter().zip(&wet_power).map(|(x, y): (&f32, &f32)| (x * y).sqrt()).collect();
        Some(Lags { whole: self.peak(&cross, &size)?, each, near: self.reach as i64 / 400 })
    }

    fn spectrum(&self, signal: &[f32], start: i64, length: usize) -> Option<Vec<Complex<f32>>> {
        let mut buffer = self.forward.make_input_vec();
        let skip = (-start).max(0) as usize;
        let from = signal.get(start.max(0) as usize..).unwrap_or_default();
        for (to, x) in buffer[..length].iter_mut().skip(skip).zip(from) {
            *to = *x;
        }
        let mut out = self.forward.make_output_vec();
        self.forward.process(&mut buffer, &mut out).ok()?;
        Some(out)
    }

    /// The highest peak, up or down, of what `cross` is where `size` is taken from it.
    fn peak(&self, cross: &[Complex<f32>], size: &[f32]) -> Option<Peak> {
        // Keeps what is but rounding or noise from counting as much as what sounds.
        let floor = 1e-4 * size.iter().sum::<f32>() / size.len() as f32 + f32::MIN_POSITIVE;
        let mut white: Vec<_> = cross.iter().zip(size).map(|(c, s)| c / (s + floor)).collect();
        white[..self.lowest.min(cross.len())].fill(Complex::default());
        if let Some(last) = white.last_mut() {
            last.im = 0.0;
        }
        let mut out = self.inverse.make_output_vec();
        self.inverse.process(&mut white, &mut out).ok()?;
        let lags = &out[..=2 * self.reach];
        let at = (0..lags.len()).max_by(|&a, &b| lags[a].abs().total_cmp(&lags[b].abs()))?;
        let square = lags.iter().map(|x| f64::from(x * x)).sum::<f64>() / lags.len() as f64;
        let strength = if square > 0.0 { f64::from(lags[at].abs()) / square.sqrt() } else { 0.0 };
        Some(Peak { lag: at as i64 - self.reach as i64, strength })
    }
}

/// How many samples before the dry clicks, moved by `latency`, the wet already answers.
pub(super) fn lead_at(dry: &[f32], wet: &[f32], blips: &[usize], latency: f64, rate: f64) -> f64 {
    let near = (0.02 * rate) as i64;
    let part = |signal: &[f32], at: i64| -> Option<Vec<f32>> {
        let range = usize::try_from(at - near).ok()?..usize::try_from(at + near).ok()?;
        Some(signal.get(range)?.iter().map(|x| x.abs()).collect())
    };
    let most = |part: &[f32]| part.iter().fold(0.0, |a: f32, &b| a.max(b));
    let leads = blips.iter().filter_map(|&at| {
        let at = at as i64;
        let (click, answer) = (part(dry, at)?, part(wet, at + latency.floor() as i64)?);
        let begin = click.iter().position(|x| *x > 1e-3 * most(&click))?;
        // Above what it says before, and what filters of converters ring ahead.
        let threshold = (4.0 * most(&answer[..near as usize / 2])).max(0.1 * most(&answer));
        let answers = answer.iter().position(|x| *x > threshold)?;
        Some(begin as f64 - 1.0 - answers as f64)
    });
    median(leads).max(0.0)
}
