"""Sequences of unequal length: packed, step after step without gaps, or padded to one length.

>>> import minigrad
>>> from minigrad.nn.utils.rnn import pack_sequence, pad_packed_sequence
>>> packed = pack_sequence([minigrad.tensor([1.0, 2, 3]), minigrad.tensor([4.0, 5])])
>>> packed.data, packed.batch_sizes
(tensor([1., 4., 2., 5., 3.]), tensor([2, 2, 1]))
>>> pad_packed_sequence(packed, batch_first=True)
(tensor([[1., 2., 3.],
        [4., 5., 0.]]), tensor([3, 2]))
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from minigrad.errors import ShapeError
from minigrad.ops.recurrent import pick, place
from minigrad.ops.shape import cat
from minigrad.tensor import Tensor, wrap

__all__ = [
    "PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence", "pad_sequence",
    "unpack_sequence", "unpad_sequence",
]  # fmt: skip

_Fields = namedtuple("_Fields", ["data", "batch_sizes", "sorted_indices", "unsorted_indices"])


class PackedSequence(_Fields):
    """Sequences step after step: all first elements, all second ones, and so on, the longest sequences first.

    Fields:
        data: (N, ...), the elements, N being the sum of the lengths.
        batch_sizes: how many sequences are running at each step.
        sorted_indices: which sequence, as they were given, is the longest, the second longest...; None if they were sorted.
        unsorted_indices: its inverse.

    Usually made by `pack_padded_sequence` or `pack_sequence`; recurrent layers take one and give one.
    """

    __slots__ = ()

    def __new__(
        cls,
        data: Any,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> PackedSequence:
        """From its fields; `data` may hold the first two."""
        if batch_sizes is None:
            if not isinstance(data, tuple | list) or len(data) != 2:
                raise ValueError("PackedSequence needs data and batch_sizes: pack_padded_sequence makes both")
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same with `data.to(...)`."""
        return self._replace(data=self.data.to(*args, **kwargs))

    def double(self) -> PackedSequence:
        """`to(float64)`."""
        return self.to("float64")

    def float(self) -> PackedSequence:
        """`to(float32)`."""
        return self.to("float32")

    def half(self) -> PackedSequence:
        """`to(float16)`."""
        return self.to("float16")

    def long(self) -> PackedSequence:
        """`to(int64)`."""
        return self.to("int64")

    def int(self) -> PackedSequence:
        """`to(int32)`."""
        return self.to("int32")

    def cpu(self) -> PackedSequence:
        """Itself: there is one device."""
        return self

    def pin_memory(self) -> PackedSequence:
        """Itself: there is one kind of memory."""
        return self

    def cuda(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """RuntimeError: minigrad computes on the CPU only."""
        return self.to("cuda")

    @property
    def is_cuda(self) -> bool:
        """False."""
        return False


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes this one; None for None."""
    if permutation is None:
        return None
    out = np.empty_like(permutation.array)
    out[permutation.array] = np.arange(out.size)
    return wrap(out)


def pack_padded_sequence(
    input: Tensor, lengths: Tensor | Sequence[int], batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Sequences padded to one length, (T, B, ...), or (B, T, ...) if `batch_first`, as a `PackedSequence`.

    Args:
        lengths: of each sequence, at least 1.
        enforce_sorted: refuse lengths that are not in decreasing order. With False the sequences are sorted.

    RuntimeError for lengths that do not fit.
    """
    found = np.asarray(lengths.array if isinstance(lengths, Tensor) else lengths).astype(np.int64)
    shape = input.array.shape
    if len(shape) < 2:
        raise RuntimeError(
            f"pack_padded_sequence: an input of shape {shape}: it must have the dimensions (T, B, ...), or (B, T, ...) "
            "with batch_first=True"
        )
    steps, batch = shape[:2][:: -1 if batch_first else 1]
    if not input.array.size:
        raise RuntimeError("Cannot pack empty tensors.")
    if found.shape != (batch,):
        hint = "; the batch comes first: say batch_first=True" if not batch_first and len(found) == steps else ""
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {found.size} (batch_size={batch}){hint}"
        )
    if found.min() <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0: leave that "
            "sequence out"
        )
    if found.max() > steps:
        raise RuntimeError(
            f"pack_padded_sequence: a length of {found.max()}, where the padded sequences have {steps} steps"
        )
    order = None
    if not enforce_sorted:
        order = np.argsort(-found, kind="stable")
        found = found[order]
    elif (np.diff(found) > 0).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement"
        )
    sizes, at, who = _layout(found)
    who = who if order is None else order[who]
    index = who * steps + at if batch_first else at * batch + who
    data = pick(input.reshape(steps * batch, *shape[2:]), index)
    return PackedSequence(data, wrap(sizes), None if order is None else wrap(order))


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """A `PackedSequence` as one tensor, (T, B, ...) or (B, T, ...), and the lengths of its sequences.

    What is beyond the end of a sequence is `padding_value`. T is the greatest length, or `total_length`: ValueError if that
    is less.
    """
    sizes = sequence.batch_sizes.array
    steps, batch = len(sizes), int(sizes[0])
    if total_length is not None:
        if total_length < steps:
            raise ValueError(
                "Expected total_length to be at least the length of the longest sequence in input, but got "
                f"total_length={total_length} and max sequence length being {steps}"
            )
        steps = total_length
    lengths = _lengths(sizes)
    _, at, who = _layout(lengths)
    if sequence.sorted_indices is not None:
        who = sequence.sorted_indices.array[who]
        lengths = lengths[sequence.unsorted_indices.array]
    index = who * steps + at if batch_first else at * batch + who
    shape = (batch, steps) if batch_first else (steps, batch)
    rest = sequence.data.array.shape[1:]
    return place(sequence.data, index, steps * batch, padding_value).reshape(*shape, *rest), wrap(lengths)


def pad_sequence(
    sequences: Tensor | Sequence[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Sequences (L, ...) of any lengths as one tensor, (T, B, ...) or (B, T, ...), padded with `padding_value`.

    RuntimeError if there is none, ShapeError if they differ in more than their length.

    >>> import minigrad
    >>> import minigrad
    >>> pad_sequence([minigrad.tensor([1, 2]), minigrad.tensor([3])], batch_first=True)
    tensor([[1, 2],
            [3, 0]])
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(f"pad_sequence: a list of tensors is needed, not a {type(sequences).__name__}")
    found = list(sequences)
    if not found:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    rest = found[0].array.shape[1:]
    for i, part in enumerate(found):
        if part.array.shape[1:] != rest or not part.array.ndim:
            raise ShapeError(
                f"pad_sequence: sequence 0 has shape {found[0].array.shape}, sequence {i} has {part.array.shape}: they may "
                "differ in their first dimension only"
            )
    lengths = np.array([len(part.array) for part in found])
    steps, batch = int(lengths.max()), len(found)
    who = np.repeat(np.arange(batch), lengths)
    at = np.arange(len(who)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    if padding_side == "left":
        at += (steps - lengths)[who]
    index = who * steps + at if batch_first else at * batch + who
    shape = (batch, steps) if batch_first else (steps, batch)
    kind = found[0].array.dtype
    flat = cat([part.to(kind) for part in found]) if len(who) else found[0]
    return place(flat, index, steps * batch, padding_value).reshape(*shape, *rest)


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """The sequences of one padded tensor, (T, B, ...) or (B, T, ...), each of its length."""
    padded = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [padded[i, :length] for i, length in enumerate(lengths.tolist())]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Sequences (L, ...), longest first unless `enforce_sorted` is False, as a `PackedSequence`."""
    lengths = [len(part.array) for part in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences of a `PackedSequence`, as they were given."""
    return unpad_sequence(*pad_packed_sequence(packed_sequences, batch_first=True), batch_first=True)


def _lengths(sizes: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """How long each sequence is, from how many are running at each step."""
    return np.asanyarray((sizes[:, None] > np.arange(sizes[0])).sum(0))


def _layout(lengths: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """How many of these sequences, longest first, are running at each step; of each packed row, the step and the sequence."""
    running = np.arange(lengths[0])[:, None] < lengths
    at, who = running.nonzero()
    return running.sum(1), at, who
