"""Tensors that share memory: how a view was taken from its base, so that writing through either stays true."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from minigrad.errors import detached_base
from minigrad.grad_mode import recording
from minigrad.graph import Rule, apply, pass_on_retainer

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


Step: TypeAlias = "tuple[Callable[..., Any], Rule, dict[str, Any]]"  # what `apply_view` was given


class View:
    """How a tensor that shares memory was taken from its base: in steps, to be taken again when the base changes.

    Writing through one member of a family of views changes the history of them all. The write gives the base a new
    node; every other view compares, when it is next used, the base's node with the one it knew, and if they differ
    takes its own steps again from the base as it is now.
    """

    __slots__ = ("base", "before", "step", "known", "seen")

    def __init__(self, base: Tensor, before: View | None, step: Step) -> None:
        self.base = base
        self.before = before  # the view that this one was taken from, if not from the base itself
        self.step = step
        self.known = base._node
        self.seen = base._version[0]

    @property
    def steps(self) -> list[Step]:
        """The way from the base to this view."""
        way = []
        view: View | None = self
        while view is not None:
            way.append(view.step)
            view = view.before
        return way[::-1]

    def refresh(self, view: Tensor) -> None:
        """Bring the view's history up to date with its base's."""
        base = self.base
        # Both have changed: a detach_ of the base alone leaves its views as they are.
        if base._node is not self.known and base._version[0] != self.seen:
            if self.known is not None and base._version[1:] > [self.known.time]:
                raise detached_base(view, base)
            with recording(True):
                again = base._take_steps(self.steps)
            old = view._node
            view._node, view._requires_grad = again._node, again._requires_grad
            pass_on_retainer(view, old)
            self.known, self.seen = base._node, base._version[0]


def apply_view(forward: Callable[..., Any], operand: Tensor, rule: Rule, **kwargs: Any) -> Tensor:
    """Like `apply`, for an operation whose result shares the operand's memory; its rule may not close over a tensor."""
    result = apply(forward, (operand,), (rule,), **kwargs)
    result._version = operand._version
    if result._node is not None:
        result._node.version = result._version
    before = operand._view
    result._view = View(operand if before is None else before.base, before, (forward, rule, kwargs))
    return result
