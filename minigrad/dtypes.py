"""Data types under PyTorch's names, and PyTorch's rules for mixing them.

The rules differ from NumPy's in three places, each of which would turn float32 into float64 unasked:
an integer tensor with a float32 one gives float32; a tensor of no dimensions does not widen one that has some;
a Python number never widens a tensor of its own kind.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from minigrad.dialect import dialect


class dtype:  # noqa: N801 (PyTorch's spelling)
    """A data type, `minigrad.float32` and its kin. Compares equal to NumPy's, and NumPy takes it where it takes its own.

    >>> import minigrad, numpy
    >>> minigrad.float32 == numpy.float32, minigrad.float32.is_floating_point
    (True, True)
    """

    __slots__ = ("name", "dtype", "is_floating_point")

    def __init__(self, name: str) -> None:
        self.name = name
        self.dtype: np.dtype[Any] = np.dtype(name)
        self.is_floating_point = self.dtype.kind == "f"

    @property
    def __numpy_dtype__(self) -> np.dtype[Any]:
        return self.dtype

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return self.dtype.itemsize

    @property
    def is_signed(self) -> bool:
        """True for types that hold negative numbers."""
        return self.dtype.kind in "if"

    def __eq__(self, other: object) -> bool:
        return self is other if isinstance(other, dtype) else bool(self.dtype == other)

    def __hash__(self) -> int:
        return hash(self.dtype)

    def __repr__(self) -> str:
        return f"{dialect.name}.{self.name}"

    def __reduce__(self) -> str:
        return "bool_" if self.name == "bool" else self.name  # the name it has in this module


float16, float32, float64 = dtype("float16"), dtype("float32"), dtype("float64")
uint8, int8, int16, int32, int64 = dtype("uint8"), dtype("int8"), dtype("int16"), dtype("int32"), dtype("int64")
bool_ = dtype("bool")
half, float_, double = float16, float32, float64
short, int_, long = int16, int32, int64

BY_CHAR = {d.dtype.char: d for d in (float16, float32, float64, uint8, int8, int16, int32, int64, bool_)}
for _int in (np.dtype("i"), np.dtype("l"), np.dtype("q")):  # C's long is one of the other two, by the platform
    BY_CHAR[_int.char] = int32 if _int.itemsize == 4 else int64

DTypeLike: TypeAlias = "dtype | np.dtype[Any] | type | str"

_default = [float32]


def get_default_dtype() -> dtype:
    """The floating-point type that Python floats become: float32 unless `set_default_dtype` said otherwise."""
    return _default[0]


def set_default_dtype(d: dtype) -> None:
    """Set the floating-point type that Python floats, `zeros`, `rand` and parameters have from now on.

    Raises TypeError if `d` is not a floating-point type.
    """
    if not (isinstance(d, dtype) and d.is_floating_point):
        raise TypeError(f"set_default_dtype({d}): a floating-point type is needed, such as minigrad.float64")
    _default[0] = d


def default_dtype() -> np.dtype[Any]:
    """NumPy's name for the default floating-point type."""
    return _default[0].dtype


def to_numpy(d: DTypeLike) -> np.dtype[Any]:
    """NumPy's name for `d`: one of ours, one of NumPy's, or Python's float, int, bool. TypeError for unsupported ones."""
    numpy_dtype = d.dtype if isinstance(d, dtype) else np.dtype(d)
    if numpy_dtype.char not in BY_CHAR:
        raise TypeError(
            f"dtype {numpy_dtype} is not supported: use one of {', '.join(sorted({d.name for d in BY_CHAR.values()}))}"
        )
    return BY_CHAR[numpy_dtype.char].dtype


def canonical(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array under this file's object for its dtype: unpickling makes others, equal but not identical, and bytes may lie
    in the other order."""
    own = BY_CHAR[array.dtype.char].dtype
    if array.dtype is own:
        return array
    return array.view(own) if array.dtype == own else array.astype(own)


KINDS = {"b": 0, "u": 1, "i": 1, "f": 2}  # bool, then integers, then floating point


def promote(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> np.dtype[Any]:
    """The type in which two arrays meet, by PyTorch's rules: the higher kind wins; within a kind, dimensions do."""
    type_a: np.dtype[Any] = a.dtype
    type_b: np.dtype[Any] = b.dtype
    kind_a, kind_b = KINDS[type_a.kind], KINDS[type_b.kind]
    if kind_a != kind_b:
        return type_a if kind_a > kind_b else type_b
    if (a.ndim == 0) != (b.ndim == 0):
        return type_b if a.ndim == 0 else type_a
    return np.promote_types(type_a, type_b)


def dtype_of_number(value: float, beside: np.dtype[Any]) -> np.dtype[Any]:
    """The type that a Python number takes beside a tensor of type `beside`: the tensor's, unless its kind is too low."""
    if isinstance(value, bool):
        return np.dtype(bool) if beside.kind == "b" else beside
    if isinstance(value, int):
        return int64.dtype if beside.kind == "b" else beside
    return beside if beside.kind == "f" else default_dtype()
