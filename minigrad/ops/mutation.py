"""Writing into a tensor: in-place operations, item assignment, `copy_`. Every write is differentiable, or an error.

An in-place operation is the plain operation, run on what the tensor was, whose result is copied into the tensor's
memory; the tensor takes over the result's history, and the clock's tick marks it, and all that shares its memory, as
written. So no operation needs a second set of rules, and a rule that captured the old value keeps the old value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import kernels
from minigrad.errors import GraphError, MutationError, ShapeError
from minigrad.grad_mode import is_grad_enabled
from minigrad.graph import apply, record, tick
from minigrad.ops.indexing import normalise
from minigrad.views import apply_view

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


def in_place(operation: Callable[..., Any]) -> Callable[..., Any]:
    """The in-place form of an operation: `add_ = in_place(Arithmetic.add)`."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self._replace(operation, *args, **kwargs)

    method.__name__ = operation.__name__ + "_"
    method.__qualname__ = operation.__qualname__ + "_"
    method.__doc__ = f"`{operation.__name__}`, written into this tensor's memory. Returns the tensor itself."
    return method


class Mutation:
    """What writes into a tensor."""

    __slots__ = ()

    def _replace(self: Tensor, operation: Callable[..., Any], *args: Any, **kwargs: Any) -> Tensor:
        """Write operation(self, *args) into this tensor and take over its history."""
        old = self
        if is_grad_enabled():
            others = [a for a in (*args, *kwargs.values()) if hasattr(a, "_requires_grad")]
            if self.requires_grad or any(a.requires_grad for a in others):
                self._check_writable(operation.__name__)
                old = self._before()
                args = tuple(old if a is self else a for a in args)
        result = operation(old, *args, **kwargs)
        if result.array.shape != self.array.shape:
            raise ShapeError(
                f"{operation.__name__}_: a result of shape {tuple(result.array.shape)} does not fit in place into a "
                f"tensor of shape {tuple(self.array.shape)}: use {operation.__name__}, which makes a new tensor"
            )
        self._write(result.array, operation.__name__ + "_")
        if old is not self:
            self._take_history(result)
        return self

    def _before(self: Tensor) -> Tensor:
        """This tensor as it is now, in memory of its own, with the same history."""
        old = self._wrap(self.array.copy())
        old._node, old._requires_grad = self._node, self._requires_grad
        return old

    def _check_writable(self: Tensor, name: str) -> None:
        """An error if recording a write here would lose a gradient: into a leaf that wants one, or a view of one."""
        base = self if self._view is None else self._view.base
        if base._requires_grad and base._node is None:
            what = "a leaf" if base is self else "a view of a leaf"
            raise MutationError(
                f"{name} in place on {what} that requires grad, of shape {tuple(self.array.shape)}: update parameters "
                "inside `with minigrad.no_grad():`, or work on a copy, x.clone()"
            )

    def _write(self: Tensor, values: Any, name: str) -> None:
        """Copy values into this tensor's memory and tell all that share it."""
        array = self.array
        if isinstance(values, np.ndarray) and not can_hold(array.dtype, values.dtype):
            raise TypeError(
                f"{name}: a result of type {values.dtype} cannot be written into a tensor of type {array.dtype}: "
                f"convert the tensor first, x = x.to(minigrad.{values.dtype})"
            )
        if not array.flags.writeable:
            raise MutationError(
                f"{name}: this tensor of shape {tuple(array.shape)} is expanded or read-only, several of its elements "
                "may share one place in memory: make a copy of its own first, x.clone()"
            )
        np.copyto(array, values, casting="unsafe")
        self._version[0] = tick()

    def _take_history(self: Tensor, result: Tensor) -> None:
        """Let this tensor, whose memory has just been overwritten, be the outcome of result's node."""
        if self._view is not None:
            base, steps = self._view.base, self._view.steps
            before = base._wrap(base.array)
            before._node, before._requires_grad, before._version = base._node, base._requires_grad, base._version
            base._written_through(before, result, steps)
            self._view.refresh(self)
        else:
            node = self._node
            self._node, self._requires_grad = result._node, result._requires_grad
            if node is not None and node.retainer is not None and node.retainer() is self and self._node is not None:
                node.retainer, self._node.retainer = None, node.retainer

    def _written_through(self: Tensor, before: Tensor, value: Tensor, steps: kernels.Steps) -> None:
        """Record that `value` was written into the part of this base that a view, taken by `steps`, occupies."""
        node = self._node
        record(
            self,
            kernels.write_through,
            (before, value),
            (lambda g: g._write_through(g.new_zeros(()), steps), lambda g: g._take_steps(steps)),
            {"steps": steps},
        )
        if node is not None and node.retainer is not None and node.retainer() is self:
            node.retainer, self._node.retainer = None, node.retainer

    def _write_through(self: Tensor, value: Tensor, steps: kernels.Steps) -> Tensor:
        """A copy of this tensor with `value` in the part that `steps` lead to."""
        return apply(
            kernels.write_through,
            (self, value),
            (lambda g: g._write_through(g.new_zeros(()), steps), lambda g: g._take_steps(steps)),
            steps=steps,
        )

    def _take_steps(self: Tensor, steps: kernels.Steps) -> Tensor:
        """The part of this tensor that a view's steps lead to."""
        tensor = self
        for forward, rule, kwargs in steps:
            tensor = apply_view(forward, tensor, rule, **kwargs)
        return tensor

    def __setitem__(self: Tensor, index: Any, value: Any) -> None:
        """Assign to part of this tensor, by any index that reads it; the value is broadcast to that part.

        Differentiable in both: the part's old gradient is cut off, the value receives it instead.
        """
        value = self._operand(value)
        key, basic = normalise(index)
        if basic:
            self[index].copy_(value)
        else:
            self._replace(type(self)._put, key, value)

    def _put(self: Tensor, key: Any, value: Tensor) -> Tensor:
        """A copy of this tensor in which [key] is value. The gradient goes to the values that stay: of several for one
        place, the last."""
        shape = self.array.shape
        value = value.to(self.dtype)
        return apply(
            kernels.put,
            (self, value),
            (
                lambda g: g._put(key, g.new_zeros(())),
                lambda g: g[key] * g._wrap(kernels.last_writer(shape, key)),
            ),
            index=key,
        )

    def copy_(self: Tensor, source: Any, non_blocking: bool = False) -> Tensor:
        """Write `source`, broadcast to this shape and converted to this dtype, into this tensor."""
        return self._replace(lambda old, source: _copy(old, source), self._operand(source))

    def fill_(self: Tensor, value: Any) -> Tensor:
        """Write one value into every element."""
        return self.copy_(value)

    def zero_(self: Tensor) -> Tensor:
        """Write 0 into every element."""
        return self.copy_(0)


def _copy(old: Tensor, source: Tensor) -> Tensor:
    """`source` in the shape and dtype of `old`. The old value is gone, and so is its gradient."""
    try:
        return source.to(old.dtype).expand(old.shape)
    except (ShapeError, GraphError):
        raise ShapeError(
            f"copy_: a value of shape {tuple(source.shape)} does not broadcast to the shape {tuple(old.shape)} it is "
            "written into"
        ) from None


def can_hold(to: np.dtype[Any], source: np.dtype[Any]) -> bool:
    """PyTorch's rule for results written in place: any type of the same or a lower kind (bool < integer < float)."""
    order = "buif"
    rank = {kind: max(i, 1) if kind in "ui" else i for i, kind in enumerate(order)}
    rank["u"] = rank["i"] = 1
    rank["f"], rank["b"] = 2, 0
    return rank[source.kind] <= rank[to.kind]
