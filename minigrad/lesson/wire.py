"""Calls and answers as bytes: the same for a server on this machine and for Python inside the page.

A request is JSON, {"kw": {"pixels": [...], "net": "mine"}}. An answer is the length of a header in four bytes, little-endian;
the header, JSON; blanks up to a multiple of eight; and the arrays one after the other, each from a multiple of eight. In the
header an array is {"$array": 0, "dtype": "f4", "shape": [10], "offset": 0}, its offset counted from the first array;
dtypes are f4, f8, u1 and i4, little-endian. A number that JSON has no word for, NaN or an infinity, is null. An error is
{"error": "what is wrong"}.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

LARGEST = 1 << 21  # bytes of a request: a drawing of 280 by 280 with room to spare
TOLD = 500  # characters of an error: it may quote what was sent
DEEPEST = 20  # lists and objects in one another
MARKS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')
DTYPES = {"f4": "<f4", "f8": "<f8", "u1": "|u1", "i4": "<i4"}


class RequestError(ValueError):
    """A request is not one: it is too long, no JSON, or asks for what there is not."""


def answer(lesson: Any, methods: Sequence[str], method: str, request: bytes | str) -> tuple[bytes, bool]:
    """Call a method as a request asks, and encode what it returns; and whether it went well."""
    try:
        if method not in methods:
            raise RequestError(f"there is no method {method[:40]!r}: use one of {', '.join(methods)}")
        result = getattr(lesson, method)(**decode(request))
    except Exception as error:  # whatever it is, the page has to be told
        why = str(error) or type(error).__name__
        return encode({"error": why if len(why) <= TOLD else f"{why[:TOLD]} ..."}), False
    return encode(result), True


def decode(request: bytes | str) -> dict[str, Any]:
    """The arguments in a request. RequestError if it is not what this file's head says."""
    if len(request) > LARGEST:
        raise RequestError(f"a request of {len(request):,} is too long: {LARGEST:,} bytes are the most")
    _check_depth(request if isinstance(request, str) else request.decode("utf-8", "replace"))
    try:
        found = json.loads(request, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"the request is no JSON: {error}") from None
    arguments = found.get("kw", {}) if isinstance(found, dict) and set(found) <= {"kw"} else None
    if not isinstance(arguments, dict):
        raise RequestError('a request is {"kw": {...}}, an object of arguments by name')
    return arguments


def _check_depth(text: str) -> None:
    """Refuse lists in lists without end: where Python is in a page, they would end it."""
    depth = 0
    for mark in MARKS.finditer(text):
        if mark[0] in "[{":
            depth += 1
            if depth > DEEPEST:
                raise RequestError(f"the request is no JSON that is asked for: it is nested more than {DEEPEST} deep")
        elif mark[0] in "]}":
            depth -= 1


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def encode(result: Any) -> bytes:
    """Plain data and arrays as bytes. TypeError for what is neither."""
    arrays: list[bytes] = []
    header = json.dumps(_plain(result, arrays), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    head = len(header).to_bytes(4, "little") + header
    return b"".join([_padded(head, b" "), *arrays])


def _plain(value: Any, arrays: list[bytes]) -> Any:
    """A value as JSON has it; arrays are put aside."""
    if isinstance(value, dict):
        return {str(key): _plain(part, arrays) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part, arrays) for part in value]
    if isinstance(value, np.ndarray):
        return _array(value, arrays)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"an answer is made of plain data and arrays, not of {type(value).__name__}")


def _array(array: np.ndarray[Any, Any], arrays: list[bytes]) -> dict[str, Any]:
    """Put an array aside; what stands for it in the header."""
    kind = array.dtype.kind
    if kind == "b":
        array = array.astype(np.uint8)
    elif kind in "iu" and array.dtype != np.uint8:
        if array.size and (array.max() >= 1 << 31 or array.min() < -(1 << 31)):
            raise TypeError("an answer has a whole number that needs more than 32 bits")
        array = array.astype(np.int32)
    code = f"{array.dtype.kind}{array.dtype.itemsize}"
    if code not in DTYPES:
        raise TypeError(f"an answer has an array of {array.dtype}: use float32, float64, uint8 or int32")
    offset = sum(map(len, arrays))
    arrays.append(_padded(array.astype(DTYPES[code]).tobytes(), b"\0"))
    return {"$array": len(arrays) - 1, "dtype": code, "shape": list(array.shape), "offset": offset}


def _padded(content: bytes, blank: bytes) -> bytes:
    return content + blank * (-len(content) % 8)
