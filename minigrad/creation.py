"""Making tensors from data, or filled with values."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.dtypes import BY_CHAR, DTypeLike, default_dtype, to_numpy
from minigrad.tensor import Tensor, _size, wrap


def tensor(data: Any, *, dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A copy of `data`: nested lists, numbers, an array or a tensor.

    Python floats become float32 (the default dtype), integers int64, booleans bool; arrays keep their dtype.

    >>> import minigrad
    >>> minigrad.tensor([[1.0, 2.0], [3.0, 4.0]]).dtype, minigrad.tensor([1, 2]).dtype
    (minigrad.float32, minigrad.int64)
    """
    if isinstance(data, Tensor):
        array = data.array.copy()
    elif isinstance(data, list | tuple) and any(isinstance(item, Tensor) for item in data):
        array = np.array([item.tolist() if isinstance(item, Tensor) else item for item in data])
        array = array.astype(default_dtype()) if array.dtype.kind == "f" else array
    else:
        array = np.array(data)
        if array.dtype == np.float64 and not isinstance(data, np.ndarray | np.generic) and not _holds_arrays(data):
            array = np.array(data, default_dtype()) if dtype is None else array
    if dtype is not None:
        array = array.astype(to_numpy(dtype), copy=False)
    elif array.dtype.char not in BY_CHAR:
        raise TypeError(
            f"tensor: {type(data).__name__} data of type {array.dtype} is not numbers of a supported type: give numbers, "
            "nested lists of one shape, or pass dtype="
        )
    return _finish(array, requires_grad)


def _holds_arrays(data: Any) -> bool:
    """True if the first number of nested lists is a NumPy scalar or array, whose dtype is kept."""
    while isinstance(data, list | tuple) and data:
        data = data[0]
    return isinstance(data, np.ndarray | np.generic)


def as_tensor(data: Any, dtype: DTypeLike | None = None, device: Any = None) -> Tensor:
    """`data` as a tensor, sharing memory with an array or tensor of the right dtype."""
    made = data if isinstance(data, Tensor) else from_numpy(data) if isinstance(data, np.ndarray) else tensor(data)
    return made if dtype is None else made.to(dtype)


def from_numpy(array: np.ndarray[Any, Any]) -> Tensor:
    """The array as a tensor of the same dtype, sharing memory both ways.

    TypeError for anything but an array of a supported dtype.

    >>> import minigrad, numpy
    >>> minigrad.from_numpy(numpy.arange(3.0)).dtype
    minigrad.float64
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"from_numpy needs a NumPy array, not a {type(array).__name__}: use minigrad.tensor(...)")
    to_numpy(array.dtype)
    return wrap(array)


def zeros(*size: Any, dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros, of sizes given one by one or as a tuple."""
    return _finish(np.zeros(_size(size), _float_or(dtype)), requires_grad)


def ones(*size: Any, dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones, of sizes given one by one or as a tuple."""
    return _finish(np.ones(_size(size), _float_or(dtype)), requires_grad)


def empty(*size: Any, dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor to be written into. It holds zeros, not whatever was in memory: results reproduce."""
    return zeros(*size, dtype=dtype, requires_grad=requires_grad)


def full(
    size: Any, fill_value: Any, *, dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """One value everywhere: floats give the default dtype, integers int64, booleans bool."""
    filled = np.full(size, fill_value if not isinstance(fill_value, Tensor) else fill_value.item())
    kind = default_dtype() if filled.dtype.kind == "f" else filled.dtype
    return _finish(filled.astype(kind if dtype is None else to_numpy(dtype)), requires_grad)


def zeros_like(
    input: Tensor, *, dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Zeros of the shape and dtype of another tensor."""
    return zeros(input.array.shape, dtype=input.dtype if dtype is None else dtype, requires_grad=requires_grad)


def ones_like(
    input: Tensor, *, dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Ones of the shape and dtype of another tensor."""
    return ones(input.array.shape, dtype=input.dtype if dtype is None else dtype, requires_grad=requires_grad)


def full_like(
    input: Tensor, fill_value: Any, *, dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """One value, in the shape and dtype of another tensor."""
    return full(
        input.array.shape, fill_value, dtype=input.dtype if dtype is None else dtype, requires_grad=requires_grad
    )


empty_like = zeros_like


def arange(*bounds: Any, dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Numbers from start (0) up to, not including, end, by step (1): int64 if all three are integers."""
    array = np.arange(*[b.item() if isinstance(b, Tensor) else b for b in bounds])
    kind = default_dtype() if array.dtype.kind == "f" else array.dtype
    return _finish(array.astype(kind if dtype is None else to_numpy(dtype)), requires_grad)


def linspace(
    start: Any, end: Any, steps: int, *, dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """`steps` numbers from start to end, both included, evenly spaced."""
    return _finish(np.linspace(float(start), float(end), steps).astype(_float_or(dtype)), requires_grad)


def eye(
    n: int, m: int | None = None, *, dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Ones on the diagonal of an n by m (n) matrix of zeros."""
    return _finish(np.eye(n, m, dtype=_float_or(dtype)), requires_grad)


def _float_or(dtype: DTypeLike | None) -> np.dtype[Any]:
    return default_dtype() if dtype is None else to_numpy(dtype)


def _finish(array: Any, requires_grad: bool) -> Tensor:
    made = wrap(array)
    if requires_grad:
        made.requires_grad = True
    return made
