"""The DOT text of a picture: a shape and a colour per kind of box, a table of numbers and charts in each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from html import escape
from textwrap import wrap
from typing import Any

from minigrad.draw.charts import as_cells, as_slot
from minigrad.draw.digraph import Digraph
from minigrad.draw.figures import Figures, Heat, size_of
from minigrad.draw.flow import bytes_text
from minigrad.draw.look import (
    ALARM,
    ALARM_GRADIENT,
    CLUSTER,
    FLOW,
    FONT,
    FRAME,
    INK,
    INK_GRADIENT,
    KINDS,
    LINE,
    MUTED,
    MUTED_GRADIENT,
    PAPER,
    SMALL_PRINT,
)  # fmt: skip
from minigrad.draw.survey import LONGEST, Box, Cluster, Edge, Survey, printable

GAP = "  "  # ordinary spaces, which are kept: others are taken for as wide as their bytes in UTF-8
FLAT = 14  # points: the height up to which charts stand one below the other
WIDTH = 84  # characters of a remark
TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">'


class Writer:
    """Writes one drawing. Charts become cells of a table, or with `slots` coloured places, for `svg.py` to fill; or, with
    `plain`, no more than their numbers, so that the text can be read."""

    def __init__(
        self,
        drawing: Survey,
        direction: str,
        legend: bool,
        memory: bool,
        *,
        slots: bool = False,
        plain: bool = False,
        below: bool = True,
    ) -> None:
        self.drawing, self.direction, self.legend, self.memory = drawing, direction, legend, memory
        self.slots, self.plain, self.with_words = slots, plain, below
        self.charts: list[Any] = []
        shares: dict[int, list[Edge]] = {}
        for edge in drawing.edges:
            if edge.share:
                shares.setdefault(edge.tail, []).append(edge)
        pairs = [(edge.tail, edge.head) for edge in drawing.edges]
        self.parallel = {pair for pair, n in Counter(pairs).items() if n > 1}
        self.shares = {tail: edges for tail, edges in shares.items() if len(edges) > 1}

    def source(self) -> str:
        """The DOT text, the same on every run."""
        picture = Digraph("minigrad")
        picture.attr(
            "graph", rankdir=self.direction, bgcolor=PAPER, nodesep="0.15", ranksep="0.35", pad="0.1", fontname=FONT
        )
        picture.attr("node", fontname=FONT, fontsize="11", fontcolor=INK, penwidth="1.2", margin="0.09,0.05")
        picture.attr("node", height="0.2", width="0.2", **KINDS["operation"])
        picture.attr("edge", fontname=FONT, fontsize=SMALL_PRINT, fontcolor=MUTED, color=LINE, arrowsize="0.7")
        self.frames(picture)
        for edge in self.drawing.edges:
            dashed = {"style": "dashed"} if edge.view else {}
            picture.edge(f"n{edge.tail}", f"n{edge.head}", self.edge_label(edge), **dashed)
        below = self.below() if self.with_words else ""
        if below:
            picture.attr("graph", label=below, labelloc="b", labeljust="l", fontsize=SMALL_PRINT, fontcolor=MUTED)
        return picture.source

    # ── boxes and frames ─────────────────────────────────────────────────────────────────────────────────────────────

    def frames(self, picture: Digraph) -> None:
        """The boxes, each inside the frames of the modules it belongs to."""
        inside: dict[int | None, list[int]] = {}
        used: dict[int, None] = {}
        for i, drawn in enumerate(self.drawing.boxes):
            scope = [call for call in drawn.scope if not self.drawing.clusters[call].closed]
            inside.setdefault(scope[-1] if scope else None, []).append(i)
            used.update(dict.fromkeys(scope))
        children: dict[int | None, list[int]] = {}
        for call in sorted(used):
            parent = self.drawing.clusters[call].parent
            while parent is not None and parent not in used:
                parent = self.drawing.clusters[parent].parent
            children.setdefault(parent, []).append(call)
        self.fill(picture, None, inside, children, [])

    def fill(self, picture: Digraph, call: int | None, inside: Any, children: Any, around: list[Cluster]) -> None:
        """What stands in one frame: a recursion as deep as modules are nested. Frames of one frame only are drawn as one."""
        for i in inside.get(call, ()):
            self.box(picture, i)
        for child in children.get(call, ()):
            titles = [*around, self.drawing.clusters[child]]
            if not inside.get(child) and len(children.get(child, ())) == 1 and titles[-1].repeats == 1:
                self.fill(picture, child, inside, children, titles)
                continue
            with picture.subgraph(name=f"cluster_{child}") as frame:
                frame.attr(
                    "graph", label=f"<{GAP.join(map(self.frame_title, titles))}>", labelloc="t", labeljust="l",
                    style="rounded,filled", color=FRAME, fillcolor=CLUSTER, margin="10", fontsize="10", fontcolor=MUTED,
                )  # fmt: skip
                self.fill(frame, child, inside, children, [])

    @staticmethod
    def frame_title(cluster: Cluster) -> str:
        """'<b>layers.0</b>  Linear', and how often it is repeated."""
        kind = [tint(plain(cluster.kind), MUTED)] if cluster.kind != cluster.path else []
        times = [tint(f"<B>× {cluster.repeats}</B>", FLOW)] if cluster.repeats > 1 else []
        return GAP.join([f"<B>{plain(shortened(cluster.title))}</B>", *kind, *times])

    def box(self, picture: Digraph, i: int) -> None:
        """One box."""
        drawn = self.drawing.boxes[i]
        if drawn.kind == "more":
            picture.node(f"n{i}", "…", **{"class": "more"}, **KINDS["more"])
            return
        double = {"peripheries": "2"} if drawn.root else {}
        kind = {} if drawn.kind == "operation" else KINDS[drawn.kind]  # operations are the default
        if drawn.kind == "constant" and drawn.shape:
            kind = {**kind, "shape": "box"}
        picture.node(f"n{i}", self.label(i), **kind, **double, **{"class": drawn.kind.replace(" ", "-")})

    def label(self, i: int) -> str:
        """What stands in a box: a table of its name, its shape, its value and its gradient."""
        drawn = self.drawing.boxes[i]
        if drawn.kind == "constant" and not drawn.shape and drawn.value is not None and not drawn.value.remark:
            return drawn.value.cells[0] + (f"  {drawn.dtype}" if drawn.dtype != "float32" else "")
        parts = [
            (title, content)
            for title, content in (("value", drawn.value), ("grad*" if drawn.computed else "grad", drawn.gradient))
            if content is not None
        ]
        sums = self.sum_of(i)
        if not self.plain and drawn.kind != "constant" and any(content.chart is not None for _, content in parts):
            body, columns = self.with_charts(parts, sums)
        else:
            columns = max((len(content.cells) for _, content in parts), default=0) + 1
            body = self.rows(parts, columns, sums)
        lines = [line(cell(heading(drawn), columns))]
        if drawn.fault:
            lines.append(line(cell(f"<B>{tint(plain(drawn.fault), ALARM)}</B>", columns)))
        if drawn.note:
            lines.append(line(cell(small(drawn.note), columns)))
        if self.memory and drawn.kept:
            lines.append(line(cell(small(f"keeps {bytes_text(drawn.kept)} for backward"), columns)))
        return f"<{TABLE}{''.join([*lines, *body])}</TABLE>>"

    def sum_of(self, i: int) -> str:
        """'= 2 + 3': the shares that a gradient is the sum of."""
        shares = [edge.share for edge in self.shares.get(i, ())]
        if not shares:
            return ""
        if len(shares) > 4 or any(share[0] in "[‖" for share in shares):
            return f"sum of {len(shares)} shares"
        first, *others = shares
        return f"= {first}" + "".join(f" − {share[1:]}" if share[0] == "-" else f" + {share}" for share in others)

    @staticmethod
    def rows(parts: list[tuple[str, Figures]], columns: int, sums: str) -> list[str]:
        """A row of numbers for the value and one for the gradient, with a small one below each for a remark."""
        lines = []
        if columns > 2:
            lines.append(line(cell(""), *(cell(small(GAP + word), align="RIGHT") for word in ("min", "mean", "max"))))
        for title, content in parts:
            ink, muted = shades(title, content.alarm)
            name = cell(tint(title + GAP, FLOW if title[0] == "g" else MUTED))
            if len(content.cells) == 1:
                lines.append(line(name, cell(written(content, ink), columns - 1, "RIGHT")))
            else:
                lines.append(line(name, *(cell(tint(GAP + plain(text), ink), 1, "RIGHT") for text in content.cells)))
            if content.remark:
                lines.append(line(cell(small(content.remark, muted), columns, "RIGHT")))
            if sums and title[0] == "g":
                lines.append(line(cell(small(sums, FLOW), columns, "RIGHT")))
        return lines

    def with_charts(self, parts: list[tuple[str, Figures]], sums: str) -> tuple[list[str], int]:
        """The value and the gradient, each as a chart above its numbers; and in how many columns: beside each other, or one
        below the other if the charts are flat."""
        columns = []
        for title, content in parts:
            ink, muted = shades(title, content.alarm)
            column = [tint(title, FLOW if title[0] == "g" else MUTED)]
            chart = content.chart
            column.append(written(content, ink) if chart is None else self.chart(chart, title[0] == "g"))
            if len(content.cells) == 3:
                low, mean, high = content.cells
                column += [small(f"{low} … {high}", ink), small(f"mean {mean}", ink)]
            column += [small(part, muted) for part in content.remark.split("; ") if part]
            if sums and title[0] == "g":
                column.append(small(sums, FLOW))
            columns.append(column)
        if all(content.chart is not None and size_of(content.chart)[1] <= FLAT for _, content in parts):
            return [line(cell(text)) for column in columns for text in column], 1
        rows = range(max(map(len, columns)))
        return [line(*(cell(column[k] if k < len(column) else "") for column in columns)) for k in rows], len(columns)

    def chart(self, chart: Any, of_gradient: bool) -> str:
        """A chart, or a place for it."""
        self.charts.append((chart, of_gradient))
        draw: Callable[..., str] = as_slot if self.slots else as_cells
        return draw(chart, len(self.charts) - 1, *size_of(chart))

    # ── edges ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def edge_label(self, edge: Edge) -> str | None:
        """What an operand is called, and the share of its gradient where there are several."""
        words = [plain(edge.role)] if edge.role else []
        if edge.tail in self.shares and edge.share:
            words.append(tint(f"← {plain(edge.share)}", FLOW))
        if not words:
            return None
        text = "<BR/>".join(f" {word} " for word in words)
        if (edge.tail, edge.head) in self.parallel and self.direction in ("LR", "RL"):  # else one arrow crosses both
            room = '<TD FIXEDSIZE="TRUE" WIDTH="1" HEIGHT="6"></TD>'
            text = TABLE.replace('PADDING="1"', 'PADDING="0"') + line(room) + line(f"<TD>{text}</TD>") + "</TABLE>"
        return f"<{text}>"

    # ── below the picture ────────────────────────────────────────────────────────────────────────────────────────────

    def below(self) -> str:
        """The legend and the remarks."""
        remarks = list(self.drawing.remarks)
        kept = sum(drawn.kept for drawn in self.drawing.boxes)
        if kept and self.legend:
            remarks.append(f"kept for backward(): {bytes_text(kept)}")
        chips = ""
        if self.legend:
            remarks = [*self.meanings(), *remarks]
            kinds = [
                kind for kind in KINDS if kind != "more" and any(drawn.kind == kind for drawn in self.drawing.boxes)
            ]
            chips = "".join(map(chip, kinds))
        if not remarks and not chips and not self.drawing.alarm:
            return ""
        lines = [text for remark in remarks for text in wrap(remark, WIDTH, subsequent_indent="    ")]
        rows = [line(cell(small(text))) for text in lines]
        table = f'<TABLE BORDER="0" CELLBORDER="1" CELLSPACING="4" CELLPADDING="3"><TR>{chips}</TR></TABLE>'
        if self.drawing.alarm:
            found = wrap(self.drawing.alarm, WIDTH, subsequent_indent="    ")
            rows = [line(cell(f"<B>{small(text, ALARM)}</B>")) for text in found] + rows
        top = [line(f'<TD ALIGN="LEFT" BALIGN="LEFT">{table}</TD>')] if chips else []
        return f"<{TABLE}{''.join([*top, *rows])}</TABLE>>"

    def meanings(self) -> list[str]:
        """What rows, charts, colours and dashes mean, as far as the picture has them."""
        words = []
        charted = (
            []
            if self.plain
            else [part for drawn in self.drawing.boxes for part in (drawn.value, drawn.gradient) if part is not None]
        )
        if any(drawn.gradient is not None for drawn in self.drawing.boxes):
            words.append("grad: how much the output changes with the value (its derivative)")
        if self.shares:
            words.append(
                "← by an arrow: the share of the gradient that comes back along it; the shares of all arrows add up to grad"
            )
        if any(edge.share.startswith("‖") for edges in self.shares.values() for edge in edges):
            words.append("‖ ‖: the length of a gradient, the root of its sum of squares")
        if any(isinstance(part.chart, Heat) for part in charted):
            words.append("heat map: blue above zero, red below, plain at zero; full colour is the largest magnitude")
        if any(part.chart is not None and not isinstance(part.chart, Heat) for part in charted):
            words.append("histogram: how the numbers are spread from the least (left) to the greatest")
        if any(edge.view for edge in self.drawing.edges):
            words.append("dashed arrow: to a view, which shares memory with its operand")
        if any(cluster.repeats > 1 for cluster in self.drawing.clusters):
            words.append("× n: so many equal blocks in a row; the first is drawn")
        return words


def chip(kind: str) -> str:
    """A kind of box, in the legend."""
    look = KINDS[kind]
    rounded = ' STYLE="ROUNDED"' if "rounded" in look["style"] else ""
    colours = f'BGCOLOR="{look["fillcolor"]}" COLOR="{look["color"]}"'
    thick = ' BORDER="2"' if kind in ("output", "failed") else ""
    return f"<TD {colours}{rounded}{thick}>{tint(plain(kind), INK)}</TD>"


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def heading(drawn: Box) -> str:
    """'loss = squared_error  scale=0.1  (10, 16) float64'."""
    rest: list[str] = []
    if drawn.node is not None or drawn.kind == "failed":
        title = f"{drawn.name} = {drawn.operation}" if drawn.name and drawn.node else drawn.operation or drawn.name
        rest += drawn.settings
    else:
        title = drawn.name or drawn.kind
        rest += [drawn.operation] if drawn.kind == "module" and drawn.operation != drawn.name else []
    rest += [str(drawn.shape)] if drawn.shape else []
    rest += [drawn.dtype] if drawn.dtype not in ("float32", "") else []
    return GAP.join([f"<B>{plain(shortened(title))}</B>", *(tint(plain(word), MUTED) for word in rest)])


def line(*cells: str) -> str:
    """A row of a table."""
    return f"<TR>{''.join(cells)}</TR>"


def cell(text: str, span: int = 1, align: str = "LEFT") -> str:
    """A cell of a table, `span` columns wide; a text, or a cell of its own."""
    if text.startswith("<TD"):
        return text
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
    return escape(printable(text))


def numbers(text: str, colour: str) -> str:
    """Numbers, in one line or in several aligned on the left."""
    parts = text.split("\n")
    return tint(
        "".join(plain(part) + '<BR ALIGN="LEFT"/>' for part in parts) if len(parts) > 1 else plain(text), colour
    )


def written(content: Figures, colour: str) -> str:
    """The numbers of a small array; those of a matrix in columns, between bars."""
    if not content.grid or not content.grid[0]:
        return numbers(content.cells[0], colour)
    lines = [line(*(cell(numbers(GAP + text, colour), 1, "RIGHT") for text in row)) for row in content.grid]
    bars = f'<TABLE BORDER="1" SIDES="LR" COLOR="{FRAME}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1" ALIGN="RIGHT">'
    return f"{bars}{''.join(lines)}</TABLE>"


def shades(title: str, alarm: bool) -> tuple[str, str]:
    """The colours of numbers and of remarks; NaN and infinity stand out. Those of gradients are marked, for the page."""
    if title[0] == "g":
        return (ALARM_GRADIENT, ALARM_GRADIENT) if alarm else (INK_GRADIENT, MUTED_GRADIENT)
    return (ALARM, ALARM) if alarm else (INK, MUTED)


def shortened(name: str) -> str:
    """A name, cut if it is too long for a box."""
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
