"""The committed fixtures: each graph answers as FLAMO did when they were made."""

import json
import unittest

import numpy as np

from common import error, points
from make_fdn_fixtures import ALIASED, HERE
from reference import response

NFFT = 2**15


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
