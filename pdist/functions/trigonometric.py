"""Circular and hyperbolic functions."""

from __future__ import annotations

import math

from ..autograd import differentiable
from .indexing import select
from .special import far_bound


@differentiable
def sin(xp, x):
    """The sine of x in radians, elementwise.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x.

    >>> import numpy as np, pdist.functions as F
    >>> F.sin(np.array([0.0, np.pi / 2])).array
    array([0., 1.])
    """
    return xp.sin(x)


sin.derivative(x=lambda F, g, x: g * F.cos(x))


@differentiable
def cos(xp, x):
    """The cosine of x in radians, elementwise.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x.

    >>> import numpy as np, pdist.functions as F
    >>> F.cos(np.array([0.0, np.pi])).array
    array([ 1., -1.])
    """
    return xp.cos(x)


cos.derivative(x=lambda F, g, x: -g * F.sin(x))


@differentiable
def tan(xp, x):
    """The tangent sin(x) / cos(x), elementwise.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x.

    >>> import numpy as np, pdist.functions as F
    >>> F.tan(np.array([0.0, 1.0])).array
    array([0.        , 1.55740772])
    """
    return xp.tan(x)


tan.derivative(x=lambda F, g, y: g * (1 + y * y))


@differentiable
def arcsin(xp, x):
    """The inverse of the sine, elementwise.

    Args:
        x: Variable, array or number, of any shape, in [-1, 1].

    Returns:
        Variable of the shape of x, in [-pi/2, pi/2]; nan if x is outside [-1, 1].

    >>> import numpy as np, pdist.functions as F
    >>> F.arcsin(np.array([0.0, 1.0])).array
    array([0.        , 1.57079633])
    """
    return xp.arcsin(x)


@differentiable
def one_minus_square(xp, x):
    """1 - x^2, elementwise, accurate at both ends; its own derivative does not cancel near 0."""
    return (1 - x) * (1 + x)


one_minus_square.derivative(x=lambda F, g, x: g * (-2 * x))
arcsin.derivative(x=lambda F, g, x: g / F.sqrt(F(one_minus_square)(x)))


@differentiable
def arccos(xp, x):
    """The inverse of the cosine, elementwise.

    Args:
        x: Variable, array or number, of any shape, in [-1, 1].

    Returns:
        Variable of the shape of x, in [0, pi]; nan if x is outside [-1, 1].

    >>> import numpy as np, pdist.functions as F
    >>> F.arccos(np.array([0.0, 1.0])).array
    array([1.57079633, 0.        ])
    """
    return xp.arccos(x)


arccos.derivative(x=lambda F, g, x: -g / F.sqrt(F(one_minus_square)(x)))


@differentiable
def arctan(xp, x):
    """The inverse of the tangent, elementwise.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x, in [-pi/2, pi/2].

    >>> import numpy as np, pdist.functions as F
    >>> F.arctan(np.array([0.0, 1.0])).array
    array([0.        , 0.78539816])
    """
    return xp.arctan(x)


def _arctan_rule(F, g, x):
    """1/(1 + x^2), beyond 1 in terms of (1/x)^2, which does not overflow."""
    far = abs(x) > 1
    small = F.where(far, 1 / F.where(far, x, 1.0), x)
    square = small * small
    return g * (F.where(far, square, 1.0) / (1 + square))


arctan.derivative(x=_arctan_rule)


@differentiable
def over_square(xp, a, b):
    """a/(a^2 + b^2), without over- or underflow of the squares: both are divided by the larger one.

    It is 0 at infinity, and defined as 0 at the origin.
    """
    m = xp.maximum(abs(a), abs(b))
    flat = (m == 0) | (m == math.inf)
    a, b = a / m, b / m
    return select(xp, flat, 0.0, a / (a * a + b * b) / m)


def _over_square_rule(F, g, needs, y, a, b):
    """In a, the difference of the squares of y' and y; in b, -2 y y', where y' is the function of (b, a)."""
    other = F(over_square)(b, a)
    return g * ((other - y) * (other + y)), -2 * g * y * other if needs.b else None


over_square.joint_derivative(_over_square_rule)


@differentiable(weak=True)
def arctan2(xp, x1, x2):
    """The angle of the point (x2, x1) in the plane, elementwise with broadcasting: arctan(x1 / x2) if x2 > 0.

    Args:
        x1: Variable, array or number, the point's second coordinate.
        x2: the same, its first coordinate, of a shape that broadcasts with that of x1.

    Returns:
        Variable of the common shape, in [-pi, pi]; its gradient at the origin is 0.

    >>> import numpy as np, pdist.functions as F
    >>> F.arctan2(np.array([1.0, 0.0]), np.array([1.0, -1.0])).array
    array([0.78539816, 3.14159265])
    """
    return xp.arctan2(x1, x2)


arctan2.derivative(
    x1=lambda F, g, x1, x2: g * F(over_square)(x2, x1),
    x2=lambda F, g, x1, x2: -g * F(over_square)(x1, x2),
)


@differentiable
def sinh(xp, x):
    """The hyperbolic sine (e^x - e^-x) / 2, elementwise.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x.

    >>> import numpy as np, pdist.functions as F
    >>> F.sinh(np.array([0.0, 1.0])).array
    array([0.        , 1.17520119])
    """
    return xp.sinh(x)


sinh.derivative(x=lambda F, g, x: g * F.cosh(x))


@differentiable
def cosh(xp, x):
    """The hyperbolic cosine (e^x + e^-x) / 2, elementwise.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x.

    >>> import numpy as np, pdist.functions as F
    >>> F.cosh(np.array([0.0, 1.0])).array
    array([1.        , 1.54308063])
    """
    return xp.cosh(x)


cosh.derivative(x=lambda F, g, x: g * F.sinh(x))


@differentiable
def arcsinh(xp, x):
    """The inverse of the hyperbolic sine, log(x + sqrt(x^2 + 1)), elementwise.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x.

    >>> import numpy as np, pdist.functions as F
    >>> F.arcsinh(np.array([0.0, 1.0])).array
    array([0.        , 0.88137359])
    """
    return xp.arcsinh(x)


def _arcsinh_rule(F, g, x):
    """1/sqrt(1 + x^2), which is 1/|x| long before the square overflows."""
    far = abs(x) > far_bound(x)
    near = F.where(far, 0.0, x)
    return g / F.where(far, abs(x), F.sqrt(1 + near * near))


arcsinh.derivative(x=_arcsinh_rule)


@differentiable
def arctanh(xp, x):
    """The inverse of the hyperbolic tangent, log((1 + x) / (1 - x)) / 2, elementwise.

    Args:
        x: Variable, array or number, of any shape, in (-1, 1).

    Returns:
        Variable of the shape of x; ±inf at ±1 and nan beyond.

    >>> import numpy as np, pdist.functions as F
    >>> F.arctanh(np.array([0.0, 0.5])).array
    array([0.        , 0.54930614])
    """
    return xp.arctanh(x)


arctanh.derivative(x=lambda F, g, x: g / F(one_minus_square)(x))


__all__ = [
    "arccos",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "cos",
    "cosh",
    "sin",
    "sinh",
    "tan",
]
