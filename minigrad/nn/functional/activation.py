"""Activations as functions."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.dialect import dialect
from minigrad.errors import ShapeError
from minigrad.ops import activation as ops
from minigrad.random import default_generator
from minigrad.tensor import Tensor, wrap

_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def _run(input: Tensor, operation: Callable[..., Tensor], inplace: bool, *args: Any) -> Tensor:
    """An operation on floating-point numbers, written into the input's memory if `inplace`."""
    if not inplace:
        result: Tensor = operation(input._floating(), *args)
        return result
    if input.array.dtype.kind != "f":
        raise TypeError(
            f"{operation.__name__} in place on a tensor of type {input.array.dtype}: convert it first, x = x.float()"
        )
    return input._replace(f"{operation.__name__}_", operation, *args)


# ── rectifiers ───────────────────────────────────────────────────────────────────────────────────────────────────────


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(input, 0)."""
    return relu_(input) if inplace else input.relu()


def relu_(input: Tensor) -> Tensor:
    """`relu`, in place."""
    result: Tensor = input.relu_()
    return result


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(input, 0), 6)."""
    return _run(input, ops.hardtanh, inplace, 0.0, 6.0)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """input, times `negative_slope` where it is not positive.

    >>> from minigrad import nn, tensor
    >>> nn.functional.leaky_relu(tensor([-1.0, 2.0]), 0.1)
    tensor([-0.1000,  2.0000])
    """
    return _run(input, ops.leaky_relu, inplace, negative_slope)


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """`leaky_relu`, in place."""
    return leaky_relu(input, negative_slope, True)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """input, times a learned weight, one or one per channel of (N, C, ...), where it is not positive.

    Source: K. He et al., Delving Deep into Rectifiers, ICCV 2015.
    """
    n = weight.array.size
    if n != 1:
        channels = input.array.shape[1] if input.array.ndim > 1 else 1
        if n != channels:
            raise ShapeError(
                f"prelu: {n} weights for an input of shape {tuple(input.array.shape)}, which has {channels} channels: give "
                "one, or one per channel"
            )
    beside = (1, n, *(1,) * (input.array.ndim - 2)) if input.array.ndim > 1 else (n,) if input.array.ndim else ()
    return ops.prelu_kernel(*input._pair(weight.reshape(beside)))


def rrelu(
    input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """input, times a slope where it is not positive: in training one drawn evenly from [lower, upper) for each, otherwise
    their mean.

    Source: B. Xu et al., Empirical Evaluation of Rectified Activations, 2015.
    """
    if lower > upper:
        raise ValueError(f"rrelu: lower={lower} is above upper={upper}")
    if not training:
        return _run(input, ops.leaky_relu, inplace, (lower + upper) / 2)
    low = input.array <= 0
    slopes = np.ones(input.array.shape, input.array.dtype)
    slopes[low] = default_generator.uniform((int(low.sum()),), np.dtype(np.float64)) * (upper - lower) + lower
    return input.mul_(wrap(slopes)) if inplace else input * wrap(slopes)


def rrelu_(input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False) -> Tensor:
    """`rrelu`, in place."""
    return rrelu(input, lower, upper, training, True)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """input, and `value` where it is at most the threshold."""
    return _run(input, ops.threshold, inplace, threshold, value)


def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """`threshold`, in place."""
    return _run(input, ops.threshold, True, threshold, value)


# ── exponential ones ─────────────────────────────────────────────────────────────────────────────────────────────────


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """input, and alpha · (exp(input) - 1) where it is not positive.

    Source: D. Clevert et al., Exponential Linear Units, ICLR 2016.
    """
    return _run(input, ops.elu, inplace, alpha, 1.0, 1.0)


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`elu`, in place."""
    return elu(input, alpha, True)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """`elu` of such alpha and scale that numbers of mean 0 and variance 1 stay so.

    Source: G. Klambauer et al., Self-Normalizing Neural Networks, NeurIPS 2017.
    """
    return _run(input, ops.elu, inplace, _SELU_ALPHA, _SELU_SCALE, 1.0)


def selu_(input: Tensor) -> Tensor:
    """`selu`, in place."""
    return selu(input, True)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """input, and alpha · (exp(input / alpha) - 1) where it is not positive. ZeroDivisionError for alpha = 0.

    Source: J. Barron, Continuously Differentiable Exponential Linear Units, 2017.
    """
    if alpha == 0:
        raise ZeroDivisionError("celu: alpha must not be 0: relu is its limit")
    return _run(input, ops.elu, inplace, alpha, 1.0, 1 / alpha)


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`celu`, in place."""
    return celu(input, alpha, True)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x · Φ(x), where Φ is the distribution function of the normal distribution; with "tanh", the approximation
    x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))).

    Source: D. Hendrycks and K. Gimpel, Gaussian Error Linear Units, 2016.

    >>> from minigrad import nn, tensor
    >>> nn.functional.gelu(tensor([-1.0, 0.0, 1.0]))
    tensor([-0.1587,  0.0000,  0.8413])
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError(f"gelu: approximate={approximate!r}: use 'none' or 'tanh'")
    return _run(input, ops.gelu if approximate == "none" else ops.gelu_tanh, False)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x · σ(x), also called swish.

    Source: S. Elfwing et al., Neural Networks 107, 2018; P. Ramachandran et al., Searching for Activation Functions, 2017.
    """
    return _run(input, ops.silu, inplace)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x · tanh(softplus(x)).

    Source: D. Misra, Mish, BMVC 2020.
    """
    return _run(input, ops.mish, inplace)


def softplus(input: Tensor, beta: float = 1, threshold: float = 20) -> Tensor:
    """log(1 + exp(beta · x)) / beta; x itself where beta · x is above the threshold."""
    return input.softplus(beta, threshold)


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + e⁻ˣ)."""
    return input.sigmoid()


def logsigmoid(input: Tensor) -> Tensor:
    """log σ(x), accurate in both tails."""
    return _run(input, ops.log_sigmoid, False)


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return input.tanh()


def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x)."""
    return input - input.tanh()


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|)."""
    return input / (input.abs() + 1)


# ── pieces of lines ──────────────────────────────────────────────────────────────────────────────────────────────────


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x, brought nearer to 0 by `lambd`, which must not be negative."""
    if lambd < 0:
        raise RuntimeError(f"softshrink: lambd={lambd} must not be negative")
    return _run(input, ops.softshrink, False, lambd)


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x, and 0 where |x| is at most `lambd`."""
    return _run(input, ops.hardshrink, False, lambd)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """x held between two numbers. ValueError if they cross."""
    if min_val > max_val:
        raise ValueError(f"hardtanh: min_val={min_val} is above max_val={max_val}")
    return _run(input, ops.hardtanh, inplace, min_val, max_val)


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """`hardtanh`, in place."""
    return hardtanh(input, min_val, max_val, True)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """x / 6 + 1/2, held between 0 and 1."""
    return _run(input, ops.hardsigmoid, inplace)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x · hardsigmoid(x).

    Source: A. Howard et al., Searching for MobileNetV3, ICCV 2019.
    """
    return _run(input, ops.hardswish, inplace)


# ── along a dimension ────────────────────────────────────────────────────────────────────────────────────────────────


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """eˣ / Σ eˣ along `dim`; TypeError if it is not given, because every choice is a guess."""
    return input.softmax(_dimension(dim, "softmax", input, _stacklevel), dtype)


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """e⁻ˣ / Σ e⁻ˣ along `dim`; TypeError if it is not given."""
    return (-input).softmax(_dimension(dim, "softmin", input, _stacklevel), dtype)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """The logarithm of softmax along `dim`; TypeError if it is not given."""
    return input.log_softmax(_dimension(dim, "log_softmax", input, _stacklevel), dtype)


def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """Draw from the categorical distribution of `logits` along `dim`, softly: softmax of (logits + Gumbel noise) / tau.

    With `hard` the result is one-hot, and its gradient that of the soft one. `eps` is accepted and does nothing.

    Sources: E. Jang et al., Categorical Reparameterization with Gumbel-Softmax, ICLR 2017; C. Maddison et al., ICLR 2017.
    """
    uniform = default_generator.uniform(logits.array.shape, np.dtype(np.float64))
    noise = -np.log((-np.log1p(-uniform)).astype(logits.array.dtype))
    soft = ((logits + wrap(noise)) / tau).softmax(dim)
    if not hard:
        return soft
    place = np.expand_dims(soft.array.argmax(dim), dim)
    one = np.zeros_like(soft.array)
    np.put_along_axis(one, place, 1, dim)
    return wrap(one) - soft.detach() + soft


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a · σ(b), where a and b are the two halves of the input along `dim`. ShapeError if it cannot be halved.

    Source: Y. Dauphin et al., Language Modeling with Gated Convolutional Networks, ICML 2017.
    """
    shape = input.array.shape
    if not shape:
        raise RuntimeError("glu: a tensor of no dimensions cannot be halved: give it at least one")
    if shape[dim] % 2:
        raise ShapeError(
            f"glu: size {shape[dim]} of dimension {dim} of {tuple(shape)} cannot be halved: it must be even"
        )
    half = shape[dim] // 2
    return input.narrow(dim, 0, half) * input.narrow(dim, half, half).sigmoid()


def _dimension(dim: int | None, name: str, input: Tensor, stacklevel: int) -> int:
    if dim is not None:
        return dim
    if dialect.lenient:
        warnings.warn(
            f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
            stacklevel=stacklevel,
        )
        return 0 if input.array.ndim in (0, 1, 3) else 1
    raise TypeError(
        f"{name} of a tensor of shape {tuple(input.shape)} needs a dimension: dim=-1 is the classes of a batch"
    )
