"""Python numbers that a program reads afresh at every run: learning rates, step counters.

While an optimizer's step is recorded, the numbers in its `param_groups` and `state` are `Number`s: they count like the
floats they are, and remember the formula. What is left in the state at the end, `step + 1` for instance, is worked out and
put back there at every run. What Python decides by such a number is noted, and checked before each run.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from minigrad.compile.errors import CompileError


class Numbers:
    """The places that numbers are read from, the formulas that are put back, and the decisions made by them."""

    def __init__(self) -> None:
        self.places: list[tuple[dict[str, Any], str, int | None]] = []  # a dict, its key, the position in a tuple
        self.results: list[tuple[dict[str, Any], str, str]] = []  # a dict, its key, the formula
        self.decisions: list[tuple[str, Any]] = []  # a formula, and what it gave
        self.optimizers: list[
            tuple[Any, Any, Any, int]
        ] = []  # with their state and groups: load_state_dict makes new ones
        self.decided: Any = None  # all formulas of decisions, as one function
        self.outcomes: tuple[Any, ...] = ()

    def number(self, place: dict[str, Any], key: str, value: Any, position: int | None = None) -> Number:
        """The number in a place; the same place has one name."""
        for held, k, text in self.results:  # put there by an earlier step of the optimizer in the same function
            if held is place and k == key:
                return Number(value, text, self)
        for i, (held, k, at) in enumerate(self.places):
            if held is place and (k, at) == (key, position):
                return Number(value, f"n{i}", self)
        self.places.append((place, key, position))
        return Number(value, f"n{len(self.places) - 1}", self)

    def counter(self, state: dict[str, Any], key: str, value: Any, held: Sequence[Any]) -> Number:
        """A number of a parameter's state. Another parameter's that is the same, such as the step counter, stands for both.

        What is done to them can then be done at once. That they are the same is checked before each run.
        """
        number = self.number(state, key, value)
        for other, name, known in held:
            if name == key and type(known) is type(value) and known == value and isinstance(other[key], Number):
                if other is state:
                    return number
                self.decisions.append((f"{number.text} == {other[key].text}", True))
                return Number(value, other[key].text, self)
        return number

    def names(self) -> list[str]:
        """The names of the numbers, in the order of `read`."""
        return [f"n{i}" for i in range(len(self.places))]

    def read(self, used: Sequence[int] | None = None) -> list[Any]:
        """What the places hold now: all of them, or those with these numbers."""
        places = self.places if used is None else [self.places[i] for i in used]
        return [place[key] if at is None else place[key][at] for place, key, at in places]

    def named_in(self, text: str) -> list[int]:
        """The numbers that a formula, or a program, names."""
        return sorted({int(digits) for digits in re.findall(r"\bn(\d+)\b", text)})

    def write(self, values: Any) -> None:
        """Put the worked-out formulas back."""
        for (place, key, _), value in zip(self.results, values):
            place[key] = value

    def restore(self, values: list[Any]) -> None:
        """Put back what `read` gave."""
        for (place, key, at), value in zip(self.places, values):
            if at is None:
                place[key] = value

    def changing(self) -> tuple[str, ...]:
        """The names of the numbers whose places are written to, in the order of the formulas."""
        at = {(id(place), key): i for i, (place, key, _) in enumerate(self.places)}
        return tuple(f"n{at[id(place), key]}" for place, key, _ in self.results)

    def hold(self) -> bool:
        """Would Python decide as it did, on the state that there was?"""
        for optimizer, state, groups, count in self.optimizers:
            if optimizer.state is not state or optimizer.param_groups is not groups or len(groups) != count:
                return False
        if not self.decisions:
            return True
        if self.decided is None:
            formulas = "".join(f"{text}, " for text, _ in self.decisions)
            self.decided = eval(f"lambda {', '.join(self.names())}: ({formulas})")
            self.outcomes = tuple(found for _, found in self.decisions)
        return bool(self.decided(*self.read()) == self.outcomes)

    @contextmanager
    def of(self, optimizer: Any, adopt: Callable[[Any], Any]) -> Iterator[None]:
        """Let the step of an optimizer count with formulas, on arrays that answer for themselves."""
        groups = optimizer.param_groups
        self.optimizers.append((optimizer, optimizer.state, groups, len(groups)))
        kept: list[tuple[dict[str, Any], str, Any]] = []
        for place in optimizer.param_groups:
            for key, value in place.items():
                if type(value) in (int, float):
                    kept.append((place, key, value))
                    place[key] = self.number(place, key, value)
                elif type(value) is tuple and value and all(type(part) in (int, float) for part in value):
                    kept.append((place, key, value))
                    place[key] = tuple(self.number(place, key, part, i) for i, part in enumerate(value))
        given = [place[key] for place, key, _ in kept]
        held: list[tuple[dict[str, Any], str, Any]] = []
        for state in optimizer.state.values():
            for key, value in state.items():
                if hasattr(value, "array"):
                    adopt(value)
                elif type(value) in (int, float):
                    held.append((state, key, value))
                    state[key] = self.counter(state, key, value, held)
        before = {(id(state), key): state[key].text for state, key, _ in held}
        try:
            yield
        finally:
            for (place, key, value), number in zip(kept, given):
                changed, place[key] = place[key] is not number, value
                if changed:
                    raise CompileError(
                        f"{key} of a parameter group was changed inside the compiled function: change it outside"
                    )
            for state in optimizer.state.values():  # new ones: the function that makes them has no program
                new = [
                    key for key, left in state.items() if isinstance(left, Number) and (id(state), key) not in before
                ]
                state.update({key: state[key].value for key in new})
            for state, key, value in held:
                left = state[key]
                if isinstance(left, Number):
                    state[key] = type(value)(left.value)
                    if left.text != before[id(state), key]:
                        self.results = [r for r in self.results if r[0] is not state or r[1] != key]
                        self.results.append((state, key, left.text))


class Number(float):
    """A number, and the formula it comes from."""

    text: str
    numbers: Numbers
    value: Any  # as it was: an int stays one

    def __new__(cls, value: Any, text: str, numbers: Numbers) -> Number:
        """A float that knows its formula."""
        self = super().__new__(cls, value)
        self.text, self.numbers, self.value = text, numbers, value
        return self

    __hash__ = float.__hash__

    def __bool__(self) -> bool:
        return bool(self._decide(bool(self.value), f"bool({self.text})"))

    def _decide(self, found: Any, text: str) -> Any:
        self.numbers.decisions.append((text, found))
        return found

    def __neg__(self) -> Number:
        return Number(-self.value, f"-{self.text}", self.numbers)

    def __int__(self) -> int:
        return int(self._decide(int(self.value), f"int({self.text})"))

    def __float__(self) -> float:
        return float(self._decide(float(self.value), f"float({self.text})"))


def _arithmetic(sign: str, function: Callable[[Any, Any], Any], reverse: bool) -> Any:
    def method(self: Number, other: Any) -> Any:
        if not isinstance(other, int | float):
            return NotImplemented
        value, text = (other.value, other.text) if isinstance(other, Number) else (other, repr(other))
        a, b = ((value, text), (self.value, self.text)) if reverse else ((self.value, self.text), (value, text))
        return Number(function(a[0], b[0]), f"({a[1]} {sign} {b[1]})", self.numbers)

    return method


def _comparison(sign: str, function: Callable[[Any, Any], Any]) -> Any:
    def method(self: Number, other: Any) -> Any:
        if not isinstance(other, int | float):
            return NotImplemented
        value, text = (other.value, other.text) if isinstance(other, Number) else (other, repr(other))
        return self._decide(function(self.value, value), f"{self.text} {sign} {text}")

    return method


for _sign, _name in {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "truediv",
    "**": "pow",
    "//": "floordiv",
    "%": "mod",
}.items():
    setattr(Number, f"__{_name}__", _arithmetic(_sign, getattr(operator, _name), False))
    setattr(Number, f"__r{_name}__", _arithmetic(_sign, getattr(operator, _name), True))
for _sign, _name in {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}.items():
    setattr(Number, f"__{_name}__", _comparison(_sign, getattr(operator, _name)))
