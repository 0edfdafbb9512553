"""Makes the manifests and signatures in this folder: `pip install cryptography`, then
`python sign.py`.

The format is minisign's, https://jedisct1.github.io/minisign/#signature-format: a
signature by Ed25519 of the BLAKE2b-512 of the file ("ED") or, the old kind, of the file
itself ("Ed"), and one of that signature and the trusted comment. The seeds are open and
fixed, so the files come out the same each time, and the keys are worth nothing.

`program.pub` and `oak-1.program.minisig` are from minisign 0.11 itself, which verifies the
others as well: `minisign -G -W -p program.pub -s KEY`, then
`minisign -S -s KEY -m oak-1.json -x oak-1.program.minisig -t "made by minisign 0.11"`.
"""

import base64
import hashlib
import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HERE = Path(__file__).parent


class Publisher:
    def __init__(self, seed: int):
        self.key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.id = bytes([seed]) * 8

    def public(self) -> str:
        raw = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return base64.b64encode(b"Ed" + self.id + raw).decode()

    def sign(self, data: bytes, old: bool = False) -> str:
        kind, message = (b"Ed", data) if old else (b"ED", hashlib.blake2b(data).digest())
        signature = self.key.sign(message)
        trusted = "timestamp:1700000000\tfile:manifest.json\thashed"
        both = self.key.sign(signature + trusted.encode())
        return (
            "untrusted comment: signature by a key for tests\n"
            f"{base64.b64encode(kind + self.id + signature).decode()}\n"
            f"trusted comment: {trusted}\n"
            f"{base64.b64encode(both).decode()}\n"
        )


def manifest(revision: int, **changes) -> bytes:
    model = {
        "id": "oak-lead",
        "name": "Oak Lead",
        "kind": "amp",
        "file": "oak-lead.nam",
        "url": "https://models.example.org/oak-lead.nam",
        "sha256": hashlib.sha256(b"oak").hexdigest(),
        "bytes": 3,
        "licence": "CC-BY-4.0",
        "attribution": "Oak Amplifiers",
        "source": "https://models.example.org/oak",
        "training_data": "Three minutes of a guitar, played for it",
        "accept_required": False,
    }
    model.update(changes)
    whole = {"version": 1, "name": "oak", "revision": revision, "models": [model]}
    return (json.dumps(whole, indent=2) + "\n").encode()


def main():
    oak, other = Publisher(7), Publisher(8)
    for name, publisher in [("oak", oak), ("other", other)]:
        text = f"untrusted comment: a key for tests\n{publisher.public()}\n"
        (HERE / f"{name}.pub").write_text(text)
    first, second = manifest(1), manifest(2, name="Oak Lead II")
    (HERE / "oak-1.json").write_bytes(first)
    (HERE / "oak-1.json.minisig").write_text(oak.sign(first))
    (HERE / "oak-1.other.minisig").write_text(other.sign(first))
    (HERE / "oak-1.old.minisig").write_text(oak.sign(first, old=True))
    (HERE / "oak-2.json").write_bytes(second)
    (HERE / "oak-2.json.minisig").write_text(oak.sign(second))


if __name__ == "__main__":
    main()
