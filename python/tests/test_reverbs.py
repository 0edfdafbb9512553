"""The parts of the factory reverbs, and what measures them. Needs numpy alone."""

import json
import math
import sys
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

import reverb_measures as measure
import reverb_parts as parts
import reverb_spring
from reference import points, response
from reverb_designs import DESIGNS

Z = points(512)
FOLDER = Path(__file__).parents[2] / "assets/reverbs"


class Parts(unittest.TestCase):
    def lossless(self, node):
        h = response(node, Z)
        n = h.shape[-1]
        found = np.conj(h).transpose(0, 2, 1) @ h
        self.assertLess(np.abs(found - np.eye(n)).max(), 1e-7)

    def test_matrices_diffusers_and_allpasses_lose_nothing(self):
        rng = np.random.default_rng(3)
        for kind in ("hadamard", "householder", "orthogonal", "kronecker", "two householders"):
            self.lossless(parts.mixing(kind, 16, rng))
        self.lossless(parts.diffuser("diffuser", 8, (2, 5), rng))
        inner = parts.allpass("inner", [7, 11], 0.5)
        self.lossless(inner)
        self.lossless(parts.allpass("outer", [31, 37], -0.6, inner))
        chirp = reverb_spring.dispersion(rng)
        self.lossless(parts.filters("chirp", [chirp]))
        with self.assertRaisesRegex(ValueError, "expected a known kind, found 'none'"):
            parts.mixing("none", 4, rng)

    def test_lines_decay_in_the_time_they_are_given(self):
        samples, times = np.array([211, 1999, 6007]), np.array([2.8, 2.4, 1.2])
        sections = parts.absorption(samples, times, (350, 3500))
        z = np.exp(-2j * np.pi * parts.SHELVES_AT / parts.RATE)
        for m, (b0, b1, b2, a1, a2) in zip(samples, sections[:, 0]):
            gain = np.abs((b0 + b1 * z + b2 * z * z) / (1 + a1 * z + a2 * z * z))
            found = -60 * m / parts.RATE / (20 * np.log10(gain))
            np.testing.assert_allclose(found, times, rtol=1e-9)

    def test_lines_are_different_primes(self):
        found = parts.primes(50, 60, 12, np.random.default_rng(1))
        self.assertEqual(len(set(found)), 12)
        self.assertTrue(all(p % k for p in found for k in range(2, math.isqrt(p) + 1)))

    def test_group_delay_is_that_of_known_sections(self):
        two = [[0, 0, 1, 0, 0], [0, 1, 0, 0, 0]]
        np.testing.assert_allclose(reverb_spring.group_delay(two, [100.0, 5000.0]), 3, rtol=1e-6)

    def test_designs_are_repeatable_and_what_is_committed_is_theirs(self):
        committed = sorted(p.stem for p in FOLDER.glob("*.json"))
        self.assertEqual(committed, sorted(DESIGNS))
        for name, design in DESIGNS.items():
            with self.subTest(name):
                made = json.dumps(design.graph(design.t60))
                self.assertEqual(made, json.dumps(design.graph(design.t60)))
                self.assertEqual(outline(json.loads(made)), outline(read(name)))


def read(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


def outline(graph):
    """``graph`` without what making it corrects: absorption, and the last gain."""

    def strip(node):
        if isinstance(node, list):
            return [strip(n) for n in node]
        if not isinstance(node, dict):
            return node
        node = {k: strip(v) for k, v in node.items()}
        if node.get("name") in ("absorption", "spring"):
            node.pop("sections")
        if node.get("name") == "level":
            node.pop("gains")
        return node

    return strip(graph)


class Measures(unittest.TestCase):
    def setUp(self):
        rng = np.random.default_rng(5)
        self.time = np.arange(2 * measure.RATE) / measure.RATE
        self.noise = rng.standard_normal((2, len(self.time)))
        self.decaying = self.noise * 10 ** (-3 * self.time / 1.2)

    def test_reverberation_times(self):
        self.assertAlmostEqual(measure.t60(self.decaying[0]), 1.2, delta=0.02)
        self.assertIsNone(measure.t60(self.noise[0] * 10 ** (-3 * self.time / 4)))
        found = measure.octave_times(self.decaying, (1000, 8000))
        np.testing.assert_allclose(found, 1.2, rtol=0.03)

    def test_echo_density(self):
        self.assertAlmostEqual(measure.echo_density(self.noise[0][:9600])[2000:-2000].mean(), 1, 1)
        sparse = np.zeros(9600)
        sparse[::200] = 1
        self.assertLess(measure.echo_density(sparse).max(), 0.05)
        self.assertEqual(measure.dense_after(sparse), math.inf)
        self.assertLess(measure.dense_after(self.decaying[0]), 0.05)

    def test_correlation(self):
        left, right = self.decaying
        self.assertLess(measure.correlation(left, right), 0.1)
        self.assertAlmostEqual(measure.correlation(left, np.roll(left, 20)), 1, places=3)

    def test_coloration(self):
        self.assertAlmostEqual(measure.flatness(self.noise[0]), math.exp(-0.5772), delta=0.02)
        self.assertLess(measure.tail_peak(self.decaying[0]), 12)
        ringing = self.decaying[0] + np.sin(7000 * self.time) * 10 ** (-3 * self.time / 1.2) * 0.6
        self.assertGreater(measure.tail_peak(ringing), 16)

    def test_loudness(self):
        impulse = np.zeros(4096)
        impulse[7] = 0.5
        self.assertAlmostEqual(measure.loudness(impulse), 20 * math.log10(0.5), places=6)


if __name__ == "__main__":
    unittest.main()
