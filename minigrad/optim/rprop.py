"""Rprop: only the sign of the gradient counts."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from minigrad.optim.optimizer import Optimizer, check, like, number, with_gradient
from minigrad.tensor import wrap


class Rprop(Optimizer):
    """p -= step_size · sign(g), each number with a step size of its own.

    It grows by `etas[1]` while the sign of the gradient stays, and shrinks by `etas[0]` where it changes (and the step is
    left out there), between the two `step_sizes`. For gradients of the whole data, not of batches.

    Source: M. Riedmiller and H. Braun, A direct adaptive method for faster backpropagation learning, ICNN 1993.

    >>> from minigrad import optim, tensor
    >>> w = tensor([1.0], requires_grad=True)
    >>> descent = optim.Rprop([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> descent.step()
    >>> w
    tensor([0.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check("Rprop", lr=(lr, 0, inf), etaminus=(etas[0], 0, 1), etaplus=(etas[1], 1, inf))
        super().__init__(
            params,
            {
                "lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach, "maximize": maximize,
                "differentiable": differentiable, "capturable": capturable,
            },
        )  # fmt: skip

    def update(self, group: dict[str, Any]) -> None:
        """One step for one group."""
        for p, x, g in with_gradient(group):
            state = self.state[p]
            if not state:
                state.update(step=0, prev=wrap(np.zeros_like(x)), step_size=wrap(np.full_like(x, number(group["lr"]))))
            state["step"] = state["step"] + 1
            shrink, grow, least, most = like(x, *group["etas"], *group["step_sizes"])
            t, u = self.spare(x)
            if group["maximize"]:
                g = np.negative(g, t)
            before, size = state["prev"].array, state["step_size"].array
            turn = np.multiply(g, before, u)
            turned, same = np.less(turn, 0), np.greater(turn, 0)
            np.multiply(size, np.where(same, grow, np.where(turned, shrink, size.dtype.type(1))), size)
            np.minimum(np.maximum(size, least, out=size), most, out=size)
            np.copyto(before, g)
            np.copyto(before, 0, where=turned)
            u = np.sign(before, u)
            np.subtract(x, np.multiply(u, size, u), x)
