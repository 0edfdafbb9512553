"""Small networks in the formats of pedals, and what PyTorch answers in float64.

    python python/drive_fixtures.py

writes tests/data/drive/*.json but for the torch_* files. Weights are random and
seeded. Every answer is that of a network settled on silence, which is run before
the input, with its knobs where `index.json` says.
"""

import json
import math
import pathlib

import torch
from scipy import signal as dsp
from torch import nn

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "tests/data/drive"
SILENCE = 8192
N = 512
torch.manual_seed(20)
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def signal():
    t = torch.arange(N)
    pluck = torch.exp(-(t % 200) / 120.0)
    return (0.6 * pluck * torch.sin(0.09 * t) + 0.1 * torch.sin(0.71 * t)).float().double()


class Net(nn.Module):
    """Layers one after the other over [1, time, inputs], the sound first, then knobs."""

    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x):
        for layer in self.layers:
            if isinstance(layer, nn.Conv1d):
                past = (layer.kernel_size[0] - 1) * layer.dilation[0]
                x = layer(nn.functional.pad(x.transpose(1, 2), (past, 0))).transpose(1, 2)
            elif isinstance(layer, (nn.PReLU, nn.BatchNorm1d)):
                x = layer(x.transpose(1, 2)).transpose(1, 2)
            elif isinstance(layer, (nn.LSTM, nn.GRU)):
                x = layer(x)[0]
            else:
                x = layer(x)
        return x


def answer(net, x, knobs=()):
    """The network alone, on input that silence went before."""
    with torch.no_grad():
        net = net.eval()
        for p in net.parameters():
            p.copy_(p.float().double())
        x = torch.cat([torch.zeros(SILENCE), x])
        rows = [x] + [torch.full_like(x, k) for k in knobs]
        return net(torch.stack(rows, -1)[None])[0, :, 0]


def numbers(tensor):
    """As nested lists, in the digits that float32 needs."""
    def short(v):
        return [short(u) for u in v] if isinstance(v, list) else float(f"{v:.9g}")

    return short(tensor.detach().float().double().tolist())


def keras(layer, activation=""):
    """An entry as RTNeural's export from Keras writes it."""
    if isinstance(layer, nn.Linear):
        weights = [numbers(layer.weight.T), numbers(layer.bias)]
        return {"type": "dense", "activation": activation, "shape": [None, None, layer.out_features],
                "weights": weights}
    if isinstance(layer, nn.Conv1d):
        return {"type": "conv1d", "activation": activation, "shape": [None, None, layer.out_channels],
                "kernel_size": list(layer.kernel_size), "dilation": list(layer.dilation),
                "groups": layer.groups,
                "weights": [numbers(layer.weight.permute(2, 1, 0)), numbers(layer.bias)]}
    if isinstance(layer, nn.PReLU):
        return {"type": "prelu", "activation": "", "shape": [None, None, layer.num_parameters],
                "weights": [[numbers(layer.weight)]]}
    if isinstance(layer, nn.BatchNorm1d):
        parts = [layer.weight, layer.bias, layer.running_mean, layer.running_var]
        return {"type": "batchnorm", "activation": "", "shape": [None, None, layer.num_features],
                "epsilon": layer.eps, "weights": [numbers(p) for p in parts]}
    shape = [None, None, layer.hidden_size]
    if isinstance(layer, nn.LSTM):
        weights = [numbers(layer.weight_ih_l0.T), numbers(layer.weight_hh_l0.T),
                   numbers(layer.bias_ih_l0 + layer.bias_hh_l0)]
        return {"type": "lstm", "activation": "", "shape": shape, "weights": weights}

    def swap(p):
        r, z, n = p.chunk(3)
        return torch.cat([z, r, n])

    weights = [numbers(swap(layer.weight_ih_l0).T), numbers(swap(layer.weight_hh_l0).T),
               [numbers(swap(layer.bias_ih_l0)), numbers(swap(layer.bias_hh_l0))]]
    return {"type": "gru", "activation": "", "shape": shape, "weights": weights}


def single_bias(lstm):
    """An LSTM whose biases are one in float32, as Keras has them."""
    with torch.no_grad():
        lstm.bias_ih_l0.copy_((lstm.bias_ih_l0 + lstm.bias_hh_l0).float().double())
        lstm.bias_hh_l0.zero_()
    return lstm


def rtneural(inputs, *entries):
    return {"in_shape": [None, None, inputs], "layers": list(entries)}


def biquad(x, rate, kind, hz, q, gain=0.0):
    """The Cookbook's low-pass, high-pass, peak or high shelf, sample by sample."""
    w = 2 * math.pi * hz / rate
    c, alpha, a = math.cos(w), math.sin(w) / (2 * q), 10 ** (gain / 40)
    if kind == "low_pass":
        b, d = [(1 - c) / 2, 1 - c, (1 - c) / 2], [1 + alpha, -2 * c, 1 - alpha]
    elif kind == "high_pass":
        b, d = [(1 + c) / 2, -1 - c, (1 + c) / 2], [1 + alpha, -2 * c, 1 - alpha]
    elif kind == "peak":
        b, d = [1 + alpha * a, -2 * c, 1 - alpha * a], [1 + alpha / a, -2 * c, 1 - alpha / a]
    else:
        s = 2 * math.sqrt(a) * alpha
        b = [a * (a + 1 + (a - 1) * c + s), -2 * a * (a - 1 + (a + 1) * c),
             a * (a + 1 + (a - 1) * c - s)]
        d = [a + 1 - (a - 1) * c + s, 2 * (a - 1 - (a + 1) * c), a + 1 - (a - 1) * c - s]
    y, (x1, x2, y1, y2) = [], (0.0,) * 4
    for v in x.tolist():
        out = (b[0] * v + b[1] * x1 + b[2] * x2 - d[1] * y1 - d[2] * y2) / d[0]
        x1, x2, y1, y2 = v, x1, out, y1
        y.append(out)
    return torch.tensor(y)


def first_order(x, rate, kind, hz, gain=0.0):
    """A filter of one pole, prewarped at its corner, by SciPy."""
    root, w = 10 ** (gain / 40), 2 * rate * math.tan(math.pi * hz / rate)
    above, below = {
        "low_pass_1": ([w], [1, w]),
        "high_pass_1": ([1, 0], [1, w]),
        "low_shelf_1": ([1, w * root], [1, w / root]),
        "high_shelf_1": ([root, w], [1 / root, w]),
    }[kind]
    return torch.tensor(dsp.lfilter(*dsp.bilinear(above, below, rate), x.numpy()))


INDEX = []


def write(name, file, output, knobs=(), **more):
    (FOLDER / name).write_text(json.dumps(file) + "\n")
    INDEX.append({"model": name, "knobs": list(knobs), "output": numbers(output), **more})


def rtneural_files(x):
    layers = (nn.Conv1d(1, 6, 4, dilation=3), nn.Tanh(), nn.BatchNorm1d(6),
              nn.Conv1d(6, 4, 3, dilation=2, groups=2), nn.PReLU(4), nn.Linear(4, 5), nn.ELU(),
              nn.Linear(5, 5), nn.Softmax(-1), nn.Linear(5, 1))
    norm = layers[2]
    with torch.no_grad():
        norm.running_mean.uniform_(-0.3, 0.3)
        norm.running_var.uniform_(0.3, 2.0)
        norm.weight.uniform_(0.5, 1.5)
        norm.bias.uniform_(-0.2, 0.2)
        layers[4].weight.uniform_(0.05, 0.6)
        for p in (norm.running_mean, norm.running_var):
            p.copy_(p.float().double())
    net = Net(*layers)
    y = answer(net, x)[SILENCE:]
    conv, _, norm, grouped, prelu, first, _, second, _, last = net.layers
    write("rtneural_chain.json", rtneural(1, keras(conv, "tanh"), keras(norm), keras(grouped),
          keras(prelu), keras(first, "elu"), keras(second, "softmax"), keras(last)), y)
    net = Net(nn.Linear(2, 4), nn.Tanh(), nn.GRU(4, 9, batch_first=True), nn.Linear(9, 3),
              nn.Sigmoid(), nn.Linear(3, 1))
    knobs = [0.3]
    y = answer(net, x, knobs)[SILENCE:]
    first, _, gru, second, _, last = net.layers
    write("rtneural_gru_inside.json", rtneural(2, keras(first, "tanh"), keras(gru),
          keras(second, "sigmoid"), keras(last)), y, knobs)
    net = Net(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
    y = answer(net, x)[SILENCE:]
    write("rtneural_curve.json", rtneural(1, keras(net.layers[0], "tanh"), keras(net.layers[2])), y)


def aida_files(x):
    for unit, name in [(nn.LSTM, "aida_lstm_skip.json"), (nn.GRU, "aida_gru.json")]:
        recurrent = unit(1, 12, batch_first=True)
        lstm = unit is nn.LSTM
        net = Net(single_bias(recurrent) if lstm else recurrent, nn.Linear(12, 1))
        gains = (6.0, -3.0) if lstm else (0.0, 0.0)
        before, after = (10 ** (db / 20) for db in gains)

        def whole(x, settled=True):
            silence = SILENCE if settled else 0
            with torch.no_grad():
                y = net(torch.cat([torch.zeros(silence), before * x])[None, :, None])[0, silence:, 0]
            return after * (y + (before * x if lstm else 0.0))

        answer(net, x)  # rounds the weights
        file = rtneural(1, *map(keras, net.layers))
        file |= {"in_skip": int(lstm), "in_gain": gains[0], "out_gain": gains[1],
                 "input_batch": numbers(x[:128]), "output_batch": numbers(whole(x[:128], False)),
                 "metadata": {"name": "Synthetic", "samplerate": "48000", "author": "Kiln"}}
        write(name, file, whole(x), rate=48000)


def guitarml_files(x):
    for unit, name, hidden, knobs in [(nn.LSTM, "guitarml_lstm.json", 12, ()),
                                      (nn.GRU, "guitarml_gru_drive.json", 10, (0.7,))]:
        net = Net(unit(1 + len(knobs), hidden, batch_first=True), nn.Linear(hidden, 1))
        y = answer(net, x, knobs)[SILENCE:] + x
        recurrent, linear = net.layers
        state = {f"rec.{k}": numbers(v) for k, v in recurrent.state_dict().items()}
        state |= {f"lin.{k}": numbers(v) for k, v in linear.state_dict().items()}
        shape = {"model": "SimpleRNN", "input_size": 1 + len(knobs), "skip": 1, "output_size": 1,
                 "unit_type": unit.__name__, "num_layers": 1, "hidden_size": hidden, "bias_fl": True}
        write(name, {"model_data": shape, "state_dict": state}, y, knobs, rate=44100)


def pytorch_files(x):
    net = Net(nn.LSTM(1, 8, batch_first=True), nn.Linear(8, 1))
    y = answer(net, x)[SILENCE:]
    state = {f"lstm.{k}": numbers(v) for k, v in net.layers[0].state_dict().items()}
    state |= {f"dense.{k}": numbers(v) for k, v in net.layers[1].state_dict().items()}
    write("pytorch_lstm.json", state, y)
    net = Net(nn.Conv1d(1, 8, 5, dilation=2), nn.ReLU(), nn.Conv1d(8, 1, 3))
    y = answer(net, x)[SILENCE:]
    state = {k.removeprefix("layers."): numbers(v) for k, v in net.state_dict().items()}
    layers = [{"type": "conv1d", "dilation": 2}, "relu", "conv1d"]
    write("pytorch_conv.json", {"layers": layers, "state_dict": state}, y)


def drive_file(x):
    rate, knobs = 48000, (4.0, -0.5)
    net = Net(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1))
    pre = [("high_pass", 90.0, 0.7), ("peak", 800.0, 1.2, 6.0)]
    post = [("low_pass", 6000.0, 0.8), ("high_shelf", 2500.0, 0.7, -4.0)]
    heard = torch.cat([torch.zeros(SILENCE), x])
    for f in pre:
        heard = biquad(heard, rate, *f)
    wet = answer(net, heard, knobs)[SILENCE:] + heard
    for f in post:
        wet = biquad(wet, rate, *f)
    y = wet[SILENCE:]

    def filters(given):
        keys = ["kind", "hz", "q", "gain"]
        return [dict(zip(keys, f)) for f in given]

    file = {"format": "kiln-drive", "version": 1, "name": "Synthetic", "sample_rate": None,
            "knobs": [{"name": "Drive", "min": 0.0, "max": 10.0, "default": 5.0},
                      {"name": "Bias", "min": -1.0, "max": 1.0, "default": 0.0}],
            "skip": True, "pre": filters(pre), "layers": layers(net), "post": filters(post)}
    write("kiln_drive.json", file, y, knobs)


def layers(net):
    """Of dense layers and tanh, as our own format has them."""
    def entry(layer):
        if isinstance(layer, nn.Tanh):
            return {"type": "tanh"}
        return {"type": "dense", "weights": numbers(layer.weight), "bias": numbers(layer.bias)}

    return [entry(layer) for layer in net.layers]


def branches_file(x):
    rate, knobs = 48000, (0.8,)
    net = Net(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 1))
    rows = [[("low_pass_1", 700.0)], [("high_pass_1", 1500.0), ("high_shelf_1", 3000.0, 9.0)],
            [("low_shelf_1", 150.0, -6.0)]]
    silent = torch.cat([torch.zeros(SILENCE), x])
    heard = []
    for row in rows:
        y = silent
        for f in row:
            y = first_order(y, rate, *f)
        heard.append(y)
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(p.float().double())
        inputs = torch.stack(heard + [torch.full_like(silent, k) for k in knobs], -1)
        wet = first_order(net(inputs[None])[0, :, 0], rate, "high_pass_1", 20.0)[SILENCE:]
    filters = [[dict(zip(["kind", "hz", "gain"], f)) for f in row] for row in rows]
    file = {"format": "kiln-drive", "version": 1, "name": "Synthetic", "esr": 0.01,
            "description": "Three branches of first-order filters.",
            "knobs": [{"name": "Drive", "min": 0.0, "max": 1.0, "default": 0.5}],
            "branches": filters, "layers": layers(net),
            "post": [{"kind": "high_pass_1", "hz": 20.0}]}
    write("kiln_branches.json", file, wet, knobs)


def main():
    x = signal()
    for files in (rtneural_files, aida_files, guitarml_files, pytorch_files, drive_file,
                  branches_file):
        files(x)
    index = {"input": numbers(x), "files": INDEX}
    (FOLDER / "index.json").write_text(json.dumps(index) + "\n")


if __name__ == "__main__":
    main()
