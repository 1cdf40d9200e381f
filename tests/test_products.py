"""Products that are taken some rows at a time: minigrad/kernels/products.py."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.kernels import products


@pytest.fixture(autouse=True)
def quick_small_products(monkeypatch):
    """As on a processor with AVX-512, whatever this one is."""
    forget()
    monkeypatch.setattr(products, "has_quick_small_products", lambda: True)
    yield
    forget()


def forget():
    products.rows_at_once.cache_clear()
    products.columns_at_once.cache_clear()


@pytest.fixture(params=[1, 2])
def threads(request, monkeypatch):
    monkeypatch.setattr(products, "get_num_threads", lambda: request.param)
    return request.param


@pytest.mark.parametrize("rows", [10, 31, 32, 48, 80, 97, 128, 1000, 2048, 2100])
@pytest.mark.parametrize(
    ("inner", "outer"), [(784, 1), (784, 16), (784, 25), (784, 128), (64, 64), (192, 64), (32, 320)]
)
def test_products_by_parts_are_products(rows, inner, outer, threads):
    x = np.random.default_rng(rows).standard_normal((rows, inner))
    w, g = np.resize(x, (outer, inner)) * 2, np.resize(x, (rows, outer)) + 1
    close = {"rtol": 1e-12, "atol": 1e-9}
    np.testing.assert_allclose(products.linear(x, w, g[0]), np.einsum("ri,oi->ro", x, w) + g[0], **close)
    np.testing.assert_allclose(products.matmul(g, w), np.einsum("ro,oi->ri", g, w), **close)
    np.testing.assert_allclose(products.matmul(g[:, ::-1], w[::-1]), np.einsum("ro,oi->ri", g, w), **close)
    np.testing.assert_allclose(products.transposed_matmul(g, x), np.einsum("ro,ri->oi", g, x), **close)
    np.testing.assert_allclose(
        products.transposed_matmul(g, x[:, ::-1]), np.einsum("ro,ri->oi", g, x)[:, ::-1], **close
    )


@pytest.mark.parametrize(
    ("shape", "straight", "one", "two"),
    [
        ((1000, 784, 16), False, 50, 50),
        ((128, 784, 16), False, 64, 64),
        ((127, 784, 16), False, 0, 0),  # a prime
        ((1024, 64, 192), True, 64, 0),  # two threads are quicker
        ((1024, 64, 256), True, 32, 0),
        ((1000, 784, 32), False, 0, 0),
        ((32, 784, 128), False, 4, 4),
        ((32, 784, 128), True, 8, 8),
        ((10, 784, 128), False, 2, 2),
        ((10, 784, 128), True, 5, 5),
        ((31, 784, 128), True, 0, 0),
    ],
)
def test_rows_are_taken_by_equal_parts_of_which_there_are_several(shape, straight, one, two):
    assert (products.rows_at_once(*shape, straight, 1), products.rows_at_once(*shape, straight, 2)) == (one, two)


@given(st.integers(1, 5000), st.integers(1, 3000), st.integers(1, 3000), st.booleans(), st.integers(1, 2))
def test_parts_divide_the_whole_and_are_small(rows, inner, outer, straight, threads):
    some = products.rows_at_once(rows, inner, outer, straight, threads)
    assert some == 0 or (rows % some == 0 and 2 * some <= rows and some * inner * outer <= products.SMALL)
    some = products.columns_at_once(rows, inner, outer)
    assert some == 0 or (outer % some == 0 and 2 * some <= outer and some * inner * rows <= products.SMALL)


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
