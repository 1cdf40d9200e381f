"""The tools for testing operations of one's own."""

from __future__ import annotations

import importlib
import subprocess
import sys
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import find, given
from hypothesis import strategies as st

import minigrad
from minigrad import Tensor
from minigrad.testing import LAYOUTS, assert_close, away_from, broadcastable_shapes, laid_out, shapes, tensors

ROOT = Path(__file__).parent.parent


@given(shapes(1, 2, 2, 3))
def test_shapes_keep_their_bounds(shape: tuple[int, ...]) -> None:
    assert 1 <= len(shape) <= 2
    assert all(2 <= size <= 3 for size in shape)


@pytest.mark.parametrize("wanted", [lambda s: s == (), lambda s: 0 in s, lambda s: len(s) == 3 and min(s) > 1])
def test_shapes_include_the_awkward_ones(wanted: Any) -> None:
    assert wanted(find(shapes(), wanted))


@given(st.integers(1, 4).flatmap(broadcastable_shapes))
def test_broadcastable_shapes_broadcast(found: tuple[tuple[int, ...], ...]) -> None:
    np.broadcast_shapes(*found)


@pytest.mark.parametrize("wanted", [
    lambda a, b: len(a) > len(b) > 0, lambda a, b: a == () and b != (), lambda a, b: a == (1,) and b == (0,),
    lambda a, b: len(a) == len(b) == 2 and a[0] == b[1] == 1 < a[1] and b[0] > 1,
])  # fmt: skip
def test_broadcastable_shapes_include_the_awkward_ones(wanted: Any) -> None:
    assert wanted(*find(broadcastable_shapes(2), lambda pair: wanted(*pair)))


@given(away_from([1.0, -1.0, 10.0], 0.25, low=-2, high=2))
def test_away_from_keeps_its_margin(number: float) -> None:
    assert -2 <= number <= 2
    assert min(abs(number - 1), abs(number + 1)) >= 0.25


def test_away_from_leaves_something() -> None:
    with pytest.raises(
        ValueError, match=r"away_from\(\[0.0\], margin=5\): nothing is left up to 3: use a smaller margin"
    ):
        away_from([0.0], 5)
    assert find(away_from([-3.0, 3.0], 2.5), lambda number: True) == 0


@given(st.data(), st.sampled_from(["float16", "float32", "float64", "int64", "uint8", "bool"]))
def test_tensors_are_what_was_asked_for(data: st.DataObject, dtype: str) -> None:
    wanted = dtype.startswith("float")
    x = data.draw(tensors(dtype=dtype, shape=shapes(max_dims=2), requires_grad=wanted, any_layout=True))
    assert isinstance(x, Tensor)
    assert x.dtype == getattr(minigrad, dtype)
    assert x.dim() <= 2
    assert x.requires_grad == wanted
    assert x.is_leaf
    bound = 3 if wanted else 10
    assert x.numel() == 0 or abs(x.array.astype(float)).max() <= bound
    y = data.draw(tensors(shape=(2, 3), elements=st.just(0.1)))
    assert y.tolist() == [[np.float32(0.1)] * 3] * 2


@given(tensors(gap=0.5, shape=shapes(max_side=3)))
def test_a_gap_keeps_elements_apart(x: Tensor) -> None:
    values = np.sort(x.array, axis=None)
    assert values.size == prod(x.shape)
    assert (np.diff(values) >= 0.5).all()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 0)])
def test_a_layout_changes_no_value(layout: str, shape: tuple[int, ...]) -> None:
    array = np.arange(prod(shape), dtype=np.float32).reshape(shape)
    laid = laid_out(array, layout)
    assert isinstance(laid, np.ndarray)
    assert np.array_equal(laid, array)
    assert laid.dtype == array.dtype
    assert not np.shares_memory(laid, array)
    if shape == (2, 3):
        assert laid.strides == {"C": (12, 4), "F": (4, 8), "strided": (24, 8), "reversed": (12, -4)}[layout]


FAR: list[tuple[Any, Any, dict[str, Any], str]] = [
    (
        [1.0, 2.0],
        [1.0, 2.1],
        {},
        r"not close in 1 of 2 elements, most at \[1\]: 2.0, expected 2.1 \(they may differ by",
    ),
    ([1.0], [1.0, 1.0], {}, r"not of one shape: \(1,\), expected \(2,\)"),
    ([1.0], [1], {}, r"not of one dtype: float64, expected int64 \(check_dtype=False to allow it\)"),
    ([np.nan], [np.nan], {}, "not close in 1 of 1"),
    ([np.nan, 1.0], [0.0, 2.0], {}, r"most at \[0\]: nan, expected 0.0"),
    ([np.inf], [-np.inf], {}, "not close"),
    ([3], [4], {}, r"most at \[0\]: 3, expected 4 \(they may differ by 0\)"),
    ([1.0], [1.1], {"rtol": 0.01}, r"may differ by 0.011\)"),
]


@pytest.mark.parametrize(("actual", "expected", "options", "words"), FAR, ids=range(len(FAR)))
def test_assert_close_says_what_is_far(actual: Any, expected: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        assert_close(np.array(actual), np.array(expected), **options)


def test_assert_close_accepts_what_is_near() -> None:
    x = minigrad.tensor([1.0, 2.0])
    assert_close(x, x + 1e-7)
    assert_close(x, np.array([1, 2], np.float32))
    assert_close(x, np.array([1, 2]), check_dtype=False)
    assert_close(x, x * 1.05, rtol=0.1)
    assert_close(x, x + 0.05, atol=0.1)
    assert_close(np.array([np.nan, np.inf]), np.array([np.nan, np.inf]), equal_nan=True)
    assert_close(True, True)
    assert_close(x.to(minigrad.float16), x.to(minigrad.float16) + 1e-3)


def test_without_hypothesis_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    monkeypatch.delitem(sys.modules, "minigrad.testing")
    with pytest.raises(ImportError, match=r'minigrad.testing needs Hypothesis: pip install "minigrad\[testing\]"'):
        importlib.import_module("minigrad.testing")


def test_importing_minigrad_imports_no_hypothesis() -> None:
    program = "import sys, minigrad, minigrad.gradcheck; assert 'hypothesis' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
