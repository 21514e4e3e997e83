"""Divergences between distributions of angles."""

from __future__ import annotations

from ...autograd import Variable
from ...numerics.angles import sin_between
from ...numerics.bessel import bessel_ratio, log_i0_divergence
from ...numerics.wrapped_cauchy import wrapped_cauchy_kl
from ..circular.von_mises import VonMises
from ..circular.wrapped_cauchy import WrappedCauchy
from .registry import register_kl


@register_kl(VonMises, VonMises)
def _kl_von_mises_von_mises(p: VonMises, q: VonMises) -> Variable:
    """The Bregman divergence of log I0, and A(kappa_p) kappa_q (1 - cos d) for the difference d of the means.

    Neither term is negative.
    """
    s = sin_between(p.loc, q.loc, part=0.5)
    turned = bessel_ratio(p.concentration) * q.concentration * (2 * s * s)
    return log_i0_divergence(q.concentration, p.concentration) + turned


@register_kl(WrappedCauchy, WrappedCauchy)
def _kl_wrapped_cauchy_wrapped_cauchy(p: WrappedCauchy, q: WrappedCauchy) -> Variable:
    return wrapped_cauchy_kl(sin_between(p.loc, q.loc, part=0.5), p.rho, q.rho)
