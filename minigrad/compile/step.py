"""The compiled function: which program stands for a call, whether it still does, and its run."""

from __future__ import annotations

import operator
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.compile.arrays import Recorded
from minigrad.compile.emit import Printer
from minigrad.compile.errors import CompileError
from minigrad.compile.program import Program
from minigrad.compile.record import Tape, Value, heard
from minigrad.compile.surroundings import Surroundings, quick_check
from minigrad.graph import GONE
from minigrad.tensor import Tensor, wrap

ONE_AT_A_TIME = threading.RLock()


class Entry:
    """A program, bound to the arrays it works on."""

    def __init__(self, function: Callable[..., Any], args: Any, kwargs: Any, tensors: list[Tensor]) -> None:
        tape, arguments = Tape(), []
        for tensor in tensors:
            arguments.append(tape.argument(tensor))
        with heard(tape):
            self.result = function(*args, **kwargs)
        self.surroundings = Surroundings(function, tape.modules)
        release(tape)
        self.structure, outputs, self.complete = results_of(self.result, tape)
        self.grads = gradients_of(tape)
        self.empty = [t for t, _ in self.grads if id(t) not in tape.cleared and tape.held[id(t)] is None]
        self.added = [(t, g) for t, _ in tape.adopted if (g := tape.held[id(t)]) is not None and t._grad is g]
        self.trusted = False
        self.refused = tape.refused or (
            "" if self.complete else "a tensor that it returns has a graph still to be walked"
        )
        self.complete = not self.refused
        self.fits: Callable[..., bool] | None = None  # a quick check of arguments that are tensors
        if not self.complete:
            return
        self.same = [value.owner for value in outputs]  # a result that was there before is returned as it is
        self.alone = self.structure[0] is Tensor and self.same[0] is None  # one new tensor is returned
        self.count = len(outputs)
        self.numbers = tape.numbers
        self.program = Program(tape, arguments, [*outputs, *(value for _, value in self.grads)])
        printer = Printer(self.program, names_of(tape))
        self.source = printer.source()
        self.given = [(name, value, value.array) for name, value in printer.given]
        self.guards = [(value.owner, value.array) for value in printer.owned if value.kind == "tensor"]
        self.flags = [(tensor, tensor._requires_grad) for tensor, _ in self.guards]
        space: dict[str, Any] = {"draws": self.program.draws}
        exec(
            compile(self.source, f"<minigrad.compile of {getattr(function, '__name__', 'a function')}>", "exec"), space
        )
        self.run = space["bind"]([array for *_, array in self.given])
        lasting = {w.root for call in self.program.body for w in call.written if w.root.kind != "result"}
        self.written = [value.array for value in lasting if value.kind != "argument"]

    def holds(self) -> bool:
        """Does the program still stand for the function: are the tensors' arrays where they were, and all else as it was?"""
        for tensor, array in self.guards:
            if tensor.array is not array:
                return False
        if any(tensor._requires_grad is not flag for tensor, flag in self.flags):
            return False
        return self.gradients_hold() and self.surroundings.hold() and self.numbers.hold()

    def gradients_hold(self) -> bool:
        """Is .grad None where the function found None and set it, and the same tensor where it added to it?"""
        return all(tensor._grad is None for tensor in self.empty) and all(t._grad is g for t, g in self.added)

    def replay(self, tensors: Sequence[Tensor]) -> Any:
        """Run the program; the result, in tensors of its own."""
        n, m = self.count, self.count + len(self.grads)
        out = self.run(*[tensor.array for tensor in tensors], *self.numbers.read())
        self.numbers.write(out[m:])
        for (tensor, _), array in zip(self.grads, out[n:m]):
            gradient = tensor._grad
            if gradient is None or gradient.array is not array:
                tensor._grad = wrap(array)
        if self.alone:
            return wrap(out[0].copy())
        return rebuilt(
            self.structure, [wrap(array.copy()) if owner is None else owner for owner, array in zip(self.same, out)]
        )

    def first(self, tensors: list[Tensor], function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """The first replay: run beside the function itself, from the same state, and compared with it."""
        touched = [*self.written, *(tensor.array for tensor in tensors)]
        before = [array.copy() for array in touched]
        gradients = [(tensor, tensor._grad) for tensor, _ in self.grads]
        numbers, streams = self.numbers.read(), [draw.state() for draw in self.program.draws]
        replayed: list[Tensor] = []
        leaves(self.replay(tensors), replayed)
        after = [array.copy() for array in (*touched, *(t.array for t in replayed))]
        for array, old in zip(touched, before):
            np.copyto(array, old)
        for tensor, gradient in gradients:
            tensor._grad = gradient
        self.numbers.restore(numbers)
        for draw, state in zip(self.program.draws, streams):
            draw.restore(state)
        result = function(*args, **kwargs)
        found: list[Tensor] = []
        leaves(result, found)
        for a, b in zip(after, (*touched, *(t.array for t in found)), strict=True):
            if a.shape != b.shape or not np.allclose(a, b, rtol=1e-3, atol=1e-5, equal_nan=True):
                raise CompileError(
                    f"{getattr(function, '__name__', 'the function')} gave something else than its program when both ran from "
                    "the same state: it depends on what the program cannot see, such as a Python number that changes from "
                    "call to call, or an array taken out with .numpy(); pass it as an argument, or leave that part outside"
                )
        self.trusted = True
        if tensors and not kwargs and len(args) == len(tensors) and all(map(operator.is_, args, tensors)):
            self.fits = quick_check(self, tensors)
        return result


def names_of(tape: Tape) -> dict[int, str]:
    """The names of parameters and buffers, as the outermost modules know them."""
    names: dict[int, str] = {}
    for root in tape.roots:
        for name, tensor in (*root.named_parameters(), *root.named_buffers()):
            word = name.replace(".", "_") if name[0].isalpha() else f"p_{name.replace('.', '_')}"
            while word in names.values():  # of another network
                word += "_"
            names.setdefault(id(tensor), word)
    return names


def release(tape: Tape) -> None:
    """Tensors that only the tape still holds were made on the way, from numbers: constants of the program."""
    held: dict[int, int] = {}
    for tensor, _ in tape.adopted:
        held[id(tensor)] = held.get(id(tensor), 0) + 1
    for _, value in tape.known.values():
        if value.kind == "tensor" and value.owner is not None:
            here = sys.getrefcount(value.owner) - 1  # getrefcount's own argument
            if here <= 1 + held.get(id(value.owner), 0):
                value.kind, value.owner = "constant", None


def results_of(result: Any, tape: Tape) -> tuple[Any, list[Value], bool]:
    """(the structure of a result, the values in it, whether a program can give it: no live graph hangs on it)."""
    tensors: list[Tensor] = []
    structure = leaves(result, tensors)
    values, complete = [], True
    for tensor in tensors:
        node = tensor._node
        complete = complete and (node is None or node.rules is GONE)
        values.append(tape.described(tensor.array))
        plain(tensor)
    return structure, values, complete


def gradients_of(tape: Tape) -> list[tuple[Tensor, Value]]:
    """The tensors whose .grad the function sets, and to what."""
    found = []
    for tensor, _ in tape.adopted:
        gradient = tensor._grad
        if gradient is not None and type(gradient.array) is Recorded:
            found.append((tensor, tape.described(gradient.array)))
            plain(gradient)
    return found


def plain(tensor: Tensor) -> None:
    """Give a tensor an ordinary array over the same memory."""
    if type(tensor.array) is Recorded:
        tensor.array = tensor.array.view(np.ndarray)


def leaves(part: Any, found: list[Tensor]) -> Any:
    """The structure of arguments or results, hashable; their tensors are collected, and numbered in it."""
    if isinstance(part, Tensor):
        found.append(part)
        return Tensor, len(found) - 1
    if isinstance(part, tuple | list):
        return type(part), tuple([leaves(item, found) for item in part])
    if isinstance(part, dict):
        return dict, tuple([(key, leaves(item, found)) for key, item in part.items()])
    return None, part


def rebuilt(structure: Any, tensors: list[Tensor]) -> Any:
    """The structure, with tensors in their places."""
    kind, content = structure
    if kind is Tensor:
        return tensors[content]
    if kind is None:
        return content
    if kind is dict:
        return {key: rebuilt(item, tensors) for key, item in content}
    items = [rebuilt(item, tensors) for item in content]
    return kind(items) if kind in (tuple, list) else kind(*items)
