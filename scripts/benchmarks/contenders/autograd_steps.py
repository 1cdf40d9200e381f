"""HIPS autograd: NumPy functions, wrapped; a gradient is a function of a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import grad, make_vjp, value_and_grad

from benchmarks.workloads import LEARNING_RATES, LSTM_UNITS, PENALTY, Array, Case, Data, Task, weights

REPEATED = 200


def build(way: str, case: Case, data: Data) -> Task:
    """A case."""
    np.seterr(over="ignore")
    if case.letter == "f":
        return one_operation(case, data)
    theta = {name: array.copy() for name, array in weights(data).items()}
    xs, ys = list(data["x"]), list(data.get("y", data["x"]))
    gradient_of = value_and_grad(LOSSES[case.letter])
    update = (
        adam(theta, LEARNING_RATES[case.letter]) if case.letter in "be" else sgd(theta, LEARNING_RATES[case.letter])
    )

    def step(i: int) -> Any:
        cost, gradient = gradient_of(theta, xs[i % len(xs)], ys[i % len(ys)])
        update(gradient)
        return cost

    return Task(step)


def sgd(theta: Data, rate: float) -> Callable[[Data], None]:
    """Gradient descent, in place."""

    def update(gradient: Data) -> None:
        for name, parameter in theta.items():
            parameter -= rate * gradient[name]

    return update


def adam(theta: Data, rate: float) -> Callable[[Data], None]:
    """Adam, in place."""
    means = {name: np.zeros_like(array) for name, array in theta.items()}
    squares = {name: np.zeros_like(array) for name, array in theta.items()}
    steps = 0

    def update(gradient: Data) -> None:
        nonlocal steps
        steps += 1
        for name, parameter in theta.items():
            g, m, v = gradient[name], means[name], squares[name]
            m += (1 - 0.9) * (g - m)
            v += (1 - 0.999) * (g * g - v)
            parameter -= rate / (1 - 0.9**steps) * m / (np.sqrt(v / (1 - 0.999**steps)) + 1e-8)

    return update


def linear(p: Data, name: str, x: Any) -> Any:
    """x Wᵀ + b."""
    return anp.dot(x, p[f"{name}.weight"].T) + p[f"{name}.bias"]


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + anp.exp(-x))


def squared(p: Data, x: Array, y: Array) -> Any:
    """(a)."""
    out = x
    for name in "024":
        out = sigmoid(linear(p, name, out))
    return anp.sum((out - y) ** 2) / len(x)


def cross_entropy(scores: Any, labels: Array) -> Any:
    """Of scores and labels."""
    shifted = scores - anp.max(scores, 1, keepdims=True)
    logs = shifted - anp.log(anp.sum(anp.exp(shifted), 1, keepdims=True))
    return -anp.mean(logs[np.arange(len(labels)), labels])


def mlp(p: Data, x: Array, y: Array) -> Any:
    """(b)."""
    hidden = anp.maximum(linear(p, "0", x), 0)
    return cross_entropy(linear(p, "4", anp.maximum(linear(p, "2", hidden), 0)), y)


def lstm(p: Data, x: Array, y: Array) -> Any:
    """(e)."""
    h = c = np.zeros((len(x), LSTM_UNITS), np.float32)
    inputs = anp.dot(x, p["lstm.weight_ih_l0"].T) + (p["lstm.bias_ih_l0"] + p["lstm.bias_hh_l0"])
    back, n = p["lstm.weight_hh_l0"].T, LSTM_UNITS
    for row in range(x.shape[1]):
        gates = inputs[:, row] + anp.dot(h, back)
        i, f, g, o = (gates[:, k * n : (k + 1) * n] for k in range(4))
        c = sigmoid(f) * c + sigmoid(i) * anp.tanh(g)
        h = sigmoid(o) * anp.tanh(c)
    return cross_entropy(linear(p, "head", h), y)


def penalty(p: Data, x: Array, y: Array) -> Any:
    """(h)."""

    def critic(x: Any) -> Any:
        return linear(p, "2", anp.tanh(linear(p, "0", x)))

    slope = grad(lambda x: anp.sum(critic(x)))(x)
    length = anp.sqrt(anp.sum(slope * slope, 1))
    return anp.mean(critic(x)) + PENALTY * anp.mean((length - 1) ** 2)


LOSSES: dict[str, Callable[[Any, Any, Any], Any]] = {"a": squared, "b": mlp, "e": lstm, "h": penalty}


def one_operation(case: Case, data: Data) -> Task:
    """(f): forward with its graph, or there and back."""
    name, backward = case.size
    a, b = data["x"]
    traced: Callable[..., Any] = {
        "add": lambda a, b: a + b,
        "mul": lambda a, b: a * b,
        "matmul 2x2": lambda a, b: a @ b,
        "sum": lambda a, b: anp.sum(a),
        "index": lambda a, b: a[0],
    }[name]
    one_operand = name in ("sum", "index")
    places = 0 if one_operand else (0, 1)
    way_back = make_vjp(traced, places)
    ones = np.ones_like(traced(a, b))
    repeats = range(REPEATED)

    def step(i: int) -> Any:
        for _ in repeats:
            back, out = way_back(a, b)
            if backward:
                back(ones)
        return out

    def first(n: int) -> list[float]:
        back, out = way_back(a, b)
        gradient = back(ones)
        return [float(np.sum(out)), *([float((gradient if one_operand else gradient[0]).sum())] if backward else [])]

    return Task(step, lambda out: 0.0, REPEATED, first)
