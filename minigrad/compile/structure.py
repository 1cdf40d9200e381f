"""The form of arguments and results: tuples, lists and dicts of tensors, numbers and strings."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np

from minigrad.compile.arrays import Recorded
from minigrad.compile.errors import NoProgram
from minigrad.tensor import Tensor


def leaves(part: Any, found: list[Tensor]) -> Any:
    """The structure of arguments or results, hashable; their tensors are collected, and numbered in it."""
    if isinstance(part, Tensor):
        found.append(part)
        return Tensor, next(i for i, tensor in enumerate(found) if tensor.array is part.array)
    if isinstance(part, tuple | list):
        return type(part), tuple([leaves(item, found) for item in part])
    if type(part) in (dict, OrderedDict):
        return type(part), tuple([(key, leaves(item, found)) for key, item in part.items()])
    if part is not None and not isinstance(part, (int, float, complex, str, bytes, np.dtype, type)) and part is not ...:
        kind = "ndarray" if type(part) is Recorded else type(part).__name__
        raise NoProgram(f"a {kind} is among its arguments or results, and what that holds is not seen: use tensors")
    return None, part, type(part), repr(part)


def rebuilt(structure: Any, tensors: list[Tensor]) -> Any:
    """The structure, with tensors in their places."""
    kind, content = structure[:2]
    if kind is Tensor:
        return tensors[content]
    if kind is None:
        return content
    if issubclass(kind, dict):
        return kind((key, rebuilt(item, tensors)) for key, item in content)
    items = [rebuilt(item, tensors) for item in content]
    return kind(*items) if hasattr(kind, "_fields") else kind(items)
