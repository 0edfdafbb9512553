"""Which class of model: Wiener-Hammerstein networks of a few sizes against LSTMs, at equal cost.

The cost is in multiply-adds for each sample of the host at 48 kHz: networks without memory run
at eight times that rate, LSTMs at once or twice. All see the same sounds, the same weights of
the segments, the same knobs as inputs and the same processor time; the exam is the same.
"""

import numpy as np

import train_pedals as factory
from circuits import OVER, RATE
from drive_model import cost
from fit_drive import Fit, Front
from pedals import PEDALS

NETS = (("one", (24,)), ("all", (12,)), ("all", (24,)), ("all", (12, 8)))  # branches, hidden layers
LSTMS = ((15, 1), (10, 2))  # hidden, times the rate: as dear as (24,) with three branches


def _line(name, what, price, ratio, kinds):
    cells = [name, what, str(price), f"{10 * np.log10(ratio):.1f}"]
    cells += [f"{kinds[k]:.1f}" for k in ("riff", "sines", "noise", "decay")]
    print("| " + " | ".join(cells) + " |", flush=True)


def run(names, seconds):
    """Prints a table as it grows; ESR in dB."""
    import fit_lstm

    print("| Pedal | Model | Multiply-adds | ESR | riff | sines | noise | decay |", "|" + " --- |" * 8, sep="\n")
    for name in names:
        pedal = PEDALS[name]
        data, exam = factory.taught(name)
        for branches, hidden in NETS:
            front = factory.FRONTS[name]
            if branches == "one":
                front = Front(front.pre, [front.branches[0] or [factory.low(12e3)]])
            model = factory.whole(pedal, Fit(data, front, hidden, odd=len(hidden) == 1 and name in factory.ODD).run(seconds))
            found = factory.examine(lambda x, k: model.over(x, k, RATE, OVER), pedal, exam)
            what = f"{len(front.branches)} branches, {'-'.join(map(str, hidden))} tanh, {OVER} x"
            _line(name, what, OVER * cost(model.layers), *found)
        for hidden, times in LSTMS:
            net = fit_lstm.fit(data, hidden, times, seconds, pedal.level)
            found = factory.examine(lambda x, k: net.answer(x, k, times), pedal, exam)
            _line(name, f"LSTM {hidden}, {times} x", times * net.cost(), *found)
