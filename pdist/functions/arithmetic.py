"""Arithmetic with broadcasting, powers, extrema of two, rounding."""

from __future__ import annotations

import math

from ..autograd import differentiable, zero


@differentiable(weak=True)
def add(xp, x1, x2):
    """x1 + x2, elementwise with broadcasting."""
    return x1 + x2


add.derivative(
    x1=lambda F, g: g,
    x2=lambda F, g: g,
)


@differentiable(weak=True)
def subtract(xp, x1, x2):
    """x1 - x2, elementwise with broadcasting."""
    return x1 - x2


subtract.derivative(
    x1=lambda F, g: g,
    x2=lambda F, g: -g,
)


@differentiable(weak=True)
def multiply(xp, x1, x2):
    """x1 x2, elementwise with broadcasting."""
    return x1 * x2


multiply.derivative(
    x1=lambda F, g, x2: g * x2,
    x2=lambda F, g, x1: g * x1,
)


@differentiable(weak=True)
def divide(xp, x1, x2):
    """x1 / x2, elementwise with broadcasting."""
    return x1 / x2


divide.derivative(
    x1=lambda F, g, x2: g / x2,
    x2=lambda F, g, y, x2: -g * y / x2,
)


@differentiable
def negative(xp, x):
    """-x, elementwise."""
    return -x


negative.derivative(x=lambda F, g: -g)


@differentiable
def absolute(xp, x):
    """|x|, elementwise; the derivative at 0 is 0."""
    return abs(x)


absolute.derivative(x=lambda F, g, x: g * F.sign(x))


@differentiable
def sign(xp, x):
    """-1, 0 or 1, elementwise."""
    return xp.sign(x)


sign.derivative(x=zero)


# Powers ----------------------------------------------------------------------------------------------------


@differentiable(weak=True)
def power(xp, x1, x2):
    """x1 to the power x2, elementwise with broadcasting.

    It is nan for a negative base with a non-integer exponent.
    """
    return x1**x2


def _power_base(F, g, x1, x2):
    """x2 x1^(x2 - 1); 0 for x2 = 0 also at x1 = 0, and where an infinite x2 makes the power vanish."""
    if isinstance(x2, (int, float)):
        if x2 == 0:
            return F.where(g == 0, g, 0.0)
        return g * x2 if x2 == 1 else g * (x2 * x1 ** (x2 - 1))
    constant = x2 == 0
    slope = x1 ** (F.where(constant, 1.0, x2) - 1)
    flat = constant | ((slope == 0) & (abs(x2) == math.inf))
    return F.where(flat, 0.0, g * x2 * slope)


def _power_exponent(F, g, y, x1):
    """x1^x2 log(x1), and 0 if x1 = 0 and x2 >= 0: 0^x2 is 0 on both sides of every x2 > 0."""
    if isinstance(x1, (int, float)):
        if x1 == 0:
            return g * F.where(y == math.inf, -y, 0.0)
        return g * (y * (math.log(x1) if x1 > 0 else math.nan))
    steady = (y == 0) | ((x1 == 0) & (y == 1))
    return g * F.where(steady, 0.0, y * F.log(F.where(steady, 1.0, x1)))


power.derivative(x1=_power_base, x2=_power_exponent)


@differentiable
def square(xp, x):
    """x^2, elementwise."""
    return x * x


square.derivative(x=lambda F, g, x: g * (2 * x))


@differentiable
def sqrt(xp, x):
    """The square root, elementwise; nan below 0."""
    return xp.sqrt(x)


sqrt.derivative(x=lambda F, g, y: 0.5 * g / y)


@differentiable
def rsqrt(xp, x):
    """1 / sqrt(x), elementwise."""
    return 1 / xp.sqrt(x)


rsqrt.derivative(x=lambda F, g, y, x: -0.5 * g * y / x)


@differentiable
def squared_difference(xp, x1, x2):
    """(x1 - x2)^2, elementwise with broadcasting."""
    d = x1 - x2
    return d * d


def _squared_difference_rule(F, g, needs, x1, x2):
    d = g * (2 * (x1 - x2))
    return d, -d if needs.x2 else zero


squared_difference.joint_derivative(_squared_difference_rule)


# Extrema of two --------------------------------------------------------------------------------------------


@differentiable(weak=True)
def maximum(xp, x1, x2):
    """The larger of x1 and x2, elementwise with broadcasting; where they tie the gradient goes to x1."""
    return xp.maximum(x1, x2)


maximum.derivative(
    x1=lambda F, g, x1, x2: F.where((x1 >= x2) | (x1 != x1), g, 0.0),
    x2=lambda F, g, x1, x2: F.where((x1 >= x2) | (x1 != x1), 0.0, g),
)


@differentiable(weak=True)
def minimum(xp, x1, x2):
    """The smaller of x1 and x2, elementwise with broadcasting; where they tie the gradient goes to x1."""
    return xp.minimum(x1, x2)


minimum.derivative(
    x1=lambda F, g, x1, x2: F.where((x1 <= x2) | (x1 != x1), g, 0.0),
    x2=lambda F, g, x1, x2: F.where((x1 <= x2) | (x1 != x1), 0.0, g),
)


@differentiable
def clip(xp, x, /, x_min, x_max):
    """x held between ``x_min`` and ``x_max`` (numbers, or None for no bound), elementwise."""
    if x_min is not None:
        x = xp.maximum(x, x_min)
    return x if x_max is None else xp.minimum(x, x_max)


def _clip_rule(F, g, x, x_min, x_max):
    if x_min is None and x_max is None:
        return g
    held = x > x_max if x_min is None else x < x_min if x_max is None else (x < x_min) | (x > x_max)
    return F.where(held, 0.0, g)  # nan is not held, and goes through


clip.derivative(x=_clip_rule)


# Rounding: piecewise constant ------------------------------------------------------------------------------


@differentiable
def floor(xp, x):
    """The largest integer not above x, elementwise."""
    return xp.floor(x)


@differentiable
def ceil(xp, x):
    """The smallest integer not below x, elementwise."""
    return xp.ceil(x)


@differentiable
def fix(xp, x):
    """x rounded towards 0, elementwise."""
    return xp.trunc(x)


floor.derivative(x=zero)
ceil.derivative(x=zero)
fix.derivative(x=zero)


@differentiable(weak=True)
def fmod(xp, x, divisor):
    """The remainder of x / divisor with the sign of x, elementwise with broadcasting."""
    return xp.fmod(x, divisor)


fmod.derivative(
    x=lambda F, g: g,
    # the quotient is (x - y) / divisor: x / divisor may round to the next integer
    divisor=lambda F, g, y, x, divisor: -g * F.floor((x - y) / divisor + 0.5),
)
