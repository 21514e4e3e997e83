"""The GeneralizedNormal distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...numerics import generalized_normal as gn
from ...numerics.generalized_normal_fit import best_power, power_center, power_scale
from ...transforms.supports import positive
from ..base.parameters import Param
from ..base.weighted_data import Data
from ..families.location_scale import LocationScale
from ..families.standard import Standard


class StandardGeneralizedNormal(Standard):
    """Of density proportional to e^-|z|^a."""

    shapes, steep, mean, mode, median = ("power",), True, 0.0, 0.0, 0.0
    cdf, log_cdf, hazard = gn.cdf, gn.log_cdf, gn.hazard
    slope, tail_slopes = gn.slope, gn.tail_slopes

    log_norm = lambda F, a: F(gn.log_norm)(a)
    log_kernel = lambda F, z, a: F(gn.log_kernel)(z, a)
    log_kernel_double = gn.log_kernel_double
    bend = lambda F, z, a: gn.bend(F, abs(z), a)
    scale_slope = lambda F, d, s, a: F(gn.power_scale_slope)(abs(d / s), a)
    shape_slopes = lambda F, z, a: (F(gn.power_shape_slope)(abs(z), a),)
    shape_bends = lambda F, z, a: (F.sign(z) * gn.shape_bend(F, abs(z), a),)
    quantile = lambda F, p, a: F(gn.generalized_normal_quantile)(p, a)
    variance = lambda F, a: F(gn.variance)(a)
    entropy = lambda F, a: 1 / a + F(gn.log_norm)(a)

    def draw(F, rng, shape, dtype, a):
        """With G of shape 1 + 1/a, G^(1/a) times a Uniform variable on [-1, 1]."""
        v = 1 / a.array
        z = rng.standard_gamma(1 + v, shape) ** v * (2 * rng.random(shape) - 1)
        return F(gn.moved_generalized_normal)(z.astype(dtype), a)


class GeneralizedNormal(LocationScale):
    r"""The generalized normal distribution: Laplace at a power of 1, Normal at 2, nearly Uniform at many.

    .. math:: p(x) = \frac{a}{2 s \Gamma(1/a)} e^{-|z|^a}, \quad z = \frac{x - \mu}{s}

    Args:
        loc: the mean mu, of shape ``[*batch]``.
        scale: s > 0, of shape ``[*batch]``; at a power of 2 the standard deviation is s / sqrt(2).
        power: a > 0, of shape ``[*batch]``.
        log_scale: log s, instead of ``scale``.

    Samples carry gradients to all parameters; those by the power are implicit.

    Source:
        S. Nadarajah, "A generalized normal distribution", Journal of Applied Statistics 32 (2005).

    >>> import numpy as np
    >>> d = GeneralizedNormal(loc=0.0, scale=1.0, power=np.array([1.0, 2.0]))
    >>> d.cdf(1.0).array
    array([0.81606028, 0.9213504 ])
    """

    power = Param(positive)
    order = ("loc", "scale", "power")
    standard = StandardGeneralizedNormal

    @classmethod
    def _fitted(cls, data: Data, loc: Any = None, power: Any = None) -> dict[str, Any]:
        """The scale follows from location and power; for small powers the location is a value of the data.

        The likelihood grows without bound towards the power 0, so the greatest local maximum from 1/4 on is
        meant.
        """
        place = (lambda p: loc + 0 * p) if loc is not None else (lambda p: power_center(data, p))
        if power is None:
            power = best_power(data, place)
        loc = place(power + np.zeros(data.low.shape))
        return {"loc": loc, "scale": power_scale(data, loc, power), "power": power}
