"""The Dirichlet distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.distributions import constraints
from minigrad.distributions.distribution import ExponentialFamily
from minigrad.distributions.gamma import standard_gamma
from minigrad.tensor import Tensor


class Dirichlet(ExponentialFamily):
    """Positive numbers that sum to 1, of density in proportion to Π xᵢ^(cᵢ - 1) for the concentrations c (..., n)."""

    arg_constraints = {"concentration": constraints.independent(constraints.positive, 1)}  # noqa: RUF012
    support = constraints.simplex
    has_rsample = True

    def __init__(self, concentration: Tensor, validate_args: bool | None = None) -> None:
        if concentration.array.ndim < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        super().__init__(concentration.shape[:-1], concentration.shape[-1:], validate_args)

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.concentration.sum(-1, keepdim=True)

    @property
    def mode(self) -> Tensor:
        above = (self.concentration - 1).clamp(min=0)
        total = above.sum(-1, keepdim=True)
        mode = above / total.masked_fill(total == 0, float("nan"))
        flat = (self.concentration < 1).all(-1, keepdim=True)
        peak = self.concentration.argmax(-1, keepdim=True)
        corner = peak == peak._wrap(np.arange(self.concentration.array.shape[-1]))
        return corner.to(mode.dtype).where(flat, mode)

    @property
    def variance(self) -> Tensor:
        total = self.concentration.sum(-1, keepdim=True)
        return self.concentration * (total - self.concentration) / (total.square() * (total + 1))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        drawn = standard_gamma(self.concentration.expand(self._extended_shape(sample_shape)))
        drawn = drawn.clamp(min=float(np.finfo(drawn.array.dtype).tiny))
        return drawn / drawn.sum(-1, keepdim=True)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        c = self.concentration
        return (c - 1).xlogy(value).sum(-1) + c.sum(-1).lgamma() - c.lgamma().sum(-1)

    def entropy(self) -> Tensor:
        c, n = self.concentration, self.concentration.array.shape[-1]
        total = c.sum(-1)
        return c.lgamma().sum(-1) - total.lgamma() - (n - total) * total.digamma() - ((c - 1) * c.digamma()).sum(-1)  # type: ignore[no-any-return]
