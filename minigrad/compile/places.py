"""The places where `Surroundings` found values, how those are compared, and what is kept of things that move on."""

from __future__ import annotations

import random
from gc import get_referents
from typing import Any, NamedTuple

import numpy as np

from minigrad.tensor import Tensor

MISSING = object()
PLAIN = (int, float, complex, str, bytes, bool)  # compared by value, all else by identity


class Place(NamedTuple):
    """Where a value was found."""

    path: str  # as one would write it
    read: str  # how to read it: an expression, with {} for the holder
    holder: Any
    value: Any
    how: str = "is"  # it is compared by this; "==" if reading makes it afresh, "" if listening.changes counts it


class InState(NamedTuple):
    """A parameter's place in the state of an optimizer."""

    state: Any
    parameter: Tensor

    def get(self) -> Any:
        """What it holds."""
        return self.state.get(self.parameter)


def same(then: Any, now: Any) -> bool:
    """Numbers and strings by type and value, lists of identities and sets by value, all else by identity."""
    if isinstance(then, float | complex):  # -0.0 is not 0.0
        return type(then) is type(now) and repr(then) == repr(now)
    return then is now or (
        type(then) is type(now) and isinstance(then, (*PLAIN, list, frozenset)) and bool(then == now)
    )


def kept_by(function: Any) -> list[Any]:
    """What a function of functools refers to, the results in its cache among it."""
    held = get_referents(function)
    return [*held, *(item for part in held if type(part) is dict for item in part.values())]


def is_number(value: Any) -> bool:
    """A number, or a tuple of numbers, as `Numbers` reads them afresh."""
    return type(value) in (int, float) or (type(value) is tuple and all(type(part) in (int, float) for part in value))


def state_of(generator: Any) -> Any:
    """Where a generator of random numbers stands."""
    if isinstance(generator, random.Random):
        return generator.getstate()
    return bare(generator.bit_generator.state if hasattr(generator, "bit_generator") else generator.get_state())


def bare(state: Any) -> Any:
    """A generator's state with bytes in place of arrays, so that `==` compares it."""
    if isinstance(state, dict | tuple):
        return [bare(part) for part in (state.values() if isinstance(state, dict) else state)]
    return state.tobytes() if isinstance(state, np.ndarray) else state


def contents(cell: Any) -> Any:
    """What a closure's cell holds, which may be nothing yet."""
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING
