"""The usual call of a compiled function: is everything as it was? then run.

A step of a small network takes some fifty microseconds, so that looking a dozen things up by loops would be felt. The checks
are written out, one comparison each, and compiled together with the run: they take a few microseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minigrad.compile.surroundings import PLAIN
from minigrad.dtypes import default_dtype
from minigrad.grad_mode import grad_mode
from minigrad.graph import listening, tick, watchers
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
    numbers, count = entry.numbers, entry.count
    names = [f"x{i}" for i in range(len(args))]
    words = [
        "not more",
        f"{write(grad_mode)}.get()[-1].enabled is {grad_mode.get()[-1].enabled}",
        f"{write(listening)}.changes == {write(entry)}.changes",
        f"{write(listening)}.tape is None",
        f"not {write(watchers)}",
    ]
    for name, arg in zip(names, args):
        if isinstance(arg, Tensor):
            words += [
                f"type({name}) is {write(type(arg))}",
                f"(d{name} := {name}.array).dtype is {write(arg.array.dtype)}",
                f"d{name}.shape == {arg.array.shape}",
                f"d{name}.strides == {arg.array.strides}",
                f"{name}._requires_grad is {arg._requires_grad}",
            ]
            if entry.places:
                words += [f"id(d{name}) not in {write(entry.places)}", f"id(d{name}.base) not in {write(entry.places)}"]
        else:
            words += [f"type({name}) is {write(type(arg))}", f"repr({name}) == {repr(arg)!r}"]
    given = [(name, arg) for name, arg in zip(names, args) if isinstance(arg, Tensor)]
    for i, (name, arg) in enumerate(given):
        words += [f"d{other} is {'' if arg.array is before.array else 'not '}d{name}" for other, before in given[:i]]
    words.append(f"{write(default_dtype)}() is {write(entry.surroundings.kind)}")
    for tensor, array in entry.guards:
        words.append(f"{write(tensor)}.array is {write(array)}")
    for owner, memory, array, numbers_then in entry.taken:
        words += [f"{write(owner)}.array is {write(memory)}"] * (owner is not None)
        words.append(f"{write(array)}.tobytes() == {write(numbers_then)}")
    words += [f"{write(t)}._grad is None" for t in entry.empty]
    words += [f"{write(t)}._grad is {write(g)}" for t, g in entry.added]
    words += entry.surroundings.comparisons(write)
    for optimizer, state, groups, size in numbers.optimizers:
        if not entry.surroundings.knows(optimizer):
            words += [
                f"{write(optimizer)}.state is {write(state)}",
                f"{write(optimizer)}.param_groups is {write(groups)}",
                f"len({write(groups)}) == {size}",
            ]
    decisions = dict.fromkeys(numbers.decisions)
    read = sorted({*entry.printer.used, *(i for text, _ in decisions for i in numbers.named_in(text))})
    places = numbers.places
    numbers_read = [
        f"n{i} = {write(places[i][0])}[{places[i][1]!r}]" + ("" if places[i][2] is None else f"[{places[i][2]}]")
        for i in read
    ]
    decided = [f"({text}) == {write(found)}" for text, found in decisions]
    inputs = [f"d{name}" for name, arg in zip(names, args) if isinstance(arg, Tensor)]
    inputs += [f"n{i}" for i in entry.printer.used]
    body = [
        "try:",
        f"    if not ({' and '.join(words)}): return {write(MISS)}",
        *(f"    {line}" for line in numbers_read),
        *([f"    if not ({' and '.join(decided)}): return {write(MISS)}"] if decided else []),
        f"except LookupError: return {write(MISS)}",
        f"if not {write(entry.lock.acquire)}(False): return {write(MISS)}",
        "try:",
    ]
    grads = [tensor for tensor, _ in entry.grads]
    if grads:
        body.append(f"    if {write(listening)}.reads != {write(entry)}.memory.reads: {write(entry.unshare)}()")
    body += [
        f"    try: out = {write(entry)}.run({', '.join(inputs)})",
        "    except BaseException as error:",
        f"        if {write(entry)}.stopped(error): return {write(MISS)}",
        "        raise",
    ]
    if entry.changed:
        body.append(f"    now = {write(tick)}()")
        body += [f"    {write(t)}._version[0] = now" for t in entry.changed]
    for i, (place, key, _) in enumerate(numbers.results):
        body.append(f"    {write(place)}[{key!r}] = out[{count + len(grads) + i}]")
    for i, tensor in enumerate(grads, count):
        t = write(tensor)
        body += [
            f"    g = {t}._grad",
            f"    if g is None or g.array is not out[{i}]: {t}._grad = {write(wrap)}(out[{i}])",
        ]
    if entry.alone:
        body.append(f"    return {write(wrap)}(out[0].copy())")
    else:
        body.append(f"    return {write(entry.result_of)}(out)")
    body.append(f"finally: {write(entry.lock.release)}()")
    parameters = ", ".join([*(f"{name}={write(MISS)}" for name in names), "*more"])
    text = f"def call({parameters}):\n" + "\n".join(f"    {line}" for line in body)
    exec(text, space)
    call: Callable[..., Any] = space["call"]
    return call


def namer(space: dict[str, Any]) -> Callable[[Any], str]:
    """A function that names objects, the same by the same name, and puts them into `space` under it."""
    names: dict[int, str] = {}

    def name(thing: Any) -> str:
        word = names.setdefault(id(thing), f"a{len(names)}")
        space[word] = thing
        return word

    return name
