"""Every public name is documented, and tested somewhere."""

import importlib
import inspect
import re
from pathlib import Path

import pytest
from operations import OPERATIONS
from test_operations import ALIASES

import minigrad

ROOT = Path(__file__).resolve().parent.parent
PLACES = ["minigrad", "minigrad.autograd", "minigrad.nn", "minigrad.nn.functional", "minigrad.optim",
          "minigrad.optim.lr_scheduler", "minigrad.optim.swa_utils", "minigrad.nn.utils",
          "minigrad.utils.data", "minigrad.datasets", "minigrad.testing", "minigrad.plot", "minigrad.draw",
          "minigrad.func", "minigrad.autograd.functional", "minigrad.autograd.graph", "minigrad.cuda",
          "minigrad.random", "minigrad.safetensors", "minigrad.amp", "minigrad.jit", "minigrad.mps",
          "minigrad.accelerator", "minigrad.compile", "minigrad.settings", "minigrad.utils.checkpoint",
          "minigrad.utils.dlpack", "minigrad.utils.tensorboard", "minigrad.vision.datasets", "minigrad.vision.transforms",
          "minigrad.vision.utils", "minigrad.linalg", "minigrad.distributions",
          "minigrad.distributions.constraints"]  # fmt: skip
CORPUS = "\n".join(path.read_text() for path in sorted((ROOT / "tests").rglob("*.py")) if path.name != "test_public.py")


def public(place):
    """The public names of a module: what it says, or what it defines."""
    module = importlib.import_module(place)
    names = getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == place
    ]
    return [(place, name, getattr(module, name)) for name in names]


NAMES = [entry for place in PLACES for entry in public(place)]
ROWS = {name for operation in OPERATIONS for name in (operation.name, *operation.also)} | {
    alias for alias, name in ALIASES.items() if name in {operation.name for operation in OPERATIONS}
}
METHODS = [
    ("Tensor", name, inspect.getattr_static(minigrad.Tensor, name))
    for name in dir(minigrad.Tensor)
    if not name.startswith("_") and name not in minigrad.Tensor.__slots__
]


def test_all_is_what_a_user_finds():
    missing = [name for name in dir(minigrad) if not name.startswith("_") and name not in minigrad.__all__]
    rooms = {path.stem for path in (ROOT / "minigrad").iterdir()}
    assert [name for name in missing if name not in rooms] == []


@pytest.mark.parametrize(("place", "name", "value"), NAMES + METHODS, ids=[f"{p}.{n}" for p, n, _ in NAMES + METHODS])
def test_documented(place, name, value):
    if inspect.ismodule(value) or isinstance(value, minigrad.dtype | str | dict | tuple | float | None):
        return
    text = inspect.getdoc(value)
    assert text, f"{place}.{name} has no docstring"


@pytest.mark.parametrize(("place", "name", "value"), NAMES + METHODS, ids=[f"{p}.{n}" for p, n, _ in NAMES + METHODS])
def test_tested(place, name, value):
    if place in ("minigrad", "Tensor") and name.removesuffix("_") in ROWS:
        return  # a law for the plain form and one for the form in place: test_laws.py
    assert re.search(rf"\b{re.escape(name)}\b", CORPUS), f"no test mentions {place}.{name}"
