"""Tools to test operations of one's own: Hypothesis strategies for tensors, `assert_close`, `gradcheck`.

A property says what must hold for every input; Hypothesis looks for one for which it does not, and shrinks it. An
operation is right if its value agrees with a formula written another way, and its gradients with finite differences:

>>> import numpy as np
>>> from hypothesis import given
>>> from minigrad.graph import apply
>>> from minigrad.testing import assert_close, gradcheck, tensors
>>> def arctan(x):
...     return apply(np.arctan, (x,), (lambda g: g / (x * x + 1),))
>>> @given(tensors(requires_grad=True))
... def test_arctan(x):
...     assert_close(arctan(x), np.angle(1 + 1j * x.detach().numpy()))
...     gradcheck(arctan, x, order=2)
>>> test_arctan()

Needs Hypothesis: pip install "minigrad[testing]".

Source: K. Claessen and J. Hughes, QuickCheck: a lightweight tool for random testing of Haskell programs, ICFP 2000.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from minigrad.dtypes import DTypeLike, float32, to_numpy
from minigrad.gradcheck import GradcheckError, gradcheck, gradgradcheck
from minigrad.tensor import Tensor, wrap

try:
    from hypothesis import strategies as st
    from hypothesis.extra import numpy as arrays
except ImportError as error:
    raise ImportError('minigrad.testing needs Hypothesis: pip install "minigrad[testing]"') from error

__all__ = [
    "GradcheckError",
    "assert_close",
    "away_from",
    "broadcastable_shapes",
    "gradcheck",
    "gradgradcheck",
    "shapes",
    "tensors",
]

ShapeStrategy: TypeAlias = "st.SearchStrategy[tuple[int, ...]]"


def shapes(min_dims: int = 0, max_dims: int = 3, min_side: int = 0, max_side: int = 4) -> ShapeStrategy:
    """Shapes of min_dims to max_dims dimensions, of sizes min_side to max_side: also () and, with side 0, empty ones.

    >>> from hypothesis import find
    >>> find(shapes(), lambda shape: 0 in shape)
    (0,)
    """
    return st.lists(st.integers(min_side, max_side), min_size=min_dims, max_size=max_dims).map(tuple)


@st.composite
def broadcastable_shapes(
    draw: st.DrawFn, n: int = 2, *, max_dims: int = 3, min_side: int = 0, max_side: int = 4
) -> tuple[tuple[int, ...], ...]:
    """Tuples of n shapes that broadcast together: some dimensions are 1, some are missing in front.

    >>> import numpy
    >>> from hypothesis import given
    >>> @given(broadcastable_shapes(3))
    ... def they_do(triple):
    ...     numpy.broadcast_shapes(*triple)
    >>> they_do()
    """
    whole = draw(shapes(0, max_dims, min_side, max_side))
    parts = []
    for _ in range(n):
        kept = whole[draw(st.integers(0, len(whole))) :]
        ones = draw(st.lists(st.booleans(), min_size=len(kept), max_size=len(kept)))
        parts.append(tuple(1 if one else size for one, size in zip(ones, kept, strict=True)))
    return tuple(parts)


def away_from(
    points: Sequence[float], margin: float = 0.1, low: float = -3, high: float = 3
) -> st.SearchStrategy[float]:
    """Numbers from low to high that keep a margin from each of `points`: kinks, jumps and poles.

    ValueError if nothing is left.

    >>> from hypothesis import find
    >>> find(away_from([0.0]), lambda number: number > 0)
    1.0
    """
    parts = []
    for point in (*sorted(points), float("inf")):
        end = min(point - margin, high)
        if low <= end:
            parts.append(st.floats(low, end, allow_subnormal=False))
        low = max(low, point + margin)
    if not parts:
        raise ValueError(
            f"away_from({list(points)}, margin={margin}): nothing is left up to {high}: use a smaller margin"
        )
    return st.one_of(parts)


@st.composite
def tensors(
    draw: st.DrawFn,
    dtype: DTypeLike = float32,
    shape: tuple[int, ...] | ShapeStrategy | None = None,
    elements: st.SearchStrategy[Any] | None = None,
    requires_grad: bool = False,
    *,
    gap: float | None = None,
    any_layout: bool = False,
) -> Tensor:
    """Tensors of a dtype.

    Args:
        dtype: what they hold.
        shape: a shape, or a strategy for shapes: `shapes()` unless told.
        elements: a strategy for numbers, which are rounded to the dtype; unless told, floats from -3 to 3, integers
            from -10 to 10 (0 to 10 if unsigned), booleans.
        requires_grad: as everywhere.
        gap: instead of `elements`, numbers around 0 that keep at least this distance from each other: without ties, for
            the likes of max and sort.
        any_layout: also draw tensors that are transposed or strided in memory, which an operation may not assume away.

    >>> from hypothesis import find
    >>> find(tensors(shape=(2,)), lambda x: x[1] > 1)
    tensor([2., 2.])
    """
    kind = to_numpy(dtype)
    size = shape if isinstance(shape, tuple) else draw(shapes() if shape is None else shape)
    if gap is not None:
        count = int(np.prod(size))
        places = np.array(draw(st.permutations(range(count))), np.float64).reshape(size)
        array = (places - count // 2) * gap
    else:
        held = np.dtype(np.float64) if kind.kind == "f" else kind
        array = draw(arrays.arrays(held, size, elements=_numbers(kind) if elements is None else elements))
    array = np.asarray(array).astype(kind)
    if any_layout:
        array = laid_out(array, draw(st.sampled_from(LAYOUTS)))
    return wrap(array).requires_grad_(requires_grad)


def _numbers(kind: np.dtype[Any]) -> st.SearchStrategy[Any]:
    """Numbers of moderate size."""
    if kind.kind == "f":
        return st.floats(-3, 3, allow_subnormal=False)
    return st.booleans() if kind.kind == "b" else st.integers(0 if kind.kind == "u" else -10, 10)


LAYOUTS = ["C", "F", "strided", "reversed"]


def laid_out(array: np.ndarray[Any, Any], layout: str) -> np.ndarray[Any, Any]:
    """A copy of the array in one of `LAYOUTS`: by rows, by columns, every second place, or backwards in memory."""
    if array.ndim == 0 or layout in "CF":
        return np.array(array, order="F" if layout == "F" else "C")
    step = 2 if layout == "strided" else -1
    buffer = np.zeros((*array.shape[:-1], array.shape[-1] * abs(step)), array.dtype)
    view = buffer[..., ::step]
    view[...] = array
    return view


_TOLERANCES = {
    np.dtype(np.float16): (1e-3, 1e-5),
    np.dtype(np.float32): (1.3e-6, 1e-5),
    np.dtype(np.float64): (1e-7, 1e-7),
}


def assert_close(
    actual: Any,
    expected: Any,
    *,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_dtype: bool = True,
) -> None:
    """AssertionError unless two tensors or arrays have one shape, one dtype, and |a - e| <= atol + rtol·|e|.

    Tolerances default to PyTorch's for the dtype: rtol 1e-3, 1.3e-6 and 1e-7 for float16, 32 and 64, with atol 1e-5,
    1e-5 and 1e-7; and 0 for integers and booleans.

    >>> import minigrad
    >>> assert_close(minigrad.tensor([1.0, 2.0]), minigrad.tensor([1.0, 2.1]))
    Traceback (most recent call last):
    ...
    AssertionError: not close in 1 of 2 elements, most at [1]: 2.0, expected 2.1 (they may differ by 1.3e-05)
    """
    a, e = (np.asarray(getattr(x, "array", x)) for x in (actual, expected))
    if a.shape != e.shape:
        raise AssertionError(f"not of one shape: {a.shape}, expected {e.shape}")
    if check_dtype and a.dtype != e.dtype:
        raise AssertionError(f"not of one dtype: {a.dtype}, expected {e.dtype} (check_dtype=False to allow it)")
    default_rtol, default_atol = _TOLERANCES.get(a.dtype, (0.0, 0.0))
    rtol, atol = (default_rtol if rtol is None else rtol), (default_atol if atol is None else atol)
    with np.errstate(all="ignore"):
        wide, wanted = (x.astype(np.float64) if x.dtype.kind == "f" else x for x in (a, e))
        close = np.isclose(wide, wanted, rtol, atol, equal_nan)
        if close.all():
            return
        error = np.where(close, -1.0, np.nan_to_num(np.abs(wide.astype(float) - wanted.astype(float)), nan=np.inf))
    at = np.unravel_index(np.argmax(error), error.shape)
    raise AssertionError(
        f"not close in {(~close).sum()} of {close.size} elements, most at {[int(i) for i in at]}: {a[at]!s}, expected "
        f"{e[at]!s} (they may differ by {atol + rtol * abs(float(wanted[at])):.2g})"
    )
