"""The six circuits behind assets/drives/*.json, as netlists for `nodal.py`.

Common topologies with values of our own. Devices follow published laws: diodes Shockley's,
with the constants of the 1N914's usual SPICE model (Is 2.52 nA, n 1.752) and of a germanium
point-contact diode (Is 2 uA, n 1.6); transistors Ebers and Moll's, germanium ones with a
saturation current of 2 uA; triodes Koren's. For what such clippers do see D. Yeh, J. Abel and
J. Smith, "Simplified, physically-informed models of distortion and overdrive guitar effects
pedals" (DAFx-07); for op-amps that slew, J. Solomon, "The monolithic op amp: a tutorial study"
(IEEE JSSC 9/6, 1974).

A sample of 1 is `VOLTS` = 4.36 V, the peak of a 12 dBu sine, as for the amplifiers; a guitar
at -18 dBFS RMS is then a hot one. Outputs are in volts at the node "out".

Of each circuit the netlist ends in the nonlinear node `tap` and a linear network from there
to "out", and begins with a linear network: that is what `model_filters` of train_pedals.py
relies on.
"""

from dataclasses import dataclass
from typing import Callable

import numpy as np
from scipy import signal

from circuits import OVER, RATE, VOLTS
from nodal import VT, Nodal

SILICON = (2.52e-9, 1.752 * VT)
GERMANIUM = (2e-6, 1.6 * VT)
GERMANIUM_NPN = (2e-6, 90.0, 5.0)
BATTERY = 9.0


def audio(turn):
    """Part of the track left of the wiper of an audio-taper pot: a tenth in the middle."""
    return (81.0**turn - 1.0) / 80.0


def between(low, high, turn):
    """A track that multiplies: the geometric mean in the middle."""
    return low * (high / low) ** turn


def _pair(a, b, diode, up=1, down=1):
    """Diodes in series, so many each way round; none where zero."""
    saturation, nvt = diode
    return ("pair", a, b, saturation, up * nvt, down * nvt if down else np.inf)


def _rails(node, volts, soft=0.1):
    """Draws a milliampere at `volts` either way, e-fold every `soft` volts: where a supply ends."""
    return ("pair", node, "0", 1e-3 * np.exp(-volts / soft), soft, soft)


def _input(into, coupling=10e-9):
    """A coupling capacitor, a leak and clamps to the supplies of a battery's halves."""
    return (
        ("C", "in", "i0", coupling),
        ("R", "i0", "0", 1e6),
        ("R", "i0", into, 10e3),
        _rails(into, BATTERY / 2),
    )


def _output(tap, high):
    """A follower, a coupling capacitor and a low-pass of the cable's kind at `high` Hz."""
    return (
        ("buffer", tap, "0", "o0", 1.0),
        ("C", "o0", "o1", 100e-9),
        ("R", "o1", "0", 100e3),
        ("buffer", "o1", "0", "o2", 1.0),
        ("R", "o2", "out", 1e3),
        ("C", "out", "0", 1.0 / (2 * np.pi * high * 1e3)),
    )


def soft_clip(drive):
    """A non-inverting op-amp with a pair of diodes across its feedback resistor."""
    return (
        *_input("p"),
        ("opamp", "p", "m", "t"),
        ("R", "m", "l", 10e3),
        ("C", "l", "0", 220e-9),
        ("R", "m", "t", 5.1e3 + 200e3 * audio(drive)),
        ("C", "m", "t", 47e-12),
        _pair("t", "m", SILICON),
        *_output("t", 12e3),
    )


def hard_clip(drive):
    """An op-amp of limited bandwidth and slew, then diodes to ground behind a resistor."""
    compensation, slew, unity = 30e-12, 10e6, 3e6  # farads, V/s, Hz
    return (
        *_input("p", 1.5e-9),
        ("gm", "p", "m", "g", 2 * np.pi * unity * compensation, slew * compensation),
        ("C", "g", "0", compensation),
        ("R", "g", "0", 1e9),
        _rails("g", 4.0),
        ("buffer", "g", "0", "a", 1.0),
        ("R", "m", "a", 1e3 + 100e3 * audio(drive)),
        ("C", "m", "a", 100e-12),
        ("R", "m", "0", 3.3e3),
        ("R", "a", "t", 2.2e3),
        ("C", "t", "0", 4.7e-9),
        _pair("t", "0", SILICON),
        *_output("t", 9e3),
    )


def fuzz(drive, bias):
    """Two germanium transistors with feedback from the second emitter to the first base.

    Drive is the resistor ahead of the first base; Bias is the second collector's resistor: up,
    the transistor starves. A diode keeps the base from being driven far below its emitter, so
    that loud notes do not charge the capacitor there.
    """
    return (
        ("R", "in", "s", between(220e3, 10e3, drive)),
        ("C", "s", "b1", 22e-6),
        ("V", "plus", "0", BATTERY),
        _pair("0", "b1", GERMANIUM, 1, 0),
        ("bjt", "c1", "b1", "0", *GERMANIUM_NPN),
        ("R", "plus", "c1", 33e3),
        ("C", "b1", "c1", 100e-12),
        ("bjt", "t", "c1", "e2", *GERMANIUM_NPN),
        ("C", "c1", "t", 100e-12),
        ("R", "plus", "t", between(3.3e3, 20e3, bias)),
        ("R", "e2", "0", 1e3),
        ("R", "e2", "b1", 100e3),
        *_output("t", 9e3),
    )


def overdrive(drive, tone):
    """A tone network that decides what is clipped, an op-amp with diodes, a fixed low-pass.

    Tone pans between a treble cut of 9 dB and the whole signal, ahead of the clipper.
    """
    return (
        *_input("p"),
        ("buffer", "p", "0", "q", 1.0),
        ("R", "q", "dark", 2.2e3),
        ("R", "dark", "d", 1.2e3),
        ("C", "d", "0", 100e-9),
        ("R", "q", "w", 2.2e3 + 100e3 * (1 - tone)),
        ("R", "w", "dark", 100.0 + 100e3 * tone),
        ("opamp", "w", "m", "t"),
        ("R", "m", "l", 6.8e3),
        ("C", "l", "0", 47e-9),
        ("R", "m", "t", 8.2e3 + 75e3 * audio(drive)),
        ("C", "m", "t", 220e-12),
        _pair("t", "m", SILICON, 2, 2),
        *_output("t", 3.5e3),
    )


def tube(drive, bias):
    """A triode, a volume pot and a second triode whose grid Bias holds at -0.6 to -3 volts."""
    wiper = between(0.04, 0.9, drive)
    return (
        ("R", "in", "s", 200e3),
        ("R", "s", "0", 68e3),
        ("R", "s", "g1", 10e3),
        ("C", "g1", "0", 120e-12),
        ("V", "plus", "0", 300.0),
        ("triode", "p1", "g1", "k1"),
        ("R", "plus", "p1", 100e3),
        ("R", "k1", "0", 1.5e3),
        ("C", "k1", "0", 1e-6),
        ("C", "p1", "v", 22e-9),
        ("R", "v", "w", 250e3 * (1 - wiper) + 47e3),
        ("V", "minus", "0", -between(0.6, 3.0, bias)),
        ("R", "w", "minus", 250e3 * wiper),
        ("R", "w", "g2", 330e3),
        ("C", "g2", "0", 60e-12),
        ("triode", "t", "g2", "0"),
        ("R", "plus", "t", 100e3),
        *_output("t", 9e3),
    )


def octave(drive):
    """A gain stage, a phase splitter whose halves differ by a tenth, and two rectifying diodes."""
    return (
        *_input("p"),
        ("opamp", "p", "m", "a"),
        ("R", "m", "l", 4.7e3),
        ("C", "l", "0", 220e-9),
        ("R", "m", "a", 4.7e3 + 100e3 * audio(drive)),
        ("C", "m", "a", 100e-12),
        ("R", "a", "up", 1e3),
        _rails("up", 4.0, 0.25),
        ("buffer", "0", "up", "down", 0.9),
        ("R", "up", "d1", 1e3),
        ("R", "down", "d2", 1e3),
        _pair("d1", "t", GERMANIUM, 1, 0),
        _pair("d2", "t", GERMANIUM, 1, 0),
        ("R", "t", "0", 22e3),
        ("C", "t", "0", 1e-9),
        *_output("t", 9e3),
    )


@dataclass(frozen=True)
class Pedal:
    """A circuit with its knobs, each turned from 0 to 1."""

    name: str
    netlist: Callable
    knobs: tuple
    level: float  # dB from volts over VOLTS to samples: the level pot behind the circuit
    high: float  # Hz, of the low-pass at the output
    about: str
    tap: str = "t"

    def nodal(self, knobs):
        return Nodal(self.netlist(*map(float, knobs)))

    def volts(self, x, knobs, taps=("out",), over=OVER):
        """What `taps` do above their rest at `over` times `RATE`, for samples `x` at `RATE`."""
        up = signal.resample_poly(np.asarray(x, float), over, 1, window=("kaiser", 10.0))
        circuit = self.nodal(knobs)
        return circuit.run(up * VOLTS, RATE * over, taps) - circuit.rest(taps)[2][:, None]

    def __call__(self, x, knobs):
        """Samples in, samples out, both at `RATE` and aligned."""
        y = signal.resample_poly(self.volts(x, knobs)[0], 1, OVER, window=("kaiser", 10.0))
        return y[: len(x)] * 10 ** (self.level / 20) / VOLTS


PEDALS = {
    "soft-clip": Pedal("Kiln Soft Clip", soft_clip, ("Drive",), -2.0, 12e3,
                       "An op-amp with two silicon diodes in its feedback; no tone control."),
    "hard-clip": Pedal("Kiln Hard Clip", hard_clip, ("Drive",), 2.0, 9e3,
                       "An op-amp driven into its rails, then two silicon diodes to ground."),
    "fuzz": Pedal("Kiln Fuzz", fuzz, ("Drive", "Bias"), -13.0, 9e3,
                  "Two germanium transistors; Bias starves the second."),
    "overdrive": Pedal("Kiln Tone Overdrive", overdrive, ("Drive", "Tone"), 0.0, 3.5e3,
                       "A tone network, then an op-amp with two pairs of silicon diodes, then a low-pass."),
    "tube": Pedal("Kiln Tube Drive", tube, ("Drive", "Bias"), -37.0, 9e3,
                  "Two 12AX7 stages; Bias takes the second from hot to cold."),
    "octave": Pedal("Kiln Octave Fuzz", octave, ("Drive",), -4.0, 9e3,
                    "A gain stage, a phase splitter and two germanium diodes that fold the wave."),
}
