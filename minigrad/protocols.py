"""What Python and NumPy expect of an object that holds numbers: truth, length, iteration, printing, copying, ufuncs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import formatting
from minigrad.clock import wrote
from minigrad.dtypes import canonical
from minigrad.errors import GraphError, ShapeError
from minigrad.grad_mode import is_grad_enabled

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


class Protocols:
    """The double-underscore methods that are no operations."""

    __slots__ = ()
    __array_priority__ = 1000  # before NumPy's own arrays

    def __reversed__(self: Tensor) -> Tensor:
        return self.flip(0) if self.array.ndim else self

    def __bool__(self: Tensor) -> bool:
        if self.array.size != 1:
            raise ShapeError(
                f"the truth of a tensor of shape {tuple(self.array.shape)} is ambiguous: use x.any(), x.all(), or "
                "x.equal(y) for x == y"
            )
        return bool(self.array.item())

    def __float__(self: Tensor) -> Any:
        return self._number(float)

    def __int__(self: Tensor) -> Any:
        return self._number(int)

    def __index__(self: Tensor) -> Any:
        if self.array.dtype.kind == "f" or self.array.size != 1:
            raise TypeError(
                f"a tensor of type {self.array.dtype} and shape {tuple(self.array.shape)} cannot be an index: use x.long()"
            )
        return int(self.item())

    def _number(self: Tensor, kind: type) -> Any:
        if self.array.size != 1:
            raise ShapeError(
                f"{kind.__name__}() of a tensor of shape {tuple(self.array.shape)}: only one element can become a number "
                f"(math functions too: use the method, as in x.exp())"
            )
        return kind(self.array.item())

    def __len__(self: Tensor) -> Any:
        if self.array.ndim == 0:
            raise TypeError("len() of a tensor of no dimensions: use x.numel()")
        return len(self.array)

    def __iter__(self: Tensor) -> Iterator[Tensor]:
        if self.array.ndim == 0:
            raise TypeError("iteration over a tensor of no dimensions: use x.item() for its number")
        return iter(self.unbind(0))

    def __contains__(self: Tensor, value: Any) -> Any:
        if not isinstance(value, Protocols | int | float | np.generic):
            raise RuntimeError(f"in: a tensor holds numbers, not a {type(value).__name__}")
        return bool((self == value).array.any())

    def __repr__(self: Tensor) -> str:
        return formatting.represent(self)

    def __format__(self: Tensor, spec: str) -> str:
        if self.array.ndim == 0:
            return format(self.array.item(), spec)
        if spec:
            raise TypeError(
                f"format {spec!r} of a tensor of shape {tuple(self.array.shape)}: only a tensor of no dimensions is "
                "formatted as a number; use x.item(), or format the numbers of x.tolist()"
            )
        return str(self)

    def __reduce_ex__(self: Tensor, protocol: Any) -> Any:
        node = self.grad_fn
        if node is not None:
            raise GraphError(f"the result of {node.name} cannot be copied or pickled with its graph: use x.detach()")
        return _rebuild, (type(self), self.array.copy(), self._requires_grad, self._grad, dict(self.__dict__))

    # ── what NumPy expects ───────────────────────────────────────────────────────────────────────────────────────────

    def __array__(self: Tensor, dtype: Any = None, copy: Any = None) -> np.ndarray[Any, Any]:
        return np.array(self.numpy(), dtype, copy=copy)

    def __dlpack__(
        self: Tensor, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: Any = None
    ) -> Any:
        """Its memory, for another library. BufferError if it requires grad: detach it first."""
        if self.requires_grad:
            raise BufferError("a tensor that requires grad cannot be exported by DLPack: use x.detach()")
        return self.array.__dlpack__(max_version=max_version, dl_device=dl_device, copy=copy)

    def __dlpack_device__(self: Tensor) -> tuple[int, int]:
        return 1, 0  # the CPU

    def __array_ufunc__(self: Tensor, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """NumPy's functions on tensors: the operation of the same name where there is one, so `np.exp(x)` is `x.exp()`."""
        name = _UFUNCS.get(ufunc.__name__, ufunc.__name__)
        operation = getattr(type(self), name, None)
        if method == "__call__" and not kwargs and operation is not None:
            first = inputs[0] if isinstance(inputs[0], Protocols) else self._operand(inputs[0])
            return operation(first, *inputs[1:])
        outs = kwargs.get("out", ())
        written: Any = [x for x in (inputs[:1] if method == "at" else outs) if isinstance(x, Protocols)]
        if any(getattr(x, "requires_grad", False) for x in (*inputs, *outs)):
            raise GraphError(
                f"np.{ufunc.__name__} of a tensor that requires grad would lose its gradient: use minigrad's operations, "
                "or x.detach()"
            )
        if is_grad_enabled():
            for x in written:
                x._check_writable(f"np.{ufunc.__name__}")
        if outs:
            kwargs["out"] = tuple(map(_bare, outs))
        result = getattr(ufunc, method)(*map(_bare, inputs), **kwargs)
        wrote(*written)
        if outs:
            return outs if len(outs) > 1 else outs[0]
        return self._wrap(result) if isinstance(result, np.ndarray | np.generic) else result


_UFUNCS = {
    "subtract": "sub", "multiply": "mul", "divide": "div", "true_divide": "div", "negative": "neg", "power": "pow",
    "absolute": "abs", "rint": "round", "equal": "eq", "not_equal": "ne", "less": "lt", "less_equal": "le",
    "greater": "gt", "greater_equal": "ge", "invert": "bitwise_not",
}  # fmt: skip


def _bare(x: Any) -> Any:
    """The array of a tensor; anything else as it is."""
    return x.array if hasattr(x, "_version") else x


def _rebuild(
    kind: type[Tensor], array: np.ndarray[Any, Any], requires_grad: bool, grad: Tensor | None, extra: dict[str, Any]
) -> Tensor:
    """A copied or unpickled tensor."""
    tensor = object.__new__(kind)
    tensor._set(canonical(array))
    tensor._requires_grad, tensor._grad = requires_grad, grad
    tensor.__dict__.update(extra)
    return tensor
