"""From a FLAMO model to a graph."""

from torch import nn
from flamo.processor import dsp, system

from .leaves import leaf, node, series
from .restore import describe

CONTROLS = ("rt60", "dry_wet", "pre_delay")


def flamo_to_json(model, fs, name="FLAMO", controls=None, revision=None):
    """``model`` as a dict in the format "kiln-fdn", version 1.

    ``model`` is a Shell, any container, or a single module; ``fs`` the rate it was designed for,
    in Hz; ``controls`` any of "rt60", "dry_wet" and "pre_delay", each with ``True`` or with a
    dict of "init", "min" and "max" (seconds, a share, milliseconds); ``revision`` a whole number
    that grows as training goes on.

    Nothing of ``model`` is changed. Anti time-aliasing, which belongs to FLAMO's way of computing
    and not to the model, is left out. TypeError names a module that is not supported, ValueError
    one whose numbers mean no sound; both by its path, which is FLAMO's own.
    """
    fs = fs if isinstance(fs, int) else float(fs)
    if not 0 < fs < float("inf"):
        raise ValueError(f"fs: expected a rate in Hz above zero, found {fs}")
    graph = {"format": "kiln-fdn", "version": 1, "name": str(name), "sample_rate": fs}
    if revision is not None:
        graph["revision"] = int(revision)
    if controls:
        graph["controls"] = _controls(controls)
    root = _node(model, "core", "core", fs)
    if root is None:
        raise ValueError("core: expected a module that does something, found an identity")
    return {**graph, "root": root}


def _controls(controls):
    for key, value in controls.items():
        if key not in CONTROLS:
            raise ValueError(f"controls: expected any of {', '.join(CONTROLS)}, found {key!r}")
        if value is not True and set(value) != {"init", "min", "max"}:
            found = ", ".join(sorted(value))
            raise ValueError(f"controls/{key}: expected True, or init, min and max; found {found}")
    return dict(controls)


def _node(module, name, path, fs):
    """``module`` as a node; None for a wire, whose channels nobody knows."""
    if isinstance(module, system.Shell):
        return _node(_core(module, path), name, path, fs)
    if isinstance(module, nn.Identity):
        return None
    if isinstance(module, nn.Sequential):
        return _series(module, name, path, fs)
    if isinstance(module, system.Parallel):
        branches = ("branchA", "branchB")
        children = [_part(module, b, path, fs) for b in branches]
        widths = [c["outputs"] for c in children]
        outputs = widths[0] if module.sum_output else sum(widths)
        rest = {"children": children, "sum": bool(module.sum_output)}
        return node("parallel", name, children[0]["inputs"], outputs, **rest)
    if isinstance(module, system.Recursion):
        forward = _part(module, "feedforward", path, fs)
        rest = {"forward": forward, "backward": _part(module, "feedback", path, fs)}
        return node("recursion", name, forward["inputs"], forward["outputs"], **rest)
    written = leaf(module, name, path, fs)
    about = describe(module)
    return {**written, "flamo": about} if about and written["type"] != "series" else written


def _core(shell, path):
    """The core of ``shell``, which alone FLAMO takes for its response."""
    for layer in (shell.get_inputLayer(), shell.get_outputLayer()):
        for module in layer.modules() if layer is not None else ():
            if isinstance(module, (dsp.DSP, system.Recursion, system.Parallel)):
                found = f"{type(module).__name__} beside it"
                raise TypeError(f"{path}: expected all processing in the core, found {found}")
    return shell.get_core()


def _part(module, which, path, fs):
    """A child that must be there."""
    path = f"{path}/{which}"
    part = _node(getattr(module, which), which, path, fs)
    if part is None:
        raise ValueError(f"{path}: expected a module of known channels, found an identity")
    return part


def _series(module, name, path, fs):
    children = (_node(m, k, f"{path}/{k}", fs) for k, m in module.named_children())
    children = [c for c in children if c is not None]
    if children:
        return series(name, children)
    return None
