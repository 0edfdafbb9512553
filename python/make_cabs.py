"""Synthesise the cabinet impulse responses assets/kiln-112-open.wav and assets/kiln-412-closed.wav.

A driver is a resonance in its box, a cone that stops moving as one piece around a kilohertz
(a sum of damped modes from there up) and a voice coil and dust cap that end it above 5 kHz.
A microphone hears the nearest driver first, then the baffle's edges, the other drivers, the
floor, what comes round an open back, a few walls and a short diffuse tail, each at the delay
and the level that its path length gives. Everything is drawn from seeds: nothing was measured.

    python python/make_cabs.py [--plot PICTURE.png]
"""

import argparse
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import signal

RATE = 48_000
OVER = 4  # delays are whole samples at this multiple of the audio rate
FAST = RATE * OVER
LENGTH = 8192
SOUND = 343.0  # metres per second
ASSETS = Path(__file__).parents[1] / "assets"


def _digital(b, a):
    return signal.tf2sos(*signal.bilinear(b, a, FAST))


def highpass(freq, q):
    w = 2 * np.pi * freq
    return _digital([1, 0, 0], [1, w / q, w * w])


def lowpass(freq, q):
    w = 2 * np.pi * freq
    return _digital([w * w], [1, w / q, w * w])


def mode(freq, q):
    """One damped resonance, of gain one at its frequency."""
    w = 2 * np.pi * freq
    return _digital([w / q, 0], [1, w / q, w * w])


def peak(freq, q, db):
    w, a = 2 * np.pi * freq, 10 ** (db / 40)
    return _digital([1, w * a / q, w * w], [1, w / a / q, w * w])


def first_order(zero, pole):
    """(s + zero) / (s + pole), corners in hertz."""
    return _digital([1, 2 * np.pi * zero], [1, 2 * np.pi * pole])


def through(x, *filters):
    for sos in filters:
        x = signal.sosfilt(sos, x)
    return x


@dataclass(frozen=True)
class Driver:
    """What a twelve-inch driver radiates on its axis when fed a voltage through some resistance."""

    resonance: float  # hertz, in its box
    q: float
    standing: tuple  # of the air behind it: (hertz, q, gain), in opposition to the cone
    presence: float  # level of the cone's modes against the piston
    top: float  # hertz, where the voice coil's inductance and the dust cap end it
    piston: float = 1300.0  # hertz, where the cone's rim no longer follows its centre

    def response(self, seed):
        rng = np.random.default_rng(seed)
        x = np.zeros(LENGTH * OVER)
        x[0] = 1.0
        x = through(x, highpass(self.resonance, self.q))
        y = through(x, lowpass(self.piston, 0.8))
        # Modes come closer together and die faster as they go up; neighbours alternate in sign
        # against the delay that the piston's own roll-off has by then.
        freq, k = 1150.0, 0
        while freq < 7500.0:
            level = self.presence * np.exp(-((np.log(freq / 2900) / 0.65) ** 2))
            sign = -1.0 if k % 2 == 0 else 1.0
            jitter = rng.uniform(0.75, 1.25)
            y = y + sign * level * jitter * through(x, mode(freq, rng.uniform(2.2, 4.2)))
            freq *= rng.uniform(1.2, 1.36)
            k += 1
        for hertz, q, gain in self.standing:
            y = y - gain * through(x, mode(hertz, q))
        # The amplifier's source resistance lets the coil's rising impedance lift the treble.
        y = through(y, first_order(900.0, 2200.0))
        return through(y, lowpass(self.top, 1.15), lowpass(self.top * 1.5, 0.8))


@dataclass(frozen=True)
class Mic:
    """A cardioid in front of one driver."""

    distance: float  # metres from the cone
    off_axis: float  # metres from the cone's centre, which costs treble
    presence: float  # dB of its capsule's own lift near 5 kHz

    def capsule(self, x):
        # A pressure gradient gains bass near its source, less so near one as wide as a cone;
        # the capsule is damped to be flat a hand's breadth away.
        near = np.hypot(self.distance, 0.075)
        x = through(x, first_order(SOUND / (4 * np.pi * near), 190.0), first_order(0.0, 45.0))
        return through(x, peak(4800.0, 0.9, self.presence), lowpass(15_000.0, 0.7))

    def shade(self):
        return lowpass(9000.0 / (1 + 12 * self.off_axis), 0.6)


@dataclass(frozen=True)
class Arrival:
    """A later arrival: how far it went, how loud a reflection it is and the treble that is left."""

    metres: float
    gain: float
    treble: float
    neighbour: bool = False  # from another driver of the cabinet


def microphone(driver, seed, mic, paths, tail, tail_seed):
    """The impulse response of one microphone, at FAST, its first arrival at sample 0."""
    near = driver.response(seed)
    far = driver.response(seed + 50)  # a neighbour is not the same driver
    direct = through(near, mic.shade())
    reach = np.hypot(mic.distance, 0.06)  # a cone is not a point: up close it grows no louder
    y = direct.copy()
    for p in paths:
        delay = round((p.metres - mic.distance) / SOUND * FAST)
        arrival = through(far if p.neighbour else near, lowpass(p.treble, 0.6))
        y[delay:] += p.gain * reach / p.metres * arrival[: len(y) - delay]
    # Diffuse tail: noise that starts after the first wall and falls 60 dB in a quarter second.
    rng = np.random.default_rng(tail_seed)
    t = np.arange(len(y)) / FAST
    noise = rng.standard_normal(len(y)) * 10 ** (-3 * t / 0.25) * np.clip((t - 0.006) / 0.012, 0, 1)
    noise = through(noise, highpass(180.0, 0.7), lowpass(2600.0, 0.7))
    y += tail * np.sqrt(np.sum(direct**2) / np.sum(noise**2)) * noise
    return mic.capsule(y)


def edges(distances, gain):
    """Diffraction: each edge of the baffle sends back a weak, inverted copy."""
    return [Arrival(d, -gain, 2600.0) for d in distances]


def open_back():
    driver = Driver(94.0, 1.9, ((390.0, 1.2, 0.25),), presence=1.1, top=5300.0)
    mic = Mic(distance=0.09, off_axis=0.045, presence=2.5)
    paths = [
        *edges((0.31, 0.34, 0.42, 0.47), 0.22),
        Arrival(0.62, -0.9, 900.0),  # the back of the cone, round the sides
        Arrival(0.78, -0.7, 700.0),  # and round the top
        Arrival(0.95, 0.6, 3000.0),  # floor
        Arrival(2.30, -0.8, 1800.0),  # the back of the cone off the wall behind
        Arrival(3.10, 0.6, 2500.0),
        Arrival(4.70, 0.5, 2000.0),
        Arrival(6.20, 0.5, 1600.0),
    ]
    return [microphone(driver, 13, mic, paths, 0.065, 31)]


def closed():
    driver = Driver(106.0, 1.35, ((430.0, 1.0, 0.2), (690.0, 2.5, 0.1)), presence=1.45, top=4700.0)
    sides = []
    for seed, mic, edge, rooms in (
        (15, Mic(0.05, 0.030, 3.0), (0.22, 0.26, 0.50, 0.55), (2.6, 3.7, 5.3, 7.4)),
        (19, Mic(0.06, 0.045, 3.0), (0.23, 0.25, 0.49, 0.56), (2.9, 3.5, 5.8, 6.9)),
    ):
        paths = [
            *edges(edge, 0.25),
            Arrival(0.33, 0.8, 1500.0, neighbour=True),  # the driver beside
            Arrival(0.35, 0.8, 1500.0, neighbour=True),  # the driver below
            Arrival(0.46, 0.7, 1200.0, neighbour=True),  # the one across
            Arrival(1.15, 0.6, 3000.0),  # floor
            *(Arrival(r, 0.7 * (-1) ** i, 2400.0 - 250.0 * i) for i, r in enumerate(rooms)),
        ]
        sides.append(microphone(driver, seed, mic, paths, 0.045, 100 + seed))
    return sides


def finish(sides):
    """Down to the audio rate, faded out, and scaled so that pink noise keeps its level."""
    out = []
    for y in sides:
        y = signal.resample_poly(y, 1, OVER, window=("kaiser", 9.0))[:LENGTH]
        fade = LENGTH // 4
        y[-fade:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(1, fade + 1) / fade)
        f = np.fft.rfftfreq(4 * LENGTH, 1 / RATE)
        pink = np.where((f > 70) & (f < 8000), 1 / np.maximum(f, 1), 0)
        power = np.abs(np.fft.rfft(y, 4 * LENGTH)) ** 2
        out.append(y / np.sqrt(np.sum(power * pink) / np.sum(pink)))
    return np.array(out)


def write(path, sides):
    n = np.clip(np.round(sides.T * 2**23), -(2**23), 2**23 - 1).astype("<i4")
    with wave.open(str(path), "wb") as f:
        f.setnchannels(len(sides))
        f.setsampwidth(3)
        f.setframerate(RATE)
        f.writeframes(n.reshape(-1, 1).view(np.uint8)[:, :3].tobytes())
    energy = 10 * np.log10(np.sum(sides**2, axis=1))
    late = 10 * np.log10(np.sum(sides[:, RATE // 50 :] ** 2, axis=1)) - energy
    print(
        f"{path.name}: {path.stat().st_size} bytes, peak {np.abs(sides).max():.3f} at sample "
        f"{np.abs(sides).argmax(axis=1)}, after 20 ms {np.round(late, 1)} dB"
    )


def response(side, freqs):
    f, h = signal.freqz(side, worN=freqs, fs=RATE)
    return 20 * np.log10(np.abs(h))


def plot(cabs, picture):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(20, 12))
    f = np.geomspace(30, 20_000, 1500)
    for row, (name, sides) in zip(axes, cabs.items()):
        for i, side in enumerate(sides):
            row[0].semilogx(f, response(side, f), label=f"{name} {i}")
            row[1].plot(np.arange(480) / 48, side[:480])
        row[0].set_ylim(-50, 15)
        row[0].set_yticks(range(-50, 16, 5))
        row[0].grid(which="both", alpha=0.4)
        row[0].legend()
    figure.tight_layout()
    figure.savefig(picture)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plot", type=Path)
    args = parser.parse_args()
    cabs = {"112-open": finish(open_back()), "412-closed": finish(closed())}
    marks = np.array([40, 60, 80, 100, 120, 200, 400, 800, 1500, 2500, 3500, 5000, 7000, 10000, 15000])
    for name, sides in cabs.items():
        write(ASSETS / f"kiln-{name}.wav", sides)
        for side in sides:
            print("  " + "  ".join(f"{m}: {d:+.1f}" for m, d in zip(marks, response(side, marks))))
    if args.plot:
        plot(cabs, args.plot)


if __name__ == "__main__":
    main()
