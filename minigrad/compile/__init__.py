"""`minigrad.compile`: a function of tensors, recorded once and replayed as a NumPy function without a framework.

    step = minigrad.compile(step)

The first call with arguments of some shapes and dtypes runs as it is; the second is recorded; from the third on a program runs
that is made of NumPy calls alone, into buffers that are there before. `step.source` shows it. See docs/compiler.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import update_wrapper
from pathlib import Path
from types import ModuleType
from typing import Any

from minigrad.compile.errors import CompileError
from minigrad.compile.save import save
from minigrad.compile.step import ONE_AT_A_TIME, Entry, leaves
from minigrad.compile.surroundings import modes
from minigrad.graph import listening
from minigrad.tensor import Tensor

__all__ = ["CompileError", "Compiled"]

SEEN, EAGER = "seen", "eager"  # stages of a kind of arguments that has no program


class Compiled:
    """A function, or a module, and the programs that stand for it: one for each kind of arguments.

    Of a kind are arguments of the same structure, shapes, dtypes and Python values, in the same grad mode. The first call of a
    kind runs as it is, so that what is made lazily is there afterwards; the second is recorded; the third runs the function and
    its program from the same state and compares them; then the program runs alone. Where the function's surroundings
    have changed (an array was replaced, a module switched to eval, a closed-over value), it is recorded anew.

    A function that returns tensors with a graph still to be walked cannot be a program, and runs as it is.

    >>> import minigrad, minigrad.compile
    >>> double = minigrad.compile(lambda x: x * 2 + 1)
    >>> [double(minigrad.tensor([float(i)])).item() for i in range(4)]
    [1.0, 3.0, 5.0, 7.0]
    >>> "multiply(x0, " in double.source
    True
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        update_wrapper(self, function, updated=())
        self.function = function
        self.entries: dict[Any, Any] = {}
        self.latest: Entry | None = None
        self.refused = ""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function computes."""
        latest = self.latest
        if latest is not None and not kwargs and latest.fits is not None and latest.fits(*args):  # the usual case
            return latest.replay(args)
        if listening.tape is not None:  # part of another compiled function
            return self.function(*args, **kwargs)
        tensors: list[Tensor] = []
        structure = leaves((args, kwargs), tensors)
        kinds = tuple([(t.array.shape, t.array.dtype.char, t._requires_grad) for t in tensors])
        key = structure, kinds, modes(self.function)
        entry = self.entries.get(key)
        if type(entry) is Entry and entry.holds():
            self.latest = entry
            return entry.replay(tensors) if entry.trusted else entry.first(tensors, self.function, args, kwargs)
        if entry is None:
            self.entries[key] = SEEN
        if entry is None or entry is EAGER:
            return self.function(*args, **kwargs)
        with ONE_AT_A_TIME:
            made = Entry(self.function, args, kwargs, tensors)
        self.entries[key] = made if made.complete else EAGER
        if made.complete:
            self.latest = made
        else:
            self.refused = made.refused
        return made.result

    @property
    def source(self) -> str:
        """The program that ran last, in Python. CompileError before there is one."""
        return self._program().source

    @property
    def memory(self) -> int:
        """The bytes of the buffers that the program works in: the most that it has alive at one time."""
        return self._program().program.size

    def save(self, path: str | Path) -> None:
        """Write the program to `path`, and the arrays it starts from beside it as .npz: together they run without minigrad."""
        save(self._program(), Path(path))

    def _program(self) -> Entry:
        if self.latest is None and self.refused:
            raise CompileError(f"this function runs as it is, without a program: {self.refused}")
        if self.latest is None:
            raise CompileError(
                "there is no program yet: one is recorded at the second call with arguments of the same shapes"
            )
        return self.latest

    def __getattr__(self, name: str) -> Any:
        """A compiled module still has its parameters and its methods."""
        return getattr(self.__dict__["function"], name)

    def __repr__(self) -> str:
        return f"<compiled {self.function!r}>"


class _Callable(ModuleType):
    """This module, which can be called: `minigrad.compile(step)`."""

    def __call__(self, function: Callable[..., Any] | None = None, **options: Any) -> Any:
        """Compile a function or a module; without one, a decorator. PyTorch's options (mode, backend, ...) are accepted."""
        return self if function is None else Compiled(function)


sys.modules[__name__].__class__ = _Callable
