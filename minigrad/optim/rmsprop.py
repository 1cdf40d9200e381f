"""RMSprop: the gradient over the root of a running mean of its square."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from minigrad.optim.optimizer import Optimizer, check, directed, like, number, with_gradient
from minigrad.tensor import wrap


class RMSprop(Optimizer):
    """p -= lr · g / (√s + eps), with s the running mean of g²; `centered`, of g² less the square of g's running mean.

    With `momentum`, the step is along a running sum of these quotients.

    Source: G. Hinton, Neural networks for machine learning, lecture 6e, 2012; centered: A. Graves, Generating sequences with
    recurrent neural networks, 2013.

    >>> from minigrad import optim, tensor
    >>> w = tensor([1.0], requires_grad=True)
    >>> descent = optim.RMSprop([w], lr=0.01)
    >>> (w * w).sum().backward()
    >>> descent.step()
    >>> w
    tensor([0.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check(
            "RMSprop", lr=(lr, 0, inf), alpha=(alpha, 0, inf), eps=(eps, 0, inf), weight_decay=(weight_decay, 0, inf),
            momentum=(momentum, 0, inf),
        )  # fmt: skip
        super().__init__(
            params,
            {
                "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
                "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach, "maximize": maximize,
                "differentiable": differentiable,
            },
        )  # fmt: skip

    def update(self, group: dict[str, Any]) -> None:
        """One step for one group."""
        lr, alpha, momentum = number(group["lr"]), group["alpha"], group["momentum"]
        kind: Any = None
        for p, x, g in with_gradient(group):
            state = self.state[p]
            if not state:
                state.update(step=0, square_avg=wrap(np.zeros_like(x)))
                if momentum:
                    state["momentum_buffer"] = wrap(np.zeros_like(x))
                if group["centered"]:
                    state["grad_avg"] = wrap(np.zeros_like(x))
            state["step"] = state["step"] + 1
            if x.dtype is not kind:
                kind = x.dtype
                rate, keep, fresh, eps, inertia = like(x, lr, alpha, 1 - alpha, group["eps"], momentum)
            t, u = self.spare(x)
            g = directed(x, g, group, t)
            s = state["square_avg"].array
            np.multiply(s, keep, s)
            u = np.multiply(g, g, u)
            np.add(s, np.multiply(u, fresh, u), s)
            if group["centered"]:
                m = state["grad_avg"].array
                u = np.subtract(g, m, u)
                np.add(m, np.multiply(u, fresh, u), m)
                u = np.subtract(s, np.multiply(m, m, u), u)
                np.sqrt(u, u)
            else:
                u = np.sqrt(s, u)
            np.divide(g, np.add(u, eps, u), u)
            if momentum:
                b = state["momentum_buffer"].array
                np.multiply(b, inertia, b)
                np.add(b, u, b)
                np.multiply(b, rate, u)
            else:
                np.multiply(u, rate, u)
            np.subtract(x, u, x)
