"""Saving and loading: tensors, the containers that hold them, and whole modules, in one .npz file.

The format: every tensor and array is a member of an ordinary NumPy archive, and the member "structure" is a JSON text
that says how they are nested: `{"format": "minigrad 1", "content": ...}`, where a content is a number, a text, true, false or
null, or a list of a kind and what belongs to it:

    ["tensor", member], ["array", member], ["leaf", member] (a tensor that requires grad), ["parameter", member, requires_grad]
    ["list", contents], ["tuple", ...], ["set", ...], ["frozenset", ...], ["size", ...], ["dict", pairs], ["odict", pairs]
    ["bytes", hexadecimal], ["complex", [real, imaginary]], ["dtype", name], ["device", name]
    ["module", Python module, class, attributes by name]; ["same", n]: the n-th parameter or module again

NumPy alone can read it; nothing in it is ever run, no pickle, no import: of a whole module, the class has to be there already.
Files are written beside their name and moved into place, so that an interrupted save leaves the old file whole.
"""

from __future__ import annotations

import io
import os
import re
import sys
from _thread import get_ident
from collections import OrderedDict
from collections.abc import Callable
from importlib import import_module
from typing import IO, Any

import numpy as np

from minigrad.devices import check_device, device
from minigrad.dtypes import BY_CHAR, dtype, to_numpy
from minigrad.tensor import Size, Tensor, wrap

FORMAT = "minigrad 1"
RESERVED = ("structure", "file", "allow_pickle")  # ours, and the names of np.savez's own parameters
LARGEST = 1 << 30  # bytes that a compressed file may hold however small it is; beyond, no more than 100 times its size
PLAIN: dict[str, Callable[..., Any]] = {
    "list": list, "tuple": tuple, "set": set, "frozenset": frozenset, "size": Size, "dict": dict, "odict": OrderedDict,
}  # fmt: skip


def save(
    obj: Any, f: str | os.PathLike[str] | IO[bytes], pickle_module: Any = None, pickle_protocol: Any = None, **more: Any
) -> None:
    """Write tensors, arrays, numbers, texts, None, and dicts, lists, tuples and sets of them, to a file; or a whole module.

    TypeError for anything else, naming where it stands; ValueError for what is nested without end; FileNotFoundError if
    the folder does not exist. `load` gives back what was saved, except that the result of an operation comes back as a leaf,
    tensors that shared memory share it no more, and a subclass of dict, list or tuple comes back as the dict, list or tuple.

    Of a module, the attributes are saved, under the name of its class: for weights that outlive a change of the program, save
    `module.state_dict()`. PyTorch's other arguments are accepted, but for `pickle_module`: minigrad never pickles.

    >>> import io, minigrad
    >>> file = io.BytesIO()
    >>> minigrad.save({"weight": minigrad.ones(2), "epoch": 3}, file)
    >>> _ = file.seek(0)
    >>> minigrad.load(file)
    {'weight': tensor([1., 1.]), 'epoch': 3}
    """
    import json

    _no_pickle("save", pickle_module)
    packer = Packer()
    try:
        structure = {"format": FORMAT, "content": packer.pack(obj, "")}
        packer.arrays["structure"] = np.asarray(json.dumps(structure))
    except RecursionError:
        raise ValueError("save: the object is nested too deeply, or contains itself") from None
    write_atomically(f, lambda file: np.savez(file, **packer.arrays))  # type: ignore[arg-type]


def write_atomically(f: str | os.PathLike[str] | IO[bytes], write: Callable[[IO[bytes]], object]) -> None:
    """Write to an open file; or to a path, through a file beside it that takes its place when it is whole."""
    if not isinstance(f, str | os.PathLike):
        write(f)
        return
    folder, name = os.path.split(os.path.realpath(f))  # through a link, as writing to it would
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"save: there is no folder {folder}: make it first, os.makedirs")
    part = os.path.join(folder, f".{os.getpid()}-{get_ident()}.part")
    try:
        with open(part, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, os.path.join(folder, name))
    except BaseException:
        if os.path.exists(part):
            os.unlink(part)
        raise


def load(
    f: str | os.PathLike[str] | IO[bytes], map_location: Any = None, pickle_module: Any = None, *,
    weights_only: bool | None = None, mmap: bool | None = None, **more: Any,
) -> Any:  # fmt: skip
    """Read what `save` wrote; an .npz of plain arrays gives a dict of tensors.

    ValueError for a file that is neither, or is damaged: whatever is in it, nothing else is raised, and nothing is run.
    A whole module needs its class, defined or imported under the name it had; with `weights_only=True` it is refused.
    There is one device: `map_location` may be the CPU, a function or a dict, and changes nothing; RuntimeError for another.
    """
    _no_pickle("load", pickle_module)
    if isinstance(map_location, str | device):
        check_device(map_location)
    if isinstance(f, str | os.PathLike):
        with open(f, "rb") as file:
            return _read(file, os.fspath(f), bool(weights_only))
    data = f.read()
    return _read(io.BytesIO(data if isinstance(data, bytes | bytearray) else b""), "the file", bool(weights_only))


def _no_pickle(name: str, pickle_module: Any) -> None:
    if pickle_module is not None:
        raise TypeError(f"{name}: minigrad never pickles, so there is no use for a pickle_module: leave it out")


def _read(file: IO[bytes], name: str, weights_only: bool) -> Any:
    import json

    try:
        _check_archive(file)
        with np.load(file, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
        if "structure" not in arrays:
            return {key: _tensor(array) for key, array in arrays.items()}
        structure = json.loads(arrays["structure"].item())
        if structure.get("format") != FORMAT:
            raise ValueError(f"its format is {structure.get('format')!r}")
        return Unpacker(arrays, weights_only).unpack(structure["content"])
    except Exception as error:  # damage has many names, from BadZipFile to RecursionError
        reason = str(error) or type(error).__name__
        raise ValueError(f"{name} is not a file that minigrad.save wrote, or it is damaged: {reason}") from error


FOREIGN = (
    "it is a file of PyTorch's own, a pickle, which can run any code, so minigrad does not read it: in PyTorch, write the "
    "weights with safetensors.torch.save_file(model.state_dict(), 'weights.safetensors'), and read that with "
    "minigrad.safetensors.load_file"
)


def _check_archive(file: IO[bytes]) -> None:
    """ValueError for what is no archive, or another kind of it, or one that would fill the memory. Leaves it at its start."""
    start = file.read(16)
    file.seek(0)
    if start[:4] not in (b"PK\3\4", b"PK\5\6"):
        if start[:3] == b"\x80\2\x8a":
            raise ValueError(FOREIGN)
        if start[8:9] == b"{":
            raise ValueError("it is a safetensors file: read it with minigrad.safetensors.load_file")
        raise ValueError("it is no .npz archive")
    from zipfile import ZipFile  # here, because it takes half as long to import as all of minigrad

    with ZipFile(file) as archive:
        members = archive.infolist()
    if any(member.filename.endswith("/data.pkl") for member in members):
        raise ValueError(FOREIGN)
    size, held = file.seek(0, os.SEEK_END), sum(member.file_size for member in members)
    if held > max(LARGEST, 100 * size):
        raise ValueError(f"its {size} bytes unpack to {held}")
    file.seek(0)


class Packer:
    """Objects in JSON's terms: containers as tagged lists, arrays by the name of their member."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray[Any, Any]] = {}
        self.numbers: dict[int, int] = {}  # of parameters and modules that were met, by identity

    def member(self, array: np.ndarray[Any, Any], path: str) -> str:
        """Keep an array, under a name like its path."""
        if array.dtype.hasobject:
            raise TypeError(
                f"save: {path.strip('.') or 'the object'} is an array of Python objects: convert it to numbers first"
            )
        name = re.sub(r"(\.npy)+$", "", re.sub(r"[^\w.-]", "_", path.strip("."))[:100]) or "data"
        while name in self.arrays or name in RESERVED:
            name = f"{name}_{len(self.arrays)}"
        self.arrays[name] = array
        return name

    def pack(self, obj: Any, path: str) -> Any:
        """One object and what it holds."""
        if obj is None or isinstance(obj, bool | int | float | str):
            return obj
        if isinstance(obj, np.generic):
            return self.pack(obj.item(), path)
        if isinstance(obj, np.ndarray):
            return ["array", self.member(obj, path)]
        if isinstance(obj, Tensor) and type(obj).__name__ != "Parameter":
            return ["leaf" if obj.requires_grad else "tensor", self.member(obj.array, path)]
        if isinstance(obj, dict):
            kind = "odict" if isinstance(obj, OrderedDict) else "dict"
            return [kind, [[self.pack(k, path), self.pack(v, f"{path}.{k}")] for k, v in obj.items()]]
        if isinstance(obj, list | tuple | set | frozenset):
            kind = next(name for name in ("list", "size", "tuple", "set", "frozenset") if isinstance(obj, PLAIN[name]))  # type: ignore[arg-type]
            return [kind, [self.pack(v, f"{path}.{i}") for i, v in enumerate(obj)]]
        if isinstance(obj, bytes | bytearray):
            return ["bytes", obj.hex()]
        if isinstance(obj, complex):
            return ["complex", [obj.real, obj.imag]]
        if isinstance(obj, dtype | device):
            return [type(obj).__name__, obj.name if isinstance(obj, dtype) else str(obj)]
        if isinstance(obj, Tensor) or (isinstance(obj, _module_class()) and "<locals>" not in type(obj).__qualname__):
            return self.pack_once(obj, path)
        where = path.strip(".") or "the object"
        raise TypeError(
            f"save: {where} is a {type(obj).__name__}: save tensors, arrays, numbers and texts in dicts and "
            "lists (for a module, its state_dict())"
        )

    def pack_once(self, obj: Any, path: str) -> Any:
        """A parameter or a module, which may be held in several places, or hold what holds it."""
        if id(obj) in self.numbers:
            return ["same", self.numbers[id(obj)]]
        self.numbers[id(obj)] = len(self.numbers)
        if isinstance(obj, Tensor):
            return ["parameter", self.member(obj.array, path), obj.requires_grad]
        kind = type(obj)
        return [
            "module",
            kind.__module__,
            kind.__qualname__,
            {k: self.pack(v, f"{path}.{k}") for k, v in vars(obj).items()},
        ]


class Unpacker:
    """The objects that `Packer` described."""

    def __init__(self, arrays: dict[str, np.ndarray[Any, Any]], weights_only: bool) -> None:
        self.arrays, self.weights_only = arrays, weights_only
        self.met: list[Any] = []

    def unpack(self, content: Any) -> Any:
        """One object and what it holds."""
        if not isinstance(content, list):
            if isinstance(content, dict):
                raise ValueError("it holds a bare object")
            return content
        kind, *values = content
        (value, *rest) = values
        if kind in ("tensor", "leaf"):
            return _tensor(self.arrays[value]).requires_grad_(kind == "leaf")
        if kind == "module" and len(rest) == 2:
            return self.module(value, *rest)
        if kind == "parameter" and len(rest) == 1:
            self.met.append(_parameter(_tensor(self.arrays[value]), bool(rest[0])))
            return self.met[-1]
        if rest:
            raise ValueError(f"it holds a {kind!r} of {len(values)} parts")
        if kind == "array":
            return self.arrays[value]
        if kind == "same":
            return self.met[value]
        if kind in ("dict", "odict"):
            return PLAIN[kind]((self.unpack(k), self.unpack(v)) for k, v in value)
        if kind == "bytes":
            return bytes.fromhex(value)
        if kind == "complex":
            return complex(*value)
        if kind == "dtype":
            return BY_CHAR[np.dtype(value).char]
        if kind == "device":
            return device(value)
        if kind not in PLAIN:
            raise ValueError(f"it holds a {kind!r}")
        return PLAIN[kind]([self.unpack(v) for v in value])

    def module(self, place: str, name: str, attributes: dict[str, Any]) -> Any:
        """A module with its attributes; nothing of its class is run."""
        if self.weights_only:
            raise ValueError(
                f"it holds a whole module, {name}: load it without weights_only=True, or save its state_dict()"
            )
        made = object.__new__(_class(place, name))
        self.met.append(made)
        for key, value in attributes.items():
            made.__dict__[key] = self.unpack(value)
        return made


def _module_class() -> Any:
    """nn.Module, if anything of it has been made; else no class at all."""
    loaded = sys.modules.get("minigrad.nn.module")
    return loaded.Module if loaded is not None else ()


def _class(place: str, name: str) -> Any:
    """A class of modules that the program has. Nothing is imported but minigrad's own."""
    if place.startswith("minigrad.nn."):
        import_module("minigrad.nn")
    found: Any = sys.modules.get(place)
    for part in name.split("."):
        found = vars(found).get(part) if found is not None else None
    if not isinstance(found, type) or not issubclass(found, _module_class()):
        raise ValueError(
            f"it holds a {place}.{name}, which is no class of modules that this program has: define or import it first"
        )
    return found


def _parameter(data: Tensor, requires_grad: bool) -> Tensor:
    """A tensor as a parameter: `nn` is opened only by files that need it."""
    made: Tensor = import_module("minigrad.nn.parameter").Parameter(data, requires_grad)
    return made


def _tensor(array: np.ndarray[Any, Any]) -> Tensor:
    """An array as a tensor, in the byte order of this machine. TypeError if it is none that a tensor can hold."""
    if not isinstance(array, np.ndarray):  # a member of the archive that is something else comes as bytes
        raise TypeError("it holds more than arrays")
    return wrap(array.astype(to_numpy(array.dtype.newbyteorder("=")), copy=False))
