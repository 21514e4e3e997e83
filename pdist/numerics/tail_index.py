"""T(z) = log(1 + c z)/c, and z at c = 0: what makes extreme values of any tail index c ones of index 0.

A GeneralizedPareto becomes an Exponential, a GeneralizedExtremeValue a Gumbel.

Source:
    S. Coles, "An Introduction to Statistical Modeling of Extreme Values" (2001), chapters 3 and 4.
"""

from __future__ import annotations

import math

from ..autograd import differentiable
from .differences import log1pmx
from .double import divide_double, is_double, log_finer, rounding, two_product, two_sum

_FEW = (1e-18, 1e-60)  # of (float32, float64): c z below it is nothing beside 1, and c^2 still a number


def remaining_double(xp, z, c):
    """1 + c z as a double word."""
    v, lo = two_product(xp, c, z)
    q, rest = two_sum(xp, xp.ones_like(v), v)
    return q, rounding(xp, rest + lo, 4 * (1 + abs(v)))


@differentiable
def remaining(xp, z, c):
    """1 + c z, to the last digits also where c z is near -1; 0 beyond the end of the support."""
    q, lo = remaining_double(xp, z, c)
    return xp.maximum(q + lo, 0)


remaining.derivative(z=lambda F, g, c: g * c, c=lambda F, g, z: g * z)


def index_double(xp, z, c):
    """T(z) and log(1 + c z) as double words; -+inf beyond the end of the support."""
    q, lo = remaining_double(xp, z, c)
    inside = (q > 0) & (q < math.inf)
    log_q, log_lo = log_finer(xp, xp.where(inside, q, 1))
    log_q, log_lo = two_sum(xp, log_q, log_lo + xp.where(inside, lo / xp.where(inside, q, 1), 0))
    few = abs(c) < _FEW[is_double(c)]
    t, t_lo = divide_double(xp, log_q, log_lo, xp.where(few, 1, c))
    beyond = math.inf * xp.where(q > 0, xp.ones_like(q), xp.where(q <= 0, -1, q))
    t = xp.where(few, z, xp.where(inside, t, beyond / xp.where(few, 1, c)))
    log_q = xp.where(few, c * xp.where(abs(z) < math.inf, z, 0), xp.where(inside, log_q, beyond))
    inside = inside & ~few
    return t, xp.where(inside, t_lo, 0), log_q, xp.where(inside, log_lo, 0)


def log_fall_double(xp, z, c):
    """-T(z) - log(1 + c z) as a double word, and T(z) as another one."""
    t, t_lo, h, h_lo = index_double(xp, z, c)
    y, lo = two_sum(xp, -t, -h)
    end = xp.where(c > -1, -math.inf, xp.where(c < -1, math.inf, c + 1))  # where T is infinite and c < 0
    y = xp.where((t == math.inf) & (c < 0), end, y)
    return y, xp.where(abs(y) < math.inf, lo - (t_lo + h_lo), 0), t, t_lo


@differentiable
def index_of(xp, z, c):
    """T(z)."""
    return index_double(xp, z, c)[0]


@differentiable
def index_move(xp, z, c):
    """The derivative (z/(1 + c z) - T(z))/c of T by c, which is -z^2/2 at c = 0."""
    v = c * z
    near = abs(v) < 1
    u = xp.where(near, v, 0.5)
    close = log1pmx(xp, u) / (u * u) + 1 / (1 + u)  # (log(1 + v) - v/(1 + v))/v^2
    close = xp.where(abs(u) < 1e-17, 0.5, close)
    w = xp.where(near, 1, v)
    r = remaining.kernel(xp, z, c)
    far = (xp.log(xp.where(near, 1, r)) - v / xp.where(near, 1, r)) / (w * w)
    return -z * z * xp.where(near, close, far)


def inside(F, z, c):
    """Whether 1 + c z > 0, and z, or 0 if not."""
    some = F(remaining)(z, c) > 0
    return some, F.where(some, z, 0.0)


def _index_rule(F, g, z, c):
    return g / F(remaining)(z, c), g * F(index_move)(z, c)


def _index_move_rule(F, g, needs, y, z, c):
    r = 1 / F(remaining)(z, c)
    # by c: ((T_c - z r)/c)' with T_c = y, which is 2 z^3/3 at c = 0
    few = abs(c * z) < 1e-3
    some = F.where(few, 1.0, c)
    far = (-2 * y - z * z * r * r) / some
    series = z * z * z * (2 / 3 + c * z * (-3 / 2 + c * z * (12 / 5 + c * z * (-10 / 3 + c * z * (30 / 7)))))
    return -g * z * r * r, g * F.where(few, series, far)


index_of.joint_derivative(_index_rule)
index_move.joint_derivative(_index_move_rule)


@differentiable
def index_inverse(xp, t, c):
    """(e^(c t) - 1)/c, and t at c = 0: the z with T(z) = t."""
    h, lo = two_product(xp, c, t)
    few = abs(c) < _FEW[is_double(c)]
    e = xp.expm1(h)
    e = e + xp.where(abs(h) < math.inf, (1 + e) * rounding(xp, lo, h), 0)
    some = xp.where(few, 1, c)
    at_end = (abs(t) == math.inf) & ((t < 0) != (c < 0))
    return xp.where(few, t, xp.where(at_end, -1 / some, e / some))


def _index_inverse_rule(F, g, y, c, t):
    r = 1 + c * y
    return g * r, -g * r * F(index_move)(y, c)


index_inverse.joint_derivative(_index_inverse_rule)
