"""IDX, the file format of MNIST: a short header, then the numbers of one array.

Two zero bytes, a byte for the type of the elements, a byte for the number of dimensions, the sizes in four bytes each,
then the elements, row by row. All numbers are big-endian. The files are often compressed by gzip.

Source: Y. LeCun, C. Cortes and C. J. C. Burges, The MNIST database of handwritten digits, 1998, "File formats".
"""

from __future__ import annotations

import math
import os
import struct
from pathlib import Path
from typing import IO, Any

import numpy as np

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
CODES = {name[1:]: code for code, name in TYPES.items()}
GZIP = b"\x1f\x8b"  # how every gzip file starts
PIECE = 1 << 16  # bytes read at a time
MAX_DIMENSIONS = 64  # NumPy's


class IDXError(ValueError):
    """A file is not in IDX format, or does not hold what its header promises."""


def read_idx(path: str | os.PathLike[str], *, limit: int = 1 << 30) -> np.ndarray[Any, Any]:
    """The array in an IDX file, compressed by gzip or not (the content decides, not the name), in memory of its own.

    Its dtype is uint8, int8, int16, int32, float32 or float64, in this machine's byte order.

    No more is read than the header promises and one byte, and memory is taken only for what was read. A header that
    promises more than `limit` bytes is refused before that.

    Raises IDXError for a file in another format, one that is cut short, damaged or too long, and one beyond `limit`;
    OSError if the file cannot be read at all.

    >>> import tempfile, numpy
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_idx(numpy.array([[1.5, 2.5]], numpy.float32), folder + "/numbers.idx.gz")
    ...     read_idx(folder + "/numbers.idx.gz")
    array([[1.5, 2.5]], dtype=float32)
    """
    name = os.fspath(path)
    with open(path, "rb") as file:
        if file.peek(2)[:2] != GZIP:
            return _read(file, name, limit)
        import gzip
        import zlib

        try:
            with gzip.GzipFile(fileobj=file) as unpacked:
                return _read(unpacked, name, limit)
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise IDXError(
                f"{name} is a damaged gzip file ({error}): replace it by a fresh copy of the original"
            ) from error


def _read(file: IO[bytes] | Any, name: str, limit: int) -> np.ndarray[Any, Any]:
    """The array in an open file, uncompressed."""
    head = _take(file, 4)
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in TYPES:
        raise IDXError(
            f"{name} is not an IDX file: it starts with bytes {head.hex(' ') or '(none)'}, not with 00 00, a type "
            f"({', '.join(f'{code:02x}' for code in TYPES)}) and a number of dimensions: check that it is the file you mean"
        )
    dtype, ndim = np.dtype(TYPES[head[2]]), head[3]
    sizes = _take(file, 4 * ndim)
    if len(sizes) < 4 * ndim:
        raise IDXError(
            f"{name} is cut short: it ends within the sizes of its {ndim} dimensions: replace it by a fresh copy"
        )
    if ndim > MAX_DIMENSIONS:
        raise IDXError(
            f"{name} promises {ndim} dimensions, and NumPy holds at most {MAX_DIMENSIONS}: check that it is the file you mean"
        )
    shape = struct.unpack(f">{ndim}I", sizes)
    promised = math.prod(shape) * dtype.itemsize
    what = f"{dtype.name} numbers of shape {shape}, {promised:,} bytes"
    if promised > limit:
        raise IDXError(
            f"{name} promises {what}, beyond the limit of {limit:,}: if you trust it, pass read_idx(..., limit={promised})"
        )
    content = _take(file, promised)
    if len(content) < promised:
        raise IDXError(
            f"{name} is cut short: it promises {what}, and holds {len(content):,} of them: replace it by a fresh copy"
        )
    if file.read(1):
        raise IDXError(
            f"{name} is too long: it promises {what}, and more follow: replace it by a fresh copy, or cut off what is "
            "not part of the array"
        )
    try:
        array: np.ndarray[Any, Any] = np.ndarray(shape, dtype, content)
    except ValueError as error:  # sizes beyond NumPy's, which a size of 0 among them can excuse in a file
        raise IDXError(
            f"{name} promises {what}, which NumPy cannot hold: check that it is the file you mean"
        ) from error
    return array if dtype.isnative else array.byteswap(inplace=True).view(dtype.newbyteorder("="))


def _take(file: IO[bytes] | Any, n: int) -> bytearray:
    """The next n bytes, or what there is of them."""
    content = bytearray()
    while len(content) < n and (piece := file.read(min(PIECE, n - len(content)))):
        content += piece
    return content


def write_idx(array: Any, path: str | os.PathLike[str]) -> None:
    """Write an array, or anything NumPy reads as one, to an IDX file: compressed by gzip if the name ends in ".gz".

    The file appears under its name only when it is whole. The same array gives the same bytes: no time is kept.

    Raises TypeError for elements that IDX has no type for, IDXError for a size that does not fit into four bytes.
    """
    array = np.asarray(array)
    code = CODES.get(array.dtype.str[1:])
    if code is None:
        names = ", ".join(np.dtype(name).name for name in CODES)
        raise TypeError(f"IDX has no type for elements of {array.dtype}: convert them first, to one of {names}")
    if max(array.shape, default=0) >= 1 << 32:
        raise IDXError(f"IDX keeps sizes in four bytes, too few for shape {array.shape}: split the array")
    head = struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)
    content = head + array.astype(TYPES[code]).tobytes()
    path = Path(path)
    if path.suffix == ".gz":
        import gzip

        content = gzip.compress(content, mtime=0)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
