"""What the factory reverbs are made of, as nodes of the format "kiln-fdn". Needs numpy alone."""

import numpy as np

RATE = 48000
DIGITS = 9  # significant, of every number written: an error of -180 dB
SHELVES_AT = np.array([125.0, 1000.0, 8000.0])  # Hz, where reverberation times are given


def rounded(values):
    """``values`` as nested lists of numbers of DIGITS digits, whole ones without a point."""
    if np.ndim(values):
        return [rounded(v) for v in values]
    value = float(f"{float(values):.{DIGITS}g}")
    return int(value) if value == int(value) else value


def node(kind, name, inputs, outputs, **rest):
    """A node of the format."""
    rest = {k: rounded(v) if isinstance(v, np.ndarray) else v for k, v in rest.items()}
    return {"type": kind, "name": name, "inputs": inputs, "outputs": outputs, **rest}


def document(design, root):
    """A graph of the format around ``root``."""
    meta = {"description": design.description, "tags": design.tags, "license": "MIT"}
    head = {"format": "kiln-fdn", "version": 1, "name": design.title, "sample_rate": RATE}
    return {**head, "meta": meta, "root": root}


def series(name, *children):
    """``children`` one after the other."""
    return node("series", name, children[0]["inputs"], children[-1]["outputs"], children=children)


def added(name, *children):
    """``children`` side by side, their outputs added."""
    inputs, outputs = children[0]["inputs"], children[0]["outputs"]
    return node("parallel", name, inputs, outputs, children=children, sum=True)


def delay(name, samples):
    """A line of as many whole samples for each channel."""
    return node("delay", name, *[len(samples)] * 2, samples=np.asarray(samples))


def gain(name, gains):
    """A gain for each channel."""
    return node("gain", name, *[len(gains)] * 2, gains=np.asarray(gains, dtype=float))


def matrix(name, value):
    """A matrix, outputs x inputs."""
    return node("matrix", name, value.shape[1], value.shape[0], matrix=value)


def filters(name, sections):
    """Biquads: channels x sections x [b0, b1, b2, a1, a2]."""
    return node("filter", name, *[len(sections)] * 2, sections=np.asarray(sections))


def recursion(name, forward, backward):
    """y = forward(x + backward(y))"""
    rest = {"forward": forward, "backward": backward}
    return node("recursion", name, forward["inputs"], forward["outputs"], **rest)


def primes(low, high, count, rng):
    """As many different primes, spread evenly on a logarithmic scale from ``low`` to ``high``."""
    edges = np.geomspace(low, high, count)
    ratio = edges[1] / edges[0] if count > 1 else 1.0
    found = []
    for edge in edges * ratio ** rng.uniform(-0.4, 0.4, count):
        value = max(2, round(edge))
        while value in found or any(value % k == 0 for k in range(2, int(value**0.5) + 1)):
            value += 1
        found.append(value)
    return np.array(found)


def hadamard(size):
    """Sylvester's matrix over its square root."""
    value = np.ones((1, 1))
    while len(value) < size:
        value = np.kron(value, [[1, 1], [1, -1]])
    return value / np.sqrt(size)


def signs(lines, rng):
    """Two orthogonal columns of unit norm and of entries as large as each other: lines x 2."""
    while True:
        value = rng.choice([-1.0, 1.0], (lines, 2))
        if value[:, 0] @ value[:, 1] == 0:
            return value / np.sqrt(lines)


def mixing(kind, lines, rng):
    """A lossless feedback matrix as a node."""
    if kind == "hadamard":
        return node("hadamard", "mixing", lines, lines)
    if kind == "householder":
        return node("householder", "mixing", lines, lines, vector=np.ones(lines))
    if kind == "orthogonal":
        # Uniform among the orthogonal matrices: Mezzadri, Notices of the AMS 54 (2007).
        q, r = np.linalg.qr(rng.standard_normal((lines, lines)))
        return matrix("mixing", q * np.sign(np.diag(r)))
    if kind == "kronecker":
        value = np.ones((1, 1))
        while len(value) < lines:
            turn = np.pi / 4 + rng.uniform(-0.25, 0.25)
            cos, sin = np.cos(turn), np.sin(turn)
            value = np.kron(value, [[cos, sin], [-sin, cos]])
        return matrix("mixing", value)
    if kind == "two householders":
        # Of order four, all entries are as large: Jot, 1997 (ICMC), embeds them so.
        four = np.eye(4) - 0.5
        return matrix("mixing", np.kron(four, four))
    raise ValueError(f"mixing: expected a known kind, found {kind!r}")


def diffuser(name, lines, spans, rng):
    """Stages of a delay for each line and a Hadamard matrix: lossless, and ``lines`` times as
    many echoes after each. ``spans`` in milliseconds, how far a stage spreads them."""
    parts = []
    for k, span in enumerate(spans, 1):
        samples = (rng.permutation(lines) + rng.uniform(0, 1, lines)) / lines * span * RATE / 1000
        parts.append(delay(f"spread {k}", 1 + np.floor(samples).astype(int)))
        parts.append(node("hadamard", f"mix {k}", lines, lines))
    return series(name, *parts)


def allpass(name, samples, g, inner=None):
    """Schroeder's all-pass, (-g + z^-m) / (1 - g z^-m), for each channel; ``inner``, an all-pass
    by itself, in series with the delay makes it a nested one (Gardner, 1992)."""
    channels = len(samples)
    line = delay("line", samples)
    forward = series("forward", line, inner) if inner else line
    loop = recursion("loop", forward, gain("feedback", np.full(channels, g)))
    delayed = series("delayed", loop, gain("rest", np.full(channels, 1 - g * g)))
    return added(name, gain("direct", np.full(channels, -g)), delayed)


def shelf(hz, decibels, high):
    """First-order shelves, half of ``decibels`` at ``hz``: [b0, b1] and [a0, a1], of any shape.

    (s + w sqrt(g)) / (s + w / sqrt(g)) and its mirror, by the bilinear transform: in dB nearly
    proportional to the gain, as decays have to be (Jot, AES 139, 2015).
    """
    root = 10.0 ** (np.asarray(decibels) / 40)
    w = np.tan(np.pi * hz / RATE)
    one = np.ones_like(root)
    if high:
        b, a = (w * one, root), (w * one, 1 / root)
    else:
        b, a = (w * root, one), (w / root, one)
    return [np.stack([x + y, x - y], axis=-1) for x, y in (b, a)]


def absorption(samples, t60, corners):
    """A biquad for each line of ``samples``, or of one number for each of SHELVES_AT, that decays
    by 60 dB in ``t60`` seconds there: a gain, a low and a high shelf with ``corners`` in Hz.
    Lines x 1 x 5."""
    samples = np.asarray(samples, dtype=float).reshape(len(samples), -1)
    wanted = -60.0 * samples / np.asarray(t60) / RATE
    z = np.exp(-2j * np.pi * SHELVES_AT / RATE)

    def decibels(pair):
        b, a = (np.stack([np.ones(3), z]) for _ in range(2))
        return 20 * np.log10(np.abs(pair[0] @ b / (pair[1] @ a)))

    # Shelves of few decibels are proportional, so a fixed slope leads there.
    slope = np.stack([np.ones(3)] + [decibels(shelf(f, 1.0, f > 1000)) for f in corners])
    gains = np.zeros((len(samples), 3))
    for _ in range(60):
        parts = [shelf(f, gains[:, k], f > 1000) for k, f in enumerate(corners, 1)]
        found = gains[:, :1] + sum(decibels(p) for p in parts)
        gains += np.linalg.solve(slope.T, (wanted - found).T).T
    sections = []
    for line, level in enumerate(gains[:, 0]):
        b = np.convolve(parts[0][0][line], parts[1][0][line]) * 10 ** (level / 20)
        a = np.convolve(parts[0][1][line], parts[1][1][line])
        sections.append([np.concatenate([b, a[1:]]) / a[0]])
    return np.array(sections)


def highpass(hz):
    """A Butterworth high-pass of second order, [b0, b1, b2, a1, a2]."""
    w = np.tan(np.pi * hz / RATE)
    a0 = 1 + np.sqrt(2) * w + w * w
    return np.array([1, -2, 1, 2 * (w * w - 1), 1 - np.sqrt(2) * w + w * w]) / a0


def tone(hz, decibels):
    """A first-order high shelf as a biquad."""
    b, a = shelf(hz, decibels, True)
    return np.array([*b / a[0], 0, a[1] / a[0], 0])
