"""The live view: a line in a terminal, a picture in a notebook that stands for the real one, silence elsewhere."""

import io
import math
import sys
from types import ModuleType, SimpleNamespace

import pytest

import minigrad
from minigrad import plot
from minigrad.plot import Live, live, sparkline


class Terminal(io.StringIO):
    """A stream that says it is a terminal, of 80 columns."""

    encoding = "utf-8"

    def isatty(self):
        return True


class OldTerminal(Terminal):
    encoding = "cp1252"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    """No notebook, a clock that advances a second at each look, a terminal of 80 columns."""
    seconds = iter(range(10_000))
    monkeypatch.setattr(live, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    monkeypatch.delitem(sys.modules, "marimo", raising=False)


def test_sparklines():
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert sparkline([4, 2, 2, 0], width=2) == "█▁"
    assert sparkline([1, math.nan, 0]) == "█ ▁"
    assert sparkline([math.inf]) == " "
    assert sparkline([3, 3], marks="_-") == "__"
    assert sparkline([]) == ""
    with pytest.raises(ValueError, match="width 0: give at least 1"):
        sparkline([1], 0)


def test_a_terminal_gets_a_line_that_is_taken_away():
    stream = Terminal()
    with Live(4, "epoch 1/2", stream=stream) as view:
        view.update(minigrad.tensor(0.9))
        view.update(0.3, "right 91.0 %, averaged while it learns", steps=2)
        line = stream.getvalue().split("\r")[-1]
    assert line.startswith("epoch 1/2 ████████░░  75 %  cost 0.3 █▁  0:")
    assert line.endswith(" left  right 91.0 %, averaged while it learns")
    assert stream.getvalue().endswith("\r" + " " * len(line) + "\r")
    assert "\n" not in stream.getvalue()


def test_notes_are_shown_where_there_is_room(monkeypatch):
    stream = Terminal()
    view = Live(2, stream=stream)
    monkeypatch.setenv("COLUMNS", "140")
    view.update(1.0, "averaged while it learns")
    assert stream.getvalue().rstrip().endswith("averaged while it learns")
    monkeypatch.setenv("COLUMNS", "13")
    view.update(1.0, "averaged while it learns")
    assert stream.getvalue().split("\r")[-1] == "██████ 100 %"


def test_a_note_matters_more_than_the_time(monkeypatch):
    stream = Terminal()
    monkeypatch.setenv("COLUMNS", "80")
    view = Live(60, "epoch 12/60", stream=stream)
    for i in range(20):
        view.update(0.1234 + i, "right 91.0 %, mean as it learns")
    line = stream.getvalue().split("\r")[-1].rstrip()
    assert line == "epoch 12/60 ██░░░░  33 %  cost 19.12 ▁▂▃▄▅▅▆▇█  right 91.0 %, mean as it learns"


def test_lines_of_its_own_stand_above(capsys):
    stream = Terminal()
    view = Live(2, stream=stream)
    view.update(1.0)
    view.print("epoch", 1)
    assert stream.getvalue().endswith(" \r")
    assert capsys.readouterr().out == "epoch 1\n"


def test_old_terminals_get_plain_marks():
    stream = OldTerminal()
    Live(1, stream=stream).update(1.0)
    assert "@@@@@@@@@@ 100 %  cost 1 _" in stream.getvalue()
    stream.getvalue().encode("ascii")


def test_what_is_no_terminal_gets_nothing(capsys):
    stream = io.StringIO()
    with Live(1, stream=stream) as view:
        view.update(1.0)
    assert stream.getvalue() == ""
    with Live(1) as view:
        view.update(1.0)
    assert capsys.readouterr() == ("", "")


def test_it_draws_no_oftener_than_asked():
    stream = Terminal()
    view = Live(100, stream=stream, every=10)
    for _ in range(5):
        view.update(1.0)
    assert stream.getvalue() == ""
    for _ in range(10):
        view.update(1.0)
    assert stream.getvalue().count("\r") == 1


def test_costs_of_long_runs_are_averaged():
    view = Live(10_000, stream=io.StringIO())
    for i in range(4000):
        view.update(float(i))
    assert len(view.costs) <= live.KEPT
    assert view.costs[:2] == [3.5, 11.5]
    assert view.done == 4000


class Handle:
    def __init__(self, shown):
        self.shown = shown

    def update(self, picture):
        self.shown.append(("update", picture))


@pytest.fixture
def jupyter(monkeypatch):
    """What IPython is under a kernel; the list of what it is asked to show."""
    shown = []
    package, display = ModuleType("IPython"), ModuleType("IPython.display")
    package.get_ipython = lambda: SimpleNamespace(kernel=object())

    def show(picture, display_id):
        assert display_id is True
        shown.append(("display", picture))
        return Handle(shown)

    display.display = show
    monkeypatch.setitem(sys.modules, "IPython", package)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return shown


def test_a_notebook_gets_a_picture_that_changes(jupyter, capsys):
    import xml.etree.ElementTree as ET

    with Live(4, "epoch <1>") as view:
        for cost in [0.9, math.nan, 0.3]:
            view.update(cost, "right 91 %, averaged while it learns")
    assert [kind for kind, _ in jupyter] == ["display", "update", "update", "update"]
    picture = jupyter[-1][1]
    tree = ET.fromstring(picture._repr_html_())
    assert tree.find("svg/polyline").get("points").count(",") == 2
    assert tree.find("progress").attrib["value"] == "3"
    text = "".join(tree.itertext())
    assert "epoch <1> 3 of 4 steps" in text
    assert "highest 0.9, lowest 0.3" in text
    assert "averaged while it learns" in text
    assert repr(picture).startswith("epoch <1> ████░░  75 %")
    assert capsys.readouterr() == ("", "")


def test_ipython_in_a_terminal_is_a_terminal(jupyter, monkeypatch):
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: SimpleNamespace())
    stream = Terminal()
    Live(1, stream=stream).update(1.0)
    assert jupyter == []
    assert "cost 1" in stream.getvalue()


def test_marimo_replaces_its_output(monkeypatch):
    shown = []
    marimo = ModuleType("marimo")
    marimo.running_in_notebook = lambda: True
    marimo.output = SimpleNamespace(replace=shown.append)
    monkeypatch.setitem(sys.modules, "marimo", marimo)
    Live(1).update(0.5)
    assert "cost 0.5" in shown[-1]._repr_html_()
    monkeypatch.setattr(marimo, "running_in_notebook", lambda: False)
    assert live.notebook() is None


def test_it_needs_no_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert plot.Live(1, stream=io.StringIO()).costs == []


def test_sparklines_of_tensors():
    assert sparkline(minigrad.tensor([0.0, 7.0])) == sparkline([minigrad.tensor(0.0), minigrad.tensor(7.0)]) == "▁█"
    assert sparkline(n for n in (0, 7)) == "▁█"


def test_a_title_and_a_note_of_several_lines_stay_in_the_one_that_is_taken_back():
    stream = Terminal()
    with Live(2, "epoch\n1", stream=stream, every=0) as shown:
        shown.update(1.0, "a\nb")
    assert "\repoch 1 " in stream.getvalue()
    assert "  a b" in stream.getvalue()
    assert "\n" not in stream.getvalue()
