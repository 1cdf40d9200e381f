"""Making tensors from data, or filled with values."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np

from minigrad.devices import check_device
from minigrad.dtypes import BY_CHAR, DTypeLike, canonical, default_dtype, to_numpy
from minigrad.graph import listening
from minigrad.tensor import Tensor, _size, wrap


def tensor(data: Any, *, dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A copy of `data`: nested lists, numbers, an array or a tensor.

    Python floats become float32 (the default dtype), integers int64, booleans bool; arrays keep their dtype.
    TypeError for what is not numbers, OverflowError for integers that do not fit an integer `dtype`.

    >>> import minigrad
    >>> minigrad.tensor([[1.0, 2.0], [3.0, 4.0]]).dtype, minigrad.tensor([1, 2]).dtype
    (minigrad.float32, minigrad.int64)
    """
    if listening.tape is not None:
        data = listening.tape.outside(data)
    if isinstance(data, Tensor):
        array = data.array.copy()
    elif listening.tape is not None and isinstance(data, np.ndarray):
        array = data.copy()
    elif isinstance(data, list | tuple) and any(isinstance(item, Tensor) for item in data):
        array = np.array([item.array if isinstance(item, Tensor) else item for item in data])
        if array.dtype == np.float64 and not any(isinstance(t, Tensor) and t.array.dtype == np.float64 for t in data):
            array = array.astype(default_dtype())
    else:
        array = np.array(data)
        if array.dtype == np.float64 and not isinstance(data, np.ndarray | np.generic) and not _holds_arrays(data):
            array = np.array(data, default_dtype()) if dtype is None else array
    if dtype is not None:
        array = _cast(array, to_numpy(dtype), "tensor")
    elif array.dtype.char not in BY_CHAR:
        raise TypeError(
            f"tensor: {type(data).__name__} data of type {array.dtype} is not numbers of a supported type: give numbers, "
            "nested lists of one shape, or pass dtype="
        )
    return _finish(canonical(array), requires_grad, device)


def _cast(array: np.ndarray[Any, Any], dtype: np.dtype[Any], name: str) -> np.ndarray[Any, Any]:
    """The array as another type; OverflowError for integers that would wrap around."""
    cast = array.astype(dtype, copy=False)
    if cast.dtype.kind in "iu" and array.dtype.kind in "iu" and cast is not array and (cast != array).any():
        raise OverflowError(
            f"{name}: {array[cast != array].flat[0]} does not fit the type {dtype}, which holds {np.iinfo(dtype).min} to "
            f"{np.iinfo(dtype).max}"
        )
    return cast


def _holds_arrays(data: Any) -> bool:
    """True if the first number of nested lists is a NumPy scalar or array, whose dtype is kept."""
    while isinstance(data, list | tuple) and data:
        data = data[0]
    return isinstance(data, np.ndarray | np.generic)


def as_tensor(data: Any, dtype: DTypeLike | None = None, device: Any = None) -> Tensor:
    """`data` as a tensor, sharing memory with an array or tensor of the right dtype."""
    check_device(device)
    made = data if isinstance(data, Tensor) else from_numpy(data) if isinstance(data, np.ndarray) else tensor(data)
    return made if dtype is None else made.to(dtype)


def from_numpy(array: np.ndarray[Any, Any]) -> Tensor:
    """The array as a tensor of the same dtype, sharing memory both ways.

    TypeError for anything but an array of a supported dtype in this machine's byte order.

    >>> import minigrad, numpy
    >>> minigrad.from_numpy(numpy.arange(3.0)).dtype
    minigrad.float64
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"from_numpy needs a NumPy array, not a {type(array).__name__}: use minigrad.tensor(...)")
    if listening.tape is not None:
        listening.tape.outside(array)
    to_numpy(array.dtype)
    if not array.dtype.isnative:
        raise TypeError(
            "from_numpy: the array's bytes are in the other order: use minigrad.tensor(array), which copies"
        )
    return wrap(canonical(np.asarray(array)))


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor that shares memory with one of another library, or with the capsule that such a library made.

    TypeError for what does not speak DLPack, or numbers of an unsupported dtype; BufferError for another device's memory.

    >>> import minigrad, numpy
    >>> array = numpy.zeros(2)
    >>> minigrad.from_dlpack(array).fill_(1.0).dtype, array
    (minigrad.float64, array([1., 1.]))
    """
    check_device(device)
    if type(ext_tensor).__name__ == "PyCapsule":
        ext_tensor = _Capsule(ext_tensor)
    elif not hasattr(ext_tensor, "__dlpack__"):
        raise TypeError(f"from_dlpack: a {type(ext_tensor).__name__} has no __dlpack__: use minigrad.tensor(...)")
    array = np.from_dlpack(ext_tensor)
    to_numpy(array.dtype)
    return wrap(canonical(array.copy() if copy else array))


class _Capsule:
    """What makes NumPy take a capsule."""

    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __dlpack__(self, **options: Any) -> Any:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


def zeros(
    *sizes: Any, size: Any = None, dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Zeros, of sizes given one by one or as a tuple."""
    return _finish(np.zeros(_size(sizes, size), _float_or(dtype)), requires_grad, device)


def ones(
    *sizes: Any, size: Any = None, dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Ones, of sizes given one by one or as a tuple."""
    return _finish(np.ones(_size(sizes, size), _float_or(dtype)), requires_grad, device)


def empty(
    *sizes: Any, size: Any = None, dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A tensor to be written into. It holds zeros, not whatever was in memory: results reproduce."""
    return zeros(*sizes, size=size, dtype=dtype, device=device, requires_grad=requires_grad)


def full(
    size: Any, fill_value: Any, *, dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """One value everywhere: floats give the default dtype, integers int64, booleans bool."""
    filled = np.full(size, fill_value if not isinstance(fill_value, Tensor) else fill_value.item())
    kind = default_dtype() if filled.dtype.kind == "f" else filled.dtype
    return _finish(_cast(filled, kind if dtype is None else to_numpy(dtype), "full"), requires_grad, device)


def zeros_like(
    input: Tensor, *, dtype: DTypeLike | None = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Zeros of the shape and dtype of another tensor."""
    return zeros(
        input.array.shape, dtype=input.dtype if dtype is None else dtype, device=device, requires_grad=requires_grad
    )


def ones_like(
    input: Tensor, *, dtype: DTypeLike | None = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Ones of the shape and dtype of another tensor."""
    return ones(
        input.array.shape, dtype=input.dtype if dtype is None else dtype, device=device, requires_grad=requires_grad
    )


def full_like(
    input: Tensor, fill_value: Any, *, dtype: DTypeLike | None = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """One value, in the shape and dtype of another tensor."""
    return full(
        input.array.shape,
        fill_value,
        dtype=input.dtype if dtype is None else dtype,
        device=device,
        requires_grad=requires_grad,
    )


empty_like = zeros_like


def arange(
    start: Any = 0, end: Any = None, step: Any = 1, *, dtype: DTypeLike | None = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers from start up to, not including, end, by step: int64 if all three are integers. `arange(end)` starts at 0.

    ValueError for a step that does not lead from start to end.

    >>> import minigrad
    >>> minigrad.arange(3), minigrad.arange(1, 2, 0.25)
    (tensor([0, 1, 2]), tensor([1.0000, 1.2500, 1.5000, 1.7500]))
    """
    if end is None:
        start, end = 0, start
    start, end, step = (b.item() if isinstance(b, Tensor | np.generic) else b for b in (start, end, step))
    if step == 0 or (end - start) * step < 0:
        raise ValueError(
            f"arange from {start} to {end} by {step}: a step leads from the start to the end, and is not 0"
        )
    if any(isinstance(b, float) for b in (start, end, step)):
        # not np.arange, which rounds the step to start + step - start
        array = start + step * np.arange(ceil((end - start) / step), dtype=np.float64)
    else:
        array = np.arange(start, end, step)
    kind = default_dtype() if array.dtype.kind == "f" else array.dtype
    return _finish(array.astype(kind if dtype is None else to_numpy(dtype)), requires_grad, device)


def linspace(
    start: Any, end: Any, steps: int, *, dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """`steps` numbers from start to end, both included, evenly spaced."""
    return _finish(np.linspace(float(start), float(end), steps).astype(_float_or(dtype)), requires_grad, device)


def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *, dtype: DTypeLike | None = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """`steps` powers of `base`, whose exponents run evenly from start to end, both included."""
    powers = np.power(float(base), np.linspace(float(start), float(end), steps))
    return _finish(powers.astype(_float_or(dtype)), requires_grad, device)


def range(
    start: Any = 0, end: Any = None, step: Any = 1, *, dtype: DTypeLike | None = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers from start up to and including end, by step, of the default floating-point type. `arange` is the usual one."""
    if end is None:
        start, end = 0, start
    n = int((end - start) / step) + 1
    return _finish((start + step * np.arange(n)).astype(_float_or(dtype)), requires_grad, device)


def tril_indices(row: int, col: int, offset: int = 0, *, dtype: DTypeLike | None = None, device: Any = None) -> Tensor:
    """The rows and the columns of a matrix's elements on and below a diagonal: (2, n), int64."""
    return _indices(np.tril_indices(row, offset, col), dtype)


def triu_indices(row: int, col: int, offset: int = 0, *, dtype: DTypeLike | None = None, device: Any = None) -> Tensor:
    """The rows and the columns of a matrix's elements on and above a diagonal: (2, n), int64."""
    return _indices(np.triu_indices(row, offset, col), dtype)


def _indices(places: Any, dtype: DTypeLike | None) -> Tensor:
    return wrap(np.stack(places).astype(np.int64 if dtype is None else to_numpy(dtype)))


def eye(
    n: int, m: int | None = None, *, dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Ones on the diagonal of an n by m (n) matrix of zeros."""
    return _finish(np.eye(n, m, dtype=_float_or(dtype)), requires_grad, device)


def _float_or(dtype: DTypeLike | None) -> np.dtype[Any]:
    return default_dtype() if dtype is None else to_numpy(dtype)


def _finish(array: Any, requires_grad: bool, device: Any = None) -> Tensor:
    if device is not None:
        check_device(device)
    made = wrap(array)
    if requires_grad:
        made.requires_grad = True
    return made
