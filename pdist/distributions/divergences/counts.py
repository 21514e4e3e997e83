"""KL divergences between distributions of counts."""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable, promote
from ...numerics.discrete_uniform import count_log_ratio
from ...numerics.probability import i_divergence
from ...numerics.zipf import zipf_kl
from ..discrete.bernoulli import Bernoulli
from ..discrete.binomial import Binomial
from ..discrete.categorical import Categorical
from ..discrete.deterministic import Deterministic
from ..discrete.discrete_uniform import DiscreteUniform
from ..discrete.finite_discrete import FiniteDiscrete
from ..discrete.geometric import Geometric
from ..discrete.negative_binomial import NegativeBinomial
from ..discrete.poisson import Poisson
from ..discrete.skellam import Skellam
from ..discrete.zipf import Zipf
from ..wrappers.zero_inflated import ZeroInflated, ZeroInflatedPoisson
from ..wrappers.zero_truncated import ZeroTruncated
from .registry import infinite, kl_divergence, register_kl


@register_kl(DiscreteUniform, DiscreteUniform)
def _kl_discrete_uniform_discrete_uniform(p: DiscreteUniform, q: DiscreteUniform) -> Variable:
    """log(n_q/n_p); inf unless the numbers of q cover those of p."""
    names = ("p.low", "p.high", "q.low", "q.high")
    ends = promote("kl_divergence", names, (p.low, p.high, q.low, q.high))
    return as_variable(count_log_ratio(p.xp, *[end.array for end in ends]))


@register_kl(Zipf, Zipf)
def _kl_zipf_zipf(p: Zipf, q: Zipf) -> Variable:
    """(b - a) E_a[log X] + log zeta(b) - log zeta(a) for exponents a and b."""
    return zipf_kl(p.alpha, q.alpha)


@register_kl(Bernoulli, Binomial)
def _kl_bernoulli_binomial(p: Bernoulli, q: Binomial) -> Variable:
    """sum P log(P/Q) - P + Q over 0, 1 and what is more, in which no term is negative."""
    none, one = i_divergence(p.prob(0.0), q.prob(0.0)), i_divergence(p.prob(1.0), q.prob(1.0))
    return none + one + q.survival_function(1.0)


@register_kl(Binomial, Bernoulli)
def _kl_binomial_bernoulli(p: Binomial, q: Bernoulli) -> Variable:
    """That of one coin if there is but one, -log Q(0) if there is none, and inf if there may be more."""
    one = i_divergence(p.prob(0.0), q.prob(0.0)) + i_divergence(p.prob(1.0), q.prob(1.0))
    return F.where(p.survival_function(1.0).array > 0, math.inf, one)


@register_kl(NegativeBinomial, Geometric)
def _kl_negative_binomial_geometric(p: NegativeBinomial, q: Geometric) -> Variable:
    """inf: none comes out with some probability, and a Geometric begins at 1."""
    return infinite(p, q)


@register_kl(Binomial, Poisson)
@register_kl(Geometric, NegativeBinomial)
@register_kl(Poisson, NegativeBinomial)
def _kl_by_sum(p: Any, q: Any) -> Variable:
    """sum P log(P/Q) over all counts whose probability is not negligible."""
    return kl_divergence(p, q, method="quadrature")


def _kl_deterministic(p: Deterministic, q: Any) -> Variable:
    """-log q(value): 0 or inf if q is as certain."""
    return -q.log_prob(p.value)


for _kind in (
    *(Bernoulli, Binomial, Categorical, Deterministic, DiscreteUniform, FiniteDiscrete, Geometric),
    *(NegativeBinomial, Poisson, Skellam, Zipf, ZeroInflated, ZeroInflatedPoisson, ZeroTruncated),
):
    register_kl(Deterministic, _kind)(_kl_deterministic)
