//! Steps of training from given weights over given passages: their losses, and how long
//! they take. `python/compare_training.py` asks for the same of PyTorch.
//!
//! Reads a request as JSON from standard input, and answers so on standard output.

use std::io::Read as _;
use std::time::Instant;

use nn::program::{Builder, Conv, Finish, Mac, Op, Program};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use train::loss::{self, Loss};
use train::optimiser::{self, Optimiser};
use train::recurrent::{Cell, Recurrent, Unrolled};
use train::tape::{Batch, Network};

#[derive(Deserialize)]
struct Request {
    /// What to teach.
    network: Kind,
    weights: Vec<f32>,
    /// Files of little-endian floats.
    dry: String,
    wet: String,
    /// By step: where the passages begin that count. A step is repeated as long as there
    /// are steps.
    starts: Vec<Vec<usize>>,
    /// Samples of a passage.
    length: usize,
    steps: usize,
    threads: usize,
    loss: loss::Options,
    optimiser: optimiser::Options,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Wavenet(Box<RawValue>),
    Mlp { hidden: usize },
    Lstm { hidden: usize },
}

#[derive(Serialize)]
struct Answer {
    /// Before each step.
    losses: Vec<f64>,
    /// Milliseconds of each step.
    times: Vec<f64>,
    weights: Vec<f32>,
}

type Failure = Box<dyn std::error::Error>;

fn floats(path: &str) -> Result<Vec<f32>, Failure> {
    let bytes = std::fs::read(path)?;
    let floats = bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
    Ok(floats.collect())
}

fn wavenet(config: &RawValue, weights: &[f32]) -> Result<Network, Failure> {
    let scale = weights.last().copied().unwrap_or(1.0);
    let program = |weights: &[f32]| Program::wavenet(config, weights);
    Ok(Network::new(weights.len(), &[(weights.len() - 1, scale)], program)?)
}

/// One input, one hidden layer of tanh; weights as PyTorch has them, layer by layer.
fn mlp(hidden: usize) -> Result<Network, Failure> {
    Ok(Network::new(3 * hidden + 1, &[], |w| {
        let mut b = Builder::new();
        let (input, middle, output) = (b.buffer(1), b.buffer(hidden), b.buffer(1));
        let mac = Mac::new(hidden, Finish::PreciseTanh);
        let mac = mac.conv(input, Conv::pointwise(1), &w[..hidden]).bias(&w[hidden..2 * hidden]);
        b.push(Op::Mac(mac.to(middle)));
        let mac = Mac::new(1, Finish::Identity);
        let mac = mac.conv(middle, Conv::pointwise(hidden), &w[2 * hidden..3 * hidden]);
        b.push(Op::Mac(mac.bias(&w[3 * hidden..]).to(output)));
        b.finish(input, output, 1)
    })?)
}

/// The loss of a batch and its gradient, by the number of the step.
type Step<'a> = Box<dyn FnMut(usize, &[f32], &mut [f32]) -> f64 + 'a>;

fn feed<'a>(
    request: &'a Request,
    mut network: Network,
    dry: &'a [f32],
    wet: &'a [f32],
) -> Result<Step<'a>, Failure> {
    let length = request.length;
    let mut batch = Batch::new(&network, length, request.threads);
    Loss::new(&request.loss, 48_000.0, length)?;
    let before = network.receptive_field() - 1;
    Ok(Box::new(move |step, weights, gradient| {
        network.set(weights);
        let starts = &request.starts[step % request.starts.len()];
        let input = |i: usize| vec![&dry[starts[i] - before..starts[i] + length]];
        thread_local! {
            static LOSS: std::cell::RefCell<Option<Loss>> = const { std::cell::RefCell::new(None) };
        }
        let loss = |i: usize, answer: &[f32], errors: &mut [f32]| {
            LOSS.with_borrow_mut(|loss| {
                if loss.as_ref().is_none_or(|loss| loss.length() != length) {
                    *loss = Loss::new(&request.loss, 48_000.0, length).ok();
                }
                let target = &wet[starts[i]..starts[i] + length];
                loss.as_mut().map_or(f64::NAN, |loss| loss.evaluate(answer, target, errors))
            })
        };
        batch.step(&network, starts.len(), input, loss, gradient)
    }))
}

fn lstm<'a>(
    request: &'a Request,
    hidden: usize,
    dry: &'a [f32],
    wet: &'a [f32],
) -> Result<Step<'a>, Failure> {
    const GROUP: usize = 16;
    let length = request.length;
    let mut network = Recurrent::new(Cell::Lstm, 1, hidden, false)?;
    let lanes = request.starts[0].len();
    let groups = (0..lanes).step_by(GROUP).map(|first| {
        let lanes = GROUP.min(lanes - first);
        let loss = Loss::new(&request.loss, 48_000.0, length)?;
        let gradient = vec![0.0; network.weights()];
        Ok((Unrolled::new(&network, length, lanes)?, loss, vec![0.0; lanes * length], gradient))
    });
    let mut groups = groups.collect::<Result<Vec<_>, train::Error>>()?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(request.threads).build()?;
    Ok(Box::new(move |step, weights, gradient| {
        use rayon::prelude::*;
        network.set(weights);
        let starts = &request.starts[step % request.starts.len()];
        let passage = |of: &'a [f32], start: usize| &of[start..start + length];
        let losses: Vec<f64> = pool.install(|| {
            let all = groups.par_iter_mut().zip(starts.par_chunks(GROUP));
            all.map(|((memory, loss, errors, gradient), starts)| {
                memory.reset();
                let rows: Vec<&[f32]> = starts.iter().map(|start| passage(dry, *start)).collect();
                let answers = memory.forward(&network, &rows).chunks_exact(length);
                let each = answers.zip(errors.chunks_exact_mut(length)).zip(starts);
                let sum = each
                    .map(|((y, e), start)| loss.evaluate(y, passage(wet, *start), e))
                    .sum::<f64>();
                gradient.fill(0.0);
                memory.backward(&network, errors, gradient);
                sum
            })
            .collect()
        });
        gradient.fill(0.0);
        for (_, _, _, part) in &groups {
            gradient.iter_mut().zip(part).for_each(|(sum, g)| *sum += g / starts.len() as f32);
        }
        losses.iter().sum::<f64>() / starts.len() as f64
    }))
}

fn main() -> Result<(), Failure> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let request: Request = serde_json::from_str(&text)?;
    let (dry, wet) = (floats(&request.dry)?, floats(&request.wet)?);
    let mut weights = request.weights.clone();
    let mut optimiser = Optimiser::new(&request.optimiser, weights.len())?;
    let mut step = match &request.network {
        Kind::Wavenet(config) => feed(&request, wavenet(config, &weights)?, &dry, &wet)?,
        Kind::Mlp { hidden } => feed(&request, mlp(*hidden)?, &dry, &wet)?,
        Kind::Lstm { hidden } => lstm(&request, *hidden, &dry, &wet)?,
    };
    let mut gradient = vec![0.0; weights.len()];
    let (mut losses, mut times) = (Vec::new(), Vec::new());
    for n in 0..request.steps {
        let begun = Instant::now();
        losses.push(step(n, &weights, &mut gradient));
        optimiser.step(&mut weights, &gradient);
        times.push(1e3 * begun.elapsed().as_secs_f64());
    }
    drop(step);
    println!("{}", serde_json::to_string(&Answer { losses, times, weights })?);
    Ok(())
}
