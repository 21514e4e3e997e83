"""KL divergences between distributions of one exponential family, in terms of one sign."""

from __future__ import annotations

from typing import Any

from ...autograd import Variable, differentiable
from ...numerics.differences import is_near, log1pmx_near, log_far_ratio
from ...numerics.gamma import bregman_gamma
from ...numerics.logits import class_kl
from ...numerics.odds import bernoulli_kl, bernoulli_kl_logit
from ...numerics.probability import i_divergence
from ..continuous.gamma import Chisquare, Gamma
from ..discrete.bernoulli import Bernoulli
from ..discrete.categorical import Categorical
from ..discrete.poisson import Poisson
from ..multivariate.one_hot_categorical import OneHotCategorical
from .registry import register_kl


@differentiable
def product_kl(xp, a, b, c, d):
    """r - 1 - log r with r = (a/b) (c/d), which is never negative: small differences count in full."""
    u, v = (a - b) / b, (c - d) / d
    w = u + v + u * v
    far = (a / b) * (c / d) - 1 - (log_far_ratio(xp, a, b) + log_far_ratio(xp, c, d))
    return xp.where(is_near(w), -log1pmx_near(xp, w), far)


def _product_kl_rule(F, g, a, b, c, d):
    """r - 1 over each of the four."""
    u, v = (a - b) / b, (c - d) / d
    w = g * (u + v + u * v)
    return w / a, -w / b, w / c, -w / d


product_kl.joint_derivative(_product_kl_rule)


@register_kl(Bernoulli, Bernoulli)
def _kl_bernoulli_bernoulli(p: Bernoulli, q: Bernoulli) -> Variable:
    """By probabilities if both gave one, else by logits: a logit may be too far out for a probability."""
    if p.given("logit") or q.given("logit"):
        return bernoulli_kl_logit(p.logit, q.logit)
    return bernoulli_kl(p.p, q.p)


@register_kl(Gamma, Gamma)
def _kl_gamma_gamma(p: Gamma, q: Gamma) -> Variable:
    """Of the means, k_q (r - 1 - log r) with their ratio r, and of the shapes: neither is negative."""
    scales = (q.rate, p.rate) if p.given("rate") and q.given("rate") else (p.theta, q.theta)
    return bregman_gamma(q.k, p.k) + q.k * product_kl(p.k, q.k, *scales)


@register_kl(Chisquare, Chisquare)
def _kl_chisquare_chisquare(p: Chisquare, q: Chisquare) -> Variable:
    """That of the Gamma distributions, which share their scale."""
    a, b = 0.5 * q.k, 0.5 * p.k
    return bregman_gamma(a, b) + a * product_kl(p.k, q.k, 1.0, 1.0)


@register_kl(Poisson, Poisson)
def _kl_poisson_poisson(p: Poisson, q: Poisson) -> Variable:
    """l log(l/m) - l + m for rates l and m."""
    return i_divergence(p.lam, q.lam)


@register_kl(Categorical, Categorical)
@register_kl(OneHotCategorical, OneHotCategorical)
def _kl_of_classes(p: Any, q: Any) -> Variable:
    """sum p log(p/q), by probabilities if both gave these, else by logits."""
    if p.n_classes != q.n_classes:
        raise ValueError(
            f"kl_divergence: p has {p.n_classes} classes and q {q.n_classes}; expected the same number"
        )
    if p.given("logit") or q.given("logit"):
        return class_kl(p.logit, q.logit)
    return i_divergence(p.p, q.p).sum(axis=-1)  # what it adds to p log(p/q) sums to 0
