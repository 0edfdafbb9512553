use super::*;

/// Residuals a·exp(−b t) + c − y at regular instants, in blocks.
struct Decay {
    wanted: Vec<f64>,
    block: usize,
    parameters: usize,
    stiffness: Vec<f64>,
}

impl Decay {
    fn new(truth: [f64; 3], n: usize, block: usize) -> Self {
        let wanted = (0..n).map(|i| at(&truth, i as f64 * 0.01)).collect();
        Self { wanted, block, parameters: 3, stiffness: Vec::new() }
    }
}

fn at(p: &[f64], t: f64) -> f64 {
    p[0] * (-p[1] * t).exp() + p[2]
}

/// Weights grow in time, so that a mistake in them shows.
fn weight(i: usize) -> f64 {
    0.5 + 0.001 * i as f64
}

impl Problem for Decay {
    type Prepared = ();

    fn prepare(&self, _: &[f64], _: bool) {}

    fn parameters(&self) -> usize {
        self.parameters
    }

    fn blocks(&self) -> usize {
        self.wanted.len().div_ceil(self.block)
    }

    fn differentiate(&self, p: &[f64], (): &(), block: usize, sums: &mut Sums) {
        let from = block * self.block;
        let wanted = &self.wanted[from..(from + self.block).min(self.wanted.len())];
        let mut rows = Rows::new(self.parameters, self.block);
        rows.resize(wanted.len());
        for (i, wanted) in wanted.iter().enumerate() {
            let t = (from + i) as f64 * 0.01;
            let e = (-p[1] * t).exp();
            rows.panel_mut(0)[i][..3].copy_from_slice(&[e, -t * p[0] * e, 1.0]);
            rows.residuals_mut()[i] = at(p, t) - wanted;
            rows.weights_mut()[i] = weight(from + i);
        }
        sums.add(&mut rows);
    }

    fn cost(&self, p: &[f64], (): &(), block: usize) -> f64 {
        let from = block * self.block;
        let wanted = self.wanted[from..].iter().take(self.block).enumerate();
        let square = |(i, wanted): (usize, &f64)| {
            (weight(from + i) * (at(p, (from + i) as f64 * 0.01) - wanted)).powi(2)
        };
        0.5 * wanted.map(square).sum::<f64>()
    }

    fn stiffness(&self) -> &[f64] {
        &self.stiffness
    }
}

fn go_on(_: &Iteration<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn finds_what_made_the_data() {
    let truth = [1.5, 2.5, -0.3];
    let found = minimise(
        &Decay::new(truth, 500, 64),
        vec![0.1, 0.5, 0.0],
        &Options { tolerance: 1e-14, ..Options::default() },
        &mut go_on,
    );
    for (p, truth) in found.parameters.iter().zip(truth) {
        assert!((p - truth).abs() < 1e-6, "{:?} after {}", found.parameters, found.iterations);
    }
}

/// The sums over blocks are those over all rows at once, and cost is the same either way.
#[test]
fn sums_are_those_of_the_definition() {
    let p = [0.7, 1.1, 0.2];
    let decay = Decay::new([1.5, 2.5, -0.3], 777, 100);
    let found = sums(&decay, &p);
    let (mut matrix, mut gradient, mut half) = ([[0.0; 3]; 3], [0.0; 3], 0.0);
    for (i, wanted) in decay.wanted.iter().enumerate() {
        let t = i as f64 * 0.01;
        let e = (-p[1] * t).exp();
        let row = [e, -t * p[0] * e, 1.0].map(|d| weight(i) * d);
        let r = weight(i) * (at(&p, t) - wanted);
        half += 0.5 * r * r;
        for k in 0..3 {
            gradient[k] += row[k] * r;
            (0..3).for_each(|l| matrix[k][l] += row[k] * row[l]);
        }
    }
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs();
    assert!(near(found.cost, half) && near(cost(&decay, &p), half));
    for k in 0..3 {
        assert!(near(found.gradient[k], gradient[k]));
        (0..3).for_each(|l| assert!(near(found.at(k, l), matrix[k][l]), "{k} {l}"));
    }
}

/// Several panels: every tile of the matrix is the product of its columns, whatever the
/// width of vectors.
#[test]
fn tiles_are_products_of_columns() {
    let (parameters, n) = (3 * LANES - 2, 37);
    let mut rng = fastrand::Rng::with_seed(7);
    let columns: Vec<Vec<f64>> =
        (0..parameters).map(|_| (0..n).map(|_| rng.f64() - 0.5).collect()).collect();
    let mut rows = Rows::new(parameters, 64);
    rows.resize(n);
    for (c, column) in columns.iter().enumerate() {
        let panel = rows.panel_mut(c / LANES);
        panel.iter_mut().zip(column).for_each(|(row, x)| row[c % LANES] = *x);
    }
    for isa in cpu::Isa::available() {
        let mut sums = Sums { level: isa.level(), ..Sums::new(parameters) };
        // Weights are 1, so that they can be added again.
        sums.add(&mut rows);
        for (i, a) in columns.iter().enumerate() {
            for (j, b) in columns.iter().enumerate() {
                let product: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
                assert!((sums.at(i, j) - product).abs() < 1e-13, "{isa:?} {i} {j}");
            }
        }
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let decay = Decay::new([1.5, 2.5, -0.3], 5000, 100);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let start = vec![0.1, 0.5, 0.0];
        let options = Options::default();
        pool.expect("threads").install(|| minimise(&decay, start, &options, &mut go_on))
    };
    let (one, three) = (on(1), on(3));
    assert_eq!(one.parameters, three.parameters);
    assert_eq!(one.cost, three.cost);
}

/// A parameter without effect stays where it is, or goes where stiffness draws it.
#[test]
fn parameters_without_effect() {
    let mut decay = Decay { parameters: 5, ..Decay::new([1.5, 2.5, -0.3], 500, 64) };
    let start = vec![0.1, 0.5, 0.0, 4.0, -2.0];
    let found = minimise(&decay, start.clone(), &Options::default(), &mut go_on);
    assert!(found.cost < 1e-12, "{:e}", found.cost);
    assert_eq!(found.parameters[3..], [4.0, -2.0]);
    decay.stiffness = vec![0.0, 0.0, 0.0, 1e-3, 1e-3];
    let found = minimise(&decay, start, &Options::default(), &mut go_on);
    assert!(found.parameters[3].abs() < 1e-3, "{:?}", found.parameters);
}

#[test]
fn ends_for_each_of_its_reasons() {
    let decay = Decay::new([1.5, 2.5, -0.3], 500, 64);
    let start = || vec![0.1, 0.5, 0.0];
    let few = Options { iterations: 2, ..Options::default() };
    assert_eq!(minimise(&decay, start(), &few, &mut go_on).stop, Stop::Iterations);
    let many = Options { iterations: 1000, tolerance: 1e-3, ..Options::default() };
    let mut noisy = Decay::new([1.5, 2.5, -0.3], 500, 64);
    noisy.wanted.iter_mut().enumerate().for_each(|(i, y)| *y += 0.01 * (12.9 * i as f64).sin());
    assert_eq!(minimise(&noisy, start(), &many, &mut go_on).stop, Stop::Converged);
    let asked = minimise(&decay, start(), &many, &mut |now| {
        if now.iteration == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((asked.stop, asked.iterations), (Stop::Asked, 3));
    // Nothing is better than the truth.
    let truth = minimise(&decay, vec![1.5, 2.5, -0.3], &many, &mut go_on);
    assert_eq!((truth.stop, truth.cost), (Stop::Stuck, 0.0));
    // What is not a number is no answer.
    let lost = minimise(&decay, vec![f64::NAN; 3], &many, &mut go_on);
    assert_eq!(lost.stop, Stop::Stuck);
}
