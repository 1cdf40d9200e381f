"""JAX: pure functions of a tree of weights. `jit` compiles a step and is given its weights' memory back (donated); `scan` puts
all the batches into one program, so that Python is not there between the steps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax, nn

from benchmarks.workloads import GPT, LEARNING_RATES, MOMENTUM, PENALTY, Case, Data, Task, weights

Tree = dict[str, Any]


def build(way: str, case: Case, data: Data) -> Task:
    """A case, `jit` or `scan`."""
    step, state = training_step(case.letter, data)
    xs, ys = data["x"], data.get("y", data["x"])
    if way == "jit":
        compiled = jax.jit(step, donate_argnums=0)
        x, y = [jnp.asarray(batch) for batch in xs], [jnp.asarray(batch) for batch in ys]

        def one(i: int) -> Any:
            nonlocal state
            state, loss = compiled(state, x[i % len(x)], y[i % len(y)])
            return loss

        return Task(one, lambda loss: float(loss.block_until_ready()))

    @partial(jax.jit, donate_argnums=0)
    def epoch(state: Tree, x: Any, y: Any) -> Any:
        return lax.scan(lambda state, batch: step(state, *batch), state, (x, y))

    x, y = jnp.asarray(xs), jnp.asarray(ys)

    def many(i: int) -> Any:
        nonlocal state
        state, losses = epoch(state, x, y)
        return losses

    return Task(many, lambda losses: float(losses[-1]), len(xs), lambda n: [float(loss) for loss in many(0)[:n]])


def training_step(letter: str, data: Data) -> tuple[Callable[[Tree, Any, Any], tuple[Tree, Any]], Tree]:
    """A step as a function of state and batch that gives the next state and the loss; and the state to begin with."""
    loss, rate = LOSSES[letter], LEARNING_RATES[letter]
    theta = {name: jnp.array(array) for name, array in weights(data).items()}
    zeros = {name: jnp.zeros_like(array) for name, array in theta.items()}
    other = {name: jnp.zeros_like(array) for name, array in theta.items()}

    def sgd(state: Tree, x: Any, y: Any) -> tuple[Tree, Any]:
        cost, gradient = jax.value_and_grad(loss)(state["theta"], x, y)
        return {"theta": {k: p - rate * gradient[k] for k, p in state["theta"].items()}}, cost

    def momentum(state: Tree, x: Any, y: Any) -> tuple[Tree, Any]:
        cost, gradient = jax.value_and_grad(loss)(state["theta"], x, y)
        moving = {k: MOMENTUM * m + gradient[k] for k, m in state["moving"].items()}
        return {"theta": {k: p - rate * moving[k] for k, p in state["theta"].items()}, "moving": moving}, cost

    def adam(state: Tree, x: Any, y: Any, decay: float = 0.0) -> tuple[Tree, Any]:
        cost, gradient = jax.value_and_grad(loss)(state["theta"], x, y)
        steps = state["steps"] + 1
        means = {k: 0.9 * m + 0.1 * gradient[k] for k, m in state["means"].items()}
        squares = {k: 0.999 * v + 0.001 * gradient[k] ** 2 for k, v in state["squares"].items()}
        first, second = 1 - 0.9**steps, 1 - 0.999**steps
        theta = {
            k: p * (1 - rate * decay) - rate * (means[k] / first) / (jnp.sqrt(squares[k] / second) + 1e-8)
            for k, p in state["theta"].items()
        }
        return {"theta": theta, "means": means, "squares": squares, "steps": steps}, cost

    averages = {"theta": theta, "means": zeros, "squares": other, "steps": jnp.zeros((), jnp.float32)}
    return {
        "a": (sgd, {"theta": theta}),
        "b": (adam, averages),
        "c": (momentum, {"theta": theta, "moving": zeros}),
        "d": (partial(adam, decay=0.01), averages),
        "e": (adam, averages),
        "h": (sgd, {"theta": theta}),
    }[letter]


def inference(way: str, case: Case, data: Data) -> Callable[[], Any]:
    """A function that runs the model on a batch."""
    model = jax.jit({"b": mlp, "c": lenet, "d": transformer}[case.letter])
    theta = {name: jnp.asarray(array) for name, array in weights(data).items()}
    x = jnp.asarray(data["x"][0])
    return lambda: model(theta, x).block_until_ready()


# ── models and losses ────────────────────────────────────────────────────────────────────────────────────────────────


def linear(p: Tree, name: str, x: Any) -> Any:
    """x Wᵀ + b."""
    return x @ p[f"{name}.weight"].T + p[f"{name}.bias"]


def digit_network(p: Tree, x: Any) -> Any:
    """784-16-16-10, sigmoid."""
    for name in "024":
        x = nn.sigmoid(linear(p, name, x))
    return x


def mlp(p: Tree, x: Any) -> Any:
    """784-512-256-10, ReLU."""
    return linear(p, "4", nn.relu(linear(p, "2", nn.relu(linear(p, "0", x)))))


def lenet(p: Tree, x: Any) -> Any:
    """Convolutions, poolings, layers."""
    for name in "03":
        x = lax.conv_general_dilated(x, p[f"{name}.weight"], (1, 1), "VALID") + p[f"{name}.bias"][:, None, None]
        x = lax.reduce_window(nn.relu(x), -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
    x = x.reshape(len(x), -1)
    return linear(p, "11", nn.relu(linear(p, "9", nn.relu(linear(p, "7", x)))))


def norm(p: Tree, name: str, x: Any) -> Any:
    """Layer normalization."""
    centred = x - x.mean(-1, keepdims=True)
    return (
        centred * lax.rsqrt((centred * centred).mean(-1, keepdims=True) + 1e-5) * p[f"{name}.weight"]
        + p[f"{name}.bias"]
    )


def transformer(p: Tree, tokens: Any) -> Any:
    """A GPT with normalization first."""
    n, length = tokens.shape
    width, heads = GPT["width"], GPT["heads"]
    x = p["token.weight"][tokens] + p["place.weight"]
    for i in range(GPT["layers"]):
        block = f"blocks.{i}"
        q, k, v = (
            part.reshape(n, length, heads, width // heads)
            for part in jnp.split(linear(p, f"{block}.qkv", norm(p, f"{block}.norm1", x)), 3, -1)
        )
        y = nn.dot_product_attention(q, k, v, is_causal=True).reshape(n, length, width)
        x = x + linear(p, f"{block}.out", y)
        x = x + linear(p, f"{block}.down", nn.gelu(linear(p, f"{block}.up", norm(p, f"{block}.norm2", x))))
    return norm(p, "norm", x) @ p["head.weight"].T


def reader(p: Tree, x: Any) -> Any:
    """An LSTM over the rows of an image."""
    units = p["lstm.weight_hh_l0"].shape[1]
    inputs = x.swapaxes(0, 1) @ p["lstm.weight_ih_l0"].T + (p["lstm.bias_ih_l0"] + p["lstm.bias_hh_l0"])

    def cell(state: Any, row: Any) -> Any:
        h, c = state
        i, f, g, o = jnp.split(row + h @ p["lstm.weight_hh_l0"].T, 4, -1)
        c = nn.sigmoid(f) * c + nn.sigmoid(i) * jnp.tanh(g)
        return (nn.sigmoid(o) * jnp.tanh(c), c), None

    start = jnp.zeros((len(x), units), jnp.float32)
    (h, _), _ = lax.scan(cell, (start, start), inputs)
    return linear(p, "head", h)


def critic(p: Tree, x: Any) -> Any:
    """784-128-1, tanh."""
    return linear(p, "2", jnp.tanh(linear(p, "0", x)))


def cross_entropy(scores: Any, labels: Any) -> Any:
    """Of scores and labels, over the last axis."""
    logs = nn.log_softmax(scores)
    return -jnp.take_along_axis(logs, labels[..., None], -1).mean()


def penalty(p: Tree, x: Any, y: Any) -> Any:
    """The critic's mean, and how far its slope is from 1."""
    slope = jax.grad(lambda x: critic(p, x).sum())(x)
    length = jnp.sqrt((slope * slope).sum(1))
    return critic(p, x).mean() + PENALTY * ((length - 1) ** 2).mean()


LOSSES: dict[str, Callable[[Tree, Any, Any], Any]] = {
    "a": lambda p, x, y: ((digit_network(p, x) - y) ** 2).sum() / len(x),
    "b": lambda p, x, y: cross_entropy(mlp(p, x), y),
    "c": lambda p, x, y: cross_entropy(lenet(p, x), y),
    "d": lambda p, x, y: cross_entropy(transformer(p, x), y),
    "e": lambda p, x, y: cross_entropy(reader(p, x), y),
    "h": penalty,
}
