"""What all distributions share: shapes, validation, expansion, printing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.distributions.constraints import Constraint
from minigrad.dtypes import default_dtype
from minigrad.errors import ShapeError, broadcast_clash, list_of
from minigrad.grad_mode import enable_grad, no_grad
from minigrad.tensor import Size, Tensor, wrap

_validate = True


class lazy:  # noqa: N801
    """A property that is computed when first asked for, then kept."""

    def __init__(self, compute: Callable[[Any], Any]) -> None:
        self.compute = compute
        self.name, self.__doc__ = compute.__name__, compute.__doc__

    def __get__(self, instance: Any, owner: Any = None) -> Tensor:
        if instance is None:
            return self  # type: ignore[return-value]
        with enable_grad():
            value: Tensor = self.compute(instance)
        instance.__dict__[self.name] = value
        return value


def broadcast_all(*values: Any) -> tuple[Tensor, ...]:
    """Numbers and tensors as tensors of one shape. ShapeError if the shapes do not broadcast."""
    tensors = [v for v in values if isinstance(v, Tensor)]
    for v in values:
        if not isinstance(v, Tensor | int | float | np.number):
            raise ValueError(
                f"a parameter of a distribution is a number or a tensor, not a {type(v).__name__}: use minigrad.tensor(...)"
            )
    kind = tensors[0].array.dtype if tensors else default_dtype()
    made = [v if isinstance(v, Tensor) else wrap(np.asarray(v, kind)) for v in values]
    shapes = [v.array.shape for v in made]
    clash = broadcast_clash(shapes) if len(shapes) > 1 else None
    if clash:
        raise ShapeError(f"parameters of shapes {list_of(shapes)} do not broadcast: {clash}")
    shape = np.broadcast_shapes(*shapes)
    return tuple(v if v.array.shape == shape else v.expand(shape) for v in made)


class Distribution:
    """A distribution of probability, or a batch of them.

    `batch_shape` counts the distributions, `event_shape` is the shape of one value of one of them. `sample(shape)` has shape
    (*shape, *batch_shape, *event_shape) and no gradient; `rsample`, where `has_rsample`, is differentiable with respect to the
    parameters. ValueError for parameters, or values given to `log_prob`, outside their domain, unless `validate_args` is
    False.
    """

    has_rsample = False
    has_enumerate_support = False
    arg_constraints: Any = {}  # noqa: RUF012
    support: Any = None

    def __init__(self, batch_shape: Any = (), event_shape: Any = (), validate_args: bool | None = None) -> None:
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        self._validate_args = _validate if validate_args is None else validate_args
        if self._validate_args:
            for name, constraint in self.arg_constraints.items():
                value = self.__dict__.get(name)
                if isinstance(value, Tensor) and not constraint.check(value).array.all():
                    raise ValueError(
                        f"Expected parameter {name} (Tensor of shape {tuple(value.shape)}) of distribution {self!r} to "
                        f"satisfy the constraint {constraint!r}, but found invalid values:\n{value}"
                    )

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Switch validation on or off for distributions made from now on without `validate_args`."""
        global _validate
        if value not in (True, False):
            raise ValueError("set_default_validate_args takes True or False")
        _validate = value

    # ── shapes ───────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def batch_shape(self) -> Size:
        """How many distributions this is."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one value of one distribution."""
        return self._event_shape

    def _extended_shape(self, sample_shape: Any = ()) -> Size:
        return Size((*sample_shape, *self._batch_shape, *self._event_shape))

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distribution, its parameters expanded to another `batch_shape`."""
        new = object.__new__(type(self))
        new.__dict__.update(
            {k: v for k, v in self.__dict__.items() if not isinstance(getattr(type(self), k, None), lazy)}
        )
        for name, constraint in self.arg_constraints.items():
            value = self.__dict__.get(name)
            if isinstance(value, Tensor):
                event = value.array.shape[value.array.ndim - constraint.event_dim :]
                new.__dict__[name] = value.expand((*batch_shape, *event))
        new._batch_shape = Size(batch_shape)
        return new

    # ── what a distribution can be asked ─────────────────────────────────────────────────────────────────────────────

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Values drawn at random, without a gradient."""
        with no_grad():
            return self.rsample(sample_shape)

    def sample_n(self, n: int) -> Tensor:
        """`sample((n,))`."""
        return self.sample((n,))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Values drawn at random, as a differentiable function of the parameters. NotImplementedError where none is known."""
        raise self._lacks("rsample")

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density, or of the probability, at a value."""
        raise self._lacks("log_prob")

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of a value up to this one."""
        raise self._lacks("cdf")

    def icdf(self, value: Tensor) -> Tensor:
        """The value up to which the probability is this: the inverse of `cdf`."""
        raise self._lacks("icdf")

    def entropy(self) -> Tensor:
        """-E[log p]."""
        raise self._lacks("entropy")

    def perplexity(self) -> Tensor:
        """exp of the entropy."""
        return self.entropy().exp()

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All values of a discrete distribution, along a new first dimension."""
        raise self._lacks("enumerate_support")

    @property
    def mean(self) -> Tensor:
        """The mean."""
        raise self._lacks("mean")

    @property
    def mode(self) -> Tensor:
        """The likeliest value."""
        raise self._lacks("mode")

    @property
    def variance(self) -> Tensor:
        """The variance."""
        raise self._lacks("variance")

    @property
    def stddev(self) -> Tensor:
        """The standard deviation."""
        return self.variance.sqrt()

    def _lacks(self, name: str) -> NotImplementedError:
        return NotImplementedError(f"{type(self).__name__} has no {name}: there is no formula for it here")

    # ── for those who write one ──────────────────────────────────────────────────────────────────────────────────────

    def _enumerated(self, values: Tensor, expand: bool) -> Tensor:
        """Values along a new first dimension, in front of the batch."""
        values = values.reshape(-1, *[1] * len(self._batch_shape))
        return values.expand(-1, *self._batch_shape) if expand else values

    def _validate_sample(self, value: Any) -> None:
        """ValueError unless `value` is a tensor of fitting shape within the support."""
        if not isinstance(value, Tensor):
            raise ValueError(
                f"The value argument to log_prob must be a Tensor, not a {type(value).__name__}: use tensor(value)"
            )
        events = len(self._event_shape)
        if value.array.shape[value.array.ndim - events :] != tuple(self._event_shape):
            raise ValueError(
                "The right-most size of value must match event_shape: "
                f"{tuple(value.shape)} vs {tuple(self._event_shape)}."
            )
        shapes = [value.array.shape, tuple(self._extended_shape())]
        clash = broadcast_clash(shapes) if all(shapes) else None
        if clash:
            raise ValueError(f"Value is not broadcastable with batch_shape+event_shape: {list_of(shapes)}: {clash}")
        support: Constraint | None = self.support
        if support is not None and not support.check(value).array.all():
            raise ValueError(
                f"Expected value argument (Tensor of shape {tuple(value.shape)}) to be within the support ({support!r}) of "
                f"the distribution {self!r}, but found invalid values:\n{value}"
            )

    def __repr__(self) -> str:
        parts = [(name, self.__dict__[name]) for name in self.arg_constraints if name in self.__dict__]
        shown = [f"{name}: {value if value.numel() == 1 else value.size()}" for name, value in parts]
        return f"{type(self).__name__}({', '.join(shown)})"


class ExponentialFamily(Distribution):
    """The distributions whose density is an exponential of sufficient statistics: a name to test for."""


def standard_normal(shape: Any, like: Tensor) -> Tensor:
    """Normal numbers of mean 0 and deviation 1, in the type of a parameter."""
    return like.new_empty(tuple(shape)).normal_()
