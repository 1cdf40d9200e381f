"""A program as files that run without minigrad: the source, and beside it the arrays that it starts from."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from minigrad import streams as streams_module
from minigrad.compile.kernels import written
from minigrad.compile.names import comment

if TYPE_CHECKING:
    from minigrad.compile.step import Entry

STREAM = """

with np.load(__file__.removesuffix(".py") + ".npz") as file:
    draws = []
    for i in range({count}):
        draws.append(Stream())
        draws[i].restore(file[f"stream{{i}}"])
"""
TAIL = '''

with np.load(__file__.removesuffix(".py") + ".npz") as file:
    arrays = [file[name] for name in {names!r}]
numbers = {numbers}  # {meanings}
program = bind(arrays)
{decisions}

def step(*inputs):
    """One run: arrays in, arrays out, the caller's to keep. The arrays and the numbers above change as they do in training."""
{check}    results = program(*inputs, *map(numbers.get, {used!r}))
    numbers.update((name, value) for name, value in zip({changing!r}, results[{end}:]) if name in numbers)
    return tuple([result.copy() for result in results[:{count}]])
'''
DECISIONS = '''

def fits({names}):
    """Does Python decide by these numbers as it did when the program was recorded?"""
    return ({formulas}) == ({found})
'''
CHECK = """    if not fits(*map(numbers.get, {names!r})):
        raise ValueError(
            "the optimizer goes another way from this step on than when this program was recorded: take a few more steps of "
            "training with minigrad, and save the program again"
        )
"""


def save(entry: Entry, path: Path) -> None:
    """Write both files, the arrays first."""
    arrays = {name: array for name, _, array in entry.given}
    names, streams = tuple(arrays), entry.program.draws
    for i, stream in enumerate(streams):
        arrays[f"stream{i}"] = stream.state()
    target = path.with_suffix(".npz")
    partial = target.with_suffix(".partial.npz")
    np.savez(partial, **arrays)  # type: ignore[arg-type]
    partial.replace(target)
    numbers, used = entry.numbers, entry.printer.used
    decided = dict.fromkeys(numbers.decisions)
    asked = numbers.named_in(" ".join(text for text, _ in decided))
    held = sorted({*used, *asked})
    tail = TAIL.format(
        names=names,
        numbers=written({f"n{i}": value for i, value in zip(held, numbers.read(held))}),
        meanings=comment(", ".join(f"n{i}: {numbers.places[i][1]}" for i in held) or "none"),
        decisions=DECISIONS.format(
            names=", ".join(f"n{i}" for i in asked),
            formulas="".join(f"{text}, " for text, _ in decided),
            found="".join(f"{written(found)}, " for _, found in decided),
        )
        if decided
        else "",
        check=CHECK.format(names=tuple(f"n{i}" for i in asked)) if decided else "",
        used=tuple(f"n{i}" for i in used),
        changing=numbers.changing(),
        end=entry.count + len(entry.grads),
        count=entry.count,
    )
    partial = path.with_suffix(".partial.py")
    source = entry.source
    if streams:  # the module that draws is NumPy alone
        bare = source.partition('"""\n')[2].replace("from __future__ import annotations\n", "")
        source = inspect.getsource(streams_module) + bare + STREAM.format(count=len(streams))
    partial.write_text(source + tail, encoding="utf-8")
    partial.replace(path)
