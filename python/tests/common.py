"""What the tests share."""

import sys
import warnings
from pathlib import Path

import numpy as np
import torch

import reference
from reference import error

__all__ = ["NFFT", "build", "error", "flamo_response", "points"]
sys.path.insert(0, str(Path(__file__).parents[1]))
warnings.simplefilter("ignore")  # flamo's, of names it gives
torch.set_num_threads(1)

NFFT = 1024


def points(nfft=NFFT):
    """The upper half of the unit circle, as FLAMO samples it."""
    return reference.points(nfft)


def flamo_response(core, nfft=NFFT):
    """FLAMO's transfer matrices of ``core``, [point][output][input]."""
    columns = []
    for i in range(core.input_channels):
        x = torch.zeros(1, nfft // 2 + 1, core.input_channels, dtype=torch.complex128)
        x[..., i] = 1
        with torch.no_grad():
            columns.append(core(x)[0].numpy())
    return np.stack(columns, axis=-1)


def build(make, nfft=NFFT, seed=7):
    """A model, always with the same random parameters."""
    torch.manual_seed(seed)
    return make(nfft)
