"""The cost around the weights: along a line, and on a plane, with the way that a descent took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.errors import ShapeError
from minigrad.plot.style import array, canvas, colour_bar, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def cost_slice(
    steps: Any,
    costs: Any,
    *,
    path: Any = None,
    log: bool = False,
    xlabel: str = "step along the direction",
    ax: Axes | None = None,
    theme: str | None = None,
) -> Axes:
    """The cost along a line through the weights: `cost_slice(*cost_line(cost, theta, direction))`.

    Args:
        steps: (n,), how far along the direction.
        costs: (n,), the cost there.
        path: (T, 2), for each moment of a descent where it was along the direction (see `path_in`) and its cost, which
            was measured where it really was, off the line: it need not lie on the curve.
        log: a logarithmic vertical axis.
        xlabel: what the direction is.

    ShapeError if shapes do not fit.

    Source: I. Goodfellow, O. Vinyals and A. Saxe, Qualitatively characterizing neural network optimization problems,
    ICLR 2015, section 3 (the cost on a line).

    >>> ax = cost_slice([-1.0, 0.0, 1.0], [1.0, 0.0, 1.0], path=[[-1.0, 1.2], [0.0, 0.0]])
    >>> len(ax.lines)
    3
    """
    x, y = array(steps).astype(float), array(costs).astype(float)
    if x.ndim != 1 or x.shape != y.shape:
        raise ShapeError(f"cost_slice got steps {x.shape} and costs {y.shape}: give one cost for each step, (n,)")
    ax, look = canvas(ax, theme)
    ax.plot(x, y, color=look.colour(0), linewidth=1.8, label="cost on the line")
    if path is not None:
        way = _way(path, "cost_slice")
        ax.plot(
            *way.T, color=look.colour(1), linewidth=0.8, marker="o", markersize=3, label="the descent, off the line",
        )  # fmt: skip
        ax.plot(*way[-1], color=look.ink, marker="*", markersize=11, linestyle="", label="where it ended")
        legend(ax, look, [(x, y), (way[:, 0], way[:, 1])])
    if log:
        ax.set_yscale("log")
    ax.set(xlabel=xlabel, ylabel="cost")
    ax.grid(color=look.quiet, alpha=0.25, linewidth=0.8)
    ax.set_axisbelow(True)
    return ax


def cost_surface(
    x: Any,
    y: Any,
    costs: Any,
    *,
    path: Any = None,
    shares: tuple[float, float] | None = None,
    log: bool = False,
    levels: int = 18,
    ax: Axes | None = None,
    theme: str | None = None,
) -> Axes:
    """A map of the cost on a plane through the weights: `cost_surface(*cost_grid(cost, theta, first, second))`.

    Args:
        x: (n,), steps along the first direction.
        y: (m,), steps along the second.
        costs: (m, n), the cost there.
        path: (T, 2), where a descent was, seen from the plane (see `path_in`); a single point is where it ended.
        shares: the shares of the path's variance along both directions, for the labels (see `principal_directions`).
        log: colours by the logarithm of the cost, which has to be above 0.
        levels: how many colours.

    ShapeError if shapes do not fit; ValueError for `log` and a cost that is not above 0, for one step only, and
    where no cost is finite.

    Source: H. Li et al., Visualizing the loss landscape of neural nets, NeurIPS 2018.

    >>> import numpy as np
    >>> x = np.linspace(-1, 1, 5)
    >>> ax = cost_surface(x, x, x**2 + x[:, None] ** 2, path=[[1, 1], [0.5, 0.5], [0, 0]])
    >>> ax.lines[0].get_xdata().tolist()
    [1.0, 0.5, 0.0]
    """
    right, up, heights = (array(values).astype(float) for values in (x, y, costs))
    if heights.shape != (*up.shape, *right.shape) or heights.ndim != 2:
        raise ShapeError(
            f"cost_surface got x {right.shape}, y {up.shape}, costs {heights.shape}: give (n,), (m,), (m, n)"
        )
    there = heights[np.isfinite(heights)]
    if min(heights.shape) < 2 or not there.size:
        raise ValueError(
            f"cost_surface got {heights.shape[1]} by {heights.shape[0]} costs, {there.size} of them finite: "
            "a map needs two steps along each direction, and a cost that is finite"
        )
    if log and not (heights[np.isfinite(heights)] > 0).all():
        raise ValueError("cost_surface: log=True needs costs above 0")
    ax, look = canvas(ax, theme, 6.4, 5)
    low, high = float(there.min()), float(there.max())
    if low == high:
        high = low + 1
    cuts = np.geomspace(low, high, levels + 1) if log else np.linspace(low, high, levels + 1)
    shades: dict[str, Any] = {}
    if log:
        from matplotlib.colors import LogNorm

        shades["norm"] = LogNorm(low, high)
    filled = ax.contourf(right, up, np.ma.masked_invalid(heights), cuts, cmap="viridis", **shades)
    ax.contour(right, up, np.ma.masked_invalid(heights), cuts, colors="#00000040", linewidths=0.5)
    ticks = cuts[:: max(1, levels // 6)].tolist()
    bar = colour_bar(ax, filled, look, "cost", pad=0.02)
    bar.set_ticks(ticks, labels=[f"{t:.2g}" for t in ticks])
    bar.ax.minorticks_off()
    if path is not None:
        way = _way(path, "cost_surface")
        marks: dict[str, Any] = {"markeredgecolor": "black", "linestyle": ""}
        if len(way) > 1:
            ax.plot(*way.T, color="black", linewidth=2.6)  # an edge to the white line
            ax.plot(
                *way.T, color="white", linewidth=1.2, marker="o", markersize=3.5, markeredgecolor="black",
                markeredgewidth=0.6, label="the descent, seen from here",
            )  # fmt: skip
            ax.plot(*way[0], color="white", marker="s", markersize=8, label="where it began", **marks)
        ax.plot(*way[-1], color="#ffd400", marker="*", markersize=13, label="where it ended", **marks)
        legend(ax, look, [(way[:, 0], way[:, 1])])
    ax.locator_params(nbins=7)
    parts = ("", "") if shares is None else tuple(f" ({100 * share:.0f} % of the path's variance)" for share in shares)
    ax.set(xlabel=f"first direction{parts[0]}", ylabel=f"second direction{parts[1]}")
    return ax


def _way(path: Any, name: str) -> Any:
    way = array(path).astype(float)
    if way.ndim != 2 or way.shape[1] != 2 or not len(way):
        raise ShapeError(f"{name} got a path of shape {way.shape}: give (T, 2)")
    return way
