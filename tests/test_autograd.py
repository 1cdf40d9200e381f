"""minigrad.autograd: gradients as values, several roots at once."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad import GraphError, ShapeError, no_grad, ones, tensor, zeros
from minigrad.autograd import backward, grad


def leaf(*values):
    return tensor(values[0] if len(values) == 1 else list(values), requires_grad=True)


def test_gradients_of_leaves_and_of_results():
    x, y = leaf(2.0), leaf(3.0)
    z = x * y
    w = z * z
    found = grad(w, [x, y, z, w])
    assert [g.item() for g in found] == [36, 24, 12, 1]
    assert isinstance(found, tuple)
    assert x.grad is y.grad is z.grad is None


def test_one_input_gives_a_tuple_too():
    x = leaf(1.0, 2.0)
    (g,) = grad((x * x).sum(), x)
    assert g.tolist() == [2, 4]
    assert [g.tolist() for g in grad((x * x).sum(), (t for t in [x, x]))] == [[2, 4], [2, 4]]


def test_several_outputs_add_up():
    x = leaf(2.0)
    y = x * x
    assert grad([y, x * 3, y], x)[0].item() == 11
    assert grad([x * x, x * 3], x, [tensor(10.0), None])[0].item() == 43


def test_weights_of_the_outputs():
    x = leaf(1.0, 2.0)
    y = x * x
    assert grad(y, x, tensor([1.0, 10.0]), retain_graph=True)[0].tolist() == [2, 40]
    assert grad([y], [x], [tensor([1.0, 10.0])])[0].tolist() == [2, 40]


def test_only_the_paths_that_lead_to_the_inputs_are_walked():
    x, y, seen = leaf(2.0), leaf(3.0), []
    a, b = x * 2, y * 2
    b.register_hook(lambda g: seen.append("b"))
    assert grad(a * b, x)[0].item() == 12
    assert seen == []


def test_an_input_the_outputs_do_not_depend_on():
    x, y = leaf(2.0), leaf(3.0, 4.0)
    message = (
        "grad: the outputs do not depend on input 1, of shape (2,): pass allow_unused=True to get None for it, or "
        "materialize_grads=True for zeros"
    )
    with pytest.raises(GraphError, match=re.escape(message)):
        grad(x * x, [x, y])
    assert grad(x * x, [x, y], allow_unused=True)[1] is None
    assert grad(x * x, [x, y], materialize_grads=True)[1].tolist() == [0, 0]
    z = x * 2
    with pytest.raises(GraphError, match="do not depend on input 0"):
        grad(x * x, z)  # z depends on x, not x on z


def test_inputs_that_do_not_require_grad():
    x = leaf(2.0)
    with pytest.raises(
        GraphError, match=re.escape("grad: input 1, of shape (3,), does not require grad: requires_grad_() it")
    ):
        grad(x * x, [x, zeros(3)])


def test_outputs_and_weights_are_checked():
    x = leaf(1.0, 2.0)
    with pytest.raises(GraphError, match=re.escape("grad() on a tensor of shape (2,): a gradient is of one number")):
        grad(x * x, x)
    with pytest.raises(GraphError, match=re.escape("grad() on a tensor of shape () that does not require grad")):
        grad(tensor(1.0), x)
    with pytest.raises(GraphError, match="grad: 2 outputs but 1 grad_outputs: give one for each, or None"):
        grad([x.sum(), x.sum()], x, [None])
    with pytest.raises(ShapeError, match=re.escape("grad(): a gradient of shape (3,) for a tensor of shape (2,)")):
        grad(x * x, x, ones(3))


def test_the_graph_is_freed_unless_kept():
    x = leaf(2.0)
    y = x * x
    grad(y, x, retain_graph=True)
    grad(y, x, create_graph=True)
    grad(y, x)
    with pytest.raises(GraphError, match=r"a second time through mul .* freed by grad\(\) at test_autograd\.py"):
        grad(y, x)


# ── gradients of gradients ───────────────────────────────────────────────────────────────────────────────────────────


@given(st.integers(0, 6))
def test_every_order(order):
    """x⁶: 6, 30, 120, 360, 720, 720, and then no more x to depend on."""
    x = leaf(1.0)
    y, expected = x**6, 1
    for k in range(order):
        (y,) = grad(y, x, create_graph=True)
        expected *= 6 - k
    assert y.item() == expected


def test_create_graph_decides_whether_gradients_are_differentiable():
    x = leaf(3.0)
    assert not grad(x * x, x)[0].requires_grad
    (g,) = grad(x * x * x, x, create_graph=True)
    assert g.requires_grad
    g.backward()
    assert x.grad.item() == 18
    with no_grad():
        with minigrad.enable_grad():
            y = x * x
        assert grad(y, x, create_graph=True)[0].requires_grad


def test_the_gradient_is_differentiable_in_its_weights():
    """The way to forward mode: the derivative of vᵀJ by v, times u."""
    x, v = leaf(2.0, 3.0), ones(2, requires_grad=True)
    (vjp,) = grad(x * x, x, v, create_graph=True)
    (jvp,) = grad(vjp, v, tensor([1.0, 10.0]))
    assert jvp.tolist() == [4, 60]


# ── backward ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_backward_of_several():
    x, y = leaf(2.0), leaf(1.0, 2.0)
    backward([x * x, (y * x).sum()], inputs=None)
    assert (x.grad.item(), y.grad.tolist()) == (7, [2, 2])
    backward(x * x)
    assert x.grad.item() == 11
    backward([y * x, x * 3], [tensor([1.0, 0.0]), None], inputs=[x])
    assert (x.grad.item(), y.grad.tolist()) == (15, [2, 2])
    z = y * 2
    backward(z, ones(2), retain_graph=True)
    backward(z, ones(2), create_graph=True)
    assert y.grad.tolist() == [6, 6]


def test_backward_is_checked():
    x = leaf(1.0, 2.0)
    with pytest.raises(GraphError, match="backward: 1 tensors but 2 grad_tensors: give one for each, or None"):
        backward(x, [ones(2), ones(2)])
    with pytest.raises(GraphError, match="a gradient is of one number"):
        backward([x])
