"""A spring tank: delay lines that disperse.

A helical spring passes low frequencies sooner than higher ones, up to one that it does not pass;
V. Valimaki, J. Parker and J. Abel, "Parametric spring reverberation effect", JAES 58 (2010), do
so by a cascade of all-passes. Here their poles lie at different frequencies, ever closer to that
one.
"""

from dataclasses import dataclass

import numpy as np

from reverb_parts import (
    RATE, SHELVES_AT, absorption, delay, document, filters, gain, highpass, matrix, recursion,
    series,
)  # fmt: skip

EDGE = 4300.0  # Hz: what a spring passes
SECTIONS = 100  # in each spring


@dataclass
class Spring:
    """Springs that hear both inputs and are heard on alternate sides."""

    title: str
    description: str
    tags: list
    t60: tuple  #: seconds in the octaves around 125 Hz, 1 kHz and 8 kHz
    delays: tuple  #: of each spring at the lowest frequencies, ms
    corners: tuple = (300, 3000)  #: of the shelves in the lines, Hz
    seed: int = 1

    matrix = "none"

    @property
    def lines(self):
        """How many springs."""
        return len(self.delays)

    def graph(self, t60, level=(1.0, 1.0)):
        """The graph, with the times its springs are given, and gains at its outputs."""
        rng = np.random.default_rng(self.seed)
        count = self.lines
        chirps = np.stack([dispersion(rng) for _ in range(count)])
        beside = np.stack([group_delay(c, SHELVES_AT) for c in chirps])
        samples = np.array([prime(ms * RATE / 1000) for ms in self.delays])
        paths = samples[:, None] + beside
        losses = absorption(paths, t60, self.corners)
        spring = filters("spring", np.concatenate([chirps, losses], axis=1))
        # A wave comes back upside down from each end, and once more to where it is heard.
        ends = gain("ends", np.full(count, -1.0))
        loop = recursion("loop", series("springs", delay("delays", samples), spring), ends)
        turns = np.where(np.arange(count) // 2 % 2, -1.0, 1.0) / np.sqrt(count)
        into = np.stack([turns, np.abs(turns)], axis=1)
        out = np.zeros((2, count))
        out[np.arange(count) % 2, np.arange(count)] = 1
        end = [highpass(90.0), *lowpass(EDGE)]
        steps = [matrix("input", into), loop, matrix("output", out), filters("tone", [end] * 2)]
        return document(self, series("reverb", *steps, gain("level", level)))


def prime(least):
    """The first prime from ``least`` on."""
    value = int(least)
    while any(value % k == 0 for k in range(2, int(value**0.5) + 1)):
        value += 1
    return value


def dispersion(rng):
    """All-passes of second order, sections x [b0, b1, b2, a1, a2]."""
    # Ever closer to the edge; no two springs are wound alike.
    hz = EDGE * (1 - 0.75 * np.linspace(1, 0, SECTIONS) ** 1.8) * rng.uniform(0.97, 1.03, SECTIONS)
    radius = 0.86
    a1, a2 = -2 * radius * np.cos(2 * np.pi * hz / RATE), np.full(SECTIONS, radius**2)
    return np.stack([a2, a1, np.ones(SECTIONS), a1, a2], axis=1)


def group_delay(sections, hz):
    """Samples at frequencies in Hz, of all-pass ``sections`` together."""
    step = 1e-4
    w = 2 * np.pi * np.asarray(hz) / RATE
    total = np.zeros(len(w))
    for b0, b1, b2, a1, a2 in sections:
        phase = []
        for at in (w - step, w + step):
            z = np.exp(-1j * at)
            phase.append(np.angle((b0 + b1 * z + b2 * z * z) / (1 + a1 * z + a2 * z * z)))
        total += -np.angle(np.exp(1j * (phase[1] - phase[0]))) / (2 * step)
    return total


def lowpass(hz):
    """A Butterworth low-pass of fourth order as two biquads."""
    w = np.tan(np.pi * hz / RATE)
    sections = []
    for damping in (2 * np.cos(np.pi / 8), 2 * np.cos(3 * np.pi / 8)):
        a0 = 1 + damping * w + w * w
        sections.append(
            np.array([w * w, 2 * w * w, w * w, 2 * (w * w - 1), 1 - damping * w + w * w]) / a0
        )
    return sections
