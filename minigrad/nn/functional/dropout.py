"""Dropout: elements, or whole channels, at random to 0.

A seed gives the same numbers as PyTorch: an element stays where a float64 uniform number, drawn from the default generator
in the order of memory, is below 1 - p.

Source: N. Srivastava et al., Dropout, JMLR 15, 2014; G. Klambauer et al., Self-Normalizing Neural Networks, NeurIPS 2017,
for alpha dropout.
"""

from __future__ import annotations

import warnings
from math import sqrt
from typing import Any

import numpy as np

from minigrad.random import default_generator
from minigrad.streams import laid_out
from minigrad.tensor import Tensor, wrap

_ALPHA = 1.7580993408473766  # of SELU: -scale · alpha is what it gives far to the left


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each element 0 with probability p, the others times 1 / (1 - p); the input itself unless `training`.

    ValueError for p outside [0, 1].

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.nn.functional.dropout(minigrad.ones(6), 0.5)
    tensor([0., 0., 2., 0., 0., 0.])
    """
    _check("dropout", p)
    return _drop(input, p, training, inplace, input.array.shape)


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels of (N, C, L) or (C, L) to 0: see `dropout`."""
    _check("dropout1d", p)
    _check_dims("dropout1d", input, (2, 3))
    return _drop_channels(input, p, training, inplace, batched=input.array.ndim == 3)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels of (N, C, H, W) to 0: see `dropout`. Of three dimensions the first counts as N, as in PyTorch."""
    _check("dropout2d", p)
    if input.array.ndim not in (3, 4):
        warnings.warn(
            f"dropout2d: an input of {input.array.ndim} dimensions: (N, C, H, W) was expected; the first two count as N "
            "and C",
            stacklevel=2,
        )
    return _drop_channels(input, p, training, inplace, batched=True)


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels of (N, C, D, H, W) or (C, D, H, W) to 0: see `dropout`."""
    _check("dropout3d", p)
    if input.array.ndim not in (4, 5):
        warnings.warn(
            f"dropout3d: an input of {input.array.ndim} dimensions: (N, C, D, H, W) was expected; the first two count as N "
            "and C",
            stacklevel=2,
        )
    return _drop_channels(input, p, training, inplace, batched=input.array.ndim != 4)


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Each element, with probability p, to what SELU gives far to the left; then mean and variance are restored."""
    _check("alpha_dropout", p)
    return _alpha(input, p, training, inplace, input.array.shape)


def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """`alpha_dropout` of whole channels of (N, C, ...)."""
    _check("feature_alpha_dropout", p)
    return _alpha(input, p, training, inplace, _per_channel(input))


def _drop(input: Tensor, p: float, training: bool, inplace: bool, shape: tuple[int, ...]) -> Tensor:
    if not training or p == 0 or not input.array.size:
        return input
    if p == 1:
        noise = wrap(np.zeros((), input.array.dtype))
    else:
        noise = wrap(_kept(input, shape, 1 - p))
        noise.array /= 1 - p
    return input.mul_(noise) if inplace else input * noise


def _drop_channels(input: Tensor, p: float, training: bool, inplace: bool, batched: bool) -> Tensor:
    if batched:
        return _drop(input, p, training, inplace, _per_channel(input))
    if inplace:
        _drop(input.unsqueeze(0), p, training, inplace, (1, *_per_channel(input.unsqueeze(0))[1:]))
        return input
    return _drop(input.unsqueeze(0), p, training, inplace, _per_channel(input.unsqueeze(0))).squeeze(0)


def _alpha(input: Tensor, p: float, training: bool, inplace: bool, shape: tuple[int, ...]) -> Tensor:
    if not training or p == 0 or not input.array.size:
        return input
    if p == 1:
        zero = wrap(np.zeros((), input.array.dtype))
        return input.mul_(zero) if inplace else input * zero
    a = 1 / sqrt((_ALPHA * _ALPHA * p + 1) * (1 - p))
    kept = _kept(input, shape, 1 - p)
    shift = wrap((kept - 1) * (_ALPHA * a) + _ALPHA * a * p)
    noise = wrap(kept * kept.dtype.type(a))
    return input.mul_(noise).add_(shift) if inplace else input * noise + shift


def _kept(input: Tensor, shape: tuple[int, ...], keep: float) -> Any:
    """1 with probability `keep`, else 0, in the input's dtype. Of the input's own shape, drawn in its order of memory."""
    array = input.array

    def draw(sizes: tuple[int, ...]) -> Any:
        return default_generator.bernoulli(sizes, keep).astype(array.dtype)

    return draw(shape) if shape != array.shape or 0 in array.strides else laid_out(array, draw)


def _per_channel(input: Tensor) -> tuple[int, ...]:
    """(N, C, 1, ...)."""
    shape = input.array.shape
    if len(shape) < 2:
        raise RuntimeError(
            f"dropout of channels needs at least two dimensions, (N, C, ...), not an input of shape {shape}"
        )
    return (*shape[:2], *(1,) * (len(shape) - 2))


def _check(name: str, p: float) -> None:
    if not 0 <= p <= 1:
        raise ValueError(f"{name}: p={p}: a probability is between 0 and 1")


def _check_dims(name: str, input: Tensor, dims: tuple[int, ...]) -> None:
    if input.array.ndim not in dims:
        raise RuntimeError(f"{name}: an input of {input.array.ndim} dimensions: it must have {dims[0]} or {dims[1]}")
