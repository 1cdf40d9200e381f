"""Functions of each element by itself, and the choice between elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import ndarray

from minigrad import kernels
from minigrad.graph import apply
from minigrad.kernels.activation import zero_where
from minigrad.ops.mutation import in_place

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


class Elementwise:
    """One element in, one element out. Integers and booleans are first converted to the default floating-point type."""

    __slots__ = ()

    def exp(self: Tensor) -> Tensor:
        """eˣ."""
        return apply(np.exp, (self._floating(),), (lambda g, out: g * out,))

    def expm1(self: Tensor) -> Tensor:
        """eˣ - 1, accurate near 0."""
        return apply(np.expm1, (self._floating(),), (lambda g, out: g * (out + 1),))

    def exp2(self: Tensor) -> Tensor:
        """2ˣ."""
        return apply(np.exp2, (self._floating(),), (lambda g, out: g * out * np.log(2).item(),))

    def log(self: Tensor) -> Tensor:
        """The natural logarithm; -inf at 0, NaN below."""
        self = self._floating()
        return apply(np.log, (self,), (lambda g: g / self,))

    def log2(self: Tensor) -> Tensor:
        """The logarithm to base 2."""
        self = self._floating()
        return apply(np.log2, (self,), (lambda g: g / (self * np.log(2).item()),))

    def log10(self: Tensor) -> Tensor:
        """The logarithm to base 10."""
        self = self._floating()
        return apply(np.log10, (self,), (lambda g: g / (self * np.log(10).item()),))

    def log1p(self: Tensor) -> Tensor:
        """log(1 + x), accurate near 0."""
        self = self._floating()
        return apply(np.log1p, (self,), (lambda g: g / (self + 1),))

    def sqrt(self: Tensor) -> Tensor:
        """The square root. At 0 its gradient is infinite."""
        return apply(np.sqrt, (self._floating(),), (lambda g, out: g / (out * 2),))

    def _root(self: Tensor) -> Tensor:
        """The square root with gradient 0 at 0: what norm and std are made of."""
        return apply(np.sqrt, (self,), (lambda g, out: (g / _nonzero(out * 2)).masked_fill(out == 0, 0),))

    def rsqrt(self: Tensor) -> Tensor:
        """1 / √x."""
        return self.sqrt().reciprocal()

    def reciprocal(self: Tensor) -> Tensor:
        """1 / x."""
        return apply(np.reciprocal, (self._floating(),), (lambda g, out: -g * out * out,))

    def sin(self: Tensor) -> Tensor:
        """The sine, of radians."""
        self = self._floating()
        return apply(np.sin, (self,), (lambda g: g * self.cos(),))

    def cos(self: Tensor) -> Tensor:
        """The cosine, of radians."""
        self = self._floating()
        return apply(np.cos, (self,), (lambda g: -g * self.sin(),))

    def tan(self: Tensor) -> Tensor:
        """The tangent, of radians."""
        return apply(np.tan, (self._floating(),), (lambda g, out: g * (out * out + 1),))

    def tanh(self: Tensor) -> Tensor:
        """The hyperbolic tangent."""
        return apply(np.tanh, (self._floating(),), (lambda g, out: _tanh_backward(g, out),), plain=True)

    def sigmoid(self: Tensor) -> Tensor:
        """1 / (1 + e⁻ˣ), accurate for every x."""
        return apply(kernels.sigmoid, (self._floating(),), (lambda g, out: _sigmoid_backward(g, out),), plain=True)

    def relu(self: Tensor) -> Tensor:
        """max(x, 0). At 0 its gradient is 0."""
        return apply(kernels.relu, (self,), (lambda g, out: g.masked_fill(out <= 0, 0),))

    def softplus(self: Tensor, beta: float = 1, threshold: float = 20) -> Tensor:
        """log(1 + exp(beta·x)) / beta; x itself where beta·x is above the threshold."""
        self = self._floating()
        return apply(
            kernels.softplus,
            (self,),
            (lambda g: where(self * beta > threshold, g, g * (self * beta).sigmoid()),),
            beta=beta,
            threshold=threshold,
        )

    def abs(self: Tensor) -> Tensor:
        """|x|. At 0 its gradient is 0."""
        return apply(np.absolute, (self,), (lambda g: g * self.sign(),))

    def _zeros(self: Tensor) -> Tensor:
        """0 for every element, where that is infinite or NaN too: what a step function lets through of a gradient."""
        return self.masked_fill(self._wrap(np.ones((), bool)), 0)

    def sign(self: Tensor) -> Tensor:
        """-1, 0 or 1. Its gradient is 0."""
        if self.array.dtype.kind == "b":
            return self.clone()
        return apply(np.sign, (self,), (lambda g: g._zeros(),))

    def floor(self: Tensor) -> Tensor:
        """The largest whole number not above x. Its gradient is 0."""
        if self.array.dtype.kind != "f":
            return self.clone()
        return apply(np.floor, (self,), (lambda g: g._zeros(),))

    def ceil(self: Tensor) -> Tensor:
        """The smallest whole number not below x. Its gradient is 0."""
        if self.array.dtype.kind != "f":
            return self.clone()
        return apply(np.ceil, (self,), (lambda g: g._zeros(),))

    def trunc(self: Tensor) -> Tensor:
        """x without its fraction. Its gradient is 0."""
        if self.array.dtype.kind != "f":
            return self.clone()
        return apply(np.trunc, (self,), (lambda g: g._zeros(),))

    def round(self: Tensor, *, decimals: int = 0) -> Tensor:
        """The nearest whole number, halves to even. Its gradient is 0."""
        if self.array.dtype.kind != "f":
            return self.clone()
        return apply(np.round, (self,), (lambda g: g._zeros(),), decimals=decimals)

    def clamp(self: Tensor, min: Any = None, max: Any = None) -> Tensor:
        """x held between min and max, numbers or tensors. The gradient is 1 between them and on them, 0 outside."""
        if min is None and max is None:
            raise ValueError("clamp: give min, max or both")
        low, high = (None if limit is None else self._operand(limit) for limit in (min, max))
        # those with dimensions decide the dtype before those without
        widest, *others = sorted((t for t in (self, low, high) if t is not None), key=lambda t: -t.array.ndim)
        for other in others:
            widest = widest._pair(other)[0]
        self = self.to(widest.array.dtype)
        low, high = (None if limit is None else limit.to(widest.array.dtype) for limit in (low, high))
        if low is not None and high is not None:
            return apply(
                kernels.clamp,
                (self, low, high),
                (
                    lambda g: g.masked_fill(~((self >= low) & (self <= high)), 0),
                    lambda g: g.masked_fill(~((self < low) & (low <= high)), 0),
                    lambda g: g.masked_fill(~((self > high) | (low > high)), 0),
                ),
            )
        bound: Any = high if low is None else low
        return apply(
            np.maximum if low is not None else np.minimum,
            (self, bound),
            (
                lambda g: g.masked_fill(~(self >= bound if low is not None else self <= bound), 0),
                lambda g: g.masked_fill(~(self < bound if low is not None else self > bound), 0),
            ),
        )

    def maximum(self: Tensor, other: Any) -> Tensor:
        """The larger of two elements. Equal ones share the gradient half and half."""
        self, other = self._pair(other)
        return apply(
            np.maximum,
            (self, other),
            (lambda g: g * _share(self, other, self < other), lambda g: g * _share(self, other, self > other)),
        )

    def minimum(self: Tensor, other: Any) -> Tensor:
        """The smaller of two elements. Equal ones share the gradient half and half."""
        self, other = self._pair(other)
        return apply(
            np.minimum,
            (self, other),
            (lambda g: g * _share(self, other, self > other), lambda g: g * _share(self, other, self < other)),
        )

    def where(self: Tensor, condition: Tensor, other: Any) -> Tensor:
        """self where the condition holds, other elsewhere."""
        chosen: Tensor = where(condition, self, other)
        return chosen

    def masked_fill(self: Tensor, mask: Tensor, value: Any) -> Tensor:
        """This tensor with `value` wherever the mask holds."""
        if isinstance(value, int | float) and value == 0 and self.array.dtype.kind == "f":
            chosen: Any = getattr(mask, "array", None)
            if chosen is not None and chosen.shape == self.array.shape and chosen.dtype.kind == "b":
                return apply(zero_where, (self, mask), (lambda g: g.masked_fill(mask, 0), None))
        value = self._operand(value)
        filled: Tensor = where(mask, value.to(self.dtype) if value.ndim == 0 else value, self)
        return filled

    def to_dtype(self: Tensor, dtype: np.dtype[Any]) -> Tensor:
        """A copy as another type. The gradient comes back as this one."""
        rule = (lambda g: g,) if dtype.kind == "f" else ()
        return apply(kernels.cast, (self,), rule, dtype=dtype)

    def clone(self: Tensor) -> Tensor:
        """A copy in memory of its own, through which gradients flow back."""
        return apply(kernels.copy, (self,), (lambda g: g,))

    exp_, log_, sqrt_, rsqrt_, reciprocal_ = (
        in_place(exp),
        in_place(log),
        in_place(sqrt),
        in_place(rsqrt),
        in_place(reciprocal),
    )
    sin_, cos_, tan_, tanh_, sigmoid_, relu_ = (
        in_place(sin),
        in_place(cos),
        in_place(tan),
        in_place(tanh),
        in_place(sigmoid),
        in_place(relu),
    )
    abs_, sign_, floor_, ceil_, trunc_, round_ = (
        in_place(abs),
        in_place(sign),
        in_place(floor),
        in_place(ceil),
        in_place(trunc),
        in_place(round),
    )
    clamp_, masked_fill_ = in_place(clamp), in_place(masked_fill)
    absolute, clip, clip_ = abs, clamp, clamp_
    __abs__ = abs


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """input where the condition holds, other elsewhere; the three broadcast together. `where(condition)` by itself is
    `condition.nonzero(as_tuple=True)`.

    The gradient of the branch not taken is 0, even where the gradient that arrives is NaN or infinite. Numbers take
    the dtype of the tensor beside them.
    """
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    tensors = [t for t in (input, other, condition) if isinstance(t, Elementwise)]
    if not tensors:
        raise TypeError("where: at least one of condition, input and other must be a tensor")
    like: Any = tensors[0]
    condition = like._operand(condition)
    if condition.array.dtype.kind != "b":
        raise TypeError(
            f"where: the condition has type {condition.array.dtype}: compare it first, condition != 0, or convert it "
            "with .bool()"
        )
    input, other = like._operand(input)._pair(other)
    return apply(
        np.where,
        (condition, input, other),
        (None, lambda g: where(condition, g, g.new_zeros(())), lambda g: where(condition, g.new_zeros(()), g)),
    )


def _share(a: Tensor, b: Tensor, beaten: Tensor) -> Tensor:
    """0 where `beaten`, 1/2 where a and b tie, 1 elsewhere: also beside NaN."""
    return (~beaten).to(a.dtype) - (a == b).to(a.dtype) * 0.5


def _nonzero(x: Tensor) -> Tensor:
    """x with 1 in place of 0."""
    return x.masked_fill(x == 0, 1)


def _sigmoid_backward(gradient: Any, out: Any) -> Any:
    """gradient · out · (1 - out), in one pass."""
    if type(gradient) is ndarray:
        return kernels.sigmoid_backward(gradient, out)
    return apply(
        kernels.sigmoid_backward,
        (gradient, out),
        (lambda g: _sigmoid_backward(g, out), lambda g: g * gradient * (1 - out * 2)),
    )


def _tanh_backward(gradient: Any, out: Any) -> Any:
    """gradient · (1 - out²), in one pass."""
    if type(gradient) is ndarray:
        return kernels.tanh_backward(gradient, out)
    return apply(
        kernels.tanh_backward,
        (gradient, out),
        (lambda g: _tanh_backward(g, out), lambda g: g * gradient * out * -2),
    )
