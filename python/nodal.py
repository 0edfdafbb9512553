"""Circuits simulated from a list of parts, in volts, ohms and farads.

Modified nodal analysis with the trapezoidal rule (C.-W. Ho, A. Ruehli and P. Brennan, "The
modified nodal approach to network analysis", IEEE Trans. CAS 22/6, 1975). Everything linear
is solved once for a setting of the pots; what is left for every sample is a system in the
voltages of the nonlinear ports alone, solved by Newton's method: the nodal K-method of D. Yeh,
J. Abel and J. Smith, "Automated physical modeling of nonlinear audio circuits for real-time
audio effects", IEEE Trans. ASLP 18/4, 2010.

Parts, with nodes by name and "0" for ground; the source is at "in":

    ("R", a, b, ohms)   ("C", a, b, farads)   ("V", plus, minus, volts)
    ("opamp", plus, minus, out)                 an ideal one: a nullor
    ("buffer", plus, minus, out, gain)          out = gain (plus - minus), any current
    ("pair", a, b, is, nvt_up, nvt_down)        diodes both ways; Shockley's law. An infinite
                                                nvt_down leaves one diode
    ("gm", plus, minus, out, siemens, limit)    limit tanh(siemens v / limit) amperes into out
    ("bjt", c, b, e, is, beta_f, beta_r)        NPN; Ebers and Moll's transport form
    ("triode", p, g, k)                         half a 12AX7; Koren's equations
"""

import math

import numpy as np
from numba import njit

from circuits import _grid_current, _plate_current

VT = 0.02585  # volts: kT/q at 300 K
PAIR, GM, BJT, TRIODE = range(4)
KINDS = {"pair": PAIR, "gm": GM, "bjt": BJT, "triode": TRIODE}
LEAST = 1e-12  # siemens across every capacitor at rest, so that no node floats
CLOSE = 1e-10  # volts: Newton's last step


@njit(cache=True, error_model="numpy")
def _exp(u):
    """e^u and its slope; a straight line above 80, where no current reaches but guesses do."""
    if u > 80.0:
        e = math.exp(80.0)
        return e * (1.0 + u - 80.0), e
    e = math.exp(u)
    return e, e


@njit(cache=True, error_model="numpy")
def _currents(kinds, values, v, i, di):
    """Currents `i` of the ports at voltages `v`, and their Jacobian `di`."""
    di[:] = 0.0
    at = 0
    for d in range(len(kinds)):
        a = values[d]
        if kinds[d] == PAIR:
            up, dup = _exp(v[at] / a[1])
            down, ddown = _exp(-v[at] / a[2])
            i[at] = a[0] * (up - down)
            di[at, at] = a[0] * (dup / a[1] + ddown / a[2])
            at += 1
        elif kinds[d] == GM:
            t = math.tanh(a[0] * v[at] / a[1])
            i[at] = -a[1] * t
            di[at, at] = -a[0] * (1.0 - t * t)
            at += 1
        elif kinds[d] == BJT:
            f, df = _exp(v[at] / VT)
            r, dr = _exp(v[at + 1] / VT)
            f, df, r, dr = a[0] * (f - 1.0), a[0] * df / VT, a[0] * (r - 1.0), a[0] * dr / VT
            i[at] = f * (1.0 + 1.0 / a[1]) - r
            i[at + 1] = r * (1.0 + 1.0 / a[2]) - f
            di[at, at], di[at, at + 1] = df * (1.0 + 1.0 / a[1]), -dr
            di[at + 1, at], di[at + 1, at + 1] = -df, dr * (1.0 + 1.0 / a[2])
            at += 2
        else:
            h = 1e-6
            i[at], di[at, at] = _grid_current(v[at])
            i[at + 1], di[at + 1, at + 1] = _plate_current(v[at], v[at + 1])
            more, _ = _plate_current(v[at] + h, v[at + 1])
            less, _ = _plate_current(v[at] - h, v[at + 1])
            di[at + 1, at] = (more - less) / (2.0 * h)
            at += 2


@njit(cache=True, error_model="numpy")
def _solve(a, b):
    """Gaussian elimination with pivots, in place; the answer is left in `b`."""
    n = len(b)
    for k in range(n):
        best = k
        for r in range(k + 1, n):
            if abs(a[r, k]) > abs(a[best, k]):
                best = r
        if best != k:
            for c in range(n):
                a[k, c], a[best, c] = a[best, c], a[k, c]
            b[k], b[best] = b[best], b[k]
        for r in range(k + 1, n):
            m = a[r, k] / a[k, k]
            for c in range(k, n):
                a[r, c] -= m * a[k, c]
            b[r] -= m * b[k]
    for k in range(n - 1, -1, -1):
        for c in range(k + 1, n):
            b[k] -= a[k, c] * b[c]
        b[k] /= a[k, k]


@njit(cache=True, error_model="numpy")
def _newton(kinds, values, p, k, v):
    """Solves v = p - K i(v) from the guess in `v`; returns the currents and whether it came close."""
    n = len(v)
    i, di = np.zeros(n), np.zeros((n, n))
    f, trial = np.zeros(n), np.zeros(n)
    jac = np.zeros((n, n))
    _currents(kinds, values, v, i, di)
    for r in range(n):
        f[r] = p[r] - v[r]
        for c in range(n):
            f[r] -= k[r, c] * i[c]
    size = np.abs(f).max()
    for _ in range(200):
        for r in range(n):
            for c in range(n):
                jac[r, c] = 1.0 if r == c else 0.0
                for m in range(n):
                    jac[r, c] += k[r, m] * di[m, c]
        step = f.copy()
        _solve(jac, step)
        # A full step may overshoot an exponential by many decades: halve it until it helps.
        scale = 1.0
        for _ in range(40):
            trial[:] = v + scale * step
            _currents(kinds, values, trial, i, di)
            for r in range(n):
                f[r] = p[r] - trial[r]
                for c in range(n):
                    f[r] -= k[r, c] * i[c]
            found = np.abs(f).max()
            if found < size or found < CLOSE:
                break
            scale *= 0.5
        v[:] = trial
        size = found
        if scale * np.abs(step).max() < CLOSE:
            return i, True
    return i, False


@njit(cache=True, error_model="numpy")
def _run(x, out, kinds, values, rest, pw, pu, pi, vw, vu, vi, ow, ou, oi, two_g, w, v):
    """Sample by sample; `rest` is what the supplies give to ports, capacitors and outputs."""
    ports, states, outs = len(v), len(w), out.shape[0]
    p0, v0, o0 = rest[:ports], rest[ports : ports + states], rest[ports + states :]
    p = np.zeros(ports)
    fails = 0
    for t in range(len(x)):
        for r in range(ports):
            p[r] = p0[r] + pu[r] * x[t]
            for c in range(states):
                p[r] += pw[r, c] * w[c]
        i, close = _newton(kinds, values, p, pi, v)
        if not close:
            fails += 1
        for o in range(outs):
            y = o0[o] + ou[o] * x[t]
            for c in range(states):
                y += ow[o, c] * w[c]
            for c in range(ports):
                y -= oi[o, c] * i[c]
            out[o, t] = y
        new = np.zeros(states)
        for r in range(states):
            vc = v0[r] + vu[r] * x[t]
            for c in range(states):
                vc += vw[r, c] * w[c]
            for c in range(ports):
                vc -= vi[r, c] * i[c]
            new[r] = two_g[r] * vc - w[r]
        w[:] = new
    return fails


class Nodal:
    """A circuit at one setting of its pots."""

    def __init__(self, parts):
        self.parts = parts
        names = {n for p in parts for n in _nodes(p)} - {"0"}
        self.at = {n: i for i, n in enumerate(sorted(names))}
        # Branches whose current is an unknown of its own: the source first.
        self.branches = [("V", "in", "0", 0.0)] + [p for p in parts if p[0] in ("V", "opamp", "buffer")]
        self.caps = [p for p in parts if p[0] == "C"]
        self.devices = [p for p in parts if p[0] in KINDS]
        self.size = len(self.at) + len(self.branches)
        self.kinds = np.array([KINDS[p[0]] for p in self.devices], np.int64)
        self.values = np.zeros((len(self.devices), 3))
        for row, p in zip(self.values, self.devices):
            numbers = [a for a in p[1:] if not isinstance(a, str)]
            row[: len(numbers)] = numbers
        ports = [port for p in self.devices for port in _ports(p)]
        self.sense = np.array([self._across(*s) for s, _ in ports])
        self.inject = np.array([self._across(*i) for _, i in ports])

    def _across(self, a, b):
        """The row that takes v(a) - v(b) out of the unknowns."""
        row = np.zeros(self.size)
        for node, sign in ((a, 1.0), (b, -1.0)):
            if node != "0":
                row[self.at[node]] += sign
        return row

    def _matrix(self, conductances):
        """The nodal matrix with these siemens for the capacitors."""
        m = np.zeros((self.size, self.size))
        resistors = [(p, 1 / p[3]) for p in self.parts if p[0] == "R"]
        for p, g in resistors + list(zip(self.caps, conductances)):
            row = self._across(p[1], p[2])
            m += g * np.outer(row, row)
        for k, p in enumerate(self.branches, start=len(self.at)):
            row = self._across(p[1], p[2])
            if p[0] == "V":
                m[k], m[:, k] = m[k] + row, m[:, k] + row
            else:
                out = self._across(p[3], "0")
                m[:, k] += out
                m[k] += row if p[0] == "opamp" else out - p[4] * row
        return m

    def _tables(self, conductances, taps):
        """Transfers from supplies, capacitors, source and ports to each other."""
        inverse = np.linalg.inv(self._matrix(conductances))
        caps = np.array([self._across(p[1], p[2]) for p in self.caps]).reshape(-1, self.size)
        outs = np.array([self._across(t, "0") for t in taps])
        volts = np.zeros(self.size)
        for k, p in enumerate(self.branches, start=len(self.at)):
            volts[k] = p[3] if p[0] == "V" else 0.0
        see = [np.ascontiguousarray(s @ inverse) for s in (self.sense, caps, outs)]
        tables = []
        for s in see:
            full = (s @ caps.T, s[:, len(self.at)], s @ self.inject.T)
            tables.append([np.ascontiguousarray(t) for t in full])
        return np.concatenate([s @ volts for s in see]), tables

    def rest(self, taps=("out",)):
        """Volts of the ports, the capacitors and `taps` with the input at zero."""
        given, tables = self._tables(np.full(len(self.caps), LEAST), taps)
        ports = len(self.sense)
        v = np.zeros(ports)
        for part in np.linspace(0.0, 1.0, 41):  # supplies brought up slowly
            i, close = _newton(self.kinds, self.values, part * given[:ports], tables[0][2], v)
        if not close:
            raise ArithmeticError(f"rest: expected an operating point, found none at {v}")
        after = given[ports:] - np.concatenate([t[2] for t in tables[1:]]) @ i
        return v, after[: len(self.caps)], after[len(self.caps) :]

    def run(self, x, rate, taps=("out",)):
        """Volts at `taps` ([taps, time]) for volts `x` at `rate`, from rest; supplies' share included."""
        g = np.array([2.0 * rate * p[3] for p in self.caps])
        given, (ports, caps, outs) = self._tables(g, taps)
        v, vc, _ = self.rest(taps)
        out = np.zeros((len(taps), len(x)))
        w = g * vc  # no current flows in a capacitor at rest
        x = np.ascontiguousarray(x, float)
        fails = _run(x, out, self.kinds, self.values, given, *ports, *caps, *outs, 2 * g, w, v)
        if fails or not np.isfinite(out).all():
            raise ArithmeticError(f"run: expected Newton to converge, found {fails} samples where not")
        return out

    def gain(self, hz, tap="out"):
        """Complex small-signal gains from the source to `tap` around rest, at each of `hz`."""
        v, _, _ = self.rest()
        i, di = np.zeros(len(v)), np.zeros((len(v), len(v)))
        _currents(self.kinds, self.values, v, i, di)
        still = self._matrix(np.zeros(len(self.caps))) + self.inject.T @ di @ self.sense
        caps = np.array([self._across(p[1], p[2]) for p in self.caps]).reshape(-1, self.size)
        moving = caps.T @ np.diag([p[3] for p in self.caps]) @ caps
        source = np.zeros(self.size)
        source[len(self.at)] = 1.0
        hz = np.atleast_1d(hz)
        return np.array([np.linalg.solve(still + 2j * np.pi * f * moving, source)[self.at[tap]] for f in hz])


def _nodes(part):
    return [a for a in part[1:] if isinstance(a, str)]


def _ports(part):
    """Pairs of nodes whose voltage a device feels, each with the pair its current goes through."""
    nodes = _nodes(part)
    if part[0] == "pair":
        return [((nodes[0], nodes[1]),) * 2]
    if part[0] == "gm":
        return [((nodes[0], nodes[1]), (nodes[2], "0"))]
    if part[0] == "bjt":
        c, b, e = nodes
        return [((b, e),) * 2, ((b, c),) * 2]
    p, g, k = nodes
    return [((g, k),) * 2, ((p, k),) * 2]
