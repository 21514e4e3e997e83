"""KL divergences between distributions of counts."""

from __future__ import annotations

from typing import Any

from ...autograd import Variable, as_variable, promote
from ...numerics.discrete_uniform import count_log_ratio
from ...numerics.zipf import zipf_kl
from ..discrete.bernoulli import Bernoulli
from ..discrete.categorical import Categorical
from ..discrete.deterministic import Deterministic
from ..discrete.discrete_uniform import DiscreteUniform
from ..discrete.finite_discrete import FiniteDiscrete
from ..discrete.poisson import Poisson
from ..discrete.skellam import Skellam
from ..discrete.zipf import Zipf
from ..wrappers.zero_inflated import ZeroInflated, ZeroInflatedPoisson
from ..wrappers.zero_truncated import ZeroTruncated
from .registry import register_kl


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


def _kl_deterministic(p: Deterministic, q: Any) -> Variable:
    """-log q(value): 0 or inf if q is as certain."""
    return -q.log_prob(p.value)


for _kind in (
    *(Bernoulli, Categorical, Deterministic, DiscreteUniform, FiniteDiscrete, Poisson, Skellam, Zipf),
    *(ZeroInflated, ZeroInflatedPoisson, ZeroTruncated),
):
    register_kl(Deterministic, _kind)(_kl_deterministic)
