//! Matrices a few numbers describe.

use ndarray::Array2;

/// The square matrix with `gains` on its diagonal.
pub(super) fn diagonal(gains: &[f64]) -> Array2<f64> {
    let mut matrix = Array2::zeros((gains.len(), gains.len()));
    matrix.diag_mut().iter_mut().zip(gains).for_each(|(to, gain)| *to = *gain);
    matrix
}

/// I − 2uuᵀ/‖u‖², unless u is zero or not finite.
pub(super) fn householder(u: &[f64]) -> Option<Array2<f64>> {
    // Scaled first: squares of the largest numbers overflow.
    let most = u.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    let u: Vec<f64> = u.iter().map(|x| x / most).collect();
    let square: f64 = u.iter().map(|x| x * x).sum();
    let unit = |(i, j)| if i == j { 1.0 } else { 0.0 };
    let entry = |(i, j): (usize, usize)| unit((i, j)) - 2.0 * u[i] * u[j] / square;
    square.is_finite().then(|| Array2::from_shape_fn((u.len(), u.len()), entry))
}

/// Sylvester's Hadamard matrix of order `n` over √n, if `n` is a power of two.
pub(super) fn sylvester(n: usize) -> Option<Array2<f64>> {
    let size = 1.0 / (n as f64).sqrt();
    let entry = |(i, j): (usize, usize)| if (i & j).count_ones() % 2 == 0 { size } else { -size };
    n.is_power_of_two().then(|| Array2::from_shape_fn((n, n), entry))
}
