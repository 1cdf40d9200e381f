"""What the parameters and the values of a distribution have to satisfy, each with a `check` per element or event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.tensor import Tensor


class Constraint:
    """A condition on tensors: `check(x)` is a boolean tensor, one per event of `event_dim` dimensions.

    >>> from minigrad import tensor
    >>> positive.check(tensor([-1.0, 2.0]))
    tensor([False,  True])
    """

    def __init__(self, name: str, holds: Callable[[Any], Any], event_dim: int = 0, is_discrete: bool = False) -> None:
        self.name, self.holds, self.event_dim, self.is_discrete = name, holds, event_dim, is_discrete

    def check(self, value: Tensor) -> Tensor:
        """Where the condition holds."""
        return value._wrap(self.holds(value.array))

    def __repr__(self) -> str:
        return self.name


def greater_than(lower_bound: float) -> Constraint:
    """x > lower_bound."""
    return Constraint(f"GreaterThan(lower_bound={lower_bound})", lambda x: x > lower_bound)


def greater_than_eq(lower_bound: float) -> Constraint:
    """x ≥ lower_bound."""
    return Constraint(f"GreaterThanEq(lower_bound={lower_bound})", lambda x: x >= lower_bound)


def interval(lower_bound: Any, upper_bound: Any) -> Constraint:
    """lower_bound ≤ x ≤ upper_bound: numbers or tensors."""
    low, high = (getattr(bound, "array", bound) for bound in (lower_bound, upper_bound))
    name = f"Interval(lower_bound={lower_bound}, upper_bound={upper_bound})"
    return Constraint(name, lambda x: (low <= x) & (x <= high))


def integer_interval(lower_bound: Any, upper_bound: Any) -> Constraint:
    """Whole numbers from lower_bound to upper_bound: numbers or tensors."""
    low, high = (getattr(bound, "array", bound) for bound in (lower_bound, upper_bound))
    name = f"IntegerInterval(lower_bound={lower_bound}, upper_bound={upper_bound})"
    return Constraint(name, lambda x: (x % 1 == 0) & (low <= x) & (x <= high), is_discrete=True)


def independent(base: Constraint, ndims: int) -> Constraint:
    """A condition on every element of the last `ndims` dimensions."""
    axes = tuple(range(-ndims, 0))
    return Constraint(
        f"IndependentConstraint({base}, {ndims})",
        lambda x: np.all(base.holds(x), axis=axes),
        base.event_dim + ndims,
        base.is_discrete,
    )


def multinomial(upper_bound: int) -> Constraint:
    """Counts that sum to upper_bound."""
    return Constraint(
        "Multinomial()", lambda x: ((x >= 0) & (x % 1 == 0)).all(-1) & (x.sum(-1) == upper_bound), 1, True
    )


def _positive_definite(x: Any) -> Any:
    symmetric = np.isclose(x, np.swapaxes(x, -1, -2), atol=1e-6).all((-2, -1))
    return symmetric & (np.linalg.eigvalsh(x) > 0).all(-1)


def _lower_cholesky(x: Any) -> Any:
    return (np.tril(x) == x).all((-2, -1)) & (np.diagonal(x, 0, -2, -1) > 0).all(-1)


real = Constraint("Real()", lambda x: x == x)
real_vector = independent(real, 1)
positive = greater_than(0.0)
nonnegative = greater_than_eq(0.0)
unit_interval = interval(0.0, 1.0)
boolean = Constraint("Boolean()", lambda x: (x == 0) | (x == 1), is_discrete=True)
nonnegative_integer = Constraint(
    "IntegerGreaterThan(lower_bound=0)", lambda x: (x % 1 == 0) & (x >= 0), is_discrete=True
)
one_hot = Constraint("OneHot()", lambda x: ((x == 0) | (x == 1)).all(-1) & (x.sum(-1) == 1), 1, True)
simplex = Constraint("Simplex()", lambda x: (x >= 0).all(-1) & (np.abs(x.sum(-1) - 1) < 1e-6), 1)
positive_definite = Constraint("PositiveDefinite()", _positive_definite, 2)
lower_cholesky = Constraint("LowerCholesky()", _lower_cholesky, 2)
