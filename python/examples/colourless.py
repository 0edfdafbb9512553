"""Train a colourless feedback delay network with FLAMO, and play it meanwhile.

    python python/examples/colourless.py --out target/colourless.json

The network is lossless: a stereo input gain, delay lines around an orthogonal matrix, a stereo
output gain. Its magnitude is made flat from each input to each output, after G. Dal Santo et al.,
"Optimizing tiny colorless feedback delay networks", arXiv:2402.11216.
The control `rt60` lets it decay. A player that follows the file plays each revision; what it
answers is printed. A step takes a quarter of a second with 16 lines.
"""

import argparse
import sys
import warnings
from collections import OrderedDict
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
warnings.simplefilter("ignore")  # FLAMO's, of names it gives

from flamo.optimize.loss import sparsity_loss
from flamo.processor import dsp, system

from kiln_fdn import LiveReload

RATE = 48000
#: By how much responses decay within nfft samples, in dB, so that no pole is on the circle where
#: the magnitude is looked at.
DECAY = 30
#: Of the loss that keeps the matrix from becoming sparse, as there.
DENSITY = 0.2
CONTROLS = {"rt60": {"init": 2.0, "min": 0.1, "max": 20.0}}


def build(lines=16, nfft=2**14, delays=(13.0, 37.0), seed=1):
    """A Shell with random gains and matrix; ``delays`` from and to, in milliseconds."""
    torch.manual_seed(seed)
    rest = {"nfft": nfft, "alias_decay_db": DECAY, "device": "cpu"}
    low, high = (ms * RATE / 1000 for ms in delays)
    samples = torch.tensor(primes(low, high, lines))
    more = {"unit": 1, "isint": True, "fs": RATE}
    line = dsp.parallelDelay((lines,), max_len=int(samples.max()) + 1, **more, **rest)
    line.assign_value(line.sample2s(samples))
    mixing = dsp.Matrix((lines, lines), matrix_type="orthogonal", requires_grad=True, **rest)
    into = dsp.Gain((lines, 2), requires_grad=True, **rest)
    out = dsp.Gain((2, lines), requires_grad=True, **rest)
    for gain in (into, out):
        gain.assign_value(torch.randn(gain.size) / lines**0.5)
    loop = system.Recursion(fF=line, fB=mixing)
    parts = [("input_gain", into), ("feedback_loop", loop), ("output_gain", out)]
    core = system.Series(OrderedDict(parts))
    return system.Shell(core, dsp.FFT(nfft), dsp.iFFT(nfft))


def primes(low, high, count):
    """Different primes on a logarithmic scale."""
    found = []
    for k in range(count):
        value = round(low * (high / low) ** (k / max(count - 1, 1)))
        while value in found or any(value % d == 0 for d in range(2, int(value**0.5) + 1)):
            value += 1
        found.append(value)
    return found


def magnitudes(model):
    """|H| from each input to each output, [input][frequency][output]."""
    core = model.get_core()
    bins = core.input_gain.nfft // 2 + 1
    x = torch.zeros(2, bins, 2, dtype=torch.complex64)
    x[0, :, 0] = x[1, :, 1] = 1
    return core(x).abs()


def loss(model):
    """How far magnitudes are from one, squared, plus how sparse the matrix is."""
    flat = (magnitudes(model) - 1).square().mean()
    return flat + DENSITY * sparsity_loss()(None, None, model)


def train(model, steps, rate=3e-3, each=lambda step, loss: None):
    """Adam, ``steps`` times; ``each`` hears of every step after it is done. The last loss."""
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    value = float("nan")
    for step in range(1, steps + 1):
        optimiser.zero_grad()
        now = loss(model)
        now.backward()
        optimiser.step()
        value = float(now)
        each(step, value)
    return value


def answer(ack):
    """An acknowledgement in words."""
    if ack is None:
        return "nobody answers"
    said = ack.get("error") or ack.get("verdict") or "no verdict"
    return f"revision {ack.get('revision')}: {said}"


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=60, help="(default: %(default)s)")
    parser.add_argument("--lines", type=int, default=16, help="(default: %(default)s)")
    parser.add_argument("--nfft", type=int, default=2**14, help="(default: %(default)s)")
    parser.add_argument("--every", type=int, default=5, help="steps for a revision")
    parser.add_argument("--seed", type=int, default=1, help="(default: %(default)s)")
    parser.add_argument("--out", required=True, help="the graph to write")
    args = parser.parse_args(words)
    model = build(args.lines, args.nfft, seed=args.seed)
    name = "Colourless"
    with LiveReload(args.out, RATE, args.every, name=name, controls=CONTROLS) as live:

        def each(step, value):
            new = "published" if live.update(model) else "         "
            told = f"{new} revision {live.revision}; the player: {answer(live.ack())}"
            print(f"step {step:4}  loss {value:.5f}  {told}", flush=True)

        train(model, args.steps, each=each)
    print(f"ends with revision {live.revision}; the player: {answer(live.ack())}")


if __name__ == "__main__":
    main()
