"""A plugin inside JUCE, which most DAWs resemble, by way of pedalboard.

usage: test_pedalboard.py "Kiln Amp.vst3"
"""

import sys
import traceback
from pathlib import Path

import numpy as np
from pedalboard import VST3Plugin, load_plugin

PATH = sys.argv[1]
NAME = Path(PATH).stem

#: Some parameters, as pedalboard calls them, which puts the unit into the name; two to set, with
#: values and how close they come back.
PARAMETERS, KNOBS = {
    "Kiln Amp": (
        {"input_db", "output_db", "bypass", "mix", "gate", "model_a", "model_b", "routing"}
        | {"bass", "middle", "treble", "presence", "cabinet", "model_level", "oversampling"},
        {"input_db": 9.0, "output_db": -4.0},
    ),
    "Kiln Drive": (
        {"input_db", "output_db", "bypass", "mix", "drive", "knob_2", "tilt_db", "auto_gain"}
        | {"channels", "oversampling", "filters", "render_quality_of_its_own"},
        {"input_db": 9.0, "output_db": -4.0, "tilt_db": 3.0},
    ),
    "Kiln Reverb": (
        {"mix", "output_db", "bypass", "freeze", "width", "modulation", "decay_as_trained"},
        {"output_db": -4.0},
    ),
}[NAME]


def load():
    plugin = load_plugin(PATH)
    if NAME == "Kiln Reverb":
        # Times are measured in the background, and would be heard when they are known.
        plugin.decay_as_trained = True
    return plugin


def riff(rate, seconds=0.5):
    t = np.arange(int(rate * seconds)) / rate
    tone = sum(np.sin(2 * np.pi * 110.0 * k * t) / k for k in range(1, 6))
    mono = 0.2 * tone * np.exp(-6.0 * (t % 0.25))
    return np.stack([mono, mono]).astype(np.float32)


def test_scan():
    assert VST3Plugin.get_plugin_names_for_file(PATH) == [NAME]
    plugin = load_plugin(PATH)
    assert plugin.is_effect and not plugin.is_instrument


def test_parameters():
    plugin = load()
    assert PARAMETERS <= set(plugin.parameters), list(plugin.parameters)
    plugin.output_db = 6.0
    assert abs(plugin.output_db - 6.0) < 0.05, plugin.output_db


def test_output_gain_is_in_decibels():
    plugin, x = load(), riff(48000)
    before = plugin.process(x, 48000, buffer_size=512, reset=True)
    plugin.output_db = 12.0
    after = plugin.process(x, 48000, buffer_size=512, reset=True)
    gain = 20 * np.log10(np.sqrt((after**2).mean() / (before**2).mean()))
    assert abs(gain - 12.0) < 0.2, gain


def test_rates_and_buffers():
    for rate in (44100, 48000, 88200, 96000, 192000):
        x = riff(rate, 0.2)
        whole = load().process(x, rate, buffer_size=4096)
        assert whole.shape == x.shape and np.isfinite(whole).all(), rate
        assert np.abs(whole).max() > 1e-3, f"silent at {rate} Hz"
        for size in (1, 17, 64, 333, 8192):
            part = load().process(x, rate, buffer_size=size)
            assert np.abs(part - whole).max() < 1e-6, (rate, size)


def test_latency_is_made_up_for():
    # pedalboard drops what the plugin calls its latency; dry, the input is left. What is dry
    # goes through the filters of the wet in Kiln Drive, but around them when bypassed.
    for rate in (44100, 48000, 96000):
        plugin, x = load(), riff(rate)
        if NAME == "Kiln Drive":
            plugin.bypass = "Bypassed"
        else:
            plugin.mix = 0.0
        heard = plugin.process(x, rate, buffer_size=512)
        assert heard.shape == x.shape and np.abs(heard - x).max() < 1e-6, rate


def test_state():
    plugin, x = load(), riff(48000)
    for knob, value in KNOBS.items():
        setattr(plugin, knob, value)
    expected = plugin.process(x, 48000, buffer_size=256, reset=True)
    other = load_plugin(PATH)
    other.raw_state = plugin.raw_state
    for knob, value in KNOBS.items():
        assert abs(getattr(other, knob) - value) < 0.05, knob
    heard = other.process(x, 48000, buffer_size=256, reset=True)
    assert np.abs(heard - expected).max() < 1e-6


def test_damaged_state():
    plugin, x = load(), riff(48000)
    state = plugin.raw_state
    for damaged in (state[: len(state) // 2], state[:-1], b"", b"nonsense" * 100):
        try:
            plugin.raw_state = damaged
        except Exception:
            pass  # To refuse is as good as to ignore, as long as the sound goes on.
        assert np.isfinite(plugin.process(x, 48000)).all()


def test_many_instances():
    plugins, x = [load() for _ in range(30)], riff(48000, 0.1)
    heard = [plugin.process(x, 48000) for plugin in plugins]
    assert all(np.array_equal(heard[0], other) for other in heard)


def main():
    failed = 0
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_")]
    for name, test in tests:
        try:
            test()
            print(f"test {name} ... ok", flush=True)
        except Exception:
            failed += 1
            print(f"test {name} ... FAILED", flush=True)
            traceback.print_exc()
    verdict = "FAILED" if failed else "ok"
    print(f"test result: {verdict}. {len(tests) - failed} passed; {failed} failed", flush=True)
    sys.exit(bool(failed))


main()
