"""Writes and reads models of the pedals in the format of assets/kiln-drive.schema.json.

The self-test is PyTorch's evaluation in float64, filters included, of the weights as the file
has them, begun with every state at zero.
"""

import json

import numpy as np
import torch

from circuits import RATE
from drive_model import Model, digits, rounded, section, write_layers

TESTED = 512  # samples


def probe():
    """A pluck and a high tone that last as long as the self-test."""
    t = np.arange(TESTED)
    return np.array(digits((0.6 * np.exp(-t / 150) * np.sin(0.07 * t) + 0.05 * np.sin(0.9 * t)).tolist()))


def _filtered(filters, x):
    """First-order sections at RATE, sample by sample."""
    for f in filters:
        (b0, b1), (_, a1) = section(f, RATE)
        y, before, last = [], 0.0, 0.0
        for v in x:
            last = b0 * v + b1 * before - a1 * last
            before = v
            y.append(last)
        x = torch.stack(y)
    return x


def torch_answer(model, x, knobs):
    """What the model answers at RATE, by PyTorch in float64."""
    x = _filtered(model.pre, torch.tensor(np.asarray(x), dtype=torch.float64))
    rows = [_filtered(b, x) for b in model.branches]
    rows += [torch.full_like(x, float(k)) for k in knobs]
    y = torch.stack(rows, 1)
    for i, (w, b) in enumerate(model.layers):
        y = torch.nn.functional.linear(y, torch.tensor(w), torch.tensor(b))
        y = torch.tanh(y) if i < len(model.layers) - 1 else y
    return _filtered(model.post, y[:, 0]) * 10 ** (model.out_gain / 20)


def _filters(row):
    return [{key: v if key == "kind" else digits(v) for key, v in f.items()} for f in row]


def write(path, model, pedal, ratio):
    """The file of `model`, whose error-to-signal ratio is `ratio`."""
    front = [_filters(model.pre), [_filters(b) for b in model.branches], _filters(model.post)]
    model = rounded(Model(front[0], front[1], model.layers, front[2], model.out_gain))
    knobs = [0.7, 0.3][: len(pedal.knobs)]
    x = probe()
    file = {
        "format": "kiln-drive",
        "version": 1,
        "name": pedal.name,
        "author": "Kiln",
        "description": pedal.about,
        "esr": float(f"{ratio:.3g}"),
        "sample_rate": None,
        "knobs": [{"name": k, "min": 0.0, "max": 1.0, "default": 0.5} for k in pedal.knobs],
        "out_gain": model.out_gain,
        "pre": model.pre,
        "branches": model.branches,
        "layers": write_layers(model.layers),
        "post": model.post,
        "self_test": {"knobs": knobs, "input": x.tolist(), "output": digits(torch_answer(model, x, knobs).tolist())},
    }
    path.write_text(json.dumps(file) + "\n")


def read(path):
    """A model without memory back from its file."""
    file = json.loads(path.read_text())
    layers = [(np.array(e["weights"]), np.array(e["bias"])) for e in file["layers"] if e["type"] == "dense"]
    return Model(file["pre"], file["branches"], layers, file["post"], file["out_gain"])
