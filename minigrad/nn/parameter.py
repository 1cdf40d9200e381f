"""A tensor that a module learns."""

from __future__ import annotations

from typing import Any

from minigrad.creation import zeros
from minigrad.tensor import Tensor


class Parameter(Tensor):
    """A leaf tensor that requires grad, and that a `Module` finds when it is assigned to one of its attributes.

    Shares memory with `data`.

    >>> from minigrad import nn, ones
    >>> nn.Parameter(ones(2))
    Parameter containing:
    tensor([1., 1.], requires_grad=True)
    """

    __slots__ = ()

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        if data is not None and not isinstance(data, Tensor):
            raise TypeError(
                f"a Parameter needs a tensor, not a {type(data).__name__}: nn.Parameter(minigrad.tensor(...))"
            )
        self._set(zeros(0).array if data is None else data.array)
        if data is not None:
            self._version = data._version
        self.requires_grad = requires_grad

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        return Parameter(self.detach().clone(), self.requires_grad)
