"""The FLAMO models that Kiln's reader of graphs is tested with, in float64.

MODULES has one for each class of FLAMO, GRAPHS what is hard about putting them together. Delays
are short, some of a few samples, so that two thousand samples hold the tail. Everything is drawn
from torch's generator, whose seed the caller sets.
"""

from collections import OrderedDict

import torch
from flamo.auxiliary import reverb
from flamo.auxiliary.velvet import VelvetNoiseFilter
from flamo.functional import AllpassFDNMatrix
from flamo.processor import dsp, system

RATE = 48000
LINES = (7, 23, 41, 58)
GAINS = (0.8, 0.75, 0.7, 0.65)


def rest(nfft):
    """What every constructor takes."""
    return {"nfft": nfft, "device": "cpu", "dtype": torch.float64}


def tensor(values):
    return torch.as_tensor(values, dtype=torch.float64)


def assigned(module, values):
    """``module`` with its raw parameter set."""
    module.assign_value(tensor(values))
    return module


def gain(matrix, nfft):
    matrix = tensor(matrix)
    return assigned(dsp.Gain(size=tuple(matrix.shape), **rest(nfft)), matrix)


def gains(values, nfft):
    return assigned(dsp.parallelGain(size=(len(values),), **rest(nfft)), values)


def lines(samples, nfft, unit=1, trained=False, isint=True):
    """Delay lines of ``samples``, whose raw parameter is whatever makes them."""
    more = {"max_len": int(max(samples)) + 2, "unit": unit, "isint": isint, "fs": RATE}
    module = dsp.parallelDelay(size=(len(samples),), requires_grad=trained, **more, **rest(nfft))
    seconds = module.sample2s(tensor(samples))
    # Trained delays pass a softplus: this is its inverse.
    return assigned(module, torch.log(torch.expm1(seconds)) if trained else seconds)


def mixing(size, nfft, kind="orthogonal"):
    return dsp.Matrix(size=(size, size), matrix_type=kind, **rest(nfft))


def biquads(shape, sections, nfft):
    """Random stable biquads, a0 other than one, for channels or pairs."""
    cls = dsp.parallelSOSFilter if len(shape) == 1 else dsp.SOSFilter
    module = cls(size=shape, n_sections=sections, fs=RATE, **rest(nfft))
    b = torch.randn(sections, 3, *shape, dtype=torch.float64) / 3
    radius = 0.3 + 0.5 * torch.rand(sections, *shape, dtype=torch.float64)
    angle = torch.pi * torch.rand(sections, *shape, dtype=torch.float64)
    a = torch.stack([torch.ones_like(radius), -2 * radius * angle.cos(), radius**2], 1)
    return assigned(module, torch.cat([b, 1.5 * a], 1))


def series(**modules):
    return system.Series(OrderedDict(modules))


def loop(forward, backward):
    return system.Recursion(fF=forward, fB=backward)


def reverberator(core, nfft, inputs=1, outputs=1, size=4):
    """``core`` between random gains."""
    into = dsp.Gain(size=(size, inputs), **rest(nfft))
    return series(
        input_gain=into, loop=core, output_gain=dsp.Gain(size=(outputs, size), **rest(nfft))
    )


def damped(samples, nfft):
    """Lines, each with a loss."""
    return series(delays=lines(samples, nfft), losses=gains(GAINS, nfft))


def fdn(nfft, forward=None, backward=None, **ends):
    """A reverberator of four lines; what is not given is as textbooks have it."""
    forward = damped(LINES, nfft) if forward is None else forward
    backward = mixing(4, nfft) if backward is None else backward
    return reverberator(loop(forward, backward), nfft, **ends)


def _scattering(cls, n, **more):
    ends = {"m_L": tensor([3.0, 5, 7, 2]), "m_R": tensor([2.0, 4, 6, 8])}
    return cls(size=(3, 4, 4), **more, **ends, **rest(n))


def _absorbing(cls, n, **more):
    delays = tensor([809.0, 1201])
    module = cls(delays=delays, fs=RATE, **more, **rest(n))
    with torch.no_grad():
        # Seconds, for all but one: there any number does.
        module.param.uniform_(0.5, 2)
    return module


MODULES = {
    "gain": lambda n: dsp.Gain(size=(3, 2), **rest(n)),
    "gain_row": lambda n: dsp.Gain(size=(1, 3), **rest(n)),
    "gain_mapped": lambda n: dsp.Gain(size=(2, 2), map=torch.tanh, **rest(n)),
    "parallel_gain": lambda n: dsp.parallelGain(size=(3,), map=torch.sigmoid, **rest(n)),
    "matrix_random": lambda n: mixing(3, n, "random"),
    "matrix_orthogonal": lambda n: mixing(4, n),
    "matrix_hadamard": lambda n: mixing(8, n, "hadamard"),
    "matrix_rotation": lambda n: mixing(4, n, "rotation"),
    "householder": lambda n: dsp.HouseholderMatrix(size=(4, 4), **rest(n)),
    "allpass_matrix": lambda n: AllpassFDNMatrix(2, **rest(n)),
    "filter": lambda n: dsp.Filter(size=(20, 2, 3), **rest(n)),
    "parallel_filter": lambda n: dsp.parallelFilter(size=(20, 2), **rest(n)),
    "scattering": lambda n: _scattering(dsp.ScatteringMatrix, n, sparsity=3, gain_per_sample=0.999),
    "scattering_pulses": lambda n: _scattering(
        dsp.ScatteringMatrix, n, sparsity=2, gain_per_sample=1.0, pulse_size=2
    ),
    "velvet_matrix": lambda n: _scattering(dsp.VelvetNoiseMatrix, n, density=0.3),
    "biquad_lowpass": lambda n: dsp.Biquad(size=(2, 2), n_sections=2, fs=RATE, **rest(n)),
    "biquad_highpass": lambda n: dsp.parallelBiquad(size=(2,), filter_type="highpass", **rest(n)),
    "biquad_bandpass": lambda n: dsp.Biquad(size=(2, 1), filter_type="bandpass", **rest(n)),
    "parallel_biquad": lambda n: dsp.parallelBiquad(size=(3,), n_sections=2, **rest(n)),
    "sos": lambda n: biquads((2, 2), 2, n),
    "parallel_sos": lambda n: biquads((3,), 3, n),
    "svf": lambda n: dsp.SVF(size=(2, 2), n_sections=2, fs=RATE, **rest(n)),
    "geq": lambda n: dsp.GEQ(size=(2, 2), fs=RATE, **rest(n)),
    "parallel_geq": lambda n: dsp.parallelGEQ(size=(2,), octave_interval=3, **rest(n)),
    "peq": lambda n: dsp.PEQ(size=(2, 2), n_bands=4, fs=RATE, **rest(n)),
    "parallel_peq": lambda n: dsp.parallelPEQ(size=(2,), n_bands=4, design="svf", **rest(n)),
    "accurate_geq": lambda n: dsp.AccurateGEQ(size=(1, 1), fs=RATE, **rest(n)),
    "parallel_accurate_geq": lambda n: dsp.parallelAccurateGEQ(size=(1,), fs=RATE, **rest(n)),
    "fdn_accurate_geq": lambda n: _absorbing(reverb.parallelFDNAccurateGEQ, n),
    "fdn_geq": lambda n: _absorbing(reverb.parallelFDNGEQ, n),
    "fdn_peq": lambda n: _absorbing(reverb.parallelFDNPEQ, n, is_twostage=True),
    "gfdn_accurate_geq": lambda n: _absorbing(reverb.parallelGFDNAccurateGEQ, n),
    "first_order_shelving": lambda n: _absorbing(reverb.parallelFirstOrderShelving, n),
    "velvet_filter": lambda n: VelvetNoiseFilter(
        size=(96, 2, 1), density=6000.0, nfft=n, device="cpu"
    ),
    "delay": lambda n: dsp.Delay(size=(2, 3), max_len=60, isint=True, unit=1, **rest(n)),
    "parallel_delay": lambda n: lines((0, 1, 2, 59), n),
    "parallel_delay_fraction": lambda n: lines((20.3, 33.75), n, isint=False),
    "gain_delay": lambda n: dsp.GainDelay(
        size=(2, 3), max_len=60, isint=True, map_gain=torch.tanh, **rest(n)
    ),
    "parallel_gain_delay": lambda n: dsp.parallelGainDelay(
        size=(3,), max_len=60, isint=True, **rest(n)
    ),
}
for _kind in ("lowpass", "highpass", "bandpass", "lowshelf", "highshelf", "peaking", "notch"):
    MODULES[f"svf_{_kind}"] = lambda n, kind=_kind: dsp.parallelSVF(
        size=(2,), filter_type=kind, fs=RATE, **rest(n)
    )


def _canonical(n):
    """FLAMO's own example e8_fdn, but for its size: a GEQ in the loop, delays in hundredths."""
    attenuation = dsp.parallelGEQ(size=(4,), fs=RATE, **rest(n))
    attenuation.map = lambda x: 20 * torch.log10(torch.sigmoid(x))
    return fdn(n, lines(LINES, n, unit=100), series(mixing=mixing(4, n), attenuation=attenuation))


def _parallel_in_loop(n):
    side = series(delays=lines((3, 5, 11, 2), n), gains=gains((0.35,) * 4, n))
    both = system.Parallel(gains((0.45,) * 4, n), side)
    return fdn(n, series(delays=lines(LINES, n), both=both))


def _allpass(g, samples, n):
    """Schroeder's all-pass, -g + (1 - g^2) z^-m / (1 - g z^-m)."""
    tail = series(loop=loop(lines([samples], n), gain([[g]], n)), scale=gain([[1 - g * g]], n))
    return system.Parallel(gain([[-g]], n), tail)


def _stereo(n):
    wet = fdn(n, inputs=2, outputs=2)
    return system.Parallel(wet, gain([[0.7, 0.05], [0.05, 0.7]], n))


def _two_loops(n):
    """Two loops whose parts have the same names."""
    first, second = (loop(damped(m, n), mixing(4, n)) for m in (LINES, (5, 17, 31, 47)))
    return reverberator(series(first=first, second=second), n)


def _delay_matrix(n):
    """Delays between the lines instead of on them."""
    pairs = dsp.GainDelay(size=(4, 4), max_len=40, isint=True, **rest(n))
    with torch.no_grad():
        pairs.param[0] = mixing(4, n).map(torch.randn(4, 4, dtype=torch.float64))
    return fdn(n, gains((0.6,) * 4, n), pairs)


def _equalised(equaliser, n):
    return fdn(n, series(delays=lines(LINES, n), eq=equaliser, losses=gains((0.6,) * 4, n)))


def _svf(n):
    shelf = dsp.parallelSVF(size=(4,), filter_type="highshelf", **rest(n))
    with torch.no_grad():
        shelf.param[1] += 3  # well damped: FLAMO's shelves resonate, and the loop would ring up
    return _equalised(shelf, n)


def _fir(n):
    taps = dsp.parallelFilter(size=(9, 4), **rest(n))
    with torch.no_grad():
        taps.param /= taps.param.abs().sum(0)
    return fdn(n, series(delays=lines(LINES, n), taps=taps))


def _zero_line(n):
    """A line of no samples: a loop without delay, which has a solution."""
    return fdn(n, damped((0, 23, 41, 58), n))


def _ordered_zero_line(n):
    """A line of no samples that no loop without delay passes, for it does not hear itself."""
    matrix = torch.randn(4, 4, dtype=torch.float64) / 3
    matrix[0, 0] = 0
    return fdn(n, damped((0, 23, 41, 58), n), gain(matrix, n))


def _wide(n):
    """A loop of as many lines forward as there are not backward: two in, three out."""
    forward = series(
        split=gain([[0.6, 0.1], [0.2, 0.5], [0.3, 0.3]], n), delays=lines((13, 29, 37), n)
    )
    return loop(forward, gain([[0.5, -0.3, 0.2], [0.1, 0.4, -0.5]], n))


def _nested(n):
    inner = loop(lines((29, 31, 37, 41), n), gain(-0.3 * torch.eye(4), n))
    return fdn(
        n, series(delays=lines(LINES, n), losses=gains((0.5, 0.45, 0.4, 0.35), n), inner=inner)
    )


def _feedback_delays(n):
    chain = series(delays=lines(LINES, n), mixing=mixing(4, n))
    return fdn(n, series(losses=gains(GAINS, n)), chain)


GRAPHS = {
    "canonical_geq": _canonical,
    "feedback_delays": _feedback_delays,
    "two_delays": lambda n: fdn(
        n, series(first=lines(LINES, n), mix=mixing(4, n), second=damped((13, 17, 19, 2), n))
    ),
    "delays_both_ways": lambda n: fdn(
        n, backward=series(delays=lines((13, 17, 19, 2), n), mixing=mixing(4, n))
    ),
    "parallel_in_loop": _parallel_in_loop,
    "parallel_concat": lambda n: system.Parallel(
        fdn(n), gain([[0.7], [-0.2]], n), sum_output=False
    ),
    "nested_recursion": _nested,
    "schroeder_allpass": lambda n: series(
        a=_allpass(0.7, 13, n), b=_allpass(-0.6, 37, n), c=_allpass(0.5, 61, n)
    ),
    "two_loops": _two_loops,
    "zero_line": _zero_line,
    "zero_line_ordered": _ordered_zero_line,
    "short_lines": lambda n: fdn(n, damped((1, 2, 3, 5), n)),
    "wide_loop": _wide,
    "scattering_loop": lambda n: fdn(
        n, backward=_scattering(dsp.ScatteringMatrix, n, sparsity=2, gain_per_sample=0.999)
    ),
    "velvet_loop": lambda n: fdn(
        n, backward=_scattering(dsp.VelvetNoiseMatrix, n, density=0.3, gain_per_sample=0.999)
    ),
    "peq_loop": lambda n: _equalised(dsp.parallelPEQ(size=(4,), n_bands=5, **rest(n)), n),
    "svf_loop": _svf,
    "sos_matrix_loop": lambda n: fdn(
        n, lines(LINES, n), series(pairs=biquads((4, 4), 1, n), losses=gains((0.15,) * 4, n))
    ),
    "fir_loop": _fir,
    "delay_matrix_loop": _delay_matrix,
    "unit_100": lambda n: fdn(n, series(delays=lines(LINES, n, unit=100), losses=gains(GAINS, n))),
    "softplus_delays": lambda n: fdn(
        n, series(delays=lines(LINES, n, trained=True), losses=gains(GAINS, n))
    ),
    "householder_loop": lambda n: fdn(n, backward=dsp.HouseholderMatrix(size=(4, 4), **rest(n))),
    "stereo": _stereo,
}
