"""Arithmetic with broadcasting, and powers."""

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


# Powers ----------------------------------------------------------------------------------------------------


@differentiable(weak=True)
def power(xp, x1, x2):
    """x1 to the power x2, elementwise with broadcasting.

    At x1 = 0 the gradient in x2 is 0 if x2 is not negative.

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


__all__ = [
    "add",
    "divide",
    "multiply",
    "negative",
    "power",
    "rsqrt",
    "sqrt",
    "square",
    "squared_difference",
    "subtract",
]
