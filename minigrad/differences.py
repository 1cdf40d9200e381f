"""Derivatives by finite differences, compared with those by rules.

The derivative of a function can be had without any rule, from its values alone: a central difference,

    f'(x) ≈ (f(x + h) - f(x - h)) / 2h,

has a truncation error of h²·f'''/6 and a rounding error of about u·|f|/h, where u = 1.1e-16 is the unit of rounding of
float64. Their sum is smallest near h = u^(1/3) ≈ 5e-6, and is then about u^(2/3) ≈ 2e-11: six digits more than it takes
to tell a wrong rule from a right one. In float32 the same sum is 2e-5, which is why the comparison is made in float64.

Source: J. Nocedal and S. Wright, Numerical Optimization, 2nd ed., Springer 2006, section 8.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = "np.ndarray[Any, Any]"

UNIT = np.finfo(np.float64).eps


class GradcheckError(RuntimeError, AssertionError):
    """A gradient, or the function itself, failed a check of `gradcheck`."""


@dataclass(frozen=True)
class Comparison:
    """One output and one input of a function: their Jacobian J, seen by seeds v of the output and moves m of the input.

    v J m is a gradient times a move, and a seed times a difference. There is one row per seed and one column per move;
    if both run along the axes one by one, the table is J itself.
    """

    what: str  # is compared: the subject of the message
    output_shape: tuple[int, ...]
    input_shape: tuple[int, ...]
    gradients: Array  # started from each seed: (seeds, input size)
    seeds: Array  # (seeds, output size)
    moves: Array  # from the lower to the upper point: (moves, input size)
    up: Array  # the output at the upper points: (moves, output size)
    here: Array  # between them: (output size)
    down: Array  # at the lower points: (moves, output size)
    step: float | None  # half the length of each move; None if seeds and moves run along the axes

    def tables(self) -> tuple[Array, Array, Array]:
        """J by rules, J by differences, and how far rounding alone may set them apart: one row a seed, one column a move."""
        with np.errstate(all="ignore"):
            analytical = self.gradients if self.step is None else self.gradients @ self.moves.T / self._width()
            numerical = self._weighed(self.seeds, self.up - self.down)
            rounding = 2 * UNIT * self._weighed(np.abs(self.seeds), np.abs(self.up) + np.abs(self.down))
        return analytical, numerical, rounding

    def _width(self) -> Any:
        """The length of each move."""
        return self.moves.sum(1) if self.step is None else np.full(len(self.moves), 2 * self.step)

    def _weighed(self, seeds: Array, values: Array) -> Array:
        """Differences of values over the moves that made them, weighed by each seed."""
        # unit vectors select without a product, in which NaN * 0 would be NaN
        table: Array = (values.T if self.step is None else seeds @ values.T) / self._width()
        return table

    def check(self, atol: float, rtol: float, order: int) -> None:
        """GradcheckError, about the worst pair, if the two tables differ by more than atol + rtol·|number| anywhere."""
        whole = self.step is None
        analytical, numerical, rounding = self.tables()
        with np.errstate(all="ignore"):
            allowed = atol + rtol * np.abs(numerical) + rounding
            error = np.abs(analytical - numerical)
            excess = np.where(np.isnan(error), np.inf, error / allowed)
            if not (excess > 1).any():
                return
            row, column = divmod(int(np.argmax(excess)), excess.shape[1])
            left = 2 * self._weighed(self.seeds, self.here - self.down)[row, column]
            right = 2 * self._weighed(self.seeds, self.up - self.here)[row, column]
        place = f"direction {column}"
        if whole:
            place = f"output{_index(row, self.output_shape)} and input{_index(column, self.input_shape)}"
        a, n, tolerance = analytical[row, column], numerical[row, column], allowed[row, column]
        if not np.isfinite(n):
            advice = "The function is not finite near this input: keep the inputs inside its domain."
        elif not np.isfinite(a):
            advice = "A rule divides by 0 or overflows where the function does not: look at a branch that is discarded."
        elif abs(right - left) > tolerance + 1e-3 * (abs(right) + abs(left)):
            advice = (
                f"The slope is {left:.3g} below this input and {right:.3g} above it: a kink or a jump, where gradients are "
                "conventions; move the inputs away from it."
            )
        else:
            advice = advise(analytical, numerical, order)
        raise GradcheckError(
            f"{self.what} differs from finite differences in {(excess > 1).sum()} of {excess.size} "
            f"{'numbers' if whole else 'random directions'}, most at {place}: analytical {a:.6g}, numerical {n:.6g} (they "
            f"may differ by {tolerance:.2g}). {advice}"
        )


def advise(analytical: Array, numerical: Array, order: int) -> str:
    """What to look at, from the two tables as wholes."""
    if not analytical.any():
        return "No gradient arrives: look for a rule that is None or 0, or for detach(), .data, .item() or .array on the way."
    ratio = float(np.sum(analytical * numerical) / np.sum(numerical * numerical)) if numerical.any() else 0.0
    if ratio and np.allclose(analytical, ratio * numerical, rtol=1e-5, atol=1e-7):
        return f"Every number is {ratio:.6g} times the right one: look for that factor in a rule, or for an operand left out."
    if order > 1:
        return (
            "The gradient of the order below is right: look for a rule that computes from .array, .data or a detached value, "
            "and write it in tensor operations."
        )
    return "Look at the rules of the operations between the two, each for its operand."


def _index(flat: int, shape: tuple[int, ...]) -> str:
    """'[1, 2]': where the element of that number is; nothing in a tensor of no dimensions."""
    return str([int(i) for i in np.unravel_index(flat, shape)]) if shape else ""
