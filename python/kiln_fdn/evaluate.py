"""What a FLAMO module computes, as numbers in float64."""

from contextlib import contextmanager

import numpy as np
import torch
from flamo.auxiliary.reverb import parallelFDNPEQ
from flamo.processor import dsp

# On four points a polynomial of three taps is not folded, and the transform rounds nothing.
POINTS = 4


@contextmanager
def undecayed(module):
    """Lends ``module`` a state without anti time-aliasing, in float64, on few frequencies."""
    state = {"dtype": torch.float64, "nfft": POINTS}
    if hasattr(module, "alias_envelope_dcy"):
        # In float64, it also lifts to it what would be transformed in single precision.
        ones = torch.ones_like(module.alias_envelope_dcy, dtype=torch.float64)
        state["alias_envelope_dcy"] = ones
    saved = {key: getattr(module, key) for key in state}
    try:
        for key, value in state.items():
            setattr(module, key, value)
        with torch.no_grad():
            yield
    finally:
        for key, value in saved.items():
            setattr(module, key, value)


def mapped(map, param):
    """``map(param)``, in float64 where the map allows it."""
    try:
        return map(param.detach().double())
    except RuntimeError:
        # A map may multiply with constants of its own in single precision.
        return map(param.detach())


def real(tensor):
    """``tensor`` as a float64 array. ValueError where its imaginary part is not zero."""
    array = tensor.detach().cpu().resolve_conj().numpy()
    if np.iscomplexobj(array):
        if np.any(array.imag):
            raise ValueError("expected real numbers, found an imaginary part that is not zero")
        array = array.real
    return array.astype(np.float64)


def parameter(module):
    """The mapped parameter of ``module``."""
    with undecayed(module):
        return real(mapped(module.map, module.param))


def samples(module, map, param):
    """Delays in samples, rounded if ``module`` rounds them."""
    with torch.no_grad():
        if module.isint:
            # In the module's own precision, for which way a half goes depends on it.
            return real(module.s2sample(map(param.detach())).round())
        exact = real(module.s2sample(mapped(map, param)))
    # The way through seconds leaves whole numbers a rounding error beside them.
    whole = np.round(exact)
    return np.where(np.abs(exact - whole) <= 1e-12 * np.maximum(whole, 1), whole, exact)


def _taps(spectrum, axis):
    array = spectrum.detach().cpu().numpy().astype(np.complex128)
    taps = np.fft.irfft(array, n=POINTS, axis=axis)
    taps = np.moveaxis(taps, axis, 0)[:3]
    # What is zero comes back as a rounding error.
    return np.where(np.abs(taps) < 1e-15 * np.abs(taps).max(), 0, taps)


def biquads(module):
    """The cascade of ``module``, any that has ``get_poly_coeff``: channels x sections x 5, or
    outputs x inputs x sections x 5; b0, b1, b2, a1, a2 with a0 = 1."""
    with undecayed(module):
        if isinstance(module, dsp.AccurateGEQ):
            # In its own precision: the fit of its gains ends elsewhere for a rounding's difference.
            value = module.map(module.param.detach())
        else:
            value = mapped(module.map, module.param)
        spectra = module.get_poly_coeff(value)
    axis = 1 if isinstance(module, (dsp.PEQ, parallelFDNPEQ)) else 0
    b, a = (_taps(x, axis) for x in spectra[1:3])
    if b.ndim == 2:
        b, a = b[:, None], a[:, None]  # one section, which the module does not count
    if np.any(a[0] == 0):
        raise ValueError("expected a0 that is not zero, found zero")
    sections = np.concatenate([b, a[1:]]) / a[0]
    return np.moveaxis(sections, (1, 0), (-2, -1))


def velvet(module):
    """The taps a :class:`VelvetNoiseFilter` answers with now: it draws them anew now and then."""
    with torch.no_grad():
        spectrum = module.freq_response(module.param).cpu().numpy()
    if module.size[0] > module.nfft:
        raise ValueError(f"expected at most nfft = {module.nfft} taps, found {module.size[0]}")
    taps = np.fft.irfft(spectrum, n=module.nfft, axis=0)[: module.size[0]]
    # Pulses of one, but for what anti time-aliasing took, over the noise of single precision.
    return np.sign(np.where(np.abs(taps) > 1e-5, taps, 0))
