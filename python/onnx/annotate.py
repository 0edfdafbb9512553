"""Tell Kiln what the inputs and outputs of an .onnx file are.

    python annotate.py model.onnx out.onnx --sample-rate 48000 \
        --io '{"audio_in": "x", "states": [["h", "hn"]], "hop": 256}'

Writes the metadata that the crate `onnx` documents: `sample_rate`, in Hz, and `kiln.io`,
JSON. Needs the package `onnx`.
"""

import argparse
import json

import onnx

KEYS = {
    "audio_in", "audio_out", "states", "controls", "hop", "context", "latency", "memory",
    "sample_rate",
}


def annotate(model, sample_rate=None, io=None):
    """Sets the metadata of a model in place and returns it."""
    values = {}
    if sample_rate is not None:
        values["sample_rate"] = f"{sample_rate:g}"
    if io is not None:
        unknown = set(io) - KEYS
        if unknown:
            raise ValueError(f"io: expected {sorted(KEYS)}, found {sorted(unknown)}")
        inputs = {port.name for port in model.graph.input}
        outputs = {port.name for port in model.graph.output}
        pairs = io.get("states") or []
        for name in [io.get("audio_in"), *io.get("controls", {}), *(a for a, _ in pairs)]:
            if name is not None and name not in inputs:
                raise ValueError(f"io: expected an input of {sorted(inputs)}, found {name!r}")
        for name in [io.get("audio_out"), *(b for _, b in pairs)]:
            if name is not None and name not in outputs:
                raise ValueError(f"io: expected an output of {sorted(outputs)}, found {name!r}")
        values["kiln.io"] = json.dumps(io)
    kept = [(p.key, p.value) for p in model.metadata_props if p.key not in values]
    del model.metadata_props[:]
    for key, value in [*kept, *values.items()]:
        model.metadata_props.add(key=key, value=value)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("model")
    parser.add_argument("out")
    parser.add_argument("--sample-rate", type=float)
    parser.add_argument("--io", type=json.loads, help="JSON, as the crate `onnx` documents it")
    args = parser.parse_args()
    model = annotate(onnx.load(args.model), args.sample_rate, args.io)
    onnx.save(model, args.out)


if __name__ == "__main__":
    main()
