"""Make the small graphs that test the crate `onnx`, with ONNX Runtime's answers.

    python -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/pip install --no-deps swift-f0 basic-pitch silero-vad
    venv/bin/python fixtures.py ../../core/onnx/tests/data [OTHER]

With a second folder it takes the real models out of their packages as well, and puts what
is too large for the repository there: silero-vad, which a test finds by KILN_SILERO.

All weights are random, from a fixed seed: what is tested is arithmetic, not sound. For
each graph `NAME.onnx` there is `NAME.f32`: the input and then the output, as many
samples each, 32-bit little-endian. The blocks of `BLOCKS` samples follow each other,
states fed back. For models that are no effects, `NAME.json` tells their tensors.
"""

import json
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from annotate import annotate

FLOAT = TensorProto.FLOAT
BLOCKS, COUNT = 256, 8


class Graph:
    """Collects operators and weights."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.nodes, self.weights, self.inputs, self.outputs = [], [], [], []

    def const(self, array, dtype=np.float32):
        name = f"c{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(array, dtype), name))
        return name

    def ints(self, *values):
        return self.const(values, np.int64)

    def random(self, *shape, scale=None):
        fan = int(np.prod(shape[1:])) or 1
        return self.const(self.rng.normal(size=shape) * (scale or 1 / np.sqrt(fan)))

    def op(self, kind, *inputs, outputs=1, **attributes):
        names = [f"v{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, **attributes))
        return names[0] if outputs == 1 else names

    def input(self, name, shape, kind=FLOAT):
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, value, name, shape, kind=FLOAT):
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, kind, shape))

    def model(self, rate=48000, io=None):
        graph = helper.make_graph(
            self.nodes, "kiln", self.inputs, self.outputs, self.weights)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        return annotate(model, rate, io)


def shaper():
    """A waveshaper: each sample by itself through a small dense network. No state."""
    g = Graph(1)
    x = g.input("x", [1, "time", 1])
    h = g.op("Tanh", g.op("Add", g.op("MatMul", x, g.random(1, 12, scale=2)), g.random(12)))
    h = g.op("Tanh", g.op("Add", g.op("MatMul", h, g.random(12, 12, scale=0.3)), g.random(12)))
    y = g.op("MatMul", h, g.random(12, 1, scale=0.2))
    g.output(y, "y", [1, "time", 1])
    return g.model()


def lstm(hidden=20, time=64):
    """One layer of LSTM and a dense head, states by name, blocks of one length."""
    g = Graph(2)
    x = g.input("audio_in", [1, 1, time])
    h, c = (g.input(name, [1, 1, hidden]) for name in ("h_in", "c_in"))
    seq = g.op("Transpose", x, perm=[2, 0, 1])
    out, hn, cn = g.op(
        "LSTM", seq, g.random(1, 4 * hidden, 1, scale=0.5),
        g.random(1, 4 * hidden, hidden, scale=0.2), g.random(1, 8 * hidden, scale=0.1),
        "", h, c, outputs=3, hidden_size=hidden)
    out = g.op("Squeeze", out, g.ints(1))
    y = g.op("MatMul", out, g.random(hidden, 1))
    y = g.op("Transpose", y, perm=[1, 2, 0])
    g.output(y, "audio_out", [1, 1, time])
    g.output(hn, "h_out", [1, 1, hidden])
    g.output(cn, "c_out", [1, 1, hidden])
    return g.model()


def wavenet(cached, channels=8, dilations=(1, 2, 4, 8, 16, 32, 1, 2, 4, 8, 16, 32)):
    """Dilated convolutions, gated, with a residual and a skip path: once with its past in
    caches and once padded at the beginning, of any length. The same weights."""
    g = Graph(3)
    x = g.input("x", [1, 1, "time"])
    rechannel = g.random(channels, 1, 1)
    layers = [(g.random(2 * channels, channels, 3), g.random(2 * channels, scale=0.1),
               g.random(channels, channels, 1, scale=0.2)) for _ in dilations]
    head = g.random(1, channels, 1, scale=0.1)
    h, skip = g.op("Conv", x, rechannel), None
    for i, (dilation, (w, b, mix)) in enumerate(zip(dilations, layers)):
        past = 2 * dilation
        if cached:
            cache = g.input(f"cache{i}_in", [1, channels, past])
            full = g.op("Concat", cache, h, axis=2)
            last = g.op("Slice", full, g.ints(-past), g.ints(2**63 - 1), g.ints(2))
            g.output(last, f"cache{i}_out", [1, channels, past])
        else:
            full = g.op("Pad", h, g.ints(0, 0, past, 0, 0, 0))
        z = g.op("Conv", full, w, b, dilations=[dilation])
        a, s = g.op("Split", z, g.ints(channels, channels), outputs=2, axis=1)
        z = g.op("Mul", g.op("Tanh", a), g.op("Sigmoid", s))
        skip = z if skip is None else g.op("Add", skip, z)
        h = g.op("Add", h, g.op("Conv", z, mix))
    g.output(g.op("Conv", skip, head), "y", [1, 1, "time"])
    # Sound first, as is the custom.
    g.outputs.insert(0, g.outputs.pop())
    return g.model()


def causal(g, x, weights, i, cin, kernel, bias=None, shape=None):
    """A convolution whose past is a cache."""
    cache = g.input(f"past_{i}", [1, cin, kernel - 1])
    full = g.op("Concat", cache, x, axis=2)
    last = g.op("Slice", full, g.ints(-(kernel - 1)), g.ints(2**63 - 1), g.ints(2))
    g.output(last, f"present_{i}", [1, cin, kernel - 1])
    return g.op("Conv", full, weights, *([bias] if bias else []))


def upsample(g, x, cin, cout, stride, i):
    """A transposed convolution of two strides whose overlap with the next block is a
    cache: it gives all but the last stride of samples, and keeps that."""
    w, b = g.random(cin, cout, 2 * stride, scale=1 / np.sqrt(2 * cin)), g.random(cout, scale=0.1)
    tail = g.input(f"past_{i}", [1, cout, stride])
    y = g.op("ConvTranspose", x, w, strides=[stride])
    length = g.ints(stride)
    first = g.op("Add", g.op("Slice", y, g.ints(0), length, g.ints(2)), tail)
    middle = g.op("Slice", y, length, g.ints(-stride), g.ints(2))
    g.output(g.op("Slice", y, g.ints(-stride), g.ints(2**63 - 1), g.ints(2)),
             f"present_{i}", [1, cout, stride])
    y = g.op("Concat", first, middle, axis=2)
    return g.op("Add", y, g.op("Reshape", b, g.ints(1, cout, 1)))


def decoder(latent_only):
    """A streaming decoder as RAVE's: transposed convolutions by 4, 4 and 2 and causal
    residual ones between, from a latent of 8 for each 32 samples. Of sound in it makes
    the latent by strided convolution; alone, its latent is a control."""
    g = Graph(4)
    frames, strides, channels = BLOCKS // 32, (4, 4, 2), (24, 16, 8, 8)
    if latent_only:
        z = g.input("latent", [1, 8, frames])
    else:
        x = g.input("audio", [1, 1, BLOCKS])
        z = g.op("Conv", x, g.random(8, 1, 32), strides=[32])
    h = causal(g, z, g.random(channels[0], 8, 3), 0, 8, 3)
    for i, stride in enumerate(strides):
        h = upsample(g, g.op("LeakyRelu", h, alpha=0.2), channels[i], channels[i + 1], stride,
                     2 * i + 1)
        c = channels[i + 1]
        r = causal(g, g.op("LeakyRelu", h, alpha=0.2), g.random(c, c, 3), 2 * i + 2, c, 3)
        h = g.op("Add", h, r)
    y = g.op("Tanh", causal(g, h, g.random(1, channels[-1], 7, scale=0.05), 7, channels[-1], 7))
    g.output(y, "audio_out" if not latent_only else "wave", [1, 1, BLOCKS])
    g.outputs.insert(0, g.outputs.pop())
    values = [round(float(v), 3) for v in g.rng.normal(size=8 * frames)]
    return g.model(44100, {"controls": {"latent": values}} if latent_only else None)


def transposed(kernel, stride, pads, bias, channels=(3, 5)):
    """One transposed convolution, to be rewritten."""
    g = Graph(5)
    x = g.input("x", [1, channels[0], "time"])
    inputs = [x, g.random(*channels, kernel)] + ([g.random(channels[1])] if bias else [])
    y = g.op("ConvTranspose", *inputs, strides=[stride], pads=pads)
    g.output(y, "y", [1, channels[1], "out"])
    return g.model(None)


def valid():
    """A convolution of 33 taps without padding: the output is shorter than the input."""
    g = Graph(6)
    x = g.input("x", [1, 1, "time"])
    y = g.op("Conv", x, g.random(1, 1, 33))
    g.output(y, "y", [1, 1, "shorter"])
    return g.model()


def centred():
    """A convolution of 33 taps padded on both sides: it looks 16 samples ahead."""
    g = Graph(7)
    x = g.input("x", [1, 1, "time"])
    y = g.op("Conv", x, g.random(1, 1, 33), pads=[16, 16])
    g.output(y, "y", [1, 1, "time"])
    return g.model()


def window():
    """A causal convolution of 64 taps on windows of 320 samples."""
    g = Graph(8)
    x = g.input("x", [1, 320])
    h = g.op("Unsqueeze", x, g.ints(1))
    y = g.op("Conv", h, g.random(1, 1, 64), pads=[63, 0])
    g.output(g.op("Squeeze", y, g.ints(1)), "y", [1, 320])
    return g.model()


def endless():
    """A running sum: its memory does not end, and no state carries it."""
    g = Graph(9)
    x = g.input("x", [1, 1, "time"])
    y = g.op("CumSum", x, g.const(2, np.int64))
    g.output(y, "y", [1, 1, "time"])
    return g.model()


def session(model):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(model.SerializeToString(), options,
                                providers=["CPUExecutionProvider"])


def stream(model, sound, block, pairs, controls, audio=0):
    """Runs blocks one after the other, states fed back."""
    s = session(model)
    shapes = {i.name: i.shape for i in s.get_inputs()}
    states = {a: np.zeros(shapes[a], np.float32) for a, _ in pairs}
    names = [o.name for o in s.get_outputs()]
    audio_in = [n for n in shapes if n not in states and n not in controls]
    out = []
    for begin in range(0, len(sound), block):
        feed = {**states, **controls}
        if audio_in:
            shape = [block if d == "time" or d == block else 1 for d in shapes[audio_in[0]]]
            feed[audio_in[0]] = sound[begin:begin + block].reshape(shape)
        result = dict(zip(names, s.run(None, feed)))
        out.append(result[names[audio]].ravel())
        states = {a: result[b] for a, b in pairs}
    return np.concatenate(out)


def pairs_of(model, before, after):
    names = [i.name for i in model.graph.input]
    outs = {o.name for o in model.graph.output}
    pairs = [(n, n.replace(before, after)) for n in names if before in n]
    return [(a, b) for a, b in pairs if b in outs and a != b and "audio" not in a]


def save(where, name, model, sound=None, answer=None):
    data = model.SerializeToString()
    assert len(data) < 100_000, (name, len(data))
    (where / f"{name}.onnx").write_bytes(data)
    if sound is not None:
        both = np.concatenate([sound, answer]).astype("<f4")
        assert len(sound) == len(answer) and np.isfinite(both).all()
        (where / f"{name}.f32").write_bytes(both.tobytes())
    print(f"{name}: {len(data)} bytes")


def tensors(where, name, data, feeds, outs=None):
    """A model that is no effect, as it is, with ONNX Runtime's outputs."""
    (where / f"{name}.onnx").write_bytes(data)
    s = session(onnx.load_from_string(data))
    outs = outs or [o.name for o in s.get_outputs()]
    results = s.run(outs, feeds)
    describe = lambda named: [{"name": n, "shape": list(a.shape),
                               **({"int": True} if a.dtype == np.int64 else {})}
                              for n, a in named]
    told = {"inputs": describe(feeds.items()), "outputs": describe(zip(outs, results))}
    (where / f"{name}.json").write_text(json.dumps(told) + "\n")
    flat = [np.asarray(a).ravel() for a in [*feeds.values(), *results]]
    (where / f"{name}.f32").write_bytes(np.concatenate(flat).astype("<f4").tobytes())
    print(f"{name}: {told}")


def packaged(package, name):
    """The bytes of a model in an installed package."""
    found = [f for f in metadata.files(package) if f.name == name]
    return found[0].locate().read_bytes()


def main():
    where = Path(sys.argv[1])
    rng = np.random.default_rng(0)
    t = np.arange(BLOCKS * COUNT) / 48000
    sound = 0.4 * np.sin(2 * np.pi * 220 * t) + 0.1 * rng.normal(size=len(t))
    sound = sound.astype(np.float32)
    whole = lambda m: stream(m, sound, len(sound), [], {})
    save(where, "shaper", m := shaper(), sound, whole(m))
    m = lstm()
    save(where, "lstm", m, sound, stream(m, sound, 64, pairs_of(m, "_in", "_out"), {}))
    m = wavenet(True)
    cached = stream(m, sound, BLOCKS, pairs_of(m, "_in", "_out"), {})
    save(where, "wavenet_cached", m, sound, cached)
    m = wavenet(False)
    # The edges of layers are padded, not fed with silence, so it is compared with itself.
    save(where, "wavenet_plain", m, sound, whole(m))
    m = decoder(False)
    save(where, "decoder", m, sound, stream(m, sound, BLOCKS, pairs_of(m, "past", "present"), {}))
    m = decoder(True)
    told = json.loads(next(p.value for p in m.metadata_props if p.key == "kiln.io"))
    latent = np.array(told["controls"]["latent"], np.float32).reshape(1, 8, -1)
    save(where, "decoder_latent", m, sound,
         stream(m, sound, BLOCKS, pairs_of(m, "past", "present"), {"latent": latent}))
    padded = np.concatenate([np.zeros(32, np.float32), sound])
    m = valid()
    save(where, "valid", m, sound, stream(m, padded, len(padded), [], {}))
    save(where, "centred", m := centred(), sound, whole(m))
    m = window()
    runs = np.concatenate([np.zeros(64, np.float32), sound])
    cut = [stream(m, runs[b:b + 320], 320, [], {})[64:] for b in range(0, len(sound), 256)]
    save(where, "window", m, sound, np.concatenate(cut))
    save(where, "endless", endless())
    for name, case in {
        "transposed_2": (8, 4, [0, 0], True), "transposed_3": (9, 3, [2, 1], False),
        "transposed_1": (4, 4, [0, 0], True), "transposed_crop": (16, 8, [4, 4], True),
    }.items():
        m = transposed(*case)
        x = rng.normal(size=(1, 3, 20)).astype(np.float32)
        tensors(where, name, m.SerializeToString(), {"x": x})
    if len(sys.argv) > 2:
        other = Path(sys.argv[2])
        # Noise, for the logarithm of what is nothing but rounding would be compared.
        noise = 0.05 * rng.normal(size=43844)
        tone = 0.5 * np.sin(2 * np.pi * 220 * np.arange(8000) / 16000) + noise[:8000]
        tone = tone.astype(np.float32)
        tensors(where, "swift_f0", packaged("swift-f0", "model.onnx"),
             {"audio": tone[None], "fmin": np.array(46.875, np.float32),
              "fmax": np.array(2093.75, np.float32)})
        t = np.arange(43844) / 22050
        tone = (0.3 * np.sin(2 * np.pi * 440 * t) + noise).astype(np.float32)
        tensors(where, "basic_pitch", packaged("basic-pitch", "nmp.onnx"),
             {"serving_default_input_2:0": tone[None, :, None]},
                ["StatefulPartitionedCall:1"])
        tensors(other, "silero_vad", packaged("silero-vad", "silero_vad_16k_op15.onnx"),
                {"input": tone[None, :576], "state": np.zeros((2, 1, 128), np.float32),
                 "sr": np.array(16000)})


if __name__ == "__main__":
    main()
