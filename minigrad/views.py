"""Tensors that share memory: how a view was taken from its base, so that writing through either stays true."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minigrad.grad_mode import recording
from minigrad.graph import Rule, apply

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


class View:
    """How a tensor that shares memory was taken from its base: a list of steps, to be taken again when the base changes.

    Writing through one member of a family of views changes the history of them all. The write gives the base a new
    node; every other view compares, when it is next used, the base's node with the one it knew, and if they differ
    takes its own steps again from the base as it is now.
    """

    __slots__ = ("base", "steps", "known")

    def __init__(self, base: Tensor, steps: tuple[tuple[Callable[..., Any], Rule, dict[str, Any]], ...]) -> None:
        self.base = base
        self.steps = steps
        self.known = base._node

    def refresh(self, view: Tensor) -> None:
        """Bring the view's history up to date with its base's."""
        if self.base._node is not self.known:
            with recording(True):
                again = self.retrace(self.base)
            view._node, view._requires_grad = again._node, again._requires_grad
            self.known = self.base._node

    def retrace(self, tensor: Tensor) -> Tensor:
        """Take the same steps from `tensor`, which has the shape of the base."""
        for forward, rule, kwargs in self.steps:
            tensor = apply_view(forward, tensor, rule, **kwargs)
        return tensor


def apply_view(forward: Callable[..., Any], operand: Tensor, rule: Rule, **kwargs: Any) -> Tensor:
    """Like `apply`, for an operation whose result shares the operand's memory; its rule may not close over a tensor."""
    result = apply(forward, (operand,), (rule,), **kwargs)
    result._version = operand._version
    if result._node is not None:
        result._node.version = result._version
    parent = operand._view
    step = (forward, rule, kwargs)
    result._view = View(operand, (step,)) if parent is None else View(parent.base, (*parent.steps, step))
    return result
