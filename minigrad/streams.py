"""Streams of random numbers, as arrays: the same seed gives the same numbers as PyTorch's CPU generator.

The engine is the Mersenne Twister (M. Matsumoto and T. Nishimura, ACM TOMACS 8(1), 1998), normal numbers are made from
uniform ones by the Box-Muller transform (G. Box and M. Muller, Ann. Math. Statist. 29, 1958), in the order in which
PyTorch makes them. All that is drawn goes through `raw`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from math import ceil, prod
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = "np.ndarray[Any, Any]"

BLOCK = 1 << 16  # draws made at a time: they stay in the processor's cache
LARGE = 1 << 28  # ranges of integers from here on take 64 bits per draw
FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
STATE = np.dtype([  # PyTorch's own layout, so that states can be exchanged with it
    ("seed", "<u8"), ("left", "<i4"), ("seeded", "<i4"), ("next", "<u8"), ("key", "<u8", 624), ("", "<f8"),
    ("spare", "<f8"), ("", "<f8"), ("spared", "<i8"), ("", "<f8"),
])  # fmt: skip


class Stream:
    """A source of random numbers with a state of its own."""

    def __init__(self) -> None:
        self._numpy: Any = None
        self.uses = 0  # while it stays, so does the state
        self._saved: tuple[int, Array] | None = None  # the last state that was asked for, and when
        self.manual_seed(67280421310721)

    @property
    def numpy(self) -> Any:
        """NumPy's generator on the same engine: what it draws is drawn from this stream.

        Made when first needed: importing numpy.random takes a while. To be asked for anew for every draw, which counts it.
        """
        self.uses += 1
        self._engine  # noqa: B018 (makes it)
        return self._numpy

    @property
    def _engine(self) -> Any:
        """NumPy's Mersenne Twister."""
        if self._numpy is None:
            self._numpy = np.random.Generator(np.random.MT19937())
            self._numpy.bit_generator._legacy_seeding(self._seed & 0xFFFFFFFF)
        return self._numpy.bit_generator

    def manual_seed(self, seed: int) -> Any:
        """Start the stream that belongs to `seed`; returns the generator itself. Of a seed, 64 bits count."""
        self.uses += 1
        self._seed = int(seed) & 0xFFFFFFFFFFFFFFFF
        if self._numpy is not None:
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

    def state(self) -> Array:
        """The whole state as bytes, in PyTorch's layout."""
        if self._saved is not None and self._saved[0] == self.uses:
            return self._saved[1].copy()
        engine = self._engine.state["state"]
        record = np.zeros((), STATE)
        record["seed"], record["seeded"], record["key"] = self._seed, 1, engine["key"]
        record["left"], record["next"] = 625 - engine["pos"], engine["pos"]
        record["spare"], record["spared"] = self._spare or 0, self._spare is not None
        self._saved = self.uses, np.frombuffer(record.tobytes(), np.uint8)
        return self._saved[1].copy()

    def restore(self, state: Array) -> None:
        """Continue from bytes that `state` gave, or PyTorch's. ValueError for others."""
        if state.dtype != np.uint8 or state.size != STATE.itemsize:
            raise ValueError(
                f"a state of a random generator is {STATE.itemsize} bytes, not an array of type {state.dtype} and shape "
                f"{tuple(state.shape)}: give what get_state() or get_rng_state() returned"
            )
        record = np.frombuffer(state.tobytes(), STATE)[0]
        position = 625 - int(record["left"])
        if not 0 <= position <= 624:
            raise ValueError("these bytes are no state of a random generator: give what get_state() returned")
        self.uses += 1
        key = record["key"].astype(np.uint32)
        self._engine.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": position}}
        self._seed = int(record["seed"])
        self._spare = float(record["spare"]) if record["spared"] & 0xFFFFFFFF else None

    # ── bits ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def raw(self, n: int) -> Array:
        """n draws of 32 bits, as uint32."""
        bits: Array = self.numpy.integers(0, 1 << 32, n, np.uint32)
        return bits

    def raw64(self, n: int) -> Array:
        """n draws of 64 bits, each of two of 32, the first one high, as uint64."""
        bits = self.raw(2 * n).astype(np.uint64)
        pairs: Array = (bits[::2] << np.uint64(32)) | bits[1::2]
        return pairs

    # ── real numbers ─────────────────────────────────────────────────────────────────────────────────────────────────

    def uniform(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Numbers in [0, 1), of 24 random bits each in float32, 53 in float64."""
        draw, n = (self._double if dtype == np.float64 else self._single), count(shape)
        if n <= BLOCK:
            return draw(n).astype(dtype, copy=False).reshape(shape)
        out = np.empty(n, dtype)
        for start in range(0, n, BLOCK):
            part = out[start : start + BLOCK]
            part[...] = draw(len(part))
        return out.reshape(shape)

    def _single(self, n: int) -> Array:
        bits = self.raw(n)
        bits &= np.uint32(2**24 - 1)
        return np.multiply(bits.view(np.int32), np.float32(2.0**-24), dtype=np.float32, casting="unsafe")

    def _double(self, n: int) -> Array:
        pairs = self.raw(2 * n).reshape(n, 2)
        high, low = pairs[:, 0] & np.uint32(2**21 - 1), pairs[:, 1]
        return high * 2.0**-21 + low * 2.0**-53

    def normal(self, shape: tuple[int, ...], dtype: np.dtype[Any], mean: float = 0, std: float = 1) -> Array:
        """Numbers of a mean and a standard deviation."""
        n = count(shape)
        if n < 16:
            return self.normal_pairs(shape, mean, std).astype(dtype)
        wide = FLOAT64 if dtype == np.float64 else FLOAT32
        out = np.empty(n, wide)
        whole = n - n % 16
        for start in range(0, whole, BLOCK):
            part = out[start : min(start + BLOCK, whole)]
            part[...] = self._double(len(part)) if wide is FLOAT64 else self._single(len(part))
            box_muller(part.reshape(-1, 2, 8))
        if whole < n:  # the last block overlaps the one before it, and is drawn anew, after the rest (but for float16)
            rest = 0 if dtype == np.float16 else n - whole
            out[-16:] = self.uniform((rest + 16,), wide)[-16:]
            box_muller(out[-16:].reshape(1, 2, 8))
        if std != 1:
            out *= std
        if mean != 0:
            out += mean
        return out.astype(dtype, copy=False).reshape(shape)

    def normal_pairs(self, shape: tuple[int, ...], mean: float = 0, std: float = 1) -> Array:
        """Normal float64 numbers made in pairs, of which the second is kept for the next call if it is not wanted yet.

        So few numbers are made, those of arrays that are not in order in memory, and `log_normal`'s.
        """
        n = count(shape)
        out = np.empty(n)
        start = 0
        if n and self._spare is not None:
            out[0], self._spare, start = self._spare, None, 1
        if start < n:
            numbers = self._double((n - start + 1) // 2 * 2)
            angle, radius = 2 * np.pi * numbers[::2], np.sqrt(-2 * np.log1p(-numbers[1::2]))
            pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).reshape(-1)
            out[start:] = pairs[: n - start]
            if len(pairs) > n - start:
                self._spare = float(pairs[-1])
        return (out * std + mean).reshape(shape)

    def bernoulli(self, shape: tuple[int, ...], p: Any) -> Array:
        """True with probability p: a number, or an array of probabilities. float32 ones are compared with float32 numbers."""
        if isinstance(p, np.ndarray):
            hits: Array = self.uniform(shape, FLOAT32 if p.dtype == np.float32 else FLOAT64) < p
            return hits
        limits = divmod(ceil(p * 2.0**53), 1 << 32)  # a float64 number is 53 bits: there is no need to make it
        out = np.empty(count(shape), bool)
        for start in range(0, len(out), BLOCK):
            part = out[start : start + BLOCK]
            pairs = self.raw(2 * len(part)).reshape(-1, 2)
            high, low = pairs[:, 0] & np.uint32(2**21 - 1), pairs[:, 1]
            np.less(high, limits[0], out=part)
            part |= (high == limits[0]) & (low < limits[1])
        return out.reshape(shape)

    def exponential(self, shape: tuple[int, ...], rate: float = 1) -> Array:
        """float64 numbers of density rate · exp(-rate · x)."""
        numbers: Array = -1 / rate * np.log1p(-self.uniform(shape, FLOAT64))
        return numbers

    # ── integers ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def below(self, bound: int, n: int) -> Array:
        """n integers in [0, bound), as int64."""
        return self.integers(0, bound, n)

    def integers(self, first: int, end: int, n: int) -> Array:
        """n integers in [first, end), as int64. Large ranges take 64 bits, so that the remainder favours none noticeably."""
        span = end - first
        if span < LARGE:
            return (self.raw(n) % np.uint32(span)).astype(np.int64) + first
        bits = self.raw64(n)
        if span < 1 << 64:
            bits = bits % np.uint64(span) + np.uint64(first % (1 << 64))
        return bits.view(np.int64)

    def permutation(self, n: int) -> Array:
        """The numbers 0 to n - 1 in random order: number i changes places with one of those from i on.

        Source: R. Durstenfeld, CACM 7(7), 1964.
        """
        partners = np.arange(max(n - 1, 0)) + self.raw(max(n - 1, 0)) % np.arange(n, 1, -1, dtype=np.uint32)
        if n < 5000:
            order = list(range(n))
            for i, j in enumerate(partners.tolist()):
                order[i], order[j] = order[j], order[i]
            return np.array(order, np.int64)
        return exchanged(partners)

    def multinomial(self, weights: Array, n: int, replacement: bool) -> Array:
        """n indices for each row of weights, drawn in their proportion."""
        if n == 1 or not replacement:  # the race of exponential clocks: the first to ring, or the first n
            with np.errstate(divide="ignore"):
                scores = weights / self.exponential(weights.shape).astype(weights.dtype)
            return scores.argmax(-1)[..., None] if n == 1 else np.argsort(-scores, -1, "stable")[..., :n]
        sums = np.cumsum(weights, -1, dtype=weights.dtype)
        sums /= sums[..., -1:]
        return first_not_below(sums, self.uniform((*weights.shape[:-1], n), FLOAT64))


def exchanged(partners: Array) -> Array:
    """The numbers 0 to n - 1 after i and partners[i] ≥ i have changed places, for one i after the other.

    Exchanges that touch different places can be done at once: in each round all those are done whose two places no earlier
    one, still to be done, wants. Source: J. Shun et al., Sequential Random Permutation, List Contraction and Tree
    Contraction are Highly Parallel, SODA 2015.
    """
    order = np.arange(len(partners) + 1)
    first = np.empty_like(order)  # who wants a place: the earliest
    for start in range(0, len(partners), 2048):
        j = partners[start : start + 2048]
        i = np.arange(start, start + len(j))
        while len(i):
            first[i] = i
            first[j[::-1]] = i[::-1]  # of several writes to one place, the last one stays
            ready = (first[i] == i) & (first[j] == i)
            a, b = i[ready], j[ready]
            order[a], order[b] = order[b], order[a]
            i, j = i[~ready], j[~ready]
    return order


def first_not_below(sums: Array, wanted: Array) -> Array:
    """Per row of rising numbers, where the first stands that is not below each of those wanted: a binary search."""
    low = np.zeros(wanted.shape, np.int64)
    high = np.full(wanted.shape, sums.shape[-1])
    for _ in range(int(sums.shape[-1]).bit_length()):
        middle = np.minimum((low + high) // 2, sums.shape[-1] - 1)
        below = np.take_along_axis(sums, middle, -1) < wanted
        low, high = np.where(below & (low < high), middle + 1, low), np.where(below, high, middle)
    return low


def count(shape: tuple[int, ...]) -> int:
    """The number of elements of a shape; ValueError for a negative size."""
    if any(n < 0 for n in shape):
        raise ValueError(f"a tensor of shape {tuple(shape)}: sizes cannot be negative")
    return prod(shape)


def box_muller(blocks: Array) -> None:
    """Turn blocks of 2 times 8 uniform numbers into normal ones, in place: eight pairs (i, i + 8)."""
    radius = 1 - blocks[:, 0]
    np.log(radius, out=radius)
    radius *= -2
    np.sqrt(radius, out=radius)
    angle = blocks[:, 1] * blocks.dtype.type(2 * np.pi)
    np.multiply(radius, np.cos(angle), out=blocks[:, 0])
    np.multiply(radius, np.sin(angle, out=angle), out=blocks[:, 1])


def axes_in_memory(array: Array) -> list[int]:
    """The dimensions of an array in the order of its strides, the widest first: PyTorch fills it in this order."""
    return sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]))


def laid_out(array: Array, draw: Callable[[tuple[int, ...]], Array]) -> Array:
    """draw(shape) for an array's shape, drawn in the order of its memory."""
    if array.flags.c_contiguous:
        return draw(array.shape)
    axes = axes_in_memory(array)
    return draw(tuple(array.shape[axis] for axis in axes)).transpose(np.argsort(axes))


default_stream = Stream()
