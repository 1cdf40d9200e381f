"""What a function depends on besides its arguments, and whether that is as it was.

A program stands for a function only as long as everything that the function can see is the same: what it closes over, the
globals it names, the functions it calls with what those see, the attributes of objects, what lists and dicts hold. All of
that is walked once, from the function outwards, and each *place* where a value was found is kept with the value. Before each
run the places are looked at again, by code that is written for the purpose (`quick.py`): a comparison by identity takes 25 ns.

The code of minigrad, Python and NumPy is not walked into: what can change there is known. Assigning to a module's attribute,
registering a hook, and the like, are counted in `listening.changes`, so that one number stands for all of them. Of what holds
much that no function reads, imported modules, schedules, an optimizer's numbers, only that is watched which code of the
user's names: *words* are all names and strings in the code that the function may reach (`users.py`).
"""

from __future__ import annotations

import os
import random
import sys
from collections import deque
from collections.abc import Callable, Iterator, Set
from contextvars import ContextVar
from functools import partial
from threading import local
from types import BuiltinMethodType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from minigrad.compile.errors import NoProgram
from minigrad.compile.places import PLAIN, InState, Place, contents, is_number, kept_by, same, state_of
from minigrad.compile.users import (
    given_to,
    imported,
    is_users,
    members,
    named_of,
    reached,
    unwrapped,
    words_in,
    words_of,
)
from minigrad.dtypes import default_dtype
from minigrad.nn.hooks import everywhere
from minigrad.nn.module import Module
from minigrad.optim.lr_scheduler.base import LRScheduler
from minigrad.optim.optimizer import Optimizer
from minigrad.streams import Stream
from minigrad.tensor import Tensor

LIMIT = 10_000  # places: above that, looking at them would take longer than the program
PLAIN_OBJECTS = ("argparse", "types", "collections")  # whose objects hold what the user puts there
UNREAD = ("foreach", "fused", "differentiable", "capturable", "params")  # options of an optimizer that change nothing
CONTAINERS = (list, tuple, deque, dict, set, frozenset)
OPTIONS = {"param_groups", "state", "defaults"}  # where an optimizer keeps numbers
KEPT_BY_STEP = ("update", "__init__", "__setstate__")  # methods in which the numbers of an optimizer are no constants
BYTES = 1 << 16  # of a NumPy array: above that, comparing it would take longer than the program


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
        self._noted: set[tuple[int, str]] = set()  # holders, by identity, and how they were read
        self._classes: set[type] = set()
        self._methods: dict[str, str] = {}  # the paths of methods, and their names; "" for those that others call
        self._known: dict[int, str] = {}  # functions, by identity, and the names of the methods they were found as
        self._named: list[tuple[str, frozenset[str]]] = []  # the name of a method, or "", and the words in its code
        self._words: set[str] = set()  # names that the function can see without naming them
        self._inside: dict[int, str] = {}  # the parts of optimizers, by identity, and the word for them
        self._quiet: set[Any] = set()  # methods of optimizers that see numbers which a program reads afresh
        self._parts: list[tuple[str, Any]] = []  # modules, tensors, ...: of these only what is named is looked at
        self._waiting: deque[tuple[str, Any]] = deque([("", function)])
        self._look_at_hooks("all modules", everywhere)
        while self._waiting:
            path, value = self._waiting.popleft()
            if id(value) not in self._seen:
                self._seen[id(value)] = value
                self._enter(path, value)
            elif id(value) in self._inside:
                self._words.add(self._inside[id(value)])
            elif self._known.get(id(value)):  # a method that is found under another name
                self._named.append((self._methods.get(path, ""), frozenset([self._known[id(value)]])))
            if not self._waiting:
                self._enter_named()  # which may find more
        self._look_at_tensors()
        self.states = [state_of(generator) for generator in self.generators]
        self.options = self.rates()

    # ── the walk ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _note(self, path: str, read: str, holder: Any, value: Any, how: str = "is") -> bool:
        """Note a place, once. Is it new?"""
        if (id(holder), read) in self._noted:
            return False
        if len(self.places) == LIMIT:
            raise NoProgram(
                f"it can see more than {LIMIT} values, `{path}` among them: pass what it needs as arguments, or as tensors"
            )
        self._noted.add((id(holder), read))
        self.places.append(Place(path, read, holder, value, how))
        return True

    def _add(self, path: str, read: str, holder: Any, value: Any, how: str = "is") -> None:
        """Note a place, and look into its value later."""
        if self._note(path, read, holder, value, how):
            if type(value) is str:
                self._words.add(repr(value))  # it may be the key of something
            elif type(value) not in PLAIN and value is not None:
                self._waiting.append((path, value))

    def _enter(self, path: str, value: Any) -> None:
        """Note the places inside a value."""
        if isinstance(value, np.ndarray):
            self.arrays.add(id(value))
            if value.nbytes <= BYTES:  # Python may have read it
                self.places.append(Place(path, "{}.tobytes()", value, value.tobytes(), "=="))
        elif isinstance(value, Tensor):
            self.arrays.add(id(value.array))
            if value.hooks:
                raise NoProgram(f"a hook is registered on the tensor `{path}`, and a program calls no hooks")
            self._parts.append((path, value))
            self._enter_class(type(value))
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
            self._words.update(base.__name__ for base in value.__mro__)
            self._enter_class(value)
        elif isinstance(value, ModuleType | Iterator):
            self._parts.append((path, value))
        elif hasattr(value, "__wrapped__") and callable(value):
            self._waiting.append((path, value.__wrapped__))
            if hasattr(value, "cache_info"):  # what it has kept may differ from what it would compute
                held = kept_by(value)
                ids, look = frozenset(map(id, held)), "frozenset(map(id, {}()))"
                self.places.append(Place(f"{path}.cache", look, partial(kept_by, value), ids, "=="))
                self._waiting.extend((path, item) for item in held)
        elif is_users(type(value)) or type(value).__module__ in PLAIN_OBJECTS:
            self._enter_object(path, value)
        elif type(value).__module__.startswith("minigrad.") and not isinstance(value, Stream):
            self._parts.append((path, value))
        if isinstance(value, CONTAINERS) and type(value) not in CONTAINERS and is_users(type(value)):
            self._enter_object(path, value)

    def _enter_object(self, path: str, value: Any) -> None:
        """The attributes of an object, and its class."""
        if hasattr(value, "__dict__"):
            self._enter_dict(path, vars(value), ".{}")
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
        if kind in self._classes:
            return
        self._classes.add(kind)
        users = [base for base in kind.__mro__ if base is not object and is_users(base)]
        plain = len(users) == len(kind.__mro__) - 1  # else minigrad may call its methods
        for base in users:
            for name, word, item in members(base):
                path = f"{base.__name__}.{name}"
                if isinstance(item, FunctionType):
                    self._methods[path] = word if plain and self._methods.get(path, word) else ""
                    self._waiting.append((path, item))
                else:
                    self._add(path, f"{{}}[{name!r}]", vars(base), item)

    def _enter_function(self, path: str, function: FunctionType) -> None:
        """What a function of the user's closes over, the globals it names, its defaults."""
        self._known[id(function)] = self._methods.get(path, "")
        if not is_users(function):
            self._waiting.extend((path, part) for part in given_to(function))
            return
        words = words_in(function.__code__)
        self._named.append((self._methods.get(path, ""), words - OPTIONS if function in self._quiet else words))
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
            self._add_named(name, "{}.cell_contents", cell, contents(cell), words)
        space = function.__globals__
        for name in sorted(words & space.keys()):
            self._add_named(name, f"{{}}[{name!r}]", space, space[name], words)
        for name, module in imported(function, words):
            self._add_named(name, f"{{}}.get({name!r})", sys.modules, module, words)
        for defaults in (function.__defaults__, function.__kwdefaults__):
            if defaults:
                self._waiting.append((f"{path} (its defaults)", defaults))
        self._parts.append((path, function))

    def _add_named(self, path: str, read: str, holder: Any, value: Any, words: Set[str], above: Any = ()) -> None:
        """Note a place; if it holds a module of the user's, then of that what the function names, these words."""
        if not isinstance(value, ModuleType):
            self._add(path, read, holder, value)
            return
        self._note(path, read, holder, value)
        if value not in above:
            self._enter_module(path, value, words, above)

    def _enter_module(self, path: str, module: ModuleType, words: Set[str], above: Any = ()) -> None:
        held = vars(module)
        for name in named_of(module, words, direct=not above and "." not in path):
            self._add_named(f"{path}.{name}", f"{{}}[{name!r}]", held, held[name], words, (*above, module))

    def _enter_named(self) -> None:
        """What the code of the user's names: of modules, of objects of minigrad's classes, of tensors and functions."""
        words = reached(self._named, self._words)
        for path, part in list(self._parts):
            if isinstance(part, Iterator):
                if "." not in path or path.rpartition(".")[2].partition("[")[0] in words:
                    raise NoProgram(
                        f"it can see the iterator `{path}`, which moves on as it is used: pass what it gives as an argument"
                    )
                continue
            if isinstance(part, Optimizer):
                self._look_at_options(path, part, words)
            elif isinstance(part, ModuleType):  # in a list, an object ...: whose code names its parts is not known
                self._enter_module(path, part, words)
            elif isinstance(part, Tensor | FunctionType):
                self._enter_attributes(path, part, words)
            elif hasattr(part, "__dict__"):
                self._enter_attributes(path, part, words_of(type(part), words))

    def _enter_attributes(self, path: str, holder: Any, words: Set[str]) -> None:
        held = vars(holder)
        for name in sorted(words & held.keys()):
            if not name.startswith("__"):
                self._add(f"{path}.{name}", f"{{}}[{name!r}]", held, held[name])

    def _enter_optimizer(self, path: str, optimizer: Optimizer) -> None:
        """Its groups and its state, but for numbers: a program reads those afresh."""
        groups, state = optimizer.param_groups, optimizer.state
        self._inside.update((id(part), "param_groups") for part in (groups, *groups))
        self._inside.update((id(part), "state") for part in (state, *state.values()))
        for part in (groups, *groups, state, *state.values()):
            if id(part) in self._seen:  # the function sees it by another way
                self._words.add(self._inside[id(part)])
            self._seen[id(part)] = part
        self._parts.append((path, optimizer))
        self._note(f"{path}.param_groups", "{}.param_groups", optimizer, groups)
        self._note(f"len({path}.param_groups)", "len({})", groups, len(groups), "==")
        for i, group in enumerate(groups):
            word = f"{path}.param_groups[{i}]"
            self._note(word, f"{{}}[{i}]", groups, group)
            for key, value in group.items():
                if key not in UNREAD and not is_number(value):
                    self._add(f"{word}[{key!r}]", f"{{}}[{key!r}]", group, value)
            self._note(f"{word}['params']", "{}['params']", group, group["params"])
            for j, p in enumerate(group["params"]):
                self._note(f"{word}['params'][{j}]", f"{{}}[{j}]", group["params"], p)
            self._note(f"len({word}['params'])", "len({})", group["params"], len(group["params"]), "==")
        self._note(f"{path}.state", "{}.state", optimizer, state)
        self._note(f"len({path}.state)", "len({})", state, len(state), "==")
        for p, held in state.items():
            self._note(f"{path}.state[p]", "{}.get()", InState(state, p), held)
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
            names = KEPT_BY_STEP[type(optimizer).step is not Optimizer.step :]
            self._quiet.update(unwrapped(vars(b).get(name)) for b in type(optimizer).__mro__ for name in names)
            for name, value in vars(optimizer).items():
                if name not in OPTIONS and name not in vars(Optimizer):
                    self._add(f"{path}.{name}", f"{{}}.{name}", optimizer, value)
            self._enter_class(type(optimizer))

    def _look_at_options(self, path: str, optimizer: Optimizer, words: set[str]) -> None:
        """The numbers of an optimizer, where code of the user's may read them: the program takes those for constants."""
        places = [(f"param_groups[{i}]", group) for i, group in enumerate(optimizer.param_groups)]
        places += [("state[p]", held) for held in optimizer.state.values() if isinstance(held, dict)]
        for where, holder in places:
            if where.partition("[")[0] in words:
                for key, value in holder.items():
                    if is_number(value) and not words.isdisjoint({repr(key), "items", "values"}):
                        self._note(f"{path}.{where}[{key!r}]", f"{{}}[{key!r}]", holder, value)
        for name in sorted((words & vars(optimizer).keys()) - {"param_groups", "state"} - vars(Optimizer).keys()):
            self._add(f"{path}.{name}", f"{{}}.{name}", optimizer, vars(optimizer)[name])

    def _look_at_tensors(self) -> None:
        """What Python may ask of a tensor that it does not compute with. Setting it is counted."""
        flags = "requires_grad" in reached(self._named, self._words)
        for path, part in self._parts:
            if isinstance(part, Tensor):
                kind = [*part.array.shape, part.array.dtype.char]
                self.places.append(Place(f"{path}.shape", "", part, kind, ""))
                if flags:
                    self.places.append(Place(f"{path}.requires_grad", "", part, part.requires_grad, ""))

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
        """The numbers among the options of optimizers, and those that schedules count."""
        holders = [g for o in self.optimizers() for g in o.param_groups]
        schedules = [value for value in self._seen.values() if isinstance(value, LRScheduler)]
        for schedule in schedules:
            schedules += getattr(schedule, "_schedulers", ())  # of one that is made of several
        holders += map(vars, schedules)
        return [(key, value) for held in holders for key, value in held.items() if is_number(value)]

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
            if place.how and id(place.holder) not in counted and type(place.holder) is not tuple
        ]
