"""Mean and variance of extreme values of tail index c, by Gamma(1 - c) and Gamma(1 - 2 c)."""

from __future__ import annotations

import math

from .. import functions as F
from ..autograd import Variable, differentiable
from ..backend import hooks
from .bregman import trigamma
from .constants import EULER
from .gamma import lgamma1p
from .panels import gauss_legendre
from .powers import gamma_of_reciprocal

_NODES, _WEIGHTS = (x.tolist() for x in gauss_legendre(20))


@differentiable
@hooks.opaque
def gamma_complement(xp, c):
    """Gamma(1 - c), for c < 1."""
    below = c < 0
    k = xp.where(below, 0.5, 1 - c)
    above = xp.exp(lgamma1p(xp, k)) / k
    return xp.where(below, gamma_of_reciprocal.kernel(xp, -1 / xp.where(below, c, -1)), above)


gamma_complement.derivative(c=lambda F, g, y, c: -g * y * F.digamma(1 - c))


def gev_mean(c: Variable) -> Variable:
    """(Gamma(1 - c) - 1)/c, which is Euler's constant at c = 0, and inf from 1 on."""
    near, far = abs(c.array) < 0.5, c.array < 1
    u = F.where(near, c, 0.0)
    bend = sum(  # (log Gamma(1 - c) - c Euler)/c^2, as a mean of trigamma
        (0.25 * w * (1 - t)) * trigamma(1 - (0.5 * (1 + t)) * u)
        for t, w in zip(_NODES, _WEIGHTS, strict=True)
    )
    over_c = EULER + u * bend
    v = F.where(near, 0.5, F.where(far, c, 0.5))
    return F.where(near, _growth(u * over_c) * over_c, F.where(far, (gamma_complement(v) - 1) / v, math.inf))


def gev_variance(c: Variable) -> Variable:
    """(Gamma(1 - 2 c) - Gamma(1 - c)^2)/c^2, which is pi^2/6 at c = 0, and inf from 1/2 on."""
    near, far = (c.array > -1) & (c.array < 0.45), c.array < 0.5
    u = F.where(near, c, 0.0)
    bend = 0.0  # (log Gamma(1 - 2 c) - 2 log Gamma(1 - c))/c^2
    for t, w in zip(_NODES, _WEIGHTS, strict=True):
        s = 0.5 * (1 + t)
        bend = bend + (0.5 * w * s) * (trigamma(1 - s * u) + trigamma(1 - (2 - s) * u))
    close = gamma_complement(u) ** 2 * _growth(u * u * bend) * bend
    v = F.where(near, 0.48, F.where(far, c, 0.48))
    apart = (gamma_complement(2 * v) / v - gamma_complement(v) ** 2 / v) / v
    return F.where(near, close, F.where(far, apart, math.inf))


def _growth(y: Variable) -> Variable:
    """(e^y - 1)/y, and 1 at y = 0."""
    few = abs(y.array) < 1e-5
    some = F.where(few, 1.0, y)
    return F.where(few, 1 + y * (0.5 + y / 6), F.expm1(some) / some)
