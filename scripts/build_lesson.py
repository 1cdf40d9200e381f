"""Put the page of the lesson together: the npm packages it uses, posters drawn by the engine, and, for a host without
Python, what a browser needs to run minigrad itself.

    python scripts/build_lesson.py              into build/lesson, for `python -m minigrad.lesson`
    python scripts/build_lesson.py --static     into build/lesson-static, to copy to any static host
    python scripts/build_lesson.py --out FOLDER

Needs Node.js and npm; `make lesson` and `make lesson-static` run it. What is written appears when it is whole.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from minigrad.datasets import read_idx, write_idx
from minigrad.datasets.mnist import FOLDER as MNIST
from minigrad.lesson import posters
from minigrad.lesson.state import FIRST, TRAINED

LESSON = ROOT / "minigrad" / "lesson"
PAGE = LESSON / "page"
NODE = 18  # the oldest Node.js that will do

# What is copied of the packages; under lib/ it has the path that it has in node_modules/.
PACKAGES = (
    "d3/dist/d3.min.js",
    "d3/LICENSE",
    "@observablehq/plot/dist/plot.umd.min.js",
    "@observablehq/plot/LICENSE",
    "three/build/three.module.js",
    "three/build/three.core.js",
    "three/examples/jsm/controls/OrbitControls.js",
    "three/LICENSE",
    "@hpcc-js/wasm-graphviz/dist/index.js",
    "@hpcc-js/wasm-graphviz/LICENSE",
)
DOCUMENTS = ("engine", "gradients", "lesson")  # of docs/, which the page leads to
PYODIDE = (
    "pyodide.mjs",
    "pyodide.asm.js",
    "pyodide.asm.wasm",
    "python_stdlib.zip",
    "package.json",
)
FIGURE = re.compile(r'<figure\b[^>]*\bdata-figure="([^"]*)"[^>]*>\s*<div class="poster">')


class BuildError(Exception):
    """Something that keeps the page from being built, in one line."""


def main(argv: list[str] | None = None) -> int:
    """Build; the exit code."""
    parser = argparse.ArgumentParser(description="Put the page of the lesson together.")
    parser.add_argument("--static", action="store_true", help="with Python for the browser, for a host without any")
    parser.add_argument("--out", type=Path, help="the folder (build/lesson, or build/lesson-static)")
    options = parser.parse_args(argv)
    out = options.out or ROOT / "build" / ("lesson-static" if options.static else "lesson")
    try:
        build(out, options.static)
    except BuildError as error:
        print(f"build_lesson.py: error: {error}", file=sys.stderr)
        return 2
    except OSError as error:  # a folder that may not be written to, a full disk
        print(f"build_lesson.py: error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    print(f"{out}: {size / 1e6:.1f} MB")
    return 0


def build(out: Path, static: bool) -> None:
    """Make the folder `out` anew."""
    modules = packages()
    out.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        site = new / "site"
        skipped = shutil.ignore_patterns("node_modules", "package*.json", "index.html", ".*")
        shutil.copytree(PAGE, site, ignore=skipped)
        (site / "index.html").write_text(with_posters((PAGE / "index.html").read_text("utf-8")), "utf-8")
        documents(modules, site / "docs")
        for name in PACKAGES:
            copy(modules / name, site / "lib" / name)
        if static:
            python(modules / "pyodide", site)
        replace(site, out, new / "old")
    finally:
        shutil.rmtree(new, ignore_errors=True)
    out.chmod(0o755)


def replace(site: Path, out: Path, aside: Path) -> None:
    """Put the new folder in the place of the old one. BuildError if that was no page: it might be somebody's."""
    if out.exists():
        if any(out.iterdir()) and not (out / "index.html").is_file():
            raise BuildError(f"{out} is there, and is no page of the lesson: remove it, or give another --out")
        os.replace(out, aside)
    os.replace(site, out)


def copy(source: Path, target: Path) -> None:
    """Copy a file, and make the folders it needs."""
    if not source.is_file():
        raise BuildError(f"{source} is missing: remove {PAGE / 'node_modules'} and build again")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


# ── npm packages ─────────────────────────────────────────────────────────────────────────────────────────────────────


def packages() -> Path:
    """The folder with the packages, just those of package-lock.json: installed if they are not there."""
    modules = PAGE / "node_modules"
    stamp = modules / ".installed"
    lock = hashlib.sha256((PAGE / "package-lock.json").read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == lock:
        return modules
    version = node("--version").strip()
    npm = shutil.which("npm")
    if npm is None:
        raise lacking("npm")
    if int(version.lstrip("v").partition(".")[0]) < NODE:
        raise BuildError(f"Node.js {version} is too old: install {NODE} or newer (https://nodejs.org)")
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    if subprocess.run(command, cwd=PAGE, check=False).returncode:
        raise BuildError("`npm ci` failed; what it said is above")
    stamp.write_text(lock)
    return modules


def node(*arguments: str | Path, text: str = "") -> str:
    """What a program of Node.js prints, given a text. BuildError if there is no Node.js, or it fails."""
    program = shutil.which("node")
    if program is None:
        raise lacking("Node.js")
    done = subprocess.run([program, *arguments], input=text, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        raise BuildError(f"node {Path(arguments[0]).name} failed: {(done.stderr or done.stdout).strip()[-600:]}")
    return done.stdout


def lacking(what: str) -> BuildError:
    """Node.js or npm is not there."""
    return BuildError(
        f"{what} is missing: the page is built with Node.js {NODE} or newer and its npm (https://nodejs.org; on Debian and "
        "Ubuntu: apt install nodejs npm); minigrad itself needs neither"
    )


# ── posters ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def with_posters(page: str) -> str:
    """The page with a picture in each figure, for readers without JavaScript and for the time before Python is up."""
    names = FIGURE.findall(page)
    unknown = sorted(set(names) - set(posters.NAMES))
    if unknown:
        raise BuildError(f"there is no poster for {', '.join(unknown)}: posters.py knows {', '.join(posters.NAMES)}")
    artist = posters.Artist()
    return FIGURE.sub(lambda found: found[0] + artist.poster(found[1]), page)


# ── documents ────────────────────────────────────────────────────────────────────────────────────────────────────────

PAPER = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="../icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="../style.css">
</head>
<body>
<header class="bar">
<a class="home" href="../index.html"><span class="mark" aria-hidden="true"></span> Back to the lesson</a>
</header>
<main class="paper">
{body}
</main>
</body>
</html>
"""


def documents(modules: Path, folder: Path) -> None:
    """The project's documents that the page leads to, from Markdown."""
    folder.mkdir()
    for name in DOCUMENTS:
        text = (ROOT / "docs" / f"{name}.md").read_text("utf-8")
        made = node(modules / "marked" / "bin" / "marked.js", "--gfm", text=text)
        body = re.sub(r'href="(\w+)\.md(#[^"]*)?"', linked, made)
        title = text.removeprefix("# ").partition("\n")[0]
        (folder / f"{name}.html").write_text(PAPER.format(title=title, body=body), "utf-8")


def linked(found: re.Match[str]) -> str:
    """A link from one document to another: to its page, if it has one here."""
    return f'href="{found[1]}.html{found[2] or ""}"' if found[1] in DOCUMENTS else 'href="../index.html"'


# ── Python for the browser ───────────────────────────────────────────────────────────────────────────────────────────


def python(pyodide: Path, site: Path) -> None:
    """Pyodide, NumPy, minigrad and the digits; engine.json, which says where they are; and bytecode, for a quick start."""
    for name in PYODIDE:
        copy(pyodide / name, site / "lib" / "pyodide" / name)
    lock = json.loads((pyodide / "pyodide-lock.json").read_text("utf-8"))
    numpy = checked_numpy(lock, LESSON / "vendor")
    (site / "lib" / "pyodide" / "pyodide-lock.json").write_text(json.dumps(lock | {"packages": {}}))  # none is fetched
    copy(numpy, site / "python" / numpy.name)
    (site / "python" / "minigrad.zip").write_bytes(archive(ROOT / "minigrad"))
    files, more = digits(site / "digits")
    packages = [f"python/{numpy.name}", "python/minigrad.zip"]
    manifest = {"transport": "pyodide", "packages": packages, "files": files, "more": more}
    (site / "engine.json").write_text(json.dumps(manifest, indent=1) + "\n")
    node(ROOT / "scripts" / "lesson_bytecode.mjs", site)


def checked_numpy(lock: dict[str, dict[str, dict[str, str]]], folder: Path) -> Path:
    """The NumPy wheel of this checkout, if it is the one that Pyodide's lock file names. BuildError otherwise."""
    pinned = lock["packages"]["numpy"]
    path = folder / pinned["file_name"]
    if not path.is_file():
        raise BuildError(f"{path} is missing: it is part of the repository, `git checkout {path.name}` brings it back")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != pinned["sha256"]:
        raise BuildError(
            f"{path} has sha256 {found}, and pyodide-lock.json pins {pinned['sha256']}: check it out again"
        )
    return path


def archive(package: Path) -> bytes:
    """The files of a package without its data and the page: the same bytes for the same files."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for file in sorted(package.rglob("*")):
            if file.suffix in (".py", ".html", ".typed") and PAGE not in file.parents:
                fixed = zipfile.ZipInfo(file.relative_to(package.parent).as_posix())  # of 1980: no time is kept
                fixed.compress_type = zipfile.ZIP_DEFLATED
                made.writestr(fixed, file.read_bytes())
    return target.getvalue()


def digits(folder: Path) -> tuple[list[str], list[str]]:
    """The digits in MNIST's own format and the trained network: what is loaded at once, and what when it is asked for."""
    folder.mkdir()
    for what in ("images-idx3", "labels-idx1"):
        write_idx(read_idx(MNIST / f"train-{what}-ubyte.gz")[:FIRST], folder / f"first-{what}-ubyte.gz")
        for part in ("t10k", "train"):
            shutil.copyfile(MNIST / f"{part}-{what}-ubyte.gz", folder / f"{part}-{what}-ubyte.gz")
    shutil.copyfile(TRAINED, folder / "digits.npz")
    names = sorted(file.name for file in folder.iterdir())
    paths = [f"{folder.name}/{name}" for name in names]
    return [p for p in paths if "/train-" not in p], [p for p in paths if "/train-" in p]


if __name__ == "__main__":
    sys.exit(main())
