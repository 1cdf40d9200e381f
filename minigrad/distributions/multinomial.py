"""How often each category comes up."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.distributions import constraints
from minigrad.distributions.binomial import Binomial
from minigrad.distributions.categorical import Categorical
from minigrad.distributions.distribution import Distribution
from minigrad.tensor import Size, Tensor, wrap


class Multinomial(Distribution):
    """How often each of n categories comes up in `total_count` draws, with probabilities in proportion to `probs`
    (..., n), or to exp of `logits`."""

    arg_constraints = Categorical.arg_constraints

    def __init__(
        self,
        total_count: int = 1,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if not isinstance(total_count, int):
            raise NotImplementedError("inhomogeneous total_count is not supported: give one number")
        self.total_count = total_count
        self._categorical = Categorical(probs, logits)
        super().__init__(self._categorical.batch_shape, self._categorical.param_shape[-1:], validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__)
        new._categorical, new._batch_shape = self._categorical.expand(batch_shape), Size(batch_shape)
        return new

    @property
    def support(self) -> constraints.Constraint:
        """Counts that sum to total_count."""
        return constraints.multinomial(self.total_count)

    @property
    def probs(self) -> Tensor:
        """The probabilities."""
        return self._categorical.probs

    @property
    def logits(self) -> Tensor:
        """The logarithms of the probabilities."""
        return self._categorical.logits

    @property
    def mean(self) -> Tensor:
        return self.probs * self.total_count

    @property
    def variance(self) -> Tensor:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        n = self._event_shape[0]
        drawn = self._categorical.sample((self.total_count, *sample_shape)).array
        rows = drawn.reshape(self.total_count, -1)
        places = rows + n * np.arange(rows.shape[1])
        counts = np.bincount(places.reshape(-1), minlength=n * rows.shape[1])
        return wrap(counts.reshape((*drawn.shape[1:], n)).astype(self.probs.array.dtype))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        unseen = (value == 0) & (self.logits == -float("inf"))
        choices = (value.sum(-1) + 1).lgamma() - (value + 1).lgamma().sum(-1)
        return choices + (self.logits.masked_fill(unseen, 0) * value).sum(-1)

    def entropy(self) -> Tensor:
        """Source: the binomial marginal of each count gives E[log xᵢ!]."""
        n = self.total_count
        marginal = Binomial(n, probs=self.probs, validate_args=False)
        values = marginal.enumerate_support(False)[1:]
        weights = marginal.log_prob(values).exp()
        spread = (weights * (values + 1).lgamma()).sum((0, -1))
        return n * self._categorical.entropy() - wrap(np.asarray(n + 1.0, self.probs.array.dtype)).lgamma() + spread
