"""The memory that a program works in, and who else holds it."""

from __future__ import annotations

import sys
from typing import Any


class Memory:
    """The arrays in which a program leaves gradients, and how many hold each of them as long as no user does."""

    def __init__(self, run: Any, names: list[str]) -> None:
        cells = dict(zip(run.__code__.co_freevars, run.__closure__ or ()))
        self.arrays = [cells[name].cell_contents for name in names]
        self.bases = [array if array.base is None else array.base for array in self.arrays]
        self.counts = [self.count(i) for i in range(len(names))]
        self.reads = -1

    def count(self, i: int) -> tuple[int, int]:
        """How many hold an array, and how many the memory it lies in, views included."""
        return sys.getrefcount(self.arrays[i]), sys.getrefcount(self.bases[i])

    def held(self, i: int, gradient: Any) -> bool:
        """Does anybody hold an array, or a view of it, apart from this gradient?"""
        array, base = self.count(i)
        return (
            array > self.counts[i][0] + (gradient is not None and gradient.array is self.arrays[i])
            or base > self.counts[i][1]
        )


def memory_of(array: Any) -> Any:
    """The array, or what else it is, that the memory belongs to."""
    while (base := getattr(array, "base", None)) is not None:
        array = base
    return array
