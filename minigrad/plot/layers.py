"""What the neurons of a layer answer: to one digit, or to many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.errors import ShapeError
from minigrad.plot.style import array, canvas, colour_bar, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def activations(
    values: Any,
    *,
    names: Sequence[str] | None = None,
    bins: int = 24,
    ax: Axes | None = None,
    theme: str | None = None,
) -> Axes:
    """The activations of a layer: a bar for each neuron for one input, or their distribution over many.

    Args:
        values: (neurons,) for one input: blue bars up, red bars down. (N, neurons) for many: each neuron is a column of
            `bins` cells, the darker the more of the N inputs gave it an activation there, with a line at the mean.
        names: of the neurons, below the axis; 0, 1, 2, ... if None.
        bins: how many cells a column has.

    ShapeError for another shape, or names for another number of neurons. NaN and infinities are not counted.

    >>> ax = activations([0.1, 0.9, 0.0])
    >>> [float(bar.get_height()) for bar in ax.patches]
    [0.1, 0.9, 0.0]
    """
    numbers = array(values).astype(float)
    if numbers.ndim not in (1, 2) or not numbers.size:
        raise ShapeError(f"activations got shape {numbers.shape}: give (neurons,), or (N, neurons) for many inputs")
    n = numbers.shape[-1]
    if names is not None and len(names) != n:
        raise ShapeError(f"activations got {len(names)} names for {n} neurons: give one for each")
    ax, look = canvas(ax, theme, min(max(4.0, 1.5 + 0.35 * n), 12), 3.2)
    places = np.arange(n)
    if numbers.ndim == 1:
        ax.bar(places, numbers, width=0.8, color=look.diverging(np.where(numbers >= 0, 0.8, 0.2)))
        ax.axhline(0, color=look.quiet, linewidth=0.8)
        if n <= 16:
            for place, value in enumerate(numbers):
                if np.isfinite(value):
                    ax.annotate(
                        short(float(value), 2, 1), (place, value), (0, 2 if value >= 0 else -2), textcoords="offset points",
                        ha="center", va="bottom" if value >= 0 else "top", fontsize="small", color=look.ink,
                    )  # fmt: skip
            ax.margins(y=0.1)
        ax.set_ylabel("activation")
    else:
        there = numbers[np.isfinite(numbers)]
        low, high = (float(there.min()), float(there.max())) if there.size else (0.0, 1.0)
        edges = np.linspace(low, high if high > low else low + 1, bins + 1)
        shares = np.stack([np.histogram(column[np.isfinite(column)], edges)[0] for column in numbers.T], 1)
        shares = 100 * shares / len(numbers)
        image = ax.pcolormesh(np.arange(n + 1) - 0.5, edges, shares, cmap=look.heat, vmin=0)
        colour_bar(ax, image, look, "% of the inputs", pad=0.01)
        means = [column[np.isfinite(column)].mean() if np.isfinite(column).any() else np.nan for column in numbers.T]
        ax.hlines(means, places - 0.4, places + 0.4, color=look.colour(0), linewidth=2)
        ax.set_ylabel(f"activation, of {len(numbers):,} inputs")
    if names is not None or n <= 32:
        ax.set_xticks(places, [str(i) for i in places] if names is None else list(names))
    ax.set_xlim(-0.6, n - 0.4)
    ax.set_xlabel("neuron" if numbers.ndim == 1 else "neuron (its line: the mean)")
    return ax
