"""tinygrad: lazy tensors; TinyJit keeps the compiled kernels of a step. On a CPU it needs clang (Debian: apt install clang)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

from tinygrad import Context, Tensor, TinyJit
from tinygrad.nn import optim

from benchmarks.workloads import LEARNING_RATES, MOMENTUM, Case, Data, NotHere, Task, weights

Weights = dict[str, Any]


def build(way: str, case: Case, data: Data) -> Task:
    """A case."""
    if shutil.which("clang") is None:
        raise NotHere("tinygrad needs clang, and there is none: apt install clang")
    theta = {name: Tensor(array).realize() for name, array in weights(data).items()}
    for p in theta.values():
        p.requires_grad = True
    rate, parameters = LEARNING_RATES[case.letter], list(theta.values())
    stack = Context(TRAINING=1)
    stack.__enter__()  # for as long as this process lasts
    optimizer: Any = {
        "a": lambda: optim.SGD(parameters, rate),
        "b": lambda: optim.Adam(parameters, rate),
        "c": lambda: optim.SGD(parameters, rate, momentum=MOMENTUM),
    }[case.letter]()
    loss = LOSSES[case.letter]
    x = [Tensor(batch).realize() for batch in data["x"]]
    y = [Tensor(batch.astype("int32") if batch.dtype.kind == "i" else batch).realize() for batch in data["y"]]

    @TinyJit
    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        cost = loss(theta, x, y).backward()
        return cost.realize(*optimizer.schedule_step())

    return Task(lambda i: step(x[i % len(x)], y[i % len(y)]), lambda cost: float(cost.item()))


def linear(p: Weights, name: str, x: Any) -> Any:
    """x Wᵀ + b."""
    return x.linear(p[f"{name}.weight"].T, p[f"{name}.bias"])


def squared(p: Weights, x: Any, y: Any) -> Any:
    """(a)."""
    out = x
    for name in "024":
        out = linear(p, name, out).sigmoid()
    return ((out - y) ** 2).sum() / x.shape[0]


def mlp(p: Weights, x: Any, y: Any) -> Any:
    """(b)."""
    return linear(p, "4", linear(p, "2", linear(p, "0", x).relu()).relu()).sparse_categorical_crossentropy(y)


def lenet(p: Weights, x: Any, y: Any) -> Any:
    """(c)."""
    for name in "03":
        x = x.conv2d(p[f"{name}.weight"], p[f"{name}.bias"]).relu().max_pool2d(2)
    out = linear(p, "7", x.flatten(1)).relu()
    return linear(p, "11", linear(p, "9", out).relu()).sparse_categorical_crossentropy(y)


LOSSES: dict[str, Callable[[Weights, Any, Any], Any]] = {"a": squared, "b": mlp, "c": lenet}
