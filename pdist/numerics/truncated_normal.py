"""The truncated Normal distribution: density, tails, moments and their derivatives, as ops.

In all of them X is Normal(loc, s) within [low, high], of which either end may be infinite; t = (X - loc)/s,
and a and b are the ends in its units. Derivatives of an expectation by loc and s are covariances with t and
t^2; those by an end are the density there times a difference.
"""

from __future__ import annotations

import math

import numpy as np

from ..autograd import differentiable
from ..backend import hooks, special, truth
from .blocks import in_blocks
from .constants import HALF_LOG_2PI, INV_SQRT_2PI
from .differences import log_difference
from .normal_interval import frame, is_narrow, mass, moments, over, product, sum_over


def log_scaled_mass(xp, fr, s, low, high):
    """log(s M), M being the mass of a frame."""
    m, rest = mass(xp, fr)
    narrow = is_narrow(fr)
    width = log_difference.kernel(xp, xp.where(narrow, low, 0.0 * s), xp.where(narrow, high, 0.0 * s + 1))
    far = xp.where(fr.n < 0, (xp.log(s) + HALF_LOG_2PI) + rest, xp.log(s * m))
    return xp.where(narrow, width + rest, far)


def nearest(xp, low, high, loc):
    """The point of [low, high] that is nearest to loc."""
    return xp.where(low >= loc, low, xp.where(high <= loc, high, loc))


def _from_top(xp, x, loc, s, low, high):
    """x less the point of [low, high] that is nearest to loc, and their sum less 2 loc, over s."""
    top = nearest(xp, low, high, loc)
    d, d_lo = over(xp, x, top, s)
    e, e_lo = sum_over(xp, x, top, loc, s)
    return d, d_lo, e, e_lo


@differentiable
@hooks.opaque
def truncated_log_prob(xp, x, loc, s, low, high):
    """The log density at an x in between."""
    scaled = log_scaled_mass(xp, frame(xp, loc, s, low, high), s, low, high)
    d, _, e, _ = _from_top(xp, x, loc, s, low, high)
    return -0.5 * d * e - scaled


@differentiable
@hooks.opaque
def truncated_entropy(xp, loc, s, low, high):
    """E[-log p(X)]."""
    fr = frame(xp, loc, s, low, high)
    first, second, _, _, _ = moments(xp, fr)
    narrow, across = is_narrow(fr), fr.n < 0
    r = xp.where(narrow, fr.middle, xp.where(across, 0, fr.n))
    drop = xp.where(
        narrow, 0.5 * xp.where(across, fr.middle * fr.middle, fr.delta - 0.25 * fr.width * fr.width), 0
    )
    spread = 0.5 * second + r * first
    return log_scaled_mass(xp, fr, s, low, high) + (drop + spread)


@differentiable
@hooks.opaque
def below_mean(xp, x, loc, s, low, high):
    """(x - loc)/s - E[t]."""
    fr = frame(xp, loc, s, low, high)
    first = moments(xp, fr)[0]
    return _offset(xp, fr, x, loc, s, low, high) - xp.where(fr.flip, -first, first)


@differentiable
@hooks.opaque
def below_square(xp, x, loc, s, low, high):
    """((x - loc)/s)^2 - E[t^2]."""
    fr = frame(xp, loc, s, low, high)
    first, second, _, _, _ = moments(xp, fr)
    d = _offset(xp, fr, x, loc, s, low, high)
    r = xp.where(is_narrow(fr), fr.middle, xp.where(fr.n < 0, 0, fr.n))
    return d * (d + 2 * xp.where(fr.flip, -r, r)) - (second + 2 * r * first)


def _offset(xp, fr, x, loc, s, low, high):
    """(x - loc)/s less the reference point of the moments."""
    end = xp.where(fr.flip, high, low)
    far, _ = over(xp, x, xp.where(fr.n < 0, loc, end), s)
    near, _ = sum_over(xp, low, high, x, s)
    return xp.where(is_narrow(fr), -0.5 * near, far)


@differentiable
@hooks.opaque
def truncated_mean(xp, loc, s, low, high):
    """E[X]."""
    fr = frame(xp, loc, s, low, high)
    first = moments(xp, fr)[0]
    end = xp.where(fr.flip, high, low)
    middle = 0.5 * low + 0.5 * high
    reference = xp.where(is_narrow(fr), middle, xp.where(fr.n < 0, loc, end))
    return reference + s * xp.where(fr.flip, -first, first)


@differentiable
@hooks.opaque
def truncated_variance(xp, loc, s, low, high):
    """E[(X - E[X])^2]."""
    first, second, _, _, _ = moments(xp, frame(xp, loc, s, low, high))
    return s * s * (second - first * first)


@differentiable
@hooks.opaque
def central_moment(xp, loc, s, low, high, /, order):
    """E[(t - E[t])^order] for orders 2 to 4."""
    fr = frame(xp, loc, s, low, high)
    first, second, third, fourth, _ = moments(xp, fr)
    if order == 2:
        return second - first * first
    if order == 3:
        y = third - first * (3 * second - 2 * first * first)
        return xp.where(fr.flip, -y, y)
    return fourth - first * (4 * third - first * (6 * second - 3 * first * first))


@differentiable
@hooks.opaque
def standard_mean(xp, loc, s, low, high):
    """E[t]."""
    fr = frame(xp, loc, s, low, high)
    y = xp.where(is_narrow(fr), fr.middle, xp.where(fr.n < 0, 0, fr.n)) + moments(xp, fr)[0]
    return xp.where(fr.flip, -y, y)


@differentiable
@hooks.opaque
def end_density(xp, loc, s, low, high, /, upper):
    """The density of t at its lower or upper end; 0 if that is infinite."""
    fr = frame(xp, loc, s, low, high)
    top, across = xp.where(fr.n > 0, fr.n, 0), fr.n < 0
    # (n^2 - top^2)/2 and (f^2 - top^2)/2, which is delta more
    near, near_lo = product(xp, fr.n, fr.n_lo, 0.5 * fr.n, 0.5 * fr.n_lo)
    near, near_lo = xp.where(across, near, 0 * top), xp.where(across, near_lo, 0)
    end = fr.flip == (not upper)
    drop = near + xp.where(end, fr.delta, 0)
    lo = near_lo + xp.where(end, fr.delta_lo + ((near - drop) + fr.delta), 0)
    e = xp.exp(-drop) * (1 - xp.where(abs(lo) < 1, lo, 0))
    here = high if upper else low
    return xp.where(abs(here) < math.inf, e, 0) / mass(xp, fr)[0]


# Tails ------------------------------------------------------------------------------------------------------


def _share(xp, x, loc, s, low, high, whole):
    """P(X <= x) as y e^h, h a double word."""
    part = mass(xp, frame(xp, loc, s, low, x))[0]
    # the difference of the squares of the points that are nearest to loc, below and above x
    top = xp.where(high <= loc, high, loc)
    d, d_lo = over(xp, x, top, s)
    e, e_lo = sum_over(xp, x, top, loc, s)
    h, lo = product(xp, d, d_lo, -0.5 * e, -0.5 * e_lo)
    some = (x < loc) & (low < loc)
    y = xp.where(x > low, part / whole, 0)
    return xp.where(x == x, y, x), xp.where(some, h, 0), xp.where(some, lo, 0)


def _value(xp, y, h, lo):
    return xp.minimum(y * xp.exp(h) * (1 + xp.where(abs(lo) < 1, lo, 0)), 1)


@differentiable
@in_blocks
@hooks.opaque
def truncated_tail(xp, x, loc, s, low, high, *, upper, log):
    """P(X <= x) or, if ``upper``, P(X > x), or its logarithm."""
    x = xp.clip(x, low, high)
    whole = mass(xp, frame(xp, loc, s, low, high))[0]
    if upper:
        x, loc, low, high = -x, -loc, -high, -low
    y, h, lo = _share(xp, x, loc, s, low, high, whole)
    if not log:
        return _value(xp, y, h, lo)
    other = _value(xp, *_share(xp, -x, -loc, s, -high, -low, whole))
    return xp.where(other < 0.5, xp.log1p(-other), xp.log(y) + (h + lo))


@differentiable
@in_blocks
@hooks.opaque
def truncated_quantile(xp, p, loc, s, low, high):
    """The x with P(X <= x) = p, by Newton's method on the logarithm of the smaller tail, which is concave."""
    p, loc, s, low, high = xp.broadcast_arrays(p, loc, s, low, high)
    upper = p > 0.5
    target = xp.where(upper, 1 - p, p)
    loc, low, high = xp.where(upper, -loc, loc), xp.where(upper, -high, low), xp.where(upper, -low, high)
    whole = mass(xp, frame(xp, loc, s, low, high))[0]
    least = low + s * (target * whole)  # the density is nowhere greater than 1/(s whole)
    x = xp.clip(_guess(xp, target, loc, s, low, high, whole), least, high)
    arrays = [target, loc, s, low, high, whole, least]
    x, left = xp.array(x, ndmin=1), xp.nonzero(xp.atleast_1d(target > 0))
    arrays = [xp.atleast_1d(v)[left] for v in arrays]
    for _ in range(50):
        x[left], done = _improved(xp, x[left], *arrays)
        left, arrays = tuple([i[~done] for i in left]), [v[~done] for v in arrays]
        if truth(done.all()):
            break
    x = x.reshape(target.shape)
    x = xp.where(target > 0, x, low)
    return xp.where(p == p, xp.where(upper, -x, x), p)


def _improved(xp, x, target, loc, s, low, high, whole, least):
    """A step of Halley's method towards log P(X <= x) = log target, and whether it is the last."""
    y, h, lo = _share(xp, x, loc, s, low, high, whole)
    log_share, log_target = xp.log(y) + (h + lo), xp.log(target)
    d, _, e, _ = _from_top(xp, x, loc, s, low, high)
    error = log_target - log_share
    share_over_density = whole * xp.exp(log_share + 0.5 * d * e)  # in units of s
    newton = error * share_over_density
    bend = 0.5 * (error + newton * ((x - loc) / s))
    step = s * newton / xp.maximum(1 - bend, 0.5)
    new = xp.clip(xp.where(abs(step) < math.inf, x + step, x), least, high)
    eps = float(np.finfo(x.dtype).eps)
    return new, (new == x) | (abs(step) <= 4 * eps * abs(x)) | (abs(error) <= 4 * eps * (1 + abs(log_target)))


def _guess(xp, target, loc, s, low, high, whole):
    """Where P(X <= x) might be a target of at most 1/2."""
    a, b = (low - loc) / s, (high - loc) / s
    delta = 0.5 * ((high - low) / s) * (((low - loc) + (high - loc)) / s)
    # on the left of the top the density is about e^(-b y - y^2/2) at a distance of y from the upper end
    left = xp.exp(xp.minimum(delta, 0))
    t = left + target * (1 - left)
    fall = -xp.log(t)
    n = xp.maximum(-b, 0)
    rising = high - s * (2 * fall / (xp.sqrt(n * n + 2 * fall) + n))
    cdf = special(xp).ndtr(a)
    across = loc + s * special(xp).ndtri(cdf + target * whole * INV_SQRT_2PI)
    at_end = low + s * (target * whole * xp.exp(xp.where(b <= 0, -delta, 0.5 * a * a)))
    near = xp.where(b <= 0, 1e3 * target * (1 - left) < left, 1e3 * target * whole * INV_SQRT_2PI < cdf)
    x = xp.where(near, at_end, xp.where(b <= 0, rising, across))
    return xp.where(a >= 0, low + s * (target * whole), x)


# Derivatives ------------------------------------------------------------------------------------------------


def _by_ends(F, loc, s, low, high, at):
    """How an expectation E[f] moves with low and high, of f less E[f] at both ends."""
    a, b = (F(end_density)(loc, s, low, high, upper=u) / s for u in (False, True))
    return -a * at(finite_end(F, low, loc)), b * at(finite_end(F, high, loc))


def finite_end(F, end, loc):
    """An end; the location, which does no harm where it is multiplied by 0, if the end is infinite."""
    return F.where(abs(end) < math.inf, end, loc)


def _spread(F, loc, s, low, high):
    """Var t, Cov(t, t^2), Var(t^2)."""
    m = F(standard_mean)(loc, s, low, high)
    v, third, fourth = (F(central_moment)(loc, s, low, high, order=k) for k in (2, 3, 4))
    return v, third + 2 * m * v, (fourth - v * v) + 4 * m * (third + m * v)


def _log_prob_rule(F, g, x, loc, s, low, high):
    where = loc, s, low, high
    z = (x - loc) / s
    g = F.where(abs(z) < math.inf, g, 0.0) / s
    z = F.where(abs(z) < math.inf, z, 0.0)
    first, second = F(below_mean)(x, *where), F(below_square)(x, *where)
    by_ends = F(end_density)(*where, upper=False), -F(end_density)(*where, upper=True)
    return -g * z, g * first, g * second, g * by_ends[0], g * by_ends[1]


def _below_mean_rule(F, g, y, x, loc, s, low, high):
    where = loc, s, low, high
    v, cross, _ = _spread(F, *where)
    by_low, by_high = _by_ends(F, *where, lambda end: F(below_mean)(end, *where))
    g_s = g / s
    return g_s, -g_s * v, -g_s * (y + cross), -g * by_low, -g * by_high


def _below_square_rule(F, g, y, x, loc, s, low, high):
    where = loc, s, low, high
    _, cross, square = _spread(F, *where)
    by_low, by_high = _by_ends(F, *where, lambda end: F(below_square)(end, *where))
    g_s = g / s
    d_loc = -g_s * (2 * F(below_mean)(x, *where) + cross)
    return g_s * (2 * (x - loc) / s), d_loc, -g_s * (2 * y + square), -g * by_low, -g * by_high


def _entropy_rule(F, g, loc, s, low, high):
    where = loc, s, low, high
    _, cross, square = _spread(F, *where)
    by_low, by_high = _by_ends(F, *where, lambda end: 1 + 0.5 * F(below_square)(end, *where))
    return 0.5 * g * cross / s, 0.5 * g * square / s, g * by_low, g * by_high


def _mean_rule(F, g, loc, s, low, high):
    where = loc, s, low, high
    v, cross, _ = _spread(F, *where)
    by_low, by_high = _by_ends(F, *where, lambda end: s * F(below_mean)(end, *where))
    return g * v, g * cross, g * by_low, g * by_high


def _standard_mean_rule(F, g, y, loc, s, low, high):
    where = loc, s, low, high
    v, cross, _ = _spread(F, *where)
    by_low, by_high = _by_ends(F, *where, lambda end: F(below_mean)(end, *where))
    return g * (v - 1) / s, g * (cross - y) / s, g * by_low, g * by_high


def _variance_rule(F, g, loc, s, low, high):
    where = loc, s, low, high
    v, third, fourth = (F(central_moment)(*where, order=k) for k in (2, 3, 4))
    d_s = (fourth - v * v) + 2 * F(standard_mean)(*where) * third
    by_low, by_high = _by_ends(F, *where, lambda end: s * s * (F(below_mean)(end, *where) ** 2 - v))
    return g * s * third, g * s * d_s, g * by_low, g * by_high


def _end_density_rule(F, g, y, loc, s, low, high, upper):
    where = loc, s, low, high
    here = finite_end(F, high if upper else low, loc)
    other = F(end_density)(*where, upper=not upper)
    first = F(below_mean)(here, *where)
    g = g * y / s
    by_here = -g * ((first + other) if upper else (first - other))
    by_ends = (g * other, by_here) if upper else (by_here, -g * other)
    return g * first, g * (1 + F(below_square)(here, *where)), *by_ends


def _apart(F, x, loc, s, low, high):
    """By how much the means of t and of t^2 are greater above x than below."""
    below, above = (loc, s, low, x), (loc, s, x, high)
    first = F(below_mean)(x, *below) - F(below_mean)(x, *above)
    return first, F(below_square)(x, *below) - F(below_square)(x, *above)


def _tail_rule(F, g, x, loc, s, low, high, upper, log):
    inside = (x > low) & (x < high)
    x = F.where(inside, x, between(F, loc, s, low, high))
    g = F.where(inside, g, 0.0) / s
    where = loc, s, low, high
    first, second = _apart(F, x, *where)
    lower, higher = (F(truncated_tail)(x, *where, upper=u, log=False) for u in (False, True))
    if not log:
        g = -g if upper else g
        w = -lower * higher
        ends = -F(end_density)(*where, upper=False) * higher, -F(end_density)(*where, upper=True) * lower
        d_x = F.exp(F(truncated_log_prob)(x, *where)) * s
    elif upper:
        w = lower
        ends = F(end_density)(*where, upper=False), lower * F(end_density)(loc, s, x, high, upper=True)
        d_x = -F(end_density)(loc, s, x, high, upper=False)
    else:
        w = -higher
        ends = -higher * F(end_density)(loc, s, low, x, upper=False), -F(end_density)(*where, upper=True)
        d_x = F(end_density)(loc, s, low, x, upper=True)
    return g * d_x, g * w * first, g * w * second, g * ends[0], g * ends[1]


def _quantile_rule(F, g, y, p, loc, s, low, high):
    """Those of the cdf over the density."""
    where = loc, s, low, high
    g = F.where(abs(y) < math.inf, g, 0.0)
    x = F.where(abs(y) < math.inf, y, between(F, *where))
    first, second = _apart(F, x, *where)
    below, above = (loc, s, low, x), (loc, s, x, high)
    at_x = F(end_density)(*below, upper=True), F(end_density)(*above, upper=False)
    upper = p > 0.5
    w = g * F.where(upper, p, 1 - p) / F.where(upper, at_x[1], at_x[0])
    by_low = g * F(end_density)(*where, upper=False) / at_x[1]
    by_high = g * F(end_density)(*where, upper=True) / at_x[0]
    return g * F.exp(-F(truncated_log_prob)(x, *where)), w * first, w * second, by_low, by_high


def between(F, loc, s, low, high):
    """A number in between."""
    ends = abs(low) < math.inf, abs(high) < math.inf
    a, b = F.where(ends[0], low, 0.0), F.where(ends[1], high, 0.0)
    one = F.where(ends[0], a + s, F.where(ends[1], b - s, loc))
    return F.where(ends[0] & ends[1], 0.5 * a + 0.5 * b, one)


truncated_log_prob.joint_derivative(_log_prob_rule)
truncated_entropy.joint_derivative(_entropy_rule)
below_mean.joint_derivative(_below_mean_rule)
below_square.joint_derivative(_below_square_rule)
truncated_mean.joint_derivative(_mean_rule)
standard_mean.joint_derivative(_standard_mean_rule)
truncated_variance.joint_derivative(_variance_rule)
end_density.joint_derivative(_end_density_rule)
truncated_tail.joint_derivative(_tail_rule)
truncated_quantile.joint_derivative(_quantile_rule)
