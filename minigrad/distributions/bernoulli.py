"""Yes or no."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.distributions import constraints
from minigrad.distributions.categorical import one_of_two, probs_to_logits
from minigrad.distributions.distribution import ExponentialFamily, broadcast_all, lazy
from minigrad.grad_mode import no_grad
from minigrad.tensor import Tensor, wrap


class Binary(ExponentialFamily):
    """What the distributions of yes and no share: `probs`, or `logits`, log(p / (1 - p))."""

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}  # noqa: RUF012

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        [given] = broadcast_all(one_of_two(probs, logits))
        self.__dict__["logits" if probs is None else "probs"] = given
        super().__init__(given.shape, validate_args=validate_args)

    @lazy
    def logits(self) -> Tensor:
        """log(p / (1 - p))."""
        return probs_to_logits(self.probs, is_binary=True)

    @lazy
    def probs(self) -> Tensor:
        """The probability of 1."""
        return self.logits.sigmoid()

    @property
    def _param(self) -> Tensor:
        return self.__dict__.get("probs", self.__dict__.get("logits"))  # type: ignore[return-value]

    @property
    def param_shape(self) -> Any:
        """The shape of `probs` or `logits`."""
        return self._param.shape


class Bernoulli(Binary):
    """1 with probability `probs`, else 0. Instead of it `logits` may be given, log(p / (1 - p))."""

    support = constraints.boolean
    has_enumerate_support = True

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def mode(self) -> Tensor:
        likely = (self.probs >= 0.5).to(self.probs.dtype)
        return likely.masked_fill(self.probs == 0.5, float("nan"))

    @property
    def variance(self) -> Tensor:
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with no_grad():
            return self.probs.expand(self._extended_shape(sample_shape)).contiguous().bernoulli()

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return -binary_cross_entropy(self.logits, value)

    def entropy(self) -> Tensor:
        return binary_cross_entropy(self.logits, self.probs)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        return self._enumerated(wrap(np.arange(2).astype(self._param.array.dtype)), expand)


def binary_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """-target log p - (1 - target) log(1 - p), of the logits of p."""
    return logits.softplus(threshold=float("inf")) - logits * target


class Geometric(Binary):
    """The number of failures before the first success of probability `probs`."""

    support = constraints.nonnegative_integer

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        super().__init__(probs, logits, validate_args)
        if self._validate_args and probs is not None and not (self.probs.array > 0).all():
            raise ValueError(
                f"Expected parameter probs (Tensor of shape {tuple(self.probs.shape)}) of distribution {self!r} to be "
                f"positive but found invalid values:\n{self.probs}"
            )

    @property
    def mean(self) -> Tensor:
        return 1 / self.probs - 1

    @property
    def mode(self) -> Tensor:
        return self.probs.new_zeros(self.probs.shape)

    @property
    def variance(self) -> Tensor:
        return (1 / self.probs - 1) / self.probs

    def sample(self, sample_shape: Any = ()) -> Tensor:
        tiny = float(np.finfo(self.probs.array.dtype).tiny)
        with no_grad():
            u = self.probs.new_empty(tuple(self._extended_shape(sample_shape))).uniform_().clamp(min=tiny)
            return (u.log() / (-self.probs).log1p()).floor()

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        certain = (self.probs == 1) & (value == 0)
        return value * (-self.probs).log1p().masked_fill(certain, 0) + self.probs.log()

    def entropy(self) -> Tensor:
        return binary_cross_entropy(self.logits, self.probs) / self.probs
