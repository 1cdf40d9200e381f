"""More arrangements: triangles and diagonals, repetition, rolling and turning, grids, windows; shapes changed in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.clock import writing
from minigrad.errors import GraphError, MutationError, ShapeError
from minigrad.grad_mode import recording
from minigrad.graph import apply
from minigrad.kernels import arrangement
from minigrad.ops.mutation import in_place
from minigrad.ops.shape import _flat, dimension
from minigrad.views import apply_view

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


class Arrangement:
    """Elements chosen by their place, put in other places, or repeated."""

    __slots__ = ()

    # ── triangles and diagonals ──────────────────────────────────────────────────────────────────────────────────────

    def triu(self: Tensor, diagonal: int = 0) -> Tensor:
        """The part on and above a diagonal of each matrix, zeros elsewhere. ShapeError below two dimensions."""
        _at_least(self, 2, "triu")
        return apply(np.triu, (self,), (lambda g: g.triu(diagonal),), k=diagonal)

    def tril(self: Tensor, diagonal: int = 0) -> Tensor:
        """The part on and below a diagonal of each matrix, zeros elsewhere. ShapeError below two dimensions."""
        _at_least(self, 2, "tril")
        return apply(np.tril, (self,), (lambda g: g.tril(diagonal),), k=diagonal)

    triu_, tril_ = in_place(triu), in_place(tril)

    def diagonal(self: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
        """The elements whose indices along two dimensions differ by `offset`, as a last dimension. A view."""
        _at_least(self, 2, "diagonal")
        first, second = dimension(self, dim1, "diagonal"), dimension(self, dim2, "diagonal")
        if first == second:
            raise ShapeError(f"diagonal: dimensions {dim1} and {dim2} are the same: name two")
        shape = self.array.shape
        return apply_view(
            arrangement.diagonal,
            self,
            lambda g: g._on_diagonal(shape, offset, first, second),
            offset=offset, axis1=first, axis2=second,
        )  # fmt: skip

    def _on_diagonal(self: Tensor, shape: tuple[int, ...], offset: int, dim1: int, dim2: int) -> Tensor:
        """Zeros of a shape with this tensor on a diagonal: `diagonal`, backwards."""
        return apply(
            arrangement.on_diagonal, (self,), (lambda g: g.diagonal(offset, dim1, dim2),),
            shape=shape, offset=offset, axis1=dim1, axis2=dim2,
        )  # fmt: skip

    def diag_embed(self: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
        """Matrices with the last dimension on a diagonal, zeros elsewhere."""
        _at_least(self, 1, "diag_embed")
        n, ndim = self.array.shape[-1] + abs(offset), self.array.ndim + 1
        first, second = dim1 % ndim, dim2 % ndim
        if first == second:
            raise ShapeError(f"diag_embed: dimensions {dim1} and {dim2} are the same: name two")
        shape = list(self.array.shape[:-1])
        for at in sorted((first, second)):
            shape.insert(at, n)
        if second < first:
            first, second, offset = second, first, -offset
        return self._on_diagonal(tuple(shape), offset, first, second)

    def diag(self: Tensor, diagonal: int = 0) -> Tensor:
        """A vector as the diagonal of a matrix; the diagonal of a matrix as a vector, copied."""
        if self.array.ndim == 1:
            return self.diag_embed(diagonal)
        if self.array.ndim != 2:
            raise ShapeError(
                f"diag: a vector or a matrix is needed, not shape {tuple(self.array.shape)}: use diagonal()"
            )
        return self.diagonal(diagonal).clone()

    def diagflat(self: Tensor, offset: int = 0) -> Tensor:
        """All elements as the diagonal of a matrix."""
        return self.reshape(-1).diag_embed(offset)

    def trace(self: Tensor) -> Tensor:
        """The sum of a matrix's diagonal."""
        if self.array.ndim != 2:
            raise ShapeError(f"trace: a matrix is needed, not shape {tuple(self.array.shape)}")
        return self.diagonal().sum()

    # ── repetition ───────────────────────────────────────────────────────────────────────────────────────────────────

    def tile(self: Tensor, *dims: Any) -> Tensor:
        """`repeat`, where leading dimensions that are not named are repeated once."""
        times = _flat(dims)
        return self.repeat((1,) * (self.array.ndim - len(times)) + times)

    def repeat_interleave(
        self: Tensor, repeats: Any, dim: int | None = None, *, output_size: int | None = None
    ) -> Tensor:
        """Each element (of `dim`, or of all) repeated in its place: a number of times, or one for each."""
        if dim is None:
            self, dim = self.reshape(-1), 0
        axis = dimension(self, dim, "repeat_interleave")
        n = self.array.shape[axis]
        times = np.broadcast_to(getattr(repeats, "array", repeats), (n,))
        if times.dtype.kind not in "iu" or (times < 0).any():
            raise ValueError("repeat_interleave: repeats must be whole numbers, none of them negative")
        return self.index_select(axis, self._wrap(np.repeat(np.arange(n), times)))

    # ── turning ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def roll(self: Tensor, shifts: Any, dims: Any = None) -> Tensor:
        """The elements moved along dimensions, those that fall off coming in on the other side; without `dims`, as one row."""
        steps = _flat((shifts,))
        axes = None if dims is None or dims == () else tuple(dimension(self, d, "roll") for d in _flat((dims,)))
        if axes is None:
            if len(steps) != 1:
                raise ShapeError(f"roll: {len(steps)} shifts and no dims: give one dimension for each")
            return (
                self.reshape(-1).roll(steps, 0).reshape(self.array.shape)
                if self.array.ndim != 1
                else self.roll(steps, 0)
            )
        if len(steps) != len(axes):
            raise ShapeError(f"roll: {len(steps)} shifts for {len(axes)} dims: give one for each")
        back = tuple(-step for step in steps)
        return apply(arrangement.roll, (self,), (lambda g: g.roll(back, axes),), shift=steps, axis=axes)

    def rot90(self: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
        """A quarter turn, k times, in the plane of two dimensions, from the first towards the second."""
        a, b = (dimension(self, d, "rot90") for d in dims)
        if a == b:
            raise ShapeError(f"rot90: dims {tuple(dims)} are the same: name two")
        k %= 4
        if k == 0:
            return self.clone()
        if k == 2:
            return self.flip(a, b)
        return self.flip(b).transpose(a, b) if k == 1 else self.transpose(a, b).flip(b)

    def fliplr(self: Tensor) -> Tensor:
        """The second dimension in reverse."""
        _at_least(self, 2, "fliplr")
        return self.flip(1)

    def flipud(self: Tensor) -> Tensor:
        """The first dimension in reverse."""
        _at_least(self, 1, "flipud")
        return self.flip(0)

    def ravel(self: Tensor) -> Tensor:
        """All elements in one dimension; a view where the layout allows it."""
        return self.reshape(-1)

    def moveaxis(self: Tensor, source: Any, destination: Any) -> Tensor:
        """`movedim`."""
        return self.movedim(source, destination)

    def adjoint(self: Tensor) -> Tensor:
        """The last two dimensions exchanged."""
        return self.mT

    @property
    def H(self: Tensor) -> Tensor:  # noqa: N802
        """A matrix transposed."""
        return self.t()

    # ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def unfold(self: Tensor, dimension: int, size: int, step: int) -> Tensor:
        """Windows of `size` elements along a dimension, `step` apart, as a new last dimension."""
        axis = _dimension(self, dimension, "unfold")
        n = self.array.shape[axis] if self.array.ndim else 1
        if not 0 <= size <= n or step < 1:
            raise ShapeError(
                f"unfold: windows of {size}, {step} apart, in dimension {dimension} of size {n}: they do not fit"
            )
        starts = np.arange(0, n - size + 1, step)
        if not self.array.ndim:
            return self.reshape(1)[:size]
        index = (slice(None),) * axis + (self._wrap(starts[:, None] + np.arange(size)),)
        return self[index].movedim(axis + 1, -1)

    def tensor_split(self: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
        """Views of consecutive parts: so many of nearly one size, or with cuts at the indices."""
        axis = dimension(self, dim, "tensor_split")
        n = self.array.shape[axis]
        cuts: Any = indices_or_sections
        if hasattr(cuts, "array"):
            cuts = cuts.tolist()
        if isinstance(cuts, int):
            if cuts < 1:
                raise ValueError(f"tensor_split: {cuts} parts: use at least 1")
            sizes = [n // cuts + (i < n % cuts) for i in range(cuts)]
            return self.split(sizes, axis)
        ends = [min(max(c + n if c < 0 else c, 0), n) for c in cuts]
        parts = zip([0, *ends], [*ends, n])
        return tuple(self.narrow(axis, min(a, n), max(b - a, 0)) for a, b in parts)

    def hsplit(self: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
        """`tensor_split` along the second dimension, or the only one."""
        _at_least(self, 1, "hsplit")
        return self.tensor_split(indices_or_sections, min(self.array.ndim - 1, 1))

    def vsplit(self: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
        """`tensor_split` along the first dimension."""
        _at_least(self, 2, "vsplit")
        return self.tensor_split(indices_or_sections, 0)

    def as_strided(
        self: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
    ) -> Tensor:
        """The elements at given steps through this tensor's memory, read in order, copied.

        PyTorch gives a view; here a copy, through which gradients flow back. ShapeError for places outside the tensor.
        """
        if not self.array.flags.c_contiguous or (storage_offset is not None and self.storage_offset()):
            raise ShapeError(
                f"as_strided: a tensor of shape {tuple(self.array.shape)} whose elements do not lie in order from the start of "
                "their memory: use x.clone().as_strided(...), or indexing"
            )
        places = np.full(tuple(size), storage_offset or 0, np.intp)
        for axis, (n, step) in enumerate(zip(size, stride, strict=True)):
            places = places + (np.arange(n) * step).reshape((n,) + (1,) * (len(size) - axis - 1))
        if places.size and (places.min() < 0 or places.max() >= self.array.size):
            raise ShapeError(
                f"as_strided: size {tuple(size)} with stride {tuple(stride)} reaches place {int(places.max())} of a tensor of "
                f"{self.array.size} elements"
            )
        return self.reshape(-1)[self._wrap(places)]

    # ── in place ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def unsqueeze_(self: Tensor, dim: int) -> Tensor:
        """`unsqueeze`, of this tensor itself."""
        return _reshaped(self, "unsqueeze_", lambda old: old.unsqueeze(dim))

    def squeeze_(self: Tensor, dim: Any = None) -> Tensor:
        """`squeeze`, of this tensor itself."""
        return _reshaped(self, "squeeze_", lambda old: old.squeeze(dim))

    def transpose_(self: Tensor, dim0: int, dim1: int) -> Tensor:
        """`transpose`, of this tensor itself."""
        return _reshaped(self, "transpose_", lambda old: old.transpose(dim0, dim1))

    def t_(self: Tensor) -> Tensor:
        """`t`, of this tensor itself."""
        return _reshaped(self, "t_", lambda old: old.t())

    def resize_(self: Tensor, *size: Any) -> Tensor:
        """Another shape; elements that are kept stay in order, new ones are 0. GraphError for a tensor that requires grad."""
        if self.requires_grad:
            raise GraphError("resize_: this tensor requires grad, and a resized one has no history: use reshape")
        new = _flat(size)
        if prod(new) == self.array.size:
            return _reshaped(self, "resize_", lambda old: old.reshape(new))
        self.data = self._wrap(
            np.resize(self.array, new) if 0 < prod(new) <= self.array.size else _grown(self.array, new)
        )
        return self

    def resize_as_(self: Tensor, other: Tensor) -> Tensor:
        """`resize_` to the shape of another tensor."""
        return self.resize_(other.array.shape)

    resize = resize_

    swapaxes_ = swapdims_ = transpose_


_dimension = dimension


def _at_least(tensor: Tensor, ndim: int, name: str) -> None:
    if tensor.array.ndim < ndim:
        raise ShapeError(f"{name}: at least {ndim} dimensions are needed, not shape {tuple(tensor.array.shape)}")


def _grown(array: np.ndarray[Any, Any], shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    grown = np.zeros(prod(shape), array.dtype)
    grown[: array.size] = array.reshape(-1)
    return grown.reshape(shape)


def _reshaped(tensor: Tensor, name: str, change: Callable[[Tensor], Tensor]) -> Tensor:
    """Give a tensor the shape and the history of a view of what it was."""
    if tensor.requires_grad and tensor.is_leaf:
        raise GraphError(f"{name} on a leaf that requires grad would change what its gradient is of: use {name[:-1]}")
    if tensor._viewed:
        raise MutationError(
            f"{name} on a tensor of shape {tuple(tensor.array.shape)} of which views were taken: they would no longer know "
            f"what they are views of; use {name[:-1]}, which leaves it as it is"
        )
    old = tensor._wrap(tensor.array)
    old._node, old._requires_grad, old._version, old._view = (
        tensor._node, tensor._requires_grad, tensor._version, tensor._view,
    )  # fmt: skip
    with recording(True):  # under no_grad, too: the tensor keeps its history
        new = change(old)
    if (new.array.shape, new.array.strides) != (old.array.shape, old.array.strides):
        tensor._reshaped = writing()  # a rule that captured it would compute with the other shape
    tensor.array, tensor._node, tensor._view, tensor._version = new.array, new._node, new._view, new._version
    return tensor
