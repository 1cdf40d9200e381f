"""What a backward pass leaves of the graph it has walked: who freed a node, and of large operands their shape.

Like `graph.py`, this file knows no NumPy.
"""

from __future__ import annotations

from sys import getrefcount
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minigrad.graph import Node

GONE: list[Any] = []  # the rules of a freed node
SMALL = 16  # results of at most this many elements are kept for pictures, whatever the rules need


def free(node: Node, freed_by: tuple[str, str, int] | None, holds: bool, copies: bool) -> None:
    """Let go of what the node kept for its rules; its shape, its name and its place in the graph stay.

    If it `holds` something, it says from now on who freed it. With `copies`, small constants that are parts of large arrays
    are copied, for pictures; a function that is being compiled wants to see its own.
    """
    rules = node.rules
    if None in rules:
        targets = node.targets
        for i, rule in enumerate(rules):
            target: Any = targets[i]
            if rule is None and type(target) is not Constant:
                if target.array.size > SMALL:
                    targets[i] = Constant.like(target)
                elif copies and is_part(target.array):
                    targets[i] = copy = target._wrap(target.array.copy())
                    copy._version = target._version
    out = node.out
    if holds and rules is not GONE:
        node.freed = freed_by
        node.rules = GONE
        if not node.small:
            node.out = out = None
    if out is not None and is_part(out):
        node.out = None


def alone(array: Any) -> bool:
    """Is `array` the only view of its memory, and all of it? So it is where a kernel gave its result another shape."""
    return holders(array) <= ALONE and getattr(array.base, "size", -1) == array.size


def holders(array: Any) -> int:
    """How many hold the memory that `array` is a view of, and this function with it."""
    base = array.base
    return getrefcount(base)


ALONE = holders(SimpleNamespace(base=object()))  # differs between versions of Python


def is_part(array: Any) -> bool:
    """Does an array, itself small enough to be kept for pictures, keep a larger one alive?"""
    base = array.base
    return base is not None and getattr(base, "size", SMALL + 1) > SMALL


class Dropped(tuple[str, str, int]):
    """Who freed a node that can be had again, in the place of who freed one for good: see utils/checkpoint.py."""

    region: Any  # its compute_again() gives the node its rules back, and all others that were dropped with it


class Constant:
    """What is left of a large constant operand once the graph has been freed: its shape and dtype."""

    __slots__ = ("shape", "dtype")
    hooks = None

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self.shape, self.dtype = shape, dtype

    @classmethod
    def like(cls, tensor: Any) -> Any:
        """What is left of `tensor`."""
        return cls(tensor.array.shape, tensor.array.dtype)
