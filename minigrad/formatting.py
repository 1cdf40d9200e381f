"""How tensors are printed: as PyTorch prints them, so that a lesson's output looks the same.

Four decimals, one format for all elements, integers with a bare point, powers of ten where sizes differ too much, the
middle left out above a thousand elements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.dtypes import bool_, get_default_dtype, int64

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


class Options:
    """What `set_printoptions` sets."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


options = Options()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors are printed: decimals, elements before the middle is left out, elements kept at each end, columns,
    powers of ten always or never. `profile` sets all at once: "default", "short" or "full".

    ValueError for another profile.
    """
    if profile is not None:
        profiles = {"default": (4, 1000, 3), "short": (2, 1000, 2), "full": (4, float("inf"), 3)}
        if profile not in profiles:
            raise ValueError(f"set_printoptions: profile {profile!r}: use 'default', 'short' or 'full'")
        (options.precision, options.threshold, options.edgeitems), options.linewidth = profiles[profile], 80
    for name, value in (
        ("precision", precision), ("threshold", threshold), ("edgeitems", edgeitems), ("linewidth", linewidth)
    ):  # fmt: skip
        if value is not None:
            setattr(options, name, value)
    options.sci_mode = sci_mode


class Formatter:
    """One format for all the numbers of an array: their kind, their decimals, their width."""

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.floating = array.dtype.kind == "f"
        self.scientific = False
        self.whole = True
        values = array.reshape(-1)
        if not self.floating:
            self.width = max((len(str(v)) for v in values.tolist()), default=1)
            return
        values = values.astype(np.float64)
        values = values[np.isfinite(values) & (values != 0)]
        if values.size:
            sizes = np.abs(values)
            low, high = float(sizes.min()), float(sizes.max())
            self.whole = bool((values == np.ceil(values)).all())
            self.scientific = high / low > 1000 or high > 1e8 or (not self.whole and low < 1e-4)
            if options.sci_mode is not None:
                self.scientific = options.sci_mode
        self.width = max((len(self.bare(v)) for v in values.tolist()), default=1)

    def bare(self, value: Any) -> str:
        """A number in this format."""
        if not self.floating:
            return str(value)
        if self.scientific:
            return f"{value:.{options.precision}e}"
        if self.whole:
            return f"{value:.0f}" + ("." if np.isfinite(value) else "")
        return f"{value:.{options.precision}f}"

    def __call__(self, value: Any) -> str:
        """A number in this format and width."""
        return self.bare(value).rjust(self.width)


def represent(tensor: Tensor) -> str:
    """The whole `tensor(...)` text."""
    array = tensor.array
    prefix = "tensor("
    suffixes = []
    default = [get_default_dtype()] + ([int64, bool_] if array.size else [])
    if array.size == 0:
        body = "[]"
        if array.ndim != 1:
            suffixes.append(f"size={tuple(array.shape)}")
    else:
        body = text_of(array, len(prefix))
    if tensor.dtype not in default:
        suffixes.append(f"dtype={tensor.dtype}")
    if tensor.grad_fn is not None:
        suffixes.append(f"grad_fn={tensor.grad_fn!r}")
    elif tensor.requires_grad:
        suffixes.append("requires_grad=True")
    return with_suffixes(prefix + body, suffixes, len(prefix))


def text_of(array: np.ndarray[Any, Any], indent: int) -> str:
    """The numbers in their brackets."""
    summarise = array.size > options.threshold
    return nested(array, indent, summarise, Formatter(edges(array) if summarise else array))


def edges(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The elements that a summary shows."""
    n = options.edgeitems
    for axis in range(array.ndim):
        if array.shape[axis] > 2 * n:
            ends = np.r_[:n, array.shape[axis] - n : array.shape[axis]]
            array = array.take(ends, axis)
    return array


def nested(array: np.ndarray[Any, Any], indent: int, summarise: bool, write: Formatter) -> str:
    """An array of any number of dimensions."""
    if array.ndim == 0:
        return write(array.item())
    n = options.edgeitems
    cut = summarise and len(array) > 2 * n
    shown = [*array[:n], *array[-n:]] if cut else list(array)
    if array.ndim == 1:
        words = [write(value.item()) for value in shown]
        if cut:
            words.insert(n, " ...")
        per_line = max(1, (options.linewidth - indent) // (write.width + 2))
        lines = [", ".join(words[i : i + per_line]) for i in range(0, len(words), per_line)] or [""]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
    parts = [nested(part, indent + 1, summarise, write) for part in shown]
    if cut:
        parts.insert(n, "...")
    return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(parts) + "]"


def with_suffixes(text: str, suffixes: list[str], indent: int) -> str:
    """The text, its suffixes after commas, on new lines where the line would become too long."""
    column = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if column + len(suffix) + 2 > options.linewidth:
            text += ",\n" + " " * indent + suffix
            column = indent + len(suffix)
        else:
            text += ", " + suffix
            column += len(suffix) + 2
    return text + ")"
