"""`gradcheck` finds what is wrong, says where, and leaves what it was given as it was; and so do the laws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import test_laws
from domains import FREE, Case, Operation, alike, operands
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import minigrad
from minigrad import Tensor, enable_grad, nn, no_grad, tensor
from minigrad.graph import apply
from minigrad.tensor import wrap
from minigrad.testing import GradcheckError, away_from, gradcheck, gradgradcheck, tensors


def ones(*shape: int, dtype: str = "float64") -> Tensor:
    return minigrad.ones(*shape, dtype=dtype, requires_grad=True)


# ── operations that are wrong on purpose ─────────────────────────────────────────────────────────────────────────────


def sine(x: Tensor, factor: float = 1.0) -> Tensor:
    return apply(np.sin, (x,), (lambda g: g * x.cos() * factor,))


def sine_of_first_order(x: Tensor) -> Tensor:
    """Its rule computes beside the graph."""
    return apply(np.sin, (x,), (lambda g: g * wrap(np.cos(x.array)),))


def product_without_second(x: Tensor, y: Tensor) -> Tensor:
    return apply(np.multiply, (x, y), (lambda g: g * y, None))


def product_with_dead_second(x: Tensor, y: Tensor) -> Tensor:
    return apply(np.multiply, (x, y), (lambda g: g * y, lambda g: g * 0))


def product_that_averages(x: Tensor, y: Tensor) -> Tensor:
    """Broadcasting a row over a matrix adds up the row's gradient; this one takes the mean."""
    return apply(np.multiply, (x, y), (lambda g: g * y, lambda g: (g * x).mean(0, keepdim=True)))


def sum_of_wrong_shape(x: Tensor, y: Tensor) -> Tensor:
    return apply(np.add, (x, y), (lambda g: g, lambda g: g.sum()))


def transposed_without_transposing(x: Tensor) -> Tensor:
    return apply(lambda a: a.T.copy(), (x,), (lambda g: g,))


def doubled_in_float64(x: Tensor) -> Tensor:
    return apply(lambda a: a * np.float64(2), (x,), (lambda g: g * 2,))


def negated_on_the_way(x: Tensor) -> Tensor:
    """Its rule writes into the gradient it is given."""

    def negate(g: Tensor) -> Tensor:
        np.negative(g.array, out=g.array)
        return g

    return apply(np.negative, (x,), (negate,))


def doubling_its_operand(x: Tensor) -> Tensor:
    """Its rule writes into what it captured."""

    def double(g: Tensor) -> Tensor:
        x.array *= 2
        return g * x

    return apply(np.square, (x,), (double,))


def random_rule(x: Tensor) -> Tensor:
    rng = np.random.default_rng(0)
    return apply(np.negative, (x,), (lambda g: g * -rng.random(),))


def cyclic(x: Tensor) -> Tensor:
    """Its rule closes over the result."""
    out = apply(np.exp, (x,), (lambda g: g * out,))
    return out


def half_square(x: Tensor) -> Tensor:
    """Its rule gives away the operand itself, for whoever starts from ones."""
    return apply(lambda a: a * a / 2, (x,), (lambda g: x,))


def incremented(x: Tensor) -> Tensor:
    with no_grad():
        x += 1
    return x * 2


def always_recorded(x: Tensor) -> Tensor:
    with enable_grad():
        return x * 2


def jealous(x: Tensor, y: Tensor) -> Tensor:
    return x * y if x.requires_grad and y.requires_grad else (x * y).detach() + x + y


def narrowing(x: Tensor, y: Tensor) -> Tensor:
    return x.float() * y.float()


def inexact(x: Tensor) -> Tensor:
    return x * 1.0001


WRONG: list[tuple[Any, Callable[..., Any], Any, Callable[..., Any]]] = [
    # the law that must fail, the operation, its cases, and what it claims to be
    (test_laws.test_value_is_numpys, inexact, operands(FREE), lambda x: x),
    (test_laws.test_value_is_numpys, doubled_in_float64, operands(FREE), lambda x: 2 * x),
    (test_laws.test_gradients_are_differences, lambda x: sine(x, 1.001), operands(FREE), np.sin),
    (test_laws.test_gradients_are_differences, sine_of_first_order, operands(FREE), np.sin),
    (test_laws.test_gradients_are_differences, product_without_second, operands(FREE, FREE), np.multiply),
    (test_laws.test_gradients_are_differences, product_with_dead_second, operands(FREE, FREE), np.multiply),
    (test_laws.test_gradients_are_differences, product_that_averages, alike(FREE, FREE, shape=st.just((3, 1))), np.multiply),
    (test_laws.test_gradients_are_differences, sum_of_wrong_shape, operands(FREE, FREE), np.add),
    (test_laws.test_gradients_are_differences, transposed_without_transposing, operands(FREE), np.transpose),
    (test_laws.test_integers_are_accepted, lambda x: x / tensor(2.0, dtype="float64"), operands(FREE), lambda x: x / 2),
    (test_laws.test_mixed_dtypes_are_promoted, narrowing, operands(FREE, FREE), np.multiply),
    (test_laws.test_gradients_do_not_depend_on_each_other, jealous, operands(FREE, FREE), np.multiply),
    (test_laws.test_nothing_is_recorded_outside_grad_mode, always_recorded, operands(FREE), lambda x: 2 * x),
    (test_laws.test_no_operand_is_mutated, incremented, operands(FREE), lambda x: 2 * x),
    (test_laws.test_no_operand_is_mutated, doubling_its_operand, operands(FREE), np.square),
    (test_laws.test_gradients_share_no_memory, half_square, operands(FREE), lambda x: x * x / 2),
    (test_laws.test_graphs_are_freed_at_once, cyclic, operands(FREE), np.exp),
]  # fmt: skip


def tried(law: Any, operation: Operation) -> None:
    @settings(max_examples=30, phases=[Phase.generate])
    @given(operation.cases)
    def search(case: Case) -> None:
        law.law(operation, case)

    search()


@pytest.mark.parametrize(
    ("law", "function", "cases", "reference"), WRONG, ids=[f"{w[0].__name__}-{i}" for i, w in enumerate(WRONG)]
)
def test_laws_fail_for_what_is_wrong(law: Any, function: Any, cases: Any, reference: Any) -> None:
    with pytest.raises((AssertionError, ExceptionGroup)):
        tried(law, Operation("wrong", reference, cases, function))


@pytest.mark.parametrize(
    ("law", "place", "name"),
    [(test_laws.test_in_place_equals_plain, Tensor, "exp_"), (test_laws.test_function_equals_method, minigrad, "exp")],
)
def test_laws_of_forms_fail_for_what_is_wrong(law: Any, place: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = Operation("exp", np.exp, operands(FREE))
    tried(law, right)
    monkeypatch.setattr(place, name, lambda x: x.mul_(2) if name == "exp_" else x * 2)
    with pytest.raises((AssertionError, ExceptionGroup)):
        tried(law, right)


@pytest.mark.parametrize(
    "law", sorted({entry[0] for entry in WRONG}, key=lambda law: law.__name__), ids=lambda law: law.__name__
)
def test_laws_hold_for_what_is_right(law: Any) -> None:
    tried(law, Operation("sine", np.sin, operands(FREE), sine, integers="float64"))
    tried(law, Operation("product", np.multiply, operands(FREE, FREE), lambda x, y: x * y))


# ── what gradcheck accepts ───────────────────────────────────────────────────────────────────────────────────────────


@given(tensors(dtype="float64", requires_grad=True), st.integers(1, 3))
def test_right_gradients_pass_at_every_order(x: Tensor, order: int) -> None:
    assert gradcheck(lambda x: sine(x) * x, x, order=order)
    assert gradcheck(lambda x: sine(x) * x, x, order=order, directions=2)


@given(
    tensors(dtype="float64", shape=(2, 2), elements=away_from([0.0], 0.5), requires_grad=True),
    st.sampled_from([0.999, 1.001, -1, 2]),
)
def test_a_wrong_factor_is_found_element_by_element(x: Tensor, factor: float) -> None:
    assert not gradcheck(lambda x: sine(x.exp(), factor), x * 0.3, raise_exception=False)


def test_a_wrong_factor_is_found_along_directions() -> None:
    x = wrap(np.linspace(-1, 1, 100)).requires_grad_()
    with pytest.raises(
        GradcheckError,
        match=r"in [1-9]\d* of 16 random directions, most at direction \d: .* Every number is 1.001 times",
    ):
        gradcheck(lambda x: sine(x, 1.001), x)
    with pytest.raises(GradcheckError, match="of 9 random directions"):
        gradcheck(lambda x: sine(x, 1.001), x, directions=3)


def test_several_inputs_and_outputs() -> None:
    x, y = ones(2, 3), ones(3)
    indices = tensor([0, 2])

    def function(x: Tensor, scale: float, y: Tensor, at: Tensor) -> tuple[Any, ...]:
        return x * y * scale, (x * y).sum(0)[at], at, "not a tensor"

    assert gradcheck(function, (x, 2.0, y, indices), order=2)
    assert gradcheck(lambda x: [x.max(1).values, x.sum()], tensor([[1.0, 2.0], [4.0, 3.0]], requires_grad=True))


def test_inputs_that_want_no_gradient_are_not_checked() -> None:
    x, y = ones(2), minigrad.ones(2, dtype="float64")
    assert gradcheck(product_without_second, (x, y))
    assert gradcheck(lambda x: tensor([1.0, 2.0], dtype="float64"), x, order=2)  # no gradient, and none is due


def test_empty_inputs_and_outputs() -> None:
    assert gradcheck(sine, ones(0, 3), order=2)
    assert gradcheck(lambda x: x[:0], ones(3))


def test_parameters_that_the_function_uses_without_being_given_them() -> None:
    layer = nn.Linear(3, 2)
    x = minigrad.randn(4, 3)
    arrays = [p.array for p in layer.parameters()]
    assert gradcheck(lambda *_: layer(x), list(layer.parameters()), order=2)
    assert all(p.array is a and p.requires_grad for p, a in zip(layer.parameters(), arrays))
    assert not gradcheck(lambda *_: sine(layer(x), 1.01), list(layer.parameters()), raise_exception=False)


def test_inputs_are_themselves_again_afterwards() -> None:
    base = ones(2, 2, dtype="float32")
    inner = (base * 2)[0]
    before = inner.array, inner.grad_fn, inner._view, inner._version
    assert gradcheck(sine, inner, order=2)
    assert all(a is b for a, b in zip(before, (inner.array, inner.grad_fn, inner._view, inner._version)))
    inner.sum().backward()
    assert base.grad.tolist() == [[2, 2], [0, 0]]

    def failing(x: Tensor) -> Tensor:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        gradcheck(lambda x: failing(x) if x.dtype == minigrad.float64 else x, base)
    assert base.dtype == minigrad.float32
    assert base.grad.dtype == minigrad.float32


def test_the_same_input_twice() -> None:
    x = ones(3)
    assert gradcheck(lambda a, b: a * b, (x, x), order=2)


def test_gradgradcheck_is_the_second_order() -> None:
    x = ones(2)
    assert gradgradcheck(sine, x)
    assert gradcheck(sine_of_first_order, x)
    with pytest.raises(
        GradcheckError, match=r"at order 2: the gradient of the gradient of input 0, .* No gradient arrives"
    ):
        gradgradcheck(sine_of_first_order, x)
    assert gradgradcheck(sine_of_first_order, x, raise_exception=False) is False


# ── what it says ─────────────────────────────────────────────────────────────────────────────────────────────────────


def crooked(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Wrong in one place: the second output, by the first input, at [1, 2] and [2]."""
    slope = np.ones((2, 3))
    slope[1, 2] = 1.5
    return x + y, apply(np.add, (x, y), (lambda g: g * wrap(slope), lambda g: g))


def test_the_message_names_the_place_and_the_numbers() -> None:
    with pytest.raises(GradcheckError) as caught:
        gradcheck(lambda *args: crooked(*args), (ones(3), ones(2, 3)))
    assert str(caught.value) == (
        "gradcheck: the gradient of output 1, of shape (2, 3), with respect to input 0, of shape (3,), differs from finite "
        "differences in 1 of 18 numbers, most at output[1, 2] and input[2]: analytical 1.5, numerical 1 (they may differ by "
        "0.00011). Look at the rules of the operations between the two, each for its operand."
    )
    assert isinstance(caught.value, AssertionError)
    assert isinstance(caught.value, RuntimeError)


def half_detached(x: Tensor) -> Tensor:
    return (x.detach() + 0 * x).exp()


def infinite_rule(x: Tensor) -> Tensor:
    return apply(np.positive, (x,), (lambda g: g * np.inf,))


SAYS: list[tuple[str, Callable[..., Any], Any]] = [
    (r"Every number is 1.001 times the right one: look for that factor", lambda x: sine(x, 1.001), ones(2)),
    (r"Every number is -1 times the right one", lambda x: sine(x, -1), ones()),
    (r"respect to input 1, .* No gradient arrives: look for a rule that is None or 0", product_without_second, [ones(2)] * 2),
    (r"No gradient arrives: .* detach\(\), .data, .item\(\) or .array", half_detached, ones(2)),
    (r"No gradient arrives", lambda x: x.detach().exp(), ones(2)),
    (r"output and input: analytical 0, numerical 0.5 .*0 below this input and 1 above it: a kink", Tensor.relu, ones() * 0),
    (r"a kink or a jump", Tensor.floor, ones(1)),
    (r"The function is not finite near this input: keep the inputs inside its domain", Tensor.log, ones(2) * 0),
    (r"A rule divides by 0 or overflows where the function does not", infinite_rule, ones(1)),
    (r"a rule gave a gradient of a wrong shape: .*\(\) cannot be summed to \(2,\)", sum_of_wrong_shape, [ones(3, 2), ones(2)]),
    (r"of a wrong shape: .*\(3, 2\) cannot be summed to \(2, 3\)", transposed_without_transposing, ones(2, 3)),
    (r"output 0 is float64, wider than every floating-point input", doubled_in_float64, ones(2, dtype="float32")),
    (r"output 0 is float32 for float64 inputs, too coarse .* module.double\(\)", lambda x: x.float() * 2, ones(2)),
    (r"the function wrote into input 0: compute on a copy", incremented, ones(2)),
    (r"the backward pass wrote into input 0", doubling_its_operand, ones(2)),
    (r"a rule of negated_on_the_way wrote into the gradient it was given, which others may share", negated_on_the_way, ones(2)),
    (r"the gradient of input 0 differs between two backward passes over one graph", random_rule, ones(2)),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
@pytest.mark.parametrize(("words", "function", "inputs"), SAYS, ids=range(len(SAYS)))
def test_the_message_says_what_to_look_at(words: str, function: Any, inputs: Any) -> None:
    inputs = [x.detach().requires_grad_() for x in (inputs if isinstance(inputs, list) else [inputs])]
    with pytest.raises(GradcheckError, match=words):
        gradcheck(function, inputs)


def test_second_order_advice() -> None:
    def partly(x: Tensor) -> Tensor:
        return apply(lambda a: a**3, (x,), (lambda g: g * wrap(3 * x.array) * x,))

    with pytest.raises(
        GradcheckError, match=r"The gradient of the order below is right: look for a rule that computes from \.array"
    ):
        gradcheck(lambda x: partly(x) + x.sin(), tensor([1.0, 2.0], requires_grad=True), order=2)


def test_what_is_random_must_say_so() -> None:
    rng = np.random.default_rng(0)

    def noisy(x: Tensor) -> Tensor:
        return x * 2 + 1e-9 * rng.random()

    with pytest.raises(
        GradcheckError, match="output 0 differs between two calls with the same inputs: seed what is random"
    ):
        gradcheck(noisy, ones(2))
    assert gradcheck(noisy, ones(2), nondet_tol=1e-6, atol=1e-2)


def test_arguments_that_make_no_sense() -> None:
    with pytest.raises(ValueError, match="none of the 2 inputs requires grad"):
        gradcheck(sine, (minigrad.ones(2), 3))
    for wrong in ({"order": 0}, {"eps": 0.0}, {"directions": 0}):
        with pytest.raises(ValueError, match="use an order from 1, a positive eps"):
            gradcheck(sine, ones(2), **wrong)
    with pytest.raises(TypeError, match="returned no floating-point tensor but Tensor, int"):
        gradcheck(lambda x: (x > 0, 3), ones(2))


def test_large_inputs_cost_a_few_directions_only() -> None:
    calls = []

    def counted(x: Tensor) -> Tensor:
        calls.append(x.shape)
        return x.square().sum()

    assert gradcheck(counted, ones(100, 100))
    assert len(calls) < 20
    calls.clear()
    assert gradcheck(counted, ones(30))
    assert len(calls) > 60


def test_a_view_that_was_not_recorded_as_one():
    x = minigrad.ones(3, requires_grad=True)
    with pytest.raises(GradcheckError, match="output 0 shares memory with input 0"):
        gradcheck(lambda x: apply(lambda a: a[:], (x,), (lambda g: g,)), x)
    assert gradcheck(lambda x: x[:], x)


def test_a_rule_with_default_arguments():
    x, f = minigrad.ones(2, requires_grad=True), tensor([3.0, 3.0])
    with pytest.raises(GradcheckError, match="a rule of test_a_rule_with_default_arguments has default arguments"):
        gradcheck(lambda x: apply(lambda a: a * 3, (x,), (lambda g, *, f=f: g * f,)), x)
