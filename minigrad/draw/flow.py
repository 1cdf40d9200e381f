"""The gradients of a graph: those of its boxes, the share that comes back along each edge, and what is kept for them."""

from __future__ import annotations

import linecache
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.backward import seed_for
from minigrad.draw.figures import Array, Figures, figures, number
from minigrad.draw.survey import Survey, Target, wants_gradient
from minigrad.draw.values import freed_by, is_bad
from minigrad.errors import GraphError, MutationError
from minigrad.freeing import GONE
from minigrad.grad_mode import enable_grad, no_grad
from minigrad.graph import Node, Rule, backpropagate, watchers
from minigrad.tensor import Tensor

NONE = "—"


class Shares:
    """A watcher of a backward pass: the share that each rule gave, with what was broadcast summed away."""

    def __init__(self) -> None:
        self.found: dict[tuple[Node, int], Array] = {}
        self.turn: dict[Node, list[int]] = {}

    def recorded(self, node: Node) -> None:
        """Nothing is recorded while a picture differentiates."""

    def computed(self, node: Node, share: Any) -> None:
        """Keep the share of the next operand that wants one."""
        waiting = self.turn.setdefault(node, [i for i, rule in enumerate(node.rules) if rule is not None])
        place = waiting.pop(0)
        self.found[node, place] = summed(share, node.targets[place])


def summed(share: Any, target: Any) -> Array:
    """A share in the shape of the operand it belongs to."""
    shape = target.shape
    found: Array = (share if share.array.shape == shape else share.sum_to_size(shape)).array
    return found


def show_gradients(
    drawing: Survey,
    places: dict[Target, int],
    nodes: list[Node],
    roots: Sequence[Tensor],
    charts: bool,
    known: Mapping[Node, Array | str],
) -> None:
    """Fill in the gradient of everything that has one: what backward left, or else what can be computed now."""
    leaves = [target for target in places if isinstance(target, Tensor) and wants_gradient(target)]
    found, shares, reason = differentiate(roots, nodes, leaves)
    none = Figures((NONE,))
    for leaf in leaves:
        drawn = drawing.boxes[places[leaf]]
        drawn.computed = leaf._grad is None and leaf in found
        array = found.get(leaf) if leaf._grad is None else leaf._grad.array
        drawn.gradient = none if array is None else figures(array, "", charts)
    for node in nodes:
        array = found[node] if node in found else left_behind(node)
        drawing.boxes[places[node]].gradient = none if array is None else figures(array, "", charts)
    for edge in drawing.edges:
        head = drawing.boxes[edge.head].node
        share = None if head is None else shares.found.get((head, edge.place))
        if share is not None:
            edge.share = share_text(share)
    if not any(drawn.fault for drawn in drawing.boxes):
        first_fault(drawing, places, nodes, found, shares, known)
    if any(drawn.computed for drawn in drawing.boxes):
        drawing.remarks.append("grad*: computed for this picture; .grad is None")
    if any(drawn.gradient == none for drawn in drawing.boxes):
        drawing.remarks.append(f"{NONE} (no gradient): {reason}")


def differentiate(
    roots: Sequence[Tensor], nodes: Sequence[Node], leaves: Sequence[Tensor]
) -> tuple[dict[Target, Array], Shares, str]:
    """The gradients of the one root, as far as they can be computed without a trace; and why no further."""
    shares = Shares()
    if len(roots) > 1:
        return {}, shares, "there are several outputs; call backward() first"
    if roots[0].array.size != 1:
        size = roots[0].array.size
        return {}, shares, f"the output has {size} elements, not one; draw its sum(), or call backward(gradient)"
    if any(node.hooks for node in nodes) or any(leaf.hooks for leaf in leaves):
        return {}, shares, "there are hooks, which a picture does not call; call backward() first"
    found: dict[Target, Array] = {}
    left = [node.gradient for node in nodes]
    reason = "the output does not depend on it"
    others, watchers[:] = list(watchers), [shares]
    try:
        with no_grad(), np.errstate(all="ignore"):
            for target, gradient in backpropagate([seed_for(roots[0], None, "draw()")], keep=True):
                found[target] = gradient.array
    except MutationError as error:
        reason = str(error).partition(", so its gradient")[0]
    except GraphError as error:
        freed = any(node.freed for node in nodes)
        reason = f"not kept when {freed_by(nodes)} freed the graph" if freed else str(error)
    finally:
        watchers[:] = others
        for node, gradient in zip(nodes, left, strict=True):
            node.gradient = gradient
    if reason.startswith("not kept"):
        remember(nodes, found, shares)
    return found, shares, reason


def share_text(share: Array) -> str:
    """A share in a few characters: up to three numbers, or the length of the vector."""
    if share.size == 1:
        return number(share.reshape(()))
    if share.size <= 3:
        return f"[{', '.join(map(number, share.reshape(-1)))}]"
    return f"‖{number(np.sqrt((share.astype(np.float64) ** 2).sum()), 3)}‖"


def remember(nodes: Sequence[Node], found: dict[Target, Array], shares: Shares) -> None:
    """The shares of a small graph that was freed: its gradients were kept, and most rules can be had again.

    An operation without settings is called once more, on the values that it saw. If that records the same function with
    the same result, its rules are those that were let go.
    """
    for node in nodes:
        gradient = node.gradient if node.gradient is not None else found.get(node)
        if gradient is None or node.version[0] > node.time:
            continue
        rules = rules_again(node) if node.rules is GONE else node.rules
        for place, rule in enumerate(rules):
            if rule is None:
                continue
            with no_grad(), np.errstate(all="ignore"):
                seed = from_array(gradient)
                share = rule(seed, from_array(node.out)) if rule.__code__.co_argcount == 2 else rule(seed)
                shares.found[node, place] = summed(share, node.targets[place])


def rules_again(node: Node) -> Sequence[Rule | None]:
    """The rules of a freed operation, made again; none where that cannot be done with certainty."""
    method = getattr(Tensor, node.name, None)
    arrays: list[Any] = [
        target.out if isinstance(target, Node) else getattr(target, "array", None) for target in node.targets
    ]
    if method is None or node.kwargs or node.out is None or any(array is None for array in arrays):
        return ()
    if any(version(target) > node.time for target in node.targets):
        return ()
    try:
        with enable_grad(), np.errstate(all="ignore"):
            operands = [from_array(array.copy()).requires_grad_(array.dtype.kind == "f") for array in arrays]
            again = method(*operands)._node
    except (TypeError, ValueError, RuntimeError):
        return ()
    same = (
        isinstance(again, Node)
        and again.forward is node.forward
        and again.label.partition(".<locals>")[0] == node.label.partition(".<locals>")[0]
        and [id(target) for target in again.targets] == [id(operand) for operand in operands]
        and again.out is not None
        and np.array_equal(again.out, node.out, equal_nan=node.out.dtype.kind == "f")
    )
    if not same:
        return ()
    return [
        rule if isinstance(target, Node) or wants(target) else None
        for rule, target in zip(again.rules, node.targets, strict=True)
    ]


def from_array(array: Array) -> Tensor:
    """A tensor around an array, without a copy."""
    return Tensor(0.0)._wrap(array)


def wants(target: Any) -> bool:
    """True for a leaf that wants a gradient."""
    return isinstance(target, Tensor) and wants_gradient(target)


def version(target: Any) -> int:
    """The time of the last write to an operand."""
    counts: list[int] = target.version if isinstance(target, Node) else target._version
    return counts[0] if not isinstance(target, Node) or counts[0] > target.time else 0


def left_behind(node: Node) -> Array | None:
    """The gradient that a backward pass left at an operation: small, or asked for with `retain_grad`."""
    if node.gradient is not None:
        return node.gradient  # type: ignore[no-any-return]
    tensor = node.retainer and node.retainer()
    return None if tensor is None or tensor._grad is None else tensor._grad.array


def first_fault(
    drawing: Survey,
    places: dict[Target, int],
    nodes: Sequence[Node],
    found: dict[Target, Array],
    shares: Shares,
    known: Mapping[Node, Array | str],
) -> None:
    """Mark the first rule, in the order of the backward pass, that made NaN from a gradient without one."""
    for node in reversed(nodes):
        gradient = found.get(node, node.gradient)
        if gradient is None or is_bad(gradient):
            continue
        values = [
            known.get(target) if isinstance(target, Node) else getattr(target, "array", None) for target in node.targets
        ]
        if any(map(is_bad, values)):
            continue  # no wonder
        for place, target in enumerate(node.targets):
            if is_bad(shares.found.get((node, place))):
                drawn = drawing.boxes[places[node]]
                drawn.kind, drawn.fault = "failed", "its gradient rule gave the first NaN"
                drawing.alarm = (
                    f"NaN: the gradient of {drawn.operation} for its operand of shape {tuple(target.shape)} is the first that "
                    "has it: the function has no slope there; keep the operand away, also in a branch that is not taken"
                )
                return


# ── what is kept ─────────────────────────────────────────────────────────────────────────────────────────────────────


def show_kept(drawing: Survey, places: dict[Target, int], nodes: Sequence[Node]) -> None:
    """Fill in how many bytes each operation keeps for its rules: operands they captured, and its result."""
    counted: set[int] = set()
    for node in nodes:
        drawn = drawing.boxes[places[node]]
        memory = {}
        for rule in node.rules:
            for cell in (rule is not None and rule.__closure__) or ():
                array = getattr(cell.cell_contents, "array", None)
                if isinstance(array, np.ndarray):
                    memory[address(array)] = array.nbytes
        if node.wants_out and node.out is not None and node.rules is not GONE:
            memory[address(node.out)] = node.out.nbytes
        drawn.kept = sum(size for owner, size in memory.items() if owner not in counted)
        counted |= memory.keys()


def address(array: np.ndarray[Any, Any]) -> int:
    """Where an array's memory begins; its `ctypes.data` says the same, and takes longer."""
    where: int = array.__array_interface__["data"][0]
    return where


def bytes_text(size: int) -> str:
    """'640 bytes', '52.3 kB'."""
    if size < 1000:
        return f"{size} byte{'s' if size != 1 else ''}"
    unit, of = next(((unit, of) for unit, of in (("kB", 1e3), ("MB", 1e6)) if size < 1000 * of), ("GB", 1e9))
    return f"{size / of:.3g} {unit}"


def show_rules(drawing: Survey, places: dict[Target, int], nodes: Sequence[Node]) -> None:
    """Fill in the rules of each operation as they are written in the source, where they are there and can be read."""
    known: dict[Any, str] = {}
    for node in nodes:
        rules = node.rules if node.rules is not GONE else rules_again(node)
        texts = []
        for rule in rules:
            if rule is None or not hasattr(rule, "__code__"):
                texts.append("")
            else:
                code = rule.__code__
                if code not in known:
                    known[code] = source_of(code)
                texts.append(known[code])
        drawing.boxes[places[node]].rules = tuple(texts)


def source_of(code: Any) -> str:
    """The expression of a lambda as it is written, or the name of a longer rule; '' where the source is not there."""
    spans = [span for span in code.co_positions() if None not in span and span[2:] != (0, 0) and span[0] is not None]
    if code.co_name != "<lambda>" or not spans:
        return f"{code.co_name}(g)" if code.co_name != "<lambda>" else ""
    begin = min((line, column) for line, _, column, _ in spans)
    end = max((line, column) for _, line, _, column in spans)
    lines = linecache.getlines(code.co_filename)[begin[0] - 1 : end[0]]
    if not lines:
        return ""
    lines[-1] = lines[-1].encode()[: end[1]].decode()
    lines[0] = lines[0].encode()[begin[1] :].decode()
    return " ".join(" ".join(lines).split())
