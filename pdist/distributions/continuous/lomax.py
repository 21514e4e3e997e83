"""The Lomax distribution."""

from __future__ import annotations

import math

from ...numerics import powers
from ...numerics.constants import LOG_2
from ...numerics.double import rounding, two_product, two_sum
from ...numerics.tail_index import index_double
from ...transforms.supports import nonnegative, positive
from ..base.parameters import Param
from ..families.location_scale import PositiveScale
from ..families.through import Through
from .exponential import StandardExponential
from .pareto import StandardPareto


def _log_double(xp, z, a):
    """log(1 + z) and a log(1 + z) as double words, for z >= 0."""
    t, t_lo, _, _ = index_double(xp, z, xp.ones_like(z))
    u, lo = two_product(xp, a, t)
    return t, t_lo, u, rounding(xp, lo + a * t_lo, 4 * u)


class StandardLomax(Through):
    """Of density a (1 + z)^(-a - 1) for z >= 0: a log(1 + z) is a standard Exponential."""

    shapes, steep, inner = ("alpha",), True, StandardExponential
    mode = 0.0

    def log_kernel_double(F, z, a):
        t, t_lo, u, u_lo = _log_double(F.xp, F.maximum(z, 0.0), a)
        y, lo = two_sum(F.xp, -u, -t)
        y, rest, a_lo = powers.plus_log(F.xp, y, a)
        return y, (lo + rest) - (u_lo + t_lo) + a_lo

    log_kernel = lambda F, z, a: F.log(a) - (a + 1) * F.log1p(z)
    slope = lambda F, z, a: (a + 1) / (1 + z)
    bend = lambda F, z, a: -(a + 1) / (1 + z) / (1 + z)
    scale_slope = lambda F, d, s, a: (a * (d / s) - 1) / (1 + d / s)
    shape_slopes = lambda F, z, a: (1 / a - F.log1p(z),)
    shape_bends = lambda F, z, a: (-1 / (1 + z),)

    double = lambda xp, z, a: _log_double(xp, xp.maximum(z, 0), a)[2:]
    rise = lambda F, z, a: (a * F.log1p(F.maximum(z, 0.0)), F.where(z >= 0, a / (1 + F.maximum(z, 0.0)), 0.0))
    moves = lambda F, z, u, a: (F.log1p(F.maximum(z, 0.0)),)
    back = lambda F, u, a: F.expm1(u / a)

    def quantile(F, p, a):
        """By the quantile of a Pareto, which is 1 more, where it is large."""
        u = -F.log1p(-p) / a
        near = u < 1
        return F.where(near, F.expm1(F.where(near, u, 0.0)), F(powers.pareto_quantile)(p, a) - 1)

    entropy = StandardPareto.entropy
    median = lambda F, a: F.expm1(LOG_2 / a)
    mean = lambda F, a: F.where(a > 1, 1 / (F.where(a > 1, a, 2.0) - 1), math.inf)
    variance = StandardPareto.variance


class Lomax(PositiveScale):
    r"""The Lomax distribution, Pareto's of the second kind: a Pareto variable less its scale.

    .. math:: P(X > x) = (1 + x/s)^{-\alpha}, \quad x \ge 0

    Args:
        scale: s > 0, of shape ``[*batch]``.
        alpha: the tail index alpha > 0, of shape ``[*batch]``.

    ``mean`` is inf for alpha up to 1, ``variance`` up to 2.

    Source:
        Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 1, chapter 20.

    >>> import numpy as np
    >>> d = Lomax(scale=1.0, alpha=np.array([1.0, 3.0]))
    >>> d.survival_function(1.0).array
    array([0.5  , 0.125])
    """

    scale = Param(positive)
    alpha = Param(positive)
    standard, scales, support = StandardLomax, {"scale": "scale"}, nonnegative
