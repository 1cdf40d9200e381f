"""What the functions of this package ask of their operands."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.errors import ShapeError
from minigrad.tensor import Tensor


def floating(x: Tensor, dtype: Any, name: str) -> Tensor:
    """An operand in a floating-point type. RuntimeError if it is of another."""
    if dtype is not None:
        x = x.to(dtype)
    if x.array.dtype.kind != "f":
        raise RuntimeError(f"{name}: Expected a floating point tensor as input. Got {x.array.dtype}: use x.float()")
    return x


def fits(a: Tensor, b: Tensor, dim: int, name: str) -> None:
    """ShapeError unless B has as many rows as A."""
    matrix, other = a.array.shape, b.array.shape
    rows = matrix[-2]
    if len(other) < -dim or other[dim] != rows:
        raise ShapeError(
            f"{name}: Incompatible shapes of A and B for the equation AX = B: {tuple(matrix)} and {tuple(other)}: "
            f"dimension {dim} of B must be {rows}"
        )


def side(uplo: str) -> str:
    """The triangle to read: "L" or "U"."""
    if uplo.upper() not in ("L", "U"):
        raise RuntimeError(f"linalg.eigh: Expected UPLO argument to be 'L' or 'U', but got {uplo}")
    return uplo.upper()


def symmetric(x: Tensor) -> Tensor:
    """The matrix whose lower triangle, diagonal included, is that of x on both sides."""
    return x._triangle(False, 0) + x._triangle(False, -1).mT


def spectrum(x: Tensor, hermitian: bool) -> Tensor:
    """The singular values, or the eigenvalues of a symmetric matrix, which are these but for their signs."""
    return x._eigvalsh("L") if hermitian else x._svdvals()


def tolerances(x: Tensor, atol: float | None, rtol: float | None) -> tuple[float, float]:
    """PyTorch's defaults: the precision of the type times the larger size, unless there is an absolute tolerance."""
    if rtol is None:
        rtol = 0.0 if atol else max(x.array.shape[-2:]) * float(np.finfo(x.array.dtype).eps)
    return atol or 0.0, rtol
