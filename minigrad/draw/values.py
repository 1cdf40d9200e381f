"""What each operation of a graph gave: as it was kept, or computed again from its operands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from os.path import basename
from typing import Any

import numpy as np

from minigrad.draw.figures import Array, Figures, figures
from minigrad.draw.survey import Survey, Target, version_of
from minigrad.freeing import Constant
from minigrad.graph import Node
from minigrad.tensor import Tensor

CHANGED, FREED = "changed since", "freed"


def show_values(
    drawing: Survey, places: dict[Target, int], nodes: list[Node], alive: Sequence[Tensor], charts: bool
) -> dict[Node, Array | str]:
    """Fill in what each operation gave, and what each leaf holds; say where the first NaN came from. Returns the former."""
    known: dict[Node, Array | str] = {}
    for node, value in results(nodes, alive, known):
        drawing.boxes[places[node]].value = (
            Figures((value,))
            if isinstance(value, str)
            else figures(value, "overwritten since" if node.version[0] > node.time else "", charts)
        )
    stale = {
        target for node in nodes for target in node.targets if isinstance(target, Tensor) and changed(target, node)
    }
    for target, place in places.items():
        if isinstance(target, Tensor):
            drawing.boxes[place].value = figures(target.array, CHANGED if target in stale else "", charts)
        elif isinstance(target, Constant):
            drawing.boxes[place].value = Figures((FREED,))
    first_fault(drawing, places, nodes, known)
    texts = [text for box in drawing.boxes if box.value for text in (*box.value.cells, box.value.remark)]
    if any(CHANGED in text for text in texts):
        drawing.remarks.append(f"{CHANGED}: written to after the graph used it; a number beside it is the new one")
    if FREED in texts:
        drawing.remarks.append(
            f"{FREED}: let go by {freed_by(nodes)}; draw before it, or keep the graph with backward(retain_graph=True)"
        )
    return known


def results(
    nodes: Sequence[Node], alive: Sequence[Tensor], known: dict[Node, Array | str]
) -> Iterator[tuple[Node, Array | str]]:
    """What each operation gave: as it was kept, or computed again from its operands; or the word for why it is unknown."""
    tensors: dict[Any, Tensor] = {tensor._node: tensor for tensor in alive if tensor._node is not None}
    for node in nodes:
        tensor = tensors.get(node)
        if node.out is not None and not overwritten(node):
            known[node] = node.out
        elif tensor is not None and tensor._version[0] <= node.time:
            known[node] = tensor.array
        else:
            operands = [operand(target, node, known) for target in node.targets]
            reasons = {value for value in operands if isinstance(value, str)}
            if reasons:
                known[node] = CHANGED if CHANGED in reasons else FREED
            else:
                with np.errstate(all="ignore"):
                    known[node] = np.asarray(node.forward(*operands, **node.kwargs))
        yield node, known[node]


def overwritten(node: Node) -> bool:
    """True if the array that the operation kept has been written to, through its own tensor or through an operand's."""
    if node.version[0] > node.time:
        return True
    for target in node.targets:
        if version_of(target)[0] > node.time:
            memory = target.out if isinstance(target, Node) else target.array
            if memory is not None and np.may_share_memory(node.out, memory):
                return True
    return False


def operand(target: Target, node: Node, known: Mapping[Node, Array | str]) -> Array | str:
    """What an operation found in one of its operands."""
    if isinstance(target, Tensor):
        return CHANGED if changed(target, node) else target.array
    if isinstance(target, Node):
        return known[target] if target.version[0] <= target.time else CHANGED
    return FREED


def changed(leaf: Tensor, node: Node) -> bool:
    """True if a leaf was written to after the operation used it, or by it: an assignment into part of a constant."""
    return leaf._version[0] > node.time or (leaf._version is node.version and len(node.targets) > 1)


def freed_by(nodes: Sequence[Node]) -> str:
    """'backward() at train.py:12'."""
    for node in nodes:
        if node.freed is not None:
            call, file, line = node.freed
            return f"{call} at {basename(file)}:{line}"
    return "backward()"


# ── where it went wrong ──────────────────────────────────────────────────────────────────────────────────────────────


def is_bad(array: Any) -> bool:
    """True for an array with NaN in it."""
    return isinstance(array, np.ndarray) and array.dtype.kind == "f" and bool(np.isnan(array).any())


def first_fault(
    drawing: Survey, places: dict[Target, int], nodes: Sequence[Node], known: Mapping[Node, Array | str]
) -> None:
    """Mark the first operation that made NaN from operands without one, and say that others have it from there."""
    for node in nodes:
        if not is_bad(known.get(node)):
            continue
        seen = [operand(target, node, known) for target in node.targets]
        if any(is_bad(value) for value in seen):
            continue  # a leaf held it already, and is marked by its own numbers
        drawn = drawing.boxes[places[node]]
        if any(isinstance(value, str) for value in seen):
            drawing.alarm = f"NaN: where it began is not known; draw before {freed_by(nodes)}"
            return
        drawn.kind, drawn.fault = "failed", "the first NaN"
        drawing.alarm = f"NaN: {drawn.operation} is the first that gave it, from operands that had none"
        return
