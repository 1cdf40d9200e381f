"""The beta distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.distributions import constraints
from minigrad.distributions.distribution import ExponentialFamily, broadcast_all
from minigrad.distributions.gamma import standard_gamma
from minigrad.ops.shape import stack
from minigrad.tensor import Tensor


class Beta(ExponentialFamily):
    """Density in proportion to x^(concentration1 - 1) (1 - x)^(concentration0 - 1), from 0 to 1."""

    arg_constraints = {"concentration1": constraints.positive, "concentration0": constraints.positive}  # noqa: RUF012
    support = constraints.unit_interval
    has_rsample = True

    def __init__(self, concentration1: Any, concentration0: Any, validate_args: bool | None = None) -> None:
        self.concentration1, self.concentration0 = broadcast_all(concentration1, concentration0)
        super().__init__(self.concentration1.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def mode(self) -> Tensor:
        a, b = self.concentration1, self.concentration0
        left, right = (a - 1).clamp(min=0), (b - 1).clamp(min=0)
        mode = left / (left + right).masked_fill(left + right == 0, float("nan"))
        flat = (a < 1) & (b < 1)
        return (a >= b).to(mode.dtype).where(flat, mode)

    @property
    def variance(self) -> Tensor:
        total = self.concentration1 + self.concentration0
        return self.concentration1 * self.concentration0 / (total.square() * (total + 1))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        both = stack([self.concentration1, self.concentration0], -1)
        drawn = standard_gamma(both.expand((*self._extended_shape(sample_shape), 2)))
        drawn = drawn.clamp(min=float(np.finfo(drawn.array.dtype).tiny))
        below = float(
            np.nextafter(drawn.array.dtype.type(1), drawn.array.dtype.type(0))
        )  # off the end, where log(1 - x) is not
        return (drawn.select(-1, 0) / drawn.sum(-1)).clamp(max=below)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        a, b = self.concentration1, self.concentration0
        shape = (a + b).lgamma() - a.lgamma() - b.lgamma()
        return (a - 1).xlogy(value) + (b - 1).xlogy(1 - value) + shape

    def entropy(self) -> Tensor:
        a, b = self.concentration1, self.concentration0
        total = a + b
        spread = (a - 1) * a.digamma() + (b - 1) * b.digamma()
        return a.lgamma() + b.lgamma() - total.lgamma() - (2 - total) * total.digamma() - spread
