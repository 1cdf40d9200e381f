"""The normal distribution of vectors."""

from __future__ import annotations

from math import log, pi
from typing import Any

import numpy as np

from minigrad.distributions import constraints
from minigrad.distributions.distribution import Distribution, lazy, standard_normal
from minigrad.linalg import cholesky
from minigrad.tensor import Size, Tensor


class MultivariateNormal(Distribution):
    """Vectors (..., n) of a mean `loc` and a covariance: a covariance matrix, its inverse or its Cholesky factor.

    ValueError unless exactly one of the three is given, or if it is not positive-definite.
    """

    arg_constraints = {  # noqa: RUF012
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        loc: Tensor,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if loc.array.ndim < 1:
            raise ValueError("loc must be at least one-dimensional.")
        given = {
            name: value
            for name, value in (
                ("covariance_matrix", covariance_matrix), ("precision_matrix", precision_matrix), ("scale_tril", scale_tril),
            )
            if value is not None
        }  # fmt: skip
        if len(given) != 1:
            raise ValueError("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
        [(name, matrix)] = given.items()
        if matrix.array.ndim < 2:
            raise ValueError(f"{name} must be at least two-dimensional, with optional leading batch dimensions")
        batch = np.broadcast_shapes(matrix.array.shape[:-2], loc.array.shape[:-1])
        n = loc.array.shape[-1]
        self.loc = loc.expand((*batch, n))
        self.__dict__[name] = matrix.expand((*batch, n, n))
        super().__init__(batch, (n,), validate_args)
        if name == "scale_tril":
            self._factor = matrix
        elif name == "covariance_matrix":
            self._factor = cholesky(matrix)
        else:
            self._factor = factor_of_inverse(matrix)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = super().expand(batch_shape)
        new._batch_shape = Size(batch_shape)
        return new

    @lazy
    def scale_tril(self) -> Tensor:
        """The Cholesky factor of the covariance."""
        return self._factor.expand(tuple(self._batch_shape + self._event_shape + self._event_shape))

    @lazy
    def covariance_matrix(self) -> Tensor:
        """The covariance."""
        return (self._factor @ self._factor.mT).expand(tuple(self._batch_shape + self._event_shape + self._event_shape))

    @lazy
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance."""
        return self._factor.cholesky_inverse().expand(tuple(self._batch_shape + self._event_shape + self._event_shape))

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return self._factor.square().sum(-1).expand(tuple(self._batch_shape + self._event_shape))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        even = standard_normal(self._extended_shape(sample_shape), self.loc)
        return self.loc + (self._factor @ even.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        off = (value - self.loc).unsqueeze(-1)
        distance = self._factor._solve_triangular(off, False, False).squeeze(-1).square().sum(-1)
        return -0.5 * (self._event_shape[0] * log(2 * pi) + distance) - self._half_log_det()  # type: ignore[no-any-return]

    def _half_log_det(self) -> Tensor:
        return self._factor._diagonal().log().sum(-1)

    def entropy(self) -> Tensor:
        found = 0.5 * self._event_shape[0] * (1 + log(2 * pi)) + self._half_log_det()
        return found.expand(tuple(self._batch_shape))  # type: ignore[no-any-return]


def factor_of_inverse(precision: Tensor) -> Tensor:
    """The lower triangular L with L Lᵀ = P⁻¹, by way of P turned about both its middles."""
    turned = cholesky(precision.flip(-2, -1)).flip(-2, -1).mT
    one = precision._wrap(np.eye(precision.array.shape[-1], dtype=precision.array.dtype))
    return turned._solve_triangular(one, False, False)
