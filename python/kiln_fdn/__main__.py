"""python -m kiln_fdn export model.py:build out.json, and import out.json response.npy."""

import argparse
import json
import runpy

import numpy as np
import torch

from . import flamo_to_json, json_to_flamo


def responses(model):
    """The impulse responses of a Shell in float64, [input][output][time]."""
    rows = []
    for i in range(model.input_channels):
        x = torch.zeros(1, model.nfft, model.input_channels, dtype=torch.float64)
        x[:, 0, i] = 1
        with torch.no_grad():
            rows.append(model(x)[0].T.numpy())
    return np.stack(rows)


def _export(args):
    path, _, function = args.model.rpartition(":")
    if not path:
        raise SystemExit(f"model: expected FILE.py:FUNCTION, found {args.model}")
    model = runpy.run_path(path)[function]()
    graph = flamo_to_json(model, args.rate, name=args.name or function)
    with open(args.graph, "w", encoding="utf-8") as file:
        json.dump(graph, file, allow_nan=False)


def _import(args):
    with open(args.graph, encoding="utf-8") as file:
        graph = json.load(file)
    np.save(args.response, responses(json_to_flamo(graph, args.nfft)))


def main():
    parser = argparse.ArgumentParser(prog="kiln_fdn", description=__doc__)
    commands = parser.add_subparsers(required=True)
    export = commands.add_parser("export", help="write the model a function returns as a graph")
    export.add_argument("model", help="FILE.py:FUNCTION; the function takes no arguments")
    export.add_argument("graph", help="the JSON file to write")
    export.add_argument("--rate", type=int, default=48000, help="Hz (default: %(default)s)")
    export.add_argument("--name", help="of the graph (default: the function's)")
    export.set_defaults(run=_export)
    load = commands.add_parser("import", help="let FLAMO answer for a graph")
    load.add_argument("graph", help="the JSON file to read")
    load.add_argument("response", help=".npy of impulse responses, [input][output][time]")
    load.add_argument("--nfft", type=int, default=2**16, help="their length (default: %(default)s)")
    load.set_defaults(run=_import)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
