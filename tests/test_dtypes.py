"""Data types: PyTorch 2.13's rules for mixing them, with tensors, Python's numbers, NumPy's numbers and arrays."""

import copy
import itertools
import operator
import pickle
import re

import numpy as np
import pytest

import minigrad
from minigrad import dtypes, from_numpy, ones, set_default_dtype, tensor
from minigrad.dtypes import canonical, dtype, promote, to_numpy

TYPES = {
    "f2": minigrad.float16, "f4": minigrad.float32, "f8": minigrad.float64, "u1": minigrad.uint8, "i1": minigrad.int8,
    "i2": minigrad.int16, "i4": minigrad.int32, "i8": minigrad.int64, "b": minigrad.bool,
}  # fmt: skip
CODES = list(TYPES)

# torch.promote_types, row by column, in the order of CODES
MET = {
    "f2": "f2 f4 f8 f2 f2 f2 f2 f2 f2",
    "f4": "f4 f4 f8 f4 f4 f4 f4 f4 f4",
    "f8": "f8 f8 f8 f8 f8 f8 f8 f8 f8",
    "u1": "f2 f4 f8 u1 i2 i2 i4 i8 u1",
    "i1": "f2 f4 f8 i2 i1 i2 i4 i8 i1",
    "i2": "f2 f4 f8 i2 i2 i2 i4 i8 i2",
    "i4": "f2 f4 f8 i4 i4 i4 i4 i8 i4",
    "i8": "f2 f4 f8 i8 i8 i8 i8 i8 i8",
    "b": "f2 f4 f8 u1 i1 i2 i4 i8 b",
}
# torch.result_type of a tensor with dimensions, by one without
BESIDE = {
    "f2": "f2 f2 f2 f2 f2 f2 f2 f2 f2",
    "f4": "f4 f4 f4 f4 f4 f4 f4 f4 f4",
    "f8": "f8 f8 f8 f8 f8 f8 f8 f8 f8",
    "u1": "f2 f4 f8 u1 u1 u1 u1 u1 u1",
    "i1": "f2 f4 f8 i1 i1 i1 i1 i1 i1",
    "i2": "f2 f4 f8 i2 i2 i2 i2 i2 i2",
    "i4": "f2 f4 f8 i4 i4 i4 i4 i4 i4",
    "i8": "f2 f4 f8 i8 i8 i8 i8 i8 i8",
    "b": "f2 f4 f8 u1 i1 i2 i4 i8 b",
}
# and of any tensor by a Python number
NUMBERS = [
    (True, "f2 f4 f8 u1 i1 i2 i4 i8 b"),
    (2, "f2 f4 f8 u1 i1 i2 i4 i8 i8"),
    (2.0, "f2 f4 f8 f4 f4 f4 f4 f4 f4"),
]
PAIRS = list(itertools.product(CODES, CODES))


@pytest.fixture
def double_default():
    set_default_dtype(minigrad.float64)
    yield
    set_default_dtype(minigrad.float32)


def expected(table, a, b):
    return TYPES[table[a].split()[CODES.index(b)]]


# ── mixing ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_tensors_meet(a, b):
    """In every operation of two, whichever comes first; the result holds the same numbers as that of float64."""
    x, y, zero = ones(2, dtype=TYPES[a]), ones(2, dtype=TYPES[b]), ones((), dtype=TYPES[b])
    assert (x * y).dtype is expected(MET, a, b)
    assert (x * zero).dtype is (zero * x).dtype is expected(BESIDE, a, b)
    assert (x[0] * zero).dtype is expected(MET, a, b)
    assert (x == y).dtype is minigrad.bool
    assert minigrad.cat([x, y]).dtype is minigrad.stack([x, y]).dtype is expected(MET, a, b)
    assert minigrad.where(ones(2) > 0, x, y).dtype is expected(MET, a, b)
    assert (x / y).dtype is (expected(MET, a, b) if "f" in a + b else minigrad.float32)


@pytest.mark.parametrize("a", CODES)
@pytest.mark.parametrize(("number", "row"), NUMBERS, ids=["True", "2", "2.0"])
@pytest.mark.parametrize("shape", [(2,), ()], ids=["vector", "number"])
def test_numbers_take_the_tensor_s_type(a, number, row, shape):
    x = ones(shape, dtype=TYPES[a])
    wanted = TYPES[row.split()[CODES.index(a)]]
    for operate in (operator.add, operator.mul):
        assert operate(x, number).dtype is wanted
        assert operate(number, x).dtype is wanted
    numpy_number = np.asarray(number)[()]
    assert (x * numpy_number).dtype is wanted
    assert (numpy_number * x).dtype is wanted
    if wanted is not minigrad.bool:
        assert (x**number).dtype is (number**x).dtype is wanted
    assert (x / number).dtype is (number / x).dtype is (wanted if a[0] == "f" else minigrad.float32)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.int8, np.int64, np.uint8])
def test_numpy_s_numbers_are_numbers(kind):
    """Whatever their precision, they widen nothing: PyTorch counts them as Python's."""
    for x in (ones(2), ones(())):
        for result in (x * kind(2), kind(2) * x, x - kind(2), kind(2) - x, kind(2) / x, kind(2) ** x):
            assert type(result) is minigrad.Tensor
            assert result.dtype is minigrad.float32
    integer = kind(2) * ones(2, dtype=minigrad.int64)
    assert integer.dtype is (minigrad.float32 if kind(2).dtype.kind == "f" else minigrad.int64)


def test_numpy_s_arrays_keep_their_type():
    x = ones(3)
    for result in (x * np.ones(3), np.ones(3) * x, np.ones(3) - x, x / np.ones(3), np.ones((2, 3)) + x):
        assert type(result) is minigrad.Tensor
        assert result.dtype is minigrad.float64
    assert (x * np.ones(3, np.int64)).dtype is minigrad.float32
    assert (x * np.array(2.0)).dtype is minigrad.float32
    assert (np.ones(3, np.float32) @ ones(3, 2)).dtype is minigrad.float32


def test_a_number_that_does_not_fit():
    """NumPy and PyTorch would wrap it around."""
    x = tensor([3, 255], dtype=minigrad.uint8)
    for operate in (operator.add, operator.mul, operator.lt):
        for number in (256, -1):
            with pytest.raises(
                OverflowError, match=f"^{number} does not fit the type of the tensor beside it, uint8: convert"
            ):
                operate(x, number)
    assert (x.long() + 256).tolist() == [259, 511]
    assert (x / 256).tolist() == [3 / 256, 255 / 256]
    assert (512 / x)[0].item() == pytest.approx(512 / 3)


@pytest.mark.parametrize("a", CODES)
def test_reductions(a):
    x = ones(2, 3, dtype=TYPES[a])
    whole = TYPES[a] if a[0] == "f" else minigrad.int64
    for dim in (None, 0):
        assert x.sum(dim).dtype is x.prod(dim).dtype is whole
        assert x.amax(dim).dtype is TYPES[a]
        assert x.argmax(dim).dtype is minigrad.int64
        assert x.any(dim).dtype is x.all(dim).dtype is (minigrad.uint8 if a == "u1" else minigrad.bool)  # as in PyTorch
    assert x.cumsum(0).dtype is whole
    assert x.sum(dtype=minigrad.float64).dtype is minigrad.float64
    assert x.max(0).values.dtype is TYPES[a]
    assert x.max(0).indices.dtype is minigrad.int64
    if a[0] == "f":
        assert x.mean().dtype is x.std().dtype is x.norm().dtype is TYPES[a]
    else:
        with pytest.raises(TypeError, match=r"mean of a tensor of type .*: convert it first, x\.float\(\)\.mean\(\)"):
            x.mean()


@pytest.mark.parametrize("a", [code for code in CODES if code[0] != "f"])
def test_functions_of_integers_are_floating_point(a):
    x = ones(2, dtype=TYPES[a])
    for function in ("exp", "log", "sqrt", "sin", "tanh", "sigmoid", "reciprocal"):
        assert getattr(x, function)().dtype is minigrad.float32


def test_the_default_type(double_default):
    assert minigrad.get_default_dtype() is minigrad.float64
    made = [tensor(1.0), tensor([1.0]), minigrad.zeros(2), minigrad.rand(2), minigrad.arange(1.0), minigrad.full((1,), 2.0),
            minigrad.linspace(0, 1, 2), minigrad.eye(2), minigrad.Tensor(2), minigrad.Tensor([1])]  # fmt: skip
    assert {x.dtype for x in made} == {minigrad.float64}
    assert (tensor([1, 2]) * 0.5).dtype is (tensor([1]) / 2).dtype is tensor([1]).exp().dtype is minigrad.float64
    assert repr(ones(1)) == "tensor([1.])"
    assert repr(ones(1).float()) == "tensor([1.], dtype=minigrad.float32)"
    assert ones(1).float().dtype is minigrad.float32


@pytest.mark.parametrize("wrong", [minigrad.int64, minigrad.bool, float, "float32", np.float32])
def test_the_default_type_is_floating_point(wrong):
    with pytest.raises(TypeError, match=r"a floating-point type is needed, such as minigrad\.float64"):
        set_default_dtype(wrong)
    assert minigrad.get_default_dtype() is minigrad.float32


# ── the types themselves ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("d", TYPES.values(), ids=repr)
def test_a_type_is_numpy_s_under_another_name(d):
    name = repr(d).removeprefix("minigrad.")
    assert getattr(minigrad, name) is d
    assert d == np.dtype(name) == d.dtype
    assert np.dtype(name) == d
    assert hash(d) == hash(np.dtype(name))
    assert d in {np.dtype(name)}
    assert np.zeros(2, d).dtype == np.dtype(name)
    assert d.itemsize == np.dtype(name).itemsize
    assert d.is_floating_point == name.startswith("float")
    assert d.is_signed == name.startswith(("float", "int"))
    assert ones(1, dtype=d).dtype is d
    assert d != name + "?"
    assert d != 3
    assert all((d == other) is (d is other) for other in TYPES.values())


@pytest.mark.parametrize("d", TYPES.values(), ids=repr)
def test_types_are_copied_and_pickled_as_themselves(d):
    assert pickle.loads(pickle.dumps(d)) is copy.deepcopy(d) is copy.copy(d) is d


def test_other_names():
    names = {
        "half": "float16",
        "float": "float32",
        "double": "float64",
        "short": "int16",
        "int": "int32",
        "long": "int64",
    }
    for name, meant in names.items():
        assert getattr(minigrad, name) is getattr(minigrad, meant)
    assert isinstance(minigrad.float32, dtype)


@pytest.mark.parametrize(
    ("spelt", "meant"),
    [(float, "f8"), (int, "i8"), (bool, "b"), ("int16", "i2"), (np.float32, "f4"), (np.dtype("u1"), "u1"),
     (minigrad.half, "f2"), (np.longlong, "i8")],
)  # fmt: skip
def test_spellings_of_a_type(spelt, meant):
    assert to_numpy(spelt) is TYPES[meant].dtype
    assert ones(1).to(spelt).dtype is TYPES[meant]
    assert ones(1, dtype=spelt).dtype is TYPES[meant]


@pytest.mark.parametrize("unsupported", [np.uint16, np.uint64, np.complex64, np.longdouble, "U3", object, "M8[s]"])
def test_unsupported_types(unsupported):
    message = "is not supported: use one of bool, float16, float32, float64, int16, int32, int64, int8, uint8"
    with pytest.raises(TypeError, match=re.escape(message)):
        ones(1, dtype=unsupported)


def test_equal_types_that_are_not_the_same_object():
    """Unpickled arrays bring their own: they are exchanged for ours, so that nothing is converted over and over."""
    array = pickle.loads(pickle.dumps(np.ones(2, np.float32)))
    assert array.dtype is not np.dtype("f4")
    for x in (from_numpy(array), ones(2) * 0 + array, tensor(array), pickle.loads(pickle.dumps(ones(2)))):
        assert x.array.dtype is np.dtype("f4")
        assert x.float() is x
    shared = from_numpy(array)
    shared[0] = 7
    assert array[0] == 7
    assert canonical(np.ones(1, np.longlong)).dtype is np.dtype(np.int64)


def test_promote_looks_at_dimensions():
    assert promote(np.ones(1, np.float32), np.ones((), np.float64)) == np.float32
    assert promote(np.ones((), np.float32), np.ones(1, np.float64)) == np.float64
    assert promote(np.ones((), np.float32), np.ones((), np.float64)) == np.float64
    assert dtypes.dtype_of_number(True, np.dtype("f4")) == np.float32
