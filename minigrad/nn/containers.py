"""Modules that hold others: `Sequential`, `ModuleList`, `ModuleDict`, `ParameterList`, `ParameterDict`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Generic, Self, TypeVar

from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor

T = TypeVar("T")


class _Numbered(Module, Generic[T]):
    """Items as attributes named 0, 1, 2, ..., with the manners of a list."""

    def _items(self) -> list[T]:
        return [value for name, value in vars(self).items() if name.isdigit()]

    def _refill(self, items: Iterable[T]) -> None:
        for name in [name for name in vars(self) if name.isdigit()]:
            delattr(self, name)
        for i, item in enumerate(items):
            setattr(self, str(i), item)

    def _like(self, items: list[T]) -> Self:
        return type(self)(items)  # type: ignore[call-arg]

    def __len__(self) -> int:
        return len(self._items())

    def __iter__(self) -> Iterator[T]:
        return iter(self._items())

    def __getitem__(self, index: int | slice) -> Any:
        items = self._items()
        return self._like(items[index]) if isinstance(index, slice) else items[index]

    def __setitem__(self, index: int, item: T) -> None:
        items = self._items()
        items[index] = item
        self._refill(items)

    def __delitem__(self, index: int | slice) -> None:
        items = self._items()
        del items[index]
        self._refill(items)

    def append(self, item: T) -> Self:
        """Add an item at the end. Returns the container."""
        setattr(self, str(len(self)), item)
        return self

    def extend(self, items: Iterable[T]) -> Self:
        """Add items at the end. Returns the container."""
        for item in items:
            self.append(item)
        return self

    def insert(self, index: int, item: T) -> None:
        """Put an item before place `index`."""
        items = self._items()
        items.insert(index, item)
        self._refill(items)


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
                setattr(self, name, module)
        else:
            for i, module in enumerate(modules):
                if not isinstance(module, Module):
                    raise TypeError(
                        f"Sequential: item {i} is a {type(module).__name__}, not a Module: pass modules one by one, "
                        "Sequential(*layers) for a list"
                    )
                setattr(self, str(i), module)

    def forward(self, input: Any) -> Any:
        """The result of the last module."""
        for module in vars(self).values():
            if isinstance(module, Module):
                input = module(input)
        return input

    def _items(self) -> list[Module]:
        return [value for value in vars(self).values() if isinstance(value, Module)]

    def _like(self, items: list[Module]) -> Sequential:
        return Sequential(*items)


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


class ParameterList(_Numbered[Tensor]):
    """A list of parameters that are found; tensors become parameters."""

    def __init__(self, values: Iterable[Any] = ()) -> None:
        super().__init__()
        self.extend(values)

    def append(self, item: Any) -> Self:
        """Add a parameter at the end. Returns the list."""
        return super().append(item if isinstance(item, Parameter) or not isinstance(item, Tensor) else Parameter(item))

    def extra_repr(self) -> str:
        """A line per parameter."""
        return "".join(
            f"\n  ({i}): Parameter containing: [{p.dtype} of size {'x'.join(map(str, p.shape))}]"
            for i, p in enumerate(self)
        ) + ("\n" if len(self) else "")


class _Named(Module, Generic[T]):
    """Items as attributes under names of their own, with the manners of a dict."""

    def __init__(self, items: Mapping[str, T] | Iterable[tuple[str, T]] = ()) -> None:
        super().__init__()
        self.update(items)

    def _items(self) -> dict[str, T]:
        return {name: value for name, value in vars(self).items() if isinstance(value, Module | Parameter)}  # type: ignore[misc]

    def update(self, items: Mapping[str, T] | Iterable[tuple[str, T]]) -> None:
        """Add items, or replace those of the same names."""
        for name, item in items.items() if isinstance(items, Mapping) else items:
            self[name] = item

    def __setitem__(self, name: str, item: T) -> None:
        if hasattr(type(self), name):
            raise KeyError(f"{type(self).__name__}: {name!r} is a method of every module: choose another name")
        setattr(self, name, item)

    def __getitem__(self, name: str) -> T:
        return self._items()[name]

    def __delitem__(self, name: str) -> None:
        delattr(self, name)

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


class ModuleDict(_Named[Module]):
    """A dict of modules whose parameters are found.

    >>> from minigrad import nn
    >>> heads = nn.ModuleDict({"digit": nn.Linear(16, 10)})
    >>> [name for name, _ in heads.named_parameters()]
    ['digit.weight', 'digit.bias']
    """


class ParameterDict(_Named[Tensor]):
    """A dict of parameters that are found; tensors become parameters."""

    def __setitem__(self, name: str, item: Tensor) -> None:
        super().__setitem__(name, item if isinstance(item, Parameter) else Parameter(item))
