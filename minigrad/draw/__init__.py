"""The graph as a picture: `minigrad.draw(loss)`.

Where things are:

* `survey.py` walks the graph and finds what there is to draw; `values.py` and `flow.py` find its numbers;
* `watch.py` watches a computation: which module did what, and what went wrong;
* `arrange.py` makes a large graph small: modules as boxes, repeats once, a neighbourhood;
* `figures.py` and `charts.py` turn arrays into the few numbers, heat maps and histograms that fit in a box;
* `dot.py` writes the DOT text, in the colours of `look.py`;
* `picture.py` has it laid out, shown and saved, by way of `svg.py`, `frames.py`, which makes room in
  frames, `export.py` and `page.py`, a page to step through.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minigrad.draw.picture import Picture
    from minigrad.draw.watch import trace

__all__ = ["draw", "trace"]

DIRECTIONS = ("LR", "TB", "RL", "BT")
THEMES = ("auto", "light", "dark")
HIDDEN = ("constants", "reshapes")


def draw(
    root: Any,
    *inputs: Any,
    names: Any = None,
    values: bool = True,
    gradients: bool = True,
    charts: bool = True,
    memory: bool = False,
    depth: int | None = None,
    expand: str | Sequence[str] = (),
    collapse: str | Sequence[str] = (),
    fold: bool = True,
    hide: str | Sequence[str] = (),
    focus: str | None = None,
    radius: int = 2,
    trace: trace | None = None,
    direction: str = "LR",
    theme: str = "auto",
    legend: bool = True,
    max_nodes: int | None = 300,
) -> Picture:
    """The recorded operations that `root` was computed by, as a picture that shows itself in a notebook.

    Every operation is a box with its name, its shape and dtype (if not float32), its result and the gradient that came
    back to it; every leaf is a box too. Up to eight numbers are shown as they are, a small matrix as a heat map, rows of
    square images as images, more as a histogram, with minimum, mean and maximum (NaN left out, and counted). An arrow per
    operand: two for `a * a`; dashed to a view, which shares memory. Where a gradient is the sum of several, each arrow
    carries its share.

    Values are the ones that the operations saw: kept ones, or else computed again from the leaves. One that is gone says
    so. Gradients are those that `backward` left; what it did not leave is computed for the picture where that is
    possible, which touches no `.grad` and calls no hook. A gradient that was not computed is a dash, never 0. The first
    operation that gave NaN is red.

    Args:
        root: what to draw: a tensor, or a list of them; a module, which is called on `inputs`; a `trace`; or an exception,
            for the operation that raised it, in red, and what led there.
        inputs: what to call a module on. If it raises, the picture shows how far it came.
        names: what to call the tensors: a dict from names to tensors (and modules, for their parameters), such as
            `locals()`; or a module.
        values: show the values.
        gradients: show the gradients.
        charts: show heat maps and histograms, and not only their minimum, mean and maximum.
        memory: show how many bytes each operation keeps for the backward pass.
        depth: how many levels of modules are open; those below are one box each. None opens all.
        expand: modules to open nevertheless, by path or class: "encoder.*", "Linear".
        collapse: modules to draw as one box.
        fold: draw equal blocks in a row once, marked "× 12".
        hide: "constants" (and unnamed inputs), "reshapes" (and other changes of shape).
        focus: draw only what is near to the tensors, operations or modules of this name (or pattern).
        radius: how many arrows far that is.
        trace: what watched the computation, which knows the modules: see `minigrad.draw.trace`.
        direction: where the arrows point: "LR" (left to right), "TB" (down), "RL" or "BT".
        theme: "light", "dark", or "auto" for the reader's own.
        legend: explain colours, rows and arrows.
        max_nodes: the number of boxes above which modules are closed, or only those nearest to the output are drawn; the
            picture says so. None for no limit.

    Returns the picture. `.source` is its DOT text, and needs nothing else; `.save("graph.svg")` and the like need
    `pip install "minigrad[draw]"` or an installed Graphviz.

    Raises TypeError if `root` is none of these, or `names` is neither a dict nor a module; ValueError for no tensors, or an
    unknown direction, theme, `hide` or `focus`.

    >>> import minigrad
    >>> w = minigrad.tensor(3.0, requires_grad=True)
    >>> y = w * w
    >>> y.backward()
    >>> picture = minigrad.draw(y, names={"w": w, "y": y})
    >>> print(picture.source.splitlines()[0])
    digraph minigrad {
    """
    from contextlib import nullcontext

    from minigrad.draw.arrange import Wish, arrange, folded, tidied, without
    from minigrad.draw.picture import Picture
    from minigrad.draw.sources import sources

    _check("direction", direction, DIRECTIONS)
    _check("theme", theme, THEMES)
    hidden = _listed(hide)
    for what in hidden:
        _check("hide", what, HIDDEN)
    found = sources(root, inputs, names, trace)
    with nullcontext() if found.seen is None else found.seen.restored():
        drawing = found.survey(values=values, gradients=gradients, charts=charts)
    wish = Wish(depth, _listed(expand), _listed(collapse), fold, hidden, focus, radius, max_nodes)
    whole = without(drawing, hidden)
    return Picture(
        arrange(drawing, wish),
        direction,
        legend=legend,
        memory=memory,
        theme=theme,
        whole=tidied(folded(whole) if fold else whole),
        partial=focus is not None,
    )


def _check(option: str, value: Any, known: Sequence[str]) -> None:
    """Refuse what is not known."""
    if value not in known:
        raise ValueError(f"draw: {option} {value!r}: use one of {', '.join(map(repr, known))}")


def _listed(patterns: str | Sequence[str]) -> tuple[str, ...]:
    """One or several, as a tuple."""
    return (patterns,) if isinstance(patterns, str) else tuple(patterns)


def __getattr__(name: str) -> Any:
    """`trace` is imported when it is asked for: it needs the modules of nn."""
    if name == "trace":
        from minigrad.draw.watch import trace

        return trace
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
