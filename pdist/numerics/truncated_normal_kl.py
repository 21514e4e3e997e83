"""Divergences of truncated Normal distributions, and the share of a smaller interval.

On one interval they are one exponential family: with t from 0 to 1 a path leads from p to q whose natural
parameters are straight lines, and KL(p || q) is the integral of (1 - t) Var_t[log q/p]. That has terms of one
sign alone, and serves where the formula would cancel.
"""

from __future__ import annotations

import math

from ..autograd import differentiable
from ..backend import hooks
from .normal_interval import frame, mass, over, product, sum_over
from .truncated_normal import (
    below_mean,
    below_square,
    central_moment,
    end_density,
    finite_end,
    log_scaled_mass,
    nearest,
    standard_mean,
    truncated_tail,
)

# Gauss-Legendre nodes on (0, 1), and their weights
_PATH = (
    (0.009219682876640375, 0.023587668193255914),
    (0.04794137181476257, 0.05346966299765921),
    (0.11504866290284765, 0.08003916427167311),
    (0.2063410228566913, 0.10158371336153296),
    (0.3160842505009099, 0.1167462682691774),
    (0.43738329574426554, 0.12457352290670139),
    (0.5626167042557345, 0.12457352290670139),
    (0.6839157494990901, 0.1167462682691774),
    (0.7936589771433087, 0.10158371336153296),
    (0.8849513370971523, 0.08003916427167311),
    (0.9520586281852375, 0.05346966299765921),
    (0.9907803171233597, 0.023587668193255914),
)
_NEAR = 0.1  # below it the path serves


# The share of a smaller interval ----------------------------------------------------------------------------


@differentiable
@hooks.opaque
def log_within(xp, loc, s, low, high, a, b):
    """log P(a <= X <= b) for low <= a < b <= high; as log1p of what lies outside if that is less."""
    where = loc, s, low, high
    outside = truncated_tail.kernel(xp, a, *where, upper=False, log=False)
    outside = outside + truncated_tail.kernel(xp, b, *where, upper=True, log=False)
    part, whole = mass(xp, frame(xp, loc, s, a, b))[0], mass(xp, frame(xp, *where))[0]
    top, whole_top = nearest(xp, a, b, loc), nearest(xp, low, high, loc)
    d, d_lo = over(xp, top, whole_top, s)
    e, e_lo = sum_over(xp, top, whole_top, loc, s)
    h, lo = product(xp, d, d_lo, -0.5 * e, -0.5 * e_lo)
    far = xp.log(part / whole) + (h + lo)
    return xp.where(outside < 0.5, xp.log1p(-outside), far)


def _log_within_rule(F, g, loc, s, low, high, a, b):
    where, part = (loc, s, low, high), (loc, s, a, b)
    first, second = 0.0, 0.0
    for x, upper, rest in ((a, False, (loc, s, low, a)), (b, True, (loc, s, b, high))):
        finite = abs(x) < math.inf
        share = F(truncated_tail)(F.where(finite, x, loc), *where, upper=upper, log=False)
        some = finite & (share > 0)
        share, at = F.where(some, share, 0), F.where(some, x, loc)
        rest = (loc, s, F.where(some, rest[2], at), F.where(some, rest[3], at + s))
        first = first + share * (F(below_mean)(at, *rest) - F(below_mean)(at, *part))
        second = second + share * (F(below_square)(at, *rest) - F(below_square)(at, *part))
    g = g / s
    ends = [F(end_density)(*at, upper=u) for at in (where, part) for u in (False, True)]
    return g * first, g * second, g * ends[0], -g * ends[1], -g * ends[2], g * ends[3]


log_within.joint_derivative(_log_within_rule)


# On one interval --------------------------------------------------------------------------------------------


@hooks.opaque
def _gap(xp, p_loc, p_s, q_loc, q_s, low, high):
    """KL(p || q), (E_q[X] - E_p[X])/q_s and E_q[t^2] - E_p[t^2], t in the units of q."""
    p, q = (p_loc, p_s, low, high), (q_loc, q_s, low, high)
    kl, first, second = _formula(xp, p, q)
    near, near_first, near_second = _path(xp, p, q)
    by_path = kl < _NEAR
    return tuple(xp.where(by_path, a, b) for a, b in ((near, kl), (near_first, first), (near_second, second)))


def _formula(xp, p, q):
    """E_q - E_p of t and t^2 as differences from the point that is nearest to a location."""
    low, high = p[2:]
    r = p[1] / q[1]
    v = central_moment.kernel(xp, *p, 2)

    def square_of_q(top):
        """E_p[t^2] less its value at a point, in the units of q, and the offset of the mean from there."""
        e = -below_mean.kernel(xp, top, *p)
        return r * (r * (v + e * e) + 2 * e * over(xp, top, q[0], q[1])[0]), e

    top_p, top_q = (nearest(xp, low, high, loc) for loc in (p[0], q[0]))
    of_p = log_scaled_mass(xp, frame(xp, *p), *p[1:]) - 0.5 * below_square.kernel(xp, top_p, *p)
    of_q = log_scaled_mass(xp, frame(xp, *q), *q[1:]) + 0.5 * square_of_q(top_q)[0]
    square, e = square_of_q(top_p)
    first = -below_mean.kernel(xp, top_p, *q) - r * e
    return of_q - of_p, first, -below_square.kernel(xp, top_p, *q) - square


def _ratios(p_loc, p_s, q_loc, q_s):
    """1 - (p_s/q_s)^2, and (p_s/q_s)^2 (q_loc - p_loc)/p_s."""
    change = ((q_s - p_s) / q_s) * ((q_s + p_s) / q_s)
    return change, (q_loc - p_loc) / q_s * (p_s / q_s)


def _path(xp, p, q):
    p_loc, p_s, low, high = p
    q_loc, q_s = q[:2]
    change, shift = _ratios(p_loc, p_s, q_loc, q_s)
    kl, first, second = 0, 0, 0
    for t, weight in _PATH:
        square = 1 / (1 - t * change)
        r = xp.sqrt(square)  # of the scale there to that of p
        moved = t * shift * square  # of the location, in units of p_s
        at = p_loc + p_s * moved, p_s * r, low, high
        v, third, fourth = (central_moment.kernel(xp, *at, k) for k in (2, 3, 4))
        m = standard_mean.kernel(xp, *at) * r + moved
        # log q/p is a u + b u^2 and a constant, u being X - E[X] in units of the scale there
        a, b = (m * change + shift) * r, 0.5 * change * square
        by_mean, by_square = a * v + b * third, a * third + b * (fourth - v * v)
        kl = kl + weight * (1 - t) * (a * by_mean + b * by_square)
        unit = r * (p_s / q_s)
        off = (m * p_s - (q_loc - p_loc)) / q_s
        first = first + weight * unit * by_mean
        second = second + weight * unit * (unit * by_square + 2 * off * by_mean)
    return kl, first, second


@differentiable
@hooks.opaque
def gap(xp, p_loc, p_s, q_loc, q_s, low, high, /, square):
    """By how much the mean of t, or of t^2 if ``square``, is greater under q than under p, t in q's units."""
    return _gap(xp, *xp.broadcast_arrays(p_loc, p_s, q_loc, q_s, low, high))[1 + square]


@differentiable
@hooks.opaque
def truncated_normal_kl(xp, p_loc, p_s, low, high, q_loc, q_s, q_low, q_high):
    """KL(p || q) for an interval of p within that of q: from q on the same interval, less its log share."""
    share = log_within.kernel(xp, q_loc, q_s, q_low, q_high, low, high)
    return _gap(xp, *xp.broadcast_arrays(p_loc, p_s, q_loc, q_s, low, high))[0] - share


def _kl_rule(F, g, p_loc, p_s, low, high, q_loc, q_s, q_low, q_high):
    p, both = (p_loc, p_s, low, high), (p_loc, p_s, q_loc, q_s, low, high)
    change, shift = _ratios(p_loc, p_s, q_loc, q_s)
    m = F(standard_mean)(*p)
    v, third, fourth = (F(central_moment)(*p, order=k) for k in (2, 3, 4))
    a, b = m * change + shift, 0.5 * change
    by_mean = a * v + b * third
    by_square = a * third + b * (fourth - v * v) + 2 * m * by_mean
    by_ends = []
    for end, upper in ((low, False), (high, True)):
        u = F(below_mean)(finite_end(F, end, p_loc), *p)
        d = g * F(end_density)(*p, upper=upper) * (1 + (a * u + b * (u * u - v))) / p_s
        by_ends.append(-d if upper else d)
    d_loc, d_s, *d_ends = _log_within_rule(F, -g, q_loc, q_s, q_low, q_high, low, high)[:4]
    d_loc, d_s = (d + g * F(gap)(*both, square=k) / q_s for k, d in ((False, d_loc), (True, d_s)))
    return -g * by_mean / p_s, -g * by_square / p_s, *by_ends, d_loc, d_s, *d_ends


truncated_normal_kl.joint_derivative(_kl_rule)
