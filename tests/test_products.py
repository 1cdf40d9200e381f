"""Products that are taken some rows at a time: minigrad/kernels/products.py."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.kernels import products


@pytest.fixture(autouse=True)
def quick_small_products(monkeypatch):
    """As on a processor with AVX-512, whatever this one is."""
    products.rows_at_once.cache_clear()
    monkeypatch.setattr(products, "has_quick_small_products", lambda: True)
    yield
    products.rows_at_once.cache_clear()


@pytest.mark.parametrize("rows", [40, 80, 97, 128, 1000, 2048, 2100])
@pytest.mark.parametrize("columns", [1, 10, 16, 24, 25])
def test_products_by_rows_are_products(rows, columns):
    x = np.random.default_rng(rows).standard_normal((rows, 784))
    w, g = x[:columns] * 2, x[:, :columns] + 1
    np.testing.assert_allclose(products.linear(x, w, g[0]), np.einsum("ri,ci->rc", x, w) + g[0], rtol=1e-12, atol=1e-11)
    np.testing.assert_allclose(products.transposed_matmul(g, x), np.einsum("rc,ri->ci", g, x), rtol=1e-12, atol=1e-10)


def test_rows_are_taken_by_equal_parts_of_which_there_are_several():
    assert products.rows_at_once(1000, 784, 16) == 50
    assert products.rows_at_once(128, 784, 16) == 64
    assert products.rows_at_once(127, 784, 16) == 0  # a prime
    assert products.rows_at_once(32, 784, 16) == 0  # small as a whole
    assert products.rows_at_once(1000, 784, 32) == products.rows_at_once(1000, 256, 16) == 0


@given(st.integers(1, 5000), st.integers(1, 3000), st.integers(1, 40))
def test_parts_divide_the_rows_and_are_small(rows, inner, outer):
    some = products.rows_at_once(rows, inner, outer)
    assert some == 0 or (rows % some == 0 and 2 * some <= rows and some * inner * outer <= products.SMALL)


def test_the_processor_and_the_library_are_asked(monkeypatch):
    def config(library, found):
        simd = {} if found is None else {"SIMD Extensions": {"found": found}}
        return lambda mode: {"Build Dependencies": {"blas": {"name": library}}, **simd}

    monkeypatch.undo()
    for library, found, answer in [
        ("scipy-openblas", ["AVX2", "AVX512_SKX"], True),
        ("openblas", ["X86_V3", "X86_V4"], True),
        ("accelerate", ["X86_V4"], False),
        ("openblas", ["NEON"], False),
        ("openblas", None, False),  # as in WebAssembly
    ]:
        products.has_quick_small_products.cache_clear()
        monkeypatch.setattr(np, "show_config", config(library, found))
        assert products.has_quick_small_products() is answer
    products.has_quick_small_products.cache_clear()
