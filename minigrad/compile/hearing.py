"""The block in which a tape hears everything: operations, optimizers, draws, and what would drop an array's class."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad.compile.arrays import Recorded
from minigrad.compile.record import STEERED, Tape
from minigrad.graph import listening, watchers
from minigrad.streams import Stream

COPIES = ("array", "asarray", "ascontiguousarray", "asfortranarray")  # functions of NumPy that drop an array's class
DRAWS = (
    "raw", "raw64", "uniform", "normal", "normal_pairs", "bernoulli", "exponential", "below", "integers", "permutation",
    "multinomial",
)  # fmt: skip


@contextmanager
def heard(tape: Tape) -> Iterator[None]:
    """The block: what is exchanged for its time, and given back after it."""
    plain: list[tuple[Any, str, Any]] = [(Stream, name, vars(Stream)[name]) for name in (*DRAWS, *STEERED)]
    plain += [(np, name, getattr(np, name)) for name in COPIES]
    for place, name, function in plain:
        own = property(_drawn(tape, name, function.fget)) if name == "numpy" else None
        setattr(place, name, own or (_drawn if place is Stream else _copied)(tape, name, function))
    listening.tape = tape
    watchers.append(tape)
    try:
        yield
    finally:
        watchers.remove(tape)
        listening.tape = None
        for place, name, function in plain:
            setattr(place, name, function)
        tape.close()


def _drawn(tape: Tape, name: str, function: Any) -> Any:
    return lambda stream, *args, **kwargs: tape.draw(stream, name, function, args, kwargs)


def _copied(tape: Tape, name: str, function: Any) -> Any:
    """A function that makes an ordinary array of any: of one that answers for itself, one that does so, too."""

    def copied(data: Any, *args: Any, **kwargs: Any) -> Any:
        if holds_recorded(data) and not tape.elsewhere():
            return tape.perform(function, f"np.{name}", (data, *args), kwargs)
        return function(data, *args, **kwargs)

    return copied


def holds_recorded(data: Any) -> bool:
    """Is there, in nested lists, an array that answers for itself?"""
    if isinstance(data, list | tuple):
        return any(map(holds_recorded, data))
    return type(data) is Recorded
