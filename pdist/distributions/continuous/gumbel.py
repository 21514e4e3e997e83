"""The Gumbel distribution."""

from __future__ import annotations

import math

from ...autograd import differentiable
from ...numerics.constants import EULER, LOG_2
from ...numerics.double import exp_double
from ..families.draws import exponential
from ..families.location_scale import LocationScale
from ..families.standard import Standard


@differentiable
def gumbel_quantile(xp, p):
    """-log(-log p); log p as log(1 - (1 - p)) near 1."""
    return -xp.log(-xp.where(p > 0.5, xp.log1p(p - 1), xp.log(p)))


gumbel_quantile.derivative(p=lambda F, g, y, p: g * F.exp(y) / p)


class StandardGumbel(Standard):
    """Of cdf e^(-e^-z); minus the logarithm of a standard Exponential."""

    steep = True
    entropy, mean, mode, median, variance = 1 + EULER, EULER, 0.0, -math.log(LOG_2), math.pi**2 / 6

    def log_kernel(F, z):
        return -(F.maximum(z, -1e4) + F.exp(-z))  # -inf, and not nan, at z = -inf

    def slope(F, z):
        return -F.expm1(-z)

    def bend(F, z):
        return F.exp(-z)

    def cdf(xp, z):
        t, lo = exp_double(xp, -z)
        return xp.exp(-t) * (1 - lo)

    def log_cdf(xp, z):
        return -xp.exp(-z)

    def sf(xp, z):
        return -xp.expm1(-xp.exp(-z))

    def log_sf(xp, z):
        t, lo = exp_double(xp, -z)
        near = xp.log1p(-xp.exp(-t) * (1 - lo))
        return xp.where(t > LOG_2, near, xp.where(t < 1e-30, -z, xp.log(-xp.expm1(-t))))

    def hazard(F, z):
        return F.exp(-z)

    def hazard_sf(F, z):
        t = F.clip(F.exp(-z), 1e-30, 1e4)
        return t * F.exp(-t) / -F.expm1(-t)

    def quantile(F, p):
        return F(gumbel_quantile)(p)

    def draw(F, rng, shape, dtype):
        return -F.log(exponential(rng, shape, dtype))


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
