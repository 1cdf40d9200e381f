"""Tensor types as classes, the spelling of PyTorch before 0.4: `FloatTensor([1, 2])`, `x.type(LongTensor)`."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.dialect import dialect
from minigrad.dtypes import (
    bool_,
    dtype,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    set_default_dtype,
    uint8,
)
from minigrad.tensor import Size, Tensor, _size, wrap


class TensorType:
    """A dtype that makes tensors: of data, or of a shape, then filled with zeros. `isinstance(x, FloatTensor)` works.

    >>> import minigrad
    >>> minigrad.LongTensor([1, 2]), minigrad.FloatTensor(2, 3).shape
    (tensor([1, 2]), minigrad.Size([2, 3]))
    """

    def __init__(self, name: str, kind: dtype) -> None:
        self.name, self.dtype = name, kind

    def __call__(self, *data: Any) -> Tensor:
        """A tensor of this type."""
        if len(data) == 1 and not isinstance(data[0], int | Size):
            return wrap(Tensor._from_array(getattr(data[0], "array", data[0])).array.astype(self.dtype.dtype))
        return wrap(_zeros(_size(data) if data else (0,), self.dtype))

    def __instancecheck__(self, instance: Any) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is self.dtype

    def __repr__(self) -> str:
        return f"<class '{self}'>"

    def __str__(self) -> str:
        return f"{dialect.name}.{self.name}"


def _zeros(shape: tuple[int, ...], kind: dtype) -> Any:
    return np.zeros(shape, kind.dtype)


FloatTensor = TensorType("FloatTensor", float32)
DoubleTensor = TensorType("DoubleTensor", float64)
HalfTensor = TensorType("HalfTensor", float16)
LongTensor = TensorType("LongTensor", int64)
IntTensor = TensorType("IntTensor", int32)
ShortTensor = TensorType("ShortTensor", int16)
CharTensor = TensorType("CharTensor", int8)
ByteTensor = TensorType("ByteTensor", uint8)
BoolTensor = TensorType("BoolTensor", bool_)

TYPES = {t.name: t for t in (
    FloatTensor, DoubleTensor, HalfTensor, LongTensor, IntTensor, ShortTensor, CharTensor, ByteTensor, BoolTensor,
)}  # fmt: skip


def set_default_tensor_type(t: Any) -> None:
    """`set_default_dtype` by the name of a tensor type: FloatTensor or "torch.DoubleTensor"."""
    set_default_dtype((t if isinstance(t, TensorType) else TYPES[str(t).rpartition(".")[2]]).dtype)
