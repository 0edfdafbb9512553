"""Train the network of the factory reverb "colourless" and write python/colourless.json.

Thirty-two lines, by python/examples/colourless.py. Only its numbers are kept: make_reverbs.py
gives them their decay. Nine minutes on half a core; the end depends on the order in which the machine
adds floats, so a rerun gives a sibling, not a copy.

    OMP_NUM_THREADS=1 python python/train_reverbs.py
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "examples"))

import colourless

from kiln_fdn import flamo_to_json
from reverb_parts import rounded

LINES, NFFT, DELAYS = 32, 2**15, (17.0, 53.0)
STEPS = 150


def bare(node):
    """``node`` without what only FLAMO needs, of as many digits as the factory reverbs have."""
    if isinstance(node, dict):
        return {k: bare(v) for k, v in node.items() if k != "flamo"}
    if isinstance(node, list):
        return [bare(v) for v in node]
    return rounded(node) if isinstance(node, float) else node


def main():
    model = colourless.build(LINES, NFFT, DELAYS)
    path = HERE / "colourless.json"

    def each(step, value):
        if step % 10 == 0 or step == 1:
            print(f"step {step:4}  loss {value:.5f}", flush=True)
        if step % 50 == 0:
            graph = bare(flamo_to_json(model, colourless.RATE, name="Colourless"))
            path.write_text(json.dumps(graph, separators=(",", ":"), allow_nan=False) + "\n")

    colourless.train(model, STEPS, rate=1e-2, each=each)


if __name__ == "__main__":
    main()
