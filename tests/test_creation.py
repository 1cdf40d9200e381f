"""Tensors from data, or filled with values. The expected values and types are PyTorch 2.13's."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad import (
    Tensor,
    arange,
    as_tensor,
    empty,
    empty_like,
    from_numpy,
    full,
    full_like,
    linspace,
    ones,
    ones_like,
    tensor,
    zeros,
    zeros_like,
)

VECTOR = ones(2)
NAMES = {name: getattr(minigrad, name) for name in minigrad.__all__} | {"np": np}

MADE = [
    ("tensor(1)", 1, "int64"),
    ("tensor(1.5)", 1.5, "float32"),
    ("tensor(True)", True, "bool"),
    ("tensor([1, 2])", [1, 2], "int64"),
    ("tensor([1, 2.5])", [1.0, 2.5], "float32"),
    ("tensor([True, 2])", [1, 2], "int64"),
    ("tensor([True, 2.5])", [1.0, 2.5], "float32"),
    ("tensor([[1], [2]])", [[1], [2]], "int64"),
    ("tensor([])", [], "float32"),
    ("tensor([[], []])", [[], []], "float32"),
    ("tensor((1, 2))", [1, 2], "int64"),
    ("tensor(np.float64(1))", 1.0, "float64"),
    ("tensor([np.float64(1)])", [1.0], "float64"),
    ("tensor([np.float32(1)])", [1.0], "float32"),
    ("tensor([np.int32(1)])", [1], "int32"),
    ("tensor(np.ones(2))", [1.0, 1.0], "float64"),
    ("tensor(np.ones(2, np.float16))", [1.0, 1.0], "float16"),
    ("tensor([np.ones(2), np.zeros(2)])", [[1.0, 1.0], [0.0, 0.0]], "float64"),
    ("tensor(np.bool_(True))", True, "bool"),
    ("tensor([tensor(1.), 2])", [1.0, 2.0], "float32"),
    ("tensor([tensor(1), tensor(2)])", [1, 2], "int64"),
    ("tensor([tensor(1., dtype=float64)])", [1.0], "float64"),
    ("tensor([tensor(1), 2.5])", [1.0, 2.5], "float32"),
    ("tensor([0, 2], dtype=bool)", [False, True], "bool"),
    ("tensor([1.7, -1.7], dtype=int64)", [1, -1], "int64"),
    ("tensor([1, 2], dtype=float64)", [1.0, 2.0], "float64"),
    ("tensor(1, dtype=float32)", 1.0, "float32"),
    ("Tensor([1, 2])", [1.0, 2.0], "float32"),
    ("Tensor(2, 3)", [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]], "float32"),
    ("Tensor()", [], "float32"),
    ("Tensor([[True]])", [[1.0]], "float32"),
    ("Tensor(zeros(2, 3).shape)", [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]], "float32"),
    ("as_tensor([1, 2])", [1, 2], "int64"),
    ("as_tensor([1, 2], dtype=float32)", [1.0, 2.0], "float32"),
    ("as_tensor(np.ones(2))", [1.0, 1.0], "float64"),
    ("zeros(2)", [0.0, 0.0], "float32"),
    ("zeros(2, 2)", [[0.0, 0.0], [0.0, 0.0]], "float32"),
    ("zeros((2,))", [0.0, 0.0], "float32"),
    ("zeros([2])", [0.0, 0.0], "float32"),
    ("zeros(())", 0.0, "float32"),
    ("zeros(0)", [], "float32"),
    ("zeros(2, dtype=int64)", [0, 0], "int64"),
    ("zeros(size=(2,))", [0.0, 0.0], "float32"),
    ("ones(2, dtype=bool)", [True, True], "bool"),
    ("ones(size=(1, 2))", [[1.0, 1.0]], "float32"),
    ("full((2,), 1)", [1, 1], "int64"),
    ("full((2,), 1.5)", [1.5, 1.5], "float32"),
    ("full((2,), True)", [True, True], "bool"),
    ("full((2,), 3, dtype=float32)", [3.0, 3.0], "float32"),
    ("full((), 2.)", 2.0, "float32"),
    ("full((1,), tensor(2))", [2], "int64"),
    ("full([2], 2.7, dtype=int64)", [2, 2], "int64"),
    ("zeros_like(tensor([1, 2]))", [0, 0], "int64"),
    ("ones_like(tensor([1, 2]), dtype=float32)", [1.0, 1.0], "float32"),
    ("full_like(tensor([1, 2]), 3.7)", [3, 3], "int64"),
    ("full_like(tensor([1.]), 3)", [3.0], "float32"),
    ("arange(3)", [0, 1, 2], "int64"),
    ("arange(3.)", [0.0, 1.0, 2.0], "float32"),
    ("arange(1, 4)", [1, 2, 3], "int64"),
    ("arange(0, 1, 0.25)", [0.0, 0.25, 0.5, 0.75], "float32"),
    ("arange(5, 0, -2)", [5, 3, 1], "int64"),
    ("arange(0, 3, dtype=float32)", [0.0, 1.0, 2.0], "float32"),
    ("arange(start=1, end=3)", [1, 2], "int64"),
    ("arange(end=2)", [0, 1], "int64"),
    ("arange(1, 6, step=2)", [1, 3, 5], "int64"),
    ("arange(0)", [], "int64"),
    ("arange(tensor(3))", [0, 1, 2], "int64"),
    ("arange(True, 3)", [1, 2], "int64"),
    ("arange(0.5, 2)", [0.5, 1.5], "float32"),
    ("arange(np.int64(2))", [0, 1], "int64"),
    ("linspace(0, 1, 3)", [0.0, 0.5, 1.0], "float32"),
    ("linspace(0, 1, 1)", [0.0], "float32"),
    ("linspace(0, 1, 0)", [], "float32"),
    ("linspace(1, 0, steps=5)", [1.0, 0.75, 0.5, 0.25, 0.0], "float32"),
    ("linspace(0, 10, 5, dtype=int64)", [0, 2, 5, 7, 10], "int64"),
    ("linspace(start=0, end=1, steps=2)", [0.0, 1.0], "float32"),
    ("linspace(tensor(0.), 1, 2)", [0.0, 1.0], "float32"),
    ("eye(2)", [[1.0, 0.0], [0.0, 1.0]], "float32"),
    ("eye(2, 3)", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], "float32"),
    ("eye(1, dtype=int64)", [[1]], "int64"),
    ("eye(0)", [], "float32"),
    ("tensor([1, 2]).new_zeros(2)", [0, 0], "int64"),
    ("tensor([1., 2.]).new_ones((2,))", [1.0, 1.0], "float32"),
    ("tensor([1, 2]).new_full((2,), 3)", [3, 3], "int64"),
    ("tensor([1]).new_tensor([1, 2])", [1, 2], "int64"),
    ("tensor([1]).new_zeros(1, dtype=float32)", [0.0], "float32"),
    ("tensor([1]).new_ones(1, dtype=float32)", [1.0], "float32"),
    ("tensor([1]).new_full((1,), 2, dtype=float32)", [2.0], "float32"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "values", "kind"), MADE, ids=[text for text, _, _ in MADE])
def test_values_and_types(text, values, kind):
    made = eval(text, dict(NAMES))
    assert made.tolist() == values
    assert made.dtype is getattr(minigrad, kind)
    assert (made.requires_grad, made.is_leaf, made.grad) == (False, True, None)


# ── from data ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_tensor_copies():
    array, x = np.ones(2), ones(2)
    for made in (tensor(array), tensor(x), Tensor(array), Tensor(x), x.new_tensor(x)):
        made[0] = 7
    assert array.tolist() == x.tolist() == [1, 1]
    assert not tensor(ones(2, requires_grad=True)).requires_grad


def test_what_shares_memory():
    array = np.ones(2)
    for made in (from_numpy(array), as_tensor(array)):
        made[0] = 7
        assert array[0] == 7
        array[0] = 1
        assert made.tolist() == [1, 1]
    x = ones(2)
    assert as_tensor(x) is x
    assert as_tensor(x, minigrad.float32) is x
    assert as_tensor(array, dtype=minigrad.float32).dtype is minigrad.float32


class Subclass(np.ndarray):
    """NumPy has several."""


def test_arrays_in_the_other_byte_order_and_of_other_classes():
    swapped = np.array([1.0, 2.0], ">f4")
    assert tensor(swapped).tolist() == [1, 2]
    assert tensor(swapped).array.dtype.isnative
    with pytest.raises(TypeError, match=r"bytes are in the other order: use minigrad\.tensor\(array\), which copies"):
        from_numpy(swapped)
    assert type(from_numpy(np.ones(2).view(Subclass)).numpy()) is np.ndarray
    assert from_numpy(np.arange(3)[::-1]).tolist() == [2, 1, 0]


@pytest.mark.parametrize(
    "data",
    [None, "a", ["a"], 1j, {1, 2}, object(), 2**63, 2**70, np.ones(1, np.uint64), np.array(["a"]), [None, 1.0]],
    ids=lambda data: repr(data).partition(" at 0x")[0],
)
@pytest.mark.parametrize("make", [tensor, as_tensor, Tensor, VECTOR.mul, VECTOR.new_tensor])
def test_what_is_not_numbers(make, data):
    if isinstance(data, int) and make in (Tensor, VECTOR.mul):
        return  # a size; a number that a float can hold
    with pytest.raises((TypeError, OverflowError, ValueError)):
        make(data)


def test_messages():
    with pytest.raises(
        TypeError, match=re.escape("tensor: str data of type <U1 is not numbers of a supported type: give num")
    ):
        tensor("a")
    with pytest.raises(
        TypeError, match=re.escape("from_numpy needs a NumPy array, not a list: use minigrad.tensor(...)")
    ):
        from_numpy([1.0])
    with pytest.raises(TypeError, match="dtype uint16 is not supported"):
        from_numpy(np.ones(1, np.uint16))
    with pytest.raises(
        TypeError, match=re.escape("a str cannot be an operand of a tensor: use a number, an array of numbers")
    ):
        Tensor("a")


@pytest.mark.parametrize("make", [lambda v, d: tensor(v, dtype=d), lambda v, d: full((2,), v[0], dtype=d)])
def test_integers_that_do_not_fit(make):
    with pytest.raises(OverflowError, match="300 does not fit the type uint8, which holds 0 to 255"):
        make([300, 1], minigrad.uint8)
    with pytest.raises(OverflowError, match="-129 does not fit the type int8, which holds -128 to 127"):
        make([-129, 0], minigrad.int8)
    assert make([255, 0], minigrad.uint8)[0] == 255


@pytest.mark.parametrize(
    "make",
    [lambda **k: tensor([1.0], **k), lambda **k: zeros(2, **k), lambda **k: ones(2, **k), lambda **k: empty(2, **k),
     lambda **k: full((2,), 1.0, **k), lambda **k: zeros_like(ones(2), **k), lambda **k: ones_like(ones(2), **k),
     lambda **k: full_like(ones(2), 3, **k), lambda **k: arange(2.0, **k), lambda **k: linspace(0, 1, 2, **k),
     lambda **k: minigrad.eye(2, **k), lambda **k: minigrad.rand(2, **k), lambda **k: minigrad.randn(2, **k)],
)  # fmt: skip
def test_requires_grad(make):
    made = make(requires_grad=True)
    assert made.requires_grad
    assert made.is_leaf
    assert not make(device="cpu").requires_grad


def test_integers_cannot_require_grad():
    with pytest.raises(
        minigrad.GraphError, match=r"a tensor of type int64 cannot require grad: .* first, x\.float\(\)"
    ):
        zeros(2, dtype=minigrad.int64, requires_grad=True)


# ── filled ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_empty_is_zeros():
    """PyTorch leaves what was in memory; here results reproduce."""
    assert empty(2).tolist() == empty(size=(2,)).tolist() == empty_like(ones(2)).tolist() == [0, 0]


def test_a_negative_size():
    with pytest.raises(ValueError, match="negative"):
        zeros(-1)


numbers = st.floats(-50, 50).filter(lambda v: v == 0 or abs(v) > 1e-3)


@given(numbers, numbers, numbers.filter(bool))
def test_arange_goes_by_steps_up_to_the_end(start, end, step):
    if (end - start) * step < 0:
        with pytest.raises(ValueError, match=r"arange from .* to .* by .*: a step leads from the start to the end"):
            arange(start, end, step)
        return
    if abs((end - start) / step) > 1e4:
        return
    made = arange(start, end, step, dtype=minigrad.float64).array
    assert len(made) == int(np.ceil((end - start) / step))
    np.testing.assert_array_equal(made, [start + i * step for i in range(len(made))])


@pytest.mark.parametrize("bounds", [(0, 5, 0), (1, 0), (0, 1, -1), (1.0, 0.0, 0.5)])
def test_arange_that_never_gets_there(bounds):
    with pytest.raises(ValueError, match=r"a step leads from the start to the end, and is not 0"):
        arange(*bounds)


@given(numbers, numbers, st.integers(2, 50))
def test_linspace_holds_both_ends(start, end, steps):
    made = linspace(start, end, steps, dtype=minigrad.float64).array
    assert (made[0], made[-1], len(made)) == (start, end, steps)
    np.testing.assert_allclose(np.diff(made), (end - start) / (steps - 1), atol=1e-12)
