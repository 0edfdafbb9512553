"""The factory reverbs, each as a function of its reverberation times."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reverb_parts import (
    RATE, absorption, added, allpass, delay, diffuser, document, filters, gain, highpass, matrix, mixing,
    primes, recursion, series, signs, tone,
)  # fmt: skip
from reverb_spring import Spring


@dataclass
class Design:
    """A reverb with one feedback delay network behind a diffuser, two in and two out."""

    title: str
    description: str
    tags: list
    t60: tuple  #: seconds in the octaves around 125 Hz, 1 kHz and 8 kHz
    lines: int
    delays: tuple  #: shortest and longest line, ms
    matrix: str  #: see reverb_parts.mixing
    spread: tuple  #: of the stages of the diffuser, ms
    corners: tuple = (350, 3500)  #: of the shelves in the lines, Hz
    early: float = 1.0  #: how much of the diffuser is heard, beside the loop
    wait: float = 0.0  #: before everything, ms
    highpass: float = 40.0  #: Hz, at the end
    tone: tuple = (5000, 0)  #: shelf at the end: Hz, dB
    scatter: float = 0.0  #: longest line of a diffuser in the loop, ms
    allpasses: tuple = ()  #: before the diffuser, each a function of a generator
    trained: str = ""  #: a file beside this one, with the gains, the lines and the matrix
    seed: int = 1

    def graph(self, t60, level=(1.0, 1.0)):
        """The graph, with the times its lines are given, and gains at its outputs."""
        rng = np.random.default_rng(self.seed)
        samples, into, late, backward = self._network(rng)
        if self.scatter:
            line, mix = diffuser("scatter", self.lines, (self.scatter,), rng)["children"]
            # Without a loss of their own, these would let some modes ring longer than others.
            backward = series("feedback", backward, line, self._losses(line["samples"], t60), mix)
        lines = series("lines", delay("delays", samples), self._losses(samples, t60))
        loop = recursion("loop", lines, backward)
        heard = series("late", loop, matrix("output", late))
        if self.early:
            early = matrix("early", self.early * signs(self.lines, rng).T)
            heard = added("heard", early, heard)
        steps = [step(f"allpass {k}", rng) for k, step in enumerate(self.allpasses, 1)]
        if self.wait:
            steps.insert(0, delay("wait", [round(self.wait * RATE / 1000)] * 2))
        steps.append(matrix("input", into))
        if self.spread:
            steps.append(diffuser("diffuser", self.lines, self.spread, rng))
        end = [highpass(self.highpass)] + ([tone(*self.tone)] if self.tone[1] else [])
        steps += [heard, filters("tone", [end] * 2), gain("level", level)]
        return document(self, series("reverb", *steps))

    def _losses(self, samples, t60):
        return filters("absorption", absorption(samples, t60, self.corners))

    def _network(self, rng):
        """The lengths of the lines, the gains before and after them, the node between."""
        if self.trained:
            steps = json.loads((Path(__file__).parent / self.trained).read_text())["root"][
                "children"
            ]
            into, late = (nearest(np.array(steps[k]["matrix"])) for k in (0, 2))
            samples = np.array(steps[1]["forward"]["samples"])
            return samples, into, late, matrix("mixing", np.array(steps[1]["backward"]["matrix"]))
        low, high = (ms * RATE / 1000 for ms in self.delays)
        samples = primes(low, high, self.lines, rng)
        into, late = signs(self.lines, rng), signs(self.lines, rng).T
        return samples, into, late, mixing(self.matrix, self.lines, rng)


def nearest(value):
    """The matrix of orthonormal rows or columns next to ``value``, by its polar decomposition:
    what is heard left and right is as different as can be."""
    u, _, v = np.linalg.svd(value, full_matrices=False)
    return u @ v


def nested(outer, inner, g):
    """An all-pass of ``outer`` ms with one of ``inner`` ms in it, different in both channels."""

    def make(name, rng):
        two = [
            primes(0.85 * ms * RATE / 1000, 1.15 * ms * RATE / 1000, 2, rng)
            for ms in (outer, inner)
        ]
        return allpass(
            name, rng.permutation(two[0]), g, allpass("inner", rng.permutation(two[1]), g)
        )

    return make


def schroeder(ms, g):
    """An all-pass of about ``ms``, different in both channels."""

    def make(name, rng):
        two = primes(0.88 * ms * RATE / 1000, 1.12 * ms * RATE / 1000, 2, rng)
        return allpass(name, rng.permutation(two), g)

    return make


DESIGNS = {
    "small-room": Design(
        "Small Room",
        "A furnished room of some forty cubic metres: close walls, short and even.",
        ["room", "short", "natural"],
        t60=(0.40, 0.35, 0.25), lines=16, delays=(4.5, 19), matrix="orthogonal",
        spread=(3, 6, 11), early=1.0, highpass=60, tone=(7000, -4), seed=11,
    ),
    "live-room": Design(
        "Live Room",
        "A studio's live room with a wooden floor: dense early sound, for drums and guitars.",
        ["room", "studio", "drums"],
        t60=(0.65, 0.60, 0.42), lines=16, delays=(9, 34), matrix="kronecker",
        spread=(5, 9, 17), early=1.2, wait=1.0, highpass=50, tone=(9000, -2), seed=12,
    ),
    "chamber": Design(
        "Echo Chamber",
        "A hard plastered chamber with a loudspeaker in one corner: fast, dense, a little bright.",
        ["chamber", "vocals"],
        t60=(1.45, 1.40, 0.95), lines=16, delays=(19, 73), matrix="two householders",
        spread=(6, 11, 19), early=0.7, wait=4, highpass=70, scatter=4, seed=13,
    ),
    "medium-hall": Design(
        "Medium Hall",
        "A hall for chamber music: warm, clear, an even decay.",
        ["hall", "natural", "orchestra"],
        t60=(2.0, 1.75, 0.95), lines=32, delays=(24, 79), matrix="hadamard",
        spread=(17, 37), early=0.8, wait=10, highpass=35, tone=(6000, -4), seed=14,
    ),
    "large-hall": Design(
        "Large Hall",
        "A large concert hall: broad early sound, 2.4 seconds in the middle, warm below.",
        ["hall", "large", "orchestra"],
        t60=(2.8, 2.4, 1.2), lines=32, delays=(31, 101), matrix="orthogonal",
        spread=(23, 47), early=0.7, wait=18, highpass=30, tone=(5500, -5), seed=15,
    ),
    "cathedral": Design(
        "Cathedral",
        "Stone, vaults and a great volume of air that takes the treble.",
        ["church", "long", "choir"],
        t60=(7.0, 6.0, 1.9), lines=64, delays=(37, 131), matrix="hadamard",
        spread=(29, 67), early=0.5, wait=20, highpass=40, tone=(5000, -5), corners=(300, 2600), seed=16,
    ),
    "bright-plate": Design(
        "Bright Plate",
        "A steel plate, lightly damped: dense at once, and bright to the end.",
        ["plate", "bright", "vocals"],
        t60=(2.1, 2.0, 1.5), lines=64, delays=(9, 47), matrix="hadamard",
        spread=(6, 13), early=1.0, highpass=110, tone=(5000, 3), corners=(250, 5000),
        allpasses=(schroeder(2.1, 0.6), schroeder(3.4, 0.6)), seed=17,
    ),
    "dark-plate": Design(
        "Dark Plate",
        "A steel plate with its damper close: dense, heavy, soft above.",
        ["plate", "dark", "drums"],
        t60=(2.3, 1.6, 0.6), lines=32, delays=(11, 61), matrix="householder",
        spread=(4, 9), early=0.5, highpass=60, corners=(300, 2800),
        allpasses=(schroeder(2.6, 0.6), schroeder(4.1, 0.6)), seed=18,
    ),
    "endless-bloom": Design(
        "Endless Bloom",
        "Swells slowly out of nested all-passes and stays for twenty seconds: for pads.",
        ["ambient", "long", "pad"],
        t60=(20.0, 18.0, 9.0), lines=64, delays=(71, 257), matrix="hadamard",
        spread=(181, 397), early=0.0, highpass=60, tone=(5000, -4), corners=(250, 3500),
        allpasses=(nested(61, 17, 0.5), nested(107, 29, 0.5), nested(163, 47, 0.5)), seed=19,
    ),
    "colourless": Design(
        "Colourless",
        "Thirty-two lines trained for a flat magnitude, behind all-passes, which leave it flat.",
        ["neutral", "trained"],
        t60=(2.0, 2.0, 1.6), lines=32, delays=(17, 53), matrix="orthogonal",
        spread=(), early=0.0, highpass=25, corners=(350, 5000), trained="colourless.json",
        allpasses=tuple(schroeder(ms, 0.6) for ms in (2.3, 4.1, 7.3, 12.7)), seed=20,
    ),
    "spring": Spring(
        "Spring Tank",
        "Four springs, two to a side: each reflection chirps more than the one before.",
        ["spring", "guitar", "character"],
        t60=(2.2, 1.9, 1.3), delays=(33.0, 37.0, 41.0, 45.0), seed=21,
    ),
}  # fmt: skip
