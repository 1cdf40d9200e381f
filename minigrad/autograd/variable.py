"""The name that tensors in a graph had before PyTorch 0.4, which older programs still use."""

from __future__ import annotations

from typing import Any

from minigrad.grad_mode import is_grad_enabled
from minigrad.tensor import Tensor


class _AnyTensor(type(Tensor)):  # type: ignore[misc]
    """`isinstance(x, Variable)` holds for every tensor."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor)


class Variable(metaclass=_AnyTensor):
    """`Variable(x)` is x: since PyTorch 0.4 every tensor can be part of a graph.

    With `requires_grad=True`, a leaf that shares the memory of `x`. `volatile` is accepted and means nothing: use `no_grad`.

    >>> import minigrad
    >>> minigrad.autograd.Variable(minigrad.ones(2), requires_grad=True)
    tensor([1., 1.], requires_grad=True)
    """

    def __new__(cls, data: Tensor, requires_grad: bool = False, volatile: bool = False) -> Any:
        """The tensor, or a leaf around its memory."""
        if not isinstance(data, Tensor):
            raise TypeError(f"Variable of a {type(data).__name__}: make it a tensor first, minigrad.tensor(x)")
        if not requires_grad or data.requires_grad:
            return data if is_grad_enabled() else data.detach()
        return data.detach().requires_grad_()
