"""Questions about types: which two meet in which, what fits into what, how far numbers reach."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.dtypes import BY_CHAR, DTypeLike, default_dtype, dtype, dtype_of_number, promote, to_numpy
from minigrad.tensor import Tensor

inf, nan, pi, e = float("inf"), float("nan"), 3.141592653589793, 2.718281828459045
newaxis = None


def promote_types(type1: DTypeLike, type2: DTypeLike) -> dtype:
    """The smallest type to which tensors of two types are converted when they meet.

    >>> import minigrad
    >>> minigrad.promote_types(minigrad.int64, minigrad.float32)
    minigrad.float32
    """
    met = promote(np.empty(1, to_numpy(type1)), np.empty(1, to_numpy(type2)))
    return BY_CHAR[met.char]


def result_type(tensor1: Any, tensor2: Any) -> dtype:
    """The type that arithmetic on two tensors, or a tensor and a number, gives."""
    a, b = tensor1, tensor2
    if not isinstance(a, Tensor):
        a, b = b, a
    if not isinstance(a, Tensor):
        kinds = [
            default_dtype() if type(x) is float else np.dtype(np.int64 if type(x) is int else bool) for x in (a, b)
        ]
        return BY_CHAR[promote(np.empty(1, kinds[0]), np.empty(1, kinds[1])).char]
    other = b.array if isinstance(b, Tensor) else np.empty((), dtype_of_number(b, a.array.dtype))
    return BY_CHAR[promote(a.array, other).char]


def can_cast(from_: DTypeLike, to: DTypeLike) -> bool:
    """Can a type be converted to another without changing its kind: no float to integer, nothing to bool?"""
    order = "buif"
    a, b = to_numpy(from_).kind, to_numpy(to).kind
    return order.index(a.replace("u", "i")) <= order.index(b.replace("u", "i"))


class finfo:  # noqa: N801 (PyTorch's spelling)
    """How far a floating-point type reaches: `min`, `max`, `eps`, `tiny`, `resolution`, `bits`. TypeError for other types."""

    def __init__(self, type: DTypeLike | None = None) -> None:
        kind = default_dtype() if type is None else to_numpy(type)
        if kind.kind != "f":
            raise TypeError(f"finfo of {kind}: it is for floating-point types, use iinfo")
        info = np.finfo(kind)
        self.bits, self.dtype = int(info.bits), kind.name
        self.min, self.max, self.eps = float(info.min), float(info.max), float(info.eps)
        self.tiny = self.smallest_normal = float(info.tiny)
        self.resolution = float(info.resolution)

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo:  # noqa: N801 (PyTorch's spelling)
    """How far an integer type reaches: `min`, `max`, `bits`. TypeError for other types."""

    def __init__(self, type: DTypeLike) -> None:
        kind = to_numpy(type)
        if kind.kind not in "iu":
            raise TypeError(f"iinfo of {kind}: it is for integer types, use finfo")
        info = np.iinfo(kind)
        self.bits, self.dtype, self.min, self.max = int(info.bits), kind.name, int(info.min), int(info.max)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"


def is_tensor(obj: Any) -> bool:
    """True for a tensor."""
    return isinstance(obj, Tensor)
