"""What puts the page together: it takes no other NumPy, leaves the digits out of the wheel, and harms no folder."""

import hashlib
import io
import json
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import build_lesson  # noqa: E402


def test_numpy_is_the_one_that_the_lock_names(tmp_path):
    (tmp_path / "numpy.whl").write_bytes(b"numpy")
    pinned = {"file_name": "numpy.whl", "sha256": hashlib.sha256(b"numpy").hexdigest()}
    lock = {"packages": {"numpy": pinned}}
    assert build_lesson.checked_numpy(lock, tmp_path).name == "numpy.whl"
    (tmp_path / "numpy.whl").write_bytes(b"another")
    with pytest.raises(build_lesson.BuildError, match="pins"):
        build_lesson.checked_numpy(lock, tmp_path)
    (tmp_path / "numpy.whl").unlink()
    with pytest.raises(build_lesson.BuildError, match="is missing"):
        build_lesson.checked_numpy(lock, tmp_path)


def test_the_wheel_in_the_repository_is_what_its_note_says():
    (wheel,) = (ROOT / "minigrad" / "lesson" / "vendor").glob("*.whl")
    note = (wheel.parent / "README.md").read_text()
    assert wheel.name in note
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() in note


def test_the_archive_has_the_code_and_not_the_data(tmp_path, monkeypatch):
    package = tmp_path / "a"
    (package / "page").mkdir(parents=True)
    for name in ("__init__.py", "py.typed", "page.html", "data.gz", "page/tool.py"):
        (package / name).write_text(name)
    monkeypatch.setattr(build_lesson, "PAGE", package / "page")
    content = build_lesson.archive(package)
    assert content == build_lesson.archive(package)
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        assert found.namelist() == ["a/__init__.py", "a/page.html", "a/py.typed"]
        assert found.read("a/page.html") == b"page.html"


def test_posters_stand_in_their_figures():
    head = '<figure id="x" class="wide"\n data-figure="curve">\n <div class="poster">'
    page = head + "</div><p>caption</p></figure><figure>plain</figure>"
    found = build_lesson.with_posters(page)
    assert found.startswith(head + "<svg")
    assert found.endswith("</svg></div><p>caption</p></figure><figure>plain</figure>")
    with pytest.raises(build_lesson.BuildError, match="no poster for nonsense"):
        build_lesson.with_posters('<figure data-figure="nonsense"><div class="poster">')


def test_somebody_elses_folder_is_left_alone(tmp_path):
    out, new = tmp_path / "out", tmp_path / "new"
    out.mkdir()
    new.mkdir()
    (out / "letter.txt").write_text("mine")
    with pytest.raises(build_lesson.BuildError, match="no page of the lesson"):
        build_lesson.replace(new, out, tmp_path / "old")
    assert (out / "letter.txt").read_text() == "mine"
    (out / "index.html").write_text("")
    build_lesson.replace(new, out, tmp_path / "old")
    assert not list(out.iterdir())


def test_without_node_it_says_what_to_install(tmp_path, monkeypatch, capsys):
    (tmp_path / "package-lock.json").write_text("{}")
    monkeypatch.setattr(build_lesson, "PAGE", tmp_path)
    monkeypatch.setattr(build_lesson.shutil, "which", lambda name: None)
    assert build_lesson.main(["--out", str(tmp_path / "out")]) == 2
    assert "Node.js is missing" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_without_node_but_with_its_packages_it_says_so_too(tmp_path, monkeypatch):
    monkeypatch.setattr(build_lesson.shutil, "which", lambda name: None)
    with pytest.raises(build_lesson.BuildError, match=r"Node\.js is missing"):
        build_lesson.documents(tmp_path, tmp_path / "docs")


def test_a_folder_that_cannot_be_made_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(build_lesson, "packages", lambda: tmp_path)
    (tmp_path / "file").write_text("")
    assert build_lesson.main(["--out", str(tmp_path / "file" / "out")]) == 2
    assert f"error: {tmp_path / 'file'}" in capsys.readouterr().err


def test_packages_are_pinned():
    page = ROOT / "minigrad" / "lesson" / "page"
    wanted = json.loads((page / "package.json").read_text())["dependencies"]
    locked = json.loads((page / "package-lock.json").read_text())["packages"]
    for name, version in wanted.items():
        assert locked[f"node_modules/{name}"]["version"] == version
    assert all("integrity" in package for path, package in locked.items() if path)
    for path in build_lesson.PACKAGES:
        assert any(path.startswith(f"{name}/") for name in wanted), path
