"""The regularized incomplete Gamma functions: tails of a standard Gamma variable, and its quantiles.

Near the middle they are SciPy's. Beyond 4.4 standard deviations, where SciPy's lose digits, the smaller tail is
the density, in double words, times a continued fraction that converges in so many steps.

Source:
    Cuyt et al., "Handbook of Continued Fractions for Special Functions" (2008), sections 12.6 and 12.7.
"""

from __future__ import annotations

import math

import numpy as np

from ..backend import hooks, special
from .constants import SMALLEST
from .differences import deviance
from .double import divide_double, is_double, log_double, rounding, two_product, two_sum
from .gamma import lgamma_near, stirling_error


def density_parts(xp, k, z):
    """f, h and r such that z^k e^-z / Gamma(k + 1) = f e^-(h + r): each digit of h counts, r is small.

    For k >= 1 h is the deviance D(k, z); below it is z - k log z.
    """
    few = k < 1
    n = xp.where(few, 1, k)
    ratio, ratio_lo = divide_double(xp, n, xp.zeros_like(n), z)
    log_r, log_lo = two_sum(xp, *log_double(xp, ratio))
    y, y_lo = two_product(xp, n, log_r)
    d, d_lo = two_sum(xp, n, -z)
    far, lo = two_sum(xp, y, -d)
    lo = rounding(xp, lo + (n * (log_lo + ratio_lo / ratio) + (y_lo - d_lo)), 8 * n)
    far, far_lo = two_sum(xp, far, lo)
    held = abs(far) < math.inf  # else k/z overflows
    far, far_lo = xp.where(held, far, deviance(xp, n, z, n - z)), xp.where(held, far_lo, 0)
    log_z, log_z_lo = two_sum(xp, *log_double(xp, xp.maximum(z, SMALLEST[is_double(z)])))
    y, y_lo = two_product(xp, xp.where(few, k, 0), log_z)
    near, near_lo = two_sum(xp, z, -y)
    near_lo = near_lo - y_lo - xp.where(few, k, 0) * log_z_lo
    factor = xp.where(
        few,
        xp.exp(-lgamma_near.kernel(xp, 1 + xp.where(few, k, 0))),
        xp.exp(-stirling_error.kernel(xp, n)) / xp.sqrt(2 * math.pi * n),
    )
    near_lo = rounding(xp, near_lo, 4 * (abs(near) + 1))
    return factor, xp.where(few, near, far), xp.where(few, near_lo, far_lo)


def _far_tail(xp, k, z):
    """The smaller of P(Z <= z) and P(Z > z), its logarithm, where it is the lower one, and where it is far."""
    steps = 24 if is_double(k) else 8
    lower, d = z < k, k - z
    first, slope = xp.where(lower, d, -d) - 1, xp.where(lower, 1, 2).astype(d.dtype)
    weight, fall = xp.where(lower, z, k), slope - 1
    t = first + (steps + 1) * slope
    for j in range(steps, 0, -1):
        t = (first + j * slope) + j * (weight - j * fall) / t
    factor, h, h_lo = density_parts(xp, k, z)
    factor = factor * (k / t)  # z^k e^-z / Gamma(k) / t
    return factor * xp.exp(-h) * (1 - h_lo), xp.log(factor) - h - h_lo, lower, d * d > 20 * z


def lower(xp, k, z):
    """P(Z <= z) for z >= 0."""
    tail, _, below, far = _far_tail(xp, k, z)
    return xp.where(far, xp.where(below, tail, 1 - tail), special(xp).gammainc(k, z))


def upper(xp, k, z):
    """P(Z > z) for z >= 0."""
    tail, _, below, far = _far_tail(xp, k, z)
    return xp.where(far, xp.where(below, 1 - tail, tail), special(xp).gammaincc(k, z))


def log_lower(xp, k, z):
    """log P(Z <= z) for z >= 0."""
    tail, log_tail, below, far = _far_tail(xp, k, z)
    near = _log(xp, special(xp).gammainc(k, z), special(xp).gammaincc(k, z))
    return xp.where(far, xp.where(below, log_tail, xp.log1p(-tail)), near)


def log_upper(xp, k, z):
    """log P(Z > z) for z >= 0."""
    tail, log_tail, below, far = _far_tail(xp, k, z)
    near = _log(xp, special(xp).gammaincc(k, z), special(xp).gammainc(k, z))
    return xp.where(far, xp.where(below, xp.log1p(-tail), log_tail), near)


def _log(xp, y, complement):
    """log y, by its complement if y is near 1."""
    return xp.where(complement < 0.5, xp.log1p(-complement), xp.log(y))


@hooks.opaque
def quantile(xp, p, k):
    """The z with P(Z <= z) = p: SciPy's, then Newton's steps on the logarithm of the smaller tail."""
    high = p > 0.5
    z = xp.where(high, special(xp).gammainccinv(k, 1 - p), special(xp).gammaincinv(k, p))
    p = xp.where(high, 1 - p, p)
    small = xp.asarray(np.finfo(p.dtype).tiny, p.dtype)
    for _ in range(2):
        at = xp.maximum(z, small)
        tail = xp.where(high, upper(xp, k, at), lower(xp, k, at))
        factor, h, _ = density_parts(xp, k, at)
        slope = factor * k * xp.exp(-h) / tail  # of the log tail by log z
        step = xp.log1p((p - tail) / tail) / xp.where(high, -slope, slope)
        better = (abs(step) < 0.5) & (z > small) & (z < math.inf)
        z = xp.where(better, z + z * step, z)
    return z
