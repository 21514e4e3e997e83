"""Arithmetic with broadcasting, powers, extrema of two, rounding."""

from __future__ import annotations

import math

from ..autograd import differentiable, zero


@differentiable(weak=True)
def add(xp, x1, x2):
    """x1 + x2, elementwise with broadcasting.

    Args:
        x1: Variable, array or number.
        x2: the same, of a shape that broadcasts with that of x1.

    Returns:
        Variable of the common shape.

    >>> import numpy as np, pdist.functions as F
    >>> F.add(np.array([[1.0], [2.0]]), np.array([10.0, 20.0])).array
    array([[11., 21.],
           [12., 22.]])
    """
    return x1 + x2


add.derivative(
    x1=lambda F, g: g,
    x2=lambda F, g: g,
)


@differentiable(weak=True)
def subtract(xp, x1, x2):
    """x1 - x2, elementwise with broadcasting.

    Args:
        x1: Variable, array or number.
        x2: the same, of a shape that broadcasts with that of x1.

    Returns:
        Variable of the common shape.

    >>> import numpy as np, pdist.functions as F
    >>> F.subtract(np.array([1.0, 2.0]), 0.5).array
    array([0.5, 1.5])
    """
    return x1 - x2


subtract.derivative(
    x1=lambda F, g: g,
    x2=lambda F, g: -g,
)


@differentiable(weak=True)
def multiply(xp, x1, x2):
    """x1 x2, elementwise with broadcasting.

    Args:
        x1: Variable, array or number.
        x2: the same, of a shape that broadcasts with that of x1.

    Returns:
        Variable of the common shape.

    >>> import numpy as np, pdist.functions as F
    >>> F.multiply(np.array([1.0, 2.0]), 0.5).array
    array([0.5, 1. ])
    """
    return x1 * x2


multiply.derivative(
    x1=lambda F, g, x2: g * x2,
    x2=lambda F, g, x1: g * x1,
)


@differentiable(weak=True)
def divide(xp, x1, x2):
    """x1 / x2, elementwise with broadcasting.

    Args:
        x1: Variable, array or number.
        x2: the same, of a shape that broadcasts with that of x1.

    Returns:
        Variable of the common shape; ±inf or nan if x2 is 0.

    >>> import numpy as np, pdist.functions as F
    >>> F.divide(np.array([1.0, 2.0]), 4.0).array
    array([0.25, 0.5 ])
    """
    return x1 / x2


divide.derivative(
    x1=lambda F, g, x2: g / x2,
    x2=lambda F, g, y, x2: -g * y / x2,
)


@differentiable
def negative(xp, x):
    """-x, elementwise.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x.

    >>> import numpy as np, pdist.functions as F
    >>> F.negative(np.array([1.0, -2.0])).array
    array([-1.,  2.])
    """
    return -x


negative.derivative(x=lambda F, g: -g)


@differentiable
def absolute(xp, x):
    """|x|, elementwise; the derivative at 0 is 0.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x.

    >>> import numpy as np, pdist.functions as F
    >>> F.absolute(np.array([1.0, -2.0])).array
    array([1., 2.])
    """
    return abs(x)


absolute.derivative(x=lambda F, g, x: g * F.sign(x))


@differentiable
def sign(xp, x):
    """The sign of x, elementwise: -1, 0 or 1. Its derivative is 0 everywhere.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x; nan if x is nan.

    >>> import numpy as np, pdist.functions as F
    >>> F.sign(np.array([-3.0, 0.0, 5.0])).array
    array([-1.,  0.,  1.])
    """
    return xp.sign(x)


sign.derivative(x=zero)


# Powers ----------------------------------------------------------------------------------------------------


@differentiable(weak=True)
def power(xp, x1, x2):
    """x1 to the power x2, elementwise with broadcasting.

    At x1 = 0 the gradient to x2 is 0 if x2 is not negative.

    Args:
        x1: Variable, array or number, the base.
        x2: the same, the exponent, of a shape that broadcasts with that of x1.

    Returns:
        Variable of the common shape; nan for a negative base with a non-integer exponent.

    >>> import numpy as np, pdist.functions as F
    >>> F.power(np.array([2.0, 3.0]), 2).array
    array([4., 9.])
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
    """x^2, elementwise.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x.

    >>> import numpy as np, pdist.functions as F
    >>> F.square(np.array([1.0, -3.0])).array
    array([1., 9.])
    """
    return x * x


square.derivative(x=lambda F, g, x: g * (2 * x))


@differentiable
def sqrt(xp, x):
    """The square root of x, elementwise.

    Args:
        x: Variable, array or number, of any shape, not negative.

    Returns:
        Variable of the shape of x; nan if x < 0.

    >>> import numpy as np, pdist.functions as F
    >>> F.sqrt(np.array([4.0, 9.0])).array
    array([2., 3.])
    """
    return xp.sqrt(x)


sqrt.derivative(x=lambda F, g, y: 0.5 * g / y)


@differentiable
def rsqrt(xp, x):
    """1 / sqrt(x), elementwise.

    Args:
        x: Variable, array or number, of any shape, positive.

    Returns:
        Variable of the shape of x; inf at 0 and nan below.

    >>> import numpy as np, pdist.functions as F
    >>> F.rsqrt(np.array([4.0, 0.25])).array
    array([0.5, 2. ])
    """
    return 1 / xp.sqrt(x)


rsqrt.derivative(x=lambda F, g, y, x: -0.5 * g * y / x)


@differentiable
def squared_difference(xp, x1, x2):
    """(x1 - x2)^2, elementwise with broadcasting.

    Args:
        x1: Variable, array or number.
        x2: the same, of a shape that broadcasts with that of x1.

    Returns:
        Variable of the common shape.

    >>> import numpy as np, pdist.functions as F
    >>> F.squared_difference(np.array([1.0, 2.0]), 4.0).array
    array([9., 4.])
    """
    d = x1 - x2
    return d * d


def _squared_difference_rule(F, g, needs, x1, x2):
    d = g * (2 * (x1 - x2))
    return d, -d if needs.x2 else zero


squared_difference.joint_derivative(_squared_difference_rule)


# Extrema of two --------------------------------------------------------------------------------------------


@differentiable(weak=True)
def maximum(xp, x1, x2):
    """The larger of x1 and x2, elementwise with broadcasting; if they tie the gradient goes to x1.

    Args:
        x1: Variable, array or number.
        x2: the same, of a shape that broadcasts with that of x1.

    Returns:
        Variable of the common shape; nan if either is nan.

    >>> import numpy as np, pdist.functions as F
    >>> F.maximum(np.array([1.0, 5.0]), 3.0).array
    array([3., 5.])
    """
    return xp.maximum(x1, x2)


maximum.derivative(
    x1=lambda F, g, x1, x2: F.where((x1 >= x2) | (x1 != x1), g, 0.0),
    x2=lambda F, g, x1, x2: F.where((x1 >= x2) | (x1 != x1), 0.0, g),
)


@differentiable(weak=True)
def minimum(xp, x1, x2):
    """The smaller of x1 and x2, elementwise with broadcasting; if they tie the gradient goes to x1.

    Args:
        x1: Variable, array or number.
        x2: the same, of a shape that broadcasts with that of x1.

    Returns:
        Variable of the common shape; nan if either is nan.

    >>> import numpy as np, pdist.functions as F
    >>> F.minimum(np.array([1.0, 5.0]), 3.0).array
    array([1., 3.])
    """
    return xp.minimum(x1, x2)


minimum.derivative(
    x1=lambda F, g, x1, x2: F.where((x1 <= x2) | (x1 != x1), g, 0.0),
    x2=lambda F, g, x1, x2: F.where((x1 <= x2) | (x1 != x1), 0.0, g),
)


@differentiable
def clip(xp, x, /, x_min, x_max):
    """min(max(x, x_min), x_max), elementwise: x held between two bounds.

    The gradient is 0 if x lies outside the bounds, and passes if it lies on one.

    Args:
        x: Variable, array or number, of any shape.
        x_min: the lower bound, a number, or None for no bound.
        x_max: the upper bound, likewise.

    Returns:
        Variable of the shape of x.

    >>> import numpy as np, pdist.functions as F
    >>> F.clip(np.array([-2.0, 0.5, 3.0]), 0.0, 1.0).array
    array([0. , 0.5, 1. ])
    """
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
    """The largest integer that is at most x, elementwise. Its derivative is 0 everywhere.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x, floating.

    >>> import numpy as np, pdist.functions as F
    >>> F.floor(np.array([-1.5, 1.5])).array
    array([-2.,  1.])
    """
    return xp.floor(x)


@differentiable
def ceil(xp, x):
    """The smallest integer that is at least x, elementwise. Its derivative is 0 everywhere.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x, floating.

    >>> import numpy as np, pdist.functions as F
    >>> F.ceil(np.array([-1.5, 1.5])).array
    array([-1.,  2.])
    """
    return xp.ceil(x)


@differentiable
def fix(xp, x):
    """x rounded towards 0, elementwise. Its derivative is 0 everywhere.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x, floating.

    >>> import numpy as np, pdist.functions as F
    >>> F.fix(np.array([-1.5, 1.5])).array
    array([-1.,  1.])
    """
    return xp.trunc(x)


floor.derivative(x=zero)
ceil.derivative(x=zero)
fix.derivative(x=zero)


@differentiable(weak=True)
def fmod(xp, x, divisor):
    """The remainder x - fix(x / divisor) divisor, with the sign of x, elementwise with broadcasting.

    Args:
        x: Variable, array or number.
        divisor: the same, of a shape that broadcasts with that of x.

    Returns:
        Variable of the common shape; nan if the divisor is 0.

    >>> import numpy as np, pdist.functions as F
    >>> F.fmod(np.array([-5.0, 5.0]), 3.0).array
    array([-2.,  2.])
    """
    return xp.fmod(x, divisor)


fmod.derivative(
    x=lambda F, g: g,
    # the quotient is (x - y) / divisor: x / divisor may round to the next integer
    divisor=lambda F, g, y, x, divisor: -g * F.floor((x - y) / divisor + 0.5),
)


__all__ = [
    "absolute",
    "add",
    "ceil",
    "clip",
    "divide",
    "fix",
    "floor",
    "fmod",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "power",
    "rsqrt",
    "sign",
    "sqrt",
    "square",
    "squared_difference",
    "subtract",
]
