"""The committed fixtures: each graph answers as FLAMO did when they were made. Needs numpy alone."""

import json
import unittest
from pathlib import Path

import numpy as np

from reference import error, points, response

HERE = Path(__file__).parents[2] / "tests/data/fdn/flamo"
NFFT = 2**15
# FLAMO's own, of time aliasing: 160 dB, as make_fdn_fixtures.py has it.
ALIASED = 1e-8


class Fixtures(unittest.TestCase):
    def test_each_graph_answers_as_recorded(self):
        index = json.loads((HERE / "index.json").read_text())
        names = [entry["name"] for entry in index["fixtures"]]
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual(sorted(names), sorted(p.stem for p in HERE.glob("*.npy")))
        for name in names:
            with self.subTest(name):
                graph = json.loads((HERE / f"{name}.json").read_text())
                recorded = np.load(HERE / f"{name}.npy")
                h = np.fft.irfft(response(graph["root"], points(NFFT)), n=NFFT, axis=0)
                h = h.transpose(2, 1, 0)[..., : recorded.shape[-1]]
                self.assertLess(error(h, recorded), ALIASED)


if __name__ == "__main__":
    unittest.main()
