"""What is measured of models of the pedals, against their circuits."""

import numpy as np

from circuits import OVER, RATE

HZ = np.array([100.0, 300.0, 1000.0, 3000.0, 6000.0])


def decibels(error, sound):
    return 10 * np.log10(max(error, 1e-30) / max(sound, 1e-30))


def esr(answers):
    """Error over signal in energy: of everything, and in dB of each kind; from (kind, model, circuit)."""
    sums = {}
    for what, found, expected in answers:
        row = sums.setdefault(what, np.zeros(2))
        row += np.sum((found - expected) ** 2), np.sum(expected**2)
    error, sound = sum(sums.values())
    return error / sound, {what: decibels(*row) for what, row in sums.items()}


def corners(pedal):
    """Settings in which gains are compared: five drives, and other knobs in the middle and at the ends."""
    rest = [()] if len(pedal.knobs) == 1 else [(0.0,), (0.5,), (1.0,)]
    return [(d, *r) for d in np.linspace(0, 1, 5) for r in rest]


def small_signal(model, pedal):
    """Differences of small-signal gain in dB at HZ, [settings, HZ]."""
    rows = []
    for knobs in corners(pedal):
        circuit = np.abs(pedal.nodal(knobs).gain(HZ)) * 10 ** (pedal.level / 20)
        rows.append(20 * np.log10(np.abs(model.gain(HZ, knobs, RATE * OVER)) / circuit))
    return np.array(rows)


def alias(model, knobs, hz=1250.0, peak=0.5, times=OVER):
    """Alias over signal in dB below 20 kHz, of a sine, oversampled with an ideal decimator.

    `hz` is no divisor of the rate, so that what is folded lies between the harmonics.
    """
    rate = RATE * times
    x = peak * np.sin(2 * np.pi * hz * np.arange(2 * rate) / rate)
    power = np.abs(np.fft.rfft(model.run(x, knobs, rate)[rate:])[:20_001]) ** 2
    power[0] = 0.0
    own = np.zeros(len(power), bool)
    own[int(hz) :: int(hz)] = True
    return decibels(power[~own].sum(), power[own].sum())


def transfer(run, peak=1.0, hz=100.0):
    """Input and output over the last period of a slow sine, at 48 kHz."""
    n = int(RATE / hz)
    x = peak * np.sin(2 * np.pi * np.arange(40 * n) / n)
    return x[-n:], run(x)[-n:]


def harmonics(run, peak, hz=220.0, count=6):
    """Amplitudes of the first harmonics of a sine of `peak`."""
    n = RATE // 20
    x = peak * np.sin(2 * np.pi * hz * np.arange(10 * n) / RATE)
    spectrum = np.abs(np.fft.rfft(run(x)[-n:])) * 2 / n
    return spectrum[np.round(np.arange(1, count + 1) * hz * n / RATE).astype(int)]


def plot(path, pedal, model, riff):
    """Circuit and model: transfer at three drives, a riff, harmonics against level."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    rest = (0.5,) * (len(pedal.knobs) - 1)
    figure, ((a, b), (c, d)) = plt.subplots(2, 2, figsize=(13, 9))
    for drive, colour in ((0.1, "C0"), (0.5, "C1"), (1.0, "C2")):
        knobs = (drive, *rest)
        circuit, copy = lambda x: pedal(x, knobs), lambda x: model.over(x, knobs, RATE, OVER)
        a.plot(*transfer(circuit), colour, lw=1, label=f"circuit, drive {drive}")
        a.plot(*transfer(copy), colour, lw=2.5, alpha=0.4)
        for axis, peak in ((c, 0.3), (d, 0.02)):
            n = RATE // 110
            x = peak * np.sin(2 * np.pi * np.arange(40 * n) / n)
            axis.plot(circuit(x)[-n:], colour, lw=1)
            axis.plot(copy(x)[-n:], colour, lw=2.5, alpha=0.4)
            axis.set_title(f"110 Hz at a peak of {peak}")
    a.set_title("transfer at 100 Hz (thin: circuit, thick: model)")
    a.legend()
    levels = np.arange(-60, 7, 3)
    knobs = (0.5, *rest)
    for run, style in ((lambda x: pedal(x, knobs), "-"), (lambda x: model.over(x, knobs, RATE, OVER), "o")):
        rows = np.array([harmonics(run, 10 ** (level / 20), count=5) for level in levels])
        for k in range(5):
            b.plot(levels, 20 * np.log10(rows[:, k] + 1e-9), style, color=f"C{k}", ms=4)
    b.set_ylim(-110, 5)
    b.set_title("harmonics 1 to 5 of 220 Hz against level, drive 0.5 (points: model)")
    figure.suptitle(pedal.name)
    figure.tight_layout()
    figure.savefig(path, dpi=70)
    plt.close(figure)
    figure, axis = plt.subplots(figsize=(13, 4))
    x = riff[: RATE]
    span = slice(int(0.05 * RATE), int(0.12 * RATE))
    axis.plot(pedal(x, knobs)[span], lw=1, label="circuit")
    axis.plot(model.over(x, knobs, RATE, OVER)[span], lw=2.5, alpha=0.4, label="model")
    axis.legend()
    axis.set_title(pedal.name + ": a riff at drive 0.5")
    figure.tight_layout()
    figure.savefig(str(path).replace(".png", "-riff.png"), dpi=70)
    plt.close(figure)
