"""Write assets/reverbs/NAME.json, the factory reverbs, and print what is measured of them.

Each is played by the command `kiln` and measured, until the octaves around 125 Hz, 1 kHz and
8 kHz decay in the times of its design and pink noise leaves it as loud as it came. A band's
slope mixes what decays slower and faster in it, hence the correction.

    cargo build --release -p kiln
    python python/make_reverbs.py [--kiln target/release/kiln] [--measure] [NAME...]

Needs numpy and scipy. Three minutes for all.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy.io import wavfile

import reverb_measures as measure
from reverb_designs import DESIGNS
from reverb_parts import SHELVES_AT, rounded

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "assets/reverbs"
ROUNDS = 4


def played(kiln, path, seconds):
    """The responses, [input][output][time], of as many seconds."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for i in range(2):
            wav = Path(folder) / "response.wav"
            words = ["--input", str(i), "--seconds", str(seconds)]
            subprocess.run([kiln, "reverb", "ir", path, wav, *words], check=True)
            rows.append(wavfile.read(wav)[1].T.astype(float))
    return np.stack(rows)


def save(path, graph):
    path.write_text(json.dumps(graph, separators=(",", ":"), allow_nan=False) + "\n")


def make(design, path, kiln):
    """Writes a design, corrected."""
    wanted, level = np.array(design.t60), np.ones(2)
    t60 = wanted.copy()
    for _ in range(ROUNDS):
        save(path, design.graph(t60, level))
        h = played(kiln, path, length(design))
        t60 *= wanted / measure.octave_times(h, SHELVES_AT)
        t60 = np.array(rounded(t60))
    save(path, design.graph(t60, level))
    both = played(kiln, path, length(design)).sum(axis=0)
    level = 10 ** (-np.array([measure.loudness(y) for y in both]) / 20)
    save(path, design.graph(t60, np.array([float(f"{x:.4g}") for x in level])))


def length(design):
    """Seconds in which the longest decay falls by 66 dB, which all measures need."""
    return 1.1 * max(design.t60) + 0.5


def row(name, design, path, kiln):
    """What is measured, a line of a table."""
    said = subprocess.run([kiln, "certify", path], capture_output=True, text=True)
    verdict = json.loads(said.stdout)["verdict"]
    h = played(kiln, path, length(design))
    left, right = h.sum(axis=0)
    times = measure.octave_times(h, SHELVES_AT)
    # An impulse into the left, heard on the left.
    one = h[0, 0]
    cells = [
        f"`{name}.json`",
        design.matrix,
        str(design.lines),
        verdict,
        " / ".join(f"{t:.2f}" for t in design.t60),
        " / ".join(f"{t:.2f}" for t in times),
        f"{1000 * measure.dense_after(one):.0f} ms",
        f"{measure.correlation(left, right):.2f}",
        f"{np.mean([measure.flatness(y) for y in h.reshape(4, -1)]):.2f}",
        f"{max(measure.tail_peak(y) for y in h.reshape(4, -1)):.1f} dB",
        f"{np.mean([measure.loudness(y) for y in (left, right)]):.1f} dB",
        f"{20 * np.log10(np.abs(h).max()):.1f} dB",
        f"{path.stat().st_size / 1000:.0f} kB",
    ]
    return "| " + " | ".join(cells) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kiln", default=ROOT / "target/release/kiln", help="the command")
    parser.add_argument("--measure", action="store_true", help="write nothing")
    parser.add_argument("name", nargs="*", help="which (default: all)")
    args = parser.parse_args()
    unknown = set(args.name) - set(DESIGNS)
    if unknown:
        sys.exit(f"name: expected any of {', '.join(DESIGNS)}; found {', '.join(unknown)}")
    FOLDER.mkdir(exist_ok=True)
    for name in args.name or DESIGNS:
        path = FOLDER / f"{name}.json"
        if not args.measure:
            make(DESIGNS[name], path, args.kiln)
        print(row(name, DESIGNS[name], path, args.kiln), flush=True)


if __name__ == "__main__":
    main()
