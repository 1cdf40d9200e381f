"""A program, printed as a NumPy function that anyone can read, keep in a file and run without minigrad."""

from __future__ import annotations

import builtins
from inspect import unwrap
from math import inf, isnan
from textwrap import indent
from typing import Any

import numpy as np

from minigrad import streams
from minigrad.compile.kernels import takes_out, texts
from minigrad.compile.names import Names, comment
from minigrad.compile.numbers import Number
from minigrad.compile.pieces import PIECE, Run
from minigrad.compile.program import Program
from minigrad.compile.values import Call, Value

HEAD = '''"""A step of NumPy alone, written by minigrad.compile."""

from __future__ import annotations

import numpy as np


'''
NAMED_OUT = ("np.minimum", "np.maximum")  # which take no third argument by position any more
FILLED = {"zeros_like": 0, "ones_like": 1, "empty_like": 0}
WITH_OUT = {
    "np.concatenate",
    "np.stack",
    "np.einsum",
    "np.clip",
    "np.cumsum",
    "np.argmax",
    "np.argmin",
    ".argmax",
    ".argmin",
    "np.take",
}


class Printer:
    """Names for values, lines for calls."""

    def __init__(self, program: Program, known: dict[int, str]) -> None:
        self.known = known  # names of tensors, by identity
        self.program = program
        self.around = [*vars(streams)] if program.draws else []  # what is written into the same file: see save.py
        self.names = Names(self.around)
        self.given: list[tuple[str, Value]] = []  # arrays that the program is bound to
        self.small: dict[str, str] = {}  # constants of no dimensions, by how they are written: their names
        self.kernels: dict[str, Any] = {}  # functions that are called as a whole
        self.places: dict[Any, str] = {}  # buffers, by where they are and how they are laid out: their names
        self.counts: dict[str, int] = {}
        self.cuts: list[str] = []  # the lines that take parts of long arrays
        self.owned: list[Value] = []  # the values that are tensors' arrays
        self.functions: dict[str, str] = {}  # the names in the program of NumPy's functions
        self.scalars: dict[tuple[str, str], str] = {}  # formulas of numbers, by type: the arrays they are put into
        self.used: list[int] = []  # which numbers the program takes
        self.formulas: list[str] = []  # those in which it names them
        self.loops: list[str] = []  # the lines that take arrays to pieces
        self.piece_names: dict[Value, str] = {}  # inside a loop over pieces
        self.passing = {value for run in program.runs for value in run.passing}
        self.lasting: list[int] = []  # the lines that write into what was there before
        self.checks: list[int] = []  # the lines that check
        self.drawn = self.undone = False  # was something drawn before this line? does a check after it take that back?
        self.touched: dict[str, None] = {}  # what was written into before this line, and is there after the run
        self.kept: list[str] = []  # that part of it which a check puts back

    def name(self, value: Value) -> str:
        """What a value is called: results in one place have one name. One from outside is bound when it is first named."""
        if value in self.piece_names:
            return self.piece_names[value]
        if not value.name:
            if value.owner is not None:
                self.owned.append(value)
            if value.inside is not None:
                return self.part(value, *value.inside)
            place = self.program.buffers.get(value)
            if place is not None:
                shape, strides = value.array.shape, value.array.strides
                if value in self.passing:
                    shape, strides = (PIECE,), (value.array.itemsize,)
                key = (place[0], shape, value.array.dtype.str, strides)
                if key not in self.places:
                    self.places[key] = self.names.new(f"b{len(self.places)}", own=True)
                value.name = self.places[key]
                return value.name
            letter = {"argument": "x", "tensor": "p", "constant": "c", "outside": "a"}.get(value.kind, "v")
            count = self.counts[letter] = self.counts.get(letter, -1) + 1
            value.name = self.named(value, f"{letter}{count}")
            if value.kind in ("tensor", "constant", "outside"):
                self.given.append((value.name, value))
        return value.name

    def named(self, value: Value, otherwise: str) -> str:
        """The name that the user knows a tensor by, or one of the program's own."""
        known = self.known.get(id(value.owner))
        return self.names.of_user(known) if known else self.names.new(otherwise, own=True)

    def part(self, value: Value, whole: Value, start: int, end: int) -> str:
        """The name of a part of a long array, which is taken once."""
        name = self.name(whole)
        count = self.counts["part"] = self.counts.get("part", -1) + 1
        value.name = self.named(value, f"{name}_{count}")
        self.cuts.append(f"{value.name} = {name}[{start}:{end}].reshape({value.array.shape})")
        return value.name

    def text(self, part: Any) -> str:
        """An argument, as it is written."""
        if isinstance(part, Value):
            return self.name(part)
        if isinstance(part, Number):
            self.formulas.append(part.text)
            return part.text
        if isinstance(part, tuple):
            return f"({', '.join(map(self.text, part))}{',' if len(part) == 1 else ''})"
        if isinstance(part, list):
            return f"[{', '.join(map(self.text, part))}]"
        if isinstance(part, dict):
            return f"{{{', '.join(f'{self.text(k)}: {self.text(v)}' for k, v in part.items())}}}"
        if isinstance(part, slice):
            return f"slice({self.text(part.start)}, {self.text(part.stop)}, {self.text(part.step)})"
        if isinstance(part, np.dtype):
            return f'np.dtype("{part.str}")'
        if isinstance(part, type) and issubclass(part, np.generic):
            return f"np.{part.__name__}"
        if isinstance(part, np.generic):
            return f"np.{type(part).__name__}({self.text(part.item())})"
        if part is Ellipsis:
            return "..."
        if isinstance(part, float) and (abs(part) == inf or isnan(part)):
            return f'float("{part}")'
        if isinstance(part, type) and part.__module__ == "builtins":
            return part.__name__
        if callable(part):
            return self.kernel(part)
        return repr(part)

    def kernel(self, function: Any) -> str:
        """The name of a function that is called as a whole."""
        function = unwrap(function)
        for name, known in self.kernels.items():
            if known is function:
                return name
        name = self.names.new(str(function.__name__), also=dir(builtins))  # which other functions in the file may use
        self.kernels[name] = function
        return name

    def operand(self, part: Any, call: Call) -> str:
        """An operand of a ufunc: a number as an array of the type it is taken for, which NumPy reads in half the time."""
        if (
            isinstance(part, int | float)
            and type(part) is not bool
            and call.results
            and part == part
            and abs(part) != inf
        ):
            kinds = {value.array.dtype for value in call.args if isinstance(value, Value)}
            if len(kinds) == 1 and (kind := kinds.pop()).kind == "f":
                if isinstance(part, Number):
                    self.formulas.append(part.text)
                    key = part.text, kind.str[1:]
                    if key not in self.scalars:
                        self.scalars[key] = self.names.new(f"r{len(self.scalars)}", own=True)
                    return self.scalars[key]
                written = f'np.array({part!r}, "{kind.str[1:]}")'
                if written not in self.small:
                    self.small[written] = self.names.new(f"k{len(self.small)}", own=True)
                return self.small[written]
        return self.text(part)

    def line(self, call: Call) -> str:
        """A call that runs every time, its result written where it belongs."""
        args = [self.text(part) for part in call.args]
        rest = [f"{key}={self.text(value)}" for key, value in call.kwargs.items()]
        name, result = call.name, call.results[0] if call.results else None
        if name == "check":
            value, _, found = call.args  # a truth: other numbers are refused
            self.undone, self.kept = self.undone or self.drawn, [*self.touched]
            undo = "[draw.restore(state) for draw, state in zip(draws, states)]; " if self.drawn else ""
            if self.kept:
                undo += f"[np.copyto(array, old) for array, old in zip(({', '.join(self.kept)},), kept)]; "
            return f"if {'not ' * found}{self.text(value)}: {undo}raise ValueError({self.complaint(call)!r})"
        if name == "draw":
            self.drawn = True
            drawn = f"draws[{call.args[0]}].{call.args[1]}({', '.join([*args[2:], *rest])})"
            return f"{self.local('np.copyto')}({self.name(call.results[0])}, {drawn})"
        if name == "[]=":
            return f"{args[0]}[{self.index(call.args[1])}] = {args[2]}"
        if isinstance(call.function, np.ufunc) or name.endswith((".reduce", ".accumulate", ".outer")):
            operands = [self.operand(part, call) for part in call.args] if isinstance(call.function, np.ufunc) else args
            if result is None:
                return f"{self.local(name)}({', '.join([*operands, *rest])})"
            if isinstance(call.function, np.ufunc) and not rest and name not in NAMED_OUT:  # quicker by position
                return f"{self.local(name)}({', '.join([*operands, *self.outs(call)])})"
            outs = self.outs(call)
            return f"{self.local(name)}({', '.join([*operands, *rest, f'out={outs[0] if len(outs) == 1 else outs}'])})"
        if result is None:
            return f"{self.called(call, args)}({', '.join([*(args[1:] if name.startswith('.') else args), *rest])})"
        target = self.name(result)
        short = name.rpartition(".")[2]
        if call.looks:
            return f"{target} = {self.expression(call, args, rest)}"
        if short in FILLED or short == "full_like":
            return f"{target}.fill({args[1] if short == 'full_like' else FILLED[short]})"
        if (
            name in (".copy", "np.copy", ".astype", "np.ascontiguousarray", "np.array", "np.asarray", ".flatten")
            and isinstance(call.args[0], Value)
            and result.array.shape == call.args[0].array.shape
        ):
            return f'{self.local("np.copyto")}({target}, {args[0]}, "unsafe")'
        if name == "np.where" and len(args) == 3:
            return f'np.copyto({target}, {args[2]}, "unsafe"); np.copyto({target}, {args[1]}, "unsafe", {args[0]})'
        if name == "spread":
            return f"{target}[...] = {args[0]}"
        if name in (".dot", "np.dot") and result.array.flags.c_contiguous:
            if isinstance(call.args[0], Value):  # the method does without a dispatcher
                return f"{args[0]}.dot({args[1]}, {target})"
            return f"{self.local('np.dot')}({', '.join([*args, target])})"
        if name in WITH_OUT and "dtype" not in call.kwargs:
            given = args[1:] if name.startswith(".") else args
            return f"{self.called(call, args)}({', '.join([*given, *rest, f'out={target}'])})"
        if name == "kernel" and takes_out(call.function):
            return f"{self.called(call, args)}({', '.join([*args, *rest, f'out={target}'])})"
        if len(call.results) > 1:
            names = [self.name(value) for value in call.results]
            fresh = [self.names.new(f"_{n}") for n in names]
            copies = "; ".join(f"{n}[...] = {f}" for n, f in zip(names, fresh))
            return f"{', '.join(fresh)} = {self.expression(call, args, rest)}; {copies}"
        return f"{target}[...] = {self.expression(call, args, rest)}"

    def complaint(self, call: Call) -> str:
        """What a check says when it fails."""
        return f"a check inside {call.scope or 'an operation'} gave {call.args[2]!r} when this program was recorded, not now"

    def outs(self, call: Call) -> list[str]:
        """Where a ufunc writes."""
        return [self.name(value) for value in call.results]

    def expression(self, call: Call, args: list[str], rest: list[str]) -> str:
        """A call for its value."""
        if call.name == "[]":
            return f"{args[0]}[{self.index(call.args[1])}]"
        return f"{self.called(call, args)}({', '.join([*(args[1:] if call.name.startswith('.') else args), *rest])})"

    def called(self, call: Call, args: list[str]) -> str:
        """The function of a call, as it is written."""
        if call.name == "kernel":
            return self.kernel(call.function)
        return args[0] + call.name if call.name.startswith(".") else self.local(call.name)

    def local(self, name: str) -> str:
        """NumPy's function under a name of the program's own, which Python finds faster: np.add.reduce as add_reduce."""
        if name not in self.functions:
            self.functions[name] = self.names.new(name.removeprefix("np.").replace(".", "_"))
        return self.functions[name]

    def index(self, index: Any) -> str:
        """What stands between brackets."""
        parts = index if isinstance(index, tuple) else (index,)
        words = []
        for part in parts:
            if isinstance(part, slice):
                ends = ["" if end is None else self.text(end) for end in (part.start, part.stop, part.step)]
                words.append(f"{ends[0]}:{ends[1]}" + (f":{ends[2]}" if ends[2] else ""))
            else:
                words.append(self.text(part))
        return ", ".join(words) + ("," if len(parts) == 1 and isinstance(index, tuple) else "") or "()"

    # ── the whole ────────────────────────────────────────────────────────────────────────────────────────────────────

    def source(self, title: str = "step") -> str:
        """The file."""
        program = self.program
        numbers = program.numbers
        arguments = [self.name(value) for value in program.arguments]
        body: list[str] = []
        scope = None
        lasting, checks = [], []
        starts = {id(run.calls[0]): run for run in program.runs}
        ends = {id(run.calls[-1]) for run in program.runs}
        stays = {value.root for value in program.gradients}
        for call in program.body:
            if call.scope != scope:
                scope = call.scope
                body.append(f"{'    ' * bool(self.piece_names)}# {comment(scope)}".rstrip())
            if id(call) in starts:
                body.append(self.loop(starts[id(call)]))
            body.append("    " * bool(self.piece_names) + self.line(call))
            if id(call) in ends:
                self.piece_names = {}
            if call.name == "check":
                checks.append(len(body))
            if any(value.root.kind != "result" for value in call.written):
                lasting.append(len(body))
            roots = dict.fromkeys(value.root for value in (*call.results, *call.written))
            self.touched.update((self.name(root), None) for root in roots if root.kind != "result" or root in stays)
        fills = [f"{name}[()] = {text}" for (text, _), name in self.scalars.items()]
        if self.undone:
            fills.append("states = [draw.state() for draw in draws]")
        if self.kept:
            fills.append(f"kept = [array.copy() for array in ({', '.join(self.kept)},)]")
        setup = [self.view(call) for call in program.setup]
        places = [self.place(name, *key) for key, name in self.places.items()]
        outputs = ", ".join([*(self.name(value) for value in program.outputs), *(text for *_, text in numbers.results)])
        given = ", ".join(name for name, _ in self.given)
        constants = [f"{name} = {written}" for written, name in self.small.items()]
        constants += [f'{name} = np.empty((), "{kind}")' for (_, kind), name in self.scalars.items()]
        self.used = numbers.named_in("\n".join([*self.formulas, *(text for *_, text in numbers.results)]))
        arguments += [f"n{i}" for i in self.used]
        unpack = [f"{given}{',' if len(self.given) == 1 else ''} = arrays"] if given else []
        inner = "\n".join(
            [
                f"def {title}({', '.join(arguments)}):",
                *(f"    {line}" for line in (*fills, *body)),
                f"    return ({outputs}{',' if outputs else ''})",
            ]
        )
        local = [f"{', '.join(self.functions.values())} = {', '.join(self.functions)}"] if self.functions else []
        lines = [
            *unpack,
            *local,
            f"arena = np.empty({program.size + 64}, np.uint8)",
            "arena = arena[-arena.__array_interface__['data'][0] % 64 :]",
            *constants,
            *places,
            *self.cuts,
            *setup,
            *self.loops,
            "",
            inner,
            f"return {title}",
        ]
        text = HEAD + texts(self.kernels, self.around) + "def bind(arrays):\n" + indent("\n".join(lines), "    ") + "\n"
        start = text[: text.rindex(f"\n    def {title}(")].count("\n") + 2 + len(fills)  # a kernel may have one inside
        self.lasting, self.checks = [start + i for i in lasting], [start + i for i in checks]
        return text

    def loop(self, run: Run) -> str:
        """The head of a loop over pieces, which are taken once."""
        whole = [value for value in run.arrays if value not in run.passing]
        passing = [value for value in run.arrays if value in run.passing]
        name, size = self.names.new(f"pieces{len(self.loops)}", own=True), len(run)
        long = "".join(f"{self.name(value)}.reshape(-1), " for value in whole)
        short = "".join(f"{self.name(value)}, " for value in passing)
        ends = f" + [a[: {size} - i] for a in ({short})]" if passing else ""
        taken = f"[a[i : i + {PIECE}] for a in ({long})]"
        self.loops.append(f"{name} = [{taken}{ends} for i in range(0, {size}, {PIECE})]")
        self.piece_names = {value: f"q{i}" for i, value in enumerate((*whole, *passing))}
        return f"for {', '.join(self.piece_names.values())}{',' * (len(self.piece_names) == 1)} in {name}:"

    def view(self, call: Call) -> str:
        """The line that takes a view. One of a diagonal may be written to, though NumPy forbids it at first."""
        name, args = self.name(call.results[0]), self.parts(call)
        line = f"{name} = {self.expression(call, *args)}"
        return line + f"; {name}.flags.writeable = {args[0][0]}.flags.writeable" * call.name.endswith("diagonal")

    def parts(self, call: Call) -> tuple[list[str], list[str]]:
        """The arguments of a call, those by position and those by name."""
        return [self.text(part) for part in call.args], [
            f"{key}={self.text(value)}" for key, value in call.kwargs.items()
        ]

    def place(self, name: str, start: int, shape: tuple[int, ...], kind: str, strides: tuple[int, ...]) -> str:
        """The line that makes a buffer."""
        layout = "" if strides == np.empty(shape, kind).strides else f", {strides}"
        return f'{name} = np.ndarray({shape}, "{kind[1:] if kind[0] in "<|" else kind}", arena, {start}{layout})'
