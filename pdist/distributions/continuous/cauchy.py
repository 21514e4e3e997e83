"""The Cauchy distribution."""

from __future__ import annotations

import math

from ...numerics import student as t
from ...numerics.quantiles import cauchy_quantile
from ..families.location_scale import LocationScale
from ..families.standard import Standard

_FAR = 1e8  # beyond it 1 + z^2 is z^2 in both dtypes, and z^2 is finite up to it


class StandardCauchy(Standard):
    """StudentT with one degree of freedom."""

    log_norm, entropy, entropy_residual = math.log(math.pi), math.log(4 * math.pi), 5.664688744e-17
    mean, mode, median, variance = math.nan, 0.0, 0.0, math.nan
    skewness, kurtosis = math.nan, math.nan

    def log_kernel(F, z):
        far = abs(z) > _FAR
        near, beyond = F.where(far, _FAR, z), F.where(far, z, _FAR)
        return -F.log1p(near * near) - 2 * F.log(abs(beyond) / _FAR)

    slope = lambda F, z: 2 * F(t.share_over_z)(z, 1.0)
    scale_slope = lambda F, d, s: t.scale_slope(F, d, s, 1.0)

    # The angle of (-z, 1) over pi, accurate in both tails
    cdf = lambda xp, z: xp.arctan2(xp.ones_like(z), -z) / math.pi

    def hazard(F, z):
        far = abs(z) > 1
        near, z = F.where(far, 0.0, z), F.where(far, z, 1.0)
        beyond = F(t.share_over_z)(z, 1.0) / (z * F.arctan2(1.0, -z))
        return F.where(far, beyond, 1 / ((1 + near * near) * F.arctan2(1.0, -near)))

    def log_cdf(xp, z):
        return xp.where(z < 0, xp.log(StandardCauchy.cdf(xp, z)), xp.log1p(-StandardCauchy.cdf(xp, -z)))

    quantile = lambda F, p: F(cauchy_quantile)(p)
    draw = lambda F, rng, shape, dtype: F(cauchy_quantile)(rng.random(shape, dtype=dtype))


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
    undefined = frozenset({"mean", "variance", "stddev", "skewness", "kurtosis"})
