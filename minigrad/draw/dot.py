"""The DOT text of a picture: a shape and a colour per kind of box, a table of numbers in each.

Source of the colours: M. Okabe and K. Ito, Color Universal Design, 2008, as borders and, lightened, as fills. Shapes
say the same as colours, and every text has a contrast of at least 4.5 to 1 with what it stands on.
"""

from __future__ import annotations

from html import escape
from itertools import pairwise
from textwrap import wrap
from typing import Any

import graphviz
import numpy as np

from minigrad.draw.figures import Figures
from minigrad.draw.picture import Picture
from minigrad.draw.survey import Box, Survey

KINDS = {
    "input": {"shape": "note", "style": "filled", "fillcolor": "#dceefb", "color": "#0072b2"},
    "parameter": {"shape": "component", "style": "filled", "fillcolor": "#fdeccc", "color": "#b06a00"},
    "constant": {"shape": "ellipse", "style": "filled", "fillcolor": "#eeeeee", "color": "#666666"},
    "operation": {"shape": "box", "style": "filled,rounded", "fillcolor": "#ffffff", "color": "#444444"},
    "output": {"shape": "box", "style": "filled,rounded", "fillcolor": "#d3efe4", "color": "#00745a"},
}
INK, MUTED, ALARM = "#111111", "#444444", "#a32000"
FONT = "Helvetica"  # its widths are known wherever the text is laid out, and Arial and Arimo share them
SMALL_PRINT = "9"
GAP = "  "  # ordinary spaces, which are kept: others are taken for as wide as their bytes in UTF-8
LONGEST = 36  # characters of a name
LINE = 76  # characters of a remark

# What operands are called, where their order matters; others that are not SYMMETRIC are numbered.
OPERANDS = {
    "sub": ("left", "right"), "div": ("left", "right"), "floor_divide": ("left", "right"),
    "remainder": ("left", "right"), "matmul": ("left", "right"), "pow": ("base", "exponent"),
    "where": ("condition", "if true", "if false"), "clamp": ("input", "min", "max"), "linear": ("input", "weight", "bias"),
    "squared_error": ("input", "target"), "mse_loss": ("input", "target"), "assign": ("into", "value"),
}  # fmt: skip
SYMMETRIC = {"add", "mul", "maximum", "minimum"}
# Operations that only other operations call, by what they do.
PUBLIC = {
    "swap": "transpose", "as_view": "reshape", "root": "sqrt", "put": "assign", "write_through": "assign",
}  # fmt: skip


def write(drawing: Survey, direction: str, legend: bool) -> Picture:
    """The picture, as DOT text that is the same on every run."""
    picture = Picture("minigrad")
    picture.operations = sum(drawn.node is not None for drawn in drawing.boxes)
    picture.attr("graph", rankdir=direction, bgcolor="white", nodesep="0.15", ranksep="0.35", pad="0.1", fontname=FONT)
    picture.attr("node", fontname=FONT, fontsize="11", fontcolor=INK, penwidth="1.2", margin="0.09,0.05")
    picture.attr("node", height="0.2", width="0.2", **KINDS["operation"])
    picture.attr("edge", fontname=FONT, fontsize=SMALL_PRINT, fontcolor=MUTED, color="#555555", arrowsize="0.7")
    for i, drawn in enumerate(drawing.boxes):
        double = {"peripheries": "2"} if drawn.root else {}
        kind = {} if drawn.kind == "operation" else KINDS[drawn.kind]  # operations are the default
        picture.node(f"n{i}", label(drawn), **kind, **double)
    for edge in drawing.edges:
        dashed = {"style": "dashed"} if edge.view else {}
        role = operand_name(drawing.boxes[edge.head], edge.place)
        picture.edge(f"n{edge.tail}", f"n{edge.head}", role and f" {role} ", **dashed)
    remarks = drawing.remarks
    if legend:
        add_legend(picture, drawing)
        remarks = [*meanings(drawing), *remarks]
    if remarks:
        lines = [line for remark in remarks for line in wrap(remark, LINE, subsequent_indent="    ")]
        text = "".join(graphviz.escape(line) + r"\l" for line in lines)
        picture.attr("graph", label=text, labelloc="b", labeljust="l", fontsize=SMALL_PRINT, fontcolor=MUTED)
    return picture


# ── boxes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def label(drawn: Box) -> str:
    """What stands in a box: a table of its name, its shape, a row for the value and one for the gradient."""
    if drawn.kind == "constant" and drawn.value is not None and not drawn.value.remark:
        return drawn.value.cells[0] + (f"  {drawn.dtype}" if drawn.dtype != "float32" else "")
    rows = [
        (title, content)
        for title, content in (("value", drawn.value), ("grad*" if drawn.computed else "grad", drawn.gradient))
        if content is not None
    ]
    columns = max((len(content.cells) for _, content in rows), default=0) + 1
    lines = [line(cell(heading(drawn), columns))]
    if columns > 2:
        lines.append(line(cell(""), *(cell(small(GAP + word), align="RIGHT") for word in ("min", "mean", "max"))))
    for title, content in rows:
        lines += row(title, content, columns)
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{"".join(lines)}</TABLE>>'


def heading(drawn: Box) -> str:
    """'loss = squared_error  scale=0.1  (10, 16) float64'."""
    if drawn.node is None:
        title, rest = drawn.name or drawn.kind, []
    else:
        operation = operation_name(drawn.node.name)
        title, rest = (f"{drawn.name} = {operation}" if drawn.name else operation), settings(drawn.node.kwargs)
    rest += [str(drawn.shape)] if drawn.shape else []
    rest += [drawn.dtype] if drawn.dtype != "float32" else []
    words = [f"<B>{plain(shortened(title))}</B>", *(tint(plain(word), MUTED) for word in rest)]
    return GAP.join(words)


def row(title: str, content: Figures, columns: int) -> list[str]:
    """A row of numbers, with a small one below it for a remark."""
    name = cell(tint(title + GAP, MUTED))
    if len(content.cells) == 1:
        lines = [line(name, cell(numbers(content.cells[0], content.alarm), columns - 1, "RIGHT"))]
    else:
        lines = [line(name, *(cell(numbers(GAP + text, content.alarm), align="RIGHT") for text in content.cells))]
    if content.remark:
        lines.append(line(cell(small(content.remark, ALARM if content.alarm else MUTED), columns, "RIGHT")))
    return lines


def line(*cells: str) -> str:
    """A row of a table."""
    return f"<TR>{''.join(cells)}</TR>"


def cell(text: str, span: int = 1, align: str = "LEFT") -> str:
    """A cell of a table, `span` columns wide."""
    wide = f' COLSPAN="{span}"' if span > 1 else ""
    return f'<TD ALIGN="{align}"{wide}>{text}</TD>'


def tint(text: str, colour: str) -> str:
    """Text in a colour."""
    return f'<FONT COLOR="{colour}">{text}</FONT>'


def small(text: str, colour: str = MUTED) -> str:
    """Small print."""
    return f'<FONT POINT-SIZE="{SMALL_PRINT}" COLOR="{colour}">{plain(text)}</FONT>'


def plain(text: str) -> str:
    """Text for an HTML-like label."""
    return escape(text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text))


def numbers(text: str, alarm: bool) -> str:
    """Numbers, in one line or in several aligned on the left; NaN and infinity stand out."""
    html = "".join(plain(part) + '<BR ALIGN="LEFT"/>' for part in text.split("\n")) if "\n" in text else plain(text)
    return tint(html, ALARM) if alarm else html


def shortened(name: str) -> str:
    """A name, cut if it is too long for a box."""
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"


def operation_name(name: str) -> str:
    """An operation as its caller would spell it."""
    return PUBLIC.get(name, name)


def settings(kwargs: dict[str, Any]) -> list[str]:
    """What an operation was told besides its operands, where it is short and its result's shape does not say it."""
    words = []
    for key, value in kwargs.items():
        if key == "index":
            words.append(index_text(value))
        elif key == "axis" and value is not None:
            words.append(f"dim={value[0] if isinstance(value, tuple) and len(value) == 1 else value}")
        elif isinstance(value, float | str) or (isinstance(value, int) and not isinstance(value, bool)):
            words.append(f"{key}={value:.4g}" if isinstance(value, float) else f"{key}={value}")
    return [word for word in words if len(word) <= LONGEST]


def index_text(index: Any) -> str:
    """'[0, 1:3]'; index arrays by their shapes."""
    parts = list(index)
    if len(parts) > 1 and parts[-1] is Ellipsis:
        parts.pop()
    words = []
    for part in parts:
        if isinstance(part, slice):
            start, stop, step = ("" if n is None else str(n) for n in (part.start, part.stop, part.step))
            words.append(f"{start}:{stop}" + (f":{step}" if step else ""))
        elif isinstance(part, np.ndarray):
            words.append(f"{'mask' if part.dtype.kind == 'b' else 'indices'} {part.shape}")
        else:
            words.append("..." if part is Ellipsis else str(part))
    return f"[{', '.join(words)}]"


# ── edges ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def operand_name(head: Box, place: int) -> str | None:
    """What an operand is called, if the operation has several and their order matters."""
    assert head.node is not None
    name, count = operation_name(head.node.name), len(head.node.targets)
    if count == 1 or name in SYMMETRIC:
        return None
    names = OPERANDS.get(name, ())
    return names[place] if place < len(names) else str(place + 1)


# ── the legend ───────────────────────────────────────────────────────────────────────────────────────────────────────


def add_legend(picture: Picture, drawing: Survey) -> None:
    """A box of each kind that occurs, in a row along the picture."""
    kinds = [kind for kind in KINDS if any(drawn.kind == kind for drawn in drawing.boxes)]
    with picture.subgraph(name="cluster_legend") as box:
        box.attr("graph", color="#bbbbbb", margin="6")
        box.attr("node", fontsize=SMALL_PRINT, margin="0.1,0.04")
        for kind in kinds:
            double = {"peripheries": "2"} if kind == "output" else {}
            box.node(f"legend_{kind}", kind, **KINDS[kind], **double)
        for tail, head in pairwise(kinds):
            box.edge(f"legend_{tail}", f"legend_{head}", style="invis")


def meanings(drawing: Survey) -> list[str]:
    """What the rows and the dashes mean, as far as the picture has them."""
    words = []
    if any(drawn.gradient is not None for drawn in drawing.boxes):
        words.append("grad: the derivative of the output with respect to the value")
    if any(edge.view for edge in drawing.edges):
        words.append("dashed arrow: to a view, which shares memory with its operand")
    return words
