//! A network of one input and no memory is a curve: it is drawn at load, in
//! cubics, and costs the same however wide it is.

use super::exact::evaluate;
use super::layer::{Layer, Spec};

/// Inputs up to this magnitude are read off the curve, 18 dB over full scale;
/// beyond, the network itself is asked.
const END: f32 = 8.0;

/// Widths of a cell that are tried, the finest last, as their inverses. Powers
/// of two, so that no bit is lost on the way to a place in a cell.
const FINENESS: [f32; 6] = [16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// The largest error, in proportion to the largest value where that is over 1.
const ERROR: f64 = 1e-6;

/// Weights of the widest network that is drawn at load in little time.
const MAX_WEIGHTS: usize = 1024;

/// Adding it rounds a small number to a whole one, which the low bits then hold.
const ROUND: f32 = 12_582_912.0;

/// Samples of a run.
const RUN: usize = 64;

/// The curve around each multiple of a cell's width, lowest first.
pub(super) struct Curve {
    cells: Vec<[f32; 4]>,
    fineness: f32,
}

impl Curve {
    /// The curve of a network that is one and smooth enough.
    pub(super) fn of(spec: &Spec) -> Option<Self> {
        let weights: usize = spec.layers.iter().map(Layer::weights).sum();
        if spec.inputs() > 1 || spec.antiderivative || weights > MAX_WEIGHTS {
            return None;
        }
        FINENESS.into_iter().find_map(|fineness| Self::draw(&spec.layers, fineness))
    }

    /// The curve in cells of one width, if that is fine enough.
    fn draw(layers: &[Layer], fineness: f32) -> Option<Self> {
        let half = (END * fineness) as i32;
        let width = 1.0 / f64::from(fineness);
        let at = |i: i32, t: f64| evaluate(layers, (f64::from(i) + t) * width);
        let mut cells = Vec::with_capacity(2 * half as usize);
        for i in -half..half {
            let y = [at(i, -0.5)?, at(i, -1.0 / 6.0)?, at(i, 1.0 / 6.0)?, at(i, 0.5)?];
            let cell = cubic(y);
            let bound = ERROR * y[0].abs().max(1.0);
            for t in [-0.35, -0.1, 0.0, 0.15, 0.4] {
                // NaN is not near either.
                let near = (f64::from(follow(&cell, t)) - at(i, f64::from(t))?).abs() <= bound;
                if !near {
                    return None;
                }
            }
            cells.push(cell);
        }
        Some(Self { cells, fineness })
    }

    /// Replaces all of `io` that lies on the curve; whether anything did not.
    pub(super) fn run(&self, io: &mut [f32]) -> bool {
        let (mut places, mut parts) = ([0u32; RUN], [0.0f32; RUN]);
        let half = (self.cells.len() / 2) as u32;
        let end = self.end();
        let mut beyond = false;
        for io in io.chunks_mut(RUN) {
            for ((x, place), part) in io.iter().zip(&mut places).zip(&mut parts) {
                let inside = x.abs() < end;
                beyond |= !inside;
                let x = if inside { x * self.fineness } else { 0.0 };
                let whole = x + ROUND;
                *place = (whole.to_bits() & 0xFFFF).wrapping_add(half) & 0xFFFF;
                *part = x - (whole - ROUND);
            }
            for ((y, place), t) in io.iter_mut().zip(&places).zip(&parts) {
                if let Some(cell) = self.cells.get(*place as usize) {
                    *y = follow(cell, *t);
                }
            }
        }
        beyond
    }

    /// Whether `x` lies on it.
    pub(super) fn holds(&self, x: f32) -> bool {
        x.abs() < self.end()
    }

    /// The middle of the last cell but one, where rounding stays inside.
    fn end(&self) -> f32 {
        END - 1.0 / self.fineness
    }
}

/// The cubic through four values at −½, −⅙, ⅙ and ½, lowest power first.
fn cubic([a, b, c, d]: [f64; 4]) -> [f32; 4] {
    let (outer, inner) = ((a + d) / 2.0, (b + c) / 2.0);
    let (far, near) = (d - a, 3.0 * (c - b));
    let square = (outer - inner) * 4.5;
    let cube = (far - near) * 4.5;
    [inner - square / 36.0, near - cube / 36.0, square, cube].map(|c| c as f32)
}

#[inline(always)]
fn follow(cell: &[f32; 4], t: f32) -> f32 {
    ((cell[3] * t + cell[2]) * t + cell[1]) * t + cell[0]
}
