"""Fits Wiener-Hammerstein models to a pedal by Levenberg and Marquardt's method.

What the pedal does after its last nonlinear node is linear and known (`Pedal.tap`), so the
network is fitted to that node, sample by sample and without the filters behind it: any
instants will do, and a few ten thousand of them make a least-squares problem small enough for
K. Levenberg's and D. Marquardt's steps (Quart. Appl. Math. 2, 1944; SIAM J. Appl. Math. 11/2,
1963). The corners of the filters before it are parameters like the weights.
"""

import time
from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg

from circuits import OVER, RATE, VOLTS
from drive_model import mlp, response

GRID = 2  # instants are taken from this many times the audio rate
FLOOR = 10 ** (-60 / 20)  # of the loudest segment: below it errors count in volts, above in proportion
FAIR = 0.65  # 1 would weigh all segments alike, 0 by their energy
DECAY = 1e-9  # holds back weights that nothing else decides


@dataclass
class Lessons:
    """Sound of a pedal at rest in the beginning of every segment."""

    x: np.ndarray  # [segments, samples] at RATE
    knobs: np.ndarray  # [segments, knobs]
    tap: np.ndarray  # [segments, GRID samples] at the node `tap`, in samples before the level
    out: np.ndarray  # the same at "out"


def lessons(pedal, x, knobs):
    tap, out = [], []
    for row, knob in zip(x, knobs):
        both = pedal.volts(row, knob, (pedal.tap, "out"))[:, :: OVER // GRID] / VOLTS
        tap.append(both[0])
        out.append(both[1])
    return Lessons(x, knobs, np.array(tap, np.float32), np.array(out, np.float32))


def segment_weights(data):
    """Weights of errors, segment by segment: with them the tap has a mean square of 1."""
    rms = np.sqrt(np.mean(data.tap.astype(float) ** 2, 1))
    weights = 1 / (rms + FLOOR * rms.max()) ** FAIR
    weights /= np.maximum(np.abs(data.x).max(1), 1.0)  # beyond full scale it need only be sane
    return weights / np.sqrt(np.mean((weights * rms) ** 2))


@dataclass
class Front:
    """Filters before the network: `pre`, then a row for every branch."""

    pre: list
    branches: list

    def free(self):
        """The filters whose corners are fitted: those of the branches, one for each name or place."""
        return [f for row in self.branches for f in row]

    def moved(self, logs):
        """The same with the corners multiplied by e^logs."""
        logs = iter(logs)
        rows = [[f | {"hz": float(np.clip(f["hz"] * np.exp(next(logs)), 5.0, 60e3))} for f in row] for row in self.branches]
        return Front(self.pre, rows)


class Spectra:
    """Segments as spectra, so that what any filter makes of them is had on a finer grid."""

    def __init__(self, x):
        self.samples = x.shape[1]
        self.size = 1 << int(np.ceil(np.log2(1.2 * self.samples)))
        self.hz = np.fft.rfftfreq(self.size, 1 / RATE)
        self.spectra = np.fft.rfft(x, self.size)

    def through(self, filters, at):
        """The signals through `filters` (as derived for OVER times RATE), at flat grid indices."""
        h = response(filters, self.hz, RATE * OVER)
        y = np.fft.irfft(self.spectra * h, self.size * GRID) * GRID
        return y[:, : self.samples * GRID].ravel()[at]


def jacobian(layers, x):
    """What the network puts out, its derivatives by all parameters, and by its inputs."""
    acts = [x]
    for w, b in layers[:-1]:
        acts.append(np.tanh(acts[-1] @ w.T + b))
    w, b = layers[-1]
    y = (acts[-1] @ w.T + b)[:, 0]
    acts = [a.astype(np.float32) for a in acts]
    delta, columns = np.ones((len(x), 1), np.float32), []
    for (w, _), a in zip(layers[::-1], acts[::-1]):
        rows = (delta[:, :, None] * a[:, None, :]).reshape(len(x), -1)
        columns += [delta, rows]
        delta = delta @ w.astype(np.float32)
        if a is not acts[0]:
            delta = delta * (1 - a * a)
    return y, np.concatenate(columns[::-1], 1), delta


def mirrored(layers, branches):
    """One hidden layer as the odd part of the network it is given: f(x, knobs) - f(-x, knobs)."""
    (w, b), (v, c) = layers
    back = w.copy()
    back[:, :branches] *= -1
    return [(np.concatenate([w, back]), np.concatenate([b, b])), (np.concatenate([v, -v], 1), 0 * c)]


def pack(layers):
    return np.concatenate([np.concatenate([w.ravel(), b]) for w, b in layers])


def unpack(p, like):
    layers, i = [], 0
    for w, b in like:
        layers.append((p[i : i + w.size].reshape(w.shape), p[i + w.size : i + w.size + b.size]))
        i += w.size + b.size
    return layers


def start(sizes, branches, scale, rng):
    """Random layers; slopes of the first are spread over the decades between clean and clipped."""
    layers = []
    for i, (n, m) in enumerate(zip(sizes, sizes[1:])):
        w = rng.standard_normal((m, n)) / np.sqrt(n)
        b = rng.standard_normal(m) * 0.5
        if i == 0:
            w[:, :branches] = rng.standard_normal((m, branches)) * 10 ** rng.uniform(-0.3, 2.2, (m, 1))
            w[:, branches:] = rng.standard_normal((m, n - branches)) * 1.5
            b -= 0.5 * w[:, branches:].sum(1)
        if i == len(sizes) - 2:
            w, b = w * scale, b * 0.0
        layers.append((w, b))
    return layers


class Fit:
    """One model being fitted to one pedal's lessons."""

    def __init__(self, data, front, hidden, seed=1, points=24_000, odd=False):
        """With `odd`, half of a single hidden layer mirrors the other: a circuit without even harmonics."""
        self.odd, self.rng = odd, np.random.default_rng(seed)
        if odd:
            hidden = (hidden[0] // 2,)
        self.data, self.front, self.points = data, front, points
        self.spectra = Spectra(data.x)
        self.weights = segment_weights(data)
        self.flat = data.tap.ravel()
        self.draw()
        sizes = [len(front.branches) + data.knobs.shape[1], *hidden, 1]
        scale = 0.3 * self.flat.std()
        tries = [start(sizes, len(front.branches), scale, self.rng) for _ in range(4)]
        scores = []
        for layers in tries:
            self.layers = layers
            scores.append(self.improve(12))
            layers[:] = self.layers
        self.layers = tries[int(np.argmin(scores))]

    def draw(self):
        """Other instants to look at, and the tap there."""
        self.at = np.sort(self.rng.choice(self.flat.size, self.points, replace=False))
        rows = self.at // self.data.tap.shape[1]
        self.w = self.weights[rows]
        self.t = self.flat[self.at].astype(float)
        self.k = self.data.knobs[rows]
        self.look()

    def look(self):
        rows = [self.spectra.through(self.front.pre + b, self.at) for b in self.front.branches]
        self.x = np.concatenate([np.stack(rows, 1), self.k], 1)

    def whole(self):
        """The layers as a file has them."""
        return mirrored(self.layers, len(self.front.branches)) if self.odd else self.layers

    def _turned(self):
        x = self.x.copy()
        x[:, : len(self.front.branches)] *= -1
        return x

    def _jacobian(self):
        y, j, by_input = jacobian(self.layers, self.x)
        if self.odd:
            other, back, by_other = jacobian(self.layers, self._turned())
            y, j, by_input = y - other, j - back, by_input + by_other
        return y, j, by_input

    def loss(self, layers):
        y = mlp(layers, self.x)
        if self.odd:
            y = y - mlp(layers, self._turned())
        return np.mean((self.w * (y - self.t)) ** 2)

    def exact(self):
        """The loss over more instants, drawn alike for every fit: to compare fits by."""
        points, rng, self.points, self.rng = self.points, self.rng, 100_000, np.random.default_rng(0)
        self.draw()
        loss = self.loss(self.layers)
        self.points, self.rng = points, rng
        self.draw()
        return loss

    def improve(self, steps, seconds=1e9):
        """So many steps of the weights alone; returns the loss."""
        mu, p = 1e-2, pack(self.layers)
        loss, end = self.loss(self.layers), time.process_time() + seconds
        for _ in range(steps):
            y, j, _ = self._jacobian()
            a, g = self._normal(y, j)
            g -= DECAY * p
            p, loss, mu, moved = self._step(a, g, p, loss, mu)
            if not moved or time.process_time() > end:
                break
        return loss

    def _normal(self, y, j):
        """The normal equations: single precision will do, for steps are tried before they are taken."""
        j = j.astype(np.float32) * self.w[:, None].astype(np.float32)
        r = (self.w * (self.t - y)).astype(np.float32)
        return (j.T @ j).astype(float) / len(y), (j.T @ r).astype(float) / len(y)

    def _step(self, a, g, p, loss, mu):
        size = np.diag(a)
        size = np.maximum(size, 1e-5 * size.max())  # of no use now is not free to go anywhere
        for _ in range(12):
            damped = a + np.diag(mu * size + DECAY)
            try:
                trial = p + linalg.solve(damped, g, assume_a="pos")
            except linalg.LinAlgError:
                mu *= 4
                continue
            layers = unpack(trial, self.layers)
            found = self.loss(layers)
            if found < loss:
                self.layers = layers
                return trial, found, max(mu / 5, 1e-9), True
            mu *= 4
        return p, loss, mu, False

    def tune(self):
        """One step of weights and corners together; taken if it helps."""
        free, h = self.front.free(), 0.02
        y, j, by_input = self._jacobian()
        columns = []
        for i in range(len(free)):
            logs = np.zeros(len(free))
            logs[i] = h
            front = self.front.moved(logs)
            b = [k for k, row in enumerate(self.front.branches) for _ in row][i]
            moved = self.spectra.through(front.pre + front.branches[b], self.at)
            columns.append(by_input[:, b] * (moved - self.x[:, b]) / h)
        if not columns:
            return
        a, g = self._normal(y, np.concatenate([j, np.stack(columns, 1)], 1))
        before = (self.loss(self.layers), self.layers, self.front, self.x)
        for mu in (1e-4, 1e-2, 1.0):
            damped = a + np.diag(mu * np.maximum(np.diag(a), 1e-5 * np.diag(a).max()) + DECAY)
            step = linalg.solve(damped, g, assume_a="pos")
            n = len(free)
            self.front = before[2].moved(np.clip(step[-n:], -0.3, 0.3))
            self.layers = unpack(pack(before[1]) + step[:-n], before[1])
            self.look()
            if self.loss(self.layers) < before[0]:
                return
        _, self.layers, self.front, self.x = before

    def run(self, seconds, report=None):
        """Alternates weights, corners and other instants until the time is up."""
        end, turn = time.process_time() + seconds, 0
        best = None
        while time.process_time() < end:
            loss = self.improve(50, end - time.process_time())
            self.tune()
            turn += 1
            if turn % 2 == 0:
                self.draw()
            if report:
                report(f"{seconds - end + time.process_time():6.0f} s, loss {loss:.3e}")
        return self
