"""Publishing models of FLAMO."""

import json
import tempfile
import unittest
from pathlib import Path

import torch

from common import build
from fdn_models import GRAPHS
from kiln_fdn import LiveReload, flamo_to_json


class LiveFlamo(unittest.TestCase):
    def test_publishes_what_the_exporter_writes(self):
        model = build(next(iter(GRAPHS.values())))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.json"
            live = LiveReload(path, 48000, name="Trained", controls={"rt60": True})
            self.assertTrue(live.update(model))
            expected = flamo_to_json(model, 48000, "Trained", {"rt60": True}, revision=1)
            self.assertEqual(json.loads(path.read_text()), json.loads(json.dumps(expected)))
            self.assertFalse(live.update(model, force=True))
            with torch.no_grad():
                next(p for p in model.parameters() if p.numel() > 1).mul_(0.5)
            self.assertTrue(live.update(model, force=True))
            self.assertEqual(json.loads(path.read_text())["revision"], 2)


if __name__ == "__main__":
    unittest.main()
