//! The networks written plainly, sample by sample: once as vectors of vectors
//! that each layer allocates anew, once as flat loops over memory held ready.

use crate::common::Process;

type Matrix = Vec<Vec<f32>>;

/// The rational function the engines use, degree 9 over 8, in one number.
#[inline(always)]
fn tanh(x: f32) -> f32 {
    let x = x.clamp(-9.0, 9.0);
    let y = x * x;
    let top = (((1.335_427_8e-8 * y + 2.060_879e-5) * y + 3.495_569_8e-3) * y + 0.133_810_1) * y;
    let bottom =
        (((7.776_397e-7 * y + 3.285_605_3e-4) * y + 2.587_691_2e-2) * y + 0.467_143_26) * y;
    x * (top + 1.0) / (bottom + 1.0)
}

fn sigmoid(x: f32) -> f32 {
    0.5 + 0.5 * tanh(0.5 * x)
}

/// `w x + b`, layer by layer and vector by vector.
fn times(w: &[Vec<f32>], x: &[f32], b: &[f32]) -> Vec<f32> {
    let dot = |row: &Vec<f32>| row.iter().zip(x).map(|(w, x)| w * x).sum::<f32>();
    w.iter().zip(b).map(|(row, b)| b + dot(row)).collect()
}

/// Each step of a network as a function of fresh vectors.
pub(crate) struct Nested;

impl Nested {
    pub(crate) fn mlp(layers: Vec<(Matrix, Vec<f32>)>, history: usize) -> Process {
        let mut past = vec![0.0; history];
        Box::new(move |io| {
            for io in io {
                past.remove(0);
                past.push(*io);
                let mut x = past.clone();
                for (i, (w, b)) in layers.iter().enumerate() {
                    x = times(w, &x, b);
                    if i + 1 < layers.len() {
                        x = x.into_iter().map(tanh).collect();
                    }
                }
                *io = x[0];
            }
        })
    }

    pub(crate) fn lstm(input: Matrix, own: Matrix, bias: Vec<f32>, head: Vec<f32>) -> Process {
        let n = head.len();
        let (mut h, mut c) = (vec![0.0; n], vec![0.0; n]);
        let none = vec![0.0; 4 * n];
        Box::new(move |io| {
            for io in io {
                let (a, b) = (times(&input, &[*io], &bias), times(&own, &h, &none));
                let z: Vec<f32> = a.iter().zip(&b).map(|(a, b)| a + b).collect();
                let keep = |u: usize| sigmoid(z[n + u]) * c[u];
                c = (0..n).map(|u| keep(u) + sigmoid(z[u]) * tanh(z[2 * n + u])).collect();
                h = (0..n).map(|u| sigmoid(z[3 * n + u]) * tanh(c[u])).collect();
                *io = times(std::slice::from_ref(&head), &h, &[0.1])[0];
            }
        })
    }

    pub(crate) fn gru(
        input: Matrix,
        own: Matrix,
        [bias, own_bias]: [Vec<f32>; 2],
        head: Vec<f32>,
    ) -> Process {
        let n = head.len();
        let mut h = vec![0.0; n];
        Box::new(move |io| {
            for io in io {
                let (a, b) = (times(&input, &[*io], &bias), times(&own, &h, &own_bias));
                let next = |u: usize| {
                    let (r, z) = (sigmoid(a[u] + b[u]), sigmoid(a[n + u] + b[n + u]));
                    z * h[u] + (1.0 - z) * tanh(a[2 * n + u] + r * b[2 * n + u])
                };
                h = (0..n).map(next).collect();
                *io = times(std::slice::from_ref(&head), &h, &[0.1])[0];
            }
        })
    }
}

/// One matrix, row after row.
struct Flat {
    weights: Vec<f32>,
    bias: Vec<f32>,
    columns: usize,
}

impl Flat {
    fn new(matrix: &[Vec<f32>], bias: &[f32]) -> Self {
        Self { weights: matrix.concat(), bias: bias.to_vec(), columns: matrix[0].len() }
    }

    fn run(&self, x: &[f32], y: &mut [f32]) {
        let rows = self.weights.chunks_exact(self.columns);
        for ((row, b), y) in rows.zip(&self.bias).zip(y) {
            let mut sum = *b;
            for (w, x) in row.iter().zip(x) {
                sum += w * x;
            }
            *y = sum;
        }
    }
}

/// Dense layers with tanh between them.
pub(crate) struct Mlp;

impl Mlp {
    pub(crate) fn running(layers: &[(Matrix, Vec<f32>)], history: usize) -> Process {
        let layers: Vec<Flat> = layers.iter().map(|(w, b)| Flat::new(w, b)).collect();
        let width = layers.iter().map(|layer| layer.bias.len().max(layer.columns)).max();
        let (mut x, mut y) = (vec![0.0; width.unwrap_or(1)], vec![0.0; width.unwrap_or(1)]);
        let mut past = vec![0.0; history];
        let last = layers.len() - 1;
        Box::new(move |io| {
            for io in io {
                past.copy_within(1.., 0);
                past[history - 1] = *io;
                x[..history].copy_from_slice(&past);
                for (i, layer) in layers.iter().enumerate() {
                    let n = layer.bias.len();
                    layer.run(&x, &mut y);
                    if i < last {
                        y[..n].iter_mut().for_each(|y| *y = tanh(*y));
                    }
                    std::mem::swap(&mut x, &mut y);
                }
                *io = x[0];
            }
        })
    }
}

/// An LSTM and a dense layer to one output.
pub(crate) struct Lstm;

impl Lstm {
    pub(crate) fn running(input: &Matrix, own: &Matrix, bias: &[f32], head: &[f32]) -> Process {
        let n = head.len();
        let (input, own, head) = (input.concat(), Flat::new(own, bias), head.to_vec());
        let (mut h, mut c, mut z) = (vec![0.0; n], vec![0.0; n], vec![0.0; 4 * n]);
        Box::new(move |io| {
            for io in io {
                own.run(&h, &mut z);
                z.iter_mut().zip(&input).for_each(|(z, w)| *z += w * *io);
                let mut sum = 0.1;
                for u in 0..n {
                    c[u] = sigmoid(z[n + u]) * c[u] + sigmoid(z[u]) * tanh(z[2 * n + u]);
                    h[u] = sigmoid(z[3 * n + u]) * tanh(c[u]);
                    sum += head[u] * h[u];
                }
                *io = sum;
            }
        })
    }
}

/// A GRU and a dense layer to one output.
pub(crate) struct Gru;

impl Gru {
    pub(crate) fn running(
        input: &Matrix,
        own: &Matrix,
        [bias, own_bias]: &[Vec<f32>; 2],
        head: &[f32],
    ) -> Process {
        let n = head.len();
        let (input, own, head) = (Flat::new(input, bias), Flat::new(own, own_bias), head.to_vec());
        let (mut h, mut a, mut b) = (vec![0.0; n], vec![0.0; 3 * n], vec![0.0; 3 * n]);
        Box::new(move |io| {
            for io in io {
                input.run(&[*io], &mut a);
                own.run(&h, &mut b);
                let mut sum = 0.1;
                for u in 0..n {
                    let (r, z) = (sigmoid(a[u] + b[u]), sigmoid(a[n + u] + b[n + u]));
                    h[u] = z * h[u] + (1.0 - z) * tanh(a[2 * n + u] + r * b[2 * n + u]);
                    sum += head[u] * h[u];
                }
                *io = sum;
            }
        })
    }
}
