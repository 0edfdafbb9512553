"""A simulated pedal as a recording of it: what to play in, what comes out.

    python3 python/reamp.py overdrive dry.wav wet.wav 0.6 0.5      # knobs: drive, tone

The wet is delayed by 120 samples, as an interface would.
"""

import sys

import numpy as np
from scipy.io import wavfile

from pedals import PEDALS

LATE = 120


def main():
    name, dry, wet, *knobs = sys.argv[1:]
    rate, x = wavfile.read(dry)
    if rate != 48000:
        sys.exit(f"{dry}: expected 48000 Hz, found {rate}")
    scale = 1.0 if x.dtype.kind == "f" else float(np.iinfo(x.dtype).max)
    y = PEDALS[name](x / scale, tuple(float(knob) for knob in knobs))
    y = np.concatenate([np.zeros(LATE), y])
    wavfile.write(wet, rate, y.astype(np.float32))


if __name__ == "__main__":
    main()
