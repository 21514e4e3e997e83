"""The standard Gompertz variable Z, for which c (e^Z - 1) is a standard Exponential variable.

Source:
    A. Lenart, "The moments of the Gompertz distribution and maximum likelihood estimation of its parameters",
    Scandinavian Actuarial Journal (2014).
"""

from __future__ import annotations

import math

import numpy as np

from .. import functions
from ..autograd import differentiable, raw
from .constants import LARGEST, SMALLEST
from .differences import expm1mx
from .double import exp_double, finite_or_zero, is_double, log_finer, rounding, two_product, two_sum
from .exponential_integral import scaled_integral

_FAR = (80.0, 700.0)  # e to this is finite in (float32, float64)


def _exp(xp, z):
    """e^z as a double word; that of a large number for larger ones."""
    return exp_double(xp, xp.minimum(z, _FAR[is_double(z)]), finer=True)


def growth_double(xp, z, c):
    """c (e^z - 1) as a double word."""
    e, e_lo = _exp(xp, z)
    far, far_lo = two_sum(xp, e, -xp.ones_like(e))
    near, near_lo = two_sum(xp, z, expm1mx(xp, xp.minimum(z, 1)))
    small = z < 0.015625
    m, m_lo = two_sum(xp, xp.where(small, near, far), xp.where(small, near_lo, far_lo + e_lo))
    u, lo = two_product(xp, c, m)
    return xp.where(z < math.inf, u, z), rounding(xp, lo + c * m_lo, 4 * u)


def log_density_double(F, z, c):
    """log c + z - c (e^z - 1) as a double word."""
    xp = F.xp
    u, u_lo = growth_double(xp, z, c)
    log_c, log_lo = log_finer(xp, c)
    y, lo = two_sum(xp, z, log_c)
    y, rest = two_sum(xp, y, -u)
    low = (lo + rest) + (log_lo - u_lo)
    return xp.where(z < math.inf, y, -z), finite_or_zero(xp, low)


@differentiable
def gompertz_log_density(xp, z, c):
    """log c + z - c (e^z - 1)."""
    y, lo = log_density_double(raw(xp), z, c)
    return y + lo


@differentiable
def gompertz_slope(xp, z, c):
    """Minus the derivative of the log density by z: c e^z - 1, always finite."""
    e, e_lo = _exp(xp, z)
    y, lo = two_product(xp, c, e)
    return xp.minimum((y - 1) + rounding(xp, lo + c * e_lo, 4 * y), LARGEST[is_double(y)])


@differentiable
def gompertz_scale_slope(xp, z, c):
    """z (c e^z - 1) - 1, always finite."""
    y, lo = two_product(xp, z, gompertz_slope.kernel(xp, z, c))
    return xp.minimum((y - 1) + rounding(xp, lo, y), LARGEST[is_double(y)])


@differentiable
def gompertz_shape_slope(xp, z, c):
    """The derivative of the log density by c: 1/c - (e^z - 1)."""
    u, lo = growth_double(xp, z, c)
    return ((1 - u) - lo) / c


def exponential(F, z):
    """e^z, that of a large number for larger ones."""
    return F.exp(F.minimum(z, _FAR[is_double(z)]))


def growth_and_slope(F, z, c):
    """c (e^z - 1) and its derivative by z, those of a large number for larger ones."""
    z = F.minimum(z, _FAR[is_double(z)])
    u, slope = c * F.expm1(z), c * F.exp(z)
    largest, smallest = LARGEST[is_double(z)], SMALLEST[is_double(z)]
    return F.clip(u, smallest, largest), F.minimum(slope, largest)


gompertz_log_density.derivative(
    z=lambda F, g, z, c: -g * F(gompertz_slope)(z, c),
    c=lambda F, g, z, c: g * F(gompertz_shape_slope)(z, c),
)
gompertz_slope.derivative(
    z=lambda F, g, z, c: g * c * exponential(F, z),
    c=lambda F, g, z: g * exponential(F, z),
)
gompertz_scale_slope.derivative(
    z=lambda F, g, z, c: g * (F(gompertz_slope)(z, c) + z * c * exponential(F, z)),
    c=lambda F, g, z: g * z * exponential(F, z),
)
gompertz_shape_slope.derivative(z=lambda F, g, z: -g * exponential(F, z), c=lambda F, g, c: -g / c / c)


# Moments ----------------------------------------------------------------------------------------------------


_STEPS = np.arange(-300, 24) / 6
_VALUES, _WEIGHTS = np.exp(_STEPS), np.exp(_STEPS - np.exp(_STEPS)) / 6


def variance(F, c):
    """The mean of the square of log(1 + U/c) less its mean, for an Exponential U, by the trapezoidal rule."""
    shape = (-1, *(1,) * c.ndim)
    u, weight = (c.xp.reshape(c.xp.asarray(v.tolist(), c.dtype), shape) for v in (_VALUES, _WEIGHTS))
    apart = F.log1p(u / c) - F(scaled_integral)(c, n=1)
    return functions.sum(weight * apart * apart, axis=0)
