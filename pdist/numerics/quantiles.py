"""Quantiles of standard forms, accurate in both tails."""

from __future__ import annotations

import math

from ..autograd import differentiable
from ..backend import special
from .constants import HALF_LOG_2PI, LOG_2
from .double import log_double, two_sum


@differentiable
def laplace_quantile(xp, p):
    """-+ log(2 min(p, 1 - p)); 2p - 1 is exact for p >= 1/4."""
    t = 2 * p - 1
    log_tail = xp.where(p < 0.25, xp.log(2 * p), xp.log1p(-abs(t)))
    return xp.where(t < 0, log_tail, -log_tail)


laplace_quantile.derivative(p=lambda F, g, y: g * (2 * F.exp(abs(y))))


@differentiable
def cauchy_quantile(xp, p):
    """tan(pi (p - 1/2)); in the tails, as the cotangent of pi times the smaller of p and 1 - p."""
    tail = xp.minimum(p, 1 - p)
    far = 1 / xp.tan(math.pi * tail)
    return xp.where(tail > 0.25, xp.tan(math.pi * (p - 0.5)), xp.where(p < 0.5, -far, far))


cauchy_quantile.derivative(p=lambda F, g, y: g * (math.pi * (1 + y * y)))


@differentiable
def gumbel_quantile(xp, p):
    """-log(-log p); log p as log(1 - (1 - p)) near 1, and with its rounding about the zero 1/e."""
    middle = (p > 0.25) & (p <= 0.5)
    log_p, lo = two_sum(xp, *log_double(xp, xp.where(middle, p, 0.5)))
    y = xp.where(middle, log_p, xp.where(p > 0.5, xp.log1p(p - 1), xp.log(p)))
    return -(xp.log(-y) + xp.where(middle, lo / log_p, 0))


gumbel_quantile.derivative(p=lambda F, g, y, p: g * F.exp(y) / p)


@differentiable
def half_cauchy_quantile(xp, p):
    """tan(pi p/2), above 1/2 as the cotangent of pi (1 - p)/2."""
    above = p > 0.5
    t = xp.tan((0.5 * math.pi) * xp.where(above, 1 - p, p))
    return xp.where(above, 1 / t, t)


half_cauchy_quantile.derivative(p=lambda F, g, y: g * (0.5 * math.pi * (1 + y * y)))


@differentiable
def moyal_quantile(xp, p):
    """-log(2 erfcinv(p)^2), above 1/2 by erfinv(1 - p)."""
    above = p > 0.5
    u = xp.where(above, special(xp).erfinv(1 - p), special(xp).erfcinv(xp.where(above, 0.5, p)))
    return -LOG_2 - 2 * xp.log(u)


moyal_quantile.derivative(p=lambda F, g, y: g * F.exp(0.5 * (y + F.exp(-y)) + HALF_LOG_2PI))


@differentiable
def asymmetric_laplace_quantile(xp, p, k):
    """k log(p/q) up to p = q = k/(k + 1/k), the share of the left side, and log((1 - q)/(1 - p))/k beyond."""
    both = k + 1 / k
    left, right = k / both, 1 / k / both
    return xp.where(p < left, k * xp.log(p / left), -xp.log((1 - p) / right) / k)


asymmetric_laplace_quantile.derivative(
    p=lambda F, g, y, p, k: g * F.where(y < 0, k / p, 1 / k / (1 - p)),
    k=lambda F, g, y, k: -g * (abs(y) / k + 2 / (1 + k * k)),
)


@differentiable
def levy_quantile(xp, p):
    """1/(2 erfcinv(p)^2), above 1/2 by erfinv(1 - p)."""
    above = p > 0.5
    u = xp.where(above, special(xp).erfinv(1 - p), special(xp).erfcinv(xp.where(above, 0.5, p)))
    return 0.5 / (u * u)


levy_quantile.derivative(p=lambda F, g, y: g * F.exp(1.5 * F.log(y) + 0.5 / y + HALF_LOG_2PI))
