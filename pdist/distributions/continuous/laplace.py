"""The Laplace distribution."""

from __future__ import annotations

from typing import Any

from ...numerics.constants import LOG_2
from ...numerics.quantiles import laplace_quantile
from ..base.weighted_data import Data
from ..families.location_scale import LocationScale
from ..families.standard import Standard


class StandardLaplace(Standard):
    """The density e^-|z| / 2."""

    log_norm, entropy, entropy_residual = LOG_2, 1 + LOG_2, -8.783183432e-17
    mean, mode, median, variance, skewness, kurtosis = 0.0, 0.0, 0.0, 2.0, 0.0, 3.0

    log_kernel = lambda F, z: -abs(z)
    slope = lambda F, z: F.sign(z)
    scale_slope = lambda F, d, s: (abs(d) - s) / s

    def cdf(xp, z):
        tail = 0.5 * xp.exp(-abs(z))
        return xp.where(z < 0, tail, 1 - tail)

    log_cdf = lambda xp, z: xp.where(z < 0, z - LOG_2, xp.log1p(-0.5 * xp.exp(-abs(z))))

    def hazard(F, z):
        e = F.exp(-abs(z))
        return F.where(z < 0, 1.0, e / (2 - e))

    deviation, half_difference = lambda F, z: 0.5 * (1 + abs(z)) * F.exp(-abs(z)), 0.75
    quantile = lambda F, p: F(laplace_quantile)(p)

    def draw(F, rng, shape, dtype):  # the difference of two Exponentials
        return rng.standard_exponential(shape, dtype=dtype) - rng.standard_exponential(shape, dtype=dtype)


class Laplace(LocationScale):
    r"""The Laplace (double exponential) distribution.

    .. math:: p(x) = \frac{1}{2 b} \exp\left(-\frac{|x - \mu|}{b}\right)

    Args:
        loc: the mean mu, of shape ``[*batch]``.
        scale: b > 0, of shape ``[*batch]``; the standard deviation is sqrt(2) b.
        log_scale: log b, instead of ``scale``.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 2, chapter 24.

    >>> import numpy as np
    >>> d = Laplace(loc=np.array([0.0, 1.0]), scale=2.0)
    >>> d.log_prob(1.0).array
    array([-1.88629436, -1.38629436])
    >>> d.survival_function(100.0).array
    array([9.64374924e-23, 1.58998545e-22])
    """

    standard = StandardLaplace

    @classmethod
    def _fitted(cls, data: Data, loc: Any = None, scale: Any = None) -> dict[str, Any]:
        loc = data.quantile(0.5) if loc is None else loc
        return {"loc": loc, "scale": data.average(abs(data.values - loc)) if scale is None else scale}
