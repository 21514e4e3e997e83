"""The Pareto distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...numerics import powers
from ...numerics.constants import LOG_2
from ...numerics.double import two_sum
from ...transforms.supports import Support, half_line, positive
from ..base.parameters import Param
from ..base.weighted_data import Data
from ..families.location_scale import PositiveScale
from ..families.through import Through
from .exponential import StandardExponential


class StandardPareto(Through):
    """Of density a z^(-a - 1) for z >= 1: a log z is a standard Exponential."""

    shapes, steep, inner = ("alpha",), True, StandardExponential
    mode = 1.0

    def log_kernel_double(F, z, a):
        log_z, log_lo, t, t_lo = powers.log_power_double(F.xp, z, a)
        y, lo = two_sum(F.xp, -t, -log_z)
        y, rest, a_lo = powers.plus_log(F.xp, y, a)
        return y, (lo + rest) - (t_lo + log_lo) + a_lo

    log_kernel = lambda F, z, a: F.log(a) - (a + 1) * F.log(z)
    slope = lambda F, z, a: (a + 1) / z
    bend = lambda F, z, a: -(a + 1) / z / z
    scale_slope = lambda F, d, s, a: a
    shape_slopes = lambda F, z, a: (1 / a - F.log(z),)
    shape_bends = lambda F, z, a: (-1 / z,)

    double = lambda xp, z, a: powers.log_power_double(xp, xp.maximum(z, 1), a)[2:]
    rise = lambda F, z, a: (a * F.log(F.maximum(z, 1.0)), F.where(z > 1, a / z, 0.0))
    moves = lambda F, z, u, a: (F.log(F.maximum(z, 1.0)),)
    back = lambda F, u, a: F.exp(u / a)
    quantile = lambda F, p, a: F(powers.pareto_quantile)(p, a)
    entropy = lambda F, a: 1 + 1 / a - F.log(a)
    median = lambda F, a: F.exp(LOG_2 / a)
    mean = lambda F, a: F.where(a > 1, 1 + 1 / (F.where(a > 1, a, 2.0) - 1), math.inf)
    moment = lambda F, n, a: F.where(a > n, 1 + n / (F.where(a > n, a, n + 1.0) - n), math.inf)

    def variance(F, a):
        some = F.where(a > 2, a, 3.0)
        return F.where(a > 2, some / (some - 1) / (some - 1) / (some - 2), math.inf)


class Pareto(PositiveScale):
    r"""The Pareto distribution, of sizes above a smallest one.

    .. math:: p(x) = \frac{\alpha s^\alpha}{x^{\alpha + 1}}, \quad x \ge s

    Args:
        scale: the smallest value s > 0, of shape ``[*batch]``.
        alpha: the tail index alpha > 0, of shape ``[*batch]``: P(X > x) is (s/x)^alpha.

    ``mean`` is inf for alpha up to 1, ``variance`` up to 2.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 1, chapter 20.

    >>> import numpy as np
    >>> d = Pareto(scale=1.0, alpha=np.array([1.0, 3.0]))
    >>> d.survival_function(2.0).array
    array([0.5  , 0.125])
    """

    scale = Param(positive)
    alpha = Param(positive)
    standard, scales = StandardPareto, {"scale": "scale"}

    @property
    def support(self) -> Support:
        """From ``scale`` on."""
        low = self.scale.array
        return half_line(low, "[scale, inf]", 2 * low)

    @classmethod
    def _fitted(cls, data: Data, scale: Any = None, alpha: Any = None) -> dict[str, Any]:
        data.require(data.values > 0, "a positive number")
        scale = data.low if scale is None else scale
        data.require(data.values >= scale, f"no less than scale, {scale}")
        return {
            "scale": scale,
            "alpha": 1 / data.average(np.log(data.values / scale)) if alpha is None else alpha,
        }
