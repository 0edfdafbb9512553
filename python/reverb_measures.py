"""What is measured of reverbs: of responses [input][output][time] at 48 kHz."""

import math

import numpy as np

RATE = 48000


def decay(response):
    """Schroeder's energy decay curve in dB."""
    energy = np.cumsum(response[::-1] ** 2)[::-1]
    return 10 * np.log10(np.maximum(energy / energy[0], 1e-30))


def t60(response):
    """Seconds, from -5 to -35 dB by least squares (ISO 3382-1, T30); None if it is cut."""
    curve = decay(response)
    if curve[len(curve) * 9 // 10] > -45:
        return None
    start, end = np.searchsorted(-curve, (5, 35))
    slope = np.polyfit(np.arange(end - start) / RATE, curve[start:end], 1)[0]
    return -60 / slope


def octave(responses, centre):
    """The octave around ``centre`` Hz, by a filter without phase, whose power and that of its
    neighbours add up to one. The bands of the crate ``fdn`` are these."""
    turn = 1 << (2 * responses.shape[-1] - 1).bit_length()
    with np.errstate(divide="ignore"):
        away = np.abs(np.log10(np.fft.rfftfreq(turn, 1 / RATE) / centre)) / 0.3
    weight = np.where(away < 1, np.cos(np.pi / 2 * np.minimum(away, 1)), 0)
    band = np.fft.irfft(np.fft.rfft(responses, turn) * weight, turn)
    return band[..., : responses.shape[-1]]


def octave_times(responses, centres):
    """The mean of the reverberation times from every input to every output, in each octave."""
    times = []
    for centre in centres:
        # The bands of IEC 61260-1, whose centres are of base ten.
        exact = 1000 * 10 ** (0.3 * round(math.log10(centre / 1000) / 0.3))
        bands = octave(responses.reshape(-1, responses.shape[-1]), exact)
        times.append(np.mean([t60(band) for band in bands]))
    return np.array(times)


def echo_density(response, window=0.02):
    """Normalised echo density (Abel and Huang, AES 121, 2006), at every sample: the share
    outside one standard deviation, relative to that of Gaussian noise."""
    n = int(window * RATE) | 1
    hann = np.hanning(n + 2)[1:-1]
    hann /= hann.sum()
    power = np.convolve(response**2, hann, "same")
    density = np.zeros(len(response))
    half = n // 2
    for t in range(half, len(response) - half):
        part = np.abs(response[t - half : t + half + 1])
        density[t] = hann @ (part > math.sqrt(power[t]))
    return density / math.erfc(1 / math.sqrt(2))


def dense_after(response, upto=0.8):
    """Seconds until the normalised echo density first is one; infinite if not by ``upto``."""
    density = echo_density(response[: int(upto * RATE)])
    found = np.flatnonzero(density >= 1)
    return found[0] / RATE if len(found) else math.inf


def correlation(left, right, lag=0.001):
    """The largest normalised cross-correlation of two outputs within ``lag`` seconds."""
    turn = 1 << (2 * len(left) - 1).bit_length()
    cross = np.fft.irfft(np.fft.rfft(left, turn) * np.conj(np.fft.rfft(right, turn)), turn)
    n = int(lag * RATE)
    near = np.concatenate([cross[: n + 1], cross[-n:]])
    return np.abs(near).max() / math.sqrt((left @ left) * (right @ right))


def _over_its_thirds(response, low, high):
    """The power spectrum from ``low`` to ``high`` Hz, over its mean in a third of an octave."""
    turn = 1 << (len(response) - 1).bit_length()
    power = np.abs(np.fft.rfft(response, turn)) ** 2
    total = np.concatenate([[0], np.cumsum(power)])
    k = np.arange(int(low * turn / RATE), int(high * turn / RATE))
    start, end = (k * 2 ** (-1 / 6)).astype(int), (k * 2 ** (1 / 6)).astype(int) + 1
    mean = (total[np.minimum(end, len(power))] - total[start]) / (end - start)
    return power[k] / mean


def flatness(response):
    """The geometric over the arithmetic mean of the power spectrum from 100 Hz to 10 kHz, beside
    what a third of an octave has in common. Gaussian noise has exp(-0.577) = 0.56."""
    ratio = _over_its_thirds(response, 100, 10000)
    return math.exp(np.mean(np.log(ratio))) / np.mean(ratio)


def tail_peak(response):
    """How far the loudest partial is above its surroundings, in dB, between -30 and -50 dB of
    the decay, from 200 Hz to 8 kHz. Gaussian noise has 8 to 11; a mode that rings alone more."""
    curve = decay(response)
    start, end = np.searchsorted(-curve, (30, 50))
    part = response[start:end]
    # Undone, the decay does not widen what it is about.
    part = part * 10 ** (np.linspace(0, 20, len(part)) / 20) * np.hanning(len(part))
    return 10 * math.log10(_over_its_thirds(part, 200, 8000).max())


# ITU-R BS.1770-4, tables 1 and 2: b and a at 48 kHz.
K_WEIGHTING = (
    (
        (1.53512485958697, -2.69169618940638, 1.19839281085285),
        (1, -1.69065929318241, 0.73248077421585),
    ),
    ((1, -2, 1), (1, -1.99004745483398, 0.99007225036621)),
)


def loudness(response):
    """By how much, in dB, pink noise from 20 Hz to 20 kHz is louder after ``response``, with the
    weighting of BS.1770."""
    turn = 1 << (len(response) - 1).bit_length()
    f = np.fft.rfftfreq(turn, 1 / RATE)
    z = np.exp(-2j * np.pi * f / RATE)
    weight = np.where((f >= 20) & (f <= 20000), 1 / np.maximum(f, 1), 0)
    for b, a in K_WEIGHTING:
        weight = weight * np.abs(np.polyval(b[::-1], z) / np.polyval(a[::-1], z)) ** 2
    heard = weight @ np.abs(np.fft.rfft(response, turn)) ** 2
    return 10 * math.log10(heard / weight.sum())
