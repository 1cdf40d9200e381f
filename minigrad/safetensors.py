"""Files in the safetensors format, which PyTorch reads and writes too: weights go there and back.

As in the package of that name, which does the work: `pip install "minigrad[safetensors]"`. The format holds tensors by
name, and texts, and nothing that could be run. Its bfloat16 numbers are read as float32, which holds them all.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

from minigrad.devices import check_device
from minigrad.dtypes import BY_CHAR
from minigrad.serialization import write_atomically
from minigrad.tensor import Tensor, wrap

__all__ = ["load", "load_file", "save", "save_file"]

TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U8": "u1",
    "BOOL": "?",
}


def save_file(
    tensors: Mapping[str, Tensor], filename: str | os.PathLike[str], metadata: Mapping[str, str] | None = None
) -> None:
    """Write tensors by name, such as a `state_dict()`, to a file, and texts beside them as `metadata`. See `save`.

    The file is written beside its name and moved into place. ImportError without the package safetensors.
    """
    content = save(tensors, metadata)
    write_atomically(filename, lambda file: file.write(content))


def save(tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> bytes:
    """The content of such a file. TypeError for what is not a dict of tensors by name.

    >>> import minigrad
    >>> content = minigrad.safetensors.save({"w": minigrad.ones(2)})
    >>> minigrad.safetensors.load(content)
    {'w': tensor([1., 1.])}
    """
    library, entries = _library(), {}
    for name, tensor in dict(tensors).items():
        if not isinstance(tensor, Tensor) or not isinstance(name, str):
            raise TypeError(
                f"safetensors holds tensors by name, not a {type(tensor).__name__} by {name!r}: give it a state_dict(), and "
                "save the rest with minigrad.save"
            )
        entries[name] = np.array(tensor.array, order="C")
    content: bytes = library.numpy.save(entries, None if metadata is None else dict(metadata))
    return content


def load_file(filename: str | os.PathLike[str], device: Any = "cpu") -> dict[str, Tensor]:
    """The tensors of a file, by name. See `load`. FileNotFoundError if there is none."""
    check_device(device)
    with open(filename, "rb") as file:
        return load(file.read(), os.fspath(filename))


def load(data: bytes, name: str = "the file") -> dict[str, Tensor]:
    """The tensors of such a file's content. ValueError for another content, TypeError for numbers that minigrad lacks."""
    library = _library()
    try:
        entries = library.deserialize(data)
    except library.SafetensorError as error:
        raise ValueError(f"{name} is not a safetensors file, or it is damaged: {error}") from None
    return {key: wrap(_array(key, entry)) for key, entry in sorted(entries)}


def _array(key: str, entry: dict[str, Any]) -> np.ndarray[Any, Any]:
    kind, shape, data = entry["dtype"], entry["shape"], entry["data"]
    if kind == "BF16":  # the upper half of a float32
        return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32).reshape(shape)
    if kind not in TYPES:
        raise TypeError(f"{key} is of type {kind}, which minigrad does not have: it has {', '.join(TYPES)}")
    array = np.frombuffer(data, TYPES[kind]).reshape(shape)
    return array.astype(BY_CHAR[array.dtype.newbyteorder("=").char].dtype)


def _library() -> ModuleType:
    try:
        import safetensors.numpy
    except ImportError:
        raise ImportError(
            "safetensors files need the package of that name: pip install 'minigrad[safetensors]'", name="safetensors"
        ) from None
    return safetensors
