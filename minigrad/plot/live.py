"""The cost while a network learns: one line in a terminal, a small picture in a notebook, silence elsewhere."""

from __future__ import annotations

import math
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from html import escape
from itertools import pairwise
from types import TracebackType
from typing import Any, TextIO

BLOCKS, PLAIN = "▁▂▃▄▅▆▇█", "_.-=+*#@"  # for terminals that have no blocks
KEPT = 1000  # so many costs are remembered; older neighbours are averaged


def sparkline(values: Iterable[Any], width: int = 24, marks: str = BLOCKS) -> str:
    """A line of at most `width` marks, the lowest for the smallest value and the highest for the largest.

    The values are numbers, or tensors of one. More of them than marks are averaged, those beside each other. What is not
    a finite number is left out of the mean, and is a space where it stands alone. The scale is that of the values shown,
    so a flat line may be a high cost.
    ValueError for a width below 1.

    Source: E. Tufte, Beautiful Evidence, 2006.

    >>> sparkline([4, 3, 2, 1, 1, 1.5])
    '█▆▃▁▁▂'
    """
    if width < 1:
        raise ValueError(f"sparkline: width {width}: give at least 1")
    values = [float(value) for value in values]
    cells = min(width, len(values))
    edges = [round(i * len(values) / cells) for i in range(cells + 1)] if cells else []
    means = [_mean(values[a:b]) for a, b in pairwise(edges)]
    there = [mean for mean in means if math.isfinite(mean)]
    if not there:
        return " " * cells
    low, high = min(there), max(there)
    top = len(marks) - 1
    scale = top / (high - low) if high > low else 0.0
    return "".join(marks[round((mean - low) * scale)] if math.isfinite(mean) else " " for mean in means)


class Live:
    """Shows how far training has come and how its cost falls, in place.

    Args:
        total: how many steps there are.
        title: what stands before it; `live.title = ...` changes it.
        start: how many steps were taken before.
        stream: where a terminal is, standard error if None. What is no terminal gets nothing.
        every: seconds between two pictures at least.

    In a notebook (Jupyter, VS Code, marimo) it is a picture that changes, with the colours of the page; in a terminal a
    line with a bar, a `sparkline` of the cost, and the time left. The cost is what `update` is given, mostly that
    of the batches just seen, while the weights change: say so where you show it beside a test, or give it in the note.

    >>> with Live(3, "epoch 1") as live:
    ...     for cost in [0.9, 0.5, 0.4]:
    ...         live.update(cost)
    >>> live.done, live.costs
    (3, [0.9, 0.5, 0.4])
    """

    def __init__(
        self, total: int, title: str = "", *, start: int = 0, stream: TextIO | None = None, every: float = 0.1
    ) -> None:
        self.total, self.title, self.start, self.done, self.every = total, title, start, start, every
        self.costs: list[float] = []
        self.note = ""
        self._sizes = 1  # how many updates the older entries of costs stand for
        self._pending: list[float] = []
        self._last = 0.0
        self._stream = sys.stderr if stream is None else stream
        self._place = notebook()
        self._terminal = self._place is None and self._stream.isatty()
        self._began = self._drawn = time.monotonic()
        self._written = 0

    def update(self, cost: Any, note: str = "", steps: int = 1) -> None:
        """So many steps more, with this cost: a number, or a tensor of one. The note is shown after it."""
        self.done, self._last, self.note = self.done + steps, float(cost), note
        self._pending.append(self._last)
        if len(self._pending) == self._sizes:
            self.costs.append(_mean(self._pending))
            self._pending = []
        if len(self.costs) == KEPT:
            self.costs = [_mean(self.costs[i : i + 2]) for i in range(0, KEPT, 2)]
            self._sizes *= 2
        now = time.monotonic()
        if now - self._drawn >= self.every or self.done >= self.total:
            self._drawn = now
            self.show()

    def show(self) -> None:
        """Draw it now."""
        if self._place is not None:
            self._place(Picture(self._html(), self._line(80, BLOCKS)))
        elif self._terminal:
            width = shutil.get_terminal_size().columns - 1
            line = self._line(width, BLOCKS if _can_write(self._stream) else PLAIN)
            self._stream.write("\r" + line.ljust(min(self._written, width)))
            self._stream.flush()
            self._written = len(line)

    def print(self, *what: Any) -> None:
        """Print a line of its own to standard output, above the line that changes."""
        self._clear()
        print(*what, flush=self._terminal)

    def close(self) -> None:
        """Take the line away from a terminal; a notebook keeps the last picture."""
        if self._place is not None and self.done > self.start:
            self.show()
        self._clear()

    def __enter__(self) -> Live:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _clear(self) -> None:
        if self._written:
            self._stream.write("\r" + " " * self._written + "\r")
            self._stream.flush()
            self._written = 0

    def _line(self, width: int, marks: str) -> str:
        """What fits: the title, the bar, the cost and its line, the note, and last the time left."""
        share = min(self.done / self.total, 1.0) if self.total else 1.0
        cells = 10 if width >= 90 else 6
        bar = marks[-1] * round(cells * share)
        bar += ("░" if marks is BLOCKS else ".") * (cells - len(bar))
        title, note = (" ".join(text.splitlines()) for text in (self.title, self.note))  # one line is taken back
        line = f"{title} {bar} {100 * share:3.0f} %  cost {self._last:.4g} ".lstrip()
        note = f"  {note}" if note else ""
        line += sparkline(self.costs, min(14, max(8, width - len(line) - len(note))), marks)
        left = "  " + self._times().partition(", ")[2]
        if len(line) + len(note) > width:
            note = ""
        if len(line) + len(left) + len(note) > width:
            left = ""
        return (line + left + note)[:width]

    def _times(self) -> str:
        gone = time.monotonic() - self._began
        own = self.done - self.start
        left = gone / own * max(self.total - self.done, 0) if own else 0.0
        return f"{_clock(gone)} gone, {_clock(left)} left"

    def _html(self) -> str:
        """The same as HTML: a bar and a curve, in the colour of the page's text."""
        costs = [cost for cost in self.costs if math.isfinite(cost)]
        high, low = (max(costs), min(costs)) if costs else (0.0, 0.0)
        scale = 80 / (high - low) if high > low else 0.0
        points = " ".join(
            f"{400 * (i + 0.5) / len(self.costs):.1f},{90 - (cost - low) * scale:.1f}"
            for i, cost in enumerate(self.costs)
            if math.isfinite(cost)
        )
        heading = f"{escape(self.title)} {self.done:,} of {self.total:,} steps, {self._times()}"
        about = f"cost {self._last:.4g}; highest {high:.4g}, lowest {low:.4g} so far"
        return (
            f'<div style="max-width:34em"><div>{heading}</div>'
            f'<progress value="{self.done}" max="{self.total}" aria-label="steps taken" style="width:100%"></progress>'
            f'<svg viewBox="0 0 400 100" width="100%" role="img" aria-label="{escape(about)}">'
            f'<polyline points="{points}" fill="none" stroke="currentColor" stroke-width="1.5"/></svg>'
            f"<div>{about}</div><div>{escape(self.note)}</div></div>"
        )


class Picture:
    """What a notebook shows: HTML, and a line of text for those who show none."""

    def __init__(self, html: str, text: str) -> None:
        self.html, self.text = html, text

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


def notebook() -> Callable[[Any], None] | None:
    """A function that shows an object in the notebook this runs in, in place of the one before; None if there is none.

    Nothing is imported: what a notebook runs in is there already.

    >>> notebook() is None
    True
    """
    marimo = sys.modules.get("marimo")
    if marimo is not None and marimo.running_in_notebook():
        replace: Callable[[Any], None] = marimo.output.replace
        return replace
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None or not hasattr(shell, "kernel"):  # none, or IPython in a terminal
        return None
    from importlib import import_module

    display = import_module("IPython.display").display
    handle: Any = None

    def show(picture: Any) -> None:
        nonlocal handle
        if handle is None:
            handle = display(picture, display_id=True)
        else:
            handle.update(picture)

    return show


def _mean(values: Sequence[float]) -> float:
    there = [value for value in values if math.isfinite(value)]
    return sum(there) / len(there) if there else math.nan


def _clock(seconds: float) -> str:
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def _can_write(stream: TextIO) -> bool:
    try:
        (BLOCKS + "░").encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
