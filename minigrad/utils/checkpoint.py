"""Saving memory by computing a second time, which minigrad does not do: the functions are there, and compute once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["checkpoint", "checkpoint_sequential"]

OPTIONS = ("use_reentrant", "preserve_rng_state", "context_fn", "determinism_check", "debug", "early_stop")


def checkpoint(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """function(*args, **kwargs). PyTorch's own options are accepted.

    >>> checkpoint(max, 1, 2, use_reentrant=False)
    2
    """
    return function(*args, **{name: value for name, value in kwargs.items() if name not in OPTIONS})


def checkpoint_sequential(functions: Iterable[Callable[..., Any]], segments: int, input: Any, **kwargs: Any) -> Any:
    """One function after the other."""
    for function in functions:
        input = function(input)
    return input
