"""Write tests/data/nam: small random networks as `.nam` files, and what they answer.

The networks are instances of the official trainer's own classes (`nam.models`), exported by
the trainer's own code, so each file is what the trainer writes today unless its `about` says
it was respelled. The answers come from the same PyTorch modules evaluated in float64 and are
stored as little-endian float32.

What "the answer" means:

* Feed-forward networks are evaluated with `pad_start=True`: receptive field - 1 zeros go in
  front of the input. That is the network settled on silence, then the input from sample 0.
* LSTM files carry an initial state h0, c0. The trainer exports the state that one second of
  zeros leads to from a zero state, and its own evaluation starts from a different, learned
  state without settling. Here the exported file is read back, started at its h0/c0, given
  24000 zeros (half a second, as the official player does) and then the input. Each model is
  checked to have converged: another 24000 zeros must not move the output.

Where the official player (NeuralAmpModelerCore) is known to compute something else from the
same file, the index says so, and `core_output` holds that other answer, got from a trainer
network that is rebuilt to follow the player.

    python python/nam_fixtures.py [--only PREFIX]
"""

import argparse
import copy
import json
import math
import tempfile
import zlib
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
from nam.models import LSTM, ConvNet, Linear, WaveNet
from nam.models._activations import PairBlend, PairMultiply
from nam.models.base import BaseNet
from nam.models.metadata import GearType, ToneType, UserMetadata
from nam.models.wavenet import PackedWaveNet

OUT = Path(__file__).parents[1] / "tests" / "data" / "nam"
RATE = 48_000
LENGTH = 2048
DATE = {"year": 2026, "month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0}
SITES = (
    "conv_pre_film",
    "conv_post_film",
    "input_mixin_pre_film",
    "input_mixin_post_film",
    "activation_pre_film",
    "activation_post_film",
    "layer1x1_post_film",
    "head1x1_post_film",
)
INACTIVE_1X1 = "layer1x1 inactive: the player's residual is x, the trainer's x + activation"
POST_FILM = "layer1x1_post_film: the player applies it in blended layers only"
REVERSED = "the player takes weight 0 for the newest sample, the trainer for the oldest"
HEAD_WIDTH = "the player refuses it: it wants an array as wide as the head of the array before"

torch.set_num_threads(1)


class Fasttanh(nn.Module):
    """The player's rational tanh. The trainer has none, so it is lent this one."""

    def forward(self, x):
        a, s = x.abs(), x * x
        top = x * (2.45550750702956 + 2.45550750702956 * a + (0.893229853513558 + 0.821226666969744 * a) * s)
        return top / (2.44506634652299 + (2.44506634652299 + s) * (x + 0.814642734961073 * x * a).abs())


nn.Fasttanh = Fasttanh

# Dates would make every run differ, and the loudness pass is slow: add it only where wanted.
_measured_metadata = BaseNet._get_non_user_metadata
BaseNet._get_non_user_metadata = lambda self: {"date": dict(DATE)}


def guitar():
    """A few plucked notes: harmonic, decaying, with a pick transient each. Peak 0.5."""
    rng = np.random.default_rng(11)
    t = np.arange(LENGTH) / RATE
    x = np.zeros(LENGTH)
    for start, f0, level in (
        (0, 164.8, 0.5),
        (310, 246.9, 0.6),
        (700, 329.6, 1.0),
        (1250, 110.0, 0.9),
        (1700, 440.0, 0.4),
    ):
        u = t[: LENGTH - start]
        note = sum(
            np.sin(2 * np.pi * f0 * k * u + rng.uniform(0, 6)) * np.exp(-u * (8 + 6 * k)) / k**0.9
            for k in range(1, 24)
            if k * f0 < 9000
        )
        note *= 1 - np.exp(-u / 0.0004)
        note[:40] += 0.5 * rng.standard_normal(min(40, len(u))) * np.hanning(40)[: len(u)]
        x[start:] += level * note
    return (0.5 * x / np.abs(x).max()).astype("<f4")


class Folder:
    def __init__(self, only):
        self.only = only
        self.index = []
        self.float32 = {}  # dB by which the trainer's own float32 misses an output
        self.x = guitar()
        OUT.mkdir(parents=True, exist_ok=True)
        if not only:
            for old in (*OUT.glob("*.nam"), *OUT.glob("*.f32")):
                old.unlink()
        self.x.tofile(OUT / "input.f32")

    def wants(self, name):
        return name.startswith(self.only or "")

    def samples(self, name, y):
        y = np.asarray(y, np.float64)
        assert y.shape == (LENGTH,) and np.isfinite(y).all(), name
        y.astype("<f4").tofile(OUT / f"{name}.f32")
        return f"{name}.f32"

    def model(self, name, d):
        (OUT / f"{name}.nam").write_text(json.dumps(shorten(d), separators=(",", ":")) + "\n")
        return f"{name}.nam"

    def entry(self, model, output, about, quality=None, reason=None, core_output=None):
        e = {"model": model, "output": output, "quality": quality, "core_differs": reason is not None, "about": about}
        if reason:
            e["reason"] = reason
        if core_output:
            e["core_output"] = core_output
        self.index.append(e)

    def wavenet(self, name, about, arrays, *, reason=None, core=None, respell=None, **k):
        """Write one network, its answer, and the player's where `core` says how that differs."""
        if not self.wants(name):
            return
        net = wavenet(name, arrays, x=self.x, **k)
        d = export(net)
        model = self.model(name, respell(d) if respell else d)
        other = self.samples(f"{name}.core", answer(core(copy.deepcopy(net)), self.x)) if core else None
        self.entry(model, self.report(name, answer(net, self.x)), about, reason=reason, core_output=other)

    def report(self, name, y):
        print(f"{name:34s} sd {y.std():.3f} mean {y.mean():+.3f} peak {np.abs(y).max():.3f}", flush=True)
        assert 0.02 < y.std() < 1 and np.abs(y).max() < 8, name
        double, single = answer.last
        if double is y:
            error = np.sqrt(np.mean((single - double) ** 2) / np.mean(double**2))
            self.float32[f"{name}.f32"] = round(float(20 * np.log10(max(error, 1e-9))), 1)
        return self.samples(name, y)

    def finish(self):
        if self.only:
            return
        for e in self.index:
            e["float32_db"] = self.float32.get(e["output"])
        lines = ",\n".join(json.dumps(e) for e in self.index)
        (OUT / "index.json").write_text(f"[\n{lines}\n]\n")
        total = sum(f.stat().st_size for f in OUT.iterdir())
        print(f"{len(self.index)} entries, {total / 1e6:.2f} MB")


def shorten(d):
    """Weights as the shortest decimals that read back as the same float32, at every depth."""
    if isinstance(d, dict):
        return {k: short_weights(v) if k == "weights" else shorten(v) for k, v in d.items()}
    if isinstance(d, (list, tuple)):
        return [shorten(v) for v in d]
    return d


def short_weights(values):
    out = []
    for v in values:
        s = float(str(np.float32(v)))
        assert np.float32(s) == np.float32(v)
        out.append(int(s) if s == int(s) else s)
    return out


def seed(name):
    torch.manual_seed(zlib.crc32(name.encode()))


def tidy(net, digits=4):
    """Round every weight to a short decimal, as float32, so that the files stay small."""
    with torch.no_grad():
        for p in (*net.parameters(), *net.buffers()):
            if p.dtype == torch.float32 and p.ndim:
                p.copy_(torch.tensor(np.round(p.double().numpy(), digits).astype(np.float32)))
        for m in net.modules():
            if isinstance(m, nn.PReLU):  # exported as numbers in the config, not as weights
                n = m.num_parameters
                m.weight.copy_(torch.linspace(0.125, 0.125 + 0.0625 * (n - 1), n))


def answer(net, x):
    """What the network answers in float64; `answer.last` keeps it beside its answer in float32."""
    with torch.no_grad():
        single = copy.deepcopy(net).float().eval()(torch.tensor(x, dtype=torch.float32), pad_start=True)
        double = net.double().eval()(torch.tensor(x, dtype=torch.float64), pad_start=True).numpy()
    answer.last = (double, single.numpy().astype(np.float64))
    return double


def stack(net):
    return net._net


def set_level(net, x, target=0.2):
    """Give the output a sensible level and, where a last bias allows it, no offset."""
    w = stack(net)

    def now():
        y = net.eval()(torch.tensor(x), pad_start=True)
        return float(y.std()), float(y.mean())

    with torch.no_grad():
        deviation, mean = now()
        if w._head is None:
            scale = w._head_scale * target / deviation
            bits = 2.0 ** (7 - math.floor(math.log2(scale)))  # a few bits of it are enough
            w._head_scale = round(scale * bits) / bits
            last, step = w._layer_arrays[-1]._head_rechannel, w._head_scale
        else:
            last, step = w._head._layers[-1][1], 1.0
            last.weight *= target / deviation
            last.bias *= target / deviation
        if last.bias is not None:
            last.bias -= now()[1] / step
    tidy(net)


def pair_of(kind, first, second):
    return {"name": kind, "primary": first, "secondary": second}


GATE = pair_of("PairMultiply", "Tanh", "Sigmoid")
BLEND = pair_of("PairBlend", "Tanh", "Sigmoid")
POST_HEAD = dict(channels=3, out_channels=1, kernel_sizes=[5, 3], activation="ReLU")


def head1x1(**k):
    return dict(dict(active=True, out_channels=3, groups=1), **k)


def film(*sites, **k):
    return {s: dict(dict(active=True, shift=True, groups=1), **k) for s in sites}


def inner(out):
    """A model to nest as condition_dsp."""
    layers = [array(channels=2, head=head(out), dilations=[1, 2, 7])]
    return {"name": "WaveNet", "config": dict(layers_configs=layers, head_scale=1.0)}


def array(**k):
    d = dict(
        input_size=1,
        condition_size=1,
        channels=4,
        head=dict(out_channels=1, kernel_size=1, bias=True),
        kernel_size=3,
        dilations=[1, 2, 4, 8],
        activation="Tanh",
    )
    d.update(k)
    return d


def head(out=1, kernel=1, bias=True):
    return dict(out_channels=out, kernel_size=kernel, bias=bias)


def wavenet(name, arrays, *, gain=1.0, edit=None, x=None, digits=4, **top):
    """A network that float32 can evaluate well: draws whose output is a small rest are discarded."""
    for attempt in range(30):
        seed(f"{name}{attempt or ''}")
        net = random_wavenet(arrays, gain, edit, x, digits, top)
        with torch.no_grad():
            single = net.eval()(torch.tensor(x), pad_start=True).numpy()
        if np.abs(single - answer(copy.deepcopy(net), x)).max() < 1e-6:
            return net
    raise RuntimeError(f"no well-conditioned draw for {name}")


def random_wavenet(arrays, gain, edit, x, digits, top):
    config = dict(layers_configs=[dict(a) for a in arrays], head=None, head_scale=0.5, sample_rate=RATE)
    config.update(top)
    net = WaveNet.init_from_config(config)
    if edit:
        edit(net)
    with torch.no_grad():
        for a in stack(net)._layer_arrays:
            for layer in a._layers:
                layer.conv.weight *= gain
                layer.conv.bias *= 0.5
                layer.input_mixer.weight *= gain
                for site in SITES:
                    film = getattr(layer, site)
                    if film is not None:  # modulate around one rather than around nothing
                        dim = film._film.out_channels // (2 if film.shift else 1)
                        film._film.bias[:dim] += 1.0
    tidy(net, digits)
    set_level(net, x)
    if digits != 4:
        tidy(net, digits)
    return net


def export(net):
    d = net._get_export_dict()
    inner = d["config"]
    while isinstance(inner, dict) and inner.get("condition_dsp"):
        inner["condition_dsp"]["metadata"]["date"] = dict(DATE)
        inner = inner["condition_dsp"]["config"]
    return d


def legacy(d, version="0.5.2"):
    """The spelling of trainers before per-layer kernels and nested heads. Same weights."""
    d = json.loads(json.dumps(d))
    d["version"] = version
    for layer in d["config"]["layers"]:
        top = layer.pop("head")
        assert top["kernel_size"] == 1 and len(set(layer["kernel_sizes"])) == 1
        kernel = layer.pop("kernel_sizes")[0]
        activation = layer.pop("activation")[0]["type"]
        gated = layer.pop("gating_mode")[0] == "gated"
        for k in (
            "bottleneck",
            "head1x1",
            "layer1x1",
            "groups_input",
            "groups_input_mixin",
            "secondary_activation",
            "slimmable",
            *SITES,
        ):
            layer.pop(k)
        layer.update(
            head_size=top["out_channels"], kernel_size=kernel, activation=activation, gated=gated, head_bias=top["bias"]
        )
    return d


def first_generation(f):
    """Arrays of one kind, one activation, no frills."""
    small = [2**i for i in range(5)]
    f.wavenet("a1_one_array", "one array, head bias", [array(dilations=small)])
    f.wavenet("a1_no_head_bias", "one array, no head bias", [array(head=head(bias=False))])
    pair = [array(head=head(2, bias=False), dilations=small), array(input_size=4, channels=2, dilations=small)]
    name = "a1_two_arrays"
    if f.wants(name):
        net = wavenet(name, pair, x=f.x)
        d = export(net)
        BaseNet._get_non_user_metadata = _measured_metadata
        net.float()
        d["metadata"] = {**net._get_non_user_metadata(), "date": dict(DATE)}
        BaseNet._get_non_user_metadata = lambda self: {"date": dict(DATE)}
        user = UserMetadata(
            name="Fixture",
            modeled_by="nobody",
            gear_type=GearType.AMP,
            gear_make="none",
            gear_model="random",
            tone_type=ToneType.CLEAN,
            input_level_dbu=12.5,
            output_level_dbu=11.0,
        )
        d["metadata"].update({k: getattr(v, "value", v) for k, v in user.model_dump().items()})
        out = f.report(name, answer(net, f.x))
        f.entry(f.model(name, d), out, "two arrays, full metadata")
        f.entry(f.model(name + "_legacy", legacy(d)), out, "the same network in the spelling of file version 0.5.2")
    f.wavenet(
        "a1_three_arrays",
        "three arrays of falling width",
        [
            array(channels=6, head=head(5, bias=False), dilations=[1, 2, 4]),
            array(input_size=6, channels=5, head=head(3), dilations=[8, 16], kernel_size=2),
            array(input_size=5, channels=3, dilations=[1, 3, 9]),
        ],
    )
    f.wavenet(
        "a1_gated_legacy",
        "gated as file version 0.5.2 spells it",
        [array(activation={"name": "PairMultiply", "primary": "Tanh", "secondary": "Sigmoid"})],
        respell=legacy,
    )
    for c in (1, 3, 5, 7):
        f.wavenet(f"a1_channels_{c}", f"{c} channels", [array(channels=c, dilations=[1, 3, 10, 33])])
    for k in (1, 2, 5):
        f.wavenet(f"a1_kernel_{k}", f"kernel size {k}", [array(kernel_size=k, channels=3)])
    for label, c1, c2 in (("nano", 4, 2), ("feather", 8, 4)):
        d1, d2 = [2**i for i in range(7)], [128, 256, 512] + [2**i for i in range(10)]
        f.wavenet(
            f"a1_{label}",
            f"the trainer's '{label}' shape",
            [
                array(channels=c1, head=head(c2, bias=False), dilations=d1),
                array(input_size=c1, channels=c2, dilations=d2),
            ],
        )
    d1 = [2**i for i in range(10)]
    f.wavenet(
        "a1_standard",
        "the trainer's 'standard' shape",
        [array(channels=16, head=head(8, bias=False), dilations=d1), array(input_size=16, channels=8, dilations=d1)],
        digits=2,
    )


def activations(f):
    for a in ("Hardtanh", "Fasttanh", "ReLU", "Sigmoid", "SiLU", "Hardswish", "Softsign"):
        f.wavenet(f"act_{a.lower()}", f"{a}, default parameters", [array(activation=a)], gain=3)
    f.wavenet(
        "act_softsigmoid",
        "Softsigmoid",
        [array(activation="Softsigmoid")],
        gain=3,
        reason="the player cannot load this activation",
    )
    f.wavenet(
        "act_leakyrelu_slope",
        "LeakyReLU with a slope of its own",
        [array(activation={"name": "LeakyReLU", "negative_slope": 0.1875})],
    )
    f.wavenet(
        "act_leakyhardtanh_all",
        "LeakyHardtanh, every parameter set",
        [array(activation=dict(name="LeakyHardtanh", min_val=-0.5, max_val=0.75, min_slope=0.125, max_slope=0.0625))],
        gain=3,
    )
    f.wavenet("act_prelu", "PReLU with one slope", [array(activation="PReLU")])
    f.wavenet(
        "act_prelu_channels",
        "PReLU with a slope per channel",
        [array(activation={"name": "PReLU", "num_parameters": 4})],
    )

    def plain_hardtanh(net):
        for m in net.modules():
            if isinstance(m, nn.Hardtanh):
                m.min_val, m.max_val = -1.0, 1.0
        return net

    f.wavenet(
        "act_hardtanh_limits",
        "Hardtanh with limits of its own",
        [array(activation=dict(name="Hardtanh", min_val=-0.375, max_val=0.625))],
        gain=3,
        reason="the player ignores min_val and max_val",
        core=plain_hardtanh,
    )
    f.wavenet(
        "act_per_layer",
        "a different activation in each layer",
        [array(activation=["Tanh", {"name": "LeakyReLU", "negative_slope": 0.25}, "Softsign", "SiLU"])],
        gain=2,
    )


def kernels_and_heads(f):
    f.wavenet(
        "kernels_per_layer", "a different kernel size in each layer", [array(kernel_size=[2, 5, 1, 3], channels=5)]
    )
    f.wavenet(
        "head_kernel_two_arrays",
        "head kernels of 4 and 3 in two arrays",
        [
            array(channels=5, head=head(3, kernel=4)),
            array(input_size=5, channels=3, head=head(kernel=3, bias=False), dilations=[1, 5, 25]),
        ],
    )

    def thin(d):
        """Fold a head kernel with two zeros between taps into head_dilation 3."""
        layer = d["config"]["layers"][0]
        taps, channels = 4, layer["bottleneck"]
        wide = 3 * (taps - 1) + 1
        layer["head"].update(kernel_size=taps, head_dilation=3)
        tail = channels * wide + 2  # the head's kernel, its bias, head_scale
        w = np.array(d["weights"])
        kernel = w[-tail:-2].reshape(channels, wide)
        d["weights"] = [*w[:-tail], *kernel[:, ::3].ravel(), *w[-2:]]
        return d

    def zeros_between(net):
        w = stack(net)._layer_arrays[0]._head_rechannel.weight
        keep = torch.zeros_like(w)
        keep[:, :, ::3] = 1
        w.data *= keep

    f.wavenet(
        "head_dilation",
        "head kernel of 4 dilated by 3; the key is the player's, the trainer has no such option",
        [array(head=head(kernel=10), channels=3)],
        edit=zeros_between,
        respell=thin,
    )
    f.wavenet("post_head", "post-stack head of two convolutions", [array(head=head(4))], head=POST_HEAD)
    f.wavenet(
        "post_head_three",
        "post-stack head of three convolutions after two arrays",
        [array(channels=4, head=head(3)), array(input_size=4, channels=3, head=head(2, kernel=2))],
        head=dict(POST_HEAD, kernel_sizes=[2, 1, 4], channels=5, activation="Softsign"),
        gain=3,
    )
    f.wavenet(
        "post_head_named",
        "the post-stack head's activation object says 'name', not 'type': the trainer writes it so",
        [array(head=head(2))],
        head=dict(POST_HEAD, activation={"name": "LeakyReLU", "negative_slope": 0.25}),
        gain=3,
        reason="the player cannot load 'name' for 'type'",
    )

    def typed(d):
        a = d["config"]["head"]["activation"]
        a["type"] = a.pop("name")
        return d

    f.wavenet(
        "post_head_typed",
        "the same idea with 'type'",
        [array(head=head(2))],
        head=dict(POST_HEAD, activation={"name": "LeakyReLU", "negative_slope": 0.25}),
        respell=typed,
        gain=3,
    )


def gating(f):
    f.wavenet("gated", "gated, Tanh and Sigmoid", [array(activation=GATE)], gain=2)
    f.wavenet(
        "gated_other",
        "gated, SiLU and Hardtanh",
        [array(activation=pair_of("PairMultiply", "SiLU", "Hardtanh"))],
        gain=2,
    )
    f.wavenet("blended", "blended, Tanh and Sigmoid", [array(activation=BLEND)], gain=2)
    mixed = ["Tanh", GATE, pair_of("PairBlend", "SiLU", "Sigmoid"), "LeakyReLU"]
    f.wavenet("gating_per_layer", "plain, gated, blended, plain", [array(activation=mixed)], gain=2)

    def parametrised(net):
        pairs = [
            PairMultiply(nn.LeakyReLU(0.25), nn.Softsign()),
            PairBlend(nn.PReLU(4), nn.Sigmoid()),
            PairMultiply(nn.Softsign(), nn.LeakyReLU(0.125)),
            PairBlend(nn.Hardswish(), nn.SiLU()),
        ]
        for layer, a in zip(stack(net)._layer_arrays[0]._layers, pairs):
            layer._activation = a

    f.wavenet("gated_parameters", "pairs whose members carry parameters", [array(activation=GATE)], edit=parametrised)


def widths_and_groups(f):
    f.wavenet("bottleneck_narrow", "bottleneck 2 of 5 channels", [array(channels=5, bottleneck=2)])
    f.wavenet("bottleneck_wide", "bottleneck 5 of 3 channels", [array(channels=3, bottleneck=5)])
    f.wavenet("bottleneck_gated", "bottleneck 3 of 4 channels, gated", [array(bottleneck=3, activation=GATE)])
    f.wavenet("groups_input", "grouped layer convolution", [array(channels=6, groups_input=2)])
    f.wavenet("groups_depthwise", "layer convolution with a group per channel", [array(channels=4, groups_input=4)])
    f.wavenet("groups_gated", "grouped and gated", [array(groups_input=2, activation=GATE)])
    f.wavenet("groups_layer1x1", "grouped layer1x1", [array(channels=6, layer_1x1_config=dict(active=True, groups=3))])
    f.wavenet("head1x1", "head1x1 to three channels", [array(head_1x1_config=head1x1())])
    f.wavenet("head1x1_groups", "grouped head1x1", [array(head_1x1_config=head1x1(out_channels=6, groups=2))])
    f.wavenet(
        "head1x1_two_arrays",
        "head1x1 in two arrays",
        [
            array(head=head(2), head_1x1_config=head1x1()),
            array(input_size=4, channels=2, bottleneck=4, head_1x1_config=head1x1(out_channels=2)),
        ],
    )


def without_layer1x1(f):
    """The player leaves the residual alone where the trainer adds the activation to it."""

    class Nothing(nn.Module):
        def forward(self, x):
            return torch.zeros_like(x[:, :1])

    def no_residual(net):
        for layer in stack(net)._layer_arrays[0]._layers:
            layer._layer1x1 = Nothing()
        return net

    for label, extra in (("", {}), ("_gated_head1x1", dict(activation=GATE, head_1x1_config=head1x1()))):
        f.wavenet(
            f"no_layer1x1{label}",
            "layer1x1 inactive" + label.replace("_", ", "),
            [array(layer_1x1_config=dict(active=False, groups=1), **extra)],
            reason=INACTIVE_1X1,
            core=no_residual,
        )


def films(f):
    def without_post_film(net):
        for a in stack(net)._layer_arrays:
            for layer in a._layers:
                if not isinstance(layer._activation, PairBlend):
                    layer._layer1x1_post_film = None
        return net

    player = dict(reason=POST_FILM, core=without_post_film)
    for site in SITES:
        extra = dict(head_1x1_config=head1x1()) if site.startswith("head1x1") else {}
        f.wavenet(
            f"film_{site.removesuffix('_film')}",
            f"FiLM at {site}",
            [array(channels=3, film_params=film(site), **extra)],
            **(player if site == "layer1x1_post_film" else {}),
        )
    f.wavenet(
        "film_layer1x1_post_blended",
        "FiLM at layer1x1_post_film, blended",
        [array(film_params=film("layer1x1_post_film"), activation=BLEND)],
    )
    f.wavenet(
        "film_all",
        "FiLM everywhere, plain layers",
        [array(film_params=film(*SITES), head_1x1_config=head1x1())],
        **player,
    )
    f.wavenet(
        "film_all_scale",
        "FiLM everywhere, scale only, gated layers",
        [array(bottleneck=3, film_params=film(*SITES, shift=False), head_1x1_config=head1x1(), activation=GATE)],
        **player,
    )


def conditioned(f):
    f.wavenet("condition_dsp", "nested model of one condition channel", [array()], condition_dsp=inner(1))
    f.wavenet(
        "condition_dsp_two", "nested model of two condition channels", [array(condition_size=2)], condition_dsp=inner(2)
    )
    f.wavenet(
        "condition_dsp_arrays",
        "nested model of three channels, two arrays outside",
        [array(condition_size=3, head=head(2)), array(input_size=4, channels=2, condition_size=3, kernel_size=2)],
        condition_dsp=inner(3),
    )
    deep = {
        "name": "WaveNet",
        "config": dict(
            layers_configs=[array(channels=3, head=head(2, kernel=3), activation="ReLU", dilations=[1, 4])],
            head=dict(channels=2, out_channels=2, kernel_sizes=[2, 2], activation="Tanh"),
            head_scale=1.0,
        ),
    }
    f.wavenet(
        "condition_dsp_post_head",
        "nested model with head kernel and post-stack head",
        [array(condition_size=2)],
        condition_dsp=deep,
    )
    f.wavenet(
        "groups_mixin",
        "grouped input mixin on two condition channels",
        [array(condition_size=2, groups_input_mixin=2)],
        condition_dsp=inner(2),
    )
    f.wavenet(
        "film_groups",
        "grouped FiLM everywhere, on two condition channels",
        [
            array(
                condition_size=2,
                film_params=film(*SITES, groups=2),
                head_1x1_config=head1x1(out_channels=4),
                activation=BLEND,
            )
        ],
        condition_dsp=inner(2),
        gain=2,
    )

    # --- everything in one place
    f.wavenet(
        "everything",
        "two unlike arrays, most features at once",
        [
            array(
                channels=6,
                bottleneck=4,
                condition_size=2,
                kernel_size=[3, 2, 5],
                dilations=[1, 6, 2],
                groups_input=2,
                groups_input_mixin=2,
                layer_1x1_config=dict(active=True, groups=2),
                head=head(3, kernel=2),
                head_1x1_config=head1x1(out_channels=4, groups=2),
                activation=[BLEND, BLEND, BLEND],
                film_params={
                    **film("conv_pre_film", groups=2),
                    **film("activation_post_film", shift=False),
                    **film("layer1x1_post_film"),
                },
            ),
            array(
                input_size=6,
                channels=5,
                condition_size=2,
                bottleneck=3,
                kernel_size=[1, 4],
                dilations=[3, 11],
                head=head(2, bias=False),
                activation=["Hardswish", GATE],
                film_params=film("input_mixin_pre_film", "head1x1_post_film", shift=False),
                head_1x1_config=head1x1(),
            ),
        ],
        condition_dsp=inner(2),
        head=dict(POST_HEAD, kernel_sizes=[3, 2], activation="SiLU"),
        gain=3,
        reason=HEAD_WIDTH,
    )


def slimmables(f):
    """Width by slicing channels."""

    for name, about, channels, allowed, extra in (
        ("slimmable", "widths 2, 4 and 6 of 6", 6, [2, 4, 6], {}),
        ("slimmable_any", "every width of 3, as written when no list is given", 3, None, {}),
        ("slimmable_gated", "widths 3 and 5 of 5, gated", 5, [3, 5], dict(activation=GATE)),
    ):
        if not f.wants(name):
            continue
        kwargs = {} if allowed is None else {"allowed_channels": allowed}
        net = wavenet(
            name,
            [array(channels=channels, slimmable={"method": "slice_channels_uniform", "kwargs": kwargs}, **extra)],
            x=f.x,
        )
        model = f.model(name, export(net))
        widths = allowed or list(range(1, channels + 1))
        outputs = {}
        n = len(widths)
        for q in sorted({0.0, 0.2, 0.5, 1.0, *(i / n for i in range(1, n)), *(i / n - 0.01 for i in range(1, n))}):
            q = round(q, 4)
            stack(net).set_slimming(q)
            width = widths[min(int(q * n), n - 1)]
            y = answer(net, f.x)
            if width not in outputs:
                outputs[width] = (f.report(f"{name}.{width}", y), y)
            assert np.array_equal(outputs[width][1], y), (name, q)
            f.entry(model, outputs[width][0], f"{about}; quality {q} selects {width}", quality=q)


def containers(f):
    """What the trainer writes by default today: WaveNets of several widths in a SlimmableContainer."""

    def make(name, about, channels, kernels, dilations, digits, max_values="uniform"):
        if not f.wants(name):
            return
        seed(name)

        def submodel(c):
            layers = array(
                channels=c, kernel_sizes=kernels, dilations=dilations, activation="LeakyReLU", head=head(kernel=16)
            )
            layers.pop("kernel_size")
            return {"name": f"channels_{c}", "config": {"layers_configs": [layers], "head_scale": 0.25}}

        packed = PackedWaveNet.init_from_config(
            {
                "submodels": [submodel(c) for c in channels],
                "export": {"container_max_values": max_values},
                "sample_rate": RATE,
            }
        )
        with torch.no_grad():
            y = packed(torch.tensor(f.x), pad_start=True)
            out = stack(packed)._layer_arrays[0]._head_rechannel
            for i, level in enumerate(y.std(dim=-1)):
                out.weight[i] *= 0.2 / float(level)
            y = packed(torch.tensor(f.x), pad_start=True)
            out.bias -= y.mean(dim=-1) / stack(packed)._head_scale
        tidy(packed, digits)
        with tempfile.TemporaryDirectory() as t:
            d = packed.export_container(t)
        model = f.model(name, d)
        limits = [s["max_value"] for s in d["config"]["submodels"]]
        outputs = []
        for i, c in enumerate(channels):
            y = answer(packed.extract_submodel(i), f.x)
            outputs.append(f.report(f"{name}.{c}", y))
        below = limits[:-1]
        for q in sorted({0.0, 1.0, *below, *(round(v - 0.01, 4) for v in below)}):
            i = next((i for i, v in enumerate(limits) if q < v), len(limits) - 1)
            f.entry(model, outputs[i], f"{about}; quality {q} selects {channels[i]} channels", quality=q)

    kernels = [6] * 14 + [15] * 2 + [6] * 7
    dilations = [1, 3, 7, 17, 41, 101, 239] * 2 + [1, 13] + [1, 3, 7, 17, 41, 101, 239]
    make("a2", "the trainer's default shape, both widths", [3, 8], kernels, dilations, 2)
    make(
        "container_three",
        "three widths with limits of their own",
        [2, 4, 6],
        [6, 15],
        [1, 5],
        4,
        max_values=[0.2, 0.75, 1.0],
    )


def lstms(f):
    for layers, hidden in ((1, 3), (1, 16), (2, 8), (3, 5), (1, 24)):
        for other_start in (False, True) if (layers, hidden) == (2, 8) else (False,):
            name = f"lstm_{layers}x{hidden}" + ("_start" if other_start else "")
            if not f.wants(name):
                continue
            seed(f"lstm_{layers}x{hidden}")
            net = LSTM(hidden_size=hidden, num_layers=layers, sample_rate=RATE)
            with torch.no_grad():
                for k in range(layers):
                    getattr(net._core, f"weight_ih_l{k}").mul_(2.0 * hidden**0.5)
                    # A quarter of the trainer's initial preference for remembering, or little gets through.
                    bias = getattr(net._core, f"bias_ih_l{k}")
                    bias += getattr(net._core, f"bias_hh_l{k}")
                    bias[: 2 * hidden] *= 0.25
                    getattr(net._core, f"bias_hh_l{k}").zero_()
                signal = torch.cat([torch.zeros(4800), torch.tensor(f.x)])
                net._head.weight *= 0.2 / float(net(signal)[4800:].std())
                net._head.bias -= float(net(signal)[4800:].mean())
            tidy(net)
            d = net._get_export_dict()
            if other_start:  # any other start must be forgotten in the half second of silence
                w = np.array(d["weights"])
                at = 0
                rng = np.random.default_rng(5)
                for k in range(layers):
                    at += 4 * hidden * ((1 if k == 0 else hidden) + hidden) + 4 * hidden
                    w[at : at + 2 * hidden] = np.round(rng.uniform(-0.6, 0.6, 2 * hidden), 2)
                    at += 2 * hidden
                d["weights"] = [float(v) for v in w]
            back = LSTM(sample_rate=RATE, **{k: d["config"][k] for k in ("hidden_size", "num_layers", "input_size")})
            back.import_weights(np.array(d["weights"], np.float32))
            half = np.zeros(RATE // 2)
            y = answer(back, np.concatenate([half, f.x]))[len(half) :]
            again = answer(back, np.concatenate([half, half, f.x]))[2 * len(half) :]
            unsettled = answer(back, f.x)
            print(f"settled to {np.abs(y - again).max():.1e}, without settling {np.abs(y - unsettled).max():.1e}")
            assert np.abs(y - again).max() < 1e-9, name
            about = f"{layers} layers of {hidden}" + (
                ", stored state far from rest: settle before comparing" if other_start else ""
            )
            f.entry(f.model(name, d), f.report(name, y), about)


def conv_nets(f):
    for activation, batchnorm, channels in (
        ("Tanh", False, 4),
        ("Tanh", True, 5),
        ("ReLU", True, 8),
        ("Sigmoid", False, 6),
        ("LeakyReLU", True, 3),
    ):
        name = f"convnet_{activation.lower()}" + ("_bn" if batchnorm else "")
        if not f.wants(name):
            continue
        seed(name)
        net = ConvNet(
            channels=channels,
            dilations=[1, 2, 4, 8, 16, 32],
            batchnorm=batchnorm,
            activation=activation,
            sample_rate=RATE,
        ).eval()
        with torch.no_grad():
            for m in net.modules():
                if isinstance(m, nn.BatchNorm1d):
                    m.running_mean.uniform_(-0.3, 0.3)
                    m.running_var.uniform_(0.2, 1.5)
                    m.weight.uniform_(1.0, 2.0)
                    m.bias.uniform_(-0.3, 0.3)
                elif isinstance(m, nn.Conv1d):
                    m.weight *= 9 if activation == "Sigmoid" else 1.5
            y = net(torch.tensor(f.x), pad_start=True)
            conv = net._net._modules["head"]
            conv.weight *= 0.2 / float(y.std())
            conv.bias -= float(net(torch.tensor(f.x), pad_start=True).mean())
        tidy(net)
        model = f.model(name, net._get_export_dict())
        y = answer(net, f.x)
        f.entry(model, f.report(name, y), f"{channels} channels, {activation}" + (", batch norm" if batchnorm else ""))


def linears(f):
    for taps, bias in ((16, True), (1500, False)):
        name = f"linear_{taps}" + ("_bias" if bias else "")
        if not f.wants(name):
            continue
        seed(name)
        net = Linear(receptive_field=taps, bias=bias, sample_rate=RATE)
        with torch.no_grad():
            shape = torch.exp(-torch.arange(taps - 1, -1, -1) / (taps / 5))
            net._net.weight.copy_((torch.randn(taps) * shape)[None, None])
            net._net.weight *= 0.2 / float(net(torch.tensor(f.x), pad_start=True).std())
        tidy(net)
        model = f.model(name, net._get_export_dict())
        y = answer(net, f.x)
        with torch.no_grad():
            net._net.weight.copy_(net._net.weight.flip(2))
        core = f.samples(f"{name}.core", answer(net, f.x))
        f.entry(
            model, f.report(name, y), f"{taps} taps" + (", bias" if bias else ""), reason=REVERSED, core_output=core
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=None, help="write only models whose name starts so; leaves index.json alone")
    f = Folder(parser.parse_args().only)
    for part in (
        first_generation,
        activations,
        kernels_and_heads,
        gating,
        widths_and_groups,
        without_layer1x1,
        films,
        conditioned,
        slimmables,
        containers,
    ):
        part(f)
    lstms(f)
    conv_nets(f)
    linears(f)
    f.finish()


if __name__ == "__main__":
    main()
