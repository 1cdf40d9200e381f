"""What a function has left when its recording ends: results, gradients, and tensors that were made on the way."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from typing import Any

import numpy as np

from minigrad.compile.arrays import Recorded
from minigrad.compile.record import Tape
from minigrad.compile.values import Call, Value
from minigrad.freeing import GONE
from minigrad.graph import Node
from minigrad.tensor import Tensor


def names_of(tape: Tape) -> dict[int, str]:
    """The names of parameters and buffers, as the outermost modules know them."""
    names: dict[int, str] = {}
    for root in tape.roots:
        for name, tensor in (*root.named_parameters(), *root.named_buffers()):
            word = name.replace(".", "_") if name[0].isalpha() else f"p_{name.replace('.', '_')}"
            while word in names.values():  # of another network
                word += "_"
            names.setdefault(id(tensor), word)
    return names


def release(tape: Tape) -> None:
    """Tensors that only the tape still holds were made on the way, from numbers: constants of the program."""
    held = Counter(id(pair[0]) for pair in tape.adopted)
    held.update(id(target) for node in tape.made_in for target in node.targets)
    for _, value in tape.known.values():
        if value.kind == "tensor" and value.owner is not None:
            here = sys.getrefcount(value.owner) - 1  # getrefcount's own argument
            if here <= 1 + held[id(value.owner)]:
                value.kind, value.owner = "constant", None


def is_live(node: Any) -> bool:
    """Can a backward pass still go through the graph of this operation? Not where some of it was freed."""
    found, waiting = set(), [node]
    while waiting:
        node = waiting.pop()
        if type(node) is Node and node not in found:
            if node.rules is GONE:
                return False
            found.add(node)
            waiting.extend(node.targets)
    return bool(found)


def gradients_of(tape: Tape) -> list[tuple[Tensor, Value]]:
    """The tensors whose .grad the function sets, and to what."""
    found = []
    for tensor, _ in tape.adopted:
        gradient = tensor._grad
        if gradient is not None and type(gradient.array) is Recorded:
            found.append((tensor, tape.described(gradient.array)))
    return found


def plain(tensor: Tensor) -> None:
    """Give a tensor an ordinary array over the same memory."""
    if type(tensor.array) is Recorded:
        tensor.array = tensor.array.view(np.ndarray)


def strip(tape: Tape) -> None:
    """After an error in the function: whatever tensors there are by now have ordinary arrays."""
    for thing in gc.get_objects():
        if (
            isinstance(thing, Tensor)
            and type(array := getattr(thing, "array", None)) is Recorded
            and array._tape is tape
        ):
            plain(thing)


def forget(arguments: list[Value], calls: list[Call]) -> None:
    """Let go of the arrays that were met while recording, the caller's among them, and keep what they looked like."""
    for value in (*arguments, *(value for call in calls for value in (*call.reads(), *call.results))):
        if value.root.kind in ("result", "argument"):
            value.array = np.broadcast_to(np.empty((), value.array.dtype), value.array.shape)
        if value.root.kind == "argument":
            value.owner = None
