//! Model files with seeded random weights, in every official shape: the text
//! of real `.nam` files, loud enough to be driven and never silent.
#![allow(dead_code, reason = "each test or bench uses a part")]
#![allow(unreachable_pub, reason = "a module of test binaries, public in spirit")]

use serde_json::{Value, json};

/// Uniform in ±1, the same for the same seed.
pub struct Random(u64);

impl Random {
    /// Any seed but zero.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// The next number.
    pub fn draw(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    /// `n` numbers within ±`scale`, put at the end of `weights`.
    fn add(&mut self, weights: &mut Vec<f32>, n: usize, scale: f32) {
        weights.extend((0..n).map(|_| scale * self.draw()));
    }
}

/// The file of a network at 48 kHz.
pub fn file(version: &str, architecture: &str, config: &Value, weights: &[f32]) -> String {
    json!({
        "version": version,
        "architecture": architecture,
        "config": config,
        "weights": weights,
        "sample_rate": 48_000,
        "metadata": { "name": "synthetic" },
    })
    .to_string()
}

/// An impulse response that decays by 60 dB over `taps`.
pub fn linear(taps: usize) -> String {
    let mut random = Random::new(taps as u64);
    let decay = |i: usize| (-6.9 * (taps - 1 - i) as f32 / taps as f32).exp();
    let weights: Vec<f32> = (0..taps).map(|i| 0.3 * random.draw() * decay(i)).collect();
    file("0.5.4", "Linear", &json!({ "receptive_field": taps, "bias": false }), &weights)
}

/// Weights within ±2/√hidden.
pub fn lstm(layers: usize, hidden: usize) -> String {
    let layer = |inputs: usize| 4 * hidden * (inputs + hidden + 1) + 2 * hidden;
    let count = layer(1) + (layers - 1) * layer(hidden) + hidden + 1;
    let mut weights = Vec::new();
    Random::new((100 * layers + hidden) as u64).add(
        &mut weights,
        count,
        2.0 / (hidden as f32).sqrt(),
    );
    let config = json!({ "input_size": 1, "hidden_size": hidden, "num_layers": layers });
    file("0.5.4", "LSTM", &config, &weights)
}

/// Two stacks of dilations 1 to 2048, batch-normalised.
pub fn convnet(channels: usize) -> String {
    let dilations: Vec<usize> = (0..24).map(|i| 1 << (i % 12)).collect();
    let (mut random, mut weights) = (Random::new(3), Vec::new());
    for i in 0..dilations.len() {
        let inputs = if i == 0 { 1 } else { channels };
        random.add(&mut weights, channels * inputs * 2, 1.0 / (inputs as f32).sqrt());
        random.add(&mut weights, channels, 0.1); // mean
        weights.extend((0..channels).map(|_| 0.6 + 0.4 * random.draw())); // variance
        weights.extend((0..channels).map(|_| 1.0 + 0.3 * random.draw())); // gain
        random.add(&mut weights, channels, 0.2); // shift
        weights.push(1e-5);
    }
    random.add(&mut weights, channels + 1, 0.3);
    let config = json!({ "channels": channels, "dilations": dilations, "batchnorm": true,
        "activation": "Tanh" });
    file("0.5.4", "ConvNet", &config, &weights)
}

/// The four official sizes of A1: 16 standard, 12 lite, 8 feather, 4 nano.
pub fn a1(channels: usize) -> String {
    let octaves = |n: u32| (0..n).map(|i| 1_usize << i).collect::<Vec<_>>();
    let (first, second) = match channels {
        16 => (octaves(10), octaves(10)),
        _ => (octaves(7), [vec![128, 256, 512], octaves(10)].concat()),
    };
    let half = channels / 2;
    let (mut random, mut weights) = (Random::new(channels as u64), Vec::new());
    for (input, c, head, dilations) in [(1, channels, half, &first), (channels, half, 1, &second)] {
        random.add(&mut weights, c * input, 1.0);
        for _ in dilations {
            random.add(&mut weights, c * c * 3, 1.0 / (c as f32).sqrt());
            random.add(&mut weights, c, 0.2);
            random.add(&mut weights, c, 0.5);
            random.add(&mut weights, c * c, 0.5 / (c as f32).sqrt());
            random.add(&mut weights, c, 0.1);
        }
        random.add(&mut weights, head * c + usize::from(head == 1), 0.3);
    }
    weights.push(0.02);
    let layer = |input: usize, c: usize, head: usize, dilations: &[usize]| {
        json!({ "input_size": input, "condition_size": 1, "head_size": head, "channels": c,
            "kernel_size": 3, "dilations": dilations, "activation": "Tanh", "gated": false,
            "head_bias": head == 1 })
    };
    let layers = [layer(1, channels, half, &first), layer(channels, half, 1, &second)];
    file(
        "0.5.4",
        "WaveNet",
        &json!({ "layers": layers, "head": null, "head_scale": 0.02 }),
        &weights,
    )
}

/// The two official sizes of A2: 8 channels full, 3 lite.
pub fn a2(channels: usize) -> String {
    let sevens = [1, 3, 7, 17, 41, 101, 239];
    let dilations = [&sevens[..], &sevens, &[1, 13], &sevens].concat();
    let kernels: Vec<usize> =
        (0..dilations.len()).map(|i| if matches!(i, 14 | 15) { 15 } else { 6 }).collect();
    let c = channels;
    let (mut random, mut weights) = (Random::new(20 + c as u64), Vec::new());
    random.add(&mut weights, c, 1.0);
    for k in &kernels {
        random.add(&mut weights, c * c * k, 1.5 / ((c * k) as f32).sqrt());
        random.add(&mut weights, c, 0.2);
        random.add(&mut weights, c, 0.5);
        random.add(&mut weights, c * c, 0.5 / (c as f32).sqrt());
        random.add(&mut weights, c, 0.1);
    }
    random.add(&mut weights, 16 * c + 1, 0.3);
    weights.push(0.01);
    let leaky = json!({ "type": "LeakyReLU", "negative_slope": 0.01 });
    let layers = json!([{ "input_size": 1, "condition_size": 1, "channels": c, "bottleneck": c,
        "head": { "out_channels": 1, "kernel_size": 16, "bias": true },
        "kernel_sizes": kernels, "dilations": dilations,
        "activation": vec![leaky; dilations.len()],
        "gating_mode": vec!["none"; dilations.len()] }]);
    file(
        "0.7.0",
        "WaveNet",
        &json!({ "layers": layers, "head": null, "head_scale": 0.01 }),
        &weights,
    )
}

/// Every official architecture and size, by name.
pub fn official() -> Vec<(&'static str, String)> {
    vec![
        ("WaveNet A1 standard", a1(16)),
        ("WaveNet A1 lite", a1(12)),
        ("WaveNet A1 feather", a1(8)),
        ("WaveNet A1 nano", a1(4)),
        ("WaveNet A2 full", a2(8)),
        ("WaveNet A2 lite", a2(3)),
        ("LSTM 1x16", lstm(1, 16)),
        ("LSTM 2x8", lstm(2, 8)),
        ("ConvNet 16x24", convnet(16)),
        ("Linear 2048", linear(2048)),
    ]
}
