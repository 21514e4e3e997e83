"""The Moyal distribution."""

from __future__ import annotations

import math

from ...backend import special
from ...functions.normal import log_ndtr_slope
from ...numerics import normal
from ...numerics.constants import EULER, HALF_LOG_2PI, INV_SQRT_2PI, LOG_2, SQRT_HALF
from ...numerics.double import exp_double, is_double
from ...numerics.quantiles import moyal_quantile
from ..families.location_scale import LocationScale
from ..families.standard import Standard

LOWEST = (-150.0, -1400.0)  # u is finite there, and u^2 is not


class StandardMoyal(Standard):
    """Of -log N^2 for a standard Normal N: P(Z <= z) is P(abs(N) >= u) with u = e^(-z/2)."""

    steep, log_norm = True, HALF_LOG_2PI
    entropy, entropy_residual = 0.5 * (1 + LOG_2 + EULER) + HALF_LOG_2PI, 8.136313737e-17
    mean, mode, variance = LOG_2 + EULER, 0.0, math.pi**2 / 2
    skewness, kurtosis = 1.5351415907229, 4.0  # 28 sqrt(2) zeta(3)/pi^3

    log_kernel = lambda F, z: -0.5 * (F.maximum(z, -1e4) + F.exp(-z))  # -inf, and not nan, at z = -inf
    slope = lambda F, z: -0.5 * F.expm1(-z)
    bend = lambda F, z: 0.5 * F.exp(-z)

    def cdf(xp, z):
        u, lo = exp_double(xp, -0.5 * z)
        tail, density = normal.cdf_and_slope(xp, -u)
        return 2 * (tail - density * lo)

    def log_cdf(xp, z):
        u, lo = exp_double(xp, -0.5 * xp.maximum(z, LOWEST[is_double(z)]))
        tail, slope = normal.log_cdf_and_slope(xp, -u)
        above = StandardMoyal.sf(xp, z)
        return xp.where(above < 0.5, xp.log1p(-above), (LOG_2 + tail) - slope * lo)

    def sf(xp, z):
        return special(xp).erf(SQRT_HALF * xp.exp(-0.5 * z))

    def log_sf(xp, z):
        y = StandardMoyal.sf(xp, z)
        near = xp.where(y > 0.5, xp.log1p(-StandardMoyal.cdf(xp, z)), xp.log(y))
        return xp.where(z > 50, -0.5 * z + 0.5 * math.log(2 / math.pi), near)

    def hazard(F, z):
        u = F.exp(-0.5 * z)
        return 0.5 * u * F(log_ndtr_slope)(-u)

    def hazard_sf(F, z):
        u = F.exp(-0.5 * F.clip(z, -9.0, 69.0))
        return u * (INV_SQRT_2PI * F.exp(-0.5 * u * u)) / F.erf(SQRT_HALF * u)

    quantile = lambda F, p: F(moyal_quantile)(p)
    draw = lambda F, rng, shape, dtype: -2 * F.log(abs(rng.standard_normal(shape, dtype=dtype)))


class Moyal(LocationScale):
    r"""The Moyal distribution, of the energy that a fast particle loses in a thin layer.

    .. math:: p(x) = \frac{1}{\sqrt{2 \pi} s} \exp\left(-\frac{z + e^{-z}}{2}\right),
        \quad z = \frac{x - \mu}{s}

    Args:
        loc: the mode mu, of shape ``[*batch]``.
        scale: s > 0, of shape ``[*batch]``; the standard deviation is pi s / sqrt(2).
        log_scale: log s, instead of ``scale``.

    Source:
        J. E. Moyal, "Theory of ionization fluctuations", Philosophical Magazine 46 (1955).

    >>> import numpy as np
    >>> Moyal(loc=np.array([0.0, 1.0]), scale=1.0).cdf(1.0).array
    array([0.54416243, 0.31731051])
    """

    standard = StandardMoyal
