"""Names in a printed program: each thing has one of its own, whatever a user calls his parameters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from keyword import kwlist
from unicodedata import normalize

OWN = re.compile(r"(?:[abcknpqrvx]|pieces|stream)\d+")  # how a program numbers what has no name
FIXED = [  # what every file says, in the program or around it
    "np", "bind", "step", "arena", "arrays", "draws", "draw", "states", "state", "kept", "array", "old", "a", "i", "zip",
    "range", "slice", "bool", "int", "float", "complex", "ValueError", "file", "allow_pickle", "numbers", "program", "fits",
    "inputs", "results", "result", "name", "value", "annotations",
]  # fmt: skip


class Names:
    """The names that are given away so far."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = {*kwlist, *FIXED, *taken}

    def new(self, wanted: str, own: bool = False, also: Iterable[str] = ()) -> str:
        """A name like this one that nothing else has. `own`: one that the program numbers itself."""
        while wanted in self.taken or wanted in also or (not own and OWN.fullmatch(wanted)):
            wanted += "_"
        self.taken.add(wanted)
        return wanted

    def of_user(self, wanted: str) -> str:
        """The name for a thing that a user has named, by any string: Python takes some letters for the same."""
        word = re.sub(r"\W", "_", normalize("NFKC", wanted))
        if not word.isidentifier():
            word = "p_" + re.sub(r"\W", "_", word, flags=re.ASCII)
        return self.new(word)


def comment(text: str) -> str:
    """A text that stays on the line of a comment."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
