"""The Gumbel distribution."""

from __future__ import annotations

import math

from ...numerics.constants import EULER, LOG_2
from ...numerics.double import exp_minus_exp
from ...numerics.quantiles import gumbel_quantile
from ..families.draws import exponential
from ..families.location_scale import LocationScale
from ..families.standard import Standard


class StandardGumbel(Standard):
    """The cdf e^(-e^-z): minus the logarithm of a standard Exponential."""

    steep, entropy, entropy_residual = True, 1 + EULER, 1.060793873e-16
    mean, mode, median, variance = EULER, 0.0, -math.log(LOG_2), math.pi**2 / 6
    skewness, kurtosis = 1.1395470994046486, 2.4  # 12 sqrt(6) zeta(3)/pi^3

    log_kernel = lambda F, z: -(F.maximum(z, -1e4) + F.exp(-z))  # -inf, and not nan, at z = -inf
    slope = lambda F, z: -F.expm1(-z)
    bend = lambda F, z: F.exp(-z)

    cdf = lambda xp, z: exp_minus_exp(xp, -z)
    log_cdf = lambda xp, z: -xp.exp(-z)
    sf = lambda xp, z: -xp.expm1(-xp.exp(-z))

    def log_sf(xp, z):
        t = xp.exp(-z)
        far = xp.where(t < 1e-30, -z, xp.log(-xp.expm1(-t)))
        return xp.where(t > LOG_2, xp.log1p(-StandardGumbel.cdf(xp, z)), far)

    hazard = lambda F, z: F.exp(-z)

    def hazard_sf(F, z):
        t = F.exp(-F.clip(z, -9.0, 69.0))
        return t * F.exp(-t) / -F.expm1(-t)

    quantile = lambda F, p: F(gumbel_quantile)(p)
    draw = lambda F, rng, shape, dtype: -F.log(exponential(rng, shape, dtype))


class Gumbel(LocationScale):
    r"""The Gumbel distribution of the largest of many values.

    .. math:: p(x) = \frac{1}{s} \exp(-z - e^{-z}), \quad z = \frac{x - \mu}{s}

    Args:
        loc: the mode mu, of shape ``[*batch]``.
        scale: s > 0, of shape ``[*batch]``; the standard deviation is pi s / sqrt(6).
        log_scale: log s, instead of ``scale``.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 2, chapter 22.

    >>> import numpy as np
    >>> d = Gumbel(loc=np.array([0.0, 1.0]), scale=1.0)
    >>> d.mean.array
    array([0.57721566, 1.57721566])
    """

    standard = StandardGumbel
