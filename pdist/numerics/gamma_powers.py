"""Densities of variables whose reciprocal, or whose square, is a Gamma variable.

With m(u) = u^k e^-u / Gamma(k), the density of a standard Gamma variable by log u, that of the reciprocal is
m(1/z)/z, and that of the square root of twice a Gamma variable is 2 m(z^2/2)/z. All terms are double words.

Source:
    Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 1, chapters 17 and 18.
"""

from __future__ import annotations

import math

from ..autograd import differentiable
from ..backend import hooks
from .constants import LOG_2, SMALLEST, SQRT_2
from .double import divide_double, finite_or_zero, is_double, log_finer, rounding, two_product, two_sum
from .gamma import lgamma1p, log_minus_digamma_of, trigamma_minus
from .incomplete_gamma import density_parts, gamma_quantile, gamma_tail_slope


@hooks.opaque
def log_mass_double(xp, k, u, u_lo):
    """log m(u + u_lo) as a double word, for u > 0; -inf at 0 and infinity."""
    inside = (u > 0) & (u < math.inf)
    at = xp.where(inside, u, k)
    k, at = xp.broadcast_arrays(k, at)
    factor, h, h_lo = density_parts(xp, k, at)
    y, lo = two_sum(xp, xp.log(k * factor), -h)
    lo = lo - h_lo - finite_or_zero(xp, u_lo * ((at - k) / at))
    return xp.where(inside, y, -math.inf), xp.where(inside, lo, 0)


_FAR = (1e18, 1e150)


def moderate(F, x):
    """x, held where its square neither over- nor underflows: beyond that a slope is 0, or nearly."""
    far = _FAR[is_double(x)]
    return F.clip(x, 1 / far, far)


def reciprocal_and_slope(F, z):
    """1/z, held as :func:`moderate` does, and -1/z^2, which may underflow."""
    u = 1 / F.maximum(z, 1 / _FAR[is_double(z)])
    return 1 / moderate(F, z), -u * u


# The reciprocal ---------------------------------------------------------------------------------------------


def reciprocal_double(xp, z, *shapes):
    """1/z as a double word; what comes from z near 0 or infinity is no double word."""
    u, lo = divide_double(xp, xp.ones_like(z), xp.zeros_like(z), z)
    return u, rounding(xp, lo, u)


def inverse_gamma_log_density_double(xp, z, k):
    """log(m(1/z)/z) as a double word."""
    y, y_lo = log_mass_double(xp, k, *reciprocal_double(xp, z))
    log_z, log_lo = log_finer(xp, z)
    h, lo = two_sum(xp, y, -log_z)
    return xp.where(y > -math.inf, h, y), finite_or_zero(xp, lo + (y_lo - log_lo))


@differentiable
def inverse_gamma_log_density(xp, z, k):
    """log(m(1/z)/z)."""
    h, lo = inverse_gamma_log_density_double(xp, z, k)
    return h + lo


@differentiable
def reciprocal_shortfall(xp, z, k):
    """k - 1/z, small differences counting in full."""
    u, lo = reciprocal_double(xp, z)
    return (k - u) - lo


@differentiable
def inverse_gamma_shape_slope(xp, z, k):
    """The derivative of the log density by k: log(1/z) - digamma(k)."""
    u, lo = reciprocal_double(xp, z)
    return log_minus_digamma_of.kernel(xp, u, k) + finite_or_zero(xp, lo / u)


def inverse_gamma_slope(F, z, k):
    """Minus the derivative of the log density by z: (k + 1 - 1/z)/z."""
    return (F(reciprocal_shortfall)(z, k) + 1) / z


reciprocal_shortfall.derivative(z=lambda F, g, z: g / z / z, k=lambda F, g: g)
inverse_gamma_log_density.derivative(
    z=lambda F, g, z, k: -g * inverse_gamma_slope(F, z, k),
    k=lambda F, g, z, k: g * F(inverse_gamma_shape_slope)(z, k),
)
inverse_gamma_shape_slope.derivative(
    z=lambda F, g, z: -g / z,
    k=lambda F, g, k: -g * (F(trigamma_minus)(k) + 1 / k),
)


# The root of twice ------------------------------------------------------------------------------------------


def half_square_double(xp, z, *shapes):
    """z^2/2 as a double word."""
    u, lo = two_product(xp, 0.5 * z, z)
    return u, rounding(xp, lo, u)


def _is_tiny(z):
    return z < (1e-18, 1e-150)[is_double(z)]


def _raised(xp, z, k):
    """z, times a power of two if z^2 underflows, and the logarithm of what that makes of m, e^-u aside."""
    step = (48, 450)[is_double(z)]
    tiny = _is_tiny(z)
    high = z.dtype.type(LOG_2)
    shift, lo = two_product(xp, step * k, xp.full_like(z, high))
    lo = lo + (step * (LOG_2 - float(high))) * k
    return xp.where(tiny, z * 2.0**step, z), xp.where(tiny, shift, 0), xp.where(tiny, lo, 0)


def _chi_mass_double(xp, z, k):
    """log m(z^2/2) of the shape k/2 as a double word."""
    z, k = xp.broadcast_arrays(z, k)
    raised, shift, shift_lo = _raised(xp, z, k)
    y, y_lo = log_mass_double(xp, 0.5 * k, *half_square_double(xp, raised))
    h, lo = two_sum(xp, y, -shift)
    return h, finite_or_zero(xp, lo + (y_lo - shift_lo))


def chi_log_density_double(xp, z, k):
    """log(2 m(z^2/2)/z) as a double word, for the shape k/2."""
    y, y_lo = _chi_mass_double(xp, z, k)
    high = z.dtype.type(LOG_2)
    log_z, log_lo = log_finer(xp, z)
    h, lo = two_sum(xp, y, -log_z)
    h, rest = two_sum(xp, h, xp.full_like(h, high))
    return xp.where(y > -math.inf, h, y), finite_or_zero(
        xp, lo + (rest + (y_lo - log_lo + (LOG_2 - float(high))))
    )


@differentiable
def chi_log_density(xp, z, k):
    """log(2 m(z^2/2)/z), for the shape k/2."""
    h, lo = chi_log_density_double(xp, z, k)
    return h + lo


def chi_tail(xp, z, k, y, upper, log):
    """A tail y of the Gamma variable, but the one of z itself if z^2 underflows."""
    tiny = _is_tiny(z) & (z > 0)
    mass, lo = _chi_mass_double(xp, xp.where(tiny, z, 1), k)
    log_lower = xp.where(tiny, mass - xp.log(0.5 * k) + lo, -1)
    lower = xp.exp(log_lower)
    if upper:
        found = xp.log1p(-lower) if log else -xp.expm1(log_lower)
    else:
        found = log_lower if log else lower
    return xp.where(tiny, found, y)


@differentiable
def chi_slope(xp, z, k):
    """Minus the derivative of the log density by z: (z^2 - (k - 1))/z."""
    square, square_lo = two_product(xp, z, z)
    d, lo = two_sum(xp, square, -k)
    return (xp.where(z < 1e9, (d + 1) + finite_or_zero(xp, lo + square_lo), square)) / z


@differentiable
def chi_shape_slope(xp, z, k):
    """The derivative of the log density by k: (log(z^2/2) - digamma(k/2))/2."""
    u, lo = half_square_double(xp, z)
    y = log_minus_digamma_of.kernel(xp, xp.maximum(u, SMALLEST[is_double(u)]), 0.5 * k)
    far = xp.where(_is_tiny(z), 2 * xp.log(z) - LOG_2 - xp.log(xp.maximum(u, SMALLEST[is_double(u)])), 0)
    return 0.5 * (y + (far + finite_or_zero(xp, lo / u)))


def chi_bend(F, z, k):
    """Minus the second derivative of the log density by z."""
    return 1 + (k - 1) / z / z


chi_log_density.derivative(
    z=lambda F, g, z, k: -g * F(chi_slope)(z, k),
    k=lambda F, g, z, k: g * F(chi_shape_slope)(z, k),
)
chi_slope.derivative(
    z=lambda F, g, z, k: g * chi_bend(F, z, k),
    k=lambda F, g, z: -g / z,
)
chi_shape_slope.derivative(
    z=lambda F, g, z: g / z,
    k=lambda F, g, k: -g * (0.25 * F(trigamma_minus)(0.5 * k) + 0.5 / k),
)


@differentiable
def chi_quantile(xp, p, k):
    """The z with P(Z <= z) = p, also if z^2 underflows."""
    p, k = xp.broadcast_arrays(p, k)
    u = gamma_quantile.kernel(xp, p, 0.5 * k, False)
    z = SQRT_2 * xp.sqrt(u)
    few = (u < (1e-30, 1e-290)[is_double(u)]) & (p > 0) & (k < 2)
    log_p, lo = log_finer(xp, xp.where(few, p, 0.5))  # P(Z <= z) = (z^2/2)^(k/2) / Gamma(k/2 + 1)
    shape = xp.where(few, k, 1)
    h, rest = two_sum(xp, log_p, lgamma1p(xp, 0.5 * shape))
    h, lo = divide_double(xp, h, lo + rest, shape)
    y = SQRT_2 * xp.exp(h)
    return xp.where(few, y + y * lo, z)


def _chi_moves(F, g, z, k):
    """-(dP/dk)/f of the smaller tail."""
    u = F.maximum(0.5 * z * z, SMALLEST[is_double(z)])
    low = 0.5 * F(gamma_tail_slope)(u, 0.5 * k, upper=False, log=False)
    return -g * low * F.exp(-F(chi_log_density)(z, k))


chi_quantile.derivative(
    p=lambda F, g, y, k: g * F.exp(-F(chi_log_density)(y, k)),
    k=lambda F, g, y, k: _chi_moves(F, g, y, k),
)
