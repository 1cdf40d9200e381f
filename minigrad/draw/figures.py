"""An array as the few numbers that fit in a box of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

FEW = 8  # arrays of at most this many elements are shown whole


@dataclass(frozen=True)
class Figures:
    """The numbers of an array, or words in their place."""

    cells: tuple[str, ...]  # one text, of one line or more; or minimum, mean and maximum
    remark: str = ""
    alarm: bool = False  # is there NaN or infinity in it?


def figures(array: np.ndarray[Any, Any], remark: str = "") -> Figures:
    """All the elements of a small array; the minimum, mean and maximum of a larger one, with a count of what is odd."""
    if array.size > FEW:
        return statistics(array, remark)
    if array.size == 0:
        return Figures(("no elements",), remark)
    odd = array.dtype.kind == "f" and not np.isfinite(array).all()
    if array.ndim == 0:
        return Figures((number(array),), remark, odd)
    text = np.array2string(array, max_line_width=36, separator=", ", formatter={"all": number})
    return Figures((text,), remark, odd)


def statistics(array: np.ndarray[Any, Any], remark: str) -> Figures:
    """The minimum, mean and maximum of what is not NaN; how many are NaN, infinite, zero."""
    data = array[~np.isnan(array)] if array.dtype.kind == "f" else array.astype(np.int64).reshape(-1)
    with np.errstate(all="ignore"):
        cells = (
            tuple(number(n, 3) for n in (data.min(), data.mean(dtype=np.float64), data.max()))
            if data.size
            else ("nan",) * 3
        )
    missing, infinite = array.size - data.size, int(np.isinf(data).sum())
    counts = (("NaN", missing), ("infinite", infinite), ("zeros", data.size - np.count_nonzero(data)))
    odd = ", ".join(f"{what}: {n}" for what, n in counts if n)
    counted = f"{odd} of {array.size}" if odd else ""
    return Figures(cells, "; ".join(filter(None, (counted, remark))), bool(missing or infinite))


def number(value: Any, digits: int = 4) -> str:
    """A number, rounded to so many digits; integers and booleans as they are."""
    value = value.item()
    return f"{value + 0.0:.{digits}g}" if isinstance(value, float) else str(value)
