"""Steps of training here and in PyTorch, by turns in one run: how long they take, and
whether the losses are the same.

    cargo build --release -p train --example steps
    python3 python/compare_training.py [--threads 2] [--quick]

Needs torch and, for the WaveNets, neural-amp-modeler 0.13 (python/requirements.txt). The
networks, their first weights, the passages and their order are the same on both sides. A
time is the least of all turns.
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent
STEPS = ROOT / "target/release/examples/steps"
RATE = 48000


def sounds(folder, seconds=30):
    """A decaying, moving tone with noise, and what an overdrive makes of it."""
    rng = np.random.default_rng(0)
    t = np.arange(seconds * RATE) / RATE
    level = np.exp(-((t % 0.7) * 3)) * (0.3 + 0.7 * rng.random(seconds * 10).repeat(RATE // 10))
    dry = level * np.sin(2 * np.pi * np.cumsum(110 * 2 ** (np.floor(t / 0.7) % 24 / 12)) / RATE)
    dry += 0.05 * level * rng.standard_normal(len(t))
    high = np.copy(dry)
    for n in range(1, len(high)):
        high[n] = 0.98 * (high[n - 1] + dry[n] - dry[n - 1])
    bent = np.tanh(6 * high + 0.2) - np.tanh(0.2)
    wet = np.copy(bent)
    for n in range(1, len(wet)):
        wet[n] = 0.6 * wet[n - 1] + 0.4 * bent[n]
    pair = []
    for name, sound in (("dry", 0.5 * dry), ("wet", 0.5 * wet)):
        path = folder / f"{name}.f32"
        sound.astype("<f4").tofile(path)
        pair.append((str(path), torch.from_numpy(sound.astype(np.float32))))
    return pair


def ours(request):
    answer = subprocess.run([STEPS], input=json.dumps(request), text=True, capture_output=True, check=True)
    return json.loads(answer.stdout)


def theirs(net, loss, passages, steps, adam):
    optimiser = torch.optim.Adam(net.parameters(), **adam)
    losses, times = [], []
    for n in range(steps):
        x, y = passages[n % len(passages)]
        begun = time.perf_counter()
        optimiser.zero_grad()
        value = loss(net, x, y)
        value.backward()
        optimiser.step()
        times.append(1e3 * (time.perf_counter() - begun))
        losses.append(float(value))
    return losses, times


class Mlp(torch.nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.net = torch.nn.Sequential(torch.nn.Linear(1, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, 1))

    def forward(self, x):
        return self.net(x[..., None])[..., 0]


class Lstm(torch.nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lstm = torch.nn.LSTM(1, hidden, batch_first=True)
        self.head = torch.nn.Linear(hidden, 1)

    def forward(self, x):
        return self.head(self.lstm(x[..., None])[0])[..., 0]


def flat(net):
    return torch.cat([p.detach().flatten() for p in net.parameters()]).tolist()


def mse(net, x, y):
    return torch.nn.functional.mse_loss(net(x), y)


def nam_loss(net, x, y):
    from nam.models.losses import multi_resolution_stft_loss

    predicted = net(x, pad_start=False)
    spectral = multi_resolution_stft_loss(predicted, y)
    return torch.nn.functional.mse_loss(predicted, y) + 5e-4 * spectral


def nam_mse(net, x, y):
    return torch.nn.functional.mse_loss(net(x, pad_start=False), y)


def official(size):
    """The official trainer's network of a size, its configuration, and its weights."""
    from nam.models.wavenet import WaveNet

    configs = {
        "standard": (16, 8, [2**n for n in range(10)], [2**n for n in range(10)]),
        "nano": (4, 2, [2**n for n in range(7)], [128, 256, 512] + [2**n for n in range(10)]),
    }
    wide, narrow, first, second = configs[size]

    def array(inputs, outputs, channels, dilations, bias):
        return {
            "input_size": inputs, "condition_size": 1, "channels": channels, "kernel_size": 3,
            "dilations": dilations, "activation": "Tanh", "gated": False,
            "head": {"out_channels": outputs, "kernel_size": 1, "bias": bias},
        }

    layers = [array(1, narrow, wide, first, False), array(wide, 1, narrow, second, True)]
    torch.manual_seed(1)
    net = WaveNet.init_from_config({"layers_configs": layers, "head_scale": 0.02, "sample_rate": RATE})
    weights = [float(w) for w in net._export_weights()]
    return net, {"layers": layers, "head": None, "head_scale": 0.02}, weights


ADAM = {"rate": 0.004, "betas": [0.9, 0.999], "epsilon": 1e-8, "decay": {"gradient": 3.17e-7},
        "clip": None, "warm_up": 0, "schedule": "constant"}


def term(kind, weight):
    return {"kind": kind, "weight": weight, "filter": "none"}


def cases(quick):
    rng = np.random.default_rng(3)

    def starts(batch, length, steps, before):
        high = 30 * RATE - length
        return [[int(s) for s in rng.integers(before, high, batch)] for _ in range(steps)]

    mlp = Mlp(16)
    whole = [[4096 * k for k in range(108)]]
    yield "MLP 1-16-1, 442 368 samples", mlp, {"mlp": {"hidden": 16}}, flat(mlp), whole, 4096, 1, 20, mse, [term("mse", 1.0)]
    for hidden, length in ((20, 512), (20, 2048), (40, 2048)):
        lstm = Lstm(hidden)
        yield (f"LSTM {hidden}, 32 x {length}", lstm, {"lstm": {"hidden": hidden}}, flat(lstm),
               starts(32, length, 10, 0), length, 1, 10, mse, [term("mse", 1.0)])
    for size in ("nano", "standard"):
        net, config, weights = official(size)
        field = net.receptive_field
        steps = 3 if quick else 12
        yield (f"WaveNet {size}, 16 x 8192, MSE", net, {"wavenet": config}, weights,
               starts(16, 8192, steps, field), 8192, field, steps, nam_mse, [term("mse", 1.0)])
        net, config, weights = official(size)
        yield (f"WaveNet {size}, 16 x 8192, MSE + STFT", net, {"wavenet": config}, weights,
               starts(16, 8192, steps, field), 8192, field, steps, nam_loss, [term("mse", 1.0), term("stft", 5e-4)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="three steps of each WaveNet")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    print(f"torch {torch.__version__}, {args.threads} threads; least ms of a step\n")
    print(f"| {'network':38} | PyTorch | Kiln | ratio | first losses | last losses | worst difference |")
    print("|---|---:|---:|---:|---|---|---:|")
    with tempfile.TemporaryDirectory() as folder:
        (dry, x), (wet, y) = sounds(Path(folder))
        for name, net, kind, weights, starts, length, field, steps, loss, terms in cases(args.quick):
            if args.only not in name:
                continue
            passages = []
            for step in starts:
                inputs = torch.stack([x[s - field + 1 : s + length] for s in step])
                passages.append((inputs, torch.stack([y[s : s + length] for s in step])))
            request = {
                "network": kind, "weights": weights, "dry": dry, "wet": wet, "starts": starts,
                "length": length, "steps": steps, "threads": args.threads,
                "loss": {"terms": terms}, "optimiser": ADAM,
            }
            first = ours(request)
            losses, times = theirs(net, loss, passages, steps, {"lr": 0.004, "weight_decay": 3.17e-7})
            again = ours(request)
            fast = min(first["times"] + again["times"])
            worst = max(abs(a - b) / b for a, b in zip(first["losses"], losses))
            ends = [f"{losses[k]:.6f} / {first['losses'][k]:.6f}" for k in (0, -1)]
            print(f"| {name:38} | {min(times):.1f} | {fast:.2f} | {min(times) / fast:.1f} | "
                  f"{ends[0]} | {ends[1]} | {100 * worst:.3f} % |", flush=True)


if __name__ == "__main__":
    main()
