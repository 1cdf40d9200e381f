"""A program for calls of one kind: how it is made from the function, its run, and whether it still stands for the function."""

from __future__ import annotations

import linecache
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import numpy as np

from minigrad.clock import wrote
from minigrad.compile.arrays import Recorded
from minigrad.compile.emit import Printer
from minigrad.compile.errors import CompileError, NoProgram
from minigrad.compile.hearing import heard
from minigrad.compile.memory import Memory, memory_of
from minigrad.compile.outcome import forget, gradients_of, is_live, names_of, plain, release, strip
from minigrad.compile.program import Program
from minigrad.compile.quick import MISS
from minigrad.compile.record import Tape
from minigrad.compile.structure import leaves, rebuilt
from minigrad.compile.surroundings import Surroundings
from minigrad.compile.values import Value
from minigrad.graph import listening
from minigrad.tensor import Tensor, wrap

ONE_AT_A_TIME = threading.RLock()
serial = count(1)


class Entry:
    """A program, bound to the arrays it works on. Without one, `refused` says why there is none."""

    def __init__(self, function: Callable[..., Any], args: Any, kwargs: Any, tensors: list[Tensor]) -> None:
        self.function, self.refused, self.trusted = function, "", False
        self.missed = 0  # how many calls in a row a check of the program did not hold
        self.early = False  # was something made that will be there the next time?
        try:
            for optimizer in Surroundings(function).optimizers():
                optimizer.dissolve()
            self.surroundings = Surroundings(function)
        except NoProgram as reason:
            self.refused, self.result = str(reason), function(*args, **kwargs)
            return
        self.changes = listening.changes
        tape = Tape(self.surroundings.arrays)
        arguments = [tape.argument(tensor) for tensor in tensors]
        try:
            with heard(tape):
                for tensor in self.surroundings.tensors():  # whatever is done with them is heard
                    tape.adopt(tensor)
                self.result = function(*args, **kwargs)
        except BaseException:
            strip(tape)
            raise
        release(tape)
        self.grads = gradients_of(tape)
        try:
            outputs = self._results(tape)
            self._look_at_effects()
            self._look_at_memory(tape, outputs)
            self._build(tape, arguments, outputs)
            self._look_at_writes(tensors)
        except NoProgram as reason:
            self.refused = str(reason)
        else:
            self._start()
            forget(arguments, [*tape.calls, *self.program.calls])

    # ── how it is made ───────────────────────────────────────────────────────────────────────────────────────────────

    def _results(self, tape: Tape) -> list[Value]:
        """The values of the tensors that the function returned."""
        found: list[Tensor] = []
        try:
            self.structure = leaves(self.result, found)
        except NoProgram:
            if isinstance(self.result, Recorded):
                self.result = self.result.view(np.ndarray)
            raise
        else:
            return [tape.described(tensor.array) for tensor in found]
        finally:
            self.returned, self.live = found, any(is_live(tensor._node) for tensor in found)
            for tensor in (*found, *(t._grad for t, _ in self.grads if t._grad is not None)):
                plain(tensor)

    def _look_at_effects(self) -> None:
        """NoProgram if the function did something to what it can see, which a program would not do again."""
        before = self.surroundings
        if before.drew():
            raise NoProgram("it draws random numbers from Python's or NumPy's generator: use minigrad's")
        changed = before.difference(after := Surroundings(self.function))
        self.surroundings, self.changes = after, listening.changes
        for tensor in after.tensors():  # made on the way, and kept
            plain(tensor)
        if changed:
            self.early = changed.startswith("len(") and changed.endswith(".state)")  # of an optimizer
            raise NoProgram(
                f"it changes `{changed}`, which a program would not: return the new value, or change it outside"
            )
        if before.options != after.options:
            raise NoProgram("it changes an option of an optimizer, as a schedule does: take such a step outside")

    def _look_at_memory(self, tape: Tape, outputs: list[Value]) -> None:
        """NoProgram if one cannot give these results and gradients: they lie in memory that is not the program's."""
        if tape.refused:
            raise NoProgram(tape.refused)
        if self.live:
            raise NoProgram(
                "a tensor that it returns has a graph still to be walked: return it detached, or use no_grad"
            )
        for tensor, value in zip(self.returned, outputs):
            if value.root.kind == "argument" or (
                value.root.kind in ("tensor", "outside") and value.owner is not tensor
            ):
                raise NoProgram("it returns an argument, or a view of a tensor that was there before: return a clone")
        del self.returned  # nobody else's
        entered = {id(tensor._node) for tensor in tape.arguments if tensor._node is not None}
        if any(id(target) in entered for node in tape.made_in for target in node.targets):
            raise NoProgram("an argument comes out of a graph, into which its gradient would flow: pass it detached")
        for tensor, value in self.grads:
            if value.root.kind == "argument" or any(tensor is owner for owner in tape.arguments):
                raise NoProgram("it sets the gradient of an argument, or makes an argument a gradient")
        if any(tape.wrote(value.root) for value in tape.taken):
            raise NoProgram("it takes a number out of a tensor that it writes into: look at it outside")

    def _build(self, tape: Tape, arguments: list[Value], outputs: list[Value]) -> None:
        """The program, and what has to be as it is for it to run."""
        there = {id(tensor): tensor for tensor in self.surroundings.tensors()}
        made = [t for t in (*(t for t, _ in self.grads), *tape.dropped.values()) if id(t) not in tape.cleared]
        looked = [t for key, t in tape.looked.items() if key in there]
        asked = {id(t): t for t in (*made, *looked)}  # whose .grad of before matters
        self.empty = [t for key, t in asked.items() if tape.held[key] is None]
        self.cleared = [there[key] for key in tape.cleared if key in there and there[key]._grad is None]
        self.added = [(t, g) for t, _ in tape.adopted if (g := tape.held[id(t)]) is not None and t._grad is g]
        self.taken = [
            (v.root.owner, v.root.array, v.array, v.array.tobytes()) for v in tape.taken if v.root.kind != "constant"
        ]
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
        left = {id(g) for t, _ in tape.adopted if (g := tape.held[id(t)]) is not None and t._grad is not g}
        if any(id(value.owner) in left for value in self.printer.owned):
            raise NoProgram(
                "it reads a gradient that was there before and then drops it or makes another: have it in the function from "
                "zero_grad() to step()"
            )
        self.guards = [(value.owner, value.array) for value in self.printer.owned if value.kind == "tensor"]
        known = {id(array): owner for owner, array in self.guards}  # others may share it
        self.guards += [(t, a) for t, a in tape.adopted if id(a) in known and known[id(a)] is not t]
        self.flags = [(tensor, tensor._requires_grad) for tensor, _ in self.guards]

    def _look_at_writes(self, tensors: list[Tensor]) -> None:
        """Note what the program writes into that is there after a run. NoProgram if that is not the user's to see."""
        lasting = {w.root for call in self.program.body for w in call.written if w.root.kind != "result"}
        self.written = [value.array for value in lasting if value.kind != "argument"]
        self.changed = [value.owner for value in self.printer.owned if value.root in lasting]
        self.places = frozenset(id(memory_of(array)) for array in self.written)
        there = {id(tensor) for tensor in self.surroundings.tensors()}
        if self.overlap(tensors):
            raise NoProgram("an argument shares memory with a tensor that it writes into: pass a clone")
        if any(value.kind == "constant" for value in lasting) or any(id(owner) not in there for owner in self.changed):
            raise NoProgram(
                "it writes into an argument, or into a tensor that it makes of numbers: compute a new one instead"
            )

    def _start(self) -> None:
        """Make Python of the program, with lines that a traceback can show as long as there is a program."""
        name = getattr(self.function, "__name__", type(self.function).__name__)
        self.file = f"<minigrad.compile {next(serial)}: {name}>"
        linecache.cache[self.file] = len(self.source), None, self.source.splitlines(True), self.file
        weakref.finalize(self, linecache.cache.pop, self.file, None).atexit = False
        space: dict[str, Any] = {"draws": self.program.draws}
        exec(compile(self.source, self.file, "exec"), space)
        self.bind = space["bind"]
        self._bind()
        self.lock = threading.Lock()

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
            return "a gradient that was there, or was not"
        if any(optimizer._hooked() for optimizer, *_ in self.numbers.optimizers):
            return "a hook of an optimizer"
        if not self.numbers.hold():
            return "an option of the optimizer"
        try:
            where = self.surroundings.difference(now := Surroundings(self.function))
        except NoProgram as reason:
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
            wrote(*self.changed)
            for (tensor, _), array in zip(self.grads, out[n:m]):
                if tensor._grad is None or tensor._grad.array is not array:
                    tensor._grad = wrap(array)
            for tensor in self.cleared:
                tensor._grad = None
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
        gradients = [(tensor, tensor._grad) for tensor in (*(t for t, _ in self.grads), *self.cleared)]
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
