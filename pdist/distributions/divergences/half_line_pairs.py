"""Divergences from HalfNormal to Exponential, Gamma and Normal, and from Gamma to LogNormal."""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ...autograd import Variable, differentiable
from ...numerics.bregman import trigamma
from ...numerics.differences import log_minus
from ...numerics.gamma import log_minus_digamma, stirling_error, trigamma_minus
from ..continuous.exponential import Exponential
from ..continuous.gamma import Gamma
from ..continuous.half_normal import HalfNormal
from ..continuous.log_normal import LogNormal
from ..continuous.normal import Normal
from .exponential_family import ones_like, product_kl
from .location_scale import normal_kl
from .registry import infinite, register_kl

_MEAN = math.sqrt(2 / math.pi)  # of a standard HalfNormal


@register_kl(HalfNormal, Exponential)
def _kl_half_normal_exponential(p: HalfNormal, q: Exponential) -> Variable:
    """r - 1 - log r + 1/2 + log(2/pi) with r = q.lam p.mean."""
    one = ones_like(p.scale)
    return product_kl(q.lam, one, _MEAN * p.scale, one) + 0.04841729471054514


@register_kl(HalfNormal, Normal)
def _kl_half_normal_normal(p: HalfNormal, q: Normal) -> Variable:
    """That of Normals about 0, log 2, and (m^2 - 2 m E X)/(2 t^2) for q of mean m and variance t^2."""
    z = q.loc / q.scale
    shift = z * (0.5 * z - _MEAN * (p.scale / q.scale))
    return normal_kl(0.0 * z, p.scale, q.scale) + (math.log(2) + shift)


@register_kl(Normal, HalfNormal)
def _kl_normal_half_normal(p: Normal, q: HalfNormal) -> Variable:
    """inf: half of the Normal, or some of it, is negative."""
    return infinite(p, q)


@register_kl(HalfNormal, Gamma)
def _kl_half_normal_gamma(p: HalfNormal, q: Gamma) -> Variable:
    """k (r - 1 - log r) + h(k) with r = p.mean/q.mean; h takes in the shape alone, and is never negative."""
    k, one = q.k, ones_like(q.k)
    if q.given("rate"):
        scales = product_kl(q.rate, one, _MEAN * p.scale, k)
    else:
        scales = product_kl(_MEAN * p.scale, q.theta, one, k)
    return k * scales + half_normal_shape_kl(k)


@differentiable
def half_normal_shape_kl(xp, k):
    """h(k), which is log Gamma(k) - k log k + k and what of E log X does not depend on scales."""
    rest = stirling_error.kernel(xp, k) - 0.5 * xp.log(k)
    return rest + (0.40939007008601165 * k - 0.4420342421707938)


half_normal_shape_kl.derivative(k=lambda F, g, k: g * (0.40939007008601165 - F(log_minus_digamma)(k)))


@register_kl(Gamma, LogNormal)
def _kl_gamma_log_normal(p: Gamma, q: LogNormal) -> Variable:
    return gamma_log_normal_kl(p.k, p.theta, q.mu, q.sigma)


def gamma_log_normal_kl(k: Variable, theta: Any, mu: Variable, sigma: Variable) -> Variable:
    """That of Normals with the mean and variance of log X, and b(k), by which log X is none."""
    z = (log_minus(k * theta, mu) - log_minus_digamma(k)) / sigma
    return normal_kl(z, F.sqrt(trigamma(k)), sigma) + log_gamma_negentropy(k)


@differentiable
def log_gamma_negentropy(xp, k):
    """b(k) = (1 + log(2 pi trigamma(k)))/2 + k digamma(k) - k - log Gamma(k), about 1/(12 k) for large k."""
    far = k > 20
    v = 1 / xp.where(far, k, 20)
    w = v * v  # k (log k - digamma(k)) - 1/2 as an asymptotic series
    series = v * (1 / 12 - w * (1 / 120 - w * (1 / 252 - w * (1 / 240 - w * (1 / 132 - w * (691 / 32760))))))
    excess = xp.where(far, series, k * log_minus_digamma.kernel(xp, k) - 0.5)
    # (1 + log(k trigamma(k)))/2 - stirling_error(k) - 1/2 - excess
    return 0.5 * xp.log1p(k * trigamma_minus.kernel(xp, k)) - (stirling_error.kernel(xp, k) + excess)


log_gamma_negentropy.derivative(
    k=lambda F, g, k: g * (0.5 * F.polygamma(2, k) / F(trigamma)(k) + (k * F(trigamma_minus)(k)))
)
