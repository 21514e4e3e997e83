"""The regularized incomplete Gamma functions: tails of a standard Gamma variable, and its quantiles.

Near the middle they are SciPy's. Beyond 4.4 standard deviations, where SciPy's lose digits, the smaller tail
is the density, in double words, times a continued fraction that converges in so many steps.

Source:
    Cuyt et al., "Handbook of Continued Fractions for Special Functions" (2008), sections 12.6 and 12.7.
"""

from __future__ import annotations

import math

import numpy as np

from ..autograd import differentiable
from ..backend import hooks, library, special
from .constants import SMALLEST
from .differences import deviance, expm1mx
from .double import divide_double, is_double, log_double, rounding, two_product, two_sum
from .gamma import (
    lgamma1p,
    log_gamma_density,
    log_minus_digamma_of,
    stirling_error,
    trigamma_minus,
)
from .shape_slopes import of_tail, tail_means


def density_parts(xp, k, z):
    """f, h and r such that z^k e^-z / Gamma(k + 1) = f e^-(h + r): each digit of h counts, r is small.

    For k >= 1 h is the deviance D(k, z); below it is z - k log z + log Gamma(k + 1), and f is 1.
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
    near, lo = two_sum(xp, near, lgamma1p(xp, xp.where(few, k, 0)))
    near_lo = near_lo + lo
    factor = xp.where(few, 1, xp.exp(-stirling_error.kernel(xp, n)) / xp.sqrt(2 * math.pi * n))
    near_lo = rounding(xp, near_lo, 4 * (abs(near) + 1))
    return factor, xp.where(few, near, far), xp.where(few, near_lo, far_lo)


def _far_tail(xp, k, z):
    """The smaller tail, its logarithm, where it is the lower one, and where it is far enough out."""
    steps = 24 if is_double(k) else 8
    lower, d = z < k, k - z
    first, slope = xp.where(lower, d, 1 - d), xp.where(lower, 1, 2).astype(d.dtype)
    weight, fall = xp.where(lower, z, k), slope - 1
    t = first + steps * slope
    for j in range(steps, 0, -1):
        t = (first + (j - 1) * slope) + j * (weight - j * fall) / t
    factor, h, h_lo = density_parts(xp, k, z)
    log_tail = (xp.log(factor) - h) + (xp.log(k / t) - h_lo)
    tail = factor * (k / t) * xp.exp(-h) * (1 - h_lo)  # z^k e^-z / Gamma(k) / t
    return tail, log_tail, lower, d * d > 20 * z


_MANY = 200.0  # up to this shape series and fraction take few enough steps in the middle too


@hooks.opaque
def _near(xp, k, z):
    """P(Z <= z) and P(Z > z) near the middle."""
    k, z = xp.broadcast_arrays(k, z)
    p, q = special(xp).gammainc(k, z), special(xp).gammaincc(k, z)
    few = (k < _MANY) & (abs(k - z) ** 2 < 25 * z + 1) & (z > 0)
    if not library(xp).host:
        a, b = _few_steps(xp, xp.where(few, k, 1), xp.where(few, z, 1), p, q)
        return xp.where(few, a, p), xp.where(few, b, q)
    if few.any():
        p, q = xp.asarray(p), xp.asarray(q)
        p[few], q[few] = _few_steps(xp, k[few], z[few], p[few], q[few])
    return p, q


def _few_steps(xp, k, z, p, q):
    """The lower tail by its power series, or, above k + 1, the upper one by Legendre's continued fraction.

    What is near 1 says too little of its complement: there both tails stay p and q, as they are known.
    """
    steps = (150, 100) if is_double(k) else (70, 40)
    below = z < xp.where(k < 1, 0.6, k + 1)
    x = xp.where(below, z, k)
    term = total = xp.ones_like(x)
    for n in range(1, steps[0]):
        term = term * (x / (k + n))
        total = total + term
    x = xp.where(below, k + 1, z)
    t = (x - k + 1) + 2 * steps[1]
    for j in range(steps[1], 0, -1):
        t = ((x - k + 1) + 2 * (j - 1)) + j * (k - j) / t
    factor, h, h_lo = density_parts(xp, k, z)
    density = factor * xp.exp(-h) * (1 - h_lo)  # z^k e^-z / Gamma(k + 1)
    tail = density * xp.where(below, total, k / t)
    p, q = xp.where(tail < 0.7, xp.where(below, (tail, 1 - tail), (1 - tail, tail)), (p, q))
    return p, q


def lower(xp, k, z):
    """P(Z <= z) for z >= 0."""
    tail, log_tail, below, far = _far_tail(xp, k, z)
    return xp.where(far, xp.where(below, tail, -xp.expm1(log_tail)), _near(xp, k, z)[0])


def upper(xp, k, z):
    """P(Z > z) for z >= 0."""
    tail, log_tail, below, far = _far_tail(xp, k, z)
    return xp.where(far, xp.where(below, -xp.expm1(log_tail), tail), _near(xp, k, z)[1])


def log_lower(xp, k, z):
    """log P(Z <= z) for z >= 0."""
    tail, log_tail, below, far = _far_tail(xp, k, z)
    near = _log(xp, *_near(xp, k, z))
    return xp.where(far, xp.where(below, log_tail, _log1mexp(xp, tail, log_tail)), near)


def log_upper(xp, k, z):
    """log P(Z > z) for z >= 0."""
    tail, log_tail, below, far = _far_tail(xp, k, z)
    near = _log(xp, *_near(xp, k, z)[::-1])
    return xp.where(far, xp.where(below, _log1mexp(xp, tail, log_tail), log_tail), near)


def _log1mexp(xp, tail, log_tail):
    """log(1 - tail)."""
    return xp.where(tail < 0.5, xp.log1p(-tail), xp.log(-xp.expm1(log_tail)))


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


# Derivatives by the shape -----------------------------------------------------------------------------------


def _slopes_of_few(xp, z, k):
    """Those of log P(Z <= z) by k, for k < 2 and z < max(k, 1/2): of z^k e^-z / Gamma(k + 1) times a series.

    log z - digamma(k + 1) and the series' share are both negative, while digamma(k) is huge for small k.
    """
    term = total = xp.ones_like(z)
    first = second = step = square = xp.zeros_like(z)
    for n in range(1, 23 if is_double(z) else 14):
        term = term * (z / (k + n))
        step, square = step + 1 / (k + n), square + 1 / (k + n) ** 2
        total = total + term
        first = first + term * step
        second = second + term * (step * step + square)
    change = first / total
    bend = (second / total - change * change) - (trigamma_minus.kernel(xp, k + 1) + 1 / (k + 1))
    return log_minus_digamma_of.kernel(xp, z, k + 1) - change, bend


@hooks.opaque
def _slopes(xp, z, k, upper_tail, log):
    """First and second derivatives of a tail by k, from means of log T - digamma(k) over the smaller tail."""
    z, k = xp.broadcast_arrays(z, k)
    few = ((k < 2) & (z < xp.maximum(k, 0.5))) | (z == 0)
    below = few | (z < k)
    sign = xp.where(below, -1, 1).astype(z.dtype)  # log T = log z + sign w
    start = log_minus_digamma_of.kernel(xp, z, k)
    curvature = -(trigamma_minus.kernel(xp, k) + 1 / k)
    distance = -abs(z - k)
    mean, bend, _ = tail_means(
        xp,
        lambda w: distance * w - z * expm1mx(xp, sign * w),
        lambda w: start + sign * w,
        lambda w: curvature,
        xp.where(below, (50 + z) / k, xp.sqrt(100 / z)),
    )
    few_mean, few_bend = _slopes_of_few(xp, xp.where(few, z, 1), xp.where(few, k, 1))
    mean, bend = xp.where(few, few_mean, mean), xp.where(few, few_bend, bend)
    low, high = xp.where(z == 0, 0, lower(xp, k, z)), xp.where(z == 0, 1, upper(xp, k, z))
    tail = xp.where(below, low, high)
    other = xp.where(below, high, low)
    return of_tail(xp, tail, other, mean, bend, below if upper_tail else ~below, log)


@differentiable
def gamma_tail_slope(xp, z, k, /, upper, log):
    """The derivative by k of P(Z <= z) or, if ``upper``, P(Z > z), or of its logarithm."""
    return _slopes(xp, z, k, upper, log)[0]


@differentiable
def gamma_tail_bend(xp, z, k, /, upper, log):
    """The second derivative by k."""
    return _slopes(xp, z, k, upper, log)[1]


def _gamma_tail_slope_by_z(F, g, y, z, k, upper, log):
    """The derivative by k of the density, or, if ``log``, of the density over the tail."""
    log_density = F(log_gamma_density)(z, k)
    change = F(log_minus_digamma_of)(z, k)
    if log:
        log_density = log_density - F(gamma_log_tail)(z, k, upper=upper)
        change = change - y
    density = F.exp(log_density) * change
    return g * (-density if upper else density)


@differentiable
def gamma_log_tail(xp, z, k, /, upper):
    """log P(Z <= z) or, if ``upper``, log P(Z > z)."""
    return (log_upper if upper else log_lower)(xp, k, z)


def _gamma_log_tail_by_z(F, g, y, z, k, upper):
    slope = F.exp(F(log_gamma_density)(z, k) - y)
    return g * (-slope if upper else slope)


gamma_log_tail.derivative(
    z=_gamma_log_tail_by_z,
    k=lambda F, g, z, k, upper: g * F(gamma_tail_slope)(z, k, upper=upper, log=True),
)
gamma_tail_slope.derivative(
    z=_gamma_tail_slope_by_z,
    k=lambda F, g, z, k, upper, log: g * F(gamma_tail_bend)(z, k, upper=upper, log=log),
)


@differentiable
def gamma_quantile(xp, p, k):
    """The z with P(Z <= z) = p."""
    return quantile(xp, p, k)


@differentiable
def moved_gamma(xp, z, k):
    """z as it is; it moves with k so that its place in the distribution stays the same."""
    return z + 0 * k


def _moves_with_shape(F, g, z, k):
    """-(dP/dk)/f of the smaller tail, which does not cancel."""
    low = F(gamma_tail_slope)(z, k, upper=False, log=True) * F.exp(F(gamma_log_tail)(z, k, upper=False))
    return -g * low * F.exp(-F(log_gamma_density)(z, k))


gamma_quantile.derivative(
    p=lambda F, g, y, k: g * F.exp(-F(log_gamma_density)(y, k)),
    k=lambda F, g, y, k: _moves_with_shape(F, g, y, k),
)
moved_gamma.derivative(
    z=lambda F, g: g,
    k=lambda F, g, z, k: _moves_with_shape(F, g, z, k),
)
