"""Train assets/kiln-crunch.nam, a small WaveNet of a preamp that exists only in this file.

The teacher is a circuit: two 12AX7 common-cathode stages (Koren's equations, solved per
sample in double precision at eight times the audio rate), Miller capacitance and grid
current at both grids, cathode bypass, coupling capacitors and a divider between the stages,
and a filter in place of a loudspeaker so that the result can be listened to as it is.
The pupil is the A1 "feather" WaveNet of the official trainer, taught with the trainer's own
`nam.train.full`.

0 dBFS is a 12 dBu sine, 4.36 V peak at the first grid.

    python python/make_amp.py train WORKDIR [--epochs N]   # about half an hour on one core
    python python/make_amp.py check WORKDIR                # numbers and plots for an existing model
"""

import argparse
import json
import math
from pathlib import Path

import numpy as np
from numba import njit
from scipy import signal

import make_riff

RATE = 48_000
OVER = 8
VOLTS = math.sqrt(2) * 0.7746 * 10 ** (12 / 20)  # peak volts at 0 dBFS
VALIDATION_SECONDS = 9.0
ASSETS = Path(__file__).parents[1] / "assets"


# --- the circuit ---------------------------------------------------------------------------


@njit(cache=False, error_model="numpy")
def _plate_current(vgk, vpk):
    """Koren's 12AX7 and its derivative by plate voltage."""
    mu, ex, kg1, kp, kvb = 100.0, 1.4, 1060.0, 600.0, 300.0
    if vpk <= 0.0:
        return 0.0, 1e-9
    root = math.sqrt(kvb + vpk * vpk)
    arg = kp * (1.0 / mu + vgk / root)
    if arg > 40.0:
        soft, slope = arg, 1.0
    else:
        e = math.exp(arg)
        soft, slope = math.log1p(e), e / (1.0 + e)
    e1 = vpk / kp * soft
    de1 = soft / kp + vpk / kp * slope * kp * (-vgk * vpk / (root * root * root))
    if e1 <= 0.0:
        return 0.0, 1e-9
    power = e1 ** (ex - 1.0)
    return 2.0 / kg1 * power * e1, 2.0 / kg1 * ex * power * de1


@njit(cache=False, error_model="numpy")
def _grid_current(vgk):
    """A soft diode that begins to conduct a little below zero grid volts."""
    u = (vgk + 0.2) / 0.12
    if u > 40.0:
        soft, slope = u, 1.0
    else:
        e = math.exp(u)
        soft, slope = math.log1p(e), e / (1.0 + e)
    v = 0.12 * soft
    return v**1.5 / 2200.0, 1.5 * math.sqrt(v) * slope / 2200.0


@njit(cache=False, error_model="numpy")
def _stage(x, out, rate, rs, cg, rp, rk, ck, co, rload, supply):
    """One stage: grid driven by volts `x` through `rs`; `out` is what the load resistor sees."""
    dt = 1.0 / rate
    vg, vk, vp, vco = 0.0, 1.4, 0.65 * supply, 0.65 * supply
    settle = int(0.25 * rate)
    for i in range(-settle, len(x)):
        drive = x[i] if i >= 0 else 0.0
        # Grid node: source, leak, Miller capacitance and grid current, implicit Euler.
        before = vg
        for _ in range(12):
            ig, dig = _grid_current(vg - vk)
            f = cg / dt * (vg - before) + (vg - drive) / rs + vg / 1e6 + ig
            step = f / (cg / dt + 1.0 / rs + 1e-6 + dig)
            vg -= step
            if abs(step) < 1e-9:
                break
        # Plate node: supply resistor against triode and load.
        for _ in range(20):
            ip, dip = _plate_current(vg - vk, vp - vk)
            f = (vp - supply) / rp + ip + (vp - vco) / rload
            step = f / (1.0 / rp + dip + 1.0 / rload)
            vp -= step
            if abs(step) < 1e-8:
                break
        ip, _ = _plate_current(vg - vk, vp - vk)
        ig, _ = _grid_current(vg - vk)
        vk += dt / ck * (ip + ig - vk / rk)
        load = (vp - vco) / rload
        vco += dt / co * load
        if i >= 0:
            out[i] = load * rload


def _cabinet(rate):
    """What a speaker in a closed back does to a line signal, in four filters."""

    def peak(freq, gain_db, q):
        a, w = 10 ** (gain_db / 40), 2 * np.pi * freq / rate
        alpha = np.sin(w) / (2 * q)
        b = np.array([1 + alpha * a, -2 * np.cos(w), 1 - alpha * a])
        c = np.array([1 + alpha / a, -2 * np.cos(w), 1 - alpha / a])
        return np.concatenate([b / c[0], c / c[0]])[None]

    def highpass(freq, q):
        w = 2 * np.pi * freq / rate
        alpha = np.sin(w) / (2 * q)
        b = np.array([1, -2, 1]) * (1 + np.cos(w)) / 2
        c = np.array([1 + alpha, -2 * np.cos(w), 1 - alpha])
        return np.concatenate([b / c[0], c / c[0]])[None]

    return np.concatenate(
        [
            highpass(90.0, 1.2),
            peak(420.0, -3.0, 0.9),
            peak(2600.0, 4.0, 1.2),
            signal.butter(4, 5000.0, fs=rate, output="sos"),
        ]
    )


def circuit(x):
    """Full-scale samples in, full-scale samples out, aligned to the input."""
    rate = RATE * OVER
    v = signal.resample_poly(np.asarray(x, float), OVER, 1, window=("kaiser", 10.0)) * VOLTS
    a, b = np.zeros_like(v), np.zeros_like(v)
    _stage(v, a, rate, 68e3, 150e-12, 100e3, 1.5e3, 0.68e-6, 22e-9, 605e3, 300.0)
    # 470k and its source over 62k: enough attenuation that a soft touch leaves the second stage clean.
    low = 62e3
    _stage(
        a * low / (543e3 + low),
        b,
        rate,
        543e3 * low / (543e3 + low) + 22e3,
        150e-12,
        100e3,
        1.8e3,
        1e-6,
        4.7e-9,
        470e3,
        300.0,
    )
    y = signal.sosfilt(_cabinet(rate), b)
    y = signal.resample_poly(y, 1, OVER, window=("kaiser", 10.0))
    return y[: len(x)] / 260.0


# --- what it is taught on --------------------------------------------------------------------


def training_signal():
    """About 70 s: sweeps, shaped noise and plucked strings at levels from full scale down."""
    rng = np.random.default_rng(2024)
    parts = [np.zeros(RATE // 4)]

    def add(x, peak):
        x = np.asarray(x, float)
        edge = min(240, len(x) // 4)
        x = x.copy()
        x[:edge] *= np.linspace(0, 1, edge)
        x[-edge:] *= np.linspace(1, 0, edge)
        parts.append(x * peak / np.abs(x).max())
        parts.append(np.zeros(RATE // 50))

    def sweep(seconds, f1, f2):
        t = np.arange(int(seconds * RATE)) / RATE
        rate = np.log(f2 / f1) / seconds
        return np.sin(2 * np.pi * f1 / rate * (np.exp(rate * t) - 1))

    def noise(seconds, tilt, low=40.0, high=12_000.0):
        n = int(seconds * RATE)
        f = np.fft.rfftfreq(n, 1 / RATE)
        shape = np.maximum(f, low) ** -tilt / (1 + (f / high) ** 4)
        shape[f < low / 2] = 0
        return np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) * shape, n)

    for peak in (1.0, 0.5, 0.15, 0.04):
        add(sweep(1.6, 30.0, 16_000.0), peak)
    for tilt, peak in ((0.5, 1.0), (1.0, 0.5), (0.5, 0.15), (1.0, 0.8), (0.0, 0.4), (0.5, 0.03)):
        add(noise(1.2, tilt), peak)
    swell = noise(3.0, 0.7)
    add(swell * np.geomspace(0.005, 1, len(swell)), 1.0)

    def phrase(seconds, seed):
        r = np.random.default_rng(seed)
        notes, t = [], 0.02
        while t < seconds - 0.3:
            kind = r.random()
            length = float(r.choice([0.11, 0.16, 0.24, 0.4, 0.7, 1.1]))
            root = 40 + int(r.integers(0, 13))
            level = float(r.uniform(0.5, 1.2))
            if kind < 0.30:
                notes.append(make_riff.Note(t, 0.12, 440 * 2 ** ((root - 69) / 12), level, muted=True, pick=0.08))
                length = 0.14
            elif kind < 0.6:
                for k, interval in enumerate((0, 7, 12)[: int(r.integers(2, 4))]):
                    notes.append(
                        make_riff.Note(t + 0.006 * k, length, 440 * 2 ** ((root + interval - 69) / 12), 0.8 * level)
                    )
            elif kind < 0.75:
                for k, interval in enumerate((0, 7, 12, 15 + int(r.integers(0, 2)))):
                    notes.append(
                        make_riff.Note(
                            t + 0.012 * k, length + 0.4, 440 * 2 ** ((root + interval - 69) / 12), 0.6 * level
                        )
                    )
                length += 0.4
            else:
                bend = (0.05, 0.2, float(r.choice([1.0, 2.0]))) if r.random() < 0.4 else ()
                vibrato = (0.25, 5.5, 0.4) if r.random() < 0.4 else ()
                pitch = 440 * 2 ** ((root + int(r.integers(12, 32)) - 69) / 12)
                notes.append(make_riff.Note(t, length, pitch, 1.2 * level, bend=bend, vibrato=vibrato, pick=0.16))
            t += length + float(r.choice([0.0, 0.0, 0.0, 0.05]))
        return make_riff.render(notes, seconds, seed + 1)

    for i, peak in enumerate((0.5, 1.0, 0.5, 0.25, 0.7, 0.12, 0.5, 0.06)):
        add(phrase(5.0, 100 + i), peak)

    # Unseen by the optimiser: other notes at playing levels, after the silence the trainer wants.
    parts.append(np.zeros(RATE // 2))
    tail = []
    for i, peak in enumerate((0.5, 0.9, 0.12)):
        x = phrase(3.0, 900 + i)
        tail.append(x * peak / np.abs(x).max())
    return np.concatenate(parts + tail)


# --- training ------------------------------------------------------------------------------


def model_config():
    def array(inputs, channels, head, dilations, bias):
        return {
            "input_size": inputs,
            "condition_size": 1,
            "channels": channels,
            "head": {"out_channels": head, "kernel_size": 1, "bias": bias},
            "kernel_size": 3,
            "dilations": dilations,
            "activation": "Tanh",
        }

    first = [2**i for i in range(7)]
    second = [128, 256, 512] + [2**i for i in range(10)]
    return {
        "net": {
            "name": "WaveNet",
            "config": {
                "layers_configs": [array(1, 8, 4, first, False), array(8, 4, 1, second, True)],
                "head_scale": 0.02,
            },
        },
        "loss": {"val_loss": "esr", "pre_emph_weight": 1.0, "pre_emph_coef": 0.85},
        "optimizer": {"lr": 0.006},
    }


def train(work, epochs):
    import soundfile
    import torch
    from nam.train.full import main as nam_train

    torch.set_num_threads(1)
    torch.manual_seed(0)
    work.mkdir(parents=True, exist_ok=True)
    x = training_signal()
    y = circuit(x)
    print(f"training signal {len(x) / RATE:.1f} s, output peak {np.abs(y).max():.3f}, rms {y.std():.3f}", flush=True)
    soundfile.write(work / "x.wav", x.clip(-1, 1 - 2**-23), RATE, subtype="PCM_24")
    soundfile.write(work / "y.wav", y.clip(-1, 1 - 2**-23), RATE, subtype="PCM_24")
    model = model_config()
    model["lr_scheduler"] = {"class": "ExponentialLR", "kwargs": {"gamma": (1e-4 / 0.006) ** (1 / epochs)}}
    data = {
        "train": {"start_seconds": None, "stop_seconds": -VALIDATION_SECONDS, "ny": 16_384},
        "validation": {"start_seconds": -VALIDATION_SECONDS, "stop_seconds": None, "ny": None},
        "common": {"x_path": str(work / "x.wav"), "y_path": str(work / "y.wav"), "delay": 0},
    }
    learning = {
        "train_dataloader": {"batch_size": 4, "shuffle": True, "drop_last": True, "num_workers": 0},
        "val_dataloader": {},
        "trainer": {
            "accelerator": "cpu",
            "max_epochs": epochs,
            "check_val_every_n_epoch": 5,
            "enable_progress_bar": False,
            "log_every_n_steps": 20,
        },
    }
    nam_train(data, model, learning, work, no_show=True, make_plots=False)
    finish(work, epochs)


def _load(path):
    from nam.models._from_nam import init_from_nam

    return init_from_nam(json.loads(Path(path).read_text())).eval()


def _run(model, x):
    import torch

    with torch.no_grad():
        return model(torch.tensor(np.asarray(x, np.float32)), pad_start=True).numpy().astype(float)


def _esr(got, want):
    return float(np.mean((got - want) ** 2) / np.mean(want**2))


def finish(work, epochs):
    """Write the trained network with its metadata and short weights into assets/."""
    import soundfile

    d = json.loads((work / "model.nam").read_text())
    x, _ = soundfile.read(work / "x.wav")
    y, _ = soundfile.read(work / "y.wav")
    n = int(VALIDATION_SECONDS * RATE)
    start = len(x) - n
    esr = _esr(_run(_load(work / "model.nam"), x[start:]), y[start:])
    d["weights"] = [float(repr_f32(w)) for w in d["weights"]]
    d["metadata"].update(
        name="Kiln Crunch",
        modeled_by="Kiln",
        gear_type="amp_cab",
        gear_make="Kiln",
        gear_model="two-triode crunch",
        tone_type="crunch",
        input_level_dbu=12.0,
        output_level_dbu=12.0,
        training={
            "trainer": "neural-amp-modeler 0.13.0",
            "validation_esr": round(esr, 6),
            "epochs": epochs,
            "data": "simulated circuit, python/make_amp.py",
        },
    )
    d["metadata"]["loudness"] = round(d["metadata"]["loudness"], 4)
    d["metadata"]["gain"] = round(d["metadata"]["gain"], 4)
    out = ASSETS / "kiln-crunch.nam"
    out.write_text(json.dumps(d, separators=(",", ":")) + "\n")
    print(f"{out.name}: {out.stat().st_size} bytes, validation ESR {esr:.5f}")


def repr_f32(value):
    """The shortest decimal that reads back as the same float32."""
    return np.format_float_positional(np.float32(value), unique=True, trim="0")


def check(work):
    """Compare network and circuit on the riff, which neither half of the training data holds."""
    import wave

    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    with wave.open(str(ASSETS / "riff.wav")) as f:
        riff = np.frombuffer(f.readframes(f.getnframes()), "<i2") / 32768
    model = _load(ASSETS / "kiln-crunch.nam")
    figure, axes = plt.subplots(4, 2, figsize=(20, 20))
    for column, gain_db in enumerate((0, -19)):
        x = riff * 10 ** (gain_db / 20)
        want, got = circuit(x), _run(model, x)
        level = 20 * np.log10(want.std())
        print(f"riff {gain_db:+d} dB: ESR {_esr(got, want):.5f}, peak {np.abs(want).max():.3f}, rms {level:.1f} dB")
        t = np.arange(len(x)) / RATE
        axes[0, column].plot(t, want, lw=0.4)
        axes[0, column].plot(t, got - want, lw=0.4)
        part = slice(int(1.6 * RATE), int(1.64 * RATE))
        axes[1, column].plot(t[part], want[part])
        axes[1, column].plot(t[part], got[part], "--")
        axes[2, column].specgram(got, NFFT=4096, noverlap=3072, Fs=RATE, vmin=-140, vmax=-40)
        axes[2, column].set_ylim(0, 10_000)
        for z, name in ((want, "circuit"), (got, "network"), (got - want, "difference"), (x, "input")):
            f, p = signal.welch(z, RATE, nperseg=8192)
            axes[3, column].semilogx(f[1:], 10 * np.log10(p[1:] + 1e-20), label=name)
        axes[3, column].set_xlim(30, 20_000)
        axes[3, column].set_ylim(-150, -10)
        axes[3, column].legend()
    t = np.arange(RATE) / RATE
    for level in (0, -6, -12, -18, -25, -31):
        y = circuit(10 ** (level / 20) * np.sin(2 * np.pi * 220 * t))[RATE // 2 :]
        p = np.abs(np.fft.rfft(y * np.hanning(len(y)))) ** 2
        f = np.fft.rfftfreq(len(y), 1 / RATE)
        near = lambda h: p[np.abs(f - 220 * h) < 12].sum()
        thd = math.sqrt(sum(near(h) for h in range(2, 20)) / near(1))
        print(f"220 Hz at {level:+d} dBFS: rms {20 * np.log10(y.std()):.1f} dBFS, THD {100 * thd:.1f} %")
    figure.tight_layout()
    figure.savefig(work / "check.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("train", "finish", "check"))
    parser.add_argument("work", type=Path)
    parser.add_argument("--epochs", type=int, default=200)
    args = parser.parse_args()
    if args.what == "train":
        train(args.work, args.epochs)
    elif args.what == "finish":
        finish(args.work, args.epochs)
    else:
        check(args.work)


if __name__ == "__main__":
    main()
