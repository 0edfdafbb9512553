"""What the tests share."""

import sys
import warnings
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
warnings.simplefilter("ignore")  # flamo's, of names it gives
torch.set_num_threads(1)

NFFT = 1024


def points(nfft=NFFT):
    """The upper half of the unit circle, as FLAMO samples it."""
    return np.exp(2j * np.pi * np.arange(nfft // 2 + 1) / nfft)


def flamo_response(core, nfft=NFFT):
    """FLAMO's transfer matrices of ``core``, [point][output][input]."""
    columns = []
    for i in range(core.input_channels):
        x = torch.zeros(1, nfft // 2 + 1, core.input_channels, dtype=torch.complex128)
        x[..., i] = 1
        with torch.no_grad():
            columns.append(core(x)[0].numpy())
    return np.stack(columns, axis=-1)


def error(found, expected):
    """The largest difference, relative to the largest value."""
    if found.shape != expected.shape:
        raise AssertionError(f"expected shape {expected.shape}, found {found.shape}")
    return np.abs(found - expected).max() / np.abs(expected).max()


def build(make, nfft=NFFT, seed=7):
    """A model, always with the same random parameters."""
    torch.manual_seed(seed)
    return make(nfft)
