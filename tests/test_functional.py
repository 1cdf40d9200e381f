"""Derivatives of functions: what `autograd.functional` and `func` refuse, and what has no counterpart in PyTorch's tests."""

import re

import pytest

import minigrad
from minigrad import GraphError, ShapeError, func, nn, ones, tensor, zeros
from minigrad.autograd.functional import hessian, hvp, jacobian, jvp, vhp, vjp

x = tensor([1.0, 2.0])


def test_values():
    assert jacobian(lambda x: x**2, x).tolist() == [[2, 0], [0, 4]]
    assert jacobian(lambda x: x[:0], x).shape == (0, 2)
    assert hessian(lambda x: x.prod(), x).tolist() == [[0, 1], [1, 0]]
    assert vhp(lambda x: x.prod(), x, x)[1].tolist() == hvp(lambda x: x.prod(), x, x)[1].tolist() == [2, 1]
    assert jvp(lambda x: x * 3, x, x)[1].tolist() == vjp(lambda x: x * 3, x, x)[1].tolist() == [3, 6]
    assert jacobian(lambda x: ones(2), x).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: vjp(lambda x: x, x), GraphError, "vjp: give v, a tensor of the shape of each of [(2,)]"),
        (lambda: vjp(lambda x: x, x, ones(3)), ShapeError, "vjp: v has shapes [(3,)] and is multiplied with [(2,)]"),
        (lambda: hessian(lambda x: x, x), GraphError, "hessian: the function must return one number"),
        (lambda: jacobian(lambda x: 1.0, x), TypeError, "jacobian: the function must return a tensor"),
        (lambda: jacobian(lambda x: ones(2), x, strict=True), GraphError, "strict: an output of the function does not"),
        (
            lambda: jacobian(lambda x, y: x, (x, x), strict=True),
            GraphError,
            "strict: no output of the function depends",
        ),
        (lambda: func.grad(lambda x: x)(x), GraphError, "grad: the function must return one number"),
    ],
)
def test_failures(call, error, words):
    with pytest.raises(error, match=re.escape(words)):
        call()


def test_func_grad_of_what_does_not_depend():
    assert func.grad(lambda x: ones(()))(x).tolist() == [0, 0]
    assert func.grad_and_value(lambda x: (x.sum(), "more"), has_aux=True)(x)[1][1] == "more"
    _, pull, more = func.vjp(lambda x: (x * 2, "more"), x, has_aux=True)
    assert (pull(x)[0].tolist(), more) == ([2, 4], "more")
    assert func.jvp(lambda x: x * 2, (x,), (x,))[1].tolist() == [2, 4]
    assert func.jacfwd(lambda x: x * 2)(x).tolist() == func.jacrev(lambda x: x * 2)(x).tolist()
    assert func.hessian(lambda x: x.prod())(x).tolist() == [[0, 1], [1, 0]]
    assert [part.tolist() for part in func.vmap(lambda a: (a, a + 1))(x)] == [[1, 2], [2, 3]]


def test_functional_call_leaves_the_module_as_it_was():
    layer = nn.Linear(2, 1)
    weight = layer.weight
    given = {"weight": ones(1, 2, requires_grad=True), "bias": zeros(1)}
    func.functional_call(layer, given, ones(1, 2)).sum().backward()
    assert given["weight"].grad.tolist() == [[1, 1]]
    assert layer.weight is weight
    assert weight.grad is None
    with pytest.raises(KeyError, match="the module has no 'scale'"):
        func.functional_call(layer, {"weight": zeros(1, 2), "scale": ones(1)}, ones(1, 2))
    assert layer.weight is weight
    assert minigrad.func is func
