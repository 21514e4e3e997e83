"""The distribution of cdf 2 arcsin(sqrt t)/pi on an interval."""

from __future__ import annotations

import math

from ..autograd import differentiable, zero
from .differences import unit
from .double import two_sum
from .interval import off_middle
from .logs import constant, log_of, total

_LOG_PI = (1.1447298858494002, 1.0265951162707826e-17)


@differentiable
def arcsine_log_prob(xp, x, low, high):
    """-log pi - log(x - low)/2 - log(high - x)/2."""
    u = unit(low, high)
    below = log_of(xp, *two_sum(xp, u * x, -u * low))
    above = log_of(xp, *two_sum(xp, u * high, -u * x))
    halves = [(0.5 * hi, 0.5 * lo) for hi, lo in (below, above)]
    hi, lo = total(xp, *halves, constant(x, *_LOG_PI))
    return xp.log(u) - (hi + lo)


arcsine_log_prob.derivative(
    x=lambda F, g, x, low, high: 0.5 * g * (F(off_middle)(x, low, high) / (x - low)) / (high - x),
    low=lambda F, g, x, low: 0.5 * g / (x - low),
    high=lambda F, g, x, high: -0.5 * g / (high - x),
)


@differentiable
def arcsine_share(xp, t, s):
    """P(Z <= t) = 2 arcsin(sqrt t)/pi, given s = 1 - t too; its slope counts as one by t alone."""
    y = (2 / math.pi) * xp.arcsin(xp.sqrt(xp.minimum(t, s)))
    return xp.where(t < 0.5, y, 1 - y)


def _arcsine_slope(F, g, t, s):
    inside = (t > 0) & (s > 0)
    t, s = F.where(inside, t, 0.5), F.where(inside, s, 0.5)
    return F.where(inside, g, 0.0) / (math.pi * F.sqrt(t) * F.sqrt(s))


arcsine_share.derivative(t=_arcsine_slope, s=zero)


@differentiable
def arcsine_quantile(xp, p):
    """sin(pi p/2)^2."""
    s = xp.sin((0.5 * math.pi) * p)
    return s * s


arcsine_quantile.derivative(p=lambda F, g, p: g * ((0.5 * math.pi) * F.sin(math.pi * F.minimum(p, 1 - p))))
