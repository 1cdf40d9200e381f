"""What changes while a network learns: costs, shares of right answers, gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.errors import ShapeError
from minigrad.plot.style import DASHES, Array, array, canvas, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def smoothed(values: Any, weight: float = 0.9) -> Array:
    """An exponential average of a sequence: each number is the mean of it and all before, those k steps back counted
    weightᵏ times.

    Shape (N,), float64. The first number is itself: there is no pull towards 0 at the start. NaN and infinities are not
    counted. ValueError if the weight is not from 0 (nothing is averaged) to below 1.

    Source: D. Kingma and J. Ba, Adam: a method for stochastic optimization, ICLR 2015, section 3 (the average without
    its bias).

    >>> smoothed([1.0, 0.0, 0.0], 0.5).round(3).tolist()
    [1.0, 0.333, 0.143]
    """
    if not 0 <= weight < 1:
        raise ValueError(f"smoothing {weight}: use a number from 0 (none) to below 1, such as 0.9")
    numbers = _line(values, "values")
    out = np.full(len(numbers), np.nan)
    total = count = 0.0
    for i, number in enumerate(numbers.tolist()):
        total, count = weight * total, weight * count
        if np.isfinite(number):
            total, count = total + number, count + 1
        out[i] = total / count if count else np.nan
    return out


def learning_curves(
    training: Any,
    test: Any = None,
    *,
    steps: Any = None,
    test_steps: Any = None,
    smoothing: float = 0.0,
    running: bool = False,
    names: tuple[str, str] = ("training", "test"),
    quantity: str = "cost",
    unit: str = "",
    per: str = "epoch",
    log: bool = False,
    ax: Axes | None = None,
    theme: str | None = None,
) -> Axes:
    """What was measured while a network learned: a line for training, points for the tests.

    Args:
        training: numbers (N,), one per step or epoch.
        test: numbers (M,) measured on unseen data, or None.
        steps: when each training number was measured, (N,); 1, 2, ... N if None.
        test_steps: when each test was, (M,); if None there are as many tests as training numbers, one at the end of each.
        smoothing: the weight of the past in an exponential average, from 0 to below 1 (see `smoothed`). The raw numbers
            stay behind it, pale.
        running: each training number is a mean over an epoch in which the weights went on changing. The legend says so,
            and, if `steps` is None, each point stands in the middle of its epoch; tests are made at the end of one.
        names: what to call the two.
        quantity: what was measured.
        unit: its unit, such as "%".
        per: what the horizontal axis counts.
        log: a logarithmic vertical axis.

    The legend gives each line's last number. ShapeError if lengths do not fit, ValueError for a smoothing that is none.

    >>> ax = learning_curves([0.9, 0.5, 0.3], [0.6, 0.5, 0.4])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['training: 0.3', 'test: 0.4']
    """
    numbers = _line(training, "training")
    places = np.arange(1, len(numbers) + 1) - (0.5 if running else 0.0) if steps is None else _line(steps, "steps")
    _same(places, numbers, "steps", "training")
    averaged = smoothed(numbers, smoothing)
    ax, look = canvas(ax, theme)
    few = len(numbers) <= 60
    size = 4.5 if len(numbers) <= 20 else 3
    style: dict[str, Any] = {"color": look.colour(0), "marker": "o" if few else "", "markersize": size}
    label = f"{names[0]}{', averaged while it learns' if running else ''}: {_last(numbers, unit)}"
    if smoothing:
        ax.plot(places, numbers, label=f"{names[0]}, as measured", **style | {"linewidth": 1}, alpha=0.35)
        label = f"{names[0]}, mean of the last {1 / (1 - smoothing):.3g} or so: {_last(averaged, unit)}"
        style["marker"] = ""
    ax.plot(places, averaged if smoothing else numbers, label=label, linewidth=1.8, **style)
    if test is not None:
        tests = _line(test, "test")
        when = np.arange(1, len(tests) + 1) if test_steps is None else _line(test_steps, "test_steps")
        if test_steps is None and len(tests) != len(numbers):
            raise ShapeError(
                f"learning_curves: {len(tests)} tests for {len(numbers)} training numbers: say when, test_steps=[...]"
            )
        _same(when, tests, "test_steps", "test")
        ax.plot(
            when, tests, linestyle=":", linewidth=1, color=look.colour(1), marker="s", markersize=size,
            label=f"{names[1]}: {_last(tests, unit)}",
        )  # fmt: skip
    ax.set(xlabel=per, ylabel=quantity + (f", {unit}" if unit else ""))
    if log:
        ax.set_yscale("log")
    ax.locator_params(axis="x", integer=True, min_n_ticks=1)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.grid(color=look.quiet, alpha=0.25, linewidth=0.8)
    ax.set_axisbelow(True)
    legend(ax, look, [line.get_data() for line in ax.lines])
    return ax


def gradient_distribution(
    gradients: Mapping[str, Any],
    *,
    steps: Any = None,
    per: str = "step",
    ax: Axes | None = None,
    theme: str | None = None,
) -> Axes:
    """How large the gradients of each layer's weights are, over time: the median, and a band for the middle half.

    Args:
        gradients: from each layer's name to its gradients, (T, ...): one gradient for each of T steps.
        steps: which steps these were, (T,); 1, 2, ... T if None.
        per: what the horizontal axis counts.

    Sizes are of single weights, so a layer does not look stronger for having more of them. The axis is logarithmic, and
    weights whose gradient is exactly 0 (pixels that are always black) are left out: the legend says how many. ShapeError
    if a gradient's first dimension is not the number of steps; ValueError if there are no layers; TypeError for no dict.

    >>> ax = gradient_distribution({"first": [[1.0, 2.0, 3.0], [0.0, 1.0, 2.0]], "second": [[0.1], [0.2]]})
    >>> ax.lines[0].get_ydata().tolist()
    [2.0, 1.5]
    """
    if not isinstance(gradients, Mapping):
        raise TypeError(
            f"gradient_distribution got a {type(gradients).__name__}: give a dict from names to gradients (steps, ...)"
        )
    if not gradients:
        raise ValueError("gradient_distribution got no layers: give a dict from names to gradients (steps, ...)")
    sizes = {name: np.abs(array(values)) for name, values in gradients.items()}
    shortest = len(next(iter(sizes.values())))
    places = np.arange(1, shortest + 1) if steps is None else _line(steps, "steps")
    ax, look = canvas(ax, theme)
    bands: list[tuple[Array, Array]] = []
    for i, (name, values) in enumerate(sizes.items()):
        if values.ndim < 2 or len(values) != len(places):
            raise ShapeError(
                f"gradient_distribution: {name} has gradients of shape {values.shape} for {len(places)} steps: "
                f"stack one gradient per step, ({len(places)}, ...)"
            )
        rows = values.reshape(len(values), -1).astype(float)
        rows[~((rows > 0) & np.isfinite(rows))] = np.nan
        low, middle, high = np.array([_quantiles(row) for row in rows]).T
        bands += [(places, low), (places, middle), (places, high)]
        zeros = float((values == 0).mean())
        left_out = f"; {100 * zeros:.0f} % of the gradients are 0" if zeros >= 0.005 else ""
        ax.fill_between(places, low, high, color=look.colour(i), alpha=0.22, linewidth=0)
        ax.plot(
            places, middle, color=look.colour(i), linewidth=1.8, linestyle=DASHES[i % len(DASHES)],
            label=f"{name} ({rows.shape[1]:,} weights{left_out})",
        )  # fmt: skip
    ax.set_yscale("log")
    ax.set(xlabel=per, ylabel="size of one weight's gradient")
    ax.grid(color=look.quiet, alpha=0.25, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.xaxis.set_major_formatter("{x:,.6g}")
    legend(ax, look, bands, "line: median of the layer's weights; band: the middle half")
    return ax


def _quantiles(row: Array) -> Array:
    """The quartiles of the numbers that are not NaN; NaN if there are none."""
    there = row[~np.isnan(row)]
    return np.quantile(there, [0.25, 0.5, 0.75]) if there.size else np.full(3, np.nan)


def _line(values: Any, name: str) -> Array:
    """Numbers in a row, at least one."""
    numbers = array(values).astype(float)
    if numbers.ndim != 1 or not len(numbers):
        raise ShapeError(f"{name} has shape {numbers.shape}: give a sequence of numbers, at least one")
    return numbers


def _same(one: Array, other: Array, first: str, second: str) -> None:
    if len(one) != len(other):
        raise ShapeError(f"{first} has {len(one)} numbers and {second} has {len(other)}: give one for each")


def _last(numbers: Array, unit: str) -> str:
    """The last number, with its unit."""
    text = f"{numbers[-1]:.4g}"
    return f"{text} {unit}" if unit else text
