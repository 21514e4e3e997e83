"""The Levy distribution."""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ...autograd import Variable
from ...numerics.constants import EULER, HALF_LOG_2PI, SMALLEST
from ...numerics.double import inverse_root_double, is_double
from ...numerics.quantiles import levy_quantile
from ...transforms.supports import Support, half_line
from ..families.location_scale import LocationScale
from ..families.through import Through
from .half_normal import StandardHalfNormal


class StandardLevy(Through):
    """Of density z^(-3/2) e^(-1/(2 z)) / sqrt(2 pi): 1/sqrt(z) is the absolute value of a standard Normal."""

    steep, inner, falls, log_norm = True, StandardHalfNormal, True, HALF_LOG_2PI
    mean, mode, median, variance = math.inf, 1 / 3, 2.198109338317732, math.inf
    entropy, entropy_residual = 0.5 * (1 + 3 * EULER + math.log(16 * math.pi)), 9.961069036e-17

    def log_kernel(F, z):
        z = F.maximum(z, SMALLEST[is_double(z)])
        return -1.5 * F.log(z) - 0.5 / z

    slope = lambda F, z: 0.5 * (3 - 1 / z) / z
    bend = lambda F, z: (1 / z - 1.5) / z / z
    scale_slope = lambda F, d, s: 0.5 * (d - s) / d

    double = lambda xp, z: inverse_root_double(xp, xp.maximum(z, 0))

    def rise(F, z):
        some = F.where(z > 0, z, 1.0)
        u = 1 / F.sqrt(some)
        return F.where(z > 0, u, math.inf), F.where(z > 0, -0.5 * u / some, 0.0)

    quantile = lambda F, p: F(levy_quantile)(p)
    back = lambda F, u: 1 / (u * u)


class Levy(LocationScale):
    r"""The Levy distribution: the time until a Brownian motion first comes to a level.

    .. math:: p(x) = \sqrt{\frac{s}{2 \pi}} d^{-3/2} e^{-s/(2 d)}, \quad d = x - \mu > 0

    Args:
        loc: the lower end mu, of shape ``[*batch]``.
        scale: s > 0, of shape ``[*batch]``: the square of the level.
        log_scale: log s, instead of ``scale``.

    ``mean`` and ``variance`` are inf.

    Source:
        W. Feller, "An Introduction to Probability Theory and Its Applications" 2, section II.4.

    >>> import numpy as np
    >>> Levy(loc=np.array([0.0, 1.0]), scale=1.0).cdf(2.0).array
    array([0.47950012, 0.31731051])
    """

    standard = StandardLevy
    undefined = frozenset({"mean", "variance", "stddev", "skewness", "kurtosis"})

    @property
    def support(self) -> Support:
        """Above ``loc``."""
        low = self.loc.array
        return half_line(low, "x > loc", low + self.scale.array, closed=False)

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        """Draws that rounding does not take to ``loc``."""
        return F.maximum(super()._sample(shape, rng), self.xp.nextafter(self.loc.array, math.inf))
