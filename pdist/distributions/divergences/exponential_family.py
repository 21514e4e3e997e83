"""KL divergences between distributions of one exponential family, in terms of one sign."""

from __future__ import annotations

from typing import Any

from ...autograd import Variable
from ...numerics.logits import class_kl
from ...numerics.odds import bernoulli_kl, bernoulli_kl_logit
from ...numerics.probability import i_divergence
from ..discrete.bernoulli import Bernoulli
from ..discrete.categorical import Categorical
from ..discrete.poisson import Poisson
from ..multivariate.one_hot_categorical import OneHotCategorical
from .registry import register_kl


@register_kl(Bernoulli, Bernoulli)
def _kl_bernoulli_bernoulli(p: Bernoulli, q: Bernoulli) -> Variable:
    """By probabilities if both gave one, else by logits: a logit may be too far out for a probability."""
    if p.given("logit") or q.given("logit"):
        return bernoulli_kl_logit(p.logit, q.logit)
    return bernoulli_kl(p.p, q.p)


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
