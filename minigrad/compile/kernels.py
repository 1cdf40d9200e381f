"""The text of functions that a program calls as a whole, with all that they name: so that its file stands alone."""

from __future__ import annotations

import builtins
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from math import isfinite
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from minigrad.compile.names import FIXED


def texts(functions: dict[str, Callable[..., Any]], around: Iterable[str] = ()) -> str:
    """The functions, after the functions, constants and imports that they need; each thing under one name of its own.

    `around` are names that something else in the file has.
    """
    imports: dict[str, None] = {}
    constants: dict[str, str] = {}
    names = {id(function): name for name, function in functions.items()}
    found: dict[str, str] = {}
    waiting: list[Any] = [*functions.values()]
    taken: dict[str, Any] = dict.fromkeys((*FIXED, *around, *dir(builtins)), "")  # names, and what has them
    taken.update((name, id(function)) for name, function in functions.items())

    def claim(wanted: str, thing: Any) -> str:
        while taken.setdefault(wanted, thing) != thing:
            wanted += "_"
        return wanted

    def name_of(function: Any) -> str:
        if id(function) not in names:
            names[id(function)] = claim(function.__name__, id(function))
            waiting.append(function)
        return names[id(function)]

    def imported(name: str, module: str, known: str = "") -> str:
        """The name of what is imported: a module, or what it knows by this name."""
        words = f"from {module} import {known}" if known else f"import {module}"
        own = claim(name.replace(".", "_"), words)
        imports[words + ("" if own == (known or module) else f" as {own}")] = None
        return own

    while waiting:
        function = waiting.pop()
        own = names[id(function)]
        if own in found:
            continue
        text, other = inspect.getsource(function), {function.__name__: own}
        for name, value in of_own_modules(named_by(function), text):
            if value is np and name == "np":
                continue
            if isinstance(value, np.ufunc):
                other[name] = imported(name, "numpy", value.__name__)
            elif isinstance(value, ModuleType):
                other[name] = imported(name, value.__name__)
            elif isinstance(inspect.unwrap(value) if callable(value) else value, FunctionType) and is_own(value):
                other[name] = name_of(inspect.unwrap(value))
            elif isinstance(value, type) and issubclass(value, Exception) and is_own(value):
                base = next(base.__name__ for base in value.__mro__ if base.__module__ == "builtins")
                other[name] = claim(name.replace(".", "_"), base)
                constants[other[name]] = base
            elif isinstance(value, type) and is_own(value):
                other[name] = name_of(value)
            elif callable(value) and hasattr(value, "__module__") and not is_own(value):
                other[name] = imported(name, value.__module__, getattr(value, "__name__", name))
            else:
                other[name] = claim(name.replace(".", "_"), words := written(value))
                constants[other[name]] = words
        for line in text.splitlines():
            if line.startswith("@"):
                module, _, name = line[1:].partition("(")[0].rpartition(".")
                other[module or name] = imported(module or name, module or "functools", "" if module else name)
        found[own] = renamed(text, {name: unique for name, unique in other.items() if name != unique})
    parts = [
        "\n".join(imports),
        "\n".join(f"{name} = {text}" for name, text in constants.items()),
        *reversed(found.values()),
    ]
    return "".join(f"{part.rstrip()}\n\n\n" for part in parts if part)


def renamed(text: str, names: dict[str, str]) -> str:
    """The text of a function with other names for what it finds around it; all at once, for one may be another's old name."""
    if not names:
        return text
    words = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return re.sub(rf"(?<![\w.])(?:{words})(?![\w]|=[^=])", lambda match: names[match[0]], text)


def named_by(thing: Any) -> Iterator[tuple[str, Any]]:
    """The global names that the code of a function, or of a class, mentions, and what they stand for."""
    parts = vars(thing).values() if isinstance(thing, type) else [thing]
    for part in parts:
        function = (
            inspect.unwrap(getattr(part, "__func__", getattr(part, "fget", part)) or part) if part is not None else None
        )
        if isinstance(function, FunctionType):
            for name in dict.fromkeys(names_in(function.__code__)):
                if name in function.__globals__:
                    yield name, function.__globals__[name]


def of_own_modules(named: Iterable[tuple[str, Any]], text: str) -> Iterator[tuple[str, Any]]:
    """The same names, with what the text takes out of modules of minigrad's, `rows.total`, in the place of those modules."""
    for name, value in named:
        if isinstance(value, ModuleType) and value.__name__.partition(".")[0] == "minigrad":
            for member in dict.fromkeys(re.findall(rf"(?<![\w.]){name}\.(\w+)", text)):
                yield f"{name}.{member}", getattr(value, member)
        else:
            yield name, value


def is_own(value: Any) -> bool:
    """Is this a function of minigrad's, or of the user's: one that has to be written out?"""
    return str(value.__module__).partition(".")[0] not in (
        "math",
        "numpy",
        "functools",
        "itertools",
        "builtins",
        "operator",
    )


def takes_out(function: Callable[..., Any]) -> bool:
    """Can a function write its result into an array that may be given as `out`?"""
    out = inspect.signature(function).parameters.get("out")
    return out is not None and out.default is None


def names_in(code: CodeType) -> Iterator[str]:
    """The global names that a function's code mentions, and those of functions inside it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_in(constant)


def written(value: Any) -> str:
    """A constant as it is written."""
    if isinstance(value, np.ndarray):
        return f'np.array({written(value.tolist())}, "{value.dtype.str[1:]}")'
    if isinstance(value, np.dtype):
        return f'np.dtype("{value.str}")'
    if isinstance(value, np.generic):
        return f"np.{type(value).__name__}({written(value.item())})"
    if isinstance(value, tuple | list):
        ends = "()" if isinstance(value, tuple) else "[]"
        return ends[0] + "".join(f"{written(item)}, " for item in value) + ends[1]
    if isinstance(value, dict):
        return "{" + "".join(f"{written(key)}: {written(item)}, " for key, item in value.items()) + "}"
    if isinstance(value, type) and issubclass(value, np.generic):
        return f"np.{value.__name__}"
    if isinstance(value, float) and not isfinite(value):
        return f'float("{value}")'
    return repr(value)
