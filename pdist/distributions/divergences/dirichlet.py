"""KL divergences of Dirichlet distributions."""

from __future__ import annotations

from ...autograd import Variable
from ...numerics.dirichlet import dirichlet_kl
from ..multivariate.dirichlet import Dirichlet
from .registry import register_kl


@register_kl(Dirichlet, Dirichlet)
def _kl_dirichlet_dirichlet(p: Dirichlet, q: Dirichlet) -> Variable:
    return dirichlet_kl(p.alpha, q.alpha)
