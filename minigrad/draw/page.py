"""A page to step through a computation, forward and backward: one file that needs no network.

The picture in it is Graphviz's; `page.html` is the rest, and is filled in here.
"""

from __future__ import annotations

import json
import re
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from minigrad.draw.charts import as_svg
from minigrad.draw.export import head_of
from minigrad.draw.figures import Figures, size_of
from minigrad.draw.flow import bytes_text
from minigrad.draw.formulas import FORMULAS
from minigrad.draw.survey import Box, Edge, Survey
from minigrad.draw.svg import summary, text_of

if TYPE_CHECKING:
    from minigrad.draw.picture import Picture

MOST = 800  # boxes that a page opens; of a larger graph it shows what the picture shows


def page(picture: Picture) -> str:
    """The page of a picture, as HTML. Modules that are closed in the picture are closed in it, and can be opened."""
    whole = picture.whole if len(picture.whole.boxes) <= MOST and not picture.partial else picture.drawing
    closed = (
        [] if whole is picture.drawing else [i for i, cluster in enumerate(picture.drawing.clusters) if cluster.closed]
    )
    title = summary(whole)[0]
    content = data_of(whole, picture.direction, closed, picture.theme)
    content["title"], content["remarks"] = title, [*picture.meanings(), *picture.drawing.remarks]
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    template = files("minigrad.draw").joinpath("page.html").read_text("utf-8")
    svg = picture.laid_out(whole, below=False)
    parts = {"title": escape(title), "svg": svg, "data": text}
    return re.sub("@(title|svg|data)@", lambda found: parts[found[1]], template)


def data_of(drawing: Survey, direction: str, closed: list[int], theme: str) -> dict[str, Any]:
    """What the page's program needs to know."""
    operands: dict[int, list[Edge]] = {}
    for edge in drawing.edges:
        operands.setdefault(edge.head, []).append(edge)
    names = [short_name(drawn) for drawn in drawing.boxes]
    return {
        "direction": direction,
        "theme": theme,
        "operations": drawing.operations,
        "alarm": drawing.alarm,
        "closed": closed,
        "skip": 1 if len(drawing.boxes) > 1 and all(drawn.scope or drawn.node is None for drawn in drawing.boxes) else 0,
        "modules": [
            {
                "title": cluster.title, "kind": cluster.kind, "repeats": cluster.repeats, "operations": cluster.operations,
                "scope": scope_of(drawing, i),
            }
            for i, cluster in enumerate(drawing.clusters)
        ],
        "boxes": [
            box_of(drawing, drawn, operands.get(i, []), names)
            for i, drawn in enumerate(drawing.boxes)
        ],
        "edges": [{"tail": e.tail, "head": e.head, "place": e.place, "role": e.role, "share": e.share} for e in drawing.edges],
        "steps": steps(drawing, operands, names),
    }  # fmt: skip


def scope_of(drawing: Survey, call: int) -> list[int]:
    """A call and those it was made in, outermost first."""
    found: list[int] = []
    at: int | None = call
    while at is not None:
        found.insert(0, at)
        at = drawing.clusters[at].parent
    return found


def box_of(drawing: Survey, drawn: Box, edges: list[Edge], names: list[str]) -> dict[str, Any]:
    """A box, in words."""
    operands = [names[edge.tail] for edge in edges]
    forward = FORMULAS.get(drawn.operation, ("", ()))[0]
    return {
        "kind": drawn.kind,
        "name": drawn.name,
        "head": head_of(drawn),
        "operation": drawn.operation if drawn.node is not None or drawn.kind == "failed" else "",
        "scope": list(drawn.scope),
        "modules": [drawing.clusters[call].path for call in drawn.scope],
        "shape": f"{drawn.shape} {drawn.dtype}" if drawn.shape else f"one number, {drawn.dtype}" if drawn.dtype else "",
        "formula": filled(forward, operands) or (f"{drawn.operation}({', '.join(operands)})" if drawn.node else ""),
        "numbers": in_numbers(forward, [drawing.boxes[edge.tail] for edge in edges], drawn),
        "value": words(drawn.value),
        "value_chart": picture_of(drawn.value),
        "gradient": words(drawn.gradient),
        "gradient_chart": picture_of(drawn.gradient),
        "kept": bytes_text(drawn.kept) if drawn.kept else "",
        "line": drawn.line,
        "fault": drawn.fault,
    }


def one_number(drawn: Box | None, content: Figures | None) -> str:
    """A value that is one number, as it stands in a formula; '' for any other."""
    if drawn is None or drawn.shape or content is None or content.remark or content.cells in (("—",), ("freed",)):
        return ""
    text = content.cells[0]
    return f"({text})" if text.startswith("-") else text


def in_numbers(template: str, operands: list[Box], drawn: Box, g: str = "g") -> str:
    """A formula with numbers in it, if all of them are single numbers."""
    inputs = [one_number(operand, operand.value) for operand in operands]
    result = one_number(drawn, drawn.value)
    return filled(template, inputs, g, result) if template not in ("", "{g}") and result and all(inputs) else ""


def short_name(drawn: Box) -> str:
    """What an operand is called in a formula."""
    if drawn.kind == "constant" and not drawn.shape and drawn.value is not None and not drawn.value.remark:
        return drawn.value.cells[0]
    return drawn.name or drawn.operation or drawn.kind


def words(content: Figures | None) -> str:
    """The numbers of a value, those of a small matrix row by row."""
    if content is None:
        return ""
    if content.cells == ("—",):
        return "— (not computed)"
    return content.cells[0] if len(content.cells) == 1 and not content.remark else text_of(content)


def picture_of(content: Figures | None) -> str:
    """The chart of a value, as an SVG of its own."""
    if content is None or content.chart is None:
        return ""
    width, height = size_of(content.chart)
    inner = as_svg(content.chart, 0, 0, width, height)
    return (
        f'<svg class="minigrad-graph" role="img" aria-label="chart" width="{2 * width}" '
        f'viewBox="-1 -1 {width + 2} {height + 2}">{inner}</svg>'
    )


def filled(template: str, names: list[str], g: str = "g", z: str = "z") -> str:
    """A formula with the names, or the numbers, of the operands in it."""
    try:
        return template.format(*names, g=g, z=z)
    except IndexError:  # an operation that was called with fewer operands than its formula has
        return ""


def steps(drawing: Survey, operands: dict[int, list[Edge]], names: list[str]) -> list[dict[str, Any]]:
    """The operations in the order in which they were computed, then those that gradients came back to, in reverse."""
    order = [
        i
        for i, drawn in enumerate(drawing.boxes)
        if drawn.node is not None or (drawn.kind == "failed" and i in operands)
    ]
    found: list[dict[str, Any]] = [{"box": i, "backward": False} for i in order]
    total: dict[int, int] = {}
    for edge in drawing.edges:
        if edge.share:
            total[edge.tail] = total.get(edge.tail, 0) + 1
    came: dict[int, list[str]] = {}
    for i in reversed(order):
        drawn = drawing.boxes[i]
        if drawn.gradient is None or drawn.gradient.cells == ("—",):
            continue
        formulas = FORMULAS.get(drawn.operation, ("", ()))[1]
        gradient = one_number(drawn, drawn.gradient)
        inputs = [names[edge.tail] for edge in operands.get(i, ())]
        shares = []
        for edge in operands.get(i, ()):
            rule = drawn.rules[edge.place] if edge.place < len(drawn.rules) else ""
            if not edge.share and not rule:
                continue
            so_far = came.setdefault(edge.tail, [])
            so_far.append(edge.share)
            template = formulas[edge.place] if edge.place < len(formulas) else ""
            formula = filled(template, inputs)
            numbers = (
                in_numbers(template, [drawing.boxes[other.tail] for other in operands[i]], drawn, gradient)
                if gradient
                else ""
            )
            shares.append(
                {
                    "place": edge.place, "rule": rule, "formula": formula or rule, "numbers": numbers, "number": len(so_far),
                    "of": max(total.get(edge.tail, 0), len(so_far)), "sum": sum_of(so_far),
                }
            )  # fmt: skip
        found.append({"box": i, "backward": True, "shares": shares})
    return found


def sum_of(shares: list[str]) -> str:
    """'-3 + 1 = -2', for shares that are numbers."""
    try:
        total = sum(map(float, shares))
    except ValueError:
        return ""
    text = f"{total + 0.0:.4g}"
    return (
        " + ".join(f"({share})" if share[0] == "-" else share for share in shares) + f" = {text}"
        if len(shares) > 1
        else text
    )
