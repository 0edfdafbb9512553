"""Fits an LSTM with the knobs as inputs to a pedal, for comparison and where memory decides.

One LSTM and a linear layer, as the format's own `lstm` and `dense` compute them, at a rate of
its own. Trained by truncated backpropagation over chunks whose states are carried on, with Adam,
on the same sounds and with the same weights of the segments as `fit_drive.py` uses.
"""

import time

import numpy as np
import torch
from scipy import signal
from torch import nn

from circuits import RATE
from fit_drive import GRID, segment_weights

CHUNK = 500  # samples between steps
SILENCE = 0.05  # seconds run before each segment, so that states are those of rest


class Lstm(nn.Module):
    """[segments, time, 1 + knobs] in, [segments, time] out."""

    def __init__(self, knobs, hidden):
        super().__init__()
        self.lstm = nn.LSTM(1 + knobs, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x, state=None):
        y, state = self.lstm(x, state)
        return self.out(y)[..., 0], state

    def cost(self):
        """Multiply-adds of one sample."""
        return sum(p.numel() for n, p in self.named_parameters() if "weight" in n)

    def answer(self, x, knobs, times):
        """Samples at RATE through the network at `times` that rate, after silence, and back."""
        quiet = int(4 * SILENCE * RATE)
        up = signal.resample_poly(np.concatenate([np.zeros(quiet), x]), times, 1, window=("kaiser", 10.0))
        with torch.no_grad():
            y, _ = self(_inputs(up[None], np.array([knobs])))
        y = y[0].double().numpy()
        y = signal.resample_poly(y, 1, times, window=("kaiser", 10.0))[quiet:]
        return y


def _inputs(x, knobs):
    rows = np.broadcast_to(knobs[:, None, :], (*x.shape, knobs.shape[1]))
    return torch.tensor(np.concatenate([x[..., None], rows], -1), dtype=torch.float32)


def fit(data, hidden, times, seconds, level=0.0, seed=3):
    """An LSTM for `times` the audio rate (1 or 2) after so many seconds of this process's time."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    x = signal.resample_poly(data.x, times, 1, axis=1, window=("kaiser", 10.0))
    y = signal.resample_poly(data.out.astype(float), times, GRID, axis=1, window=("kaiser", 10.0))
    y = y * 10 ** (level / 20)
    w = segment_weights(data)[:, None] / 10 ** (level / 20)
    x, y, w = _inputs(x, data.knobs), *(torch.tensor(v, dtype=torch.float32) for v in (y, w))
    quiet = torch.zeros(len(x), int(SILENCE * RATE * times), 1)
    quiet = torch.cat([quiet, x[:, :1, 1:].expand(-1, quiet.shape[1], -1)], -1)
    net = Lstm(data.knobs.shape[1], hidden)
    adam = torch.optim.Adam(net.parameters(), lr=1e-2)
    begin = time.process_time()
    rng = np.random.default_rng(seed)
    steps = 0
    while (done := (time.process_time() - begin) / seconds) < 1:
        pick = torch.tensor(rng.permutation(len(x))[: len(x) // 2])
        with torch.no_grad():
            _, state = net(quiet[pick])
        for at in range(0, x.shape[1], CHUNK * times):
            done = min((time.process_time() - begin) / seconds, 1.0)
            adam.param_groups[0]["lr"] = 1e-2 * (0.5 + 0.5 * np.cos(np.pi * done)) + 2e-5
            span = slice(at, at + CHUNK * times)
            found, state = net(x[pick, span], tuple(s.detach() for s in state))
            loss = ((w[pick] * (found - y[pick, span])) ** 2).mean()
            adam.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            adam.step()
            steps += 1
            if done >= 1:
                break
    net.steps = steps
    return net
