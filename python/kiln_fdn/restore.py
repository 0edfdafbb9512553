"""From a graph to a FLAMO model."""

from collections import OrderedDict

import numpy as np
import torch
from flamo.processor import dsp, system

from .leaves import leaf

#: Of each class that can be made again: how many axes of its parameter its constructor does not
#: ask for, and what else the constructor takes.
CLASSES = {
    dsp.Gain: (0, ()),
    dsp.parallelGain: (0, ()),
    dsp.Matrix: (0, ("matrix_type", "iter")),
    dsp.HouseholderMatrix: (0, ()),
    dsp.Filter: (0, ()),
    dsp.parallelFilter: (0, ()),
    dsp.Biquad: (2, ("n_sections", "filter_type", "fs")),
    dsp.parallelBiquad: (2, ("n_sections", "filter_type", "fs")),
    dsp.SOSFilter: (2, ("n_sections", "fs", "normalize_a0")),
    dsp.parallelSOSFilter: (2, ("n_sections", "fs", "normalize_a0")),
    dsp.SVF: (2, ("n_sections", "filter_type", "fs")),
    dsp.parallelSVF: (2, ("n_sections", "filter_type", "fs")),
    dsp.GEQ: (1, ("octave_interval", "fs")),
    dsp.parallelGEQ: (1, ("octave_interval", "fs")),
    dsp.PEQ: (2, ("n_bands", "f_min", "f_max", "design", "fs")),
    dsp.parallelPEQ: (2, ("n_bands", "f_min", "f_max", "design", "fs")),
    dsp.AccurateGEQ: (1, ("octave_interval", "fs")),
    dsp.parallelAccurateGEQ: (1, ("octave_interval", "fs")),
    dsp.Delay: (0, ("max_len", "isint", "unit", "fs")),
    dsp.parallelDelay: (0, ("max_len", "isint", "unit", "fs")),
    dsp.GainDelay: (1, ("max_len", "isint", "unit", "fs")),
}
# What a Series of FLAMO calls its own, beside its methods: no name for a module in it.
TAKEN = ("nfft", "alias_decay_db", "device", "dtype", "input_channels", "output_channels")
BY_NAME = {cls.__name__: cls for cls in CLASSES}
# Their constructors do not ask whether they are trained.
UNTRAINED = (dsp.SOSFilter, dsp.AccurateGEQ)


def _plain(value):
    return value.item() if isinstance(value, (torch.Tensor, np.generic)) else value


def describe(module):
    """What it takes to make ``module`` again: its class, size, further arguments and raw
    parameter; None for a class that we cannot make again."""
    if type(module) not in CLASSES:
        return None
    skip, keys = CLASSES[type(module)]
    size = list(module.param.shape[skip:])
    if isinstance(module, dsp.HouseholderMatrix):
        size = size[:1] * 2
    about = {"class": type(module).__name__, "size": size}
    about.update((k, _plain(getattr(module, k))) for k in keys)
    about["requires_grad"] = bool(module.requires_grad)
    return {**about, "param": module.param.detach().double().tolist()}


def _described(about, rest):
    """The module that :func:`describe` described."""
    about = dict(about)
    cls = BY_NAME[about.pop("class")]
    param = torch.tensor(about.pop("param"), dtype=torch.float64)
    if issubclass(cls, UNTRAINED):
        about.pop("requires_grad")
    module = cls(**{**about, "size": tuple(about["size"])}, **rest)
    module.assign_value(param)
    return module


def _same(a, b):
    if a.keys() != b.keys():
        return False
    for key, value in a.items():
        other = b[key]
        if key in ("type", "interpolation"):
            if value != other:
                return False
        elif key != "name":
            try:
                value, other = np.array(value, dtype=float), np.array(other, dtype=float)
            except ValueError:  # ragged: no class writes that
                return False
            if value.shape != other.shape or not np.allclose(value, other, 1e-9, 1e-12):
                return False
    return True


def json_to_flamo(graph, nfft=2**16, alias_decay_db=0.0):
    """The model of a ``graph`` in the format "kiln-fdn": a Shell in float64 on the CPU, from and
    to signals in time, of ``nfft`` frequencies.

    A leaf with a description of its class becomes that class again, with its raw parameter, if
    that still makes the leaf's numbers; else the class whose parameter is those numbers. Raises
    ValueError for another format, or for an impulse response longer than ``nfft``.
    """
    if (graph.get("format"), graph.get("version")) != ("kiln-fdn", 1):
        found = f"{graph.get('format')!r} version {graph.get('version')!r}"
        raise ValueError(f'expected "kiln-fdn" version 1, found {found}')
    rest = {"nfft": nfft, "alias_decay_db": alias_decay_db}
    rest |= {"device": "cpu", "dtype": torch.float64}
    core = _module(graph["root"], rest, graph["sample_rate"])
    into = dsp.FFT(nfft, dtype=torch.float64)
    # FLAMO's own pairing: its FFTAntiAlias raises what it should let decay.
    out = dsp.iFFTAntiAlias(**rest) if alias_decay_db else dsp.iFFT(nfft, dtype=torch.float64)
    return system.Shell(core, into, out)


def _module(node, rest, fs):
    match node["type"]:
        case "series":
            return system.Series(_flat(node, rest, fs))
        case "parallel":
            first, *others = [_module(c, rest, fs) for c in node["children"]]
            for other in others:
                first = system.Parallel(first, other, sum_output=node["sum"])
            return first
        case "recursion":
            parts = (_module(node[k], rest, fs) for k in ("forward", "backward"))
            return system.Recursion(*parts)
    if node.get("flamo", {}).get("class") in BY_NAME:
        module = _described(node["flamo"], rest)
        own = {k: v for k, v in node.items() if k not in ("flamo", "meta")}
        if _same(own, leaf(module, node["name"], node["name"])):
            return module
    return _effective(node, rest, fs)


def _flat(node, rest, fs):
    """The modules of a series and of those in it, which FLAMO joins, by names that differ."""
    modules = OrderedDict()
    for child in node["children"]:
        # FLAMO takes a number for no name at all, torch takes a dot for a path.
        name = child["name"].replace(".", "_")
        name = f"module_{name}" if name.lstrip("+-").isdigit() else name or "module"
        inner = [(name, None)]
        if child["type"] == "series":
            inner = [(f"{name}_{k}", m) for k, m in _flat(child, rest, fs).items()]
        for key, module in inner:
            free, number = key, 2
            while free in modules or free in TAKEN or hasattr(system.Series, free):
                free, number = f"{key}_{number}", number + 1
            modules[free] = _module(child, rest, fs) if module is None else module
    if not modules:
        modules["wire"] = _assigned(dsp.parallelGain, np.ones(node["inputs"]), rest)
    return modules


def _assigned(cls, param, rest, size=None, **more):
    module = cls(size=param.shape if size is None else size, **more, **rest)
    module.assign_value(torch.as_tensor(param, dtype=torch.float64))
    return module


def _filled(rows, axes, empty):
    """``rows`` of ``axes`` outer axes with their lists filled up with ``empty`` to one length."""
    flat = rows if axes == 1 else [r for row in rows for r in row]
    longest = max(1, *map(len, flat))
    array = np.array([[*r, *[empty] * (longest - len(r))] for r in flat], dtype=float)
    outer = (len(rows),) if axes == 1 else (len(rows), len(rows[0]))
    return array.reshape(*outer, *array.shape[1:])


def _sections(node, axes):
    """Of shape sections x 6 x channels, or x outputs x inputs, a0 among them."""
    sections = _filled(node["sections"], axes, [1.0, 0, 0, 0, 0])
    sections = np.insert(sections, 3, 1.0, axis=-1)
    return np.moveaxis(sections, (-2, -1), (0, 1))


def _effective(node, rest, fs):
    """The module whose parameter is what ``node`` says."""
    whole = node.get("interpolation", "none") == "none"
    line = {"unit": 1, "isint": whole, "fs": fs}
    match node["type"]:
        case "matrix":
            return _assigned(dsp.Gain, np.array(node["matrix"], dtype=float), rest)
        case "gain":
            return _assigned(dsp.parallelGain, np.array(node["gains"], dtype=float), rest)
        case "householder":
            vector = np.array(node["vector"], dtype=float)[:, None]
            size = (len(vector),) * 2
            return _assigned(dsp.HouseholderMatrix, vector, rest, size)
        case "hadamard":
            size = (node["inputs"],) * 2
            return dsp.Matrix(size=size, matrix_type="hadamard", **rest)
        case "delay":
            value = np.array(node["samples"], dtype=float)
            line["max_len"] = int(value.max()) + 2
            return _assigned(dsp.parallelDelay, value / fs, rest, **line)
        case "delay_matrix":
            value = np.array(node["samples"], dtype=float)
            line["max_len"] = int(value.max()) + 2
            param = np.stack([np.array(node["gains"], dtype=float), value / fs])
            return _assigned(dsp.GainDelay, param, rest, value.shape, **line)
        case "filter":
            param, cls = _sections(node, 1), dsp.parallelSOSFilter
            return _assigned(cls, param, rest, param.shape[2:], n_sections=len(param), fs=fs)
        case "filter_matrix":
            param, cls = _sections(node, 2), dsp.SOSFilter
            return _assigned(cls, param, rest, param.shape[2:], n_sections=len(param), fs=fs)
        case "fir" | "fir_matrix" as kind:
            taps = _filled(node["taps"], 1 if kind == "fir" else 2, 0.0)
            taps = np.moveaxis(taps, -1, 0)
            if len(taps) > rest["nfft"]:
                found = f"{len(taps)} taps"
                raise ValueError(f"{node['name']}: expected at most {rest['nfft']}, found {found}")
            return _assigned(dsp.parallelFilter if kind == "fir" else dsp.Filter, taps, rest)
    raise ValueError(f'{node["name"]}: expected a type of "kiln-fdn", found {node["type"]!r}')
