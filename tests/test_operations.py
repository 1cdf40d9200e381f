"""The table of operations is complete, and what it cannot say row by row: dtypes of numbers and of pairs of types."""

from __future__ import annotations

import operator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from operations import OPERATIONS

import minigrad
from minigrad import Tensor, tensor
from minigrad.legacy import TensorType

# ── every public operation has a row ─────────────────────────────────────────────────────────────────────────────────

FAMILIES = [family for family in Tensor.__mro__ if family.__module__.startswith("minigrad.ops.")]

ALIASES = {
    "subtract": "sub", "multiply": "mul", "divide": "div", "true_divide": "div", "negative": "neg", "absolute": "abs",
    "clip": "clamp", "swapaxes": "transpose", "swapdims": "transpose", "clip_": "clamp_", "arcsin": "asin", "arccos": "acos",
    "arctan": "atan", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "arctan2": "atan2", "sgn": "sign",
    "gammaln": "lgamma", "ger": "outer",
}  # fmt: skip

# In-place forms are covered by the law `test_in_place_equals_plain`; these by tests of their own.
WRITE_OTHERWISE = {
    "copy_", "fill_", "zero_", "resize_", "resize_as_", "resize", "squeeze_", "unsqueeze_", "transpose_", "t_", "swapaxes_",
    "swapdims_",
}  # fmt: skip


class Bare:
    """A class of nothing: what it has, every class has."""


NO_OPERATIONS = {
    "__hash__": "the identity of a tensor",
    "__slots__": "no operation",
    **dict.fromkeys(vars(Bare).keys() - {"__dict__", "__weakref__"}, "every class has it"),
}

NO_OPERATIONS_OF_THE_PACKAGE = {
    **dict.fromkeys(
        [
            "arange",
            "logspace",
            "range",
            "tril_indices",
            "triu_indices",
            "as_tensor",
            "empty",
            "empty_like",
            "eye",
            "from_numpy",
            "from_dlpack",
            "full",
            "full_like",
            "linspace",
            "ones",
            "ones_like",
            "tensor",
            "zeros",
            "zeros_like",
        ],
        "makes a tensor from no tensor that could want a gradient",
    ),
    **dict.fromkeys(
        [
            "bernoulli",
            "multinomial",
            "normal",
            "poisson",
            "rand",
            "rand_like",
            "randint",
            "randint_like",
            "randn",
            "randn_like",
            "randperm",
        ],
        "draws random numbers",
    ),
    **dict.fromkeys(
        ["get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state"], "the state of the generator"
    ),
    **dict.fromkeys(
        [
            "are_deterministic_algorithms_enabled",
            "get_float32_matmul_precision",
            "get_num_interop_threads",
            "checkpoint",
            "summary",
            "get_num_threads",
            "set_float32_matmul_precision",
            "set_flush_denormal",
            "set_num_interop_threads",
            "set_num_threads",
            "use_deterministic_algorithms",
            "get_default_device",
            "get_default_dtype",
            "is_grad_enabled",
            "set_default_device",
            "set_default_dtype",
            "set_default_tensor_type",
            "set_printoptions",
        ],
        "reads or changes a setting",
    ),
    **dict.fromkeys(["load", "save"], "reads or writes a file"),
    **dict.fromkeys(["can_cast", "broadcast_shapes", "promote_types", "result_type"], "about types or shapes"),
    **dict.fromkeys(
        ["is_complex", "is_floating_point", "is_nonzero", "is_same_size", "is_signed", "is_tensor", "numel"],
        "a question about a tensor, not its elements",
    ),
    "detach": "leaves the graph",
    "draw": "draws a graph",
}


def names_with_rows() -> set[str]:
    return {name for row in OPERATIONS for name in (row.name, *row.also)}


def spellings(family: type) -> dict[str, set[str]]:
    """Every name in a family, with all names of the same function."""
    members = vars(family)
    return {name: {other for other in members if members[other] is member} for name, member in members.items()}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_every_method_has_a_row(family: type) -> None:
    rows = names_with_rows()
    for name, same in spellings(family).items():
        private = name.startswith("_") and not name.startswith("__")
        in_place = any(other.endswith("_") and other[:-1] in rows for other in same) or name in WRITE_OTHERWISE
        assert private or same & rows or in_place or name in NO_OPERATIONS, (
            f"{family.__name__}.{name} has no row: give it one in tests/operations*.py"
        )


def test_every_function_has_a_row() -> None:
    rows = names_with_rows()
    for name in minigrad.__all__:
        value = getattr(minigrad, name)
        if (
            callable(value)
            and not isinstance(value, type | minigrad.dtype | TensorType | ModuleType)
            and name not in NO_OPERATIONS_OF_THE_PACKAGE
        ):
            plain = name.removesuffix("_")
            covered = rows & {name, plain, ALIASES.get(plain)} or name in WRITE_OTHERWISE
            assert covered, f"minigrad.{name} has no row: give it one in tests/operations.py"


def test_exclusions_exist() -> None:
    assert set(NO_OPERATIONS) <= {name for family in FAMILIES for name in vars(family)}
    assert set(NO_OPERATIONS_OF_THE_PACKAGE) <= set(minigrad.__all__)


def test_rows_are_distinct() -> None:
    names = [row.name for row in OPERATIONS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("alias", "name"), ALIASES.items())
def test_aliases(alias: str, name: str) -> None:
    assert getattr(Tensor, alias, getattr(minigrad, alias, None)) is getattr(Tensor, name)


@pytest.mark.parametrize(
    ("augmented", "plain"),
    [
        (operator.iadd, operator.add), (operator.isub, operator.sub), (operator.imul, operator.mul),
        (operator.itruediv, operator.truediv), (operator.ifloordiv, operator.floordiv), (operator.imod, operator.mod),
        (operator.ipow, operator.pow),
    ],
)  # fmt: skip
def test_augmented_assignment_writes_in_place(augmented: Any, plain: Any) -> None:
    x, other = tensor([3.5, 2.0]), tensor([2.0, 3.0])
    target = x.clone()
    memory = target.array
    assert augmented(target, other) is target
    assert target.array is memory
    assert target.equal(plain(x, other))


# ── dtypes ───────────────────────────────────────────────────────────────────────────────────────────────────────────

TYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]

# The type in which x (down) and y (across) meet, in PyTorch 2.13: if both have dimensions, and if y has none.
WITH_DIMENSIONS = """
    ?  B  b  h  i  l  e  f  d
    B  B  h  h  i  l  e  f  d
    b  h  b  h  i  l  e  f  d
    h  h  h  h  i  l  e  f  d
    i  i  i  i  i  l  e  f  d
    l  l  l  l  l  l  e  f  d
    e  e  e  e  e  e  e  f  d
    f  f  f  f  f  f  f  f  d
    d  d  d  d  d  d  d  d  d
"""
WITHOUT_DIMENSIONS = """
    ?  B  b  h  i  l  e  f  d
    B  B  B  B  B  B  e  f  d
    b  b  b  b  b  b  e  f  d
    h  h  h  h  h  h  e  f  d
    i  i  i  i  i  i  e  f  d
    l  l  l  l  l  l  e  f  d
    e  e  e  e  e  e  e  e  e
    f  f  f  f  f  f  f  f  f
    d  d  d  d  d  d  d  d  d
"""


@pytest.mark.parametrize(("shape", "table"), [((2,), WITH_DIMENSIONS), ((), WITHOUT_DIMENSIONS)], ids=["(2,)", "()"])
def test_two_dtypes_meet_as_in_pytorch(shape: tuple[int, ...], table: str) -> None:
    for x, row in zip(TYPES, table.strip().splitlines()):
        for y, met in zip(TYPES, row.split()):
            a, b = minigrad.ones(2, dtype=x), minigrad.ones(shape, dtype=y)
            expected = np.dtype(met)
            assert (a * b).array.dtype == (b * a).array.dtype == expected, (x, y)
            assert a.maximum(b).array.dtype == expected, (x, y)
            assert minigrad.where(tensor([True, False]), a, b).array.dtype == expected, (x, y)


BINARY = [operator.add, operator.mul, lambda a, b: a.maximum(b) if isinstance(a, Tensor) else b.maximum(a)]

NUMBERS = [  # beside a tensor of one type, a number gives another
    *((kind, number, kind) for kind in ("float16", "float32", "float64") for number in (2, 2.5, True)),
    *((kind, 2, kind) for kind in ("uint8", "int8", "int16", "int32", "int64")),
    *((kind, 2.5, "float32") for kind in ("uint8", "int8", "int16", "int32", "int64", "bool")),
    ("int64", True, "int64"),
    ("bool", True, "bool"),
    ("bool", 2, "int64"),
]


@pytest.mark.parametrize(("kind", "number", "expected"), NUMBERS)
@pytest.mark.parametrize("shape", [(2,), ()], ids=["(2,)", "()"])
def test_a_number_widens_no_tensor_of_its_kind(kind: str, number: Any, expected: str, shape: tuple[int, ...]) -> None:
    x = minigrad.ones(shape, dtype=kind)
    scalar = np.asarray(number)[()]  # NumPy's numbers count as numbers, not as arrays
    for function in BINARY:
        for n in (number, scalar):
            assert function(x, n).dtype == function(n, x).dtype == getattr(minigrad, expected)


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
@pytest.mark.parametrize(
    "function",
    [
        lambda x: x + 2, lambda x: 2.5 - x, lambda x: x * 2.5, lambda x: 1 / x, lambda x: x / 3, lambda x: x**2,
        lambda x: x**0.5, lambda x: 2**x, lambda x: x % 2, lambda x: 7 // x, lambda x: x.clamp(0.5, 2),
        lambda x: x.maximum(1.5), lambda x: minigrad.where(x > 1, x, 0.0), lambda x: np.float64(2.5) * x,
        lambda x: x * np.float64(2.5), lambda x: x.masked_fill(x > 1, 2), lambda x: x.add(1, alpha=0.5),
    ],
)  # fmt: skip
def test_numbers_keep_the_dtype_of_results_and_gradients(kind: str, function: Any) -> None:
    for shape in ((2,), ()):
        x = minigrad.full(shape, 1.25, dtype=kind, requires_grad=True)
        result = function(x)
        result.sum().backward()
        assert result.dtype == x.dtype
        assert x.grad.dtype == x.dtype


def test_division_of_integers_is_floating_point() -> None:
    x = tensor([1, 2])
    assert (x / x).dtype == (x / 2).dtype == (2 / x).dtype == minigrad.float32
    assert x.div(2, rounding_mode="floor").dtype == x.div(2, rounding_mode="trunc").dtype == minigrad.int64
    with pytest.raises(ValueError, match="rounding_mode='up': use None, 'floor' or 'trunc'"):
        x.div(2, rounding_mode="up")


# ── smallest cases of what was once wrong ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "step",
    [
        lambda x: x.floor(),
        lambda x: x.ceil(),
        lambda x: x.trunc(),
        lambda x: x.round(),
        lambda x: x.sign(),
        lambda x: x.floor_divide(2.0),
        lambda x: tensor(2.0).floor_divide(x),
        lambda x: tensor(1.0).copysign(x),
    ],
)
def test_an_infinite_gradient_does_not_come_through_a_step(step: Any) -> None:
    x = tensor([[0.5, -1.5]], requires_grad=True)
    step(x).expand(3, 2).backward(minigrad.full((3, 2), float("inf")))
    assert x.grad.tolist() == [[0, 0]]
    (gradient,) = minigrad.autograd.grad((step(x) * x * x).sum(), x, create_graph=True)
    (second,) = minigrad.autograd.grad(gradient.sum(), x)
    assert second.equal(2 * step(x))


inf, nan = np.inf, np.nan

ONCE_WRONG: list[tuple[str, Any, Any]] = [
    ("prod of no dimensions along one", lambda: tensor(3.0).prod(0), 3.0),
    ("logsumexp of everything", lambda: tensor([[0.0]]).logsumexp(None), 0.0),
    ("the norm of order -inf", lambda: tensor([3.0, -2.0]).norm(-inf), 2.0),
    ("movedim of no dimensions", lambda: tensor(3.0).movedim(0, -1), 3.0),
    ("a mask larger than its tensor", lambda: tensor([3.0]).masked_select(tensor([True, False, True])), [3.0, 3.0]),
    ("chunks of nothing", lambda: tensor([len(part) for part in minigrad.zeros(0).chunk(3)]), [0, 0, 0]),
]  # fmt: skip


@pytest.mark.parametrize(("call", "expected"), [case[1:] for case in ONCE_WRONG], ids=[case[0] for case in ONCE_WRONG])
def test_values_that_were_once_wrong(call: Any, expected: Any) -> None:
    assert call().tolist() == expected


def test_clamp_meets_in_the_dtype_of_what_has_dimensions() -> None:
    low, high = tensor([1.0]), tensor(2.0, dtype="float64")
    assert tensor(0.0, dtype="float64").clamp(low, high).dtype == minigrad.float32


def test_norm_refuses_integers() -> None:
    with pytest.raises(TypeError, match=r"norm of a tensor of type int64: convert it first, x.float\(\).norm\(\)"):
        tensor([3, 4]).norm()


def test_linear_without_features() -> None:
    x, weight = minigrad.ones(0, 2, 0, requires_grad=True), minigrad.ones(3, 0, requires_grad=True)
    minigrad.nn.functional.linear(x, weight).sum().backward()
    assert x.grad.shape == (0, 2, 0)
    assert weight.grad.shape == (3, 0)


def test_the_mixed_derivative_of_a_power_at_exponent_0() -> None:
    """d/dy (y · x^(y - 1)) is 1/x at y = 0."""
    x, y = tensor(4.0, requires_grad=True), tensor(0.0, requires_grad=True)
    [first] = minigrad.autograd.grad(x**y, x, create_graph=True)
    [mixed] = minigrad.autograd.grad(first, y)
    assert first.item() == 0
    assert mixed.item() == 0.25


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
def test_no_overflow_far_out(kind: str) -> None:
    x = tensor([-1000.0, 1000.0], dtype=kind, requires_grad=True)
    for function in (Tensor.sigmoid, Tensor.softplus, Tensor.tanh):
        [gradient] = minigrad.autograd.grad(function(x).sum(), x)
        assert np.isfinite(gradient.array).all()
    assert x.sigmoid().array[0] < 1e-4


@pytest.mark.parametrize(("shape", "wrong"), [((2, 3), (3, 2)), ((2,), (2, 2)), ((), (1,)), ((4,), (2,))])
def test_sum_to_size_is_no_reshape(shape: tuple[int, ...], wrong: tuple[int, ...]) -> None:
    with pytest.raises(minigrad.ShapeError, match="each size must be 1 or the same, counted from the last"):
        minigrad.ones(shape).sum_to_size(wrong)


@pytest.mark.parametrize("shape", [(3, 2), (3,), ()])
def test_an_empty_index_of_one_dimension_gathers_and_scatters_nothing(shape: Any) -> None:
    x, index, none = minigrad.ones(shape, requires_grad=True), tensor([], dtype=minigrad.int64), tensor([])
    assert x.gather(0, index).shape == (0,)
    for y in (x.scatter(0, index, 2.0), x.scatter(0, index, none), x.scatter_add(0, index, none),
              x.scatter_reduce(0, index, none, "amax")):  # fmt: skip
        assert y.equal(x)
    (x.gather(0, index).sum() + y.sum()).backward()
    assert x.grad.equal(minigrad.ones(shape))
