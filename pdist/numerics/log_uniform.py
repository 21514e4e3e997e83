"""The distribution on an interval whose logarithm is uniform: 0 < low <= x <= high, w = log(high/low)."""

from __future__ import annotations

import math

from ..autograd import differentiable
from .differences import expm1mx_op, log_ratio
from .double import two_product
from .logs import log_of, log_quotient, total

# (cosh h - sinh(h)/h)/h^2 in powers of h^2, the highest first; the terms are positive
_EXCESS = tuple((2 * k) / math.factorial(2 * k + 1) for k in range(12, 0, -1))
_NEAR = 3.0  # the w up to which that is taken


@differentiable
def log_uniform_log_prob(xp, x, low, high):
    """-log x - log w: near a density of 1 the two cancel."""
    hi, lo = total(xp, log_of(xp, *log_quotient(xp, high, low)), log_of(xp, x))
    return -(hi + lo)


log_uniform_log_prob.derivative(
    x=lambda F, g, x: -g / x,
    low=lambda F, g, low, high: g / (low * width(F, low, high)),
    high=lambda F, g, low, high: -g / (high * width(F, low, high)),
)


def width(F, low, high):
    """w."""
    return F(log_ratio)(high, low, high - low)


@differentiable
def log_share(xp, x, low, high, /, upper):
    """log(x/low)/w for x in between, 0 below and 1 above; with ``upper`` log(high/x)/w, 1 less that."""
    x = xp.clip(x, low, high)
    part, part_lo = log_quotient(xp, high, x) if upper else log_quotient(xp, x, low)
    w, w_lo = log_quotient(xp, high, low)
    share = part / w
    return share + (part_lo - share * w_lo) / w


def _log_share_rule(F, g, x, low, high, upper):
    inside = (x > low) & (x < high)
    g = F.where(inside, -g if upper else g, 0.0) / width(F, low, high)
    by_low, by_high = F(log_share)(x, low, high, upper=True), F(log_share)(x, low, high, upper=False)
    return g / F.where(inside, x, 1.0), -g * by_low / low, -g * by_high / high


log_share.joint_derivative(_log_share_rule)


@differentiable
def log_uniform_quantile(xp, p, low, high):
    """low (high/low)^p, from the nearer end: never outside, and exact at both."""
    w, w_lo = log_quotient(xp, high, low)
    below = p < 0.5
    share = xp.where(below, p, p - 1)
    h, lo = two_product(xp, share, w)
    root = xp.exp(0.5 * h) * (1 + 0.5 * (lo + share * w_lo))  # e^h itself might overflow
    return xp.where(below, low, high) * root * root


log_uniform_quantile.derivative(
    p=lambda F, g, y, low, high: g * y * width(F, low, high),
    low=lambda F, g, y, p, low: g * (1 - p) * (y / low),
    high=lambda F, g, y, p, high: g * p * (y / high),
)


@differentiable
def log_uniform_entropy(xp, low, high):
    """log w + (log low + log high)/2."""
    (a, a_lo), (b, b_lo) = log_of(xp, low), log_of(xp, high)
    w = log_of(xp, *log_quotient(xp, high, low))
    hi, lo = total(xp, w, (0.5 * a, 0.5 * a_lo), (0.5 * b, 0.5 * b_lo))
    return hi + lo


log_uniform_entropy.derivative(
    low=lambda F, g, low, high: g * (0.5 - 1 / width(F, low, high)) / low,
    high=lambda F, g, low, high: g * (0.5 + 1 / width(F, low, high)) / high,
)


@differentiable
def log_uniform_mean(xp, low, high):
    """(high - low)/w."""
    return (high - low) / log_ratio.kernel(xp, high, low, high - low)


def _mean_slope(F, w):
    """(e^w - 1 - w)/w^2."""
    return F(expm1mx_op)(w) / w / w


log_uniform_mean.derivative(
    low=lambda F, g, low, high: g * _mean_slope(F, width(F, low, high)),
    high=lambda F, g, low, high: g * _mean_slope(F, -width(F, low, high)),
)


@differentiable
def log_uniform_excess(xp, low, high):
    """(low + high)/2 less the mean, by which the mean is to be multiplied to give the variance.

    It is sqrt(low high) (cosh h - sinh(h)/h) with h = w/2.
    """
    w = log_ratio.kernel(xp, high, low, high - low)
    s = 0.25 * w * w
    series = 0 * s
    for c in _EXCESS:
        series = series * s + c
    near = xp.sqrt(low) * xp.sqrt(high) * s * series
    return xp.where(w < _NEAR, near, (0.5 * low + 0.5 * high) - (high - low) / w)


def _excess_rule(F, g, y, low, high):
    """By log low and log high these are y - s and y + s, halved, with s = (high - low)/2 - 2 y/w."""
    s = 0.5 * (high - low) - 2 * y / width(F, low, high)
    return 0.5 * g * (y - s) / low, 0.5 * g * (y + s) / high


log_uniform_excess.joint_derivative(_excess_rule)
