"""Random numbers: the same seed gives the same numbers, on every machine, and the same numbers as PyTorch's.

The engine is the Mersenne Twister (M. Matsumoto and T. Nishimura, ACM TOMACS 8(1), 1998), normal numbers are made from
uniform ones by the Box-Muller transform (G. Box and M. Muller, Ann. Math. Statist. 29, 1958), in the order in which
PyTorch's CPU generator makes them.
"""

from __future__ import annotations

import os
from math import prod
from operator import index
from typing import Any

import numpy as np

from minigrad.dtypes import DTypeLike, default_dtype, to_numpy
from minigrad.tensor import Tensor, _size, wrap


class Generator:
    """A stream of random numbers with a state of its own.

    >>> import minigrad
    >>> a, b = (minigrad.Generator().manual_seed(7) for _ in range(2))
    >>> minigrad.rand(3, generator=a).equal(minigrad.rand(3, generator=b))
    True
    """

    def __init__(self, device: Any = "cpu") -> None:
        self._engine: Any = None
        self.manual_seed(67280421310721)

    @property
    def _twister(self) -> Any:
        """NumPy's Mersenne Twister, made when first needed: importing numpy.random takes a while."""
        if self._engine is None:
            self._engine = np.random.MT19937()
            self._engine._legacy_seeding(self._seed & 0xFFFFFFFF)
        return self._engine

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream that belongs to `seed`; returns the generator itself. Of a seed, 64 bits count."""
        self._seed = int(seed) & 0xFFFFFFFFFFFFFFFF
        if self._engine is not None:
            self._engine._legacy_seeding(self._seed & 0xFFFFFFFF)
        self._spare: float | None = None  # the second normal number of a pair
        return self

    def seed(self) -> int:
        """Start a stream from a seed taken from the operating system, and return that seed."""
        self.manual_seed(int.from_bytes(os.urandom(8), "little") >> 1)
        return self._seed

    def initial_seed(self) -> int:
        """The seed the stream started from."""
        return self._seed

    def get_state(self) -> dict[str, Any]:
        """The whole state, in plain numbers and an array: `set_state` continues from it exactly."""
        state = self._twister.state["state"]
        return {"key": state["key"].copy(), "pos": int(state["pos"]), "spare": self._spare, "seed": self._seed}

    def set_state(self, state: dict[str, Any]) -> Generator:
        """Continue from a state that `get_state` gave."""
        key = np.asarray(state["key"], np.uint32)
        self._twister.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": int(state["pos"])}}
        self._spare, self._seed = state["spare"], int(state["seed"])
        return self

    def raw(self, n: int) -> np.ndarray[Any, Any]:
        """n draws of 32 bits."""
        bits: np.ndarray[Any, Any] = self._twister.random_raw(n)
        return bits

    def raw64(self, n: int) -> np.ndarray[Any, Any]:
        """n draws of 64 bits, each of two of 32, the first one high."""
        bits = self.raw(2 * n)
        pairs: np.ndarray[Any, Any] = (bits[::2] << np.uint64(32)) | bits[1::2]
        return pairs

    def uniform(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
        """Numbers in [0, 1), of 24 random bits each in float32, 53 in float64."""
        n = _count(shape)
        if dtype == np.float64:
            out = (self.raw64(n) & np.uint64(2**53 - 1)) * 2.0**-53
        else:
            out = (self.raw(n) & np.uint64(2**24 - 1)).astype(np.float32) * np.float32(2.0**-24)
        return out.astype(dtype, copy=False).reshape(shape)

    def normal(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
        """Numbers of mean 0 and standard deviation 1."""
        n = _count(shape)
        if n < 16:
            return np.array([self._one_normal() for _ in range(n)]).astype(dtype).reshape(shape)
        wide = np.dtype(np.float64 if dtype == np.float64 else np.float32)
        out = self.uniform((n,), wide)
        whole = n - n % 16
        _box_muller(out[:whole].reshape(-1, 16))
        if whole < n:  # the last block overlaps the one before it, and is drawn anew
            out[-16:] = self.uniform((16,), wide)
            _box_muller(out[-16:].reshape(1, 16))
        return out.astype(dtype, copy=False).reshape(shape)

    def _one_normal(self) -> float:
        if self._spare is not None:
            value, self._spare = self._spare, None
            return value
        u1, u2 = self.uniform((2,), np.dtype(np.float64))
        radius, angle = np.sqrt(-2 * np.log1p(-u2)), 2 * np.pi * u1
        self._spare = float(radius * np.sin(angle))
        return float(radius * np.cos(angle))

    def below(self, bound: int, n: int) -> np.ndarray[Any, Any]:
        """n integers in [0, bound). Large bounds take 64 bits, so that the remainder favours none noticeably."""
        bits = self.raw(n) if bound < 2**28 else self.raw64(n)
        return (bits % np.uint64(bound)).astype(np.int64)

    def permutation(self, n: int) -> np.ndarray[Any, Any]:
        """The numbers 0 to n - 1 in random order (R. Durstenfeld, CACM 7(7), 1964)."""
        distances = self.raw(max(n - 1, 0)) % np.arange(n, 1, -1, dtype=np.uint64)
        order = list(range(n))
        for i, j in enumerate((np.arange(len(distances), dtype=np.uint64) + distances).tolist()):
            order[i], order[j] = order[j], order[i]
        return np.array(order, np.int64)


def _count(shape: tuple[int, ...]) -> int:
    """The number of elements of a shape; ValueError for a negative size."""
    if any(n < 0 for n in shape):
        raise ValueError(f"a tensor of shape {tuple(shape)}: sizes cannot be negative")
    return prod(shape)


def _box_muller(blocks: np.ndarray[Any, Any]) -> None:
    """Turn rows of 16 uniform numbers into rows of 16 normal ones, in place: eight pairs (i, i + 8)."""
    radius = np.sqrt(-2 * np.log(1 - blocks[:, :8]))
    angle = blocks.dtype.type(2 * np.pi) * blocks[:, 8:]
    blocks[:, :8], blocks[:, 8:] = radius * np.cos(angle), radius * np.sin(angle)


default_generator = Generator()


def manual_seed(seed: int) -> Generator:
    """Seed the default generator, from which everything random draws that is not given one of its own.

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.rand(2)
    tensor([0.4963, 0.7682])
    """
    return default_generator.manual_seed(seed)


def rand(
    *sizes: Any, size: Any = None, generator: Generator | None = None, dtype: DTypeLike | None = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers drawn evenly from [0, 1). TypeError if `dtype` is no floating-point type."""
    return _make((generator or default_generator).uniform(_size(sizes, size), _float(dtype, "rand")), requires_grad)


def randn(
    *sizes: Any, size: Any = None, generator: Generator | None = None, dtype: DTypeLike | None = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers drawn from the normal distribution of mean 0 and standard deviation 1. TypeError as for `rand`."""
    return _make((generator or default_generator).normal(_size(sizes, size), _float(dtype, "randn")), requires_grad)


def randint(
    low: Any = None, high: Any = None, size: Any = None, *, generator: Generator | None = None,
    dtype: DTypeLike | None = None, device: Any = None,
) -> Tensor:  # fmt: skip
    """Integers drawn evenly from [low, high), or from [0, high): `randint(low, high, size)`, `randint(high, size)`.

    ValueError if there is no such integer, OverflowError if they do not all fit `dtype` (int64).

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.randint(10, (5,))
    tensor([4, 9, 3, 0, 3])
    """
    if size is None:
        low, high, size = None, low, high
    elif high is None:
        low, high = None, low
    if size is None or high is None:
        raise TypeError("randint: give a bound and a size: randint(high, size) or randint(low, high, size)")
    first, end = 0 if low is None else index(low), index(high)
    if end <= first:
        raise ValueError(f"randint from {first} to {end}: there is no integer to draw, use low < high")
    kind = np.dtype(np.int64) if dtype is None else to_numpy(dtype)
    if kind.kind in "iu" and not np.iinfo(kind).min <= first < end <= np.iinfo(kind).max + 1:
        raise OverflowError(f"randint from {first} to {end}: these do not all fit the type {kind}")
    shape = _size((size,))
    numbers = (generator or default_generator).below(end - first, prod(shape)) + first
    return wrap(numbers.reshape(shape).astype(kind))


def randperm(
    n: int, *, generator: Generator | None = None, dtype: DTypeLike | None = None, device: Any = None
) -> Tensor:
    """The integers from 0 to n - 1 in random order. ValueError if n is negative."""
    if n < 0:
        raise ValueError(f"randperm({n}): there is no permutation of fewer than 0 numbers")
    order = (generator or default_generator).permutation(n)
    return wrap(order if dtype is None else order.astype(to_numpy(dtype)))


def rand_like(input: Tensor, *, dtype: DTypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """`rand` in the shape and dtype of another tensor."""
    return rand(input.array.shape, dtype=input.dtype if dtype is None else dtype, requires_grad=requires_grad)


def randn_like(input: Tensor, *, dtype: DTypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """`randn` in the shape and dtype of another tensor."""
    return randn(input.array.shape, dtype=input.dtype if dtype is None else dtype, requires_grad=requires_grad)


def get_rng_state() -> dict[str, Any]:
    """The state of the default generator."""
    return default_generator.get_state()


def set_rng_state(state: dict[str, Any]) -> None:
    """Continue the default generator from a state that `get_rng_state` gave."""
    default_generator.set_state(state)


def _float(dtype: DTypeLike | None, name: str) -> np.dtype[Any]:
    kind = default_dtype() if dtype is None else to_numpy(dtype)
    if kind.kind != "f":
        raise TypeError(f"{name} of type {kind}: these are real numbers, use a floating-point type, or randint")
    return kind


def _make(array: np.ndarray[Any, Any], requires_grad: bool) -> Tensor:
    made = wrap(array)
    made.requires_grad = requires_grad
    return made
