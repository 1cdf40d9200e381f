"""What the laws on gradients saw, written down as docs/gradients.md.

Each run of `test_gradients_are_differences` leaves, for its operation, the number of examples and the largest differences
between rules and finite differences. `GRADIENTS=FILE pytest` collects them, from every process, and writes the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import ceil, inf, log10
from pathlib import Path
from typing import Any

import numpy as np
from domains import Case, Operation

from minigrad.differences import Comparison

ROOT = Path(__file__).resolve().parent.parent
HEADER = """# Every gradient, beside finite differences

Written by the tests (`make test`): for every row of the table of operations, Hypothesis draws operands of random shapes,
0-d and empty ones included, and the gradients of first and second order that the rules give are compared, in float64, with
central differences. The errors are the largest seen, as a part of the larger of 1 and the number itself, rounded up to a
power of ten; central differences themselves are good to about 1e-10. "tried on" is the range of the numbers drawn for each
floating-point operand: they keep away from kinks, jumps and poles, for which [conventions.md](conventions.md) lists what
holds.

| operation | examples | worst error, first order | second order | tried on | conventions |
|---|---|---|---|---|---|
"""

SEEN: dict[str, dict[str, Any]] = {}  # by operation, in this process


def nothing() -> dict[str, Any]:
    return {"examples": 0, "errors": {1: 0.0, 2: 0.0}, "ranges": []}


@contextmanager
def measured(operation: Operation, case: Case) -> Iterator[None]:
    """Take down what `gradcheck` compares inside, for one example."""
    seen = SEEN.setdefault(operation.name, nothing())
    seen["examples"] += 1
    floats = [a for a in case.arrays if a.dtype == np.float64]
    seen["ranges"] = (seen["ranges"] + [[inf, -inf]] * len(floats))[: max(len(floats), len(seen["ranges"]))]
    for i, a in enumerate(floats):
        if a.size:
            low, high = seen["ranges"][i]
            seen["ranges"][i] = [min(low, float(a.min())), max(high, float(a.max()))]
    check = Comparison.check

    def noted(self: Comparison, atol: float, rtol: float, order: int) -> None:
        check(self, atol, rtol, order)
        analytical, numerical, _ = self.tables()
        if analytical.size:
            error = np.abs(analytical - numerical) / np.maximum(np.abs(numerical), 1)
            seen["errors"][order] = max(seen["errors"][order], float(error.max()))

    Comparison.check = noted
    try:
        yield
    finally:
        Comparison.check = check


def power(error: float) -> str:
    """An error, rounded up to a power of ten."""
    return "exact" if error == 0 else f"1e{ceil(log10(error)):d}"


def span(low: float, high: float) -> str:
    return "nothing" if low > high else f"{low:.2g} to {high:.2g}"


def conventions(name: str, page: str) -> int:
    """How many rows of conventions.md speak of an operation."""
    word = re.escape(name.split(" ")[0])
    return len(re.findall(rf"^\| `[^`]*\b{word}\(", page, re.MULTILINE))


def line(name: str, seen: dict[str, Any], page: str) -> str:
    ranges = "; ".join(span(*r) for r in seen["ranges"]) or "no floating-point operand"
    count = conventions(name, page)
    errors = [power(seen["errors"][order]) for order in (1, 2)]
    shown = name.replace("|", "\\|")
    return f"| `{shown}` | {seen['examples']} | {errors[0]} | {errors[1]} | {ranges} | {count or ''} |\n"


def write(path: Path, found: Iterable[tuple[str, dict[str, Any]]], order: list[str]) -> None:
    """The page, its rows in the order of the table of operations."""
    rows = dict(found)
    page = (ROOT / "docs" / "conventions.md").read_text()
    path.write_text(HEADER + "".join(line(name, rows[name], page) for name in order if name in rows))


def names_in(path: Path) -> list[str]:
    """The operations that a page has a row for."""
    return [n.replace("\\|", "|") for n in re.findall(r"^\| `(.+?)` \| \d", path.read_text(), re.MULTILINE)]
