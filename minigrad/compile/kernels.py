"""The text of functions that a program calls as a whole, with all that they name: so that its file stands alone."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np


def texts(functions: dict[str, Callable[..., Any]]) -> str:
    """The functions, after the functions, constants and imports that they need; each thing under one name of its own."""
    imports: dict[str, None] = {}
    constants: dict[str, str] = {}
    names: dict[int, str] = {}  # of functions, by identity
    found: dict[str, str] = {}
    waiting: list[Any] = []

    def name_of(function: Any, wanted: str) -> str:
        if id(function) not in names:
            while wanted in names.values() or wanted in constants:
                wanted += "_"
            names[id(function)] = wanted
            waiting.append(function)
        return names[id(function)]

    for name, function in functions.items():
        name_of(inspect.unwrap(function), name)
    while waiting:
        function = inspect.unwrap(waiting.pop())
        own = names[id(function)]
        if own in found:
            continue
        text, other = inspect.getsource(function), {function.__name__: own}
        for name, value in of_own_modules(named_by(function), text):
            if isinstance(value, np.ufunc):
                imports[f"from numpy import {value.__name__}"] = None
            elif isinstance(value, ModuleType):
                imports[f"import {value.__name__}" + (f" as {name}" if name != value.__name__ else "")] = None
            elif isinstance(inspect.unwrap(value) if callable(value) else value, FunctionType) and is_own(value):
                other[name] = name_of(inspect.unwrap(value), inspect.unwrap(value).__name__)
            elif isinstance(value, type) and issubclass(value, Exception) and is_own(value):
                constants[name] = next(base.__name__ for base in value.__mro__ if base.__module__ == "builtins")
            elif isinstance(value, type) and is_own(value):
                other[name] = name_of(value, value.__name__)
            elif callable(value) and hasattr(value, "__module__") and not is_own(value):
                imports[f"from {value.__module__} import {name}"] = None
            else:
                unique = name.replace(".", "_")
                while constants.get(unique, written(value)) != written(value) or unique in names.values():
                    unique += "_"
                constants[unique] = written(value)
                other[name] = unique
        for name, unique in other.items():
            if name != unique:
                text = re.sub(rf"(?<![\w.]){re.escape(name)}(?![\w]|=[^=])", unique, text)
        found[own] = text
        for line in text.splitlines():
            if line.startswith("@"):
                imports[f"from functools import {line[1:].partition('(')[0]}"] = None
    imports.pop("import numpy as np", None)
    parts = [
        "\n".join(imports),
        "\n".join(f"{name} = {text}" for name, text in constants.items()),
        *reversed(found.values()),
    ]
    return "".join(f"{part.rstrip()}\n\n\n" for part in parts if part)


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
        return f'np.array({value.tolist()!r}, "{value.dtype.str[1:]}")'
    if isinstance(value, np.dtype):
        return f'np.dtype("{value.str}")'
    if isinstance(value, np.generic):
        return f"np.{type(value).__name__}({value.item()!r})"
    if isinstance(value, tuple | list):
        ends = "()" if isinstance(value, tuple) else "[]"
        return ends[0] + "".join(f"{written(item)}, " for item in value) + ends[1]
    if isinstance(value, dict):
        return "{" + "".join(f"{written(key)}: {written(item)}, " for key, item in value.items()) + "}"
    if isinstance(value, type) and issubclass(value, np.generic):
        return f"np.{value.__name__}"
    return repr(value)
