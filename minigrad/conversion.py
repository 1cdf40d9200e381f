"""A tensor as something else: another dtype, numbers, an array; and new tensors in its likeness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import dtypes
from minigrad.devices import CPU, Layout, check_device, device, is_device, strided
from minigrad.dialect import dialect
from minigrad.dtypes import DTypeLike, to_numpy
from minigrad.errors import GraphError, ShapeError

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

TYPE_NAMES = {
    "float32": "Float", "float64": "Double", "float16": "Half", "int64": "Long", "int32": "Int", "int16": "Short",
    "int8": "Char", "uint8": "Byte", "bool": "Bool",
}  # fmt: skip


class Conversion:
    """Conversions, of which those between dtypes are differentiable."""

    __slots__ = ()

    @property
    def device(self: Tensor) -> device:
        """Where it lives: always the CPU."""
        return CPU

    def to(
        self: Tensor,
        *args: Any,
        dtype: DTypeLike | None = None,
        device: Any = None,
        copy: bool = False,
        non_blocking: bool = False,
        memory_format: Any = None,
    ) -> Tensor:
        """This tensor as another dtype, itself if it has it: `to(dtype)`, `to(device)`, `to(device, dtype)`, `to(other)`.

        RuntimeError for a device other than the CPU.
        """
        check_device(device)
        for i, arg in enumerate(args):
            if is_device(arg):
                check_device(arg)
            elif isinstance(arg, Conversion):
                dtype = arg.array.dtype  # type: ignore[attr-defined]
            elif isinstance(arg, bool):  # non_blocking, then copy
                copy = arg if i and isinstance(args[i - 1], bool) else copy
            elif arg is not None:
                dtype = arg
        if dtype is not None and (wanted := to_numpy(dtype)) is not self.array.dtype:
            return self.to_dtype(wanted)
        return self.clone() if copy else self

    def type(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
        """The name of its type, "minigrad.FloatTensor"; or, given a type or such a name, the tensor as that type."""
        if dtype is None:
            return f"{dialect.name}.{TYPE_NAMES[self.dtype.name]}Tensor"
        if isinstance(dtype, str) and dtype.endswith("Tensor"):
            short = dtype.rpartition(".")[2].removesuffix("Tensor")
            dtype = next((name for name, word in TYPE_NAMES.items() if word == short), dtype)
        return self.to(getattr(dtype, "dtype", dtype))

    def float(self: Tensor, memory_format: Any = None) -> Tensor:
        """As float32."""
        return self.to(dtypes.float32)

    def double(self: Tensor, memory_format: Any = None) -> Tensor:
        """As float64."""
        return self.to(dtypes.float64)

    def half(self: Tensor, memory_format: Any = None) -> Tensor:
        """As float16."""
        return self.to(dtypes.float16)

    def long(self: Tensor, memory_format: Any = None) -> Tensor:
        """As int64."""
        return self.to(dtypes.int64)

    def int(self: Tensor, memory_format: Any = None) -> Tensor:
        """As int32."""
        return self.to(dtypes.int32)

    def short(self: Tensor, memory_format: Any = None) -> Tensor:
        """As int16."""
        return self.to(dtypes.int16)

    def char(self: Tensor, memory_format: Any = None) -> Tensor:
        """As int8."""
        return self.to(dtypes.int8)

    def byte(self: Tensor, memory_format: Any = None) -> Tensor:
        """As uint8."""
        return self.to(dtypes.uint8)

    def bool(self: Tensor, memory_format: Any = None) -> Tensor:
        """As bool: True where not 0."""
        return self.to(dtypes.bool_)

    def type_as(self: Tensor, other: Tensor) -> Tensor:
        """As the dtype of another tensor."""
        return self.to(other.array.dtype)

    def cpu(self: Tensor, memory_format: Any = None) -> Tensor:
        """Itself: there is one device."""
        return self

    def cuda(self: Tensor, device: Any = None, non_blocking: Any = False) -> Tensor:
        """RuntimeError: minigrad computes on the CPU only."""
        check_device("cuda")
        return self

    def get_device(self: Tensor) -> Any:
        """-1, the number of the CPU."""
        return -1

    def is_pinned(self: Tensor, device: Any = None) -> Any:
        """False."""
        return False

    @property
    def is_meta(self: Tensor) -> Any:
        """False: every tensor has its numbers."""
        return False

    @property
    def layout(self: Tensor) -> Layout:
        """Always `strided`."""
        return strided

    def pin_memory(self: Tensor, device: Any = None) -> Tensor:
        """Itself: there is no other device to copy to."""
        return self

    def share_memory_(self: Tensor) -> Tensor:
        """Itself, unchanged: processes that a program starts get copies."""
        return self

    @property
    def is_cuda(self: Tensor) -> Any:
        """False."""
        return False

    @property
    def is_sparse(self: Tensor) -> Any:
        """False: minigrad has dense tensors only."""
        return False

    @property
    def is_quantized(self: Tensor) -> Any:
        """False: minigrad has no quantised tensors."""
        return False

    def to_dense(self: Tensor) -> Tensor:
        """Itself: it is dense."""
        return self

    def numpy(self: Tensor, *, force: Any = False) -> np.ndarray[Any, Any]:
        """The array itself, sharing memory. GraphError if the tensor requires grad: detach it first, or `force=True`."""
        if self.requires_grad and not force:
            raise GraphError("numpy() on a tensor that requires grad would lose its gradient: use x.detach().numpy()")
        return self.array

    def item(self: Tensor) -> Any:
        """Its one element as a Python number. ShapeError if it has more, or none."""
        if self.array.size != 1:
            raise ShapeError(
                f"a tensor of shape {tuple(self.array.shape)} is not one number: use x.tolist(), or index it"
            )
        return self.array.item()

    def tolist(self: Tensor) -> Any:
        """Its elements as Python numbers, in nested lists."""
        return self.array.tolist()

    def data_ptr(self: Tensor) -> Any:
        """The address of its first element."""
        return self.array.__array_interface__["data"][0]

    def element_size(self: Tensor) -> Any:
        """Bytes per element."""
        return self.array.itemsize

    @property
    def itemsize(self: Tensor) -> Any:
        """Bytes per element."""
        return self.array.itemsize

    def stride(self: Tensor, dim: Any = None) -> Any:
        """How many elements lie between neighbours along each dimension, or along one."""
        steps = tuple(n // self.array.itemsize for n in self.array.strides)
        return steps if dim is None else steps[dim]

    def storage_offset(self: Tensor) -> Any:
        """How many elements of the memory it shares lie before its first."""
        base: Any = self.array
        while base.base is not None and isinstance(base.base, np.ndarray):
            base = base.base
        return (self.array.ctypes.data - base.ctypes.data) // self.array.itemsize

    def is_complex(self: Tensor) -> Any:
        """False: there are no complex numbers here."""
        return False

    def is_signed(self: Tensor) -> Any:
        """True if the type has negative numbers."""
        return self.array.dtype.kind in "if"

    def is_nonzero(self: Tensor) -> Any:
        """True if its one element is not 0."""
        return bool(self)

    def is_same_size(self: Tensor, other: Tensor) -> Any:
        """True if another tensor has the same shape."""
        return self.array.shape == other.array.shape

    @property
    def name(self: Tensor) -> Any:
        """None: tensors have no names."""
        return None

    @property
    def nbytes(self: Tensor) -> Any:
        """Bytes of all its elements."""
        return self.array.nbytes

    def storage(self: Tensor) -> Any:
        """NotImplementedError: minigrad has no storages."""
        raise NotImplementedError(
            "storage(): minigrad has no storages; x.numpy() is the memory, x.data_ptr() its address"
        )

    untyped_storage = storage

    def new_tensor(
        self: Tensor, data: Any, *, dtype: DTypeLike | None = None, device: Any = None, requires_grad: Any = False
    ) -> Tensor:
        """A copy of `data` with this tensor's dtype, or another."""
        array = self._from_array(getattr(data, "array", data)).array
        return self._new(array.astype(self.array.dtype if dtype is None else to_numpy(dtype)), device, requires_grad)

    def new_empty(
        self: Tensor, *size: Any, dtype: DTypeLike | None = None, device: Any = None, requires_grad: Any = False
    ) -> Tensor:
        """Zeros of a shape in this tensor's dtype: memory is not left as it was found."""
        return self.new_zeros(*size, dtype=dtype, device=device, requires_grad=requires_grad)

    def new_zeros(
        self: Tensor, *size: Any, dtype: DTypeLike | None = None, device: Any = None, requires_grad: Any = False
    ) -> Tensor:
        """Zeros with this tensor's dtype, or another."""
        zeros = np.zeros(_sizes_of(size), self.array.dtype if dtype is None else to_numpy(dtype))
        return self._new(zeros, device, requires_grad)

    def new_ones(
        self: Tensor, *size: Any, dtype: DTypeLike | None = None, device: Any = None, requires_grad: Any = False
    ) -> Tensor:
        """Ones with this tensor's dtype, or another."""
        ones = np.empty(_sizes_of(size), self.array.dtype if dtype is None else to_numpy(dtype))
        ones.fill(1)
        return self._new(ones, device, requires_grad)

    def _new(self: Tensor, array: Any, device: Any, requires_grad: Any) -> Tensor:
        if device is not None:
            check_device(device)
        made = self._wrap(array)
        return made.requires_grad_() if requires_grad else made

    def _ones(self: Tensor) -> Tensor:
        """Ones of this shape and dtype."""
        array = self.array
        if not array.shape:
            return self._wrap(np.array(1, array.dtype))
        ones = np.empty(array.shape, array.dtype)
        ones.fill(1)
        return self._wrap(ones)

    def new_full(
        self: Tensor, size: Any, fill_value: Any, *, dtype: DTypeLike | None = None, device: Any = None,
        requires_grad: Any = False,
    ) -> Tensor:  # fmt: skip
        """One value, with this tensor's dtype, or another."""
        full = np.full(size, fill_value, self.array.dtype if dtype is None else to_numpy(dtype))
        return self._new(full, device, requires_grad)

    def new(self: Tensor, *data: Any) -> Tensor:
        """A new tensor of this dtype, of data or of a shape: the old spelling of `new_tensor` and `new_empty`."""
        if data and not isinstance(data[0], int | np.integer | tuple):
            return self.new_tensor(data[0])
        return self.new_zeros(*(data or (0,)))


def _sizes_of(sizes: Any) -> tuple[int, ...]:
    """Sizes given one by one, or as one tuple or list."""
    return tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], tuple | list) else tuple(sizes)
