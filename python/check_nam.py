"""Plays `.nam` files by the official trainer's own loader and by `kiln`, and says how far
apart the answers are.

    cargo build --release -p kiln
    python3 python/check_nam.py pedal.nam ...

Needs torch and neural-amp-modeler 0.13 (python/requirements.txt).
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from nam.models._from_nam import init_from_nam
from scipy.io import wavfile

KILN = Path(__file__).resolve().parent.parent / "target/release/kiln"


def sound(rate):
    rng = np.random.default_rng(0)
    t = np.arange(3 * rate) / rate
    x = 0.4 * np.exp(-2 * (t % 0.5)) * np.sin(2 * np.pi * 110 * t) + 0.02 * rng.standard_normal(len(t))
    return x.astype(np.float32)


def main():
    worst = 0.0
    for path in sys.argv[1:]:
        file = json.loads(Path(path).read_text())
        rate = int(file["sample_rate"])
        x = sound(rate)
        net = init_from_nam(file)
        net.eval()
        with torch.no_grad():
            theirs = net(torch.from_numpy(x), pad_start=True).numpy()
        with tempfile.TemporaryDirectory() as folder:
            dry, wet = f"{folder}/dry.wav", f"{folder}/wet.wav"
            wavfile.write(dry, rate, x)
            subprocess.run([KILN, "amp", "--raw", "-m", path, dry, wet], check=True)
            ours = wavfile.read(wet)[1]
        apart = np.max(np.abs(ours - theirs)) / np.max(np.abs(theirs))
        worst = max(worst, apart)
        print(f"{path}: {file['architecture']}, {len(file['weights'])} weights, {apart:.1e} of the peak apart")
    sys.exit(worst > 1e-4)


if __name__ == "__main__":
    main()
