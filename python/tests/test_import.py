"""Reading a graph: what FLAMO cannot say in its own classes, and whom to believe."""

import copy
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch

from common import NFFT, build, error, flamo_response, points
from fdn_models import GRAPHS, MODULES, RATE
from kiln_fdn import flamo_to_json, json_to_flamo
from kiln_fdn.__main__ import responses
from reference import response

PYTHON = Path(__file__).parents[1]


def node(kind, inputs, outputs, name="it", **more):
    return {"type": kind, "name": name, "inputs": inputs, "outputs": outputs, **more}


def scaled(factor, name="it"):
    return node("matrix", 1, 1, name, matrix=[[factor]])


def graph(root):
    return {"format": "kiln-fdn", "version": 1, "name": "it", "sample_rate": RATE, "root": root}


BY_HAND = {
    "wire": node("series", 3, 3, children=[]),
    "householder_as_it_comes": node("householder", 3, 3, vector=[3.0, 4.0, 12.0]),
    "hadamard": node("hadamard", 4, 4),
    "fractions": node("delay", 2, 2, samples=[0.5, 30.25], interpolation="sinc"),
    "delay_without_a_word_on_fractions": node("delay", 2, 2, samples=[0, 31]),
    "cascades_of_all_lengths": node(
        "filter", 3, 3, sections=[[], [[1, 0.5, 0.1, 0.2, 0.3]], [[1, 0.5, 0, -0.2, 0]] * 3]
    ),
    "matrix_of_cascades": node(
        "filter_matrix", 2, 1, sections=[[[], [[0.5, 0.1, 0, 0.4, 0.1], [2, 0, 0, 0, 0.25]]]]
    ),
    "taps_of_all_lengths": node("fir", 3, 3, taps=[[], [1, 2], [0.5, 0.25, 0.125]]),
    "matrix_of_taps": node("fir_matrix", 1, 2, taps=[[[0, 0, 1]], [[1]]]),
    "delay_matrix": node(
        "delay_matrix", 2, 1, gains=[[0.5, -1]], samples=[[3, 0]], interpolation="none"
    ),
    "one_branch": node("parallel", 1, 1, children=[scaled(2)], sum=True),
    "three_branches_added": node(
        "parallel", 1, 1, children=[scaled(2, "a"), scaled(3, "b"), scaled(5, "c")], sum=True
    ),
    "three_branches_side_by_side": node(
        "parallel", 1, 3, children=[scaled(2, "a"), scaled(3, "b"), scaled(5, "c")], sum=False
    ),
    "names_that_flamo_cannot_have": node(
        "series",
        1,
        1,
        children=[
            *(scaled(2, n) for n in ("a.b", "a_b", "3", "forward", "nfft", "device", "", "dtype")),
            node("series", 1, 1, "in", children=[scaled(3, "a"), scaled(5, "b")]),
            scaled(7, "in_a"),
            node("series", 1, 1, "in.a", children=[scaled(11, "")]),
        ],
    ),
}


def without_descriptions(value):
    if isinstance(value, dict):
        return {k: without_descriptions(v) for k, v in value.items() if k != "flamo"}
    return [without_descriptions(v) for v in value] if isinstance(value, list) else value


class Reading(unittest.TestCase):
    def assertAlike(self, a, b):
        """Of one structure, with numbers but for rounding."""
        self.assertIs(isinstance(a, (list, dict)), isinstance(b, (list, dict)))
        if isinstance(a, dict):
            self.assertEqual(a.keys(), b.keys())
            a, b = list(a.values()), list(b.values())
        if isinstance(a, list):
            self.assertEqual(len(a), len(b))
            for x, y in zip(a, b):
                self.assertAlike(x, y)
        elif isinstance(a, (int, float)):
            self.assertLessEqual(abs(a - b), 1e-12 * max(abs(a), 1))
        else:
            self.assertEqual(a, b)

    def test_what_is_written_by_hand(self):
        for name, root in BY_HAND.items():
            with self.subTest(name):
                found = flamo_response(json_to_flamo(graph(root), NFFT).get_core())
                self.assertLess(error(found, response(root, points())), 1e-9)

    def test_what_was_read_is_written_as_it_was(self):
        for name, make in GRAPHS.items():
            with self.subTest(name):
                first = flamo_to_json(build(make), RATE, name=name)
                second = flamo_to_json(json_to_flamo(first, NFFT), RATE, name=name)
                self.assertAlike(without_descriptions(first), without_descriptions(second))

    def test_a_described_leaf_is_its_class_with_its_raw_parameter(self):
        for name in ("matrix_orthogonal", "peq", "svf_notch", "biquad_lowpass", "geq", "delay"):
            with self.subTest(name):
                model = build(MODULES[name])
                again = json_to_flamo(flamo_to_json(model, RATE), NFFT).get_core()
                self.assertIs(type(again), type(model))
                self.assertTrue(torch.equal(again.param, model.param))
        loop = json_to_flamo(flamo_to_json(build(GRAPHS["softplus_delays"]), RATE), NFFT)
        delays = loop.get_core().loop.feedforward.delays
        self.assertTrue(delays.requires_grad and delays.param.requires_grad)

    def test_a_map_of_someones_own_is_read_as_its_result(self):
        written = flamo_to_json(build(GRAPHS["canonical_geq"]), RATE)
        again = json_to_flamo(written, NFFT).get_core()
        self.assertEqual(type(again.loop.feedback.attenuation).__name__, "parallelSOSFilter")

    def test_the_numbers_are_believed_not_the_description(self):
        for name in ("matrix_orthogonal", "parallel_delay", "peq", "parallel_gain", "filter"):
            with self.subTest(name):
                written = flamo_to_json(build(MODULES[name]), RATE)
                other = copy.deepcopy(written)
                root = other["root"]
                for key in {"matrix", "samples", "sections", "gains", "taps"} & root.keys():
                    root[key] = (np.array(root[key]) * 2).tolist()
                found = flamo_response(json_to_flamo(other, NFFT).get_core())
                self.assertLess(error(found, response(root, points())), 1e-9)

    def test_anti_time_aliasing_is_flamos_own(self):
        written = flamo_to_json(build(GRAPHS["stereo"]), RATE)
        plain = responses(json_to_flamo(written, 2**9))
        decaying = responses(json_to_flamo(written, 2**9, alias_decay_db=60.0))
        long = responses(json_to_flamo(written, 2**14))[..., : 2**9]
        self.assertGreater(error(plain, long), 1e-3)
        self.assertLess(error(decaying, long), 2e-3 * error(plain, long))

    def test_what_is_refused(self):
        written = flamo_to_json(build(MODULES["gain"]), RATE)
        with self.assertRaisesRegex(ValueError, "kiln-fdn.*version 1.*found.*2"):
            json_to_flamo({**written, "version": 2})
        with self.assertRaisesRegex(ValueError, "it: .*found 'reverb'"):
            json_to_flamo(graph(node("reverb", 1, 1)))
        with self.assertRaisesRegex(ValueError, "it: expected at most 64, found 65 taps"):
            json_to_flamo(graph(node("fir", 1, 1, taps=[[1.0] * 65])), 64)


class CommandLine(unittest.TestCase):
    def run_it(self, *arguments, folder):
        command = [sys.executable, "-W", "ignore", "-m", "kiln_fdn", *arguments]
        environment = {"PYTHONPATH": str(PYTHON), "OMP_NUM_THREADS": "1"}
        more = {"cwd": folder, "env": environment, "capture_output": True, "text": True}
        return subprocess.run(command, **more)

    def test_there_and_back(self):
        with tempfile.TemporaryDirectory() as folder:
            model = "from fdn_models import GRAPHS\nbuild = lambda: GRAPHS['wide_loop'](64)\n"
            Path(folder, "model.py").write_text(model)
            arguments = ("export", "model.py:build", "out.json", "--name", "Hall")
            done = self.run_it(*arguments, folder=folder)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            written = json.loads(Path(folder, "out.json").read_text())
            self.assertEqual(written["name"], "Hall")
            done = self.run_it("import", "out.json", "h.npy", "--nfft", "4096", folder=folder)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            h = np.fft.rfft(np.load(Path(folder, "h.npy")), axis=-1).transpose(2, 1, 0)
            self.assertLess(error(h, response(written["root"], points(4096))), 1e-9)

    def test_what_is_not_a_model(self):
        with tempfile.TemporaryDirectory() as folder:
            done = self.run_it("export", "model.py", "out.json", folder=folder)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("expected FILE.py:FUNCTION, found model.py", done.stderr)


if __name__ == "__main__":
    unittest.main()
