"""Right and wrong answers as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.errors import ShapeError
from minigrad.plot.style import array, canvas, colour_bar, legible_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def confusion(
    table: Any,
    *,
    names: Sequence[str] | None = None,
    ax: Axes | None = None,
    theme: str | None = None,
) -> Axes:
    """How often each digit (row) was read as which (column): the count, and below it the share of the row.

    Args:
        table: (classes, classes), counts of right and wrong answers: row i, column j counts i read as j.
        names: of the classes; 0, 1, 2, ... if None.

    Mistakes are shaded by their share, so a rare digit's weigh as much as a frequent one's; right answers, on the
    diagonal, have a colour of their own. Each row's name carries its total. ShapeError for a table that is not square.

    >>> ax = confusion([[8, 2], [0, 5]])
    >>> [text.get_text() for text in ax.texts]
    ['8\\n80 %', '2\\n20 %', '5\\n100 %']
    """
    counts = array(table)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ShapeError(f"confusion got a table of shape {counts.shape}: give counts (classes, classes)")
    n = len(counts)
    called = [str(i) for i in range(n)] if names is None else list(names)
    if len(called) != n:
        raise ShapeError(f"confusion got {len(called)} names for {n} classes: give one for each")
    totals = counts.sum(1)
    shares = 100 * counts / np.maximum(totals, 1)[:, None]
    mistakes = np.where(np.eye(n, dtype=bool), np.nan, shares)
    most = float(np.nanmax(mistakes)) if n > 1 else 0.0
    ax, look = canvas(ax, theme, 1.8 + 0.62 * max(n, 3), 1.0 + 0.55 * max(n, 3))
    image = ax.imshow(mistakes, cmap=look.heat, vmin=0, vmax=most or 1.0)
    ax.imshow(np.where(np.eye(n, dtype=bool), 1.0, np.nan), cmap=_one(look.good))
    for i, j in np.ndindex(n, n):
        if counts[i, j]:
            paper = look.good if i == j else image.to_rgba(mistakes[i, j])
            share = f"{shares[i, j]:.0f} %" if shares[i, j] >= 9.5 or shares[i, j] == 0 else f"{shares[i, j]:.1f} %"
            ax.text(
                j, i, f"{counts[i, j]:,}\n{share}", ha="center", va="center", fontsize="x-small", color=legible_on(paper),
                linespacing=1.1,
            )  # fmt: skip
    ax.set_xticks(range(n), called)
    ax.set_yticks(range(n), [f"{name}  ({total:,})" for name, total in zip(called, totals.tolist(), strict=True)])
    ax.set(xlabel="read as", ylabel="what it is (how many)")
    colour_bar(ax, image, look, "mistakes, % of the row", shrink=0.8, pad=0.02)
    wrong = int(counts.sum() - np.trace(counts))
    ax.set_title(f"{wrong:,} of {int(counts.sum()):,} read wrong", fontsize="medium", color=look.ink)
    return ax


def _one(colour: str) -> Any:
    """A map of one colour, and nothing where there is no number."""
    from matplotlib.colors import ListedColormap

    return ListedColormap([colour]).with_extremes(bad=(0, 0, 0, 0))
