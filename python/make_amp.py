"""Train the factory models assets/kiln-*.nam on the circuits of circuits.py.

The pupils are small networks of the official trainer, taught by its own `nam.train.full` on
about 40 s of sweeps, shaped noise and plucked strings.

0 dBFS is a 12 dBu sine, 4.36 V peak, at the first grid and at the line output.

    python python/make_amp.py table [NAME ...]           # distortion and levels of the circuits
    python python/make_amp.py train NAME WORKDIR         # four to sixteen minutes on half a core
    python python/make_amp.py finish NAME WORKDIR        # into assets/, with metadata (train does it too)
    python python/make_amp.py check WORKDIR [NAME ...]   # numbers and plots for the models in assets/
"""

import argparse
import json
import math
import time
import wave
from pathlib import Path

import numpy as np
from scipy import signal

import make_riff
from circuits import CIRCUITS, RATE

VALIDATION_SECONDS = 6.0
ASSETS = Path(__file__).parents[1] / "assets"


# --- what they are taught on -----------------------------------------------------------------


def _phrase(seconds, seed, lowest):
    r = np.random.default_rng(seed)
    hertz = lambda midi: 440 * 2 ** ((midi - 69) / 12)
    notes, t = [], 0.02
    while t < seconds - 0.3:
        kind = r.random()
        length = float(r.choice([0.11, 0.16, 0.24, 0.4, 0.7, 1.1]))
        root = lowest + int(r.integers(0, 13))
        level = float(r.uniform(0.5, 1.2))
        if kind < 0.30:
            notes.append(make_riff.Note(t, 0.12, hertz(root), level, muted=True, pick=0.08))
            length = 0.14
        elif kind < 0.6:
            for k, interval in enumerate((0, 7, 12)[: int(r.integers(2, 4))]):
                notes.append(make_riff.Note(t + 0.006 * k, length, hertz(root + interval), 0.8 * level))
        elif kind < 0.75:
            for k, interval in enumerate((0, 7, 12, 15 + int(r.integers(0, 2)))):
                notes.append(make_riff.Note(t + 0.012 * k, length + 0.4, hertz(root + interval), 0.6 * level))
            length += 0.4
        else:
            bend = (0.05, 0.2, float(r.choice([1.0, 2.0]))) if r.random() < 0.4 else ()
            vibrato = (0.25, 5.5, 0.4) if r.random() < 0.4 else ()
            pitch = hertz(root + int(r.integers(12, 32)))
            notes.append(make_riff.Note(t, length, pitch, 1.2 * level, bend=bend, vibrato=vibrato, pick=0.16))
        t += length + float(r.choice([0.0, 0.0, 0.0, 0.05]))
    return make_riff.render(notes, seconds, seed + 1)


def training_signal(lowest=40):
    """Sweeps, shaped noise and plucked strings at levels from full scale down."""
    rng = np.random.default_rng(2024)
    parts = [np.zeros(RATE // 4)]

    def add(x, peak):
        x = np.array(x, float)
        edge = min(240, len(x) // 4)
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

    for peak in (1.0, 0.4, 0.1, 0.02):
        add(sweep(1.2, 25.0, 16_000.0), peak)
    for tilt, peak in ((0.5, 1.0), (1.0, 0.5), (0.5, 0.15), (1.0, 0.8), (0.0, 0.4), (0.5, 0.03)):
        add(noise(0.8, tilt), peak)
    swell = noise(2.2, 0.7)
    add(swell * np.geomspace(0.005, 1, len(swell)), 1.0)
    for i, peak in enumerate((0.5, 1.0, 0.25, 0.7, 0.12, 0.06)):
        add(_phrase(3.6, 100 + i, lowest), peak)

    # Unseen by the optimiser: other notes at playing levels, after the silence the trainer wants.
    parts.append(np.zeros(RATE // 2))
    for i, peak in enumerate((0.5, 0.9, 0.12)):
        x = _phrase(VALIDATION_SECONDS / 3, 900 + i, lowest)
        parts.append(x * peak / np.abs(x).max())
    return np.concatenate(parts)


# --- training ------------------------------------------------------------------------------

# Channels of the two layer arrays of each WaveNet: the trainer's "feather".
FEATHER = (8, 4)
SHAPES = {name: {"channels": FEATHER, "epochs": 80} for name in CIRCUITS}
SHAPES["edge"]["epochs"] = SHAPES["crunch"]["epochs"] = 100
SHAPES["high-gain"]["epochs"] = 200


def model_config(shape, epochs):
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

    a, b = shape["channels"]
    first = [2**i for i in range(7)]
    second = [128, 256, 512] + [2**i for i in range(10)]
    layers = [array(1, a, b, first, False), array(a, b, 1, second, True)]
    return {
        "net": {"name": "WaveNet", "config": {"layers_configs": layers, "head_scale": 0.02}},
        "loss": {"val_loss": "esr", "pre_emph_weight": 1.0, "pre_emph_coef": 0.85},
        "optimizer": {"lr": 0.005},
        "lr_scheduler": {"class": "ExponentialLR", "kwargs": {"gamma": 0.02 ** (1 / epochs)}},
    }


def train(name, work, epochs):
    import soundfile
    import torch
    from nam.train.full import main as nam_train

    circuit, shape = CIRCUITS[name], SHAPES[name]
    epochs = epochs or shape["epochs"]
    torch.set_num_threads(1)
    torch.manual_seed(0)
    work.mkdir(parents=True, exist_ok=True)
    started = time.time()
    x = training_signal(circuit.lowest)
    y = circuit(x)
    peak = np.abs(y).max()
    print(f"{name}: {len(x) / RATE:.1f} s, output peak {peak:.3f}, rms {y.std():.3f}", flush=True)
    assert peak < 1, "the pad is too small"
    soundfile.write(work / "x.wav", x.clip(-1, 1 - 2**-23), RATE, subtype="PCM_24")
    soundfile.write(work / "y.wav", y, RATE, subtype="PCM_24")
    data = {
        "train": {"start_seconds": None, "stop_seconds": -VALIDATION_SECONDS, "ny": 32_768},
        "validation": {"start_seconds": -VALIDATION_SECONDS, "stop_seconds": None, "ny": None},
        "common": {"x_path": str(work / "x.wav"), "y_path": str(work / "y.wav"), "delay": 0},
    }
    learning = {
        # One long piece at a time: on one core that is as fast as a batch and steps more often.
        "train_dataloader": {"batch_size": 1, "shuffle": True, "drop_last": True, "num_workers": 0},
        "val_dataloader": {},
        "trainer": {
            "accelerator": "cpu",
            "max_epochs": epochs,
            "check_val_every_n_epoch": 10,
            "enable_progress_bar": False,
            "log_every_n_steps": 20,
        },
    }
    nam_train(data, model_config(shape, epochs), learning, work, no_show=True, make_plots=False)
    print(f"{name}: {(time.time() - started) / 60:.1f} min", flush=True)
    finish(name, work, epochs)


def _load(model):
    from nam.models._from_nam import init_from_nam

    return init_from_nam(model).eval()


def _run(model, x):
    import torch

    with torch.no_grad():
        return model(torch.tensor(np.asarray(x, np.float32)), pad_start=True).numpy().astype(float)


def _esr(got, want):
    return float(np.mean((got - want) ** 2) / np.mean(want**2))


def _short(value):
    """The shortest decimal that reads back as the same float32."""
    return float(np.format_float_positional(np.float32(value), unique=True, trim="0"))


def _asset(name):
    return ASSETS / f"kiln-{name}.nam"


def finish(name, work, epochs=None):
    """Write the trained network with its metadata and short weights into assets/."""
    import soundfile

    circuit = CIRCUITS[name]
    d = json.loads((work / "model.nam").read_text())
    # Every circuit ends in a capacitor, so silence is zero: take what is left out of the last
    # bias, which a WaveNet's export keeps before its output scale and an LSTM's at the end.
    rest = _run(_load(d), np.zeros(RATE))[-1]
    if d["architecture"] == "WaveNet":
        d["weights"][-2] -= rest / d["weights"][-1]
    else:
        d["weights"][-1] -= rest
    d["weights"] = [_short(w) for w in d["weights"]]
    x, _ = soundfile.read(work / "x.wav")
    y, _ = soundfile.read(work / "y.wav")
    start = len(x) - int(VALIDATION_SECONDS * RATE)
    esr = _esr(_run(_load(d), x[start:]), y[start:])
    d["metadata"].update(
        name=circuit.name,
        modeled_by="Kiln",
        gear_type=circuit.gear_type,
        gear_make="Kiln",
        gear_model=circuit.gear,
        tone_type=circuit.tone,
        input_level_dbu=12.0,
        output_level_dbu=12.0,
        training={
            "trainer": "neural-amp-modeler 0.13.0",
            "validation_esr": round(esr, 6),
            "epochs": epochs or SHAPES[name]["epochs"],
            "data": "simulated circuit, python/circuits.py",
        },
    )
    d["metadata"]["loudness"] = round(d["metadata"]["loudness"], 4)
    d["metadata"]["gain"] = round(d["metadata"]["gain"], 4)
    out = _asset(name)
    out.write_text(json.dumps(d, separators=(",", ":")) + "\n")
    size, loudness = out.stat().st_size, d["metadata"]["loudness"]
    print(f"{out.name}: {size} bytes, ESR {esr:.5f}, loudness {loudness:.2f} dB, rest was {rest:.1e}", flush=True)


# --- looking -------------------------------------------------------------------------------


def _riff():
    with wave.open(str(ASSETS / "riff.wav")) as f:
        return np.frombuffer(f.readframes(f.getnframes()), "<i2") / 32768


def _distortion(run, db, hertz=220):
    t = np.arange(RATE) / RATE
    y = run(10 ** (db / 20) * np.sin(2 * np.pi * hertz * t))[RATE // 2 :]
    p = np.abs(np.fft.rfft(y * np.hanning(len(y)))) ** 2
    f = np.fft.rfftfreq(len(y), 1 / RATE)
    near = lambda h: p[np.abs(f - hertz * h) < 12].sum()
    return 20 * math.log10(y.std()), 100 * math.sqrt(sum(near(h) for h in range(2, 20)) / near(1))


def table(names):
    levels = (0, -6, -12, -18, -25, -31, -45)
    for name in names:
        circuit = CIRCUITS[name]
        row = "  ".join("{:.1f} dB {:.1f} %".format(*_distortion(circuit, db)) for db in levels)
        y = circuit(_riff())
        print(f"{name}: 220 Hz sine at {levels} dBFS: rms and THD {row}")
        print(f"  riff: peak {np.abs(y).max():.3f}, rms {20 * np.log10(y.std()):.1f} dBFS")


def check(name, work):
    """Compare network and circuit on the riff, which neither half of the training data holds."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    circuit, riff = CIRCUITS[name], _riff()
    model = _load(json.loads(_asset(name).read_text()))
    figure, axes = plt.subplots(4, 2, figsize=(20, 20))
    for column, db in enumerate((0, -19)):
        x = riff * 10 ** (db / 20)
        want, got = circuit(x), _run(model, x)
        level = 20 * np.log10(want.std())
        print(f"{name}, riff {db:+d} dB: ESR {_esr(got, want):.5f}, peak {np.abs(want).max():.3f}, rms {level:.1f} dB")
        t = np.arange(len(x)) / RATE
        axes[0, column].plot(t, want, lw=0.4)
        axes[0, column].plot(t, got - want, lw=0.4)
        part = slice(int(1.6 * RATE), int(1.64 * RATE))
        axes[1, column].plot(t[part], want[part])
        axes[1, column].plot(t[part], got[part], "--")
        axes[2, column].specgram(got, NFFT=4096, noverlap=3072, Fs=RATE, vmin=-140, vmax=-40)
        axes[2, column].set_ylim(0, 10_000)
        for z, what in ((want, "circuit"), (got, "network"), (got - want, "difference"), (x, "input")):
            f, p = signal.welch(z, RATE, nperseg=8192)
            axes[3, column].semilogx(f[1:], 10 * np.log10(p[1:] + 1e-20), label=what)
        axes[3, column].set_xlim(30, 20_000)
        axes[3, column].set_ylim(-150, -10)
        axes[3, column].legend()
    for db in (-6, -18, -31):
        want, got = _distortion(circuit, db), _distortion(lambda x: _run(model, x), db)
        print("  {:+d} dBFS: circuit {:.1f} dB, THD {:.1f} %; network {:.1f} dB, {:.1f} %".format(db, *want, *got))
    # A burst, then silence: the network must come to rest, and rest at zero.
    burst = np.concatenate([riff[: 2 * RATE], np.zeros(2 * RATE)])
    tail = np.abs(_run(model, burst)[-RATE:]).max()
    print(f"  silence after a burst: {tail:.1e}; ten times full scale: {np.abs(_run(model, 10 * riff)).max():.2f}")
    assert tail < 1e-3
    figure.tight_layout()
    figure.savefig(work / f"{name}.png")
    plt.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="what", required=True)
    for what in ("train", "finish"):
        sub = commands.add_parser(what)
        sub.add_argument("name", choices=CIRCUITS)
        sub.add_argument("work", type=Path)
        sub.add_argument("--epochs", type=int)
    sub = commands.add_parser("check")
    sub.add_argument("work", type=Path)
    sub.add_argument("names", nargs="*", default=list(CIRCUITS))
    commands.add_parser("table").add_argument("names", nargs="*", default=list(CIRCUITS))
    args = parser.parse_args()
    if args.what == "train":
        train(args.name, args.work, args.epochs)
    elif args.what == "finish":
        finish(args.name, args.work, args.epochs)
    elif args.what == "table":
        table(args.names)
    else:
        args.work.mkdir(parents=True, exist_ok=True)
        for name in args.names:
            check(name, args.work)


if __name__ == "__main__":
    main()
