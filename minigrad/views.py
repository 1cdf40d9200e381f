"""Tensors that share memory: how a view was taken from its base, so that writing through either stays true."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from minigrad.errors import lost_base
from minigrad.grad_mode import grad_mode, recording
from minigrad.graph import Rule, apply, listening, pass_on_retainer, record

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


Step: TypeAlias = "tuple[Callable[..., Any], Rule, dict[str, Any]]"  # what `apply_view` was given


class View:
    """How a tensor that shares memory was taken from its base: in steps, to be taken again when the base changes.

    Writing through one member of a family of views changes the history of them all. The write gives the base a new node;
    every other view compares, when it is next used, what it knew of the base with how the base is now, and if it was
    written to and has another node, takes its own steps again.
    """

    __slots__ = ("base", "before", "step", "node", "written", "detached")

    def __init__(self, base: Tensor, before: View | None, step: Step) -> None:
        self.base = base
        self.before = before  # the view that this one was taken from, if not from the base itself
        self.step = step
        self.node, self.written, self.detached = base._node, base._version[0], base._detached  # as `note` does

    def note(self) -> None:
        """Remember how the base is now: the operation it came from, its last write, its last detach_()."""
        self.node = self.base._node
        self.written = self.base._version[0]
        self.detached = self.base._detached

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
        """Bring the view's history up to date with its base's. MutationError where there is no telling what it is."""
        base = self.base
        if view._version is not base._version:  # `base.data =` gave it other memory
            if view._version[0] != self.written:
                raise lost_base(view, base, "given another array by .data =")
            view._view = None
        elif view._version[0] != self.written:
            if base._detached != self.detached:
                raise lost_base(view, base, "taken out of the graph by detach_()")
            if base._node is not self.node:
                with recording(True):
                    again = base._take_steps(self.steps)
                old = view._node
                view._node, view._requires_grad = again._node, again._requires_grad
                pass_on_retainer(view, old)
                self.note()


def as_result(view: Tensor) -> Tensor:
    """A view of a result that nobody else holds, as a result of its own: it may be detached, and written to without a base."""
    view._view = None
    return view


def apply_view(forward: Callable[..., Any], operand: Tensor, rule: Rule, **kwargs: Any) -> Tensor:
    """Like `apply`, for an operation whose result shares the operand's memory; its rule may not close over a tensor,
    because the step is kept, and taken again after writes."""
    before = operand._view
    if listening.tape is not None:
        result = apply(forward, (operand,), (rule,), **kwargs)
    else:  # as `apply` does, without its detours
        result = operand._wrap(forward(operand.array, **kwargs))
        if (operand._requires_grad or before is not None) and grad_mode.get()[-1].enabled:
            record(result, forward, (operand,), (rule,), kwargs)
    result._version = operand._version
    if result._node is not None:
        result._node.version = result._version
    base = operand if before is None else before.base
    if not base._viewed:
        base._viewed = True
    result._view = View(base, before, (forward, rule, kwargs))
    return result
