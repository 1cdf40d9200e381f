"""Reductions along the last dimension: minigrad/kernels/rows.py."""

import numpy as np
import pytest

from minigrad.kernels import rows

SHAPES = [(1, 5), (10, 3), (400, 3), (64, 16), (32, 33), (1024, 64), (15, 100), (16, 2000), (4, 8, 40), (2000, 1)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["e", "f", "d", "i8"])
def test_rows_are_reduced_as_numpy_does(shape, kind):
    x = (np.random.default_rng(0).standard_normal(shape) * 9).astype(kind)
    for array in (x, x[..., ::-1], np.asfortranarray(x)):
        np.testing.assert_array_equal(rows.extreme(array, np.maximum, array.ndim - 1), array.max(-1, keepdims=True))
        np.testing.assert_array_equal(rows.extreme(array, np.minimum, array.ndim - 1), array.min(-1, keepdims=True))
        found, wanted = rows.total(array, array.ndim - 1), array.sum(-1, keepdims=True)
        assert found.dtype == wanted.dtype
        assert found.shape == wanted.shape
        np.testing.assert_allclose(
            found, wanted, rtol=1e-5 if kind == "f" else 1e-12, atol=1e-3 if kind == "f" else 1e-10
        )


@pytest.mark.parametrize("shape", [(400, 3), (1024, 64), (2, 7)])
def test_nan_and_infinities_pass(shape):
    x = np.random.default_rng(1).standard_normal(shape)
    x[0, 1], x[1, 0], x[1, 1] = np.nan, np.inf, -np.inf
    for ufunc in (np.maximum, np.minimum):
        np.testing.assert_array_equal(rows.extreme(x, ufunc, x.ndim - 1), ufunc.reduce(x, axis=-1, keepdims=True))
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(rows.total(x, x.ndim - 1), x.sum(-1, keepdims=True))


@pytest.mark.parametrize(
    "shape", [(4, 3), (64, 6, 24, 24), (33, 129), (5000,), (70, 1, 64), (2, 100, 100, 3), (0, 9000)]
)
@pytest.mark.parametrize("kind", ["e", "f", "d", "i8"])
def test_a_number_bounds_as_in_numpy(shape, kind):
    x = (np.random.default_rng(2).standard_normal(shape) * 9).astype(kind)
    if kind != "i8":
        x[x > 9] = np.nan
        x[x < -9] = -np.inf
    x[(x > 1) & (x < 5)] *= 0
    for array in (x, -x, x[..., ::-1]):
        for number in (0, 6):
            found, wanted = rows.at_least(array, number), np.maximum(array, number)
            assert found.dtype == wanted.dtype
            np.testing.assert_array_equal(found, wanted)
            np.testing.assert_array_equal(np.signbit(found), np.signbit(wanted))


@pytest.mark.parametrize("shape", [(3,), (), (1000, 16), (5, 1000), (4099,), (4096 * 17,), (2, 3, 4096), (0, 5)])
@pytest.mark.parametrize("kind", ["e", "f", "d"])
def test_a_number_is_not_passed(shape, kind):
    x = np.asarray(np.random.default_rng(3).standard_normal(shape) * 9).astype(kind)
    x[x > 12] = np.nan
    for array in (x, x.T.copy().T):
        held = array.copy("K")
        rows.hold_below(held, 3.0, kind)
        np.testing.assert_array_equal(held, np.minimum(array, np.array(3.0, kind)))


@pytest.mark.parametrize("shape", [(1000, 16), (1000, 10), (401, 3), (512, 40), (400, 41), (3, 4), (0, 4), (500, 0)])
@pytest.mark.parametrize("kind", ["e", "f", "d"])
def test_a_row_is_added_as_numpy_does(shape, kind):
    random = np.random.default_rng(4)
    x, row = random.standard_normal(shape).astype(kind), random.standard_normal(shape[1]).astype(kind)
    row[:1] = np.inf
    for array in (x, np.asfortranarray(x)):
        for added in (row, row[:1]) if shape[1] else (row,):
            found = array.copy("K")
            rows.add_row(found, added)
            np.testing.assert_array_equal(found, array + added)
