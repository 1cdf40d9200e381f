"""Borders."""

from __future__ import annotations

from collections.abc import Sequence

from minigrad.errors import ShapeError, not_a_tensor
from minigrad.ops.padding import extend, pad_constant
from minigrad.tensor import Tensor


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """`input` with borders around its last dimensions.

    Args:
        input: a tensor; for other modes than "constant", of one or two dimensions more than are padded.
        pad: how many elements to add before and after the last dimension, then the second last, and so on:
            (left, right, top, bottom). A negative number takes elements away.
        mode: "constant", "reflect" (what is inside, without the edge itself), "replicate" (the edge) or "circular" (the other
            end).
        value: the constant; 0 unless told.

    ShapeError if `pad` does not fit the dimensions, or reaches farther than what is to be seen there.

    >>> from minigrad import nn, tensor
    >>> nn.functional.pad(tensor([[1.0, 2.0, 3.0]]), (2, 1), mode="reflect")
    tensor([[3., 2., 1., 2., 3., 2.]])
    """
    if not hasattr(input, "_version"):
        raise not_a_tensor("pad", input)
    if not isinstance(pad, tuple | list):
        raise TypeError(
            f"pad: pad={pad!r} is a {type(pad).__name__}: give (before, after) for the last dimension, and so on"
        )
    numbers = [int(n) for n in pad]
    shape, dims = tuple(input.array.shape), len(numbers) // 2
    if len(numbers) % 2 or dims > len(shape):
        raise ShapeError(
            f"pad: pad={tuple(numbers)} of a tensor of shape {shape}: give two numbers, before and after, for each of at most "
            f"{len(shape)} dimensions, the last one first"
        )
    pairs = tuple((numbers[2 * i], numbers[2 * i + 1]) for i in reversed(range(dims)))
    for n, (before, after) in zip(shape[len(shape) - dims :], pairs):
        if n + before + after < 0 or n + min(before, 0) < 0 or n + min(after, 0) < 0:
            raise ShapeError(f"pad: pad={tuple(numbers)} takes more away than a tensor of shape {shape} has")
    if mode == "constant":
        return pad_constant(input, pairs, 0 if value is None else value)
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(f"pad: mode={mode!r}: use 'constant', 'reflect', 'replicate' or 'circular'")
    if value:
        raise ShapeError(f"pad: value={value} with mode={mode!r}: only 'constant' takes a value")
    if dims not in (1, 2, 3) or len(shape) not in (dims + 1, dims + 2):
        raise NotImplementedError(
            f"pad: pad={tuple(numbers)} with mode={mode!r} of a tensor of shape {shape}: as many dimensions are padded as "
            "there are after the batch and the channels; give two numbers for each of them"
        )
    for n, (before, after) in zip(shape[len(shape) - dims :], pairs):
        most = n - 1 if mode == "reflect" else n
        if (max(before, after) > most and mode != "replicate") or n == 0:
            raise ShapeError(
                f"pad: pad={tuple(numbers)} with mode={mode!r} of a tensor of shape {shape}: at most {most} elements can be "
                f"added to a dimension of {n}"
            )
    cut = tuple((min(before, 0), min(after, 0)) for before, after in pairs)
    added = tuple((max(before, 0), max(after, 0)) for before, after in pairs)
    if not any(map(any, cut)):
        return extend(input, added, mode)
    if mode == "circular":  # the ends that meet are those of what is left
        return extend(pad_constant(input, cut), added, mode)
    return pad_constant(extend(input, added, mode), cut)
