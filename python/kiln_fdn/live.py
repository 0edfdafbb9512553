"""Graphs for a player that follows a file.

A trainer replaces the file at once, so that a player never sees half of it, and each file says a
higher ``revision`` than the one before. Beside it a player writes what it made of it, in
``<path>.ack.json``: an object with

========================  =======================================================================
``kiln-ack``              1
``revision``              of the file it read, or None
``hash``                  of that file's bytes, as text
``verdict``               "certified-stable", "marginally-stable", "not-certified", "unstable",
                          "indeterminate", or None
``unstable_poles``        how many, or None
``rt60``                  seconds, or None
``error``                 why the file is not played, or None
``playing``               whether anything plays now
``pid``                   of the player
========================  =======================================================================
"""

import hashlib
import json
import os
import tempfile
import time
from pathlib import Path

#: How often a replacement is tried: Windows refuses it while a player reads the file.
TRIES = 20
#: Seconds between two looks at the acknowledgement, and between two tries.
PAUSE = 0.01


class LiveReload:
    """Publishes what is trained to a file that a player follows.

        with LiveReload("hall.json", sample_rate=48000, every=10) as live:
            for step in range(steps):
                ...
                live.update(model)

    ``sample_rate`` is in Hz; ``name`` and ``controls`` are those of
    :func:`~kiln_fdn.flamo_to_json`. Of the calls of :meth:`update`, one in ``every`` publishes,
    and none within ``min_interval`` seconds of the one before. Revisions go on from the one that
    the file, or its acknowledgement, already says.
    """

    def __init__(
        self, path, sample_rate=48000, every=1, min_interval=0.05, name=None, controls=None
    ):
        if every < 1:
            raise ValueError(f"every: expected 1 or more, found {every}")
        if not min_interval >= 0:
            raise ValueError(f"min_interval: expected 0 s or more, found {min_interval}")
        self.path = Path(path)
        self.ack_path = self.path.with_name(self.path.name + ".ack.json")
        self.sample_rate = sample_rate
        self.every, self.min_interval = every, min_interval
        self.name = self.path.stem if name is None else name
        self.controls = controls
        already = _object(self.path)
        self.revision = max(_revision(already), _revision(self.ack() or {}))
        self._digest = None if already is None else _digest(already)
        self._calls, self._last, self._pending, self._closed = 0, None, None, False

    def update(self, model, force=False):
        """Publishes ``model`` of FLAMO, unless it is too early or has not changed; with
        ``force``, it is never too early. True if the file was replaced.

        What is left out for being too early is published by :meth:`close`, as it is then. Raises
        what :func:`~kiln_fdn.flamo_to_json` raises; the file stays as it was.
        """
        self._check_open()
        turn = self._calls % self.every == 0
        self._calls += 1
        early = self._last is not None and time.monotonic() - self._last < self.min_interval
        if not force and (early or not turn):
            self._pending = model
            return False
        self._pending = None
        return self._write(self._exported(model))

    def publish(self, graph):
        """Publishes a ``graph`` as a dict in the format "kiln-fdn", version 1, whatever its
        revision, unless it has not changed. True if the file was replaced. It is never too early.

        Raises ValueError for another format or a number that is not finite; the file stays as it
        was.
        """
        self._check_open()
        found = (graph.get("format"), graph.get("version"))
        if found != ("kiln-fdn", 1):
            what = f"{found[0]!r} version {found[1]!r}"
            raise ValueError(f'graph: expected "kiln-fdn" version 1, found {what}')
        self._pending = None
        return self._write(graph)

    def ack(self):
        """What the player last said, a dict; None where none did, or not in these words."""
        found = _object(self.ack_path)
        return found if found is not None and found.get("kiln-ack") == 1 else None

    def wait(self, revision=None, timeout=5.0):
        """The acknowledgement of ``revision``, by default the last one published, or of a later
        one. None if there is none after ``timeout`` seconds."""
        revision = self.revision if revision is None else revision
        end = time.monotonic() + timeout
        while True:
            found = self.ack()
            if found is not None and _revision(found) >= revision:
                return found
            if time.monotonic() >= end:
                return None
            time.sleep(PAUSE)

    def close(self):
        """Publishes what :meth:`update` left out last. It may be called twice."""
        if self._closed:
            return
        self._closed = True
        model, self._pending = self._pending, None
        if model is not None:
            self._write(self._exported(model))

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        try:
            self.close()
        except (OSError, TypeError, ValueError):
            # What ended the training matters more than what could not be published after it.
            if kind is None:
                raise

    def _check_open(self):
        if self._closed:
            raise ValueError(f"{self.path}: expected to be open, found closed")

    def _exported(self, model):
        from .export import flamo_to_json

        return flamo_to_json(model, self.sample_rate, name=self.name, controls=self.controls)

    def _write(self, graph):
        digest = _digest(graph)
        if digest == self._digest:
            return False
        head = {k: graph[k] for k in ("format", "version")}
        text = _text({**head, "revision": self.revision + 1, **_content(graph)})
        _replace(self.path, text.encode())
        self.revision += 1
        self._digest, self._last = digest, time.monotonic()
        return True


def _content(graph):
    """All but the revision, by which two files differ that sound alike."""
    return {k: v for k, v in graph.items() if k != "revision"}


def _text(value, **more):
    return json.dumps(value, allow_nan=False, separators=(",", ":"), **more)


def _digest(graph):
    return hashlib.sha256(_text(_content(graph), sort_keys=True).encode()).digest()


def _object(path):
    """The JSON object in the file at ``path``; None where there is none."""
    try:
        found = json.loads(path.read_bytes(), parse_constant=_refuse)
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _refuse(constant):
    raise ValueError(f"expected a finite number, found {constant}")


def _revision(found):
    """The revision of a graph or an acknowledgement; 0 where it says none."""
    revision = (found or {}).get("revision")
    whole = isinstance(revision, int) and not isinstance(revision, bool)
    return revision if whole and revision > 0 else 0


def _replace(path, data):
    """Writes a file at once: a temporary one beside it takes its place."""
    # A link stays one: what it leads to is replaced.
    path = Path(os.path.realpath(path))
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        # A temporary file is its owner's alone; a player may be someone else.
        os.chmod(temporary, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        for left in reversed(range(TRIES)):
            try:
                os.replace(temporary, path)
                return
            except PermissionError:
                if not left:
                    raise
                time.sleep(PAUSE)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
