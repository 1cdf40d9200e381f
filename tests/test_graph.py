"""Recording and the backward pass: order, accumulation, what is freed and when, hooks, and the memory a graph holds."""

import gc
import re
import sys
import threading
import weakref
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from watching import watched

import minigrad
from minigrad import (
    GraphError,
    MutationError,
    ShapeError,
    Tensor,
    arange,
    cat,
    enable_grad,
    float64,
    no_grad,
    ones,
    randn,
    stack,
    tensor,
    where,
    zeros,
)
from minigrad.autograd import grad
from minigrad.freeing import SMALL
from minigrad.graph import Node, apply
from minigrad.nn.functional import linear, mse_loss


def leaf(*values):
    return tensor(values[0] if len(values) == 1 else list(values), requires_grad=True)


# ── recording ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_operation_is_recorded_where_a_gradient_will_be_wanted():
    x, c = leaf(2.0), tensor(3.0)
    y = x * c
    node = y.grad_fn
    assert isinstance(node, Node)
    assert (node.name, repr(node), node.forward) == ("mul", "<MulBackward0>", np.multiply)
    assert node.targets == [x, c]
    assert [rule is not None for rule in node.rules] == [True, False]
    assert (y.requires_grad, y.is_leaf) == (True, False)
    assert (c * c).grad_fn is None
    with no_grad():
        assert (x * c).grad_fn is None
    assert x.grad_fn is None
    assert x.is_leaf
    assert c.is_leaf


def test_nodes_link_as_in_pytorch():
    x = leaf(2.0)
    y = x.exp()
    z = y * y + 1
    assert repr(z.grad_fn.next_functions) == "((<MulBackward0>, 0), (None, 0))"
    product = z.grad_fn.next_functions[0][0]
    assert product.next_functions == ((y.grad_fn, 0), (y.grad_fn, 0))
    assert y.grad_fn.next_functions == ((None, 0),)


@pytest.mark.parametrize(
    ("operate", "name"),
    [
        (lambda x: x.exp(), "ExpBackward0"), (lambda x: x.mean(), "MeanBackward0"), (lambda x: x[0], "SelectBackward0"),
        (lambda x: x.log_softmax(0), "LogSoftmaxBackward0"), (lambda x: x.max(), "MaxBackward1"),
        (lambda x: cat([x, x]), "CatBackward0"), (lambda x: stack([x, x]), "StackBackward0"),
        (lambda x: where(x > 0, x, 0.0), "WhereBackward0"), (lambda x: (x * 1).copy_(x), "CopyBackwards"),
        (lambda x: x.expand(2, 2), "ExpandBackward0"), (lambda x: x.contiguous() * 2, "MulBackward0"),
    ],
)  # fmt: skip
def test_the_name_of_a_node_is_that_of_its_operation(operate, name):
    assert repr(operate(leaf(1.0, 2.0)).grad_fn) == f"<{name}>"


def test_the_class_of_a_result_is_tensor_whatever_its_operands():
    parameter = minigrad.nn.Parameter(ones(2))
    assert type(parameter * 2) is type(2 * parameter) is Tensor


def test_an_operation_without_a_rule_for_what_wants_a_gradient_is_not_recorded():
    x = leaf(1.0, 2.0)
    assert not (x > 1).requires_grad
    assert not apply(np.add, (x, tensor(1.0)), (None, lambda g: g)).requires_grad


def test_a_rule_must_be_given_for_each_operand():
    with pytest.raises(TypeError, match="2 operands but 1 rules: give one each"):
        apply(np.add, (leaf(1.0), tensor(1.0)), (lambda g: g,))


# ── order and accumulation ───────────────────────────────────────────────────────────────────────────────────────────


def test_every_use_counts():
    x = leaf(3.0)
    y = x * x + x * 2 + x
    y.backward()
    assert x.grad.item() == 9
    y2 = x * x
    y2.backward()
    assert x.grad.item() == 15


def test_a_diamond_of_2_to_the_60_paths():
    x = leaf(1.0)
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**60


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 99), st.integers(0, 99)), max_size=30), st.data())
def test_any_graph_of_sums_and_products(steps, data):
    """The gradient of a random graph is that of forward mode, which needs no order."""
    x = tensor([0.5, -0.25, 0.125], dtype=float64, requires_grad=True)
    values, tangents = list(x), list(np.eye(3))
    for kind, i, j in steps:
        i, j = i % len(values), j % len(values)
        a, b, da, db = values[i], values[j], tangents[i], tangents[j]
        values.append(a + b if kind == 0 else a - b if kind == 1 else (a * b).tanh() if kind == 2 else a * 0.5)
        t = values[-1].item()
        tangents.append(
            da + db if kind == 0 else da - db if kind == 1 else da * 0.5
            if kind == 3 else (1 - t * t) * (a.item() * db + da * b.item())
        )  # fmt: skip
    root = data.draw(st.integers(0, len(values) - 1))
    (found,) = grad(values[root], x)
    np.testing.assert_allclose(found.array, tangents[root], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("step", "length"),
    [(lambda y, x: y + 1, 100_000), (lambda y, x: y * x, 20_000), (lambda y, x: y.mul_(x), 20_000)],
    ids=["+", "*", "*="],
)
def test_a_long_chain_of_operations(step, length):
    """Forward, backward, and let go of: nothing recurses."""
    x = leaf(1.0)
    y = x * 1
    for _ in range(length):
        y = step(y, x)
    y.backward()
    assert x.grad.item() in (1, length + 1)
    y = x * 1
    for _ in range(20_000):
        y = step(y, x)
    del y  # not freed by a backward pass


def test_a_chain_of_5_000_views():
    x = ones(2, 2, requires_grad=True)
    base = x * 1
    view = base
    for _ in range(5_000):
        view = view.T
    view[0].mul_(3)
    base.sum().backward()
    assert x.grad.tolist() == [[3, 3], [1, 1]]
    del base, view


def test_gradients_come_back_in_the_shape_and_type_of_the_operand():
    a = ones(3, 1, requires_grad=True)
    b = ones(4, dtype=float64, requires_grad=True)
    c = tensor(2.0, requires_grad=True)
    (a * b * c).sum().backward()
    for x, expected in ((a, [[8], [8], [8]]), (b, [6, 6, 6, 6]), (c, 12)):
        assert (x.grad.shape, x.grad.dtype, x.grad.tolist()) == (x.shape, x.dtype, expected)


def test_gradients_share_memory_with_nothing():
    a, b, start = ones(3, requires_grad=True), ones(3, requires_grad=True), ones(3)
    (a + b).backward(start)
    a.grad.mul_(5)
    assert (b.grad.tolist(), start.tolist()) == ([1, 1, 1], [1, 1, 1])
    a.grad = None
    a.backward(start)
    a.grad.mul_(5)
    assert start.tolist() == [1, 1, 1]
    s = a + b
    first, second = grad(s.sum(), [a, s])
    first.mul_(5)
    assert second.tolist() == [1, 1, 1]
    c = ones(2, 3, requires_grad=True)
    c.T.sum().backward()
    c.grad.zero_()  # no read-only view of an expanded 1


def test_a_gradient_held_by_another_is_not_written_to():
    """What accumulates elsewhere, because it is in a graph or read-only, is added out of place."""
    x = leaf(3.0)
    (x * x).backward(create_graph=True)
    held = x.grad
    assert held.requires_grad
    (x * 2).backward()
    assert (held.item(), x.grad.item()) == (6, 8)
    (again,) = grad(x.grad, x)  # what was differentiable in it still is
    assert again.item() == 2
    y = ones(2, requires_grad=True)
    y.grad = zeros(1).expand(2)
    y.sum().backward()
    assert y.grad.tolist() == [1, 1]


def test_accumulation_is_a_write():
    """A graph that uses .grad notices that it grew."""
    x = leaf(3.0)
    (x * x).backward()
    y = x * x.grad
    (x * x).backward()
    with pytest.raises(MutationError):
        y.backward()


def test_grad_may_be_set():
    x = leaf(1.0, 2.0)
    x.grad = ones(2)
    (x * 2).sum().backward()
    assert x.grad.tolist() == [3, 3]
    x.grad = None
    assert x.grad is None


def test_a_leaf_frozen_since_gets_none():
    x, y = leaf(2.0), leaf(3.0)
    z = x * y
    x.requires_grad = False
    z.backward()
    assert x.grad is None
    assert y.grad.item() == 2


def test_constants_get_none():
    x, c = leaf(2.0), tensor(3.0)
    (x * c).backward()
    assert c.grad is None


def test_grad_of_results_is_not_kept_unless_asked():
    x = leaf(2.0)
    y = x * 3
    z = y * y
    y.retain_grad()
    y.retain_grad()
    x.retain_grad()  # a leaf keeps it anyway
    assert y.retains_grad
    assert not z.retains_grad
    z.backward(retain_graph=True)
    assert (y.grad.item(), x.grad.item(), z.grad) == (12, 36, None)
    z.backward()
    assert y.grad.item() == 24


def test_grad_of_results_is_kept_whichever_call_the_gradients_come_by_for():
    a, b = leaf(1.0), leaf(1.0)
    m = a * 2
    m.retain_grad()
    minigrad.autograd.grad(m * 3, a, retain_graph=True)
    assert (m.grad.item(), a.grad) == (3, None)
    (m * 3).backward(inputs=[a], retain_graph=True)
    assert (m.grad.item(), a.grad.item()) == (6, 6)
    minigrad.autograd.grad(m * 3, m, retain_graph=True)
    assert m.grad.item() == 9
    minigrad.autograd.grad([m, b * 2], b, retain_graph=True)  # m does not lead to b
    assert m.grad.item() == 9


def test_a_result_that_receives_a_gradient_keeps_those_that_follow():
    a = leaf(1.0)
    m = a * 2
    m.backward(inputs=[m], retain_graph=True)
    assert (m.grad.item(), m.retains_grad, a.grad) == (1, True, None)
    (m * 3).backward()
    assert (m.grad.item(), a.grad.item()) == (4, 6)


def test_grad_of_a_result_that_is_gone():
    x = leaf(2.0)
    y = x * 3
    y.retain_grad()
    z = y * 2
    del y
    z.backward()
    assert x.grad.item() == 6


# ── freeing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_second_backward_is_an_error_that_says_which_call_was_first():
    x = leaf(2.0)
    y = x * x
    line = sys._getframe().f_lineno + 1
    y.backward()
    message = (
        "backward a second time through mul (result of shape ()), whose graph was freed by backward() at "
        f"test_graph.py:{line}: compute the loss again before this call, or keep the graph with "
        "backward(retain_graph=True) in the first one"
    )
    with pytest.raises(GraphError, match=f"^{re.escape(message)}$"):
        y.backward()
    assert x.grad.item() == 4


def test_the_remedies_for_a_second_backward():
    x = leaf(2.0)
    y = x * x
    y.backward(retain_graph=True)
    y.backward(retain_graph=True)
    y.backward()
    y = x * x
    y.backward()
    assert x.grad.item() == 16


def test_each_call_says_its_name():
    x = leaf(2.0)
    y = x * x
    grad(y, x)
    with pytest.raises(GraphError, match=r"freed by grad\(\) at test_graph.py:\d+:"):
        y.backward()
    z = x * x
    minigrad.autograd.backward(z)
    with pytest.raises(GraphError, match=r"freed by backward\(\) at test_graph.py:\d+:"):
        grad(z, x)


@pytest.mark.parametrize("again", [
    lambda z, x: z.backward(),
    lambda z, x: z.backward(inputs=[x]),
    lambda z, x: grad(z, x),
    lambda z, x: grad(z, x, allow_unused=True),
    lambda z, x: grad(z, x, materialize_grads=True),
])  # fmt: skip
def test_a_freed_graph_never_gives_none_or_zeros(again):
    """The freed part lies behind a node that held nothing and was not freed."""
    x = leaf(1.0, 2.0)
    z = (x * x).sum()
    z.backward()
    with pytest.raises(GraphError, match="a second time through mul"):
        again(z, x)


def test_a_freed_node_that_is_only_asked_for_itself_is_no_error():
    """No rule of its own is needed for that."""
    x = leaf(1.0, 2.0)
    y = x * x
    y.sum().backward()
    assert grad((y + 1).sum(), y)[0].tolist() == [1, 1]
    assert grad(y, y, ones(2))[0].tolist() == [1, 1]


@pytest.mark.parametrize("operate", [
    lambda x: x + 1, lambda x: 2 - x, lambda x: -x, lambda x: x.sum(), lambda x: x.mean(), lambda x: x.reshape(2, 8, 2),
    lambda x: x.T, lambda x: x[0], lambda x: x.expand(2, 32), lambda x: cat([x, ones(32)]), lambda x: x.cumsum(0),
    lambda x: x.double(), lambda x: x.clone(), lambda x: x + ones(32),
])  # fmt: skip
def test_operations_that_hold_nothing_are_never_freed(operate):
    """As in PyTorch; constants, however large, are let go of."""
    x = ones(32, requires_grad=True)
    y = operate(x).sum()
    y.backward()
    y.backward()
    y.backward()
    first = x.grad
    x.grad = None
    operate(x).sum().backward()
    assert first.equal(x.grad * 3)


def test_freeing_lets_go_of_operands_and_results():
    x, c = ones(SMALL + 1, requires_grad=True), ones(SMALL + 1)
    y = (x * c).exp()
    loss = y.sum()
    kept = [weakref.ref(c.array), weakref.ref(y.array)]
    c_shape, y_shape = c.array.shape, y.array.shape
    del c, y
    assert all(ref() is not None for ref in kept)
    loss.backward()
    assert [ref() for ref in kept] == [None, None]
    exponential = loss.grad_fn.targets[0]
    product = exponential.targets[0]
    assert (exponential.out, exponential.freed[0]) == (None, "backward()")
    assert product.targets[0] is x
    assert product.targets[1].shape == c_shape == y_shape
    assert product.targets[1].dtype == np.float32


def test_small_constants_and_results_stay_for_pictures():
    x, c = ones(SMALL, requires_grad=True), ones(SMALL)
    loss = (x * c).sum()
    loss.backward()
    product = loss.grad_fn.targets[0]
    assert product.targets[1] is c
    assert product.out.tolist() == product.gradient.tolist() == [1] * SMALL


def test_create_graph_keeps_the_graph():
    x = leaf(2.0)
    y = x**3
    y.backward(create_graph=True)
    y.backward()
    assert x.grad.item() == 24
    z = x**3
    z.backward(create_graph=True, retain_graph=False)
    with pytest.raises(GraphError):
        z.backward()


# ── inputs ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_inputs_get_gradients_and_nothing_else_does():
    x, y = leaf(2.0), leaf(3.0)
    z = x * y
    (z * z).backward(inputs=[x, z], retain_graph=True)
    assert (x.grad.item(), z.grad.item(), y.grad) == (36, 12, None)
    (z * x).backward(inputs=y)
    assert y.grad.item() == 4


def test_a_vector_as_the_only_input():
    x = leaf(1.0, 2.0)
    (x * x).sum().backward(inputs=x)
    assert x.grad.tolist() == [2, 4]


def test_inputs_that_the_root_does_not_depend_on_get_nothing():
    x, y = leaf(2.0), leaf(3.0)
    (x * 2).backward(inputs=[y])
    assert x.grad is y.grad is None


def test_inputs_are_checked():
    x = leaf(2.0)
    with pytest.raises(GraphError, match=re.escape("backward(): inputs is empty: name the tensors")):
        (x * 2).backward(inputs=[])
    with pytest.raises(GraphError, match=re.escape("backward(): input 1, of shape (2,), does not require grad")):
        (x * 2).backward(inputs=[x, ones(2)])


# ── where a pass may start ───────────────────────────────────────────────────────────────────────────────────────────


def test_backward_of_more_than_one_number():
    x = leaf(1.0, 2.0)
    y = x * x
    message = (
        "backward() on a tensor of shape (2,): a gradient is of one number, so reduce it first (loss.mean() or "
        "loss.sum()), or pass a gradient of its shape"
    )
    with pytest.raises(GraphError, match=re.escape(message)):
        y.backward()
    y.sum().backward(retain_graph=True)
    y.mean().backward(retain_graph=True)
    y.backward(ones(2))
    assert x.grad.tolist() == [5, 10]
    (x.reshape(1, 2)[:, :1] * 2).backward()  # one number, whatever its shape
    assert x.grad.tolist() == [7, 10]


def test_a_wrong_gradient():
    y = leaf(1.0, 2.0) * 2
    with pytest.raises(ShapeError, match=re.escape("backward(): a gradient of shape (3,) for a tensor of shape (2,)")):
        y.backward(ones(3))
    with pytest.raises(TypeError, match=re.escape("backward(): the gradient must be a Tensor, not list: use minigrad")):
        y.backward([1.0, 2.0])
    y.backward(tensor([1, 2]))  # of another type: it is converted


@pytest.mark.parametrize(
    "make",
    [
        lambda x: ones(()),
        lambda x: x.detach().sum(),
        lambda x: x.data.sum(),
        lambda x: tensor(x.sum().item()),
        lambda x: (x > 0).sum(),
        lambda x: x.long().sum(),
        lambda x: no_grad(lambda: x.sum())(),
    ],
)
def test_backward_of_what_does_not_require_grad(make):
    x = ones(3, requires_grad=True)
    message = (
        "backward() on a tensor of shape () that does not require grad: no tensor it was computed from had requires"
    )
    with pytest.raises(GraphError, match=re.escape(message)):
        make(x).backward()


def test_the_remedy_for_what_does_not_require_grad():
    x = ones(3)
    with pytest.raises(
        GraphError, match=r"give the inputs that should learn requires_grad=True .* and compute it again"
    ):
        x.sum().backward()
    x.requires_grad_()
    x.sum().backward()
    assert x.grad.tolist() == [1, 1, 1]


def test_a_leaf_is_its_own_root():
    x = leaf(3.0)
    x.backward()
    x.backward()
    assert x.grad.item() == 2
    assert grad(x, x)[0].item() == 1


def test_backward_works_under_no_grad_and_leaves_no_graph():
    x = leaf(3.0)
    y = x * x
    with no_grad():
        y.backward()
    assert x.grad.item() == 6
    assert not x.grad.requires_grad
    with enable_grad():
        (x * x).backward(create_graph=True)
    assert x.grad.requires_grad


# ── hooks ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_hooks_see_and_replace_gradients():
    x, seen = leaf(2.0), []
    y = x * 3
    first = y.register_hook(lambda g: seen.append(g.item()))
    y.register_hook(lambda g: g * 10)
    y.register_hook(lambda g: seen.append(g.item()))
    x.register_hook(lambda g: g + 1)
    y.retain_grad()
    (y * 2).backward(retain_graph=True)
    assert seen == [2, 20]
    assert (y.grad.item(), x.grad.item()) == (20, 61)
    first.remove()
    x.grad = None
    (y * 2).backward()
    assert seen == [2, 20, 20]


def test_a_hook_is_called_once_with_the_whole_gradient():
    x, seen = leaf(2.0), []
    y = x * 1
    y.register_hook(lambda g: seen.append(g.item()))
    (y * 2 + y * 3).backward()
    assert seen == [5]


def test_hooks_of_leaves_and_roots():
    x, seen = leaf(2.0), []
    y = x * 3
    x.register_hook(lambda g: seen.append(("x", g.item())))
    y.register_hook(lambda g: seen.append(("y", g.item())))
    y.backward()
    assert grad(x * 4, x)[0].item() == 4
    assert seen == [("y", 1), ("x", 3), ("x", 4)]


def test_one_function_registered_twice_is_called_twice_and_removed_once():
    x, seen = leaf(2.0), []
    hook = seen.append
    one, two = x.register_hook(hook), x.register_hook(hook)
    one.remove()
    one.remove()
    (x * 1).backward()
    assert len(seen) == 1
    with two:
        pass
    (x * 1).backward()
    assert len(seen) == 1


def test_a_hook_may_keep_what_it_saw():
    x, kept = leaf(1.0, 2.0), []
    x.register_hook(kept.append)
    (x * 3).sum().backward()
    x.grad.zero_()
    assert kept[0].tolist() == [3, 3]


def test_a_hook_s_gradient_takes_the_type_of_the_tensor():
    x = leaf(1.0)
    x.register_hook(lambda g: g.double() * 2)
    x.backward()
    assert (x.grad.dtype, x.grad.item()) == (minigrad.float32, 2)


@pytest.mark.parametrize(
    ("hook", "error", "message"),
    [
        (
            lambda g: g.sum(),
            GraphError,
            "a hook returned a gradient of shape () for one of shape (2,): return a tensor of",
        ),
        (lambda g: 2.0, TypeError, "a hook returned a float: return a tensor of the gradient's shape, (2,), or None"),
    ],
)
def test_hooks_are_checked(hook, error, message):
    x = leaf(1.0, 2.0)
    x.register_hook(hook)
    with pytest.raises(error, match=re.escape(message)):
        x.sum().backward()


def test_hooks_and_retain_grad_need_a_gradient():
    with pytest.raises(GraphError, match="register_hook on a tensor that does not require grad"):
        ones(2).register_hook(print)
    with pytest.raises(GraphError, match="retain_grad on a tensor that does not require grad"):
        ones(2).retain_grad()


def test_a_failing_hook_leaves_the_leaves_alone():
    x = leaf(1.0)
    y = x * 2

    def fail(g):
        raise KeyError

    y.register_hook(fail)
    with pytest.raises(KeyError):
        (y * 3).backward()
    assert x.grad is None
    assert minigrad.is_grad_enabled()


# ── memory ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _forward(x):
    (x.exp() * x).softmax(0).log().std()


def _backward(x):
    (x.exp() * x).sum().backward()
    x.grad = None


def _in_place(x):
    y = x * 2
    y[0] = 1.0
    y[1:] += x[1:]
    y[[0, 0]] = x[:2]
    y.sigmoid_()
    y.sum().backward()
    x.grad = None


def _views(x):
    y = x * 2
    a, b = y.reshape(2, -1), y[1:]
    a.T.mul_(2)
    b.sum().backward()
    x.grad = None


def _second_order(x):
    (g,) = grad((x**3).sum(), x, create_graph=True)
    (g * g).sum().backward()
    x.grad = None


def _hooks(x):
    y = x * 2
    y.register_hook(lambda g: g * 2)
    y.retain_grad()
    y.sum().backward()
    x.grad = None


def _errors(x):
    for fail in (
        lambda: x + ones(3),
        lambda: (x * 2).backward(),
        lambda: x.add_(1),
        lambda: x.exp().add_(1).sum().backward(),
        lambda: x[100],
    ):
        with pytest.raises((RuntimeError, IndexError)) as caught:
            fail()
        del caught


@pytest.mark.parametrize("use", [_forward, _backward, _in_place, _views, _second_order, _hooks])
def test_everything_is_freed_by_reference_count(use):
    """No cycles: what is dropped is gone, without the garbage collector."""
    x = randn(4, requires_grad=True)
    use(x)
    gc.collect()
    gc.disable()
    try:
        before = _alive()
        use(x)
        assert _alive() == before
    finally:
        gc.enable()


def _alive():
    return sum(issubclass(type(thing), Node | Tensor) for thing in gc.get_objects())


def test_errors_hold_no_graph_once_they_are_gone():
    x = randn(4, requires_grad=True)
    _errors(x)
    gc.collect()
    before = _alive()
    _errors(x)
    gc.collect()
    assert _alive() == before


def test_steps_of_training_do_not_grow():
    w, x = randn(4, 3, requires_grad=True), randn(8, 4)
    alive = set()
    for step in range(300):
        ((x @ w).tanh() ** 2).mean().backward()
        with no_grad():
            w -= 0.1 * w.grad
        w.grad = None if step % 2 else w.grad.zero_()
        if step >= 100 and step % 100 < 2:
            alive.add((step % 2, _alive()))
    assert len(alive) == 2


def test_a_dropped_result_takes_its_graph_along():
    x = ones(100, requires_grad=True)
    y = x * 2
    node = weakref.ref(y.grad_fn)
    z = y + 1
    del y
    assert node() is not None
    del z
    assert node() is None


# ── threads ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_backward_in_threads():
    """Each thread a graph of its own."""
    results = {}

    def work(i):
        x = tensor(float(i), requires_grad=True)
        y = x
        for _ in range(200):
            y = y * 1.0 + x
        y.backward()
        results[i] = x.grad.item()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == dict.fromkeys(range(4), 201.0)


# ── odds and ends ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_error_of_the_forward_names_the_operation_and_the_shapes():
    with pytest.raises(TypeError, match=r"^bitwise_and: .* \(operands of shape \(2,\) and \(2,\)\)"):
        ones(2) & ones(2)
    with pytest.raises(
        ShapeError, match=re.escape("add: shapes (2,) and (3,) do not broadcast: dimension -1 has sizes 2 and 3")
    ):
        ones(2) + ones(3)


def test_zero_sized_tensors():
    x = zeros(0, 3, requires_grad=True)
    (x * 2).sum().backward()
    assert x.grad.shape == (0, 3)
    with pytest.raises(GraphError, match=re.escape("shape (0, 3): a gradient is of one number")):
        (x * 2).backward()


def test_gradients_flow_through_types():
    x = arange(3.0).requires_grad_()
    y = x.double() * 2
    assert y.dtype is float64
    y.sum().backward()
    assert x.grad.dtype is minigrad.float32
    assert x.grad.tolist() == [2, 2, 2]


def test_an_array_operand_may_be_written_to_afterwards():
    x = tensor([1.0], requires_grad=True)
    array = np.array([2.0], np.float32)
    y = x * array
    array[0] = 100
    y.sum().backward()
    assert x.grad.tolist() == [2]


def test_a_hook_that_writes_into_its_gradient_changes_no_other():
    a, b = (tensor([1.0, 1.0], requires_grad=True) for _ in range(2))
    first, second = a * 1, b * 1
    total = first + second
    second.register_hook(lambda g: g.mul_(2))
    total.sum().backward()
    assert a.grad.tolist() == [1, 1]
    assert b.grad.tolist() == [2, 2]


def test_a_rule_that_the_engine_cannot_read():
    x = tensor([1.0], requires_grad=True)
    for rule, what in (
        (partial(lambda k, g: g * k, 3), "is a partial"),
        (lambda g, k=3: g * k, "has default arguments"),
    ):
        with pytest.raises(TypeError, match=f"a gradient rule {what}: write a plain function of the gradient"):
            apply(np.positive, (x,), (rule,))


def test_a_leaf_given_another_shape_after_it_was_used():
    x = minigrad.ones(3, 4, requires_grad=True)
    y = (x * 2).sum()
    x.data = tensor([9.0])
    with pytest.raises(
        MutationError, match=re.escape("mul: the shape of a leaf it used was changed to (1,) by .data =")
    ):
        y.backward()
    (x * 2).sum().backward()  # recorded afterwards
    assert x.grad.tolist() == [2]
    wide = tensor([1.0], requires_grad=True)
    y = (wide * minigrad.ones(3, 4)).sum()
    wide.data = minigrad.ones(3, 4)  # the shape of the product: nothing to sum
    with pytest.raises(MutationError, match="the shape of a leaf"):
        y.backward()


def test_a_second_gradient_through_an_operand_that_left_the_graph():
    w = tensor(3.0, requires_grad=True)
    x = w * 2
    y = x * x * w
    x.detach_()
    assert grad(y, w, retain_graph=True)[0].item() == 108
    with pytest.raises(
        MutationError, match=re.escape("mul: an operand of shape () was taken out of the graph by detach_()")
    ):
        grad(y, w, create_graph=True)


def test_numpy_writing_at_indices_is_noticed():
    w, h = tensor([1.0, 1.0], requires_grad=True), tensor([1.0, 1.0])
    loss = (w * h).sum()
    np.add.at(h, [0], 5.0)
    with pytest.raises(MutationError, match="mul: an operand of shape"):
        loss.backward()
    result = w * 2
    with no_grad():
        view = result[:1]
    with pytest.raises(
        MutationError, match=re.escape("np.add on a view, of shape (1,), that was taken under no_grad()")
    ):
        np.add(1.0, 1.0, out=view)


STEPS = {
    "linear": lambda x, y, w: linear(x, w, y[0]),
    "product": lambda x, y, w: x @ w,
    "sigmoid": lambda x, y, w: x.sigmoid(),
    "tanh": lambda x, y, w: x.tanh(),
    "times": lambda x, y, w: x * y,
    "plus": lambda x, y, w: x + y,
    "number": lambda x, y, w: mse_loss(x, y).sigmoid() * y,
    "transposed": lambda x, y, w: y.T,
}


@given(
    st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=8),
    st.integers(0, 99),
    st.integers(0, 99),
    st.booleans(),
)
def test_arrays_between_rules_change_nothing(steps, hooked, kept, leaf_ends):
    """Gradients that stay arrays between some rules, and meet tensors at others, are those of tensors throughout."""

    def run():
        minigrad.manual_seed(0)
        made = [minigrad.randn(3, 3, requires_grad=True), minigrad.randn(3, 3, requires_grad=True)]
        w = minigrad.randn(3, 3, requires_grad=True)
        leaves = [*made, w]
        for name, i, j in steps:
            made.append(STEPS[name](made[i % len(made)], made[j % len(made)], w))
        made[2 + hooked % len(steps)].register_hook(lambda g: g * 2)
        seen = made[2 + kept % len(steps)]
        seen.retain_grad()
        loss = sum(x.sum() for x in (made if leaf_ends else made[-1:]))
        loss.backward()
        return [None if x.grad is None else x.grad.array for x in (*leaves, seen)]

    alone = run()
    with watched():
        seen = run()
    for a, b in zip(alone, seen, strict=True):
        assert (a is None) == (b is None)
        assert a is None or (type(a) is np.ndarray and a.dtype == b.dtype and np.array_equal(a, b, equal_nan=True))


def test_numbers_without_dimensions_go_through_plain_rules():
    x = minigrad.tensor(0.3, requires_grad=True)
    x.sigmoid().tanh().sigmoid().backward()
    wide = minigrad.tensor([0.3], requires_grad=True)
    wide.sigmoid().tanh().sigmoid().backward()
    assert x.grad.shape == ()
    assert x.grad.item() == wide.grad.item()


def test_a_leaf_that_is_given_another_dtype_gets_its_gradient_in_it():
    x, w = minigrad.ones(2, 3), minigrad.ones(4, 3)
    bias = minigrad.zeros(4, requires_grad=True)
    out = linear(x, w, bias)
    bias.data = bias.data.double()
    out.sum().backward()
    assert bias.grad.dtype == minigrad.float64


@pytest.mark.parametrize("shape", [(1,), (1, 4), (5, 4), ()])
def test_a_bias_that_is_broadcast_gets_a_gradient_of_its_own_shape(shape):
    x, w = minigrad.ones(5, 3), minigrad.ones(4, 3, requires_grad=True)
    bias = minigrad.zeros(*shape, requires_grad=True)
    linear(x, w, bias).sum().backward()
    assert bias.grad.shape == shape
    assert bias.grad.sum().item() == 20


@pytest.mark.parametrize(
    ("x", "w", "bias"),
    [
        ((8, 5), (1, 5), (5,)),
        ((3,), (4, 3), (5, 4)),
        ((1, 3), (4, 3), (5, 4)),
        ((2, 3), (4, 3), (1, 1, 4)),
        ((2, 3), (4, 3), (3,)),
    ],
)
def test_a_bias_does_not_widen_the_result(x, w, bias):
    with pytest.raises(ShapeError, match=r"^Linear\(\d, \d\) got a bias of shape .*: it must have shape \(\d,\)"):
        linear(zeros(*x), zeros(*w), zeros(*bias))


@pytest.mark.parametrize(("x", "w"), [((), (3,)), ((), ()), ((), (0,)), ((3,), (3,)), ((), (2, 3)), ((3,), (1, 2, 3))])
def test_a_linear_map_of_the_wrong_dimensions_is_explained(x, w):
    with pytest.raises(ShapeError, match=r"linear got a weight of shape|Linear\("):
        linear(zeros(*x), zeros(*w))


@pytest.mark.parametrize(
    "dtypes", [("d", "f", "f"), ("f", "f", "d"), ("f", "d", "f"), ("e", "f", "d"), ("q", "f", "d")]
)
def test_mixed_dtypes_of_a_linear_map_give_gradients_of_their_own(dtypes):
    x, w, bias = (minigrad.from_numpy(np.ones(s, t)) for s, t in zip(((2, 3), (4, 3), (4,)), dtypes, strict=True))
    w.requires_grad_()
    bias.requires_grad_()
    linear(x, w, bias).sum().backward()
    assert (w.grad.dtype, bias.grad.dtype) == (w.dtype, bias.dtype)


@pytest.mark.parametrize("other", [ones(2, 2, 3), ones(2, 3).double(), ones(1, 3)])
def test_a_result_that_was_given_other_data_gets_a_gradient_that_fits_or_an_error(other):
    for operation in (lambda x, w: x @ w, lambda x, w: linear(x, w), lambda x, w: (x * 1).sigmoid()):
        x, w = ones(2, 3).requires_grad_(), ones(3, 3).requires_grad_()
        y = operation(x, w)
        y.data = other
        try:
            y.sigmoid().sum().backward()
        except ShapeError:
            continue
        assert (x.grad.shape, x.grad.dtype) == (x.shape, x.dtype)
        assert w.grad is None or (w.grad.shape, w.grad.dtype) == (w.shape, w.dtype)


def test_gradients_of_a_result_written_in_a_wider_type_are_added_in_it():
    x = zeros(2, 2).half().requires_grad_()
    y = x * 1
    y.mul_(ones(2, 2) * 1e-3)
    start, one = (ones(2, 2) * 60000).half(), minigrad.eye(2).half()
    minigrad.autograd.backward([y @ one, y @ one], [start, start])
    assert (x.grad == 120).all()


@pytest.mark.parametrize("rule", [np.negative, partial(lambda g: g), lambda g, o=1: g])
def test_an_unfit_plain_rule_is_refused(rule):
    with pytest.raises(TypeError, match="rule"):
        apply(np.negative, (leaf(1.0, 2.0),), (rule,), plain=True)
