"""Quantiles of standard forms, accurate in both tails."""

from __future__ import annotations

import math

from ..autograd import differentiable
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
