"""A picture that can be laid out and shown: a `graphviz.Digraph` that knows where to find a layout program."""

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

# What graphviz-pure writes. It is preferred because it writes the same bytes on every platform.
PURE_FORMATS = {
    "canon", "dot", "dot_json", "gv", "jpe", "jpeg", "jpg", "json", "json0", "plain", "plain-ext", "png", "svg", "xdot",
    "xdot1.2", "xdot1.4", "xdot_json",
}  # fmt: skip


class NoRendererError(graphviz.ExecutableNotFound):  # type: ignore[misc]
    """No program is there to lay out a picture."""

    def __init__(self, message: str) -> None:
        RuntimeError.__init__(self, message)


class TooLargeError(ValueError):
    """A picture has more operations than may be laid out."""


class Picture(graphviz.Digraph):  # type: ignore[misc]
    """A `graphviz.Digraph` of a recorded graph; `minigrad.draw` makes it.

    Shows itself in a notebook. `.source` is the DOT text and `.save()` writes it, which needs no layout program;
    `.pipe("svg")`, `.render(outfile="graph.svg")` and `.view()` do. The graphviz package itself stays as it is: the
    program is chosen for this picture only.
    """

    operations = 0
    max_nodes = 300

    def __init__(self, *args: Any, format: str | None = "svg", **kwargs: Any) -> None:
        super().__init__(*args, format=format, **kwargs)

    def pipe(self, format: str | None = None, *, quiet: bool = True, **options: Any) -> Any:
        """The picture as bytes, or as text with `encoding`: "svg", "png", and with an installed Graphviz "pdf".

        Raises NoRendererError if there is no layout program; TooLargeError, a ValueError, if there are more
        operations than `max_nodes`; ValueError for a format that cannot be written.
        """
        with self._laid_out_by(format or self.format):
            return super().pipe(format, quiet=quiet, **options)

    def render(
        self,
        filename: Any = None,
        directory: Any = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        *,
        outfile: Any = None,
        quiet: bool = True,
        **options: Any,
    ) -> Any:
        """Write the DOT text and the picture to files; the path of the picture.

        As `graphviz.Digraph.render`, but "svg" unless `format` or the ending of `outfile` says otherwise. Raises what
        `pipe` raises.
        """
        ending = Path(outfile).suffix[1:] if outfile is not None else ""
        with self._laid_out_by(format or ending or self.format):
            return super().render(
                filename, directory=directory, view=view, cleanup=cleanup, format=format, outfile=outfile, quiet=quiet,
                **options,
            )  # fmt: skip

    def _repr_mimebundle_(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """What a notebook shows: the picture, or where it cannot be had, why, and its DOT text."""
        try:
            return super()._repr_mimebundle_(*args, **kwargs)  # type: ignore[no-any-return]
        except TooLargeError as error:
            return {"text/plain": str(error)}
        except (NoRendererError, graphviz.CalledProcessError) as error:
            return {"text/plain": f"{error}\n\n{self.source}"}

    @contextmanager
    def _laid_out_by(self, format: str) -> Iterator[None]:
        """Let the graphviz package run our choice of layout program, for the length of a block."""
        if self.operations > self.max_nodes:
            raise TooLargeError(
                f"{self.operations} operations are more than max_nodes={self.max_nodes}: laying them out could take "
                f"minutes; draw a tensor that was computed earlier, or draw(..., max_nodes={self.operations}) and wait; "
                ".source holds the DOT text"
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
        "(https://graphviz.org/download); .source and .save() give the DOT text without"
    )


def find(program: str) -> str | None:
    """The path of a program: beside the running Python, where pip puts commands, or on PATH."""
    folders = [os.path.dirname(sys.executable), sysconfig.get_path("scripts")]
    folders.append(sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user")))
    return shutil.which(program, path=os.pathsep.join(folders)) or shutil.which(program)
