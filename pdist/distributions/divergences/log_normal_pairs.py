"""Divergences among waiting times and LogNormals, mostly by what logarithms and reciprocals are.

A divergence does not change if both variables are mapped: the logarithm of a LogNormal is a Normal, that of a
Weibull a Gumbel upside down, and the reciprocal of an InverseGamma is a Gamma.
"""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ...autograd import Variable
from ...numerics.differences import log_minus
from ...numerics.gamma import stirling_error
from ..continuous.exponential import Exponential
from ..continuous.gamma import Chisquare, Gamma
from ..continuous.gumbel import Gumbel
from ..continuous.inverse_gamma import InverseGamma
from ..continuous.log_normal import LogNormal
from ..continuous.uniform import Uniform
from ..continuous.weibull import Weibull
from ..discrete.binomial import Binomial
from ..discrete.geometric import Geometric
from ..discrete.negative_binomial import NegativeBinomial
from ..discrete.poisson import Poisson
from .exponential_family import gamma_kl, ones_like, product_kl
from .half_line_pairs import gamma_log_normal_kl
from .registry import infinite, register_kl
from .unlike_pairs import gumbel_normal_kl, normal_gumbel_kl

# Gamma variables by their other names -----------------------------------------------------------------------


@register_kl(Gamma, Chisquare)
def _kl_gamma_chisquare(p: Gamma, q: Chisquare) -> Variable:
    return gamma_kl(p.k, 0.5 * q.k, *((0.5, p.rate) if p.given("rate") else (p.theta, 2.0)))


@register_kl(Chisquare, Gamma)
def _kl_chisquare_gamma(p: Chisquare, q: Gamma) -> Variable:
    return gamma_kl(0.5 * p.k, q.k, *((q.rate, 0.5) if q.given("rate") else (2.0, q.theta)))


@register_kl(Exponential, Chisquare)
def _kl_exponential_chisquare(p: Exponential, q: Chisquare) -> Variable:
    return gamma_kl(ones_like(p.lam), 0.5 * q.k, 0.5, p.lam)


@register_kl(Chisquare, Exponential)
def _kl_chisquare_exponential(p: Chisquare, q: Exponential) -> Variable:
    return gamma_kl(0.5 * p.k, ones_like(q.lam), q.lam, 0.5)


# From and to a LogNormal ------------------------------------------------------------------------------------


def _from_log_normal(mu: Variable, sigma: Variable, k: Variable, theta: Any) -> Variable:
    """To a Gamma: k D(m/(k theta)) + D(k sigma^2)/2 + stirling_error(k), D(r) = r - 1 - log r, m the mean."""
    one = ones_like(k)
    mean = F.exp(mu + 0.5 * sigma * sigma)
    by_mean = k * product_kl(mean, theta, one, k)
    return by_mean + (0.5 * product_kl(k, one, sigma * sigma, one) + stirling_error(k))


@register_kl(LogNormal, Gamma)
def _kl_log_normal_gamma(p: LogNormal, q: Gamma) -> Variable:
    return _from_log_normal(p.mu, p.sigma, q.k, q.theta)


@register_kl(LogNormal, Exponential)
def _kl_log_normal_exponential(p: LogNormal, q: Exponential) -> Variable:
    return _from_log_normal(p.mu, p.sigma, ones_like(q.lam), 1 / q.lam)


@register_kl(LogNormal, Chisquare)
def _kl_log_normal_chisquare(p: LogNormal, q: Chisquare) -> Variable:
    return _from_log_normal(p.mu, p.sigma, 0.5 * q.k, 2.0 * ones_like(q.k))


@register_kl(LogNormal, InverseGamma)
def _kl_log_normal_inverse_gamma(p: LogNormal, q: InverseGamma) -> Variable:
    return _from_log_normal(-p.mu, p.sigma, q.k, 1 / q.theta)


@register_kl(Chisquare, LogNormal)
def _kl_chisquare_log_normal(p: Chisquare, q: LogNormal) -> Variable:
    return gamma_log_normal_kl(0.5 * p.k, 2.0, q.mu, q.sigma)


@register_kl(InverseGamma, LogNormal)
def _kl_inverse_gamma_log_normal(p: InverseGamma, q: LogNormal) -> Variable:
    return gamma_log_normal_kl(p.k, 1 / p.theta, -q.mu, q.sigma)


@register_kl(Weibull, LogNormal)
def _kl_weibull_log_normal(p: Weibull, q: LogNormal) -> Variable:
    return gumbel_normal_kl(-log_minus(p.scale, q.mu) / q.sigma, 1 / p.shape, q.sigma)


@register_kl(Exponential, LogNormal)
def _kl_exponential_log_normal(p: Exponential, q: LogNormal) -> Variable:
    return gumbel_normal_kl(log_minus(p.lam, -q.mu) / q.sigma, ones_like(p.lam), q.sigma)


@register_kl(LogNormal, Weibull)
def _kl_log_normal_weibull(p: LogNormal, q: Weibull) -> Variable:
    return normal_gumbel_kl(q.shape * log_minus(q.scale, p.mu), p.sigma, 1 / q.shape)


# From a Uniform ---------------------------------------------------------------------------------------------


@register_kl(Uniform, Exponential)
def _kl_uniform_exponential(p: Uniform, q: Exponential) -> Variable:
    """lam E X - log(lam w) for a width of w; inf if some of it is negative."""
    y = q.lam * p._mean() - F.log(q.lam * p.scale)
    return F.where(p.low.array >= 0, y, math.inf)


@register_kl(Uniform, Gumbel)
def _kl_uniform_gumbel(p: Uniform, q: Gumbel) -> Variable:
    """E z + E e^-z - log(w/s) for a width of w and the z of q, whose scale is s."""
    width = p.scale / q.scale
    least = q._standardize(p.low)
    return q._standardize(p._mean()) - F.log(width) + F.exp(-least) * (-F.expm1(-width) / width)


# Counts without a bound -------------------------------------------------------------------------------------

for _unbounded in (Poisson, NegativeBinomial, Geometric):
    register_kl(_unbounded, Binomial)(infinite)
