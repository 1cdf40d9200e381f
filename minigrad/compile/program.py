"""From a tape to a program: what nobody needs is dropped, nothing is computed twice, memory is planned.

A program is the tape's calls in their order. Every array with memory of its own is a *root*; views name the root they lie
in, so that who reads and writes what can be told. The passes, in order:

1. *versions*: an elementwise call that writes over a result makes a new value instead, so that a value, once made, stays;
2. *twins*: of two calls of one function on the same values, the second takes what the first gave;
3. *dead code*: from the end backwards, a call stays if somebody reads what it makes, or if it writes into something that
   was there before (a parameter), or is asked for as a result;
4. *constants*: a call on constants alone is replaced by what it gave; and checks go first;
5. *side by side*: what an optimizer does to each parameter becomes one call on all of them: see flat.py;
   *one shape*: the operands of small results are spread to their shape;
6. *views*: a view of memory that stays in its place is taken once, before the first run;
7. *pieces*: elementwise calls on long arrays that follow each other are done a piece at a time: see pieces.py;
8. *memory*: results whose lives do not overlap share a buffer; an elementwise call writes over an operand that it is the
   last to read (linear scan: M. Poletto and V. Sarkar, ACM TOPLAS 21(5), 1999).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.compile.flat import side_by_side
from minigrad.compile.numbers import Number
from minigrad.compile.pieces import PIECE, in_runs
from minigrad.compile.record import Tape
from minigrad.compile.values import Call, Value

SPREAD = 1 << 12  # numbers in a result, up to which its operands are spread first


class Program:
    """The lines to run, the lines to run once, and where everything lies."""

    def __init__(self, tape: Tape, arguments: list[Value], outputs: list[Value], gradients: int = 0) -> None:
        self.arguments = arguments
        self.numbers, self.draws = tape.numbers, tape.draws
        written = {value.root for call in tape.calls for value in call.written}
        calls, latest, between = versions(tape.calls)
        self.gone = written | between  # what does not hold the numbers any more that it held when it was made
        calls, first = without_twins(calls)
        self.outputs = [first.get(v, v) for v in (latest.get(v, v) for v in outputs)]
        self.part(calls, gradients)
        self.gradients = self.outputs[len(outputs) - gradients :]
        calls = self.fold(drop_dead(calls, self.outputs), {v.root for v in self.gradients})
        self.calls = side_by_side(checks_first(calls), tape.optimizers)
        settle(self.calls)
        self.calls = in_one_shape(self.calls)
        self.setup, self.body = self.split(self.calls)
        self.runs = in_runs(self.body, self.outputs)
        self.buffers: dict[Value, tuple[int, int]] = {}  # of each root: its place in the arena, and its bytes
        self.size = self.plan()

    def part(self, calls: list[Call], gradients: int) -> None:
        """Give each of the last outputs, the gradients, memory of its own: two that are equal are still two."""
        seen: set[Value] = set()
        for i in range(len(self.outputs) - gradients, len(self.outputs)):
            value = self.outputs[i]
            if value.root in seen or value.root.kind != "result":
                call = Call(np.copy, "np.copy", (value,), {}, "")
                self.outputs[i] = value = Value(value.array.copy(), "result", None, call)
                call.results = [value]
                calls.append(call)
            seen.add(value.root)

    # ── constants ────────────────────────────────────────────────────────────────────────────────────────────────────

    def fold(self, calls: list[Call], gradients: set[Value]) -> list[Call]:
        """Take out the calls on constants alone. A gradient is made afresh at every run: it is the user's, to write into."""
        written = gradients.union(value.root for call in calls for value in call.written)
        fixed: set[Value] = set()
        kept = []
        for call in calls:
            reads = call.reads()
            pure = (
                not call.written
                and reads
                and call.results
                and call.name != "draw"
                and not written.intersection(v.root for v in call.results)
                and not self.gone.intersection(v.root for v in call.results)
                and not counts(call)
            )
            if pure and all(v.root in fixed or is_private(v, written) for v in reads):
                fixed.update(v.root for v in call.results)
                for value in call.results:
                    value.kind = "constant"
            else:
                kept.append(call)
        return kept

    # ── views ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def split(self, calls: list[Call]) -> tuple[list[Call], list[Call]]:
        """(views that are taken once, what runs every time)."""
        once: list[Call] = []
        every: list[Call] = []
        for call in calls:
            moving = any(value.root.kind == "argument" for value in call.reads())
            (once if call.looks and not moving else every).append(call)
        return once, every

    # ── memory ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def plan(self) -> int:
        """Give each result a place; the bytes of the arena that holds them all."""
        last: dict[Value, int] = {}
        for i, call in enumerate(self.body):
            for value in (*call.reads(), *call.written, *call.results):
                last[value.root] = i
        for value in self.outputs:
            last[value.root] = len(self.body)
        at = {id(call): i for i, call in enumerate(self.body)}
        passing: dict[Value, int] = {}  # what is only passed on within a piece: until which call
        for run in self.runs:  # each piece goes through all calls: nothing is free before the last of them
            passing.update((value, last[value]) for value in run.passing)
            for value in run.arrays:
                last[value.root] = max(last[value.root], at[id(run.calls[-1])])
        free: list[tuple[int, int]] = []  # (place, bytes)
        end = 0
        if any(call.name == "check" for call in self.body):  # the gradients of the last run are there when one fails
            for root in dict.fromkeys(value.root for value in self.gradients if value.root.kind == "result"):
                self.buffers[root] = (end, -(-max(root.array.nbytes, 1) // 64) * 64)
                end += self.buffers[root][1]
        for i, call in enumerate(self.body):
            dying = [root for root in {v.root for v in call.reads()} if last[root] == i and root in self.buffers]
            touched = dict.fromkeys(v.root for v in (*call.results, *call.written) if v.root.kind == "result")
            made = [root for root in touched if root not in self.buffers]
            alike = [root for root in dying if (root in passing) == (bool(made) and made[0] in passing)]
            over = writes_over(call, alike) if made and call.results[0].root is call.results[0] else None
            if over is None and made and made[0] in passing:
                over = writes_over(call, [root for root, end in passing.items() if end == i and root in self.buffers])
            for root in made:
                if over is not None and over not in dying:
                    self.buffers[root], last[over] = self.buffers[over], -1  # freed with what has taken its place
                    continue
                if over is not None:
                    self.buffers[root] = self.buffers[over]
                    dying.remove(over)
                    continue
                size = PIECE * root.array.itemsize if root in passing else max(root.array.nbytes, 1)
                need = -(-size // 64) * 64
                fit = min((place for place in free if place[1] >= need), key=lambda place: place[1], default=None)
                if fit is None:
                    self.buffers[root] = (end, need)
                    end += need
                else:
                    free.remove(fit)
                    self.buffers[root] = (fit[0], need)
                    if fit[1] > need:
                        free.append((fit[0] + need, fit[1] - need))
            for root in dying:
                free.append(self.buffers[root])
            dead = [root for root in made if last[root] == i]
            free.extend(self.buffers[root] for root in dead)
        return end


def in_one_shape(calls: list[Call]) -> list[Call]:
    """The calls, with operands in the shape of the result where that is quicker: NumPy takes its time to set up a broadcast.

    One row, (n,) beside (1, n), is seen in that shape; into a small result, an operand is spread first, once for all who
    read it.
    """
    found: list[Call] = []
    seen: dict[Any, Value] = {}
    for call in calls:
        result = call.results[0].array if isinstance(call.function, np.ufunc) and call.results else None
        if result is not None and not call.function.signature and result.ndim > 1:
            for i, value in enumerate(call.args):
                if not isinstance(value, Value) or value.array.size < 2 or value.array.shape == result.shape:
                    continue
                array, key = value.array, (value, result.shape)
                looks = array.size == result.size and array.flags.c_contiguous and value.root.kind != "argument"
                if not looks and (array.size == result.size or result.size > SPREAD):
                    continue
                if key not in seen:
                    if looks:
                        made = Call(np.ndarray.reshape, ".reshape", (value, result.shape), {}, call.scope)
                        seen[key] = Value(array.reshape(result.shape), "result", value.root, made)
                    else:
                        made = Call(np.broadcast_to, "spread", (value, result.shape), {}, call.scope)
                        seen[key] = Value(np.broadcast_to(array, result.shape).copy(), "result", None, made)
                    made.results, made.looks = [seen[key]], looks
                    found.append(made)
                call.args = (*call.args[:i], seen[key], *call.args[i + 1 :])
        found.append(call)
        if not call.written:
            continue
        changed = {value.root for value in call.written}
        lasting = any(root.kind != "result" for root in changed)  # which may lie in the same memory as others
        seen = {
            key: value
            for key, value in seen.items()
            if value.root is not value
            or (key[0].root not in changed and not (lasting and key[0].root.kind != "result"))
        }
    return found


def settle(calls: list[Call]) -> None:
    """Let each view name the root that its root has come to lie in."""
    for call in calls:
        for value in (*call.reads(), *call.results, *call.written):
            while value.root.root is not value.root:
                value.root = value.root.root


def versions(calls: list[Call]) -> tuple[list[Call], dict[Value, Value], set[Value]]:
    """The calls with a new value for each elementwise write over a result that has no views; the last version of each; those
    whose numbers are gone, since the next version was written over them."""
    viewed = {value.root for call in calls for value in call.results if value.root is not value}
    latest: dict[Value, Value] = {}
    gone: set[Value] = set()
    for call in calls:
        rename(call, latest)
        if (
            not call.written
            or len(call.written) > 1
            or not isinstance(call.function, np.ufunc)
            or call.function.signature
        ):
            continue
        old = call.written[0]
        first = next((k for k, v in latest.items() if v is old), old)
        if old.root is old and old.kind == "result" and first not in viewed:
            new = Value(old.array, "result", None, call)
            call.results, call.written, latest[first] = [new], [], new
            gone.add(old)
    return calls, latest, gone


def without_twins(calls: list[Call]) -> tuple[list[Call], dict[Value, Value]]:
    """The calls without those that repeat an earlier one; what stands for the results that are gone."""
    written = {value.root for call in calls for value in call.written}
    written |= others_of({value.root for call in calls for value in call.reads()}, written)
    known: dict[Any, Call] = {}
    first: dict[Value, Value] = {}
    kept = []
    for call in calls:
        rename(call, first)
        touched = (*call.reads(), *call.results)
        if (
            call.written
            or not call.results
            or call.name in ("draw", "check")
            or any(v.root in written for v in touched)
        ):
            kept.append(call)
            continue
        twin = known.setdefault((call.name, call.function, frozen(call.args), frozen(call.kwargs)), call)
        if twin is call:
            kept.append(call)
        else:
            first.update(zip(call.results, twin.results))
    for view, value in list(first.items()):  # views of a result that is gone lie in what stands for it
        view.root = value.root
    for call in kept:
        for value in call.results:
            value.root = first.get(value.root, value.root)
    return kept, first


def others_of(roots: set[Value], written: set[Value]) -> set[Value]:
    """Of the arrays that were there before, those that may lie in memory that is written through another one."""
    lasting = [root.array for root in written if root.kind != "result"]
    there = [root for root in roots if root.kind != "result" and root not in written]
    return {root for root in there if any(np.may_share_memory(root.array, array) for array in lasting)}


def rename(call: Call, names: dict[Value, Value]) -> None:
    """Let a call speak of other values."""

    def other(part: Any) -> Any:
        if isinstance(part, Value):
            return names.get(part, part)
        if isinstance(part, tuple | list):
            return type(part)(map(other, part))
        if isinstance(part, dict):
            return {key: other(item) for key, item in part.items()}
        if isinstance(part, slice):
            return slice(other(part.start), other(part.stop), other(part.step))
        return part

    call.args, call.kwargs = other(call.args), other(call.kwargs)
    call.written = [names.get(v, v) for v in call.written]
    if call.written and call.results:
        call.results = call.written


def frozen(part: Any) -> Any:
    """Arguments as something that can be looked up: arrays by identity, numbers with their types."""
    if isinstance(part, Value):
        return part
    if isinstance(part, tuple | list):
        return type(part), tuple(map(frozen, part))
    if isinstance(part, dict):
        return tuple((key, frozen(item)) for key, item in part.items())
    if isinstance(part, slice):
        return slice, frozen((part.start, part.stop, part.step))
    return type(part), getattr(part, "text", None), repr(part)


def drop_dead(calls: list[Call], outputs: list[Value]) -> list[Call]:
    """The calls that somebody needs."""
    needed = {value.root for value in outputs}
    kept = []
    for call in reversed(calls):
        lasting = any(value.root.kind != "result" for value in call.written)
        asked = call.name in ("draw", "check") or any(v.root in needed for v in (*call.results, *call.written))
        if lasting or asked:
            needed.update(v.root for v in (*call.reads(), *call.written))
            kept.append(call)
    return kept[::-1]


def checks_first(calls: list[Call]) -> list[Call]:
    """The calls, with each check that can be made before anything is written or drawn, and what it needs, at the start.

    If it fails, the function runs itself, from a state that nothing has touched.
    """
    moved: set[int] = set()
    for i, check in enumerate(calls):
        if check.name == "check":
            needed = {value.root for value in check.reads()}
            chain = [check]
            for call in reversed(calls[:i]):
                if not needed.isdisjoint(v.root for v in (*call.results, *call.written)):
                    needed.update(v.root for v in call.reads())
                    chain.append(call)
            if not any(call.written or call.name == "draw" for call in chain):
                moved.update(map(id, chain))
    return [c for c in calls if id(c) in moved] + [c for c in calls if id(c) not in moved]


def counts(call: Call) -> bool:
    """Is there a number among the arguments that is read afresh, a learning rate for instance?"""
    return any(isinstance(part, Number) for part in (*call.args, *call.kwargs.values()))


def is_private(value: Value, written: set[Value]) -> bool:
    """Is this a constant that nobody else can change?"""
    return value.root.kind == "constant" and value.root not in written and value.root.owner is None


def writes_over(call: Call, dying: list[Value]) -> Value | None:
    """An operand whose memory an elementwise call may use for its result."""
    if not isinstance(call.function, np.ufunc) or call.function.signature or len(call.results) != 1:
        return None
    result = call.results[0].array
    for value in call.args:
        if isinstance(value, Value) and value.root is value and value in dying:
            array = value.array
            if (array.shape, array.dtype, array.strides) == (result.shape, result.dtype, result.strides):
                return value
    return None
