"""What a program is made of: values, the arrays, and calls, the lines."""

from __future__ import annotations

from typing import Any

from minigrad.compile.arrays import Array


class Value:
    """One array of the program."""

    __slots__ = ("array", "root", "maker", "kind", "name", "owner", "inside")

    def __init__(self, array: Array, kind: str, root: Value | None = None, maker: Call | None = None) -> None:
        self.array = array  # as it was while recording
        self.kind = (
            kind  # "result" of a call, "argument", "tensor" (there before), "outside" (the user's array), "constant"
        )
        self.root = self if root is None else root  # the value whose memory this one lies in
        self.maker = maker
        self.name = ""  # in the printed program
        self.owner: Any = None  # the tensor whose array this is, if kind is "tensor"
        self.inside: tuple[Value, int, int] | None = (
            None  # the long array that it is a part of, from where to where: see flat.py
        )


class Call:
    """One line of the program."""

    __slots__ = ("function", "name", "args", "kwargs", "results", "written", "scope", "looks")

    def __init__(self, function: Any, name: str, args: Any, kwargs: dict[str, Any], scope: str) -> None:
        self.function = function
        self.name = name  # "np.add", "np.add.reduce", ".reshape", "[]", "[]="
        self.args, self.kwargs = args, kwargs  # with a Value wherever an array stood
        self.results: list[Value] = []
        self.written: list[Value] = []  # what it writes into: its out=, or the first argument
        self.scope = scope
        self.looks = False  # does it only look at memory that is there?

    def reads(self) -> list[Value]:
        """Every value among its arguments."""
        return values_in((self.args, self.kwargs))


def values_in(part: Any) -> list[Value]:
    """The values in a nested structure of arguments."""
    if isinstance(part, Value):
        return [part]
    if isinstance(part, dict):
        part = list(part.values())
    if isinstance(part, slice):
        part = [part.start, part.stop, part.step]
    return [value for item in part for value in values_in(item)] if isinstance(part, tuple | list) else []
