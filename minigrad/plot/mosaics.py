"""Images side by side: digits, the rows of a layer's weights, the worst mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.errors import ShapeError
from minigrad.plot.style import Array, Look, array, canvas, colour_bar, extent, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def digits(
    images: Any,
    titles: Sequence[str] | None = None,
    *,
    columns: int = 10,
    ax: Axes | None = None,
    theme: str | None = None,
) -> Axes:
    """Images (N, height, width) of digits, dark on light paper and light on dark paper, a title over each.

    ValueError if there are not as many titles as images, ShapeError for images of another shape.

    >>> import numpy as np
    >>> ax = digits(np.eye(3).reshape(1, 3, 3), ["a stroke"])
    >>> ax.texts[0].get_text()
    'a stroke'
    """
    pixels = array(images)
    if pixels.ndim != 3:
        raise ShapeError(f"digits got images of shape {pixels.shape}: give (N, height, width), x.reshape(-1, 28, 28)")
    names = [""] * len(pixels) if titles is None else list(titles)
    if len(names) != len(pixels):
        raise ShapeError(f"digits got {len(names)} titles for {len(pixels)} images: give one for each")
    ax, look = canvas(ax, theme, *_size(pixels, names, columns, 0.95))
    return _mosaic(ax, look, pixels, names, columns, cmap=look.strokes)


def weight_images(
    weight: Any,
    *,
    shape: tuple[int, int] | None = None,
    names: Sequence[str] | None = None,
    columns: int = 8,
    limit: float | None = None,
    ax: Axes | None = None,
    theme: str | None = None,
) -> Axes:
    """Each row of a weight matrix (neurons, inputs) as an image: blue where a bright pixel excites the neuron, red where
    it inhibits it, one scale for all, with a bar that explains it.

    Args:
        weight: (neurons, inputs), or (neurons, height, width).
        shape: height and width of the image; a square if None.
        names: what to write over each; "neuron 0" and so on if None.
        columns: how many stand in a row.
        limit: the number of the deepest blue; if None, 99 % of all weights are within it.

    ShapeError if the inputs do not fill such an image.

    >>> import minigrad
    >>> ax = weight_images(minigrad.nn.Linear(784, 16).weight)
    >>> len(ax.texts)
    16
    """
    rows = array(weight)
    if rows.ndim == 2:
        side = isqrt(rows.shape[1])
        shape = (side, side) if shape is None else shape
        if shape[0] * shape[1] != rows.shape[1]:
            raise ShapeError(
                f"weight_images: rows of {rows.shape[1]} weights are no images of {shape[0]} by {shape[1]}: "
                f"give shape=(height, width)"
            )
        rows = rows.reshape(-1, *shape)
    if rows.ndim != 3:
        raise ShapeError(f"weight_images got weights of shape {rows.shape}: give (neurons, inputs)")
    titles = [f"neuron {i}" for i in range(len(rows))] if names is None else names
    limit = extent(rows) if limit is None else limit
    ax, look = canvas(ax, theme, *_size(rows, titles, columns, 1.1))
    _mosaic(ax, look, rows, titles, columns, cmap=look.diverging, vmin=-limit, vmax=limit)
    beyond = bool((np.abs(rows) > limit).any())
    if len(rows):
        colour_bar(
            ax, ax.images[-1], look, "weight", extend="both" if beyond else "neither", shrink=0.7, aspect=25, pad=0.01
        )
    ax.set_title(
        "a bright pixel excites the neuron where blue, inhibits it where red", fontsize="medium", color=look.ink
    )
    return ax


def mistakes(
    images: Any,
    labels: Any,
    outputs: Any,
    *,
    count: int = 24,
    columns: int = 8,
    costs: Any = None,
    names: Sequence[str] | None = None,
    ax: Axes | None = None,
    theme: str | None = None,
) -> Axes:
    """What was read wrong, the worst first: "7 read as 4, 98 %".

    Args:
        images: (N, height, width), of all that was read.
        labels: (N,), what they are.
        outputs: (N, classes), what the network said; the largest is its answer.
        count: how many mistakes to show at most.
        columns: how many stand in a row.
        costs: (N,), how wrong each is. If None: -log of the probability of the right answer if each row of outputs holds
            probabilities that sum to 1; else the squared error, Σ (output - wanted)².
        names: of the classes; 0, 1, 2, ... if None.

    The number is the output for what it was read as: in per cent if outputs are probabilities, else as it is, because
    ten separate sigmoids are no probabilities of ten answers. The title says how many mistakes there are. ShapeError if
    shapes do not fit, ValueError for a label that no output is for.

    >>> import numpy as np
    >>> ax = mistakes(np.zeros((2, 28, 28)), [7, 1], np.eye(10)[[4, 1]])
    >>> ax.texts[0].get_text()
    '7 read as 4\\n100 %'
    """
    pixels, right, said = array(images), array(labels).astype(int), array(outputs).astype(float)
    if pixels.ndim != 3 or said.ndim != 2 or not len(pixels) == len(right) == len(said):
        raise ShapeError(
            f"mistakes got images {pixels.shape}, labels {right.shape}, outputs {said.shape}: "
            "give (N, height, width), (N,) and (N, classes)"
        )
    classes = said.shape[1]
    if len(right) and not (classes and right.min() >= 0 and right.max() < classes):
        raise ValueError(
            f"mistakes got labels from {right.min()} to {right.max()} for {classes} outputs: give 0 to {classes - 1}"
        )
    guessed = said.argmax(1) if len(right) else right
    likely = bool((said >= 0).all()) and bool(np.allclose(said.sum(1), 1, atol=1e-3))
    wrongness = _costs(said, right, likely) if costs is None else array(costs).astype(float)
    if wrongness.shape != right.shape:
        raise ShapeError(f"mistakes got costs of shape {wrongness.shape} for {len(right)} images: give one for each")
    wrong = np.flatnonzero(guessed != right)
    shown = wrong[np.argsort(-wrongness[wrong], kind="stable")][:count]
    called = [str(i) for i in range(said.shape[1])] if names is None else names
    titles = [
        f"{called[right[i]]} read as {called[guessed[i]]}\n"
        + (f"{short(100 * said[i, guessed[i]], 0, 100)} %" if likely else short(said[i, guessed[i]], 2, 1))
        for i in shown
    ]
    ax, look = canvas(ax, theme, *_size(pixels[shown], titles, columns, 1.05))
    _mosaic(ax, look, pixels[shown], titles, columns, cmap=look.strokes)
    share = f"{len(wrong):,} of {len(right):,} were read wrong"
    rest = f"; the {len(shown)} worst, the very worst first" if len(shown) else ""
    ax.set_title(share + rest, fontsize="medium", color=look.ink)
    return ax


def _costs(outputs: Array, labels: Array, likely: bool) -> Array:
    """How wrong each row of outputs is."""
    if likely:
        with np.errstate(divide="ignore"):
            return np.asarray(-np.log(outputs[np.arange(len(labels)), labels]))
    return np.asarray(((outputs - np.eye(outputs.shape[1])[labels]) ** 2).sum(1))


def _spaces(images: Array, titles: Sequence[str]) -> tuple[int, int]:
    """Pixels between the columns, and above each image for its title: in proportion to the images."""
    gap = max(1, images.shape[2] // 7)
    lines = max((title.count("\n") + 1 for title in titles if title), default=0)
    return gap, round((0.07 + 0.23 * lines) * images.shape[1]) if lines else gap


def _size(images: Array, titles: Sequence[str], columns: int, inches: float) -> tuple[float, float]:
    """Inches that a mosaic needs whose columns are so wide, a title above it all included."""
    n, height, width = images.shape
    gap, head = _spaces(images, titles)
    columns = max(min(columns, n), 1)
    return max(3.0, columns * inches), 0.45 + inches / (width + gap) * max(1, -(-n // columns)) * (height + head)


def _mosaic(ax: Axes, look: Look, images: Array, titles: Sequence[str], columns: int, **colours: Any) -> Axes:
    """Images in a grid, as one image: quicker by far than axes for each."""
    n, height, width = images.shape
    columns = max(min(columns, n), 1)
    gap, head = _spaces(images, titles)
    page = np.full((-(-n // columns) * (height + head), columns * (width + gap)), np.nan)
    for i, (image, title) in enumerate(zip(images, titles, strict=True)):
        top, left = (i // columns) * (height + head) + head, (i % columns) * (width + gap) + gap // 2
        page[top : top + height, left : left + width] = image
        if title:
            ax.text(
                left + width / 2 - 0.5, top - 1 - height / 28, title, ha="center", va="bottom", fontsize="small",
                color=look.ink, linespacing=1.1,
            )  # fmt: skip
    if n:
        ax.imshow(page, interpolation="none", **colours)
    ax.set_axis_off()
    return ax
