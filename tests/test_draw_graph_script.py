"""scripts/draw_graph.py: it writes the pictures of the documentation, and fails in one line."""

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

ROOT = Path(minigrad.__file__).parents[1]
SCRIPT = ROOT / "scripts" / "draw_graph.py"
IMAGES = ROOT / "docs" / "images"

pure_only = pytest.mark.skipif(pictures.find("graphviz-pure") is None, reason="needs graphviz-pure")


@pytest.fixture
def main():
    return runpy.run_path(str(SCRIPT))["main"]


def texts(path: Path) -> set[str]:
    elements = ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")
    return {"".join(element.itertext()).strip() for element in elements}


@pure_only
def test_it_runs_from_anywhere_without_being_installed(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, SCRIPT], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    written = [Path(line) for line in done.stdout.splitlines()]
    assert [path.name for path in written] == ["neuron.svg", "neuron.png", "training_step.svg", "training_step.png"]
    assert all((tmp_path / path).stat().st_size > 1000 for path in written)
    assert done.stderr == ""


@pure_only
def test_one_format_and_a_folder(main, tmp_path, capsys):
    assert main(["--out", str(tmp_path / "deep" / "folder"), "--format", "svg"]) == 0
    folder = tmp_path / "deep" / "folder"
    assert sorted(path.name for path in folder.iterdir()) == ["neuron.svg", "training_step.svg"]
    assert capsys.readouterr().out.splitlines() == [str(folder / "neuron.svg"), str(folder / "training_step.svg")]
    assert {"w1", "x1", "mul", "add", "output = tanh", "0.7071", "0.5"} <= texts(folder / "neuron.svg")
    names = {f"layers.{i}.{kind}" for i in (0, 2, 4) for kind in ("weight", "bias")}
    assert names | {"images", "linear", "sigmoid", "cost = squared_error", "(16, 784)"} <= texts(
        folder / "training_step.svg"
    )
    assert "freed" not in texts(folder / "training_step.svg")


@pure_only
def test_the_pictures_of_the_documentation_are_these(main, tmp_path):
    assert main(["--out", str(tmp_path), "--format", "svg"]) == 0
    assert texts(IMAGES / "neuron.svg") == texts(tmp_path / "neuron.svg")

    def words(path):  # the numbers of the network may differ in their last digit from one BLAS to another
        return {text for text in texts(path) if any(character.isalpha() for character in text.replace("e-", ""))}

    assert words(IMAGES / "training_step.svg") == words(tmp_path / "training_step.svg")
    for name in ("neuron.png", "training_step.png"):
        assert (IMAGES / name).read_bytes().startswith(b"\x89PNG")


def test_without_a_layout_program(main, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(pictures, "find", lambda program: None)
    assert main(["--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("draw_graph.py: error: ")
    assert 'pip install "minigrad[draw]"' in error
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(main, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["--out", str(tmp_path / "file" / "folder")]) == 2
    assert capsys.readouterr().err.startswith("draw_graph.py: error: ")
