"""L-BFGS: steps by an estimate of the curvature, from the last few changes of the gradient."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any, NamedTuple

import numpy as np

from minigrad.clock import wrote
from minigrad.grad_mode import enable_grad
from minigrad.optim.optimizer import Array, Optimizer, check, number
from minigrad.tensor import wrap


class Point(NamedTuple):
    """A place on the line that is searched: how far along, the loss, the gradient, its slope along the line."""

    t: Any
    loss: float
    gradient: Array
    slope: Any


class LBFGS(Optimizer):
    """Quasi-Newton steps, up to `max_iter` in one `step(closure)`, until the closure was called `max_eval` times.

    The closure clears the gradients, computes the loss, calls backward and returns the loss. The step length is `lr`, or with
    `line_search_fn="strong_wolfe"` found by search. It stops where the largest gradient is at most `tolerance_grad`, or a step
    or the change of the loss at most `tolerance_change`. One group of parameters; `history_size` pairs are remembered.

    Source: J. Nocedal and S. Wright, Numerical optimization, 2nd ed., 2006, algorithms 7.4 and 7.5; 3.5 and 3.6 for the search.

    >>> from minigrad import optim, tensor
    >>> w = tensor([3.0, -2.0], requires_grad=True)
    >>> descent = optim.LBFGS([w], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     descent.zero_grad()
    ...     loss = ((w - 1) ** 4).sum()
    ...     loss.backward()
    ...     return loss
    >>> first = descent.step(closure)
    >>> bool(closure() < 1e-6)
    True
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check("LBFGS", lr=(lr, 0, inf))
        if line_search_fn not in (None, "strong_wolfe"):
            raise RuntimeError(f"LBFGS: line_search_fn={line_search_fn!r}: only 'strong_wolfe' is supported, and None")
        super().__init__(
            params,
            {
                "lr": lr, "max_iter": max_iter, "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
                "tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change, "history_size": history_size,
                "line_search_fn": line_search_fn,
            },
        )  # fmt: skip
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS takes one group of parameters: all share one estimate of the curvature")
        self._stepped = False

    def _gradient(self) -> Array:
        """The gradients of all parameters, end to end."""
        parts = [np.zeros_like(p.array) if p._grad is None else p._grad.array for p in self.param_groups[0]["params"]]
        return np.concatenate([part.reshape(-1) for part in parts])

    def _move(self, starts: list[Array] | None, t: Any, d: Array) -> None:
        """Go along the direction, from where the parameters are, or from given values."""
        at = 0
        for i, p in enumerate(self.param_groups[0]["params"]):
            array = p.array
            step = (d[at : at + array.size] * t).reshape(array.shape)
            np.add(array if starts is None else starts[i], step, array)
            wrote(p)
            at += array.size

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Up to `max_iter` steps; returns the loss before the first. TypeError without a closure."""
        if closure is None:
            raise TypeError(
                "LBFGS.step needs a closure, a function that clears the gradients, computes the loss, calls backward and "
                "returns the loss: it is called several times"
            )
        for hook in self._before or ():
            hook(self, (closure,), {})
        self._stepped = True
        loss = self._steps(closure, self.param_groups[0])
        for hook in self._after or ():
            hook(self, (closure,), {})
        return loss

    def _steps(self, closure: Callable[[], Any], group: dict[str, Any]) -> Any:
        lr, tiny = number(group["lr"]), group["tolerance_change"]

        def evaluate() -> tuple[Any, Array]:
            with enable_grad():
                loss = closure()
            return loss, self._gradient()

        first, g = evaluate()
        loss = float(first)
        state = self.state[group["params"][0]]
        state["func_evals"] = state.get("func_evals", 0) + 1
        state.setdefault("n_iter", 0)
        evals, iterations = 1, 0
        while iterations < group["max_iter"] and not np.absolute(g).max() <= group["tolerance_grad"]:
            iterations += 1
            state["n_iter"] += 1
            d = self._direction(state, g, group["history_size"])
            state["prev_flat_grad"], state["prev_loss"], before = wrap(g.copy()), loss, loss
            t = min(1.0, 1.0 / np.absolute(g).sum()) * lr if state["n_iter"] == 1 else lr
            slope = g @ d
            state["d"], state["t"] = wrap(d), float(t)
            if slope > -tiny:
                break
            if group["line_search_fn"] is not None:
                starts = [p.array.copy() for p in group["params"]]

                def at(t: Any, starts: list[Array] = starts, d: Array = d) -> Point:
                    self._move(starts, t, d)
                    loss, g = evaluate()
                    return Point(t, float(loss), g, g @ d)

                most = group["max_eval"] - evals
                found, calls = search(at, Point(0, loss, g, slope), t, np.absolute(d).max(), tiny, most)
                t, loss, g = found.t, found.loss, found.gradient
                self._move(starts, t, d)
                state["t"] = float(t)
            else:
                self._move(None, t, d)
                calls = 0
                if iterations != group["max_iter"]:  # else the next step begins with it
                    value, g = evaluate()
                    loss, calls = float(value), 1
            evals += calls
            state["func_evals"] += calls
            if evals >= group["max_eval"] or np.absolute(d * t).max() <= tiny or abs(loss - before) < tiny:
                break
        return first

    def _direction(self, state: dict[str, Any], g: Array, history: int) -> Array:
        """Minus the gradient, times the estimate of the inverse Hessian: the recursion in two loops."""
        if state["n_iter"] == 1:
            state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
            return -g
        changes, steps, inverse = state["old_dirs"], state["old_stps"], state["ro"]
        y, s = g - state["prev_flat_grad"].array, state["d"].array * state["t"]
        curvature = y @ s
        if curvature > 1e-10:
            for kept, new in ((changes, wrap(y)), (steps, wrap(s)), (inverse, float(1.0 / curvature))):
                if len(kept) == history:
                    del kept[0]
                kept.append(new)
            state["H_diag"] = float(curvature / (y @ y))
        pairs = [(y.array, s.array, rho) for y, s, rho in zip(changes, steps, inverse)]
        q, shares = -g, []
        for y, s, rho in reversed(pairs):
            shares.append((s @ q) * rho)
            q -= y * shares[-1]
        q *= state["H_diag"]
        for (y, s, rho), share in zip(pairs, reversed(shares)):
            q += s * (share - (y @ q) * rho)
        return q


def search(
    at: Callable[[Any], Point], start: Point, t: Any, length: Any, tiny: float, most: int = 25
) -> tuple[Point, int]:
    """A point where the strong Wolfe conditions hold, or the best there is; and how often the loss was computed.

    The loss has to fall by 1e-4 of what the slope at the start promises, and the slope to flatten to 0.9 of it. After the
    first try there are up to `most` more.
    """

    def too_high(point: Point) -> bool:
        return bool(point.loss > start.loss + 1e-4 * point.t * start.slope)

    def is_flat(point: Point) -> bool:
        return bool(abs(point.slope) <= -0.9 * start.slope)

    last, new = start, at(t)
    tries = 0
    while True:  # go on until the minimum is passed
        if tries >= most:
            return min(start, new, key=lambda point: point.loss), tries + 1
        if too_high(new) or (tries > 1 and new.loss >= last.loss):
            break
        if is_flat(new):
            return new, tries + 1
        if new.slope >= 0:
            break
        further = cubic(last, new, new.t + 0.01 * (new.t - last.t), new.t * 10)
        last, new = new, at(further)
        tries += 1
    bracket = [last, new]  # the minimum is between: close in on it
    best = 0 if last.loss <= new.loss else 1
    stuck = False
    while tries < most and abs(bracket[1].t - bracket[0].t) * length >= tiny:
        near, far = sorted(point.t for point in bracket)
        t = cubic(bracket[0], bracket[1], near, far)
        edge = 0.1 * (far - near)
        if min(far - t, t - near) < edge:  # too close to an end, for a second time: keep away from it
            if stuck or t >= far or t <= near:
                t = far - edge if abs(t - far) < abs(t - near) else near + edge
                stuck = False
            else:
                stuck = True
        else:
            stuck = False
        new = at(t)
        tries += 1
        other = 1 - best
        if too_high(new) or new.loss >= bracket[best].loss:
            bracket[other] = new
            best = 0 if bracket[0].loss <= bracket[1].loss else 1
            continue
        flat = is_flat(new)
        if not flat and new.slope * (bracket[other].t - bracket[best].t) >= 0:
            bracket[other] = bracket[best]
        bracket[best] = new
        if flat:
            break
    return bracket[best], tries + 1


def cubic(a: Point, b: Point, low: Any, high: Any) -> Any:
    """The minimum, within bounds, of the cubic through two points with their slopes; the middle if it has none."""
    if a.t > b.t:
        a, b = b, a
    rise = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = rise**2 - a.slope * b.slope
    if square < 0:
        return (low + high) / 2.0
    root = np.sqrt(square)
    with np.errstate(divide="ignore", invalid="ignore"):  # a straight line has its minimum at an end
        t = b.t - (b.t - a.t) * ((b.slope + root - rise) / (b.slope - a.slope + 2 * root))
    return min(max(t, low), high) if t == t else (low + high) / 2.0
