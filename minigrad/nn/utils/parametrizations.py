"""Parametrizations ready for use: weight norm and spectral norm."""

from __future__ import annotations

from typing import Any

from minigrad.nn.module import Module
from minigrad.nn.utils.parametrize import register_parametrization
from minigrad.nn.utils.spectral_norm import as_matrix, default_dim, iterate, random_unit
from minigrad.nn.utils.weight_norm import norm_except_dim
from minigrad.tensor import Tensor


class _WeightNorm(Module):
    """weight = g · v / |v|."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, g: Tensor, v: Tensor) -> Tensor:
        """The weight."""
        return v * (g / norm_except_dim(v, self.dim))

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Its norm and itself."""
        return norm_except_dim(weight, self.dim), weight


class _SpectralNorm(Module):
    """weight = w / (uᵀ w v)."""

    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but got n_power_iterations="
                f"{n_power_iterations}: one is enough, as a rule"
            )
        self.dim, self.eps, self.n_power_iterations = dim, eps, n_power_iterations
        if weight.ndim > 1:
            matrix = as_matrix(weight.detach(), dim)
            u = random_unit(matrix.shape[0], weight, eps)
            v = random_unit(matrix.shape[1], weight, eps)
            iterate(matrix.array.T, v.array, u.array, 15, eps)  # the other way round than the hook does
            self.register_buffer("_u", u)
            self.register_buffer("_v", v)

    def forward(self, weight: Tensor) -> Tensor:
        """The weight over its largest singular value; of a vector, over its norm."""
        if weight.ndim == 1:
            return weight / (weight * weight).sum().sqrt().clamp(min=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            iterate(matrix.array.T, self._v.array, self._u.array, self.n_power_iterations, self.eps)
        return weight / (self._u.clone() @ (matrix @ self._v.clone()))

    def right_inverse(self, value: Tensor) -> Tensor:
        """The value itself."""
        return value


def weight_norm(module: Any, name: str = "weight", dim: int | None = 0) -> Any:
    """`nn.utils.weight_norm` as a parametrization: what is learned is `parametrizations.name.original0` and `.original1`."""
    return register_parametrization(module, name, _WeightNorm(dim), unsafe=True)


def spectral_norm(
    module: Any, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Any:
    """`nn.utils.spectral_norm` as a parametrization: what is learned is `parametrizations.name.original`."""
    weight = getattr(module, name)
    axis = default_dim(module) if dim is None else dim
    return register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, axis, eps))
