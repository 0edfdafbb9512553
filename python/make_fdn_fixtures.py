"""Write tests/data/fdn/flamo: graphs as kiln_fdn exports them, and what FLAMO makes of the models.

For each model NAME.json, and NAME.npy with FLAMO's impulse responses in float64, C-order,
[input][output][time], and index.json with a line on each. FLAMO works on frequencies, so its
responses are periodic: nfft grows until the second half is 160 dB below the peak.

    python python/make_fdn_fixtures.py [NAME...]
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import torch

from fdn_models import GRAPHS, MODULES, RATE
from kiln_fdn import flamo_to_json

HERE = Path(__file__).parents[1] / "tests/data/fdn/flamo"
ALIASED = 1e-8  # 160 dB
LENGTHS = {"module": 128, "graph": 2048}
SILENT = 1e-13  # of the peak: what is below is FLAMO's rounding
# Its kernel has no end: a fraction of a sample is the business of whoever interpolates.
# The others are what FLAMO computes in single precision, whatever it is told.
LEFT_OUT = {"parallel_delay_fraction", "velvet_filter", "fdn_peq"}
NOTES = {
    "canonical_geq": "FLAMO's example e8_fdn with four lines: a GEQ in the loop, unit=100",
    "feedback_delays": "delays in the backward path only",
    "two_delays": "two banks of delays one after the other in the forward path",
    "delays_both_ways": "delays in both paths",
    "parallel_in_loop": "a direct and a delayed branch, added, in the loop",
    "parallel_concat": "a reverberator and a gain side by side; 1 in, 3 out",
    "nested_recursion": "a loop in the forward path of a loop",
    "schroeder_allpass": "three all-passes in series, |H| = 1",
    "two_loops": "two loops in series whose parts have the same names",
    "zero_line": "a line of no samples in a loop without delay that has a solution",
    "zero_line_ordered": "a line of no samples without such a loop",
    "short_lines": "lines of 1, 2, 3 and 5 samples",
    "wide_loop": "a recursion of 2 inputs and 3 outputs",
    "scattering_loop": "a scattering matrix in the backward path",
    "velvet_loop": "a velvet noise matrix in the backward path",
    "peq_loop": "a parametric equaliser in the loop",
    "svf_loop": "a state variable filter in the loop",
    "sos_matrix_loop": "a matrix of biquads in the loop",
    "fir_loop": "impulse responses of 9 taps in the loop",
    "delay_matrix_loop": "a gain and a delay for each pair of lines",
    "unit_100": "delays whose raw unit is a hundredth of a second",
    "softplus_delays": "trained delays, which pass a softplus",
    "householder_loop": "a Householder matrix",
    "stereo": "2 in, 2 out, and a direct path beside",
}


def response(core, nfft):
    """[input][output][time]"""
    rows = []
    for i in range(core.input_channels):
        x = torch.zeros(1, nfft // 2 + 1, core.input_channels, dtype=torch.complex128)
        x[..., i] = 1
        with torch.no_grad():
            rows.append(torch.fft.irfft(core(x), n=nfft, dim=1)[0].T.numpy())
    return np.stack(rows)


def trimmed(h, most):
    """``h`` up to where it is silent, but not beyond ``most`` samples, or half for many pairs."""
    heard = np.flatnonzero(np.abs(h).max((0, 1)) > SILENT * np.abs(h).max())[-1] + 1
    most = most // 2 if h.shape[0] * h.shape[1] > 2 else most
    length = min(most, -(-(heard + 8) // 16) * 16)  # some silence is part of the answer
    return np.ascontiguousarray(h[..., :length])


def make(name, build):
    """The graph of a model and its response, without time aliasing."""
    nfft = 2**13
    while nfft <= 2**20:
        torch.manual_seed(1)
        core = build(nfft)
        graph = flamo_to_json(core, RATE, name=name)
        h = response(core, nfft)
        tail = np.abs(h[..., nfft // 2 :]).max() / np.abs(h).max()
        if tail < ALIASED:
            return graph, h, nfft
        nfft *= 4
    raise SystemExit(f"{name}: expected a tail of 160 dB within {nfft} samples, found {tail}")


def main(names):
    warnings.simplefilter("ignore")  # flamo's, of names it gives
    torch.set_num_threads(1)
    HERE.mkdir(parents=True, exist_ok=True)
    index = []
    for kind, models in (("module", MODULES), ("graph", GRAPHS)):
        for name, build in models.items():
            if name in LEFT_OUT:
                continue
            entry = {"name": name, "kind": kind, "note": NOTES.get(name, "a module alone")}
            index.append(entry)
            if names and name not in names:
                continue
            graph, h, nfft = make(name, build)
            h = trimmed(h, LENGTHS[kind])
            (HERE / f"{name}.json").write_text(json.dumps(graph, allow_nan=False) + "\n")
            np.save(HERE / f"{name}.npy", h)
            left = np.abs(h[..., -64:]).max() / np.abs(h).max()
            print(f"{name:26} {str(h.shape):14} nfft {nfft:7}, last 64 samples {left:.1e}")
    text = json.dumps({"sample_rate": RATE, "fixtures": index}, indent=1)
    (HERE / "index.json").write_text(text + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
