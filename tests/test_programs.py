"""Programs as people write them for PyTorch, run by minigrad unchanged, beside what PyTorch prints.

Each file in programs/ prints its losses as it goes. `programs/expected.json` holds what PyTorch 2.13 printed; where PyTorch is
installed, it is run again and has to say the same. To record anew, after a change of the programs: `python
tests/test_programs.py`, with PyTorch installed.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import runpy
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

import minigrad

HERE = Path(__file__).resolve().parent / "programs"
EXPECTED = HERE / "expected.json"
PROGRAMS = sorted(path.stem for path in HERE.glob("*.py"))
NUMBER = re.compile(r"-?(?:\d+\.\d*|\.\d+|\d+)(?:e[-+]?\d+)?|nan|-?inf")


def output(name: str) -> str:
    """What a program prints."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        runpy.run_path(str(HERE / f"{name}.py"), run_name="__main__")
    return text.getvalue()


def words(line: str) -> tuple[str, list[float]]:
    """A line as its words and its numbers; how numbers are spaced does not count."""
    line = line.replace("minigrad.", "torch.")
    return re.sub(r"\s+", " ", NUMBER.sub("#", line)).strip(), [float(n) for n in NUMBER.findall(line)]


def assert_alike(ours: str, theirs: str) -> None:
    """The same words, and numbers that agree to what rounding in another order explains."""
    for a, b in zip(ours.splitlines(), theirs.splitlines(), strict=True):
        (text, numbers), (expected_text, expected) = words(a), words(b)
        assert text == expected_text, f"{a!r} for {b!r}"
        assert numbers == pytest.approx(expected, rel=2e-3, abs=2e-4, nan_ok=True), f"{a!r} for {b!r}"


def torchvision() -> dict[str, ModuleType]:
    """As much of torchvision, on PyTorch's tensors, as the programs use: minigrad's pictures, made into those."""
    import torch

    from minigrad import vision

    class Handwritten(vision.datasets.MNIST):
        def __getitem__(self, index):
            image, label = super().__getitem__(index)
            return torch.tensor(image.numpy()), label

    datasets = ModuleType("torchvision.datasets")
    datasets.MNIST = Handwritten
    whole = ModuleType("torchvision")
    whole.datasets, whole.transforms = datasets, vision.transforms
    return {"torchvision": whole, "torchvision.datasets": datasets, "torchvision.transforms": vision.transforms}


def under_torch(name: str) -> str:
    """What PyTorch prints."""
    modules = torchvision()
    sys.modules.update(modules)
    try:
        return output(name)
    finally:
        for module in modules:
            del sys.modules[module]


@pytest.mark.parametrize("name", PROGRAMS)
def test_minigrad_prints_what_pytorch_prints(name):
    with minigrad.as_torch():
        ours = output(name)
    assert_alike(ours, json.loads(EXPECTED.read_text())[name])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed")
@pytest.mark.parametrize("name", PROGRAMS)
def test_pytorch_still_prints_that(name):
    assert_alike(under_torch(name), json.loads(EXPECTED.read_text())[name])


if __name__ == "__main__":
    EXPECTED.write_text(json.dumps({name: under_torch(name) for name in PROGRAMS}, indent=1))
