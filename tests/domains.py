"""What the table of operations is made of: a row, and the operands that its operation is tried on.

Domains keep away from kinks, jumps and poles, which `docs/conventions.md` is about. Arrays of float64 stand for operands
of any floating-point type; masks and indices are what they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minigrad import Tensor
from minigrad.testing import away_from, broadcastable_shapes, shapes


@dataclass(frozen=True)
class Case:
    """Operands and other arguments of one call."""

    arrays: tuple[np.ndarray, ...]
    params: dict[str, Any]
    layout: str = "C"


@dataclass(frozen=True)
class Operation:
    """One row."""

    name: str  # of the method, or of the function if `function` is given
    reference: Callable[..., Any]  # arrays and params -> array, or several
    cases: st.SearchStrategy[Case]
    function: Callable[..., Any] | None = None  # called instead of the method
    gradient: bool = True  # with respect to each floating-point operand
    result: str = "same"  # the dtype it gives floating-point operands: theirs, or this one
    # the dtype it gives operands of several: that in which they meet, the "first", float64, "each" its own, or "refused"
    mixed: str = "promoted"
    integers: Any = "same"  # what it gives int64 operands: int64, this dtype, an exception, or None where not tried
    positional: bool = False  # the params go by position: reshape(2, 3), not reshape(shape=(2, 3))
    keywords: tuple[str, ...] = ()  # the operands after the first go by these names
    layouts: bool = True  # accepts operands in any memory layout
    half: bool = True  # takes float16
    also: tuple[str, ...] = ()  # other public names that this row is about

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self.name)  # in Hypothesis's reports

    def __call__(self, *operands: Any, **params: Any) -> Any:
        return self.called_as(self.function or getattr(Tensor, self.name), *operands, **params)

    def called_as(self, function: Callable[..., Any], *operands: Any, **params: Any) -> Any:
        """The same call of another form of the operation."""
        if self.keywords:
            return function(operands[0], **dict(zip(self.keywords, operands[1:])), **params)
        return function(*operands, *params.values()) if self.positional else function(*operands, **params)


# ── domains ──────────────────────────────────────────────────────────────────────────────────────────────────────────

FREE = st.floats(-3, 3, allow_subnormal=False)
POSITIVE = st.floats(0.1, 3)
NONZERO = away_from([0.0])
BOOLEANS = st.booleans()
MASK = "mask"  # booleans, which stay booleans
DISTINCT = "distinct"  # numbers at least 0.25 apart


def near(offset: float, width: float = 0.1) -> st.SearchStrategy[float]:
    """Numbers within `width` of whole numbers plus `offset`: two with different offsets never meet."""
    return st.builds(lambda whole, rest: whole + offset + rest, st.integers(-3, 3), st.floats(-width, width))


def divisor(whole: int, sign: int, rest: float) -> float:
    return sign * whole + rest


DIVISOR = st.builds(divisor, st.integers(1, 3), st.sampled_from([-1, 1]), st.floats(-0.02, 0.02))

small_shapes = shapes(max_side=3)
filled_shapes = shapes(min_side=1, max_side=3)
lines = shapes(1, 3, 0, 3)  # of at least one dimension
full_lines = shapes(1, 3, 1, 3)


@st.composite
def array(draw: st.DrawFn, shape: tuple[int, ...], elements: Any = FREE) -> np.ndarray:
    if elements == MASK:
        return np.asarray(draw(hnp.arrays(bool, shape, elements=st.booleans())))
    if elements == DISTINCT:
        n = prod(shape)
        return (np.array(draw(st.permutations(range(n))), np.float64).reshape(shape) - n // 2) * 0.25
    return np.asarray(draw(hnp.arrays(np.float64, shape, elements=elements)))


def drawn(draw: st.DrawFn, params: dict[str, Any], shape: tuple[int, ...]) -> dict[str, Any]:
    """Values for params, each given as a strategy, a function from the shape to one, or a constant."""
    choices = {k: v(shape) if callable(v) and not isinstance(v, st.SearchStrategy) else v for k, v in params.items()}
    return {k: draw(v) if isinstance(v, st.SearchStrategy) else v for k, v in choices.items()}


@st.composite
def operands(draw: st.DrawFn, *elements: Any, shape: Any = small_shapes, **params: Any) -> Case:
    """Operands that broadcast together, one per domain."""
    found = [draw(shape)] if len(elements) == 1 else draw(broadcastable_shapes(len(elements), max_side=3))
    arrays = tuple(draw(array(s, e)) for s, e in zip(found, elements))
    return Case(arrays, drawn(draw, params, found[0]))


@st.composite
def alike(draw: st.DrawFn, *elements: Any, shape: Any = small_shapes, **params: Any) -> Case:
    """Operands of one shape."""
    size = draw(shape)
    return Case(tuple(draw(array(size, e)) for e in elements), drawn(draw, params, size))


def one_dim(shape: tuple[int, ...]) -> st.SearchStrategy[int]:
    n = max(len(shape), 1)
    return st.integers(-n, n - 1)


def some_dims(shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
    n = len(shape)
    if not n:
        return st.sampled_from([None, 0, -1, ()])
    several = st.lists(st.integers(0, n - 1), unique=True, max_size=n).flatmap(
        lambda dims: st.tuples(*[st.sampled_from([d, d - n]) for d in dims])
    )
    return st.one_of(st.none(), one_dim(shape), several)


@st.composite
def reductions(
    draw: st.DrawFn,
    elements: Any = FREE,
    dim: Any = some_dims,
    least: int = 0,
    keepdim: Any = BOOLEANS,
    **params: Any,
) -> Case:
    """An operand and what to reduce it over: at least so many elements each time."""
    size = list(draw(shapes(min(max(least - 1, 0), 1), 3, 0, 3)))
    over = draw(dim(size))
    reduced = range(len(size)) if over is None or over == () else (over,) if isinstance(over, int) else over
    if size:
        for d in reduced:
            size[d] = max(size[d], min(least, 1))
        if prod(size[d] for d in reduced) < least:
            size[reduced[0]] = least
    params = drawn(draw, {"dim": over, **({} if keepdim is None else {"keepdim": keepdim}), **params}, tuple(size))
    return Case((draw(array(tuple(size), elements)),), params)


@st.composite
def chosen(draw: st.DrawFn, shape: Any = filled_shapes, **choices: Any) -> Case:
    """An operand, and arguments of which each is drawn by a function of its shape and of the arguments before it."""
    size = draw(shape)
    params: dict[str, Any] = {}
    for name, choice in choices.items():
        params[name] = draw(choice(size, *params.values()))
    return Case((draw(array(size)),), params)


def axes(x: np.ndarray, dim: Any) -> Any:
    """NumPy's spelling of `dim`."""
    return None if dim is None or dim == () or x.ndim == 0 else dim


def over(function: Callable[..., Any]) -> Callable[..., Any]:
    """A NumPy reduction with PyTorch's arguments."""
    return lambda x, dim=None, keepdim=False, **rest: function(x, axis=axes(x, dim), keepdims=keepdim, **rest)
