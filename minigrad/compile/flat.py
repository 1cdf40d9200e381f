"""Side by side: the same update of many small arrays, as one update of one long one.

An optimizer does to each parameter what it does to the next. Where the arrays of all parameters, of their gradients and of
what the optimizer keeps for them lie next to each other in memory, one call does it for all: a step of six parameters costs
what one costs. Results of the program are laid so freely; parameters and the optimizer's arrays are moved, once, if nobody
else holds them.
"""

from __future__ import annotations

import gc
import sys
from collections import Counter
from typing import Any

import numpy as np

from minigrad.compile.arrays import Array
from minigrad.compile.values import Call, Value


def side_by_side(calls: list[Call], optimizers: set[str]) -> list[Call]:
    """The calls, those of an optimizer that repeat from parameter to parameter merged."""
    chains = chains_of([call for call in calls if call.scope in optimizers and is_plain(call)])
    views = Counter(id(value.array.base) for call in calls for value in call.results)
    alike: dict[Any, list[list[Call]]] = {}
    for chain in chains:
        alike.setdefault(tuple(shape_of(call, chain) for call in chain), []).append(chain)
    for group in alike.values():
        if len(group) > 1 and not disturbed(calls, group) and (merged := merge(group, views)):
            gone = {id(call) for chain in group for call in chain}
            at = max(i for i, call in enumerate(calls) if id(call) in gone)
            before = [call for call in calls[:at] if id(call) not in gone]
            calls = [*before, *merged, *calls[at + 1 :]]
    return calls


def is_plain(call: Call) -> bool:
    """An elementwise call on whole arrays of one shape and dtype, and numbers. What gives a number is left where it is."""
    if not isinstance(call.function, np.ufunc) or call.function.signature or call.kwargs or len(call.results) != 1:
        return False
    result = call.results[0]
    arrays = [value for value in call.args if isinstance(value, Value) and value.array.ndim]
    return result.array.ndim > 0 and all(
        value.root is value and value.array.flags.c_contiguous and value.array.dtype == result.array.dtype
        and value.array.shape == result.array.shape and value.kind in ("result", "tensor", "constant")
        for value in (*arrays, result)
    )  # fmt: skip


def arrays_of(call: Call) -> list[Value]:
    """The arrays, not the numbers, that a call has to do with."""
    return [value for value in (*call.args, *call.results) if isinstance(value, Value) and value.array.ndim]


def chains_of(calls: list[Call]) -> list[list[Call]]:
    """The calls, sorted into chains that have no array in common."""
    chain_of: dict[Value, list[Call]] = {}
    chains: list[list[Call]] = []
    for call in calls:
        met: list[list[Call]] = []
        for value in arrays_of(call):
            chain = chain_of.get(value)
            if chain is not None and not any(chain is other for other in met):
                met.append(chain)
        joined = sorted((c for chain in met for c in chain), key=calls.index) if len(met) > 1 else met[0] if met else []
        joined.append(call)
        chains = [chain for chain in chains if not any(chain is other for other in met)] + [joined]
        for member in joined if len(met) > 1 else [call]:
            for value in arrays_of(member):
                chain_of[value] = joined
    return chains


def shape_of(call: Call, chain: list[Call]) -> Any:
    """What a call is, apart from which parameter it is about: arrays as numbered within their chain."""
    order = list(dict.fromkeys(value for c in chain for value in arrays_of(c)))

    def word(part: Any) -> Any:
        if isinstance(part, Value):
            return (order.index(part), part.kind) if part.array.ndim else part
        return getattr(part, "text", None) or (type(part), repr(part))

    kind = call.results[0].array.dtype.char
    return call.function, kind, tuple(map(word, call.args)), word(call.results[0]), bool(call.written), call.scope


def disturbed(calls: list[Call], group: list[list[Call]]) -> bool:
    """Does another call, between the first and the last of the group, have to do with its arrays, or write its numbers?"""
    mine = {id(call) for chain in group for call in chain}
    roots = {value.root for chain in group for call in chain for value in arrays_of(call)}
    reads = {value.root for chain in group for call in chain for value in call.reads()}
    at = [i for i, call in enumerate(calls) if id(call) in mine]
    between = [call for call in calls[at[0] : at[-1]] if id(call) not in mine]
    if any(value.root in reads for call in between for value in call.written):
        return True
    return any(value.root in roots for call in between for value in (*call.reads(), *call.results, *call.written))


def merge(group: list[list[Call]], views: Counter[int]) -> list[Call]:
    """One chain for all; none if some arrays have to stay where they are."""
    columns: list[list[Value]] = []
    for position in range(len(group[0])):
        for values in zip(*(arrays_of(chain[position]) for chain in group)):
            if not any(values[0] is column[0] for column in columns):
                columns.append(list(values))
    if any(len({id(v) for v in column}) < len(column) for column in columns):
        return []
    lasting = [value for column in columns for value in column if value.kind != "result"]
    if not all(is_free(value, views) for value in lasting):
        gc.collect()  # it may be held by what is gone but for a cycle: an earlier recording, for instance
        if not all(is_free(value, views) for value in lasting):
            return []
    packs = {id(column[0]): pack(column) for column in columns}
    merged = []
    for call in group[0]:
        args = tuple(packs.get(id(part), part) if isinstance(part, Value) else part for part in call.args)
        new = Call(call.function, call.name, args, call.kwargs, call.scope)
        new.results = [packs[id(call.results[0])]]
        new.written = list(new.results) if call.written else []
        if not call.written:
            new.results[0].maker = new
        merged.append(new)
    return merged


def is_free(value: Value, views: Counter[int]) -> bool:
    """Can the array of a tensor be moved: does only the tensor hold it, and the tape?"""
    owner = value.owner
    held = HELD + views[id(value.array)]
    return (
        owner is not None and value.array.base is None and owner._view is None and sys.getrefcount(value.array) <= held
    )


HELD = 5  # the tensor, the value, the tape's two lists, and getrefcount's argument


def pack(column: list[Value]) -> Value:
    """One value in which all of these lie, one after another."""
    first = column[0]
    ends = np.cumsum([0, *(value.array.size for value in column)]).tolist()
    whole: Array = np.empty(ends[-1], first.array.dtype)
    packed = Value(whole, first.kind)
    for value, start, end in zip(column, ends, ends[1:]):
        part = whole[start:end].reshape(value.array.shape)
        part[...] = value.array
        value.array, value.root = part, packed
        value.inside = (packed, start, end)
        if value.owner is not None:
            value.owner.array = part
    return packed
