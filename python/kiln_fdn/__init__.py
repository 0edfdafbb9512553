"""Models of FLAMO as Kiln's graphs of feedback delay networks, and back.

:func:`flamo_to_json` writes what a model computes, not how it was trained: every map is
evaluated, every filter becomes biquads or taps, every delay becomes samples. Beside that, a
leaf carries its class and raw parameter, from which :func:`json_to_flamo` makes it again.
"""

from .export import flamo_to_json
from .restore import json_to_flamo

__all__ = ["flamo_to_json", "json_to_flamo"]
