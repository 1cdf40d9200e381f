"""A weight divided by its largest singular value, which a power iteration follows."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.creation import zeros
from minigrad.grad_mode import no_grad
from minigrad.nn import init
from minigrad.nn.parameter import Parameter
from minigrad.nn.utils.weight_norm import drop_hook, hook_of
from minigrad.tensor import Tensor


def as_matrix(weight: Tensor, dim: int) -> Tensor:
    """A weight as a matrix, its dimension `dim` the rows."""
    if dim:
        weight = weight.permute(dim, *(i for i in range(weight.ndim) if i != dim))
    return weight.reshape(weight.shape[0], -1)


def unit(x: Any, eps: float) -> Any:
    """An array over its norm, or over eps if that is larger."""
    return x / np.maximum(np.sqrt(x @ x), eps).astype(x.dtype)


def random_unit(size: int, like: Tensor, eps: float) -> Tensor:
    """A direction, drawn evenly."""
    drawn = init.normal_(zeros(size, dtype=like.dtype))
    drawn.array[...] = unit(drawn.array, eps)
    return drawn


def iterate(matrix: Any, u: Any, v: Any, times: int, eps: float) -> None:
    """Turn u and v, in place, towards the singular vectors of the largest singular value."""
    for _ in range(times):
        v[...] = unit(matrix.T @ u, eps)
        u[...] = unit(matrix @ v, eps)


class SpectralNorm:
    """The hook: weight = w / (uᵀ w v)."""

    def __init__(self, name: str, n_power_iterations: int, dim: int, eps: float) -> None:
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but got n_power_iterations="
                f"{n_power_iterations}: one is enough, as a rule"
            )
        self.name, self.n_power_iterations, self.dim, self.eps = name, n_power_iterations, dim, eps

    def compute_weight(self, module: Any, iterations: int) -> Tensor:
        """The weight, after so many steps of the iteration."""
        weight: Tensor = getattr(module, self.name + "_orig")
        u, v = getattr(module, self.name + "_u"), getattr(module, self.name + "_v")
        matrix = as_matrix(weight, self.dim)
        iterate(matrix.array, u.array, v.array, iterations, self.eps)
        scale: Tensor = u.detach().clone() @ (matrix @ v.detach().clone())
        return weight / scale

    def __call__(self, module: Any, inputs: Any) -> None:
        """Set the weight."""
        setattr(module, self.name, self.compute_weight(module, self.n_power_iterations if module.training else 0))


def default_dim(module: Any) -> int:
    """The dimension of a weight that numbers the outputs: 1 in transposed convolutions."""
    return int("ConvTranspose" in type(module).__name__)


def spectral_norm(
    module: Any, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Any:
    """Divide a parameter by its largest singular value before each call; what is learned is called `name_orig`.

    In training, each call takes `n_power_iterations` steps of the iteration that estimates it. Returns the module.
    RuntimeError if that was done already.

    Source: T. Miyato et al., Spectral normalization for generative adversarial networks, ICLR 2018.

    >>> from minigrad import nn
    >>> list(nn.utils.spectral_norm(nn.Linear(3, 2)).state_dict())
    ['bias', 'weight_orig', 'weight_u', 'weight_v']
    """
    if hook_of(module, name, SpectralNorm) is not None:
        raise RuntimeError(
            f"Cannot register two spectral_norm hooks on the same parameter {name}: remove_spectral_norm first"
        )
    hook = SpectralNorm(name, n_power_iterations, default_dim(module) if dim is None else dim, eps)
    weight = getattr(module, name)
    matrix = as_matrix(weight.detach(), hook.dim)
    u = random_unit(matrix.shape[0], weight, eps)
    v = random_unit(matrix.shape[1], weight, eps)
    delattr(module, name)
    module.register_parameter(name + "_orig", weight)
    setattr(module, name, weight.detach())
    module.register_buffer(name + "_u", u)
    module.register_buffer(name + "_v", v)
    module.register_forward_pre_hook(hook)
    return module


def remove_spectral_norm(module: Any, name: str = "weight") -> Any:
    """Make the weight a parameter again, of its present value. Returns the module. ValueError if there is no spectral norm."""
    hook = hook_of(module, name, SpectralNorm)
    if hook is None:
        raise ValueError(f"spectral_norm of '{name}' not found in {module}: spectral_norm(module, {name!r}) first")
    with no_grad():
        weight = hook.compute_weight(module, 0)
    for attribute in (name, name + "_u", name + "_v", name + "_orig"):
        delattr(module, attribute)
    module.register_parameter(name, Parameter(weight.detach()))
    drop_hook(module, hook)
    return module
