"""The binomial distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.distributions import constraints
from minigrad.distributions.bernoulli import Binary
from minigrad.distributions.categorical import one_of_two
from minigrad.distributions.distribution import Distribution, broadcast_all
from minigrad.streams import default_stream
from minigrad.tensor import Tensor, wrap


class Binomial(Binary):
    """How many of `total_count` trials of probability `probs` succeed. Instead of it `logits` may be given.

    The same seed gives the same samples, but not PyTorch's.
    """

    arg_constraints = {"total_count": constraints.nonnegative_integer, **Binary.arg_constraints}  # noqa: RUF012
    has_enumerate_support = True

    def __init__(
        self, total_count: Any = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self.total_count, given = broadcast_all(total_count, one_of_two(probs, logits))
        self.total_count = self.total_count.to(given.dtype)
        self.__dict__["logits" if probs is None else "probs"] = given
        Distribution.__init__(self, given.shape, validate_args=validate_args)

    @property
    def support(self) -> constraints.Constraint:
        """0 to total_count."""
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Tensor:
        return self.total_count * self.probs

    @property
    def mode(self) -> Tensor:
        return ((self.total_count + 1) * self.probs).floor().clamp(max=self.total_count)

    @property
    def variance(self) -> Tensor:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        shape = tuple(self._extended_shape(sample_shape))
        chances = np.clip(self.probs.array.astype(np.float64), 0, 1)
        drawn = default_stream.numpy.binomial(self.total_count.array.astype(np.int64), chances, shape)
        return wrap(np.asarray(drawn, self._param.array.dtype))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        n, logits = self.total_count, self.logits
        choices = (n + 1).lgamma() - (value + 1).lgamma() - (n - value + 1).lgamma()
        return choices + value * logits - n * logits.softplus(threshold=float("inf"))

    def entropy(self) -> Tensor:
        n = int(self.total_count.array.max())
        if not (self.total_count.array == n).all():
            raise NotImplementedError(
                "Inhomogeneous total count not supported by `entropy`: ask for one count at a time"
            )
        log_prob = self.log_prob(self.enumerate_support(False))
        return -(log_prob.exp() * log_prob).sum(0)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        n = int(self.total_count.array.max())
        if not (self.total_count.array == n).all():
            raise NotImplementedError(
                "Inhomogeneous total count not supported by `enumerate_support`: ask for one count at a time"
            )
        return self._enumerated(wrap(np.arange(n + 1).astype(self._param.array.dtype)), expand)
