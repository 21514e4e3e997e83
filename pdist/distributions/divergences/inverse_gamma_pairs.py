"""Divergences among InverseGamma and other waiting times: the reciprocal of an InverseGamma is a Gamma.

Of an InverseGamma of shape k and scale 1, E log X = -digamma(k), and E log X less the entropy is
log(k)/2 - log(2 pi)/2 - stirling_error(k) - k (log k - digamma(k)).
"""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ...autograd import Variable
from ...numerics.bregman import bregman_lgamma
from ...numerics.constants import EULER, HALF_LOG_2PI
from ...numerics.differences import expm1mx_op, log_ratio
from ...numerics.gamma import log_minus_digamma, stirling_error
from ..continuous.exponential import Exponential
from ..continuous.gamma import Chisquare, Gamma
from ..continuous.inverse_gamma import InverseGamma
from ..continuous.weibull import Weibull
from .exponential_family import ones_like, product_kl
from .registry import infinite, register_kl


def _information(k: Variable) -> Variable:
    return 0.5 * F.log(k) - HALF_LOG_2PI - stirling_error(k) - k * log_minus_digamma(k)


def _to_gamma(k: Variable, theta: Any, a: Variable, scale: Any) -> Variable:
    """From an InverseGamma(k, theta): a (r - 1 - log r), r the ratio of means, and of shapes; for k > 1."""
    finite = k.array > 1
    some = F.where(finite, k, 2.0)
    means = product_kl(theta, scale, 1 / (some - 1), a)
    spread = a * (-F.log1p(-1 / some) - log_minus_digamma(some))  # log E X - E log X
    shapes = _information(some) + (HALF_LOG_2PI + stirling_error(a) - 0.5 * F.log(a))
    return F.where(finite, a * means + spread + shapes, math.inf)


@register_kl(InverseGamma, Gamma)
def _kl_inverse_gamma_gamma(p: InverseGamma, q: Gamma) -> Variable:
    return _to_gamma(p.k, p.theta, q.k, q.theta)


@register_kl(InverseGamma, Chisquare)
def _kl_inverse_gamma_chisquare(p: InverseGamma, q: Chisquare) -> Variable:
    return _to_gamma(p.k, p.theta, 0.5 * q.k, 2 * ones_like(q.k))


@register_kl(InverseGamma, Exponential)
def _kl_inverse_gamma_exponential(p: InverseGamma, q: Exponential) -> Variable:
    return _to_gamma(p.k, p.theta, ones_like(q.lam), 1 / q.lam)


@register_kl(Gamma, InverseGamma)
def _kl_gamma_inverse_gamma(p: Gamma, q: InverseGamma) -> Variable:
    """That of the reciprocals."""
    return _to_gamma(p.k, 1 / p.theta, q.k, 1 / q.theta)


@register_kl(Chisquare, InverseGamma)
def _kl_chisquare_inverse_gamma(p: Chisquare, q: InverseGamma) -> Variable:
    """That of the reciprocals."""
    return _to_gamma(0.5 * p.k, 0.5 * ones_like(p.k), q.k, 1 / q.theta)


@register_kl(Exponential, InverseGamma)
def _kl_exponential_inverse_gamma(p: Exponential, q: InverseGamma) -> Variable:
    """inf, as E 1/X is."""
    return infinite(p, q)


@register_kl(Weibull, InverseGamma)
def _kl_weibull_inverse_gamma(p: Weibull, q: InverseGamma) -> Variable:
    """By the reciprocals: k (r - 1 - log r), r the ratio of the means, and of the shapes; inf up to 1."""
    finite = p.shape.array > 1
    c, k = F.where(finite, p.shape, 2.0), q.k
    log_moment = F.lgamma(1 - 1 / c)  # of log E 1/X + log scale
    means = product_kl(q.theta, p.scale, F.exp(log_moment), k)
    shapes = k * (log_moment - EULER / c) + F.log(c) - EULER - 1
    own = HALF_LOG_2PI + stirling_error(k) - 0.5 * F.log(k)
    return F.where(finite, k * means + shapes + own, math.inf)


@register_kl(InverseGamma, Weibull)
def _kl_inverse_gamma_weibull(p: InverseGamma, q: Weibull) -> Variable:
    """M - 1 - log M with M = E (X/scale)^shape, and of the shapes; inf unless p's exceeds q's."""
    finite = p.k.array > q.shape.array
    k, c = F.where(finite, p.k, 2.0), F.where(finite, q.shape, 1.0)
    log_moment = c * log_ratio(p.theta, q.scale, p.theta - q.scale) + F.lgamma(k - c) - F.lgamma(k)
    shapes = bregman_lgamma(k - c, k, -c) + _information(k) - F.log(c) + 1
    return F.where(finite, expm1mx_op(log_moment) + shapes, math.inf)
