"""The GeneralizedPareto distribution."""

from __future__ import annotations

import math
from typing import Any

from ...numerics import tail_index as index
from ...transforms.supports import Support, interval, real
from ..base.parameters import Param
from ..base.weighted_data import Data
from ..families.location_scale import LocationScale
from ..families.through import Through
from .exponential import StandardExponential


class StandardGeneralizedPareto(Through):
    """Of density (1 + c z)^(-1/c - 1): log(1 + c z)/c is a standard Exponential."""

    shapes, steep, inner = ("shape",), True, StandardExponential

    log_kernel_double = lambda F, z, c: index.log_fall_double(F.xp, z, c)[:2]
    log_kernel = lambda F, z, c: -(F(index.index_of)(z, c) * (1 + c))
    slope = lambda F, z, c: (1 + c) / F(index.remaining)(z, c)
    bend = lambda F, z, c: -c * (1 + c) / F(index.remaining)(z, c) ** 2
    scale_slope = lambda F, d, s, c: (d - s) / s / F(index.remaining)(d / s, c)
    shape_slopes = lambda F, z, c: (-F(index.index_move)(z, c) - z / F(index.remaining)(z, c),)
    shape_bends = lambda F, z, c: ((z - 1) / F(index.remaining)(z, c) ** 2,)

    def double(xp, z, c):
        return index.index_double(xp, xp.maximum(z, 0), c)[:2]

    def rise(F, z, c):
        inside, z = index.inside(F, F.maximum(z, 0.0), c)
        return F(index.index_of)(z, c), F.where(inside & (z > 0), 1 / F(index.remaining)(z, c), 0.0)

    def moves(F, z, u, c):
        inside, z = index.inside(F, F.maximum(z, 0.0), c)
        return (F.where(inside, F(index.index_move)(z, c), 0.0),)

    back = lambda F, u, c: F(index.index_inverse)(u, c)
    entropy = lambda F, c: 1 + c
    mode = lambda F, c: F.where(c < -1, -1 / F.where(c < -1, c, -1.0), 0.0)

    def mean(F, c):
        return F.where(c < 1, 1 / (1 - F.where(c < 1, c, 0.0)), math.inf)

    def variance(F, c):
        some = F.where(c < 0.5, c, 0.0)
        return F.where(c < 0.5, 1 / ((1 - some) * (1 - some) * (1 - 2 * some)), math.inf)


class GeneralizedPareto(LocationScale):
    r"""The GeneralizedPareto distribution, of excesses over a high threshold.

    .. math:: p(x) = \frac{1}{s} (1 + \xi z)^{-1/\xi - 1}, \quad z = \frac{x - \mu}{s} \ge 0, \; 1 + \xi z > 0

    Args:
        loc: the threshold mu, of shape ``[*batch]``.
        scale: s > 0, of shape ``[*batch]``.
        shape: xi, of shape ``[*batch]``: positive for heavy tails, negative for an end at loc - scale/shape;
            at 0 it is an Exponential beyond ``loc``.
        log_scale: log s, instead of ``scale``.

    ``mean`` is inf for a shape of 1 and more, ``variance`` for 1/2 and more.

    Source:
        S. Coles, "An Introduction to Statistical Modeling of Extreme Values" (2001), chapter 4.

    >>> import numpy as np
    >>> d = GeneralizedPareto(loc=0.0, scale=1.0, shape=np.array([-0.5, 0.0, 0.5]))
    >>> d.survival_function(1.0).array
    array([0.25      , 0.36787944, 0.44444444])
    """

    shape = Param(real)
    order = ("loc", "scale", "shape")
    standard = StandardGeneralizedPareto

    @property
    def support(self) -> Support:
        """From ``loc`` on, for a negative shape to ``loc - scale/shape``."""
        xp, c = self.xp, self.shape.array
        low, width = self.loc.array, self.scale.array / xp.where(c < 0, -c, 1)
        return interval(low, xp.where(c < 0, low + width, math.inf), "x >= loc", low + 0.5 * width)

    @classmethod
    def _fitted(cls, data: Data, loc: Any = None, **others: Any) -> dict[str, Any]:
        """The least value is the likeliest location for any shape above -1."""
        loc = data.low if loc is None else loc
        data.require(data.values >= loc, f"no less than loc, {loc}")
        return {"loc": loc}
