"""Activations as modules: see `nn.functional` for each function."""

from __future__ import annotations

from typing import ClassVar

from minigrad.creation import full
from minigrad.dtypes import DTypeLike
from minigrad.nn import functional as F  # noqa: N812
from minigrad.nn import init as start
from minigrad.nn.attention import MultiheadAttention as MultiheadAttention  # it has its place here in PyTorch
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor


class _Shown(Module):
    """An activation that prints the arguments it was made with, and whether it works in place."""

    _shown: ClassVar[tuple[str, ...]] = ()
    inplace: bool = False

    def extra_repr(self) -> str:
        """Its arguments."""
        parts = [f"{name}={getattr(self, name)!r}" for name in self._shown]
        return ", ".join(parts + ["inplace=True"] * self.inplace)


class _InPlace(_Shown):
    """An activation whose one argument is whether to write into its input's memory."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


class _AlongDim(_Shown):
    """An activation along a dimension."""

    _shown = ("dim",)

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim


class Sigmoid(Module):
    """1 / (1 + e⁻ˣ), elementwise.

    >>> from minigrad import nn, zeros
    >>> nn.Sigmoid()(zeros(2))
    tensor([0.5000, 0.5000])
    """

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return input.sigmoid()


class Tanh(Module):
    """The hyperbolic tangent, elementwise."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return input.tanh()


class ReLU(_InPlace):
    """max(x, 0), elementwise; into the input's own memory with `inplace`."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return input.relu_() if self.inplace else input.relu()


class Hardtanh(_Shown):
    """x held between min_val and max_val."""

    _shown: ClassVar[tuple[str, ...]] = ("min_val", "max_val")

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__()
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        self.inplace = inplace
        if self.min_val >= self.max_val:
            raise ValueError(f"Hardtanh: max_val={self.max_val} must be larger than min_val={self.min_val}")

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)


class ReLU6(Hardtanh):
    """min(max(x, 0), 6)."""

    _shown = ()

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)


class LeakyReLU(_Shown):
    """x, times `negative_slope` where it is not positive.

    >>> from minigrad import nn, tensor
    >>> nn.LeakyReLU(0.1)(tensor([-1.0, 2.0]))
    tensor([-0.1000,  2.0000])
    """

    _shown = ("negative_slope",)

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope, self.inplace = negative_slope, inplace

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)


class PReLU(_Shown):
    """x, times a learned weight where it is not positive: one for all, or one per channel of (N, C, ...).

    Source: K. He et al., Delving Deep into Rectifiers, ICCV 2015.
    """

    _shown = ("num_parameters",)

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: object = None, dtype: DTypeLike | None = None
    ) -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(full((num_parameters,), float(init), dtype=dtype))

    def reset_parameters(self) -> None:
        """The weights as at the start."""
        start.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return F.prelu(input, self.weight)


class RReLU(_Shown):
    """x, times a slope where it is not positive: drawn from [lower, upper) in training, otherwise their mean."""

    _shown = ("lower", "upper")

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, inplace: bool = False) -> None:
        super().__init__()
        self.lower, self.upper, self.inplace = lower, upper, inplace

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)


class Threshold(_Shown):
    """x, and `value` where it is at most the threshold."""

    _shown = ("threshold", "value")

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold, self.value, self.inplace = threshold, value, inplace

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return F.threshold(input, self.threshold, self.value, self.inplace)


class ELU(_Shown):
    """x, and alpha · (eˣ - 1) where it is not positive."""

    _shown = ("alpha",)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return F.elu(input, self.alpha, self.inplace)


class SELU(_InPlace):
    """`ELU` of such alpha and scale that numbers of mean 0 and variance 1 stay so."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return F.selu(input, self.inplace)


class CELU(_Shown):
    """x, and alpha · (exp(x / alpha) - 1) where it is not positive."""

    _shown = ("alpha",)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return F.celu(input, self.alpha, self.inplace)


class GELU(_Shown):
    """x · Φ(x), where Φ is the normal distribution function, or its approximation by "tanh"."""

    _shown = ("approximate",)

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return F.gelu(input, self.approximate)


class SiLU(_InPlace):
    """x · σ(x), also called swish."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return F.silu(input, self.inplace)


class Mish(_InPlace):
    """x · tanh(softplus(x))."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return F.mish(input, self.inplace)


class Softplus(_Shown):
    """log(1 + exp(beta · x)) / beta; x itself where beta · x is above the threshold."""

    _shown = ("beta", "threshold")

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return F.softplus(input, self.beta, self.threshold)


class LogSigmoid(Module):
    """log σ(x), accurate in both tails."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return F.logsigmoid(input)


class Softsign(Module):
    """x / (1 + |x|)."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return F.softsign(input)


class Tanhshrink(Module):
    """x - tanh(x)."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return F.tanhshrink(input)


class Softshrink(Module):
    """x, brought nearer to 0 by `lambd`."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return F.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """Its argument."""
        return str(self.lambd)


class Hardshrink(Module):
    """x, and 0 where |x| is at most `lambd`."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return F.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """Its argument."""
        return str(self.lambd)


class _Hard(Module):
    """One that works in place without printing it."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


class Hardsigmoid(_Hard):
    """x / 6 + 1/2, held between 0 and 1."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return F.hardsigmoid(input, self.inplace)


class Hardswish(_Hard):
    """x · hardsigmoid(x)."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return F.hardswish(input, self.inplace)


class GLU(_Shown):
    """a · σ(b), where a and b are the halves of the input along `dim`."""

    _shown = ("dim",)

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return F.glu(input, self.dim)


class Softmax(_AlongDim):
    """eˣ / Σ eˣ along a dimension."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return F.softmax(input, self.dim, _stacklevel=5)


class Softmin(_AlongDim):
    """e⁻ˣ / Σ e⁻ˣ along a dimension."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return F.softmin(input, self.dim, _stacklevel=5)


class LogSoftmax(_AlongDim):
    """The logarithm of softmax along a dimension."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return F.log_softmax(input, self.dim, _stacklevel=5)


class Softmax2d(Module):
    """Softmax over the channels of (N, C, H, W) or (C, H, W). ValueError for another number of dimensions."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        if input.array.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected 3D or 4D input (got {input.array.ndim}D input)")
        return F.softmax(input, -3)
