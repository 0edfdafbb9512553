//! Milliseconds of one step of training. Arguments: threads, steps.

use std::time::Instant;

use nn::program::{Builder, Conv, Finish, Mac, Op, Program};
use serde_json::json;
use serde_json::value::RawValue;
use train::tape::{Batch, Network};

fn standard(c: usize, h: usize) -> Network {
    let dilations: Vec<usize> = (0..10).map(|k| 1 << k).collect();
    let array = |inputs: usize, channels: usize, outputs: usize, bias: bool| {
        json!({ "input_size": inputs, "condition_size": 1, "channels": channels,
            "head_size": outputs, "head_bias": bias, "kernel_size": 3,
            "dilations": dilations, "activation": "Tanh", "gated": false })
    };
    let config = json!({ "layers": [array(1, c, h, false), array(c, h, 1, true)],
        "head": null, "head_scale": 0.02 });
    let raw = RawValue::from_string(config.to_string()).expect("JSON");
    let count = if c == 16 {
        13802
    } else {
        (1..20000).find(|n| Program::wavenet(&raw, &vec![0.0; *n]).is_ok()).expect("x")
    };
    Network::new(count, &[(count - 1, 0.02)], |w| Program::wavenet(&raw, w)).expect("a network")
}

fn mlp() -> Network {
    Network::new(49, &[], |w| {
        let mut b = Builder::new();
        let (input, hidden, output) = (b.buffer(1), b.buffer(16), b.buffer(1));
        let mac = Mac::new(16, Finish::PreciseTanh).conv(input, Conv::pointwise(1), &w[..16]);
        b.push(Op::Mac(mac.bias(&w[16..32]).to(hidden)));
        let mac = Mac::new(1, Finish::Identity).conv(hidden, Conv::pointwise(16), &w[32..48]);
        b.push(Op::Mac(mac.bias(&w[48..]).to(output)));
        b.finish(input, output, 1)
    })
    .expect("a network")
}

fn time(
    name: &str,
    mut network: Network,
    sequences: usize,
    outputs: usize,
    threads: usize,
    steps: usize,
) {
    let mut random = fastrand::Rng::with_seed(1);
    let weights: Vec<f32> = (0..network.weights()).map(|_| 0.2 * (random.f32() - 0.5)).collect();
    network.set(&weights);
    let mut batch = Batch::new(&network, outputs, threads);
    let audio: Vec<f32> = (0..batch.frames()).map(|_| random.f32() - 0.5).collect();
    let mut gradient = vec![0.0; network.weights()];
    let mut best = f64::MAX;
    let mut loss = 0.0;
    for _ in 0..steps {
        let start = Instant::now();
        loss = batch.step(
            &network,
            sequences,
            |_| vec![&audio],
            |_, y, e| {
                let n = y.len() as f32;
                y.iter()
                    .zip(e.iter_mut())
                    .map(|(y, e)| {
                        let d = y - 0.1;
                        *e = 2.0 * d / n;
                        f64::from(d * d)
                    })
                    .sum::<f64>()
                    / y.len() as f64
            },
            &mut gradient,
        );
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("{name}, {threads} threads: {:.2} ms (loss {loss:.4})", 1e3 * best);
}

fn main() {
    let argument =
        |i: usize, or: usize| std::env::args().nth(i).and_then(|a| a.parse().ok()).unwrap_or(or);
    let (threads, steps) = (argument(1, 2), argument(2, 5));
    time("MLP 1-16-1, 441000", mlp(), 108, 4096, threads, 8 * steps);
    time("nano, 16 x 8192", standard(4, 2), 16, 8192, threads, steps);
    time("standard, 16 x 8192", standard(16, 8), 16, 8192, threads, steps);
}
