"""What writing a model promises beyond the right answer, and what it refuses."""

import json
import unittest
from collections import OrderedDict
from types import SimpleNamespace

import numpy as np
import torch
from flamo.auxiliary.reverb import HomogeneousFDN
from flamo.processor import dsp, system
from torch import nn

from common import NFFT, build, error, flamo_response, points
from fdn_models import GRAPHS, MODULES, RATE, fdn, gain, gains, lines, mixing, rest, series
from kiln_fdn import flamo_to_json
from reference import response

SINGLE = {"nfft": NFFT, "device": "cpu", "dtype": torch.float32}


def written(model, **more):
    return flamo_to_json(model, RATE, **more)


def leaves(node):
    if "children" in node:
        return [leaf for c in node["children"] for leaf in leaves(c)]
    if node["type"] == "recursion":
        return leaves(node["forward"]) + leaves(node["backward"])
    return [node]


class Promises(unittest.TestCase):
    def test_anti_time_aliasing_leaves_no_trace(self):
        for name, make in {**MODULES, **GRAPHS}.items():
            with self.subTest(name):
                plain = written(build(make))
                model = build(make)
                if name == "allpass_matrix":
                    continue  # has no such setting
                model.set_alias_decay_db(60.0)
                self.assertEqual(plain, written(model))

    def test_a_model_stays_as_it_is(self):
        model = build(GRAPHS["canonical_geq"])
        before = flamo_response(model)
        state = {k: v.clone() for k, v in model.state_dict().items()}
        geq = model.loop.feedback.attenuation
        seen = (geq.dtype, geq.nfft, geq.alias_envelope_dcy.clone())
        written(model)
        self.assertEqual(seen[:2], (geq.dtype, geq.nfft))
        self.assertTrue(torch.equal(seen[2], geq.alias_envelope_dcy))
        self.assertTrue(all(torch.equal(v, model.state_dict()[k]) for k, v in state.items()))
        self.assertTrue(np.array_equal(before, flamo_response(model)))

    def test_what_was_trained_in_single_precision_is_mapped_in_double(self):
        matrix = dsp.Matrix(size=(6, 6), matrix_type="orthogonal", **SINGLE)
        found = np.array(written(matrix)["root"]["matrix"])
        self.assertLess(np.abs(found @ found.T - np.eye(6)).max(), 1e-14)
        matrix = dsp.Matrix(size=(4, 4), matrix_type="rotation", **SINGLE)
        found = np.array(written(matrix)["root"]["matrix"])
        self.assertLess(np.abs(found @ found.T - np.eye(4)).max(), 1e-14)
        vector = written(dsp.HouseholderMatrix(size=(5, 5), **SINGLE))["root"]["vector"]
        self.assertLess(abs(np.linalg.norm(vector) - 1), 1e-15)
        for make in (dsp.VelvetNoiseMatrix, dsp.ScatteringMatrix):
            ends = {"m_L": torch.tensor([1.0] * 8), "m_R": torch.tensor([2.0] * 8)}
            graph = written(make(size=(3, 8, 8), gain_per_sample=1.0, **ends, **SINGLE))
            h = response(graph["root"], points())
            self.assertLess(np.abs(h @ h.conj().swapaxes(1, 2) - np.eye(8)).max(), 1e-13)

    def test_a_map_with_constants_in_single_precision_is_heard(self):
        scale = torch.full((3, 3), 0.25)
        model = dsp.Gain(size=(3, 3), map=lambda x: scale @ x, **SINGLE)
        expected = (scale @ model.param).detach().numpy()
        found = np.array(written(model)["root"]["matrix"])
        self.assertLess(np.abs(found - expected).max(), 1e-7)

    def test_a_scattering_matrix_keeps_its_energy_at_another_rate(self):
        make = MODULES["scattering_pulses"]
        root = written(build(make))["root"]
        for child in root["children"]:
            if child["type"] == "delay":
                child["samples"] = np.round(np.array(child["samples"]) * 0.91875).tolist()
        h = response(root, points())
        self.assertLess(np.abs(h @ h.conj().swapaxes(1, 2) - np.eye(4)).max(), 1e-13)

    def test_structure_is_told(self):
        kinds = {
            "matrix_hadamard": "hadamard",
            "householder": "householder",
            "parallel_gain": "gain",
            "matrix_orthogonal": "matrix",
            "parallel_delay": "delay",
        }
        for name, kind in kinds.items():
            self.assertEqual(written(build(MODULES[name]))["root"]["type"], kind)
        stages = written(build(MODULES["velvet_matrix"]))["root"]["children"]
        self.assertEqual([s["type"] for s in stages].count("hadamard"), 3)

    def test_channels_are_counted_as_flamo_counts_them(self):
        for name, make in {**MODULES, **GRAPHS}.items():
            with self.subTest(name):
                model = build(make)
                root = written(model)["root"]
                counted = (root["inputs"], root["outputs"])
                self.assertEqual(counted, (model.input_channels, model.output_channels))

    def test_delays_say_whether_fractions_are_meant(self):
        self.assertEqual(written(lines((3, 4), NFFT))["root"]["interpolation"], "none")
        node = written(lines((20.25, 33), NFFT, isint=False))["root"]
        self.assertEqual((node["interpolation"], node["samples"]), ("sinc", [20.25, 33.0]))
        rounded = lines((20.5, 21.5, 22.4), NFFT)  # ties go to even
        self.assertEqual(written(rounded)["root"]["samples"], [20.0, 22.0, 22.0])

    def test_names_are_those_of_the_model_and_differ(self):
        odd = OrderedDict([("in gain-1", gain([[1.0]], NFFT)), ("process", gain([[2.0]], NFFT))])
        names = [c["name"] for c in written(system.Series(odd))["root"]["children"]]
        self.assertEqual(names, ["in gain-1", "process"])
        loop = written(build(GRAPHS["two_loops"]))["root"]["children"][1]
        names = (loop["forward"]["name"], loop["backward"]["name"])
        self.assertEqual(names, ("feedforward", "feedback"))

    def test_a_shell_is_its_core(self):
        core = build(GRAPHS["canonical_geq"])
        magnitude = dsp.Transform(torch.abs, dtype=torch.float64)
        shell = system.Shell(core, dsp.FFT(NFFT, dtype=torch.float64), magnitude)
        self.assertEqual(written(shell), written(core))
        inside = system.Series(shell, gain([[0.5]], NFFT))
        found = response(written(inside)["root"], points())
        self.assertLess(error(found, 0.5 * flamo_response(core)), 1e-9)

    def test_flamos_own_homogeneous_network(self):
        trained = ("input_gain", "output_gain", "delays", "mixing_matrix", "attenuation")
        config = SimpleNamespace(
            N=4, delays=[7, 23, 41, 58], is_delay_int=True, alias_decay_db=30.0, **rest(NFFT)
        )
        vars(config).update({f"{name}_grad": name != "delays" for name in trained})
        network = HomogeneousFDN(config)
        graph = written(network.model)
        delays, attenuation = graph["root"]["children"][1]["forward"]["children"]
        self.assertEqual(delays["samples"], config.delays)
        kept = 0.99 + 0.01 / (1 + np.exp(-6))
        expected = kept ** np.array(config.delays)
        self.assertLess(np.abs(np.array(attenuation["gains"]) - expected).max(), 1e-15)
        network.model.set_alias_decay_db(0.0)
        found = response(graph["root"], points())
        self.assertLess(error(found, flamo_response(network.model.get_core())), 1e-9)

    def test_what_is_asked_for_is_written(self):
        controls = {"rt60": True, "dry_wet": {"init": 0.5, "min": 0, "max": 1}}
        graph = written(gain([[1.0]], NFFT), name="Hall", controls=controls, revision=7)
        json.dumps(graph, allow_nan=False)
        self.assertEqual(graph["controls"], controls)
        self.assertEqual((graph["name"], graph["revision"]), ("Hall", 7))
        self.assertEqual((graph["format"], graph["version"]), ("kiln-fdn", 1))


class Louder(dsp.Gain):
    """A class of someone's own that answers in a way of its own."""

    def forward(self, x, ext_param=None):
        return 2 * super().forward(x, ext_param)


class Named(dsp.Gain):
    """One that does not."""


class Refusals(unittest.TestCase):
    def refused(self, kind, words, model, fs=RATE, **more):
        with self.assertRaises(kind) as caught:
            flamo_to_json(model, fs, **more)
        for word in words:
            self.assertIn(word, str(caught.exception))

    def inside(self, module):
        """``module`` deep in a reverberator, at core/loop/feedback/odd."""
        return fdn(NFFT, backward=series(mixing=mixing(4, NFFT), odd=module))

    def test_a_class_we_do_not_know(self):
        unknown = nn.Linear(4, 4)
        unknown.input_channels = unknown.output_channels = 4
        words = ("core/loop/feedback/odd", "Linear", "parallelGEQ", "ScatteringMatrix")
        self.refused(TypeError, words, self.inside(unknown))
        self.refused(TypeError, ("core", "FFT"), dsp.FFT(NFFT))

    def test_a_class_that_answers_in_its_own_way(self):
        louder = Louder(size=(4, 4), **rest(NFFT))
        words = ("core/loop/feedback/odd", "Louder", "forward")
        self.refused(TypeError, words, self.inside(louder))
        named = Named(size=(2, 2), **rest(NFFT))
        found = response(written(named)["root"], points())
        self.assertLess(error(found, flamo_response(named)), 1e-12)

    def test_processing_outside_the_core(self):
        into = nn.Sequential(dsp.FFT(NFFT, dtype=torch.float64), gain([[2.0]], NFFT))
        shell = system.Shell(gain([[1.0]], NFFT), system.Series(into))
        self.refused(TypeError, ("core", "Gain"), shell)

    def test_numbers_that_mean_no_sound(self):
        where = "core/loop/feedback/odd"
        broken = gains((1, float("nan"), 1, 1), NFFT)
        self.refused(ValueError, (where, "finite gains", "nan"), self.inside(broken))
        early = lines((1, 2, 3, 4), NFFT, isint=False)
        early.assign_value(-early.param.detach())
        self.refused(ValueError, (where, "zero samples or more"), self.inside(early))
        turned = dsp.Gain(size=(4, 4), map=lambda x: x * 1j, **rest(NFFT))
        self.refused(ValueError, (where, "imaginary"), self.inside(turned))
        wrong = dsp.Matrix(size=(6, 6), matrix_type="hadamard", **rest(NFFT))
        self.refused(ValueError, ("core", "(6, 6)", "(8, 8)"), wrong)
        flat = dsp.parallelSOSFilter(size=(4,), normalize_a0=False, **rest(NFFT))
        with torch.no_grad():
            flat.param[:, 3] = 0
        self.refused(ValueError, (where, "a0"), self.inside(flat))

    def test_a_design_for_another_rate(self):
        words = ("core/loop/feedforward/delays", "44100", "48000")
        self.refused(ValueError, words, fdn(NFFT), fs=44100)
        for module in (MODULES["parallel_sos"], MODULES["svf"], MODULES["filter"]):
            flamo_to_json(build(module), 44100)  # these know no rate

    def test_nothing_at_all(self):
        self.refused(ValueError, ("core",), nn.Identity())
        self.refused(ValueError, ("fs",), gain([[1.0]], NFFT), fs=0)

    def test_controls_nobody_has(self):
        model = gain([[1.0]], NFFT)
        self.refused(ValueError, ("controls", "size"), model, controls={"size": True})
        self.refused(ValueError, ("controls/rt60", "init"), model, controls={"rt60": {"init": 1}})


if __name__ == "__main__":
    unittest.main()
