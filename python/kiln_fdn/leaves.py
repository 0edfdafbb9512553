"""FLAMO's modules as nodes of a graph."""

import numpy as np
import torch
from flamo.auxiliary import reverb
from flamo.auxiliary.velvet import VelvetNoiseFilter
from flamo.functional import AllpassFDNMatrix
from flamo.processor import dsp

from .evaluate import biquads, mapped, parameter, real, samples, undecayed, velvet


def node(kind, name, inputs, outputs, **rest):
    """A node of the format. ValueError where a number is not finite."""
    for key, value in rest.items():
        if isinstance(value, np.ndarray):
            if not np.all(np.isfinite(value)):
                raise ValueError(f"expected finite {key}, found {value[~np.isfinite(value)][0]}")
            rest[key] = value.tolist()
    head = {"type": kind, "name": name, "inputs": int(inputs), "outputs": int(outputs)}
    return {**head, **rest}


def series(name, children):
    """``children`` one after the other."""
    inputs, outputs = children[0]["inputs"], children[-1]["outputs"]
    return node("series", name, inputs, outputs, children=children)


def _sylvester(size):
    matrix = np.ones((1, 1))
    while len(matrix) < size:
        matrix = np.kron(matrix, [[1, 1], [1, -1]])
    return matrix / np.sqrt(len(matrix))


def matrix(name, value, dtype=torch.float64):
    """A matrix, told as a Hadamard matrix if it is Sylvester's but for rounding to ``dtype``."""
    outputs, inputs = value.shape
    hadamard = _sylvester(inputs)
    rounding = 8 * torch.finfo(dtype).eps
    if inputs > 1 and hadamard.shape == value.shape and np.abs(hadamard - value).max() < rounding:
        return node("hadamard", name, inputs, outputs)
    return node("matrix", name, inputs, outputs, matrix=value)


def _gain(module, name):
    value = parameter(module)
    if value.shape != tuple(module.size):
        raise ValueError(f"expected a matrix of {tuple(module.size)}, found one of {value.shape}")
    return matrix(name, value, module.param.dtype)


def _parallel_gain(module, name):
    # A map may answer for all channels with one number.
    value = np.broadcast_to(parameter(module), tuple(module.size))
    return node("gain", name, *value.shape * 2, gains=value)


def _householder(module, name):
    vector = parameter(module)[:, 0]
    return node("householder", name, *vector.shape * 2, vector=vector)


def _allpass(module, name):
    return matrix(name, real(module.get_matrix()))


def _how(module):
    return "none" if module.isint else "sinc"


def _line(name, value, interpolation="none"):
    if np.any(value < 0):
        raise ValueError(f"expected delays of zero samples or more, found {value.min()}")
    return node("delay", name, *value.shape * 2, samples=value, interpolation=interpolation)


def _pairs(name, gains, value, interpolation):
    if np.any(value < 0):
        raise ValueError(f"expected delays of zero samples or more, found {value.min()}")
    outputs, inputs = value.shape
    rest = {"gains": gains, "samples": value, "interpolation": interpolation}
    return node("delay_matrix", name, inputs, outputs, **rest)


def _delay(module, name):
    value = samples(module, module.map, module.param)
    return _pairs(name, np.ones(value.shape), value, _how(module))


def _parallel_delay(module, name):
    return _line(name, samples(module, module.map, module.param), _how(module))


def _gain_delay(module, name):
    with undecayed(module):
        gains = real(mapped(module.map_gain, module.param[0]))
    return _pairs(name, gains, samples(module, module.map_delay, module.param[1]), _how(module))


def _parallel_gain_delay(module, name):
    with undecayed(module):
        gains = real(mapped(module.map_gain, module.param[0]))
    delays = samples(module, module.map_delay, module.param[1])
    first = node("gain", "gain", *gains.shape * 2, gains=gains)
    return series(name, [first, _line("delay", delays, _how(module))])


def _filter(module, name):
    sections = biquads(module)
    if module.is_diagonal or sections.ndim == 3:
        return node("filter", name, *sections.shape[:1] * 2, sections=sections)
    outputs, inputs = sections.shape[:2]
    return node("filter_matrix", name, inputs, outputs, sections=sections)


def _fir(module, name, taps=None):
    taps = parameter(module) if taps is None else taps
    taps = np.moveaxis(taps, 0, -1)
    if taps.ndim == 2:
        return node("fir", name, *taps.shape[:1] * 2, taps=taps)
    outputs, inputs = taps.shape[:2]
    return node("fir_matrix", name, inputs, outputs, taps=taps)


def _velvet(module, name):
    return _fir(module, name, velvet(module))


def _scattering(module, name):
    """The product a scattering matrix is made of (Schlecht and Habets, "Scattering in feedback
    delay networks", 2020, eq. 14): of factors without loss, so that it has none at any rate."""
    mapping = module.map_filter
    shifts = real(mapping.shifts).round()
    ends = [real(m).round().reshape(-1) for m in (mapping.m_R, mapping.m_L)]
    stages = parameter(module)
    dtype = module.param.dtype
    chain = [_line("delay_in", ends[0]), matrix("matrix_0", stages[0], dtype)]
    for k, (shift, stage) in enumerate(zip(shifts, stages[1:]), 1):
        chain.append(_line(f"delay_{k}", shift))
        gains = mapping.gain_per_sample**shift
        if np.any(gains != 1):
            chain.append(node("gain", f"gain_{k}", *gains.shape * 2, gains=gains))
        chain.append(matrix(f"matrix_{k}", stage, dtype))
    chain.append(_line("delay_out", ends[1]))
    return series(name, chain)


#: How each class is written. A class counts for those below it that do not answer in their own
#: way; the first that fits is taken.
WRITERS = {
    dsp.HouseholderMatrix: _householder,
    dsp.parallelGain: _parallel_gain,
    dsp.Matrix: _gain,
    dsp.Gain: _gain,
    dsp.parallelGainDelay: _parallel_gain_delay,
    dsp.GainDelay: _gain_delay,
    dsp.parallelDelay: _parallel_delay,
    dsp.Delay: _delay,
    dsp.ScatteringMatrix: _scattering,
    dsp.VelvetNoiseMatrix: _scattering,
    VelvetNoiseFilter: _velvet,
    AllpassFDNMatrix: _allpass,
    reverb.parallelFirstOrderShelving: _filter,
    reverb.parallelGFDNAccurateGEQ: _filter,
    reverb.parallelFDNAccurateGEQ: _filter,
    reverb.parallelFDNGEQ: _filter,
    reverb.parallelFDNPEQ: _filter,
    dsp.parallelBiquad: _filter,
    dsp.Biquad: _filter,
    dsp.parallelSOSFilter: _filter,
    dsp.SOSFilter: _filter,
    dsp.parallelSVF: _filter,
    dsp.SVF: _filter,
    dsp.parallelGEQ: _filter,
    dsp.GEQ: _filter,
    dsp.parallelPEQ: _filter,
    dsp.PEQ: _filter,
    dsp.parallelAccurateGEQ: _filter,
    dsp.AccurateGEQ: _filter,
    dsp.parallelFilter: _fir,
    dsp.Filter: _fir,
}

# What a class of someone's own must leave as it is for us to know what it computes.
ANSWERS = ("forward", "get_freq_response", "get_freq_convolve", "get_delays", "s2sample")

# These store a rate that they do not design by.
RATELESS = (dsp.SOSFilter, dsp.SVF)


def writer(module, path):
    """What writes ``module``. TypeError, naming ``path``, for a class we do not know."""
    for known, write in WRITERS.items():
        if not isinstance(module, known):
            continue
        own = [a for a in ANSWERS if getattr(type(module), a, 0) is not getattr(known, a, 0)]
        if not own:
            return write
        found = f"{type(module).__name__}, a {known.__name__} with a {own[0]} of its own"
        break
    else:
        found = type(module).__name__
    known = ", ".join(sorted(c.__name__ for c in WRITERS))
    raise TypeError(
        f"{path}: expected Series, Parallel, Recursion, Shell or one of {known}; found {found}"
    )


def leaf(module, name, path, rate=None):
    """``module`` as a node called ``name``. ``rate`` is what it must be designed for, in Hz.

    TypeError for a class that is not supported, ValueError for numbers that mean no sound; both
    name ``path``.
    """
    write = writer(module, path)
    fs = getattr(module, "fs", rate)
    if rate is not None and fs != rate and not isinstance(module, RATELESS):
        raise ValueError(f"{path}: expected a module designed for {rate} Hz, found {fs}")
    try:
        return write(module, name)
    except ValueError as e:
        raise ValueError(f"{path}: {e}") from None
