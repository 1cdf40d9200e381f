"""A choice among numbered categories."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.distributions import constraints
from minigrad.distributions.distribution import Distribution, lazy
from minigrad.grad_mode import no_grad
from minigrad.tensor import Tensor, wrap


class Categorical(Distribution):
    """The numbers 0 to n - 1, with probabilities in proportion to `probs` (..., n), or to exp of `logits`.

    ValueError unless exactly one of the two is given.

    >>> from minigrad import distributions, tensor
    >>> choice = distributions.Categorical(tensor([0.25, 0.75]))
    >>> choice.log_prob(tensor(1)).exp(), choice.entropy()
    (tensor(0.7500), tensor(0.5623))
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}  # noqa: RUF012
    has_enumerate_support = True

    def __init__(
        self, probs: Tensor | None = None, logits: Tensor | None = None, validate_args: bool | None = None
    ) -> None:
        given = one_of_two(probs, logits)
        if given.array.ndim < 1:
            raise ValueError(f"`{'logits' if probs is None else 'probs'}` parameter must be at least one-dimensional.")
        if probs is not None:
            self.probs = probs / probs.sum(-1, keepdim=True)
        else:
            self.logits = given - given.logsumexp(-1, keepdim=True)
        self._num_events = given.array.shape[-1]
        super().__init__(given.array.shape[:-1], validate_args=validate_args)

    @lazy
    def logits(self) -> Tensor:
        """The logarithms of the probabilities."""
        return probs_to_logits(self.probs)

    @lazy
    def probs(self) -> Tensor:
        """The probabilities."""
        return self.logits.softmax(-1)

    @property
    def _param(self) -> Tensor:
        return self.__dict__.get("probs", self.__dict__.get("logits"))  # type: ignore[return-value]

    @property
    def param_shape(self) -> Any:
        """The shape of `probs` or `logits`."""
        return self._param.shape

    @property
    def support(self) -> constraints.Constraint:
        """0 to n - 1."""
        return constraints.integer_interval(0, self._num_events - 1)

    @property
    def mean(self) -> Tensor:
        """NaN: categories are not numbers."""
        return self._param.new_full(self._extended_shape(), float("nan"))

    @property
    def mode(self) -> Tensor:
        return self.probs.argmax(-1)

    @property
    def variance(self) -> Tensor:
        """NaN: categories are not numbers."""
        return self._param.new_full(self._extended_shape(), float("nan"))

    def sample(self, sample_shape: Any = ()) -> Tensor:
        n = int(np.prod(sample_shape, dtype=np.int64))
        with no_grad():
            drawn = self.probs.reshape(-1, self._num_events).multinomial(n, True).T
            return drawn.reshape(tuple(self._extended_shape(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        logits = self.logits
        n = logits.array.shape[-1]
        shape = np.broadcast_shapes(value.array.shape, logits.array.shape[:-1])
        index = value.long().expand(shape).unsqueeze(-1)
        return logits.expand((*shape, n)).gather(-1, index).squeeze(-1)

    def entropy(self) -> Tensor:
        logits = self.logits.clamp(min=float(np.finfo(self.logits.array.dtype).min))
        return -(logits * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        return self._enumerated(wrap(np.arange(self._num_events)), expand)


def one_of_two(probs: Any, logits: Any) -> Any:
    """Whichever of the two was given. ValueError unless one was."""
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")
    return logits if probs is None else probs


def clamp_probs(probs: Tensor) -> Tensor:
    """Probabilities kept off 0 and 1, as far as their type can tell them from these."""
    eps = float(np.finfo(probs.array.dtype).eps)
    return probs.clamp(eps, 1 - eps)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """log p, or log(p / (1 - p))."""
    clamped = clamp_probs(probs)
    return clamped.log() - (-clamped).log1p() if is_binary else clamped.log()
