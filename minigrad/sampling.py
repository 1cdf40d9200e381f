"""Tensors filled with random numbers, in place or as samples of the probabilities they hold.

The numbers are PyTorch's, in the order of memory. Writing them is like writing constants: into a leaf that requires grad only
under `no_grad`, and what was computed before has no gradient through them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.errors import ShapeError
from minigrad.graph import apply
from minigrad.streams import FLOAT64, Array, Stream, axes_in_memory, count, default_stream, laid_out

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

UNSAID: Any = object()


class Sampling:
    """Random numbers, drawn from a generator: the default one unless another is given."""

    __slots__ = ()

    def _draw(self: Tensor, name: str, kinds: str, draw: Callable[[tuple[int, ...]], Array]) -> Tensor:
        """Write draw(shape) into this tensor, in the order of its memory. TypeError if its dtype is of none of the kinds."""
        array = self.array
        if array.dtype.kind not in kinds:
            raise TypeError(f"{name} on a tensor of type {array.dtype}: use a floating-point type, x.float()")
        return self._assign(name, self._wrap(laid_out(array, draw)))

    def normal_(self: Tensor, mean: float = 0, std: float = 1, *, generator: Stream | None = None) -> Tensor:
        """Write numbers of the normal distribution. RuntimeError for a negative `std`.

        >>> import minigrad
        >>> _ = minigrad.manual_seed(0)
        >>> minigrad.zeros(2).normal_()
        tensor([ 1.5410, -0.2934])
        """
        if std < 0:
            raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
        stream, dtype = generator or default_stream, self.array.dtype
        if self.array.flags.c_contiguous:
            return self._draw("normal_", "f", lambda shape: stream.normal(shape, dtype, mean, std))
        return self._draw("normal_", "f", lambda shape: stream.normal_pairs(shape, mean, std))

    def uniform_(
        self: Tensor, from_: float = 0, to: float = 1, *, generator: Stream | None = None, **more: Any
    ) -> Tensor:
        """Write numbers drawn evenly from [from, to). RuntimeError if from > to."""
        low = more.pop("from", from_)  # PyTorch's name for it is a keyword of Python
        if more:
            raise TypeError(f"uniform_() got an unexpected keyword argument {next(iter(more))!r}: use from_ and to")
        if low > to:
            raise RuntimeError(
                f"uniform_ expects to return a [from, to) range, but found from={low} > to={to}: exchange them"
            )
        stream, wide = generator or default_stream, np.promote_types(self.array.dtype, np.float32)
        return self._draw(
            "uniform_", "f", lambda shape: stream.uniform(shape, wide) * wide.type(to - low) + wide.type(low)
        )

    def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Stream | None = None) -> Tensor:
        """Write 1 with probability p, a number or a tensor of probabilities, else 0. RuntimeError for p outside [0, 1]."""
        stream = generator or default_stream
        chances = np.broadcast_to(p.array, self.array.shape) if isinstance(p, Sampling) else p  # type: ignore[attr-defined]
        _check_probabilities("bernoulli_", chances)
        if isinstance(chances, np.ndarray):
            chances = chances if self.array.flags.c_contiguous else chances.transpose(axes_in_memory(self.array))
        return self._draw("bernoulli_", "bfiu", lambda shape: stream.bernoulli(shape, chances))

    def exponential_(self: Tensor, lambd: float = 1, *, generator: Stream | None = None) -> Tensor:
        """Write numbers of density lambd · exp(-lambd · x). RuntimeError unless lambd > 0."""
        if lambd <= 0:
            raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd}")
        stream = generator or default_stream
        return self._draw("exponential_", "f", lambda shape: stream.exponential(shape, lambd))

    def geometric_(self: Tensor, p: float, *, generator: Stream | None = None) -> Tensor:
        """Write how many trials of probability p the first success took. RuntimeError unless 0 < p < 1."""
        if not 0 < p < 1:
            raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p}")
        stream = generator or default_stream
        return self._draw(
            "geometric_",
            "fiu",
            lambda shape: np.ceil(np.log(stream.uniform(shape, FLOAT64)) / np.log1p(-p)).astype(self.array.dtype),
        )

    def cauchy_(self: Tensor, median: float = 0, sigma: float = 1, *, generator: Stream | None = None) -> Tensor:
        """Write numbers of the Cauchy distribution. RuntimeError unless sigma > 0."""
        if sigma <= 0:
            raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma}")
        stream = generator or default_stream
        return self._draw(
            "cauchy_", "f", lambda shape: median + sigma * np.tan(np.pi * (stream.uniform(shape, FLOAT64) - 0.5))
        )

    def log_normal_(self: Tensor, mean: float = 1, std: float = 2, *, generator: Stream | None = None) -> Tensor:
        """Write exp of normal numbers. RuntimeError unless std > 0."""
        if std <= 0:
            raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std}")
        stream = generator or default_stream
        return self._draw("log_normal_", "f", lambda shape: np.exp(stream.normal_pairs(shape, mean, std)))

    def random_(
        self: Tensor, from_: Any = UNSAID, to: Any = UNSAID, *, generator: Stream | None = None, **more: Any
    ) -> Tensor:
        """Write integers: `random_()` all that the dtype holds from 0 up, `random_(to)` below, `random_(from, to)` between.

        RuntimeError if there is no such integer, or if an integer dtype does not hold them.
        """
        first = more.pop("from", from_)
        if more:
            raise TypeError(f"random_() got an unexpected keyword argument {next(iter(more))!r}: use from_ and to")
        stream, dtype = generator or default_stream, self.array.dtype
        top = _largest(dtype)
        draw: Callable[[int], Array]
        if to is UNSAID:
            first, to = 0, first
        if to is UNSAID:  # 64 bits for types of 64, else 32
            draw = lambda n: (stream.raw64(n) if dtype.itemsize == 8 else stream.raw(n)) % np.uint64(top + 1)  # noqa: E731
        else:
            first, end = 0 if first is UNSAID else int(first), top + 1 if to is None else int(to)
            if end <= first:
                raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={first} >= to={end}")
            least = np.iinfo(dtype).min if dtype.kind in "iu" else 0
            if dtype.kind != "f" and not least <= first < end <= top + 1:
                raise RuntimeError(f"random_ from {first} to {end} is out of bounds for {dtype}: use a wider type")
            draw = lambda n: stream.integers(first, end, n)  # noqa: E731
        return self._draw("random_", "bfiu", lambda shape: draw(count(shape)).astype(dtype).reshape(shape))

    def bernoulli(self: Tensor, p: float | None = None, *, generator: Stream | None = None) -> Tensor:
        """1 with the probability that the tensor holds at each place, or with probability `p` everywhere; else 0.

        Its gradient is 0. RuntimeError for probabilities outside [0, 1].

        >>> import minigrad
        >>> _ = minigrad.manual_seed(0)
        >>> minigrad.tensor([0.0, 0.5, 0.5, 1.0]).bernoulli()
        tensor([0., 0., 1., 1.])
        """
        stream = generator or default_stream
        chances = self.array if p is None else p
        if p is None and self.array.dtype.kind != "f":
            raise RuntimeError(
                f"bernoulli of probabilities of type {self.array.dtype}: use a floating-point type, x.float()"
            )
        _check_probabilities("bernoulli", chances)
        return self._sampled(stream.bernoulli(self.array.shape, chances).astype(self.array.dtype))

    def poisson(self: Tensor, generator: Stream | None = None) -> Tensor:
        """Numbers of the Poisson distribution, of the mean that the tensor holds at each place. Its gradient is 0.

        The same seed gives the same numbers, but not PyTorch's. RuntimeError for negative means.
        """
        if self.array.dtype.kind != "f":
            raise RuntimeError(f"poisson of means of type {self.array.dtype}: use a floating-point type, x.float()")
        if not (self.array >= 0).all():
            raise RuntimeError("poisson: the means must not be negative, nor NaN")
        return self._sampled((generator or default_stream).numpy.poisson(self.array).astype(self.array.dtype))

    def _sampled(self: Tensor, sample: Array) -> Tensor:
        """A sample that depends on this tensor, but has no gradient to speak of."""
        return apply(_given, (self,), (lambda g: g._zeros(),), sample=sample)

    def multinomial(
        self: Tensor, num_samples: int, replacement: bool = False, *, generator: Stream | None = None
    ) -> Tensor:
        """`num_samples` indices for each row of a tensor (n,) or (rows, n), drawn in proportion to what it holds there.

        RuntimeError for negative or infinite weights, for a row of zeros, and for more samples than there are weights
        without replacement.

        >>> import minigrad
        >>> _ = minigrad.manual_seed(0)
        >>> minigrad.tensor([1.0, 0.0, 9.0]).multinomial(5, replacement=True)
        tensor([2, 2, 2, 2, 2])
        """
        weights = self.array
        if weights.ndim not in (1, 2):
            raise ShapeError(f"multinomial of a tensor of shape {tuple(weights.shape)}: prob_dist must be 1 or 2 dim")
        if weights.dtype.kind != "f":
            raise RuntimeError(
                f"multinomial only supports floating-point dtypes for input, got: {weights.dtype}: use x.float()"
            )
        if num_samples <= 0:
            raise RuntimeError(f"multinomial: cannot sample num_samples = {num_samples} <= 0 samples")
        if not replacement and num_samples > weights.shape[-1]:
            raise RuntimeError(
                f"multinomial: cannot sample num_samples = {num_samples} > {weights.shape[-1]} weights without replacement: "
                "use replacement=True"
            )
        if not (np.isfinite(weights).all() and (weights >= 0).all()):
            raise RuntimeError("multinomial: the probability tensor contains either `inf`, `nan` or element < 0")
        if not (weights.sum(-1) > 0).all():
            raise RuntimeError("multinomial: invalid multinomial distribution (sum of probabilities <= 0)")
        return self._wrap((generator or default_stream).multinomial(weights, num_samples, replacement))


def _given(array: Array, sample: Array) -> Array:
    return sample


def _check_probabilities(name: str, p: Any) -> None:
    if not np.all((np.asarray(p) >= 0) & (np.asarray(p) <= 1)):
        raise RuntimeError(
            f"{name} expects p to be in [0, 1]" + ("" if isinstance(p, np.ndarray) else f", but got p={p}")
        )


def _largest(dtype: np.dtype[Any]) -> int:
    """The largest integer of `random_`: for floating-point types, that up to which they hold every integer."""
    if dtype.kind == "f":
        return int(2 ** (np.finfo(dtype).nmant + 1))
    return 1 if dtype.kind == "b" else int(np.iinfo(dtype).max)
