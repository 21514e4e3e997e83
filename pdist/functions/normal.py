"""The cdf of the standard Normal distribution, its logarithm and its inverse."""

from __future__ import annotations

import math

from ..autograd import differentiable
from ..backend import special
from .special import bell, far_bound, fraction, in_own_dtype

_SQRT_HALF = math.sqrt(0.5)
_SQRT_2PI = math.sqrt(2 * math.pi)


@differentiable
def ndtr(xp, x):
    """The standard Normal's cdf, (1 + erf(x / sqrt(2))) / 2, elementwise.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x, in [0, 1].

    >>> import numpy as np, pdist.functions as F
    >>> F.ndtr(np.array([-10.0, 0.0, 1.0])).array
    array([7.61985302e-24, 5.00000000e-01, 8.41344746e-01])
    """
    return in_own_dtype(special(xp).ndtr, x)


ndtr.derivative(x=lambda F, g, x: g * ((1 / _SQRT_2PI) * F(bell)(x, c=0.5)))


@differentiable
def ndtri(xp, x):
    """The standard Normal's quantile, the inverse of :func:`ndtr`, elementwise.

    Args:
        x: Variable, array or number, of any shape, in (0, 1).

    Returns:
        Variable of the shape of x; -inf at 0, inf at 1 and nan beyond.

    >>> import numpy as np, pdist.functions as F
    >>> F.ndtri(np.array([0.5, 0.975])).array
    array([0.        , 1.95996398])
    """
    return in_own_dtype(special(xp).ndtri, x)


ndtri.derivative(x=lambda F, g, y: g * (_SQRT_2PI * F.exp(0.5 * y * y)))


@differentiable
def log_ndtr(xp, x):
    """log(ndtr(x)), elementwise, accurate also far out in the left tail.

    Args:
        x: Variable, array or number, of any shape.

    Returns:
        Variable of the shape of x, at most 0.

    >>> import numpy as np, pdist.functions as F
    >>> F.log_ndtr(np.array([-100.0, 0.0])).array
    array([-5.00552421e+03, -6.93147181e-01])
    """
    return in_own_dtype(special(xp).log_ndtr, x)


@differentiable
def log_ndtr_slope(xp, x):
    """The derivative h of :func:`log_ndtr`, elementwise: the density over the cdf.

    By erfcx on the left, where both underflow.
    """
    left = math.sqrt(2 / math.pi) / in_own_dtype(special(xp).erfcx, -_SQRT_HALF * xp.minimum(x, 0))
    right = (1 / _SQRT_2PI) * bell.kernel(xp, x, 0.5) / in_own_dtype(special(xp).ndtr, x)
    return xp.where(x < 0, left, right)


@differentiable
def log_ndtr_curve(xp, x):
    """The second derivative -h (x + h) of :func:`log_ndtr`, elementwise, where h is the first.

    Far to the left x + h is the continued fraction w = 1/(t + 2/(t + 3/(t + ...))) with t = -x, and h is t +
    w.
    """
    far = x < -5
    t = xp.minimum(xp.where(far, -x, 5.0), far_bound(x))
    w = fraction(t, 2.0, 1.0)
    near = xp.where(far | (x == math.inf), 0.0, x)
    h = log_ndtr_slope.kernel(xp, near)
    return xp.where(far, -(t + w) * w, xp.where(x == math.inf, 0.0, -h * (near + h)))


log_ndtr.derivative(x=lambda F, g, x: g * F(log_ndtr_slope)(x))
log_ndtr_slope.derivative(x=lambda F, g, x: g * F(log_ndtr_curve)(x))
# h'' = -(x + 2 h) h' - h
log_ndtr_curve.derivative(
    x=lambda F, g, y, x: -g * ((x + 2 * F(log_ndtr_slope)(x)) * y + F(log_ndtr_slope)(x))
)


__all__ = [
    "log_ndtr",
    "ndtr",
    "ndtri",
]
