"""Planes in other sizes, and windows as columns: linear, so each is the gradient of its own gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minigrad.graph import apply
from minigrad.kernels import folding
from minigrad.kernels import resampling as kernels

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


def resample(input: Tensor, maps: Any) -> Tensor:
    """`input` with each of its last dimensions in another size: see `kernels.resampling` for what `maps` says."""
    return apply(kernels.resample, (input,), (lambda g: _resample_backward(g, maps),), maps=maps)


def _resample_backward(g: Tensor, maps: Any) -> Tensor:
    return apply(kernels.resample_backward, (g,), (lambda u: resample(u, maps),), maps=maps)


def unfold(input: Tensor, window: dict[str, Any]) -> Tensor:
    """The windows of (N, C, *sizes) as columns, (N, C·k, places); window: kernel, stride, padding, dilation."""
    sizes = tuple(input.array.shape[2:])
    return apply(folding.unfold, (input,), (lambda g: fold(g, sizes, window),), **window)


def fold(input: Tensor, sizes: tuple[int, ...], window: dict[str, Any]) -> Tensor:
    """`unfold`, backwards: columns (N, C·k, places) added up at the places they were taken from, (N, C, *sizes)."""
    return apply(folding.fold, (input,), (lambda g: unfold(g, window),), sizes=sizes, **window)
