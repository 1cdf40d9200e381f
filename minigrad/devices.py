"""Devices, of which there is one. Programs that ask for others hear so in one sentence; harmless talk of devices works."""

from __future__ import annotations

from typing import Any

from minigrad.dialect import dialect

KNOWN = ("cpu", "cuda", "mps", "xpu", "meta")


class device:  # noqa: N801 (PyTorch's spelling)
    """A device by name, "cpu" or "cuda:0". Tensors live on the CPU only: any other can be named, but not used.

    RuntimeError for a name that is none.

    >>> import minigrad
    >>> minigrad.device("cpu"), minigrad.ones(2).device == minigrad.device("cpu")
    (device(type='cpu'), True)
    """

    __slots__ = ("type", "index")

    type: str
    index: int | None

    def __init__(self, type: Any = "cpu", index: int | None = None) -> None:
        if isinstance(type, device):
            type, index = type.type, type.index
        elif isinstance(type, int):
            type, index = "cuda", type
        kind, colon, number = str(type).partition(":")
        if kind not in KNOWN or (colon and not number.isdigit()):
            raise RuntimeError(f"device({type!r}): no such device: use 'cpu', the one that minigrad has")
        self.type = kind
        self.index = int(number) if colon else index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        return f"device(type='{self.type}'" + ("" if self.index is None else f", index={self.index}") + ")"

    def __reduce__(self) -> Any:
        return device, (self.type, self.index)

    def __enter__(self) -> device:
        """`with device("cpu"):` changes nothing; RuntimeError for another."""
        return check_device(self)

    def __exit__(self, *exception: object) -> None:
        pass


CPU = device("cpu")


class Layout:
    """How numbers lie in memory, by PyTorch's names. Tensors here lie as NumPy lays them out; the names are accepted."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"{dialect.name}.{self.name}"


strided = Layout("strided")
contiguous_format, preserve_format = Layout("contiguous_format"), Layout("preserve_format")
channels_last, channels_last_3d = Layout("channels_last"), Layout("channels_last_3d")


def check_device(wanted: Any) -> device:
    """The one device there is, if that is what is wanted; RuntimeError if not."""
    if wanted is not None and device(wanted).type != "cpu":
        raise RuntimeError(
            f"device {str(device(wanted))!r}: minigrad computes on the CPU only: leave the device out, or use "
            "device('cuda' if cuda.is_available() else 'cpu')"
        )
    return CPU


def is_device(x: Any) -> bool:
    """True for a device, or a text that names one."""
    return isinstance(x, device) or (isinstance(x, str) and x.partition(":")[0] in KNOWN)


def get_default_device() -> device:
    """The CPU."""
    return CPU


def set_default_device(device: Any) -> None:
    """Accepted for the CPU; RuntimeError for any other."""
    check_device(device)
