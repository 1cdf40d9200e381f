"""MyGrad: tensors over NumPy, one order of gradients. Its guard against writes into arrays of a graph is off, as its
documentation advises for speed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mygrad
import numpy as np
from mygrad.nnet.activations import relu, sigmoid
from mygrad.nnet.layers import conv_nd, max_pool
from mygrad.nnet.losses import softmax_crossentropy

from benchmarks.workloads import LEARNING_RATES, MOMENTUM, Case, Data, Task, weights

REPEATED = 200
Weights = dict[str, Any]


def build(way: str, case: Case, data: Data) -> Task:
    """A case."""
    np.seterr(over="ignore")
    mygrad.turn_memory_guarding_off()
    if case.letter == "f":
        return one_operation(case, data)
    theta = {name: mygrad.tensor(array.copy()) for name, array in weights(data).items()}
    xs, ys, loss = list(data["x"]), list(data["y"]), LOSSES[case.letter]
    update = {"a": sgd, "b": adam, "c": momentum}[case.letter](theta, LEARNING_RATES[case.letter])

    def step(i: int) -> Any:
        cost = loss(theta, xs[i % len(xs)], ys[i % len(ys)])
        cost.backward()
        update()
        return cost

    return Task(step, lambda cost: float(cost.data))


def sgd(theta: Weights, rate: float) -> Callable[[], None]:
    """Gradient descent, in place."""

    def update() -> None:
        for p in theta.values():
            p.data -= rate * p.grad
            p.null_grad()

    return update


def momentum(theta: Weights, rate: float) -> Callable[[], None]:
    """Gradient descent with momentum, in place."""
    moving = {name: np.zeros_like(p.data) for name, p in theta.items()}

    def update() -> None:
        for name, p in theta.items():
            m = moving[name]
            m *= MOMENTUM
            m += p.grad
            p.data -= rate * m
            p.null_grad()

    return update


def adam(theta: Weights, rate: float) -> Callable[[], None]:
    """Adam, in place."""
    means = {name: np.zeros_like(p.data) for name, p in theta.items()}
    squares = {name: np.zeros_like(p.data) for name, p in theta.items()}
    steps = 0

    def update() -> None:
        nonlocal steps
        steps += 1
        for name, p in theta.items():
            g, m, v = p.grad, means[name], squares[name]
            m += (1 - 0.9) * (g - m)
            v += (1 - 0.999) * (g * g - v)
            p.data -= rate / (1 - 0.9**steps) * m / (np.sqrt(v / (1 - 0.999**steps)) + 1e-8)
            p.null_grad()

    return update


def linear(p: Weights, name: str, x: Any) -> Any:
    """x Wᵀ + b."""
    return mygrad.matmul(x, p[f"{name}.weight"].T) + p[f"{name}.bias"]


def squared(p: Weights, x: Any, y: Any) -> Any:
    """(a)."""
    out = x
    for name in "024":
        out = sigmoid(linear(p, name, out))
    return ((out - y) ** 2).sum() / len(x)


def mlp(p: Weights, x: Any, y: Any) -> Any:
    """(b)."""
    return softmax_crossentropy(linear(p, "4", relu(linear(p, "2", relu(linear(p, "0", x))))), y)


def lenet(p: Weights, x: Any, y: Any) -> Any:
    """(c)."""
    for name in "03":
        x = conv_nd(x, p[f"{name}.weight"], stride=1) + p[f"{name}.bias"].reshape(1, -1, 1, 1)
        x = max_pool(relu(x), (2, 2), 2)
    x = x.reshape(len(x), -1)
    return softmax_crossentropy(linear(p, "11", relu(linear(p, "9", relu(linear(p, "7", x))))), y)


LOSSES: dict[str, Callable[[Weights, Any, Any], Any]] = {"a": squared, "b": mlp, "c": lenet}


def one_operation(case: Case, data: Data) -> Task:
    """(f): forward with its graph, or there and back."""
    name, backward = case.size
    a, b = (mygrad.tensor(array.copy()) for array in data["x"])
    function: Callable[[], Any] = {
        "add": lambda: a + b,
        "mul": lambda: a * b,
        "matmul 2x2": lambda: a @ b,
        "sum": lambda: a.sum(),
        "index": lambda: a[0],
    }[name]
    repeats = range(REPEATED)
    ones = np.ones_like(function().data)

    def step(i: int) -> Any:
        for _ in repeats:
            out = function()
            if backward:
                out.backward(ones)  # which lets go of earlier gradients by itself
        return out

    def first(n: int) -> list[float]:
        out = function()
        values = [float(out.data.sum())]
        if backward:
            out.backward(ones)
            values.append(float(a.grad.sum()))
        return values

    return Task(step, lambda out: 0.0, REPEATED, first)
