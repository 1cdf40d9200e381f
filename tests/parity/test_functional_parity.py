"""`autograd.functional` and `func`."""

import numpy as np
import pytest
from agree import agree

X, V = np.array([0.5, -1.5, 2.0], np.float32), np.array([1.0, 2.0, -1.0], np.float32)


def cubes(x):
    return (x**3).sum()


def pair(x, y):
    return x * y.sum(), y * 2


CALLS = {
    "jacobian": (lambda t, x: t.autograd.functional.jacobian(lambda x: x**2, x), X),
    "jacobian of several": (lambda t, x, y: t.autograd.functional.jacobian(pair, (x, y)), X, V[:2]),
    "jacobian in a graph": (lambda t, x: t.autograd.functional.jacobian(lambda x: x**3, x, create_graph=True), X),
    "hessian": (lambda t, x: t.autograd.functional.hessian(cubes, x), X),
    "hessian of several": (
        lambda t, x, y: t.autograd.functional.hessian(lambda a, b: (a.sum() * b**2).sum(), (x, y)), X, V[:2]
    ),
    "vjp": (lambda t, x, v: t.autograd.functional.vjp(lambda x: x**2, x, v), X, V),
    "jvp": (lambda t, x, v: t.autograd.functional.jvp(lambda x: x**2 * x.sum(), x, v), X, V),
    "jvp of several": (lambda t, x, y: t.autograd.functional.jvp(pair, (x, y), (x, y)), X, V[:2]),
    "hvp": (lambda t, x, v: t.autograd.functional.hvp(cubes, x, v), X, V),
    "vhp": (lambda t, x, v: t.autograd.functional.vhp(cubes, x, v), X, V),
    "func.grad": (lambda t, x: t.func.grad(cubes)(x), X),
    "func.grad twice": (lambda t, x: t.func.grad(lambda x: t.func.grad(cubes)(x).sum())(x), X),
    "func.grad by two": (lambda t, x, y: t.func.grad(lambda a, b: (a * b).sum(), argnums=(0, 1))(x, y), X, V),
    "func.grad of a dict": (lambda t, x: t.func.grad(lambda p: (p["w"] * p["w"]).sum())({"w": x}), X),
    "func.grad with more": (lambda t, x: t.func.grad(lambda x: (cubes(x), x * 2), has_aux=True)(x), X),
    "func.grad_and_value": (lambda t, x: t.func.grad_and_value(cubes)(x), X),
    "func.vjp": (lambda t, x, v: (lambda value, pull: (value, pull(v)))(*t.func.vjp(lambda x: x**2, x)), X, V),
    "func.jvp": (lambda t, x, v: t.func.jvp(lambda x: x**3, (x,), (v,)), X, V),
    "func.jacrev": (lambda t, x: t.func.jacrev(lambda x: x**2)(x), X),
    "func.jacfwd": (lambda t, x: t.func.jacfwd(lambda x: x**2)(x), X),
    "func.hessian": (lambda t, x: t.func.hessian(cubes)(x), X),
    "func.vmap": (lambda t, x: t.func.vmap(lambda row: row.sum() * row)(x), (3, 4)),
    "func.vmap along 1": (lambda t, x, y: t.func.vmap(lambda a, b: a * b, in_dims=(1, None))(x, y), (3, 4), (3,)),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_agrees_with_torch(name):
    call, *operands = CALLS[name]
    agree(call, *operands, grad=False)


@pytest.mark.parametrize("name", ["func.grad", "jacobian in a graph", "func.hessian"])
def test_differentiable_as_in_torch(name):
    call, *operands = CALLS[name]
    agree(call, *operands)
