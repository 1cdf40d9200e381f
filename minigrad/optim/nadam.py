"""NAdam: Adam with Nesterov's momentum."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from minigrad.optim.optimizer import Optimizer, check, directed, like, number, with_gradient
from minigrad.tensor import wrap


class NAdam(Optimizer):
    """Adam whose step is along a mean of the gradient and of the running mean as it will be in the next step.

    The momentum grows: μ = β₁ · (1 - 0.96^(step · momentum_decay) / 2). With `decoupled_weight_decay` as in AdamW.

    Source: T. Dozat, Incorporating Nesterov momentum into Adam, ICLR workshop 2016.

    >>> from minigrad import optim, tensor
    >>> w = tensor([1.0], requires_grad=True)
    >>> descent = optim.NAdam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> descent.step()
    >>> w
    tensor([0.8944], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check(
            "NAdam", lr=(lr, 0, inf), beta1=(betas[0], 0, 1), beta2=(betas[1], 0, 1), eps=(eps, 0, inf),
            weight_decay=(weight_decay, 0, inf), momentum_decay=(momentum_decay, 0, inf),
        )  # fmt: skip
        super().__init__(
            params,
            {
                "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay,
                "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize, "foreach": foreach,
                "capturable": capturable, "differentiable": differentiable,
            },
        )  # fmt: skip

    def update(self, group: dict[str, Any]) -> None:
        """One step for one group."""
        lr, (beta1, beta2) = number(group["lr"]), group["betas"]
        decoupled = {**group, "weight_decay": 0} if group["decoupled_weight_decay"] else None
        for p, x, g in with_gradient(group):
            state = self.state[p]
            if not state:
                state.update(step=0, mu_product=1.0, exp_avg=wrap(np.zeros_like(x)), exp_avg_sq=wrap(np.zeros_like(x)))
            step = state["step"] = state["step"] + 1
            growth = 0.96 ** group["momentum_decay"]
            mu, mu_next = (beta1 * (1 - 0.5 * growth**n) for n in (step, step + 1))
            product = state["mu_product"] = state["mu_product"] * mu
            fresh, keep2, fresh2, correction, eps, remains, rate, rate_next = like(
                x, 1 - beta1, beta2, 1 - beta2, 1 - beta2**step, group["eps"], 1 - lr * group["weight_decay"],
                lr * (1 - mu) / (1 - product), lr * mu_next / (1 - product * mu_next),
            )  # fmt: skip
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
            u = np.divide(v, correction, u)
            np.sqrt(u, u)
            np.add(u, eps, u)
            t = np.divide(g, u, t)
            np.subtract(x, np.multiply(t, rate, t), x)
            np.divide(m, u, u)
            np.subtract(x, np.multiply(u, rate_next, u), x)
