"""The page to step through a computation: what it is told. How it behaves is tested in a browser: test_pictures_in_browser."""

from __future__ import annotations

import json
import re
from math import cos, e, log, sin, sqrt, tanh
from pathlib import Path

import numpy as np
import pytest

import minigrad
from minigrad import nn
from minigrad.draw import page as pages
from minigrad.draw.examples import EXAMPLES
from minigrad.draw.formulas import FORMULAS
from minigrad.draw.page import filled, page, sum_of

PAGE = Path(pages.__file__).with_name("page.html")

needs_layout = pytest.mark.skipif(
    minigrad.draw(minigrad.tensor(1.0))._repr_mimebundle_().keys() == {"text/plain"}, reason="needs a layout program"
)


def leaf(data):
    return minigrad.tensor(data, requires_grad=True)


def told(picture) -> dict:
    """What the page's program is given."""
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', page(picture), re.DOTALL)[1]
    return json.loads(text)


def test_the_template_is_small_and_needs_no_network():
    text = PAGE.read_text("utf-8")
    assert len(text.encode()) < 60_000
    assert re.findall(r"https?://[\w./]+", text) == ["http://www.w3.org/2000/svg"]
    assert [text.count(f"@{mark}@") for mark in ("title", "svg", "data")] == [2, 1, 1]


@needs_layout
def test_steps_run_forward_and_then_backward():
    a, b = leaf(2.0), leaf(-3.0)
    c = a * b + a
    c.backward()
    data = told(minigrad.draw(c, names={"a": a, "b": b, "c": c}))
    assert data["title"] == "Computation graph of c"
    assert [(step["box"], step["backward"]) for step in data["steps"]] == [(2, False), (3, False), (3, True), (2, True)]
    assert data["boxes"][2]["formula"] == "a · b"
    assert data["boxes"][2]["numbers"] == "2 · (-3)"
    last = data["steps"][-1]["shares"]
    assert [(share["formula"], share["numbers"], share["rule"]) for share in last] == [
        ("g · b", "1 · (-3)", "g * other"), ("g · a", "1 · 2", "g * self"),
    ]  # fmt: skip
    assert [(share["number"], share["of"], share["sum"]) for share in last] == [(2, 2, "1 + (-3) = -2"), (1, 1, "2")]
    assert [edge["share"] for edge in data["edges"]] == ["-3", "2", "1", "1"]


@needs_layout
def test_an_operation_without_a_formula_is_told_as_a_call():
    x = leaf([[1.0, 2.0], [3.0, 5.0]])
    data = told(minigrad.draw(x.det(), names={"x": x}))
    assert data["boxes"][-1]["formula"].endswith(")")
    assert data["boxes"][0]["value"] == "[[1, 2],\n [3, 5]]"
    assert data["boxes"][0]["shape"] == "(2, 2) float32"


@needs_layout
def test_a_gradient_that_was_not_computed_is_no_step():
    x = leaf(np.ones(20))
    data = told(minigrad.draw(x * 2))
    assert [step["backward"] for step in data["steps"]] == [False]
    assert data["boxes"][-1]["gradient"] == "— (not computed)"
    assert data["boxes"][0]["value_chart"].startswith("<svg")


@needs_layout
def test_modules_that_are_closed_in_the_picture_are_closed_in_the_page(monkeypatch):
    model = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.Linear(3, 3), nn.Tanh()))
    x = minigrad.ones(1, 2)
    data = told(minigrad.draw(model, x, depth=1))
    assert [data["modules"][call]["title"] for call in data["closed"]] == ["0", "1", "1.0", "1.1"]
    assert len(data["boxes"]) == 8
    assert data["modules"][3] == {"title": "1.0", "kind": "Linear", "repeats": 1, "operations": 1, "scope": [0, 2, 3]}
    monkeypatch.setattr(pages, "MOST", 3)  # too many to open: what the picture shows
    data = told(minigrad.draw(model, x, depth=1))
    assert (data["closed"], len(data["boxes"])) == ([], 3)
    monkeypatch.undo()
    assert len(told(minigrad.draw(model, x, focus="tanh", radius=0))["boxes"]) == 2


@needs_layout
def test_what_went_wrong_is_told():
    data = told(minigrad.draw(nn.Linear(3, 2), minigrad.ones(2, 2)))
    assert data["title"] == "Computation that failed at linear"
    assert data["boxes"][3]["shape"] == ""
    assert data["alarm"].startswith("ShapeError: Linear(3, 2) got an input of shape (2, 2)")
    assert data["steps"][-1] == {"box": 3, "backward": False}


@needs_layout
@pytest.mark.parametrize("name", ["neuron", "gpt"])
def test_pages_are_the_same_bytes_every_time(name, tmp_path):
    (text, again), picture = (page(EXAMPLES[name]()) for _ in range(2)), EXAMPLES[name]()
    assert text == again
    assert picture.save(tmp_path / "graph.html") == str(tmp_path / "graph.html")
    assert len((tmp_path / "graph.html").read_text("utf-8")) == len(text)
    assert "</script>" not in re.search(r'id="data">(.*?)</script>\n<script>', text, re.DOTALL)[1]


def test_sums():
    assert sum_of(["1", "-3", "0.5"]) == "1 + (-3) + 0.5 = -1.5"
    assert sum_of(["2"]) == "2"
    assert sum_of(["‖2‖", "1"]) == ""
    assert filled("{0} + {1}", ["a"]) == ""


# ── formulas ─────────────────────────────────────────────────────────────────────────────────────────────────────────

FUNCTIONS = {"ln": log, "sin": sin, "cos": cos, "tanh": tanh, "√": sqrt, "sign": np.sign}
SCALAR = [
    "add",
    "sub",
    "mul",
    "div",
    "neg",
    "pow",
    "square",
    "sqrt",
    "exp",
    "log",
    "abs",
    "sin",
    "cos",
    "tanh",
    "sigmoid",
]


def computed(formula: str, places: list[float], g: float, z: float) -> float:
    """The number that a formula stands for."""
    text = filled(formula, [f"({x})" for x in places], f"({g})", f"({z})")
    text = re.sub(r"2 (?=\()", "2 * ", text)
    text = re.sub(r"\|(.*?)\|", r"abs(\1)", text)
    for sign, python in (("·", "*"), ("−", "-"), ("^", "**"), ("²", "**2")):
        text = text.replace(sign, python)
    text = re.sub(r"(ln|sin|cos|tanh|sign|√) ?(\([^()]*\))", lambda found: f"FUNCTIONS[{found[1]!r}]{found[2]}", text)
    return eval(text, {"e": e, "FUNCTIONS": FUNCTIONS})


@pytest.mark.parametrize("name", SCALAR)
def test_formulas_are_what_the_rules_compute(name):
    forward, rules = FORMULAS[name]
    places = [0.7, 1.3][: len(rules)]
    operands = [minigrad.tensor(x, dtype=minigrad.float64, requires_grad=True) for x in places]
    result = getattr(minigrad, name)(*operands)
    assert computed(forward, places, 1.0, 0.0) == pytest.approx(result.item())
    gradients = minigrad.autograd.grad(result, operands, minigrad.tensor(1.7, dtype=minigrad.float64))
    for rule, gradient in zip(rules, gradients, strict=True):
        assert computed(rule, places, 1.7, result.item()) == pytest.approx(gradient.item())


def test_formulas_name_operations_that_there_are():
    for name in FORMULAS:
        assert hasattr(minigrad.Tensor, name) or hasattr(nn.functional, name) or name in ("squared_error", "getitem")
