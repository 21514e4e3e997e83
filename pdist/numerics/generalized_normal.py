"""The standard generalized normal variable Z, of density proportional to e^-|z|^a.

|Z|^a is a Gamma variable of shape 1/a.

Source:
    S. Nadarajah, "A generalized normal distribution", Journal of Applied Statistics 32 (2005).
"""

from __future__ import annotations

import math

from ..autograd import differentiable
from ..backend import hooks
from .bregman import trigamma
from .constants import HALF_LOG_2PI, LOG_2, SMALLEST
from .double import divide_double, exp_double, finite_or_zero, is_double, rounding, two_product, two_sum
from .gamma import lgamma1p, log_gamma_density, log_minus_digamma_of, stirling_error
from .incomplete_gamma import gamma_tail_slope, quantile, smaller_tail
from .powers import digamma1p, exact_power, gamma1p, log_power_double, power_double

# The density ------------------------------------------------------------------------------------------------


@differentiable
def log_norm(xp, a):
    """log(2 Gamma(1 + 1/a))."""
    v = 1 / a
    few = v < 1
    m = xp.where(few, 1, v)
    large = ((m + 0.5) * xp.log(m) - m) + HALF_LOG_2PI + stirling_error.kernel(xp, m)
    return LOG_2 + xp.where(few, lgamma1p(xp, xp.minimum(v, 1), xp.minimum((1 - a) / a, 0)), large)


log_norm.derivative(a=lambda F, g, a: -g * F(digamma1p)(1 / a) / a / a)


def _log_kernel(xp, z, a):
    """-|z|^a."""
    u, lo = power_double(xp, abs(z), a)
    return -(u + lo)


def log_kernel_double(F, z, a):
    """-|z|^a as a double word."""
    u, lo = power_double(F.xp, abs(z), a)
    return -u, -lo


@differentiable
def power_slope(xp, b, a):
    """a b^(a - 1) for b >= 0; taken to be 0 at b = 0."""
    log_b, log_lo, t, t_lo = log_power_double(xp, b, a)
    h, lo = two_sum(xp, t, -log_b)
    h, lo = two_sum(xp, h, lo + (t_lo - log_lo))
    y, y_lo = exp_double(xp, h, lo, finer=True)
    return xp.where(b > 0, a * (y + y_lo), 0)


@differentiable
def power_scale_slope(xp, b, a):
    """a b^a - 1, small differences counting in full."""
    u, u_lo = power_double(xp, b, a)
    y, lo = two_product(xp, a, u)
    return (y - 1) + rounding(xp, lo + a * u_lo, y)


@differentiable
def power_shape_slope(xp, b, a):
    """The derivative of the log density by a: digamma(1 + 1/a)/a^2 - b^a log b."""
    log_b, _, t, t_lo = log_power_double(xp, b, a)
    u, u_lo = exp_double(xp, t, t_lo, finer=True)
    y, lo = two_product(xp, u, log_b)
    y, lo = xp.where(u > 0, y, 0), rounding(xp, lo + u_lo * log_b, y)
    return (digamma1p.kernel(xp, 1 / a) / a / a - y) - lo


def _nonzero(F, b):
    return F.where(b == 0, 1.0, b)


def shape_bend(F, b, a):
    """The derivative of :func:`power_shape_slope` by b."""
    return -(F(power_slope)(b, a) * F.log(_nonzero(F, b)) + F(exact_power)(b, a) / _nonzero(F, b))


def slope(F, z, a):
    """Minus the derivative of the log density by z."""
    return F.sign(z) * F(power_slope)(abs(z), a)


def bend(F, b, a):
    """The derivative of :func:`power_slope` by b."""
    return (a - 1) * F(power_slope)(b, a) / _nonzero(F, b)


log_kernel = differentiable(_log_kernel)
log_kernel.derivative(
    z=lambda F, g, z, a: -g * slope(F, z, a),
    a=lambda F, g, z, a: -g * F(exact_power)(abs(z), a) * F.log(_nonzero(F, abs(z))),
)
power_slope.derivative(
    b=lambda F, g, b, a: g * bend(F, b, a),
    a=lambda F, g, y, b, a: g * (y / a + y * F.log(_nonzero(F, b))),
)
power_scale_slope.derivative(
    b=lambda F, g, b, a: g * a * F(power_slope)(b, a),
    a=lambda F, g, b, a: g * F(exact_power)(b, a) * (1 + a * F.log(_nonzero(F, b))),
)


def _shape_slope_by_shape(F, g, b, a):
    v, log_b = 1 / a, F.log(_nonzero(F, b))
    constant = -v * v * v * (2 * F(digamma1p)(v) + v * F(trigamma)(1 + v))
    return g * (constant - F(exact_power)(b, a) * log_b * log_b)


power_shape_slope.derivative(b=lambda F, g, b, a: g * shape_bend(F, b, a), a=_shape_slope_by_shape)


def log_density(F, z, a):
    """log f(z)."""
    return F(log_kernel)(z, a) - F(log_norm)(a)


# The tails --------------------------------------------------------------------------------------------------


def _shares(xp, b, a):
    """P(|Z| <= b) and P(|Z| > b), and the logarithm of the latter: those of a Gamma variable of shape 1/a.

    Neither b^a nor 1/a is a number of this dtype: what they lose by rounding is put right to first order.
    """
    u, u_lo = power_double(xp, b, a)
    k, k_lo = divide_double(xp, xp.ones_like(a), xp.zeros_like(a), a)
    tail, log_tail, below = smaller_tail(xp, k, u)
    moved = finite_or_zero(xp, u_lo * xp.exp(log_gamma_density.kernel(xp, u, k) - log_tail))
    moved = xp.where(below, moved, -moved)
    at = xp.maximum(u, SMALLEST[is_double(u)])
    moved = moved + finite_or_zero(xp, k_lo * log_minus_digamma_of.kernel(xp, at, xp.where(below, k + 1, k)))
    log_tail, tail = log_tail + moved, tail + tail * moved
    few = u < SMALLEST[is_double(u)] * 2.0**60  # b^a may underflow, though b does not
    inner = xp.where(few, b / gamma1p(xp, k, k_lo), xp.where(below, tail, 1 - tail))
    upper = xp.where(few, 1 - inner, xp.where(below, 1 - tail, tail))
    return inner, upper, xp.where(below | few, xp.log1p(-inner), log_tail)


def cdf(xp, z, a):
    """P(Z <= z)."""
    half = 0.5 * _shares(xp, abs(z), a)[1]
    return xp.where(z < 0, half, xp.where(z >= 0, 1 - half, z))


def log_cdf(xp, z, a):
    """log P(Z <= z)."""
    _, upper, log_upper = _shares(xp, abs(z), a)
    return xp.where(z < 0, log_upper - LOG_2, xp.where(z >= 0, xp.log1p(-0.5 * upper), z))


@differentiable
def log_lower(xp, z, a):
    """log P(Z <= z)."""
    return log_cdf(xp, z, a)


def hazard(F, z, a):
    """f(z)/P(Z <= z)."""
    return F.exp(log_density(F, z, a) - F(log_lower)(z, a))


def _tail_slope(F, b, a, log):
    """The derivative by a of P(Z > b) for b >= 0, or of its logarithm."""
    u, k = F(exact_power)(b, a), 1 / a
    by_shape = F(gamma_tail_slope)(u, k, upper=True, log=log)
    by_value = hazard(F, -b, a) if log else F.exp(log_density(F, b, a))
    share = 1.0 if log else 0.5
    return -(share * by_shape / a / a + by_value * (b / a) * F.log(_nonzero(F, b)))


def tail_slopes(F, z, a, upper, log):
    """The derivative by a of a tail, or of its logarithm."""
    far = (z > 0) if upper else (z < 0)
    slope = _tail_slope(F, abs(z), a, False)
    if not log:
        return (F.where(far, slope, -slope),)
    near = -slope * F.exp(-F(log_lower)(abs(z), a))
    return (F.where(far, _tail_slope(F, abs(z), a, True), near),)


log_lower.derivative(
    z=lambda F, g, z, a: g * hazard(F, z, a),
    a=lambda F, g, z, a: g * tail_slopes(F, z, a, False, True)[0],
)


@hooks.opaque
def _quantile(xp, p, a):
    """The z with P(Z <= z) = p: a power of a Gamma quantile, then Newton's steps on the smaller share."""
    p, a = xp.broadcast_arrays(p, a)
    upper, inner = 2 * xp.minimum(p, 1 - p), abs(2 * p - 1)
    inside = (upper > 0) & (inner > 0)
    upper, inner = xp.where(inside, upper, 0.5), xp.where(inside, inner, 0.5)
    k = 1 / a
    u = xp.where(upper < inner, quantile(xp, upper, k, True), quantile(xp, inner, k))
    few = u < SMALLEST[is_double(u)] * 2.0**60
    b = xp.where(few, inner * gamma1p(xp, k, 0 * k), xp.exp(xp.log(xp.where(few, 1, u)) * k))
    for _ in range(2):
        low, high, _ = _shares(xp, b, a)
        change = xp.where(
            low < high, xp.log1p((inner - low) / low) * low, -xp.log1p((upper - high) / high) * high
        )
        log_density = -exact_power.kernel(xp, b, a) - log_norm.kernel(xp, a) + LOG_2
        step = change / b * xp.exp(-log_density)
        b = xp.where(abs(step) < 0.5, b + b * step, b)
    b = xp.where(inside, b, xp.where(p == 0.5, 0, xp.where((p == 0) | (p == 1), math.inf, math.nan)))
    return xp.where(p < 0.5, -b, b).astype(p.dtype)


@differentiable
def generalized_normal_quantile(xp, p, a):
    """The z with P(Z <= z) = p."""
    return _quantile(xp, p, a)


@differentiable
def moved_generalized_normal(xp, z, a):
    """z as it is; it moves with a so that its place in the distribution stays the same."""
    return z + 0 * a


def _moves_with_shape(F, g, z, a):
    """The derivative of the smaller tail over the density, with the sign of the side."""
    return g * F.sign(z) * _tail_slope(F, abs(z), a, True) / hazard(F, -abs(z), a)


generalized_normal_quantile.derivative(
    p=lambda F, g, y, a: g * F.exp(-log_density(F, y, a)),
    a=lambda F, g, y, a: _moves_with_shape(F, g, y, a),
)
moved_generalized_normal.derivative(
    z=lambda F, g: g,
    a=lambda F, g, z, a: _moves_with_shape(F, g, z, a),
)


@differentiable
def variance(xp, a):
    """Gamma(3/a)/Gamma(1/a)."""
    one, none = xp.ones_like(a), xp.zeros_like(a)
    third = gamma1p(xp, *divide_double(xp, 3 * one, none, a))
    return xp.where(third < math.inf, third / (3 * gamma1p(xp, *divide_double(xp, one, none, a))), third)


def _variance_rule(F, g, y, a):
    return -g * y * (3 * F(digamma1p)(3 / a) - F(digamma1p)(1 / a)) / a / a


variance.derivative(a=_variance_rule)
