"""Writing into a tensor: in-place operations, item assignment, `copy_`. Every write is differentiable, or an error.

An in-place operation is the plain operation, run on what the tensor was, whose result is copied into the tensor's
memory; the tensor takes over the result's history, and the clock's tick marks it, and all that shares its memory, as
written. So no operation needs a second set of rules. The write's own rules see the value from before; rules of earlier
operations that need it raise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import kernels
from minigrad.clock import wrote
from minigrad.dtypes import KINDS
from minigrad.errors import MutationError, ShapeError, broadcasts_to
from minigrad.grad_mode import is_grad_enabled
from minigrad.graph import Rule, apply, pass_on_retainer, record
from minigrad.ops.indexing import index_error, normalise, select_first
from minigrad.views import apply_view

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


def in_place(operation: Callable[..., Any]) -> Callable[..., Any]:
    """The in-place form of an operation: `add_ = in_place(Arithmetic.add)`."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self._replace(name, operation, *args, **kwargs)

    name = method.__name__ = operation.__name__ + "_"
    method.__qualname__ = operation.__qualname__ + "_"
    method.__doc__ = f"`{operation.__name__}`, written into this tensor's memory. Returns the tensor itself."
    return method


class Mutation:
    """What writes into a tensor."""

    __slots__ = ()

    def _replace(self: Tensor, name: str, operation: Callable[..., Any], *args: Any, **kwargs: Any) -> Tensor:
        """Write operation(self, *args) into this tensor and take over its history. Errors call the write `name`."""
        old = self
        if is_grad_enabled():
            others = [a for a in (*args, *kwargs.values()) if hasattr(a, "_requires_grad")]
            in_graph = self.requires_grad or (self._view is not None and self._view.base._requires_grad)
            if in_graph or any(a.requires_grad for a in others):
                self._check_writable(name)
                old = self._before()
                args = tuple(old if a is self else a for a in args)
                kwargs = {key: old if a is self else a for key, a in kwargs.items()}
        result = operation(old, *args, **kwargs)
        if result.array.shape != self.array.shape:
            raise ShapeError(
                f"{name}: a result of shape {tuple(result.array.shape)} does not fit in place into a tensor of shape "
                f"{tuple(self.array.shape)}: use {name.strip('_')}, which makes a new tensor"
            )
        self._write(result.array, name)
        if old is not self:
            self._take_history(result)
        return self

    def _before(self: Tensor) -> Tensor:
        """This tensor as it is now, in memory of its own, with the same history."""
        old = self._wrap(self.array.copy())
        old._node, old._requires_grad = self._node, self._requires_grad
        return old

    def _check_writable(self: Tensor, name: str) -> None:
        """An error if a write here would lose a gradient: into a leaf that wants one, a view of one, or a view that was
        itself not recorded."""
        base = self if self._view is None else self._view.base
        for leaf, what in ((self, "a leaf"), (base, f"a view, of shape {tuple(self.array.shape)}, of a leaf")):
            if leaf._requires_grad and leaf._node is None:
                raise MutationError(
                    f"{name} on {what} that requires grad, of shape {tuple(leaf.array.shape)}, would lose its gradient: "
                    "update parameters inside `with minigrad.no_grad():`, or work on a copy, x.clone()"
                )
        if base._requires_grad and not self._requires_grad:
            raise MutationError(
                f"{name} on a view, of shape {tuple(self.array.shape)}, that was taken under no_grad() of a result that "
                "requires grad: take the view again outside, or write to it under no_grad() too"
            )

    def _write(self: Tensor, values: Any, name: str) -> None:
        """Copy values into this tensor's memory and tell all that share it."""
        array = self.array
        if isinstance(values, np.ndarray) and KINDS[values.dtype.kind] > KINDS[array.dtype.kind]:
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
        wrote(self)

    def _take_history(self: Tensor, result: Tensor) -> None:
        """Let this tensor, whose memory has just been overwritten, be the outcome of result's node."""
        if self._view is not None:
            base, steps = self._view.base, self._view.steps
            before = base._wrap(base.array)
            before._node, before._requires_grad, before._version = base._node, base._requires_grad, base._version
            base._record_write_through(before, result, steps)
            self._view.refresh(self)
        else:
            node = self._node
            self._node, self._requires_grad = result._node, result._requires_grad
            if self._node is not None and self._node.dtype is not self.array.dtype:
                self._node.fits = False
            pass_on_retainer(self, node)

    def _record_write_through(self: Tensor, before: Tensor, value: Tensor, steps: kernels.Steps) -> None:
        """Record that `value` was written into the part of this base that a view, taken by `steps`, occupies."""
        node = self._node
        record(self, kernels.write_through, (before, value), _write_through(steps), {"steps": steps})
        pass_on_retainer(self, node)

    def _write_through(self: Tensor, value: Tensor, steps: kernels.Steps) -> Tensor:
        """A copy of this tensor with `value` in the part that `steps` lead to."""
        return apply(kernels.write_through, (self, value), _write_through(steps), steps=steps)

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
            self[index]._assign("item assignment", value)
        else:
            part, key = select_first(self, key)
            part._replace("item assignment", type(self)._put, key, value)

    def _put(self: Tensor, key: Any, value: Tensor) -> Tensor:
        """A copy of this tensor in which [key] is value. The gradient goes to the values that stay: of several for one
        place, the last."""
        shape = self.array.shape
        value = value.to(self.dtype)
        if value.array.ndim and value.array.shape[0] == 1:
            value = _without_leading_ones(value, self.array[key].ndim)
        try:
            return apply(
                kernels.put,
                (self, value),
                (
                    lambda g: g._put(key, g.new_zeros(())),
                    lambda g: g[key] * g._wrap(kernels.last_writer(shape, key)),
                ),
                index=key,
            )
        except IndexError as error:
            raise index_error(shape, key, error) from None
        except (ShapeError, TypeError):
            raise _does_not_fit("item assignment", value, self.array[key].shape) from None

    def _assign(self: Tensor, name: str, value: Tensor) -> Tensor:
        """Write `value` over all of this tensor."""
        shape = self.array.shape
        fitted = _without_leading_ones(value, len(shape))
        if not broadcasts_to(fitted.array.shape, shape):
            raise _does_not_fit(name, value, shape)
        return self._replace(name, _copy, fitted)

    def copy_(self: Tensor, source: Any, non_blocking: bool = False) -> Tensor:
        """Write `source`, broadcast to this shape and converted to this dtype, into this tensor."""
        return self._assign("copy_", self._operand(source))

    def fill_(self: Tensor, value: Any) -> Tensor:
        """Write one value into every element."""
        return self._assign("fill_", self._operand(value))

    def zero_(self: Tensor) -> Tensor:
        """Write 0 into every element."""
        return self._assign("zero_", self._operand(0))


def _write_through(steps: kernels.Steps) -> tuple[Rule, Rule]:
    """The rules of a base and a value written into part of it: the base has its gradient elsewhere, the value there."""
    return lambda g: g._write_through(g.new_zeros(()), steps), lambda g: g._take_steps(steps)


def _copy(old: Tensor, source: Tensor) -> Tensor:
    """`source` in the shape and dtype of `old`. The old value is gone, and so is its gradient."""
    return apply(np.broadcast_to, (source.to(old.dtype),), (lambda g: g,), shape=old.array.shape)


def _without_leading_ones(value: Tensor, ndim: int) -> Tensor:
    """A value with at most `ndim` dimensions, if those too many have size 1: PyTorch lets them pass in assignments."""
    shape = value.array.shape
    extra = max(len(shape) - ndim, 0)
    return value.reshape(shape[extra:]) if extra and set(shape[:extra]) == {1} else value


def _does_not_fit(name: str, value: Tensor, shape: tuple[int, ...]) -> ShapeError:
    return ShapeError(
        f"{name}: a value of shape {tuple(value.array.shape)} does not broadcast to shape {tuple(shape)}, which it is "
        "written into"
    )
