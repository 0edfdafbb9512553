"""Writes `assets/models.json`, the manifest of the models that are built in: run it when one
of them has changed. It needs nothing but Python.

What the fields mean is told by `core/library/src/manifest.rs`.
"""

import hashlib
import json
from pathlib import Path

ASSETS = Path(__file__).parent.parent / "assets"

AMPS = [
    ("kiln-clean", "Kiln Clean"),
    ("kiln-edge", "Kiln Edge"),
    ("kiln-crunch", "Kiln Crunch"),
    ("kiln-high-gain", "Kiln High Gain"),
    ("kiln-bass", "Kiln Bass"),
    ("kiln-overdrive", "Kiln Overdrive"),
]
CABINETS = [
    ("kiln-112-open", "Kiln 1x12 Open"),
    ("kiln-412-closed", "Kiln 4x12 Closed"),
]
DRIVES = [
    ("overdrive", "Kiln Tone Overdrive"),
    ("soft-clip", "Kiln Soft Clip"),
    ("hard-clip", "Kiln Hard Clip"),
    ("fuzz", "Kiln Fuzz"),
    ("tube", "Kiln Tube Drive"),
    ("octave", "Kiln Octave Fuzz"),
]


def entry(id, name, kind, path, source, data):
    content = (ASSETS / path).read_bytes()
    return {
        "id": id,
        "name": name,
        "kind": kind,
        "file": Path(path).name,
        "url": "builtin",
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "licence": "MIT",
        "attribution": "Kiln",
        "source": source,
        "training_data": data,
        "accept_required": False,
    }


def main():
    played = "A circuit of our own, simulated; synthesised notes and riffs. Nothing recorded."
    models = [
        entry(id, name, "amp", f"{id}.nam", "python/make_amp.py", played)
        for id, name in AMPS
    ]
    models += [
        entry(id, name, "cabinet", f"{id}.wav", "python/make_cabs.py", "None: synthesised.")
        for id, name in CABINETS
    ]
    models += [
        entry(id, name, "drive", f"drives/{id}.json", "python/train_pedals.py", played)
        for id, name in DRIVES
    ]
    manifest = {"version": 1, "name": "kiln", "revision": 1, "models": models}
    text = json.dumps(manifest, indent=2) + "\n"
    (ASSETS / "models.json").write_text(text)


if __name__ == "__main__":
    main()
