"""Averaged stochastic gradient descent."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from minigrad.optim.optimizer import Optimizer, check, directed, like, number, with_gradient
from minigrad.tensor import wrap


class ASGD(Optimizer):
    """p -= η · (g + lambd · p), with a rate η = lr / (1 + lambd · lr · step)^alpha that falls.

    The mean of all p since step `t0` is kept in `state[p]["ax"]`.

    Source: B. Polyak and A. Juditsky, Acceleration of stochastic approximation by averaging, 1992.

    >>> from minigrad import optim, tensor
    >>> w = tensor([1.0], requires_grad=True)
    >>> descent = optim.ASGD([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> descent.step()
    >>> w
    tensor([0.8000], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check("ASGD", lr=(lr, 0, inf), weight_decay=(weight_decay, 0, inf))
        super().__init__(
            params,
            {
                "lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay, "foreach": foreach,
                "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
            },
        )  # fmt: skip

    def update(self, group: dict[str, Any]) -> None:
        """One step for one group."""
        lr, lambd = number(group["lr"]), group["lambd"]
        for p, x, g in with_gradient(group):
            state = self.state[p]
            if not state:
                state.update(step=0, eta=lr, mu=1.0, ax=wrap(np.zeros_like(x)))
            step = state["step"] = state["step"] + 1
            rate, remains, share = like(x, state["eta"], 1 - lambd * state["eta"], state["mu"])
            t, u = self.spare(x)
            g = directed(x, g, group, t)
            np.multiply(x, remains, x)
            np.subtract(x, np.multiply(g, rate, u), x)
            mean = state["ax"].array
            u = np.subtract(x, mean, u)
            np.add(mean, np.multiply(u, share, u), mean)
            state["eta"] = lr / (1 + lambd * lr * step) ** group["alpha"]
            late = step - group["t0"]
            state["mu"] = 1 / late if late > 1 else 1.0
