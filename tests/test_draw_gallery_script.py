"""scripts/draw_gallery.py draws every picture of docs/gallery.md, and the page has them all."""

import importlib.util
import re
from pathlib import Path

import pytest

import minigrad
from minigrad import plot

pytest.importorskip("matplotlib", reason="pictures need the extra minigrad[mnist]")
image = pytest.importorskip("PIL.Image", reason="small PNGs need Pillow, of the extra minigrad[mnist]")

ROOT = Path(minigrad.__file__).parents[1]
PAGE = (ROOT / "docs" / "gallery.md").read_text()


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("draw_gallery_script", ROOT / "scripts" / "draw_gallery.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def run(script):
    """A run that is over soon."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(script, "EVERY", 10)
        return script.Run(1, 500, 5)


@pytest.fixture(autouse=True)
def short(script, run, monkeypatch):
    monkeypatch.setattr(script, "EVERY", 10)
    monkeypatch.setattr(script, "Run", lambda: run)


def test_every_picture_is_written_in_both_themes(script, tmp_path, capsys):
    assert script.main(["--out", str(tmp_path / "new")]) == 0
    written = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert written == sorted(f"{name}{theme}.png" for name in script.PICTURES for theme in ("", "-dark"))
    for path in (tmp_path / "new").iterdir():
        with image.open(path) as picture:
            assert picture.width > 400
            dark = sum(picture.convert("RGB").getpixel((0, 0))) < 300
        assert dark == path.stem.endswith("-dark")
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == list(script.PICTURES)


def test_one_picture_may_be_asked_for_as_svg_and_comes_out_the_same_each_time(script, tmp_path):
    pages = []
    for _ in range(2):
        assert script.main(["cost_slice", "--format", "svg", "--out", str(tmp_path)]) == 0
        pages.append((tmp_path / "cost_slice-dark.svg").read_bytes())
    assert pages[0] == pages[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cost_slice-dark.svg", "cost_slice.svg"]


def test_an_unknown_picture_is_refused_in_one_line(script, capsys):
    with pytest.raises(SystemExit) as stopped:
        script.main(["stripes"])
    assert stopped.value.code == 2
    assert (
        "draw_gallery.py: error: there is no picture 'stripes': choose from learning_curves," in capsys.readouterr().err
    )


def test_what_is_measured_fits_together(script, run):
    assert len(run.costs) == 50
    assert len(run.path) == 6  # at the steps 0, 10, ... 40, and at the end
    assert {name: len(values) for name, values in run.gradients.items()} == dict.fromkeys(run.names, 6)
    assert run.table.sum() == 10_000
    assert run.table.trace() == round(100 * run.tests[-1])
    assert run.cost(run.theta) < run.cost(run.path[0])
    assert (
        minigrad.nn.utils.parameters_to_vector(run.model.parameters()).detach().numpy().tolist() == run.theta.tolist()
    )


def test_the_page_shows_every_picture_and_every_function(script):
    folder = ROOT / "docs" / "images" / "gallery"
    shown = re.findall(r"images/gallery/([\w-]+\.png)", PAGE)
    assert sorted(shown) == sorted(f"{name}{theme}.png" for name in script.PICTURES for theme in ("", "-dark"))
    assert sorted(path.name for path in folder.iterdir()) == sorted(shown)
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1_500_000
    assert re.findall(r'alt="([^"]*)"', PAGE).count("") == 0
    for name in plot.__all__:
        if name not in ("figure", "smoothed"):
            assert f"plot.{name}(" in PAGE, name
    assert PAGE.count("*What may be misread:*") == len(script.PICTURES)
