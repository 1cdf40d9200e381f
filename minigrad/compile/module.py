"""A module, compiled: a twin that shares all its attributes, and runs programs where the module would run `forward`."""

from __future__ import annotations

from typing import Any

from minigrad.nn.module import Module


def twin(module: Module, compiled: Any) -> Module:
    """A module of the same class as `module`, with the same parameters under the same names, that is called through `compiled`.

    Its `compiled` has `source`, `memory` and `save`; `_orig_mod` is the module, as PyTorch calls it.
    """
    kind = type(module)

    def call(self: Module, *args: Any, **kwargs: Any) -> Any:
        """What the module computes."""
        return compiled(*args, **kwargs)

    made = {
        "__call__": call,
        "__reduce__": lambda self: (twin, (module, compiled)),
        "__repr__": lambda self: f"<compiled {module!r}>",
        "__module__": kind.__module__,
        "__doc__": kind.__doc__,
        "compiled": property(lambda self: compiled),
        "_orig_mod": property(lambda self: module),
    }
    copy: Module = object.__new__(type(kind.__name__, (kind,), made))
    copy.__dict__ = module.__dict__
    return copy
