"""Wiener-Hammerstein models in the format of assets/kiln-drive.schema.json, in numpy.

    y = out_gain post(MLP(branch_1(pre(x)), ..., branch_B(pre(x)), knob_1, ..., knob_K))

A model without memory but for filters has no rate of its own: filters are derived from their
frequencies for the rate they run at, by the bilinear transform with the corner prewarped.
"""

import numpy as np
from scipy import signal

MOST = 0.49  # of the rate: where corners are held


def section(f, rate):
    """Coefficients (b, a) at `rate` of one filter of the format: first-order kinds and peak."""
    w = np.tan(np.pi * min(f["hz"], MOST * rate) / rate)
    kind = f["kind"]
    root = np.sqrt(10 ** (f.get("gain", 0.0) / 20))
    analogue = {  # (s^1, s^0) over (s^1, s^0), in units of the corner
        "low_pass_1": ((0, 1), (1, 1)),
        "high_pass_1": ((1, 0), (1, 1)),
        "low_shelf_1": ((1, root), (1, 1 / root)),
        "high_shelf_1": ((root, 1), (1 / root, 1)),
    }
    if kind not in analogue:
        raise ValueError(f"section: expected one of {', '.join(analogue)}, found {kind!r}")
    (b1, b0), (a1, a0) = analogue[kind]
    scale = a1 + a0 * w
    return np.array([b1 + b0 * w, b0 * w - b1]) / scale, np.array([1.0, (a0 * w - a1) / scale])


def response(filters, hz, rate):
    """Complex gains of filters in a row at `hz`."""
    h = np.ones(len(hz), complex)
    for f in filters:
        h *= signal.freqz(*section(f, rate), worN=hz, fs=rate)[1]
    return h


def run_filters(filters, x, rate):
    for f in filters:
        x = signal.lfilter(*section(f, rate), x)
    return x


def mlp(layers, x):
    """Dense layers [(weights, bias), ...] with tanh between, over x [points, inputs]."""
    for w, b in layers[:-1]:
        x = np.tanh(x @ w.T + b)
    w, b = layers[-1]
    return (x @ w.T + b)[:, 0]


def cost(layers):
    """Multiply-adds of one sample of the layers."""
    return sum(w.size for w, _ in layers)


class Model:
    """Filters and layers, run at any rate."""

    def __init__(self, pre, branches, layers, post, out_gain=0.0):
        self.pre, self.branches, self.layers, self.post = pre, branches, layers, post
        self.out_gain = out_gain  # dB

    def run(self, x, knobs, rate):
        """Samples `x` at `rate` through the model, every state at zero before."""
        x = run_filters(self.pre, np.asarray(x, float), rate)
        rows = [run_filters(b, x, rate) for b in self.branches]
        rows += [np.full_like(x, k) for k in knobs]
        y = mlp(self.layers, np.stack(rows, 1))
        return run_filters(self.post, y, rate) * 10 ** (self.out_gain / 20)

    def settled(self, x, knobs, rate, silence=0.25):
        """The same after `silence` seconds of silence: no step of the network's offset."""
        n = int(silence * rate)
        return self.run(np.concatenate([np.zeros(n), x]), knobs, rate)[n:]

    def over(self, x, knobs, rate, times):
        """Oversampled: up, the model, down, aligned to `x`."""
        window = ("kaiser", 10.0)
        x = signal.resample_poly(np.concatenate([np.zeros(int(0.25 * rate)), x]), times, 1, window=window)
        y = signal.resample_poly(self.run(x, knobs, rate * times), 1, times, window=window)
        return y[int(0.25 * rate) :]

    def gain(self, hz, knobs, rate):
        """Complex small-signal gains around silence, at each of `hz`."""
        bent = np.concatenate([np.zeros(len(self.branches)), knobs])
        slope = None
        for i, (w, b) in enumerate(self.layers):
            slope = w[:, : len(self.branches)] if slope is None else w @ slope
            bent = w @ bent + b
            if i < len(self.layers) - 1:
                bent = np.tanh(bent)
                slope = (1 - bent**2)[:, None] * slope
        h = sum(s * response(b, hz, rate) for s, b in zip(slope[0], self.branches))
        return h * response(self.pre + self.post, hz, rate) * 10 ** (self.out_gain / 20)


def digits(values):
    """Nested lists in the digits float32 needs."""
    if isinstance(values, (list, tuple)):
        return [digits(v) for v in values]
    return float(f"{float(np.float32(values)):.9g}")


def rounded(model):
    """The model with the weights its file will hold."""
    layers = [tuple(np.array(digits(p.tolist())) for p in layer) for layer in model.layers]
    return Model(model.pre, model.branches, layers, model.post, model.out_gain)


def write_layers(layers):
    """Entries of the file."""
    rows = []
    for w, b in layers:
        rows += [{"type": "dense", "weights": digits(w.tolist()), "bias": digits(b.tolist())}, {"type": "tanh"}]
    return rows[:-1]
