"""Student's t distribution."""  # noqa: N999

from __future__ import annotations

from math import log, pi
from typing import Any

from minigrad.distributions import constraints
from minigrad.distributions.distribution import Distribution, broadcast_all, standard_normal
from minigrad.distributions.gamma import Chi2
from minigrad.ops.elementwise import where
from minigrad.tensor import Tensor


class StudentT(Distribution):
    """A normal number over the root of a mean of `df` squares of others, moved to `loc` and stretched by `scale`."""

    arg_constraints = {"df": constraints.positive, "loc": constraints.real, "scale": constraints.positive}  # noqa: RUF012
    support = constraints.real
    has_rsample = True

    def __init__(self, df: Any, loc: Any = 0.0, scale: Any = 1.0, validate_args: bool | None = None) -> None:
        self.df, self.loc, self.scale = broadcast_all(df, loc, scale)
        super().__init__(self.df.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """NaN for df ≤ 1."""
        return self.loc.masked_fill(self.df <= 1, float("nan"))

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        """Infinite for 1 < df ≤ 2, NaN for df ≤ 1."""
        some = self.df > 2
        n = where(some, self.df, 3.0)
        found = (self.scale.square() * n / (n - 2)).masked_fill(~some, float("inf"))
        return found.masked_fill(self.df <= 1, float("nan"))  # type: ignore[no-any-return]

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        x = standard_normal(shape, self.df)
        z = Chi2(self.df, validate_args=False).rsample(sample_shape)
        return self.loc + self.scale * x * (z / self.df).rsqrt()

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        y = (value - self.loc) / self.scale
        size = (
            self.scale.log()
            + 0.5 * self.df.log()
            + 0.5 * log(pi)
            + (0.5 * self.df).lgamma()
            - (0.5 * (self.df + 1)).lgamma()
        )
        return -0.5 * (self.df + 1) * (y.square() / self.df).log1p() - size

    def entropy(self) -> Tensor:
        half, more = self.df / 2, (self.df + 1) / 2
        beta = half.lgamma() + 0.5 * log(pi) - more.lgamma()
        return self.scale.log() + more * (more.digamma() - half.digamma()) + 0.5 * self.df.log() + beta
