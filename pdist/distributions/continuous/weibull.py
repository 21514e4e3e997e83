"""The Weibull distribution."""

from __future__ import annotations

import math

from ...numerics import powers
from ...numerics.constants import EULER, LOG_2, SMALLEST
from ...numerics.double import is_double
from ...transforms.supports import positive
from ..base.parameters import Param
from ..families.location_scale import PositiveScale
from ..families.through import Through
from .exponential import StandardExponential


class StandardWeibull(Through):
    """Of density a z^(a - 1) e^(-z^a): Z^a is a standard Exponential variable."""

    shapes, steep, inner = ("shape",), True, StandardExponential

    log_kernel = lambda F, z, a: F(powers.weibull_log_density)(z, a)
    log_kernel_double = lambda F, z, a: powers.weibull_log_density_double(F.xp, z, a)
    slope = lambda F, z, a: F(powers.weibull_slope)(z, a)
    bend = powers.weibull_bend
    scale_slope = lambda F, d, s, a: a * F(powers.power_excess)(d / s, a)
    shape_slopes = lambda F, z, a: (F(powers.weibull_shape_slope)(z, a),)
    shape_bends = lambda F, z, a: (powers.weibull_mixed(F, z, a),)
    double = powers.power_double
    quantile = lambda F, p, a: F(powers.weibull_quantile)(p, a)
    back = lambda F, u, a: F.exp(F.log(u) / a)
    moves = lambda F, z, u, a: (u * F.log(z),)

    def rise(F, z, a):
        u = F(powers.exact_power)(z, a)
        return u, a * u / z

    @classmethod
    def tail_and_slope(cls, F, z, a, upper, log):
        """A tail, which may be too small for z^a, though its logarithm is not."""
        y, slope = super().tail_and_slope(F, z, a, upper=upper, log=log)
        if log and not upper:
            t = powers.log_power_double(F.xp, z, a)[2]
            y = F.where(t < 0.9 * math.log(SMALLEST[is_double(z)]), t, y)
        return y, slope

    entropy = lambda F, a: (1 - 1 / a) * EULER - F.log(a) + 1
    mean = lambda F, a: F(powers.gamma_of_reciprocal)(a)
    moment = lambda F, n, a: F(powers.gamma_of_reciprocal)(a / n)
    median = lambda F, a: F.exp(math.log(LOG_2) / a)
    mode, variance = powers.weibull_mode, powers.weibull_variance


class Weibull(PositiveScale):
    r"""The Weibull distribution: the time until a failure whose rate grows as a power of time.

    .. math:: p(x) = \frac{a}{s} z^{a - 1} e^{-z^a}, \quad z = \frac{x}{s}, \quad x > 0

    Args:
        scale: s > 0, of shape ``[*batch]``.
        shape: a > 0, of shape ``[*batch]``; the rate of failures falls for a < 1 and grows for a > 1.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 1, chapter 21.

    >>> import numpy as np
    >>> d = Weibull(scale=2.0, shape=np.array([1.0, 2.0]))
    >>> d.survival_function(2.0).array
    array([0.36787944, 0.36787944])
    >>> d.mean.array
    array([2.        , 1.77245385])
    """

    scale = Param(positive)
    shape = Param(positive)
    standard, scales, support = StandardWeibull, {"scale": "scale"}, positive
