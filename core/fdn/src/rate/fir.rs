//! Impulse responses at another rate.

use std::f64::consts::PI;

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};
use ndarray::Array2;
use num_complex::Complex64;

use super::filter::Rates;
use super::shaped;

/// Taps are moved, not resampled, if at most one in this many is other than zero.
const SPARSE: usize = 4;
/// The most taps that are fitted: of longer responses, as many at the beginning.
const MOST_FITTED: usize = 512;
/// Up to where responses are to agree, as a part of the lower Nyquist frequency.
const BAND: f64 = 0.92;
/// What is not heard may not grow much, as a part of what is.
const UNHEARD: f64 = 1e-4;
/// Half the width of the interpolating kernel, in samples of the slower rate.
const HALF_WIDTH: f64 = 32.0;

/// The impulse response of each channel.
pub(super) fn channels(all: &[&[f64]], rates: Rates, in_loop: bool) -> Vec<Vec<f64>> {
    let Some(resampler) = Resampler::for_dense(all, rates) else {
        return all.iter().map(|taps| moved(taps, rates.new / rates.old)).collect();
    };
    let mut made: Vec<Vec<f64>> = all.iter().map(|taps| resampler.change(taps)).collect();
    for (old, new) in all.iter().zip(&mut made).filter(|_| in_loop) {
        turn_down(&[old], std::slice::from_mut(new), 1);
    }
    made
}

/// The impulse response of each pair.
///
/// A matrix of sparse responses in a loop is most often lossless, and tails last
/// only if it stays so. Moving each tap to the nearest place would break that, so
/// they move together: by a delay of each channel where the taps are such delays
/// (as of a matrix between two sets of delays), by one whole factor otherwise.
pub(super) fn matrix(m: &Array2<Vec<f64>>, rates: Rates, in_loop: bool) -> Array2<Vec<f64>> {
    let all: Vec<&[f64]> = m.iter().map(Vec::as_slice).collect();
    let ratio = rates.new / rates.old;
    if let Some(resampler) = Resampler::for_dense(&all, rates) {
        let mut made: Vec<Vec<f64>> = all.iter().map(|taps| resampler.change(taps)).collect();
        if in_loop {
            turn_down(&all, &mut made, m.ncols());
        }
        return shaped(m, made);
    }
    if !in_loop {
        return m.map(|taps| moved(taps, ratio));
    }
    if let Some((rows, columns)) = separate(m) {
        let to = |n: usize| (n as f64 * ratio).round_ties_even() as usize;
        return Array2::from_shape_fn(m.dim(), |(o, i)| {
            let mut taps = vec![0.0; to(rows[o]) + to(columns[i]) + 1];
            // Its only tap.
            taps[to(rows[o]) + to(columns[i])] = m[(o, i)].iter().sum();
            taps
        });
    }
    m.map(|taps| moved(taps, ratio.round().max(1.0)))
}

/// A delay for each row and each column, if every response is one tap, at their sum.
fn separate(m: &Array2<Vec<f64>>) -> Option<(Vec<usize>, Vec<usize>)> {
    let mut places = Array2::zeros(m.dim());
    for (at, taps) in m.indexed_iter() {
        let mut found = taps.iter().enumerate().filter(|(_, t)| **t != 0.0).map(|(n, _)| n);
        places[at] = found.next()?;
        if found.next().is_some() {
            return None;
        }
    }
    let first = places.row(0);
    let least = *first.iter().min()?;
    let columns: Vec<usize> = first.iter().map(|n| n - least).collect();
    let shortest = columns.iter().position(|n| *n == 0)?;
    let rows = places.column(shortest).to_vec();
    let is_sum = |((o, i), n): ((usize, usize), &usize)| *n == rows[o] + columns[i];
    places.indexed_iter().all(is_sum).then_some((rows, columns))
}

/// Taps each at the nearest place that is `ratio` times as late.
fn moved(taps: &[f64], ratio: f64) -> Vec<f64> {
    let mut new = Vec::new();
    for (n, tap) in taps.iter().enumerate().filter(|(_, t)| **t != 0.0) {
        let at = (n as f64 * ratio).round_ties_even() as usize;
        // A response too long is refused by whoever makes a module of it.
        new.resize(new.len().max(at + 1), 0.0);
        new[at] += tap;
    }
    new
}

/// Resamples responses of up to some length.
struct Resampler {
    ratio: f64,
    /// How much of the new band is to agree.
    band: f64,
    /// The normal equations of what is fitted: a whole response, or the head of a
    /// longer one.
    fitted: Cholesky<f64, Dyn>,
}

impl Resampler {
    /// None if most of `all` is nothing.
    fn for_dense(all: &[&[f64]], rates: Rates) -> Option<Self> {
        let some = |taps: &[f64]| taps.iter().filter(|t| **t != 0.0).count();
        let taps: usize = all.iter().map(|t| t.len()).sum();
        let alone = all.iter().all(|taps| some(taps) <= 1);
        if alone || all.iter().map(|t| some(t)).sum::<usize>() * SPARSE <= taps {
            return None;
        }
        let ratio = rates.new / rates.old;
        let band = BAND * (1.0 / ratio).min(1.0);
        let longest = all.iter().map(|t| t.len()).max()?;
        let length = length(longest, ratio, band).min(MOST_FITTED);
        let kernel = |k: usize, l: usize| {
            let heard = band * sinc(band * (k as f64 - l as f64));
            (1.0 - UNHEARD) * heard + if k == l { UNHEARD } else { 0.0 }
        };
        let fitted = DMatrix::from_fn(length, length, kernel).cholesky()?;
        Some(Self { ratio, band, fitted })
    }

    /// The causal response nearest to `taps` in the band that both rates hold, by
    /// least squares.
    fn change(&self, taps: &[f64]) -> Vec<f64> {
        let length = length(taps.len(), self.ratio, self.band);
        if length > self.fitted.l_dirty().nrows() {
            return self.interpolated(taps, length);
        }
        let at = taps.iter().enumerate().map(|(n, t)| (n as f64 * self.ratio, *t));
        let mut new = self.nearest(&at.collect::<Vec<_>>());
        new.truncate(length);
        new
    }

    /// As many taps as are fitted, nearest to taps at any places.
    fn nearest(&self, taps: &[(f64, f64)]) -> Vec<f64> {
        let along = |k: usize| -> f64 {
            let each = taps.iter().map(|(at, t)| t * sinc(self.band * (k as f64 - at)));
            self.band * each.sum::<f64>()
        };
        let along = DVector::from_fn(self.fitted.l_dirty().nrows(), |k, _| along(k));
        self.fitted.solve(&along).as_slice().to_vec()
    }

    /// `taps` between which a windowed sinc interpolates. What of it would sound
    /// before the beginning is fitted after it.
    fn interpolated(&self, taps: &[f64], length: usize) -> Vec<f64> {
        let reach = (HALF_WIDTH / self.band).ceil();
        // All begins so much early.
        let mut early = vec![0.0; length + reach as usize];
        for (n, tap) in taps.iter().enumerate() {
            let at = n as f64 * self.ratio + reach;
            let (from, to) = ((at - reach).ceil() as usize, (at + reach) as usize);
            for (k, new) in early.iter_mut().enumerate().take(to + 1).skip(from) {
                let x = k as f64 - at;
                let window = (0.5 * PI * x / reach).cos().powi(2);
                *new += tap * window * self.band * sinc(self.band * x);
            }
        }
        let mut new = early.split_off(reach as usize);
        let before = early.iter().enumerate().map(|(k, t)| (k as f64 - reach, *t));
        for (new, head) in new.iter_mut().zip(self.nearest(&before.collect::<Vec<_>>())) {
            *new += head;
        }
        new
    }
}

/// Of `taps` at the new rate: what rings on after the last is kept too.
fn length(taps: usize, ratio: f64, band: f64) -> usize {
    (taps.saturating_sub(1) as f64 * ratio + 8.0 / band).ceil() as usize + 1
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// Keeps a loop that `old` stood in from growing where it did not: row-major
/// pairs, `columns` to a row.
fn turn_down(old: &[&[f64]], new: &mut [Vec<f64>], columns: usize) {
    let views: Vec<&[f64]> = new.iter().map(Vec::as_slice).collect();
    let over = most(&views, columns) / most(old, columns);
    if over.is_finite() && over > 1.0 {
        new.iter_mut().flatten().for_each(|tap| *tap /= over);
    }
}

/// The largest singular value at any frequency, on a grid.
fn most(pairs: &[&[f64]], columns: usize) -> f64 {
    let taps: usize = pairs.iter().map(|t| t.len()).sum();
    let longest = pairs.iter().map(|t| t.len()).max().unwrap_or(0);
    let count = (4 * longest).clamp(64, 2048).min(((1 << 27) / taps.max(1)).max(64));
    let at = |k: usize| {
        let z = Complex64::from_polar(1.0, -PI * k as f64 / count as f64);
        let h = |taps: &[f64]| taps.iter().rev().fold(Complex64::ZERO, |h, tap| h * z + tap);
        let h = DMatrix::from_fn(pairs.len() / columns, columns, |o, i| h(pairs[o * columns + i]));
        let size = h.norm();
        h.try_svd(false, false, 1e-14, 1000).map_or(size, |svd| svd.singular_values.max())
    };
    (0..=count).map(at).fold(0.0, f64::max)
}
