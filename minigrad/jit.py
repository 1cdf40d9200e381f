"""PyTorch's compiler of Python programs, of which there is none: `script` and `trace` give back what they are given.

It computes the same, as fast as before; `minigrad.compile` is the way to make it faster. What only a compiled program has
(`.graph`, `.code`, files of `torch.jit.save`) is an error.
"""

from __future__ import annotations

from typing import Any, NoReturn

__all__ = ["export", "ignore", "load", "save", "script", "trace", "unused"]


def script(obj: Any, *args: Any, **kwargs: Any) -> Any:
    """The function or module, as it is.

    >>> import minigrad
    >>> double = minigrad.jit.script(lambda x: x * 2)
    >>> double(minigrad.tensor(2.0))
    tensor(4.)
    """
    return obj


def trace(func: Any, example_inputs: Any = None, *args: Any, **kwargs: Any) -> Any:
    """The function or module, as it is. (PyTorch's keeps the one path that the example took; here every path stays.)"""
    return func


def ignore(drop: Any = False, **kwargs: Any) -> Any:
    """The function, as it is; also `@ignore(drop=True)`."""
    return drop if callable(drop) else lambda function: function


def unused(fn: Any) -> Any:
    """The function, as it is."""
    return fn


def export(fn: Any) -> Any:
    """The function, as it is."""
    return fn


def save(m: Any, f: Any, *args: Any, **kwargs: Any) -> NoReturn:
    """NotImplementedError: there is no compiled program to save."""
    raise NotImplementedError(
        "jit.save: minigrad has no compiled programs of this kind: use minigrad.save(module.state_dict(), f)"
    )


def load(f: Any, *args: Any, **kwargs: Any) -> NoReturn:
    """NotImplementedError: such files hold programs for PyTorch."""
    raise NotImplementedError(
        "jit.load: these files hold programs for PyTorch: build the module, and read its weights from a safetensors file"
    )
