//! How far apart two sounds are, in dB.
//!
//! Where both are the same performance, frame by frame: the log-spectral distance of
//! A. H. Gray and J. D. Markel, "Distance measures for speech processing", IEEE Trans.
//! ASSP 24 (1976), with the mean of magnitudes (their L1 norm) in place of the root of
//! the mean of squares, over third-octave bands and several window lengths.
//!
//! Of two performances only statistics can agree. Then it is the distance between the
//! distributions of levels over time, band by band: the Wasserstein distance
//! `W1 = ∫ |F⁻¹(p) − G⁻¹(p)| dp` (C. Villani, "Topics in Optimal Transportation", 2003,
//! theorem 2.18), of which the integral is taken at the middles of ten parts. It sees the
//! mean level of a band as well as how far it is compressed and what rings in between.
//!
//! Both also compare the level of all bands together, as one band more. Frames that are
//! silent in the target are not compared, and levels far below it count as equally low.

use super::bands::{BANDS, Sound};

/// Quantiles of a distribution.
const PARTS: usize = 10;
/// A frame this far below the loud ones is silent, in dB.
const SILENT: f32 = 40.0;
/// What is this far below the loud frames is not heard beside them, in dB. A response may
/// cut as much, so bands that a cabinet leaves empty are equal when it has done so.
const UNHEARD: f32 = 50.0;
/// Weight of the difference in crest, in dB, as most of it is a matter of phase.
const CREST: f64 = 0.1;
/// How far a response is to cut and to boost a band, in dB. Guitar cabinets fall by 30 to
/// 50 dB above some 5 kHz; what is boosted more than this is noise.
pub(super) const REACH: [f64; 2] = [-50.0, 18.0];

/// What a sound is compared with.
pub(super) struct Target {
    pub(super) sound: Sound,
    /// Whether the sounds to come are the same performance and begin with it.
    aligned: bool,
    /// By grid.
    loud: Vec<Loud>,
}

/// What is needed of the target again and again.
struct Loud {
    /// Of all bands, below which nothing is heard, in dB.
    floor: f32,
    /// Frames that are not silent.
    frames: Vec<usize>,
    /// Of each band and all together.
    quantiles: Vec<[f32; PARTS]>,
}

/// How far a sound is from a target.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Compared {
    /// As loud as the target, in dB.
    pub(super) plain: f64,
    /// With each band as loud as the target's as well, as far as a response may reach.
    pub(super) matched: f64,
    /// What makes it as loud as the target, in dB.
    pub(super) gain: f64,
    /// What makes each band as loud as the target's besides that gain, in dB.
    pub(super) bands: [f64; BANDS],
}

impl Target {
    pub(super) fn new(sound: Sound, aligned: bool) -> Self {
        let floors: Vec<f32> = sound.grids.iter().map(|g| top(&g.totals) - UNHEARD).collect();
        let none = [0.0; BANDS];
        let loud = (0..sound.grids.len()).map(|i| Loud {
            floor: floors[i],
            frames: loud_frames(&sound, i),
            quantiles: quantiles(&sound, i, &none, floors[i]),
        });
        let loud = loud.collect();
        Self { sound, aligned, loud }
    }

    /// How far `sound` is from it.
    pub(super) fn compare(&self, sound: &Sound) -> Compared {
        let gain = self.sound.loudness - sound.loudness;
        let band = |b: usize| (self.sound.mean[b] - sound.mean[b] - gain).clamp(REACH[0], REACH[1]);
        let bands: [f64; BANDS] = std::array::from_fn(band);
        let crest = CREST * (self.sound.crest - sound.crest).abs();
        let plain = self.distance(sound, &[gain; BANDS]) + crest;
        let matched = self.distance(sound, &bands.map(|db| db + gain));
        Compared { plain, matched, gain, bands }
    }

    /// With `offsets` in dB on each band.
    fn distance(&self, sound: &Sound, offsets: &[f64; BANDS]) -> f64 {
        let grids = self.loud.len().min(sound.grids.len());
        let one = |i| {
            if self.aligned {
                self.frames(sound, i, offsets)
            } else {
                self.spread(sound, i, offsets)
            }
        };
        (0..grids).map(one).sum::<f64>() / grids.max(1) as f64
    }

    /// Between distributions.
    fn spread(&self, sound: &Sound, grid: usize, offsets: &[f64; BANDS]) -> f64 {
        let loud = &self.loud[grid];
        let found = quantiles(sound, grid, offsets, loud.floor);
        let pairs = loud.quantiles.iter().flatten().zip(found.iter().flatten());
        let sum: f64 = pairs.map(|(a, b)| f64::from((a - b).abs())).sum();
        sum / (PARTS * loud.quantiles.len()).max(1) as f64
    }

    /// Frame by frame.
    fn frames(&self, sound: &Sound, grid: usize, offsets: &[f64; BANDS]) -> f64 {
        let (a, b) = (&self.sound.grids[grid], &sound.grids[grid]);
        let Loud { floor, frames, .. } = &self.loud[grid];
        let (mut sum, mut count) = (0.0, 0);
        for i in frames.iter().copied().filter(|i| *i < b.totals.len()) {
            let pairs = a.frame(i).iter().zip(b.frame(i)).zip(&offsets[a.first..]);
            for ((a, b), offset) in pairs {
                sum += f64::from((a.max(*floor) - (b + *offset as f32).max(*floor)).abs());
            }
            let total = together(b.frame(i), &offsets[b.first..]);
            sum += f64::from((a.totals[i].max(*floor) - total.max(*floor)).abs());
            count += a.width() + 1;
        }
        sum / f64::from(u32::try_from(count.max(1)).unwrap_or(u32::MAX))
    }
}

/// The level of bands with offsets together, in dB.
fn together(levels: &[f32], offsets: &[f64]) -> f32 {
    let power = |(db, offset): (&f32, &f64)| 10f32.powf((db + *offset as f32) / 10.0);
    10.0 * levels.iter().zip(offsets).map(power).sum::<f32>().max(1e-20).log10()
}

/// How loud the loud frames are, in dB: nineteen of twenty are less so.
fn top(totals: &[f32]) -> f32 {
    let mut sorted = totals.to_vec();
    sorted.sort_by(f32::total_cmp);
    sorted.get(sorted.len() * 19 / 20).copied().unwrap_or(0.0)
}

fn loud_frames(sound: &Sound, grid: usize) -> Vec<usize> {
    let totals = &sound.grids[grid].totals;
    let least = top(totals) - SILENT;
    (0..totals.len()).filter(|i| totals[*i] >= least).collect()
}

/// Of the levels of each band, and of all together, in loud frames with `offsets`, none
/// below `floor`.
fn quantiles(sound: &Sound, grid: usize, offsets: &[f64; BANDS], floor: f32) -> Vec<[f32; PARTS]> {
    let frames = loud_frames(sound, grid);
    let grid = &sound.grids[grid];
    let offsets = &offsets[grid.first..];
    let mut column = Vec::with_capacity(frames.len());
    let mut all = Vec::with_capacity(grid.width() + 1);
    for band in 0..=grid.width() {
        column.clear();
        column.extend(frames.iter().map(|i| match offsets.get(band) {
            Some(offset) => grid.frame(*i)[band] + *offset as f32,
            None => together(grid.frame(*i), offsets),
        }));
        column.sort_unstable_by(f32::total_cmp);
        all.push(std::array::from_fn(|part| {
            let at = (2 * part + 1) * column.len() / (2 * PARTS);
            column.get(at).copied().unwrap_or(floor).max(floor)
        }));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::bands::Analyser;
    use super::*;

    fn noise(seed: u64, amplitude: impl Fn(usize) -> f32) -> Sound {
        let mut rng = fastrand::Rng::with_seed(seed);
        let signal: Vec<f32> = (0..96_000).map(|i| amplitude(i) * (rng.f32() - 0.5)).collect();
        Analyser::shared(48_000).hear(&signal).expect("heard").expect("sound")
    }

    #[test]
    fn a_sound_is_no_distance_from_itself_at_any_level() {
        let fade = |gain: f32| move |i: usize| gain * (-(i as f32) / 30_000.0).exp();
        for aligned in [false, true] {
            let target = Target::new(noise(1, fade(0.5)), aligned);
            let same = target.compare(&noise(1, fade(0.5)));
            assert!(same.plain.max(same.matched) < 1e-6 && same.gain == 0.0, "{same:?}");
            let quiet = target.compare(&noise(1, fade(0.05)));
            assert!(quiet.plain < 1e-3 && (quiet.gain - 20.0).abs() < 1e-3, "{quiet:?}");
            // Steady noise is another dynamic, which no gain makes equal.
            let steady = target.compare(&noise(1, |_| 0.5));
            assert!(steady.matched > 2.0, "{steady:?}");
            // Another throw of the dice is another performance of the same sound.
            let other = target.compare(&noise(2, fade(0.5)));
            assert!(other.matched < if aligned { 6.0 } else { 1.0 }, "{other:?}");
            assert!(other.matched > 0.01, "{other:?}");
        }
    }

    #[test]
    fn a_filter_is_undone_as_far_as_one_may_reach() {
        let target = Target::new(noise(1, |_| 0.5), false);
        for (change, found) in [(-30.0, REACH[1]), (30.0, -30.0), (70.0, REACH[0])] {
            let mut other = noise(1, |_| 0.5);
            for (b, mean) in other.mean.iter_mut().enumerate() {
                *mean += if b == 20 { change - 6.0 } else { -6.0 };
            }
            other.loudness -= 6.0;
            let compared = target.compare(&other);
            assert!((compared.gain - 6.0).abs() < 1e-9);
            assert!(compared.bands[3].abs() < 1e-9, "{:?}", compared.bands);
            assert!((compared.bands[20] - found).abs() < 1e-9, "{:?}", compared.bands);
        }
    }

    #[test]
    fn what_a_cabinet_cuts_away_is_no_distance() {
        let cut = |sound: &mut Sound| {
            for grid in &mut sound.grids {
                let width = grid.width();
                let first = grid.first;
                for (i, db) in grid.levels.iter_mut().enumerate() {
                    *db -= 4.0 * (first + i % width).saturating_sub(15) as f32;
                }
                let frames = grid.levels.chunks_exact(width);
                grid.totals = frames.map(|frame| together(frame, &[0.0; BANDS])).collect();
            }
            for (b, mean) in sound.mean.iter_mut().enumerate() {
                *mean -= 4.0 * b.saturating_sub(15) as f64;
            }
        };
        for aligned in [false, true] {
            let mut miked = noise(1, |_| 0.5);
            cut(&mut miked);
            let found = Target::new(miked, aligned).compare(&noise(1, |_| 0.5));
            assert!(found.matched < 0.01 && found.plain > 3.0, "{found:?}");
        }
    }
}
