"""All weights at once: as strips of numbers, and as links between neurons."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.errors import ShapeError
from minigrad.plot.style import Array, Look, array, canvas, extent

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def strips(
    weights: Sequence[Any],
    gradients: Sequence[Any],
    *,
    names: Sequence[str] | None = None,
    rows: int = 24,
    ax: Axes | None = None,
    theme: str | None = None,
) -> Axes:
    """All weights of a network, and below them the gradient with its sign turned, as two long strips of numbers.

    Args:
        weights: the parameters in their order, of any shape. A layer is a matrix, with what follows of one dimension.
        gradients: of the cost, one for each parameter and of its shape.
        names: of the layers, for the brackets; "layer 1" and so on if None.
        rows: how many numbers stand above each other. Read down, then right. Each layer begins a column of its own.

    Blue is positive, red negative; each strip has a scale of its own, written beside it: the number that 99 % of its
    numbers are within. The lower strip is the direction in which to move the weights: -gradient. ShapeError if shapes do
    not fit.

    >>> import numpy as np
    >>> ax = strips([np.ones((3, 4)), np.ones(3)], [np.ones((3, 4)), np.zeros(3)], rows=5)
    >>> [image.get_array().shape for image in ax.images]
    [(5, 3), (5, 3)]
    """
    given = list(gradients)
    if any(g is None for g in given):
        raise ShapeError("strips got None for a gradient: call backward() first, or give zeros of its shape")
    own, slopes = [array(w).astype(float) for w in weights], [array(g).astype(float) for g in given]
    if not own or [w.shape for w in own] != [g.shape for g in slopes]:
        raise ShapeError(
            f"strips got weights of shapes {[w.shape for w in own]} and gradients of shapes {[g.shape for g in slopes]}: "
            "give a gradient for each, of its shape"
        )
    starts = [i for i, w in enumerate(own) if w.ndim > 1 or i == 0] + [len(own)]
    layers = [slice(a, b) for a, b in pairwise(starts)]
    called = [f"layer {i + 1}" for i in range(len(layers))] if names is None else list(names)
    if len(called) != len(layers):
        raise ShapeError(f"strips got {len(called)} names for {len(layers)} layers: give one for each")
    counts = [sum(w.size for w in own[layer]) for layer in layers]
    gap = max(1, sum(counts) // rows // 100) if len(counts) > 1 else 0
    ax, look = canvas(ax, theme, 9, 3.4)
    ticks: list[float] = []
    labels: list[str] = []
    spans: list[tuple[int, int]] = []
    for name, parts, sign, top in (("weights", own, 1, 1.0), ("−gradient", slopes, -1, -0.75)):
        pages, spans = [], []
        at = 0
        for layer, count in zip(layers, counts, strict=True):
            flat = np.full(-(-count // rows) * rows, np.nan)
            flat[:count] = np.concatenate([sign * part.reshape(-1) for part in parts[layer]])
            page = flat.reshape(-1, rows).T
            spans.append((at, at + page.shape[1]))
            pages += [page, np.full((rows, gap), np.nan)]
            at += page.shape[1] + gap
        page = np.concatenate(pages[:-1], 1)
        limit = extent(page)
        ax.imshow(
            page, extent=(0, page.shape[1], top - 1, top), aspect="auto", interpolation="none", cmap=look.diverging,
            vmin=-limit, vmax=limit,
        )  # fmt: skip
        ticks.append(top - 0.5)
        labels.append(f"{name}\ndeepest: ±{limit:.2g}")
    _brackets(ax, look, spans, [f"{n}\n{c:,} numbers" for n, c in zip(called, counts, strict=True)])
    ax.set(xlim=(0, spans[-1][1]), ylim=(-1.8, 1.05), xticks=[])
    ax.set_yticks(ticks, labels)
    ax.tick_params(axis="y", length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_title(
        f"all {sum(counts):,} weights and biases: blue is positive, red negative", fontsize="medium",
        color=look.ink,
    )  # fmt: skip
    return ax


def _brackets(ax: Axes, look: Look, spans: list[tuple[int, int]], labels: list[str]) -> None:
    """A bracket below each span, with its label where there is room for it."""
    width = spans[-1][1]
    room = 0.13 * width
    places = [(a + b) / 2 for a, b in spans]
    right = width - room / 2
    for i in reversed(range(len(places))):  # pushed to the left by what stands right of it
        places[i] = right = min(places[i], right)
        right -= room
    for (a, b), place, label in zip(spans, places, labels, strict=True):
        ax.plot([a, a, b, b], [-0.05, -0.12, -0.12, -0.05], color=look.ink, linewidth=1, clip_on=False)
        ax.plot([(a + b) / 2, place], [-0.12, -0.25], color=look.ink, linewidth=0.8)
        ax.text(place, -0.27, label, ha="center", va="top", fontsize="small", color=look.ink, linespacing=1.2)


def nudges(
    gradients: Sequence[Any],
    *,
    image: Any = None,
    activations: Sequence[Any] | None = None,
    strongest: int = 150,
    names: Sequence[str] | None = None,
    ax: Axes | None = None,
    theme: str | None = None,
) -> Axes:
    """How one digit wants to change each link of the network: thick by size, blue for more, red for less.

    Args:
        gradients: of the cost for this digit, one matrix (neurons, inputs) for each layer. A link's nudge is -gradient.
        image: (height, width), the digit; its pixels are the first layer's inputs, and links start at them.
        activations: of each layer after the input, which shade the neurons: 0 is paper and 1 is ink.
        strongest: how many links to draw at most; the picture says how many there are, and how many in each layer.
        names: of the last layer's neurons.

    A gradient of 0, or one that is no number, has no link. ShapeError if shapes do not fit.

    >>> import numpy as np
    >>> ax = nudges([np.array([[0.5, 0.0], [-1.0, 0.1]])], strongest=2)
    >>> ax.get_title()
    'the 2 strongest of 4 nudges: blue up, red down; the thickest is 1'
    """
    from matplotlib.collections import LineCollection

    nudge = [-array(g).astype(float) for g in gradients]
    if not nudge or any(g.ndim != 2 for g in nudge) or any(a.shape[0] != b.shape[1] for a, b in pairwise(nudge)):
        raise ShapeError(
            f"nudges got gradients of shapes {[g.shape for g in nudge]}: give one (neurons, inputs) for each layer, in order"
        )
    picture = None if image is None else array(image).astype(float)
    if picture is not None and (picture.ndim != 2 or picture.size != nudge[0].shape[1]):
        raise ShapeError(
            f"nudges got an image {picture.shape} for a first layer of {nudge[0].shape[1]} inputs: give (height, width)"
        )
    shades = None if activations is None else [array(a).astype(float).reshape(-1) for a in activations]
    if shades is not None and [len(a) for a in shades] != [len(g) for g in nudge]:
        raise ShapeError(
            f"nudges got activations of {[len(a) for a in shades]} neurons for layers of {[len(g) for g in nudge]}: "
            "give those of each layer after the input"
        )
    outputs = [str(i) for i in range(len(nudge[-1]))] if names is None else list(names)
    if len(outputs) != len(nudge[-1]):
        raise ShapeError(f"nudges got {len(outputs)} names for {len(nudge[-1])} outputs: give one for each")
    ax, look = canvas(ax, theme, 8, 4.2)
    places = [_inputs(nudge[0].shape[1], picture)] + [_column(1 + 0.62 * i, len(g)) for i, g in enumerate(nudge)]
    if picture is not None:
        ax.imshow(picture, extent=(-0.4, 0.4, 0.1, 0.9), cmap=look.strokes)
    sizes = np.concatenate([np.nan_to_num(np.abs(g), nan=0.0, posinf=0.0).reshape(-1) for g in nudge])
    drawn = min(strongest, int((sizes > 0).sum()))
    chosen = np.zeros(len(sizes), bool)
    chosen[np.argsort(-sizes, kind="stable")[:drawn]] = True
    most = float(sizes.max()) or 1.0
    shown, before = [], 0
    for layer, g in enumerate(nudge):
        to, origin = np.nonzero(chosen[before : before + g.size].reshape(g.shape))
        before += g.size
        order = np.argsort(np.abs(g[to, origin]))  # the strongest on top
        to, origin = to[order], origin[order]
        strength = np.abs(g[to, origin]) / most
        colours = look.diverging(0.5 + 0.5 * np.sign(g[to, origin]) * (0.35 + 0.5 * strength))
        lines = np.stack([places[layer][origin], places[layer + 1][to]], 1)
        ax.add_collection(LineCollection(list(lines), linewidths=0.3 + 4 * strength, colors=colours, zorder=2))
        shown.append(f"{len(to):,} of {g.size:,} links")
    if picture is None and len(places[0]) <= 64:
        ax.scatter(places[0][:, 0], places[0][:, 1], s=12, color=look.quiet, zorder=3)
    for layer, spots in enumerate(places[1:]):
        fill = look.strokes(np.clip(shades[layer], 0, 1)) if shades is not None else [look.paper] * len(spots)
        ax.scatter(spots[:, 0], spots[:, 1], s=70, c=fill, edgecolors=look.quiet, linewidths=1, zorder=3)
    for (x, y), name in zip(places[-1], outputs, strict=True):
        ax.text(x + 0.06, y, name, va="center", color=look.ink, fontsize="small")
    for layer, text in enumerate(shown):
        x = (places[layer].mean(0)[0] + places[layer + 1][0, 0]) / 2
        ax.text(x, -0.04, text, ha="center", va="top", fontsize="small", color=look.ink)
    ax.set(xlim=(-0.45, places[-1][0, 0] + 0.2), ylim=(-0.1, 1.0), aspect="equal")
    ax.set_axis_off()
    ax.set_title(
        f"the {drawn:,} strongest of {sizes.size:,} nudges: blue up, red down; the thickest is {most:.2g}",
        fontsize="medium", color=look.ink,
    )  # fmt: skip
    return ax


def _inputs(n: int, picture: Array | None) -> Array:
    """Where the inputs stand, (n, 2): at the pixels of the image, or in a column."""
    if picture is None:
        return _column(0.4, n)
    height, width = picture.shape
    y, x = np.mgrid[0:height, 0:width].reshape(2, -1)
    return np.stack([-0.4 + 0.8 * (x + 0.5) / width, 0.9 - 0.8 * (y + 0.5) / height], 1)


def _column(x: float, n: int) -> Array:
    """Where n neurons stand above each other, (n, 2)."""
    return np.stack([np.full(n, x), 1 - (np.arange(n) + 0.5) / n], 1)
