"""The size of a normal number."""

from __future__ import annotations

from math import log, pi, sqrt
from typing import Any

from minigrad.distributions import constraints
from minigrad.distributions.distribution import Distribution, broadcast_all, standard_normal
from minigrad.tensor import Tensor


class HalfNormal(Distribution):
    """|X| of a normal X of mean 0 and standard deviation `scale`."""

    arg_constraints = {"scale": constraints.positive}  # noqa: RUF012
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        [self.scale] = broadcast_all(scale)
        super().__init__(self.scale.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.scale * sqrt(2 / pi)

    @property
    def mode(self) -> Tensor:
        return self.scale.new_zeros(self.scale.shape)

    @property
    def variance(self) -> Tensor:
        return self.scale.square() * (1 - 2 / pi)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        return (standard_normal(self._extended_shape(sample_shape), self.scale) * self.scale).abs()

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        found = 0.5 * log(2 / pi) - self.scale.log() - value.square() / (2 * self.scale.square())
        return found.masked_fill(value < 0, -float("inf"))

    def cdf(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return (value / (self.scale * sqrt(2))).erf()

    def icdf(self, value: Tensor) -> Tensor:
        return self.scale * sqrt(2) * value.erfinv()

    def entropy(self) -> Tensor:
        return 0.5 * log(pi / 2) + 0.5 + self.scale.log()
