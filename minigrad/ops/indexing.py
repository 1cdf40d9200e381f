"""Reading parts of a tensor: by numbers, slices, None, Ellipsis, masks and index tensors, in any mixture.

Numbers and slices give a view. Masks and index tensors, arrays or lists give a copy, whose gradient is added up where an
index repeats. An integer beside an index tensor selects first, as in PyTorch; NumPy would broadcast the two.
"""

from __future__ import annotations

from operator import index as index_of
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import kernels
from minigrad.errors import ShapeError, not_a_tensor
from minigrad.graph import Rule, apply
from minigrad.kernels import indexing
from minigrad.ops.shape import dimension
from minigrad.views import apply_view, as_result

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


class Indexing:
    """Selection of elements."""

    __slots__ = ()

    def __getitem__(self: Tensor, index: Any) -> Tensor:
        """self[index]: a view for numbers, slices, None and Ellipsis; a copy for masks and index tensors."""
        key, basic = normalise(index)
        shape = self.array.shape
        try:
            if basic:
                return apply_view(kernels.getitem, self, lambda g: g._scatter(shape, key), index=key)
            self, key = select_first(self, key)
            shape = self.array.shape
            return apply(indexing.take, (self,), (lambda g: g._scatter(shape, key),), index=key)
        except IndexError as error:
            raise index_error(shape, key, error) from None

    def _scatter(self: Tensor, shape: tuple[int, ...], key: Any) -> Tensor:
        """Zeros of a shape, with this tensor added at [key]: what `getitem` does, backwards."""
        repeats = any(isinstance(k, np.ndarray) and k.dtype.kind != "b" for k in key)
        return apply(indexing.scatter, (self,), (lambda g: g[key],), shape=shape, index=key, accumulate=repeats)

    def gather(self: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
        """out[i][j] = self[index[i][j]][j] for dim 0, and so on: one element along `dim` per index.

        The index has as many dimensions as the tensor and, but for `dim`, is no larger. `sparse_grad` changes nothing.

        >>> import minigrad
        >>> minigrad.tensor([[1, 2], [3, 4]]).gather(1, minigrad.tensor([[0, 0], [1, 0]]))
        tensor([[1, 1],
                [4, 3]])
        """
        if names_nothing(self, index):
            return self.take(index)
        dim = fitting(self, index, dim, "gather")
        shape = self.array.shape
        return apply(indexing.gather, (self, index), (lambda g: g._scattered(index, shape, dim), None), axis=dim)

    def _scattered(self: Tensor, index: Tensor, shape: tuple[int, ...], dim: int) -> Tensor:
        """Zeros of a shape with this tensor added where its index leads: `gather`, backwards."""
        return apply(
            indexing.scatter_zeros, (self, index), (lambda g: g.gather(dim, index), None), shape=shape, axis=dim
        )

    def _pick(self: Tensor, index: Tensor, dim: int, name: str) -> Tensor:
        """One element per slice along `dim`, as the operation `name` found them; without that dimension."""
        shape = self.array.shape
        rule: Rule = lambda g: g._spread_picked(index, shape, dim)  # noqa: E731
        rule.__qualname__ = f"{name}.<locals>.<lambda>"
        return apply(indexing.pick, (self, index), (rule, None), axis=dim)

    def _spread_picked(self: Tensor, index: Tensor, shape: tuple[int, ...], dim: int) -> Tensor:
        """`_pick`, backwards."""
        return apply(
            indexing.spread_picked,
            (self, index),
            (lambda g: g._pick(index, dim, "pick"), None),
            shape=shape,
            axis=dim,
        )

    def take(self: Tensor, index: Tensor) -> Tensor:
        """The elements at these numbers, counted through the whole tensor; in the shape of the index."""
        _whole_numbers(index, "take")
        return as_result(self.reshape(-1)[index.reshape(-1)].reshape(index.array.shape))

    def take_along_dim(self: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
        """`gather` with an index that broadcasts against the tensor: what argmax and argsort found. Without `dim`, `take`."""
        _whole_numbers(indices, "take_along_dim")
        if dim is None:
            return self.reshape(-1).gather(0, indices.reshape(-1))
        if indices.array.ndim != self.array.ndim:
            raise ShapeError(
                f"take_along_dim: indices of shape {tuple(indices.array.shape)} for a tensor of shape "
                f"{tuple(self.array.shape)}: they need as many dimensions"
            )
        dim = dimension(self, dim, "take_along_dim")
        n = self.array.shape[dim]
        index = self._wrap(np.where(indices.array < 0, indices.array + n, indices.array))
        pairs = list(zip(self.array.shape, index.array.shape))
        if any(n != m and 1 not in (n, m) for d, (n, m) in enumerate(pairs) if d != dim):
            raise ShapeError(
                f"take_along_dim: indices of shape {tuple(index.array.shape)} for a tensor of shape "
                f"{tuple(self.array.shape)} do not broadcast elsewhere than along dimension {dim}"
            )
        sizes = [n if d == dim or m == 1 else m for d, (n, m) in enumerate(pairs)]
        wide = [m if d == dim else size for d, (size, m) in enumerate(zip(sizes, index.array.shape))]
        return self.expand(sizes).gather(dim, index.expand(wide))

    def index_select(self: Tensor, dim: int, index: Tensor) -> Tensor:
        """The slices at these indices, one dimension of them or a number, along `dim`."""
        _line(index, "index_select")
        dim = dimension(self, dim, "index_select")
        shape = self.array.shape
        return apply(
            indexing.index_select,
            (self, index),
            (lambda g: g.new_zeros(shape).index_add(dim, index, g), None),
            axis=dim,
        )

    def masked_select(self: Tensor, mask: Tensor) -> Tensor:
        """The elements where the mask holds, in one dimension."""
        shape = np.broadcast_shapes(self.array.shape, mask.array.shape)
        return self.expand(shape)[mask.expand(shape)]

    def nonzero(self: Tensor, *, as_tuple: bool = False) -> Any:
        """Where the elements that are not 0 are: (N, D) indices in order, or with `as_tuple` one tensor per dimension."""
        if as_tuple:
            dims = range(max(self.array.ndim, 1))
            return tuple(apply(indexing.nonzero_along, (self,), axis=d) for d in dims)
        return apply(indexing.nonzero, (self,))

    def argwhere(self: Tensor) -> Tensor:
        """Where the elements that are not 0 are: (N, D) indices in order."""
        return apply(indexing.nonzero, (self,))


def names_nothing(tensor: Tensor, index: Tensor) -> bool:
    """Is the index empty, and of other dimensions than the tensor? gather and scatter let it pass, as PyTorch does."""
    at = index.array
    return not at.size and at.dtype.kind == "i" and at.ndim != tensor.array.ndim


def fitting(tensor: Tensor, index: Tensor, dim: int, name: str, source: Tensor | None = None) -> int:
    """The dimension, if the index has the type, the dimensions and the sizes that gather and scatter need; else ShapeError."""
    at, shape = index.array, tensor.array.shape
    if at.dtype.kind != "i" or (at.ndim or 1) != (len(shape) or 1):
        raise ShapeError(
            f"{name}: the index has shape {tuple(at.shape)} and type {at.dtype}: it needs {len(shape)} "
            "dimensions, like the tensor, and an integer type"
        )
    dim = dimension(tensor, dim, name)
    others = [("the tensor", shape, dim)] + ([] if source is None else [("the source", source.array.shape, -1)])
    for what, sizes, free in others:
        if (len(sizes) or 1) != (at.ndim or 1) or (
            at.size and any(n > m for d, (n, m) in enumerate(zip(at.shape, sizes)) if d != free)
        ):
            raise ShapeError(
                f"{name}: the index, of shape {tuple(at.shape)}, is larger than {what}, of shape {tuple(sizes)}"
                + (f", elsewhere than along dimension {dim}" if free >= 0 else "")
            )
    return dim


def taken(tensor: Tensor, at: Tensor, dim: int, name: str) -> tuple[Tensor, Tensor]:
    """Several elements per slice along `dim`, as the operation `name` found them, and their indices."""
    shape = tensor.array.shape
    rule: Rule = lambda g: g._scattered(at, shape, dim)  # noqa: E731
    rule.__qualname__ = f"{name}.<locals>.<lambda>"
    return apply(indexing.gather, (tensor, at), (rule, None), axis=dim), at


def chosen(tensor: Tensor, at: Tensor, dim: int, keepdim: bool, name: str) -> tuple[Tensor, Tensor]:
    """One element per slice along `dim`, as the operation `name` found them, and their indices."""
    if keepdim and tensor.array.ndim:
        return taken(tensor, at.unsqueeze(dim), dim, name)
    return tensor._pick(at, dim, name), at


def _whole_numbers(index: Any, name: str) -> None:
    if not isinstance(index, Indexing):
        raise not_a_tensor(name, index)
    if index.array.dtype.kind != "i":  # type: ignore[attr-defined]
        raise IndexError(f"{name}: an index of type {index.array.dtype}: it needs integers, x.long()")  # type: ignore[attr-defined]


def _line(index: Any, name: str) -> None:
    """IndexError unless the index is one dimension of integers, or a number."""
    _whole_numbers(index, name)
    if index.array.ndim > 1:
        raise IndexError(f"{name}: the index has shape {tuple(index.array.shape)}: it needs one dimension")


PLAIN = (int, type(None))  # the types of a slice's ends that need no conversion


def normalise(index: Any) -> tuple[tuple[Any, ...], bool]:
    """An index as a tuple that NumPy reads as PyTorch would, and whether it is basic: numbers, slices, None, Ellipsis.

    Index tensors and lists become arrays of their own, so that changing them later cannot change a gradient. An
    Ellipsis is added to basic ones, with which NumPy gives an array also where nothing but numbers is left.
    """
    if type(index) is int or (type(index) is slice and _part(index) is index):
        return (index, Ellipsis), True
    key = tuple([_part(part) for part in (index if isinstance(index, tuple) else (index,))])
    basic = not any(isinstance(part, np.ndarray) for part in key)
    if basic and not any(part is Ellipsis for part in key):
        key = (*key, Ellipsis)
    return key, basic


def _part(part: Any) -> Any:
    """One part of an index."""
    if part is None or part is Ellipsis or type(part) is int:
        return part
    if type(part) is slice:
        if type(part.start) in PLAIN and type(part.stop) in PLAIN and type(part.step) in PLAIN:
            return part
        return slice(*(None if n is None else index_of(n) for n in (part.start, part.stop, part.step)))
    array = np.array(getattr(part, "array", part))
    if array.dtype.kind == "b":
        return array
    if array.dtype.kind != "i":
        # PyTorch takes uint8 as a mask, NumPy as numbers: it is an error here.
        if array.size or isinstance(part, Indexing | np.ndarray):
            raise IndexError(
                f"an index of type {array.dtype}: use integers, x[i.long()], or booleans, x[mask.bool()], x[x > 0]"
            )
        array = array.astype(np.intp)  # an empty list
    return int(array) if array.ndim == 0 else array.astype(np.intp)


def select_first(tensor: Tensor, key: tuple[Any, ...]) -> tuple[Tensor, tuple[Any, ...]]:
    """Apply the integers of a mixed index first, as PyTorch does; what is left of the index.

    An Ellipsis that stands for no dimension goes too: NumPy would still take the arrays on its sides as separated.
    """
    taken = sum(_dimensions(part) for part in key)
    if taken == tensor.array.ndim:
        key = tuple(part for part in key if part is not Ellipsis)
    if not any(isinstance(part, int) for part in key):
        return tensor, key
    numbers: list[Any] = []
    rest: list[Any] = []
    for part in key:
        if isinstance(part, int):
            numbers.append(part)
        else:
            rest.append(part)
            if part is Ellipsis:
                numbers.append(part)
            elif part is not None:
                numbers.extend([slice(None)] * _dimensions(part))
    return tensor[tuple(numbers)], tuple(rest)


def _dimensions(part: Any) -> int:
    """How many dimensions one part of an index takes up."""
    if isinstance(part, np.ndarray) and part.dtype.kind == "b":
        return part.ndim
    return 0 if part is None or part is Ellipsis else 1


def index_error(shape: tuple[int, ...], key: tuple[Any, ...], error: IndexError) -> IndexError:
    """The error for an index that does not fit."""
    if key and key[-1] is Ellipsis:
        key = key[:-1]  # it was added here, or says nothing
    if not shape and key:
        return IndexError(f"index {list(key)} of a tensor of no dimensions: x.item() is its number")
    words = ", ".join(
        "..." if k is Ellipsis
        else f"a mask of shape {k.shape}" if isinstance(k, np.ndarray) and k.dtype.kind == "b"
        else f"indices of shape {k.shape}" if isinstance(k, np.ndarray)
        else str(k)
        for k in key
    )  # fmt: skip
    return IndexError(f"index [{words}] does not fit a tensor of shape {tuple(shape)}: {error}")
