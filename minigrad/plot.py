"""Pictures of learning, through matplotlib (`pip install "minigrad[mnist]"`). Each function draws on axes and returns them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#6e6e6e"  # told apart by every kind of colour vision (Okabe and Ito, 2008)


def figure(width: float = 7, height: float = 4.5) -> Figure:
    """An empty figure of so many inches, without a window. ImportError, with the remedy, if matplotlib is missing."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('pictures need matplotlib: pip install "minigrad[mnist]"') from error
    return Figure(figsize=(width, height), layout="constrained", dpi=120)


def learning_curve(axes: Axes, training: Sequence[float], unseen: Sequence[float]) -> Axes:
    """The share of digits read right after each epoch, in per cent: of the training digits, and of unseen ones."""
    epochs = np.arange(1, len(training) + 1)
    for name, values, colour, marker in (
        ("training digits", training, BLUE, "o"),
        ("unseen digits", unseen, ORANGE, "s"),
    ):
        axes.plot(epochs, values, color=colour, marker=marker, markersize=4, label=f"{name}: {values[-1]:.2f} %")
    axes.set(xlabel="epoch", ylabel="read right, %", title="How the network learned")
    axes.set_xlim(0.5, len(epochs) + 0.5)
    axes.locator_params(axis="x", integer=True, min_n_ticks=1)  # after one epoch too
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    return axes


def weight_images(axes: Axes, weight: Any, side: int = 28, columns: int = 8) -> Axes:
    """Each row of a weight matrix (neurons, side²) as an image: blue where a bright pixel excites the neuron, red where
    it inhibits it, one scale for all."""
    rows = np.asarray(weight).reshape(-1, side, side)
    limit = float(np.quantile(np.abs(rows), 0.99)) or 1.0
    _mosaic(axes, rows, [f"neuron {i}" for i in range(len(rows))], columns, cmap="RdBu", vmin=-limit, vmax=limit)
    axes.set_title("What each neuron looks for: blue excites it, red inhibits it", fontsize=10)
    return axes


def digits(axes: Axes, images: Any, titles: Sequence[str], columns: int = 10) -> Axes:
    """Images (N, height, width) of digits, dark on light, a title over each."""
    return _mosaic(axes, np.asarray(images), titles, columns, cmap="Greys")


def _mosaic(axes: Axes, images: np.ndarray[Any, Any], titles: Sequence[str], columns: int, **colours: Any) -> Axes:
    """Images in a grid, as one image: quicker by far than axes for each."""
    n, height, width = images.shape
    columns = max(min(columns, n), 1)
    gap, head = 4, 9  # pixels between columns, and above each image for its title
    lines = -(-n // columns)
    page = np.full((lines * (height + head), columns * (width + gap)), np.nan)
    for i, (image, title) in enumerate(zip(images, titles, strict=True)):
        top, left = (i // columns) * (height + head) + head, (i % columns) * (width + gap) + gap // 2
        page[top : top + height, left : left + width] = image
        axes.text(left + width / 2, top - 2, title, ha="center", va="bottom", fontsize=8)
    if n:
        axes.imshow(page, interpolation="nearest", **colours)
    axes.set_axis_off()
    return axes


def confusion(axes: Axes, table: Any) -> Axes:
    """How often each digit (row) was read as which (column): the mistakes shaded, the numbers written in."""
    table = np.asarray(table)
    wrong = table - np.diag(np.diag(table))
    most = max(int(wrong.max()), 1)
    axes.imshow(wrong, cmap="Oranges", vmin=0, vmax=most)
    for i, j in np.ndindex(*table.shape):
        if table[i, j]:
            colour = GREY if i == j else "white" if wrong[i, j] > 0.75 * most else "black"
            axes.text(j, i, str(table[i, j]), ha="center", va="center", fontsize=7, color=colour)
    axes.set(xticks=range(len(table)), yticks=range(len(table)), xlabel="read as", ylabel="digit", title="Mistakes")
    return axes
