"""Tensors that a module learns, keeps, or has yet to be given a shape for."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.creation import zeros
from minigrad.devices import check_device
from minigrad.dtypes import BY_CHAR, DTypeLike, default_dtype, dtype, to_numpy
from minigrad.tensor import Tensor

__all__ = ["Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter", "is_lazy"]


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


class Buffer(Tensor):
    """A tensor that a `Module` keeps as a buffer when it is assigned to one of its attributes: part of the state, not learned.

    Shares memory with `data`. Not saved unless `persistent`.

    >>> from minigrad import nn, zeros
    >>> module = nn.Module()
    >>> module.seen = nn.Buffer(zeros(3))
    >>> list(module.state_dict())
    ['seen']
    """

    __slots__ = ()

    persistent: bool

    def __init__(self, data: Tensor | None = None, *, persistent: bool = True) -> None:
        self._set(zeros(0).array if data is None else data.array)
        if data is not None:
            self._version = data._version
        self.persistent = persistent


class UninitializedError(RuntimeError, ValueError):
    """A lazy parameter or buffer was used before it had a shape."""


class _Uninitialized:
    """What a tensor is until `materialize` gives it a shape: a dtype, and whether it wants a gradient."""

    __slots__ = ()

    _becomes: type[Tensor]

    def _begin(self: Any, requires_grad: bool, device: Any, kind: DTypeLike | None) -> None:
        check_device(device)
        self._grad = self._node = self._view = self.hooks = None
        self._requires_grad, self._version = requires_grad, [0]
        self._kind = default_dtype() if kind is None else to_numpy(kind)

    @property
    def array(self) -> np.ndarray[Any, Any]:
        """UninitializedError: there is none yet."""
        raise UninitializedError(
            f"this {type(self).__name__} has no shape and no values yet: call the module once with a batch, which gives "
            "them, before using it"
        )

    @property
    def dtype(self: Any) -> dtype:
        """The type that its elements will have."""
        return BY_CHAR[self._kind.char]

    def to(self: Any, *args: Any, **kwargs: Any) -> Any:
        """Itself, with the dtype that is given, if any."""
        self._kind = zeros((), dtype=self._kind).to(*args, **kwargs).array.dtype
        return self

    def detach(self) -> Any:
        """Itself: it is in no graph."""
        return self

    def materialize(self: Any, shape: tuple[int, ...], device: Any = None, dtype: DTypeLike | None = None) -> None:
        """Give it a shape, and zeros for values; from now on it is an ordinary parameter or buffer, and the same object."""
        check_device(device)
        kind = self.__dict__.pop("_kind")
        self.__class__ = self._becomes
        self.array = np.zeros(shape, kind if dtype is None else to_numpy(dtype))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __deepcopy__(self: Any, memo: Any) -> Any:
        other = object.__new__(type(self))
        other._begin(self._requires_grad, None, self._kind)
        return other

    def __reduce_ex__(self: Any, protocol: Any) -> Any:
        return _rebuild, (type(self), self._requires_grad, self._kind)


class UninitializedParameter(_Uninitialized, Parameter):  # type: ignore[misc, override]
    """A parameter whose shape is not known yet: see `LazyModuleMixin`. Anything that needs values is an UninitializedError.

    >>> from minigrad import nn
    >>> w = nn.UninitializedParameter()
    >>> w.materialize((2, 3))
    >>> type(w).__name__, w.shape
    ('Parameter', minigrad.Size([2, 3]))
    """

    __slots__ = ()

    _becomes = Parameter

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: DTypeLike | None = None) -> None:
        self._begin(requires_grad, device, dtype)


class UninitializedBuffer(_Uninitialized, Tensor):  # type: ignore[misc, override]
    """A buffer whose shape is not known yet: see `LazyModuleMixin`."""

    __slots__ = ()

    _becomes = Tensor

    def __init__(self, requires_grad: bool = False, device: Any = None, dtype: DTypeLike | None = None) -> None:
        self._begin(requires_grad, device, dtype)


def _rebuild(kind: Any, requires_grad: bool, dtype: Any) -> Any:
    return kind(requires_grad, None, dtype)


def is_lazy(tensor: Any) -> bool:
    """True for a parameter or buffer that has no shape yet."""
    return isinstance(tensor, _Uninitialized)
