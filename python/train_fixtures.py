"""What PyTorch makes of losses, optimisers and schedules, to hold the trainer to.

    python python/train_fixtures.py

writes tests/data/train/losses.json and optimisers.json. The losses are written out here
from their definitions, in float64, and differentiated by autograd. Optimisers and schedules
are PyTorch's own; the weights are float32, as the trainer's are.
"""

import json
import math
import pathlib

import numpy as np
import torch
from scipy import signal as dsp

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "tests/data/train"
RATE = 48_000.0
N = 1200
EVERY = 3  # samples between the derivatives that are kept
EPSILON = 1e-5
torch.manual_seed(3)
torch.set_num_threads(1)


def signals():
    """A plucked tone, and what a learner that is not yet there makes of it."""
    t = torch.arange(N, dtype=torch.float64)
    pluck = torch.exp(-(t % 400) / 250.0)
    target = torch.tanh(3 * pluck * torch.sin(0.05 * t)) * 0.5 + 0.01 * torch.sin(0.9 * t)
    predicted = 0.9 * target + 0.05 * torch.sin(0.11 * t + 1) + 0.02 * torch.randn(N).double() + 0.01
    return predicted.float().double(), target.float().double()


def mse(p, t):
    return ((p - t) ** 2).mean()


def esr(p, t):
    return ((p - t) ** 2).mean() / ((t**2).mean() + EPSILON)


def dc(p, t):
    return (p - t).mean() ** 2 / ((t**2).mean() + EPSILON)


def magnitude(x, size, hop, length):
    window = torch.hann_window(length, periodic=True, dtype=torch.float64)
    spectrum = torch.stft(x, size, hop, length, window, center=True, pad_mode="reflect", return_complex=True)
    return torch.sqrt(torch.clamp(spectrum.real**2 + spectrum.imag**2, min=1e-8))


def stft(p, t):
    total = 0
    for size, hop, length in [(1024, 120, 600), (2048, 240, 1200), (512, 50, 240)]:
        a, b = magnitude(p, size, hop, length), magnitude(t, size, hop, length)
        total = total + torch.linalg.norm(b - a) / torch.linalg.norm(b)
        total = total + (a.log() - b.log()).abs().mean()
    return total / 3


def pre_emphasis(a):
    return lambda x: x[1:] - a * x[:-1]


def a_weighting():
    """IEC 61672-1, each corner prewarped, as the matrix of a filter from rest."""
    corners = [20.598997, 20.598997, 107.65265, 737.86223, 12194.217, 12194.217]
    poles = [-2 * RATE * math.tan(math.pi * f / RATE) for f in corners]
    z, p, k = dsp.bilinear_zpk([0] * 4, poles, 1.0, RATE)
    _, level = dsp.freqz_zpk(z, p, k, worN=[1000.0], fs=RATE)
    impulse = np.zeros(N)
    impulse[0] = 1
    response = dsp.sosfilt(dsp.zpk2sos(z, p, k / abs(level[0])), impulse)
    rows = [np.concatenate([response[n::-1], np.zeros(N - 1 - n)]) for n in range(N)]
    matrix = torch.tensor(np.array(rows))
    return lambda x: matrix @ x


def losses():
    same = lambda x: x
    weigh = a_weighting()
    cases = {
        "mse": lambda p, t: mse(p, t),
        "esr": lambda p, t: esr(p, t),
        "dc": lambda p, t: dc(p, t),
        "stft": lambda p, t: stft(p, t),
    }
    filters = {"none": same, "pre_emphasis": pre_emphasis(0.85), "a_weighting": weigh}
    p, t = signals()
    out = {"rate": RATE, "every": EVERY, "predicted": p.tolist(), "target": t.tolist(), "cases": []}
    kept = [(k, f) for k in cases for f in filters if (k, f) not in [("mse", "a_weighting"), ("stft", "a_weighting")]]
    for kind, name in kept:
        x = p.clone().requires_grad_()
        f = filters[name]
        loss = cases[kind](f(x), f(t))
        loss.backward()
        gradient = [float(f"{g:.9g}") for g in x.grad[::EVERY].tolist()]
        out["cases"].append({"kind": kind, "filter": name, "loss": loss.item(), "gradient": gradient})
    return out


def steps(make, gradients, start, clip=None):
    weights = torch.nn.Parameter(torch.tensor(start, dtype=torch.float32))
    optimiser = make([weights])
    seen = {}
    for i, g in enumerate(gradients):
        weights.grad = g.clone()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_([weights], clip)
        optimiser.step()
        if i + 1 in (1, 2, 10, 100):
            seen[str(i + 1)] = [x.item() for x in weights.detach()]
    return seen


def rates(make, n, measure=None):
    weights = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.Adam([weights], lr=0.004)
    schedule = make(optimiser)
    seen = []
    for i in range(n):
        seen.append(optimiser.param_groups[0]["lr"])
        weights.grad = torch.zeros(1)
        optimiser.step()
        schedule.step(*([] if measure is None else [measure[i]]))
    return seen


def optimisers():
    start = [0.5, -0.25, 1e-3, 2.0, 0.0]
    gradients = torch.randn(100, 5) * torch.tensor([1.0, 0.01, 1e-5, 3.0, 0.3])
    adam, adamw = torch.optim.Adam, torch.optim.AdamW
    cases = [
        ("adam", dict(), None),
        ("adam", dict(weight_decay=0.02), None),
        ("adamw", dict(weight_decay=0.02), None),
        ("adam", dict(weight_decay=3.17e-7), 0.5),
    ]
    out = {"start": start, "rate": 0.004, "gradients": gradients.tolist(), "cases": [], "schedules": []}
    for kind, more, clip in cases:
        make = lambda p: (adam if kind == "adam" else adamw)(p, lr=0.004, **{"weight_decay": 0.0, **more})
        decay = more.get("weight_decay", 0.0)
        out["cases"].append(
            {"kind": kind, "decay": decay, "clip": clip, "weights": steps(make, gradients, start, clip)}
        )
    s = torch.optim.lr_scheduler
    measure = [1.0, 0.9, 0.9, 0.95, 0.89995, 0.91, 0.92, 0.8] + [0.85] * 22
    plateau = lambda o: s.ReduceLROnPlateau(o, factor=0.5, patience=2, cooldown=3, min_lr=2e-4)
    out["measure"] = measure
    for name, found in [
        ("exponential", rates(lambda o: s.ExponentialLR(o, 0.994), 30)),
        ("cosine", rates(lambda o: s.CosineAnnealingLR(o, 20, eta_min=1e-5), 21)),
        ("plateau", rates(plateau, 30, measure)),
        ("one_cycle", rates(lambda o: s.OneCycleLR(o, max_lr=0.004, total_steps=40), 39)),
    ]:
        out["schedules"].append({"name": name, "rates": found})
    return out


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in [("losses", losses()), ("optimisers", optimisers())]:
        (FOLDER / f"{name}.json").write_text(json.dumps(content) + "\n")


if __name__ == "__main__":
    main()
