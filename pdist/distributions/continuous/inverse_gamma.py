"""The InverseGamma distribution."""

from __future__ import annotations

import math

from ...numerics import gamma_powers as powers
from ...numerics.constants import HALF_LOG_2PI
from ...numerics.gamma import log_minus_digamma, stirling_error
from ...transforms.supports import positive
from ..base.parameters import Param
from ..families.location_scale import PositiveScale
from ..families.through import Through
from .gamma import StandardGamma


class StandardInverseGamma(Through):
    """Of density z^(-k - 1) e^(-1/z) / Gamma(k): 1/Z is a standard Gamma variable."""

    shapes, steep, inner, falls = ("k",), True, StandardGamma, True

    log_kernel = lambda F, z, k: F(powers.inverse_gamma_log_density)(z, k)
    log_kernel_double = lambda F, z, k: powers.inverse_gamma_log_density_double(F.xp, z, k)
    slope = powers.inverse_gamma_slope
    bend = lambda F, z, k: (2 / z - (k + 1)) / z / z
    scale_slope = lambda F, d, s, k: F(powers.reciprocal_shortfall)(d / s, k)
    shape_slopes = lambda F, z, k: (F(powers.inverse_gamma_shape_slope)(z, k),)
    shape_bends = lambda F, z, k: (-1 / z,)
    double, inner_shapes = powers.reciprocal_double, lambda F, k: (k,)
    rise = lambda F, z, k: powers.reciprocal_and_slope(F, z)
    back = lambda F, u, k: 1 / u

    def entropy(F, k):
        return (k + 1) * F(log_minus_digamma)(k) - 1.5 * F.log(k) + (F(stirling_error)(k) + HALF_LOG_2PI)

    mean = lambda F, k: F.where(k > 1, 1 / (F.where(k > 1, k, 2.0) - 1), math.inf)
    mode = lambda F, k: 1 / (k + 1)

    def moment(F, n, k):
        some = F.where(k > n, k, n + 1.0)
        return F.where(k > n, 1 / math.prod((some - i for i in range(2, n + 1)), start=some - 1), math.inf)

    def variance(F, k):
        j = F.where(k > 2, k, 3.0)
        return F.where(k > 2, 1 / (j - 1) / (j - 1) / (j - 2), F.where(k > 1, k + math.inf, math.nan))


class InverseGamma(PositiveScale):
    r"""The InverseGamma distribution: that of 1/Y for a Gamma Y of the same shape and of rate theta.

    .. math:: p(x) = \frac{\theta^k}{\Gamma(k)} x^{-k - 1} e^{-\theta / x}, \quad x > 0

    Args:
        k: the shape k > 0, of shape ``[*batch]``.
        theta: the scale theta > 0, of shape ``[*batch]``.

    ``mean`` is inf for k <= 1; ``variance`` is inf for k up to 2, and nan up to 1. Samples carry gradients to
    both parameters; those by k are implicit.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 1, chapter 17.

    >>> import numpy as np
    >>> d = InverseGamma(k=np.array([2.0, 3.0]), theta=4.0)
    >>> d.mean.array
    array([4., 2.])
    >>> d.cdf(4.0).array
    array([0.73575888, 0.9196986 ])
    """

    k = Param(positive)
    theta = Param(positive)
    standard, scales, support = StandardInverseGamma, {"theta": "scale"}, positive
    undefined = frozenset({"mean", "variance", "stddev", "skewness", "kurtosis"})
