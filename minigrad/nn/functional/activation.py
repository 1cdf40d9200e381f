"""Activations as functions."""

from __future__ import annotations

from typing import Any

from minigrad.tensor import Tensor


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(input, 0)."""
    return input.relu_() if inplace else input.relu()


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + e⁻ˣ)."""
    return input.sigmoid()


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return input.tanh()


def softmax(input: Tensor, dim: int | None = None, dtype: Any = None) -> Tensor:
    """eˣ / Σ eˣ along `dim`; TypeError if it is not given, because every choice is a guess."""
    return input.softmax(_required(dim, "softmax", input), dtype)


def log_softmax(input: Tensor, dim: int | None = None, dtype: Any = None) -> Tensor:
    """The logarithm of softmax along `dim`; TypeError if it is not given."""
    return input.log_softmax(_required(dim, "log_softmax", input), dtype)


def _required(dim: int | None, name: str, input: Tensor) -> int:
    if dim is None:
        raise TypeError(
            f"{name} of a tensor of shape {tuple(input.shape)} needs a dimension: dim=-1 is the classes of a batch"
        )
    return dim
