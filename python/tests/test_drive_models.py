"""The factory drives: each file answers as it says, and as its circuit does. Needs numpy and scipy.

The files are read by a reader of this test's own, which shares nothing with what wrote them.
"""

import json
import math
import sys
import unittest
from pathlib import Path

import numpy as np
from scipy import signal

sys.path.insert(0, str(Path(__file__).parents[1]))

import pedal_sounds as sounds
from pedals import PEDALS

FOLDER = Path(__file__).parents[2] / "assets/drives"
FILES = {name: json.loads((FOLDER / f"{name}.json").read_text()) for name in PEDALS}


def first_order(f, rate):
    """b0, b1, a1 by the bilinear transform, prewarped at the corner, from the format's words."""
    t = math.tan(math.pi * min(f["hz"], 0.49 * rate) / rate)
    if f["kind"] == "low_pass_1":
        return t / (1 + t), t / (1 + t), (t - 1) / (1 + t)
    assert f["kind"] == "high_pass_1", f
    return 1 / (1 + t), -1 / (1 + t), (t - 1) / (1 + t)


def filtered(filters, x, rate):
    for f in filters:
        b0, b1, a1 = first_order(f, rate)
        y, state = np.empty(len(x)), 0.0
        for i, v in enumerate(x):
            y[i] = b0 * v + state
            state = b1 * v - a1 * y[i]
        x = y
    return x


def answer(file, x, knobs, rate=48_000):
    x = filtered(file["pre"], np.asarray(x, float), rate)
    columns = [filtered(branch, x, rate) for branch in file["branches"]]
    rows = np.array([*columns, *(np.full(len(x), k) for k in knobs)])
    for layer in file["layers"]:
        if layer["type"] == "tanh":
            rows = np.tanh(rows)
        else:
            rows = np.array(layer["weights"]) @ rows + np.array(layer["bias"])[:, None]
    return filtered(file["post"], rows[0], rate) * 10 ** (file["out_gain"] / 20)


class Files(unittest.TestCase):
    def test_each_answers_its_self_test(self):
        for name, file in FILES.items():
            test = file["self_test"]
            with self.subTest(name):
                found = answer(file, test["input"], test["knobs"])
                self.assertGreaterEqual(len(found), 512)
                np.testing.assert_allclose(found, test["output"], atol=2e-7)

    def test_each_says_what_it_is(self):
        self.assertEqual(len({file["name"] for file in FILES.values()}), len(FILES))
        for name, file in FILES.items():
            with self.subTest(name):
                self.assertEqual((file["format"], file["version"]), ("kiln-drive", 1))
                self.assertEqual(file["name"], PEDALS[name].name)
                self.assertEqual([k["name"] for k in file["knobs"]], list(PEDALS[name].knobs))
                self.assertEqual(file["knobs"][0], {"name": "Drive", "min": 0.0, "max": 1.0, "default": 0.5})
                self.assertIsNone(file["sample_rate"])
                self.assertLessEqual(sum(np.size(e.get("weights", [])) for e in file["layers"]), 220)

    def test_each_follows_its_circuit_through_a_riff(self):
        x = sounds.fade(sounds.riff()[96_000:134_400])
        for name, file in FILES.items():
            pedal = PEDALS[name]
            knobs = (0.45,) * len(pedal.knobs)
            with self.subTest(name):
                y = pedal(x, knobs)
                up = signal.resample_poly(np.concatenate([np.zeros(12_000), x]), 4, 1, window=("kaiser", 10.0))
                z = answer(file, up, knobs, 192_000)
                z = signal.resample_poly(z, 1, 4, window=("kaiser", 10.0))[12_000:]
                error = np.sum((z - y) ** 2) / np.sum(y**2)
                self.assertLess(error, 4 * file["esr"] + 1e-3)

    def test_each_is_bounded_far_beyond_full_scale(self):
        t = np.arange(4800) / 48_000
        for name, file in FILES.items():
            for drive in (0.0, 0.5, 1.0):
                knobs = [drive] + [0.5] * (len(file["knobs"]) - 1)
                with self.subTest(name, drive=drive):
                    loud = np.abs(answer(file, 4.0 * np.sin(2 * np.pi * 200 * t), knobs)).max()
                    beyond = np.abs(answer(file, 40.0 * np.sin(2 * np.pi * 200 * t), knobs)).max()
                    self.assertLess(loud, 2.5)
                    self.assertLess(beyond, 20.0)

    def test_silence_stays_silent(self):
        for name, file in FILES.items():
            y = answer(file, np.zeros(24_000), [0.5] * len(file["knobs"]))
            with self.subTest(name):
                self.assertLess(np.abs(y[-2400:]).max(), 1e-6)


if __name__ == "__main__":
    unittest.main()
