"""A piece at a time: a run of elementwise calls on long arrays, so that what one writes is still in the cache for the next.

A call on a million numbers reads and writes memory, and memory is what it waits for. Ten such calls in a row, on 32,768 numbers
at a time, wait for it once. Elementwise calls do not care, so the results are the same to the bit. What is only passed on from
one call to the next needs no more memory than a piece.

Source: M. Wolfe, More iteration space tiling, Supercomputing 1989.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.compile.values import Call, Value

PIECE = 1 << 15  # numbers
LEAST = 2 * PIECE  # shorter arrays stay in the cache anyway


class Run:
    """Calls that are done a piece at a time."""

    def __init__(self, calls: list[Call], needed: set[Value]) -> None:
        self.calls = calls
        self.arrays = list(dict.fromkeys(value for call in calls for value in long_arrays(call)))
        made = {call.results[0] for call in calls if not call.written}
        self.passing = {value for value in self.arrays if value in made and value.root is value and value not in needed}

    def __len__(self) -> int:
        return int(self.arrays[0].array.size)


def in_runs(body: list[Call], outputs: list[Value]) -> list[Run]:
    """The calls that follow each other and can go a piece at a time, put together."""
    found: list[Run] = []
    last = {value.root: i for i, call in enumerate(body) for value in (*call.reads(), *call.written)}
    last.update((value.root, len(body)) for value in outputs)
    views = (v for call in body for v in (*call.reads(), *call.results, *call.written) if v.root is not v)
    last.update((view.root, len(body)) for view in views)  # a view sees all of the memory
    start = 0
    while start < len(body):
        end = start
        places: dict[Value, Any] = {}
        size = length_of(body[start])
        while end < len(body) and size and length_of(body[end]) == size and fits(body[end], places):
            end += 1
        if end - start > 1:
            found.append(Run(body[start:end], {root for root, at in last.items() if at >= end}))
        start = max(end, start + 1)
    return found


def long_arrays(call: Call) -> list[Value]:
    """The arrays of an elementwise call, without numbers."""
    return [value for value in (*call.args, *call.results) if isinstance(value, Value) and value.array.size > 1]


def length_of(call: Call) -> int:
    """How many numbers an elementwise call goes through, if it can go through them a piece at a time; else 0."""
    if not isinstance(call.function, np.ufunc) or call.function.signature or call.kwargs or len(call.results) != 1:
        return 0
    result = call.results[0].array
    whole = all(
        value.array.shape == result.shape and value.array.flags.c_contiguous and value.root.kind != "argument"
        for value in long_arrays(call)
    )
    return int(result.size) if whole and result.size >= LEAST else 0


def fits(call: Call, places: dict[Value, Any]) -> bool:
    """Does the call look at each memory in the same way as those before it? Then no piece can touch another one's."""
    return all(
        places.setdefault(value.root, value.array.__array_interface__["data"][0])
        == value.array.__array_interface__["data"][0]
        for value in long_arrays(call)
    )
