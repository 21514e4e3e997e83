"""The LogLogistic distribution."""

from __future__ import annotations

from ...numerics import powers
from ...numerics.constants import SUBNORMAL
from ...numerics.double import is_double, two_sum
from ...numerics.log_logistic_moments import log_logistic_mean, log_logistic_variance
from ...transforms.supports import positive
from ..base.parameters import Param
from ..families.location_scale import PositiveScale
from ..families.through import Through
from .logistic import StandardLogistic


class StandardLogLogistic(Through):
    """Of cdf 1/(1 + z^-a): a log z is a standard Logistic."""

    shapes, steep, inner, median = ("shape",), True, StandardLogistic, 1.0

    def log_kernel_double(F, z, a):
        z = F.maximum(z, SUBNORMAL[is_double(z)])
        log_z, log_lo, t, t_lo = powers.log_power_double(F.xp, z, a)
        y, lo = two_sum(F.xp, -abs(t), -log_z)
        y, rest, a_lo = powers.plus_log(F.xp, y, a)
        lo = (lo + rest) + (a_lo - log_lo - F.tanh(0.5 * t) * t_lo)
        y, rest = two_sum(F.xp, y, -2 * F.log1p(F.exp(-abs(t))))
        return y, lo + rest

    log_kernel = lambda F, z, a: StandardLogistic.log_kernel(F, a * (h := F.log(z))) + F.log(a) - h

    def slope(F, z, a):
        t = a * F.log(z)
        lost = 2 * a * F.sigmoid(-abs(t))
        return F.where(t < 0, (1 - a) + lost, (1 + a) - lost) / z

    scale_slope = lambda F, d, s, a: a * pull(F, d / s, a)
    shape_slopes = lambda F, z, a: (1 / a - pull(F, z, a) * F.log(z),)

    def bend(F, z, a):
        p = pull(F, z, a)
        return (0.5 * a * a * (1 - p) * (1 + p) - 1 - a * p) / z / z

    def shape_bends(F, z, a):
        p = pull(F, z, a)
        return (-(p + 0.5 * a * F.log(z) * (1 - p) * (1 + p)) / z,)

    double = lambda xp, z, a: powers.log_power_double(xp, z, a)[2:]
    rise = lambda F, z, a: (a * F.log(z), a / z)
    moves = lambda F, z, u, a: (F.log(z),)
    back = lambda F, u, a: F.exp(u / a)
    quantile = lambda F, p, a: F(powers.odds_quantile)(p, a)
    entropy = lambda F, a: 2 - F.log(a)
    mean = lambda F, a: log_logistic_mean(a)
    variance = lambda F, a: log_logistic_variance(a)

    def mode(F, a):
        some = F.where(a > 1, a, 2.0)
        return F.where(a > 1, F.exp(F.log((some - 1) / (some + 1)) / some), 0.0)


def pull(F, z, a):
    """tanh(a log(z)/2), by which the density falls."""
    return F.tanh(0.5 * a * F.log(z))


class LogLogistic(PositiveScale):
    r"""The LogLogistic distribution: log X is a Logistic.

    .. math:: P(X \le x) = \frac{1}{1 + (x/s)^{-a}}, \quad x > 0

    Args:
        scale: the median s > 0, of shape ``[*batch]``.
        shape: a > 0, of shape ``[*batch]``.

    ``mean`` is inf for a shape up to 1, ``variance`` up to 2.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 2, chapter 23.

    >>> import numpy as np
    >>> LogLogistic(scale=1.0, shape=np.array([1.0, 2.0])).cdf(3.0).array
    array([0.75, 0.9 ])
    """

    scale = Param(positive)
    shape = Param(positive)
    standard, scales, support = StandardLogLogistic, {"scale": "scale"}, positive
