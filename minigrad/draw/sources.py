"""From what `draw` is given to the tensors to draw: a tensor, several, a module and its inputs, a trace, an error."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.backward import target_of
from minigrad.draw.flow import show_gradients, show_kept, show_rules
from minigrad.draw.survey import (
    Box,
    Edge,
    Survey,
    Target,
    box,
    in_order,
    is_view,
    named,
    operand_name,
    operations,
    passes,
    printable,
)  # fmt: skip
from minigrad.draw.values import results, show_values
from minigrad.draw.watch import Failure, failure_of, trace
from minigrad.graph import Node
from minigrad.nn.module import Module
from minigrad.tensor import Tensor


@dataclass
class Sources:
    """What a picture is drawn from."""

    roots: list[Tensor]
    names: Any
    seen: trace | None = None
    failure: Failure | None = None
    module: bool = False

    def survey(self, values: bool, gradients: bool, charts: bool) -> Survey:
        """What there is to draw."""
        one = len(self.roots) == 1 and self.roots[0].array.size == 1
        drawing = survey(
            self.roots,
            self.names,
            values=values,
            gradients=gradients and self.failure is None and (one or not self.module),
            charts=charts,
            seen=self.seen,
        )
        if self.module and gradients and not one and self.failure is None:
            drawing.remarks.append("no gradients: the output is not one number; draw a loss that is computed from it")
        if self.failure is not None:
            add_failure(drawing, self.roots, self.failure)
        return drawing


def sources(root: Any, inputs: Sequence[Any], names: Any, seen: trace | None) -> Sources:
    """Look at what was given."""
    if isinstance(root, Module):
        if not inputs:
            raise TypeError(
                f"draw needs a tensor or a list of tensors, not a {type(root).__name__} alone: give it an example input, "
                f"draw({type(root).__name__}(...), x), or call it and draw the result"
            )
        return called(root, inputs, names)
    if inputs:
        raise TypeError(f"draw: inputs are for a module, not for a {type(root).__name__}: several tensors go in a list")
    if isinstance(root, BaseException):
        failure = failure_of(root)
        return Sources(failure.operands, names, seen, failure)
    if isinstance(root, trace):
        if root.failure is not None:
            return Sources(root.failure.operands or loose_ends(root), names, root, root.failure)
        return Sources(loose_ends(root), names, root)
    return Sources(tensors(root), names, seen)


def called(module: Module, inputs: Sequence[Any], names: Any) -> Sources:
    """Call a module, and watch."""
    given = [
        (f"input {i}" if len(inputs) > 1 else "input", x) for i, x in enumerate(inputs, 1) if isinstance(x, Tensor)
    ]
    called_so = dict([*named(names), *given])
    seen = trace(module)
    try:
        with seen:
            output = module(*inputs)
    except Exception:
        if seen.failure is None or not (seen.failure.operands or seen.scopes):
            raise  # there is nothing to draw: it was called wrongly
        return Sources(seen.failure.operands or loose_ends(seen), called_so, seen, seen.failure)
    roots = [output] if isinstance(output, Tensor) else [part for part in leaves_of(output) if isinstance(part, Tensor)]
    if not roots:
        raise TypeError(f"draw: {type(module).__name__} returned a {type(output).__name__} with no tensor in it")
    return Sources(roots, called_so, seen, module=True)


def leaves_of(output: Any) -> list[Any]:
    """What stands in a nest of lists, tuples and dicts."""
    if isinstance(output, dict):
        output = list(output.values())
    if isinstance(output, list | tuple):
        return [leaf for part in output for leaf in leaves_of(part)]
    return [output]


def loose_ends(seen: trace) -> list[Tensor]:
    """The results that nothing was computed from, as tensors."""
    ends = seen.roots()
    if not ends:
        raise ValueError("draw: the trace saw no operation that was recorded: does anything in it require grad?")
    known: dict[Node, Any] = {}
    with seen.restored():
        for _ in results(operations(ends), [], known):
            pass
    found = []
    for node in ends:
        value, unknown = known[node], isinstance(known[node], str)
        tensor = Tensor(0.0)._wrap(np.zeros(node.shape, node.dtype) if unknown else value)
        tensor._node, tensor._requires_grad = node, True
        tensor._version = [sys.maxsize] if unknown else node.version  # zeros are not taken for its value
        found.append(tensor)
    return found


def tensors(root: Any) -> list[Tensor]:
    """The tensors to draw, as a list."""
    if isinstance(root, Tensor):
        return [root]
    if not isinstance(root, list | tuple) or not all(isinstance(item, Tensor) for item in root):
        what = f"a {type(root).__name__}"
        if isinstance(root, list | tuple):
            what = f"{what} with a {next(type(item).__name__ for item in root if not isinstance(item, Tensor))} in it"
        raise TypeError(f"draw needs a tensor or a list of tensors, not {what}")
    if not root:
        raise ValueError("draw: an empty list: give at least one tensor")
    return list(root)


def add_failure(drawing: Survey, roots: Sequence[Tensor], failure: Failure) -> None:
    """A red box for the operation that raised, after its operands."""
    places = {drawn.node: i for i, drawn in enumerate(drawing.boxes) if drawn.node is not None}
    leaves = iter([i for i, drawn in enumerate(drawing.boxes) if drawn.node is None and drawn.root])
    known: dict[int, int] = {}
    operands = []
    for root in roots if failure.operands else []:
        node = root.grad_fn
        if isinstance(node, Node):
            operands.append(places[node])
        else:
            if id(root) not in known:
                known[id(root)] = next(leaves)
            operands.append(known[id(root)])
    for drawn in drawing.boxes:
        drawn.root = False
        if drawn.kind == "output":
            drawn.kind = "operation"
        drawn.gradient = None
    error = failure.error
    red = Box(
        "failed", False, "", None, (), "", number=len(drawing.boxes), operation=failure.operation, scope=failure.scope
    )
    red.fault, red.line = f"raised {type(error).__name__}", failure.line
    red.note = "given " + " and ".join(str(tuple(root.array.shape)) for root in failure.operands)
    red.note += f"  at {red.line}" if red.line else ""
    drawing.boxes.append(red)
    drawing.edges += [
        Edge(tail, len(drawing.boxes) - 1, place, False, operand_name(failure.operation, place, len(operands)))
        for place, tail in enumerate(operands)
    ]
    drawing.alarm = f"{type(error).__name__}: {error}"
    for tail in operands:
        if drawing.boxes[tail].kind == "parameter" and sum(edge.tail == tail for edge in drawing.edges) == 1:
            drawing.boxes[tail].scope = failure.scope


# ── the survey ───────────────────────────────────────────────────────────────────────────────────────────────────────


def survey(
    roots: Sequence[Tensor],
    names: Any,
    *,
    values: bool = True,
    gradients: bool = True,
    charts: bool = True,
    seen: trace | None = None,
) -> Survey:
    """Look at the graph behind `roots`; see `minigrad.draw` for what the arguments mean."""
    tensors = named(names)
    if seen is not None:
        tensors += seen.names()
    called: dict[Target, str] = {}
    for name, tensor in tensors:
        called.setdefault(target_of(tensor), printable(name))
    ends = {target_of(root): root for root in roots}
    nodes = operations(list(ends))
    places = in_order(nodes, list(ends))
    orders = passes(nodes)
    drawing = Survey(operations=len(nodes))
    if not nodes and not any(root.requires_grad for root in roots):
        drawing.remarks.append(
            "No operation was recorded: nothing it was computed from requires grad, or it was computed under no_grad()"
        )
    for target in places:
        drawing.boxes.append(box(target, called.get(target, ""), target in ends))
        drawing.boxes[-1].number = places[target]
    for node in nodes:
        drawn = drawing.boxes[places[node]]
        drawn.order = orders.get(node, 1)
        if drawn.order > 1 and drawn.kind == "operation":
            drawn.kind = "gradient operation"
        for place, target in enumerate(node.targets):
            role = operand_name(drawn.operation, place, len(node.targets))
            drawing.edges.append(Edge(places[target], places[node], place, is_view(node, target), role))
    if seen is not None:
        seen.place(drawing, nodes, places)
    known = {}
    if values:
        known = show_values(drawing, places, nodes, [*roots, *(tensor for _, tensor in tensors)], charts)
    if gradients:
        show_gradients(drawing, places, nodes, roots, charts, known)
    show_kept(drawing, places, nodes)
    show_rules(drawing, places, nodes)
    return drawing
