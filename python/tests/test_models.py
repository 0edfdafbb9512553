"""Every class of FLAMO, and graphs of them: what we write is what FLAMO computes."""

import json
import unittest

import torch

from common import NFFT, build, error, flamo_response, points
from fdn_models import GRAPHS, MODULES, RATE
from kiln_fdn import flamo_to_json, json_to_flamo
from reference import response

# FLAMO transforms these in single precision: two always, one unless torch's default is double.
SINGLE = ("velvet_filter", "first_order_shelving")
DEFAULT = ("fdn_peq",)


class Models(unittest.TestCase):
    def each(self, check):
        for name, make in {**MODULES, **GRAPHS}.items():
            torch.set_default_dtype(torch.float64 if name in DEFAULT else torch.float32)
            with self.subTest(name):
                check(name, build(make))

    def tearDown(self):
        torch.set_default_dtype(torch.float32)

    def test_a_graph_answers_as_flamo_does(self):
        def check(name, model):
            graph = flamo_to_json(model, RATE, name=name)
            found = response(json.loads(json.dumps(graph))["root"], points())
            limit = 2e-6 if name in SINGLE else 1e-9
            self.assertLess(error(found, flamo_response(model)), limit)

        self.each(check)

    def test_a_graph_read_back_answers_as_before(self):
        def check(name, model):
            graph = flamo_to_json(model, RATE, name=name)
            found = flamo_response(json_to_flamo(graph, NFFT).get_core())
            self.assertLess(error(found, response(graph["root"], points())), 1e-9)

        self.each(check)


if __name__ == "__main__":
    unittest.main()
