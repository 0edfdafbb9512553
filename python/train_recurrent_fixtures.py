"""Gradients of small recurrent networks, as PyTorch finds them in float64.

    python python/train_recurrent_fixtures.py

writes core/train/src/recurrent/pytorch.json. Weights, inputs and the derivatives of the
loss by the outputs are random, seeded and exact in float32. Weights and gradients are
lists: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, then weight and bias of the
dense layer; inputs are by sequence, row and sample, outputs and errors by sequence and
sample.
"""

import json
import pathlib

import torch
from torch import nn

FILE = pathlib.Path(__file__).resolve().parent.parent / "core/train/src/recurrent/pytorch.json"
STEPS = 40
SEQUENCES = 3
torch.manual_seed(20)
torch.set_num_threads(1)


def numbers(tensor, digits):
    """The flattened values, with so many digits."""
    return [float(f"{x:.{digits}g}") for x in tensor.detach().flatten().tolist()]


def case(name, kind, inputs, hidden, skip):
    """One network, its answer and its gradient."""
    layer = kind(inputs, hidden, batch_first=True)
    head = nn.Linear(hidden, 1)
    parameters = [*layer.parameters(), *head.parameters()]
    with torch.no_grad():
        for parameter in parameters:
            # In steps of 1/1024, so that float32 and few digits hold them.
            parameter.copy_((1024 * torch.randn_like(parameter) / hidden**0.5).round() / 1024)
    layer, head = layer.double(), head.double()
    sound = (1024 * torch.randn(SEQUENCES, STEPS, inputs)).round().double() / 1024
    errors = (1024 * torch.randn(SEQUENCES, STEPS)).round().double() / 1024
    output = head(layer(sound)[0])[..., 0] + (sound[..., 0] if skip else 0)
    output.backward(errors)
    parameters = [*layer.parameters(), *head.parameters()]
    flat = torch.cat([p.flatten() for p in parameters])
    gradient = torch.cat([p.grad.flatten() for p in parameters])
    return {
        "cell": name,
        "inputs": inputs,
        "hidden": hidden,
        "skip": skip,
        "weights": numbers(flat, 12),
        "input": numbers(sound.transpose(1, 2), 12),
        "output": numbers(output, 8),
        "errors": numbers(errors, 12),
        "gradient": numbers(gradient, 8),
    }


CASES = [case("lstm", nn.LSTM, 2, 5, True), case("gru", nn.GRU, 2, 5, False)]
FILE.write_text(json.dumps({"steps": STEPS, "cases": CASES}) + "\n")
