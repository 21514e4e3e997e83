"""arcsinh to more digits than the dtype has, for distributions that a Normal becomes by a hyperbolic sine."""

from __future__ import annotations

import math

from ..autograd import differentiable
from .constants import HALF_LOG_2PI, LOG_2
from .double import is_double, log_finer, rounding, two_product, two_sum
from .normal import half_square

HALF_LOG_2PI_REST = -7.223936088184323e-17  # what rounding took from it
_FAR = (1e5, 1e9)  # beyond it sqrt(1 + z^2) is z in (float32, float64)


def root_double(xp, a):
    """sqrt(1 + a^2) as a double word, for a up to 1e9."""
    square, square_lo = two_product(xp, a, a)
    total, total_lo = two_sum(xp, xp.ones_like(square), square)
    root = xp.sqrt(total)
    back, back_lo = two_product(xp, root, root)
    return root, 0.5 * (((total - back) - back_lo) + (total_lo + square_lo)) / root


def arcsinh_double(xp, z):
    """arcsinh z as a double word: log(a + sqrt(1 + a^2)) of a = |z|, with the sign of z."""
    a = abs(z)
    far = a > _FAR[is_double(z)]
    near = xp.where(far, 1, a)
    root, root_lo = root_double(xp, near)
    q, q_lo = two_sum(xp, root, near)
    log_q, lo = log_finer(xp, xp.where(far & (a < math.inf), a, q))
    log_q, rest = two_sum(xp, log_q, xp.where(far, LOG_2, 0).astype(z.dtype))
    log_q, lo = two_sum(xp, log_q, lo + rest + xp.where(far, 0, (q_lo + root_lo) / q))
    return xp.copysign(xp.where(a < math.inf, log_q, a), z), xp.where(z < 0, -lo, lo)


def fall(F, z):
    """1/sqrt(1 + z^2), the derivative of arcsinh."""
    a = abs(z)
    far = a > 1e15
    return F.where(far, 1 / F.where(far, a, 1.0), 1 / F.sqrt(1 + F.where(far, 1.0, z) ** 2))


def johnson_double(xp, z, c, d):
    """c + d arcsinh z as a double word."""
    h, lo = arcsinh_double(xp, z)
    p, p_lo = two_product(xp, d, h)
    u, rest = two_sum(xp, c + xp.zeros_like(p), p)
    return u, rounding(xp, rest + (p_lo + d * lo), 4 * (abs(c) + abs(p)))


@differentiable
def johnson(xp, z, c, d):
    """c + d arcsinh z."""
    u, lo = johnson_double(xp, z, c, d)
    return u + lo


def johnson_log_density_double(xp, z, c, d):
    """log d - (c + d arcsinh z)^2/2 - log(2 pi (1 + z^2))/2 as a double word."""
    u, lo = johnson_double(xp, z, c, d)
    h, h_lo = half_square(xp, u)
    a = abs(z)
    far = a > _FAR[is_double(z)]
    root, root_lo = root_double(xp, xp.where(far, 1, a))
    log_root, log_lo = log_finer(xp, xp.where(far & (a < math.inf), a, root))
    log_d, d_lo = log_finer(xp, d)
    y, first = two_sum(xp, -h, -xp.where(a < math.inf, log_root, a))
    y, second = two_sum(xp, y, log_d)
    y, third = two_sum(xp, y, xp.full_like(y, -HALF_LOG_2PI))
    log_lo = log_lo + xp.where(far, 0, root_lo / root)
    low = (first + second + third) + (d_lo - log_lo - (h_lo + u * lo))
    constant = -HALF_LOG_2PI - float(y.dtype.type(-HALF_LOG_2PI)) + HALF_LOG_2PI_REST
    return y, xp.where(abs(y) < math.inf, low + constant, 0)


@differentiable
def johnson_log_density(xp, z, c, d):
    """log d - (c + d arcsinh z)^2/2 - log(2 pi (1 + z^2))/2."""
    return johnson_log_density_double(xp, z, c, d)[0]


johnson.derivative(
    z=lambda F, g, z, d: g * d * fall(F, z),
    c=lambda F, g: g,
    d=lambda F, g, z: g * F.arcsinh(z),
)


def johnson_slope(F, z, c, d):
    """Minus the derivative of johnson_log_density by z."""
    w = fall(F, z)
    return w * (F(johnson)(z, c, d) * d + z * w)


johnson_log_density.derivative(
    z=lambda F, g, z, c, d: -g * johnson_slope(F, z, c, d),
    c=lambda F, g, z, c, d: -g * F(johnson)(z, c, d),
    d=lambda F, g, z, c, d: g * (1 / d - F(johnson)(z, c, d) * F.arcsinh(z)),
)
