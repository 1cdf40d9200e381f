"""Several tensors side by side, as a grid, along a diagonal; each with at least so many dimensions."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.errors import ShapeError
from minigrad.ops.shape import cat, stack

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


def _atleast(ndim: int, tensors: Any) -> Any:
    if len(tensors) == 1 and isinstance(tensors[0], tuple | list):
        tensors = tuple(tensors[0])
    if len(tensors) > 1:
        return tuple(_atleast(ndim, (t,)) for t in tensors)
    t = tensors[0]
    if t.array.ndim >= ndim:
        return t
    if ndim == 3 and t.array.ndim == 2:
        return t.unsqueeze(-1)
    if ndim == 3 and t.array.ndim == 1:
        return t.unsqueeze(0).unsqueeze(-1)
    return t.reshape((1,) * (ndim - t.array.ndim) + t.array.shape)


def atleast_1d(*tensors: Any) -> Any:
    """Each tensor with at least one dimension."""
    return _atleast(1, tensors)


def atleast_2d(*tensors: Any) -> Any:
    """Each tensor with at least two dimensions, new ones first."""
    return _atleast(2, tensors)


def atleast_3d(*tensors: Any) -> Any:
    """Each tensor with at least three dimensions: a matrix becomes (m, n, 1), a vector (1, n, 1)."""
    return _atleast(3, tensors)


def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """The tensors side by side: along the second dimension, or the only one."""
    parts = [atleast_1d(t) for t in tensors]
    return cat(parts, 0 if parts and parts[0].array.ndim == 1 else 1)


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """The tensors below each other, vectors as rows."""
    return cat([atleast_2d(t) for t in tensors], 0)


def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """The tensors behind each other, along a third dimension."""
    return cat([atleast_3d(t) for t in tensors], 2)


def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Vectors as the columns of a matrix, beside matrices."""
    return cat([t.reshape(-1, 1) if t.array.ndim < 2 else t for t in tensors], 1)


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """The tensors expanded to the shape in which they meet."""
    shape = broadcast_shapes(*[t.array.shape for t in tensors])
    return tuple(t.expand(shape) for t in tensors)


def broadcast_shapes(*shapes: Any) -> Any:
    """The shape in which these broadcast together. ShapeError if they do not."""
    sizes = [(s,) if isinstance(s, int) else tuple(s) for s in shapes]
    try:
        return np.broadcast_shapes(*sizes)
    except ValueError as error:
        raise ShapeError(f"broadcast_shapes: shapes {sizes} do not broadcast together") from error


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """Vectors as the coordinates of a grid: one tensor for each, of its shape; "xy" exchanges the first two dimensions."""
    if len(tensors) == 1 and isinstance(tensors[0], tuple | list):
        tensors = tuple(tensors[0])
    if indexing not in ("ij", "xy"):
        raise ValueError(f"meshgrid: indexing={indexing!r}: use 'ij' or 'xy'")
    if any(t.array.ndim > 1 for t in tensors):
        raise ShapeError("meshgrid: vectors are needed, x.reshape(-1)")
    vectors = [t.reshape(-1) for t in tensors]
    swap = indexing == "xy" and len(vectors) > 1
    if swap:
        vectors[:2] = vectors[1::-1]
    shape = tuple(v.array.size for v in vectors)
    grids = [v.reshape((1,) * i + (-1,) + (1,) * (len(shape) - i - 1)).expand(shape) for i, v in enumerate(vectors)]
    if swap:
        grids[:2] = grids[1::-1]
    return tuple(grids)


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """Every combination of one element from each vector, a row each, the last changing fastest."""
    if len(tensors) == 1:
        return tensors[0]
    return stack([g.reshape(-1) for g in meshgrid(*tensors)], 1)


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """Every choice of r elements of a vector, a row each, in order."""
    choose: Any = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    index = np.array(list(choose(range(input.array.size), r)), np.intp).reshape(-1, r)
    return input[input._wrap(index)]


def block_diag(*tensors: Tensor) -> Tensor:
    """The matrices along a diagonal, zeros elsewhere; vectors count as rows."""
    blocks = [atleast_2d(t) for t in tensors]
    width = sum(b.array.shape[1] for b in blocks)
    rows, left = [], 0
    for b in blocks:
        m, n = b.array.shape
        rows.append(cat([b.new_zeros((m, left)), b, b.new_zeros((m, width - left - n))], 1))
        left += n
    return cat(rows, 0)


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:  # noqa: N803
    """The powers of a vector's elements, a row for each; the highest first unless `increasing`."""
    n = x.array.size if N is None else N
    powers = list(itertools.accumulate([x] * (n - 1), lambda power, x: power * x, initial=x.new_ones(x.array.shape)))
    return stack(powers if increasing else powers[::-1], 1) if n else x.new_zeros((x.array.size, 0))
