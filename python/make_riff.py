"""Synthesise assets/riff.wav: eight seconds of dry electric guitar, as a DI box would give it.

Each note is a modal string: partials of a stiff string, with amplitudes set by where it is
picked and where the pickup sits, decays that shorten with frequency, and two slightly
detuned polarisations. Pitch is a curve rather than a number, so bends and vibrato are exact
phase modulation. A pick transient, a loaded-pickup resonance and a volume-pot/cable roll-off
finish the signal. Only numpy is needed; the seed fixes every bit of the result.

    python python/make_riff.py [output.wav]
"""

import sys
import wave
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

RATE = 48_000
PEAK = 10 ** (-6 / 20)

NAMES = {"C": 0, "C#": 1, "D": 2, "D#": 3, "E": 4, "F": 5, "F#": 6, "G": 7, "G#": 8, "A": 9, "A#": 10, "B": 11}


def hertz(note):
    """'E2' -> 82.41 Hz; a number passes through."""
    if not isinstance(note, str):
        return float(note)
    return 440.0 * 2.0 ** ((NAMES[note[:-1]] + 12 * (int(note[-1]) + 1) - 69) / 12)


@dataclass
class Note:
    start: float  # seconds
    length: float  # seconds until the string is stopped
    pitch: str | float
    level: float = 1.0
    muted: bool = False
    pick: float = 0.13  # picking point, as a fraction of the string from the bridge
    bend: tuple = field(default_factory=tuple)  # (begin s, end s, semitones)
    vibrato: tuple = field(default_factory=tuple)  # (begin s, rate Hz, depth in semitones)


def _smooth(x):
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)


def string(note, rng, rate=RATE):
    """One plucked note as the pickup hears it, before the pickup's electrical resonance."""
    f0 = hertz(note.pitch)
    tail = 0.06
    n = int((note.length + tail) * rate)
    t = np.arange(n) / rate

    semitones = 0.10 * note.level * np.exp(-t / 0.06)  # a hard-picked string starts sharp
    if note.bend:
        begin, end, amount = note.bend
        semitones += amount * _smooth((t - begin) / (end - begin))
    if note.vibrato:
        begin, speed, depth = note.vibrato
        grow = _smooth((t - begin) / 0.25)
        semitones += depth * grow * (0.5 - 0.5 * np.cos(2 * np.pi * speed * (t - begin)))
    phase = 2 * np.pi * f0 / rate * np.cumsum(2.0 ** (semitones / 12))

    wound = f0 < 180
    stiffness = 9e-5 if wound else 3e-5
    pick = note.pick * (1 + 0.06 * rng.standard_normal())
    pickup = 0.07 * f0 / 82.4 if f0 < 200 else 0.14  # bridge humbucker, seen from a fretted string
    pickup = min(pickup, 0.2)

    out = np.zeros(n)
    count = int(min(11_000, 0.45 * rate) / f0)
    for k in range(1, count + 1):
        f = k * f0 * np.sqrt(1 + stiffness * k * k)
        if f > 11_000:
            break
        # Displacement falls as 1/k^2; a pickup answers to velocity, which gives one k back.
        a = np.sin(k * np.pi * pick) / k**1.1
        a *= np.sin(k * np.pi * pickup) * np.cos(k * np.pi * 0.02)
        a *= np.exp(-((f / 5200.0) ** 2)) + 0.04 * np.exp(-f / 4000.0)  # width of the plectrum
        if note.muted:
            decay = 0.16 / (1 + (f / 420.0) ** 1.1)
        else:
            decay = 4.0 * (110 / max(f0, 80)) ** 0.3 / (1 + (f / 1100.0) ** 1.25)
        decay = max(decay, 0.004)
        detune = 1 + 0.00015 * rng.standard_normal()
        turn = rng.uniform(-0.15, 0.15)
        first = np.exp(-t / (0.45 * decay)) * np.sin(phase * (f / f0) + turn)
        second = np.exp(-t / decay) * np.sin(phase * (f / f0) * detune + turn)
        out += a * (0.5 * first + 0.5 * second)
    out /= np.abs(out[: int(0.08 * rate)]).max()  # strings are set to be equally loud

    # The pick itself: a scrape just before the release and a short click.
    width = int(0.004 * rate)
    scrape = rng.standard_normal(width) * np.hanning(width) ** 2
    scrape = np.diff(scrape, prepend=0.0)
    out[:width] += 0.05 * scrape
    if note.muted:  # the palm thumps on the bridge
        thump = np.exp(-t / 0.018) * np.sin(2 * np.pi * 105 * t)
        out += 0.15 * thump

    attack = int(0.0012 * rate)
    out[:attack] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(attack) / attack)
    stop = int(note.length * rate)
    out[stop:] *= np.exp(-(t[stop:] - t[stop]) / 0.010)
    fade = int(0.01 * rate)
    out[-fade:] *= np.linspace(1, 0, fade)
    return note.level * out


def pickup_filter(x, rate=RATE, resonance=3600.0, q=1.7, cable=9000.0):
    """Second-order pickup resonance and a first-order cable roll-off, applied as a spectrum."""
    size = 1 << int(np.ceil(np.log2(len(x) + rate)))
    f = np.fft.rfftfreq(size, 1 / rate)
    s = 1j * f
    h = 1 / (1 + s / (resonance * q) + (s / resonance) ** 2)
    h *= 1 / (1 + s / cable)
    h *= s / (s + 25.0)  # no DC from a magnetic pickup
    return np.fft.irfft(np.fft.rfft(x, size) * h, size)[: len(x)]


def render(notes, seconds, seed, rate=RATE):
    rng = np.random.default_rng(seed)
    out = np.zeros(int(seconds * rate))
    for note in notes:
        y = string(note, rng, rate)
        begin = int(note.start * rate)
        end = min(begin + len(y), len(out))
        if end > begin:
            out[begin:end] += y[: end - begin]
    return pickup_filter(out, rate)


def riff():
    """Four bars at 120 bpm in E minor, written on a grid of sixteenths."""
    six = 60 / 120 / 4
    rng = np.random.default_rng(41)
    notes = []

    def at(bar, step):
        return 0.05 + (16 * bar + step) * six + 0.003 * np.clip(rng.standard_normal(), -2, 2)

    def chord(bar, step, steps, low, high, level=1.0):
        begin = at(bar, step)
        for i, pitch in enumerate((low, high)):
            notes.append(Note(begin + 0.006 * i, steps * six - 0.012, pitch, level * (1.0, 0.85)[i], pick=0.12))

    def chug(bar, *steps, level=1.1):
        for step in steps:
            accent = level * (1.0 if step % 4 == 0 else 0.85)
            begin = at(bar, step)
            notes.append(Note(begin, 0.95 * six, "E2", accent, muted=True, pick=0.08))
            notes.append(Note(begin + 0.003, 0.95 * six, "B2", 0.45 * accent, muted=True, pick=0.08))

    def lead(bar, step, steps, pitch, level=1.05, **curve):
        notes.append(Note(at(bar, step), steps * six - 0.008, pitch, level, pick=0.16, **curve))

    for bar in (0, 1):
        chord(bar, 0, 3, "E2", "B2")
        chug(bar, 3, 4, 6, 7)
        if bar == 0:
            chord(bar, 8, 2.5, "G2", "D3")
            chug(bar, 11)
            chord(bar, 12, 2, "A2", "E3")
            chord(bar, 14, 2, "G2", "D3")
        else:
            chord(bar, 8, 4, "C3", "G3", 0.95)
            chord(bar, 12, 4, "D3", "A3", 0.95)
    lead(2, 0, 2, "E4")
    lead(2, 2, 2, "G4")
    lead(2, 4, 6, "A4", bend=(0.06, 0.22, 2.0), vibrato=(0.34, 5.6, 0.45))
    lead(2, 10, 2, "G4")
    lead(2, 12, 2, "E4")
    lead(2, 14, 2, "D4")
    lead(3, 0, 4, "E4", vibrato=(0.12, 5.4, 0.5))
    chug(3, 4, 6, 7)
    chord(3, 8, 1.6, "G2", "D3")
    chord(3, 10, 5.2, "E2", "B2")
    return notes


def main():
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "assets" / "riff.wav"
    x = render(riff(), 8.0, seed=7)
    x *= PEAK / np.abs(x).max()
    fade = int(0.05 * RATE)
    x[-fade:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(fade) / fade)
    pcm = np.round(x * 32767).astype("<i2")
    with wave.open(str(out), "wb") as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(RATE)
        f.writeframes(pcm.tobytes())
    print(f"{out}: {len(pcm) / RATE:.2f} s, peak {20 * np.log10(np.abs(x).max()):.2f} dBFS")


if __name__ == "__main__":
    main()
