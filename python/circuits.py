"""The amplifiers and the pedal behind assets/*.nam, as data, and the parts they are made of.

A circuit is a list of parts, each of which turns volts into volts at eight times the audio
rate: triode stages, linear networks of resistors and capacitors, a push-pull power stage and
an op-amp clipper. Parts hand on a voltage and do not load one another; where loading matters
it is in the numbers (`rload`, `rs`, a source resistor in a network).

Tubes follow the equations of N. Koren, "Improved vacuum tube models for SPICE simulations"
(Glass Audio 8/5, 1996). The circuits are our own: common topologies, with values chosen
by the distortion table of `make_amp.py table`.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy import linalg, signal

RATE = 48_000
OVER = 8
VOLTS = math.sqrt(2) * 0.7746 * 10 ** (12 / 20)  # peak volts of a 12 dBu sine: 0 dBFS, in and out
SETTLE = 1.0  # seconds of silence before the first sample, for the capacitors to charge
STRAY = 10e-9  # across an unbypassed cathode: inaudible, and keeps its explicit step stable


@njit(cache=True, error_model="numpy")
def _soft(u):
    """log(1 + e^u) and its slope."""
    if u > 40.0:
        return u, 1.0
    e = math.exp(u)
    return math.log1p(e), e / (1.0 + e)


@njit(cache=True, error_model="numpy")
def _plate_current(vgk, vpk):
    """Koren's 12AX7 and its derivative by plate voltage."""
    mu, ex, kg1, kp, kvb = 100.0, 1.4, 1060.0, 600.0, 300.0
    if vpk <= 0.0:
        return 0.0, 1e-9
    root = math.sqrt(kvb + vpk * vpk)
    soft, slope = _soft(kp * (1.0 / mu + vgk / root))
    e1 = vpk / kp * soft
    de1 = soft / kp + vpk / kp * slope * kp * (-vgk * vpk / (root * root * root))
    if e1 <= 0.0:
        return 0.0, 1e-9
    power = e1 ** (ex - 1.0)
    return 2.0 / kg1 * power * e1, 2.0 / kg1 * ex * power * de1


@njit(cache=True, error_model="numpy")
def _grid_current(vgk):
    """A soft diode that begins to conduct a little below zero grid volts."""
    soft, slope = _soft((vgk + 0.2) / 0.12)
    v = 0.12 * soft
    return v**1.5 / 2200.0, 1.5 * math.sqrt(v) * slope / 2200.0


@njit(cache=True, error_model="numpy")
def _triode(x, out, dt, settle, rs, cg, rp, rk, ck, co, rload, supply):
    vg, vk, vp, vco = 0.0, 1.4, 0.65 * supply, 0.65 * supply
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


@dataclass(frozen=True)
class Triode:
    """Half a 12AX7 with a common cathode; hands on what its load resistor sees."""

    rs: float = 68e3  # what drives the grid, grid stopper included
    rk: float = 1.5e3
    ck: float = STRAY
    co: float = 22e-9
    rload: float = 1e6
    rp: float = 100e3
    cg: float = 150e-12  # Miller capacitance and wiring
    supply: float = 300.0

    def run(self, x, rate):
        out = np.zeros_like(x)
        settle = int(SETTLE * rate)
        args = (self.rs, self.cg, self.rp, self.rk, self.ck, self.co, self.rload, self.supply)
        _triode(x, out, 1 / rate, settle, *args)
        return out


@dataclass(frozen=True)
class Gain:
    """A divider, or an idealised stage, without a frequency response."""

    factor: float

    def run(self, x, rate):
        return x * self.factor


@dataclass(frozen=True)
class Network:
    """Resistors and capacitors between named nodes, driven at `in` and heard at `out`."""

    parts: tuple  # ("R" or "C", node, node, ohms or farads)

    def _zpk(self):
        """Zeros, poles and gain from nodal analysis: generalised eigenvalues of G + sC."""
        names = sorted({n for _, a, b, _ in self.parts for n in (a, b)} - {"in", "0"})
        at = {n: i for i, n in enumerate([*names, "in"])}
        both = {"R": np.zeros((len(at), len(at))), "C": np.zeros((len(at), len(at)))}
        scale = 1e4  # radians per second, so that both matrices are of one size
        for kind, a, b, value in self.parts:
            admittance = 1 / value if kind == "R" else value * scale
            ends = [(at[n], s) for n, s in ((a, 1), (b, -1)) if n != "0"]
            for i, si in ends:
                for j, sj in ends:
                    both[kind][i, j] += si * sj * admittance * 1e5
        n = len(names)
        g, c = both["R"][:n], both["C"][:n]
        pick = np.eye(n + 1)[at["out"]]
        poles = linalg.eigvals(-g[:, :n], c[:, :n])
        # With the output held at zero, what is left of the pencil is singular at the zeros.
        zeros = linalg.eigvals(-np.vstack([g, pick]), np.vstack([c, 0 * pick]))
        poles, zeros = (v[np.isfinite(v) & (np.abs(v) < 1e7)] for v in (poles, zeros))
        s = 0.1j * np.pi  # at 500 Hz, where every network here passes something
        direct = np.linalg.solve(g[:, :n] + s * c[:, :n], -(g[:, n] + s * c[:, n]))[at["out"]]
        gain = (direct / (np.prod(s - zeros) / np.prod(s - poles))).real
        return zeros * scale, poles * scale, gain * scale ** (len(poles) - len(zeros))

    def run(self, x, rate):
        return signal.sosfilt(signal.zpk2sos(*signal.bilinear_zpk(*self._zpk(), rate)), x)


def tone_stack(treble, mid, bass, source, slope, ct, cb, cm, rt, rb, rm, load=1e6):
    """The passive three-knob stack; knobs as fractions of the track."""
    track = lambda r, part: max(part * r, 10.0)
    return Network(
        (
            ("R", "in", "a", source),
            ("C", "a", "top", ct),
            ("R", "a", "s", slope),
            ("C", "s", "b", cb),
            ("C", "s", "m", cm),
            ("R", "top", "out", track(rt, 1 - treble)),
            ("R", "out", "b", track(rt, treble)),
            ("R", "b", "m", track(rb, bass)),
            ("R", "m", "0", track(rm, mid)),
            ("R", "out", "0", load),
        )
    )


def line_out(low, high):
    """What an output transformer or a line driver leaves: one corner below, two above."""
    c = 1e-9
    r = 1 / (2 * math.pi * high * c)
    return Network(
        (
            ("C", "in", "a", 1e-6),
            ("R", "a", "0", 1 / (2 * math.pi * low * 1e-6)),
            ("R", "a", "b", r),
            ("C", "b", "0", c),
            ("R", "b", "out", 30 * r),
            ("C", "out", "0", c / 30),
        )
    )


@njit(cache=True, error_model="numpy")
def _pentode_current(tube, vgk, vpk, vs):
    """Koren's pentode and its derivative by plate voltage."""
    mu, ex, kg1, kp, kvb = tube
    if vpk <= 0.0:
        return 0.0, 1e-9
    soft, _ = _soft(kp * (1.0 / mu + vgk / vs))
    full = 2.0 / kg1 * (vs / kp * soft) ** ex
    return full * math.atan(vpk / kvb), full * kvb / (kvb * kvb + vpk * vpk) + 1e-9


@njit(cache=True, error_model="numpy")
def _push_pull(x, out, dt, settle, tube, limit, co, rg, rs, bias, rk, ck, raa, raw, screen, rsag, csag):
    grid, store = np.zeros(2), np.zeros(2)
    current = np.zeros(2)
    v, vk, supply = 0.0, 0.0, raw
    for i in range(-settle, len(x)):
        drive = limit * math.tanh(x[i] / limit) if i >= 0 else 0.0
        for k in range(2):
            # Coupling capacitor into leak and grid current: overdrive shifts the bias.
            s = (drive if k == 0 else -drive) - store[k]
            for _ in range(12):
                ig, dig = _grid_current(grid[k] + bias - vk)
                step = ((grid[k] - s) / rs + grid[k] / rg + ig) / (1.0 / rs + 1.0 / rg + dig)
                grid[k] -= step
                if abs(step) < 1e-8:
                    break
            store[k] += dt / co * (s - grid[k]) / rs
        # The transformer ties the plates together: one falls by what the other rises.
        vs = screen * supply - vk
        for _ in range(20):
            i0, d0 = _pentode_current(tube, grid[0] + bias - vk, supply - v - vk, vs)
            i1, d1 = _pentode_current(tube, grid[1] + bias - vk, supply + v - vk, vs)
            step = (v - raa / 4 * (i0 - i1)) / (1.0 + raa / 4 * (d0 + d1))
            v -= max(-100.0, min(100.0, step))
            if abs(step) < 1e-7:
                break
        total = i0 + i1
        if rk > 0.0:
            vk += dt / ck * (total - vk / rk)
        supply += dt / csag * ((raw - supply) / rsag - total)
        if i >= 0:
            out[i] = 2.0 * v * math.sqrt(8.0 / raa)


@dataclass(frozen=True)
class PushPull:
    """Phase splitter and two pentodes into a resistive 8 ohms through an ideal transformer."""

    tube: tuple  # Koren's mu, ex, kg1, kp, kvb
    drive: float  # gain of the phase splitter, to each grid
    bias: float = 0.0  # fixed, volts
    rk: float = 0.0  # or a shared cathode resistor
    ck: float = 100e-6
    limit: float = 90.0  # volts the splitter can swing
    co: float = 47e-9
    rg: float = 220e3
    rs: float = 20e3  # of the splitter and the grid stopper
    raa: float = 6600.0
    supply: float = 420.0
    screen: float = 0.97
    rsag: float = 80.0
    csag: float = 50e-6

    def run(self, x, rate):
        out = np.zeros_like(x)
        a = (self.limit, self.co, self.rg, self.rs, self.bias, self.rk, self.ck, self.raa)
        b = (self.supply, self.screen, self.rsag, self.csag)
        _push_pull(x * self.drive, out, 1 / rate, int(SETTLE * rate), self.tube, *a, *b)
        return out


@njit(cache=True, error_model="numpy")
def _op_amp(x, out, dt, r1, c1, rf, cf, is_, nvt, up, down, rail):
    v1, vf = 0.0, 0.0
    for i in range(len(x)):
        current = (x[i] - v1) / (r1 + dt / c1)
        v1 += dt / c1 * current
        # Feedback node: capacitor, resistor and both diode strings take what the input leg gives.
        before = vf
        for _ in range(40):
            a, b = is_ * math.exp(min(vf / (up * nvt), 60.0)), is_ * math.exp(min(-vf / (down * nvt), 60.0))
            f = cf / dt * (vf - before) + vf / rf + a - b - current
            step = f / (cf / dt + 1.0 / rf + a / (up * nvt) + b / (down * nvt))
            vf -= max(-0.05, min(0.05, step))
            if abs(step) < 1e-10:
                break
        out[i] = rail * math.tanh((x[i] + vf) / rail)


@dataclass(frozen=True)
class OpAmpClipper:
    """A non-inverting op-amp with diodes across its feedback resistor; its own input stays in the sum."""

    r1: float
    c1: float
    rf: float
    cf: float
    up: int = 1  # diodes in series, each way round
    down: int = 1
    rail: float = 4.2

    def run(self, x, rate):
        out = np.zeros_like(x)
        args = (self.r1, self.c1, self.rf, self.cf, 2.5e-9, 0.045, self.up, self.down, self.rail)
        _op_amp(x, out, 1 / rate, *args)
        return out


@dataclass(frozen=True)
class Circuit:
    name: str
    gear: str  # gear_model of the metadata
    tone: str
    parts: tuple
    pad: float  # the divider of the line output
    gear_type: str = "amp"
    lowest: int = 40  # MIDI note of the lowest string it is taught

    def __call__(self, x, upto=None):
        """Full-scale samples in, full-scale samples out, aligned to the input."""
        rate = RATE * OVER
        v = signal.resample_poly(np.asarray(x, float), OVER, 1, window=("kaiser", 10.0)) * VOLTS
        for part in self.parts[:upto]:
            v = part.run(v, rate)
        y = signal.resample_poly(v, 1, OVER, window=("kaiser", 10.0))[: len(x)]
        return y * (self.pad / VOLTS if upto is None else 1.0)


BEAM = (8.7, 1.35, 1460.0, 48.0, 12.0)  # of the 6L6 kind
SMALL = (21.3, 1.24, 402.0, 111.0, 17.9)  # of the EL84 kind
LARGE = (8.8, 1.35, 730.0, 32.0, 16.0)  # of the KT88 kind

CIRCUITS = {
    "clean": Circuit(
        "Kiln Clean",
        "two-triode clean with a beam-tetrode pair",
        "clean",
        (
            Gain(0.5),  # the padded input: two equal resistors
            Triode(rs=34e3, rk=1.5e3, co=100e-9),
            tone_stack(0.6, 0.7, 0.35, 40e3, 100e3, 250e-12, 100e-9, 47e-9, 250e3, 250e3, 10e3),
            Gain(0.3),  # volume
            Triode(rs=150e3, rk=1.5e3, ck=25e-6, co=47e-9, rload=470e3),
            PushPull(BEAM, drive=0.8, bias=-42.0),
            line_out(25.0, 9e3),
        ),
        pad=0.11,
    ),
    "edge": Circuit(
        "Kiln Edge",
        "single-knob edge of breakup, cathode-biased pair",
        "overdrive",
        (
            Triode(rs=68e3, rk=1.5e3, ck=25e-6, co=22e-9),
            Network(
                (
                    ("R", "in", "a", 40e3),
                    ("R", "a", "out", 470e3),
                    ("C", "a", "out", 150e-12),
                    ("R", "out", "0", 22e3),
                )
            ),
            Triode(rs=90e3, rk=1.8e3, ck=4.7e-6, co=22e-9, rload=470e3),
            PushPull(SMALL, drive=0.2, rk=130.0, limit=45.0, raa=8000.0, supply=330.0, screen=0.95, rsag=250.0),
            line_out(45.0, 8.5e3),
        ),
        pad=0.1,
    ),
    "crunch": Circuit(
        "Kiln Crunch",
        "two-triode crunch",
        "crunch",
        (
            Triode(rs=68e3, rk=1.5e3, ck=0.68e-6, co=22e-9, rload=605e3),
            # 470k and its source over 62k: a soft touch leaves the second stage clean.
            Gain(62 / 605),
            Triode(rs=77.6e3, rk=1.8e3, ck=1e-6, co=10e-9, rload=470e3),
            tone_stack(0.6, 0.8, 0.4, 1.5e3, 33e3, 470e-12, 22e-9, 22e-9, 220e3, 1e6, 25e3),
            line_out(40.0, 8e3),
        ),
        pad=0.042,
    ),
    "high-gain": Circuit(
        "Kiln High Gain",
        "four-triode lead with a cold third stage",
        "hi_gain",
        (
            Triode(rs=68e3, rk=1.8e3, ck=0.68e-6, co=10e-9, rload=680e3),
            Gain(0.2),
            Triode(rs=220e3, rk=1.5e3, ck=0.68e-6, co=10e-9, rload=600e3),
            Gain(0.2),
            Triode(rs=220e3, rk=10e3, co=22e-9, rload=600e3),
            Gain(0.3),
            Triode(rs=220e3, rk=1.5e3, ck=1e-6, co=22e-9, rload=1e6),
            tone_stack(0.55, 0.5, 0.5, 1.5e3, 39e3, 470e-12, 22e-9, 22e-9, 220e3, 1e6, 25e3),
            line_out(40.0, 7e3),
        ),
        pad=0.03,
    ),
    "bass": Circuit(
        "Kiln Bass",
        "two-triode bass with a large push-pull pair",
        "clean",
        (
            Gain(0.5),
            Triode(rs=34e3, rk=1.5e3, co=100e-9),
            tone_stack(0.45, 0.8, 0.5, 40e3, 100e3, 330e-12, 220e-9, 47e-9, 250e3, 250e3, 25e3),
            Gain(0.3),
            Triode(rs=150e3, rk=2.2e3, ck=22e-6, co=100e-9, rload=470e3, cg=220e-12),
            PushPull(LARGE, drive=0.7, bias=-50.0, co=220e-9, raa=5000.0, supply=440.0, rsag=60.0, csag=100e-6),
            line_out(12.0, 5e3),
        ),
        pad=0.088,
        lowest=28,
    ),
    "overdrive": Circuit(
        "Kiln Overdrive",
        "op-amp overdrive, two diodes against one",
        "overdrive",
        (
            line_out(20.0, 40e3),  # input buffer
            OpAmpClipper(r1=5.6e3, c1=39e-9, rf=180e3, cf=82e-12, up=1, down=2),
            Network(
                (  # tone: a fixed low-pass, and a treble leak past it
                    ("R", "in", "a", 1.2e3),
                    ("C", "a", "0", 150e-9),
                    ("R", "a", "out", 10e3),
                    ("C", "in", "b", 22e-9),
                    ("R", "b", "out", 15e3),
                    ("R", "out", "0", 100e3),
                )
            ),
            line_out(20.0, 14e3),
        ),
        pad=1.0,
        gear_type="pedal",
    ),
}
