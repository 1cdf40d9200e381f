"""A program for calls of one kind: how it is made from the function, its run, and whether it still stands for the function."""

from __future__ import annotations

import linecache
import sys
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import numpy as np

from minigrad.compile.arrays import Recorded
from minigrad.compile.emit import Printer
from minigrad.compile.errors import CompileError
from minigrad.compile.program import Program
from minigrad.compile.quick import MISS
from minigrad.compile.record import Tape, heard
from minigrad.compile.surroundings import Surroundings, Unseen
from minigrad.compile.values import Call, Value
from minigrad.graph import GONE, Node, listening, tick
from minigrad.tensor import Tensor, wrap

ONE_AT_A_TIME = threading.RLock()
serial = count(1)


class Entry:
    """A program, bound to the arrays it works on. Without one, `refused` says why there is none."""

    def __init__(self, function: Callable[..., Any], args: Any, kwargs: Any, tensors: list[Tensor]) -> None:
        self.function, self.refused, self.trusted = function, "", False
        self.early = False  # was something made that will be there the next time?
        try:
            for optimizer in Surroundings(function).optimizers():
                optimizer.dissolve()
            self.surroundings = Surroundings(function)
        except Unseen as reason:
            self.refused = str(reason)
            self.result = function(*args, **kwargs)
            return
        self.changes = listening.changes
        tape = Tape(self.surroundings.arrays)
        arguments = [tape.argument(tensor) for tensor in tensors]
        with heard(tape):
            for tensor in self.surroundings.tensors():  # whatever is done with them is heard
                tape.adopt(tensor)
            self.result = function(*args, **kwargs)
        release(tape)
        self.grads = gradients_of(tape)
        try:
            self.structure, outputs, live = results_of(self.result, tape)
        except Foreign as reason:
            self.refused = str(reason)
            if isinstance(self.result, Recorded):
                self.result = self.result.view(np.ndarray)
            return
        self.refused = self._side_effects() or tape.refused or live or self._foreign(tape, outputs)
        self.taken = [
            (v.root.owner, v.root.array, v.array, v.array.tobytes()) for v in tape.taken if v.root.kind != "constant"
        ]
        if any(tape.wrote(value.root) for value in tape.taken):
            self.refused = "it takes a number out of a tensor that it writes into: look at it outside"
        if self.refused:
            return
        self.empty = [t for t, _ in self.grads if id(t) not in tape.cleared and tape.held[id(t)] is None]
        self.added = [(t, g) for t, _ in tape.adopted if (g := tape.held[id(t)]) is not None and t._grad is g]
        self.same = [value.owner for value in outputs]  # a result that was there before is returned as it is
        self.alone = self.structure[0] is Tensor and self.same[0] is None  # one new tensor is returned
        self.count = len(outputs)
        self.numbers = tape.numbers
        self.program = Program(tape, arguments, [*outputs, *(value for _, value in self.grads)], len(self.grads))
        self.printer = Printer(self.program, names_of(tape))
        self.source = self.printer.source()
        self.given = [  # constants are the program's own: what the user was given while recording may change
            (name, value, value.array.copy() if value.kind == "constant" else value.array)
            for name, value in self.printer.given
        ]
        self.guards = [(value.owner, value.array) for value in self.printer.owned if value.kind == "tensor"]
        self.flags = [(tensor, tensor._requires_grad) for tensor, _ in self.guards]
        lasting = {w.root for call in self.program.body for w in call.written if w.root.kind != "result"}
        self.written = [value.array for value in lasting if value.kind != "argument"]
        self.changed = [value.owner for value in self.printer.owned if value.root in lasting]
        self.places = frozenset(id(memory_of(array)) for array in self.written)
        if self.overlap(tensors):
            self.refused = "an argument shares memory with a tensor that it writes into: pass a clone"
            return
        there = {id(tensor) for tensor in self.surroundings.tensors()}
        if any(value.kind == "constant" for value in lasting) or any(id(owner) not in there for owner in self.changed):
            self.refused = (
                "it writes into an argument, or into a tensor that it makes of numbers: compute a new one instead"
            )
            return
        self.file = f"<minigrad.compile {next(serial)}: {getattr(function, '__name__', type(function).__name__)}>"
        linecache.cache[self.file] = len(self.source), None, self.source.splitlines(True), self.file
        space: dict[str, Any] = {"draws": self.program.draws}
        exec(compile(self.source, self.file, "exec"), space)
        self.bind = space["bind"]
        self._bind()
        self.lock = threading.Lock()
        forget([*tape.calls, *self.program.calls])

    def _foreign(self, tape: Tape, outputs: list[Value]) -> str:
        """Why a program cannot give these results and gradients: they lie in memory that is not the program's."""
        for value in outputs:
            if value.root.kind == "argument" or (value.root.kind in ("tensor", "outside") and value.owner is None):
                return "it returns an argument, or a view of a tensor that was there before: return a clone"
        for tensor, value in self.grads:
            if value.root.kind == "argument" or any(tensor is owner for owner in tape.arguments):
                return "it sets the gradient of an argument, or makes an argument a gradient"
        return ""

    def _side_effects(self) -> str:
        """What the function did to what it can see: a program would not do it again."""
        before = self.surroundings
        if self.surroundings.drew():
            return "it draws random numbers from Python's or NumPy's generator: use minigrad's"
        try:
            changed = self.surroundings.difference(after := Surroundings(self.function))
        except Unseen as reason:
            return str(reason)
        self.surroundings, self.changes = after, listening.changes
        for tensor in after.tensors():  # made on the way, and kept
            plain(tensor)
        self.early = changed.startswith("len(") and changed.endswith(".state)")
        if not changed and before.options != after.options:
            return "it changes an option of an optimizer, as a schedule does: take such a step outside"
        return (
            changed and f"it changes `{changed}`, which a program would not: return the new value, or change it outside"
        )

    # ── does it still stand for the function? ────────────────────────────────────────────────────────────────────────

    def differs(self) -> str:
        """Where the surroundings are not what they were, "" if they are."""
        for tensor, array in self.guards:
            if tensor.array is not array:
                return f"the memory of a tensor of shape {tuple(array.shape)}"
        for tensor, flag in self.flags:
            if tensor._requires_grad is not flag:
                return f"requires_grad of a tensor of shape {tuple(tensor.array.shape)}"
        for owner, memory, array, numbers in self.taken:
            if (owner is not None and owner.array is not memory) or array.tobytes() != numbers:
                return f"a number taken out of a tensor of shape {tuple(memory.shape)}"
        if not self.gradients_hold():
            return "a gradient that is added to"
        if not self.numbers.hold():
            return "an option of the optimizer"
        try:
            where = self.surroundings.difference(now := Surroundings(self.function))
        except Unseen as reason:
            return str(reason)
        if not where:
            self.surroundings, self.changes = now, listening.changes
        return where

    def overlap(self, tensors: Sequence[Tensor]) -> bool:
        """Does an argument lie in memory that the program writes into?"""
        return any(id(memory_of(tensor.array)) in self.places for tensor in tensors)

    def gradients_hold(self) -> bool:
        """Is .grad None where the function found None and set it, and the same tensor where it added to it?"""
        return all(tensor._grad is None for tensor in self.empty) and all(t._grad is g for t, g in self.added)

    # ── the run ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def replay(self, tensors: Sequence[Tensor]) -> Any:
        """Run the program; the result, in tensors of its own. MISS if a check of the program says that it does not fit."""
        n, m = self.count, self.count + len(self.grads)
        with self.lock:
            self.unshare()
            try:
                out = self.run(*[tensor.array for tensor in tensors], *self.numbers.read(self.printer.used))
            except BaseException as error:
                if self.stopped(error):
                    return MISS
                raise
            self.numbers.write(out[m:])
            now = tick()
            for tensor in self.changed:
                tensor._version[0] = now
            for (tensor, _), array in zip(self.grads, out[n:m]):
                if tensor._grad is None or tensor._grad.array is not array:
                    tensor._grad = wrap(array)
            return self.result_of(out)

    def result_of(self, out: tuple[Any, ...]) -> Any:
        """What a run gave, as the function would return it."""
        if self.alone:
            return wrap(out[0].copy())
        return rebuilt(
            self.structure, [wrap(array.copy()) if owner is None else owner for owner, array in zip(self.same, out)]
        )

    def unshare(self) -> None:
        """Nobody's numbers change: a gradient of the last run that somebody else holds by now is his.

        If it is the tensor, it takes its numbers away; if it is memory, the program gets other memory.
        """
        self.memory.reads = listening.reads
        for i, (tensor, _) in enumerate(self.grads):
            gradient = tensor._grad
            if gradient is not None and sys.getrefcount(gradient) > 3:  # `.grad`, the name here, and getrefcount's own
                gradient.array = gradient.array.copy()
            if self.memory.held(i, gradient):
                self._bind()
                break

    def _bind(self) -> None:
        """Give the program memory, and count who holds it while nobody else does."""
        self.run = self.bind([array for *_, array in self.given])
        self.memory = Memory(self.run, [self.printer.name(value) for value in self.program.outputs[self.count :]])

    def stopped(self, error: BaseException) -> bool:
        """What to do about an error in the middle of a run.

        True if the function itself should run: a check said that the program does not fit, and has put back what was written
        before it. Else, if the program had begun to write into parameters, the error says so.
        """
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename != self.file:
            trace = trace.tb_next
        line = 0 if trace is None else trace.tb_lineno
        if type(error) is ValueError and line in self.printer.checks:
            return True
        if line > min(self.printer.lasting, default=line):
            error.add_note(
                "the compiled function was stopped while it was writing: some parameters, or what an optimizer keeps for "
                "them, have their new values and others the old ones; load a state that was saved before"
            )
        return False

    def first(self, tensors: list[Tensor], args: Any, kwargs: Any) -> Any:
        """The first replay: run beside the function itself, from the same state, and compared with it."""
        touched = [*self.written, *(tensor.array for tensor in tensors)]
        before = [array.copy() for array in touched]
        gradients = [(tensor, tensor._grad) for tensor, _ in self.grads]
        numbers, streams = self.numbers.read(), [draw.state() for draw in self.program.draws]
        replayed: list[Tensor] = []
        if (given := self.replay(tensors)) is MISS:
            return MISS
        leaves(given, replayed)
        after = [np.copy(array) for array in (*touched, *(t.array for t in replayed), *self._left())]
        for array, old in zip(touched, before):
            np.copyto(array, old)
        for tensor, gradient in gradients:
            tensor._grad = gradient
        self.numbers.restore(numbers)
        for draw, state in zip(self.program.draws, streams):
            draw.restore(state)
        result = self.function(*args, **kwargs)
        found: list[Tensor] = []
        leaves(result, found)
        for a, b in zip(after, (*touched, *(t.array for t in found), *self._left()), strict=True):
            if a.shape != b.shape or not np.allclose(a, b, rtol=1e-3, atol=1e-5, equal_nan=True):
                raise CompileError(
                    f"{getattr(self.function, '__name__', 'the function')} gave something else than its program when both "
                    "ran from the same state: it depends on what the program cannot see, such as the time or a file; pass "
                    "it as an argument, or leave that part outside"
                )
        self.trusted = True
        return result

    def _left(self) -> list[Any]:
        """What a run leaves besides its results: gradients, an optimizer's numbers, where the random generators stand."""
        gradients = [np.empty(0) if t._grad is None else t._grad.array for t, _ in self.grads]
        return [*gradients, *map(np.asarray, self.numbers.read()), *(draw.state() for draw in self.program.draws)]


def memory_of(array: Any) -> Any:
    """The array that owns the memory."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def forget(calls: list[Call]) -> None:
    """Let go of the arrays that were met while recording, and keep what they looked like."""
    for call in calls:
        for value in (*call.reads(), *call.results):
            if value.root.kind == "result":
                value.array = np.broadcast_to(np.empty((), value.array.dtype), value.array.shape)


class Memory:
    """The arrays in which a program leaves gradients, and how many hold each of them as long as no user does."""

    def __init__(self, run: Any, names: list[str]) -> None:
        cells = dict(zip(run.__code__.co_freevars, run.__closure__ or ()))
        self.arrays = [cells[name].cell_contents for name in names]
        self.bases = [array if array.base is None else array.base for array in self.arrays]
        self.counts = [self.count(i) for i in range(len(names))]
        self.reads = -1

    def count(self, i: int) -> tuple[int, int]:
        """How many hold an array, and how many the memory it lies in, views included."""
        return sys.getrefcount(self.arrays[i]), sys.getrefcount(self.bases[i])

    def held(self, i: int, gradient: Any) -> bool:
        """Does anybody hold an array, or a view of it, apart from this gradient?"""
        array, base = self.count(i)
        return (
            array > self.counts[i][0] + (gradient is not None and gradient.array is self.arrays[i])
            or base > self.counts[i][1]
        )


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
    held = Counter(id(pair[0]) for pair in tape.adopted)
    held.update(id(target) for node in tape.made_in for target in node.targets)
    for _, value in tape.known.values():
        if value.kind == "tensor" and value.owner is not None:
            here = sys.getrefcount(value.owner) - 1  # getrefcount's own argument
            if here <= 1 + held[id(value.owner)]:
                value.kind, value.owner = "constant", None


def results_of(result: Any, tape: Tape) -> tuple[Any, list[Value], str]:
    """(the structure of a result, the values in it, why a program cannot give it: a live graph hangs on it)."""
    tensors: list[Tensor] = []
    structure = leaves(result, tensors)
    values, live = [], ""
    for tensor in tensors:
        if is_live(tensor._node):
            live = "a tensor that it returns has a graph still to be walked: return it detached, or use no_grad"
        values.append(tape.described(tensor.array))
        plain(tensor)
    return structure, values, live


def is_live(node: Any) -> bool:
    """Can a backward pass still go through the graph of this operation? Not where some of it was freed."""
    found, waiting = set(), [node]
    while waiting:
        node = waiting.pop()
        if type(node) is Node and node not in found:
            if node.rules is GONE:
                return False
            found.add(node)
            waiting.extend(node.targets)
    return bool(found)


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
        return Tensor, next(i for i, tensor in enumerate(found) if tensor.array is part.array)
    if isinstance(part, tuple | list):
        return type(part), tuple([leaves(item, found) for item in part])
    if type(part) in (dict, OrderedDict):
        return type(part), tuple([(key, leaves(item, found)) for key, item in part.items()])
    if part is not None and not isinstance(part, (int, float, complex, str, bytes, np.dtype, type)) and part is not ...:
        kind = "ndarray" if type(part) is Recorded else type(part).__name__
        raise Foreign(f"a {kind} is among its arguments or results, and what that holds is not seen: use tensors")
    return None, part, type(part), repr(part)


class Foreign(TypeError):  # noqa: N818 (it is no error: the function runs as it is)
    """Something else than tensors, numbers and strings, in lists, tuples and dicts."""


def rebuilt(structure: Any, tensors: list[Tensor]) -> Any:
    """The structure, with tensors in their places."""
    kind, content = structure[:2]
    if kind is Tensor:
        return tensors[content]
    if kind is None:
        return content
    if issubclass(kind, dict):
        return kind((key, rebuilt(item, tensors)) for key, item in content)
    items = [rebuilt(item, tensors) for item in content]
    return kind(items) if kind in (tuple, list) else kind(*items)
