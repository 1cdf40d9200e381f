"""What a function depends on besides its arguments, and whether that is as it was.

A program stands for a function only as long as everything that the function can see is the same: what it closes over, the
globals it names, the functions it calls with what those see, the attributes of objects, what lists and dicts hold. All of
that is walked once, from the function outwards, and each *place* where a value was found is kept with the value. Before each
run the places are looked at again, by code that is written for the purpose (`quick.py`): a comparison by identity takes 25 ns.

The code of modules, tensors and NumPy is not walked into: what can change in them is known. Assigning to a module's attribute,
registering a hook, and the like, are counted in `listening.changes`, so that one number stands for all of them.
"""

from __future__ import annotations

import os
import random
import sys
import sysconfig
from collections import deque
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial
from gc import get_referents
from pathlib import Path
from threading import local
from types import BuiltinMethodType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from minigrad.compile.errors import NoProgram
from minigrad.compile.kernels import names_in
from minigrad.dtypes import default_dtype
from minigrad.nn.hooks import everywhere
from minigrad.nn.module import Module
from minigrad.optim.optimizer import Optimizer
from minigrad.tensor import Tensor

MISSING = object()
PLAIN = (int, float, complex, str, bytes, bool)  # compared by value, all else by identity
LIMIT = 10_000  # places: above that, looking at them would take longer than the program
PLAIN_OBJECTS = ("argparse", "types", "collections")  # whose objects hold what the user puts there
UNREAD = ("foreach", "fused", "differentiable", "capturable", "params")  # options of an optimizer that change nothing
OWN = (str(Path(__file__).parent.parent), str(Path(np.__file__).parent), "<frozen")
LESSON = str(Path(__file__).parent.parent / "lesson")  # a part of minigrad that is written as users write
STANDARD = sysconfig.get_paths()["stdlib"]


class Place(NamedTuple):
    """Where a value was found."""

    path: str  # as one would write it
    read: str  # how to read it: an expression, with {} for the holder
    holder: Any
    value: Any
    how: str = "is"  # what it is compared by; "==" for what is made afresh by reading


class _Entry(NamedTuple):
    """A parameter's place in the state of an optimizer."""

    state: Any
    parameter: Tensor

    def get(self) -> Any:
        """What it holds."""
        return self.state.get(self.parameter)


class Surroundings:
    """The places that a function can see. NoProgram if they cannot all be watched."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.places: list[Place] = []
        self.arrays: set[int] = set()  # NumPy arrays that can be seen, by identity: their numbers may change
        self.generators: list[Any] = [
            random._inst,
            *([np.random.mtrand._rand] if "numpy.random" in sys.modules else []),
        ]
        self.kind = default_dtype()
        self._seen: dict[int, Any] = {}
        self._waiting: deque[tuple[str, Any]] = deque([("", function)])
        self._look_at_hooks("all modules", everywhere)
        while self._waiting:
            path, value = self._waiting.popleft()
            if id(value) not in self._seen:
                self._seen[id(value)] = value
                self._enter(path, value)
        self.states = [state_of(generator) for generator in self.generators]
        self.options = self.rates()

    # ── the walk ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _add(self, path: str, read: str, holder: Any, value: Any, how: str = "is") -> None:
        """Note a place, and look into its value later."""
        if len(self.places) == LIMIT:
            raise NoProgram(
                f"it can see more than {LIMIT} values, `{path}` among them: pass what it needs as arguments, or as tensors"
            )
        self.places.append(Place(path, read, holder, value, how))
        if type(value) not in PLAIN and value is not None:
            self._waiting.append((path, value))

    def _enter(self, path: str, value: Any) -> None:
        """Note the places inside a value."""
        if isinstance(value, np.ndarray):
            self.arrays.add(id(value))
            if value.size <= 1024:  # Python may have read it
                self.places.append(Place(path, "{}.tobytes()", value, value.tobytes(), "=="))
        elif isinstance(value, Tensor):
            self.arrays.add(id(value.array))
            if value.hooks:
                raise NoProgram(f"a hook is registered on the tensor `{path}`, and a program calls no hooks")
        elif isinstance(value, random.Random | np.random.Generator | np.random.RandomState):
            self.generators.append(value)
        elif isinstance(value, ContextVar):
            self._add(f"{path}.get()", "{}.get(None)", value, value.get(None))
        elif isinstance(value, local):  # of which each thread sees another dict
            for key, item in vars(value).items():
                self._add(f"{path}.{key}", f"{{}}.__dict__.get({key!r})", value, item)
            self._add(f"len(vars({path}))", "len({}.__dict__)", value, len(vars(value)), "==")
        elif value is os.getenv or value is os.environ:
            items = frozenset(os.environ._data.items())  # type: ignore[attr-defined]
            self.places.append(Place(path, "frozenset({}._data.items())", os.environ, items, "=="))
        elif isinstance(value, FunctionType):
            self._enter_function(path, value)
        elif isinstance(value, MethodType | BuiltinMethodType):
            self._waiting.append((path.rpartition(".")[0] or "self", value.__self__))
            if isinstance(value, MethodType):
                self._waiting.append((path, value.__func__))
        elif isinstance(value, partial):
            self._waiting.extend([(path, value.func), (path, value.args), (path, value.keywords)])
        elif isinstance(value, Optimizer):
            self._enter_optimizer(path, value)
        elif isinstance(value, list | tuple | deque):
            for i, item in enumerate(value):
                self._add(f"{path}[{i}]", f"{{}}[{i}]", value, item)
            self._add(f"len({path})", "len({})", value, len(value), "==")
        elif isinstance(value, dict):
            self._enter_dict(path, value, "[{!r}]")
        elif isinstance(value, set | frozenset):
            self._add(path, "frozenset({})", value, frozenset(value), "==")
        elif isinstance(value, Module):
            if "_hooks" in vars(value):
                self._look_at_hooks(f"the module `{path}`", vars(value)["_hooks"])
            self._enter_dict(path, vars(value), ".{}")
            self._enter_class(type(value))
        elif isinstance(value, type):
            self._enter_class(value)
        elif isinstance(value, Iterator) and "." not in path:
            raise NoProgram(
                f"it can see the iterator `{path}`, which moves on as it is used: pass what it gives as an argument"
            )
        elif hasattr(value, "__wrapped__") and callable(value):
            self._waiting.append((path, value.__wrapped__))
            if hasattr(value, "cache_info"):  # what it has kept may differ from what it would compute
                held = kept_by(value)
                ids, look = frozenset(map(id, held)), "frozenset(map(id, {}()))"
                self.places.append(Place(f"{path}.cache", look, partial(kept_by, value), ids, "=="))
                self._waiting.extend((path, item) for item in held)
        elif not isinstance(value, ModuleType) and (is_users(type(value)) or type(value).__module__ in PLAIN_OBJECTS):
            self._enter_object(path, value)

    def _enter_object(self, path: str, value: Any) -> None:
        """The attributes of an object, and its class."""
        self._enter_dict(path, getattr(value, "__dict__", {}), ".{}")
        for kind in type(value).__mro__:
            slots = vars(kind).get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                if hasattr(value, name) and name not in ("__dict__", "__weakref__"):
                    self._add(f"{path}.{name}", f"{{}}.{name}", value, getattr(value, name))
        self._enter_class(type(value))

    def _enter_dict(self, path: str, held: Any, how: str) -> None:
        for key, item in held.items():
            if isinstance(key, str | int):
                word = how.format(key)
                self._add(path + word if path else word.strip("."), f"{{}}[{key!r}]", held, item)
            else:
                self._waiting.append((path, item))
        if not all(isinstance(key, str | int) for key in held):
            self._add(path, "[*map(id, {}.values())]", held, [*map(id, held.values())], "==")
        self._add(f"len({path})", "len({})", held, len(held), "==")

    def _enter_class(self, kind: type) -> None:
        """The functions and the attributes of a class of the user's."""
        for base in kind.__mro__:
            if is_users(base):
                for name, item in vars(base).items():
                    item = getattr(item, "__func__", item)
                    if isinstance(item, property):
                        item = item.fget
                    if isinstance(item, FunctionType):
                        self._waiting.append((f"{base.__name__}.{name}", item))
                    elif not name.startswith("__") and not isinstance(item, classmethod | staticmethod):
                        self._add(f"{base.__name__}.{name}", f"{{}}[{name!r}]", vars(base), item)

    def _enter_function(self, path: str, function: FunctionType) -> None:
        """What a function of the user's closes over, the globals it names, its defaults."""
        if not is_users(function):
            return
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
            self._add(name, "{}.cell_contents", cell, contents(cell))
        space = function.__globals__
        names = set(names_in(function.__code__))
        for name in sorted(names & space.keys()):
            value = space[name]
            self._add(name, f"{{}}[{name!r}]", space, value)
            if isinstance(value, ModuleType) and (value is os or is_users(value)):
                for part in sorted(names & vars(value).keys()):
                    self._add(f"{name}.{part}", f"{{}}[{part!r}]", vars(value), vars(value)[part])
        for defaults in (function.__defaults__, function.__kwdefaults__):
            if defaults:
                self._waiting.append((f"{path} (its defaults)", defaults))

    def _enter_optimizer(self, path: str, optimizer: Optimizer) -> None:
        """Its groups and its state, but for numbers: a program reads those afresh."""
        groups, state = optimizer.param_groups, optimizer.state
        self._seen.update((id(part), part) for part in (groups, state, *groups, *state.values()))
        self._add(f"{path}.param_groups", "{}.param_groups", optimizer, groups)
        self._add(f"len({path}.param_groups)", "len({})", groups, len(groups), "==")
        for i, group in enumerate(groups):
            word = f"{path}.param_groups[{i}]"
            self._add(word, f"{{}}[{i}]", groups, group)
            for key, value in group.items():
                if key not in UNREAD and not is_number(value):
                    self._add(f"{word}[{key!r}]", f"{{}}[{key!r}]", group, value)
            self._add(f"len({word}['params'])", "len({})", group["params"], len(group["params"]), "==")
        self._add(f"{path}.state", "{}.state", optimizer, state)
        self._add(f"len({path}.state)", "len({})", state, len(state), "==")
        for p, held in state.items():
            self._add(f"{path}.state[p]", "{}.get()", _Entry(state, p), held)
            if isinstance(held, dict):
                for key, value in held.items():
                    if isinstance(value, Tensor) and value.array.ndim and value.array.dtype != p.array.dtype:
                        raise NoProgram(
                            f"what {type(optimizer).__name__} keeps for a parameter is {value.array.dtype}, and that is "
                            f"{p.array.dtype} by now: make a new optimizer"
                        )
                    if not is_number(value):
                        self._add(f"{path}.state[p][{key!r}]", f"{{}}[{key!r}]", held, value)
        if is_users(type(optimizer)):
            for name, value in vars(optimizer).items():
                if name not in ("param_groups", "state", "defaults"):
                    self._add(f"{path}.{name}", f"{{}}.{name}", optimizer, value)
            self._enter_class(type(optimizer))

    def _look_at_hooks(self, where: str, hooks: Any) -> None:
        if any(getattr(hooks, when) for when in ("forward_pre", "forward", "backward_pre", "backward")):
            raise NoProgram(f"a hook is registered on {where}, and a program calls no hooks")

    # ── is it the same? ──────────────────────────────────────────────────────────────────────────────────────────────

    def difference(self, now: Surroundings) -> str:
        """The first place that holds something else now, as one would write it; "" if none does."""
        if now.kind != self.kind:
            return "the default dtype"
        for then, place in zip(self.places, now.places):
            if then.path != place.path or not same(then.value, place.value):
                return place.path or "the function"
        if len(now.places) != len(self.places):
            return max(self.places, now.places, key=len)[min(len(self.places), len(now.places))].path
        return ""

    def drew(self) -> bool:
        """Was a random number drawn, since this was made, from a generator other than minigrad's?"""
        return any(state_of(g) != state for g, state in zip(self.generators, self.states))

    def optimizers(self) -> list[Optimizer]:
        """The optimizers that can be seen."""
        return [value for value in self._seen.values() if isinstance(value, Optimizer)]

    def rates(self) -> list[Any]:
        """The numbers among the options of optimizers."""
        return [
            (key, value)
            for o in self.optimizers()
            for g in o.param_groups
            for key, value in g.items()
            if is_number(value)
        ]

    def tensors(self) -> list[Tensor]:
        """The tensors that can be seen, and their gradients."""
        found = [value for value in self._seen.values() if isinstance(value, Tensor)]
        found += [p for optimizer in self.optimizers() for g in optimizer.param_groups for p in g["params"]]
        return [*found, *(tensor._grad for tensor in found if tensor._grad is not None)]

    def knows(self, value: Any) -> bool:
        """Is this object among what can be seen?"""
        return id(value) in self._seen

    def comparisons(self, name_of: Callable[[Any], str]) -> list[str]:
        """Expressions that are true while every place holds the very same value.

        They may be false where `difference` finds none: of a number that was replaced by an equal one.
        """
        counted = {
            id(vars(value)) for value in self._seen.values() if isinstance(value, Module)
        }  # in listening.changes
        return [
            f"{place.read.replace('{}', name_of(place.holder))} {place.how} {name_of(place.value)}"
            for place in self.places
            if id(place.holder) not in counted and type(place.holder) is not tuple
        ]


def same(then: Any, now: Any) -> bool:
    """Numbers and strings by type and value, lists of identities and sets by value, all else by identity."""
    if isinstance(then, float | complex):  # -0.0 is not 0.0
        return type(then) is type(now) and repr(then) == repr(now)
    return then is now or (
        type(then) is type(now) and isinstance(then, (*PLAIN, list, frozenset)) and bool(then == now)
    )


def kept_by(function: Any) -> list[Any]:
    """What a function of functools refers to, the results in its cache among it."""
    held = get_referents(function)
    return [*held, *(item for part in held if type(part) is dict for item in part.values())]


def is_number(value: Any) -> bool:
    """A number, or a tuple of numbers, as `Numbers` reads them afresh."""
    return type(value) in (int, float) or (type(value) is tuple and all(type(part) in (int, float) for part in value))


def is_users(thing: Any) -> bool:
    """Does the code of a function, a class or a module lie outside the standard library, NumPy and minigrad?"""
    if isinstance(thing, type):
        function = next((part for part in vars(thing).values() if isinstance(part, FunctionType)), None)
        thing = sys.modules.get(thing.__module__) if function is None else function
    code = getattr(thing, "__code__", None)
    file = code.co_filename if code is not None else getattr(thing, "__file__", None)
    if file is None:
        return getattr(thing, "__name__", "") == "__main__"
    if file.startswith(LESSON):
        return True
    return not file.startswith(OWN) and (not file.startswith(STANDARD) or "site-packages" in file)


def state_of(generator: Any) -> Any:
    """Where a generator of random numbers stands."""
    if isinstance(generator, random.Random):
        return generator.getstate()
    return bare(generator.bit_generator.state if hasattr(generator, "bit_generator") else generator.get_state())


def bare(state: Any) -> Any:
    """A generator's state with bytes in place of arrays, so that `==` compares it."""
    if isinstance(state, dict | tuple):
        return [bare(part) for part in (state.values() if isinstance(state, dict) else state)]
    return state.tobytes() if isinstance(state, np.ndarray) else state


def contents(cell: Any) -> Any:
    """What a closure's cell holds, which may be nothing yet."""
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING
