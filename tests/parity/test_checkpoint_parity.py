"""`checkpoint` beside PyTorch's (use_reentrant=False): the same runs, gradients and refusals."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

import minigrad
import minigrad.nn

torch = pytest.importorskip("torch")


def leaf(t):
    return t.tensor([1.0, 2.0, -0.5], requires_grad=True)


def run(t, function, *args, **options):
    return importlib.import_module(f"{t.__name__}.utils.checkpoint").checkpoint(
        function, *args, use_reentrant=False, **options
    )


def dropout(t):
    t.manual_seed(0)
    x = t.ones(40, requires_grad=True)
    run(t, lambda x: t.nn.functional.dropout(x, 0.4).exp().sin(), x).sum().backward()
    return x.grad, t.rand(3)


def fresh_dropout(t):
    t.manual_seed(0)
    x = t.ones(40, requires_grad=True)
    run(t, lambda x: t.nn.functional.dropout(x, 0.4).exp(), x, preserve_rng_state=False).sum().backward()
    return x.grad, t.rand(3)


def nested(t):
    x, runs = leaf(t), []

    def inner(x):
        runs.append(1)
        return x.exp()

    run(t, lambda x: run(t, inner, x).sin() * run(t, inner, x), x).sum().backward()
    return x.grad, len(runs)


def second_order(t):
    x = leaf(t)
    (g,) = t.autograd.grad(run(t, lambda x: x.exp().sin(), x).sum(), x, create_graph=True)
    (g * g).sum().backward()
    return x.grad


def inner_gradient(t):
    x = leaf(t)

    def function(x):
        y = x**3
        (g,) = t.autograd.grad(y.sum(), x, create_graph=True)
        return g.sin() + y

    run(t, function, x).sum().backward()
    return x.grad


def structures(t):
    x = leaf(t)
    found = run(t, lambda x, name=None: {"a": x.exp(), "b": [3, None, x.sin()], "c": (name,)}, x, name="n")
    (found["a"] * found["b"][2]).sum().backward()
    return x.grad, found["b"][:2], found["c"]


def hooks(t):
    x, seen = leaf(t), []

    def function(x):
        y = x.exp()
        y.register_hook(lambda g: seen.append(1))
        return y.sin()

    run(t, function, x).sum().backward()
    return x.grad, len(seen)


def batch_norm(t):
    norm = t.nn.BatchNorm1d(3)
    run(t, norm, leaf(t) * t.arange(4.0)[:, None]).sum().backward()
    return norm.num_batches_tracked, norm.running_mean


def result_written_to(t):
    x = leaf(t)
    y = run(t, lambda x: x.exp(), x)
    y.add_(1)
    y.sum().backward()
    return x.grad


def argument_written_to(t):
    x = leaf(t)
    h = x * 1
    y = run(t, lambda h: h.exp().sin(), h)
    h.add_(1)
    y.sum().backward()


def argument_written_to_inside(t):
    run(t, lambda h: h.mul_(2).sin(), leaf(t) * 1).sum().backward()


def constant_written_to(t):
    x, c = leaf(t), t.ones(3)
    y = run(t, lambda c: (c * x).sin(), c)
    c.add_(1)
    y.sum().backward()


def other_shapes(t):
    runs = []

    def function(x):
        runs.append(1)
        return x[: len(runs)].exp()

    run(t, function, leaf(t)).sum().backward()


def fewer_operations(t):
    runs = []

    def function(x):
        runs.append(1)
        for _ in range(3 - len(runs)):
            x = x.sin()
        return x

    run(t, function, leaf(t)).sum().backward()


def twice(t):
    y = run(t, lambda x: x.exp().sin(), leaf(t)).sum()
    y.backward()
    y.backward()


SAME = [
    dropout, fresh_dropout, nested, second_order, inner_gradient, structures, hooks, batch_norm, result_written_to,
]  # fmt: skip
REFUSED = [
    argument_written_to, argument_written_to_inside, constant_written_to, other_shapes, fewer_operations, twice,
]  # fmt: skip


@pytest.mark.parametrize("program", SAME)
def test_results(program):
    ours, theirs = ((found if isinstance(found, tuple) else (found,)) for found in map(program, (minigrad, torch)))
    for one, other in zip(ours, theirs, strict=True):
        if hasattr(other, "shape"):
            np.testing.assert_allclose(one.detach().numpy(), other.detach().numpy(), rtol=1e-5, atol=1e-6)
        else:
            assert one == other


@pytest.mark.parametrize("program", REFUSED)
def test_refusals(program):
    for t in (minigrad, torch):
        with pytest.raises(RuntimeError):
            program(t)
