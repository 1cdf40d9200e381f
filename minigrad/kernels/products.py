"""Products of matrices."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy import ndarray

from minigrad.kernels.rows import add_row, largest_divisor, ones
from minigrad.settings import get_num_threads

Array: TypeAlias = "np.ndarray[Any, Any]"

SMALL = 10**6  # multiplications in what OpenBLAS takes for a small product
FEW = 48  # rows, that are worth taking a few at a time
TALL = 32  # rows to take at a time of a matrix that has many more
WIDE = 400  # elements in a row from which on a transposed factor need not be copied
ADDED = 4 * 10**5  # numbers to add up that stay in the cache


def dot(a: Array, b: Array) -> Array:
    """np.dot, in half the time for small arrays: as a method, unless one of them answers for itself."""
    return a.dot(b) if type(a) is type(b) is ndarray else np.dot(a, b)  # type: ignore[no-any-return]


def linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    """x Wᵀ + b."""
    turned = weight.T
    out = dot(x, turned) if x.ndim == 2 and x.size * len(weight) <= SMALL else matmul(x, turned)
    if bias is not None:
        add_row(out, bias)
    return out


def matmul(a: Array, b: Array) -> Array:
    """A B, of matrices or batches of them: of a batch and one matrix, a single product of a long matrix."""
    product: Array
    if a.ndim == b.ndim == 2:
        product = dot(a, b) if a.size * b.shape[1] <= SMALL else large(a, b)
    elif b.ndim == 2 and a.flags.c_contiguous:
        *batch, m, n = a.shape
        product = matmul(a.reshape((prod(batch) * m, n)), b).reshape((*batch, m, b.shape[1]))
    else:
        product = np.asanyarray(np.matmul(a, b))
    return product


def large(a: Array, b: Array) -> Array:
    """A B, of two matrices too large for OpenBLAS's quick way, by small products where they are quicker."""
    (rows, inner), outer = a.shape, b.shape[1]
    straight = b.flags.c_contiguous
    some = rows_at_once(rows, inner, outer, straight, get_num_threads()) if a.flags.c_contiguous else 0
    if not some:
        return dot(a, b)
    if not straight and some >= TALL and inner < WIDE:
        b = np.ascontiguousarray(b)
    product: Array = np.matmul(a.reshape((rows // some, some, inner)), b).reshape((rows, outer))
    return product


def transposed_matmul(a: Array, b: Array) -> Array:
    """Aᵀ B."""
    (rows, outer), inner = a.shape, b.shape[1]
    if rows * inner * outer <= SMALL or not (a.flags.c_contiguous and b.flags.c_contiguous):
        return dot(a.T, b)
    product: Array
    if rows <= FEW:
        if some := columns_at_once(rows, inner, outer):
            product = np.matmul(a.reshape((rows, outer // some, some)).transpose((1, 2, 0)), b).reshape((outer, inner))
            return product
    elif some := rows_at_once(rows, inner, outer, True, get_num_threads()):
        parts = rows // some
        if parts * outer * inner <= ADDED:
            products = np.matmul(a.reshape((parts, some, outer)).mT, b.reshape((parts, some, inner)))
            if parts > 8:
                product = sum_rows(products.reshape((parts, outer * inner))).reshape((outer, inner))
            else:
                product = np.add.reduce(products, axis=0)
            return product
    return dot(a.T, b)


def sum_rows(x: Array) -> Array:
    """Σ over the first dimension of a matrix: quickest as a product with ones."""
    n = len(x)
    if n <= 1 << 16:
        return dot(ones(n, x.dtype.char), x)
    total: Array = np.add.reduce(x)
    return total


@lru_cache(256)
def rows_at_once(rows: int, inner: int, outer: int, straight: bool, threads: int) -> int:
    """How many rows of a (rows, inner) matrix to multiply at once with an (inner, outer) one; 0 for all.

    With AVX-512, OpenBLAS has a quick way for small products, which packs nothing. Where there are few rows, and packing the
    second matrix takes longer than using it, small products are up to three times as fast as a large one; where there are many
    rows and the second matrix is small, up to twice. Elsewhere they are slower, or two threads are faster.
    """
    most = SMALL // max(inner * outer, 1)
    if not has_quick_small_products():
        return 0
    if rows > FEW:
        if most * 2 < TALL * 3 or (threads > 1 and inner < WIDE):
            return 0
        return largest_divisor(rows, TALL, min(most, rows // 2))
    if straight:
        return largest_divisor(rows, 5, min(most, 16, rows // 2))
    return next((n for n in (4, 2) if rows % n == 0 and n <= min(most, rows // 2) and (n == 4 or rows < 16)), 0)


@lru_cache(256)
def columns_at_once(rows: int, inner: int, outer: int) -> int:
    """How many columns of A to take at once for Aᵀ B, of (rows, outer) and (rows, inner) with few rows; 0 for all."""
    if not has_quick_small_products():
        return 0
    return next((n for n in (64, 32, 16) if outer % n == 0 and n < outer and n * rows * inner <= SMALL), 0)


@lru_cache(1)
def has_quick_small_products() -> bool:
    """Is this NumPy built on OpenBLAS, and running on a processor with AVX-512?"""
    config: Any = np.show_config(mode="dicts")
    blas = config["Build Dependencies"]["blas"]["name"]
    found = config.get("SIMD Extensions", {}).get("found", ())  # WebAssembly has none
    return "openblas" in blas and not {"AVX512_SKX", "X86_V4"}.isdisjoint(found)
