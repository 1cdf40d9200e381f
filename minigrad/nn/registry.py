"""What a module holds: parameters, buffers and modules are plain attributes, found by one recursive walk."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from minigrad.graph import listening
from minigrad.nn.parameter import Buffer, Parameter
from minigrad.tensor import Tensor

if TYPE_CHECKING:
    from minigrad.nn.module import Module

REMEDIES = {
    "Parameter": "wrap it, nn.Parameter(...), or write into the one there is, self.{name}.data = ...",
    "Module": "assign a Module, or None",
    "buffer": "assign a Tensor, or None",
}


class Registry:
    """The attributes of a module, by kind. `Module` is made of this, of the hooks, and of the state."""

    _saved: Mapping[str, bool] = {}  # the names of the attributes that are buffers: are they part of the state?
    _empty: Mapping[str, str] = {}  # the names of parameters and modules that are None at present, and which they are

    def __setattr__(self, name: str, value: Any) -> None:
        """Assign. TypeError where a parameter, module or buffer would silently stop being one."""
        if isinstance(value, Parameter | Registry):
            kind = "Parameter" if isinstance(value, Parameter) else "Module"
            if kind_of(self, name) != kind:  # the walk finds it where it was first assigned as what it is
                self.__dict__.pop(name, None)
                self._forget(name)
        elif isinstance(value, Buffer):
            self._saved = {**self._saved, name: value.persistent}
        elif (held := kind_of(self, name)) is not None:
            if value is None:
                if held != "buffer":
                    self._empty = {**self._empty, name: held}
            elif held != "buffer" or not isinstance(value, Tensor):
                raise TypeError(
                    f"{type(self).__name__}.{name} is a {held}, and a {type(value).__name__} cannot take its place: "
                    + REMEDIES[held].format(name=name)
                )
        listening.changes += 1
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        listening.changes += 1
        super().__delattr__(name)
        self._forget(name)

    def _forget(self, name: str) -> None:
        """Let the name stand for nothing in particular."""
        if name in self._saved:
            self._saved = {key: saved for key, saved in self._saved.items() if key != name}
        if name in self._empty:
            self._empty = {key: kind for key, kind in self._empty.items() if key != name}

    def __getattr__(self, name: str) -> Any:
        """AttributeError, with the nearest name there is."""
        message = f"'{type(self).__name__}' object has no attribute '{name}'"
        if not name.startswith("_"):
            from difflib import get_close_matches  # slow to import, and seldom needed

            close = get_close_matches(name, [known for known in dir(self) if not known.startswith("_")], 3, 0.7)
            message += f": did you mean {', '.join(close)}?" if close else ""
        raise AttributeError(message)

    # ── registration ─────────────────────────────────────────────────────────────────────────────────────────────────

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Assign a parameter to an attribute by name; None leaves the place empty."""
        self._register(name, param, "Parameter", Parameter)

    def register_module(self, name: str, module: Module | None) -> None:
        """Assign a module to an attribute by name; None leaves the place empty."""
        self._register(name, module, "Module", Registry)

    add_module = register_module

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Assign a tensor that belongs to the state but is not learned; not saved unless `persistent`."""
        check_registration(self, name, tensor, "buffer", Tensor)
        self._saved = {**self._saved, name: persistent}
        super().__setattr__(name, tensor)

    def _register(self, name: str, value: Any, kind: str, accepted: type) -> None:
        check_registration(self, name, value, kind, accepted)
        if value is None and name not in self.__dict__:
            self._empty = {**self._empty, name: kind}
        setattr(self, name, value)

    @property
    def _parameters(self) -> Register:
        return Register(self, "Parameter")

    @property
    def _modules(self) -> Register:
        return Register(self, "Module")

    @property
    def _buffers(self) -> Register:
        return Register(self, "buffer")

    @property
    def _non_persistent_buffers_set(self) -> set[str]:
        return {name for name, saved in self._saved.items() if not saved}

    # ── the walk ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules that are attributes of this one, in order of assignment, each once."""
        seen: set[int] = set()
        for name, child in own_modules(self):
            if id(child) not in seen:
                seen.add(id(child))
                yield name, child

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all below it, with dotted names, parents first."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self  # type: ignore[misc]
        for name, child in own_modules(self):
            yield from child.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def _named_members(
        self,
        get_members_fn: Callable[[Any], Iterable[tuple[str, Any]]],
        prefix: str = "",
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Any]]:
        """The (name, thing) pairs that a function finds in each module, with dotted names; None is left out."""
        seen: set[int] = set()
        modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        for path, module in modules:
            for name, member in get_members_fn(module):
                if member is not None and not (remove_duplicate and id(member) in seen):
                    seen.add(id(member))
                    yield f"{path}.{name}" if path else name, member

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Every parameter with its dotted name, each once."""
        return self._named_members(own_parameters, prefix, recurse, remove_duplicate)

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Every buffer with its dotted name, each once."""
        return self._named_members(own_buffers, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Every parameter, each once."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Every buffer, each once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def children(self) -> Iterator[Module]:
        """The modules that are attributes of this one."""
        return (child for _, child in self.named_children())

    def modules(self) -> Iterator[Module]:
        """This module and all below it."""
        return (module for _, module in self.named_modules())

    # ── by dotted name ───────────────────────────────────────────────────────────────────────────────────────────────

    def get_submodule(self, target: str) -> Module:
        """The module of a dotted name. AttributeError if there is none."""
        module: Any = self
        for name in target.split(".") if target else ():
            child = vars(module).get(name)
            if not isinstance(child, Registry):
                known = [name for name, _ in module.named_children()]
                raise AttributeError(f"{type(self).__name__} has no submodule {target!r}: {nearest(name, known)}")
            module = child
        return module  # type: ignore[no-any-return]

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put a module in the place of a dotted name. AttributeError if nothing is above it, or if `strict` there."""
        if strict:
            self.get_submodule(target)
        path, _, name = target.rpartition(".")
        self.get_submodule(path).register_module(name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter of a dotted name. AttributeError if there is none."""
        return self._get(target, "parameter", own_parameters)  # type: ignore[no-any-return]

    def get_buffer(self, target: str) -> Tensor:
        """The buffer of a dotted name. AttributeError if there is none."""
        return self._get(target, "buffer", own_buffers)  # type: ignore[no-any-return]

    def _get(self, target: str, what: str, own: Callable[[Any], Iterable[tuple[str, Any]]]) -> Any:
        path, _, name = target.rpartition(".")
        found = dict(own(self.get_submodule(path)))
        if name not in found:
            raise AttributeError(f"{type(self).__name__} has no {what} {target!r}: {nearest(name, list(found))}")
        return found[name]


class Register(MutableMapping[str, Any]):
    """The parameters, modules or buffers of one module by name, to read and to change; None where a place is empty."""

    def __init__(self, owner: Registry, kind: str) -> None:
        self.owner, self.kind = owner, kind

    def _found(self) -> dict[str, Any]:
        owner = vars(self.owner)
        if self.kind == "buffer":
            return {name: owner[name] for name in self.owner._saved if name in owner}
        kind = Parameter if self.kind == "Parameter" else Registry
        return {
            name: value
            for name, value in owner.items()
            if isinstance(value, kind) or (value is None and self.owner._empty.get(name) == self.kind)
        }

    def __getitem__(self, name: str) -> Any:
        return self._found()[name]

    def __setitem__(self, name: str, value: Any) -> None:
        if self.kind == "buffer":
            self.owner.register_buffer(name, value)
        elif value is None:
            self.owner._register(name, None, self.kind, Registry)
        elif isinstance(value, Parameter | Registry):
            setattr(self.owner, name, value)
        else:  # a tensor in a parameter's place, as PyTorch lets one put there: no parameter any more
            self.owner._forget(name)
            vars(self.owner)[name] = value

    def __delitem__(self, name: str) -> None:
        if name not in self._found():
            raise KeyError(name)
        delattr(self.owner, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._found())

    def __len__(self) -> int:
        return len(self._found())

    def __repr__(self) -> str:
        return repr(self._found())


def kind_of(module: Registry, name: str) -> str | None:
    """What is registered under a name, "Parameter", "Module" or "buffer"; None if it is something else."""
    value = module.__dict__.get(name)
    if isinstance(value, Parameter):
        return "Parameter"
    if isinstance(value, Registry):
        return "Module"
    return "buffer" if name in module._saved else module._empty.get(name)


def check_registration(module: Registry, name: str, value: Any, kind: str, accepted: type) -> None:
    """An error unless `value` can be registered: of its kind or None, under a name that is free and can be walked to."""
    owner, what = type(module).__name__, "a Tensor" if kind == "buffer" else f"a {kind}"
    if not isinstance(value, accepted | None):
        if isinstance(value, type):
            raise TypeError(f"{owner}.{name}: {value.__name__} is a class: make one, {value.__name__}(...)")
        raise TypeError(f"{owner}.{name}: a {type(value).__name__} is not {what}: give one, or None")
    if not isinstance(name, str):
        raise TypeError(f"{owner}: a name must be a str, not {name!r}: use {str(name)!r}")
    if not name or "." in name:
        raise KeyError(
            f"{owner}: {name!r} cannot be the name of {what}: it must not be empty, and dots separate the names of "
            "nested modules: use _"
        )
    held = module.__dict__.get(name, getattr(type(module), name, None))
    if held is not None and kind_of(module, name) != kind:
        raise KeyError(f"{owner} has another attribute {name!r} already: choose another name")


def own_modules(module: Any) -> Iterator[tuple[str, Module]]:
    """The modules that are attributes of this very module; a warning where some are in a plain list."""
    for name, value in tuple(vars(module).items()):  # a copy: the loop that this feeds may assign attributes
        if isinstance(value, Registry):
            yield name, value  # type: ignore[misc]
        elif isinstance(value, list | tuple | dict) and value and name not in ("_saved", "_empty"):
            warn_of_hidden(module, name, value)


def own_parameters(module: Any) -> Iterator[tuple[str, Parameter]]:
    """The parameters that are attributes of this very module."""
    for name, value in tuple(vars(module).items()):
        if isinstance(value, Parameter):
            yield name, value


def own_buffers(module: Any, persistent_only: bool = False) -> Iterator[tuple[str, Tensor]]:
    """The buffers that are attributes of this very module."""
    for name, persistent in module._saved.items():
        value = vars(module).get(name)
        if value is not None and (persistent or not persistent_only):
            yield name, value


def nearest(name: str, names: list[str]) -> str:
    """'did you mean ...?', or the names there are."""
    from difflib import get_close_matches

    close = get_close_matches(name, names, 1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"there are {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}" if names else "nothing resembles it"


_warned: set[tuple[type, str]] = set()


def warn_of_hidden(module: Any, name: str, value: Any) -> None:
    """Warn, once per class and attribute, of modules or parameters that are only in a plain list, which is not searched."""
    kind = type(module)
    if (kind, name) in _warned:
        return
    items = islice(value.values() if isinstance(value, dict) else value, 100)  # a long list is a list of something else
    hidden = [item for item in items if isinstance(item, Registry | Parameter)]
    if not hidden:
        return
    _warned.add((kind, name))
    found = {id(item) for item in (*module.modules(), *module.parameters())}
    if all(id(item) in found for item in hidden):
        return
    remedy = ("Module" if isinstance(hidden[0], Registry) else "Parameter") + (
        "Dict" if isinstance(value, dict) else "List"
    )
    warnings.warn(
        f"{kind.__name__}.{name} is a plain {type(value).__name__}: what is in it is not searched, so its parameters will "
        f"not be trained or saved; wrap it, self.{name} = nn.{remedy}(...)",
        UserWarning,
        stacklevel=2,
    )
