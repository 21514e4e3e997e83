"""The Cauchy distribution."""

from __future__ import annotations

import math

from ...autograd import differentiable
from ..families.location_scale import LocationScale
from ..families.standard import Standard

_FAR = 1e8  # beyond it 1 + z^2 is z^2 in both dtypes, and z^2 is finite up to it


@differentiable
def cauchy_quantile(xp, p):
    """tan(pi (p - 1/2)), in the tails as the cotangent of pi times the smaller of p and 1 - p."""
    tail = xp.minimum(p, 1 - p)
    far = 1 / xp.tan(math.pi * tail)
    return xp.where(tail > 0.25, xp.tan(math.pi * (p - 0.5)), xp.where(p < 0.5, -far, far))


cauchy_quantile.derivative(p=lambda F, g, y: g * (math.pi * (1 + y * y)))


class StandardCauchy(Standard):
    """StudentT of one degree of freedom."""

    log_norm, entropy = math.log(math.pi), math.log(4 * math.pi)
    mean, mode, median, variance = math.nan, 0.0, 0.0, math.nan

    def log_kernel(F, z):
        a = abs(z)
        near = F.minimum(a, _FAR)
        return -F.log1p(near * near) - 2 * F.log(F.maximum(a, _FAR) / _FAR)

    def slope(F, z):
        return 2 / (z + 1 / z)

    def scale_slope(F, d, s):  # (z^2 - 1)/(z^2 + 1)
        z = d / s
        near = F.minimum(abs(z), _FAR)
        product = (d - s) / s * ((d + s) / s) / (1 + near * near)
        return F.where(abs(z) < _FAR, product, 1.0)

    def cdf(xp, z):
        tail = xp.arctan2(xp.ones_like(z), abs(z)) / math.pi
        return xp.where(z < 0, tail, 1 - tail)

    def log_cdf(xp, z):
        tail = xp.arctan2(xp.ones_like(z), abs(z)) / math.pi
        return xp.where(z < 0, xp.log(tail), xp.log1p(-tail))

    def hazard(F, z):
        tail = F.arctan2(1.0, abs(z))
        return 1 / ((1 + z * z) * F.where(z < 0, tail, math.pi - tail))

    def quantile(F, p):
        return F(cauchy_quantile)(p)

    def draw(F, rng, shape, dtype):
        return F(cauchy_quantile)(rng.random(shape, dtype=dtype))


class Cauchy(LocationScale):
    r"""The Cauchy distribution, which has neither mean nor variance.

    .. math:: p(x) = \frac{1}{\pi s (1 + z^2)}, \quad z = \frac{x - \mu}{s}

    Args:
        loc: the median mu, of shape ``[*batch]``.
        scale: s > 0, half the distance between the quartiles, of shape ``[*batch]``.
        log_scale: log s, instead of ``scale``.

    ``mean`` and ``variance`` are nan.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 1, chapter 16.

    >>> import numpy as np
    >>> d = Cauchy(loc=np.array([0.0, 1.0]), scale=1.0)
    >>> d.cdf(1.0).array
    array([0.75, 0.5 ])
    """

    standard = StandardCauchy
    undefined = frozenset({"mean", "variance", "stddev"})
