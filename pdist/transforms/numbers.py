"""Transforms of numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from .. import functions as F
from ..autograd import Variable, as_variable, differentiable
from ..numerics.constants import HALF_LOG_2PI, LOG_2
from ..numerics.logit import logit_of
from .base import Elementwise
from .supports import interval, nonnegative, open_unit_interval, positive


class Identity(Elementwise):
    """y = x."""

    increasing, constant = True, True
    _forward = staticmethod(lambda x: x)
    _inverse = staticmethod(lambda y: y)

    def _log_slope(self, x: Variable) -> Variable:
        return 0 * x


class Affine(Elementwise):
    """y = loc + scale x.

    Args:
        loc: any number, or an array that broadcasts with x.
        scale: likewise, not 0; 1 by default.

    Raises:
        ValueError: if a scale is 0 or not finite.

    >>> Affine(1.0, -2.0).forward(3.0).item()
    -5.0
    """

    constant = True

    def __init__(self, loc: Any = 0.0, scale: Any = 1.0) -> None:
        self.loc, self.scale = _parameter(loc), _parameter(scale)
        array = self.scale.array if isinstance(self.scale, Variable) else self.scale
        if not ((array != 0) & (abs(array) < math.inf)).all() if hasattr(array, "all") else not array:
            raise ValueError(f"Affine: scale is {scale}; expected finite numbers other than 0")

    @property
    def increasing(self) -> bool | None:
        """True if all scales are positive, False if all are negative, else None."""
        return _sign(self.scale)

    def _forward(self, x: Variable) -> Variable:
        return self.loc + self.scale * x

    def _inverse(self, y: Variable) -> Variable:
        return (y - self.loc) / self.scale

    def _log_slope(self, x: Variable) -> Variable:
        return _log_size(self.scale) + 0 * x


def _parameter(value: Any) -> Any:
    """A number stays one, so that it takes the dtype of what it meets; else a Variable."""
    return float(value) if isinstance(value, int | float) else as_variable(value)


def _sign(value: Any) -> bool | None:
    """True if a parameter is positive throughout, False if negative, else None."""
    above = value.array > 0 if isinstance(value, Variable) else value > 0
    signs = {bool(v) for v in above.reshape(-1)} if isinstance(value, Variable) else {above}
    return signs.pop() if len(signs) == 1 else None


def _log_size(value: Any) -> Any:
    """The logarithm of the absolute value of a parameter."""
    return F.log(abs(value)) if isinstance(value, Variable) else math.log(abs(value))


class Exp(Elementwise):
    """y = e^x, from all numbers to positive ones."""

    codomain, increasing = positive, True
    _forward = staticmethod(F.exp)
    _inverse = _log_slope_at = staticmethod(F.log)
    _log_slope = staticmethod(lambda x: x)


class Log(Elementwise):
    """y = log x, from positive numbers to all."""

    domain, increasing = positive, True
    _forward = staticmethod(F.log)
    _inverse = staticmethod(F.exp)
    _log_slope = staticmethod(lambda x: -F.log(x))
    _log_slope_at = staticmethod(lambda y: -y)


class Sigmoid(Elementwise):
    """y = 1/(1 + e^-x), from all numbers to (0, 1)."""

    codomain, increasing = open_unit_interval, True
    _forward = staticmethod(F.sigmoid)
    _inverse = staticmethod(lambda y: logit_of(y))
    _log_slope = staticmethod(lambda x: F.log_sigmoid(x) + F.log_sigmoid(-x))
    _log_slope_at = staticmethod(lambda y: F.log(y) + F.log1p(-y))


class Logit(Elementwise):
    """y = log(x/(1 - x)), from (0, 1) to all numbers."""

    domain, increasing = open_unit_interval, True
    _forward = staticmethod(lambda x: logit_of(x))
    _inverse = staticmethod(F.sigmoid)
    _log_slope = staticmethod(lambda x: -(F.log(x) + F.log1p(-x)))
    _log_slope_at = staticmethod(lambda y: -(F.log_sigmoid(y) + F.log_sigmoid(-y)))


@differentiable
def log_cosh(xp, x):
    """log((e^x + e^-x)/2), without overflow, to the last digits for small x too."""
    a = abs(x)
    near = xp.sinh(0.5 * xp.minimum(a, 1))
    return xp.where(a < 1, xp.log1p(2 * near * near), a + (xp.log1p(xp.exp(-2 * a)) - LOG_2))


log_cosh.derivative(x=lambda F, g, x: g * F.tanh(x))


@differentiable
def log_one_minus_square(xp, x):
    """log(1 - x^2) for -1 < x < 1, to the last digits everywhere."""
    a = abs(x)
    return xp.where(a < 0.5, xp.log1p(-a * a), xp.log1p(-a) + xp.log1p(a))


log_one_minus_square.derivative(x=lambda F, g, x: -2 * g * x / (1 - x) / (1 + x))


_BETWEEN = replace(interval(-1.0, 1.0, "(-1, 1)"), test=lambda xp, x: abs(x) < 1)


class Tanh(Elementwise):
    """y = tanh x, from all numbers to (-1, 1)."""

    codomain, increasing = _BETWEEN, True
    _forward = staticmethod(F.tanh)
    _inverse = staticmethod(F.arctanh)
    _log_slope = staticmethod(lambda x: -2 * log_cosh(x))
    _log_slope_at = staticmethod(lambda y: log_one_minus_square(y))


class Softplus(Elementwise):
    """y = log(1 + e^x), from all numbers to positive ones."""

    codomain, increasing = positive, True
    _forward = staticmethod(F.softplus)
    _inverse = staticmethod(lambda y: y + F.log1mexp(-y))
    _log_slope = staticmethod(F.log_sigmoid)
    _log_slope_at = staticmethod(lambda y: F.log1mexp(-y))


class Power(Elementwise):
    """y = x^p on positive numbers.

    Args:
        power: p, not 0: a number or an array that broadcasts with x.

    >>> Power(2.0).inverse(9.0).item()
    3.0
    """

    domain = codomain = positive

    def __init__(self, power: Any) -> None:
        self.power = _parameter(power)
        array = self.power.array if isinstance(self.power, Variable) else self.power
        if (array == 0).any() if hasattr(array, "any") else not array:
            raise ValueError(f"Power: power is {power}; expected numbers other than 0")

    @property
    def increasing(self) -> bool | None:
        """Whether all powers are positive, or negative; else None."""
        return _sign(self.power)

    def _forward(self, x: Variable) -> Variable:
        return x**self.power

    def _inverse(self, y: Variable) -> Variable:
        return y ** (1 / self.power)

    def _log_slope(self, x: Variable) -> Variable:
        return _log_size(self.power) + (self.power - 1) * F.log(x)


class Reciprocal(Elementwise):
    """y = 1/x on positive numbers."""

    domain = codomain = positive
    increasing = False
    _forward = staticmethod(lambda x: 1 / x)
    _inverse = staticmethod(lambda y: 1 / y)
    _log_slope = staticmethod(lambda x: -2 * F.log(x))


class Abs(Elementwise):
    """y = |x|: not a bijection, as its inverse is the one on the positive side.

    A distribution is folded by :class:`pdist.distributions.Folded`, which counts both sides.
    """

    codomain = nonnegative
    constant = True
    _forward = staticmethod(lambda x: abs(x))
    _inverse = staticmethod(lambda y: y)

    def _log_slope(self, x: Variable) -> Variable:
        return 0 * x


class LeakyReLU(Elementwise):
    """y = x, or slope x below 0.

    Args:
        slope: a positive number; 0.01 by default.
    """

    increasing = True

    def __init__(self, slope: float = 0.01) -> None:
        if not 0 < slope < math.inf:
            raise ValueError(f"LeakyReLU: slope is {slope}; expected a positive finite number")
        self.slope = float(slope)

    def _forward(self, x: Variable) -> Variable:
        return F.where(x.array < 0, self.slope * x, x)

    def _inverse(self, y: Variable) -> Variable:
        return F.where(y.array < 0, y / self.slope, y)

    def _log_slope(self, x: Variable) -> Variable:
        return F.where(x.array < 0, math.log(self.slope), 0 * x)

    _log_slope_at = _log_slope


class NormalCDF(Elementwise):
    """y = P(Z <= x) of a standard Normal Z, from all numbers to (0, 1)."""

    codomain, increasing = open_unit_interval, True
    _forward = staticmethod(F.ndtr)
    _inverse = staticmethod(F.ndtri)
    _log_slope = staticmethod(lambda x: -0.5 * x * x - HALF_LOG_2PI)


class KumaraswamyCDF(Elementwise):
    """y = 1 - (1 - x^a)^b, from (0, 1) to itself.

    Args:
        a: a positive number, or an array that broadcasts with x.
        b: likewise.
    """

    domain = codomain = open_unit_interval
    increasing = True

    def __init__(self, a: Any, b: Any) -> None:
        self.a, self.b = as_variable(a), as_variable(b)
        for name, value in (("a", self.a), ("b", self.b)):
            if not (value.array > 0).all():
                raise ValueError(f"KumaraswamyCDF: {name} is {value.array}; expected positive numbers")

    def _forward(self, x: Variable) -> Variable:
        return -F.expm1(self.b * F.log1mexp(self.a * F.log(x)))

    def _inverse(self, y: Variable) -> Variable:
        return F.exp(F.log1mexp(F.log1p(-y) / self.b) / self.a)

    def _log_slope(self, x: Variable) -> Variable:
        log_x = F.log(x)
        rest = (self.b - 1) * F.log1mexp(self.a * log_x)
        return F.log(self.a) + F.log(self.b) + (self.a - 1) * log_x + rest


class RationalQuadraticSpline(Elementwise):
    """A monotone spline of quotients of quadratic functions between knots, and the identity beyond.

    Args:
        widths: the lengths of the K bins in x, positive, of shape ``[..., K]``, relative to each other.
        heights: those in y, of the same shape.
        slopes: the derivatives at the K - 1 knots between them, positive, of shape ``[..., K - 1]``; at the
            two ends it is 1.
        bound: half the length of the interval about 0 that is bent; 1 by default.

    Source:
        C. Durkan, A. Bekasov, I. Murray and G. Papamakarios, "Neural Spline Flows" (2019).

    >>> import numpy as np
    >>> bent = RationalQuadraticSpline(np.ones(2), np.array([1.0, 3.0]), np.array([0.5]))
    >>> bent.forward(np.array([-1.0, 0.0, 1.0, 5.0])).array
    array([-1. , -0.5,  1. ,  5. ])
    """

    increasing = True

    def __init__(self, widths: Any, heights: Any, slopes: Any, bound: float = 1.0) -> None:
        widths, heights, slopes = (as_variable(v) for v in (widths, heights, slopes))
        bins = widths.shape[-1:]
        if not bins or heights.shape[-1:] != bins or slopes.shape[-1:] != (bins[0] - 1,):
            raise ValueError(
                f"RationalQuadraticSpline: widths, heights and slopes have shapes {widths.shape}, "
                f"{heights.shape} and {slopes.shape}; expected K, K and K - 1 numbers on the last axis"
            )
        for name, value in (("widths", widths), ("heights", heights), ("slopes", slopes)):
            if not (value.array > 0).all():
                raise ValueError(
                    f"RationalQuadraticSpline: {name} are {value.array}; expected positive numbers"
                )
        if not bound > 0:
            raise ValueError(f"RationalQuadraticSpline: bound is {bound}; expected a positive number")
        self.bound, self.bins = float(bound), bins[0]
        length = 2 * self.bound
        self.widths = widths * (length / F.sum(widths, axis=-1, keepdims=True))
        self.heights = heights * (length / F.sum(heights, axis=-1, keepdims=True))
        one = F.broadcast_to(as_variable(slopes.xp.ones(1, slopes.dtype)), (*slopes.shape[:-1], 1))
        self.slopes = F.concat([one, slopes, one], axis=-1)

    def _bin(self, at: Variable, lengths: Variable) -> list[Variable]:
        """The bin that a value lies in: its left end in x and y, width, height, and slopes at its ends."""
        ends = F.cumsum(lengths, axis=-1) - self.bound
        index = (at.array[..., None] >= ends.array[..., :-1]).sum(axis=-1)
        hot = (index[..., None] == at.xp.arange(self.bins)).astype(at.dtype)
        pick = lambda values: F.sum(hot * values, axis=-1)
        left = [F.cumsum(v, axis=-1) - v - self.bound for v in (self.widths, self.heights)]
        found = (*left, self.widths, self.heights, self.slopes[..., :-1], self.slopes[..., 1:])
        return [pick(values) for values in found]

    def _curve(self, t: Variable, at: list[Variable]) -> tuple[Variable, Variable]:
        """y and log dy/dx at the share t of a bin."""
        _, y0, w, h, d0, d1 = at
        s, rest = h / w, 1 - t
        down = s + (d1 + d0 - 2 * s) * t * rest
        y = y0 + h * (s * t * t + d0 * t * rest) / down
        slope = d1 * t * t + 2 * s * t * rest + d0 * rest * rest
        return y, 2 * F.log(s) + F.log(slope) - 2 * F.log(down)

    def forward_and_log_det(self, x: Any) -> tuple[Variable, Variable]:
        """y, and log dy/dx."""
        x = as_variable(x)
        inside = abs(x.array) < self.bound
        some = F.where(inside, x, 0.0)
        at = self._bin(some, self.widths)
        y, log_slope = self._curve((some - at[0]) / at[2], at)
        return F.where(inside, y, x), F.where(inside, log_slope, 0.0)

    def inverse_and_log_det(self, y: Any) -> tuple[Variable, Variable]:
        """The root of a quadratic equation, by the form that does not cancel."""
        y = as_variable(y)
        inside = abs(y.array) < self.bound
        some = F.where(inside, y, 0.0)
        at = self._bin(some, self.heights)
        x0, y0, w, h, d0, d1 = at
        s, rise, bend = h / w, some - y0, d1 + d0 - 2 * (h / w)
        a, b, c = h * (s - d0) + rise * bend, h * d0 - rise * bend, -s * rise
        t = 2 * c / (-b - F.sqrt(F.maximum(b * b - 4 * a * c, 0.0)))
        _, log_slope = self._curve(t, at)
        return F.where(inside, x0 + w * t, y), F.where(inside, -log_slope, 0.0)


__all__ = [
    "Abs",
    "Affine",
    "Exp",
    "Identity",
    "KumaraswamyCDF",
    "LeakyReLU",
    "Log",
    "Logit",
    "NormalCDF",
    "Power",
    "RationalQuadraticSpline",
    "Reciprocal",
    "Sigmoid",
    "Softplus",
    "Tanh",
]
