"""Trains the factory drives assets/drives/*.json on the circuits of pedals.py.

    python python/train_pedals.py NAME|all        # into assets/drives, with a table; minutes each
    python python/train_pedals.py table [NAME]    # the table of the files as they are
    python python/train_pedals.py plot FOLDER [NAME]
    python python/train_pedals.py study [NAME]    # classes of models at equal cost and training time

Seeded. The order in which a machine adds floats moves the last digits of a fit, so a rerun on
another one gives a sibling, not a copy.
"""

import argparse
import hashlib
import os
import pickle
from pathlib import Path

for pool in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # matrices here are too small to share out
    os.environ.setdefault(pool, "1")

import numpy as np

import drive_files
import drive_measures as measure
import nodal
import pedal_sounds as sounds
from circuits import OVER, RATE
from drive_model import Model, cost
from fit_drive import Fit, Front, lessons
from pedals import PEDALS

ASSETS = Path(__file__).parents[1] / "assets/drives"
CACHE = Path(__file__).parents[1] / "target/pedals"  # what the circuits answered


def high(hz):
    return {"kind": "high_pass_1", "hz": hz}


def low(hz):
    return {"kind": "low_pass_1", "hz": hz}


INPUT = [high(1 / (2 * np.pi * 1e6 * 10e-9))]  # of `_input` in pedals.py
COUPLING = 1 / (2 * np.pi * 100e-9 * 100e3)  # of `_output`

# Filters before the network, where the fit begins: the corners that the netlists have, and more.
FRONTS = {
    "soft-clip": Front(INPUT, [[], [high(72.0)], [high(72.0), low(6e3)]]),
    "hard-clip": Front([high(106.0)], [[], [low(12e3)], [low(3e3)]]),
    "fuzz": Front([high(1.0)], [[], [low(8e3)], [low(2e3)]]),
    "overdrive": Front(INPUT, [[], [high(500.0)], [high(500.0), low(700.0)], [high(500.0), low(5e3)]]),
    "tube": Front([], [[high(60.0)], [high(160.0)], [high(160.0), low(6e3)]]),
    "octave": Front(INPUT, [[high(154.0)], [high(154.0), low(8e3)], [low(1e3)]]),
}
HIDDEN = {name: (24,) for name in PEDALS}
ODD = ("soft-clip", "hard-clip", "overdrive")  # circuits alike for either sign
SECONDS = {name: 90.0 for name in PEDALS}  # of processor time
SEED = 1


def whole(pedal, fit):
    """The model with the filters behind the network and the level."""
    post = [high(COUPLING), low(pedal.high)]
    return Model(fit.front.pre, fit.front.branches, fit.whole(), post, pedal.level)


def examine(answer, pedal, exam):
    """ESR of `answer(x, knobs)`, as a ratio and by kind of sound, on (kind, x, knobs, expected)."""
    return measure.esr((what, answer(x, knobs), y) for what, x, knobs, y in exam)


def examination(pedal):
    exam = sounds.exam(len(pedal.knobs))
    return [(what, x, knobs, pedal(x, knobs)) for what, x, knobs in exam]


def taught(name):
    """Lessons and exam of a pedal, from CACHE if the circuit and the sounds are what they were."""
    pedal = PEDALS[name]
    parts = [pedal.netlist(*(turn,) * len(pedal.knobs)) for turn in (0.0, 0.3, 1.0)]
    texts = [Path(module.__file__).read_text() for module in (sounds, nodal)]
    key = hashlib.sha256(repr((parts, pedal.level, texts)).encode()).hexdigest()[:16]
    path = CACHE / f"{name}-{key}.pickle"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        both = lessons(pedal, *sounds.lessons(len(pedal.knobs))), examination(pedal)
        path.write_bytes(pickle.dumps(both))
    return pickle.loads(path.read_bytes())


def train(name, seconds, hidden):
    """Fits, writes and returns the model; three beginnings compete for a third of the time."""
    pedal = PEDALS[name]
    data, exam = taught(name)
    fits = [Fit(data, FRONTS[name], hidden, SEED + k, odd=name in ODD).run(0.1 * seconds) for k in range(3)]
    best = min(fits, key=lambda fit: fit.exact())
    model = whole(pedal, best.run(0.7 * seconds, lambda line: print(name, line, flush=True)))
    ratio, _ = examine(lambda x, k: model.over(x, k, RATE, OVER), pedal, exam)
    ASSETS.mkdir(exist_ok=True)
    drive_files.write(ASSETS / f"{name}.json", model, pedal, ratio)


def row(name):
    """A line of the table, of the file as it is."""
    pedal = PEDALS[name]
    model = drive_files.read(ASSETS / f"{name}.json")
    ratio, kinds = examine(lambda x, k: model.over(x, k, RATE, OVER), pedal, taught(name)[1])
    full = (1.0,) + (0.5,) * (len(pedal.knobs) - 1)
    gain = np.abs(measure.small_signal(model, pedal))
    sizes = "-".join(str(w.shape[1]) for w, _ in model.layers) + "-1"
    cells = [f"`{name}.json`", sizes, str(cost(model.layers)), f"{10 * np.log10(ratio):.1f} dB"]
    cells += [f"{kinds[k]:.1f}" for k in ("riff", "sines", "noise", "decay")]
    cells += [f"{np.median(gain):.2f} / {gain.max():.2f} dB", f"{measure.alias(model, full):.0f} dB"]
    return "| " + " | ".join(cells) + " |"


HEAD = "| File | Network | Multiply-adds | ESR | riff | sines | noise | decay | Small signal | Alias |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("command", help="table, plot, study, all, or the name of a pedal")
    parser.add_argument("more", nargs="*")
    parser.add_argument("--seconds", type=float, help="processor time of each fit")
    given = parser.parse_args()
    words = (given.command, "table", "plot", "study")
    folder = Path(given.more.pop(0)) if given.command == "plot" else None
    names = given.more or list(PEDALS)
    if given.command not in words[1:]:
        names = list(PEDALS) if given.command == "all" else [given.command]
        for name in names:
            train(name, given.seconds or SECONDS[name], HIDDEN[name])
    if given.command == "study":
        import study_pedals

        return study_pedals.run(names, given.seconds or 45.0)
    if folder:
        for name in names:
            model = drive_files.read(ASSETS / f"{name}.json")
            measure.plot(folder / f"{name}.png", PEDALS[name], model, sounds.riff())
        return None
    print(HEAD, "|" + " --- |" * 10, *map(row, names), sep="\n")
    return None


if __name__ == "__main__":
    main()
