"""A picture that can be laid out, shown and saved: a `graphviz.Source` that knows where to find a layout program."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import graphviz
from graphviz.backend import dot_command

from minigrad.draw.dot import Writer
from minigrad.draw.survey import Survey

# What graphviz-pure writes. It is preferred because it writes the same bytes on every platform.
PURE_FORMATS = {
    "canon", "dot", "dot_json", "gv", "jpe", "jpeg", "jpg", "json", "json0", "plain", "plain-ext", "png", "svg", "xdot",
    "xdot1.2", "xdot1.4", "xdot_json",
}  # fmt: skip
TOO_MANY = 2000  # boxes that a layout program can take minutes over


class NoRendererError(graphviz.ExecutableNotFound):  # type: ignore[misc]
    """No program is there to lay out a picture."""

    def __init__(self, message: str) -> None:
        RuntimeError.__init__(self, message)


class TooLargeError(ValueError):
    """A picture has more boxes than may be laid out."""


class Picture(graphviz.Source):  # type: ignore[misc]
    """A picture of a recorded graph; `minigrad.draw` makes it.

    Shows itself in a notebook. `.save("g.svg")` writes it as svg, png, pdf, html, dot, json or mmd (Mermaid), by the ending
    of the name. `.source` is the DOT text, which needs no layout program, and nor do dot, json and mmd. It is a
    `graphviz.Source`: `.pipe("png")`, `.render(outfile="g.png")` and `.view()` work. The graphviz package itself stays as it
    is: the program is chosen for this picture only.
    """

    _source: str

    def __init__(
        self,
        drawing: Survey,
        direction: str = "LR",
        *,
        legend: bool = True,
        memory: bool = False,
        theme: str = "auto",
        whole: Survey | None = None,
        partial: bool = False,
    ) -> None:
        self.drawing = drawing  # what is drawn: boxes, edges, remarks
        self.whole = whole or drawing  # with every module open, for a page that can close them
        self.partial = partial  # was only a part of the graph wanted?
        self.theme = theme
        self._look = (direction, legend, memory)
        self._svg: str | None = None
        super().__init__("", format="svg")

    @property
    def source(self) -> str:
        """The DOT text, without charts: every number is in it as text."""
        if not self._source:
            self._source = Writer(self.drawing, *self._look, plain=True).source()
        return self._source

    def __iter__(self) -> Iterator[str]:
        """The lines of the DOT text."""
        return iter(self.source.splitlines(keepends=True))

    @property
    def operations(self) -> int:
        """How many operations the graph has, drawn or not."""
        return self.drawing.operations

    def svg(self) -> str:
        """The picture as SVG text: light and dark by the reader's system, charts inside, no other file needed.

        Raises NoRendererError if there is no layout program; TooLargeError, a ValueError, if there are thousands of boxes.
        """
        if self._svg is None:
            self._svg = self.laid_out(self.drawing)
        return self._svg

    @property
    def direction(self) -> str:
        """Where the arrows point: "LR", "TB", "RL" or "BT"."""
        return self._look[0]

    def meanings(self) -> list[str]:
        """The sentences of the legend."""
        return Writer(self.drawing, *self._look).meanings()

    def laid_out(self, drawing: Survey, below: bool = True) -> str:
        """A drawing, this one or one like it, as finished SVG; without what stands below it if wanted."""
        from minigrad.draw.svg import finished

        writer = Writer(drawing, *self._look, slots=True, below=below)
        source = graphviz.Source(writer.source(), format="svg")
        with self._laid_out_by("svg", len(drawing.boxes)):
            text = source.pipe("svg", encoding="utf-8", quiet=True)
        return finished(text, drawing, writer.charts, self.theme)

    def save(self, filename: Any = None, directory: Any = None, *, skip_existing: bool | None = False) -> str:
        """Write the picture to a file, in the format that its ending says: svg, png, pdf, html, dot (or gv), json, mmd.

        Returns the path. "html" is a page to step through the computation, forward and backward, which needs no network.
        Without a name the DOT text is written, as the graphviz package does. Files are written whole or not at all. Raises
        ValueError for another ending, and what `svg` raises.
        """
        path = Path(filename if filename is not None else "minigrad.gv")
        if directory is not None:
            path = Path(directory) / path
        content = self._content(path.suffix[1:].lower())
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, content)
        return str(path)

    def _content(self, ending: str) -> bytes:
        """The picture in a format."""
        if ending in ("dot", "gv", ""):
            return self.source.encode()
        if ending == "svg":
            return self.svg().encode()
        if ending == "html":
            from minigrad.draw.page import page

            return page(self).encode()
        if ending in ("json", "mmd"):
            from minigrad.draw.export import as_json, as_mermaid

            text = as_json(self.drawing) if ending == "json" else as_mermaid(self.drawing, self._look[0])
            return text.encode()
        if ending not in ("png", "pdf", "jpg", "jpeg", "ps", "eps"):
            raise ValueError(
                f"save: a picture cannot be written as {ending!r}: use .svg, .png, .pdf, .html, .dot, .json or .mmd"
            )
        content: bytes = self.pipe(ending)
        return content

    def pipe(
        self, format: str | None = None, *, encoding: str | None = None, quiet: bool = True, **options: Any
    ) -> Any:
        """The picture as bytes, or as text with `encoding`: "svg", "png", and with an installed Graphviz "pdf".

        Raises what `svg` raises; ValueError for a format that cannot be written.
        """
        format = format or self.format
        if format == "svg" and not options:
            return self.svg() if encoding else self.svg().encode()
        source = graphviz.Source(Writer(self.drawing, *self._look).source(), format=format)
        with self._laid_out_by(format, len(self.drawing.boxes)):
            return source.pipe(format, quiet=quiet, encoding=encoding, **options)

    def render(
        self,
        filename: Any = None,
        directory: Any = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        *,
        outfile: Any = None,
        **options: Any,
    ) -> str:
        """Write the picture to a file, "svg" unless `format` or the ending of `outfile` says otherwise; its path.

        As `graphviz.Source.render`, but the DOT text is not written beside it: `save("g.dot")` does that.
        """
        format = format or (Path(outfile).suffix[1:] if outfile is not None else "") or self.format
        path = Path(outfile) if outfile is not None else Path(f"{filename or 'minigrad.gv'}.{format}")
        if directory is not None:
            path = Path(directory) / path
        content = self.svg().encode() if format == "svg" else self.pipe(format, **options)
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, content)
        if view:
            self._view(str(path), format=format, quiet=True)
        return str(path)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **kwargs: Any) -> dict[str, Any]:
        """What a notebook shows: the picture, and beside it, or where it cannot be had, a text."""
        from minigrad.draw.export import as_text

        try:
            return {"image/svg+xml": self.svg(), "text/plain": as_text(self.drawing)}
        except (TooLargeError, NoRendererError, graphviz.CalledProcessError) as error:
            return {"text/plain": f"{error}\n\n{as_text(self.drawing)}"}

    def __str__(self) -> str:
        """A line per box, for a terminal."""
        from minigrad.draw.export import as_text

        return as_text(self.drawing)

    def __repr__(self) -> str:
        return f"<Picture: {self.operations:,} operations in {len(self.drawing.boxes):,} boxes; .save('graph.svg') writes it>"

    @contextmanager
    def _laid_out_by(self, format: str, boxes: int) -> Iterator[None]:
        """Let the graphviz package run our choice of layout program, for the length of a block."""
        if boxes > TOO_MANY:
            raise TooLargeError(
                f"{boxes:,} boxes are more than can be laid out in reasonable time: leave max_nodes at 300, or look at a part "
                'with focus="name"; .source, .save("g.dot") and .save("g.json") give them all'
            )
        program = renderer_for(format)
        with _lock:
            usual = dot_command.DOT_BINARY
            dot_command.DOT_BINARY = Path(program)
            try:
                yield
            finally:
                dot_command.DOT_BINARY = usual


_lock = Lock()


def write(path: Path, content: bytes) -> None:
    """Write a file whole, or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def renderer_for(format: str) -> str:
    """The path of a program that writes this format: graphviz-pure, or else Graphviz's own dot."""
    pure, system = find("graphviz-pure"), find("dot")
    if pure is not None and format.lower() in PURE_FORMATS:
        return pure
    if system is not None:
        return system
    if pure is not None:
        raise ValueError(
            f"graphviz-pure does not write {format}: use svg or png, or install Graphviz (https://graphviz.org/download)"
        )
    raise NoRendererError(
        'no program to lay out the picture: pip install "minigrad[draw]" brings one, or install Graphviz '
        '(https://graphviz.org/download); .source and .save("g.dot") give the DOT text without'
    )


def find(program: str) -> str | None:
    """The path of a program: beside the running Python, where pip puts commands, or on PATH."""
    folders = [os.path.dirname(sys.executable), sysconfig.get_path("scripts")]
    folders.append(sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user")))
    return shutil.which(program, path=os.pathsep.join(folders)) or shutil.which(program)
