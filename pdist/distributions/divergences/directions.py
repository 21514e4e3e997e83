"""KL divergences of directions."""

from __future__ import annotations

from ... import functions as F
from ...autograd import Variable
from ...numerics.spherical import sphere_divergence, sphere_ratio
from ..multivariate.von_mises_fisher import VonMisesFisher
from .registry import register_kl


@register_kl(VonMisesFisher, VonMisesFisher)
def _kl_fisher_fisher(p: VonMisesFisher, q: VonMisesFisher) -> Variable:
    """The Bregman divergence of the log normalizers, and what the means are apart; neither is negative."""
    d, between = p.event_shape[0], p.loc - q.loc
    apart = 0.5 * F.sum(between * between, axis=-1) * sphere_ratio(p.concentration, d=d) * q.concentration
    return sphere_divergence(q.concentration, p.concentration, d=d) + apart
