"""DOT text, line by line, as the graphviz package would write it: without the package, so that it can be had anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

BARE = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*|-?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)|<.*>", re.DOTALL)
WORDS = ("node", "edge", "graph", "digraph", "subgraph", "strict")


class Digraph:
    """A directed graph that is being written.

    Source of the grammar: Graphviz, The DOT language, https://graphviz.org/doc/info/lang.html
    """

    def __init__(self, name: str) -> None:
        self.lines = [f"digraph {quoted(name)} {{"]
        self.depth = 1

    def attr(self, kind: str, **attributes: str) -> None:
        """What all that follows has: "graph", "node" or "edge"."""
        self._write(kind + listed(None, attributes))

    def node(self, name: str, label: str | None = None, **attributes: str) -> None:
        """A node."""
        self._write(quoted(name) + listed(label, attributes))

    def edge(self, tail: str, head: str, label: str | None = None, **attributes: str) -> None:
        """An edge."""
        self._write(f"{quoted(tail)} -> {quoted(head)}{listed(label, attributes)}")

    @contextmanager
    def subgraph(self, name: str) -> Iterator[Digraph]:
        """What is written in this block belongs to a subgraph."""
        self._write(f"subgraph {quoted(name)} {{")
        self.depth += 1
        yield self
        self.depth -= 1
        self._write("}")

    @property
    def source(self) -> str:
        """The text."""
        return "\n".join([*self.lines, "}", ""])

    def _write(self, text: str) -> None:
        self.lines.append("\t" * self.depth + text)


def listed(label: str | None, attributes: dict[str, str]) -> str:
    """' [label=a color=red]', the attributes in the order of their names; '' for none."""
    parts = [] if label is None else [f"label={quoted(label)}"]
    parts += [f"{quoted(key)}={quoted(value)}" for key, value in sorted(attributes.items())]
    return f" [{' '.join(parts)}]" if parts else ""


def quoted(text: str) -> str:
    """A name or a value, in quotes if it needs them; '<...>' is an HTML-like label, which does not."""
    if BARE.fullmatch(text) and text.lower() not in WORDS:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
