"""The examples, for a few steps. Skipped, in words, without FLAMO."""

import contextlib
import importlib.util
import io
import json
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))


@unittest.skipUnless(importlib.util.find_spec("flamo"), "FLAMO is not installed")
class Colourless(unittest.TestCase):
    def run_example(self, path, *words):
        import colourless

        said = io.StringIO()
        size = ["--lines", "4", "--nfft", "2048", "--every", "1"]
        with contextlib.redirect_stdout(said):
            colourless.main(["--steps", "3", *size, "--out", str(path), *words])
        return said.getvalue().splitlines()

    def test_trains_publishes_and_says_what_the_player_answers(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "live.json"
            ack = {"kiln-ack": 1, "revision": 1, "verdict": "marginally-stable", "error": None}
            lines = self.run_example(path)
            self.assertEqual(len(lines), 4)
            losses = [float(line.split("loss")[1].split()[0]) for line in lines[:3]]
            self.assertEqual(losses, sorted(losses, reverse=True))
            self.assertLess(losses[2], losses[0])
            self.assertIn("nobody answers", lines[-1])
            first = json.loads(path.read_text())
            self.assertGreaterEqual(first["revision"], 1)
            self.assertEqual((first["root"]["inputs"], first["root"]["outputs"]), (2, 2))
            # The same steps again change what is published, and the revision goes on.
            Path(f"{path}.ack.json").write_text(json.dumps(ack))
            lines = self.run_example(path, "--seed", "2")
            self.assertIn("revision 1: marginally-stable", lines[-1])
            self.assertGreater(json.loads(path.read_text())["revision"], first["revision"])

    def test_every_input_is_looked_at_from_every_output(self):
        import colourless

        for lines in (4, 8):
            samples = colourless.primes(100, 400, lines)
            self.assertEqual(len(set(samples)), lines)
            model = colourless.build(lines, 2048)
            shape = colourless.magnitudes(model).shape
            self.assertEqual(tuple(shape), (2, 1025, 2))


if __name__ == "__main__":
    unittest.main()
