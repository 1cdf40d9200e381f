"""Listening to NumPy: what one call of a function does to arrays, written down as a straight line of calls.

While a tape is open, `graph.apply` hands operations arrays of a class of its own, `Recorded`. NumPy lets such an array
answer for itself whenever it is used (NEP 13 and NEP 18), so every ufunc, function and method that a kernel, a rule or an
optimizer calls passes through here: it is carried out, and written down. What a number in an array decides, an `if` for
instance, cannot be written down; it is refused where the user's code asks for it, and becomes a check of the program where
minigrad's own does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from threading import get_ident
from types import FrameType
from typing import Any

import numpy as np

from minigrad.compile.arrays import Array, Recorded, recorded, stripped
from minigrad.compile.errors import CompileError
from minigrad.compile.numbers import Numbers
from minigrad.compile.values import Call, Value

ASKING = (
    __name__,
    "minigrad.compile.arrays",
    "minigrad.protocols",
    "minigrad.conversion",
)  # where bool(x), x.item() ... lead
PACKAGE = __name__.partition(".")[0]
WRITING = {"copyto", "put_along_axis", "put", "place", "putmask", "fill_diagonal"}  # into their first argument
STEERED = ("manual_seed", "seed", "restore", "state", "numpy")  # where a stream stands, and what NumPy draws from it
SHAPED_BY_VALUES = {"nonzero", "flatnonzero", "argwhere", "unique", "compress", "extract", "union1d", "intersect1d"}


def is_masked(index: Any) -> bool:
    """Does an index select by a mask?"""
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(part, np.ndarray) and part.dtype.kind == "b" for part in parts)


class Tape:
    """What is heard between `open` and `close`."""

    def __init__(self, visible: set[int]) -> None:
        self.visible = (
            visible  # arrays that the function can see, by identity: their numbers are read afresh at every run
        )
        self.thread = get_ident()
        self.arguments: list[Any] = []
        self.calls: list[Call] = []
        self.known: dict[int, tuple[Array, Value]] = {}  # plain arrays that were met, by identity
        self.adopted: list[tuple[Any, Array]] = []  # tensors whose arrays stand aside, to be given back
        self.numbers = Numbers()
        self.optimizers: set[str] = set()  # the names of their scopes
        self.draws: list[Any] = []  # streams of random numbers
        self.drawing = False
        self.refused = ""  # why this cannot be a program
        self.taken: list[Value] = []  # what the user's code took numbers out of: tensors that were there before
        self.cleared: set[int] = set()  # tensors whose .grad was dropped before one was made, by identity
        self.dropped: dict[int, Any] = {}  # tensors whose .grad was dropped after one was made
        self.looked: dict[int, Any] = {}  # tensors whose .grad was looked at while it was that of before the function
        self.held: dict[int, Any] = {}  # what .grad of each tensor was when it was first met
        self.names: dict[int, str] = {}  # of modules, by identity: as the outermost one names them
        self.roots: list[Any] = []  # the outermost modules
        self.modules: list[Any] = []  # those that ran
        self.made_in: dict[Any, str] = {}  # of each recorded operation: where in the network it was made

    # ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def clears(self, tensor: Any) -> None:
        """Note that the .grad of a tensor is dropped: the one it had before, or one that the function has made."""
        if tensor._grad is self.held.get(id(tensor), tensor._grad):
            self.cleared.add(id(tensor))
        else:
            self.dropped[id(tensor)] = tensor

    def looks(self, tensor: Any) -> None:
        """Note that the .grad of a tensor is looked at: what was there before may decide what is done."""
        if id(tensor) not in self.cleared and not self.elsewhere():
            self.looked[id(tensor)] = tensor

    def adopt(self, tensor: Any) -> Recorded:
        """The array of a tensor, from now on one that answers for itself."""
        array = tensor.array
        if type(array) is not Recorded:
            value = self.of_plain(array, "tensor")
            if value.owner is None and value.kind != "outside":
                value.owner = tensor
            self.adopted.append((tensor, array))
            self.held.setdefault(id(tensor), tensor._grad)
            tensor.array = recorded(array, value, self)
        elif (
            array._tape is not self or array._value is None
        ):  # of an earlier recording, or made by NumPy behind our back
            plain = array.view(np.ndarray)
            tensor.array = recorded(plain, self.of_plain(plain, "constant"), self)
        adopted: Recorded = tensor.array
        return adopted

    def argument(self, tensor: Any) -> Value:
        """An array that is another one at every call."""
        if id(tensor.array) in self.visible:
            self.refused = "an argument is a tensor that the function can see anyway"
        self.arguments.append(tensor)
        held = self.known.get(id(tensor.array))
        if held is not None:
            return held[1]
        value = Value(tensor.array, "argument")
        value.owner = tensor
        self.known[id(tensor.array)] = (tensor.array, value)
        self.adopt(tensor)
        return value

    def of_plain(self, array: Array, kind: str = "constant") -> Value:
        """The value of an array that came from outside the tape."""
        held = self.known.get(id(array))
        if held is None:
            held = self.known[id(array)] = (array, Value(array, kind))
        return held[1]

    def outside(self, data: Any) -> Any:
        """An array that the function makes a tensor of, as one that answers for itself, since its numbers may change.

        If it was made on the way from what cannot be seen there can be no program.
        """
        if isinstance(data, list | tuple) and not self.elsewhere():
            for part in data:
                if hasattr(part, "_version"):
                    self.adopt(part)
                elif isinstance(part, np.ndarray | list | tuple):
                    self.outside(part)
        if self.elsewhere() or not isinstance(data, np.ndarray) or type(data) is Recorded:
            return data
        if id(data) not in self.visible:
            self.refused = (
                f"it makes a tensor of an array of shape {data.shape} that was computed by other means than tensors: pass "
                "that array as an argument, or compute it with tensors"
            )
        return recorded(data, self.of_plain(data, "outside"), self)

    def elsewhere(self) -> bool:
        """Is this another thread, whose work is not part of the function?"""
        return get_ident() != self.thread

    def described(self, part: Any) -> Any:
        """Arguments, with a Value in place of every array."""
        if isinstance(part, np.ndarray):
            if type(part) is Recorded and part._tape is self and part._value is not None:
                return part._value
            return self.of_plain(part.view(np.ndarray) if type(part) is Recorded else part)
        if isinstance(part, tuple):
            return tuple(self.described(item) for item in part)
        if isinstance(part, list):
            return [self.described(item) for item in part]
        if isinstance(part, dict):
            return {key: self.described(item) for key, item in part.items()}
        if isinstance(part, slice) and any(isinstance(p, np.ndarray) for p in (part.start, part.stop, part.step)):
            return slice(*(self.described(p) for p in (part.start, part.stop, part.step)))
        return part

    # ── calls ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def perform(self, function: Any, name: str, args: Sequence[Any], kwargs: dict[str, Any], out: Any = None) -> Any:
        """Carry out a call on the plain arrays, and write it down."""
        call = Call(function, name, self.described(tuple(args)), self.described(kwargs), self.scope())
        plain = {key: stripped(value) for key, value in kwargs.items()}
        if name.rpartition(".")[2] in SHAPED_BY_VALUES or (name == "[]" and is_masked(args[1])):
            self.refused = f"the shape of what {name} gives depends on the numbers in a tensor"
        if out is not None:
            plain["out"] = stripped(out)
            call.written = [self.described(o) for o in out]
        elif name in ("[]=", "np.add.at", ".fill", ".sort") or name.rpartition(".")[2] in WRITING:
            call.written = [call.args[0]]
        result = function(*stripped(tuple(args)), **plain)
        self.calls.append(call)
        if out is not None:
            call.results = call.written
            return out[0] if len(out) == 1 else out
        return self.wrapped(call, result)

    def wrapped(self, call: Call, result: Any) -> Any:
        """What a call returned, as arrays that answer for themselves."""
        if isinstance(result, tuple | list):
            parts = [self.wrapped(call, part) for part in result]
            return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
        if not isinstance(result, np.ndarray | np.generic):
            return result
        array = np.asarray(result)
        root = None
        if array.size:
            for value in call.reads():
                if np.may_share_memory(array, value.array):
                    root = value.root
        value = Value(array, "result", root, call)
        call.looks = root is not None
        call.results.append(value)
        return recorded(array, value, self)

    def run(self, forward: Callable[..., Any], operands: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """What `apply` does with an operation's callable while a tape is open."""
        if self.elsewhere():
            return forward(*[stripped(operand.array) for operand in operands], **kwargs)
        arrays = [self.adopt(operand) for operand in operands]
        self.described(kwargs)
        mark, known = len(self.calls), set(self.known)
        array = forward(*arrays, **kwargs)
        new = [held for key, (held, _) in self.known.items() if key not in known]
        if type(array) is Recorded and array._value is not None and not any(held.flags.writeable for held in new):
            return array
        for held in new:
            del self.known[id(held)]
        del self.calls[mark:]  # it let go of the arrays, or works in others: one call
        call = Call(forward, "kernel", tuple(a._value for a in arrays), self.described(kwargs), self.scope())
        self.calls.append(call)
        return self.wrapped(call, forward(*stripped(tuple(arrays)), **stripped(kwargs)))

    def decided(self, array: Recorded, how: str) -> Any:
        """A number of an array as a Python number, for which a program has no place."""
        plain: Any = array.view(np.ndarray)
        found = bool(plain) if how == "bool" else plain.tolist() if how == "tolist" else plain.item()
        frame = caller()
        if frame.f_globals.get("__name__", "").partition(".")[0] != PACKAGE:
            value: Value = self.described(array)
            if value.root.kind in ("tensor", "outside") and not self.wrote(value.root):
                self.taken.append(value)
                return found
            raise CompileError(
                f"{frame.f_code.co_filename.rpartition('/')[2]}:{frame.f_lineno} takes a number out of a tensor of shape "
                f"{array.shape} ({how}): what Python decides by it cannot be recorded; compute it with tensor operations "
                "(minigrad.where for an if), or return the tensor and look at it outside the compiled function"
            )
        if how != "bool":  # it differs at every call, and what is done with it cannot be seen
            self.refused = (
                f"{frame.f_code.co_name} in {frame.f_globals['__name__']} computes with a number of a tensor in Python"
            )
        self.calls.append(Call(None, "check", (self.described(array), how, found), {}, self.scope()))
        return found

    def wrote(self, root: Value) -> bool:
        """Was anything written into this memory so far?"""
        return any(value.root is root for call in self.calls for value in call.written)

    def draw(self, stream: Any, name: str, function: Any, args: Any, kwargs: Any) -> Any:
        """Random numbers from a stream: fresh ones at every run. A draw that is part of another is not one of its own."""
        if self.drawing or self.elsewhere():
            return function(stream, *args, **kwargs)
        if name in STEERED:
            self.refused = (
                "it sets or reads where a random generator stands, or draws by NumPy's methods: do that outside"
            )
            return function(stream, *args, **kwargs)
        if not any(stream is known for known in self.draws):
            self.draws.append(stream)
        which = next(i for i, known in enumerate(self.draws) if known is stream)
        call = Call(function, "draw", (which, name, *self.described(tuple(args))), self.described(kwargs), self.scope())
        self.drawing = True
        try:
            drawn = function(stream, *stripped(tuple(args)), **stripped(kwargs))
        finally:
            self.drawing = False
        self.calls.append(call)
        return self.wrapped(call, drawn)

    def step(self, optimizer: Any) -> Any:
        """The block in which an optimizer takes its step."""
        if self.elsewhere():
            return nullcontext()
        self.optimizers.add(type(optimizer).__name__)
        if optimizer._hooked():
            self.refused = "its optimizer has hooks, which a program would not call"
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                self.looks(parameter)
        return self.numbers.of(optimizer, self.adopt)

    # ── where ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def scope(self) -> str:
        """Where a call comes from: the module whose forward runs, the operation whose gradient it is, the optimizer."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            name, where = frame.f_code.co_name, frame.f_globals.get("__name__")
            if name == "backpropagate" and where == "minigrad.graph":
                node = frame.f_locals.get("node")
                return f"backward: {self.made_in.get(node, '')}".rstrip(": ")
            if name == "step" and where == "minigrad.optim.optimizer":
                return type(frame.f_locals["self"]).__name__
            if name == "forward" and hasattr(module := frame.f_locals.get("self"), "named_modules"):
                return self.name_of(module, frame)
            frame = frame.f_back
        return ""

    def name_of(self, module: Any, frame: FrameType) -> str:
        """A module's name in the network, and its class."""
        if not any(module is known for known in self.modules):
            self.modules.append(module)
        if id(module) not in self.names:
            outer: FrameType | None = frame
            root = module
            while outer is not None:
                if outer.f_code.co_name == "forward" and hasattr(above := outer.f_locals.get("self"), "named_modules"):
                    root = above
                outer = outer.f_back
            self.names.update((id(m), f"{name} {type(m).__name__}".strip()) for name, m in root.named_modules())
            self.roots.append(root)
        return self.names.get(id(module), type(module).__name__)

    def recorded(self, node: Any) -> None:
        """Told of every operation that is recorded for a backward pass (a watcher of the graph)."""
        if self.elsewhere():
            return
        self.made_in[node] = self.scope()

    def computed(self, node: Any, share: Any) -> None:
        """Told of every gradient that is computed: nothing to note."""

    # ── the end ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def close(self) -> None:
        """Give the tensors their own arrays back."""
        for tensor, array in self.adopted:
            now = tensor.array
            if type(now) is Recorded:
                if now._tape is self and now._value is not None and now._value is not self.known[id(array)][1]:
                    tensor.array = now.view(np.ndarray)
                    self.refused = (
                        "it gives a tensor other memory, as x.data = ... does: write into it, or do that outside"
                    )
                else:
                    tensor.array = array


def caller() -> FrameType:
    """The frame that uses an array: the first one above this file and NumPy."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        name = frame.f_globals.get("__name__", "")
        if name not in ASKING and name.partition(".")[0] != "numpy":
            break
        frame = frame.f_back
    return frame
