#!/usr/bin/env python3
"""Writes latency.csv: hop (samples), inference (ms), block (samples), latency (samples).

For each row a stream at 48 kHz is played in virtual time: callbacks of `block` samples
come at the end of what they bring; the hops that one of them completes are computed in
turn, side by side with those of other callbacks; and the output may begin no earlier
than that no callback ever lacks a sample. No formula is used.

The rows are those of the table that anira 2.1 was asked to print for a model without
look-ahead, to which the same closed form leads, with 480 as a block that is no power of two.
"""
import csv
import math
from pathlib import Path

RATE = 48_000


def latency(hop: int, inference: int, block: int) -> int:
    callbacks = (4 * math.lcm(hop, block) + 2 * inference) // block
    ready = []  # when the output of each hop can be taken
    have = least = 0
    for callback in range(1, callbacks + 1):
        now = callback * block
        completed = now // hop - (now - block) // hop
        ready += [now + completed * inference] * completed
        while have < len(ready) and ready[have] <= now:
            have += 1
        least = max(least, now - have * hop)
    return least


def main() -> None:
    with Path(__file__).with_name("latency.csv").open("w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["hop", "inference_ms", "block", "latency"])
        for hop in (512, 2048):
            for ms in (2, 5, 20):
                for block in (32, 64, 128, 256, 480, 512, 1024):
                    out.writerow([hop, ms, block, latency(hop, ms * RATE // 1000, block)])


if __name__ == "__main__":
    main()
