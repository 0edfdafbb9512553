//! What a least-squares step needs to know of all residuals, added up block by block.

use cpu::Isa;
use fearless_simd::{Level, Simd, dispatch, f64x8, prelude::*};

/// Parameters side by side in a panel of a Jacobian.
pub const LANES: usize = 8;

/// Columns whose products with a panel fit the registers, beside their operands, of
/// machines whose vectors are narrower than a panel.
const NARROW: usize = 4;

/// Some residuals and their derivatives, in panels of [`LANES`] parameters.
#[derive(Clone, Debug)]
pub struct Rows {
    /// Panel by panel, each `capacity` rows of which the first `len` count.
    jacobian: Vec<[f64; LANES]>,
    residuals: Vec<f64>,
    weights: Vec<f64>,
    capacity: usize,
    len: usize,
}

impl Rows {
    /// Room for `capacity` residuals of as many `parameters`.
    pub fn new(parameters: usize, capacity: usize) -> Self {
        Self {
            jacobian: vec![[0.0; LANES]; parameters.div_ceil(LANES) * capacity],
            residuals: vec![0.0; capacity],
            weights: vec![1.0; capacity],
            capacity,
            len: capacity,
        }
    }

    /// Uses the first `len` rows only, or as many as there is room for.
    pub fn resize(&mut self, len: usize) {
        self.len = len.min(self.capacity);
    }

    /// The derivatives by parameters [`LANES`]·`panel` and the next, row by row.
    /// Those of parameters that do not exist are to stay zero.
    pub fn panel_mut(&mut self, panel: usize) -> &mut [[f64; LANES]] {
        &mut self.jacobian[panel * self.capacity..][..self.len]
    }

    /// All panels in order, each as [`panel_mut`](Self::panel_mut) has it.
    pub fn panels_mut(&mut self) -> impl Iterator<Item = &mut [[f64; LANES]]> {
        let len = self.len;
        self.jacobian.chunks_exact_mut(self.capacity.max(1)).map(move |panel| &mut panel[..len])
    }

    /// The same to read.
    pub fn panel(&self, panel: usize) -> &[[f64; LANES]] {
        &self.jacobian[panel * self.capacity..][..self.len]
    }

    /// What is to become small: value found less value wanted, without weights.
    pub fn residuals_mut(&mut self) -> &mut [f64] {
        &mut self.residuals[..self.len]
    }

    /// What each residual is multiplied with before it is squared; 1 at first.
    pub fn weights_mut(&mut self) -> &mut [f64] {
        &mut self.weights[..self.len]
    }

    fn panels(&self) -> usize {
        self.jacobian.len() / self.capacity.max(1)
    }
}

/// JᵀW²J, JᵀW²r and ½ rᵀW²r of residuals r, their derivatives J and their weights W.
#[derive(Clone, Debug)]
pub struct Sums {
    /// Row by row of a square; of the tiles of [`LANES`] only those on or above the diagonal.
    pub(super) matrix: Vec<f64>,
    pub(super) gradient: Vec<f64>,
    /// Half the sum of squares.
    pub(super) cost: f64,
    /// Rows of the square.
    pub(super) side: usize,
    pub(super) level: Level,
}

impl Sums {
    pub(super) fn new(parameters: usize) -> Self {
        let side = parameters.div_ceil(LANES) * LANES;
        let (matrix, gradient) = (vec![0.0; side * side], vec![0.0; side]);
        Self { matrix, gradient, cost: 0.0, side, level: Isa::best().level() }
    }

    /// Adds residuals up. Weighs `rows`, which cannot be added again after it.
    pub fn add(&mut self, rows: &mut Rows) {
        dispatch!(self.level, s => self.add_on(s, rows));
    }

    #[inline(always)]
    fn add_on<S: Simd>(&mut self, s: S, rows: &mut Rows) {
        let (n, panels) = (rows.len, rows.panels().min(self.side / LANES));
        for (r, w) in rows.residuals.iter_mut().zip(&rows.weights).take(n) {
            *r *= w;
            self.cost += 0.5 * *r * *r;
        }
        for i in 0..panels {
            let panel = &mut rows.jacobian[i * rows.capacity..][..n];
            let mut sum = f64x8::splat(s, 0.0);
            for ((row, w), r) in panel.iter_mut().zip(&rows.weights).zip(&rows.residuals) {
                let weighted = f64x8::load_array(s, *row) * f64x8::splat(s, *w);
                *row = weighted.to_array();
                sum = weighted.mul_add(f64x8::splat(s, *r), sum);
            }
            let gradient = &mut self.gradient[i * LANES..][..LANES];
            gradient.iter_mut().zip(sum.to_array()).for_each(|(g, sum)| *g += sum);
        }
        for i in 0..panels {
            for j in i..panels {
                if S::f32s::LEN == 16 {
                    self.tile::<S, LANES>(s, rows, [i, j], 0);
                } else {
                    self.tile::<S, NARROW>(s, rows, [i, j], 0);
                    self.tile::<S, NARROW>(s, rows, [i, j], NARROW);
                }
            }
        }
    }

    /// Adds the products of `N` columns of panel `i`, from `first` on, with all of panel `j`.
    #[inline(always)]
    fn tile<S: Simd, const N: usize>(
        &mut self,
        s: S,
        rows: &Rows,
        [i, j]: [usize; 2],
        first: usize,
    ) {
        let tile = product::<S, N>(s, rows.panel(i), rows.panel(j), first);
        for (k, sums) in tile.iter().enumerate() {
            let at = (i * LANES + first + k) * self.side + j * LANES;
            let row = &mut self.matrix[at..][..LANES];
            row.iter_mut().zip(sums).for_each(|(a, sum)| *a += sum);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.cost += other.cost;
        self.gradient.iter_mut().zip(&other.gradient).for_each(|(a, b)| *a += b);
        self.matrix.iter_mut().zip(&other.matrix).for_each(|(a, b)| *a += b);
    }

    /// The matrix by row and column, either way round.
    pub(super) fn at(&self, i: usize, j: usize) -> f64 {
        self.matrix[i.min(j) * self.side + i.max(j)]
    }
}

/// Products of `N` columns of one panel, from `first` on, with all of another.
#[inline(always)]
fn product<S: Simd, const N: usize>(
    s: S,
    left: &[[f64; LANES]],
    right: &[[f64; LANES]],
    first: usize,
) -> [[f64; LANES]; N] {
    let mut sums = [f64x8::splat(s, 0.0); N];
    for (left, right) in left.iter().zip(right) {
        let right = f64x8::load_array(s, *right);
        for (sum, left) in sums.iter_mut().zip(&left[first..first + N]) {
            *sum = f64x8::splat(s, *left).mul_add(right, *sum);
        }
    }
    sums.map(|sum| sum.to_array())
}
