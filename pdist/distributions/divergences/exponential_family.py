"""KL divergences between distributions of one exponential family, as sums of nonnegative terms."""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable, differentiable
from ...backend import hooks, library_of, truth
from ...numerics.differences import is_near, log1pmx_near, log_far_ratio
from ...numerics.double import rounding, two_product
from ...numerics.gamma import bregman_gamma, log_minus_digamma_change, trigamma_minus
from ...numerics.logits import class_kl
from ...numerics.odds import bernoulli_kl, bernoulli_kl_logit
from ...numerics.probability import i_divergence
from ..continuous.chi import Chi
from ..continuous.gamma import Chisquare, Gamma
from ..continuous.inverse_gamma import InverseGamma
from ..discrete.bernoulli import Bernoulli
from ..discrete.binomial import Binomial
from ..discrete.categorical import Categorical
from ..discrete.geometric import Geometric
from ..discrete.negative_binomial import NegativeBinomial
from ..discrete.poisson import Poisson
from ..families.logits import Odds
from ..multivariate.multinomial import Multinomial
from ..multivariate.one_hot_categorical import OneHotCategorical
from ..multivariate.one_hot_categorical_straight_through import OneHotCategoricalStraightThrough
from .registry import kl_divergence, register_kl


def ones_like(v: Variable) -> Variable:
    """Ones in place of a parameter, which get no gradient."""
    return as_variable(v.xp.ones_like(v.array))


@differentiable
def product_excess(xp, a, b, c, d):
    """r - 1 with r = (a/b) (c/d), accurate also for r near 1."""
    # Scaled by powers of two, b and d are near 1: nothing over- or underflows if r is near 1
    i, j = xp.frexp(b)[1], xp.frexp(d)[1]
    p, p_lo = two_product(xp, xp.ldexp(a, -i), xp.ldexp(c, -j))
    q, q_lo = two_product(xp, xp.ldexp(b, -i), xp.ldexp(d, -j))
    near = ((p - q) + (rounding(xp, p_lo, p) - q_lo)) / q
    return xp.where(is_near(near), near, (a / b) * (c / d) - 1)


@differentiable
def product_log(xp, a, b, c, d):
    """log r with r = (a/b) (c/d), accurate also for r near 1."""
    w = product_excess.kernel(xp, a, b, c, d)
    return xp.where(is_near(w), xp.log1p(w), log_far_ratio(xp, a, b) + log_far_ratio(xp, c, d))


@differentiable
def product_kl(xp, a, b, c, d):
    """r - 1 - log r with r = (a/b) (c/d), which is never negative; accurate for small differences."""
    w = product_excess.kernel(xp, a, b, c, d)
    far = w - (log_far_ratio(xp, a, b) + log_far_ratio(xp, c, d))
    return xp.where(is_near(w), -log1pmx_near(xp, w), far)


def _over_each(w, a, b, c, d):
    return w / a, -w / b, w / c, -w / d


product_excess.joint_derivative(
    lambda F, g, y, a, b, c, d: _over_each(g * (1 + y), a, b, c, d),
)
product_log.joint_derivative(
    lambda F, g, a, b, c, d: _over_each(g, a, b, c, d),
)
product_kl.joint_derivative(
    lambda F, g, a, b, c, d: _over_each(g * F(product_excess)(a, b, c, d), a, b, c, d),
)


@differentiable
def gamma_kl(xp, p_k, q_k, c, d):
    """That of two Gamma distributions of these shapes whose scales have the ratio c/d.

    A term of the means, k_q (r - 1 - log r) with their ratio r, and one of the shapes: neither is negative.
    """
    means = q_k * product_kl.kernel(xp, p_k, q_k, c, d)
    return bregman_gamma.kernel(xp, q_k, p_k) + means


def _gamma_kl_rule(F, g, p_k, q_k, c, d):
    w = q_k * F(product_excess)(p_k, q_k, c, d)
    by_p = (p_k - q_k) * F(trigamma_minus)(p_k) + w / p_k
    by_q = -(F(log_minus_digamma_change)(q_k, p_k) + F(product_log)(p_k, q_k, c, d))
    return g * by_p, g * by_q, g * (w / c), -g * (w / d)


gamma_kl.joint_derivative(_gamma_kl_rule)


@register_kl(Bernoulli, Bernoulli)
def _kl_bernoulli_bernoulli(p: Odds, q: Odds) -> Variable:
    """By probabilities if both gave one, else by logits: a logit may be too far out for a probability."""
    if p.given("p") and q.given("p"):
        return bernoulli_kl(p.p, q.p)
    return bernoulli_kl_logit(p.logit, q.logit)


@register_kl(Binomial, Binomial)
def _kl_binomial_binomial(p: Binomial, q: Binomial) -> Variable:
    """n times that of one coin; there is a formula for equal n alone, and another n gives nan on a device."""
    hooks.check(_check_trials, p.n.array, q.n.array, holds=lambda xp, a, b: a == b)
    return F.where(p.n.array == q.n.array, p.n.array * _kl_bernoulli_bernoulli(p, q), math.nan)


def _check_trials(p_n: Any, q_n: Any) -> None:
    owner = library_of(p_n)
    if (owner is None or owner.host) and not (p_n == q_n).all():
        raise ValueError(
            "kl_divergence: two distributions of counts in n trials have different n; expected the same"
        )


@register_kl(NegativeBinomial, NegativeBinomial)
def _kl_negative_binomial_negative_binomial(p: NegativeBinomial, q: NegativeBinomial) -> Variable:
    """That of one coin, as often as it is tossed; of different n a sum over the counts."""
    same = p.n.array == q.n.array
    by_coins = (p.n + p.mean) * _kl_bernoulli_bernoulli(p, q)
    if hooks.once(_all, same):
        if hooks.current() is not None:
            hooks.assume(same)
        return by_coins
    return F.where(same, by_coins, kl_divergence(p, q, method="quadrature"))


def _all(same: Any) -> bool:
    return truth(same.all())


@register_kl(Geometric, Geometric)
def _kl_geometric_geometric(p: Geometric, q: Geometric) -> Variable:
    """That of one coin, as often as it is tossed."""
    return p.mean * _kl_bernoulli_bernoulli(p, q)


@register_kl(Gamma, Gamma)
def _kl_gamma_gamma(p: Gamma, q: Gamma) -> Variable:
    """From rates if both were given one, else from scales."""
    scales = (q.rate, p.rate) if p.given("rate") and q.given("rate") else (p.theta, q.theta)
    return gamma_kl(p.k, q.k, *scales)


@register_kl(InverseGamma, InverseGamma)
def _kl_inverse_gamma_inverse_gamma(p: InverseGamma, q: InverseGamma) -> Variable:
    """That of the reciprocals, whose rates these are."""
    return gamma_kl(p.k, q.k, q.theta, p.theta)


@register_kl(Chi, Chi)
@register_kl(Chisquare, Chisquare)
def _kl_chisquare_chisquare(p: Any, q: Any) -> Variable:
    """That of the Gamma distributions, which share their scale."""
    return gamma_kl(0.5 * p.k, 0.5 * q.k, 1.0, 1.0)


@register_kl(Poisson, Poisson)
def _kl_poisson_poisson(p: Poisson, q: Poisson) -> Variable:
    """l log(l/m) - l + m for rates l and m."""
    return i_divergence(p.lam, q.lam)


@register_kl(Categorical, Categorical)
@register_kl(OneHotCategorical, OneHotCategorical)
@register_kl(OneHotCategorical, OneHotCategoricalStraightThrough)
@register_kl(OneHotCategoricalStraightThrough, OneHotCategorical)
@register_kl(OneHotCategoricalStraightThrough, OneHotCategoricalStraightThrough)
def _kl_of_classes(p: Any, q: Any) -> Variable:
    """sum p log(p/q), from probabilities if both were given these, else from logits."""
    if p.n_classes != q.n_classes:
        raise ValueError(
            f"kl_divergence: p has {p.n_classes} classes and q {q.n_classes}; expected the same number"
        )
    if p.given("logit") or q.given("logit"):
        return class_kl(p.logit, q.logit)
    return i_divergence(p.p, q.p).sum(axis=-1)  # the terms added to p log(p/q) sum to 0


@register_kl(Multinomial, Multinomial)
def _kl_multinomial_multinomial(p: Multinomial, q: Multinomial) -> Variable:
    """n times that of one draw; there is a formula for equal n alone, and another n gives nan on a device."""
    hooks.check(_check_trials, p.n.array, q.n.array, holds=lambda xp, a, b: a == b)
    return F.where(p.n.array == q.n.array, p.n.array * _kl_of_classes(p, q), math.nan)
