"""A noncentral chi-square variable's tails, their derivatives, quantiles and draws: see :mod:`noncentral`.

P(X <= x) is the sum over i of z^(a + i) e^-z/Gamma(a + i + 1) times P(N <= i) of a Poisson count N of the
rate r, and P(X > x) that of r = 0 plus the like sum of P(N > i): neither cancels.
"""

from __future__ import annotations

import math

from ..autograd import differentiable
from ..backend import hooks
from . import incomplete_gamma as central
from .blocks import in_blocks
from .constants import LARGEST, LOG_2, SMALLEST
from .differences import log_ratio
from .double import is_double, two_sum
from .gamma import log_minus_digamma_of
from .noncentral import (
    WIDE,
    digammas,
    log_density,
    noncentral_log_prob,
    noncentral_order,
    noncentral_ratio,
    pieces,
)
from .roots import search_root
from .shape_slopes import of_tail
from .skellam import smaller_tail, tail_sums

_STEPS = (60, 96)  # of the sums, for (float32, float64)

# The tails --------------------------------------------------------------------------------------------------


def _lower_sums(xp, z, a, r):
    """For i = 0, 1, ...: (z^i/(a + 1)_i) P(N <= i) e^r of a Poisson count N of the rate r."""
    q, term = r * z, xp.ones_like(z)
    part = term
    for i in range(_STEPS[is_double(z)]):
        if i:
            term = term * (q / (i * (a + i)))
            part = part * (z / (a + i)) + term
        yield part


def _upper_sums(xp, z, a, r):
    """For m = 1, 2, ...: r^m/m! times the sum of z^j/(a + 1)_j over j < m, and what j = m - 1 adds to it."""
    q, term = r * z, xp.ones_like(z)
    part = 0 * z
    for m in range(1, _STEPS[is_double(z)]):
        added = term * (r / m)
        part = part * (r / m) + added
        yield part, added
        term = term * (q / (m * (a + m)))


def _sides_of_few(xp, z, a, r):
    """Which tail is the smaller one or nearly, and z and r as the sums for either want them."""
    low_z, high_r = xp.minimum(z, WIDE + 8), xp.minimum(r, 0.75 * WIDE)
    lower = z < a + r - 0.5
    factor, h, h_lo = central.density_parts(xp, a, low_z)
    total = sum(_lower_sums(xp, low_z, a, r))
    h, rest = two_sum(xp, h, r)
    low = factor * total * xp.exp(-h) * (1 - (h_lo + rest))
    log_low = xp.log(factor * total) - (h + (h_lo + rest))
    lower = lower | ((z < WIDE) & (low < 0.5))
    return lower, low, log_low, low_z, high_r


def _tail_of_few(xp, z, a, r):
    lower, low, log_low, _, r = _sides_of_few(xp, z, a, r)
    factor, h, h_lo = central.density_parts(xp, a, z)
    total = sum(part for part, _ in _upper_sums(xp, z, a, r))
    h, rest = two_sum(xp, h, r)
    more = factor * total * xp.exp(-h) * (1 - (h_lo + rest))
    high = central.upper(xp, a, z) + more
    first = central.log_upper(xp, a, z)
    log_high = first + xp.log1p(xp.exp(xp.log(factor * total) - h - first))
    return xp.where(lower, low, high), xp.where(lower, log_low, log_high), lower


def _tail_of_many(xp, z, a, r):
    return smaller_tail(xp, a - 1, z, r)


_tail = pieces(_tail_of_few, _tail_of_many)


@differentiable
@in_blocks
@hooks.opaque
def noncentral_tail(xp, z, a, r, *, upper, log):
    """P(X <= x) or, if ``upper``, P(X > x), or its logarithm, at x = 2 z >= 0."""
    inside = (z > 0) & (z < math.inf)
    tail, log_tail, lower = _tail(xp, xp.where(inside, z, 1), a, r)
    here = ~lower if upper else lower
    found = xp.where(here, log_tail, xp.log1p(-tail)) if log else xp.where(here, tail, 1 - tail)
    full = xp.where((z == 0) == upper, 0.0 if log else 1.0, -math.inf if log else 0.0)
    return xp.where(inside, found, xp.where(z == z, full, z)).astype(found.dtype)


def _mean_of(xp, weights, base, a):
    """The means of s = base - D and of D^2 - trigamma(a + 1 + i), D = digamma(a + 1 + i) - digamma(a + 1)."""
    total = first = second = 0
    steps = digammas(xp, a, _STEPS[is_double(a)] + 1)
    next(steps)
    for weight, (step, square) in zip(weights, steps, strict=False):
        total, first, second = total + weight, first + weight * (base - step), second + weight * square
    total = xp.where(total > 0, total, 1)
    return first / total, second / total


def _later_means(xp, z, base, a, r):
    """The like of the upper tail's sums, in which each term holds all of the former ones."""
    q, term = r * z, xp.ones_like(z)
    total = first = second = 0
    sums = [0 * z] * 3
    steps = digammas(xp, a, _STEPS[is_double(a)] + 1)
    next(steps)
    for m, (step, square) in zip(range(1, _STEPS[is_double(a)]), steps, strict=False):
        added = (1.0, base - step, square)
        sums = [(part + term * more) * (r / m) for part, more in zip(sums, added, strict=True)]
        total, first, second = (u + v for u, v in zip((total, first, second), sums, strict=True))
        term = term * (q / (m * (a + m)))
    whole = xp.where(total > 0, total, 1)
    return total, first / whole, second / whole


def _tail_order_of_few(xp, z, a, r):
    """Two derivatives by a of the logarithm of the smaller tail, and whether it is the lower one."""
    lower, _, _, low_z, high_r = _sides_of_few(xp, z, a, r)
    base = log_minus_digamma_of.kernel(xp, z, a + 1)
    low, square = _mean_of(xp, _lower_sums(xp, low_z, a, r), base, a)
    low_bend = square - (base - low) ** 2
    total, mean, square = _later_means(xp, z, base, a, high_r)
    first = central.log_upper(xp, a, z)
    slope = central.gamma_tail_slope.kernel(xp, z, a, upper=True, log=True)
    curve = central.gamma_tail_bend.kernel(xp, z, a, upper=True, log=True) + slope * slope
    factor, h, h_lo = central.density_parts(xp, a, z)
    odds = xp.exp(xp.log(factor * total) - (h + high_r) - h_lo - first)  # of the sum to the central tail
    share = odds / (1 + odds)
    high = (slope + odds * mean) / (1 + odds)
    later = base * (2 * mean - base) + square
    high_bend = (1 - share) * curve + share * later - high * high
    return xp.where(lower, low, high), xp.where(lower, low_bend, high_bend), lower


def _tail_order_of_many(xp, z, a, r):
    _, _, (total, first, second), upper = tail_sums(xp, a - 1, z, r, moves=True)
    slope = first / total
    return xp.where(upper, -slope, slope), second / total - slope * slope, upper


_tail_order = pieces(_tail_order_of_few, _tail_order_of_many)


@hooks.opaque
def _tail_moves(xp, z, a, r, upper, log):
    z, a, r = xp.broadcast_arrays(z, a, r)
    inside = (z > 0) & (z < math.inf)
    z = xp.where(inside, z, 1)
    mean, bend, lower = _tail_order(xp, z, a, r)
    tail, _, same = _tail(xp, z, a, r)
    tail = xp.where(same == lower, tail, 1 - tail)
    found = of_tail(xp, tail, 1 - tail, mean, bend, lower if upper else ~lower, log)
    return [xp.where(inside, move, 0) for move in found]


@differentiable
@in_blocks
def noncentral_tail_order(xp, z, a, r, /, upper, log):
    """The derivative of :func:`noncentral_tail` by a."""
    return _tail_moves(xp, z, a, r, upper, log)[0]


@differentiable
@in_blocks
def noncentral_tail_bend(xp, z, a, r, /, upper, log):
    """Its second derivative by a."""
    return _tail_moves(xp, z, a, r, upper, log)[1]


def _flow(F, g, z, a, r, upper, less):
    """The density by z, and that of a + 1 by r: probability passes from below to above."""
    g = -2 * g if upper else 2 * g
    return [
        g * F.exp(F.where((log_p := F(noncentral_log_prob)(z, b, r)) > -math.inf, log_p - less, -math.inf))
        for b in (a, a + 1)
    ]


def _tail_rule(F, g, needs, y, z, a, r, upper, log):
    by_z, by_r = _flow(F, g, z, a, r, upper, F.where(y == -math.inf, math.inf, y) if log else 0.0)
    by_a = g * F(noncentral_tail_order)(z, a, r, upper=upper, log=log) if needs.a else None
    return by_z, by_a, -by_r


def _tail_order_rule(F, g, needs, y, z, a, r, upper, log):
    less = F(noncentral_tail)(z, a, r, upper=upper, log=True) if log else 0.0
    by_z, by_r = _flow(F, g, z, a, r, upper, less)
    change = lambda b: F(noncentral_order)(z, b, r) - (y if log else 0.0)
    return (
        by_z * change(a),
        g * F(noncentral_tail_bend)(z, a, r, upper=upper, log=log) if needs.a else None,
        -by_r * change(a + 1),
    )


noncentral_tail.joint_derivative(_tail_rule)
noncentral_tail_order.joint_derivative(_tail_order_rule)

# Quantiles and draws -----------------------------------------------------------------------------


@hooks.opaque
def _quantile(xp, p, a, r, upper):
    """A search for log(z/low) above a lower bound of z, then Newton's steps on z."""
    p, a, r = xp.broadcast_arrays(p, a, r)
    inside = (p > 0) & (p < 1)
    some = xp.where(inside, p, 0.5)
    other = 1 - some
    above = (some < 0.5) == upper  # which of the tails is the smaller one
    target = xp.log(xp.where(some < 0.5, some, other))
    low, high = _bounds(xp, some, other, a, r, upper)
    eps = float(xp.finfo(p.dtype).eps)

    def newton(z):
        """The error of the log tail, and Newton's step, as a part of z."""
        tail, log_tail, lower = _tail(xp, z, a, r)
        log_tail = xp.where(lower != above, log_tail, xp.log1p(-tail))
        d = xp.where(above, target - log_tail, log_tail - target)
        return d, d * xp.exp(log_tail - log_density(xp, z, a, r)[0] - LOG_2) / z

    def place(u):
        return low * xp.exp(0.5 * u) * xp.exp(0.5 * u)  # e^u may overflow

    def step(u):
        return *newton(place(u)), eps * (1 + abs(target))

    width = log_ratio.kernel(xp, high, low, high - low)
    u = search_root(xp, step, xp.full_like(low, -eps), width + 8 * eps)
    z = place(u)
    for _ in range(2):
        change = newton(z)[1]
        z = xp.where(abs(change) < 0.5, z - z * change, z)
    z = xp.where(z > 4 * SMALLEST[is_double(p)], z, 0)
    ends = (math.inf, 0.0) if upper else (0.0, math.inf)
    ends = xp.where(p == 0, ends[0], xp.where(p == 1, ends[1], math.nan))
    return xp.where(inside, z, ends).astype(p.dtype)


def _bounds(xp, p, other, a, r, upper):
    """Birge's bounds, and the quantile of r = 0, which is below."""
    low_p, high_p = (other, p) if upper else (p, other)
    reach = lambda u: xp.sqrt(a + 2 * r) * xp.sqrt(2 * u)
    u, v = -xp.log(low_p), -xp.log(high_p)
    double, eps = is_double(p), 8 * float(xp.finfo(p.dtype).eps)
    low = xp.maximum(central.quantile(xp, p, a, upper), (a + r) - reach(u)) * (1 - eps)
    high = ((a + r) + reach(v) + v) * (1 + eps)
    return xp.maximum(low, SMALLEST[double]), xp.clip(high, 2 * SMALLEST[double], LARGEST[double])


@differentiable
def noncentral_quantile(xp, p, a, r, *, upper):
    """The z with P(X <= 2 z) = p or, if ``upper``, P(X > 2 z) = p."""
    return _quantile(xp, p, a, r, upper)


@differentiable
def moved_noncentral(xp, z, a, r):
    """z as it is; it moves with a and r so that its place in the distribution stays the same."""
    return z + 0 * a + 0 * r


def _place_rule(F, g, needs, z, a, r):
    """-(dP/da)/p and -(dP/dr)/p."""
    density = 2 * F.exp(F(noncentral_log_prob)(z, a, r))
    by_a = -g * F(noncentral_tail_order)(z, a, r, upper=False, log=False) / density if needs.a else None
    return by_a, g * F(noncentral_ratio)(z, a, r)


moved_noncentral.joint_derivative(lambda F, g, needs, z, a, r: (g, *_place_rule(F, g, needs, z, a, r)))


def _quantile_rule(F, g, needs, y, p, a, r, upper):
    inside = (y > 0) & (y < math.inf)
    g, z = F.where(inside, g, 0.0), F.where(inside, y, 1.0)
    by_p = 0.5 * g * F.exp(-F(noncentral_log_prob)(z, a, r))
    return -by_p if upper else by_p, *_place_rule(F, g, needs, z, a, r)


noncentral_quantile.joint_derivative(_quantile_rule)
