"""The Laplace distribution."""

from __future__ import annotations

from ...autograd import differentiable
from ...numerics.constants import LOG_2
from ..families.location_scale import LocationScale
from ..families.standard import Standard


@differentiable
def laplace_quantile(xp, p):
    """-+ log(2 min(p, 1 - p)); 2p - 1 is exact for p >= 1/4."""
    t = 2 * p - 1
    log_tail = xp.where(p < 0.25, xp.log(2 * p), xp.log1p(-abs(t)))
    return xp.where(t < 0, log_tail, -log_tail)


laplace_quantile.derivative(p=lambda F, g, y: g * (2 * F.exp(abs(y))))


class StandardLaplace(Standard):
    """Of density e^-|z| / 2."""

    log_norm, entropy = LOG_2, 1 + LOG_2
    mean, mode, median, variance = 0.0, 0.0, 0.0, 2.0

    def log_kernel(F, z):
        return -abs(z)

    def slope(F, z):
        return F.sign(z)

    def scale_slope(F, d, s):
        return (abs(d) - s) / s

    def cdf(xp, z):
        tail = 0.5 * xp.exp(-abs(z))
        return xp.where(z < 0, tail, 1 - tail)

    def log_cdf(xp, z):
        return xp.where(z < 0, z - LOG_2, xp.log1p(-0.5 * xp.exp(-abs(z))))

    def hazard(F, z):
        e = F.exp(-abs(z))
        return F.where(z < 0, 1.0, e / (2 - e))

    def quantile(F, p):
        return F(laplace_quantile)(p)

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
