"""Arrays that answer for themselves: whatever NumPy does with one passes through here, while a tape is open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from minigrad.compile.numbers import Number
from minigrad.graph import listening

if TYPE_CHECKING:
    from minigrad.compile.values import Value

Array: TypeAlias = "np.ndarray[Any, Any]"

UNSEEN = {
    "may_share_memory",
    "shares_memory",
    "result_type",
    "can_cast",
    "shape",
    "ndim",
    "size",
    "min_scalar_type",
    "iscomplexobj",
}


def stripped(part: Any) -> Any:
    """Arguments with plain arrays in place of those that answer for themselves."""
    if type(part) is Recorded:
        return part.view(np.ndarray)
    if type(part) is Number:
        return part.value
    if isinstance(part, tuple):
        return tuple(stripped(item) for item in part)
    if isinstance(part, list):
        return [stripped(item) for item in part]
    if isinstance(part, dict):
        return {key: stripped(item) for key, item in part.items()}
    if isinstance(part, slice):
        return slice(stripped(part.start), stripped(part.stop), stripped(part.step))
    return part


class Recorded(np.ndarray[Any, Any]):
    """An array that answers for itself. With no tape open it is an array like any other."""

    _value: Value | None
    _tape: Any  # the one that it is on: after that is closed it is an array like any other

    def __array_finalize__(self, parent: Any) -> None:
        self._value = self._tape = None

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        name = f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
        return perform(function, name, inputs, kwargs, out)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func.__name__ in UNSEEN:
            return func(*stripped(tuple(args)), **stripped(kwargs))
        module = func.__module__.replace("numpy", "np", 1)
        out = kwargs.get("out")
        if out is not None:
            kwargs = {key: value for key, value in kwargs.items() if key != "out"}
            return perform(_with_one_out(func), f"{module}.{func.__name__}", args, kwargs, (out,))
        return perform(func, f"{module}.{func.__name__}", args, kwargs)

    @property
    def base(self) -> Any:
        """None for an array with memory of its own, as for any array."""
        value = self._value
        return super().base if value is None or value.root is not value else None

    def __getitem__(self, index: Any) -> Any:
        return perform(_getitem, "[]", (self, index), {})

    def __setitem__(self, index: Any, value: Any) -> None:
        perform(_setitem, "[]=", (self, index, value), {})

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        return bool(_decided(self, "bool"))

    def __int__(self) -> int:
        return int(_decided(self, "item"))

    def __float__(self) -> float:
        return float(_decided(self, "item"))

    def __index__(self) -> int:
        return int(_decided(self, "item"))

    def item(self, *args: Any) -> Any:
        """A number, for which a program has no place: see `Tape.decided`."""
        return _decided(self[args] if args else self, "item")

    def tolist(self) -> Any:
        """Numbers, for which a program has no place: see `Tape.decided`."""
        return _decided(self, "tolist")

    @property
    def T(self) -> Any:  # noqa: N802
        """All dimensions in reverse."""
        return self.transpose()

    @property
    def mT(self) -> Any:  # noqa: N802
        """The last two dimensions exchanged."""
        return self.swapaxes(-1, -2)


def _method(name: str) -> Any:
    plain = getattr(np.ndarray, name)

    def method(self: Recorded, *args: Any, **kwargs: Any) -> Any:
        if name == "view" and isinstance(args[0], type) and issubclass(args[0], np.ndarray):
            return plain(self, *args)  # as another class, not as another type of numbers
        out = kwargs.pop("out", None)
        return perform(
            plain if out is None else _with_one_out(plain),
            f".{name}",
            (self, *args),
            kwargs,
            None if out is None else (out,),
        )

    return method


def _reduction(ufunc: Any) -> Any:
    def method(self: Recorded, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False) -> Any:
        return ufunc.reduce(self, axis, dtype, out, keepdims)

    return method


for _name, _ufunc in {
    "sum": np.add,
    "max": np.maximum,
    "min": np.minimum,
    "any": np.logical_or,
    "all": np.logical_and,
}.items():
    setattr(Recorded, _name, _reduction(_ufunc))
for _name in (
    "argmax", "argmin", "argsort", "astype", "clip", "copy", "cumsum", "diagonal", "dot", "fill", "flatten", "mean", "nonzero",
    "prod", "ravel", "repeat", "reshape", "searchsorted", "sort", "squeeze", "std", "swapaxes", "take", "transpose",
    "var", "view",
):  # fmt: skip
    setattr(Recorded, _name, _method(_name))


def _getitem(array: Array, index: Any) -> Any:
    return array[index]


def _setitem(array: Array, index: Any, value: Any) -> None:
    array[index] = value


def _with_one_out(function: Any) -> Any:
    """A function whose `out` comes as a tuple of one, as a ufunc's does."""
    return lambda *args, out, **kwargs: function(*args, out=out[0], **kwargs)


def recorded(array: Array, value: Value, tape: Any) -> Recorded:
    """An array that answers for itself, over the same memory."""
    made = array.view(Recorded)
    made._value, made._tape = value, tape
    return made


def perform(function: Any, name: str, args: Sequence[Any], kwargs: dict[str, Any], out: Any = None) -> Any:
    """A call on arrays of which one answers for itself."""
    if listening.tape is not None and not listening.tape.elsewhere():
        return listening.tape.perform(function, name, args, kwargs, out)
    if out is not None:
        kwargs = {**kwargs, "out": stripped(out)}
    return function(*stripped(tuple(args)), **stripped(kwargs))


def _decided(array: Recorded, how: str) -> Any:
    if listening.tape is not None and not listening.tape.elsewhere():
        return listening.tape.decided(array, how)
    plain: Any = array.view(np.ndarray)
    return bool(plain) if how == "bool" else plain.tolist() if how == "tolist" else plain.item()
