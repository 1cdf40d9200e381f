"""The same elements in another arrangement. Where NumPy can give a view, the result shares this tensor's memory."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import kernels
from minigrad.errors import ShapeError
from minigrad.graph import apply
from minigrad.views import apply_view

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


class Shape:
    """Arrangement: none of these changes a value."""

    __slots__ = ()

    def reshape(self: Tensor, *shape: Any) -> Tensor:
        """The elements in the same order in another shape; one size may be -1. A view where the layout allows it."""
        new, old = _sizes(self, shape, "reshape"), self.array.shape
        if self.array.flags.c_contiguous or can_view(self.array, new):
            return apply_view(kernels.reshape, self, lambda g: g.reshape(old), shape=new)
        return apply(kernels.reshape, (self,), (lambda g: g.reshape(old),), shape=new)

    def _reshape(self: Tensor, new: tuple[int, ...]) -> Tensor:
        """`reshape`, always in memory of its own."""
        old = self.array.shape
        return apply(kernels.reshaped_copy, (self,), (lambda g: g.reshape(old),), shape=new)

    def view(self: Tensor, *shape: Any) -> Tensor:
        """Like `reshape`, but always sharing memory: ShapeError where the layout does not allow it."""
        new, old = _sizes(self, shape, "view"), self.array.shape
        if not can_view(self.array, new):
            raise ShapeError(
                f"view: a tensor of shape {tuple(old)} is not laid out so that it can be seen as {new} without a copy: "
                "use reshape, or contiguous() first"
            )
        return apply_view(kernels.reshape, self, lambda g: g.reshape(old), shape=new)

    def view_as(self: Tensor, other: Tensor) -> Tensor:
        """`view` with the shape of another tensor."""
        return self.view(other.array.shape)

    def reshape_as(self: Tensor, other: Tensor) -> Tensor:
        """`reshape` to the shape of another tensor."""
        return self.reshape(other.array.shape)

    def flatten(self: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
        """The dimensions from start_dim to end_dim, both included, as one."""
        shape = self.array.shape
        if not shape:
            return self.reshape(1)
        start, end = dimension(self, start_dim, "flatten"), dimension(self, end_dim, "flatten")
        if start > end:
            raise ShapeError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim}: swap them")
        return self.reshape(shape[:start] + (prod(shape[start : end + 1]),) + shape[end + 1 :])

    def unflatten(self: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
        """Dimension `dim` as several, of these sizes; one may be -1."""
        shape, dim = self.array.shape, dimension(self, dim, "unflatten")
        known = prod(n for n in sizes if n != -1)
        whole = tuple(shape[dim] // max(known, 1) if n == -1 else n for n in sizes)
        return self.reshape(shape[:dim] + whole + shape[dim + 1 :])

    def contiguous(self: Tensor, memory_format: Any = None) -> Tensor:
        """This tensor if its elements lie in order in memory, a copy in which they do otherwise."""
        if self.array.flags.c_contiguous:
            return self
        return apply(np.ascontiguousarray, (self,), (lambda g: g,))

    def transpose(self: Tensor, dim0: int, dim1: int) -> Tensor:
        """Two dimensions exchanged. A view."""
        dim0, dim1 = dimension(self, dim0, "transpose"), dimension(self, dim1, "transpose")
        return self._swap(dim0, dim1) if self.array.ndim else self

    swapaxes = swapdims = transpose

    def _swap(self: Tensor, dim0: int, dim1: int) -> Tensor:
        return apply_view(kernels.swapaxes, self, lambda g: g._swap(dim0, dim1), axis1=dim0, axis2=dim1)

    def t(self: Tensor) -> Tensor:
        """A matrix transposed; a vector or number as it is. ShapeError above two dimensions."""
        if self.array.ndim > 2:
            raise ShapeError(
                f"t: a matrix is needed, not shape {tuple(self.array.shape)}: say which dimensions, x.transpose(-2, -1)"
            )
        return self._swap(0, 1) if self.array.ndim == 2 else self

    @property
    def T(self: Tensor) -> Tensor:  # noqa: N802
        """All dimensions in reverse. A view."""
        if self.array.ndim == 2:
            return self._swap(0, 1)
        return self.permute(tuple(range(self.array.ndim))[::-1])

    @property
    def mT(self: Tensor) -> Tensor:  # noqa: N802
        """The last two dimensions exchanged. A view."""
        if self.array.ndim < 2:
            raise ShapeError(f"mT: at least two dimensions are needed, not shape {tuple(self.array.shape)}: use .T")
        return self._swap(-2, -1)

    def permute(self: Tensor, *dims: Any) -> Tensor:
        """The dimensions in another order. A view."""
        order = tuple(dimension(self, d, "permute") for d in _flat(dims))
        if sorted(order) != list(range(self.array.ndim)):
            raise ShapeError(
                f"permute{order} of a tensor of shape {tuple(self.array.shape)}: name each of its "
                f"{self.array.ndim} dimensions once"
            )
        inverse = tuple(np.argsort(order).tolist())
        return apply_view(kernels.permute, self, lambda g: g.permute(inverse), axes=order)

    def movedim(self: Tensor, source: Any, destination: Any) -> Tensor:
        """Dimensions moved to other places, the others keeping their order. A view."""
        moved = [dimension(self, d, "movedim") for d in _flat((source,))]
        places = [dimension(self, d, "movedim") for d in _flat((destination,))]
        if len(moved) != len(places) or len(set(moved)) < len(moved) or len(set(places)) < len(places):
            raise ShapeError(f"movedim: dimensions {source} to {destination}: name each once, and a place for each")
        order = [d for d in range(self.array.ndim) if d not in moved]
        for place, d in sorted(zip(places, moved)):
            order.insert(place, d)
        return self.permute(order) if self.array.ndim else self

    def expand(self: Tensor, *sizes: Any) -> Tensor:
        """Dimensions of size 1, and new leading ones, repeated without a copy; -1 leaves a size.

        A view, which cannot be written to if anything is repeated.
        """
        new, old = _flat(sizes), self.array.shape
        extra = len(new) - len(old)
        new = tuple(old[i - extra] if n == -1 and i >= extra else n for i, n in enumerate(new))
        if extra < 0 or any(n < 0 for n in new) or any(o not in (1, n) for o, n in zip(old, new[extra:], strict=True)):
            raise ShapeError(
                f"expand: shape {tuple(old)} cannot be expanded to {new}: only sizes of 1 stretch, and new dimensions "
                "come first (unsqueeze adds one elsewhere)"
            )
        forward = np.broadcast_to if prod(new) != self.array.size else kernels.reshape
        return apply_view(forward, self, lambda g: g.sum_to_size(old), shape=new)

    def expand_as(self: Tensor, other: Tensor) -> Tensor:
        """`expand` to the shape of another tensor."""
        return self.expand(other.array.shape)

    def broadcast_to(self: Tensor, shape: Sequence[int]) -> Tensor:
        """`expand` to a shape."""
        return self.expand(shape)

    def unsqueeze(self: Tensor, dim: int) -> Tensor:
        """A new dimension of size 1 at `dim`. A view."""
        shape = self.array.shape
        if not -len(shape) - 1 <= dim <= len(shape):
            raise IndexError(
                f"unsqueeze: dimension {dim} of shape {tuple(shape)}: use one from {-len(shape) - 1} to {len(shape)}"
            )
        dim %= len(shape) + 1
        return self._as_view(shape[:dim] + (1,) + shape[dim:])

    def squeeze(self: Tensor, dim: Any = None) -> Tensor:
        """Without the dimensions of size 1: all of them, or those named. A view."""
        shape = self.array.shape
        dims = range(len(shape)) if dim is None else [dimension(self, d, "squeeze") for d in _flat((dim,))]
        return self._as_view(tuple(n for i, n in enumerate(shape) if n != 1 or i not in dims))

    def _as_view(self: Tensor, new: tuple[int, ...]) -> Tensor:
        """A shape that differs in sizes of 1 only, which any layout can be seen in."""
        old = self.array.shape
        return apply_view(kernels.reshape, self, lambda g: g._as_view(old), shape=new)

    def flip(self: Tensor, *dims: Any) -> Tensor:
        """The elements in reverse along each of `dims`, in memory of their own."""
        axes = tuple(dimension(self, d, "flip") for d in _flat(dims))
        if not self.array.ndim:
            return self.clone()
        return apply(kernels.flip, (self,), (lambda g: g.flip(axes),), axis=axes)

    def narrow(self: Tensor, dim: int, start: int, length: int) -> Tensor:
        """`length` elements along `dim`, from `start`, which counts from the end if negative. A view."""
        dim = dimension(self, dim, "narrow")
        n = self.array.shape[dim]
        first = start + n if start < 0 else start
        if not 0 <= first <= first + length <= n:
            raise IndexError(
                f"narrow: {length} elements from {start} on are not all there: dimension {dim} of shape "
                f"{tuple(self.array.shape)} has {n}"
            )
        return self[(slice(None),) * dim + (slice(first, first + length),)]

    def select(self: Tensor, dim: int, index: int) -> Tensor:
        """The elements at one index along `dim`. A view."""
        return self[(slice(None),) * dimension(self, dim, "select") + (index,)]

    def unbind(self: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
        """A view for each index along `dim`."""
        return tuple(self.select(dim, i) for i in range(self.array.shape[dimension(self, dim, "unbind")]))

    def split(self: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
        """Views of consecutive parts: of one size (the last may be smaller), or of the sizes listed."""
        n = self.array.shape[dimension(self, dim, "split")]
        sections: Any = split_size_or_sections
        if not isinstance(sections, list | tuple):
            size = index(sections)
            if size <= 0:
                raise ValueError(f"split: parts of size {size}: use a positive size")
            sections = [min(size, n - start) for start in range(0, n, size)] or [0]
        elif sum(sections) != n:
            raise ShapeError(f"split: sections {list(sections)} add up to {sum(sections)}, dimension {dim} has {n}")
        starts = np.cumsum([0, *sections]).tolist()
        return tuple(self.narrow(dim, start, size) for start, size in zip(starts, sections))

    def chunk(self: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
        """Views of at most `chunks` consecutive parts of one size; the last may be smaller."""
        if chunks < 1:
            raise ValueError(f"chunk: {chunks} chunks: use at least 1")
        n = self.array.shape[dimension(self, dim, "chunk")]
        return self.split(-(-n // chunks) if n else [0] * chunks, dim)

    def repeat(self: Tensor, *sizes: Any) -> Tensor:
        """The whole tensor repeated along each dimension, in memory of its own."""
        times, shape = _flat(sizes), self.array.shape
        if len(times) < len(shape):
            raise ShapeError(
                f"repeat{times} of a tensor of shape {tuple(shape)}: give one number per dimension, {len(shape)} or more"
            )
        shape = (1,) * (len(times) - len(shape)) + shape
        pairs = tuple(n for pair in zip(times, shape, strict=True) for n in pair)
        ones = tuple(n for size in shape for n in (1, size))
        return self.reshape(ones).expand(pairs)._reshape(tuple(t * n for t, n in zip(times, shape, strict=True)))


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors one after another along an existing dimension; they meet in one dtype.

    >>> import minigrad
    >>> minigrad.cat([minigrad.ones(1, 2), minigrad.zeros(2, 2)]).shape
    minigrad.Size([3, 2])
    """
    tensors = _meet(tensors, "cat")
    tensors = [t for t in tensors if t.array.shape != (0,)] or tensors[:1]  # PyTorch skips these, whatever the rest is
    first = tensors[0]
    axis = dimension(first, dim, "cat")
    for i, t in enumerate(tensors):
        a, b = list(first.array.shape), list(t.array.shape)
        if len(a) != len(b) or not a or a[:axis] + a[axis + 1 :] != b[:axis] + b[axis + 1 :]:
            raise ShapeError(
                f"cat along dimension {dim}: tensor 0 has shape {tuple(a)}, tensor {i} has {tuple(b)}: they may differ in "
                "that dimension only (stack joins tensors along a new one)"
            )
    ends = np.cumsum([0] + [t.array.shape[axis] for t in tensors]).tolist()
    rules = [_slice_rule(axis, start, end) for start, end in pairwise(ends)]
    return apply(kernels.concatenate, tensors, rules, axis=axis)


def _slice_rule(axis: int, start: int, end: int) -> Any:
    rule = lambda g: g.narrow(axis, start, end - start)  # noqa: E731
    rule.__qualname__ = "cat.<locals>.<lambda>"
    return rule


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors, all of one shape, side by side along a new dimension.

    >>> import minigrad
    >>> minigrad.stack([minigrad.ones(2), minigrad.zeros(2)], dim=1)
    tensor([[1., 0.],
            [1., 0.]])
    """
    tensors = _meet(tensors, "stack")
    shapes = {t.array.shape for t in tensors}
    if len(shapes) > 1:
        raise ShapeError(
            f"stack: tensors of different shapes, {sorted(shapes)}: all must have one shape (cat joins along an existing "
            "dimension)"
        )
    ndim = tensors[0].array.ndim
    if not -ndim - 1 <= dim <= ndim:
        raise IndexError(f"stack: dimension {dim}: use one from {-ndim - 1} to {ndim}")
    axis = dim % (ndim + 1)
    rules = [_select_rule(axis, i) for i in range(len(tensors))]
    return apply(kernels.stack, tensors, rules, axis=axis)


def _select_rule(axis: int, i: int) -> Any:
    rule = lambda g: g.select(axis, i)  # noqa: E731
    rule.__qualname__ = "stack.<locals>.<lambda>"
    return rule


def _meet(tensors: Sequence[Tensor], name: str) -> list[Tensor]:
    """The tensors in the dtype in which they meet."""
    if not tensors:
        raise ValueError(f"{name}: an empty list of tensors: give at least one")
    first, *rest = tensors
    for other in rest:
        first = first._pair(other)[0]
    return [t.to(first.array.dtype) for t in tensors]


SEQUENCES = (tuple, list)


def _flat(sizes: Any) -> tuple[int, ...]:
    """Sizes given one by one, or as one tuple or list."""
    if len(sizes) == 1 and isinstance(sizes[0], SEQUENCES):
        sizes = sizes[0]
    return tuple(map(int, sizes))


def _sizes(tensor: Tensor, sizes: Any, name: str) -> tuple[int, ...]:
    """A new shape with its -1 filled in; ShapeError if the number of elements differs."""
    new, n = _flat(sizes), tensor.array.size
    if n and min(new, default=1) > 0 and prod(new) == n:
        return new
    known = prod(size for size in new if size != -1)
    fits = n == known if -1 not in new else new.count(-1) == 1 and (n % known == 0 if known else False)
    if not fits or any(size < -1 for size in new):
        raise ShapeError(
            f"{name}: a tensor of shape {tuple(tensor.array.shape)} has {n} elements, which cannot be arranged as {new}"
            + (f" ({known} elements)" if -1 not in new else "")
        )
    return tuple(n // known if size == -1 else size for size in new)


def can_view(array: np.ndarray[Any, Any], shape: tuple[int, ...]) -> bool:
    """True if NumPy gives this shape without copying."""
    return array.size == 0 or np.may_share_memory(array, array.reshape(shape))


def dimension(tensor: Tensor, dim: int, name: str) -> int:
    """A dimension counted from 0; IndexError if there is no such dimension."""
    ndim = max(tensor.array.ndim, 1)
    if not -ndim <= dim < ndim:
        raise IndexError(
            f"{name}: dimension {dim} of a tensor of shape {tuple(tensor.array.shape)}: use one from {-ndim} to {ndim - 1}"
        )
    return dim % ndim
