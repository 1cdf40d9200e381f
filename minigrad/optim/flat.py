"""Small parameters side by side, large ones in pieces: the same update, in fewer calls or on less memory at a time.

An elementwise rule does not care where one parameter ends and the next begins. Where the arrays of all small parameters lie
next to each other in memory, and those of what is kept for them too, one call does for all of them what a loop does for each.
Each parameter's own array is then a part of the long one, so whatever else reads or writes it goes on as before. They are
moved only if nobody but the parameter holds its array; where anything is not as it was left, the loop does the step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from sys import getrefcount
from typing import Any, TypeAlias

import numpy as np

from minigrad.tensor import Tensor, wrap

Array: TypeAlias = "np.ndarray[Any, Any]"
State: TypeAlias = "dict[str, Any]"
Row: TypeAlias = "tuple[State, Array, Array]"  # what is kept, the numbers to update, their gradient

SMALL = 1 << 14  # numbers: a larger parameter gains nothing by lying beside others
PIECE = 1 << 16  # numbers that stay in the processor's cache through all the steps of a rule


class Packs:
    """What is remembered of a group of parameters from step to step."""

    made: Pack | None = None
    steps = 0


def rows(params: Sequence[Tensor], states: Any, names: Sequence[str], packs: Packs) -> Iterator[Row]:
    """Each parameter with its state and gradient; small ones together if they can be, large ones in pieces.

    A rule that goes through these rows must be elementwise, and keep no more than `names` in the state.
    """
    rest = params
    if names:  # else the rule is too short for it to pay
        small = [p for p in params if p.array.size <= SMALL]
        if len(small) > 1 and (pack := packed(small, states, names, packs)):
            yield from pack.rows()
            rest = [p for p in params if p.array.size > SMALL]
    for p in rest:
        state = states[p] if names else {}
        if p.array.size > PIECE:
            yield from pieces(p, state, names)
        else:
            yield state, p.array, p._grad.array  # type: ignore[union-attr]


def pieces(p: Tensor, state: State, names: Sequence[str]) -> Iterator[Row]:
    """One large parameter, a piece at a time; as a whole until everything is kept that the rule needs."""
    x, g = p.array, p._grad.array  # type: ignore[union-attr]
    kept = {name: state[name].array for name in names if isinstance(state.get(name), Tensor)}
    numbers = {name: state[name] for name in names if name in state and name not in kept}
    if len(kept) + len(numbers) < len(names) or not all(a.flags.c_contiguous for a in (x, g, *kept.values())):
        yield state, x, g
        return
    x, g = x.reshape(-1), g.reshape(-1)
    for start in range(0, x.size, PIECE):
        part = slice(start, start + PIECE)
        own = {**numbers, **{name: wrap(array.reshape(-1)[part]) for name, array in kept.items()}}
        yield own, x[part], g[part]
        if start + PIECE >= x.size:
            state.update({name: own[name] for name in numbers})


def packed(params: list[Tensor], states: Any, names: Sequence[str], packs: Packs) -> Pack | None:
    """The parameters as one, if they lie so, or can be moved so."""
    own = [states[p] for p in params]
    if packs.made is None:
        packs.steps += 1
        wait = packs.steps < 4 or packs.steps & (
            packs.steps - 1
        )  # the first ones may be recorded by `compile`, which moves
        if wait or not can_move(params, own, names):  # parameters itself; then at steps 4, 8, 16 ...
            return None
        packs.made = Pack(params, own, names)
    return packs.made if packs.made.holds(params, own, names) else None


def can_move(params: list[Tensor], states: list[State], names: Sequence[str]) -> bool:
    """Does nobody else hold the arrays of these parameters, and of all that is kept for them? Are they of one kind?"""
    kind = params[0].array.dtype
    if kind.kind != "f" or any(p._view is not None for p in params):
        return False
    if not all(is_alone(p, kind) for p in params):
        return False
    for name in names:
        held = [state.get(name) for state in states]
        if isinstance(held[0], Tensor):
            if not all(isinstance(t, Tensor) and t.array.shape == p.array.shape for t, p in zip(held, params)):
                return False
            if not all(is_alone(t, kind) for t in held):
                return False
        elif held[0] is None or any(isinstance(n, Tensor) or n != held[0] for n in held):
            return False
    return all(p._grad.array.dtype is kind for p in params)  # type: ignore[union-attr]


def is_alone(tensor: Any, kind: Any) -> bool:
    """Is the tensor the only one that holds its array, and the array an ordinary one of this dtype?"""
    if getrefcount(tensor.array) > 2:  # the tensor, and the argument of getrefcount
        return False
    array = tensor.array
    return (
        type(array) is np.ndarray
        and array.dtype is kind
        and array.base is None
        and array.flags.c_contiguous
        and array.flags.writeable
    )


class Pack:
    """Parameters that lie side by side, with what is kept for them."""

    def __init__(self, params: list[Tensor], states: list[State], names: Sequence[str]) -> None:
        self.params, self.states, self.names = params, states, tuple(names)
        self.x, self.arrays = laid_out(params)
        self.g = np.empty_like(self.x)
        self.state: State = {}
        self.kept: list[tuple[State, str, Array]] = []
        for name in names:
            held = [state[name] for state in states]
            if isinstance(held[0], Tensor):
                whole, parts = laid_out(held)
                self.state[name] = wrap(whole)
                self.kept += [(state, name, part) for state, part in zip(states, parts)]
            else:
                self.state[name] = held[0]
        self.numbers = [name for name in names if not isinstance(self.state[name], Tensor)]

    def holds(self, params: list[Tensor], states: list[State], names: Sequence[str]) -> bool:
        """Is everything still where it was put, and is there a gradient of the right kind for each?"""
        if len(params) != len(self.params) or names != self.names:
            return False
        kind = self.x.dtype
        for p, own, array in zip(params, self.params, self.arrays):
            g = p._grad.array  # type: ignore[union-attr]
            if p is not own or p.array is not array or g.dtype is not kind or g.shape != array.shape:
                return False
        for state, mine in zip(states, self.states):
            if state is not mine:
                return False
        for state, name, part in self.kept:
            tensor = state.get(name)
            if tensor is None or tensor.array is not part:
                return False
        for name in self.numbers:
            number = self.state[name]
            for state in states:
                if state.get(name) != number:
                    return False
        return True

    def dissolve(self) -> None:
        """Give each tensor an array of its own again, unless somebody else holds a part of the long ones."""
        kept = [(state[name], part) for state, name, part in self.kept if name in state]
        held = [*zip(self.params, self.arrays), *kept]
        wholes = [self.x, *(self.state[name].array for name in self.names if name not in self.numbers)]
        usual = len(self.params) + 4  # its parts, what holds it here, the two names, and getrefcount's own argument
        if all(getrefcount(whole) <= usual for whole in wholes):
            for tensor, part in held:
                if tensor.array is part and getrefcount(part) <= 5:  # the tensor, both lists, the name, the argument
                    tensor.array = part.copy()

    def rows(self) -> Iterator[Row]:
        """The parameters, as one."""
        np.concatenate([p._grad.array for p in self.params], axis=None, out=self.g)  # type: ignore[union-attr]
        yield self.state, self.x, self.g
        for name in self.numbers:
            for state in self.states:
                state[name] = self.state[name]


def laid_out(tensors: Sequence[Tensor]) -> tuple[Array, list[Array]]:
    """A long array with the numbers of these tensors one after another, and its parts, which become their arrays."""
    whole = np.concatenate([t.array for t in tensors], axis=None)
    ends = accumulate([t.array.size for t in tensors], initial=0)
    parts = [whole[start:end].reshape(t.array.shape) for (start, end), t in zip(pairwise(ends), tensors)]
    for tensor, part in zip(tensors, parts):
        tensor.array = part
    return whole, parts
