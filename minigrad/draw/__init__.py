"""The graph as a picture: `minigrad.draw(loss)`.

Where things are:

* `survey.py` walks the graph and finds what there is to draw: boxes, edges, values, gradients;
* `figures.py` turns arrays into the few numbers that fit in a box;
* `dot.py` writes the DOT text;
* `picture.py` has it laid out and shown, by graphviz-pure or by Graphviz.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minigrad.tensor import Tensor

if TYPE_CHECKING:
    from minigrad.draw.picture import Picture

__all__ = ["draw"]

DIRECTIONS = ("LR", "TB", "RL", "BT")


def draw(
    root: Tensor | Sequence[Tensor],
    *,
    names: Any = None,
    values: bool = True,
    gradients: bool = True,
    direction: str = "LR",
    legend: bool = True,
    max_nodes: int = 300,
) -> Picture:
    """The recorded operations that `root` was computed by, as a `graphviz.Digraph` that shows itself in a notebook.

    Every operation is a box with its name, its shape and dtype (if not float32), its result and the gradient that came
    back to it; every leaf is a box too. Up to eight numbers are shown as they are, more as their minimum, mean and
    maximum (NaN left out, and counted). An arrow per operand: two for `a * a`; dashed to a view, which shares memory.

    Values are the ones that the operations saw: kept ones, or else computed again from the leaves. One that is gone says
    so. Gradients are those that `backward` left; what it did not leave is computed for the picture where that is
    possible, which touches no `.grad` and calls no hook. A gradient that was not computed is a dash, never 0.

    Args:
        root: what to draw, one tensor or several.
        names: what to call the tensors: a dict from names to tensors (and modules, for their parameters), such as
            `locals()`; or a module.
        values: show the values.
        gradients: show the gradients.
        direction: where the arrows point: "LR" (left to right), "TB" (down), "RL" or "BT".
        legend: explain the shapes.
        max_nodes: the number of operations above which the picture is not laid out, because that could take minutes.

    Returns the picture. `.source` is its DOT text, and needs nothing else; `.render(outfile="graph.svg")` and
    `.pipe("png")` need `pip install "minigrad[draw]"` or an installed Graphviz.

    Raises TypeError if `root` is not made of tensors, or `names` is neither a dict nor a module; ValueError for no
    tensors or another direction.

    >>> import minigrad
    >>> w = minigrad.tensor(3.0, requires_grad=True)
    >>> y = w * w
    >>> y.backward()
    >>> picture = minigrad.draw(y, names={"w": w, "y": y})
    >>> print(picture.source.splitlines()[0])
    digraph minigrad {
    """
    from minigrad.draw.dot import write
    from minigrad.draw.survey import survey

    roots = _tensors(root)
    if direction not in DIRECTIONS:
        raise ValueError(f"draw: direction {direction!r}: use one of {', '.join(map(repr, DIRECTIONS))}")
    picture = write(survey(roots, names, values=values, gradients=gradients), direction, legend)
    picture.max_nodes = max_nodes
    return picture


def _tensors(root: Any) -> list[Tensor]:
    """The tensors to draw, as a list."""
    if isinstance(root, Tensor):
        return [root]
    if not isinstance(root, list | tuple) or not all(isinstance(item, Tensor) for item in root):
        what = f"a {type(root).__name__}"
        if isinstance(root, list | tuple):
            what = f"{what} with a {next(type(item).__name__ for item in root if not isinstance(item, Tensor))} in it"
        hint = ": call it on an input, and draw the result" if hasattr(root, "named_parameters") else ""
        raise TypeError(f"draw needs a tensor or a list of tensors, not {what}{hint}")
    if not root:
        raise ValueError("draw: an empty list: give at least one tensor")
    return list(root)
