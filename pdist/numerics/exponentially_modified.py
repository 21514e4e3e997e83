"""The sum of a Normal variable and an independent exponential one: density, tails and quantiles.

With z = (x - loc)/scale, k = rate scale and t = k - z the density is rate E for E = e^(k^2/2 - k z) P(N > t),
and P(X <= x) = P(N <= z) - E. Derivatives follow from the excess e(t) = phi(t)/P(N > t) - t of the hazard.

Source:
    E. Grushka, "Characterization of exponentially modified Gaussian peaks in chromatography", Analytical
    Chemistry 44 (1972); the continued fraction of P(N > t) by Laplace.
"""

from __future__ import annotations

import math

from ..autograd import differentiable
from ..backend import hooks, special
from ..functions.normal import log_ndtr_slope
from ..functions.special import fraction
from .blocks import in_blocks
from .constants import HALF_LOG_2PI, INV_SQRT_2PI, SQRT_HALF
from .double import divide_double, finite_or_zero, two_product, two_sum
from .inverse_gaussian import fall
from .normal import cdf_and_slope, half_square, log_cdf_and_slope, scaled_tail
from .panels import gauss_legendre
from .roots import search_root

_FRACTION_FROM = 4.0


@differentiable
def hazard_rest(xp, t):
    """1/e(t) - t > 0 for t >= 4: 2/(t + 3/(t + 4/(t + ...)))."""
    return 2 * fraction(t, 3.0, 1.0)


@differentiable
def hazard_excess(xp, t):
    """phi(t)/P(N > t) - t."""
    far, near = xp.maximum(t, _FRACTION_FROM), xp.minimum(t, _FRACTION_FROM)
    right = INV_SQRT_2PI / scaled_tail(xp, xp.maximum(near, 0)) - near
    left = log_ndtr_slope.kernel(xp, -near) - near
    return xp.where(t > _FRACTION_FROM, 1 / (far + hazard_rest.kernel(xp, far)), xp.where(t < 0, left, right))


@differentiable
def hazard_excess_slope(xp, t):
    """Its derivative (t + e) e - 1, by the fraction (e - c)/(t + c) with 1/e = t + c."""
    e = hazard_excess.kernel(xp, t)
    far = xp.maximum(t, _FRACTION_FROM)
    c = hazard_rest.kernel(xp, far)
    return xp.where(t > _FRACTION_FROM, (1 / (far + c) - c) / (far + c), (t + e) * e - 1)


hazard_rest.derivative(t=lambda F, g, y, t: -g * (1 + F(hazard_excess_slope)(t) * (t + y) * (t + y)))
hazard_excess.derivative(t=lambda F, g, t: g * F(hazard_excess_slope)(t))
hazard_excess_slope.derivative(t=lambda F, g, y, t: g * ((e := F(hazard_excess)(t)) * (1 + y) + (t + e) * y))


def _standardized(xp, x, loc, scale, rate):
    """z, z^2/2 and k z - k^2/2 = rate (x - loc) - k^2/2 as double words, and k."""
    d, d_lo = two_sum(xp, x, -loc)
    z, z_lo = divide_double(xp, d, finite_or_zero(xp, d_lo), scale)
    z_lo = finite_or_zero(xp, z_lo)
    square, lo = half_square(xp, z)
    k = rate * scale
    k_lo = finite_or_zero(xp, two_product(xp, rate, scale)[1])
    line, line_lo = two_product(xp, rate, d)
    line, last = two_sum(xp, line, -half_square(xp, k)[0])
    line_lo = (finite_or_zero(xp, line_lo) + rate * finite_or_zero(xp, d_lo)) + last
    line_lo = line_lo - (half_square(xp, k)[1] + k * k_lo)
    return z, (square, finite_or_zero(xp, lo + z * z_lo)), (line, finite_or_zero(xp, line_lo)), k


@differentiable
@in_blocks
@hooks.opaque
def emg_log_prob(xp, x, loc, scale, rate):
    """log rate + k^2/2 - k z + log P(N <= z - k)."""
    z, (square, square_lo), (line, line_lo), k = _standardized(xp, x, loc, scale, rate)
    t = k - z
    e = hazard_excess.kernel(xp, xp.maximum(t, 0))
    left = -(square + (HALF_LOG_2PI + xp.log1p((e - z) / k) + xp.log(scale))) - square_lo
    right = (xp.log(rate) - line) + log_cdf_and_slope(xp, xp.maximum(-t, 0))[0] - line_lo
    return xp.where(abs(z) < math.inf, xp.where(t > 0, left, right), xp.where(z == z, -math.inf, z))


def _parts(F, x, loc, scale, rate):
    """z, k, e(t), the slope e - z of log E by z, and the hazard where z > k, as there e is about z - k."""
    z, k = (x - loc) / scale, rate * scale
    e = F(hazard_excess)(k - z)
    far = z > k
    hazard = F(log_ndtr_slope)(F.where(far, z - k, 0.0))
    return z, k, e, F.where(far, hazard - k, e - z), F.where(far, hazard, 0.0)


def _log_prob_rule(F, g, x, loc, scale, rate):
    z, k, e, move, hazard = _parts(F, x, loc, scale, rate)
    by_x = g * move / scale
    by_scale = F.where(z > k, k * k - (z + k) * hazard, z * z - (z + k) * e)
    t = F.where(k - z > _FRACTION_FROM, k - z, _FRACTION_FROM)
    c = F(hazard_rest)(t)
    by_k = F.where(k - z > _FRACTION_FROM, (c - z) / (k * (t + c)), 1 / k - e)  # 1/k - e
    return by_x, -by_x, g * by_scale / scale, g * (scale * by_k)


emg_log_prob.joint_derivative(_log_prob_rule)


# Tails ------------------------------------------------------------------------------------------------------

_NODES, _WEIGHTS = gauss_legendre(12)


def _between(xp, z, k):
    """P(z - k < N <= z) for z >= k/2."""
    short = xp.minimum(k, 1)
    places = [z - short * (0.5 + 0.5 * float(u)) for u in _NODES]
    near = sum(float(w) * xp.exp(-0.5 * at * at) for w, at in zip(_WEIGHTS, places, strict=True))
    upper = lambda a: cdf_and_slope(xp, -a)[0]
    far = xp.where(z < k, 1 - upper(z) - upper(k - z), upper(z - k) - upper(z))
    return xp.where(k < 1, 0.5 * INV_SQRT_2PI * short * near, far)


@in_blocks
def tails(xp, x, loc, scale, rate):
    """P(X <= x), P(X > x), and their logarithms, each from terms of one sign."""
    z, (square, square_lo), (line, line_lo), k = _standardized(xp, x, loc, scale, rate)
    bell = xp.exp(-square) * (1 - square_lo)
    # to the left: e^(-z^2/2) (c(-z) - c(k - z)) with the scaled tail c
    share = fall(xp, xp.maximum(-z, 0), k)
    log_left = xp.log(share) - square - square_lo
    # from 0 to k/2
    rise = 0.5 * special(xp).erf(SQRT_HALF * z) - 0.5 * xp.expm1(-square)
    middle = rise + bell * fall(xp, xp.zeros_like(z), xp.maximum(k - z, 0))
    # beyond
    decay, a, b = xp.exp(-line) * (1 - line_lo), xp.maximum(z, 0), xp.maximum(z - k, 0)
    passed = -(xp.expm1(-xp.maximum(line, 0)) - line_lo * decay) * cdf_and_slope(xp, a)[0]
    beyond = passed + decay * _between(xp, xp.maximum(z, 0.5 * k), k)
    lower = xp.where(z <= 0, share * bell, xp.where(2 * z < k, middle, beyond))
    # the upper tail to the right of 0
    tail = scaled_tail(xp, a)
    both = tail + scaled_tail(xp, xp.maximum(k - z, 0))
    log_near, log_far = xp.log(both) - square - square_lo, log_cdf_and_slope(xp, b)[0] - line - line_lo
    ratio = xp.exp(xp.minimum(xp.log(tail) - square - log_far, 0))
    right = xp.where(z < k, bell * both, decay * cdf_and_slope(xp, b)[0] + bell * tail)
    log_right = xp.where(z < k, log_near, log_far + xp.log1p(ratio))
    upper = xp.where(z <= 0, 1 - lower, right)
    log_lower = xp.where(z <= 0, log_left, xp.where(upper < 0.5, xp.log1p(-upper), xp.log(lower)))
    log_upper = xp.where(z <= 0, xp.log1p(-lower), xp.where(lower < 0.5, xp.log1p(-lower), log_right))
    lower = xp.where((z > 0) & (upper < 0.5), 1 - upper, lower)
    infinite = abs(z) == math.inf
    ends = ((z > 0, 0, 1), (z < 0, 0, 1), (z > 0, -math.inf, 0), (z < 0, -math.inf, 0))
    return [
        xp.where(infinite, xp.where(one, high, low).astype(y.dtype), y)
        for y, (one, low, high) in zip((lower, upper, log_lower, log_upper), ends, strict=True)
    ]


@differentiable
@hooks.opaque
def emg_tail(xp, x, loc, scale, rate, *, upper, log):
    """P(X <= x) or, if ``upper``, P(X > x), or its logarithm."""
    return tails(xp, x, loc, scale, rate)[2 * log + upper]


def _tail_rule(F, g, y, x, loc, scale, rate, upper, log):
    log_p = F(emg_log_prob)(x, loc, scale, rate)
    inside = log_p > -math.inf
    log_p = F.where(inside, log_p - y if log else log_p, 0.0)
    by_x = F.where(inside, (-g if upper else g) * F.exp(log_p), 0.0)
    _, _, e, move, _ = _parts(F, F.where(inside, x, loc), loc, scale, rate)
    return by_x, -by_x, by_x * move, by_x * (e * scale / rate)


emg_tail.joint_derivative(_tail_rule)


# Quantiles and the mode -------------------------------------------------------------------------------------


@hooks.opaque
def _quantile(xp, p, loc, scale, rate, upper):
    """The z at which a tail is p: a search between bounds by either variable, then Newton's steps."""
    p, loc, scale, rate = xp.broadcast_arrays(p, loc, scale, rate)
    inside = (p > 0) & (p < 1)
    some = xp.where(inside, p, 0.5)
    other = 1 - some
    above = (some < 0.5) == upper  # which of the tails is the smaller one
    target = xp.log(xp.where(some < 0.5, some, other))
    k, rest = rate * scale, some if upper else other
    zero, one = xp.zeros_like(k), xp.ones_like(k)
    ndtri = special(xp).ndtri
    low = -ndtri(some) if upper else ndtri(some)
    high = -ndtri(0.5 * rest) - xp.log(0.5 * rest) / k
    eps = float(xp.finfo(p.dtype).eps)

    def newton(z):
        found = tails(xp, z, zero, one, k)
        log_tail = xp.where(above, found[3], found[2])
        d = xp.where(above, target - log_tail, log_tail - target)
        density = emg_log_prob.kernel(xp, z, zero, one, k)
        return d, d * xp.exp(log_tail - density), eps * (1 + abs(target))

    z = search_root(xp, newton, low - 8 * eps * (1 + abs(low)), high + 8 * eps * (1 + abs(high)))
    ends = (math.inf, -math.inf) if upper else (-math.inf, math.inf)
    x = loc + scale * z
    return xp.where(inside, x, xp.where(p == 0, ends[0], xp.where(p == 1, ends[1], math.nan))).astype(p.dtype)


@differentiable
def emg_quantile(xp, p, loc, scale, rate, *, upper):
    """The x with P(X <= x) = p or, if ``upper``, P(X > x) = p."""
    return _quantile(xp, p, loc, scale, rate, upper)


def _quantile_rule(F, g, y, p, loc, scale, rate, upper):
    inside = abs(y) < math.inf
    g, y = F.where(inside, g, 0.0), F.where(inside, y, loc)
    _, _, e, move, _ = _parts(F, y, loc, scale, rate)
    by_p = g * F.exp(-F(emg_log_prob)(y, loc, scale, rate))
    return -by_p if upper else by_p, g, -g * move, -g * (e * scale / rate)


emg_quantile.joint_derivative(_quantile_rule)


@differentiable
@hooks.opaque
def emg_mode(xp, k):
    """The z = e(k - z) where the standard density is the highest, below the mean 1/k."""

    def newton(z):
        d = z - hazard_excess.kernel(xp, k - z)
        return d, d / (1 + hazard_excess_slope.kernel(xp, k - z)), 0 * z

    return search_root(xp, newton, xp.zeros_like(k), 1 / k)


def _mode_rule(F, g, y, k):
    slope = F(hazard_excess_slope)(k - y)
    return g * slope / (1 + slope)


emg_mode.derivative(k=_mode_rule)
