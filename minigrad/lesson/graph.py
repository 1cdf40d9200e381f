"""The computation graph of one digit's cost: forwards with its values, backwards with its gradients."""

from __future__ import annotations

import inspect
import sys
from typing import Any

import numpy as np

import minigrad
from minigrad.backward import target_of
from minigrad.draw.dot import Writer
from minigrad.draw.flow import differentiate
from minigrad.draw.sources import survey
from minigrad.draw.survey import operations
from minigrad.draw.values import results
from minigrad.graph import Node
from minigrad.lesson.state import Answer, Array, State, cost_of, linears, one_of, picture, wanted, whole
from minigrad.tensor import Tensor

FEW = 16  # numbers of a box that are told


class Graph(State):
    """Part of `Lesson`: what backpropagation walks."""

    def graph(self, pixels: list[float], label: int, net: str = "mine", stage: str = "backward") -> Answer:
        """The graph behind one digit's cost as DOT text, and per box its shape, value, gradient, and the rules in the source.

        `forward` has the boxes' ids in the order of the computation, `backward` in the order in which a gradient comes to them,
        from the cost to the pixels' weights. With `stage` "forward" there are no gradients yet.
        """
        model, backward = self.net(net), one_of("stage", stage, ("forward", "backward")) == "backward"
        digit, target = picture(pixels), wanted(np.array([whole("label", label, 0, 9)]))
        outputs = model(digit)
        cost = cost_of(outputs, target)
        names: dict[str, Any] = {"pixels": digit, "wanted": target, "outputs": outputs, "cost": cost}
        for i, layer in enumerate(linears(model), 1):
            names |= {f"weights {i}": layer.weight, f"biases {i}": layer.bias}
        model.zero_grad()
        drawing = survey([cost], names, gradients=backward, charts=False)
        drawing.remarks = []
        ids: dict[Any, str] = {}
        leaves = {drawn.name: names[drawn.name] for drawn in drawing.boxes if drawn.node is None and drawn.name}
        for i, drawn in enumerate(drawing.boxes):
            ids[drawn.node if drawn.node is not None else leaves.get(drawn.name, i)] = f"n{i}"
        known: dict[Node, Array | str] = {}
        nodes = operations([target_of(cost)])
        list(results(nodes, [], known))
        gradients = differentiate([cost], nodes, list(model.parameters()))[0] if backward else {}
        boxes = []
        for (what, name), drawn in zip(ids.items(), drawing.boxes, strict=True):
            value = known[what] if isinstance(what, Node) else what.array if isinstance(what, Tensor) else None
            few = drawn.value is not None and len(drawn.value.cells) == 1
            boxes.append(
                {
                    "id": name, "kind": drawn.kind, "name": drawn.name, "operation": drawn.operation,
                    "shape": list(drawn.shape), "value": told(value), "gradient": told(gradients.get(what)),
                    "rules": [rule for rule in drawn.rules if rule], "source": written(what),
                    "text": drawn.value.cells[0] if drawn.value is not None and few else "",
                }
            )  # fmt: skip
        edges = [{"from": f"n{edge.tail}", "to": f"n{edge.head}", "role": edge.role} for edge in drawing.edges]
        return {
            "dot": Writer(drawing, "LR", legend=False, memory=False, plain=True).source(), "nodes": boxes, "edges": edges,
            "forward": [name for what, name in ids.items()], "backward": [ids[what] for what in gradients if what in ids],
            "cost": cost.item(),
        }  # fmt: skip


def told(value: Any) -> Answer | None:
    """An array in short: its length as a vector, its range, and its numbers if they are few."""
    if not isinstance(value, np.ndarray):
        return None
    numbers = minigrad.tensor(value.astype(np.float64)).reshape(-1)
    few = numbers.numpy() if numbers.numel() <= FEW else None
    return {
        "norm": numbers.norm().item(), "min": numbers.min().item(), "mean": numbers.mean().item(), "max": numbers.max().item(),
        "numbers": few,
    }  # fmt: skip


def written(what: Any) -> str:
    """The operation of a node as it is written in minigrad, value and rules side by side; '' for a leaf."""
    for rule in what.rules if isinstance(what, Node) else ():
        if rule is not None and hasattr(rule, "__qualname__"):
            found: Any = sys.modules[rule.__module__]
            for part in rule.__qualname__.partition(".<locals>")[0].split("."):
                found = getattr(found, part, None)
            if found is not None:
                return inspect.getsource(inspect.unwrap(found))
    return ""
