"""Borders around a tensor's last dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from minigrad.graph import apply
from minigrad.kernels import padding as kernels

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

Pairs: TypeAlias = "tuple[tuple[int, int], ...]"  # (before, after) for each of the last dimensions


def pad_constant(input: Tensor, pairs: Pairs, value: float = 0) -> Tensor:
    """`input` with `value` before and after each of its last dimensions; without what a negative number says."""
    opposite = tuple((-before, -after) for before, after in pairs)
    return apply(kernels.pad_constant, (input,), (lambda g: pad_constant(g, opposite),), pairs=pairs, value=value)


def extend(input: Tensor, pairs: Pairs, mode: str) -> Tensor:
    """`input` with borders that "reflect" what is inside, "replicate" its edge, or are its other end ("circular")."""
    return apply(kernels.extend, (input,), (lambda g: _extend_backward(g, pairs, mode),), pairs=pairs, mode=mode)


def _extend_backward(g: Tensor, pairs: Pairs, mode: str) -> Tensor:
    return apply(kernels.extend_backward, (g,), (lambda u: extend(u, pairs, mode),), pairs=pairs, mode=mode)
