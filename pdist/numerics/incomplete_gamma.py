"""The regularized incomplete Gamma functions: tails of a standard Gamma variable, and its quantiles.

The smaller tail is computed by the method suited to each region: a power series below the shape, a continued
fraction above it, other short fractions far out, Temme's expansion in the middle of large shapes.
Each is a density, whose exponent is a double word, times a factor near 1.

Source:
    Cuyt et al., "Handbook of Continued Fractions for Special Functions" (2008), sections 12.6 and 12.7.
    DLMF, section 8.7, for the series.
"""

from __future__ import annotations

import math

import numpy as np

from ..autograd import differentiable
from ..backend import hooks, special
from .blocks import in_blocks, piecewise
from .constants import SMALLEST
from .differences import deviance, expm1mx
from .double import divide_double, is_double, log_double, rounding, two_product, two_sum
from .gamma import (
    log_gamma_density,
    log_minus_digamma_of,
    log_power,
    stirling_error,
    trigamma_minus,
)
from .large_shape import LARGE, middle_tail
from .shape_slopes import of_tail, tail_means

# The density ------------------------------------------------------------------------------------------------


_LOG_OF_2_64 = ((44.361419677734375, -1.2189786957605975e-07), (44.3614195558365, 1.4841899608616317e-15))


def deviance_double(xp, k, z):
    """D(k, z) = k log(k/z) - k + z as a double word, for k >= 1."""
    tiny = z < SMALLEST[is_double(z)] * 2.0**64  # k/z would overflow, or z is subnormal
    ratio, ratio_lo = divide_double(xp, k, xp.zeros_like(k), xp.where(tiny, z * 2.0**64, z))
    log_r, log_lo = log_double(xp, ratio, finer=True)
    high, low = _LOG_OF_2_64[is_double(z)]
    log_r, lo = two_sum(xp, xp.where(tiny, high, 0).astype(z.dtype), log_r)
    log_r, log_lo = two_sum(xp, log_r, lo + (log_lo + xp.where(tiny, low, 0).astype(z.dtype)))
    y, y_lo = two_product(xp, k, log_r)
    d, d_lo = two_sum(xp, k, -z)
    h, lo = two_sum(xp, y, -d)
    lo = rounding(xp, lo + (k * (log_lo + ratio_lo / ratio) + (y_lo - d_lo)), 8 * k + abs(y) + abs(h))
    h, lo = two_sum(xp, h, lo)
    held = abs(h) < math.inf  # else k/z overflows
    return xp.where(held, h, deviance(xp, k, z, k - z)), xp.where(held, lo, 0)


def _density_of_few(xp, k, z, step=None):
    h, h_lo = log_power(xp, k, z)
    h, lo = two_sum(xp, z, -h)
    return xp.ones_like(h), h, lo - h_lo


def _density_of_many(xp, k, z, step=None):
    h, h_lo = deviance_double(xp, k, z)
    return xp.exp(-stirling_error.kernel(xp, k)) / (4 * xp.sqrt(math.pi / 8 * k)), h, h_lo


def density_parts(xp, k, z, step=None):
    """f, h and r such that z^k e^-z / Gamma(k + 1) = f e^-(h + r), with h exact and r small."""
    return piecewise(xp, ((k < 1, _density_of_few), (None, _density_of_many)), k, z)


# The smaller tail -------------------------------------------------------------------------------------------

_FAR = 4.5  # standard deviations


def _fraction(xp, k, z, steps):
    """z - k + 1 + (k - 1)/(z - k + 3 + 2 (k - 2)/...), Legendre's continued fraction, for z >= k."""
    first = (z - k) + 1
    t = first + 2 * steps
    for j in range(steps, 0, -1):
        t = (first + 2 * (j - 1)) + j * (k - j) / t
    return t


def _of_far(xp, k, z, step=None):
    """Beyond 4.5 standard deviations: fractions that converge in a fixed number of steps."""
    steps = 24 if is_double(k) else 8
    end = z
    z = xp.minimum(z, np.finfo(z.dtype).max)
    lower, d = z < k, k - z
    first, slope = xp.where(lower, d, 1 - d), xp.where(lower, 1, 2).astype(d.dtype)
    weight, fall, top = xp.where(lower, z, k), slope - 1, k
    if step is not None:  # of k + 1, which is not representable in this dtype
        first, top = first + xp.where(lower, step, -step), xp.where(step > 0, z, k)
    t = first + steps * slope
    for j in range(steps, 0, -1):
        t = (first + (j - 1) * slope) + j * ((weight - j * fall) / t)
    factor, h, h_lo = density_parts(xp, k, z)
    factor = factor * (top / t)  # z^k e^-z / Gamma(k) / t
    log_tail = xp.log(factor) - (h + h_lo)
    tail = factor * xp.exp(-h) * (1 - h_lo)
    beyond = (end == 0) | (end == math.inf)
    return xp.where(beyond, 0, tail), xp.where(beyond, -math.inf, log_tail), lower


def _series_of_few(xp, k, z):
    """1 - P(Z <= z) Gamma(k + 1)/z^k for z < 0.7, by the alternating series."""
    term, total = -xp.ones_like(z), 0
    for n in range(1, 20 if is_double(z) else 12):
        term = term * (-z / n)
        total = total + term / (k + n)
    return k * total


def _of_few(xp, k, z, step=None):
    """For k < 1 and z < 0.7: the smaller tail by that series."""
    loss = _series_of_few(xp, k, z)
    h, h_lo = log_power(xp, k, z)
    power = xp.exp(h) * (1 + h_lo)
    low, high = power * (1 - loss), power * loss - (xp.expm1(h) + power * h_lo)
    lower = low < high
    tail = xp.where(z > 0, xp.where(lower, low, high), 0)
    log_low = xp.where(z > 0, h + (h_lo + xp.log1p(-loss)), -math.inf)
    return tail, xp.where(lower, log_low, xp.log(tail)), lower


def _of_middle(xp, k, z, step=None):
    above = z >= k
    tail = middle_tail(xp, k, deviance_double(xp, k, z), above, step)
    return tail, xp.log(tail), ~above


def _by_series(xp, k, z, step=None):
    """For z < k: P(Z <= z) by its power series."""
    total = 0  # minus 1
    for n in range(56 if is_double(z) else 34, 0, -1):
        total = z * (1 + total) / (k + n)
    factor, h, h_lo = _density_of_many(xp, k, z)
    tail = factor * xp.exp(-h) * (1 - h_lo)
    tail = tail + tail * total
    return tail, xp.log(tail), z < k


def _by_fraction(steps):
    """For z >= k and z >= 0.7: P(Z > z)."""

    def upper_tail(xp, k, z, step=None):
        factor, h, h_lo = density_parts(xp, k, z)
        tail = factor * (k / _fraction(xp, k, z, steps[is_double(z)])) * xp.exp(-h) * (1 - h_lo)
        return tail, xp.log(tail), z < 0

    return upper_tail


_by_long_fraction, _by_middle_fraction = _by_fraction((28, 130)), _by_fraction((14, 66))
_by_short_fraction = _by_fraction((20, 34))


@hooks.opaque
def smaller_tail(xp, k, z, step=None):
    """The smaller tail (or nearly), its logarithm, and whether it is P(Z <= z).

    Args:
        xp: the namespace.
        k: the shape.
        z: the argument.
        step: 1 where the shape is k + 1, which is not representable in this dtype, else 0.
    """
    arrays = xp.broadcast_arrays(k, z) if step is None else xp.broadcast_arrays(k, z, step)
    shape = arrays[0].shape
    k, z, *more = [xp.reshape(a, (-1,)) for a in arrays]
    pieces = (
        ((k < 1) & (z < 0.7), _of_few),
        (~(abs(k - z) <= _FAR * xp.sqrt(z)) | (z == math.inf), _of_far),
        (k >= LARGE, _of_middle),
        (z < k, _by_series),
        (z >= 4, _by_short_fraction),
        (z >= 1.5, _by_middle_fraction),
        (None, _by_long_fraction),
    )
    return tuple(xp.reshape(a, shape) for a in piecewise(xp, pieces, k, z, *more))


@in_blocks
def gamma_tail(xp, k, z, *step, upper, log=False):
    """P(Z <= z) or, if ``upper``, P(Z > z), or its logarithm, for z >= 0."""
    tail, log_tail, lower = smaller_tail(xp, k, z, *step)
    here = ~lower if upper else lower
    return xp.where(here, log_tail, xp.log1p(-tail)) if log else xp.where(here, tail, 1 - tail)


def lower(xp, k, z):
    """P(Z <= z) for z >= 0."""
    return gamma_tail(xp, k, z, upper=False)


def upper(xp, k, z):
    """P(Z > z) for z >= 0."""
    return gamma_tail(xp, k, z, upper=True)


def log_lower(xp, k, z):
    """log P(Z <= z) for z >= 0."""
    return gamma_tail(xp, k, z, upper=False, log=True)


def log_upper(xp, k, z):
    """log P(Z > z) for z >= 0."""
    return gamma_tail(xp, k, z, upper=True, log=True)


# Quantiles --------------------------------------------------------------------------------------------------


def _step_of_few(xp, z, p, q, k):
    """Newton's step of log z for k < 1 and z < 0.7, from log p - log P(Z <= z) in double words."""
    loss = _series_of_few(xp, k, z)
    h, h_lo = log_power(xp, k, z)
    log_p, lo = log_double(xp, p)
    change, change_lo = two_sum(xp, log_p, -h)
    change = change + (change_lo + ((lo - h_lo) - xp.log1p(-loss)))
    return (change / k * ((1 - loss) * xp.exp(z)),)


def _step_of_many(xp, z, p, q, k):
    """Newton's step of log z from the smaller tail."""
    tail, log_tail, lower = smaller_tail(xp, k, z)
    factor, h, h_lo = density_parts(xp, k, z)
    slope = k * xp.exp(xp.log(factor) - (h + h_lo) - log_tail)  # of the log tail by log z
    change = xp.log1p((xp.where(lower, p, q) - tail) / tail)
    return (xp.where(lower, change, -change) / slope,)


@hooks.opaque
def quantile(xp, p, k, upper=False):
    """The z with P(Z <= z) = p or, if ``upper``, with P(Z > z) = p: SciPy's, then Newton's steps."""
    p, k = xp.broadcast_arrays(p, k)
    p, q = (1 - p, p) if upper else (p, 1 - p)
    high = q < 0.5
    z = xp.where(high, special(xp).gammainccinv(k, q), special(xp).gammaincinv(k, p))
    smallest, largest = SMALLEST[is_double(z)], np.finfo(z.dtype).max
    for _ in range(2):
        at = xp.minimum(xp.maximum(z, smallest), largest)
        few = (k < 1) & (z < 0.7) & ~(high & upper)
        (step,) = piecewise(xp, ((few, _step_of_few), (None, _step_of_many)), at, p, q, k)
        better = (abs(step) < 0.5) & (z > xp.where(few, 0, smallest)) & (z < math.inf)
        z = xp.where(better, z + z * step, z)
    return z


# Derivatives in the shape -----------------------------------------------------------------------------------


def _slopes_of_few(xp, z, k):
    """Those of log P(Z <= z) in k, for k < 3 and z < max(k, 1/2): of z^k e^-z / Gamma(k + 1) times a series.

    log z - digamma(k + 1) and the series' part are both negative, while digamma(k) is huge for small k.
    """
    term = total = xp.ones_like(z)
    first = second = step = square = xp.zeros_like(z)
    for n in range(1, 27 if is_double(z) else 17):
        term = term * (z / (k + n))
        step, square = step + 1 / (k + n), square + 1 / (k + n) ** 2
        total = total + term
        first = first + term * step
        second = second + term * (step * step + square)
    change = first / total
    bend = (second / total - change * change) - (trigamma_minus.kernel(xp, k + 1) + 1 / (k + 1))
    return log_minus_digamma_of.kernel(xp, z, k + 1) - change, bend


def _slopes_by_means(large):
    """Those of the logarithm of the smaller tail in k, from means of log T - digamma(k) over it."""

    def slopes(xp, z, k):
        sign = xp.where(z < k, -1, 1).astype(z.dtype)  # log T = log z + sign w
        start = log_minus_digamma_of.kernel(xp, z, k)
        curvature = -(trigamma_minus.kernel(xp, k) + 1 / k)
        distance = -abs(z - k)

        def log_weight(w):
            if large:  # k w and z (e^w - 1) are large and nearly equal
                return distance * w - z * expm1mx(xp, sign * w)
            return sign * k * w - z * xp.expm1(sign * w)

        return tail_means(
            xp,
            log_weight,
            lambda w: start + sign * w,
            lambda w: curvature,
            xp.minimum(xp.where(z < k, (50 + z) / k, xp.sqrt(100 / z)), 50 / abs(distance)),
        )[:2]

    return slopes


_slopes_of_small, _slopes_of_large = _slopes_by_means(False), _slopes_by_means(True)


@hooks.opaque
def _slopes(xp, z, k, upper_tail, log):
    """First and second derivatives of a tail in k."""
    z, k = xp.broadcast_arrays(z, k)
    few = ((k < 3) & (z < xp.maximum(k, 0.5))) | (z == 0)
    below = few | (z < k)
    pieces = (
        (few, _slopes_of_few),
        (k + z > 16, _slopes_of_large),
        (None, _slopes_of_small),
    )
    mean, bend = piecewise(xp, pieces, z, k)
    small, _, small_below = smaller_tail(xp, k, z)
    same = below == small_below
    tail, other = xp.where(same, small, 1 - small), xp.where(same, 1 - small, small)
    return of_tail(xp, tail, other, mean, bend, below if upper_tail else ~below, log)


@differentiable
def gamma_tail_slope(xp, z, k, /, upper, log):
    """The derivative in k of P(Z <= z) or, if ``upper``, P(Z > z), or of its logarithm."""
    return _slopes(xp, z, k, upper, log)[0]


@differentiable
def gamma_tail_bend(xp, z, k, /, upper, log):
    """The second derivative in k."""
    return _slopes(xp, z, k, upper, log)[1]


def _gamma_tail_slope_by_z(F, g, y, z, k, upper, log):
    """The derivative in k of the density, or, if ``log``, of the density over the tail."""
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


@differentiable
def gamma_hazard(xp, z, k, /, upper):
    """The density over P(Z <= z) or, if ``upper``, over P(Z > z)."""
    return xp.exp(log_gamma_density.kernel(xp, z, k) - gamma_log_tail.kernel(xp, z, k, upper=upper))


def _gamma_hazard_rule(F, g, needs, y, z, k, upper):
    """The hazard times its difference to the density's slope: times either slope it may overflow."""
    change = ((k - 1) - z) / z
    by_z = g * y * (change + y if upper else change - y)
    if not needs.k:
        return by_z, None
    return by_z, g * y * (F(log_minus_digamma_of)(z, k) - F(gamma_tail_slope)(z, k, upper=upper, log=True))


gamma_hazard.joint_derivative(_gamma_hazard_rule)
gamma_log_tail.derivative(
    z=lambda F, g, z, k, upper: (-g if upper else g) * F(gamma_hazard)(z, k, upper=upper),
    k=lambda F, g, z, k, upper: g * F(gamma_tail_slope)(z, k, upper=upper, log=True),
)
gamma_tail_slope.derivative(
    z=_gamma_tail_slope_by_z,
    k=lambda F, g, z, k, upper, log: g * F(gamma_tail_bend)(z, k, upper=upper, log=log),
)


@differentiable
def gamma_quantile(xp, p, k, /, upper):
    """The z with P(Z <= z) = p or, if ``upper``, with P(Z > z) = p."""
    return quantile(xp, p, k, upper)


@differentiable
def moved_gamma(xp, z, k):
    """z unchanged; its derivative in k keeps its quantile level constant."""
    return z + 0 * k


def _moves_with_shape(F, g, z, k):
    """-(dP/dk)/f of the smaller tail, which does not cancel."""
    low = F(gamma_tail_slope)(z, k, upper=False, log=True) * F.exp(F(gamma_log_tail)(z, k, upper=False))
    return -g * low * F.exp(-F(log_gamma_density)(z, k))


gamma_quantile.derivative(
    p=lambda F, g, y, k, upper: (-g if upper else g) * F.exp(-F(log_gamma_density)(y, k)),
    k=lambda F, g, y, k: _moves_with_shape(F, g, y, k),
)
moved_gamma.derivative(
    z=lambda F, g: g,
    k=lambda F, g, z, k: _moves_with_shape(F, g, z, k),
)
