"""The GeneralizedExtremeValue distribution."""

from __future__ import annotations

import math

from ...numerics import tail_index as index
from ...numerics.constants import EULER
from ...numerics.double import exp_double, two_sum
from ...numerics.extreme_moments import gev_mean, gev_variance
from ...transforms.supports import Support, interval, real
from ..base.parameters import Param
from ..families.location_scale import LocationScale
from ..families.through import Through
from .gumbel import StandardGumbel


class StandardExtremeValue(Through):
    """Of cdf e^(-t) with t = (1 + c z)^(-1/c): log(1 + c z)/c is a standard Gumbel."""

    shapes, steep, inner = ("shape",), True, StandardGumbel

    def log_kernel_double(F, z, c):
        y, lo, u, u_lo = index.log_fall_double(F.xp, z, c)
        t, t_lo = exp_double(F.xp, -u, -u_lo, finer=True)
        y, rest = two_sum(F.xp, y, -t)
        return F.where(t < math.inf, y, F.where(t == t, -math.inf, t)), lo + (rest - t_lo)

    def log_kernel(F, z, c):
        u = F(index.index_of)(z, c)
        return -(u * (1 + c) + F.exp(-u))

    slope = lambda F, z, c: (fall(F, z, c) + c) / F(index.remaining)(z, c)
    bend = lambda F, z, c: (1 + c) * (rate(F, z, c) - c) / F(index.remaining)(z, c) ** 2
    scale_slope = lambda F, d, s, c: (d / s * fall(F, d / s, c) - 1) / F(index.remaining)(d / s, c)

    def shape_slopes(F, z, c):
        return (-fall(F, z, c) * F(index.index_move)(z, c) - z / F(index.remaining)(z, c),)

    def shape_bends(F, z, c):
        r = 1 / F(index.remaining)(z, c)
        return (r * ((z * fall(F, z, c) - 1) * r - rate(F, z, c) * F(index.index_move)(z, c)),)

    double = lambda xp, z, c: index.index_double(xp, z, c)[:2]

    def rise(F, z, c):
        inside, some = index.inside(F, z, c)
        return F(index.index_of)(z, c), F.where(inside, 1 / F(index.remaining)(some, c), 0.0)

    def moves(F, z, u, c):
        inside, z = index.inside(F, z, c)
        return (F.where(inside, F(index.index_move)(z, c), 0.0),)

    back = lambda F, u, c: F(index.index_inverse)(u, c)
    entropy = lambda F, c: 1 + EULER + EULER * c
    mode = lambda F, c: F(index.index_inverse)(-F.log1p(F.where(c > -1, c, -1.0)), c)
    mean = lambda F, c: gev_mean(c)
    variance = lambda F, c: gev_variance(c)


def rate(F, z, c):
    """t = (1 + c z)^(-1/c)."""
    return F.exp(-F(index.index_of)(z, c))


def fall(F, z, c):
    """1 - t."""
    return -F.expm1(-F(index.index_of)(z, c))


class GeneralizedExtremeValue(LocationScale):
    r"""The GeneralizedExtremeValue distribution, of the largest of many values.

    .. math:: P(X \le x) = \exp\left(-(1 + \xi z)^{-1/\xi}\right), \quad z = \frac{x - \mu}{s}

    Args:
        loc: the location mu, of shape ``[*batch]``.
        scale: s > 0, of shape ``[*batch]``.
        shape: xi, of shape ``[*batch]``: positive for a heavy upper tail (Frechet), negative for an upper end
            at loc - scale/shape (reversed Weibull); at 0 it is a Gumbel. SciPy's c is -xi.
        log_scale: log s, instead of ``scale``.

    The density is 0 where 1 + xi z is not positive. ``mean`` is inf for a shape of 1 and more, ``variance``
    for 1/2 and more.

    Source:
        S. Coles, "An Introduction to Statistical Modeling of Extreme Values" (2001), chapter 3.

    >>> import numpy as np
    >>> GeneralizedExtremeValue(loc=0.0, scale=1.0, shape=np.array([-0.5, 0.0, 0.5])).cdf(1.0).array
    array([0.77880078, 0.69220063, 0.64118039])
    """

    shape = Param(real)
    order = ("loc", "scale", "shape")
    standard = StandardExtremeValue

    @property
    def support(self) -> Support:
        """Where 1 + shape z is positive."""
        xp, c = self.xp, self.shape.array
        end = self.loc.array - self.scale.array / xp.where(c == 0, 1, c)
        low, high = xp.where(c > 0, end, -math.inf), xp.where(c < 0, end, math.inf)
        return interval(low, high, "1 + shape z > 0", self.loc.array)
