"""Dropout as modules: at work in training, the identity after `eval()`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from minigrad.nn import functional as F  # noqa: N812
from minigrad.nn.module import Module
from minigrad.tensor import Tensor


class _DropoutNd(Module):
    """What they share. ValueError for p outside [0, 1]."""

    _function: ClassVar[Callable[..., Any]]

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"{type(self).__name__}: p={p}: a probability is between 0 and 1")
        self.p, self.inplace = p, inplace

    def forward(self, input: Tensor) -> Tensor:
        """The input, with some of it at 0 in training."""
        dropped: Tensor = type(self)._function(input, self.p, self.training, self.inplace)
        return dropped

    def extra_repr(self) -> str:
        """Its probability."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_DropoutNd):
    """Each element 0 with probability p, the others times 1 / (1 - p).

    A seed gives the same numbers as PyTorch.

    Source: N. Srivastava et al., Dropout, JMLR 15, 2014.

    >>> from minigrad import nn, ones
    >>> nn.Dropout(0.9).eval()(ones(3))
    tensor([1., 1., 1.])
    """

    _function = staticmethod(F.dropout)


class Dropout1d(_DropoutNd):
    """Whole channels of (N, C, L) or (C, L) to 0."""

    _function = staticmethod(F.dropout1d)


class Dropout2d(_DropoutNd):
    """Whole channels of (N, C, H, W) to 0."""

    _function = staticmethod(F.dropout2d)


class Dropout3d(_DropoutNd):
    """Whole channels of (N, C, D, H, W) or (C, D, H, W) to 0."""

    _function = staticmethod(F.dropout3d)


class AlphaDropout(_DropoutNd):
    """Dropout for SELU networks: what is dropped goes to SELU's lower limit, mean and variance stay.

    Source: G. Klambauer et al., Self-Normalizing Neural Networks, NeurIPS 2017.
    """

    _function = staticmethod(F.alpha_dropout)


class FeatureAlphaDropout(_DropoutNd):
    """`AlphaDropout` of whole channels of (N, C, ...)."""

    _function = staticmethod(F.feature_alpha_dropout)
