"""What a graph in the format "kiln-fdn" computes, by the words of the format and by numpy alone."""

import numpy as np


def points(nfft):
    """The upper half of the unit circle, as FLAMO samples it."""
    return np.exp(2j * np.pi * np.arange(nfft // 2 + 1) / nfft)


def error(found, expected):
    """The largest difference, relative to the largest value."""
    if found.shape != expected.shape:
        raise AssertionError(f"expected shape {expected.shape}, found {found.shape}")
    return np.abs(found - expected).max() / np.abs(expected).max()


def response(node, z):
    """The transfer matrices of ``node`` at the points ``z``, [point][output][input]."""
    return KINDS[node["type"]](node, z)


def _series(node, z):
    total = np.broadcast_to(np.eye(node["inputs"]), (len(z),) + (node["inputs"],) * 2)
    for child in node["children"]:
        total = response(child, z) @ total
    return total


def _parallel(node, z):
    branches = [response(c, z) for c in node["children"]]
    return sum(branches) if node["sum"] else np.concatenate(branches, axis=1)


def _recursion(node, z):
    forward, backward = response(node["forward"], z), response(node["backward"], z)
    return np.linalg.solve(np.eye(node["outputs"]) - forward @ backward, forward)


def _constant(matrix, z):
    return np.broadcast_to(matrix, (len(z), *np.shape(matrix)))


def _householder(node, z):
    u = np.array(node["vector"]) / np.linalg.norm(node["vector"])
    return _constant(np.eye(len(u)) - 2 * np.outer(u, u), z)


def _hadamard(node, z):
    count = np.arange(node["inputs"])
    odd = np.vectorize(lambda i, j: bin(i & j).count("1") % 2)(count[:, None], count)
    return _constant((-1.0) ** odd / np.sqrt(len(count)), z)


def _diagonal(channels):
    return np.stack([np.diag(c) for c in np.asarray(channels).T])


def _delays(samples, z):
    # On the unit circle, z^-m for any m, whole or not.
    return np.exp(-1j * np.angle(z) * samples)


def _cascade(sections, z):
    total = np.ones(len(z), complex)
    for b0, b1, b2, a1, a2 in sections:
        total *= (b0 + b1 / z + b2 / z**2) / (1 + a1 / z + a2 / z**2)
    return total


def _taps(taps, z):
    return sum((t * z ** -float(k) for k, t in enumerate(taps)), np.zeros(len(z), complex))


def _pairs(rows):
    return np.moveaxis(np.array(rows), -1, 0)


def _delay_matrix(node, z):
    rows = zip(node["gains"], node["samples"])
    return _pairs([[g * _delays(m, z) for g, m in zip(*row)] for row in rows])


KINDS = {
    "series": _series,
    "parallel": _parallel,
    "recursion": _recursion,
    "matrix": lambda n, z: _constant(np.array(n["matrix"]), z),
    "gain": lambda n, z: _constant(np.diag(n["gains"]), z),
    "householder": _householder,
    "hadamard": _hadamard,
    "delay": lambda n, z: _diagonal([_delays(m, z) for m in n["samples"]]),
    "filter": lambda n, z: _diagonal([_cascade(s, z) for s in n["sections"]]),
    "fir": lambda n, z: _diagonal([_taps(t, z) for t in n["taps"]]),
    "delay_matrix": _delay_matrix,
    "filter_matrix": lambda n, z: _pairs([[_cascade(s, z) for s in r] for r in n["sections"]]),
    "fir_matrix": lambda n, z: _pairs([[_taps(t, z) for t in r] for r in n["taps"]]),
}
