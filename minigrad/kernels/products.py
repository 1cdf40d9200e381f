"""Products of matrices."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any, TypeAlias

import numpy as np

from minigrad.kernels.rows import ones

Array: TypeAlias = "np.ndarray[Any, Any]"

FEW = 24  # columns, of a result that is worth computing some rows at a time
LONG = 400  # elements in a row, from which on it is
MANY = 2048  # rows, from which on adding up the small products costs more than they save
SMALL = 10**6  # multiplications in what OpenBLAS takes for a small product


def dot(a: Array, b: Array) -> Array:
    """np.dot, in half the time for small arrays: as a method, unless one of them answers for itself."""
    product: Array = a.dot(b) if type(a) is type(b) is np.ndarray else np.dot(a, b)
    return product


def linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    """x Wᵀ + b."""
    if x.ndim != 2:
        out = matmul(x, weight.T)
    elif x.size > FEW * LONG and (some := rows_at_once(*x.shape, len(weight))):
        rows, inner = x.shape
        out = np.matmul(x.reshape((rows // some, some, inner)), weight.T).reshape((rows, len(weight)))
    else:
        out = dot(x, weight.T)
    if bias is not None:
        out += bias
    return out


def matmul(a: Array, b: Array) -> Array:
    """A B, of matrices or batches of them: of a batch and one matrix, a single product of a long matrix."""
    product: Array
    if a.ndim == b.ndim == 2:
        product = dot(a, b)
    elif b.ndim == 2 and a.flags.c_contiguous:
        *batch, m, n = a.shape
        product = dot(a.reshape((prod(batch) * m, n)), b).reshape((*batch, m, b.shape[1]))
    else:
        product = np.asanyarray(np.matmul(a, b))
    return product


def transposed_matmul(a: Array, b: Array) -> Array:
    """Aᵀ B."""
    if b.size > FEW * LONG and len(b) <= MANY and (some := rows_at_once(*b.shape, a.shape[1])):
        n, (rows, inner) = a.shape[1], b.shape
        parts = np.matmul(a.reshape((rows // some, some, n)).mT, b.reshape((rows // some, some, inner)))
        total: Array = np.add.reduce(parts, axis=0)
        return total
    return dot(a.T, b)


def sum_rows(x: Array) -> Array:
    """Σ over the first dimension of a matrix: quickest as a product with ones."""
    n = len(x)
    if n <= 1 << 16:
        return dot(ones(n, x.dtype.char), x)
    total: Array = np.add.reduce(x)
    return total


@lru_cache(64)
def rows_at_once(rows: int, inner: int, outer: int) -> int:
    """How many rows to take at once where a (rows, inner) matrix meets one of few columns; 0 for all.

    With AVX-512, OpenBLAS has a quick way for small products; for long rows and few columns, many small ones are up to
    twice as fast as a large one. Elsewhere they are a little slower.
    """
    if outer > FEW or inner < LONG or not has_quick_small_products():
        return 0
    most = SMALL // (inner * max(outer, 1))
    return next((n for n in range(min(most, rows // 2), 39, -1) if rows % n == 0), 0)


@lru_cache(1)
def has_quick_small_products() -> bool:
    """Is this NumPy built on OpenBLAS, and running on a processor with AVX-512?"""
    config: Any = np.show_config(mode="dicts")
    blas = config["Build Dependencies"]["blas"]["name"]
    found = config.get("SIMD Extensions", {}).get("found", ())  # WebAssembly has none
    return "openblas" in blas and not {"AVX512_SKX", "X86_V4"}.isdisjoint(found)
