"""Whose code is it, and which words does it use? What `Surroundings` asks about functions, classes and modules."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator, Set
from functools import lru_cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from minigrad.compile.places import contents

OWN = (f"{Path(__file__).parent.parent}{os.sep}", f"{Path(np.__file__).parent}{os.sep}", "<frozen")
LESSON = f"{Path(__file__).parent.parent / 'lesson'}{os.sep}"  # a part of minigrad that is written as users write
STANDARD = f"{sysconfig.get_paths()['stdlib']}{os.sep}"
MAKING = ("__init__", "__new__", "__post_init__")  # methods that run where the class is named
GIVEN = {"_tuplegetter", "member_descriptor", "getset_descriptor", "classmethod", "staticmethod"}  # what holds no value
OF_OS = {"environ", "environb", "getenv", "getenvb"}  # all of the module os that may change
BY_NAME = {"getattr", "eval", "exec", "vars", "__dict__", "attrgetter", "methodcaller"}  # any method may be called so


def is_users(thing: Any) -> bool:
    """Does the code of a function, a class or a module lie outside the standard library, NumPy and minigrad?"""
    if isinstance(thing, type):
        if (module := sys.modules.get(thing.__module__)) is not None and is_users(module):
            return True
        functions = (unwrapped(part) for part in vars(thing).values() if isinstance(part, FunctionType))
        thing = next(functions, module)
    code = getattr(thing, "__code__", None)
    file = code.co_filename if code is not None else getattr(thing, "__file__", None)
    if file is None:  # of a package without an __init__.py
        file = next((f"{folder}{os.sep}" for folder in getattr(thing, "__path__", ())), None)
    if file is None:
        return getattr(thing, "__name__", "") == "__main__"
    if file.startswith(LESSON):
        return True
    return not file.startswith(OWN) and (not file.startswith(STANDARD) or "site-packages" in file)


def is_settings(module: ModuleType) -> bool:
    """Is a module the user's own, and not an installed library, which would be walked from end to end?"""
    return is_users(module) and "-packages" not in (getattr(module, "__file__", None) or "")


def named_of(module: ModuleType, words: Set[str], direct: bool) -> list[str]:
    """What code that has these words names of a module: of a library, only if it names that itself, which is `direct`."""
    if module is os:
        return sorted(words & OF_OS)
    return sorted(words & vars(module).keys()) if is_settings(module) or (direct and is_users(module)) else []


def unwrapped(function: Any) -> Any:
    """The function that a decorator was given."""
    while isinstance(function, FunctionType) and "__wrapped__" in vars(function):
        function = vars(function)["__wrapped__"]
    return function


def members(kind: type) -> Iterator[tuple[str, str, Any]]:
    """The functions and the values in a class: the name, the word by which code calls it, and what it is."""
    for name, item in vars(kind).items():
        item = getattr(item, "__func__", item)
        if isinstance(item, property):
            item = item.fget
        elif type(item).__module__ == "functools":  # a cached_property, a partialmethod ...
            item = getattr(item, "dispatcher", getattr(item, "func", item))
        if isinstance(item, FunctionType) or not (name.startswith("__") or type(item).__name__ in GIVEN):
            yield name, kind.__name__ if name in MAKING else name, item


def given_to(function: FunctionType) -> Iterator[Any]:
    """What a decorator of minigrad's or of Python's was given, of which this is the result: by `no_grad`, `contextmanager`,
    `singledispatch`, `func.grad`."""
    for cell in function.__closure__ or ():
        held = contents(cell)
        parts = held.values() if type(held) is dict else held if type(held) in (list, tuple) else [held]
        if parts and all(map(callable, parts)):
            yield held
    if "__wrapped__" in vars(function):
        yield vars(function)["__wrapped__"]


@lru_cache(4096)
def words_in(code: CodeType) -> frozenset[str]:
    """The names of globals, attributes and modules in a function's code and in functions inside it.

    Its strings too, for a name may be given as one, as they are and with quotation marks: 'lr' is a key of something.
    """
    words = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            words |= words_in(constant)
        for part in constant if isinstance(constant, tuple) else (constant,):
            if isinstance(part, str):
                words |= {part, repr(part)}
    return frozenset(words)


def words_of(kind: type, words: set[str]) -> set[str]:
    """The same words, and those in the methods of a class that they name, and in the methods that those name.

    Not those in `step`: all optimizers and schedules have one, and what a schedule's changes is looked at (`rates`).
    """
    found, waiting = set(words), (words | {"__call__", "__len__", "__getitem__", "__iter__"}) - {"step"}
    while waiting:
        name = waiting.pop()
        for base in kind.__mro__:
            part = vars(base).get(name)
            for function in (part, *(getattr(part, way, None) for way in ("fget", "__func__", "func", "function"))):
                if isinstance(function := unwrapped(function), FunctionType):
                    new = words_in(function.__code__) - found - {"step"}
                    found |= new
                    waiting |= new
    return found


def reached(named: list[tuple[str, frozenset[str]]], words: set[str]) -> set[str]:
    """The words in functions, given as (the name of a method, or "", its words): in a method only if it is named itself."""
    found = set(words)
    while True:
        rest = []
        for name, held in named:
            if not name or name in found or name.startswith("__") or found & BY_NAME:
                found |= held
            else:
                rest.append((name, held))
        if len(rest) == len(named):
            return found
        named = rest


def imported(function: FunctionType, words: frozenset[str]) -> Iterator[tuple[str, ModuleType]]:
    """The modules of the user's that a function may import when it runs, with their names in sys.modules."""
    package = function.__globals__.get("__package__") or ""
    before = [""]
    while package:
        before.append(f"{package}.")
        package = package.rpartition(".")[0]
    for word in sorted(words):
        for name in (f"{start}{word}" for start in before):
            module = sys.modules.get(name)
            if isinstance(module, ModuleType) and is_settings(module):
                yield name, module
