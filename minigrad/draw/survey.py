"""What there is to draw: the operations and leaves behind some tensors, with their values and gradients.

Nothing is recorded for the sake of pictures but small results (`Node.out`, `Node.gradient`); the rest is worked out here,
when a picture is wanted. Every walk is a loop, so that a long chain of operations is no deeper than a short one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from os.path import basename
from typing import Any, TypeAlias

import numpy as np

from minigrad.backward import seed_for, target_of
from minigrad.draw.figures import Figures, figures
from minigrad.errors import GraphError, MutationError
from minigrad.grad_mode import no_grad
from minigrad.graph import Constant, Node, backpropagate
from minigrad.nn.module import Module
from minigrad.tensor import Tensor

Target: TypeAlias = "Node | Tensor | Constant"
Array: TypeAlias = "np.ndarray[Any, Any]"

CHANGED, FREED, NONE = "changed since", "freed", "—"


@dataclass
class Box:
    """One operation or leaf."""

    kind: str  # "input", "parameter", "constant", "operation" or "output"
    root: bool
    name: str
    node: Node | None
    shape: tuple[int, ...]
    dtype: str
    value: Figures | None = None
    gradient: Figures | None = None
    computed: bool = False  # is the gradient this picture's own, `.grad` being None?


@dataclass
class Edge:
    """From an operand (by the number of its box) to an operation; `place` counts operands from 0."""

    tail: int
    head: int
    place: int
    view: bool


@dataclass
class Survey:
    """All that is drawn: boxes in the order in which they were computed, edges, and remarks below the picture."""

    boxes: list[Box] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def survey(roots: Sequence[Tensor], names: Any, *, values: bool, gradients: bool) -> Survey:
    """Look at the graph behind `roots`; see `minigrad.draw` for what the arguments mean."""
    tensors = named(names)
    called: dict[Target, str] = {}
    for name, tensor in tensors:
        called.setdefault(target_of(tensor), name)
    ends = {target_of(root): root for root in roots}
    nodes = operations(list(ends))
    places = in_order(nodes, list(ends))
    drawing = Survey()
    if not nodes and not any(root.requires_grad for root in roots):
        drawing.remarks.append(
            "No operation was recorded: nothing it was computed from requires grad, or it was computed under no_grad()"
        )
    for target in places:
        drawing.boxes.append(box(target, called.get(target, ""), target in ends))
    for node in nodes:
        for place, target in enumerate(node.targets):
            drawing.edges.append(Edge(places[target], places[node], place, is_view(node, target)))
    if values:
        alive = [*roots, *(tensor for _, tensor in tensors)]
        show_values(drawing, places, nodes, alive)
    if gradients:
        show_gradients(drawing, places, nodes, roots)
    return drawing


# ── what is there ────────────────────────────────────────────────────────────────────────────────────────────────────


def named(names: Any) -> list[tuple[str, Tensor]]:
    """Names and tensors from a dict or a module; in a dict, public names and tensors themselves come first."""
    if names is None:
        return []
    if isinstance(names, Module):
        return list(names.named_parameters())
    if not isinstance(names, Mapping):
        raise TypeError(
            f"draw: names must be a dict from names to tensors (locals() is one) or a module, not {type(names).__name__}"
        )
    ordered = sorted(names.items(), key=lambda item: str(item[0]).startswith("_"))
    found = [(str(name), value) for name, value in ordered if isinstance(value, Tensor)]
    for name, value in ordered:
        if isinstance(value, Module):
            found += [(f"{name}.{path}", parameter) for path, parameter in value.named_parameters()]
    return found


def operations(ends: Sequence[Target]) -> list[Node]:
    """Every recorded operation behind `ends`, oldest first."""
    found = {end for end in ends if type(end) is Node}
    stack = list(found)
    while stack:
        for target in stack.pop().targets:
            if type(target) is Node and target not in found:
                found.add(target)
                stack.append(target)
    return sorted(found, key=lambda node: node.time)


def in_order(nodes: Sequence[Node], ends: Sequence[Target]) -> dict[Target, int]:
    """A number for each operation and leaf: as they were computed, a leaf before the first operation that uses it."""
    places: dict[Target, int] = {}
    for node in nodes:
        for target in (*node.targets, node):
            places.setdefault(target, len(places))
    for end in ends:
        places.setdefault(end, len(places))
    return places


def box(target: Target, name: str, root: bool) -> Box:
    """The box of an operation or a leaf, without numbers."""
    if type(target) is Node:
        return Box("output" if root else "operation", root, name, target, target.shape, str(target.dtype))
    like: Any = target.array if isinstance(target, Tensor) else target
    shape, dtype = tuple(like.shape), str(like.dtype)
    kind = "input" if name or shape else "constant"
    if isinstance(target, Tensor) and wants_gradient(target):
        kind = "parameter"
    return Box(kind, root, name, None, shape, dtype)


def wants_gradient(leaf: Tensor) -> bool:
    """True for a leaf that requires grad, and has not become the result of an operation since."""
    return leaf._requires_grad and leaf._node is None


def is_view(node: Node, target: Target) -> bool:
    """True if the operation's result shares its only operand's memory."""
    return len(node.targets) == 1 and version_of(target) is node.version


def version_of(target: Target) -> list[int]:
    """The version count of what an operand was; that of a constant that was let go is nobody's."""
    if isinstance(target, Constant):
        return [0]
    return target.version if isinstance(target, Node) else target._version


# ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def show_values(drawing: Survey, places: dict[Target, int], nodes: list[Node], alive: Sequence[Tensor]) -> None:
    """Fill in what each operation gave, and what each leaf holds."""
    for node, value in results(nodes, alive):
        drawing.boxes[places[node]].value = (
            Figures((value,))
            if isinstance(value, str)
            else figures(value, "overwritten since" if node.version[0] > node.time else "")
        )
    stale = {
        target for node in nodes for target in node.targets if isinstance(target, Tensor) and changed(target, node)
    }
    for target, place in places.items():
        if isinstance(target, Tensor):
            drawing.boxes[place].value = figures(target.array, CHANGED if target in stale else "")
        elif isinstance(target, Constant):
            drawing.boxes[place].value = Figures((FREED,))
    texts = [text for box in drawing.boxes if box.value for text in (*box.value.cells, box.value.remark)]
    if any(CHANGED in text for text in texts):
        drawing.remarks.append(f"{CHANGED}: written to after the graph used it; a number beside it is the new one")
    if FREED in texts:
        drawing.remarks.append(
            f"{FREED}: let go by {freed_by(nodes)}; draw before it, or keep the graph with backward(retain_graph=True)"
        )


def results(nodes: Sequence[Node], alive: Sequence[Tensor]) -> Iterator[tuple[Node, Array | str]]:
    """What each operation gave: as it was kept, or computed again from its operands; or the word for why it is unknown."""
    tensors = {target_of(tensor): tensor for tensor in alive}
    known: dict[Node, Array | str] = {}
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


# ── gradients ────────────────────────────────────────────────────────────────────────────────────────────────────────


def show_gradients(drawing: Survey, places: dict[Target, int], nodes: list[Node], roots: Sequence[Tensor]) -> None:
    """Fill in the gradient of everything that has one: what backward left, or else what can be computed now."""
    leaves = [target for target in places if isinstance(target, Tensor) and wants_gradient(target)]
    found, reason = differentiate(roots, nodes, leaves)
    for leaf in leaves:
        drawn = drawing.boxes[places[leaf]]
        drawn.computed = leaf._grad is None and leaf in found
        drawn.gradient = found.get(leaf, Figures((NONE,))) if leaf._grad is None else figures(leaf._grad.array)
    for node in nodes:
        kept = left_behind(node)
        drawing.boxes[places[node]].gradient = found.get(node) or (Figures((NONE,)) if kept is None else figures(kept))
    if any(drawn.computed for drawn in drawing.boxes):
        drawing.remarks.append("grad*: computed for this picture; .grad is None")
    if any(drawn.gradient == Figures((NONE,)) for drawn in drawing.boxes):
        drawing.remarks.append(f"{NONE} (no gradient): {reason}")


def differentiate(
    roots: Sequence[Tensor], nodes: Sequence[Node], leaves: Sequence[Tensor]
) -> tuple[dict[Target, Figures], str]:
    """The gradients of the one root, as far as they can be computed without a trace; and why no further."""
    if len(roots) > 1:
        return {}, "there are several outputs; call backward() first"
    if roots[0].array.size != 1:
        return {}, f"the output has {roots[0].array.size} elements, not one; draw its sum(), or call backward(gradient)"
    if any(node.hooks for node in nodes) or any(leaf.hooks for leaf in leaves):
        return {}, "there are hooks, which a picture does not call; call backward() first"
    found: dict[Target, Figures] = {}
    left = [node.gradient for node in nodes]
    reason = "the output does not depend on it"
    try:
        with no_grad(), np.errstate(all="ignore"):
            for target, gradient in backpropagate([seed_for(roots[0], None, "draw()")], keep=True):
                found[target] = figures(gradient.array)
    except MutationError as error:
        reason = str(error).partition(", so its gradient")[0]
    except GraphError as error:
        freed = any(node.freed for node in nodes)
        reason = f"not kept when {freed_by(nodes)} freed the graph" if freed else str(error)
    finally:
        for node, gradient in zip(nodes, left, strict=True):
            node.gradient = gradient
    return found, reason


def left_behind(node: Node) -> Array | None:
    """The gradient that a backward pass left at an operation: small, or asked for with `retain_grad`."""
    if node.gradient is not None:
        return node.gradient  # type: ignore[no-any-return]
    tensor = node.retainer and node.retainer()
    return None if tensor is None or tensor._grad is None else tensor._grad.array
