"""Loops and what is true of them, for the tests of `fdn::certify`.

    python make.py        (numpy and scipy; some minutes)

Each case is x = A·D·x with D of delays, gains and biquads. What is true is found
without the code under test: for `cases.json` by the winding of det(I - A·D) on an
adaptive grid, for `population.json` by the eigenvalues of the whole state matrix,
its `radius`, confirmed by its 2^18-th power (a simulation of as many samples), and
whether diagonal scaling can show it by general optimisation on a grid.
"""

import json
import pathlib

import numpy as np
from scipy.linalg import block_diag, expm, hadamard
from scipy.optimize import minimize

FS = 48000
HERE = pathlib.Path(__file__).parent


def rounded(x):
    return np.vectorize(lambda v: float(f"{v:.10g}"))(np.asarray(x, float))


def orthogonal(n, seed):
    x = np.triu(np.random.default_rng(seed).standard_normal((n, n)), 1)
    return expm(x - x.T)


def primes(n, low=809, high=5003):
    """n different primes, spaced logarithmically."""
    sieve = np.ones(high + 401, bool)
    sieve[:2] = False
    for i in range(2, int(len(sieve) ** 0.5) + 1):
        if sieve[i]:
            sieve[i * i :: i] = False
    p = np.nonzero(sieve)[0]
    p = p[p >= low]
    out = []
    for target in np.geomspace(low, high, n):
        nearest = p[np.argsort(np.abs(p - target))]
        out.append(next(int(q) for q in nearest if q not in out))
    return np.array(sorted(out))


def one_pole(rt_dc, rt_nyquist, m):
    dc, nyquist = (10 ** (-3 * m / (FS * rt)) for rt in (rt_dc, rt_nyquist))
    a1 = (1 - dc / nyquist) / (1 + dc / nyquist)
    zero = np.zeros(len(m))
    return np.stack([(1 - a1) * nyquist, zero, zero, a1, zero], 1)[:, None, :]


def peak(f, db, q, base):
    """A biquad's b0, b1, b2, a1, a2 (Bristow-Johnson), with a gain in dB."""
    a, w = 10 ** (db / 40), 2 * np.pi * f / FS
    c, alpha = np.cos(w), np.sin(w) / (2 * q)
    b = np.array([1 + alpha * a, -2 * c, 1 - alpha * a]) * 10 ** (base / 20)
    d = np.array([1 + alpha / a, -2 * c, 1 - alpha / a])
    return np.concatenate([b / d[0], d[1:] / d[0]])


def response(sos, w):
    """(lines, sections, 5) at frequencies w: lines x w."""
    z = np.exp(-1j * w)
    h = np.ones((len(sos), len(w)), complex)
    for i, line in enumerate(sos):
        for b0, b1, b2, a1, a2 in line:
            h[i] *= (b0 + b1 * z + b2 * z * z) / (1 + a1 * z + a2 * z * z)
    return h


def outside(matrix, delays, sos):
    """Closed-loop poles outside the circle, for filters stable by themselves."""

    def det(w):
        out = []
        for part in np.array_split(w, max(1, len(w) // 20000)):
            d = response(sos, part) * np.exp(-1j * np.outer(delays, part))
            out.append(np.linalg.det(np.eye(len(delays)) - matrix * d.T[:, None, :]))
        return np.concatenate(out)

    w = np.linspace(0, np.pi, 6 * int(sum(delays)) + 1)
    f = det(w)
    for _ in range(14):
        jump = np.abs(np.diff(f)) > 0.5 * np.minimum(np.abs(f[1:]), np.abs(f[:-1]))
        bad = np.nonzero(jump)[0]
        if not len(bad):
            turns = -np.angle(f[1:] / f[:-1]).sum() / np.pi
            assert abs(turns - round(turns)) < 1e-6
            return round(turns)
        middle = (w[bad] + w[bad + 1]) / 2
        w, f = np.insert(w, bad + 1, middle), np.insert(f, bad + 1, det(middle))
    raise RuntimeError("not resolved")


def state_matrix(matrix, delays, sos):
    """One biquad a line, heard before its delay: direct form II transposed."""
    n = len(delays)
    blocks, heads, outs, at = [], [], [], 0
    for m, line in zip(delays, sos):
        (b0, b1, b2, a1, a2), = line
        size = m + 2
        block = np.zeros((size, size))
        # v = u + s0 ... as s0' = b1 u - a1 y + s1, s1' = b2 u - a2 y, y = b0 u + s0.
        block[0, 0], block[0, 1], block[1, 0] = -a1, 1, -a2
        block[2, 0] = 1
        for k in range(3, size):
            block[k, k - 1] = 1
        head = np.zeros(size)
        head[:3] = b1 - a1 * b0, b2 - a2 * b0, b0
        blocks.append(block)
        heads.append((at, head))
        outs.append(at + size - 1)
        at += size
    a = block_diag(*blocks)
    for i, (start, head) in enumerate(heads):
        for j in range(n):
            a[start : start + len(head), outs[j]] += head * matrix[i, j]
    return a


def growth(a, doublings=18):
    """log |A^n|^(1/n), n = 2^doublings."""
    log, power = 0.0, a.copy()
    for _ in range(doublings):
        power = power @ power
        size = np.linalg.norm(power)
        power, log = power / size, 2 * log + np.log(size)
    return log / 2**doublings


def scaled_norm(matrix, sos):
    """The most of min over S of the norm of S A |D| S^-1, on a grid."""

    def smooth(logs, m, p):
        u, s, vt = np.linalg.svd(np.exp(logs)[:, None] * m * np.exp(-logs))
        weight = (s / s[0]) ** (2 * p)
        total = weight.sum()
        slope = u**2 @ weight - (vt.T) ** 2 @ weight
        return np.log(s[0]) + np.log(total) / (2 * p), slope / total

    most, logs = 0.0, np.zeros(len(matrix))
    for gains in np.abs(response(sos, np.geomspace(1e-3, np.pi, 100))).T:
        m = matrix * gains
        for p in (2, 8, 32, 128, 512):
            logs = minimize(smooth, logs, args=(m, p), jac=True, method="BFGS").x
        x = np.exp(logs)[:, None] * m * np.exp(-logs)
        most = max(most, np.linalg.norm(x, 2))
        if most > 1:
            break
    return most


def case(name, matrix, delays, sos=None, truth=None, rt60=None, known=None):
    matrix = rounded(matrix)
    delays = [int(m) for m in delays]
    sos = rounded(sos) if sos is not None else np.tile([1.0, 0, 0, 0, 0], (len(delays), 1, 1))
    used = sos.copy()
    if rt60:
        used[:, 0, :3] *= 10 ** (-3 * np.array(delays) / (FS * rt60))[:, None]
    poles = known
    if truth is None:
        poles = outside(matrix, delays, used)
        truth = "unstable" if poles else "certified-stable"
    print(name, truth, poles, flush=True)
    plain = [] if np.all(sos == [1.0, 0, 0, 0, 0]) else sos.tolist()
    return dict(name=name, matrix=matrix.tolist(), delays=delays, sos=plain, rt60=rt60,
                verdict=truth, poles=poles)


def cases():
    m, u = primes(8), orthogonal(8, 1)
    scale = np.diag(np.geomspace(1, 10, 8))
    random = np.random.default_rng(3)
    lower = np.tril(random.standard_normal((8, 8)), -1) + 0.6 * np.eye(8)
    gauss = random.standard_normal((8, 8))
    gauss *= 0.6 / np.max(np.abs(np.linalg.eigvals(gauss)))
    uneven = np.tile([0.9, 0, 0, 0, 0], (8, 1, 1))
    uneven[3, 0, 0] = 1.03
    bad = np.tile([0.5, 0, 0, 0, 1.2], (8, 1, 1))
    ripple = np.tile([1.0, 0, 0, 0, 0], (8, 1, 1))
    ripple[2, 0] = peak(1000, 1.4, 1, 0)
    ripple[:, 0, :3] *= 10 ** (-1 / 20)
    grid = 24000 / 1023
    everywhere = lambda *p: np.tile(peak(*p), (8, 1, 1))
    yield case("lossless orthogonal", u, m, truth="marginally-stable")
    yield case("lossless Hadamard", hadamard(16) / 4, primes(16), truth="marginally-stable")
    yield case("damped", 0.9 * u, m)
    yield case("one pole", u, m, one_pole(1.5, 0.5, m))
    yield case("lossless, rt60", u, m, rt60=10.0)
    yield case("one pole, rt60", u, m, one_pole(1.5, 0.5, m), rt60=20.0)
    yield case("expanding", 1.02 * u, m)
    # Each filter has two poles outside to begin with.
    yield case("unstable filters", u, m, bad, truth="unstable",
               known=16 + outside(rounded(u), m, bad))
    yield case("similar to damped", 0.95 * np.linalg.inv(scale) @ u @ scale, m)
    yield case("lower triangular", lower, m)
    yield case("Gaussian 0.6", gauss, m)
    yield case("Gaussian 0.9", 1.5 * gauss, m)
    yield case("one line louder", u, m, uneven)
    yield case("ripple of one line", u, m, ripple)
    yield case("bump at 35 Hz", u, m, everywhere(1.5 * grid, 1.0, 4.0, -0.2))
    yield case("narrow bump at 1 kHz", u, primes(8, 4001, 9001),
               everywhere(43.5 * grid, 6.0, 400.0, -0.3))


def population(count=120):
    out = []
    for seed in range(count):
        random = np.random.default_rng(1000 + seed)
        matrix = np.linalg.qr(random.standard_normal((8, 8)))[0]
        delays = random.choice(np.arange(17, 61), 8, replace=False)
        base = random.uniform(-1.6, 1.0)
        f = np.exp(random.uniform(np.log(100), np.log(10000), 8))
        line = zip(f, random.uniform(-1.2, 1.2, 8), random.uniform(0.5, 2, 8))
        sos = np.array([[peak(*p, base)] for p in line])
        matrix, sos = rounded(matrix), rounded(sos)
        a = state_matrix(matrix, delays, sos)
        radius = np.abs(np.linalg.eigvals(a))
        poles, rate = int((radius > 1).sum()), growth(a)
        assert (rate > 0) == (poles > 0), (seed, rate, poles)
        bounded = poles == 0 and scaled_norm(matrix, sos) < 1
        out.append(dict(name=f"seed {1000 + seed}", matrix=matrix.tolist(),
                        delays=[int(m) for m in delays], sos=sos.tolist(), rt60=None,
                        verdict="unstable" if poles else "certified-stable", poles=poles,
                        bounded=bool(bounded), radius=float(radius.max())))
    print(sum(o["poles"] == 0 for o in out), "of", count, "are stable,",
          sum(o["bounded"] for o in out), "by scaled norms")
    return out


if __name__ == "__main__":
    for name, all_of in (("population", population()), ("cases", list(cases()))):
        (HERE / f"{name}.json").write_text(
            "[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in all_of) + "\n]\n")
