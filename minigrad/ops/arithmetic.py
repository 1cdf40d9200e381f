"""Addition, multiplication and their kin, with the operators that spell them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.dtypes import default_dtype, dtype_of_number, promote
from minigrad.graph import apply
from minigrad.ops.mutation import in_place

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


class Arithmetic:
    """Arithmetic of two operands, which broadcast together and meet in one dtype by PyTorch's rules."""

    __slots__ = ()

    def _operand(self: Tensor, other: Any) -> Tensor:
        """`other` as a tensor: a number, Python's or NumPy's, takes this tensor's dtype, an array keeps its own."""
        if isinstance(other, Arithmetic):
            return other  # type: ignore[return-value]
        if type(other) is float or (type(other) is int and -(2**53) < other < 2**53):  # the most frequent cases
            dtype = self.array.dtype
            if dtype.kind == "f":
                return self._wrap(np.array(other, dtype))
        if isinstance(other, bool | int | float):
            try:
                return self._wrap(np.array(other, dtype_of_number(other, self.array.dtype)))
            except OverflowError:
                raise OverflowError(
                    f"{other} does not fit the type of the tensor beside it, {self.array.dtype}: convert that first, x.long()"
                ) from None
        return self._operand(other.item()) if isinstance(other, np.generic) else self._from_array(other)

    def _pair(self: Tensor, other: Any) -> tuple[Tensor, Tensor]:
        """This tensor and `other`, converted to the dtype in which they meet."""
        if not isinstance(other, Arithmetic):
            other = self._operand(other)
        a, b = self.array, other.array
        if a.dtype is b.dtype:
            return self, other
        dtype = promote(a, b)
        return self.to(dtype), other.to(dtype)

    def _floating(self: Tensor) -> Tensor:
        """This tensor, as the default floating-point type if it holds integers or booleans."""
        return self if self._requires_grad or self.array.dtype.kind == "f" else self.to(default_dtype())

    def _floating_pair(self: Tensor, other: Any) -> tuple[Tensor, Tensor]:
        """`_pair`, of floating-point numbers."""
        self, other = self._pair(other)
        return self._floating(), other._floating()

    def add(self: Tensor, other: Any, *, alpha: float = 1) -> Tensor:
        """self + alpha · other."""
        self, other = self._pair(other if alpha == 1 else self._operand(other) * alpha)
        return apply(np.add, (self, other), (lambda g: g, lambda g: g))

    def sub(self: Tensor, other: Any, *, alpha: float = 1) -> Tensor:
        """self - alpha · other."""
        self, other = self._pair(other if alpha == 1 else self._operand(other) * alpha)
        return apply(np.subtract, (self, other), (lambda g: g, lambda g: -g))

    def mul(self: Tensor, other: Any) -> Tensor:
        """The elementwise product."""
        self, other = self._pair(other)
        return apply(np.multiply, (self, other), (lambda g: g * other, lambda g: g * self))

    def div(self: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
        """self / other; integers give the default floating-point type. `rounding_mode` "floor" or "trunc" keeps them."""
        if rounding_mode is not None:
            return self._divide_rounded(other, rounding_mode)
        if not isinstance(other, Arithmetic):
            self = self._floating()  # before the number takes its type: 256 is no uint8
            other = self._operand(other)
        kind = self.array.dtype
        if kind is not other.array.dtype or kind.kind != "f":
            self, other = self._floating_pair(other)
        return apply(np.divide, (self, other), (lambda g: g / other, lambda g: -g * (self / other) / other))

    def _divide_rounded(self: Tensor, other: Any, rounding_mode: str) -> Tensor:
        """`div` to whole numbers, in the type of the operands."""
        if rounding_mode == "floor":
            return self.floor_divide(other)
        if rounding_mode != "trunc":
            raise ValueError(f"div: rounding_mode={rounding_mode!r}: use None, 'floor' or 'trunc'")
        self, other = self._pair(other)
        return self._floating().div(other).trunc().to(self.dtype)

    def floor_divide(self: Tensor, other: Any) -> Tensor:
        """The largest whole number not above self / other. Its gradient is 0."""
        self, other = self._pair(other)
        return apply(np.floor_divide, (self, other), (lambda g: g._zeros(), lambda g: g._zeros()))

    def remainder(self: Tensor, other: Any) -> Tensor:
        """self - other · floor(self / other): it has the sign of `other`, as Python's %."""
        self, other = self._pair(other)
        return apply(np.remainder, (self, other), (lambda g: g, lambda g: -g * self.floor_divide(other)))

    def neg(self: Tensor) -> Tensor:
        """-self."""
        return apply(np.negative, (self,), (lambda g: -g,))

    def pow(self: Tensor, exponent: Any) -> Tensor:
        """self ** exponent. At exponent 0 the gradient of the base is 0, whatever the base, 0 included."""
        if isinstance(exponent, int | float) and exponent == 2 and self.array.dtype.kind == "f":
            return self.square()
        self, exponent = self._pair(exponent)
        if self.array.dtype.kind != "f":
            return apply(np.power, (self, exponent))
        return apply(
            np.power,
            (self, exponent),
            (lambda g: g * self._pow_slope(exponent), lambda g, out: g * out * self._pow_log(exponent)),
        )

    def _pow_slope(self: Tensor, exponent: Tensor) -> Tensor:
        """exponent · self ** (exponent - 1), and 0 where the exponent is 0 and 1 / self is not finite."""
        zero = self._wrap((exponent.array == 0) & ~(np.abs(self.array) >= np.finfo(self.array.dtype).tiny))
        return (exponent * self.pow((exponent - 1).masked_fill(zero, 1))).masked_fill(zero, 0)

    def _pow_log(self: Tensor, exponent: Tensor) -> Tensor:
        """log(self), and 0 where self is 0 and the exponent is not negative: the limit of self ** exponent · log(self)."""
        limit = self._wrap((self.array == 0) & (exponent.array >= 0))
        return self.masked_fill(limit, 1).log()

    def square(self: Tensor) -> Tensor:
        """self²."""
        return apply(np.square, (self,), (lambda g: g * 2 * self,))

    def _sub_from(self: Tensor, other: Any) -> Tensor:
        return self._operand(other).sub(self)

    def _divide_from(self: Tensor, other: Any) -> Tensor:
        self = self._floating()
        return self._operand(other).div(self)

    def _floor_divide_from(self: Tensor, other: Any) -> Tensor:
        return self._operand(other).floor_divide(self)

    def _remainder_from(self: Tensor, other: Any) -> Tensor:
        return self._operand(other).remainder(self)

    def _pow_from(self: Tensor, other: Any) -> Tensor:
        return self._operand(other).pow(self)

    add_, sub_, mul_, div_ = in_place(add), in_place(sub), in_place(mul), in_place(div)
    neg_, pow_, square_ = in_place(neg), in_place(pow), in_place(square)
    floor_divide_, remainder_ = in_place(floor_divide), in_place(remainder)
    subtract, multiply, divide, true_divide, negative = sub, mul, div, div, neg

    __add__, __radd__, __iadd__ = add, add, add_
    __sub__, __rsub__, __isub__ = sub, _sub_from, sub_
    __mul__, __rmul__, __imul__ = mul, mul, mul_
    __truediv__, __rtruediv__, __itruediv__ = div, _divide_from, div_
    __floordiv__, __rfloordiv__, __ifloordiv__ = floor_divide, _floor_divide_from, floor_divide_
    __mod__, __rmod__, __imod__ = remainder, _remainder_from, remainder_
    __pow__, __rpow__, __ipow__ = pow, _pow_from, pow_
    __neg__ = neg

    def __pos__(self: Tensor) -> Tensor:
        return self
