"""Special functions that NumPy lacks, for float64 to some 1e-14; float32 is computed in float64 and rounded.

Sources: M. Abramowitz and I. Stegun, Handbook of Mathematical Functions, 1964, chapters 6 (gamma and its kin) and 7 (erf).
"""

from __future__ import annotations

from functools import cache
from math import factorial, log, pi, sqrt
from typing import Any

import numpy as np

from minigrad.kernels import Array
from minigrad.kernels.activation import normal_cdf


def _wide(x: Array) -> Array:
    return np.asanyarray(x, np.float64)


# ── the error function ───────────────────────────────────────────────────────────────────────────────────────────────


def erfc(x: Array) -> Array:
    """1 - erf(x), accurate where that is small."""
    return (2 * normal_cdf(_wide(x) * -sqrt(2))).astype(x.dtype)


def erf(x: Array) -> Array:
    """2/√π ∫ exp(-t²) from 0 to x: near 0 by its series, elsewhere from `erfc`."""
    y = _wide(x)
    small = np.abs(y) < 0.5
    z = np.where(small, y, 0)
    square, term, total = z * z, z.copy(), z.copy()
    for n in range(1, 18):
        term *= -square / n
        total += term / (2 * n + 1)
    tail = np.copysign(1 - 2 * normal_cdf(-np.abs(y) * sqrt(2)), y)
    return np.where(small, total * (2 / sqrt(pi)), tail).astype(x.dtype)


def erfinv(x: Array) -> Array:
    """The inverse of erf: S. Winitzki's approximation (2008), then three steps of Newton's method with Halley's correction."""
    y = _wide(x)
    with np.errstate(all="ignore"):
        inside = np.clip(y, -1 + 1e-16, 1 - 1e-16)
        a = 0.147
        logs = np.log1p(-inside * inside)
        half = 2 / (pi * a) + logs / 2
        z = np.copysign(np.sqrt(np.sqrt(half * half - logs / a) - half), inside)
        for _ in range(3):
            # where erf is near 1, erfc has the digits that erf has lost
            error = np.where(
                np.abs(inside) > 0.5, np.sign(inside) * (1 - np.abs(inside) - erfc(np.abs(z))), erf(z) - inside
            )
            step = error / (2 / sqrt(pi) * np.exp(-z * z))
            z = z - step / (1 + z * step)
        z = np.where(np.abs(y) == 1, np.copysign(np.inf, y), np.where(np.abs(y) > 1, np.nan, z))
    return np.where(y == 0, y, z).astype(x.dtype)


# ── the gamma function ───────────────────────────────────────────────────────────────────────────────────────────────

_BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510]  # B₂, B₄, ...
_FAR = 10  # from here on the asymptotic series are exact to float64


def lgamma(x: Array) -> Array:
    """log |Γ(x)|: Stirling's series above 10, the recurrence Γ(x + 1) = x Γ(x) below, reflection left of 0.5."""
    y = _wide(x)
    with np.errstate(all="ignore"):
        mirrored = y < 0.5
        z = np.where(mirrored, 1 - y, y)
        shift = np.ones_like(z)
        low = z < _FAR
        w = z.copy()
        for _ in range(_FAR):
            step = w < _FAR
            shift = np.where(step, shift * w, shift)
            w = np.where(step, w + 1, w)
        series = np.zeros_like(w)
        for k, b in reversed(list(enumerate(_BERNOULLI, 1))):
            series = series / (w * w) + b / (2 * k * (2 * k - 1))
        out = (w - 0.5) * np.log(w) - w + 0.5 * log(2 * pi) + series / w - np.where(low, np.log(shift), 0)
        near = z - np.round(z)  # exact at 1 and 2, where logΓ is 0
        out = np.where((near == 0) & ((z == 1) | (z == 2)), 0.0, out)
        fraction = np.abs(y - np.round(y))
        out = np.where(mirrored, log(pi) - np.log(np.sin(pi * fraction)) - out, out)
        out = np.where(np.isinf(y) | ((y <= 0) & (y == np.floor(y))), np.inf, out)
    return np.where(np.isnan(y), np.nan, out).astype(x.dtype)


def digamma(x: Array) -> Array:
    """The derivative of log Γ(x)."""
    y = _wide(x)
    with np.errstate(all="ignore"):
        mirrored = y < 0
        w = np.where(mirrored, 1 - y, y)
        total = np.zeros_like(w)
        for _ in range(_FAR):
            step = w < _FAR
            total = np.where(step, total - 1 / w, total)
            w = np.where(step, w + 1, w)
        series = np.zeros_like(w)
        for k, b in reversed(list(enumerate(_BERNOULLI, 1))):
            series = (series + b / (2 * k)) / (w * w)
        out = total + np.log(w) - 0.5 / w - series
        fraction = y - np.round(y)
        out = np.where(mirrored, out - pi / np.tan(pi * fraction), out)
        out = np.where((y < 0) & (y == np.floor(y)), np.nan, out)
        out = np.where(y == 0, np.copysign(np.inf, -y), out)
    return out.astype(x.dtype)


def polygamma(x: Array, n: int) -> Array:
    """The n-th derivative of digamma, n ≥ 1: (-1)ⁿ⁺¹ n! Σ 1 / (x + k)ⁿ⁺¹; left of 0.5 by reflection."""
    if n == 0:
        return digamma(x)
    y = _wide(x)
    with np.errstate(all="ignore"):
        mirrored = y < 0.5
        w = np.where(mirrored, 1 - y, y)
        total = np.zeros_like(w)
        far = _FAR + n
        for _ in range(far):
            step = w < far
            total = np.where(step, total + w ** -(n + 1.0), total)
            w = np.where(step, w + 1, w)
        tail = 1 / (n * w**n) + 0.5 / w ** (n + 1)
        for k, b in enumerate(_BERNOULLI, 1):
            tail = tail + b * factorial(2 * k + n - 1) / (factorial(2 * k) * factorial(n)) / w ** (2 * k + n)
        out = (-1) ** (n + 1) * factorial(n) * (total + tail)
        if mirrored.any():
            t = 1 / np.tan(pi * (y - np.round(y)))
            turn = (-1) ** n * pi ** (n + 1) * _polynomial(_cotangent(n), t)
            out = np.where(mirrored, (-1) ** n * out + turn * (-1) ** (n + 1), out)
        out = np.where((y <= 0) & (y == np.floor(y)), np.inf if n % 2 else np.nan, out)
    return out.astype(x.dtype)


@cache
def _cotangent(n: int) -> tuple[int, ...]:
    """The n-th derivative of cot as a polynomial in cot: cot' = -1 - cot²."""
    poly = [0, 1]
    for _ in range(n):
        slope = [i * c for i, c in enumerate(poly)][1:]
        new = [0] * (len(poly) + 1)
        for i, c in enumerate(slope):
            new[i] -= c
            new[i + 2] -= c
        poly = new
    return tuple(poly)


def _polynomial(coefficients: tuple[int, ...], t: Array) -> Any:
    total: Any = 0.0
    for c in reversed(coefficients):
        total = total * t + c
    return total


def i0(x: Array) -> Array:
    """The modified Bessel function of the first kind, of order 0."""
    return np.asanyarray(np.i0(x)).reshape(x.shape).astype(x.dtype)


def i1(x: Array) -> Array:
    """The same, of order 1, the derivative of `i0`: its power series to 15, the asymptotic one above."""
    y = np.abs(_wide(x))
    with np.errstate(all="ignore"):
        term = y / 2
        total = term.copy()
        for k in range(1, 60):
            term = term * (y * y / 4) / (k * (k + 1))
            total = total + term
        a, far = np.ones_like(y), np.ones_like(y)
        for k in range(1, 16):
            a = a * -(4 - (2 * k - 1) ** 2) / (k * 8 * y)
            far = far + a
        big = np.exp(y) / np.sqrt(2 * pi * y) * far
    return np.copysign(np.where(y < 25, total, big), x).astype(x.dtype)


def xlogy(x: Array, y: Array) -> Array:
    """x log(y), and 0 where x is 0 and y a number."""
    nothing = (x == 0) & ~np.isnan(y)
    return np.asanyarray(np.where(nothing, 0, x * np.log(np.where(nothing, 1, y)))).astype(x.dtype)


def xlog1py(x: Array, y: Array) -> Array:
    """x log(1 + y), and 0 where x is 0 and y a number."""
    nothing = (x == 0) & ~np.isnan(y)
    return np.asanyarray(np.where(nothing, 0, x * np.log1p(np.where(nothing, 0, y)))).astype(x.dtype)


def heaviside(x: Array, values: Array) -> Array:
    """0 below 0, 1 above, `values` at 0."""
    return np.asanyarray(np.where(x == 0, values, x > 0)).astype(x.dtype)


def isin(x: Array, among: Array, invert: bool) -> Array:
    """Is each element among others? By looking them up in order."""
    order = np.sort(among.reshape(-1))
    if not order.size:
        return np.full_like(x, invert, dtype=bool)
    place = np.minimum(np.searchsorted(order, x), order.size - 1)
    return np.asanyarray((order[place] == x) != invert)
