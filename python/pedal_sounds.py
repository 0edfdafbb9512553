"""What models of the pedals are taught on, and what they are judged by.

Everything is at 48 kHz in samples (1 is full scale), seeded, with the settings of the knobs
that go with it. Nothing that judges is taught: other notes, other settings, other seeds.
"""

import wave
from pathlib import Path

import numpy as np

import make_riff
from circuits import RATE

SEGMENT = RATE * 8 // 100  # samples
SEGMENTS = 400
RIFF = Path(__file__).parents[1] / "assets/riff.wav"


def hertz(midi):
    return 440.0 * 2.0 ** ((midi - 69) / 12)


def plucks(rng, seconds, lowest=36, highest=76):
    """Notes, chords and palm mutes through a guitar's pickup, at random."""
    notes, t = [], 0.005
    while t < seconds - 0.05:
        root = int(rng.integers(lowest, highest))
        length = float(rng.choice([0.1, 0.16, 0.24, 0.4]))
        chord = [(0,), (0, 7), (0, 7, 12), (0, 4, 7), (0, 3, 7, 10)][int(rng.integers(0, 5))]
        muted = bool(rng.random() < 0.25 and root < 50)
        for step in chord:
            level = float(rng.uniform(0.5, 1.0))
            notes.append(make_riff.Note(t, length, hertz(root + step), level, muted, pick=rng.uniform(0.07, 0.2)))
        t += length
    return make_riff.render(notes, seconds, int(rng.integers(1 << 31)))


def noise(rng, seconds):
    """Noise with a random tilt and a random corner, in a burst."""
    n = int(seconds * RATE)
    f = np.fft.rfftfreq(n, 1 / RATE)
    high = np.exp(rng.uniform(np.log(600), np.log(15e3)))
    shape = np.maximum(f, 50.0) ** -rng.uniform(0.2, 1.2) / (1 + (f / high) ** 6)
    shape[f < 25] = 0
    x = np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) * shape, n)
    begin = int(rng.uniform(0.0, 0.1) * n)
    return x * (np.arange(n) >= begin)


def tones(rng, seconds):
    """One or two sines, still or gliding."""
    n = int(seconds * RATE)
    t = np.arange(n) / RATE
    x = np.zeros(n)
    for amount in (1.0, float(rng.choice([0.0, 0.3, 1.0]))):
        low, high = np.exp(rng.uniform(np.log(30), np.log(8e3), 2))
        if rng.random() < 0.4:
            high = low
        slope = np.log(high / low) / seconds
        path = low * (t if abs(slope) < 1e-9 else np.expm1(slope * t) / slope)
        x += amount * np.sin(2 * np.pi * path + rng.uniform(0, 6))
    return x


def decay(rng, seconds):
    """A sound that dies away by 20 to 70 dB."""
    x = tones(rng, seconds) if rng.random() < 0.5 else noise(rng, seconds)
    fall = rng.uniform(20, 70)
    return x * 10 ** (-fall / 20 * np.linspace(0, 1, len(x)))


def fade(x):
    """Edges of 2 ms: what begins at full level would ring in any resampler."""
    x, edge = np.array(x), 96
    x[:edge] *= np.linspace(0, 1, edge)
    x[-edge:] *= np.linspace(1, 0, edge)
    return x


def _levels(rng, count):
    """Peaks in dBFS: mostly playing levels, some down to -60, some beyond full scale."""
    kind = rng.random(count)
    level = rng.uniform(-28, 0, count)
    level = np.where(kind < 0.2, rng.uniform(-60, -28, count), level)
    return np.where(kind > 0.87, rng.uniform(0, 12, count), level)


def _settings(rng, count, knobs):
    """Settings that fill the square evenly, a third of them with a knob on an end."""
    turns = np.stack([(rng.permutation(count) + rng.random(count)) / count for _ in range(knobs)], 1)
    for row in np.flatnonzero(rng.random(count) < 0.33):
        turns[row, rng.integers(knobs)] = rng.integers(0, 2)
    return turns


def lessons(knobs, seed=5):
    """Training sound [segments, samples] and its settings [segments, knobs]."""
    rng = np.random.default_rng(seed)
    kinds = [plucks, plucks, noise, tones, decay]
    rows = []
    for i, level in enumerate(_levels(rng, SEGMENTS)):
        x = fade(kinds[i % len(kinds)](rng, SEGMENT / RATE)[:SEGMENT])
        rows.append(x / np.abs(x).max() * 10 ** (level / 20))
    return np.array(rows), _settings(rng, SEGMENTS, knobs)


def riff():
    with wave.open(str(RIFF)) as f:
        return np.frombuffer(f.readframes(f.getnframes()), "<i2") / 32768.0


def exam(knobs):
    """What models are judged by: (what it is, sound, settings) with settings of its own."""
    rng = np.random.default_rng(77)
    x = riff()
    second = [0.41, 0.77, 0.23, 0.58]
    settings = [(d, s)[:knobs] for d, s in zip((0.13, 0.37, 0.61, 0.89), second)]
    found = []
    for i, knob in enumerate(settings):
        found.append(("riff", fade(x[i * 2 * RATE : (i + 1) * 2 * RATE]), knob))
        quiet = 10 ** (-(0, 12, 24, 6)[i] / 20)
        for what, make in (("sines", tones), ("noise", noise), ("decay", decay)):
            sound = fade(make(rng, 0.4))
            found.append((what, sound / np.abs(sound).max() * 0.7 * quiet, knob[::-1]))
    return found
