"""The gamma distribution and its kin."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.distributions import constraints
from minigrad.distributions.distribution import ExponentialFamily, broadcast_all
from minigrad.graph import apply
from minigrad.kernels.sampling import gamma_share, gamma_slope
from minigrad.streams import default_stream
from minigrad.tensor import Tensor


class Gamma(ExponentialFamily):
    """Density rate^c x^(c-1) exp(-rate · x) / Γ(c) for the concentration c.

    Samples are differentiable once; NotImplementedError for gradients of their gradients. The same seed gives the same
    samples, but not PyTorch's.
    """

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}  # noqa: RUF012
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        self.concentration, self.rate = broadcast_all(concentration, rate)
        super().__init__(self.concentration.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.rate

    @property
    def mode(self) -> Tensor:
        return ((self.concentration - 1) / self.rate).clamp(min=0)

    @property
    def variance(self) -> Tensor:
        return self.concentration / self.rate.square()

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        drawn = standard_gamma(self.concentration.expand(self._extended_shape(sample_shape))) / self.rate
        return drawn.clamp(min=float(np.finfo(drawn.array.dtype).tiny))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        c = self.concentration
        return c.xlogy(self.rate) + (c - 1).xlogy(value) - self.rate * value - c.lgamma()

    def cdf(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        x, c = broadcast_all(self.rate * value, self.concentration)
        return _share(x, c)

    def entropy(self) -> Tensor:
        c = self.concentration
        return c - self.rate.log() + c.lgamma() + (1 - c) * c.digamma()


def standard_gamma(concentration: Tensor) -> Tensor:
    """Numbers of the gamma distribution of rate 1, differentiable with respect to the concentration."""
    sample = np.asarray(default_stream.numpy.standard_gamma(concentration.array), concentration.array.dtype)
    return apply(_drawn, (concentration,), (lambda g, out: g * _slope(out, concentration),), sample=sample)


def _drawn(concentration: Any, sample: Any) -> Any:
    return sample


def _slope(sample: Tensor, concentration: Tensor) -> Tensor:
    """d sample / d concentration."""
    return apply(gamma_slope, (sample, concentration), (lambda g: _no_second(), lambda g: _no_second()))


def _share(x: Tensor, concentration: Tensor) -> Tensor:
    """The distribution function for rate 1."""

    def density(g: Tensor) -> Tensor:
        c = concentration
        return g * ((c - 1).xlogy(x) - x - c.lgamma()).exp()

    return apply(
        gamma_share, (x, concentration), (lambda g: density(g), lambda g: -density(g) * _slope(x, concentration))
    )


def _no_second() -> Tensor:
    raise NotImplementedError(
        "the gradient of the gradient of a gamma sample (Gamma, Beta, Dirichlet, Chi2, StudentT) is not implemented: "
        "use sample(), or differentiate once"
    )


class Chi2(Gamma):
    """The sum of the squares of `df` normal numbers."""

    arg_constraints = {"df": constraints.positive}  # noqa: RUF012

    def __init__(self, df: Any, validate_args: bool | None = None) -> None:
        [self.df] = broadcast_all(df)
        super().__init__(0.5 * self.df, 0.5, validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return Chi2(self.df.expand(tuple(batch_shape)), self._validate_args)
