"""RAdam: Adam that waits with its step sizes until there are gradients enough to trust them."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from minigrad.optim.optimizer import Optimizer, check, directed, like, number, with_gradient
from minigrad.tensor import wrap


class RAdam(Optimizer):
    """p -= lr · m̂ · r / (√v̂ + eps), with r from the variance of such steps; p -= lr · m̂ while that cannot be told.

    With `decoupled_weight_decay` as in AdamW.

    Source: L. Liu et al., On the variance of the adaptive learning rate and beyond, ICLR 2020, algorithm 2.

    >>> from minigrad import optim, tensor
    >>> w = tensor([1.0], requires_grad=True)
    >>> descent = optim.RAdam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> descent.step()
    >>> w
    tensor([0.8000], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check(
            "RAdam", lr=(lr, 0, inf), beta1=(betas[0], 0, 1), beta2=(betas[1], 0, 1), eps=(eps, 0, inf),
            weight_decay=(weight_decay, 0, inf),
        )  # fmt: skip
        super().__init__(
            params,
            {
                "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
                "foreach": foreach, "capturable": capturable, "decoupled_weight_decay": decoupled_weight_decay,
                "differentiable": differentiable,
            },
        )  # fmt: skip

    def update(self, group: dict[str, Any]) -> None:
        """One step for one group."""
        lr, (beta1, beta2) = number(group["lr"]), group["betas"]
        decoupled = {**group, "weight_decay": 0} if group["decoupled_weight_decay"] else None
        longest = 2 / (1 - beta2) - 1
        for p, x, g in with_gradient(group):
            state = self.state[p]
            if not state:
                state.update(step=0, exp_avg=wrap(np.zeros_like(x)), exp_avg_sq=wrap(np.zeros_like(x)))
            step = state["step"] = state["step"] + 1
            correction = 1 - beta2**step
            length = longest - 2 * step * beta2**step / correction  # of the mean of squares, in gradients
            rate = lr / (1 - beta1**step)
            if length > 5:
                spread = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
                rate = rate * (spread * correction) ** 0.5
            fresh, keep2, fresh2, eps, remains, rate = like(
                x, 1 - beta1, beta2, 1 - beta2, group["eps"], 1 - lr * group["weight_decay"], rate
            )
            t, u = self.spare(x)
            if decoupled and group["weight_decay"]:
                np.multiply(x, remains, x)
            g = directed(x, g, decoupled or group, t)
            m, v = state["exp_avg"].array, state["exp_avg_sq"].array
            u = np.subtract(g, m, u)
            np.add(m, np.multiply(u, fresh, u), m)
            np.multiply(v, keep2, v)
            u = np.multiply(g, g, u)
            np.add(v, np.multiply(u, fresh2, u), v)
            if length > 5:
                u = np.sqrt(v, u)
                np.divide(m, np.add(u, eps, u), u)
                np.multiply(u, rate, u)
            else:
                u = np.multiply(m, rate, u)
            np.subtract(x, u, x)
