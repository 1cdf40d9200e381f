"""Reading parts of a tensor: by numbers, slices, None, Ellipsis, masks and index tensors, in any mixture.

Numbers and slices give a view. Masks and index tensors, arrays or lists give a copy, whose gradient is added up where an
index repeats. An integer beside an index tensor selects first, as in PyTorch; NumPy would broadcast the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import kernels
from minigrad.errors import ShapeError
from minigrad.graph import apply
from minigrad.ops.shape import dimension
from minigrad.views import apply_view

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
            return apply(kernels.take, (self,), (lambda g: g._scatter(shape, key),), index=key)
        except IndexError as error:
            raise index_error(shape, key, error) from None

    def _scatter(self: Tensor, shape: tuple[int, ...], key: Any) -> Tensor:
        """Zeros of a shape, with this tensor added at [key]: what `getitem` does, backwards."""
        repeats = any(isinstance(k, np.ndarray) and k.dtype.kind != "b" for k in key)
        return apply(kernels.scatter, (self,), (lambda g: g[key],), shape=shape, index=key, accumulate=repeats)

    def gather(self: Tensor, dim: int, index: Tensor) -> Tensor:
        """out[i][j] = self[index[i][j]][j] for dim 0, and so on: one element along `dim` per index."""
        at = index.array
        if at.ndim != self.array.ndim or at.dtype.kind not in "iu":
            raise ShapeError(
                f"gather: the index has shape {tuple(at.shape)} and type {at.dtype}: it needs {self.array.ndim} "
                "dimensions, like the tensor, and an integer type"
            )
        dim = dimension(self, dim, "gather")
        grid = np.ogrid[tuple(slice(n) for n in at.shape)]
        return self[tuple(at if d == dim else grid[d] for d in range(at.ndim))]

    def index_select(self: Tensor, dim: int, index: Tensor) -> Tensor:
        """The slices at these indices along `dim`."""
        return self[(slice(None),) * dimension(self, dim, "index_select") + (index,)]

    def masked_select(self: Tensor, mask: Tensor) -> Tensor:
        """The elements where the mask holds, in one dimension."""
        shape = np.broadcast_shapes(self.array.shape, mask.array.shape)
        return self.expand(shape)[mask.expand(shape)]


def normalise(index: Any) -> tuple[tuple[Any, ...], bool]:
    """An index as a tuple that NumPy reads as PyTorch would, and whether it is basic: numbers, slices, None, Ellipsis.

    Index tensors and lists become arrays of their own, so that changing them later cannot change a gradient. An
    Ellipsis is added to basic ones, with which NumPy gives an array also where nothing but numbers is left.
    """
    parts = index if isinstance(index, tuple) else (index,)
    key = tuple(_part(part) for part in parts)
    basic = not any(isinstance(part, np.ndarray) for part in key)
    if basic and not any(part is Ellipsis for part in key):
        key = (*key, Ellipsis)
    return key, basic


def _part(part: Any) -> Any:
    """One part of an index."""
    if part is None or part is Ellipsis or type(part) is int:
        return part
    if type(part) is slice:
        return slice(*(None if n is None else n.__index__() for n in (part.start, part.stop, part.step)))
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
