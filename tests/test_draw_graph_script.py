"""scripts/draw_graph.py and `python -m minigrad.draw`: they write the pictures of the documentation, and fail in one line."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

import minigrad
from minigrad.draw import picture as pictures
from minigrad.draw.__main__ import main
from minigrad.draw.examples import EXAMPLES

ROOT = Path(minigrad.__file__).parents[1]
SCRIPT = ROOT / "scripts" / "draw_graph.py"
IMAGES = ROOT / "docs" / "images"

pure_only = pytest.mark.skipif(pictures.find("graphviz-pure") is None, reason="needs graphviz-pure")


def texts(path: Path) -> set[str]:
    elements = ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")
    return {"".join(element.itertext()).strip() for element in elements}


@pure_only
@pytest.mark.parametrize("command", [[str(SCRIPT)], ["-m", "minigrad.draw"]])
def test_it_runs_from_anywhere(tmp_path, command):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if command[0] == "-m":
        environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        [sys.executable, *command, "neuron", "layer", "--format", "svg", "--format", "png"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    written = [Path(line) for line in done.stdout.splitlines()]
    assert [path.name for path in written] == ["neuron.svg", "neuron.png", "layer.svg", "layer.png"]
    assert all((tmp_path / path).stat().st_size > 1000 for path in written)
    assert done.stderr == ""


@pure_only
def test_formats_and_a_folder(tmp_path, capsys):
    folder = tmp_path / "deep" / "folder"
    assert main(["--out", str(folder), "--format", "svg", "--format", "dot"]) == 0
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        f"{name}.{ending}" for name in EXAMPLES for ending in ("svg", "dot")
    )
    assert len(capsys.readouterr().out.splitlines()) == 2 * len(EXAMPLES)
    assert {"w1", "x1", "mul", "add", "output = tanh", "0.7071", "0.5"} <= texts(folder / "neuron.svg")
    names = {f"{layer}.{kind}" for layer in ("first", "second", "last") for kind in ("weight", "bias")}
    assert names | {"images", "linear", "sigmoid", "cost = squared_error", "(16, 784)"} <= texts(
        folder / "training_step.svg"
    )
    assert {"blocks.0 … blocks.11", "× 12", "blocks.0.attention", "loss = nll_loss"} <= texts(folder / "gpt.svg")
    assert {"= -3 + 1", "← -3", "← 1"} <= texts(folder / "shared.svg")


@pure_only
def test_the_pictures_of_the_documentation_are_these(tmp_path):
    assert main(["--out", str(tmp_path), "--format", "svg"]) == 0
    for name in ("neuron", "shared", "second_order"):
        assert texts(IMAGES / f"{name}.svg") == texts(tmp_path / f"{name}.svg")

    def words(path):  # the numbers of a network may differ in their last digit from one BLAS to another
        return {text for text in texts(path) if any(character.isalpha() for character in text.replace("e-", ""))}

    for name in ("layer", "training_step", "gpt", "failed"):
        kept = {text for text in words(IMAGES / f"{name}.svg") if not text.startswith("mean")}
        assert kept == {text for text in words(tmp_path / f"{name}.svg") if not text.startswith("mean")}


def test_an_unknown_name(capsys):
    with pytest.raises(SystemExit):
        main(["neuron", "brain"])
    assert "'brain' is none of neuron, shared, layer, training_step, gpt" in capsys.readouterr().err


def test_without_a_layout_program(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(pictures, "find", lambda program: None)
    assert main(["--out", str(tmp_path)], "draw_graph.py") == 2
    error = capsys.readouterr().err
    assert error.startswith("draw_graph.py: error: ")
    assert 'pip install "minigrad[draw]"' in error
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    main_of_script = runpy.run_path(str(SCRIPT))["main"]
    assert main_of_script(["--out", str(tmp_path / "file" / "folder")]) == 2
    assert capsys.readouterr().err.startswith("python -m minigrad.draw: error: ")
