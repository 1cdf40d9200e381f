"""Trigonometry, the hyperbolic functions and their inverses, and the special functions: erf, gamma and their kin."""

from __future__ import annotations

from math import factorial, log, pi, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.graph import apply
from minigrad.kernels import special
from minigrad.ops.elementwise import where
from minigrad.ops.mutation import in_place

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


class Special:
    """Functions of one element. Integers and booleans are first converted to the default floating-point type."""

    __slots__ = ()

    # ── trigonometry ─────────────────────────────────────────────────────────────────────────────────────────────────

    def asin(self: Tensor) -> Tensor:
        """The inverse of sin, from -π/2 to π/2; NaN outside [-1, 1]."""
        self = self._floating()
        return apply(np.arcsin, (self,), (lambda g: g / (1 - self.square()).sqrt(),))

    def acos(self: Tensor) -> Tensor:
        """The inverse of cos, from 0 to π; NaN outside [-1, 1]."""
        self = self._floating()
        return apply(np.arccos, (self,), (lambda g: -g / (1 - self.square()).sqrt(),))

    def atan(self: Tensor) -> Tensor:
        """The inverse of tan, from -π/2 to π/2."""
        self = self._floating()
        return apply(np.arctan, (self,), (lambda g: g / (1 + self.square()),))

    def sinh(self: Tensor) -> Tensor:
        """(eˣ - e⁻ˣ) / 2."""
        self = self._floating()
        return apply(np.sinh, (self,), (lambda g: g * self.cosh(),))

    def cosh(self: Tensor) -> Tensor:
        """(eˣ + e⁻ˣ) / 2."""
        self = self._floating()
        return apply(np.cosh, (self,), (lambda g: g * self.sinh(),))

    def asinh(self: Tensor) -> Tensor:
        """The inverse of sinh."""
        self = self._floating()
        return apply(np.arcsinh, (self,), (lambda g: g / (1 + self.square()).sqrt(),))

    def acosh(self: Tensor) -> Tensor:
        """The inverse of cosh; NaN below 1."""
        self = self._floating()
        return apply(np.arccosh, (self,), (lambda g: g / (self.square() - 1).sqrt(),))

    def atanh(self: Tensor) -> Tensor:
        """The inverse of tanh; NaN outside [-1, 1]."""
        self = self._floating()
        return apply(np.arctanh, (self,), (lambda g: g / (1 - self.square()),))

    def sinc(self: Tensor) -> Tensor:
        """sin(πx) / πx, and 1 at 0."""
        self = self._floating()
        return apply(np.sinc, (self,), (lambda g: g * self._sinc_slope(),))

    def _sinc_slope(self: Tensor) -> Tensor:
        """(cos(πx) - sinc(x)) / x, and its power series where x is small: right at every order."""
        small = self._wrap(np.abs(self.array) < 0.1)
        z, away = self.masked_fill(~small, 0), self.masked_fill(small, 1)
        square, series = (z * pi).square(), z * 0
        for k in range(8, 0, -1):
            series = series * square + (-1) ** k * 2 * k / factorial(2 * k + 1)
        chosen: Tensor = where(small, series * z * pi**2, ((away * pi).cos() - away.sinc()) / away)
        return chosen

    # ── the error function ───────────────────────────────────────────────────────────────────────────────────────────

    def erf(self: Tensor) -> Tensor:
        """The error function, 2/√π ∫ exp(-t²) dt from 0 to x (Abramowitz and Stegun 7.1.1)."""
        self = self._floating()
        return apply(special.erf, (self,), (lambda g: g * (2 / sqrt(pi)) * (-self.square()).exp(),))

    def erfc(self: Tensor) -> Tensor:
        """1 - erf(x), accurate where that is small."""
        self = self._floating()
        return apply(special.erfc, (self,), (lambda g: g * (-2 / sqrt(pi)) * (-self.square()).exp(),))

    def erfinv(self: Tensor) -> Tensor:
        """The inverse of erf; infinite at -1 and 1, NaN outside."""
        return apply(special.erfinv, (self._floating(),), (lambda g, out: g * (sqrt(pi) / 2) * out.square().exp(),))

    # ── the gamma function ───────────────────────────────────────────────────────────────────────────────────────────

    def lgamma(self: Tensor) -> Tensor:
        """log |Γ(x)| (Abramowitz and Stegun 6.1.41)."""
        self = self._floating()
        return apply(special.lgamma, (self,), (lambda g: g * self.digamma(),))

    def digamma(self: Tensor) -> Tensor:
        """The derivative of `lgamma` (Abramowitz and Stegun 6.3.18)."""
        self = self._floating()
        return apply(special.digamma, (self,), (lambda g: g * self._polygamma(1),))

    def _polygamma(self: Tensor, n: int) -> Tensor:
        return apply(special.polygamma, (self,), (lambda g: g * self._polygamma(n + 1),), n=n)

    def polygamma(self: Tensor, n: Any) -> Tensor:
        """The n-th derivative of `digamma`. `minigrad.polygamma(n, x)` has n first. ValueError for n below 0."""
        if not isinstance(n, int):
            self, n = n, int(self)  # the function's order of arguments
        if n < 0:
            raise ValueError(f"polygamma: n={n}: give 0 or more")
        self = self._floating()
        return self._polygamma(n) if n else self.digamma()

    def mvlgamma(self: Tensor, p: int) -> Tensor:
        """The logarithm of the multivariate gamma function of dimension p."""
        if p < 1:
            raise ValueError(f"mvlgamma: p={p}: give 1 or more")
        self = self._floating()
        total = self.lgamma()
        for j in range(1, p):
            total = total + (self - j / 2).lgamma()
        return total + p * (p - 1) / 4 * log(pi)

    def i0(self: Tensor) -> Tensor:
        """The modified Bessel function of the first kind, of order 0."""
        self = self._floating()
        return apply(special.i0, (self,), (lambda g: g * self._i1(),))

    def _i1(self: Tensor) -> Tensor:
        # I₁' = I₀ - I₁/x, which is 1/2 at 0
        return apply(
            special.i1,
            (self,),
            (lambda g: g * (self.i0() - where(self == 0, 0.5, self._i1() / self.masked_fill(self == 0, 1))),),
        )

    # ── of probabilities ─────────────────────────────────────────────────────────────────────────────────────────────

    def logit(self: Tensor, eps: float | None = None) -> Tensor:
        """log(x / (1 - x)), the inverse of sigmoid; x is first held between eps and 1 - eps, if given."""
        self = self._floating()
        if eps is not None:
            self = self.clamp(eps, 1 - eps)
        return (self / (1 - self)).log()

    def xlogy(self: Tensor, other: Any) -> Tensor:
        """x log(y), and 0 where x is 0."""
        self, other = self._floating_pair(other)
        nothing = (self == 0) & (other <= 0)
        return apply(
            special.xlogy,
            (self, other),
            (lambda g: g * other.masked_fill(nothing, 1).log(), lambda g: g * (self / other)),
        )

    def logaddexp(self: Tensor, other: Any) -> Tensor:
        """log(eˣ + eʸ), without overflow."""
        self, other = self._floating_pair(other)
        return apply(
            np.logaddexp,
            (self, other),
            (lambda g: g * (self - other)._gate(), lambda g: g * (other - self)._gate()),
        )

    def logaddexp2(self: Tensor, other: Any) -> Tensor:
        """log₂(2ˣ + 2ʸ), without overflow."""
        self, other = self._floating_pair(other)
        return (self * log(2)).logaddexp(other * log(2)) / log(2)

    def _gate(self: Tensor) -> Tensor:
        """sigmoid, and 1/2 for the difference of two infinities of one sign."""
        return self.nan_to_num(0.0, float("inf"), -float("inf")).sigmoid()

    arcsin, arccos, arctan, arcsinh, arccosh, arctanh = asin, acos, atan, asinh, acosh, atanh
    asin_, acos_, atan_, sinh_, cosh_ = in_place(asin), in_place(acos), in_place(atan), in_place(sinh), in_place(cosh)
    asinh_, acosh_, atanh_, sinc_ = in_place(asinh), in_place(acosh), in_place(atanh), in_place(sinc)
    erf_, erfc_, erfinv_, lgamma_ = in_place(erf), in_place(erfc), in_place(erfinv), in_place(lgamma)
    digamma_, polygamma_, i0_, logit_ = in_place(digamma), in_place(polygamma), in_place(i0), in_place(logit)
    xlogy_ = in_place(xlogy)
    arcsin_, arccos_, arctan_, arcsinh_, arccosh_, arctanh_ = asin_, acos_, atan_, asinh_, acosh_, atanh_
