//! Files made to hurt: each is either a model that runs or an error in words,
//! in bounded memory and time, and never a panic.

mod kit;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Loading one file takes no longer, in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// Small fixtures of every architecture and feature.
fn seeds() -> Vec<Vec<u8>> {
    let files = [kit::fixtures(), kit::small()].concat();
    let mut seeds: Vec<Vec<u8>> =
        files.iter().map(|path| std::fs::read(path).expect("a file")).collect();
    seeds.retain(|seed| seed.len() < 16_000);
    assert!(seeds.len() > 40, "{} seeds", seeds.len());
    seeds
}

/// Bytes that loading and playing one small file may hold at once.
const ROOM: usize = 64 << 20;

/// Loads, and plays a little of what loads.
fn survive(bytes: &[u8]) -> bool {
    let mut taken = false;
    let held = kit::peak_bytes(|| taken = load_and_play(bytes));
    assert!(held < ROOM, "{held} bytes for {:?}", String::from_utf8_lossy(bytes));
    taken
}

fn load_and_play(bytes: &[u8]) -> bool {
    let begun = Instant::now();
    let loaded = nn::Model::load(bytes);
    assert!(begun.elapsed() < PATIENCE, "{:?}", String::from_utf8_lossy(bytes));
    match loaded {
        Ok(model) => {
            let mut io = [0.25; 70];
            model.engine().process(&mut io);
            true
        }
        Err(e) => {
            assert!(!e.to_string().is_empty(), "an error in words");
            false
        }
    }
}

#[test]
fn truncations() {
    for seed in seeds() {
        let step = (seed.len() / 40).max(1);
        for end in (0..seed.len() - 1).step_by(step).chain(seed.len() - 3..seed.len() - 1) {
            assert!(!survive(&seed[..end]), "a file cut short at {end} was taken");
        }
    }
}

/// Bytes flipped, cut out, repeated and moved; digits replaced.
#[test]
fn mutations_of_bytes() {
    let (seeds, mut random) = (seeds(), Random(0x9E37_79B9_7F4A_7C15));
    for round in 0..8000 {
        let mut bytes = seeds[round % seeds.len()].clone();
        for _ in 0..=random.below(4) {
            let (at, to) = (random.below(bytes.len()), random.below(bytes.len()));
            match random.below(5) {
                0 => bytes[at] ^= 1 << random.below(8),
                1 => bytes[at] = b"0123456789-+.eE\"[]{},:nult"[random.below(26)],
                2 => drop(bytes.drain(at.min(to)..at.max(to).min(at.min(to) + 50))),
                3 => bytes[at] = random.next() as u8,
                _ => {
                    let part = bytes[at..bytes.len().min(at + 30)].to_vec();
                    bytes.splice(to..to, part);
                }
            }
            if bytes.is_empty() {
                break;
            }
        }
        survive(&bytes);
    }
}

/// The value at a random place, any depth.
fn somewhere<'a>(value: &'a mut Value, random: &mut Random) -> &'a mut Value {
    let inner = match value {
        Value::Object(map) => map.len(),
        Value::Array(list) => list.len(),
        _ => 0,
    };
    if inner == 0 || random.below(8) == 0 {
        return value;
    }
    let n = random.below(inner);
    match value {
        Value::Object(map) => somewhere(map.iter_mut().nth(n).expect("in range").1, random),
        other => somewhere(&mut other[n], random),
    }
}

/// Valid JSON of the wrong content: extreme numbers, wrong types, keys gone.
#[test]
fn mutations_of_meaning() {
    let (seeds, mut random) = (seeds(), Random(7));
    let nasty = [
        json!(0),
        json!(-1),
        json!(1),
        json!(2),
        json!(1_000_000),
        json!(u64::MAX),
        json!(1e308),
        json!(0.5),
        json!(null),
        json!(true),
        json!("Tanh"),
        json!(""),
        json!([]),
        json!({}),
        json!([0, 0, 0]),
        json!({ "type": "PReLU", "negative_slopes": [] }),
    ];
    let (mut taken, rounds) = (0, 8000);
    for round in 0..rounds {
        let mut value: Value = serde_json::from_slice(&seeds[round % seeds.len()]).expect("JSON");
        for _ in 0..=random.below(2) {
            let replacement = nasty[random.below(nasty.len())].clone();
            // Of a small network anything may go wrong; a .nam file may hold anything
            // beside its config.
            let config = match value.get("config") {
                Some(_) => &mut value["config"],
                None => &mut value,
            };
            let target = somewhere(config, &mut random);
            match (target, random.below(4)) {
                (Value::Object(map), 0) if !map.is_empty() => {
                    let key = map.keys().nth(random.below(map.len())).cloned().expect("in range");
                    map.remove(&key);
                }
                (target, _) => *target = replacement,
            }
        }
        taken += usize::from(survive(value.to_string().as_bytes()));
    }
    assert!(taken < rounds / 2, "{taken} of {rounds} wrong files were taken");
}

fn wavenet(edit: impl Fn(&mut Value)) -> Vec<u8> {
    let mut value = json!({
        "version": "0.5.4", "architecture": "WaveNet", "sample_rate": 48000, "weights": [],
        "config": { "head": null, "head_scale": 1.0, "layers": [{
            "input_size": 1, "condition_size": 1, "head_size": 1, "channels": 2, "kernel_size": 2,
            "dilations": [1, 2], "activation": "Tanh", "gated": false, "head_bias": false
        }] }
    });
    edit(&mut value);
    value.to_string().into_bytes()
}

/// Says no, quickly, and in words that name what is wrong.
fn refused(bytes: &[u8], words: &str) {
    let begun = Instant::now();
    let mut error = String::new();
    let held = kit::peak_bytes(|| {
        error = nn::Model::load(bytes).err().expect("refused").to_string();
    });
    assert!(held < ROOM, "{held} bytes for {error}");
    assert!(error.contains(words), "expected {words:?} in: {error}");
    assert!(begun.elapsed() < PATIENCE, "{error}");
}

fn file(architecture: &str, config: &Value, weights: &Value) -> Vec<u8> {
    let file = json!({ "version": "0.5.4", "architecture": architecture, "config": config,
        "weights": weights });
    file.to_string().into_bytes()
}

#[test]
fn what_needs_gigabytes_is_refused() {
    for n in [(1_usize << 20) + 1, 1 << 40, usize::MAX] {
        for key in ["channels", "kernel_size", "head_size", "condition_size", "dilations"] {
            let value = if key == "dilations" { json!([n]) } else { json!(n) };
            refused(&wavenet(|v| v["config"]["layers"][0][key] = value.clone()), "1 to 1048576");
        }
        let net = json!({ "channels": n, "dilations": [1], "batchnorm": true,
            "activation": "Tanh" });
        refused(&file("ConvNet", &net, &json!([0.0])), "1 to 1048576");
        let net = json!({ "input_size": 1, "hidden_size": n, "num_layers": 1 });
        refused(&file("LSTM", &net, &json!([0.0])), "too large");
        let net = json!({ "receptive_field": n << 1, "bias": true });
        refused(&file("Linear", &net, &json!([0.0])), "expected");
    }
    refused(&vec![b' '; nn::Model::MAX_BYTES + 1], "bytes");
    refused("[".repeat(100_000).as_bytes(), "not a model file");
}

/// Every number is of sane size, but not what they amount to.
#[test]
fn what_adds_up_to_gigabytes_is_refused() {
    let far = wavenet(|v| {
        v["config"]["layers"][0]["dilations"] = json!(vec![1 << 20; 40]);
        v["weights"] = json!(vec![0.01; 2 + 40 * (8 + 2 + 2 + 4 + 2) + 2 + 1]);
    });
    refused(&far, "floats of memory");
    let n = 4000;
    let slopes = wavenet(|v| {
        let layer = &mut v["config"]["layers"][0];
        layer["channels"] = json!(n);
        layer["dilations"] = json!(vec![1; n]);
        layer["activation"] = json!({ "type": "PReLU", "negative_slopes": vec![0.1; n] });
    });
    refused(&slopes, "weights");
    refused(&wavenet(|v| v["config"]["layers"][0]["dilations"] = json!(vec![1; 5000])), "layers");
    let blocks = json!({ "channels": 1, "dilations": vec![1; 100_000], "batchnorm": false,
        "activation": "Tanh" });
    refused(&file("ConvNet", &blocks, &json!([0.0])), "layers");
    let deep = json!({ "input_size": 1, "hidden_size": 1, "num_layers": 70_000 });
    refused(&file("LSTM", &deep, &json!(vec![0.1; 70_000 * 14 + 2])), "layers");
}

/// Weights that are numbers, of networks that are not.
#[test]
fn what_leaves_the_numbers_is_refused() {
    let huge = |w: f64| {
        wavenet(move |v| {
            v["config"]["layers"][0]["activation"] = json!("ReLU");
            v["config"]["layers"][0]["dilations"] = json!([1, 1, 1, 1, 1]);
            v["weights"] = json!(vec![w; 2 + 5 * (8 + 2 + 2 + 4 + 2) + 2 + 1]);
        })
    };
    refused(&huge(1e16), "weights[0]");
    refused(&huge(1e14), "infinities");
    assert!(survive(&huge(0.1)), "sane weights load");
}

#[test]
fn what_would_sound_wrong_is_refused() {
    let edit = |key: &'static str, value: Value| wavenet(move |v| v[key] = value.clone());
    let layer = |key: &'static str, value: Value| {
        wavenet(move |v| v["config"]["layers"][0][key] = value.clone())
    };
    for version in ["0.4.0", "0.8.0", "1.0.0", "9.9.9", "0.7", "x"] {
        refused(&edit("version", json!(version)), "version 0.5.0 to 0.7.x");
    }
    refused(&edit("architecture", json!("Transformer")), "architecture");
    refused(&edit("sample_rate", json!(-48000)), "sample_rate");
    refused(&edit("weights", json!([0.0, 0.0])), "weights");
    refused(&layer("activation", json!("GELU")), "layers[0].activation");
    refused(&layer("activation", json!("PReLU")), "negative_slope");
    refused(&layer("groups_input", json!(3)), "groups_input");
    refused(&layer("gating_mode", json!("half")), "gating_mode");
    refused(&layer("dropout", json!(0.1)), "layers[0].dropout");
    refused(&layer("kernel_sizes", json!([2, 2])), "one of kernel_size and kernel_sizes");
    refused(&layer("input_size", json!(2)), "input_size");
    refused(&layer("condition_size", json!(2)), "condition_size");
    let submodel = |max: f64| json!({ "max_value": max, "model": {} });
    for bounds in [vec![], vec![0.5], vec![1.0, 0.5], vec![0.5, 0.5, 1.0]] {
        let submodels: Vec<Value> = bounds.into_iter().map(submodel).collect();
        let file = json!({ "version": "0.7.0", "architecture": "SlimmableContainer", "weights": [],
            "config": { "submodels": submodels } });
        refused(file.to_string().as_bytes(), "submodels");
    }
}
