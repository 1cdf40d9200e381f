"""Running programs written for PyTorch, unchanged: under `as_torch`, `import torch` finds minigrad.

    python -m minigrad.as_torch program.py arguments

or, inside a program or a notebook,

    >>> import minigrad
    >>> with minigrad.as_torch():
    ...     import torch
    ...     import torch.nn as nn
    ...     print(torch.ones(2).dtype, nn.Linear(2, 1))
    torch.float32 Linear(in_features=2, out_features=1, bias=True)

Under it minigrad also speaks as PyTorch does where the two differ on purpose: types print with "torch.", a loss of unequal
shapes warns instead of being refused, NumPy's warnings about division by zero are off. `torchvision.datasets.MNIST` and the
common `torchvision.transforms` are there too. A name that minigrad does not have is an error that lists the nearest ones.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np

from minigrad.dialect import dialect

NAMES = {"torch": "minigrad", "torchvision": "minigrad.vision"}
VERSION = "2.13.0+minigrad"  # the PyTorch that minigrad is like

# What is left out on purpose, and what to do instead. docs/compatibility.md says more.
LEFT_OUT = {
    "torch.bfloat16": "NumPy has no bfloat16: use float32",
    "torch.complex64": "it has no complex numbers", "torch.complex128": "it has no complex numbers",
    "torch.cfloat": "it has no complex numbers", "torch.cdouble": "it has no complex numbers",
    "torch.distributed": "it computes in one process",
    "torch.multiprocessing": "use Python's multiprocessing; a DataLoader starts its own workers",
    "torch.utils.cpp_extension": "it compiles nothing", "torch.utils.model_zoo": "it downloads nothing",
    "torch.hub": "it downloads nothing: read weights from a safetensors file, minigrad.safetensors.load_file",
    "torch.onnx": "it exports no programs: write the weights with minigrad.safetensors.save_file",
    "torch.export": "it exports no programs", "torch.fx": "it records no programs but those of minigrad.compile",
    "torch.profiler": "use Python's cProfile", "torch.quantization": "it has no quantised tensors",
    "torch.ao": "it has no quantised tensors", "torch.sparse": "it has dense tensors only",
    "torch.sparse_coo_tensor": "it has dense tensors only", "torch.nested": "it has dense tensors only",
    "torchvision.models": "it has no ready-made networks: define the layers, or see models/",
    "torchvision.ops": "it has none of these", "torchvision.io": "use Pillow",
}  # fmt: skip


def compile(model: Any = None, **options: Any) -> Any:
    """PyTorch's `compile`, also as a decorator with options: what it is given, as it is. (`minigrad.compile` does compile.)"""
    return (lambda function: function) if model is None else model


IN_PLACE: dict[str, dict[str, Any]] = {  # names that mean something else under PyTorch's roof
    "torch": {"__version__": VERSION, "compile": compile}, "torch.version": {"__version__": VERSION},
}  # fmt: skip


class Alias(ModuleType):
    """A module under another name: what it has is what the other has."""

    def __init__(self, name: str, module: ModuleType) -> None:
        super().__init__(name, module.__doc__)
        self.__dict__["_module"] = module
        self.__dict__.update(IN_PLACE.get(name, {}))
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        module = self.__dict__["_module"]
        try:
            value = getattr(module, name)
        except AttributeError:
            if name.startswith("__"):
                raise
            raise AttributeError(missing("", f"{self.__name__}.{name}", module), name=name, obj=None) from None
        if isinstance(value, ModuleType) and value.__name__.startswith(f"{module.__name__}."):
            return import_module(f"{self.__name__}.{name}")
        return value

    def __dir__(self) -> list[str]:
        module = self.__dict__["_module"]
        return sorted({*dir(module), *getattr(module, "__all__", ())})


def missing(kind: str, name: str, place: ModuleType) -> str:
    """The sentence about a name that is not there: why it is not, or which ones are the nearest."""
    why = LEFT_OUT.get(name, "")
    if not why:
        known = {*dir(place), *getattr(place, "__all__", ())}  # some rooms are opened late
        near = get_close_matches(name.rpartition(".")[2], known, 3, 0.6)
        why = f"the nearest are {', '.join(near)}" if near else ""
    return f"minigrad has no {kind}{name}" + (f": {why}" if why else "")


class Finder(MetaPathFinder, Loader):
    """Finds `torch.nn` where `minigrad.nn` is."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """A spec for PyTorch's modules, None for all others; ModuleNotFoundError for those that minigrad lacks."""
        top, _, rest = fullname.partition(".")
        if top not in NAMES:
            return None
        name = f"{NAMES[top]}.{rest}" if rest else NAMES[top]
        try:
            found = find_spec(name)
        except ModuleNotFoundError:
            found = None
        if found is None:
            parent = import_module(name.rpartition(".")[0])
            if isinstance(getattr(parent, name.rpartition(".")[2], None), ModuleType):
                return ModuleSpec(fullname, self)
            raise ModuleNotFoundError(missing("module ", fullname, parent), name=fullname)
        return ModuleSpec(fullname, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The other name of minigrad's module."""
        top, _, rest = spec.name.partition(".")
        name = f"{NAMES[top]}.{rest}" if rest else NAMES[top]
        try:
            return Alias(spec.name, import_module(name))
        except ModuleNotFoundError:
            parent, _, last = name.rpartition(".")
            return Alias(spec.name, getattr(import_module(parent), last))

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run: it has run under its own name."""


class as_torch:  # noqa: N801 (used like no_grad)
    """A block in which `import torch` and `import torchvision` find minigrad, wherever the import stands.

    What PyTorch itself had imported before is put aside, and put back at the end.
    """

    def __enter__(self) -> None:
        self.aside = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in NAMES}
        self.before = dialect.name, dialect.lenient
        dialect.name, dialect.lenient = "torch", True
        self.quiet = np.errstate(all="ignore")
        self.quiet.__enter__()
        self.finder = Finder()
        sys.meta_path.insert(0, self.finder)

    def __exit__(self, *exception: Any) -> None:
        sys.meta_path.remove(self.finder)
        self.quiet.__exit__(*exception)
        dialect.name, dialect.lenient = self.before
        for name in [name for name in sys.modules if name.partition(".")[0] in NAMES]:
            del sys.modules[name]
        sys.modules.update(self.aside)


def main(arguments: Sequence[str]) -> None:
    """Run a program: `python -m minigrad.as_torch program.py arguments`, or `-m module arguments`."""
    if not arguments or arguments[0] in ("-h", "--help"):
        sys.exit("usage: python -m minigrad.as_torch program.py [arguments], or -m module [arguments]")
    by_name = arguments[0] == "-m"
    sys.argv = list(arguments[1:] if by_name else arguments)
    with as_torch():
        if by_name:
            runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
        else:
            sys.path[0] = sys.argv[0].rpartition("/")[0] or "."
            runpy.run_path(sys.argv[0], run_name="__main__")


class _Callable(ModuleType):
    """This module, which can be called: `minigrad.as_torch()`."""

    def __call__(self) -> as_torch:
        """The block."""
        return as_torch()


sys.modules[__name__].__class__ = _Callable

if __name__ == "__main__":
    main(sys.argv[1:])
