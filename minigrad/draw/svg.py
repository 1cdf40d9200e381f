"""From the SVG that Graphviz lays out to the SVG that is shown: themes, charts, and words for those who do not see it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from re import Match

from minigrad.draw.charts import SLOT, as_svg
from minigrad.draw.dot import plain
from minigrad.draw.figures import Chart, Figures
from minigrad.draw.flow import bytes_text
from minigrad.draw.frames import settled
from minigrad.draw.look import FAMILY, stylesheet
from minigrad.draw.survey import Box, Edge, Survey

GROUP = re.compile(r'<g id="[^"]*" class="(node|edge|cluster|graph)([^"]*)"([^>]*)>\s*<title>(.*?)</title>')
PLACE = re.compile(rf'<polygon fill="{SLOT}([0-9a-f]{{4}})"[^>]*? points="([^"]*)"/>')


def finished(text: str, drawing: Survey, charts: Sequence[tuple[Chart, bool]], theme: str) -> str:
    """The picture as one SVG that needs nothing else."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<!--.*?-->\n?", "", text, flags=re.DOTALL)
    text = settled(text)
    text = re.sub(r' (?:xml:space="preserve"|font-family="[^"]*")', "", text)
    text = PLACE.sub(lambda found: placed(found, charts), text)
    text = GROUP.sub(titles(drawing), text)
    text = raised(text)
    title, description = summary(drawing)
    opening = (
        f'<svg class="minigrad-graph" role="img" aria-label="{plain(title)}" font-family="{escape(FAMILY)}" '
        f'style="max-width:100%;height:auto" '
    )
    words = f"\n<title>{plain(title)}</title>\n<desc>{plain(description)}</desc>\n<style>{stylesheet(theme)}</style>"
    head, _, rest = text.partition(">")
    return head.replace("<svg ", opening, 1) + ">" + words + rest


def raised(text: str) -> str:
    """The titles of frames, moved to the top: arrows that enter a frame would cross them out."""
    words: list[str] = []

    def lift(found: Match[str]) -> str:
        call = re.search(r'data-call="(\d+)"', found[0])
        mark = f'<text data-title="{call[1]}"' if call else "<text"
        words.extend(text.replace("<text", mark, 1) for text in re.findall(r"<text.*?</text>", found[0], re.DOTALL))
        return re.sub(r"<text.*?</text>\n?", "", found[0], flags=re.DOTALL)

    text = re.sub(r'<g class="cluster[^>]*>.*?</g>', lift, text, flags=re.DOTALL)
    before, end, after = text.rpartition("</g>")
    return f'{before}<g class="titles">\n{chr(10).join(words)}\n</g>\n{end}{after}' if words else text


def placed(found: Match[str], charts: Sequence[tuple[Chart, bool]]) -> str:
    """A chart in its place."""
    points = [tuple(map(float, point.split(","))) for point in found[2].split()]
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    top, bottom = min(y for _, y in points), max(y for _, y in points)
    chart, of_gradient = charts[int(found[1], 16)]
    drawn = as_svg(chart, round(left, 2), round(top, 2), round(right - left, 2), round(bottom - top, 2))
    return f'<g class="gradient">{drawn}</g>' if of_gradient else drawn


def titles(drawing: Survey) -> Callable[[Match[str]], str]:
    """Graphviz calls a box "n3"; a pointer that rests on it, and a screen reader, are told what it is."""
    pairs: dict[str, list[Edge]] = {}
    numbers = {id(edge): i for i, edge in enumerate(drawing.edges)}
    for edge in drawing.edges:
        pairs.setdefault(f"n{edge.tail}->n{edge.head}", []).append(edge)

    def title(found: Match[str]) -> str:
        kind, more, rest, name = found[1], found[2], found[3], found[4].replace("&#45;", "-").replace("&gt;", ">")
        mark, words = "", ""
        if kind == "node":
            mark, words = f' data-box="{name}"', box_words(drawing.boxes[int(name[1:])])
        elif kind == "edge":
            edge = pairs[name].pop(0) if len(pairs[name]) > 1 else pairs[name][0]
            mark, words = f' data-edge="{numbers[id(edge)]}"', edge_words(edge, drawing)
        elif kind == "cluster":
            cluster = drawing.clusters[int(name.rpartition("_")[2])]
            mark, words = f' data-call="{name.rpartition("_")[2]}"', f"module {cluster.title} ({cluster.kind})"
        return f'<g class="{kind}{more}"{mark}{rest}>' + (f"<title>{plain(words)}</title>" if words else "")

    return title


def box_words(drawn: Box) -> str:
    """'mul, an operation of shape (2, 3); value 6; gradient 0.5; model.py:12'."""
    if drawn.kind == "more":
        return "more of the graph, which is not drawn"
    name = (
        f"{drawn.name} = {drawn.operation}"
        if drawn.name and drawn.operation and drawn.node
        else drawn.name or drawn.operation
    )
    article = "an" if drawn.kind[0] in "aeiou" else "a"
    words = [f"{name}, {article} {drawn.kind}" if name else drawn.kind]
    words[0] += f" of shape {drawn.shape}, {drawn.dtype}" if drawn.dtype else ""
    words += [drawn.fault] if drawn.fault else []
    words += [f"value {text_of(drawn.value)}"] if drawn.value else []
    words += [f"gradient {text_of(drawn.gradient)}"] if drawn.gradient else []
    words += [f"keeps {bytes_text(drawn.kept)} for backward"] if drawn.kept else []
    words += [drawn.line] if drawn.line else []
    return "; ".join(words)


def text_of(content: Figures) -> str:
    """Numbers in a line of text."""
    if len(content.cells) == 3:
        low, mean, high = content.cells
        text = f"from {low} to {high}, mean {mean}"
    else:
        text = " ".join(content.cells[0].split())
    return "not computed" if text == "—" else text + (f" ({content.remark})" if content.remark else "")


def edge_words(edge: Edge, drawing: Survey) -> str:
    """'w to mul, as its left; its share of the gradient is 2'."""
    tail, head = (
        drawn.name or drawn.operation or drawn.kind for drawn in (drawing.boxes[edge.tail], drawing.boxes[edge.head])
    )
    role = f", as its {edge.role}" if edge.role and not edge.role.isdigit() else ""
    share = f"; the share of the gradient that comes back is {edge.share}" if edge.share else ""
    return f"from {tail} to {head}{role}{', a view' if edge.view else ''}{share}"


def summary(drawing: Survey) -> tuple[str, str]:
    """A title and a description of the whole picture."""
    counts: dict[str, int] = {}
    for drawn in drawing.boxes:
        if drawn.kind != "more":
            counts[drawn.kind] = counts.get(drawn.kind, 0) + 1
    parts = ", ".join(f"{n} {kind}{'s' if n > 1 else ''}" for kind, n in counts.items())
    results = [drawn.name or drawn.operation or drawn.kind for drawn in drawing.boxes if drawn.root]
    failed = [drawn.operation for drawn in drawing.boxes if drawn.kind == "failed"]
    what = f"graph of {', '.join(results)}" if results or not failed else f"that failed at {failed[-1]}"
    return (
        f"Computation {what}",
        f"{parts}. {' '.join([drawing.alarm, *drawing.remarks]).strip()}".strip(),
    )
