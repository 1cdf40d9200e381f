"""Special functions, under the names of `torch.special`: each is the tensor's method of the same meaning.

>>> import minigrad
>>> minigrad.special.erf(minigrad.tensor([0.0, 1.0]))
tensor([0.0000, 0.8427])
"""

from __future__ import annotations

from math import log, pi
from typing import Any

from minigrad.graph import apply
from minigrad.kernels import special as kernels
from minigrad.ops.elementwise import where
from minigrad.tensor import Tensor

__all__ = [
    "digamma", "entr", "erf", "erfc", "erfinv", "exp2", "expit", "expm1", "gammaln", "i0", "log1p", "log_ndtr", "log_softmax",
    "logit", "logsumexp", "multigammaln", "ndtr", "ndtri", "polygamma", "psi", "round", "sinc", "softmax", "xlog1py", "xlogy",
]  # fmt: skip

digamma = psi = Tensor.digamma
erf, erfc, erfinv = Tensor.erf, Tensor.erfc, Tensor.erfinv
exp2, expm1, log1p = Tensor.exp2, Tensor.expm1, Tensor.log1p
expit, logit = Tensor.sigmoid, Tensor.logit
gammaln, multigammaln, polygamma = Tensor.lgamma, Tensor.mvlgamma, Tensor.polygamma
i0, sinc, round, xlogy = Tensor.i0, Tensor.sinc, Tensor.round, Tensor.xlogy
logsumexp, softmax, log_softmax = Tensor.logsumexp, Tensor.softmax, Tensor.log_softmax


def xlog1py(input: Tensor, other: Any) -> Tensor:
    """x log(1 + y), and 0 where x is 0; accurate for small y."""
    input, other = input._floating_pair(other)
    return apply(
        kernels.xlog1py,
        (input, other),
        (lambda g: g * other.masked_fill((input == 0) & (other <= -1), 0).log1p(), lambda g: g * (input / (1 + other))),
    )


def entr(input: Tensor) -> Tensor:
    """-x log(x): 0 at 0, -inf below."""
    below = input < 0
    x = input.masked_fill(below, 0)
    return -x.xlogy(x).masked_fill(below, float("inf"))


def ndtr(input: Tensor) -> Tensor:
    """The chance that a normal number is below x."""
    chance: Tensor = (input * -(0.5**0.5)).erfc() * 0.5
    return chance


def ndtri(input: Tensor) -> Tensor:
    """The inverse of `ndtr`."""
    quantile: Tensor = (input * 2 - 1).erfinv() * 2**0.5
    return quantile


def log_ndtr(input: Tensor) -> Tensor:
    """The logarithm of `ndtr`: far to the left by its asymptotic series (Abramowitz and Stegun 26.2.12)."""
    far = input < -10
    x = input.masked_fill(~far, -10)
    s = x.square().reciprocal()
    series = 1 - s + 3 * s.square() - 15 * s * s.square() + 105 * s.square().square()
    tail = -0.5 * x.square() - (-x).log() - 0.5 * log(2 * pi) + series.log()
    chosen: Tensor = where(far, tail, ndtr(input.masked_fill(far, 0)).log())
    return chosen
