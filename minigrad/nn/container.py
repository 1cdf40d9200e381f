"""Modules that hold others: `Sequential`, `ModuleList`, `ModuleDict`, `ParameterList`, `ParameterDict`."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Generic, Self, TypeVar

from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.nn.registry import check_registration, nearest
from minigrad.tensor import Tensor

T = TypeVar("T")


class _Numbered(Module, Generic[T]):
    """Items as attributes, named 0, 1, 2, ... unless they were given names, with the manners of a list."""

    def _names(self) -> list[str]:
        """The attributes that are items, in order."""
        return [name for name, value in vars(self).items() if isinstance(value, Module)]

    def _put(self, name: str, item: Any) -> None:
        """Make `item` the attribute `name`."""
        check_item(self, name, item)
        setattr(self, name, item)

    def _refill(self, items: list[T]) -> None:
        for name in self._names():
            delattr(self, name)
        self.extend(items)

    def _name(self, index: int) -> str:
        names, index = self._names(), operator.index(index)
        if not -len(names) <= index < len(names):
            raise IndexError(f"index {index} of a {type(self).__name__} of {len(names)}")
        return names[index]

    def __len__(self) -> int:
        return len(self._names())

    def __iter__(self) -> Iterator[T]:
        return iter([getattr(self, name) for name in self._names()])

    def __getitem__(self, index: int | slice) -> Any:
        return self._part(self._names()[index]) if isinstance(index, slice) else getattr(self, self._name(index))

    def _part(self, names: list[str]) -> Any:
        """A container of its own for some of the items."""
        return type(self)([getattr(self, name) for name in names])  # type: ignore[call-arg]

    def __setitem__(self, index: int, item: T) -> None:
        self._put(self._name(index), item)

    def __delitem__(self, index: int | slice) -> None:
        items = list(self)
        del items[index]
        self._refill(items)

    def append(self, item: T) -> Self:
        """Add an item at the end. Returns the container."""
        self._put(str(len(self)), item)
        return self

    def extend(self, items: Iterable[T]) -> Self:
        """Add items at the end. Returns the container."""
        if not isinstance(items, Iterable):
            raise TypeError(f"{type(self).__name__} needs a list, not a {type(items).__name__}: wrap it, [...]")
        for item in items:
            self.append(item)
        return self

    def __iadd__(self, items: Iterable[T]) -> Self:
        return self.extend(items)

    def __add__(self, other: Iterable[T]) -> Self:
        if not isinstance(other, Iterable):
            return NotImplemented
        return self._part(self._names()).extend(other)  # type: ignore[no-any-return]

    def insert(self, index: int, item: T) -> Any:
        """Put an item before place `index`."""
        items = list(self)
        items.insert(index, item)
        self.append(item)  # an error for what cannot be an item, before anything has moved
        self._refill(items)

    def pop(self, index: int = -1) -> T:
        """Take an item out and return it."""
        item: T = self[index]
        del self[index]
        return item


class Sequential(_Numbered[Module]):
    """Modules one after another, each fed with the result of the one before: listed, or named in an OrderedDict.

    >>> from minigrad import nn, ones
    >>> model = nn.Sequential(nn.Linear(4, 3), nn.Sigmoid())
    >>> model(ones(2, 4)).shape
    minigrad.Size([2, 3])
    """

    def __init__(self, *modules: Any) -> None:
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            for name, module in modules[0].items():
                self._put(name, module)
        else:
            self.extend(modules)

    def forward(self, input: Any) -> Any:
        """The result of the last module."""
        for module in self.__dict__.values():
            if isinstance(module, Module):
                input = module(input)
        return input

    def _part(self, names: list[str]) -> Sequential:
        return Sequential(OrderedDict((name, getattr(self, name)) for name in names))

    def insert(self, index: int, module: Module) -> Self:
        """Put a module before place `index`. Returns the container."""
        if not -len(self) <= index <= len(self):
            raise IndexError(f"index {index} of a {type(self).__name__} of {len(self)}")
        super().insert(index, module)
        return self

    def __mul__(self, times: int) -> Sequential:
        if not isinstance(times, int):
            return NotImplemented
        if times <= 0:
            raise ValueError(f"a Sequential times {times}: give a number from 1")
        return Sequential(*(list(self) * times))

    __rmul__ = __mul__

    def __imul__(self, times: int) -> Self:
        return self.extend(list(self * times)[len(self) :])


class ModuleList(_Numbered[Module]):
    """A list of modules whose parameters are found.

    >>> from minigrad import nn
    >>> layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))
    >>> len(list(layers.parameters()))
    6
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        super().__init__()
        self.extend(modules)

    def _repr_children(self) -> list[str]:
        """One line for items next to each other that print alike."""
        lines, start = [], 0
        for text, group in groupby(repr(item) for item in self):
            n = len(list(group))
            lines.append(f"({start}): {text}" if n == 1 else f"({start}-{start + n - 1}): {n} x {text}")
            start += n
        return lines


class ParameterList(_Numbered[Any]):
    """A list of parameters that are found; tensors become parameters, other things are kept as they are."""

    def __init__(self, values: Iterable[Any] = ()) -> None:
        super().__init__()
        self.extend(values)

    def _names(self) -> list[str]:
        return [name for name in vars(self) if name.isdigit()]

    def _put(self, name: str, item: Any) -> None:
        setattr(self, name, as_parameter(item) if isinstance(item, Tensor) else item)

    def extra_repr(self) -> str:
        """A line per item."""
        return "\n".join(f"  ({i}): {describe(item)}" for i, item in enumerate(self))


class _Named(Module, Generic[T]):
    """Items as attributes under names of their own, with the manners of a dict."""

    def __init__(self, items: Mapping[str, T] | Iterable[tuple[str, T]] | None = None) -> None:
        super().__init__()
        self.update(() if items is None else items)

    def _items(self) -> dict[str, T]:
        return {name: value for name, value in vars(self).items() if isinstance(value, Module | Parameter)}  # type: ignore[misc]

    def update(self, items: Any) -> None:
        """Add items, from a dict or pairs, or replace those of the same names."""
        if not isinstance(items, Iterable):
            raise TypeError(
                f"{type(self).__name__}.update needs a dict or pairs of a name and an item, not a {type(items).__name__}"
            )
        for name, item in items.items() if hasattr(items, "items") else items:
            self[name] = item

    def __setitem__(self, name: str, item: T) -> None:
        check_item(self, name, item)
        setattr(self, name, item)

    def __getitem__(self, name: str) -> T:
        items = self._items()
        if name not in items:
            raise KeyError(f"{type(self).__name__} has no {name!r}: {nearest(str(name), list(items))}")
        return items[name]

    def __delitem__(self, name: str) -> None:
        self.pop(name)

    def __len__(self) -> int:
        return len(self._items())

    def __iter__(self) -> Iterator[str]:
        return iter(self._items())

    def __contains__(self, name: object) -> bool:
        return name in self._items()

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._items().keys()

    def values(self) -> Iterable[T]:
        """The items."""
        return self._items().values()

    def items(self) -> Iterable[tuple[str, T]]:
        """The names and items."""
        return self._items().items()

    def pop(self, name: str) -> T:
        """Take an item out and return it. KeyError if there is none of that name."""
        item = self[name]
        delattr(self, name)
        return item

    def clear(self) -> None:
        """Take all items out."""
        for name in self._items():
            delattr(self, name)


class ModuleDict(_Named[Module]):
    """A dict of modules whose parameters are found.

    >>> from minigrad import nn
    >>> heads = nn.ModuleDict({"digit": nn.Linear(16, 10)})
    >>> [name for name, _ in heads.named_parameters()]
    ['digit.weight', 'digit.bias']
    """


class ParameterDict(_Named[Any]):
    """A dict of parameters that are found; tensors become parameters, other things are kept as they are."""

    def __init__(self, parameters: Any = None) -> None:
        self._keys: tuple[str, ...] = ()
        super().__init__(parameters)

    def _items(self) -> dict[str, Any]:
        return {name: vars(self)[name] for name in self._keys}

    def __setitem__(self, name: str, item: Any) -> None:
        check_registration(self, name, None, "Parameter", Parameter) if name not in self._keys else None
        setattr(self, name, as_parameter(item) if isinstance(item, Tensor) else item)
        if name not in self._keys:
            self._keys = (*self._keys, name)

    def update(self, parameters: Any) -> None:
        """Add items, from a dict or pairs, or replace those of the same names; those of a plain dict in the order of their
        names, as in PyTorch."""
        if isinstance(parameters, Mapping) and not isinstance(parameters, OrderedDict):
            parameters = sorted(parameters.items())
        super().update(parameters)

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        self._keys = tuple(key for key in self._keys if key != name)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._keys)

    def __or__(self, other: Any) -> ParameterDict:
        both = self.copy()
        both.update(other)
        return both

    def __ior__(self, other: Any) -> Self:
        self.update(other)
        return self

    def get(self, name: str, default: Any = None) -> Any:
        """The item of a name, or the default."""
        return self._items().get(name, default)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """The item of a name, which is the default from now on if there is none."""
        if name not in self:
            self[name] = default
        return self[name]

    def popitem(self) -> tuple[str, Any]:
        """Take the last item out, and return its name and it. KeyError if there is none."""
        if not self._keys:
            raise KeyError("popitem of an empty ParameterDict")
        name = self._keys[-1]
        return name, self.pop(name)

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """A new one, with one item under all names."""
        return ParameterDict((name, default) for name in keys)

    def copy(self) -> ParameterDict:
        """A new one of the same items."""
        return ParameterDict(self._items())

    def extra_repr(self) -> str:
        """A line per item."""
        return "\n".join(f"  ({name}): {describe(item, by_type=True)}" for name, item in self.items())


def check_item(container: Module, name: str, item: Any) -> None:
    """An error for what cannot be a container's item."""
    if item is None or isinstance(item, list | tuple):
        remedy = (
            "leave it out, or use nn.Identity()" if item is None else "pass its items one by one, Sequential(*layers)"
        )
        raise TypeError(f"{type(container).__name__}.{name}: a {type(item).__name__} is not a Module: {remedy}")
    check_registration(container, name, item, "Module", Module)


def as_parameter(item: Any) -> Parameter:
    """A tensor as a parameter: itself if it is one."""
    return item if isinstance(item, Parameter) else Parameter(item)


def describe(item: Any, by_type: bool = False) -> str:
    """One line for an item of a list of parameters, or of a dict, which says FloatTensor for float32."""
    if isinstance(item, Tensor):
        return (
            f"Parameter containing: [{item.type() if by_type else item.dtype} of size {'x'.join(map(str, item.shape))}]"
        )
    return f"Object of type: {type(item).__name__}"
