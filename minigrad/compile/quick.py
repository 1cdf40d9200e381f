"""The usual call of a compiled function: is everything as it was? then run.

A step of a small network takes some fifty microseconds, so that looking a dozen things up by loops would be felt. The checks
are written out, one comparison each, and compiled together with the run: they take a few microseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.clock import writing
from minigrad.compile.memory import memory_of
from minigrad.compile.places import PLAIN
from minigrad.dtypes import default_dtype
from minigrad.grad_mode import grad_mode
from minigrad.graph import listening, watchers
from minigrad.tensor import Tensor, wrap

if TYPE_CHECKING:
    from minigrad.compile.step import Entry

MISS = object()  # what a quick call gives where something is not as it was


def missed(*args: Any) -> Any:
    """The quick call of a function that has no program: it never fits."""
    return MISS


def quick(entry: Entry, args: tuple[Any, ...]) -> Callable[..., Any]:
    """The quick call for arguments like these: tensors, numbers, strings, None. For others, one that never fits."""
    if not all(isinstance(arg, Tensor) or arg is None or type(arg) in PLAIN for arg in args):
        return missed
    space: dict[str, Any] = {}
    write = namer(space)
    miss = f"return {write(MISS)}"
    read, decided = numbers_of(entry, write)
    words = [*of_arguments(entry, args, write), *of_surroundings(entry, write)]
    inputs = [f"d{i}" for i, arg in enumerate(args) if isinstance(arg, Tensor)]
    body = [
        "try:",
        f"    if not ({' and '.join(words)}): {miss}",
        *(f"    {line}" for line in read),
        *([f"    if not ({' and '.join(decided)}): {miss}"] if decided else []),
        f"except LookupError: {miss}",
        f"if not {write(entry.lock.acquire)}(False): {miss}",
        "try:",
        *(f"    {line}" for line in run_of(entry, inputs, miss, write)),
        f"finally: {write(entry.lock.release)}()",
    ]
    parameters = ", ".join([*(f"x{i}={write(MISS)}" for i in range(len(args))), "*more"])
    exec(f"def call({parameters}):\n" + "\n".join(f"    {line}" for line in body), space)
    call: Callable[..., Any] = space["call"]
    return call


def of_arguments(entry: Entry, args: tuple[Any, ...], write: Callable[[Any], str]) -> list[str]:
    """Expressions that are true of arguments x0, x1 ... like these. They name the arrays of tensors d0, d1 ..."""
    words = ["not more"]
    before: list[tuple[str, Tensor]] = []
    for i, arg in enumerate(args):
        x, d = f"x{i}", f"d{i}"
        words.append(f"type({x}) is {write(type(arg))}")
        if not isinstance(arg, Tensor):
            words.append(f"repr({x}) == {repr(arg)!r}")
            continue
        words += [
            f"({d} := {x}.array).dtype is {write(arg.array.dtype)}",
            f"{d}.shape == {arg.array.shape}",
            f"{d}.strides == {arg.array.strides}",
            f"{x}._requires_grad is {arg._requires_grad}",
            *(f"{d} is {'' if arg.array is known.array else 'not '}{other}" for other, known in before),
        ]
        if entry.places:  # does it lie in memory that the program writes into?
            owner = f"{d} if (m := {d}.base) is None else m if m.__class__ is {write(np.ndarray)} and m.base is None"
            words.append(f"id({owner} else {write(memory_of)}({d})) not in {write(entry.places)}")
        before.append((d, arg))
    return words


def of_surroundings(entry: Entry, write: Callable[[Any], str]) -> list[str]:
    """Expressions that are true while everything around the function is as it was."""
    words = [
        f"{write(grad_mode)}.get()[-1].enabled is {grad_mode.get()[-1].enabled}",
        f"{write(listening)}.changes == {write(entry)}.changes",
        f"{write(listening)}.tape is None",
        f"not {write(watchers)}",
        f"{write(default_dtype)}() is {write(entry.surroundings.kind)}",
        *(f"{write(tensor)}.array is {write(array)}" for tensor, array in entry.guards),
        *(f"{write(owner)}.array is {write(memory)}" for owner, memory, *_ in entry.taken if owner is not None),
        *(f"{write(array)}.tobytes() == {write(found)}" for *_, array, found in entry.taken),
        *(f"{write(t)}._grad is None" for t in entry.empty),
        *(f"{write(t)}._grad is {write(g)}" for t, g in entry.added),
        *entry.surroundings.comparisons(write),
    ]
    for optimizer, state, groups, size in entry.numbers.optimizers:
        if not entry.surroundings.knows(optimizer):
            words += [
                f"{write(optimizer)}.state is {write(state)}",
                f"{write(optimizer)}.param_groups is {write(groups)}",
                f"len({write(groups)}) == {size}",
            ]
    return words


def numbers_of(entry: Entry, write: Callable[[Any], str]) -> tuple[list[str], list[str]]:
    """(the lines that read an optimizer's numbers, expressions that are true while Python decides by them as it did)."""
    decisions = dict.fromkeys(entry.numbers.decisions)
    lines = []
    for i in sorted({*entry.printer.used, *(i for text, _ in decisions for i in entry.numbers.named_in(text))}):
        place, key, position = entry.numbers.places[i]
        lines.append(f"n{i} = {write(place)}[{key!r}]" + ("" if position is None else f"[{position}]"))
    return lines, [f"({text}) == {write(found)}" for text, found in decisions]


def run_of(entry: Entry, inputs: list[str], miss: str, write: Callable[[Any], str]) -> list[str]:
    """The lines that run the program, put what it gives where it belongs, and return the result."""
    grads, count = [tensor for tensor, _ in entry.grads], entry.count
    given = ", ".join([*inputs, *(f"n{i}" for i in entry.printer.used)])
    unshared = f"if {write(listening)}.reads != {write(entry)}.memory.reads: {write(entry.unshare)}()"
    lines = [
        *([unshared] if grads else []),
        f"try: out = {write(entry)}.run({given})",
        "except BaseException as error:",
        f"    if {write(entry)}.stopped(error): {miss}",
        "    raise",
    ]
    if entry.changed:
        lines.append(f"now = {write(writing)}()")
        lines += [f"{write(t)}._version[0] = now" for t in entry.changed]
    for i, (place, key, _) in enumerate(entry.numbers.results, count + len(grads)):
        lines.append(f"{write(place)}[{key!r}] = out[{i}]")
    for i, tensor in enumerate(grads, count):
        t = write(tensor)
        lines += [
            f"g = {t}._grad",
            f"if g is None or g.array is not out[{i}]: {t}._grad = {write(wrap)}(out[{i}])",
        ]
    lines += [f"{write(tensor)}._grad = None" for tensor in entry.cleared]
    result = f"{write(wrap)}(out[0].copy())" if entry.alone else f"{write(entry.result_of)}(out)"
    return [*lines, f"return {result}"]


def namer(space: dict[str, Any]) -> Callable[[Any], str]:
    """A function that names objects, the same by the same name, and puts them into `space` under it."""
    names: dict[int, str] = {}

    def name(thing: Any) -> str:
        word = names.setdefault(id(thing), f"a{len(names)}")
        space[word] = thing
        return word

    return name
