"""Borders as modules: for inputs (N, C, ...) or (C, ...)."""

from __future__ import annotations

from typing import Any, ClassVar

from minigrad.nn import functional as F  # noqa: N812
from minigrad.nn.module import Module
from minigrad.tensor import Tensor


class _Pad(Module):
    dims: ClassVar[int]
    mode: ClassVar[str]

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = tuple(padding) if isinstance(padding, tuple | list) else (padding,) * (2 * self.dims)

    def forward(self, input: Tensor) -> Tensor:
        """The input with its borders."""
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        """How wide they are."""
        return f"{self.padding}"


class _ConstantPad(_Pad):
    mode = "constant"

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """The input with its borders."""
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        """How wide they are, and of what."""
        return f"padding={self.padding}, value={self.value}"


class _ZeroPad(_ConstantPad):
    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """How wide they are."""
        return f"{self.padding}"


class ConstantPad1d(_ConstantPad):
    """A number before and after the last dimension: padding is one width, or (left, right)."""

    dims = 1


class ConstantPad2d(_ConstantPad):
    """A number around the last two dimensions: padding is one width, or (left, right, top, bottom).

    >>> from minigrad import nn, ones
    >>> nn.ConstantPad2d((1, 0, 0, 1), 7)(ones(1, 1, 2))
    tensor([[[7., 1., 1.],
             [7., 7., 7.]]])
    """

    dims = 2


class ConstantPad3d(_ConstantPad):
    """A number around the last three dimensions: padding is one width, or (left, right, top, bottom, front, back)."""

    dims = 3


class ZeroPad1d(_ZeroPad):
    """Zeros before and after the last dimension."""

    dims = 1


class ZeroPad2d(_ZeroPad):
    """Zeros around the last two dimensions."""

    dims = 2


class ZeroPad3d(_ZeroPad):
    """Zeros around the last three dimensions."""

    dims = 3


class ReflectionPad1d(_Pad):
    """The last dimension continued by its reflection, without the edge itself."""

    dims, mode = 1, "reflect"


class ReflectionPad2d(_Pad):
    """The last two dimensions continued by their reflection, without the edge itself."""

    dims, mode = 2, "reflect"


class ReflectionPad3d(_Pad):
    """The last three dimensions continued by their reflection, without the edge itself."""

    dims, mode = 3, "reflect"


class ReplicationPad1d(_Pad):
    """The last dimension continued by its edge."""

    dims, mode = 1, "replicate"


class ReplicationPad2d(_Pad):
    """The last two dimensions continued by their edge."""

    dims, mode = 2, "replicate"


class ReplicationPad3d(_Pad):
    """The last three dimensions continued by their edge."""

    dims, mode = 3, "replicate"


class CircularPad1d(_Pad):
    """The last dimension continued by its other end."""

    dims, mode = 1, "circular"


class CircularPad2d(_Pad):
    """The last two dimensions continued by their other end."""

    dims, mode = 2, "circular"


class CircularPad3d(_Pad):
    """The last three dimensions continued by their other end."""

    dims, mode = 3, "circular"
