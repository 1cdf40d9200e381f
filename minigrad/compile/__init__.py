"""`minigrad.compile`: a function of tensors, recorded once and replayed as a NumPy function without a framework.

    step = minigrad.compile(step)

The first call with arguments of some shapes and dtypes runs as it is; the second is recorded; from the third on a program runs
that is made of NumPy calls alone, into buffers that are there before. `step.source` shows it. See docs/compiler.md.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from functools import update_wrapper
from pathlib import Path
from types import ModuleType
from typing import Any

from minigrad.compile.errors import CompileError, CompileWarning, NoProgram
from minigrad.compile.module import twin
from minigrad.compile.quick import MISS, missed, quick
from minigrad.compile.save import save
from minigrad.compile.step import ONE_AT_A_TIME, Entry
from minigrad.compile.structure import leaves
from minigrad.grad_mode import is_grad_enabled
from minigrad.graph import listening, watchers
from minigrad.nn.module import Module
from minigrad.tensor import Tensor

__all__ = ["CompileError", "CompileWarning", "Compiled"]

SEEN = "seen"  # called once with such arguments
KINDS = 64  # of arguments that are remembered
PATIENCE = 8  # times that a function is recorded anew because something around it changed


class Compiled:
    """A function, or a module, and the programs that stand for it: one for each kind of arguments.

    Of a kind are arguments of the same structure, shapes, dtypes and Python values, in the same grad mode. The first call of a
    kind runs as it is, so that what is made lazily is there afterwards; the second is recorded; the third runs the function and
    its program from the same state and compares them; then the program runs alone. Where what the function can see has
    changed (an array was replaced, a module switched to eval, a closed-over value), it is recorded anew.

    A function that cannot be a program runs as it is, and a CompileWarning says why: one that returns tensors with a graph
    still to be walked, that changes what it closes over, or that has hooks. One that decides by numbers in tensors is refused,
    with a CompileError that names the line.

    >>> import minigrad
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
        self.fast: Callable[..., Any] = missed
        self.refused = ""
        self.renewed: dict[Any, int] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function computes."""
        if not kwargs:
            result = self.fast(*args)  # the usual case
            if result is not MISS:
                return result
        if (
            listening.tape is not None or watchers
        ):  # part of another compiled function, or somebody wants to see each operation
            return self.function(*args, **kwargs)
        tensors: list[Tensor] = []
        try:
            structure = leaves((args, kwargs), tensors)
        except NoProgram as reason:
            if not self.refused:
                self._refuse(None, str(reason))
            return self.function(*args, **kwargs)
        kinds = tuple([(t.array.shape, t.array.dtype.char, t._requires_grad, t.array.strides) for t in tensors])
        training = self.function.training if isinstance(self.function, Module) else None
        key = structure, kinds, is_grad_enabled(), training
        entry = self.entries.get(key)
        if type(entry) is Entry:
            result = MISS
            with ONE_AT_A_TIME:
                where = entry.differs()
                if where:
                    self._start_again(key, where)
                elif not entry.overlap(tensors):
                    result = entry.replay(tensors) if entry.trusted else entry.first(tensors, args, kwargs)
                    if result is MISS:
                        self._missed(key, entry)
                    else:
                        entry.missed = 0
                        self._prepare(entry, args, kwargs)
            return self.function(*args, **kwargs) if result is MISS else result
        if entry is None:
            if len(self.entries) >= KINDS:
                del self.entries[next(iter(self.entries))]
            self.entries[key] = SEEN
        return self._record(key, args, kwargs, tensors) if entry is SEEN else self.function(*args, **kwargs)

    def _record(self, key: Any, args: Any, kwargs: Any, tensors: list[Tensor]) -> Any:
        """Run the function and write down what it does."""
        with ONE_AT_A_TIME:
            made = Entry(self.function, args, kwargs, tensors)
        self.entries[key], self.fast = made, missed
        if made.early and self.renewed.get(key, 0) < PATIENCE:
            self._start_again(key, made.refused)
        elif made.refused:
            self._refuse(key, made.refused)
        else:
            self.latest = made
        return vars(made).pop("result")  # which is the caller's, with the arguments that it came from

    def _start_again(self, key: Any, where: str) -> None:
        """Forget a program that no longer stands for the function: it is recorded anew at the next call, unless that was often
        of no use before."""
        self.entries[key], self.fast = SEEN, missed
        self.renewed[key] = self.renewed.get(key, 0) + 1
        if self.renewed[key] == PATIENCE:
            self._refuse(key, f"{where} differed {PATIENCE} times: pass what changes as a tensor argument")

    def _missed(self, key: Any, entry: Entry) -> None:
        """A check of the program did not hold. A program for which that is usual is of no use."""
        entry.missed, self.fast = entry.missed + 1, missed
        if entry.missed == PATIENCE:
            self._refuse(
                key,
                f"what its operations look at in the numbers was not as it was when recorded, {PATIENCE} times in a row",
            )

    def _refuse(self, key: Any, why: str) -> None:
        """Let the function run as it is from now on, and say so, once."""
        self.entries[key] = self.refused = why
        name = getattr(self.function, "__name__", type(self.function).__name__)
        message = f"minigrad.compile: {name} runs as it is, without a program: {why}"
        warnings.warn(message, CompileWarning, stacklevel=4)

    def _prepare(self, entry: Entry, args: Any, kwargs: Any) -> None:
        """Write the quick call for the arguments that fit now."""
        self.latest = entry
        if entry.trusted and not kwargs:
            self.fast = quick(entry, args)

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

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """As a method, of one object: each has programs of its own."""
        if instance is None:
            return self
        own = vars(instance)
        name = f"_compiled_{self.function.__name__}"
        if name not in own:
            own[name] = Compiled(self.function.__get__(instance, owner))
        return own[name]

    def __reduce__(self) -> Any:
        return Compiled, (self.function,)  # a copy records its own programs

    def __repr__(self) -> str:
        return f"<compiled {self.function!r}>"


class _Callable(ModuleType):
    """This module, which can be called: `minigrad.compile(step)`."""

    def __call__(self, model: Callable[..., Any] | None = None, **options: Any) -> Any:
        """Compile a function or a module; without one, a decorator. PyTorch's options (mode, backend, ...) are accepted."""
        if model is None:
            return self
        return twin(model, Compiled(model)) if isinstance(model, Module) else Compiled(model)


sys.modules[__name__].__class__ = _Callable
