"""The circuits behind the factory drives: physics that needs no model. Needs numpy, scipy and numba."""

import sys
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from circuits import RATE, VOLTS
from nodal import VT, Nodal
from pedals import PEDALS, SILICON, audio

MIDDLE = {name: (0.5,) * len(p.knobs) for name, p in PEDALS.items()}
FULL = {name: (1.0,) + (0.5,) * (len(p.knobs) - 1) for name, p in PEDALS.items()}


def harmonics(y, rate, hz, count):
    """Amplitudes of the multiples of `hz`, the last tenth of a second of `y` being periodic."""
    n = int(0.1 * rate)
    spectrum = np.abs(np.fft.rfft(y[-n:])) * 2 / n
    return spectrum[np.round(np.arange(1, count + 1) * hz * 0.1).astype(int)]


def sine(rate, hz, volts, seconds):
    return volts * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)


class Solver(unittest.TestCase):
    def test_halving_the_step_quarters_the_error(self):
        for name, pedal in PEDALS.items():
            found = []
            for over in (16, 32, 64):
                rate = RATE * over
                t = np.arange(int(rate * 0.012) + 1) / rate
                x = np.sin(2 * np.pi * 440 * t) * (1 - np.cos(2 * np.pi * 50 * t))
                found.append(pedal.nodal(FULL[name]).run(x, rate)[0, ::over])
            error = [np.sqrt(np.mean((a - b) ** 2)) for a, b in zip(found, found[1:])]
            with self.subTest(name):
                self.assertGreater(error[0] / error[1], 3.0)
                self.assertLess(error[0] / found[2].std(), 3e-4)

    def test_rest_is_where_nothing_moves(self):
        for name, pedal in PEDALS.items():
            circuit = pedal.nodal(MIDDLE[name])
            rest = circuit.rest()[2][0]
            with self.subTest(name):
                y = circuit.run(np.zeros(2000), RATE * 8)[0]
                np.testing.assert_allclose(y, rest, atol=5e-4)  # the supply through `LEAST`

    def test_a_linear_network_is_what_its_formula_says(self):
        circuit = Nodal((("R", "in", "out", 1e3), ("C", "out", "0", 1e-7), ("pair", "out", "0", 1e-30, 1.0, 1.0)))
        hz = np.array([100.0, 1591.549, 9e3])
        np.testing.assert_allclose(circuit.gain(hz), 1 / (1 + 2j * np.pi * hz * 1e-4), rtol=1e-9)

    def test_a_diode_behind_a_resistor_obeys_shockley(self):
        saturation, nvt = SILICON
        circuit = Nodal((("R", "in", "out", 1e3), ("pair", "out", "0", saturation, nvt, np.inf)))
        x = np.array([0.0, 0.5, 1.0, 5.0, -5.0])
        v = circuit.run(x, RATE)[0]
        np.testing.assert_allclose((x - v) / 1e3, saturation * np.expm1(v / nvt), atol=1e-12)

    def test_a_transistor_biases_where_ebers_and_moll_say(self):
        parts = (("V", "plus", "0", 9.0), ("R", "in", "0", 1.0), ("R", "plus", "c", 4.7e3))
        parts += (("R", "plus", "b", 1e6), ("bjt", "c", "b", "0", 1e-14, 200.0, 5.0))
        vbe, collector = Nodal(parts).rest(("b", "c"))[2]
        base = (9 - vbe) / 1e6
        self.assertAlmostEqual(1e-14 * np.exp(vbe / VT) / 200, base, delta=1e-4 * base)
        self.assertAlmostEqual((9 - collector) / 4.7e3, 200 * base, delta=1e-3 * 200 * base)

    def test_no_operating_point_is_an_error(self):
        with self.assertRaisesRegex(ArithmeticError, "expected"):
            Nodal((("R", "in", "out", 1e3), ("pair", "out", "0", np.nan, 1.0, 1.0))).rest()


class Circuits(unittest.TestCase):
    def test_symmetric_clippers_make_no_even_harmonics(self):
        rate = RATE * 8
        for name in ("soft-clip", "hard-clip", "overdrive"):
            y = PEDALS[name].nodal(FULL[name]).run(sine(rate, 220, 1.0, 0.5), rate)[0]
            h = harmonics(y, rate, 220, 6)
            with self.subTest(name):
                self.assertLess(h[1::2].max() / h[0], 1e-3)  # slow capacitors still settle
                self.assertGreater(h[2] / h[0], 0.02)

    def test_the_octave_is_mostly_second_harmonic(self):
        rate = RATE * 8
        y = PEDALS["octave"].nodal((1.0,)).run(sine(rate, 220, 1.0, 0.5), rate)[0]
        h = harmonics(y, rate, 220, 4)
        self.assertGreater(h[1], 2 * h[0])

    def test_diodes_to_ground_hold_the_tap_at_their_drop(self):
        rate = RATE * 8
        x = sine(rate, 220, 4.0, 0.1)
        tap = np.abs(PEDALS["hard-clip"].nodal((1.0,)).run(x, rate, ("t",))[0]).max()
        saturation, nvt = SILICON
        most = nvt * np.arcsinh(4.5 / 2.2e3 / (2 * saturation))  # all that the rails can push
        self.assertLess(tap, most)
        self.assertGreater(tap, 0.85 * most)

    def test_small_signal_gains_are_those_of_the_linear_circuit(self):
        for name in ("soft-clip", "overdrive"):
            for drive in (0.0, 0.5, 1.0):
                knobs = (drive,) + (1.0,) * (len(PEDALS[name].knobs) - 1)
                legs = {"soft-clip": (5.1e3 + 200e3 * audio(drive), 10e3, 220e-9, 47e-12),
                        "overdrive": (8.2e3 + 75e3 * audio(drive), 6.8e3, 47e-9, 220e-12)}
                rf, r1, c1, cf = legs[name]
                hz = np.array([200.0, 1000.0, 5000.0])
                s = 2j * np.pi * hz
                in_series = 2 if name == "overdrive" else 1
                slope = 2 * SILICON[0] / (in_series * SILICON[1])
                expected = 1 + (1 / (1 / rf + s * cf + slope)) / (r1 + 1 / (s * c1))
                circuit = PEDALS[name].nodal(knobs)
                found = circuit.gain(hz, "t") / circuit.gain(hz, "w" if name == "overdrive" else "p")
                with self.subTest(name, drive=drive):
                    np.testing.assert_allclose(found, expected, rtol=1e-6)

    def test_small_signals_run_as_the_linear_gains_say(self):
        rate = RATE * 8
        for name, pedal in PEDALS.items():
            circuit = pedal.nodal(MIDDLE[name])
            y = circuit.run(sine(rate, 1000, 1e-5, 0.4), rate)[0]
            found = harmonics(y - y.mean(), rate, 1000, 1)[0] / 1e-5
            with self.subTest(name):
                self.assertAlmostEqual(found / np.abs(circuit.gain(1000.0))[0], 1, delta=0.01)

    def test_drive_is_gain(self):
        for name, pedal in PEDALS.items():
            rest = MIDDLE[name][1:]
            gains = [np.abs(pedal.nodal((d, *rest)).gain(1000.0))[0] for d in np.linspace(0, 1, 6)]
            with self.subTest(name):
                self.assertTrue(np.all(np.diff(gains) > 0), gains)
                self.assertGreater(gains[-1] / gains[0], 4)

    def test_bias_starves_and_tone_brightens(self):
        for name in ("tube", "fuzz"):
            gains = [np.abs(PEDALS[name].nodal((0.5, b)).gain(1000.0))[0] for b in (0.5, 1.0)]
            with self.subTest(name):
                self.assertGreater(abs(20 * np.log10(gains[1] / gains[0])), 2)
        bright = [np.abs(PEDALS["overdrive"].nodal((0.5, t)).gain([200.0, 4000.0])) for t in (0, 1)]
        self.assertGreater(bright[1][1] / bright[0][1], 2)
        self.assertAlmostEqual(bright[1][0] / bright[0][0], 1, delta=0.15)

    def test_the_tubes_grid_conducts(self):
        rate = RATE * 8
        for volts, flattened in ((0.02, False), (2.0, True)):
            grid = PEDALS["tube"].nodal((1.0, 0.5)).run(sine(rate, 220, volts, 0.1), rate, ("g2",))[0, rate // 20 :]
            grid = grid - grid.mean()
            self.assertEqual(bool(-grid.min() > 1.5 * grid.max()), flattened, (grid.min(), grid.max()))

    def test_a_full_scale_sample_is_the_peak_of_12_dbu(self):
        self.assertAlmostEqual(VOLTS, np.sqrt(2) * np.sqrt(0.6) * 10 ** 0.6, delta=1e-3)


if __name__ == "__main__":
    unittest.main()
