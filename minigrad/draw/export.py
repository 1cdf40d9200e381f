"""A picture as text: JSON for other programs, Mermaid for pages that draw it themselves, lines for a terminal."""

from __future__ import annotations

import json
from typing import Any

from minigrad.draw.figures import Figures
from minigrad.draw.survey import Box, Survey
from minigrad.draw.svg import text_of


def as_json(drawing: Survey) -> str:
    """Boxes, edges and modules, with their numbers as text, in the order of the computation."""
    boxes = [
        {
            "id": f"n{i}", "kind": drawn.kind, "name": drawn.name, "operation": drawn.operation,
            "settings": list(drawn.settings), "shape": list(drawn.shape), "dtype": drawn.dtype, "output": drawn.root,
            "value": numbers(drawn.value), "gradient": numbers(drawn.gradient), "kept_bytes": drawn.kept,
            "modules": [drawing.clusters[call].path for call in drawn.scope], "pass": drawn.order, "line": drawn.line,
            "rules": list(drawn.rules), "fault": drawn.fault,
        }
        for i, drawn in enumerate(drawing.boxes)
    ]  # fmt: skip
    edges = [
        {
            "from": f"n{edge.tail}", "to": f"n{edge.head}", "operand": edge.place, "role": edge.role, "view": edge.view,
            "share": edge.share or None, "count": edge.count,
        }
        for edge in drawing.edges
    ]  # fmt: skip
    whole = {
        "operations": drawing.operations,
        "boxes": boxes,
        "edges": edges,
        "alarm": drawing.alarm,
        "remarks": drawing.remarks,
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def numbers(content: Figures | None) -> Any:
    """The texts of a value or a gradient; None where there is none."""
    if content is None or content.cells == ("—",):
        return None
    if len(content.cells) == 3:
        return dict(zip(("min", "mean", "max"), content.cells), remark=content.remark)
    return {"text": content.cells[0], "remark": content.remark}


SHAPES = {
    "input": ("[/", "/]"),
    "parameter": ("[[", "]]"),
    "constant": ("((", "))"),
    "output": ("([", "])"),
    "failed": ("{{", "}}"),
}


def as_mermaid(drawing: Survey, direction: str) -> str:
    """The picture as Mermaid's flowchart, which code hosts draw inside Markdown."""
    lines = [f"flowchart {direction}"]
    for i, drawn in enumerate(drawing.boxes):
        before, after = SHAPES.get(drawn.kind, ("(", ")"))
        words = [head_of(drawn)]
        words += [f"value {text_of(drawn.value)}"] if drawn.value else []
        words += [f"grad {text_of(drawn.gradient)}"] if drawn.gradient else []
        text = "<br>".join(word.replace('"', "#quot;").replace("<", "#lt;") for word in words)
        lines.append(f'  n{i}{before}"{text}"{after}')
    for edge in drawing.edges:
        arrow = "-.->" if edge.view else "-->"
        label = f'|"{edge.role}"|' if edge.role else ""
        lines.append(f"  n{edge.tail} {arrow}{label} n{edge.head}")
    return "\n".join(lines) + "\n"


def head_of(drawn: Box) -> str:
    """'loss = mse_loss (2, 3)'."""
    name = drawn.name or drawn.operation or ("…" if drawn.kind == "more" else drawn.kind)
    if drawn.name and drawn.node is not None:
        name = f"{drawn.name} = {drawn.operation}"
    return name + (f" {drawn.shape}" if drawn.shape else "")


def as_text(drawing: Survey, most: int = 40) -> str:
    """A line per box, for a terminal: what it is made of, its value, its gradient."""
    operands: dict[int, list[int]] = {}
    for edge in drawing.edges:
        operands.setdefault(edge.head, []).append(edge.tail)
    short = [drawn.name or f"{drawn.operation or drawn.kind}#{i}" for i, drawn in enumerate(drawing.boxes)]
    lines = []
    for i, drawn in enumerate(drawing.boxes[:most]):
        made = (
            f" = {drawn.operation}({', '.join(short[k] for k in operands.get(i, ()))})"
            if i in operands
            else f"  {drawn.kind}"
        )
        words = [short[i] + made, str(drawn.shape) if drawn.shape else ""]
        words += [f"value {text_of(drawn.value)}"] if drawn.value else []
        words += [f"grad {text_of(drawn.gradient)}"] if drawn.gradient else []
        words += [f"<-- {drawn.fault}"] if drawn.fault else []
        lines.append("  ".join(word for word in words if word))
    if len(drawing.boxes) > most:
        lines.append(f"... and {len(drawing.boxes) - most:,} more")
    return "\n".join([*lines, *filter(None, [drawing.alarm]), *drawing.remarks])
