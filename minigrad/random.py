"""Random numbers: the same seed gives the same numbers, on every machine, and the same numbers as PyTorch's.

How they are made is in `streams.py`; docs/compatibility.md says for which functions they are PyTorch's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from operator import index
from typing import Any

import numpy as np

from minigrad.devices import CPU, check_device, device
from minigrad.dtypes import DTypeLike, default_dtype, to_numpy
from minigrad.errors import ShapeError, broadcast_clash
from minigrad.streams import Array, Stream, count, default_stream, laid_out
from minigrad.tensor import Tensor, _size, wrap


class Generator(Stream):
    """A stream of random numbers with a state of its own.

    >>> import minigrad
    >>> a, b = (minigrad.Generator().manual_seed(7) for _ in range(2))
    >>> minigrad.rand(3, generator=a).equal(minigrad.rand(3, generator=b))
    True
    """

    def __init__(self, device: Any = "cpu", *, same_as: Stream | None = None) -> None:
        check_device(device)
        if same_as is None:
            super().__init__()
        else:
            self.__dict__ = same_as.__dict__  # two names for one stream

    @property
    def device(self) -> device:
        """The CPU."""
        return CPU

    def get_state(self) -> Tensor:
        """The whole state, in a uint8 tensor of PyTorch's layout: `set_state` continues from it exactly."""
        return wrap(self.state())

    def set_state(self, state: Tensor) -> Generator:
        """Continue from a state that `get_state` gave. ValueError for another tensor, TypeError for what is none."""
        if not isinstance(state, Tensor):
            raise TypeError(
                f"the state of a generator is a tensor, not a {type(state).__name__}: give what get_state() returned"
            )
        self.restore(state.array)
        return self

    def clone_state(self) -> Generator:
        """Another generator in the same state."""
        return Generator().set_state(self.get_state())

    def __repr__(self) -> str:
        return f"<generator seeded with {self.initial_seed()}>"


default_generator = Generator(same_as=default_stream)


def manual_seed(seed: int) -> Generator:
    """Seed the default generator, from which everything random draws that is not given one of its own.

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.rand(2)
    tensor([0.4963, 0.7682])
    """
    default_generator.manual_seed(seed)
    return default_generator


def seed() -> int:
    """Seed the default generator from the operating system, and return that seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed that the default generator started from."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The state of the default generator, as a uint8 tensor: PyTorch's CPU generator has the same."""
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Continue the default generator from a state that `get_rng_state` gave."""
    default_generator.set_state(new_state)


@contextmanager
def fork_rng(devices: Any = (), enabled: bool = True, **more: Any) -> Iterator[None]:
    """A block after which the default generator is as it was before.

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> with minigrad.random.fork_rng():
    ...     inside = minigrad.rand(2)
    >>> inside.equal(minigrad.rand(2))
    True
    """
    state = get_rng_state() if enabled else None
    try:
        yield
    finally:
        if state is not None:
            set_rng_state(state)


def rand(
    *sizes: Any, size: Any = None, generator: Generator | None = None, dtype: DTypeLike | None = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers drawn evenly from [0, 1). TypeError if `dtype` is no floating-point type."""
    return _make(
        (generator or default_generator).uniform(_size(sizes, size), _float(dtype, "rand")), requires_grad, device
    )


def randn(
    *sizes: Any, size: Any = None, generator: Generator | None = None, dtype: DTypeLike | None = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers drawn from the normal distribution of mean 0 and standard deviation 1. TypeError as for `rand`."""
    return _make(
        (generator or default_generator).normal(_size(sizes, size), _float(dtype, "randn")), requires_grad, device
    )


def randint(
    low: Any = None, high: Any = None, size: Any = None, *, generator: Generator | None = None,
    dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False,
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
    numbers = (generator or default_generator).integers(first, end, count(shape))
    return _make(numbers.astype(kind).reshape(shape), requires_grad, device)


def randperm(
    n: int, *, generator: Generator | None = None, dtype: DTypeLike | None = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The integers from 0 to n - 1 in random order. ValueError if n is negative."""
    if n < 0:
        raise ValueError(f"randperm({n}): there is no permutation of fewer than 0 numbers")
    order = (generator or default_generator).permutation(n)
    return _make(order if dtype is None else order.astype(to_numpy(dtype)), requires_grad, device)


def rand_like(
    input: Tensor, *, generator: Generator | None = None, dtype: DTypeLike | None = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """`rand` in the shape and dtype of another tensor."""
    kind, stream = _float(input.dtype if dtype is None else dtype, "rand"), generator or default_generator
    return _make(laid_out(_like(input), lambda shape: stream.uniform(shape, kind)), requires_grad, device)


def randn_like(
    input: Tensor, *, generator: Generator | None = None, dtype: DTypeLike | None = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """`randn` in the shape and dtype of another tensor."""
    kind, stream = _float(input.dtype if dtype is None else dtype, "randn"), generator or default_generator
    like = _like(input)
    if like.flags.c_contiguous:
        return _make(stream.normal(like.shape, kind), requires_grad, device)
    return _make(laid_out(like, stream.normal_pairs).astype(kind), requires_grad, device)


def randint_like(
    input: Tensor, low: Any = None, high: Any = None, *, generator: Generator | None = None,
    dtype: DTypeLike | None = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """`randint` in the shape and dtype of another tensor: `randint_like(x, high)`, `randint_like(x, low, high)`.

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.randint_like(minigrad.zeros(3), 10)
    tensor([4., 9., 3.])
    """
    low, high = (0, low) if high is None else (0 if low is None else low, high)
    kind = input.dtype if dtype is None else dtype
    draw = lambda shape: randint(low, high, shape, generator=generator, dtype=kind).array  # noqa: E731
    return _make(laid_out(_like(input), draw), requires_grad, device)


def normal(
    mean: Any, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None, out: Tensor | None = None,
    dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Normal numbers: of a mean and a standard deviation per element, tensors that broadcast, or `normal(0.0, 1.0, size)`.

    Of the mean and the deviation it has gradient 0. RuntimeError for a negative deviation, ShapeError for shapes that do
    not broadcast, TypeError without a tensor or a size.

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.normal(minigrad.arange(1.0, 4.0), 0.1)
    tensor([1.1541, 1.9707, 2.7821])
    """
    check_device(device)
    tensors = [x for x in (mean, std) if isinstance(x, Tensor)]
    if size is None and not tensors:
        raise TypeError("normal: give tensors, or a size: normal(mean, std, size)")
    if tensors and size is not None:
        raise TypeError("normal: a size goes with numbers only: a tensor has one")
    if any(x.array.dtype.kind != "f" for x in tensors):
        raise RuntimeError("normal expects floating-point tensors of means and deviations: use x.float()")
    if np.any((std.array if isinstance(std, Tensor) else np.asarray(std)) < 0):
        what = "all elements of std >= 0.0" if isinstance(std, Tensor) else f"std >= 0.0, but found std {std}"
        raise RuntimeError(f"normal expects {what}")
    stream = generator or default_generator
    if tensors:
        shapes = [x.array.shape for x in tensors]
        clash = broadcast_clash(shapes)
        if clash:
            raise ShapeError(f"normal: shapes {shapes[0]} and {shapes[1]} do not broadcast: {clash}")
        kind = np.result_type(*[x.array.dtype for x in tensors])
        scale = 1 if isinstance(std, Tensor) else std
        made: Tensor = wrap(stream.normal(np.broadcast_shapes(*shapes), kind, 0, scale))
        made = made * std.detach() if isinstance(std, Tensor) else made
        made = made + (mean.detach() if isinstance(mean, Tensor) else mean)
    else:
        made = wrap(stream.normal(_size((size,)), _float(dtype, "normal"), mean, std))
    if out is not None:
        return out.copy_(made)
    return _make(made.array, requires_grad, device)


def _like(input: Tensor) -> Array:
    """An array laid out as PyTorch lays out a tensor in the likeness of another: dense, in the order of its memory."""
    return np.empty_like(input.array, bool)


def _float(dtype: DTypeLike | None, name: str) -> np.dtype[Any]:
    kind = default_dtype() if dtype is None else to_numpy(dtype)
    if kind.kind != "f":
        raise TypeError(f"{name} of type {kind}: these are real numbers, use a floating-point type, or randint")
    return kind


def _make(array: np.ndarray[Any, Any], requires_grad: bool, device: Any = None) -> Tensor:
    if device is not None:
        check_device(device)
    made = wrap(array)
    made.requires_grad = requires_grad
    return made
