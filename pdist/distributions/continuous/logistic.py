"""The Logistic distribution."""

from __future__ import annotations

import math

from ...numerics.probability import log_odds
from ..families.draws import exponential
from ..families.location_scale import LocationScale
from ..families.standard import Standard


class StandardLogistic(Standard):
    """The cdf sigmoid(z)."""

    entropy, mean, mode, median, variance = 2.0, 0.0, 0.0, 0.0, math.pi**2 / 3
    skewness, kurtosis = 0.0, 1.2

    def log_kernel(F, z):
        a = abs(z)
        return -a - 2 * F.log1p(F.exp(-a))

    slope = lambda F, z: F.tanh(0.5 * z)

    def cdf(xp, z):
        e = xp.exp(-abs(z))
        return xp.where(z < 0, e, 1) / (1 + e)

    log_cdf = lambda xp, z: xp.minimum(z, 0) - xp.log1p(xp.exp(-abs(z)))
    hazard = lambda F, z: F.sigmoid(-z)
    half_difference = 1.0

    def deviation(F, z):
        a = abs(z)
        return F.log1p(F.exp(-a)) + a * F.sigmoid(-a)

    quantile = lambda F, p: F(log_odds)(p)

    def draw(F, rng, shape, dtype):
        return F.log(exponential(rng, shape, dtype) / exponential(rng, shape, dtype))


class Logistic(LocationScale):
    r"""The Logistic distribution, whose cdf is the sigmoid function.

    .. math:: p(x) = \frac{e^{-z}}{s (1 + e^{-z})^2}, \quad z = \frac{x - \mu}{s}

    Args:
        loc: the mean mu, of shape ``[*batch]``.
        scale: s > 0, of shape ``[*batch]``; the standard deviation is pi s / sqrt(3).
        log_scale: log s, instead of ``scale``.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 2, chapter 23.

    >>> import numpy as np
    >>> d = Logistic(loc=np.array([0.0, 1.0]), scale=2.0)
    >>> d.cdf(1.0).array
    array([0.62245933, 0.5       ])
    """

    standard = StandardLogistic
