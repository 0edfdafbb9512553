"""Publishing while training. What a model of FLAMO is needed for is in test_live_flamo.py."""

import json
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[1]))

from kiln_fdn import live as module
from kiln_fdn.live import LiveReload


def graph(gain=1.0, **more):
    root = {"type": "gain", "name": "core", "inputs": 1, "outputs": 1, "gains": [gain]}
    head = {"format": "kiln-fdn", "version": 1, "name": "Test", "sample_rate": 48000}
    return {**head, **more, "root": root}


class Live(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.path = self.folder / "hall.json"
        # A model is the gain of its graph, and time is what a test says.
        self.now = 100.0
        for patch in (
            mock.patch.object(LiveReload, "_exported", lambda _, model: graph(model)),
            mock.patch.object(module.time, "monotonic", lambda: self.now),
        ):
            patch.start()
            self.addCleanup(patch.stop)

    def read(self):
        found = json.loads(self.path.read_text())
        return found["revision"], found["root"]["gains"][0]

    def acknowledge(self, text):
        (self.folder / "hall.json.ack.json").write_text(text)

    def test_each_revision_is_higher_and_nothing_is_left_beside_it(self):
        live = LiveReload(self.path)
        for k in range(1, 4):
            self.assertTrue(live.publish(graph(k, revision=77)))
            self.assertEqual(self.read(), (k, k))
        self.assertEqual([p.name for p in self.folder.iterdir()], ["hall.json"])

    def test_what_has_not_changed_is_not_written(self):
        live = LiveReload(self.path)
        self.assertTrue(live.publish(graph(0.5)))
        before = self.path.stat()
        self.assertFalse(live.publish(graph(0.5, revision=9)))
        self.assertFalse(live.update(0.5, force=True))
        after = self.path.stat()
        self.assertEqual((before.st_ino, before.st_mtime_ns), (after.st_ino, after.st_mtime_ns))
        self.assertFalse(LiveReload(self.path).publish(graph(0.5)))

    def test_one_call_in_every_publishes(self):
        live = LiveReload(self.path, every=3, min_interval=0)
        published = [k for k in range(10) if live.update(k)]
        self.assertEqual(published, [0, 3, 6, 9])

    def test_none_publishes_too_early_unless_forced(self):
        live = LiveReload(self.path, min_interval=1.0)
        self.assertTrue(live.update(1))
        self.now += 0.9
        self.assertFalse(live.update(2))
        self.assertTrue(live.update(3, force=True))
        self.now += 0.9
        self.assertFalse(live.update(4))
        self.now += 0.2
        self.assertTrue(live.update(5))
        self.assertEqual(self.read(), (3, 5))

    def test_the_last_state_is_published_at_the_end_once(self):
        with LiveReload(self.path, every=10) as live:
            for k in range(5):
                live.update(k)
            self.assertEqual(self.read(), (1, 0))
        self.assertEqual(self.read(), (2, 4))
        live.close()
        self.assertEqual(self.read(), (2, 4))
        for call in (live.update, lambda _: live.publish(graph(9))):
            with self.assertRaisesRegex(ValueError, "expected to be open, found closed"):
                call(9)

    def test_what_ends_training_is_what_is_raised(self):
        with self.assertRaises(KeyError):
            with LiveReload(self.path, every=10) as live:
                live.update(1)
                live.update(float("nan"))
                raise KeyError("training")
        self.assertEqual(self.read(), (1, 1))
        with self.assertRaises(ValueError):
            with LiveReload(self.path, every=10) as live:
                live.update(2)
                live.update(float("nan"))

    def test_revisions_go_on(self):
        LiveReload(self.path).publish(graph(1))
        live = LiveReload(self.path)
        self.assertEqual(live.revision, 1)
        live.publish(graph(2))
        self.assertEqual(self.read(), (2, 2))
        # A player remembers the revision of a file that is gone.
        self.acknowledge('{"kiln-ack": 1, "revision": 7}')
        self.path.unlink()
        LiveReload(self.path).publish(graph(3))
        self.assertEqual(self.read(), (8, 3))

    def test_a_file_that_is_no_graph_is_replaced(self):
        for text in ("", "[1]", '{"revision": true}', '{"revision": "3"}', "{" * 50000, "\xff"):
            self.path.write_text(text, encoding="latin-1")
            self.assertTrue(LiveReload(self.path).publish(graph(1)), text)
            self.assertEqual(self.read(), (1, 1))

    def test_what_is_refused_leaves_the_file(self):
        live = LiveReload(self.path)
        live.publish(graph(1))
        for wrong in (graph(float("inf")), {}, {**graph(2), "version": 2}):
            with self.assertRaises(ValueError):
                live.publish(wrong)
        self.assertEqual((self.read(), live.revision), ((1, 1), 1))
        self.assertEqual(len(list(self.folder.iterdir())), 1)
        for arguments in ({"every": 0}, {"min_interval": -1}, {"min_interval": float("nan")}):
            with self.assertRaisesRegex(ValueError, "expected"):
                LiveReload(self.path, **arguments)

    def test_a_replacement_is_tried_again_and_fails_clean(self):
        live, real, refused = LiveReload(self.path), module.os.replace, [PermissionError] * 3

        def busy(*paths):
            if refused:
                raise refused.pop()
            real(*paths)

        with mock.patch.object(module.os, "replace", busy), mock.patch.object(module, "PAUSE", 0):
            self.assertTrue(live.publish(graph(1)))
            refused.extend([PermissionError] * 100)
            with self.assertRaises(PermissionError):
                live.publish(graph(2))
        self.assertEqual((self.read(), live.revision), ((1, 1), 1))
        self.assertEqual(len(list(self.folder.iterdir())), 1)

    def test_a_reader_never_sees_half_a_file(self):
        live, done, seen = LiveReload(self.path), threading.Event(), []
        live.publish(graph(0, meta={"fill": "x" * 100_000}))

        def follow():
            while not done.is_set():
                seen.append(json.loads(self.path.read_text())["revision"])

        reader = threading.Thread(target=follow)
        reader.start()
        for k in range(1, 200):
            live.publish(graph(k, meta={"fill": "x" * 100_000}))
        done.set()
        reader.join()
        self.assertEqual(seen, sorted(seen))
        self.assertEqual(self.read(), (200, 199))

    def test_a_link_stays_a_link(self):
        self.path.symlink_to(self.folder / "target.json")
        live = LiveReload(self.path)
        live.publish(graph(1))
        self.assertTrue(self.path.is_symlink())
        self.assertEqual(self.read(), (1, 1))

    def test_acknowledgements(self):
        live = LiveReload(self.path)
        self.assertIsNone(live.ack())
        for text in ("", "[]", "{}", '{"kiln-ack": 2, "revision": 1}', '{"kiln-ack": 1, '):
            self.acknowledge(text)
            self.assertIsNone(live.ack())
        live.publish(graph(1))
        said = {"kiln-ack": 1, "revision": 1, "verdict": "certified-stable", "error": None}
        self.acknowledge(json.dumps(said))
        self.assertEqual(live.ack(), said)
        self.assertEqual(live.wait(timeout=0), said)
        self.assertIsNone(live.wait(2, timeout=0))

    def test_waits_for_the_acknowledgement(self):
        live = LiveReload(self.path)
        live.publish(graph(1))

        def later(_):
            self.now += 1
            if self.now == 103:
                self.acknowledge('{"kiln-ack": 1, "revision": null, "error": "half a file"}')
            if self.now == 106:
                self.acknowledge('{"kiln-ack": 1, "revision": 1}')

        with mock.patch.object(module.time, "sleep", later):
            self.assertIsNone(live.wait(timeout=5))
            self.assertEqual(live.wait(timeout=5)["revision"], 1)


if __name__ == "__main__":
    unittest.main()
