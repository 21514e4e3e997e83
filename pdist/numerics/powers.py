"""Powers of positive variables in double words, as the Weibull distribution has them, and Gamma(1 + 1/a).

Source:
    Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 1, chapter 21.
"""

from __future__ import annotations

import math

import numpy as np

from ..autograd import differentiable
from .bregman import digamma_difference, trigamma
from .constants import LARGEST, SMALLEST, SUBNORMAL
from .differences import log1pmx
from .double import (
    divide_double,
    exp_double,
    finite,
    finite_or_zero,
    is_double,
    log_finer,
    rounding,
    two_product,
    two_sum,
)
from .gamma import lgamma1p, log_minus_digamma, stirling_error
from .panels import gauss_legendre

_ZERO, _ZERO_LOW = 0.46163214496836236, -1.5522348162858677e-17  # of digamma(1 + x)
_NODES, _WEIGHTS = gauss_legendre(20)


def log_power_double(xp, z, a):
    """log z and a log z as double words, for z >= 0."""
    log_z, lo = log_finer(xp, z)
    inside = (z > 0) & (z < math.inf)
    log_z, lo = xp.where(inside, log_z, xp.log(z)), xp.where(inside, lo, 0)
    t, t_lo = two_product(xp, a, log_z)
    return log_z, lo, t, rounding(xp, t_lo + a * lo, 4 * t)


def power_double(xp, z, a):
    """z^a as a double word, for z >= 0."""
    _, _, t, t_lo = log_power_double(xp, z, a)
    return exp_double(xp, t, t_lo, finer=True)


@differentiable
def exact_power(xp, z, a):
    """z^a for z >= 0, to the last digits also for large a; never 0 or infinite."""
    u, lo = power_double(xp, z, a)
    return xp.clip(u + lo, SMALLEST[is_double(u)], 1e-9 * LARGEST[is_double(u)])


@differentiable
def power_excess(xp, z, a):
    """z^a - 1, small differences counting in full."""
    _, _, t, t_lo = log_power_double(xp, z, a)
    near = abs(t) < 0.5
    u, lo = exp_double(xp, t, t_lo, finer=True)
    small = xp.expm1(xp.where(near, t, 0))
    return finite(xp, xp.where(near, small + (1 + small) * t_lo, (u - 1) + lo))


def _power_rule(F, g, z, a):
    u = g * F(exact_power)(z, a)
    return u * a / z, u * F.log(z)


exact_power.joint_derivative(_power_rule)
power_excess.joint_derivative(_power_rule)


# The Weibull distribution -----------------------------------------------------------------------------------


def weibull_log_density_double(xp, z, a):
    """log(a z^(a - 1)) - z^a as a double word, for z > 0; 0 is taken for the smallest number."""
    z = xp.maximum(z, SUBNORMAL[is_double(z)])
    log_z, log_lo, t, t_lo = log_power_double(xp, z, a)
    u, u_lo = exp_double(xp, t, t_lo, finer=True)
    log_a, a_lo = log_finer(xp, a)
    h, lo = two_sum(xp, t, -log_z)
    h, rest = two_sum(xp, h, -u)
    y, last = two_sum(xp, h, log_a)
    low = (t_lo - log_lo) + (lo + (rest + (last + (a_lo - u_lo))))
    return xp.where(u < math.inf, y, -u), finite_or_zero(xp, low)


@differentiable
def weibull_log_density(xp, z, a):
    """log(a z^(a - 1)) - z^a, for z > 0."""
    y, lo = weibull_log_density_double(xp, z, a)
    return y + lo


@differentiable
def weibull_shape_slope(xp, z, a):
    """The derivative by a: (1 - a log z (z^a - 1))/a."""
    _, _, t, t_lo = log_power_double(xp, z, a)
    excess = power_excess.kernel(xp, z, a)
    y, y_lo = two_product(xp, t, excess)
    return finite(xp, ((1 - y) - rounding(xp, y_lo + t_lo * excess, 4 * y)) / a)


@differentiable
def weibull_slope(xp, z, a):
    """Minus the derivative by z: (1 - a + a z^a)/z."""
    z = xp.maximum(z, SUBNORMAL[is_double(z)])
    u, u_lo = power_double(xp, z, a)
    y, lo = two_product(xp, a, u)
    rest, rest_lo = two_sum(xp, 1 + 0 * a, -a)
    y, last = two_sum(xp, y, rest)
    low = last + (rest_lo + (lo + a * u_lo))
    return finite(xp, (y + finite_or_zero(xp, low)) / z)


def weibull_mixed(F, z, a):
    """The second derivative by z and a."""
    return -(F(power_excess)(z, a) + F(exact_power)(z, a) * (a * F.log(z))) / z


def weibull_bend(F, z, a):
    """Minus the second derivative by z."""
    return (a - 1) * (1 + a * F(exact_power)(z, a)) / z / z


weibull_log_density.derivative(
    z=lambda F, g, z, a: -g * F(weibull_slope)(z, a),
    a=lambda F, g, z, a: g * F(weibull_shape_slope)(z, a),
)
weibull_shape_slope.derivative(
    z=lambda F, g, z, a: g * weibull_mixed(F, z, a),
    a=lambda F, g, z, a: -g * (1 / (a * a) + F(exact_power)(z, a) * F.log(z) * F.log(z)),
)
weibull_slope.derivative(
    z=lambda F, g, z, a: g * weibull_bend(F, z, a),
    a=lambda F, g, z, a: -g * weibull_mixed(F, z, a),
)


def _log_exponential_quantile(xp, p):
    """log(-log(1 - p)) as a double word."""
    q, q_lo = two_sum(xp, 1 + 0 * p, -p)
    log_q, lo = log_finer(xp, xp.where(q > 0, q, 1))
    far, far_lo = log_finer(xp, -log_q)
    far_lo = far_lo + (lo + q_lo / q) / log_q
    small = p < 0.0625
    few = xp.where(small & (p > 0), p, 0.0625)
    near, near_lo = log_finer(xp, few)
    near, rest = two_sum(xp, near, xp.log1p(-log1pmx(xp, -few) / few))
    return xp.where(small, near, far), xp.where(small, near_lo + rest, far_lo)


@differentiable
def weibull_quantile(xp, p, a):
    """(-log(1 - p))^(1/a): the digits that the exponent loses by rounding come back as a factor."""
    log_u, log_lo = _log_exponential_quantile(xp, p)
    h, lo = divide_double(xp, log_u, log_lo, a)
    z = xp.exp(h)
    z = xp.where(z < math.inf, z + z * rounding(xp, lo, 4 * h), z)
    return xp.where(p > 0, xp.where(p < 1, z, math.inf), p)  # which is 0, or nan


weibull_quantile.derivative(
    p=lambda F, g, y, p, a: g * y / (a * -F.log1p(-p) * (1 - p)),
    a=lambda F, g, y, a: -g * y * F.log(y) / a,
)


# Pareto and log-logistic ------------------------------------------------------------------------------------


def plus_log(xp, y, a):
    """y + log a, what rounding took from it, and the lower digits of log a."""
    log_a, lo = log_finer(xp, a)
    y, rest = two_sum(xp, y, log_a)
    return y, rest, lo


def _exp_share(xp, h, lo, a):
    """e^((h + lo)/a), the digits of the exponent that rounding takes coming back as a factor."""
    t, t_lo = divide_double(xp, h, lo, a)
    y = xp.exp(t)
    return y + y * rounding(xp, t_lo, 4 * t)


def _log_complement_double(xp, p):
    """log(1 - p) as a double word."""
    q, lo = two_sum(xp, 1 + 0 * p, -p)
    some = xp.where(q > 0, q, 1)
    return two_sum(xp, *_sum_low(log_finer(xp, some), lo / some))


def _sum_low(word, lo):
    return word[0], word[1] + lo


@differentiable
def pareto_quantile(xp, p, a):
    """(1 - p)^(-1/a)."""
    h, lo = _log_complement_double(xp, p)
    y = _exp_share(xp, -h, -lo, a)
    return xp.where(p == 1, math.inf, xp.where((p >= 0) & (p < 1), y, math.nan)).astype(y.dtype)


@differentiable
def odds_quantile(xp, p, a):
    """(p/(1 - p))^(1/a)."""
    h, lo = _log_complement_double(xp, p)
    log_p, p_lo = log_finer(xp, xp.where(p > 0, p, 1))
    log_p, rest = two_sum(xp, log_p, -h)
    y = _exp_share(xp, log_p, rest + (p_lo - lo), a)
    y = xp.where(p == 1, math.inf, xp.where(p == 0, 0, y))
    return xp.where((p >= 0) & (p <= 1), y, math.nan).astype(h.dtype)


pareto_quantile.derivative(
    p=lambda F, g, y, p, a: g * y / (a * (1 - p)),
    a=lambda F, g, y, a: -g * y * F.log(y) / a,
)
odds_quantile.derivative(
    p=lambda F, g, y, p, a: g * y / (a * p * (1 - p)),
    a=lambda F, g, y, a: -g * y * F.log(y) / a,
)


# Moments ----------------------------------------------------------------------------------------------------


def gamma1p(xp, v, v_lo):
    """Gamma(1 + v + v_lo) for v > 0, to the last digits."""
    few = v < 1
    m = xp.where(few, 1, v)
    log_m, log_lo = log_finer(xp, m)  # Stirling: (v/e)^v sqrt(2 pi v) and a factor
    h, lo = two_product(xp, m, log_m)
    h, rest = two_sum(xp, h, -m)
    large = xp.exp(h) * (xp.sqrt(2 * math.pi * m) * xp.exp(stirling_error.kernel(xp, m)))
    large = large + large * rounding(xp, lo + rest + m * log_lo, 4 * h)
    y = xp.where(few, xp.exp(lgamma1p(xp, xp.where(few, v, 0))), xp.where(large == large, large, math.inf))
    low = rounding(xp, v_lo * (xp.log1p(v) - log_minus_digamma.kernel(xp, 1 + v)), 99 * (1 + v))
    return xp.where(y < math.inf, y + y * low, y)


@differentiable
def gamma_of_reciprocal(xp, a):
    """Gamma(1 + 1/a), to the last digits also for small a."""
    return gamma1p(xp, *divide_double(xp, xp.ones_like(a), xp.zeros_like(a), a))


@differentiable
def gamma_excess(xp, a):
    """log Gamma(1 + 2/a) - 2 log Gamma(1 + 1/a) >= 0, by the mean of trigamma on the way."""
    v = 1 / a
    total = 0
    for t, w in zip(_NODES, _WEIGHTS, strict=True):
        s = 0.5 * (1 + float(t))
        both = trigamma.kernel(xp, 1 + v * s) + trigamma.kernel(xp, 1 + v * (2 - s))
        total = total + 0.5 * float(w) * s * both
    return v * v * total


@differentiable
def digamma1p(xp, x):
    """digamma(1 + x) for x > 0, to the last digits also near its zero."""
    from_zero = (x - _ZERO) - (_ZERO_LOW if is_double(x) else _ZERO - float(np.float32(_ZERO)))
    near = digamma_difference.kernel(xp, 1 + x, xp.full_like(x, 1 + _ZERO), from_zero)
    return xp.where(abs(from_zero) < 0.3, near, xp.log1p(x) - log_minus_digamma.kernel(xp, 1 + x))


digamma1p.derivative(x=lambda F, g, x: g * F(trigamma)(1 + x))
gamma_of_reciprocal.derivative(a=lambda F, g, y, a: -g * y * F(digamma1p)(1 / a) / a / a)
gamma_excess.derivative(
    a=lambda F, g, a: -2 * g * (F(digamma1p)(2 / a) - F(digamma1p)(1 / a)) / a / a,
)


def weibull_mode(F, a):
    """(1 - 1/a)^(1/a), 0 for a up to 1."""
    inside = F.where(a > 1, a, 2.0)
    return F.where(a > 1, F.exp(F.log1p(-1 / inside) / inside), 0.0)


def weibull_variance(F, a):
    """Gamma(1 + 2/a) - Gamma(1 + 1/a)^2, unless a is small as a multiple of the latter."""
    mean = F(gamma_of_reciprocal)(a)
    near = F.where(a > 0.5, a, 1.0)
    far = F.where(a > 0.5, 1.0, a)
    square = F(gamma_of_reciprocal)(0.5 * far)
    large = F.where(square.array < math.inf, square - F(gamma_of_reciprocal)(far) ** 2, square)
    return F.where(a > 0.5, F.expm1(F(gamma_excess)(near)) * mean * mean, large)
