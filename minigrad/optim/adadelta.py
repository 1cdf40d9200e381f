"""Adadelta: steps in the units of the parameters, with no learning rate to choose."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from minigrad.optim.optimizer import Optimizer, check, directed, like, number, with_gradient
from minigrad.tensor import wrap


class Adadelta(Optimizer):
    """p -= lr · Δ, with Δ = √(d + eps) / √(s + eps) · g, and s and d the running means of g² and of Δ².

    Source: M. Zeiler, Adadelta: an adaptive learning rate method, 2012.

    >>> from minigrad import optim, tensor
    >>> w = tensor([1.0], requires_grad=True)
    >>> descent = optim.Adadelta([w], eps=0.01)
    >>> (w * w).sum().backward()
    >>> descent.step()
    >>> w
    tensor([0.6877], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check(
            "Adadelta", lr=(lr, 0, inf), rho=(rho, 0, 1 + 1e-9), eps=(eps, 0, inf),
            weight_decay=(weight_decay, 0, inf),
        )  # fmt: skip
        super().__init__(
            params,
            {
                "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
                "capturable": capturable, "foreach": foreach, "differentiable": differentiable,
            },
        )  # fmt: skip

    def update(self, group: dict[str, Any]) -> None:
        """One step for one group."""
        lr, rho = number(group["lr"]), group["rho"]
        kind: Any = None
        for p, x, g in with_gradient(group):
            state = self.state[p]
            if not state:
                state.update(step=0, square_avg=wrap(np.zeros_like(x)), acc_delta=wrap(np.zeros_like(x)))
            state["step"] = state["step"] + 1
            if x.dtype is not kind:
                kind = x.dtype
                rate, keep, fresh, eps = like(x, lr, rho, 1 - rho, group["eps"])
            t, u = self.spare(x)
            g = directed(x, g, group, t)
            s, d = state["square_avg"].array, state["acc_delta"].array
            np.multiply(s, keep, s)
            u = np.multiply(g, g, u)
            np.add(s, np.multiply(u, fresh, u), s)
            u = np.add(s, eps, u)
            np.sqrt(u, u)
            np.divide(g, u, u)
            t = np.add(d, eps, t)
            np.sqrt(t, t)
            np.multiply(u, t, u)
            np.multiply(d, keep, d)
            np.multiply(u, u, t)
            np.add(d, np.multiply(t, fresh, t), d)
            np.subtract(x, np.multiply(u, rate, u), x)
