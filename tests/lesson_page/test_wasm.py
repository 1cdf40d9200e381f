"""The engine in the browser's own Python, under Node.js: the native tests of its methods, and the same numbers."""

import importlib.util
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from minigrad.lesson.engine import Lesson

HERE = Path(__file__).resolve().parent
PURE = (
    "pytest",
    "_pytest",
    "py",
    "pluggy",
    "iniconfig",
    "packaging",
    "hypothesis",
    "_hypothesis_globals",
    "sortedcontainers",
    "attr",
    "pygments",
)
STEPS = 2000


def node(*arguments):
    return subprocess.run(
        ["node", str(HERE / "wasm.mjs"), *map(str, arguments)], capture_output=True, text=True, timeout=900
    )


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """The tests' own tools, as they are installed here: all of it Python."""
    folder = tmp_path_factory.mktemp("packages")
    for name in PURE:
        spec = importlib.util.find_spec(name)
        if spec is None:  # attr, which newer versions of Hypothesis do without
            continue
        source = Path(spec.origin)
        native = list(source.parent.rglob("*.so")) if name == "hypothesis" else []
        assert not native, (
            f"{native[0]} cannot run in wasm: `make test-lesson` installs a Hypothesis that is all Python"
        )
        if source.name == "__init__.py":
            shutil.copytree(source.parent, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
        else:
            shutil.copy(source, folder)
    return folder


def test_the_native_tests_pass_in_wasm(static_site, packages):
    files = [HERE.parent / "lesson" / name for name in ("test_engine.py", "test_wire.py")]
    done = node("tests", static_site, packages, *files)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    assert "passed" in done.stdout


def test_training_costs_the_same_in_wasm(static_site):
    done = node("parity", static_site, STEPS)
    assert done.returncode == 0, done.stderr[-3000:]
    there = np.array(json.loads(done.stdout))
    here = Lesson(seed=0).train(steps=STEPS)["costs"].astype(np.float64)
    np.testing.assert_allclose(there, here, rtol=1e-3)
