"""Watching a computation for the sake of its picture: which module did what, on which line, and what went wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os.path import basename
from types import FrameType, TracebackType
from typing import Any

from minigrad.draw.survey import Cluster, Scope, Survey, Target
from minigrad.graph import Node, apply, operation_name, watchers
from minigrad.hooks import RemovableHandle
from minigrad.nn.module import Module, register_module_forward_hook, register_module_forward_pre_hook
from minigrad.tensor import Tensor

PACKAGE = __file__.rpartition("draw")[0]
EXAMPLES = __file__.replace("watch", "examples")  # written as users write


def is_ours(file: str) -> bool:
    """True for the file of a function that a user called, and did not write."""
    return file.startswith(PACKAGE) and file != EXAMPLES


@dataclass
class Call:
    """One call of a module, and the call that it was made in."""

    module: Module
    parent: int | None


@dataclass
class Failure:
    """An operation that raised."""

    operation: str
    operands: list[Tensor]
    error: BaseException
    scope: Scope = ()
    line: str = ""
    certain: bool = False  # is it an operation of the engine, and not a function that checked its arguments?


class trace:  # noqa: N801 (used like a keyword)
    """Inside this block every operation remembers which modules it was called in, by which line, and its gradient rules.

    `minigrad.draw(loss, trace=seen)` then frames what belongs to a module, and shows values, gradients and shares also after
    `backward()` has freed the graph. If the block raised, `minigrad.draw(seen)` shows how far it came. For looking, not
    for training: until the trace is dropped, all that it saw stays in memory.

    >>> import minigrad
    >>> from minigrad import nn
    >>> from minigrad.draw import trace
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.Tanh())
    >>> with trace(model) as seen:
    ...     model(minigrad.ones(1, 2)).sum().backward()
    >>> "Linear" in minigrad.draw(seen).source
    True
    """

    def __init__(self, *modules: Module) -> None:
        for module in modules:
            if not isinstance(module, Module):
                raise TypeError(f"trace takes modules, not {type(module).__name__}: with trace(model) as seen: ...")
        self.modules = list(modules)
        self.calls: list[Call] = []
        self.scopes: dict[Node, Scope] = {}
        self.lines: dict[Node, str] = {}
        self.failure: Failure | None = None
        self.stack: list[int] = []
        self.handles: list[RemovableHandle] = []
        self._held: dict[Node, tuple[list[Any], list[Any], Any]] = {}

    def __enter__(self) -> trace:
        watchers.append(self)
        self.handles = [
            register_module_forward_pre_hook(self._entered),
            register_module_forward_hook(self._left, always_call=True),
        ]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        watchers.remove(self)
        for handle in self.handles:
            handle.remove()
        if error is not None:
            self.failure = failure_of(error)
            self.failure.scope = self._where
        self.stack = []

    # ── what it is told ──────────────────────────────────────────────────────────────────────────────────────────────

    def _entered(self, module: Module, args: Any) -> None:
        if not self.stack and not any(module is part for root in self.modules for part in root.modules()):
            self.modules.append(module)
        self.calls.append(Call(module, self.stack[-1] if self.stack else None))
        self.stack.append(len(self.calls) - 1)
        self._where: Scope = tuple(self.stack)

    def _left(self, module: Module, args: Any, output: Any) -> None:
        self.stack.pop()
        if output is not None or sys.exc_info()[1] is None:  # else an error is on its way out, and stays where it arose
            self._where = tuple(self.stack)

    _where: Scope = ()

    def recorded(self, node: Node) -> None:
        """Remember where an operation was called, and hold what the backward pass will let go."""
        self.scopes[node] = tuple(self.stack)
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and is_ours(frame.f_code.co_filename):
            frame = frame.f_back
        if frame is not None:
            self.lines[node] = f"{basename(frame.f_code.co_filename)}:{frame.f_lineno}"
        self._held[node] = (list(node.targets), node.rules, node.out)

    def computed(self, node: Node, share: Any) -> None:
        """Shares are computed again for the picture."""

    # ── what it tells ────────────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Give freed operations their rules and values back, for the length of a block."""
        freed = [node for node in self._held if node.freed is not None]
        left = [(node.targets, node.rules, node.out, node.freed) for node in freed]
        for node in freed:
            (node.targets, node.rules, node.out), node.freed = self._held[node], None
        try:
            yield
        finally:
            for node, (targets, rules, out, by) in zip(freed, left, strict=True):
                node.targets, node.rules, node.out, node.freed = targets, rules, out, by

    def roots(self) -> list[Node]:
        """The operations whose results no other used."""
        used = {target for node in self.scopes for target in node.targets}
        return [node for node in self.scopes if node not in used]

    def names(self) -> list[tuple[str, Tensor]]:
        """The parameters of the modules that were called, by the names that the modules give them."""
        found = [(root, [*root.named_parameters(), *root.named_buffers()]) for root in self.modules]
        alone = len(found) == 1
        return [
            (name if alone else f"{type(root).__name__}.{name}", tensor)
            for root, part in found
            for name, tensor in part
        ]

    def place(self, drawing: Survey, nodes: Sequence[Node], places: dict[Target, int]) -> None:
        """Say in which call of which module each box belongs, and on which line it was called."""
        paths = {id(part): path for root in reversed(self.modules) for path, part in root.named_modules()}
        for call in self.calls:
            kind, path = type(call.module).__name__, paths.get(id(call.module), "")
            count = sum(parameter.numel() for parameter in call.module.parameters())
            drawing.clusters.append(Cluster(path or kind, call.parent, path or kind, kind, count))
        for node in nodes:
            drawn = drawing.boxes[places[node]]
            drawn.scope, drawn.line = self.scopes.get(node, ()), self.lines.get(node, "")
            for number in drawn.scope:
                drawing.clusters[number].operations += 1
        users: dict[int, list[Scope]] = {}
        for edge in drawing.edges:
            if drawing.boxes[edge.tail].node is None:
                users.setdefault(edge.tail, []).append(drawing.boxes[edge.head].scope)
        for place, scopes in users.items():
            drawn = drawing.boxes[place]
            if drawn.kind != "input" or not drawn.name:
                drawn.scope = common(scopes)
                if drawn.kind == "input":
                    drawn.kind = "constant"  # made on the way, by a module or an operation


def common(scopes: Sequence[Scope]) -> Scope:
    """The innermost call that all of these happened in."""
    found = scopes[0]
    for scope in scopes[1:]:
        length = 0
        while length < min(len(found), len(scope)) and found[length] == scope[length]:
            length += 1
        found = found[:length]
    return found


def failure_of(error: BaseException) -> Failure:
    """The operation that an error came from, and its operands: read from the frames of the error."""
    found: Failure | None = None
    line = ""
    step = error.__traceback__
    while step is not None:
        frame = step.tb_frame
        if not is_ours(frame.f_code.co_filename):
            line, found = f"{basename(frame.f_code.co_filename)}:{step.tb_lineno}", None
        elif frame.f_code is apply.__code__:
            operands, rules = frame.f_locals["operands"], frame.f_locals["rules"]
            found = Failure(operation_name(frame.f_locals["forward"], rules), list(operands), error, certain=True)
        elif found is None or not found.certain:
            name, arguments = frame.f_code.co_name, frame.f_code.co_varnames[: frame.f_code.co_argcount]
            tensors = [frame.f_locals[key] for key in arguments if isinstance(frame.f_locals.get(key), Tensor)]
            if tensors and not name.startswith("_"):
                name = type(frame.f_locals["self"]).__name__ if name == "forward" else name
                found = Failure(name, tensors, error)
        step = step.tb_next
    if found is None:
        found = Failure(type(error).__name__, [], error)
    found.line = line
    return found
