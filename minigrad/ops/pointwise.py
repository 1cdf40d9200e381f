"""Arithmetic of several elements beyond the four operations: interpolation, remainders, the larger of two, powers, signs."""

from __future__ import annotations

from math import pi
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.graph import apply
from minigrad.kernels import special
from minigrad.ops.elementwise import where
from minigrad.ops.mutation import in_place

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


class Pointwise:
    """Functions of an element and of those beside it, which broadcast together."""

    __slots__ = ()

    def atan2(self: Tensor, other: Any) -> Tensor:
        """The angle of the point (other, self), from -π to π."""
        self, other = self._floating_pair(other)
        return apply(
            np.arctan2,
            (self, other),
            (lambda g: g * _over_square(other, self), lambda g: g * -_over_square(self, other)),
        )

    def hypot(self: Tensor, other: Any) -> Tensor:
        """√(x² + y²), without overflow. At (0, 0) its gradient is NaN, as PyTorch's."""
        self, other = self._floating_pair(other)
        return apply(np.hypot, (self, other), (lambda g, out: g * (self / out), lambda g, out: g * (other / out)))

    def fmod(self: Tensor, other: Any) -> Tensor:
        """self - other · trunc(self / other): the remainder that has the sign of `self`."""
        self, other = self._pair(other)
        return apply(np.fmod, (self, other), (lambda g: g, lambda g: -g * self.div(other, rounding_mode="trunc")))

    def fmax(self: Tensor, other: Any) -> Tensor:
        """The larger of two elements, and of a number and NaN the number. Equal ones share the gradient half and half."""
        self, other = self._pair(other)
        larger: Tensor = where(other.isnan(), self, where(self.isnan(), other, self.maximum(other)))
        return larger

    def fmin(self: Tensor, other: Any) -> Tensor:
        """The smaller of two elements, and of a number and NaN the number. Equal ones share the gradient half and half."""
        self, other = self._pair(other)
        smaller: Tensor = where(other.isnan(), self, where(self.isnan(), other, self.minimum(other)))
        return smaller

    def lerp(self: Tensor, end: Any, weight: Any) -> Tensor:
        """self + weight · (end - self)."""
        self, end = self._pair(end)
        between: Tensor = self + (end - self) * weight
        return between

    def addcmul(self: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
        """self + value · tensor1 · tensor2."""
        return self + tensor1 * tensor2 * value

    def addcdiv(self: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
        """self + value · tensor1 / tensor2."""
        return self + tensor1 / tensor2 * value

    def clamp_min(self: Tensor, min: Any) -> Tensor:
        """The larger of an element and `min`."""
        return self.clamp(min=min)

    def clamp_max(self: Tensor, max: Any) -> Tensor:
        """The smaller of an element and `max`."""
        return self.clamp(max=max)

    def float_power(self: Tensor, exponent: Any) -> Tensor:
        """self ** exponent in float64."""
        wide = np.dtype(np.float64)
        return self.to(wide).pow(self._operand(exponent).to(wide))

    def ldexp(self: Tensor, other: Any) -> Tensor:
        """self · 2 ** other."""
        return self * self._operand(2.0).pow(self._operand(other))

    def copysign(self: Tensor, other: Any) -> Tensor:
        """|self| with the sign of `other`. At 0 its gradient is 0."""
        self, other = self._floating_pair(other)
        return apply(
            np.copysign,
            (self, other),
            (lambda g: g * (self.sign() * g.new_ones(()).copysign(other)), lambda g: g._zeros()),
        )

    def heaviside(self: Tensor, values: Tensor) -> Tensor:
        """0 below 0, 1 above, `values` at 0. No gradient."""
        self, values = self._pair(values)
        return apply(special.heaviside, (self, values))

    def nextafter(self: Tensor, other: Tensor) -> Tensor:
        """The next number of this type in the direction of `other`. No gradient."""
        self, other = self._pair(other)
        return apply(np.nextafter, (self, other))

    def frac(self: Tensor) -> Tensor:
        """What is behind the point, with the sign of x."""
        return self - self.trunc()

    def nan_to_num(self: Tensor, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
        """NaN and the infinities replaced by numbers: 0, and the largest and smallest of the type unless told."""
        if self.array.dtype.kind != "f":
            return self.clone()
        info = np.finfo(self.array.dtype)
        self = self.masked_fill(self.isnan(), 0.0 if nan is None else nan)
        self = self.masked_fill(self == float("inf"), float(info.max) if posinf is None else posinf)
        return self.masked_fill(self == -float("inf"), float(info.min) if neginf is None else neginf)

    def deg2rad(self: Tensor) -> Tensor:
        """Degrees as radians."""
        return self._floating() * (pi / 180)

    def rad2deg(self: Tensor) -> Tensor:
        """Radians as degrees."""
        return self._floating() * (180 / pi)

    def positive(self: Tensor) -> Tensor:
        """The tensor itself. TypeError for booleans."""
        if self.array.dtype.kind == "b":
            raise TypeError("positive: booleans have no sign: convert them first, x.long()")
        return self

    def signbit(self: Tensor) -> Tensor:
        """True for negative numbers and for -0."""
        return apply(np.signbit, (self,))

    def isposinf(self: Tensor) -> Tensor:
        """True for +infinity."""
        return self == float("inf")

    def isneginf(self: Tensor) -> Tensor:
        """True for -infinity."""
        return self == -float("inf")

    def isreal(self: Tensor) -> Tensor:
        """True for every element: there are no complex numbers here."""
        return apply(np.isreal, (self,))

    def isin(self: Tensor, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
        """True where an element is among `test_elements`."""
        return apply(special.isin, (self, self._operand(test_elements)), invert=invert)

    @property
    def real(self: Tensor) -> Tensor:
        """The tensor itself: there are no complex numbers here."""
        return self

    def conj(self: Tensor) -> Tensor:
        """The tensor itself: there are no complex numbers here."""
        return self

    def bitwise_left_shift(self: Tensor, other: Any) -> Tensor:
        """self · 2 ** other, of integers."""
        self, other = self._pair(other)
        return apply(np.left_shift, (self, other))

    def bitwise_right_shift(self: Tensor, other: Any) -> Tensor:
        """self // 2 ** other, of integers."""
        self, other = self._pair(other)
        return apply(np.right_shift, (self, other))

    fmod_, lerp_, addcmul_, addcdiv_ = in_place(fmod), in_place(lerp), in_place(addcmul), in_place(addcdiv)
    clamp_min_, clamp_max_, hypot_, atan2_ = in_place(clamp_min), in_place(clamp_max), in_place(hypot), in_place(atan2)
    copysign_, nextafter_, frac_, ldexp_ = in_place(copysign), in_place(nextafter), in_place(frac), in_place(ldexp)
    nan_to_num_, deg2rad_, rad2deg_ = in_place(nan_to_num), in_place(deg2rad), in_place(rad2deg)
    bitwise_left_shift_, bitwise_right_shift_ = in_place(bitwise_left_shift), in_place(bitwise_right_shift)
    arctan2, arctan2_ = atan2, atan2_
    __lshift__, __rshift__ = bitwise_left_shift, bitwise_right_shift


def _over_square(x: Tensor, y: Tensor) -> Tensor:
    """x / (x² + y²), and 0 where both are 0."""
    total = x.square() + y.square()
    return x / total.masked_fill(total == 0, 1)
