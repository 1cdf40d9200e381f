"""Every row of the tables in docs/conventions.md is true: what the page promises is what the code does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import nullcontext
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad.testing import assert_close

PAGE = Path(__file__).parent.parent / "docs" / "conventions.md"
FUNCTIONS = {name: getattr(minigrad.nn.functional, name) for name in minigrad.nn.functional.__all__}
NAMES = (
    FUNCTIONS
    | {name: getattr(minigrad, name) for name in ("maximum", "minimum", "softplus", "where")}
    | {
        "inf": inf,
        "nan": nan,
    }
)
WARNS = ("Poles",)  # elsewhere a RuntimeWarning fails the test


def rows() -> Iterator[Any]:
    """(section, expression, points, value, gradients) for each row of each table."""
    section = ""
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            section = line[3:]
        elif line.startswith("| `"):
            expression, points, value, gradient = (re.findall("`(.*?)`", cell) for cell in line.split("|")[1:5])
            where = ", ".join(points)
            yield pytest.param(section, *expression, points, *value, gradient, id=f"{section}-{expression[0]}-{where}")


ROWS = list(rows())


@pytest.mark.parametrize(("section", "expression", "points", "value", "gradients"), ROWS)
def test_row(section: str, expression: str, points: list[str], value: str, gradients: list[str]) -> None:
    tensors = {}
    for point in points:
        name, _, numbers = point.partition(" = ")
        tensors[name] = minigrad.tensor(eval(numbers, NAMES), dtype=minigrad.float32, requires_grad=True)
    with np.errstate(all="ignore") if section in WARNS else nullcontext():
        result = eval(expression, NAMES, tensors)
        if gradients:
            result.sum().backward()
    assert_close(result, np.array(eval(value, NAMES)), check_dtype=False, equal_nan=True)
    assert bool(gradients) == result.requires_grad
    for tensor, gradient in zip(tensors.values(), gradients, strict=bool(gradients)):
        assert_close(tensor.grad, np.array(eval(gradient, NAMES)), check_dtype=False, equal_nan=True)


def test_the_page_was_read() -> None:
    """No row was lost to its layout: each table line is a row, a heading or a rule."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("|")]
    tables = sum(line.startswith("|---") for line in lines)
    assert len(ROWS) == len(lines) - 2 * tables
    assert tables == 8
    assert len(ROWS) >= 80


def test_a_wrong_row_fails() -> None:
    with pytest.raises(AssertionError):
        test_row("Kinks and jumps", "x.relu()", ["x = [0]"], "[0]", ["[1]"])
    with pytest.raises(AssertionError):
        test_row("Kinks and jumps", "x.relu()", ["x = [0]"], "[1]", ["[0]"])
    with pytest.raises(RuntimeWarning):
        test_row("Kinks and jumps", "x.log()", ["x = [0]"], "[-inf]", ["[inf]"])
