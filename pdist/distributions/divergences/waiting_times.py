"""Divergences between waiting times: Weibull, Gamma, Pareto, Exponential and InverseGaussian."""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ...autograd import Variable, differentiable
from ...backend import hooks
from ...numerics.bregman import bregman_lgamma
from ...numerics.constants import EULER, HALF_LOG_2PI
from ...numerics.differences import expm1mx, is_near, log1pmx_op, log_ratio
from ...numerics.double import divide_double, rounding, two_product
from ...numerics.gamma import (
    bregman_gamma,
    lgamma1p,
    log1pmx_wide,
    log_minus_digamma,
    log_minus_digamma_change,
    stirling_error,
    trigamma_minus,
)
from ...numerics.inverse_gaussian import mean_divergence
from ...numerics.powers import digamma1p, gamma1p, power_double
from ..continuous.exponential import Exponential
from ..continuous.gamma import Gamma
from ..continuous.inverse_gaussian import InverseGaussian
from ..continuous.pareto import Pareto
from ..continuous.weibull import Weibull
from .exponential_family import product_log
from .location_scale import digamma_step, log_gamma_step, rate_kl
from .registry import register_kl


def _ratio_double(xp, a, b, c, d):
    """(a/b) (c/d) as a double word; nothing over- or underflows on the way if it is near 1."""
    i, j = xp.frexp(b)[1], xp.frexp(d)[1]
    p, p_lo = two_product(xp, xp.ldexp(a, -i), xp.ldexp(c, -j))
    q, q_lo = two_product(xp, xp.ldexp(b, -i), xp.ldexp(d, -j))
    r, r_lo = divide_double(xp, p, rounding(xp, p_lo, p), q)
    return r, r_lo - r * (q_lo / q)


# With X of a Weibull distribution of scale s and shape p, and M = E (X/t)^q = (s/t)^q Gamma(1 + q/p), where
# s/t is given as (a/b) (c/d):


@differentiable
@hooks.opaque
def log_moment(xp, p, q, a, b, c, d):
    """log M."""
    u, r = (q - p) / p, q / p
    log_gamma = lgamma1p(xp, xp.minimum(r, 1), xp.minimum(u, 0))
    log_gamma = xp.where(u < 0, log_gamma, log_gamma_step.kernel(xp, xp.maximum(u, 0)))
    return log_gamma + q * product_log.kernel(xp, a, b, c, d)


@differentiable
@hooks.opaque
def moment_excess(xp, p, q, a, b, c, d):
    """M - 1, which counts in full if it is small."""
    y = log_moment.kernel(xp, p, q, a, b, c, d)
    z, z_lo = _ratio_double(xp, a, b, c, d)
    u, u_lo = power_double(xp, z, q)
    moment = u * gamma1p(xp, *divide_double(xp, q, xp.zeros_like(q), p))
    moment = moment + moment * rounding(xp, q * (z_lo / z) + u_lo / u, 1 + q)
    return xp.where((abs(y) < 1) | ~(moment < math.inf), xp.expm1(y), moment - 1)


@differentiable
@hooks.opaque
def moment_kl(xp, p, q, a, b, c, d):
    """M - 1 - log M."""
    y = log_moment.kernel(xp, p, q, a, b, c, d)
    return xp.where(abs(y) < 1, expm1mx(xp, y), moment_excess.kernel(xp, p, q, a, b, c, d) - y)


def _by_each(F, g, p, q, a, b, c, d):
    r = q / p
    step = F(digamma1p)(r) / p
    each = g * q
    return -g * r * step, g * (step + F(product_log)(a, b, c, d)), each / a, -each / b, each / c, -each / d


log_moment.joint_derivative(_by_each)
moment_excess.joint_derivative(lambda F, g, y, p, q, a, b, c, d: _by_each(F, g * (1 + y), p, q, a, b, c, d))
moment_kl.joint_derivative(
    lambda F, g, p, q, a, b, c, d: _by_each(F, g * F(moment_excess)(p, q, a, b, c, d), p, q, a, b, c, d)
)


def _weibull_kl(p: Any, q: Any, *ratio: Any) -> Variable:
    """(M - 1 - log M) + B(q/p, 1) of two shapes; B is the Bregman divergence of log Gamma, never negative."""
    u = (q - p) / p
    return moment_kl(p, q, *ratio) + bregman_lgamma(1 + u, 1.0, u)


@register_kl(Weibull, Weibull)
def _kl_weibull_weibull(p: Weibull, q: Weibull) -> Variable:
    """That of Gumbel distributions: -log X is one."""
    return _weibull_kl(p.shape, q.shape, p.scale, q.scale, 1.0, 1.0)


@register_kl(Exponential, Weibull)
def _kl_exponential_weibull(p: Exponential, q: Weibull) -> Variable:
    """p is the Weibull distribution of shape 1."""
    return _weibull_kl(1.0, q.shape, 1.0, p.lam, 1.0, q.scale)


@register_kl(Weibull, Exponential)
def _kl_weibull_exponential(p: Weibull, q: Exponential) -> Variable:
    """q is the Weibull distribution of shape 1."""
    return _weibull_kl(p.shape, 1.0, p.scale, 1.0, q.lam, 1.0)


@differentiable
@hooks.opaque
def weibull_gamma_kl(xp, p, k, a, b, c, d):
    """k (M - 1 - log M) of the first moment M of shape p, and what is left for M = 1; d is k once more.

    For k near 1 the latter is the sum of Bregman pieces, which are small if p is near 1 too.
    """
    one, v, u = xp.ones_like(p), 1 / p, (1 - p) / p
    means = k * moment_kl.kernel(xp, p, one, a, b, c, d)
    near = k * bregman_lgamma.kernel(xp, 1 + u, one, u) + (1 - k) * xp.log(p)
    near = bregman_gamma.kernel(xp, k, xp.ones_like(k)) + near
    far = xp.log(p) + ((HALF_LOG_2PI - 1 - EULER) - 0.5 * xp.log(k)) + stirling_error.kernel(xp, k)
    far = far + k * bregman_lgamma.kernel(xp, 1 + v, one, v)
    return means + xp.where((k > 0.5) & (k < 2), near, far)


def _weibull_gamma_rule(F, g, p, k, a, b, c, d):
    v, one = 1 / p, 1 + 0 * p
    excess = F(moment_excess)(p, one, a, b, c, d)
    by_p = (1 - k * v * (F(digamma_step)(v) + excess * F(digamma1p)(v))) / p
    by_k = EULER * v - F(product_log)(a, b, c, d) - F(log_minus_digamma)(k)
    each = g * k * excess
    return g * by_p, g * by_k, each / a, -each / b, each / c, 0 * each


weibull_gamma_kl.joint_derivative(_weibull_gamma_rule)


@register_kl(Weibull, Gamma)
def _kl_weibull_gamma(p: Weibull, q: Gamma) -> Variable:
    scales = (q.theta, 1.0) if q.given("theta") else (1.0, q.rate)
    return weibull_gamma_kl(p.shape, q.k, p.scale, *scales, q.k)


@register_kl(InverseGaussian, InverseGaussian)
def _kl_inverse_gaussian(p: InverseGaussian, q: InverseGaussian) -> Variable:
    """That of the shapes, and that of the means."""
    return 0.5 * rate_kl(p.shape, q.shape) + mean_divergence(p.loc, q.loc, q.shape)


# Gamma and Exponential --------------------------------------------------------------------------------------


def _triple_double(xp, a, b, c):
    """a b c as a double word; nothing over- or underflows on the way if it is near 1."""
    (a, i), (b, j) = xp.frexp(a), xp.frexp(b)
    c = xp.ldexp(c, i + j)
    p, p_lo = two_product(xp, a, b)
    r, r_lo = two_product(xp, p, c)
    return r, rounding(xp, r_lo + p_lo * c, 2 * r)


@differentiable
@hooks.opaque
def triple_excess(xp, a, b, c):
    """r - 1 with r = a b c, to the last digits also for r near 1."""
    r, lo = _triple_double(xp, a, b, c)
    return (r - 1) + lo


@differentiable
def triple_shortfall(xp, a, b, c):
    """1 - 1/r with r = a b c, to the last digits also for r near 1."""
    r, lo = _triple_double(xp, a, b, c)
    return ((r - 1) + lo) / r


@differentiable
def log_triple(xp, a, b, c):
    """log(a b c), small ones counting in full."""
    w = triple_excess.kernel(xp, a, b, c)
    return xp.where(is_near(w), xp.log1p(w), xp.log(a) + xp.log(b) + xp.log(c))


def _mean_piece(xp, w, log_r):
    """w - log r, which is never negative, for w = r - 1: small differences count in full."""
    wide = (w > -0.6) & (w < 1.5)
    return xp.where(wide, -log1pmx_wide(xp.where(wide, w, 0)), w - log_r)


@differentiable
def gamma_exponential_kl(xp, k, theta, lam):
    """That of the means, r - 1 - log r with r = k theta lam, and of the shapes."""
    means = _mean_piece(xp, triple_excess.kernel(xp, k, theta, lam), log_triple.kernel(xp, k, theta, lam))
    return bregman_gamma.kernel(xp, xp.ones_like(k), k) + means


@differentiable
def exponential_gamma_kl(xp, k, theta, lam):
    """That of the means, k (1/r - 1 + log r) with r = k theta lam, and of the shapes."""
    w = -triple_shortfall.kernel(xp, k, theta, lam)
    means = _mean_piece(xp, w, -log_triple.kernel(xp, k, theta, lam))
    return bregman_gamma.kernel(xp, k, xp.ones_like(k)) + k * means


def _gamma_exponential_rule(F, g, k, theta, lam):
    w = g * F(triple_excess)(k, theta, lam)
    return w / k + g * (k - 1) * F(trigamma_minus)(k), w / theta, w / lam


def _exponential_gamma_rule(F, g, k, theta, lam):
    by_scale = g * k * F(triple_shortfall)(k, theta, lam)
    by_k = F(log_triple)(k, theta, lam) - F(log_minus_digamma_change)(k, 1 + 0 * k)
    return g * by_k, by_scale / theta, by_scale / lam


log_triple.derivative(
    a=lambda F, g, a: g / a,
    b=lambda F, g, b: g / b,
    c=lambda F, g, c: g / c,
)
triple_shortfall.derivative(
    a=lambda F, g, a, b, c: g / b / c / a / a,
    b=lambda F, g, a, b, c: g / a / c / b / b,
    c=lambda F, g, a, b, c: g / a / b / c / c,
)
triple_excess.derivative(
    a=lambda F, g, b, c: g * b * c,
    b=lambda F, g, a, c: g * a * c,
    c=lambda F, g, a, b: g * a * b,
)
gamma_exponential_kl.joint_derivative(_gamma_exponential_rule)
exponential_gamma_kl.joint_derivative(_exponential_gamma_rule)


@register_kl(Gamma, Exponential)
def _kl_gamma_exponential(p: Gamma, q: Exponential) -> Variable:
    return gamma_exponential_kl(p.k, p.theta, q.lam)


@register_kl(Exponential, Gamma)
def _kl_exponential_gamma(p: Exponential, q: Gamma) -> Variable:
    return exponential_gamma_kl(q.k, q.theta, p.lam)


@register_kl(Pareto, Pareto)
def _kl_pareto_pareto(p: Pareto, q: Pareto) -> Variable:
    """a log(s/t) + r - 1 - log r with r = q.alpha/p.alpha = a/p.alpha; inf unless s >= t, the ends."""
    s, t = p.scale, q.scale
    ends = F.where(s.array >= t.array, q.alpha * log_ratio(s, t, s - t), math.inf)
    return ends + rate_kl(p.alpha, q.alpha)


@register_kl(Pareto, Exponential)
def _kl_pareto_exponential(p: Pareto, q: Exponential) -> Variable:
    """r - 1 - log r + log(a^2/(a - 1)) - 1/a with a = p.alpha and r the mean of p in that of q."""
    a = F.where(p.alpha.array > 1, p.alpha, 2.0)
    near = pareto_information(a) - log1pmx_op(mean_excess(q.lam, p.scale, a))
    return F.where(p.alpha.array > 1, near, math.inf)


@differentiable
def pareto_information(xp, a):
    """log(a^2/(a - 1)) - 1/a, for a > 1."""
    return xp.log(a) - xp.log1p(-1 / a) - 1 / a


@differentiable
def mean_excess(xp, rate, s, a):
    """rate s a/(a - 1) - 1, which counts in full if it is small."""
    p, lo = two_product(xp, rate, s)
    y, y_lo = two_product(xp, p, a)
    return ((y - (a - 1)) + rounding(xp, y_lo + lo * a, 4 * y)) / (a - 1)


pareto_information.derivative(a=lambda F, g, a: g * ((a - 1) - 1 / a) / a / (a - 1))
mean_excess.derivative(
    rate=lambda F, g, y, rate: g * (1 + y) / rate,
    s=lambda F, g, y, s: g * (1 + y) / s,
    a=lambda F, g, y, a: -g * (1 + y) / a / (a - 1),
)
