"""What becomes of a distribution under an invertible function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad.distributions.distribution import Distribution
from minigrad.distributions.independent import Independent, sum_rightmost
from minigrad.distributions.transforms import ComposeTransform, Transform
from minigrad.grad_mode import no_grad
from minigrad.tensor import Tensor


class TransformedDistribution(Distribution):
    """The distribution of t(x) for x of a base distribution and a transform t, or several one after the other.

    >>> from minigrad import distributions as d, tensor
    >>> logistic = d.TransformedDistribution(d.Uniform(0.0, 1.0), d.SigmoidTransform().inv)
    >>> logistic.log_prob(tensor(0.0)).exp()
    tensor(0.2500)
    """

    def __init__(
        self,
        base_distribution: Distribution,
        transforms: Transform | Sequence[Transform],
        validate_args: bool | None = None,
    ) -> None:
        parts = [transforms] if isinstance(transforms, Transform) else list(transforms)
        if not all(isinstance(part, Transform) for part in parts):
            raise ValueError(f"transforms argument must be a Transform or list of Transforms, but was {transforms}")
        self.transforms = parts
        whole = ComposeTransform(parts)
        extra = whole.event_dim - len(base_distribution.event_shape)
        self.base_dist = Independent(base_distribution, extra) if extra > 0 else base_distribution
        shape = whole.forward_shape(self.base_dist._extended_shape())
        for part in parts:
            shape = part.forward_shape(shape)
        events = max(len(self.base_dist.event_shape), whole.event_dim)
        super().__init__(shape[: len(shape) - events], shape[len(shape) - events :], validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__)
        new.base_dist = self.base_dist.expand(batch_shape)
        new._batch_shape = new.base_dist.batch_shape
        return new

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        """As the base."""
        return self.base_dist.has_rsample

    @property
    def support(self) -> Any:
        """Where the last transform leads."""
        return self.transforms[-1].codomain if self.transforms else self.base_dist.support

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with no_grad():
            return self._forward(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        return self._forward(self.base_dist.rsample(sample_shape))

    def _forward(self, x: Tensor) -> Tensor:
        for transform in self.transforms:
            x = transform(x)
        return x

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        events, total = len(self._event_shape), None
        y = value
        for transform in reversed(self.transforms):
            x = transform.inv(y)
            share = sum_rightmost(transform.log_abs_det_jacobian(x, y), events - transform.event_dim)
            total = -share if total is None else total - share
            y = x
        base = sum_rightmost(self.base_dist.log_prob(y), events - len(self.base_dist.event_shape))
        return base if total is None else total + base

    def _sign(self) -> Any:
        sign: Any = 1
        for transform in self.transforms:
            sign = sign * transform.sign
        return sign

    def cdf(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        for transform in reversed(self.transforms):
            value = transform.inv(value)
        return self._reversed_where_falling(self.base_dist.cdf(value))

    def icdf(self, value: Tensor) -> Tensor:
        return self._forward(self.base_dist.icdf(self._reversed_where_falling(value)))

    def _reversed_where_falling(self, p: Tensor) -> Tensor:
        """p where the transforms rise, 1 - p where they fall."""
        sign = self._sign()
        return p if isinstance(sign, int) and sign == 1 else sign * (p - 0.5) + 0.5

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
