"""Models of FLAMO as Kiln's graphs of feedback delay networks, and back.

:func:`flamo_to_json` writes what a model computes, not how it was trained: every map is
evaluated, every filter becomes biquads or taps, every delay becomes samples. Beside that, a
leaf carries its class and raw parameter, from which :func:`json_to_flamo` makes it again.
:class:`LiveReload` gives graphs to a player while they are trained; by itself it needs the
standard library alone.
"""

from importlib import import_module

_PLACES = {"flamo_to_json": "export", "json_to_flamo": "restore", "LiveReload": "live"}

__all__ = ["LiveReload", "flamo_to_json", "json_to_flamo"]


def __getattr__(name):
    # Only what asks for torch and flamo has to wait for them, or to have them.
    if name in _PLACES:
        return getattr(import_module(f".{_PLACES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
