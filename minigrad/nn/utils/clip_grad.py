"""Gradients made smaller where they are too large."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Any

import numpy as np

from minigrad.clock import wrote
from minigrad.tensor import Tensor, wrap


def _listed(tensors: Any) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of all numbers in some tensors: of order `norm_type`, which may be inf. A tensor of no dimensions.

    With `error_if_nonfinite`, RuntimeError if it is nan or infinite.
    """
    p = float(norm_type)
    arrays = [tensor.array for tensor in _listed(tensors)]
    if not arrays:
        return wrap(np.zeros((), np.float32))
    norms = np.array([_norm(array, p) for array in arrays], np.result_type(*arrays))
    total = _norm(norms, p)
    if error_if_nonfinite and not np.isfinite(total):
        raise RuntimeError(
            f"The total norm of order {p} for gradients from `parameters` is non-finite, so it cannot be clipped. To disable "
            "this error and scale the gradients by the non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return wrap(np.asarray(total, norms.dtype))


def _norm(array: np.ndarray[Any, Any], p: float) -> Any:
    flat = array.reshape(-1)
    if p == 2:
        return np.sqrt(flat @ flat)
    sizes = np.absolute(flat)
    if p == inf:
        return np.maximum.reduce(sizes, initial=0)
    if p == -inf:
        return np.minimum.reduce(sizes, initial=inf)
    if p == 0:
        return np.count_nonzero(sizes)
    return np.add.reduce(sizes**p) ** (1 / p)


def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Multiply every gradient by max_norm / (total_norm + 1e-6), if that is below 1; in place."""
    factor = np.minimum(float(max_norm) / (total_norm.array + 1e-6), 1.0)
    for parameter in _listed(parameters):
        gradient = parameter.grad
        if gradient is not None:
            np.multiply(gradient.array, factor.astype(gradient.array.dtype), gradient.array)
            wrote(gradient)


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale the gradients of some parameters, all by one factor, so that their norm together is at most `max_norm`; in place.

    Returns the norm before. With `error_if_nonfinite`, RuntimeError if that is nan or infinite.

    Source: R. Pascanu, T. Mikolov and Y. Bengio, On the difficulty of training recurrent neural networks, ICML 2013.

    >>> from minigrad import nn, tensor
    >>> w = nn.Parameter(tensor([1.0, 1.0]))
    >>> w.grad = tensor([3.0, 4.0])
    >>> nn.utils.clip_grad_norm_([w], max_norm=1.0), w.grad
    (tensor(5.), tensor([0.6000, 0.8000]))
    """
    found = _listed(parameters)
    total = get_total_norm([p.grad for p in found if p.grad is not None], norm_type, error_if_nonfinite)
    clip_grads_with_norm_(found, max_norm, total)
    return total


def clip_grad_norm(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """`clip_grad_norm_`, by the name that it had before PyTorch 0.4."""
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None) -> None:
    """Bring every number of the gradients into ±`clip_value`; in place."""
    limit = float(clip_value)
    for parameter in _listed(parameters):
        gradient = parameter.grad
        if gradient is not None:
            gradient.array.clip(-limit, limit, out=gradient.array)
            wrote(gradient)
