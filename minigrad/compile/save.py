"""A program as files that run without minigrad: the source, and beside it the arrays that it starts from."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from minigrad import streams as streams_module

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
numbers = {numbers!r}  # {meanings}
program = bind(arrays)


def step(*inputs):
    """One run: arrays in, arrays out. The arrays and the numbers above change as they do in training."""
    results = program(*inputs, *numbers.values())
    numbers.update((name, value) for name, value in zip({changing!r}, results[{end}:]) if name in numbers)
    return results[:{count}]
'''


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
    tail = TAIL.format(
        names=names,
        numbers={f"n{i}": value for i, value in zip(used, numbers.read(used))},
        meanings=", ".join(f"n{i}: {numbers.places[i][1]}" for i in used) or "none",
        changing=numbers.changing(),
        end=entry.count + len(entry.grads),
        count=entry.count,
    )
    partial = path.with_suffix(".partial.py")
    source = entry.source
    if streams:  # the module that draws is NumPy alone
        bare = source.partition('"""\n')[2].replace("from __future__ import annotations\n", "")
        source = inspect.getsource(streams_module) + bare + STREAM.format(count=len(streams))
    partial.write_text(source + tail)
    partial.replace(path)
