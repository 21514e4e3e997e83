"""Piecewise linear functions: extrema of two, bounds, rounding and signs."""

from __future__ import annotations

from ..autograd import differentiable, zero
from .arguments import plain

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
    """min(max(x, x_min), x_max), elementwise: x limited to two bounds.

    The gradient is 0 if x lies outside the bounds, and passes unchanged on or between them.

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
        x = xp.maximum(x, plain(x_min))
    return x if x_max is None else xp.minimum(x, plain(x_max))


def _clip_rule(F, g, x, x_min, x_max):
    if x_min is None and x_max is None:
        return g
    held = x > x_max if x_min is None else x < x_min if x_max is None else (x < x_min) | (x > x_max)
    return F.where(held, 0.0, g)  # nan is not clipped, and propagates


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


# Signs ----------------------------------------------------------------------------------------------------


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


__all__ = [
    "absolute",
    "ceil",
    "clip",
    "fix",
    "floor",
    "fmod",
    "maximum",
    "minimum",
    "sign",
]
