"""Affine maps."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from minigrad.creation import empty
from minigrad.dtypes import DTypeLike
from minigrad.nn import init
from minigrad.nn.functional.linear import bilinear
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.linalg import linear
from minigrad.tensor import Tensor


class Linear(Module):
    """y = x Wᵀ + b: (..., in_features) to (..., out_features).

    Weight (out_features, in_features) and bias (out_features) start uniform in ±1/√in_features, from the default
    generator, in the order of PyTorch. ShapeError for an input of another last size.

    Source: Y. LeCun et al., Efficient BackProp, 1998, section 4.6, for the scale of the start.

    >>> from minigrad import nn, ones
    >>> nn.Linear(3, 2)(ones(5, 3)).shape
    minigrad.Size([5, 2])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: object = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(empty(out_features, in_features, dtype=dtype))
        self.bias = Parameter(empty(out_features, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        bound = 1 / sqrt(self.in_features) if self.in_features else 0
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """x Wᵀ + b."""
        return linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Its sizes."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Bilinear(Module):
    """x1 Aₖ x2 + bₖ for each output k: (..., in1_features) and (..., in2_features) to (..., out_features).

    Weight (out_features, in1_features, in2_features) and bias start uniform in ±1/√in1_features.

    >>> from minigrad import nn, ones
    >>> nn.Bilinear(3, 4, 2)(ones(5, 3), ones(5, 4)).shape
    minigrad.Size([5, 2])
    """

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: object = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"Bilinear: in1_features={in1_features} must be positive")
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        self.weight = Parameter(empty(out_features, in1_features, in2_features, dtype=dtype))
        self.bias = Parameter(empty(out_features, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        bound = 1 / sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """x1 A x2 + b."""
        return bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Its sizes."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class Unflatten(Module):
    """One dimension as several: `Flatten`, backwards. RuntimeError (ShapeError) if the sizes do not fit.

    >>> from minigrad import nn, ones
    >>> nn.Unflatten(1, (28, 28))(ones(5, 784)).shape
    minigrad.Size([5, 28, 28])
    """

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        super().__init__()
        self.dim, self.unflattened_size = dim, unflattened_size

    def forward(self, input: Tensor) -> Tensor:
        """The unflattened input."""
        shape = input.array.shape
        at = self.dim % len(shape)
        return input.reshape(*shape[:at], *self.unflattened_size, *shape[at + 1 :])

    def extra_repr(self) -> str:
        """Its arguments."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class Flatten(Module):
    """The dimensions from start_dim to end_dim as one: (N, 28, 28) to (N, 784).

    >>> from minigrad import nn, ones
    >>> nn.Flatten()(ones(5, 28, 28)).shape
    minigrad.Size([5, 784])
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Tensor) -> Tensor:
        """The flattened input."""
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """Its dimensions."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Identity(Module):
    """Its input, unchanged; arguments are ignored."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        """The input."""
        return input
