"""One clock for everything that is recorded or written in place: whose tick is larger came later.

Like `graph.py`, this file knows no NumPy.
"""

from __future__ import annotations

from _thread import RLock
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

tick = count(1).__next__
written = [0]  # the time of the last in-place write to any tensor: an operation that is younger need not look for one

_turn = RLock()


def writing() -> int:
    """The time of a write that happens now."""
    with _turn:  # or a thread could put an earlier time in the place of a later one
        now = written[0] = tick()
    return now


def changed_since(tensor: Any, time: int) -> bool:
    """Was a tensor, or what stands for several, written to or given another shape?"""
    return bool(tensor._version[0] > time or tensor._reshaped > time)


def wrote(*tensors: Tensor) -> None:
    """Note that tensors were written to in place, just now: an operation that needs what they held will find out."""
    now = writing()
    for tensor in tensors:
        tensor._version[0] = now
