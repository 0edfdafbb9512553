//! What makes up for a network that is integrated from sample to sample.
//!
//! Where such a network is linear it is the mean of two samples: it comes half a
//! sample late, and a frequency of ω radians a sample falls by cos(ω/2). A filter of
//! even length, late by whole samples and a half, brings back both.

use std::f64::consts::PI;

use fearless_simd::{Level, Simd, dispatch, prelude::*};

use super::{BLOCK, Oversampling};

/// How far the band reaches that becomes flat, as a share of the host's rate: 20 kHz at
/// 44.1, but only 12 where nothing is oversampled. There, what lifted the highest
/// frequencies would lift the aliases among them by as much as was won.
const EDGES: [f64; 5] = [12.0 / 44.1, EDGE, EDGE, EDGE, EDGE];
const EDGE: f64 = 20.0 / 44.1;

/// Half the taps, by the number of doublings: with as many, the band is flat within
/// 0.01 dB.
const HALVES: [usize; 5] = [6, 6, 4, 3, 3];

/// Points at which the band is looked at.
const POINTS: usize = 400;

/// One channel of it.
pub(super) struct Droop {
    /// The outer first.
    taps: Vec<f32>,
    /// Past and present, and room for a vector too many.
    samples: Vec<f32>,
    output: Vec<f32>,
    level: Level,
}

impl Droop {
    pub(super) fn new(oversampling: Oversampling, level: Level) -> Self {
        let taps = taps(oversampling);
        let most = BLOCK * oversampling.factor() + 16;
        Self { samples: vec![0.0; 2 * taps.len() - 1 + most], output: vec![0.0; most], taps, level }
    }

    /// Samples by which it comes late together with the network.
    pub(super) fn delay(oversampling: Oversampling) -> usize {
        HALVES[oversampling.stages()]
    }

    pub(super) fn reset(&mut self) {
        self.samples.fill(0.0);
    }

    /// At most a block at the highest rate.
    pub(super) fn process(&mut self, io: &mut [f32]) {
        let past = 2 * self.taps.len() - 1;
        self.samples[past..past + io.len()].copy_from_slice(io);
        dispatch!(self.level, s => self.run(s, io.len()));
        io.copy_from_slice(&self.output[..io.len()]);
        self.samples.copy_within(io.len()..io.len() + past, 0);
    }

    #[inline(always)]
    fn run<S: Simd>(&mut self, s: S, n: usize) {
        let lanes = S::f32s::LEN;
        let last = 2 * self.taps.len() - 1;
        for at in (0..n).step_by(lanes) {
            let load = |from: usize| S::f32s::from_slice(s, &self.samples[from..from + lanes]);
            let mut sum = S::f32s::splat(s, 0.0);
            for (j, tap) in self.taps.iter().enumerate() {
                let pair = load(at + j) + load(at + last - j);
                sum = pair.mul_add(S::f32s::splat(s, *tap), sum);
            }
            sum.store_slice(&mut self.output[at..at + lanes]);
        }
    }
}

/// By least squares over the pass band: the response, Σ 2 h cos((m − ½) ω), times
/// cos(ω/2) is Σ h (cos(m ω) + cos((m − 1) ω)), which is to be 1.
fn taps(oversampling: Oversampling) -> Vec<f32> {
    let half = HALVES[oversampling.stages()];
    let edge = 2.0 * PI * EDGES[oversampling.stages()] / oversampling.factor() as f64;
    let mut rows = vec![vec![0.0; half + 1]; half];
    for point in 0..POINTS {
        // Closer together towards the edge, where the error is largest.
        let w = edge * (0.5 * PI * (point as f64 + 0.5) / POINTS as f64).sin();
        let basis = |m: usize| (m as f64 * w).cos() + ((m as f64 - 1.0) * w).cos();
        for (i, row) in rows.iter_mut().enumerate() {
            let of = basis(i + 1);
            row[..half].iter_mut().enumerate().for_each(|(j, sum)| *sum += of * basis(j + 1));
            row[half] += of;
        }
    }
    let mut taps = solve(rows);
    // The one next to the middle came first.
    taps.reverse();
    taps.into_iter().map(|tap| tap as f32).collect()
}

/// Solves linear equations, each a row with its right side last, by elimination.
fn solve(mut rows: Vec<Vec<f64>>) -> Vec<f64> {
    let n = rows.len();
    for k in 0..n {
        let largest = (k..n).max_by(|a, b| rows[*a][k].abs().total_cmp(&rows[*b][k].abs()));
        rows.swap(k, largest.unwrap_or(k));
        let pivot = rows[k].clone();
        for row in &mut rows[k + 1..] {
            let factor = row[k] / pivot[k];
            row.iter_mut().zip(&pivot).skip(k).for_each(|(x, p)| *x -= factor * p);
        }
    }
    let mut solution = vec![0.0; n];
    for k in (0..n).rev() {
        let known: f64 = (k + 1..n).map(|j| rows[k][j] * solution[j]).sum();
        solution[k] = (rows[k][n] - known) / rows[k][k];
    }
    solution
}
