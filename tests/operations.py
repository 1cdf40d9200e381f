"""The table of operations: one row each, with all that the laws in `test_laws.py` need to know about it.

A row says how the operation is called, what it is by a formula in NumPy that shares as little as possible with the
implementation, and for which operands. Here are the operations on elements; those on whole tensors are in
`operations_shape.py` and `operations_index.py`.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from domains import DIVISOR, FREE, MASK, NONZERO, POSITIVE, Case, Operation, alike, near, operands
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from operations_index import INDICES, LOSSES, PRODUCTS, WRITING
from operations_linalg import LINALG
from operations_math import ARRANGEMENTS, POINTWISE, SPECIAL
from operations_nn import NN
from operations_order import ORDER
from operations_sequence import SEQUENCE
from operations_shape import REDUCTIONS, SHAPES
from operations_spatial import SPATIAL

import minigrad
from minigrad import Tensor
from minigrad.testing import away_from, broadcastable_shapes

# ── rows: elementwise ────────────────────────────────────────────────────────────────────────────────────────────────


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(x / 2))


def clamp(x: np.ndarray, min: Any = None, max: Any = None) -> np.ndarray:
    x = x if min is None else np.where(x < min, min, x)
    return x if max is None else np.where(x > max, max, x)


FLOATING = [  # integers become floating-point
    Operation(name, reference, operands(elements), integers="float32")
    for name, reference, elements in [
        ("exp", lambda x: np.e**x, FREE),
        ("expm1", lambda x: np.sinh(x) + np.cosh(x) - 1, FREE),
        ("exp2", lambda x: 2**x, FREE),
        ("log", lambda x: 2 * np.arctanh((x - 1) / (x + 1)), POSITIVE),
        ("log2", lambda x: np.log(x) / np.log(2), POSITIVE),
        ("log10", lambda x: np.log(x) / np.log(10), POSITIVE),
        ("log1p", lambda x: np.log(1 + x), st.floats(0, 3)),
        ("sqrt", lambda x: x**0.5, POSITIVE),
        ("rsqrt", lambda x: x**-0.5, POSITIVE),
        ("reciprocal", lambda x: x**-1.0, NONZERO),
        ("sin", lambda x: np.imag(np.exp(1j * x)), FREE),
        ("cos", lambda x: np.real(np.exp(1j * x)), FREE),
        ("tan", lambda x: np.sin(x) / np.cos(x), st.floats(-1.2, 1.2)),
        ("tanh", lambda x: 1 - 2 / (np.exp(2 * x) + 1), FREE),
        ("sigmoid", sigmoid, st.floats(-20, 20)),
    ]
]

ELEMENTWISE = [
    *FLOATING,
    Operation(
        "softplus",
        lambda x, beta, threshold: np.where(x * beta > threshold, x, np.logaddexp(0, beta * x) / beta),
        operands(away_from([2.5], low=-4, high=4), beta=st.just(2), threshold=st.just(5)),
        integers="float32",
    ),
    Operation("relu", lambda x: (x + np.abs(x)) / 2, operands(NONZERO)),
    Operation("abs", lambda x: np.sqrt(x * x), operands(NONZERO)),
    Operation("sign", lambda x: np.where(x > 0, 1.0, -1.0), operands(NONZERO)),
    Operation("floor", lambda x: x - x % 1, operands(near(0.5, 0.4))),
    Operation("ceil", lambda x: x + -x % 1, operands(near(0.5, 0.4))),
    Operation("trunc", lambda x: np.sign(x) * (np.abs(x) - np.abs(x) % 1), operands(near(0.5, 0.4))),
    Operation("round", lambda x: np.floor(x + 0.5), operands(near(0.0, 0.4))),
    Operation(
        "round_decimals",
        lambda x, decimals: np.floor(x * 10.0**decimals + 0.5) / 10.0**decimals,
        operands(st.integers(-9, 9).map(lambda n: n / 10 + 0.02), decimals=st.just(1)),
        function=Tensor.round,
    ),
    Operation("neg", lambda x: 0 - x, operands(FREE)),
    Operation("square", lambda x: x * x, operands(FREE)),
    Operation("clone", lambda x: x, operands(FREE)),
    Operation("contiguous", lambda x: x, operands(FREE)),
    Operation("to_dtype", lambda x: x, operands(FREE), function=lambda x: x.to_dtype(x.array.dtype)),
    Operation(
        "clamp",
        clamp,
        operands(away_from([-1, 1]), min=st.sampled_from([None, -1.0]), max=st.just(1.0))
        | operands(away_from([-1, 1]), min=st.just(-1.0)),
        integers="float32",
    ),
    Operation("clamp_tensors", clamp, operands(near(0.0), near(0.33), near(0.66)), function=Tensor.clamp),
    Operation("clamp_from_tensor", lambda x, low: clamp(x, low), operands(near(0), near(0.5)), function=Tensor.clamp),
    Operation(
        "clamp_to_tensor",
        lambda x, high: clamp(x, None, high),
        operands(near(0), near(0.5)),
        function=lambda x, high: x.clamp(max=high),
    ),
    Operation("maximum", lambda x, y: (x + y + np.abs(x - y)) / 2, operands(near(0), near(0.5))),
    Operation("minimum", lambda x, y: (x + y - np.abs(x - y)) / 2, operands(near(0), near(0.5))),
    Operation("where", lambda c, x, y: x * c + y * ~c, operands(MASK, FREE, FREE), function=minigrad.where),
    Operation(
        "where_method",
        lambda x, c, y: x * c + y * ~c,
        operands(FREE, MASK, FREE),
        function=Tensor.where,
    ),
    Operation("masked_fill", lambda x, c, value: x * ~c + value * c, operands(FREE, MASK, value=st.just(2.0))),
    Operation(
        "masked_fill_tensor",
        lambda x, c, value: x * ~c + value * c,
        alike(FREE, MASK).flatmap(lambda case: FREE.map(lambda v: Case((*case.arrays, np.array(v)), {}))),
        function=Tensor.masked_fill,
        mixed="first",
    ),
]

# ── rows: arithmetic ─────────────────────────────────────────────────────────────────────────────────────────────────


def floor_divide(x: Any, y: Any) -> Any:
    return np.floor(x / y)


ARITHMETIC = [
    Operation("add", lambda x, y, alpha=1: x + alpha * y, operands(FREE, FREE, alpha=st.sampled_from([1, 2, -3]))),
    Operation("sub", lambda x, y, alpha=1: x - alpha * y, operands(FREE, FREE, alpha=st.sampled_from([1, 2, -3]))),
    Operation("mul", lambda x, y: x * y, operands(FREE, FREE)),
    Operation("div", lambda x, y: x / y, operands(FREE, NONZERO), integers="float32"),
    Operation(
        "div_floor",
        lambda x, y, rounding_mode: floor_divide(x, y),
        operands(near(0.5), DIVISOR, rounding_mode=st.just("floor")),
        function=Tensor.div,
    ),
    Operation(
        "div_trunc",
        lambda x, y, rounding_mode: np.trunc(x / y),
        operands(near(0.5), DIVISOR, rounding_mode=st.just("trunc")),
        function=Tensor.div,
    ),
    Operation("floor_divide", floor_divide, operands(near(0.5), DIVISOR)),
    Operation("remainder", lambda x, y: x - y * np.floor(x / y), operands(near(0.5), DIVISOR)),
    Operation("pow", lambda x, y: np.exp(y * np.log(x)), operands(POSITIVE, FREE), integers=None),
    *(
        Operation(
            f"pow {n}",
            lambda x, n=n: x**n,
            operands(POSITIVE if n % 1 else NONZERO),
            function=lambda x, n=n: x**n,
            integers="same" if n in (0, 1, 2, 3) else None,
        )
        for n in (-2, -1, 0, 1, 2, 3, 0.5, -1.5)
    ),
]

OPERATORS = [
    *(
        Operation(
            sign, function, operands(*domains), function=function, integers=integers, also=(f"__{function.__name__}__",)
        )
        for sign, function, domains, integers in [
            ("x + y", operator.add, (FREE, FREE), "same"),
            ("x - y", operator.sub, (FREE, FREE), "same"),
            ("x * y", operator.mul, (FREE, FREE), "same"),
            ("x / y", operator.truediv, (FREE, NONZERO), "float32"),
            ("x // y", operator.floordiv, (near(0.5), DIVISOR), "same"),
            ("x % y", operator.mod, (near(0.5), DIVISOR), "same"),
            ("x ** y", operator.pow, (POSITIVE, FREE), None),
            ("-x", operator.neg, (FREE,), "same"),
            ("+x", operator.pos, (FREE,), "same"),
            ("abs(x)", operator.abs, (NONZERO,), "same"),
        ]
    ),
    *(
        Operation(
            f"{number} {sign} x",
            lambda x, f=function, n=number: f(n, x),
            operands(elements),
            function=lambda x, f=function, n=number: f(n, x),
            integers=integers,
            also=(f"__r{name}__",),
        )
        for sign, name, function, number, elements, integers in [
            ("+", "add", operator.add, 2, FREE, "same"),
            ("-", "sub", operator.sub, 2.5, FREE, "float32"),
            ("*", "mul", operator.mul, 2.5, FREE, "float32"),
            ("/", "truediv", operator.truediv, 2, NONZERO, "float32"),
            ("//", "floordiv", operator.floordiv, 7.3, DIVISOR, "float32"),
            ("%", "mod", operator.mod, 7.3, DIVISOR, "float32"),
            ("**", "pow", operator.pow, 2.5, FREE, "float32"),
        ]
    ),
]

# ── rows: comparison ─────────────────────────────────────────────────────────────────────────────────────────────────

COARSE = st.integers(-2, 2).map(float)
STRANGE = st.sampled_from([0.0, 1.5, -np.inf, np.inf, np.nan])
NUMBER = st.integers(-4, 4)


@st.composite
def whole(draw: st.DrawFn, count: int, elements: Any = NUMBER) -> Case:
    """Integer or boolean operands, which stay what they are."""
    sizes = draw(broadcastable_shapes(count, max_side=3))
    kind = draw(st.sampled_from([bool, np.int64]))
    return Case(
        tuple(draw(hnp.arrays(kind, s, elements=st.booleans() if kind is bool else elements)) for s in sizes), {}
    )


COMPARISON = [
    *(
        Operation(name, function, operands(COARSE, COARSE), gradient=False, result="bool", integers="bool")
        for name, function in [
            ("eq", lambda x, y: ~((x > y) | (x < y))),
            ("ne", lambda x, y: (x > y) | (x < y)),
            ("lt", lambda x, y: np.sign(y - x) == 1),
            ("le", lambda x, y: np.sign(y - x) != -1),
            ("gt", lambda x, y: np.sign(x - y) == 1),
            ("ge", lambda x, y: np.sign(x - y) != -1),
            ("logical_and", lambda x, y: x * y != 0),
            ("logical_or", lambda x, y: np.abs(x) + np.abs(y) != 0),
            ("logical_xor", lambda x, y: (x == 0) != (y == 0)),
        ]
    ),
    *(
        Operation(
            f"x {sign} y", function, operands(COARSE, COARSE), function=function, gradient=False, result="bool",
            integers="bool", also=(f"__{function.__name__}__",),
        )
        for sign, function in [
            ("==", operator.eq), ("!=", operator.ne), ("<", operator.lt), ("<=", operator.le), (">", operator.gt),
            (">=", operator.ge),
        ]
    ),
    Operation("logical_not", lambda x: x == 0, operands(COARSE), gradient=False, result="bool", integers="bool"),
    *(
        Operation(name, function, operands(STRANGE), gradient=False, result="bool", integers=None)
        for name, function in [
            ("isnan", lambda x: x != x), ("isinf", lambda x: np.abs(x) == np.inf),
            ("isfinite", lambda x: np.abs(x) < np.inf),
        ]
    ),
    Operation(
        "isclose",
        lambda x, y, rtol: np.abs(x - y) <= 1e-8 + rtol * np.abs(y),
        operands(COARSE, COARSE, rtol=st.sampled_from([0.1, 0.6])),
        gradient=False, result="bool", integers="bool",
    ),
    Operation(
        "allclose",
        lambda x, y, rtol: (np.abs(x - y) <= 1e-8 + rtol * np.abs(y)).all(),
        operands(COARSE, COARSE, rtol=st.sampled_from([0.1, 0.6])),
        gradient=False, result="bool", integers="bool",
    ),
    Operation(
        "equal", lambda x, y: x.shape == y.shape and (x == y).all(), operands(COARSE, COARSE) | alike(COARSE, COARSE),
        gradient=False, result="bool", integers="bool",
    ),
    *(
        Operation(f"bitwise_{name}", function, whole(2), gradient=False, integers=None)
        for name, function in [("and", np.bitwise_and), ("or", np.bitwise_or), ("xor", np.bitwise_xor)]
    ),
    *(
        Operation(f"x {sign} y", function, whole(2), function=function, gradient=False, integers=None)
        for sign, function in [("&", operator.and_), ("|", operator.or_), ("^", operator.xor)]
    ),
    *(
        Operation(f"5 {sign} x", lambda x, f=function: f(5, x), whole(1).filter(lambda case: case.arrays[0].dtype != bool),
                  function=lambda x, f=function: f(5, x), gradient=False, integers=None)
        for sign, function in [("&", operator.and_), ("|", operator.or_), ("^", operator.xor)]
    ),
    Operation("bitwise_not", lambda x: ~x, whole(1), gradient=False, integers=None),
    Operation("~x", lambda x: ~x, whole(1), function=operator.invert, gradient=False, integers=None),
]  # fmt: skip

OPERATIONS = [
    *SPECIAL,
    *POINTWISE,
    *ARRANGEMENTS,
    *ELEMENTWISE,
    *ARITHMETIC,
    *OPERATORS,
    *COMPARISON,
    *REDUCTIONS,
    *SHAPES,
    *INDICES,
    *WRITING,
    *ORDER,
    *PRODUCTS,
    *LINALG,
    *LOSSES,
    *NN,
    *SEQUENCE,
    *SPATIAL,
]
