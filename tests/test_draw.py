"""The picture of a graph: what is drawn, that the numbers are the real ones, that the text is stable, how it is shown."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import graphviz
import numpy as np
import pytest
from graphviz.backend import dot_command
from hypothesis import example, given
from hypothesis import strategies as st

import minigrad
from minigrad import nn, tensor
from minigrad.draw import picture as pictures
from minigrad.draw.digraph import Digraph, quoted
from minigrad.draw.figures import Figures, figures
from minigrad.draw.flow import NONE
from minigrad.draw.look import ALARM, CLUSTER, DARK, FLOW, INK, KINDS, MUTED, PAPER
from minigrad.draw.picture import NoRendererError, TooLargeError
from minigrad.draw.sources import survey
from minigrad.draw.survey import Survey, index_text
from minigrad.draw.values import CHANGED, FREED
from minigrad.graph import Node

pure_only = pytest.mark.skipif(
    minigrad.draw(tensor(1.0))._repr_mimebundle_().keys() == {"text/plain"}, reason="needs a layout program"
)


def look(*roots, names=None, **options) -> Survey:
    return survey(list(roots), names, values=True, gradients=True, **options)


def boxes(drawing: Survey) -> dict[str, object]:
    """Boxes by name, or by operation, or by kind."""
    return {box.name or (box.node and box.node.name) or box.kind: box for box in drawing.boxes}


def leaf(data, **options):
    return tensor(data, requires_grad=True, **options)


def box_lines(picture) -> list[str]:
    return re.findall(r"^\tn\d+ \[.*$", picture.source, re.MULTILINE)


def arrows(picture) -> list[str]:
    return re.findall(r"^\tn\d+ -> n\d+.*$", picture.source, re.MULTILINE)


# ── the graph ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_kinds_names_and_shapes():
    x, w, b = minigrad.ones(2, 3), leaf(np.ones((3, 4), np.float32)), leaf([0.5])
    h = x @ w * 2
    y = (h.sum() + b).double().tanh()
    drawing = look(y, names={"x": x, "w": w, "h": h, "y": y, "unrelated": tensor(1.0), "text": "not a tensor"})
    assert [(name, box.kind, box.shape, box.dtype) for name, box in boxes(drawing).items()] == [
        ("x", "input", (2, 3), "float32"),
        ("w", "parameter", (3, 4), "float32"),
        ("matmul", "operation", (2, 4), "float32"),
        ("constant", "constant", (), "float32"),
        ("h", "operation", (2, 4), "float32"),
        ("sum", "operation", (), "float32"),
        ("parameter", "parameter", (1,), "float32"),
        ("add", "operation", (1,), "float32"),
        ("to_dtype", "operation", (1,), "float64"),
        ("y", "output", (1,), "float64"),
    ]
    assert [drawn.root for drawn in drawing.boxes] == [False] * 9 + [True]
    first, *_, last = box_lines(minigrad.draw(y, names={"x": x, "y": y}))
    assert "<B>x</B>" in first
    assert "(2, 3)" in first
    assert "float" not in first
    assert "<B>y = tanh</B>" in last
    assert "float64" in last
    assert "peripheries=2" in last


def test_an_operand_used_twice_has_two_edges():
    a = leaf(3.0)
    assert [arrow.partition(" [")[0] for arrow in arrows(minigrad.draw(a * a))] == ["\tn0 -> n1"] * 2


def test_shared_nodes_are_drawn_once():
    y = leaf(1.0)
    for _ in range(16):
        y = y + y
    drawing = look(y)
    assert (len(drawing.boxes), len(drawing.edges)) == (17, 32)


def test_long_chains_are_no_recursion():
    n = 5000
    x = leaf(1.0)
    y = x
    for _ in range(n):
        y = -y
    picture = minigrad.draw(y, max_nodes=None)
    assert len(box_lines(picture)) == n + 1
    assert len(arrows(picture)) == n
    small = minigrad.draw(y)
    assert len(box_lines(small)) == 301  # the last of them are dots
    assert "5,000 operations are more than max_nodes=300" in small.drawing.remarks[0]


def test_the_order_of_operands_is_said_where_it_matters():
    a, b, c = leaf([1.0, 2.0]), leaf([3.0, 4.0]), tensor([True, False])

    def roles(y):
        labels = [arrow.partition("label=")[2].strip("[]") for arrow in arrows(minigrad.draw(y))]
        return [label.partition("<BR/>")[0].strip("<> ") if "<FONT" not in label[:8] else "" for label in labels]

    assert roles(a - b) == roles(a / b) == ["left", "right"]
    assert roles(a**b) == ["base", "exponent"]
    assert roles(minigrad.where(c, a, b)) == ["condition", "if true", "if false"]
    assert roles(a * b) == roles(a + b) == roles(minigrad.maximum(a, b)) == ["", ""]
    assert roles(minigrad.stack([a, b])) == ["1", "2"]
    assert roles(nn.functional.linear(minigrad.ones(1, 2), leaf([[1.0, 2.0]]), leaf([1.0]))) == [
        "input",
        "weight",
        "bias",
    ]
    assert roles(a.exp()) == [""]


def test_arrows_to_views_are_dashed():
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    for view in (x[0], x.T, x.reshape(4), x.flatten().unsqueeze(0), x.expand(2, 2, 2)):
        assert all("style=dashed" in arrow for arrow in arrows(minigrad.draw(view)))
    for copy in (x.exp(), x[[0, 1]], x.clone(), x.T.reshape(4)):
        assert "dashed" not in arrows(minigrad.draw(copy))[-1]


def test_a_view_of_a_base_that_was_written_to_is_still_a_view_of_it():
    base = leaf([1.0, 2.0]) * 2
    view = base[:1]
    base[1] = 5.0
    *_, to_view, _, _ = look(view * 1).edges
    assert to_view.view


def test_settings_that_the_shape_does_not_say_are_shown():
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    assert "dim=1" in minigrad.draw(x.sum(1)).source
    assert "dim=" not in minigrad.draw(x.sum()).source
    assert "dim=(0, 1)" in minigrad.draw(x.sum((0, 1))).source
    assert "[1, :1]" in minigrad.draw(x[1, :1]).source
    assert (
        "beta=0.5"
        in minigrad.draw(
            nn.functional.softplus(x, beta=0.5) if hasattr(nn.functional, "softplus") else x.softplus(0.5)
        ).source
    )
    assert index_text((0, slice(1, None, 2), None, Ellipsis)) == "[0, 1::2, None]"
    assert index_text((Ellipsis, np.array([0, 1]), np.array([True]))) == "[..., indices (2,), mask (1,)]"
    assert index_text((Ellipsis,)) == "[...]"
    many = tuple(slice(i, i + 1) for i in range(12))
    assert "0:1" not in minigrad.draw(leaf(np.ones((1,) * 12))[many]).source  # too long for a box


def test_operations_that_only_others_call_have_a_public_name():
    x = leaf([[3.0, 4.0]])
    assert "<B>transpose</B>" in minigrad.draw(x.T).source
    assert "<B>sqrt</B>" in minigrad.draw(x.norm()).source
    y = x * 1
    y[0, 0] = 2.0
    assert "<B>assign</B>" in minigrad.draw(y).source
    assert "<B>amax</B>" in minigrad.draw(x.amax()).source
    assert "<B>amin</B>" in minigrad.draw(x.amin()).source


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_names_from_a_module_and_from_locals():
    model = nn.Sequential(nn.Linear(2, 3), nn.Sigmoid())
    y = model(minigrad.ones(1, 2)).sum()
    assert {"0.weight", "0.bias"} <= boxes(look(y, names=model)).keys()
    _ = y
    assert {"model.0.weight", "model.0.bias", "y"} <= boxes(look(y, names=locals())).keys()
    weight = model[0].weight
    assert "weight" in boxes(look(y, names=locals()))


def test_names_are_escaped_and_shortened():
    x = leaf(1.0)
    source = minigrad.draw(x, names={'<b>&"x"\n\x00': x}).source
    assert "<B>&lt;b&gt;&amp;&quot;x&quot;  </B>" in source
    assert "x" * 35 + "…" in minigrad.draw(x, names={"x" * 50: x}).source


@pure_only
@pytest.mark.parametrize("name", ["a\x00b", "a\nb", "a\u2028b", "a\ud800b"])
def test_names_that_cannot_be_printed_leave_every_format_whole(name, tmp_path):
    a = tensor([1.0, 2.0], requires_grad=True)
    picture = minigrad.draw((a * 2).sum(), names={name: a})
    ElementTree.fromstring(picture.svg())
    for ending in ("svg", "html", "dot", "json", "mmd"):
        assert "a b" in Path(picture.save(tmp_path / f"g.{ending}")).read_text(encoding="utf-8")
    assert "a b  parameter" in str(picture)


def test_names_must_be_a_dict_or_a_module():
    with pytest.raises(
        TypeError, match=r"names must be a dict from names to tensors \(locals\(\) is one\) or a module, not list"
    ):
        minigrad.draw(leaf(1.0), names=[])


# ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_values_are_the_real_ones_kept_or_computed_again():
    for n in (3, 30):
        x, w = leaf(np.linspace(-1, 1, n)), tensor(np.linspace(1, 2, n))
        a = x * w
        b = a.exp()
        c = b[1:] - 1
        d = c.sum()
        found = boxes(look(d, names={"x": x, "w": w}))
        for name, real in (("x", x), ("w", w), ("mul", a), ("exp", b), ("getitem", b[1:]), ("sub", c), ("sum", d)):
            assert found[name].value == figures(real.array)


def test_values_off():
    x = leaf(2.0)
    source = minigrad.draw(x * 3, values=False, legend=False).source
    assert "value" not in source
    assert ">2<" not in source
    assert "<B>constant</B>" in source
    assert ">grad" not in minigrad.draw(x * 3, gradients=False).source


def test_a_tensor_that_is_alive_gives_its_value_after_the_graph_was_freed():
    x, w = minigrad.ones(4, 5), leaf(np.ones((5, 6), np.float32))
    h = x @ w
    y = h.sigmoid().sum()
    y.backward()
    assert boxes(look(y))["matmul"].value == Figures((FREED,))
    assert boxes(look(y, names={"h": h}))["h"].value == figures(h.array)


def test_a_freed_graph_keeps_a_skeleton():
    x, w = minigrad.ones(4, 5), leaf(np.full((5, 6), 0.5, np.float32))
    y = (x @ w).sigmoid().sum() * 2
    y.backward()
    drawing = look(y, names={"w": w, "x": x, "y": y})
    found = boxes(drawing)
    assert found["input"].shape == (4, 5)
    assert found["input"].value == found["matmul"].value == found["sigmoid"].value == Figures((FREED,))
    assert found["sum"].value == figures(np.float32(24 / (1 + np.exp(-2.5))).reshape(()))
    assert found["matmul"].gradient == Figures((NONE,))
    assert found["w"].gradient == figures(w.grad.array)
    assert found["sum"].gradient == figures(np.array(2.0))
    assert any("let go by backward() at test_draw.py:" in remark for remark in drawing.remarks)
    assert any(
        remark.startswith("— (no gradient): not kept when backward() at test_draw.py:") for remark in drawing.remarks
    )


def test_a_large_constant_that_was_let_go():
    w, c = leaf(np.ones(20)), tensor(np.zeros(20))
    for y in ((w + c).sum(), nn.functional.mse_loss(w, c)):
        y.backward()
        drawing = look(y)
        assert boxes(drawing)["input"].value == Figures((FREED,))
        assert drawing.boxes[-1].value == figures(y.array)
        assert "freed: let go by backward()" in drawing.remarks[0]


def test_a_leaf_written_to_since_says_so():
    for n in (3, 30):
        x = leaf(np.ones(n))
        y = (x * 2).exp()
        before = boxes(look(y))
        with minigrad.no_grad():
            x.add_(1)
        drawing = look(y)
        found = boxes(drawing)
        assert found["parameter"].value == figures(np.full(n, 2.0), CHANGED)
        # exp kept its result for its rule; mul's was kept if it was small, and cannot be computed again
        assert found["exp"].value == before["exp"].value
        assert found["mul"].value == (before["mul"].value if n == 3 else Figures((CHANGED,)))
        assert any(CHANGED in remark for remark in drawing.remarks)


def test_a_result_written_to_since_shows_what_the_operation_gave():
    x = leaf(np.ones(3))
    y = x * 2
    z = y + 1
    with minigrad.no_grad():
        y.zero_()
    found = boxes(look(z))
    assert found["mul"].value == Figures(("[2, 2, 2]",), "overwritten since")
    assert found["add"].value == Figures(("[3, 3, 3]",))


def test_a_result_written_to_is_not_taken_for_what_a_later_operation_saw():
    x = leaf(np.ones(30))
    y = x * 2
    with minigrad.no_grad():
        y.zero_()
    assert boxes(look((y + 1).sum()))["add"].value == Figures((CHANGED,))


def test_a_kept_result_that_shares_memory_with_an_operand_written_to():
    x, c = leaf(np.ones(3)), minigrad.zeros(3).double()
    source = x * 2
    c[:] = source
    with minigrad.no_grad():
        source.zero_()
    copied = boxes(look(c))["copy"].value
    assert copied == Figures((CHANGED,))


def test_assigning_into_a_constant_shows_that_its_old_value_is_gone():
    x, c = leaf(2.0), minigrad.zeros(3)
    c[1] = x * 3
    found = boxes(look(c))
    assert found["input"].value.remark == CHANGED
    assert found["write_through"].value == Figures(("[0, 6, 0]",))


def test_a_view_knows_of_writes_to_its_base():
    base = leaf([1.0, 2.0]) * 2
    view = base[:]
    base.mul_(3)
    y = view * 1
    with minigrad.no_grad():
        base.zero_()
    assert base.tolist() == view.tolist() == [0, 0]
    assert boxes(look(y))["getitem"].value.cells == ("[6, 12]",)


@np.errstate(all="ignore")
@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 20), st.integers(0, 20)), max_size=9), st.sampled_from([3, 20])
)
def test_every_value_shown_is_what_the_operation_gave(steps, n):
    """Whatever is computed, viewed and written to in place, as long as the graph knows of it."""
    real: dict[Node, np.ndarray] = {}
    pool = [leaf(np.linspace(0.1, 1, 2 * n).reshape(2, n)), leaf(np.ones((2, n))), tensor(np.full((2, n), 0.5))]

    def note(x):
        if x.grad_fn is not None:
            real.setdefault(x.grad_fn, x.array.copy())
        return x

    for kind, i, j in steps:
        a, b = pool[i % len(pool)], pool[j % len(pool)]
        try:
            if kind == 0:
                pool.append(note(a * b))
            elif kind == 1:
                pool.append(note(a + b))
            elif kind == 2:
                pool.append(note(a.sigmoid()))
            elif kind == 3:
                pool.append(note(a.T).T)
            elif kind == 4:
                pool.append(note(a[:]))
            elif kind == 5:
                note(a.mul_(1.5))
            elif kind == 6:
                note(a.add_(b))
            elif kind == 7:
                a[0] = b[1]
            else:
                pool.append(note(a.sum()).exp() * minigrad.ones(2, n).double())
        except minigrad.MutationError:  # a leaf that wants a gradient
            continue
        for x in pool:
            note(x)
    drawing = look(*pool)
    for drawn in drawing.boxes:
        if drawn.node in real and drawn.value.cells[0] not in (CHANGED, FREED):
            assert drawn.value.cells == figures(real[drawn.node]).cells


# ── gradients ────────────────────────────────────────────────────────────────────────────────────────────────────────


def neuron():
    x, w, b = tensor(2.0), leaf(-3.0), leaf(6.5)
    y = (w * x + b).tanh()
    return x, w, b, y


def test_gradients_after_backward():
    x, w, b, y = neuron()
    y.backward()
    slope = np.float32(1 - np.tanh(np.float32(0.5)) ** 2)
    drawing = look(y, names=locals())
    found = boxes(drawing)
    assert found["w"].gradient == figures(w.grad.array) == figures(np.array(2 * slope))
    assert found["b"].gradient == found["add"].gradient == found["mul"].gradient == figures(np.array(slope))
    assert found["y"].gradient == Figures(("1",))
    assert found["x"].gradient is None
    assert not found["w"].computed
    assert drawing.remarks == []


def test_gradients_before_backward_are_computed_without_a_trace():
    x, w, b, y = neuron()
    drawing = look(y, names=locals())
    found = boxes(drawing)
    assert w.grad is None
    assert b.grad is None
    assert all(drawn.node.gradient is None for drawn in drawing.boxes if drawn.node)
    assert found["w"].computed
    assert not found["add"].computed
    assert drawing.remarks == ["grad*: computed for this picture; .grad is None"]
    assert "grad*" in minigrad.draw(y).source
    y.backward()
    assert found["w"].gradient == figures(w.grad.array)
    assert found["add"].gradient == boxes(look(y))["add"].gradient


def test_gradients_are_those_of_the_output_drawn():
    x = leaf(2.0)
    shared = x * 3
    (shared * 100).backward(retain_graph=True)
    found = boxes(look(shared + 1))
    assert x.grad.item() == 300  # what .grad says is shown as it is
    assert found["parameter"].gradient == Figures(("300",))
    assert found["mul"].gradient == Figures(("1",))


def test_a_gradient_that_was_not_computed_is_a_dash():
    x = leaf(np.ones(20))
    cases = [
        (
            look(x * 2),
            "— (no gradient): the output has 20 elements, not one; draw its sum(), or call backward(gradient)",
        ),
        (look((x * 2).sum(), x.exp().sum()), "— (no gradient): there are several outputs; call backward() first"),
    ]
    for drawing, remark in cases:
        assert boxes(drawing)["parameter"].gradient == Figures((NONE,))
        assert boxes(drawing)["mul"].gradient == Figures((NONE,))
        assert drawing.remarks == [remark]


def test_a_part_that_the_output_does_not_depend_on():
    x = leaf(2.0)
    y = x.detach() * leaf(3.0) + minigrad.where(x > 1, leaf(1.0), leaf(2.0))
    drawing = look(y)
    assert not any("no gradient" in remark for remark in drawing.remarks)
    other = look(y.detach() * 1)
    assert other.remarks[0].startswith("No operation was recorded: nothing it was computed from requires grad")


def test_hooks_are_not_called():
    called = []
    for hooked in ("leaf", "interior"):
        x = leaf(2.0)
        y = x * 3
        (x if hooked == "leaf" else y).register_hook(called.append)
        drawing = look(y.exp())
        assert boxes(drawing)["mul"].gradient == Figures((NONE,))
        assert drawing.remarks == [
            "— (no gradient): there are hooks, which a picture does not call; call backward() first"
        ]
    assert called == []


def test_a_gradient_that_a_write_made_impossible():
    x = leaf(np.ones(3))
    y = x.exp()
    z = (y * 2).sum()
    with minigrad.no_grad():
        y.add_(1)
    drawing = look(z)
    found = boxes(drawing)
    assert found["mul"].gradient == Figures(("[1, 1, 1]",))
    assert found["parameter"].gradient == Figures((NONE,))
    assert drawing.remarks[-1] == (
        "— (no gradient): exp: its result of shape (3,) was modified in place after exp used it"
    )


def test_a_retained_gradient_is_shown():
    x = leaf(np.ones(20))
    y = x.exp()
    y.retain_grad()
    (y * 3).sum().backward()
    assert boxes(look(y.sum().detach() * 0 + y.sum()))["exp"].gradient is not None
    z = y.sum()
    z.register_hook(print)
    assert boxes(look(z))["exp"].gradient == figures(y.grad.array)


def test_drawing_twice_changes_nothing():
    y = leaf(2.0).exp() * 3
    assert minigrad.draw(y).source == minigrad.draw(y).source


# ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("array", "cells", "remark", "alarm"),
    [
        (np.array(2.0), ("2",), "", False),
        (np.array(-0.0), ("0",), "", False),
        (np.array(1 / 3), ("0.3333",), "", False),
        (np.array(7), ("7",), "", False),
        (np.array([True, False]), ("[True, False]",), "", False),
        (np.array([1.0, np.nan]), ("[1, nan]",), "", True),
        (np.array(np.inf), ("inf",), "", True),
        (np.zeros((2, 3)), ("[[0, 0, 0],\n [0, 0, 0]]",), "", False),
        (np.zeros((0, 3)), ("no elements",), "", False),
        (np.arange(1, 10), ("1", "5", "9"), "", False),
        (np.arange(9.0), ("0", "4", "8"), "zeros: 1 of 9", False),
        (np.arange(9) > 5, ("0", "0.333", "1"), "zeros: 6 of 9", False),
        (np.array([np.nan, np.inf, *range(8)]), ("0", "inf", "inf"), "NaN: 1, infinite: 1, zeros: 1 of 10", True),
        (np.full(9, np.nan), ("nan", "nan", "nan"), "NaN: 9 of 9", True),
        (np.full(9, 60000, np.float16), ("6e+04", "6e+04", "6e+04"), "", False),
    ],
)  # fmt: skip
def test_figures(array, cells, remark, alarm):
    assert replace(figures(array), chart=None, grid=()) == Figures(cells, remark, alarm)


def test_figures_with_a_remark():
    assert figures(np.arange(9.0), "so").remark == "zeros: 1 of 9; so"
    assert figures(np.zeros(()), "so").remark == figures(np.zeros(0), "so").remark == "so"
    assert figures(np.ones(9), "so").remark == "so"
    assert figures(np.ones(9), charts=False).chart is None


def test_nan_stands_out():
    x = leaf(np.array([1.0, np.nan]))
    big = leaf(np.full(9, np.inf))
    for source in (minigrad.draw(x).source, minigrad.draw(big).source):
        assert ALARM in source
    assert ALARM not in minigrad.draw(leaf(1.0)).source


# ── the text ─────────────────────────────────────────────────────────────────────────────────────────────────────────

PROGRAM = """
import minigrad
from minigrad import nn
minigrad.manual_seed(0)
model = nn.Sequential(nn.Linear(5, 4), nn.Sigmoid(), nn.Linear(4, 2))
x = minigrad.rand(3, 5)
loss = nn.functional.mse_loss(model(x)[:, 0], minigrad.zeros(3))
loss.backward(retain_graph=True)
picture = minigrad.draw(loss, names={**locals(), "_": loss})
print(picture.source, picture._repr_mimebundle_(), picture._content("json"), picture._content("mmd"))
"""


def test_the_same_bytes_on_every_run():
    def run(seed: str) -> bytes:
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(minigrad.__file__).parents[1])}
        return subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, check=True).stdout

    first, second = run("1"), run("2")
    assert first == second
    assert b"loss = mse_loss" in first
    assert b"0x" not in first


def test_direction_and_legend():
    x = leaf([1.0, 2.0])
    source = minigrad.draw(x[0] * 2, direction="TB").source
    assert "rankdir=TB" in source
    assert ">parameter</FONT>" in source
    assert "dashed arrow" in source
    bare = minigrad.draw(x[0] * 2, legend=False).source
    assert ">parameter</FONT>" not in bare
    assert "dashed arrow" not in bare
    assert "grad*" in bare  # what a star means is said all the same
    assert "label=" not in minigrad.draw(x[0] * 2, legend=False, gradients=False).source.rpartition("->")[2]
    with pytest.raises(ValueError, match=r"direction 'left': use one of 'LR', 'TB', 'RL', 'BT'"):
        minigrad.draw(x, direction="left")


def test_what_cannot_be_drawn():
    with pytest.raises(
        TypeError, match=r"not a Sequential alone: give it an example input, draw\(Sequential\(...\), x\)"
    ):
        minigrad.draw(nn.Sequential())
    with pytest.raises(TypeError, match=r"not a list with a float in it"):
        minigrad.draw([leaf(1.0), 2.0])
    with pytest.raises(ValueError, match="an empty list: give at least one tensor"):
        minigrad.draw([])


def test_several_roots():
    x = leaf(1.0)
    assert minigrad.draw([x * 2, x.exp()]).source.count("<B>mul</B>") == 1
    assert [drawn.kind for drawn in look(x * 2, x.exp()).boxes].count("output") == 2


def test_every_text_is_readable():
    """A contrast of at least 4.5 to 1, by the formula of WCAG 2.1; borders 3 to 1."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    def contrast(a: str, b: str) -> float:
        low, high = sorted((luminance(a), luminance(b)))
        return (high + 0.05) / (low + 0.05)

    for look in KINDS.values():
        for theme in ({}, DARK):
            fill, border, paper = (theme.get(colour, colour) for colour in (look["fillcolor"], look["color"], PAPER))
            for ink in (INK, MUTED, ALARM, FLOW):
                assert contrast(theme.get(ink, ink), fill) >= 4.5
                assert contrast(theme.get(ink, ink), theme.get(CLUSTER, CLUSTER)) >= 4.5
            assert contrast(border, paper) >= 3
    # without colours, what a box is can be told by its outline; the output's is double
    assert len({look["shape"] + look["style"] for look in KINDS.values()}) + 1 == len(KINDS)


# ── showing it ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_import_is_cheap_and_the_name_is_the_function():
    program = (
        "import sys, minigrad.draw, minigrad; from minigrad.draw import draw; assert minigrad.draw is draw; "
        "assert not any(name.startswith('graphviz') for name in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(minigrad.__file__).parents[1])}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)


@pure_only
def test_pictures_are_pictures(tmp_path):
    picture = minigrad.draw(leaf([1.0, 2.0]).exp().sum(), names={})
    svg = picture.pipe("svg", encoding="utf-8")
    root = ElementTree.fromstring(svg)
    texts = {"".join(element.itertext()).strip() for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"exp", "value", "grad", "[2.718, 7.389]"} <= texts
    assert picture.pipe("png").startswith(b"\x89PNG")
    assert Path(picture.render(outfile=tmp_path / "graph.svg")).read_bytes().startswith(b"<svg")
    assert Path(picture.render(tmp_path / "other", format="png")).read_bytes().startswith(b"\x89PNG")
    assert picture._repr_mimebundle_().keys() == {"image/svg+xml", "text/plain"}


@pure_only
def test_the_graphviz_package_stays_as_it_is(monkeypatch):
    before = dot_command.DOT_BINARY
    minigrad.draw(leaf(1.0)).pipe()
    assert dot_command.DOT_BINARY is before
    broken = minigrad.draw(leaf(1.0))
    monkeypatch.setattr(pictures.Writer, "source", lambda self: "digraph { -> nowhere [")
    with pytest.raises(graphviz.CalledProcessError):
        broken.pipe()
    assert dot_command.DOT_BINARY is before
    assert "parameter#0  parameter" in broken._repr_mimebundle_()["text/plain"]


def programs(monkeypatch, found: dict[str, str]):
    monkeypatch.setattr(pictures, "find", found.get)


def test_without_a_layout_program(monkeypatch, tmp_path):
    programs(monkeypatch, {})
    picture = minigrad.draw(leaf(2.0) * 3)
    for show in (picture.pipe, picture.render, picture.svg, lambda: picture.save(tmp_path / "graph.png")):
        with pytest.raises(NoRendererError, match=r'pip install "minigrad\[draw\]" brings one') as caught:
            show()
        assert isinstance(caught.value, graphviz.ExecutableNotFound)
    shown = picture._repr_mimebundle_()
    assert shown.keys() == {"text/plain"}
    assert "minigrad[draw]" in shown["text/plain"]
    assert "mul#2 = mul(parameter#0, constant#1)  value 6  grad 1" in shown["text/plain"]
    assert list(tmp_path.iterdir()) == []
    assert Path(picture.save(tmp_path / "graph.gv")).read_text() == picture.source


def test_which_layout_program(monkeypatch):
    programs(monkeypatch, {"graphviz-pure": "pure", "dot": "system"})
    assert pictures.renderer_for("svg") == pictures.renderer_for("PNG") == "pure"
    assert pictures.renderer_for("pdf") == "system"
    programs(monkeypatch, {"dot": "system"})
    assert pictures.renderer_for("svg") == "system"
    programs(monkeypatch, {"graphviz-pure": "pure"})
    with pytest.raises(ValueError, match="graphviz-pure does not write pdf: use svg or png, or install Graphviz"):
        pictures.renderer_for("pdf")


def test_programs_are_found_beside_python_and_on_path(monkeypatch, tmp_path):
    for folder in ("beside", "on_path"):
        (tmp_path / folder).mkdir()
        program = tmp_path / folder / f"layout-{folder}"
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "beside" / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "on_path"))
    if os.name == "posix":
        assert pictures.find("layout-beside") == str(tmp_path / "beside" / "layout-beside")
        assert pictures.find("layout-on_path") == str(tmp_path / "on_path" / "layout-on_path")
    assert pictures.find("layout-nowhere") is None


def test_what_would_take_minutes_is_not_laid_out_but_has_its_text(monkeypatch):
    monkeypatch.setattr(pictures, "TOO_MANY", 4)
    x = leaf(1.0)
    y = x
    for _ in range(5):
        y = -y
    picture = minigrad.draw(y)
    with pytest.raises(TooLargeError, match=r'6 boxes are more than can be laid out .* focus="name"'):
        picture.pipe()
    assert picture.source.count("<B>neg</B>") == 5
    assert picture._repr_mimebundle_()["text/plain"].startswith("6 boxes are more than can be laid out")


# ── the text without the graphviz package ────────────────────────────────────────────────────────────────────────────


@given(st.text(st.characters(exclude_characters="\\", exclude_categories=["Cs"])))
@example("node")
@example("-1.5")
@example("<b>a</b>")
def test_names_are_quoted_as_graphviz_does(text):
    assert quoted(text) == graphviz.quoting.quote(text)


def test_a_graph_is_written_as_graphviz_does():
    texts = []
    for kind in (Digraph, graphviz.Digraph):
        picture = kind("minigrad")
        picture.attr("node", shape="box", fontname="Arial Narrow")
        picture.node("n0", "<<b>a</b>>", color="#ff0000")
        with picture.subgraph(name="cluster_0") as inner:
            inner.attr("graph", label="a module")
            inner.node("n1", 'say "b"', peripheries="2")
        picture.edge("n0", "n1", None, style="dashed")
        texts.append(picture.source)
    assert texts[0] == texts[1]


def test_the_dot_text_needs_no_graphviz_package():
    program = (
        "import sys; sys.modules['graphviz'] = None\n"
        "import minigrad\nfrom minigrad.draw.dot import Writer\nfrom minigrad.draw.sources import survey\n"
        "w = minigrad.tensor(3.0, requires_grad=True)\n"
        "print(Writer(survey([w * w], {'w': w}), 'LR', legend=False, memory=False, plain=True).source())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    w = minigrad.tensor(3.0, requires_grad=True)
    assert done.stdout.strip() == minigrad.draw(w * w, names={"w": w}, legend=False).source.strip()
