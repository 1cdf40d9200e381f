"""Gradients as values, `grad`, and backward passes from several tensors at once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from minigrad.backward import backward as _backward
from minigrad.backward import retain, seed_for, target_of
from minigrad.errors import GraphError
from minigrad.grad_mode import enable_grad, no_grad, recording, set_grad_enabled
from minigrad.graph import backpropagate, line_of
from minigrad.tensor import Tensor

__all__ = ["backward", "enable_grad", "grad", "no_grad", "set_grad_enabled"]


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """`Tensor.backward` for several tensors at once: the gradients of their sum, each weighted with its `grad_tensors`.

    >>> import minigrad
    >>> w = minigrad.tensor(3.0, requires_grad=True)
    >>> minigrad.autograd.backward([w * w, 4 * w])
    >>> w.grad
    tensor(10.)
    """
    roots, gradients = _seeds(tensors, grad_tensors, "backward: {} tensors but {} grad_tensors")
    _backward(roots, gradients, retain_graph, create_graph, inputs)


def _seeds(
    outputs: Tensor | Sequence[Tensor], gradients: Tensor | Sequence[Tensor | None] | None, mismatch: str
) -> tuple[Sequence[Tensor], Sequence[Tensor | None]]:
    """Where a backward pass starts, as two lists of one length."""
    outputs = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    if gradients is None:
        gradients = [None] * len(outputs)
    gradients = [gradients] if isinstance(gradients, Tensor) else list(gradients)
    if len(gradients) != len(outputs):
        raise GraphError(mismatch.format(len(outputs), len(gradients)) + ": give one for each, or None")
    return outputs, gradients


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of `outputs` with respect to each of `inputs`; no leaf's `.grad` is touched.

    Args:
        outputs: tensors of one element, or of any shape with `grad_outputs` of the same shapes; their gradients add up.
        inputs: leaves or intermediate results, each requiring grad.
        create_graph: record the gradients' own computation, so that they can be differentiated in turn.
        allow_unused: give None for an input that no output depends on, instead of an error.
        materialize_grads: give zeros for such an input.

    Raises GraphError for an input that is not part of the graph (unless allowed), or a graph that was freed.

    >>> import minigrad
    >>> x = minigrad.tensor(2.0, requires_grad=True)
    >>> (first,) = minigrad.autograd.grad(x**3, x, create_graph=True)
    >>> (second,) = minigrad.autograd.grad(first, x)
    >>> first.item(), second.item()
    (12.0, 12.0)
    """
    outputs, grad_outputs = _seeds(outputs, grad_outputs, "grad: {} outputs but {} grad_outputs")
    inputs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    for i, tensor in enumerate(inputs):
        if not tensor.requires_grad:
            raise GraphError(
                f"grad: input {i}, of shape {tuple(tensor.shape)}, does not require grad: requires_grad_() it first"
            )
    seeds = [seed_for(out, start, "grad()") for out, start in zip(outputs, grad_outputs, strict=True)]
    targets = [target_of(tensor) for tensor in inputs]
    found: dict[Any, Tensor] = {}
    keep = create_graph if retain_graph is None else retain_graph
    with recording(create_graph):
        sought = set(targets)
        here = ("grad()", *line_of(sys._getframe(1)))
        for target, gradient in backpropagate(seeds, wanted=targets, keep=keep, freed_by=here):
            if target in sought:
                found[target] = gradient
            retain(target, gradient)
    results: list[Tensor | None] = []
    for i, (tensor, target) in enumerate(zip(inputs, targets, strict=True)):
        result = found.get(target)
        if result is None and materialize_grads:
            result = tensor.new_zeros(tensor.array.shape)
        elif result is None and not allow_unused:
            raise GraphError(
                f"grad: the outputs do not depend on input {i}, of shape {tuple(tensor.shape)}: pass allow_unused=True to "
                "get None for it, or materialize_grads=True for zeros"
            )
        results.append(result)
    return tuple(results)
