"""Saving and loading: tensors, and dicts and lists that hold them, in one .npz file.

The format: every tensor and array is a member of an ordinary NumPy archive, and the member "structure" is a JSON text
that says how they are nested. NumPy alone can read it; nothing in it is ever run. Files are written beside their name
and moved into place, so that an interrupted save leaves the old file whole.
"""

from __future__ import annotations

import io
import os
import re
from _thread import get_ident
from collections import OrderedDict
from typing import IO, Any

import numpy as np

from minigrad.dtypes import to_numpy
from minigrad.tensor import Tensor, wrap

FORMAT = "minigrad 1"
RESERVED = ("structure", "file", "allow_pickle")  # ours, and the names of np.savez's own parameters


def save(obj: Any, f: str | os.PathLike[str] | IO[bytes]) -> None:
    """Write tensors, arrays, numbers, texts, None, and dicts, lists and tuples of them, to a file.

    TypeError for anything else, naming where it stands; ValueError for what is nested without end; FileNotFoundError if
    the folder does not exist. `load` gives back what was saved, except that parameters come back as tensors, tensors that
    shared memory share it no more, and a subclass of dict, list or tuple comes back as the dict, list or tuple.

    >>> import io, minigrad
    >>> file = io.BytesIO()
    >>> minigrad.save({"weight": minigrad.ones(2), "epoch": 3}, file)
    >>> _ = file.seek(0)
    >>> minigrad.load(file)
    {'weight': tensor([1., 1.]), 'epoch': 3}
    """
    import json

    arrays: dict[str, np.ndarray[Any, Any]] = {}
    try:
        structure = {"format": FORMAT, "content": _pack(obj, "", arrays)}
        arrays["structure"] = np.asarray(json.dumps(structure))
    except RecursionError:
        raise ValueError("save: the object is nested too deeply, or contains itself") from None
    if not isinstance(f, str | os.PathLike):
        np.savez(f, **arrays)  # type: ignore[arg-type]
        return
    folder, name = os.path.split(os.path.realpath(f))  # through a link, as writing to it would
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"save: there is no folder {folder}: make it first, os.makedirs")
    part = os.path.join(folder, f".{os.getpid()}-{get_ident()}.part")
    try:
        with open(part, "wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, os.path.join(folder, name))
    except BaseException:
        if os.path.exists(part):
            os.unlink(part)
        raise


def load(f: str | os.PathLike[str] | IO[bytes], map_location: Any = None, *, weights_only: bool = True) -> Any:
    """Read what `save` wrote; an .npz of plain arrays gives a dict of tensors.

    ValueError for a file that is neither, or is damaged: whatever is in it, nothing else is raised, and nothing is run.
    There is one device, and nothing but data in a file: `map_location` and `weights_only` are accepted and change nothing.
    """
    import json

    name = os.fspath(f) if isinstance(f, str | os.PathLike) else "the file"
    if isinstance(f, str | os.PathLike):
        with open(f, "rb") as file:
            data = file.read()
    else:
        data = f.read()
    try:
        if data[:4] not in (b"PK\3\4", b"PK\5\6"):
            raise ValueError("it is no .npz archive")
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
        if "structure" not in arrays:
            return {key: _tensor(array) for key, array in arrays.items()}
        structure = json.loads(arrays["structure"].item())
        if structure.get("format") != FORMAT:
            raise ValueError(f"its format is {structure.get('format')!r}")
        return _unpack(structure["content"], arrays)
    except Exception as error:  # damage has many names, from BadZipFile to RecursionError
        reason = str(error) or type(error).__name__
        raise ValueError(f"{name} is not a file that minigrad.save wrote, or it is damaged: {reason}") from error


def _pack(obj: Any, path: str, arrays: dict[str, np.ndarray[Any, Any]]) -> Any:
    """The structure of an object in JSON's terms: containers as tagged lists, arrays by the name of their member."""
    if isinstance(obj, Tensor | np.ndarray):
        array = obj.array if isinstance(obj, Tensor) else obj
        if array.dtype.hasobject:
            raise TypeError(
                f"save: {path.strip('.') or 'the object'} is an array of Python objects: convert it to numbers first"
            )
        name = re.sub(r"(\.npy)+$", "", re.sub(r"[^\w.-]", "_", path.strip("."))[:100]) or "data"
        while name in arrays or name in RESERVED:
            name = f"{name}_{len(arrays)}"
        arrays[name] = array
        return ["tensor" if isinstance(obj, Tensor) else "array", name]
    if isinstance(obj, np.generic):
        obj = obj.item()
    if obj is None or isinstance(obj, bool | int | float | str):
        return obj
    if isinstance(obj, dict):
        kind = "odict" if isinstance(obj, OrderedDict) else "dict"
        return [kind, [[_pack(k, path, arrays), _pack(v, f"{path}.{k}", arrays)] for k, v in obj.items()]]
    if isinstance(obj, list | tuple):
        kind = "list" if isinstance(obj, list) else "tuple"
        return [kind, [_pack(v, f"{path}.{i}", arrays) for i, v in enumerate(obj)]]
    raise TypeError(
        f"save: {path.strip('.') or 'the object'} is a {type(obj).__name__}: save tensors, arrays, numbers and texts in dicts "
        "and lists (for a module, its state_dict())"
    )


def _unpack(content: Any, arrays: dict[str, np.ndarray[Any, Any]]) -> Any:
    """The object that `_pack` described."""
    if not isinstance(content, list):
        return content
    kind, value = content
    if kind in ("tensor", "array"):
        return _tensor(arrays[value]) if kind == "tensor" else arrays[value]
    if kind in ("dict", "odict"):
        pairs = [(_unpack(k, arrays), _unpack(v, arrays)) for k, v in value]
        return OrderedDict(pairs) if kind == "odict" else dict(pairs)
    if kind in ("list", "tuple"):
        items = [_unpack(v, arrays) for v in value]
        return items if kind == "list" else tuple(items)
    raise ValueError(f"it holds a {kind!r}")


def _tensor(array: np.ndarray[Any, Any]) -> Tensor:
    """An array as a tensor, in the byte order of this machine. TypeError if it is none that a tensor can hold."""
    if not isinstance(array, np.ndarray):  # a member of the archive that is something else comes as bytes
        raise TypeError("it holds more than arrays")
    return wrap(array.astype(to_numpy(array.dtype.newbyteorder("=")), copy=False))
